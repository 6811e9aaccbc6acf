//! Overlay and settled tree behind one small interface.
//!
//! A [`Table`] is the state of one shard: what changed since the last settle lies in memory (the overlay), the rest in an
//! ordered tree on disk. Machines `put` and `delete` while they apply an entry and never touch the disk; in the background
//! a settle moves the overlay into the tree in one atomic, synced step, together with the id of the last entry it holds.

mod leaves;
mod limits;
mod lsm;
mod memory;
mod overlaid;
mod overlay;
mod stage;

use std::sync::Arc;

use base::{EntryId, Result};
use bytes::Bytes;

pub use limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
pub use lsm::{LsmTree, Pace, TreeOptions};
pub use memory::{Interrupted, MemoryTree};
pub use overlaid::{Sealed, Table};
pub use stage::{Stage, Staged};

/// Which way a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Forward,
    /// Greatest key first.
    Backward,
}

/// One change of a settle: a key, and its new value, or `None` to delete it.
pub type Change = (Bytes, Option<Bytes>);

/// One key and its value.
pub type Pair = (Bytes, Bytes);

/// How far a tree is settled: the last entry it holds, and what the replica keeps with it (the membership, opaque here).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The last entry whose changes are settled; `None` before the first.
    pub applied: Option<EntryId>,
    /// Opaque to the table: the replica's membership record.
    pub membership: Bytes,
}

/// The settled, ordered tree. One writer, many readers.
pub trait Tree: Send + Sync + 'static {
    /// The tree as it is now; later settles do not change what the snapshot reads.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Applies `changes` (strictly ascending keys), then hides every key of the `dropped` ranges `[from, to)`, and stores
    /// `mark`: all of it or nothing, durable when it returns. Space of dropped ranges is given back without rewriting
    /// what lies beside them.
    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()>;

    /// One bounded step of merging in the background; `false` when there is nothing to do. A step writes before it removes:
    /// it takes a quarter of `room_bytes` at most.
    fn maintain(&self, room_bytes: u64) -> Result<bool>;

    /// Begins to stage a state that is to replace the tree. Several may be under way; none disturbs settling and merging.
    fn stage(&self) -> Result<Box<dyn Stage>>;

    /// Makes what was staged here the tree: all of it or nothing, durable when it returns. Snapshots taken before go on
    /// reading the old state. Of a table that stands over the tree, [`Table::replace`] is what to call.
    ///
    /// # Errors
    /// `Invalid` if it was staged in another tree; `Unavailable` if the disk refused.
    fn replace(&self, staged: Staged) -> Result<()>;

    /// Replaces everything by `pairs` (ascending) and `mark` in one go: all of it or nothing.
    fn replace_by(&self, pairs: &mut dyn Iterator<Item = Result<Pair>>, mark: &Mark) -> Result<()> {
        let mut stage = self.stage()?;
        for pair in pairs {
            stage.push(pair?)?;
        }
        self.replace(stage.finish(mark.clone())?)
    }

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;

    /// Reads all that is on disk, and tells `read` of each piece, which may make it rest.
    ///
    /// # Errors
    /// `Corrupt` if anything is not what was written; `Unavailable` if the disk refused; whatever `read` refuses with.
    fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()>;
}

/// A moment of a tree.
pub trait Snapshot: Send + Sync {
    /// How far it is settled.
    fn mark(&self) -> &Mark;

    /// The value of `key`. Damage is an error of kind `Corrupt`, never a wrong value.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// The pairs of `[from, to)` in the direction asked for. Lazy: reads as it is pulled, and ends after an error.
    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_>;

    /// The same as an iterator that holds what it needs of the moment by itself, where there is a cheaper way than asking for
    /// range after range.
    fn detached_range(
        &self,
        _from: Bytes,
        _to: Bytes,
        _direction: Direction,
    ) -> Option<Box<dyn Iterator<Item = Result<Pair>> + Send>> {
        None
    }
}

/// Answer of a read that may not touch the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warm {
    /// In memory.
    Found(Bytes),
    /// Known not to exist.
    Absent,
    /// Only the disk knows.
    Cold,
}
