//! Reading a partition: what is settled from segments, the rest from the journal or from memory.

use base::{Error, Kind, Result};
use bytes::Bytes;
use kv::Cold;
use stream::{BatchRef, PartitionId, Place};

use super::{
    Streams, key,
    log::{Entries, Log, PATCHED_BYTES, patched},
};
use crate::limits::STREAM_LOOKS_MAX;

/// Whole batches of a partition, one after the other, as they are to be served.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    /// Their bytes, in pieces.
    pub pieces: Vec<Bytes>,
    /// How many in all.
    pub bytes: usize,
    /// The offset behind the last record.
    pub next: i64,
}

/// What a read came to.
#[derive(Clone, Debug)]
pub enum Found {
    /// These. None only where one was not asked for at least.
    Batches(Batches),
    /// The offset is the next one to be appended.
    AtEnd,
    /// The offset is beyond the next one.
    BeyondEnd,
    /// The offset is below the log start.
    BelowStart,
    /// Nothing was ever appended to it here.
    Unknown,
}

/// What is wanted of a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) partition: PartitionId,
    pub(crate) offset: i64,
    pub(crate) bytes_max: usize,
    /// The first batch whatever its size.
    pub(crate) at_least_one: bool,
}

/// Reads one shard's partitions.
#[derive(Clone)]
pub(crate) struct Reader {
    streams: std::sync::Arc<Streams>,
    log: Log,
}

impl Reader {
    pub(crate) fn new(streams: std::sync::Arc<Streams>, log: Log) -> Reader {
        Reader { streams, log }
    }

    /// Batches from the one that contains the offset on. `None` if that needs the disk and `cold` refuses it.
    ///
    /// # Errors
    /// `Corrupt` if what is stored is damaged, `Unavailable` if the disk refuses.
    pub(crate) fn read(&self, wanted: Wanted, cold: Cold) -> Result<Option<Found>> {
        let mut out = Batches { next: wanted.offset, ..Batches::default() };
        // What is looked up may be settled, and its journal trimmed, before it is read; then it is looked up again.
        for _ in 0..STREAM_LOOKS_MAX {
            let room = wanted.bytes_max.saturating_sub(out.bytes);
            let must_give = wanted.at_least_one && out.bytes == 0;
            if out.bytes > 0 && room == 0 {
                return Ok(Some(Found::Batches(out)));
            }
            let wanted = Wanted { offset: out.next, bytes_max: room, at_least_one: must_give, ..wanted };
            let is_more = match self.streams.machine.locate(wanted.partition, wanted.offset) {
                Place::Unsettled(_) => self.add_unsettled(wanted, cold, &mut out)?,
                Place::Settled if cold == Cold::Refuse => None,
                Place::Settled => self.add_settled(wanted, &mut out)?,
                _ if out.bytes > 0 => Some(false),
                Place::AtEnd => return Ok(Some(Found::AtEnd)),
                Place::BeyondEnd => return Ok(Some(Found::BeyondEnd)),
                Place::BelowStart => return Ok(Some(Found::BelowStart)),
                Place::Unknown => return Ok(Some(Found::Unknown)),
            };
            match is_more {
                Some(true) => {}
                Some(false) => return Ok(Some(Found::Batches(out))),
                None if out.bytes > 0 => return Ok(Some(Found::Batches(out))),
                None => return Ok(None),
            }
        }
        let text = "a partition moved faster than it could be read: try again";
        if out.bytes > 0 { Ok(Some(Found::Batches(out))) } else { Err(Error::new(Kind::Unavailable, text)) }
    }

    /// Whether to look for more behind what was added; `None`: the disk would have to be asked.
    fn add_unsettled(&self, wanted: Wanted, cold: Cold, out: &mut Batches) -> Result<Option<bool>> {
        let places = self.streams.machine.run(wanted.partition, wanted.offset, wanted.bytes_max as u64);
        let Some(first) = places.first() else { return Ok(Some(true)) };
        if !wanted.at_least_one && first.length as usize > wanted.bytes_max {
            return Ok(Some(false));
        }
        let entries = self.log.warm(places.iter().map(|place| place.index))?;
        let before = out.bytes;
        add(&places, &entries, out);
        if out.bytes > before || cold == Cold::Refuse {
            // What memory does not have is left to the next read: this one has something, or may not wait.
            return Ok((out.bytes > before).then_some(false));
        }
        let mut indexes: Vec<u64> = places.iter().map(|place| place.index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        add(&places, &self.log.read(&indexes)?, out);
        Ok(Some(out.bytes == before))
    }

    fn add_settled(&self, wanted: Wanted, out: &mut Batches) -> Result<Option<bool>> {
        let Wanted { partition, offset, bytes_max, at_least_one } = wanted;
        let chunks = self.streams.store.read(key(partition), offset, bytes_max, at_least_one)?;
        let is_none = chunks.is_empty();
        for chunk in chunks {
            out.next = chunk.last_offset + 1;
            out.bytes += chunk.bytes.len();
            out.pieces.push(chunk.bytes);
        }
        // Nothing, though one was asked for: it was trimmed meanwhile.
        Ok(Some(if is_none { at_least_one } else { out.bytes < wanted.bytes_max }))
    }

    /// The base offset of the first batch with a timestamp at or after `timestamp` that ends at offset `from` or later. Blocking.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub(crate) fn first_at_or_after(&self, partition: PartitionId, from: i64, timestamp: i64) -> Result<Option<i64>> {
        // In this order: what is settled in between is found in one of the two.
        let unsettled = self.streams.machine.first_at_or_after(partition, from, timestamp);
        let settled = self.streams.store.first_at_or_after_timestamp(key(partition), from, timestamp)?;
        Ok(settled.or(unsettled.map(|batch| batch.base_offset)))
    }

    /// The greatest timestamp of the batches that begin at offset `from` or later. Blocking.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub(crate) fn greatest_timestamp(&self, partition: PartitionId, from: i64) -> Result<Option<i64>> {
        // In this order: what is settled in between is found in one of the two.
        let unsettled = self.streams.machine.greatest_timestamp(partition, from);
        let settled = self.streams.store.greatest_timestamp(key(partition), from)?;
        Ok(settled.max(unsettled))
    }

    /// Bytes that a partition takes on the disk, in the journal or in segments.
    pub(crate) fn bytes(&self, partition: PartitionId) -> u64 {
        let Some(info) = self.streams.machine.partition(partition) else { return 0 };
        let unsettled = self.streams.machine.run(partition, info.unsettled_start, u64::MAX);
        self.streams.store.bytes(key(partition)) + unsettled.iter().map(|batch| u64::from(batch.length)).sum::<u64>()
    }
}

fn add(places: &[BatchRef], entries: &Entries, out: &mut Batches) {
    let mut heads = Vec::with_capacity(places.len() * PATCHED_BYTES);
    let mut batches = Vec::with_capacity(places.len());
    for place in places {
        let Some(batch) = entries.batch(place).filter(|batch| batch.len() > PATCHED_BYTES) else { break };
        patched(&batch, place, &mut heads);
        out.bytes += batch.len();
        out.next = place.last_offset + 1;
        batches.push(batch);
    }
    let heads = Bytes::from(heads);
    for (number, batch) in batches.into_iter().enumerate() {
        out.pieces.push(heads.slice(number * PATCHED_BYTES..(number + 1) * PATCHED_BYTES));
        out.pieces.push(batch.slice(PATCHED_BYTES..));
    }
}
