//! Users who sign in with each request (Basic, RFC 7617). Their passwords are hashed slowly on purpose, so that one that was right is
//! remembered, in memory and as a hash, until its user changes.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cluster::principals::{Credential, Mechanism, Principals, User};
use gate::{
    limits::SCRAM_SALT_BYTES,
    scram::{Hash, Keys, Shape},
};
use parking_lot::Mutex;
use replica::runtime;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{
    caller::{Caller, Standing},
    doorkeeper::look_at,
    refusal::Refusal,
};
use crate::{
    Directory,
    limits::{PASSWORD_WAIT_MAX, PASSWORDS_AT_ONCE_MAX, PASSWORDS_REMEMBERED_MAX, PASSWORDS_WAITING_MAX},
};

/// Rounds that who is not known costs: those of the users that `manifold ctl user` makes.
const ITERATIONS_OF_UNKNOWN: u32 = 8_192;

/// Passwords that were right, and bounds on those that are computed.
pub(super) struct Passwords {
    /// Drawn at the start: what is remembered is worth nothing elsewhere.
    salt: [u8; 32],
    right: Mutex<HashMap<[u8; 32], Right>>,
    /// Of those that are computed or wait.
    places: Arc<Semaphore>,
    /// Of those that are computed.
    turns: Arc<Semaphore>,
}

/// Whose it was, as they were then.
#[derive(Clone)]
struct Right {
    name: Arc<str>,
    created_ms: u64,
    stored_key: Bytes,
}

impl Default for Passwords {
    fn default() -> Passwords {
        let mut salt = [0; 32];
        for word in salt.chunks_exact_mut(8) {
            word.copy_from_slice(&runtime::random_u64().to_le_bytes());
        }
        Passwords {
            salt,
            right: Mutex::default(),
            places: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE_MAX + PASSWORDS_WAITING_MAX)),
            turns: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE_MAX)),
        }
    }
}

impl Passwords {
    /// Whose name and password these are, in Base64 with a colon between.
    pub(super) async fn check(
        &self,
        directory: &dyn Directory,
        basic: &[u8],
        address: Option<IpAddr>,
    ) -> Result<Caller, Refusal> {
        const UNREADABLE: Refusal = Refusal::Unreadable("Authorization: Basic is a name, a colon and a password in Base64");
        let decoded = STANDARD.decode(basic).map_err(|_| UNREADABLE)?;
        let colon = decoded.iter().position(|byte| *byte == b':').ok_or(UNREADABLE)?;
        let (name, password) = (&decoded[..colon], &decoded[colon + 1..]);
        let name = std::str::from_utf8(name).map_err(|_| UNREADABLE)?;
        // The colon cannot be in a name, so that this is of one name and one password.
        let digest: [u8; 32] = Sha256::new().chain_update(self.salt).chain_update(&decoded).finalize().into();
        let known = self.right.lock().get(&digest).cloned();
        if let Some(right) = known {
            return let_in(directory, right, address);
        }
        let (right, keys) = look_at(directory, |principals| look_up(principals, name))??;
        self.verify(keys, password.to_vec()).await?;
        let right = right.ok_or(Refusal::Password)?;
        {
            let mut remembered = self.right.lock();
            if remembered.len() >= PASSWORDS_REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(digest, right.clone());
        }
        let_in(directory, right, address)
    }

    async fn verify(&self, keys: Keys, password: Vec<u8>) -> Result<(), Refusal> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let turn = tokio::select! {
            biased;
            turn = self.turns.clone().acquire_owned() => turn.map_err(|_| Refusal::Busy)?,
            () = runtime::sleep(PASSWORD_WAIT_MAX) => return Err(Refusal::Busy),
        };
        let check = move || {
            let _until_it_is_done = (place, turn);
            keys.verify_password(&password)
        };
        if runtime::spawn_blocking(check).await { Ok(()) } else { Err(Refusal::Password) }
    }
}

fn let_in(directory: &dyn Directory, right: Right, address: Option<IpAddr>) -> Result<Caller, Refusal> {
    look_at(directory, |principals| {
        let Right { name, created_ms, stored_key } = right;
        if !is_same(principals, &name, created_ms, &stored_key) {
            return Err(Refusal::Password);
        }
        let standing = Standing::User { created_ms, stored_key };
        Ok(Caller { principal: name, key_id: None, address, standing, access: principals.access().clone() })
    })?
}

/// Whether a user is still who signed in: there, enabled, with the same password.
pub(super) fn is_same(principals: &Principals, name: &str, created_ms: u64, stored_key: &Bytes) -> bool {
    let user = principals.user(name).filter(|user| user.enabled && user.created_ms == created_ms);
    user.and_then(credential).is_some_and(|(_, credential)| credential.stored_key == *stored_key)
}

fn credential(user: &User) -> Option<(Hash, &Credential)> {
    let kept = [(Hash::Sha512, Mechanism::ScramSha512), (Hash::Sha256, Mechanism::ScramSha256)];
    kept.into_iter().find_map(|(hash, mechanism)| Some((hash, user.credentials.get(&mechanism)?)))
}

/// What the password is compared with. Who is not known, or disabled, takes as long.
fn look_up(principals: &Principals, name: &str) -> Result<(Option<Right>, Keys), Refusal> {
    let user = principals.user(name);
    let found = user.and_then(|user| Some((user, credential(user)?)));
    let keys = match &found {
        Some((_, (hash, Credential { iterations, salt, stored_key, server_key, .. }))) => {
            Keys::new(*hash, *iterations, salt.to_vec(), stored_key.to_vec(), server_key.to_vec())
        }
        None => {
            let shape =
                Shape { hash: Hash::Sha512, iterations: ITERATIONS_OF_UNKNOWN, salt_bytes: SCRAM_SALT_BYTES, is_text: false };
            Keys::unknown(shape, &[0; 64], name)
        }
    };
    let right = found.filter(|(user, _)| user.enabled).map(|(user, (_, credential))| Right {
        name: user.name.as_str().into(),
        created_ms: user.created_ms,
        stored_key: credential.stored_key.clone(),
    });
    Ok((right, keys.map_err(|_| Refusal::Password)?))
}
