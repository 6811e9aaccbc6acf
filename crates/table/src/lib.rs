//! Overlay and settled tree behind one small interface.
//!
//! A [`Table`] is the state of one shard: what changed since the last settle lies in memory (the overlay), the rest in an
//! ordered tree on disk. Machines `put` and `delete` while they apply an entry and never touch the disk; in the background
//! a settle moves the overlay into the tree in one atomic, synced step, together with the id of the last entry it holds.

use std::sync::Arc;

use base::{EntryId, Result};
use bytes::Bytes;

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

    /// One bounded step of merging in the background; `false` when there is nothing to do.
    fn maintain(&self) -> Result<bool>;

    /// Replaces everything by `pairs` (ascending) and `mark`: all of it or nothing.
    fn replace(&self, pairs: &mut dyn Iterator<Item = Result<Pair>>, mark: &Mark) -> Result<()>;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;
}

/// A moment of a tree.
pub trait Snapshot: Send + Sync {
    /// How far it is settled.
    fn mark(&self) -> &Mark;

    /// The value of `key`. Damage is an error of kind `Corrupt`, never a wrong value.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// The pairs of `[from, to)` in the direction asked for. Lazy: reads as it is pulled.
    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_>;
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

/// One shard's state: overlay over tree. Cheap to clone; all clones are one table.
#[derive(Clone)]
pub struct Table {
    _inner: Arc<()>,
}

/// An overlay taken out for settling; reads still see it until [`Table::settle`] is done.
pub struct Sealed {
    _changes: Arc<()>,
}

impl Table {
    /// A table over `tree` with an empty overlay.
    pub fn new(_tree: Arc<dyn Tree>) -> Self {
        todo!()
    }

    /// Changes one key in the overlay. Memory only.
    pub fn put(&self, _key: Bytes, _value: Bytes) {
        todo!()
    }

    /// Deletes one key in the overlay (a deletion that the settle carries to the tree). Memory only.
    pub fn delete(&self, _key: Bytes) {
        todo!()
    }

    /// The value of `key`: overlay, sealed overlay, tree.
    pub fn get(&self, _key: &[u8]) -> Result<Option<Bytes>> {
        todo!()
    }

    /// The value of `key` if memory knows it: the overlays.
    pub fn get_warm(&self, _key: &[u8]) -> Warm {
        todo!()
    }

    /// The pairs of `[from, to)`: the overlays as they are at this call, merged with a snapshot of the tree of the same moment.
    pub fn range(&self, _from: Bytes, _to: Bytes, _direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send> {
        todo!()
    }

    /// Bytes (keys and values) in the overlays.
    pub fn unsettled_bytes(&self) -> u64 {
        todo!()
    }

    /// Takes the active overlay out for settling; must be called between two applies, with the mark of the last one.
    /// `None` while another sealed overlay is not settled yet.
    pub fn seal(&self, _mark: Mark) -> Option<Sealed> {
        todo!()
    }

    /// Settles what was sealed, plus `extra` changes that win over it (ascending), and drops ranges. Blocking: run it beside
    /// the data path. On an error the sealed overlay stays readable and the process is expected to end.
    pub fn settle(&self, _sealed: Sealed, _extra: Vec<Change>, _dropped: &[(Bytes, Bytes)]) -> Result<()> {
        todo!()
    }

    /// The settled tree, for snapshots and maintenance.
    pub fn tree(&self) -> &Arc<dyn Tree> {
        todo!()
    }
}
