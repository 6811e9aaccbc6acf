//! What changes keys.

use base::Result;
use bytes::BufMut;

use super::{
    codec::{put_secret, put_terms, read_id, read_secret, read_terms},
    key::{KeyId, Secret, Terms},
};
use crate::codec::{Reader, damaged};

/// A command about keys. Repeating one that was done is done again without effect. `time_ms` is the proposer's wall clock, ms since
/// 1970. Secrets are drawn and hashed by who proposes: none is ever in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Makes a key. `Invalid` if it can be none; `Conflict` if the id, the name or the secret is in use; `Precondition` if there are
    /// too many.
    Create {
        /// Drawn by who proposes.
        id: KeyId,
        /// What is said of it.
        terms: Terms,
        /// What is kept of its secret.
        secret: Secret,
        /// When.
        time_ms: u64,
    },
    /// Makes a key that a file names, or brings the one with this secret, or of this name, to what the file says.
    ///
    /// As `Create`, but `Conflict` also if the name or the secret is that of a key that did not come from a file, or the secret
    /// is that of a key that was revoked: a file does not bring it back.
    Import {
        /// Drawn by who proposes; not used if there is the key already.
        id: KeyId,
        /// What the file says of it.
        terms: Terms,
        /// What is kept of its secret.
        secret: Secret,
        /// When.
        time_ms: u64,
    },
    /// Gives a key another secret. `NotFound` if there is no such key, `Precondition` if it is revoked or expired; `Conflict` if the
    /// secret is in use.
    Rotate {
        /// Which.
        id: KeyId,
        /// What is kept of the new secret.
        secret: Secret,
        /// Until when the one before is good, too, ms since 1970; 0: not any more.
        former_until_ms: u64,
        /// When.
        time_ms: u64,
    },
    /// Ends a key for good. `NotFound` if there is no such key.
    Revoke {
        /// Which.
        id: KeyId,
        /// When.
        time_ms: u64,
    },
}

pub(crate) const CREATE: u8 = 7;
const IMPORT: u8 = 8;
const ROTATE: u8 = 9;
pub(crate) const REVOKE: u8 = 10;

impl Command {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Command::Create { id, terms, secret, time_ms } => {
                out.put_u8(CREATE);
                put_new(out, *id, terms, secret, *time_ms);
            }
            Command::Import { id, terms, secret, time_ms } => {
                out.put_u8(IMPORT);
                put_new(out, *id, terms, secret, *time_ms);
            }
            Command::Rotate { id, secret, former_until_ms, time_ms } => {
                out.put_u8(ROTATE);
                out.put_u64_le(id.0);
                put_secret(out, secret);
                out.put_u64_le(*former_until_ms);
                out.put_u64_le(*time_ms);
            }
            Command::Revoke { id, time_ms } => {
                out.put_u8(REVOKE);
                out.put_u64_le(id.0);
                out.put_u64_le(*time_ms);
            }
        }
    }

    /// Reads what follows the kind.
    pub(crate) fn read(kind: u8, read: &mut Reader) -> Result<Command> {
        let id = read_id(read)?;
        Ok(match kind {
            CREATE => Command::Create { id, terms: read_terms(read)?, secret: read_secret(read)?, time_ms: read.u64()? },
            IMPORT => Command::Import { id, terms: read_terms(read)?, secret: read_secret(read)?, time_ms: read.u64()? },
            ROTATE => Command::Rotate { id, secret: read_secret(read)?, former_until_ms: read.u64()?, time_ms: read.u64()? },
            REVOKE => Command::Revoke { id, time_ms: read.u64()? },
            _ => return Err(damaged()),
        })
    }
}

fn put_new(out: &mut Vec<u8>, id: KeyId, terms: &Terms, secret: &Secret, time_ms: u64) {
    out.put_u64_le(id.0);
    put_terms(out, terms);
    put_secret(out, secret);
    out.put_u64_le(time_ms);
}
