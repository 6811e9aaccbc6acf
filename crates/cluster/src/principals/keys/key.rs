//! A key, and what is kept of its secret.

use std::{fmt, hint::black_box, sync::Arc};

use base::{Error, Kind, Result};

use super::rights::Rights;
use crate::{
    limits::{KEY_NAME_BYTES_MAX, KEY_PREFIX_BYTES_MAX},
    principals::check_user_name,
};

/// A key's number, drawn by who proposes it; never zero. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<KeyId> {
        let is_written_so = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u64::from_str_radix(text, 16).ok().filter(|id| is_written_so && *id != 0).map(KeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// SHA-256 of a whole key as its holder sends it. A secret of 256 random bits needs no slow hash: nobody guesses it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Whether they are the same, in a time that does not depend on where they differ.
    pub fn is(&self, other: &Hash) -> bool {
        let differing = self.0.iter().zip(&other.0).fold(0, |bits, (one, another)| black_box(bits | (one ^ another)));
        black_box(differing) == 0
    }

    /// What keys are found by.
    pub(super) fn beginning(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Debug for Hash {
    /// Without it: what is printed ends in logs, and a key that people chose can be guessed by it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}

/// What is kept of what a holder sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Of all of it.
    pub hash: Hash,
    /// How it begins, so that people tell keys apart. It gives nothing of the secret away.
    pub prefix: String,
}

/// How often a key may be used, on each node by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run, at least one.
    pub per_second: u32,
    /// Requests at once after a rest, at least one.
    pub burst: u32,
}

/// What is said of a key when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What people call it. Unique among keys that are not revoked.
    pub name: String,
    /// The principal that acts through it.
    pub owner: Arc<str>,
    /// What it lets do.
    pub rights: Rights,
    /// Until when it is good, ms since 1970; 0: for good.
    pub expires_ms: u64,
    /// How often it may be used; `None`: as often as its holder likes.
    pub rate: Option<Rate>,
}

impl Terms {
    pub(super) fn check(&self) -> Result<()> {
        let invalid = |text: String| Err(Error::new(Kind::Invalid, text));
        let Terms { name, owner, rights, rate, .. } = self;
        if name.is_empty() || name.len() > KEY_NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return invalid(format!("a key's name has 1 to {KEY_NAME_BYTES_MAX} bytes without control characters"));
        }
        check_user_name(owner)?;
        if rate.is_some_and(|rate| rate.per_second == 0 || rate.burst == 0) {
            return invalid("a key's rate and its burst are at least 1; leave both out for none".to_owned());
        }
        rights.check()
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number.
    pub id: KeyId,
    /// What was said when it was made.
    pub terms: Terms,
    /// What is kept of its secret.
    pub secret: Secret,
    /// The secret that it had before, and until when that one is good, ms since 1970.
    pub former: Option<(Hash, u64)>,
    /// Whether it came from a file, which may then change it.
    pub is_imported: bool,
    /// When it was made, ms since 1970.
    pub created_ms: u64,
    /// When it was given another secret last, ms since 1970; 0: never.
    pub rotated_ms: u64,
    /// When it was revoked, ms since 1970; 0: it was not.
    pub revoked_ms: u64,
}

impl ApiKey {
    /// Whether it is revoked for good.
    pub fn is_revoked(&self) -> bool {
        self.revoked_ms != 0
    }

    /// Whether it is too old at this time, ms since 1970.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.terms.expires_ms != 0 && self.terms.expires_ms <= now_ms
    }

    /// How it stands for who holds `hash`, one of its secrets' hashes, at this time.
    pub(super) fn standing(&self, hash: &Hash, now_ms: u64) -> Standing {
        if self.is_revoked() {
            return Standing::Revoked;
        }
        if !self.secret.hash.is(hash) && self.former.is_none_or(|(_, until)| until <= now_ms) {
            return Standing::Rotated;
        }
        if self.is_expired(now_ms) { Standing::Expired } else { Standing::Good }
    }
}

/// What a key is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It lets in.
    Good,
    /// Its time is over.
    Expired,
    /// It was given another secret, and this one is not good any more.
    Rotated,
    /// It was revoked.
    Revoked,
}

pub(super) fn check_secret(secret: &Secret) -> Result<()> {
    if secret.prefix.len() > KEY_PREFIX_BYTES_MAX || secret.prefix.chars().any(char::is_control) {
        let text = format!("what is shown of a key has {KEY_PREFIX_BYTES_MAX} bytes at most, without control characters");
        return Err(Error::new(Kind::Invalid, text));
    }
    Ok(())
}
