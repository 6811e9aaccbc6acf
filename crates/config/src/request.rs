//! What is asked of a configuration store.

use crate::{
    audit::Action,
    value::{Value, ValueType},
};

/// Who asks. It goes into the audit trail as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The principal's name; at most 256 bytes.
    pub principal: String,
    /// The id of the API key or certificate that it showed, if any; at most 128 bytes.
    pub key_id: String,
    /// The address it came from; at most 128 bytes.
    pub address: String,
}

/// What a write goes along with: who, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who asks.
    pub who: Who,
    /// The request's id, for finding it in logs; at most 128 bytes.
    pub request_id: String,
    /// Why; at most 1,024 bytes.
    pub comment: String,
}

/// What must hold of a key or a namespace. One that was deleted is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Any,
    /// It is not there: create only.
    Absent,
    /// It is there.
    Present,
    /// It is at this version; 0: it is not there.
    Version(u64),
    /// Its last change was at this position (its ETag); 0: it is not there.
    Position(u64),
}

/// Something that must hold before anything is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where.
    pub namespace: String,
    /// Of which key; `None`: of the namespace itself.
    pub key: Option<String>,
    /// What.
    pub expect: Expect,
}

/// How much of the past a namespace keeps, and what the audit trail may show of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Versions kept of each key, the current one included: 1 to 10,000.
    pub versions_kept: u32,
    /// How long a version is kept after another one replaced it, in ms; 0: for good.
    pub version_age_ms: u64,
    /// Whether the audit trail shows values, and not only their hashes.
    pub audits_values: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { versions_kept: crate::limits::VERSIONS_KEPT, version_age_ms: 0, audits_values: true }
    }
}

/// One change that is asked for. What it expects is looked at before any change of its transaction is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Writes a key: a new version of it.
    Put(Put),
    /// Deletes a key that is there: a version too.
    Delete {
        /// Where.
        namespace: String,
        /// Which.
        key: String,
        /// What must hold of it.
        expect: Expect,
    },
    /// Creates a namespace or changes it.
    PutNamespace {
        /// Which.
        namespace: String,
        /// At most 1,024 bytes; `None`: as it is.
        description: Option<String>,
        /// At most 256 bytes; `None`: as it is.
        owner: Option<String>,
        /// `None`: as they are.
        settings: Option<Settings>,
        /// What must hold of it.
        expect: Expect,
    },
    /// Deletes a namespace that is there, its keys and their versions.
    DeleteNamespace {
        /// Which.
        namespace: String,
        /// What must hold of it.
        expect: Expect,
    },
}

/// A key's new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Where.
    pub namespace: String,
    /// Which.
    pub key: String,
    /// Of the value.
    pub value_type: ValueType,
    /// What.
    pub value: Value,
    /// What must hold of the key.
    pub expect: Expect,
    /// Whether a namespace that is not there is created, rather than the write refused.
    pub creates_namespace: bool,
    /// The version whose value this is again, for a rollback; 0 otherwise.
    pub restores: u64,
}

impl Operation {
    /// The namespace that it is about.
    pub fn namespace(&self) -> &str {
        match self {
            Operation::Put(put) => &put.namespace,
            Operation::Delete { namespace, .. }
            | Operation::PutNamespace { namespace, .. }
            | Operation::DeleteNamespace { namespace, .. } => namespace,
        }
    }

    /// The key that it is about.
    pub fn key(&self) -> Option<&str> {
        match self {
            Operation::Put(put) => Some(&put.key),
            Operation::Delete { key, .. } => Some(key),
            Operation::PutNamespace { .. } | Operation::DeleteNamespace { .. } => None,
        }
    }
}

/// Changes that are made together or not at all. It is as large as an entry may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Who and why.
    pub context: Context,
    /// A request that comes again under one such key of the same principal is answered as it was the first time; at most 128
    /// bytes, empty: none.
    pub idempotency_key: String,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Not empty; each key, and each namespace itself, at most once.
    pub operations: Vec<Operation>,
}

/// An attempt that was refused, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who and, in the comment, why it was refused.
    pub context: Context,
    /// What was attempted.
    pub attempted: Action,
    /// Where; empty: nowhere in particular.
    pub namespace: String,
    /// Of which key.
    pub key: Option<String>,
}
