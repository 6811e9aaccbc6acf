//! What the principals keep in the table, one record for one key.

use std::collections::BTreeMap;

use base::Result;
use bytes::{BufMut, Bytes};

use super::{
    codec::{put_credential, put_grant, read_credential, read_grant},
    grant::Grant,
    keys::{ApiKey, KeyId, put_key, read_key},
    user::User,
};
use crate::{
    codec::{Reader, damaged, put_count, put_text},
    record::key,
};

const USER: u8 = b'u';
const GRANT: u8 = b'g';
const VERSION: u8 = b'a';

/// Bytes of a credential whose salt and keys are empty.
const CREDENTIAL_BYTES_MIN: usize = 1 + 4 + 3 * 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A user with its credentials.
    User(User),
    Grant(Grant),
    /// The version of all of it.
    Version(u64),
    /// An API key.
    Key(ApiKey),
}

pub(super) fn user_key(name: &str) -> Bytes {
    key(USER, name.as_bytes())
}

/// All of a grant is its key.
pub(super) fn grant_key(grant: &Grant) -> Bytes {
    let mut rest = Vec::new();
    put_grant(&mut rest, grant);
    key(GRANT, &rest)
}

pub(super) fn api_key_key(id: KeyId) -> Bytes {
    key(Record::KEY, &id.0.to_be_bytes())
}

impl Record {
    /// The kind of API keys, which came in a later version than the others.
    pub(crate) const KEY: u8 = b'x';

    /// Whether records of this kind are the principals', but for API keys.
    pub(crate) fn has(kind: u8) -> bool {
        matches!(kind, USER | GRANT | VERSION)
    }

    pub(crate) fn key(&self) -> Bytes {
        match self {
            Record::User(user) => user_key(&user.name),
            Record::Grant(grant) => grant_key(grant),
            Record::Version(_) => key(VERSION, &[]),
            Record::Key(key) => api_key_key(key.id),
        }
    }

    /// Its kind and what follows.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Record::User(User { name, enabled, is_admin, created_ms, changed_ms, credentials }) => {
                out.put_u8(USER);
                put_text(out, name);
                out.put_u8(u8::from(*enabled));
                out.put_u8(u8::from(*is_admin));
                out.put_u64_le(*created_ms);
                out.put_u64_le(*changed_ms);
                put_count(out, credentials.len());
                credentials.values().for_each(|credential| put_credential(out, credential));
            }
            Record::Grant(grant) => {
                out.put_u8(GRANT);
                put_grant(out, grant);
            }
            Record::Version(version) => {
                out.put_u8(VERSION);
                out.put_u64_le(*version);
            }
            Record::Key(key) => {
                out.put_u8(Record::KEY);
                put_key(out, key);
            }
        }
    }

    /// Reads what follows the kind.
    pub(crate) fn read(kind: u8, read: &mut Reader) -> Result<Record> {
        Ok(match kind {
            USER => Record::User(read_user(read)?),
            GRANT => Record::Grant(read_grant(read)?),
            VERSION => Record::Version(read.u64()?),
            Record::KEY => Record::Key(read_key(read)?),
            _ => return Err(damaged()),
        })
    }
}

fn read_user(read: &mut Reader) -> Result<User> {
    let name = read.text()?;
    let (enabled, is_admin) = (read.flag()?, read.flag()?);
    let (created_ms, changed_ms) = (read.u64()?, read.u64()?);
    let mut credentials = BTreeMap::new();
    for _ in 0..read.count(CREDENTIAL_BYTES_MIN)? {
        let credential = read_credential(read)?;
        // In the order of their mechanisms, each once.
        if credentials.last_key_value().is_some_and(|(last, _)| *last >= credential.mechanism) {
            return Err(damaged());
        }
        credentials.insert(credential.mechanism, credential);
    }
    Ok(User { name, enabled, is_admin, created_ms, changed_ms, credentials })
}
