//! The node's one write-ahead log: every shard on the node appends to it, and one write and one `fdatasync` serve all that waits.
//!
//! [`Journal`] is the handle that everyone shares: [`Journal::submit`] puts a [`Record`] into the one ordered queue, memory knows
//! it at once, and its [`Done`] is called when it is durable. [`Writer`] is the half that one thread runs: it takes everything
//! that waits, puts it behind one header into one block-aligned write, syncs, and only then answers. Votes, truncations, purges
//! and entries go through the same queue, so their order on disk is the order in which they were asked for.
//!
//! On disk there are segment files, made of zeros once and used again under a new number. A record's CRC covers whose journal it
//! is, its segment and its offset, so a stale, moved or foreign block never passes; every write carries its number and the CRC of
//! the one before, so none can be missing in the middle. The first write of a segment repeats what is known of every shard, so
//! that an idle shard holds on to nothing.
//!
//! Opening recovers: it follows the chain of writes, cuts a last write that was torn, and refuses when damage lies before anything
//! that is valid, since cutting there would lose what was acknowledged. A failed write or sync is final: everyone gets the error
//! and the process is to end. `docs/formats/journal.md` has the bytes and the table of cases; [`inspect`] reads a journal without
//! changing it.

pub mod bugs;
mod encode;
pub mod format;
pub mod fuzz;
pub mod inspect;
mod journal;
pub mod limits;
mod pace;
mod recovery;
mod segment;
mod state;
mod walk;
mod writer;

use std::io;

use base::{EntryId, ShardId};
use bytes::Bytes;

pub use journal::{Journal, Pulse};
pub use pace::Pace;
pub use segment::{segment_name, segment_number};
pub use writer::Writer;

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

/// How full the file system under the journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceState {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Whether the share in use has reached the alarm.
    pub alarm: bool,
    /// Whether the reserve file is there to be released.
    pub reserve: bool,
}
