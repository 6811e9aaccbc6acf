//! What watchers are told.

use crate::request::KeyValue;

/// A point in a key space's history: the revision, and the place within its transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The store's revision.
    pub main: i64,
    /// 0 for the first change of the transaction.
    pub sub: i64,
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Created or changed.
    Put,
    /// Deleted.
    Delete,
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The state after; for a deletion only `key` and `mod_revision` are set.
    pub kv: KeyValue,
    /// Where the state before is stored, if there was one: resolve with the key space's reader when a watcher wants it.
    pub prev: Option<Revision>,
    /// The state before, when memory had it at apply.
    pub prev_kv: Option<KeyValue>,
    /// A put that kept a value which memory did not have at apply, so that `kv.value` is empty here although the key's is not:
    /// read it with the key space's `previous` at `kv.mod_revision`, or take the event from `history`.
    pub is_value_cold: bool,
}

/// All changes of one revision, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The revision.
    pub revision: i64,
    /// Not empty.
    pub events: Vec<Event>,
}
