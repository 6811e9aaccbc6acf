//! What a shard's machine holds in memory.

use bytes::Bytes;
use table::Table;

use crate::{
    digest::{feed, quietly},
    fields::put_partition,
    groups::Groups,
    identity::PartitionId,
    index::Freed,
    partitions::Partitions,
    producers::Producers,
    record::{partition_key, producer_key},
    slab::Slot,
};

/// The state of a shard from one reading of its table to the next.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) partitions: Partitions,
    pub(crate) producers: Producers,
    /// Producers that were forgotten and have a record in the table still; at most as many as there are records.
    pub(crate) gone: Vec<(PartitionId, i64)>,
    pub(crate) groups: Groups,
    /// Producer ids that were given out.
    pub(crate) allocated: u64,
    /// Bytes of batches that are not settled.
    pub(crate) unsettled_bytes: u64,
    /// Bytes that the index of them takes.
    pub(crate) index_memory: u64,
    /// How often the state was read anew: what began before has no meaning here.
    pub(crate) reading: u64,
}

impl State {
    pub(crate) fn freed(&mut self, freed: Freed) {
        self.unsettled_bytes -= freed.bytes;
        self.index_memory -= freed.memory;
    }

    /// Forgets a producer: the same one on every replica, whether its record was settled or not.
    pub(crate) fn forget_producer(&mut self, table: &Table, slot: Slot) {
        let producer = self.producers.remove(&mut self.partitions, slot);
        let partition = self.partitions.at(producer.partition).id;
        let mut what = Vec::with_capacity(28);
        put_partition(partition, &mut what);
        feed(table, &what, &producer.id.to_le_bytes());
        self.gone.extend(producer.is_stored.then_some((partition, producer.id)));
    }

    /// Puts records that changed into the table, at most `count`, without feeding the digest. Answers how many are left.
    pub(crate) fn flush(&mut self, table: &Table, count: usize) -> usize {
        // Before what is put: it may have come back.
        let gone = self.gone.split_off(self.gone.len().saturating_sub(count));
        let count = count - gone.len();
        let partitions = self.partitions.dirty.take(count);
        let producers = self.producers.dirty.take(count - partitions.len());
        quietly(table, |table| {
            gone.into_iter().for_each(|(partition, id)| table.delete(producer_key(partition, id)));
            let mut record = Vec::new();
            for slot in partitions {
                let partition = self.partitions.at(slot);
                record.clear();
                partition.encode(&mut record);
                table.put(partition_key(partition.id), Bytes::copy_from_slice(&record));
            }
            for slot in producers {
                let producer = self.producers.at_mut(slot);
                record.clear();
                producer.encode(&mut record);
                producer.is_stored = true;
                let partition = self.partitions.at(producer.partition).id;
                table.put(producer_key(partition, producer.id), Bytes::copy_from_slice(&record));
            }
        });
        self.gone.len() + self.partitions.dirty.len() + self.producers.dirty.len()
    }
}
