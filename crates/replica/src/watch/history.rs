//! What a watcher that fell behind the ring reads.

use base::Result;
use bytes::Bytes;
use kv::{
    Revision,
    event::Changes,
    request::{KeyValue, Span},
};

/// A key space's past. Its reads may wait for the disk.
pub trait History: Send + Sync + 'static {
    /// The current revision.
    fn revision(&self) -> i64;

    /// The compaction mark; 0 when never compacted.
    fn compact_revision(&self) -> i64;

    /// The changes of `[from, to]` in `span`, whole revisions, oldest first, about `bytes_max` of them but at least one revision
    /// if any; with the revision up to which the answer is complete.
    ///
    /// # Errors
    /// `OutOfRange` when `from` is compacted.
    fn history(&self, from: i64, to: i64, span: &Span, bytes_max: usize) -> Result<(Vec<Changes>, i64)>;

    /// The state of `key` as of `revision`; `None` if it did not exist or is compacted.
    ///
    /// # Errors
    /// When the disk does not give what was stored.
    fn previous(&self, key: &Bytes, revision: Revision) -> Result<Option<KeyValue>>;
}

impl History for kv::Machine {
    fn revision(&self) -> i64 {
        kv::Machine::revision(self)
    }

    fn compact_revision(&self) -> i64 {
        kv::Machine::compact_revision(self)
    }

    fn history(&self, from: i64, to: i64, span: &Span, bytes_max: usize) -> Result<(Vec<Changes>, i64)> {
        kv::Machine::history(self, from, to, span, bytes_max)
    }

    fn previous(&self, key: &Bytes, revision: Revision) -> Result<Option<KeyValue>> {
        kv::Machine::previous(self, key, revision)
    }
}
