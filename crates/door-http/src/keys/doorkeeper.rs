//! The one who is asked at the door.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, header};
use cluster::principals::{
    Principals,
    keys::{self, Hash, Operation},
};
use parking_lot::Mutex;
use replica::runtime;

use super::{
    caller::{Caller, Standing},
    passwords::Passwords,
    permitted::{self, Permitted},
    rates::Rates,
    refusal::Refusal,
    text,
};
use crate::{
    Collector, Directory,
    limits::{KEY_TEXT_BYTES_MAX, REFUSAL_LOGGED_EVERY, WRONG_KEY_DELAY},
    metrics::{Exposition, Type},
    visitor::Visitor,
};

/// The header that a key comes in.
const API_KEY: &str = "x-api-key";

/// Says who asks and what they may do. Cheap to clone.
#[derive(Clone)]
pub struct Doorkeeper(Arc<Shared>);

struct Shared {
    directory: Arc<dyn Directory>,
    passwords: Passwords,
    rates: Rates,
    let_in: AtomicU64,
    refused: [AtomicU64; Refusal::NAMES.len()],
    /// When one who was refused was logged last.
    logged: Mutex<Option<Duration>>,
}

/// What somebody shows.
enum Shown<'h> {
    Key(&'h [u8]),
    /// What follows `Basic`.
    Password(&'h [u8]),
}

impl Doorkeeper {
    /// Of a node's users, grants and keys.
    pub fn new(directory: Arc<dyn Directory>) -> Doorkeeper {
        let (let_in, refused, logged) = (AtomicU64::new(0), Default::default(), Mutex::default());
        let (passwords, rates) = (Passwords::default(), Rates::default());
        Doorkeeper(Arc::new(Shared { directory, passwords, rates, let_in, refused, logged }))
    }

    pub(super) fn directory(&self) -> &dyn Directory {
        &*self.0.directory
    }

    /// Who asks, by `X-Api-Key`, `Authorization: Bearer`, or `Authorization: Basic` for a user. It counts as one use of the key.
    ///
    /// # Errors
    /// Why they are not let in. One who may be guessing waits for it.
    pub async fn authenticate(&self, headers: &HeaderMap, visitor: Visitor) -> Result<Caller, Refusal> {
        let found = match shown(headers) {
            Ok(Some(Shown::Key(key))) => self.by_key(text::hash(key), visitor.address).and_then(|caller| self.admit(caller)),
            Ok(Some(Shown::Password(basic))) => self.0.passwords.check(self.directory(), basic, visitor.address).await,
            Ok(None) => Err(self.nobody()),
            Err(refusal) => Err(refusal),
        };
        match &found {
            Ok(_) => drop(self.0.let_in.fetch_add(1, Relaxed)),
            Err(refusal) => {
                self.count(refusal, visitor.address);
                if refusal.is_wrong() {
                    runtime::sleep(WRONG_KEY_DELAY).await;
                }
            }
        }
        found
    }

    /// The same caller as of now, for one who stays. Not counted as a use.
    ///
    /// # Errors
    /// Why they have to go.
    pub fn renew(&self, caller: &Caller) -> Result<Caller, Refusal> {
        match &caller.standing {
            Standing::Operator => Ok(caller.clone()),
            Standing::Key { hash, .. } => self.by_key(*hash, caller.address),
            Standing::User { created_ms, stored_key } => {
                let look = |principals: &Principals| {
                    let is_same = super::passwords::is_same(principals, &caller.principal, *created_ms, stored_key);
                    is_same.then(|| Caller { access: principals.access().clone(), ..caller.clone() }).ok_or(Refusal::Password)
                };
                look_at(self.directory(), look)?
            }
        }
    }

    /// Whose key this is, if it lets anybody in. Not counted as a use.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn holder(&self, key: &str) -> Result<Caller, Refusal> {
        self.by_key(text::hash(key.as_bytes()), None)
    }

    /// Rises whenever [`renew`](Doorkeeper::renew) may say another thing than before, but for keys that expire.
    pub fn version(&self) -> u64 {
        look_at(self.directory(), Principals::version).unwrap_or_default()
    }

    /// Whether the caller may do `operation` in `namespace`; `None`: in all of them together, or with the store as a whole.
    pub fn may(&self, caller: &Caller, operation: Operation, namespace: Option<&str>) -> bool {
        caller.may(operation, namespace)
    }

    /// Whether the caller may do `operation` in at least one namespace: before a list, of which each is asked for then.
    pub fn may_somewhere(&self, caller: &Caller, operation: Operation) -> bool {
        caller.may_somewhere(operation)
    }

    /// As [`may`](Doorkeeper::may), with the answer that is sent if not.
    ///
    /// # Errors
    /// `Denied`.
    pub fn require(&self, caller: &Caller, operation: Operation, namespace: Option<&str>) -> Result<(), Refusal> {
        if caller.may(operation, namespace) {
            return Ok(());
        }
        let refusal = Refusal::Denied { operation, namespace: namespace.map(str::to_owned), who: caller.words() };
        self.0.refused[place(&refusal)].fetch_add(1, Relaxed);
        Err(refusal)
    }

    /// All that the caller may do.
    pub fn permitted(&self, caller: &Caller) -> Vec<Permitted> {
        look_at(self.directory(), |principals| permitted::permitted(caller, principals)).unwrap_or_default()
    }

    /// What it adds to `/metrics`.
    pub fn collector(&self) -> Collector {
        let shared = self.0.clone();
        Arc::new(move |out: &mut Exposition| {
            let help = "Requests whose caller was let in by a key or a password.";
            out.single("manifold_http_callers_let_in_total", Type::Counter, help, shared.let_in.load(Relaxed));
            let help = "Requests whose caller was refused, by reason.";
            out.family("manifold_http_callers_refused_total", Type::Counter, help);
            for (name, number) in Refusal::NAMES.iter().zip(&shared.refused) {
                out.sample(&[("reason", *name)], number.load(Relaxed));
            }
        })
    }

    fn by_key(&self, hash: Hash, address: Option<IpAddr>) -> Result<Caller, Refusal> {
        let now_ms = runtime::wall_ms();
        look_at(self.directory(), |principals| {
            let (key, standing) = match principals.keys().find(&hash, now_ms) {
                Some(found) => found,
                None if principals.keys().is_empty() => return Err(Refusal::NoKeys),
                None => return Err(Refusal::Unknown),
            };
            match standing {
                keys::Standing::Good => {}
                keys::Standing::Expired => return Err(Refusal::Expired),
                keys::Standing::Rotated => return Err(Refusal::Rotated),
                keys::Standing::Revoked => return Err(Refusal::Revoked),
            }
            if principals.user(&key.terms.owner).is_some_and(|user| !user.enabled) {
                return Err(Refusal::OwnerDisabled);
            }
            Ok(Caller {
                principal: key.terms.owner.clone(),
                key_id: Some(key.id),
                address,
                standing: Standing::Key { key: key.clone(), hash },
                access: principals.access().clone(),
            })
        })?
    }

    /// Takes a use off the key's allowance.
    fn admit(&self, caller: Caller) -> Result<Caller, Refusal> {
        match caller.key().and_then(|key| Some((key.id, key.terms.rate?))) {
            Some((id, rate)) => self.0.rates.take(id, rate, runtime::now()).map_err(Refusal::TooOften).map(|()| caller),
            None => Ok(caller),
        }
    }

    fn nobody(&self) -> Refusal {
        let is_anybody = |principals: &Principals| !principals.keys().is_empty() || principals.users(None).next().is_some();
        match look_at(self.directory(), is_anybody) {
            Ok(true) => Refusal::Missing,
            Ok(false) => Refusal::NoKeys,
            Err(refusal) => refusal,
        }
    }

    /// Logged if nobody else was just now: strangers do not fill the log.
    fn count(&self, refusal: &Refusal, address: Option<IpAddr>) {
        self.0.refused[place(refusal)].fetch_add(1, Relaxed);
        let now = runtime::now();
        let mut logged = self.0.logged.lock();
        if logged.is_none_or(|logged| now >= logged + REFUSAL_LOGGED_EVERY) {
            *logged = Some(now);
            let client = address.map(tracing::field::display);
            tracing::warn!(client, reason = refusal.name(), "somebody is not let in at the http door");
        }
    }
}

fn place(refusal: &Refusal) -> usize {
    Refusal::NAMES.iter().position(|name| *name == refusal.name()).expect("a test goes over all refusals")
}

/// Looks at who there is. `Unavailable` before this node knows.
pub(super) fn look_at<R>(directory: &dyn Directory, look: impl FnOnce(&Principals) -> R) -> Result<R, Refusal> {
    let (mut look, mut seen) = (Some(look), None);
    directory.look(&mut |principals| seen = look.take().map(|look| look(principals)));
    seen.ok_or(Refusal::Unavailable)
}

fn shown(headers: &HeaderMap) -> Result<Option<Shown<'_>>, Refusal> {
    if let Some(key) = single(headers, API_KEY, "there are several headers X-Api-Key: send one")? {
        return checked(key.as_bytes()).map(|key| Some(Shown::Key(key)));
    }
    let several = "there are several headers Authorization: send one";
    let Some(value) = single(headers, header::AUTHORIZATION.as_str(), several)? else { return Ok(None) };
    let bytes = value.as_bytes();
    let space = bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
    let (scheme, rest) = (&bytes[..space], bytes[space..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        checked(rest).map(|key| Some(Shown::Key(key)))
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        checked(rest).map(|basic| Some(Shown::Password(basic)))
    } else {
        Err(Refusal::Unreadable("Authorization is Bearer with an API key, or Basic with a user's name and password"))
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &str, several: &'static str) -> Result<Option<&'h HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(Refusal::Unreadable(several)) } else { Ok(first) }
}

fn checked(shown: &[u8]) -> Result<&[u8], Refusal> {
    if shown.is_empty() || shown.len() > KEY_TEXT_BYTES_MAX {
        return Err(Refusal::Unreadable("the API key or the password is empty or too long"));
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finding a refusal's place must not fail.
    #[test]
    fn every_refusal_is_counted_by_its_name() {
        let denied = Refusal::Denied { operation: Operation::Read, namespace: None, who: String::new() };
        let all = [
            Refusal::NoKeys,
            Refusal::Missing,
            Refusal::Unreadable(""),
            Refusal::Unknown,
            Refusal::Expired,
            Refusal::Rotated,
            Refusal::Revoked,
            Refusal::OwnerDisabled,
            Refusal::Password,
            Refusal::TooOften(Duration::ZERO),
            denied,
            Refusal::Busy,
            Refusal::Unavailable,
        ];
        for (number, refusal) in all.iter().enumerate() {
            assert_eq!(place(refusal), number);
        }
        assert_eq!(all.len(), Refusal::NAMES.len());
    }
}
