//! A user and its credentials.

use std::{collections::BTreeMap, fmt};

use base::{Error, Kind, Result};
use bytes::Bytes;

use crate::limits::{SALT_BYTES_MAX, SCRAM_ITERATIONS, USER_NAME_BYTES_MAX};

/// Who can sign in by name. Names are compared byte for byte; doors prepare what clients send (SASLprep) before they ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name, unique.
    pub name: String,
    /// Whether it may sign in and do anything at all.
    pub enabled: bool,
    /// Whether it may do everything, whatever is granted: Kafka's super user.
    pub is_admin: bool,
    /// When it was created, ms since 1970.
    pub created_ms: u64,
    /// When anything of it changed last, ms since 1970.
    pub changed_ms: u64,
    /// What it signs in with, one for each mechanism.
    pub credentials: BTreeMap<Mechanism, Credential>,
}

/// How a credential is used. Its number is that of Kafka's `ScramMechanism`, as far as Kafka has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mechanism {
    /// SCRAM-SHA-256 (RFC 7677).
    ScramSha256 = 1,
    /// SCRAM-SHA-512.
    ScramSha512 = 2,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Mechanism; 2] = [Mechanism::ScramSha256, Mechanism::ScramSha512];

    /// Its number, in Kafka's protocol and in records.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub fn from_code(code: u8) -> Option<Mechanism> {
        Mechanism::ALL.into_iter().find(|mechanism| mechanism.code() == code)
    }

    /// Bytes of its hash.
    pub fn hash_bytes(self) -> usize {
        match self {
            Mechanism::ScramSha256 => 32,
            Mechanism::ScramSha512 => 64,
        }
    }
}

/// What the server keeps of a password, for SCRAM (RFC 5802, section 3) and for what checks a password in the clear: both compute
/// the stored key. Made by who proposes; a password never comes here.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it is for.
    pub mechanism: Mechanism,
    /// Rounds of the key derivation.
    pub iterations: u32,
    /// Drawn with it, 1 to 255 bytes.
    pub salt: Bytes,
    /// `H(ClientKey)`, as long as the mechanism's hash.
    pub stored_key: Bytes,
    /// `ServerKey`, as long as the mechanism's hash.
    pub server_key: Bytes,
}

impl fmt::Debug for Credential {
    /// Without salt and keys: what is printed ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Credential { mechanism, iterations, .. } = self;
        f.debug_struct("Credential").field("mechanism", mechanism).field("iterations", iterations).finish_non_exhaustive()
    }
}

impl Credential {
    /// Whether it is one. `Invalid` otherwise.
    pub fn check(&self) -> Result<()> {
        if !SCRAM_ITERATIONS.contains(&self.iterations) {
            let (least, most) = (SCRAM_ITERATIONS.start(), SCRAM_ITERATIONS.end());
            return Err(Error::new(Kind::Invalid, format!("a SCRAM credential has {least} to {most} iterations")));
        }
        let keys_fit = [&self.stored_key, &self.server_key].iter().all(|key| key.len() == self.mechanism.hash_bytes());
        if !keys_fit || self.salt.is_empty() || self.salt.len() > SALT_BYTES_MAX {
            let text = format!("a SCRAM credential has a salt of 1 to {SALT_BYTES_MAX} bytes and keys as long as its hash");
            return Err(Error::new(Kind::Invalid, text));
        }
        Ok(())
    }
}

/// Whether a user may be called so. `Invalid` otherwise.
pub fn check_user_name(name: &str) -> Result<()> {
    let is_long = name.len() > USER_NAME_BYTES_MAX;
    if name.is_empty() || is_long || name == "*" || name.chars().any(char::is_control) {
        let text = format!("a user's name has 1 to {USER_NAME_BYTES_MAX} bytes without control characters, and is not \"*\"");
        return Err(Error::new(Kind::Invalid, text));
    }
    Ok(())
}
