//! What the door keeps for checking who signs in.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base::{Kind, Result};
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
    limits::{PASSWORDS_AT_ONCE_MAX, SECRET_WORDS, SIGN_IN_LOGGED_EVERY},
    topics::Topics,
};

/// What stands behind the door's SASL: a secret that salts of users who do not exist are made of, and a bound on the passwords that
/// are computed at once.
pub(crate) struct Vault {
    secret: Vec<u8>,
    likeness: Likeness,
    turns: Semaphore,
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
        let turns = Semaphore::new(PASSWORDS_AT_ONCE_MAX);
        Vault {
            secret,
            likeness: Likeness::default(),
            turns,
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
    pub(super) async fn verify(&self, looked: Looked, password: Vec<u8>) -> base::Result<Option<Known>> {
        let closed = |_| base::Error::new(Kind::Unavailable, "the door closes");
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let Looked { known, keys, unknown } = looked;
        let is_right = runtime::spawn_blocking(move || keys.as_ref().unwrap_or(&unknown).verify_password(&password)).await;
        Ok(known.filter(|_| is_right))
    }
}
