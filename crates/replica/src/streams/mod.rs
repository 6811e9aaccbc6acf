//! A shard's streams: the machine of its partitions, the segments that it settles into, and who waits for more.
//!
//! A batch's bytes are written once on the way to the acknowledgement, as part of an entry of the journal. Apply gives it offsets
//! and notes where it lies. A settle sorts what is unsettled by partition and offset, writes it as one [segment](segments), and
//! names that segment in the shard's tree, in the same atomic step that carries what applying changed and how far it came; only then
//! is the journal trimmed. So a crash leaves either the entries or the segment, and a segment that nobody names is removed at the
//! next start.
//!
//! Merging works the same way: a merged segment is written beside the others, and the next settle names it and forgets its
//! sources. Which segments there are is each replica's own affair; what is read from them is not.

mod bells;
mod log;
mod names;
mod partitioning;
mod read;
mod resolved;
mod settle;
mod shard;
mod ship;
mod topics;

use std::sync::Arc;

use base::{Disk, NodeId, Result, ShardId};
use parking_lot::Mutex;
use segments::{Merged, PartitionKey, Store};
use stream::{Applied, Command, Entry, Machine, Options, PartitionId};
use table::Table;

pub use bells::Bell;
pub(crate) use bells::Bells;
pub(crate) use log::Log;
pub use partitioning::partition_of_key;
pub use read::{Batches, Found};
pub(crate) use resolved::ResolvedSettings;
pub(crate) use settle::{Settling, Written};
pub use shard::{Follower, Leadership, Replicas, StreamShard, Submitted};
pub use topics::{Place, Topics, check_reserved};

/// One shard's streams on this node.
pub(crate) struct Streams {
    machine: Machine,
    store: Store,
    bells: Bells,
    table: Table,
    /// Who writes segments here.
    owner: NodeId,
    /// A merge that the next settle commits.
    merged: Mutex<Option<Merged>>,
    /// How often another state took the place of what is settled here. Held while a commit is made visible: what was settled out
    /// of the state before is not shown in the one after it.
    generation: Mutex<u64>,
}

impl Streams {
    /// Reads what is settled in `table`, and opens the segments that it names in `disk`'s directory.
    ///
    /// # Errors
    /// `Corrupt` if a record or a segment is not what was written, `Unsupported` if another build wrote it.
    pub(crate) fn open(shard: ShardId, table: Table, disk: Arc<dyn Disk>, owner: NodeId) -> Result<Streams> {
        let machine = Machine::open(shard, table.clone(), Options::default())?;
        let store = Store::open(disk, names::live(&*table.settled())?)?;
        let streams = Streams {
            machine,
            store,
            bells: Bells::default(),
            table,
            owner,
            merged: Mutex::default(),
            generation: Mutex::default(),
        };
        streams.show(&streams.starts());
        Ok(streams)
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Bytes of the segments' files.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.store.stats().disk_bytes
    }

    /// Bytes that a settle would take out of journal and memory, about.
    pub(crate) fn unsettled_bytes(&self) -> u64 {
        self.machine.unsettled_bytes() + self.machine.index_memory()
    }

    pub(crate) fn apply(&self, entry: Entry, command: Command) -> Applied {
        let applied = self.machine.apply(entry, command);
        applied.moved.as_slice().iter().for_each(|id| self.bells.ring(*id));
        applied
    }

    /// Everything that waits looks again: this node leads now, or leads no more.
    pub(crate) fn ring_all(&self) {
        self.bells.ring_all();
    }

    /// Reads every segment whole, and compares it with what was written.
    ///
    /// # Errors
    /// `Corrupt` if anything is not; `Unavailable` if the disk refused; whatever `read` refuses with.
    pub(crate) fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        for meta in self.store.live() {
            match self.store.verify(meta.id, read) {
                // Merged away meanwhile.
                Err(error) if error.kind == base::Kind::NotFound && !self.store.is_live(meta.id) => {}
                outcome => drop(outcome?),
            }
        }
        Ok(())
    }
}

/// What the segments call a partition.
pub(crate) fn key(id: PartitionId) -> PartitionKey {
    PartitionKey::new(id.topic.0, id.partition)
}

#[cfg(test)]
mod tests;
