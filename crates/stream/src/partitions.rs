//! All partitions of a shard.

use rustc_hash::FxHashMap;

use crate::{
    identity::{PartitionId, TopicId},
    partition::Partition,
    slab::{Slab, Slot},
    slots::SlotSet,
};

/// The partitions that something was ever appended to.
#[derive(Default)]
pub(crate) struct Partitions {
    slab: Slab<Box<Partition>>,
    by_id: FxHashMap<PartitionId, Slot>,
    /// Those whose record in the table is not what it should be.
    pub(crate) dirty: SlotSet,
    /// Those with batches that are not settled.
    pub(crate) unsettled: SlotSet,
}

impl Partitions {
    pub(crate) fn find(&self, id: PartitionId) -> Option<Slot> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn get(&self, id: PartitionId) -> Option<&Partition> {
        self.find(id).map(|slot| self.at(slot))
    }

    pub(crate) fn at(&self, slot: Slot) -> &Partition {
        self.slab.at(slot)
    }

    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut Partition {
        self.slab.at_mut(slot)
    }

    /// Adds one that is not there yet.
    pub(crate) fn insert(&mut self, partition: Partition) -> Slot {
        let id = partition.id;
        let slot = self.slab.insert(Box::new(partition));
        self.by_id.insert(id, slot);
        slot
    }

    /// Takes one out whose producers are gone already.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Box<Partition>> {
        self.dirty.remove(slot);
        self.unsettled.remove(slot);
        let partition = self.slab.remove(slot)?;
        self.by_id.remove(&partition.id);
        Some(partition)
    }

    /// The partitions of a topic, in any order.
    pub(crate) fn of_topic(&self, topic: TopicId) -> Vec<PartitionId> {
        self.by_id.keys().filter(|id| id.topic == topic).copied().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Partition> {
        self.slab.iter().map(|partition| &**partition)
    }
}
