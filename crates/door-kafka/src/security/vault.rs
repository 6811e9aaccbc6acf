//! What the door keeps for checking who signs in.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Error, Kind, Result};
use cluster::principals::Credential;
use gate::scram::Keys;
use parking_lot::Mutex;
use replica::runtime;
use tokio::sync::Semaphore;

use super::{
    likeness::{Likeness, credential, usual},
    mechanism::Mechanism,
};
use crate::{
    limits::{PASSWORD_WAIT_MAX, PASSWORDS_AT_ONCE_MAX, PASSWORDS_WAITING_MAX, SECRET_WORDS, SIGN_IN_LOGGED_EVERY},
    topics::Topics,
};

/// What stands behind the door's SASL: a secret that salts of users who do not exist are made of, and bounds on the passwords that
/// are computed at once and that wait for it.
pub(crate) struct Vault {
    secret: Vec<u8>,
    likeness: Likeness,
    /// Of those that are computed or wait.
    places: Arc<Semaphore>,
    /// Of those that are computed.
    turns: Arc<Semaphore>,
    /// How many got in, and how many did not.
    let_in: AtomicU64,
    refused: AtomicU64,
    /// When one who did not was logged last.
    logged: Mutex<Option<Duration>>,
}

/// A user who may sign in, as they were when they were looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: String,
    /// When the user was created: one that was removed and made again is another one.
    pub(super) created_ms: u64,
}

/// What a name and a mechanism come to. The keys of a name that is not known are made up; those of a user who is disabled stay what
/// they were, so that nobody sees from outside that they are.
pub(super) struct Looked {
    pub(super) known: Option<Known>,
    pub(super) keys: Option<Keys>,
    pub(super) unknown: Keys,
}

impl Default for Vault {
    fn default() -> Vault {
        let secret = (0..SECRET_WORDS).flat_map(|_| runtime::random_u64().to_le_bytes()).collect();
        Vault {
            secret,
            likeness: Likeness::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            turns: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE_MAX)),
            let_in: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            logged: Mutex::default(),
        }
    }
}

impl Vault {
    /// How many got in so far, and how many did not.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.let_in.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// How many passwords are computed or wait for that.
    pub(crate) fn checking(&self) -> usize {
        PLACES - self.places.available_permits()
    }

    /// Somebody got in.
    pub(super) fn let_in(&self) {
        self.let_in.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody did not. Logged if nobody else was just now: strangers do not fill the log.
    pub(super) fn refuse(&self, host: IpAddr, why: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let now = runtime::now();
        let mut logged = self.logged.lock();
        if logged.is_none_or(|logged| now >= logged + SIGN_IN_LOGGED_EVERY) {
            *logged = Some(now);
            tracing::warn!(client = %host, "somebody does not get in at the kafka door: {why}");
        }
    }

    /// Looks a user up by what they sign in with.
    ///
    /// # Errors
    /// What is kept of the password is none: `Invalid`.
    pub(super) fn look_up(&self, topics: &Topics, name: &str, mechanism: Mechanism) -> Result<Looked> {
        let found = topics.node().look_at_cluster(|machine| {
            let principals = machine.principals();
            let user = principals.user(name);
            let kept = user.and_then(|user| {
                let (hash, credential) = credential(user, mechanism)?;
                Some((user.enabled.then_some(user.created_ms), hash, credential.clone()))
            });
            (kept, self.likeness.pick(principals, &self.secret, name, mechanism))
        });
        let (kept, shape) = found.unwrap_or_else(|| (None, usual(mechanism)));
        let unknown = Keys::unknown(shape, &self.secret, name)?;
        let Some((created_ms, hash, Credential { iterations, salt, stored_key, server_key, .. })) = kept else {
            return Ok(Looked { known: None, keys: None, unknown });
        };
        let keys = Keys::new(hash, iterations, salt.to_vec(), stored_key.to_vec(), server_key.to_vec())?;
        let Some(created_ms) = created_ms else { return Ok(Looked { known: None, keys: None, unknown: keys }) };
        Ok(Looked { known: Some(Known { name: name.to_owned(), created_ms }), keys: Some(keys), unknown })
    }

    /// Whether a password is the one that was kept. Whoever is not known takes as long.
    ///
    /// What is dropped while it waits leaves the queue. What is being computed is computed to its end, and counted until then.
    ///
    /// # Errors
    /// `Overloaded`: too many wait already, or this one waited too long.
    pub(super) async fn verify(&self, looked: Looked, password: Vec<u8>) -> Result<Option<Known>> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| overloaded("too many passwords wait to be checked"))?;
        let turn = tokio::select! {
            biased;
            turn = self.turns.clone().acquire_owned() => turn.map_err(|_| Error::new(Kind::Unavailable, "the door closes"))?,
            () = runtime::sleep(PASSWORD_WAIT_MAX) => return Err(overloaded("a password waited too long to be checked")),
        };
        let Looked { known, keys, unknown } = looked;
        let check = move || {
            let _until_it_is_done = (place, turn);
            keys.as_ref().unwrap_or(&unknown).verify_password(&password)
        };
        let is_right = runtime::spawn_blocking(check).await;
        Ok(known.filter(|_| is_right))
    }
}

/// Passwords that are computed or wait at most.
const PLACES: usize = PASSWORDS_WAITING_MAX + PASSWORDS_AT_ONCE_MAX;

fn overloaded(text: &'static str) -> Error {
    Error::new(Kind::Overloaded, text)
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;
    use gate::scram::{Hash, Shape};

    use super::*;

    /// Somebody who takes as long as anybody may.
    fn looked() -> Looked {
        let shape = Shape { hash: Hash::Sha512, iterations: 16_384, salt_bytes: 16, is_text: false };
        Looked { known: None, keys: None, unknown: Keys::unknown(shape, b"secret", "nobody").unwrap() }
    }

    fn refused(outcome: Result<Option<Known>>) -> Kind {
        outcome.map(|known| known.is_some()).unwrap_err().kind
    }

    /// Passwords waited in a queue without an end: whoever opened enough connections kept everybody out for as long as they liked.
    #[tokio::test]
    async fn a_full_queue_turns_away_and_who_goes_gives_their_place_up() {
        let vault = Vault::default();
        let turns = vault.turns.clone().acquire_many_owned(2).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..PLACES {
            let mut one = Box::pin(vault.verify(looked(), b"x".to_vec()));
            assert!(poll_immediate(&mut one).await.is_none());
            waiting.push(one);
        }
        assert_eq!(vault.checking(), PLACES);
        assert_eq!(refused(vault.verify(looked(), b"x".to_vec()).await), Kind::Overloaded);
        drop(waiting.pop());
        let mut next = Box::pin(vault.verify(looked(), b"x".to_vec()));
        assert!(poll_immediate(&mut next).await.is_none(), "there is a place again");
        waiting.clear();
        assert_eq!(vault.checking(), 1);
        drop(turns);
        assert_eq!(next.await.unwrap(), None);
        assert_eq!(vault.checking(), 0);
    }

    /// A password waited however long it took, for a client that had given up.
    #[tokio::test]
    async fn nobody_waits_longer_than_the_limit() {
        let vault = Vault::default();
        let _turns = vault.turns.clone().acquire_many_owned(2).await.unwrap();
        let begin = runtime::now();
        assert_eq!(refused(vault.verify(looked(), b"x".to_vec()).await), Kind::Overloaded);
        let took = runtime::now() - begin;
        assert!(took >= PASSWORD_WAIT_MAX && took < PASSWORD_WAIT_MAX * 2, "{took:?}");
        assert_eq!(vault.checking(), 0);
    }

    /// The turn belonged to who waited for the outcome and not to the work: clients that hung up at the right moment had as many
    /// passwords computed at once as they liked.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_computed_keeps_its_turn_when_nobody_waits_for_it() {
        let vault = Vault::default();
        for left in (0..PASSWORDS_AT_ONCE_MAX).rev() {
            let mut one = Box::pin(vault.verify(looked(), b"x".to_vec()));
            assert!(poll_immediate(&mut one).await.is_none());
            drop(one);
            assert_eq!(vault.turns.available_permits(), left);
        }
        while vault.checking() > 0 {
            runtime::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(vault.turns.available_permits(), PASSWORDS_AT_ONCE_MAX);
    }
}
