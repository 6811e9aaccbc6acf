//! The node's one write-ahead log: every shard on the node appends to it, and one write and one `fdatasync` serve all that waits.

use std::{io, sync::Arc};

use base::{Disk, EntryId, Result, ShardId};
use bytes::Bytes;

/// One Raft entry as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Term and index.
    pub id: EntryId,
    /// Opaque to the journal.
    pub payload: Bytes,
}

/// One record of the ordered queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Entries, contiguous with what the shard holds.
    Append(ShardId, Vec<Entry>),
    /// Entries after this one are no longer part of the shard's log (`None`: all).
    Truncate(ShardId, Option<EntryId>),
    /// Entries up to and with this one are held by the settled state.
    Purge(ShardId, EntryId),
    /// The shard's vote, opaque.
    Vote(ShardId, Bytes),
    /// The shard's committed entry, a hint: clamped to what is flushed.
    Committed(ShardId, EntryId),
}

/// Called once, from the writer's thread, when the record is durable or can never be.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// What the journal knows of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardState {
    /// The last vote that was submitted.
    pub vote: Option<Bytes>,
    /// The last committed entry that was submitted, never beyond `flushed`.
    pub committed: Option<EntryId>,
    /// The last entry that was purged.
    pub purged: Option<EntryId>,
    /// The last entry (purged or not), flushed or not.
    pub last: Option<EntryId>,
    /// The last entry known durable.
    pub flushed: Option<EntryId>,
}

/// Sizes of a journal.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of one segment file.
    pub segment_bytes: u64,
    /// Bytes of recent entries kept in memory for reading, over all shards.
    pub tail_bytes: usize,
    /// Greatest number of bytes of one write, unless one record alone is larger.
    pub write_bytes_max: usize,
    /// Size of the reserve file that is freed when the disk is full.
    pub reserve_bytes: u64,
}

/// The shared handle of the journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    _inner: Arc<()>,
}

/// The writing half, for one thread (or one task of the simulator).
pub struct Writer {
    _inner: Arc<()>,
}

impl Journal {
    /// Opens and recovers. `Corrupt` with a message that says what to do when a damaged middle is found.
    pub fn open(_disk: Arc<dyn Disk>, _options: Options) -> Result<(Journal, Writer)> {
        todo!()
    }

    /// Queues one record; order of calls is order on disk. Reads see it at once. `done` is called when it is durable.
    pub fn submit(&self, _record: Record, _done: Option<Done>) {
        todo!()
    }

    /// Entries of `[from, to)` that the shard holds, ascending, at most `bytes_max` of payload but at least one if there is any.
    pub fn read(&self, _shard: ShardId, _from: u64, _to: u64, _bytes_max: usize) -> io::Result<Vec<Entry>> {
        todo!()
    }

    /// The id of the entry at `index`, without its payload.
    pub fn entry_id(&self, _shard: ShardId, _index: u64) -> Option<EntryId> {
        todo!()
    }

    /// What is known of a shard.
    pub fn state(&self, _shard: ShardId) -> ShardState {
        todo!()
    }

    /// Shards that have any record here.
    pub fn shards(&self) -> Vec<ShardId> {
        todo!()
    }

    /// The shard whose oldest entry pins the oldest segment, and how many bytes the journal occupies in all.
    pub fn pressure(&self) -> (Option<ShardId>, u64) {
        todo!()
    }

    /// Ends the writer after everything queued is durable and a closing record is written.
    pub fn close(&self) {
        todo!()
    }
}

impl Writer {
    /// Runs until [`Journal::close`], waiting for records. An error means that a write or a sync failed: end the process.
    pub fn run(self) -> io::Result<()> {
        todo!()
    }

    /// For the simulator: writes what waits, without syncing. `false` if nothing waited (an idle journal then may write its closing record).
    pub fn write(&mut self) -> io::Result<bool> {
        todo!()
    }

    /// For the simulator: syncs what was written and calls the `Done`s.
    pub fn sync(&mut self) -> io::Result<()> {
        todo!()
    }
}
