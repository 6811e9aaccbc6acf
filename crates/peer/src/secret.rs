//! What the nodes of a cluster share to know each other.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hkdf,
    rand::{SecureRandom, SystemRandom},
};

const PREFIX: &str = "manifold-secret-1:";

const BYTES: usize = 32;

/// A cluster's shared secret: whoever has it is a node of the cluster. Its text form is `manifold-secret-1:` and 43 letters of
/// base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterSecret([u8; BYTES]);

/// Why a text is not a secret. The text itself is never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// It begins otherwise.
    Prefix,
    /// What follows is not base64url.
    Letters,
    /// It has more or fewer bytes than a secret.
    Length(usize),
}

impl ClusterSecret {
    /// A new secret from the system's randomness.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to give: without it nothing here can be kept secret.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).expect("the system gives random bytes");
        Self(bytes)
    }

    /// The secret that `text` spells. Spaces and line ends around it do not matter.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let letters = text.trim().strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let bytes = URL_SAFE_NO_PAD.decode(letters).map_err(|_| SecretError::Letters)?;
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| SecretError::Length(length))
    }

    /// The text form: what [`ClusterSecret::parse`] takes. Whoever reads it can join the cluster.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// 32 bytes for one `purpose`, the same on every node that has the secret (HKDF-SHA256, RFC 5869).
    pub(crate) fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, b"manifold peer 1").extract(&self.0);
        let purpose = [purpose];
        let expanded = key.expand(&purpose, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out));
        expanded.expect("the length asked for is the hash's own");
        out
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecret(hidden)")
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => write!(f, "a cluster secret begins with {PREFIX}"),
            Self::Letters => write!(f, "what follows {PREFIX} in a cluster secret is base64url without padding; copy it whole"),
            Self::Length(length) => write!(f, "a cluster secret holds {BYTES} bytes and this one {length}; copy it whole"),
        }
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests;
