//! The machine of one key space.
//!
//! Every current key's metadata lies in memory, in key order; values and superseded versions lie in the shard's [`Table`].
//! `apply` is called by one task in log order and reads no disk; reads run beside it.

use std::sync::Arc;

use base::{KeyspaceId, Result};
use bytes::Bytes;
use table::{Change, Table};

use crate::{
    command::{Command, Entry, Reply},
    event::{Changes, Revision},
    request::{KeyValue, RangeReply, RangeRequest, Span, Txn},
};

/// Budgets of one key space.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of settled values kept in memory.
    pub cache_bytes: u64,
}

/// Whether a read may wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cold {
    /// It may: call it where blocking is allowed.
    Allow,
    /// It may not: `None` is answered when memory does not have everything.
    Refuse,
}

/// What apply says of one command.
pub struct Applied {
    /// The answer, perhaps with values still to be read; or the error that a client gets (texts are etcd's).
    pub reply: Result<Owed>,
    /// What changed, for watchers: at most one revision, except for an expiry of several leases.
    pub changes: Vec<Changes>,
    /// The key space's revision after the command: the one that the answer's header carries.
    pub revision: i64,
}

/// An answer that may still owe values, which are read after apply under a pinned revision.
pub struct Owed {
    _reply: Reply,
}

/// A lease as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseInfo {
    /// The lease.
    pub id: i64,
    /// Seconds granted.
    pub ttl: i64,
    /// Seconds remaining at the last checkpoint, or `ttl`.
    pub remaining: i64,
    /// Keys attached, ascending.
    pub keys: Vec<Bytes>,
}

/// One key space. Cheap to clone; all clones are one machine.
#[derive(Clone)]
pub struct Machine {
    _inner: Arc<()>,
}

impl Machine {
    /// Loads what is settled in `table` (a scan of the current keys' metadata, not of values or history).
    pub fn open(_id: KeyspaceId, _table: Table, _options: Options) -> Result<Machine> {
        todo!()
    }

    /// Applies one command. Called in log order by one task. Reads no disk, no clock, no randomness.
    pub fn apply(&self, _entry: Entry, _command: Command) -> Applied {
        todo!()
    }

    /// The current revision (1 when empty).
    pub fn revision(&self) -> i64 {
        todo!()
    }

    /// The compaction mark (0 when never compacted).
    pub fn compact_revision(&self) -> i64 {
        todo!()
    }

    /// A read at the latest or at an old revision, with the revision that its header carries. Consistent at one revision
    /// however large, without holding up apply for long. `None`: see [`Cold::Refuse`].
    pub fn range(&self, _request: &RangeRequest, _cold: Cold) -> Option<Result<(RangeReply, i64)>> {
        todo!()
    }

    /// The same in chunks for a stream: calls `chunk` with parts whose concatenation is the answer, each about `chunk_bytes`;
    /// only the last part has `more` and `count` set. Stops when `chunk` answers `false`.
    pub fn range_chunks(&self, _request: &RangeRequest, _chunk_bytes: usize, _chunk: &mut dyn FnMut(RangeReply, i64) -> bool) -> Result<()> {
        todo!()
    }

    /// Reads what an answer owes. `Err(owed)`: it needs the disk and `cold` refuses it.
    pub fn resolve(&self, _owed: Owed, _cold: Cold) -> std::result::Result<Result<Reply>, Owed> {
        todo!()
    }

    /// Fills in the witnesses of all VALUE compares of `txn`, nested ones too. `None`: see [`Cold::Refuse`].
    pub fn witness(&self, _txn: &mut Txn, _cold: Cold) -> Option<Result<()>> {
        todo!()
    }

    /// Whether an answer says that a witness no longer held, so that the transaction has to be proposed again.
    pub fn is_stale_witness(_owed: &Owed) -> bool {
        todo!()
    }

    /// The changes of `[from, to]` in `span`, whole revisions, oldest first, about `bytes_max` of them but at least one revision
    /// if any; with the revision up to which the answer is complete. Blocking. Compacted: error `OutOfRange`.
    pub fn history(&self, _from: i64, _to: i64, _span: &Span, _bytes_max: usize) -> Result<(Vec<Changes>, i64)> {
        todo!()
    }

    /// The state of `key` as of `revision` (for `prev_kv`); `None` if it did not exist or is compacted. Blocking.
    pub fn previous(&self, _key: &Bytes, _revision: Revision) -> Result<Option<KeyValue>> {
        todo!()
    }

    /// All lease ids, ascending.
    pub fn leases(&self) -> Vec<i64> {
        todo!()
    }

    /// One lease.
    pub fn lease(&self, _id: i64) -> Option<LeaseInfo> {
        todo!()
    }

    /// Alarms raised: `(member, alarm)`.
    pub fn alarms(&self) -> Vec<(u64, i32)> {
        todo!()
    }

    /// etcd's HashKV: a digest of all versions kept up to `revision` (0: the latest), whatever the layout on disk, with
    /// the revision hashed at and the compaction mark. Blocking.
    pub fn hash_kv(&self, _revision: i64) -> Result<(u32, i64, i64)> {
        todo!()
    }

    /// Keys and their values' bytes as clients see them, for `dbSizeInUse` and metrics.
    pub fn size(&self) -> (u64, u64) {
        todo!()
    }

    /// Called by the settle, between sealing and settling, where blocking is allowed: one slice (about `bytes_max`) of work
    /// that reclaims what compaction made unreachable: changes and ranges to drop that join this settle.
    pub fn reclaim(&self, _bytes_max: usize) -> Result<(Vec<Change>, Vec<(Bytes, Bytes)>)> {
        todo!()
    }

    /// Called after the settle that carried [`Machine::reclaim`]'s answer is durable.
    pub fn reclaimed(&self) {
        todo!()
    }

    /// Whether compaction left something to reclaim, so that a settle is worth doing although little is unsettled.
    pub fn wants_reclaim(&self) -> bool {
        todo!()
    }
}
