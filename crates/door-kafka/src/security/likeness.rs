//! What names that nobody has are made to look like.

use std::sync::Arc;

use cluster::principals::{self, Principals, User};
use gate::{
    limits::SCRAM_SALT_BYTES,
    scram::{Hash, Shape, Shapes},
};
use parking_lot::Mutex;

use super::mechanism::Mechanism;
use crate::limits::SCRAM_ITERATIONS_OF_UNKNOWN;

/// The hashes that a mechanism takes a user's keys of, the first that there is.
pub(super) fn hashes(mechanism: Mechanism) -> &'static [Hash] {
    match mechanism {
        Mechanism::Plain => &[Hash::Sha512, Hash::Sha256],
        Mechanism::ScramSha256 => &[Hash::Sha256],
        Mechanism::ScramSha512 => &[Hash::Sha512],
    }
}

/// The credential that a user signs in with by a mechanism.
pub(super) fn credential(user: &User, mechanism: Mechanism) -> Option<(Hash, &principals::Credential)> {
    hashes(mechanism).iter().find_map(|hash| Some((*hash, user.credentials.get(&kept_for(*hash))?)))
}

/// The kept mechanism of a hash.
fn kept_for(hash: Hash) -> principals::Mechanism {
    match hash {
        Hash::Sha256 => principals::Mechanism::ScramSha256,
        Hash::Sha512 => principals::Mechanism::ScramSha512,
    }
}

/// Shapes of all users' keys as of one version of them, by mechanism.
#[derive(Default)]
struct Counted {
    version: u64,
    of: [Shapes; Mechanism::ALL.len()],
}

/// The shapes of users' keys, counted anew when users have changed.
#[derive(Default)]
pub(super) struct Likeness {
    counted: Mutex<Option<Arc<Counted>>>,
}

impl Likeness {
    /// The shape for a name that nobody has.
    pub(super) fn pick(&self, principals: &Principals, secret: &[u8], name: &str, mechanism: Mechanism) -> Shape {
        let place = Mechanism::ALL.iter().position(|known| *known == mechanism).expect("all of them are there");
        let picked = self.counted(principals).of[place].pick(secret, name);
        picked.unwrap_or_else(|| usual(mechanism))
    }

    fn counted(&self, principals: &Principals) -> Arc<Counted> {
        let mut counted = self.counted.lock();
        match &*counted {
            Some(known) if known.version == principals.version() => known.clone(),
            _ => counted.insert(Arc::new(count(principals.version(), principals.users(None)))).clone(),
        }
    }
}

/// Where there are no users: those that `manifold ctl user` makes.
pub(super) fn usual(mechanism: Mechanism) -> Shape {
    Shape { hash: hashes(mechanism)[0], iterations: SCRAM_ITERATIONS_OF_UNKNOWN, salt_bytes: SCRAM_SALT_BYTES, is_text: false }
}

fn count<'u>(version: u64, users: impl Iterator<Item = &'u User>) -> Counted {
    let mut counted = Counted { version, ..Counted::default() };
    for user in users {
        for (mechanism, shapes) in Mechanism::ALL.into_iter().zip(&mut counted.of) {
            if let Some((hash, credential)) = credential(user, mechanism) {
                shapes.add(Shape::new(hash, credential.iterations, &credential.salt));
            }
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cluster::principals::Credential;

    use super::*;

    fn user(mechanism: principals::Mechanism, iterations: u32, salt: &'static str) -> User {
        let key = Bytes::from(vec![0; mechanism.hash_bytes()]);
        let salt = Bytes::from_static(salt.as_bytes());
        let credential = Credential { mechanism, iterations, salt, stored_key: key.clone(), server_key: key };
        User {
            name: "alice".to_owned(),
            enabled: true,
            is_admin: false,
            created_ms: 0,
            changed_ms: 0,
            credentials: [(mechanism, credential)].into(),
        }
    }

    /// By PLAIN, names that nobody has cost a derivation by SHA-512 and 8192 rounds, and users who were made for SCRAM-SHA-256 alone
    /// one by SHA-256: the time of an answer told them apart.
    #[test]
    fn who_is_not_known_takes_as_long_as_those_who_are() {
        let pick = |users: &[User], place: usize| count(1, users.iter()).of[place].pick(b"secret", "nobody");
        let (sha512, sha256, plain) = (0, 1, 2);
        assert_eq!(Mechanism::ALL, [Mechanism::ScramSha512, Mechanism::ScramSha256, Mechanism::Plain]);
        let kafkas = [user(principals::Mechanism::ScramSha256, 4_096, "1fovgi7ofhqqbktiu2nqq14q7m")];
        let expected = Shape { hash: Hash::Sha256, iterations: 4_096, salt_bytes: 26, is_text: true };
        assert_eq!((pick(&kafkas, sha256), pick(&kafkas, plain), pick(&kafkas, sha512)), (Some(expected), Some(expected), None));
        let ours = [user(principals::Mechanism::ScramSha512, 16_384, "Q123456789abcdef")];
        let expected = Shape { hash: Hash::Sha512, iterations: 16_384, salt_bytes: 16, is_text: false };
        assert_eq!((pick(&ours, sha512), pick(&ours, plain), pick(&ours, sha256)), (Some(expected), Some(expected), None));
    }
}
