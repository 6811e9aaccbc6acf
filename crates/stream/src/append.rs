//! Applying an append.

use bytes::Bytes;

use crate::{
    Refusal,
    apply::Apply,
    bugs::{Bug, planted},
    codec::APPEND_HEAD_BYTES,
    command::Appended,
    digest::feed,
    header::Header,
    identity::PartitionId,
    index::BatchRef,
    machine::Moved,
    partition::Partition,
    producer::Producer,
    sequences::{Taken, Verdict},
    slab::Slot,
};

impl Apply<'_> {
    pub(crate) fn append(&mut self, id: PartitionId, batch: &Bytes) -> Result<Appended, Refusal> {
        let header = Header::read(batch)?;
        let slot = self.state.partitions.find(id);
        let producer =
            slot.filter(|_| header.producer_id >= 0).and_then(|slot| self.state.producers.find(slot, header.producer_id));
        if let (Some(slot), Some(producer)) = (slot, producer)
            && let Verdict::Duplicate(taken) = self.state.producers.at(producer).sequences.judge(&header)?
        {
            return Ok(repeated(self.state.partitions.at(slot), &taken));
        }
        let end = slot.map_or(0, |slot| self.state.partitions.at(slot).end);
        let last_offset = end.checked_add(i64::from(header.last_offset_delta)).ok_or(Refusal::Exhausted)?;
        if last_offset == i64::MAX {
            return Err(Refusal::Exhausted);
        }
        let slot = slot.unwrap_or_else(|| self.state.partitions.insert(Partition::new(id)));
        self.extend(slot, batch, &header, last_offset);
        if header.producer_id >= 0 {
            self.remember(slot, producer, &header, end);
        }
        self.compare(slot, header.producer_id);
        self.moved = Moved::Partition(id);
        let partition = self.state.partitions.at(slot);
        Ok(Appended {
            base_offset: end,
            last_offset,
            log_start: partition.log_start,
            epoch: partition.epoch(),
            is_duplicate: false,
        })
    }

    fn extend(&mut self, slot: Slot, batch: &Bytes, header: &Header, last_offset: i64) {
        let state = &mut *self.state;
        state.partitions.dirty.insert(slot);
        state.partitions.unsettled.insert(slot);
        let partition = state.partitions.at_mut(slot);
        let base_offset = partition.end;
        let leader_epoch = partition.extend(self.entry.id, last_offset, batch, header.crc, header.max_timestamp);
        state.unsettled_bytes += batch.len() as u64;
        state.index_memory += partition.index.push(BatchRef {
            base_offset,
            last_offset,
            max_timestamp: header.max_timestamp,
            index: self.entry.id.index,
            position: self.entry.position.saturating_add(APPEND_HEAD_BYTES),
            length: u32::try_from(batch.len()).expect("a batch says its length in 31 bits"),
            crc: header.crc,
            leader_epoch,
        });
    }

    /// Remembers the batch of a producer, in the place of the one that was idle longest if there is no other.
    fn remember(&mut self, partition: Slot, known: Option<Slot>, header: &Header, base_offset: i64) {
        let slot = match known {
            Some(slot) => {
                self.state.producers.touch(slot);
                slot
            }
            None => {
                while self.state.producers.len() >= self.options.producers_max.max(1)
                    && let Some((oldest, _)) = self.state.producers.oldest()
                {
                    self.state.forget_producer(self.table, oldest);
                }
                let producer = Producer::new(header.producer_id, partition);
                self.state.producers.insert(&mut self.state.partitions, producer)
            }
        };
        if known.is_none() || !planted(Bug::SequencesNotSettled) {
            self.state.producers.dirty.insert(slot);
        }
        let producer = self.state.producers.at_mut(slot);
        producer.sequences.take(header, base_offset);
        producer.written_ms = self.entry.time_ms;
        producer.written = self.entry.place();
    }

    /// Feeds the digest with what the append left behind.
    fn compare(&mut self, slot: Slot, producer_id: i64) {
        let mut what = Vec::with_capacity(256);
        self.state.partitions.at(slot).encode_compared(&mut what);
        let before = what.len();
        if producer_id >= 0
            && let Some(producer) = self.state.producers.find(slot, producer_id)
        {
            what.extend_from_slice(&producer_id.to_le_bytes());
            self.state.producers.at(producer).encode(&mut what);
        }
        let (partition, producer) = what.split_at(before);
        feed(self.table, partition, producer);
    }
}

fn repeated(partition: &Partition, taken: &Taken) -> Appended {
    Appended {
        base_offset: if planted(Bug::DuplicateAtEnd) { partition.end } else { taken.base_offset },
        last_offset: taken.last_offset(),
        log_start: partition.log_start,
        epoch: partition.epoch(),
        is_duplicate: true,
    }
}
