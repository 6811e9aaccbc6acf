//! All producers of a shard, in the order in which they were last heard of.

use rustc_hash::FxHashMap;

use crate::{
    links::List,
    partitions::Partitions,
    producer::Producer,
    slab::{Slab, Slot},
    slots::SlotSet,
};

/// The producers that are remembered, one for each partition that one writes to.
#[derive(Default)]
pub(crate) struct Producers {
    slab: Slab<Producer>,
    /// By the partition's slot and the producer's id.
    by_name: FxHashMap<(Slot, i64), Slot>,
    ages: List,
    /// Those whose record in the table is not what it should be.
    pub(crate) dirty: SlotSet,
}

impl Producers {
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    pub(crate) fn find(&self, partition: Slot, id: i64) -> Option<Slot> {
        self.by_name.get(&(partition, id)).copied()
    }

    pub(crate) fn at(&self, slot: Slot) -> &Producer {
        self.slab.at(slot)
    }

    /// For changing what is written of it; not who it is.
    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut Producer {
        self.slab.at_mut(slot)
    }

    /// Adds one as the one last heard of. It is not there yet.
    pub(crate) fn insert(&mut self, partitions: &mut Partitions, producer: Producer) -> Slot {
        let (partition, id) = (producer.partition, producer.id);
        let slot = self.slab.insert(producer);
        self.by_name.insert((partition, id), slot);
        self.ages.push(&mut self.slab, slot, |producer| &mut producer.age);
        partitions.at_mut(partition).producers.push(&mut self.slab, slot, |producer| &mut producer.home);
        slot
    }

    /// It was heard of just now.
    pub(crate) fn touch(&mut self, slot: Slot) {
        self.ages.remove(&mut self.slab, slot, |producer| &mut producer.age);
        self.ages.push(&mut self.slab, slot, |producer| &mut producer.age);
    }

    /// The one that was idle longest.
    pub(crate) fn oldest(&self) -> Option<(Slot, &Producer)> {
        self.ages.first().map(|slot| (slot, self.slab.at(slot)))
    }

    pub(crate) fn remove(&mut self, partitions: &mut Partitions, slot: Slot) -> Producer {
        let home = self.slab.at(slot).partition;
        partitions.at_mut(home).producers.remove(&mut self.slab, slot, |producer| &mut producer.home);
        self.ages.remove(&mut self.slab, slot, |producer| &mut producer.age);
        self.dirty.remove(slot);
        let producer = self.slab.remove(slot).expect("it was there a moment ago");
        self.by_name.remove(&(home, producer.id));
        producer
    }

    pub(crate) fn of<'a>(&'a self, list: &List) -> impl Iterator<Item = &'a Producer> {
        list.iter(&self.slab, |producer| producer.home)
    }
}
