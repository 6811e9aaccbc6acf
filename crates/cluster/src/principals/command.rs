//! What changes who is known and what they may do.

use base::Result;
use bytes::BufMut;

use super::{
    codec::{put_credential, put_grants, read_credential, read_grants, read_mechanism},
    grant::Grant,
    keys::{self, CREATE, REVOKE},
    user::{Credential, Mechanism},
};
use crate::codec::{Reader, damaged, put_text};

/// A command to the principals. Repeating one that was done is done again without effect; what is removed and is not there is
/// removed already. `time_ms` is the proposer's wall clock, ms since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Creates a user without credentials, or changes one. `Invalid` for a name that is none; `Precondition` if there are too
    /// many.
    SetUser {
        /// Its name.
        name: String,
        /// Whether it may sign in and do anything.
        enabled: bool,
        /// Whether it may do everything.
        is_admin: bool,
        /// When.
        time_ms: u64,
    },
    /// Removes a user and its credentials. Grants to its name stay: they are for whoever is called so.
    RemoveUser {
        /// Its name.
        name: String,
    },
    /// Gives a user a credential in the place of the one that it has for the mechanism. A user that is not known is created,
    /// enabled and no admin, as Kafka's tools expect. `Invalid` if it is no credential.
    SetCredential {
        /// Whose.
        name: String,
        /// Computed by who proposes.
        credential: Credential,
        /// When.
        time_ms: u64,
    },
    /// Takes a credential from a user.
    RemoveCredential {
        /// Whose.
        name: String,
        /// Which one.
        mechanism: Mechanism,
        /// When.
        time_ms: u64,
    },
    /// Adds grants, all or none: `Invalid` if one of them is none, `Precondition` if there are too many. One that is there stays.
    AddGrants {
        /// Which.
        grants: Vec<Grant>,
    },
    /// Removes these very grants, which the proposer found by what was to be removed.
    RemoveGrants {
        /// Which.
        grants: Vec<Grant>,
    },
    /// Makes and changes API keys. Of level 3.
    Key(keys::Command),
}

const SET_USER: u8 = 1;
const REMOVE_USER: u8 = 2;
const SET_CREDENTIAL: u8 = 3;
const REMOVE_CREDENTIAL: u8 = 4;
const ADD_GRANTS: u8 = 5;
const REMOVE_GRANTS: u8 = 6;

impl Command {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Command::SetUser { name, enabled, is_admin, time_ms } => {
                out.put_u8(SET_USER);
                put_text(out, name);
                out.put_u8(u8::from(*enabled));
                out.put_u8(u8::from(*is_admin));
                out.put_u64_le(*time_ms);
            }
            Command::RemoveUser { name } => {
                out.put_u8(REMOVE_USER);
                put_text(out, name);
            }
            Command::SetCredential { name, credential, time_ms } => {
                out.put_u8(SET_CREDENTIAL);
                put_text(out, name);
                put_credential(out, credential);
                out.put_u64_le(*time_ms);
            }
            Command::RemoveCredential { name, mechanism, time_ms } => {
                out.put_u8(REMOVE_CREDENTIAL);
                put_text(out, name);
                out.put_u8(mechanism.code());
                out.put_u64_le(*time_ms);
            }
            Command::AddGrants { grants } => {
                out.put_u8(ADD_GRANTS);
                put_grants(out, grants);
            }
            Command::RemoveGrants { grants } => {
                out.put_u8(REMOVE_GRANTS);
                put_grants(out, grants);
            }
            Command::Key(command) => command.put(out),
        }
    }

    pub(crate) fn read(read: &mut Reader) -> Result<Command> {
        Ok(match read.u8()? {
            SET_USER => {
                Command::SetUser { name: read.text()?, enabled: read.flag()?, is_admin: read.flag()?, time_ms: read.u64()? }
            }
            REMOVE_USER => Command::RemoveUser { name: read.text()? },
            SET_CREDENTIAL => {
                Command::SetCredential { name: read.text()?, credential: read_credential(read)?, time_ms: read.u64()? }
            }
            REMOVE_CREDENTIAL => {
                Command::RemoveCredential { name: read.text()?, mechanism: read_mechanism(read)?, time_ms: read.u64()? }
            }
            ADD_GRANTS => Command::AddGrants { grants: read_grants(read)? },
            REMOVE_GRANTS => Command::RemoveGrants { grants: read_grants(read)? },
            kind @ CREATE..=REVOKE => Command::Key(keys::Command::read(kind, read)?),
            _ => return Err(damaged()),
        })
    }
}
