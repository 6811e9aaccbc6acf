//! One partition.

use base::{EntryId, Result};
use bytes::{BufMut, Bytes};

use crate::{
    bugs::{Bug, planted},
    digest::chained_batch,
    epochs::Epochs,
    error::damaged,
    fields::{Reader, VERSION, put_count},
    identity::PartitionId,
    index::Index,
    links::List,
};

/// A timestamp before the first one.
pub(crate) const NO_TIMESTAMP: i64 = -1;
/// Bytes of an epoch and its start in a record.
const EPOCH_BYTES: usize = 12;

/// A partition as a client and the house see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// The first offset that is kept.
    pub log_start: i64,
    /// The offset that the next record gets: the high watermark.
    pub end: i64,
    /// The first offset that is in the journal only; what lies before it is settled.
    pub unsettled_start: i64,
    /// The leader epoch under which it was last written.
    pub epoch: i32,
    /// What is added to the shard's term to get an epoch.
    pub epoch_base: i32,
    /// Bytes ever appended.
    pub bytes: u64,
    /// A chain over the CRCs of all batches ever appended.
    pub chain: u64,
    /// The greatest timestamp ever appended; -1 if there is none.
    pub max_timestamp: i64,
}

/// A partition as the machine holds it.
pub(crate) struct Partition {
    pub(crate) id: PartitionId,
    pub(crate) log_start: i64,
    pub(crate) end: i64,
    pub(crate) epoch_base: i32,
    pub(crate) epochs: Epochs,
    pub(crate) max_timestamp: i64,
    pub(crate) chain: u64,
    pub(crate) bytes: u64,
    pub(crate) index: Index,
    /// Those who write to it and are remembered.
    pub(crate) producers: List,
}

impl Partition {
    pub(crate) fn new(id: PartitionId) -> Partition {
        Partition {
            id,
            log_start: 0,
            end: 0,
            epoch_base: 0,
            epochs: Epochs::default(),
            max_timestamp: NO_TIMESTAMP,
            chain: 0,
            bytes: 0,
            index: Index::default(),
            producers: List::default(),
        }
    }

    /// The epoch of what is written in this term, if nothing was written under a higher one: a shard's first term is 1, a
    /// partition's first epoch 0, as with Kafka.
    fn epoch_of(&self, id: EntryId) -> i32 {
        let term = i32::try_from(id.term.saturating_sub(1)).unwrap_or(i32::MAX);
        self.epoch_base.saturating_add(term)
    }

    pub(crate) fn epoch(&self) -> i32 {
        self.epochs.last().map_or(self.epoch_base, |(epoch, _)| epoch)
    }

    /// Moves the end behind a batch that takes the offsets up to `last_offset`. Answers its leader epoch.
    pub(crate) fn extend(&mut self, id: EntryId, last_offset: i64, batch: &Bytes, crc: u32, max_timestamp: i64) -> i32 {
        let start = if planted(Bug::EpochStartWrong) { last_offset } else { self.end };
        let epoch = self.epochs.write(self.epoch_of(id), start);
        self.end = last_offset + 1;
        self.max_timestamp = self.max_timestamp.max(max_timestamp);
        self.chain = chained_batch(self.chain, crc, batch.len());
        self.bytes += batch.len() as u64;
        epoch
    }

    pub(crate) fn unsettled_start(&self) -> i64 {
        self.index.first().map_or(self.end, |batch| batch.base_offset)
    }

    pub(crate) fn info(&self) -> PartitionInfo {
        PartitionInfo {
            log_start: self.log_start,
            end: self.end,
            unsettled_start: self.unsettled_start().max(self.log_start),
            epoch: self.epoch(),
            epoch_base: self.epoch_base,
            bytes: self.bytes,
            chain: self.chain,
            max_timestamp: self.max_timestamp,
        }
    }

    fn encode_head(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        out.put_i64_le(self.log_start);
        out.put_i64_le(self.end);
        out.put_i32_le(self.epoch_base);
        out.put_i64_le(self.max_timestamp);
        out.put_u64_le(self.chain);
        out.put_u64_le(self.bytes);
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.encode_head(out);
        put_count(self.epochs.starts().len(), out);
        for (epoch, start) in self.epochs.starts() {
            out.put_i32_le(*epoch);
            out.put_i64_le(*start);
        }
    }

    /// What replicas compare after each change: everything but the epochs before the last, which do not change.
    pub(crate) fn encode_compared(&self, out: &mut Vec<u8>) {
        out.put_u128_le(self.id.topic.0);
        out.put_u32_le(self.id.partition);
        self.encode_head(out);
        let (epoch, start) = self.epochs.last().unwrap_or_default();
        out.put_i32_le(epoch);
        out.put_i64_le(start);
    }

    pub(crate) fn decode(id: PartitionId, record: Bytes) -> Result<Partition> {
        let mut reader = Reader::new(record, "the record of a partition")?;
        let (log_start, end, epoch_base) = (reader.i64()?, reader.i64()?, reader.i32()?);
        let (max_timestamp, chain, bytes) = (reader.i64()?, reader.u64()?, reader.u64()?);
        let starts = (0..reader.count(EPOCH_BYTES)?).map(|_| Ok((reader.i32()?, reader.i64()?))).collect::<Result<_>>()?;
        let epochs = Epochs::from_starts(starts).ok_or_else(|| damaged("the leader epochs of a partition do not ascend"))?;
        if log_start < 0 || log_start > end {
            return Err(damaged("a partition starts behind its end"));
        }
        let (log_start, end) = if planted(Bug::OffsetsReused) && log_start == end { (0, 0) } else { (log_start, end) };
        let partition = Partition { log_start, end, epoch_base, epochs, max_timestamp, chain, bytes, ..Partition::new(id) };
        reader.end(partition)
    }
}
