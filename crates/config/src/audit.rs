//! Records of the audit trail: the leaves of its Merkle tree.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    error::damaged,
    fields::{Reader, VERSION, flags, put_short},
    merkle::leaf_hash,
    request::{Context, Who},
    value::{Hash, ValueType},
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A key that was not there was written.
    ConfigCreated,
    /// A key that was there was written.
    ConfigUpdated,
    /// A key was deleted.
    ConfigDeleted,
    /// A namespace was created, by itself or with its first key.
    NamespaceCreated,
    /// A namespace's description, owner or settings were written.
    NamespaceUpdated,
    /// A namespace was deleted with all its keys.
    NamespaceDeleted,
    /// Nothing: an attempt was refused.
    Refused,
}

impl Action {
    /// All of them, in the order of their numbers in the formats, which begin with 1.
    pub const ALL: [Action; 7] = [
        Action::ConfigCreated,
        Action::ConfigUpdated,
        Action::ConfigDeleted,
        Action::NamespaceCreated,
        Action::NamespaceUpdated,
        Action::NamespaceDeleted,
        Action::Refused,
    ];

    /// As the HTTP door says it.
    pub fn name(self) -> &'static str {
        match self {
            Action::ConfigCreated => "config.created",
            Action::ConfigUpdated => "config.updated",
            Action::ConfigDeleted => "config.deleted",
            Action::NamespaceCreated => "namespace.created",
            Action::NamespaceUpdated => "namespace.updated",
            Action::NamespaceDeleted => "namespace.deleted",
            Action::Refused => "access.refused",
        }
    }

    /// The action with this name.
    pub fn named(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Action::ConfigCreated => 1,
            Action::ConfigUpdated => 2,
            Action::ConfigDeleted => 3,
            Action::NamespaceCreated => 4,
            Action::NamespaceUpdated => 5,
            Action::NamespaceDeleted => 6,
            Action::Refused => 7,
        }
    }

    pub(crate) fn numbered(number: u8) -> Option<Action> {
        Action::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// A namespace from one creation to its deletion: the number of its path, and how often it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceId {
    /// Given to the path when it is first used, and never to another. 0: the path was never used.
    pub path: u64,
    /// 1 for the first namespace of the path.
    pub generation: u32,
}

/// One record. `T` is the texts' owner: `String` where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<T = String> {
    /// The number of the change: 1 for the first one. The record is leaf `position - 1` of the tree.
    pub position: u64,
    /// The position of the first change of the transaction or import that it belongs to.
    pub first: u64,
    /// Whether it is the last one of those.
    pub closes: bool,
    /// When, in ms; never less than that of the record before.
    pub time_ms: u64,
    /// What.
    pub action: Action,
    /// What was attempted, if it was refused.
    pub attempted: Option<Action>,
    /// The principal, the id of its key and its address.
    pub who: [T; 3],
    /// The request's id.
    pub request_id: T,
    /// Why.
    pub comment: T,
    /// The namespace's path; empty for a refusal that was nowhere in particular.
    pub namespace: T,
    /// The namespace.
    pub namespace_id: NamespaceId,
    /// The key, if it is about one.
    pub key: Option<T>,
    /// The version of the key (or namespace) that it made; 0: none.
    pub version: u64,
    /// The version that it replaced; 0: none that was there.
    pub replaced: u64,
    /// The version whose value was written again, for a rollback; 0 otherwise.
    pub restored: u64,
    /// The import that it belongs to; 0: none.
    pub import: u64,
    /// Keys that went with a namespace that was deleted.
    pub keys: u64,
    /// Of the value written.
    pub value_type: ValueType,
    /// Bytes of the value written.
    pub bytes: u64,
    /// SHA-256 of the value (of a namespace: of its encoded state) before; `None`: it was not there.
    pub before: Option<Hash>,
    /// The same after.
    pub after: Option<Hash>,
    /// Whether the versions' values may be shown with it.
    pub shows_values: bool,
}

impl<T: AsRef<str>> Record<T> {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        let is_there = |hash: &Option<Hash>| hash.is_some();
        out.put_u8(flags(&[self.closes, self.key.is_some(), is_there(&self.before), is_there(&self.after), self.shows_values]));
        out.put_u8(self.action.number());
        out.put_u8(self.attempted.map_or(0, Action::number));
        out.put_u8(self.value_type.number());
        let numbers = [self.position, self.first, self.time_ms, self.namespace_id.path];
        numbers.iter().for_each(|number| out.put_u64_le(*number));
        out.put_u32_le(self.namespace_id.generation);
        let numbers = [self.version, self.replaced, self.restored, self.import, self.keys, self.bytes];
        numbers.iter().for_each(|number| out.put_u64_le(*number));
        [self.before, self.after].iter().flatten().for_each(|hash| out.put_slice(hash));
        put_short(self.namespace.as_ref(), out);
        self.key.iter().for_each(|key| put_short(key.as_ref(), out));
        self.who.iter().for_each(|text| put_short(text.as_ref(), out));
        put_short(self.request_id.as_ref(), out);
        put_short(self.comment.as_ref(), out);
    }
}

impl Record {
    /// Reads a record as it is stored, which is as it is hashed.
    ///
    /// # Errors
    /// `Unsupported` for a version of another build, `Corrupt` for bytes that no encoder wrote.
    pub fn decode(data: Bytes) -> Result<Record> {
        let mut reader = Reader::new(data, "a record of the audit trail")?;
        let [closes, has_key, has_before, has_after, shows_values] = reader.flags()?;
        let unknown = || damaged("a record of the audit trail has an unknown action");
        let action = Action::numbered(reader.u8()?).ok_or_else(unknown)?;
        let attempted = match reader.u8()? {
            0 => None,
            number => Some(Action::numbered(number).ok_or_else(unknown)?),
        };
        let value_type = reader.value_type()?;
        let [position, first, time_ms, path] = [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
        let namespace_id = NamespaceId { path, generation: reader.u32()? };
        let [version, replaced, restored] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let [import, keys, bytes] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let before = if has_before { Some(reader.hash()?) } else { None };
        let after = if has_after { Some(reader.hash()?) } else { None };
        let namespace = reader.short()?;
        let key = if has_key { Some(reader.short()?) } else { None };
        let who = [reader.short()?, reader.short()?, reader.short()?];
        let (request_id, comment) = (reader.short()?, reader.short()?);
        reader.end(Record {
            position,
            first,
            closes,
            time_ms,
            action,
            attempted,
            who,
            request_id,
            comment,
            namespace,
            namespace_id,
            key,
            version,
            replaced,
            restored,
            import,
            keys,
            value_type,
            bytes,
            before,
            after,
            shows_values,
        })
    }

    /// The bytes that are hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Its leaf in the tree.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// Who and why.
    pub fn context(&self) -> Context {
        let [principal, key_id, address] = self.who.clone();
        let who = Who { principal, key_id, address };
        Context { who, request_id: self.request_id.clone(), comment: self.comment.clone() }
    }

    /// Whether it changed anything.
    pub fn is_change(&self) -> bool {
        self.action != Action::Refused
    }
}
