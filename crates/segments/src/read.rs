//! Reads of a partition: by offset and by time.

use base::Result;
use bytes::Bytes;

use crate::{
    batch::HEAD_BYTES,
    key::PartitionKey,
    limits::{ANSWER_BYTES_MAX, ANSWER_RUNS_MAX},
    run::{Checked, Found, Placed},
    store::Store,
};

/// Whole batches of a partition, one behind the other, as they were pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Offset of the first batch's first record.
    pub base_offset: i64,
    /// Offset of the last batch's last record.
    pub last_offset: i64,
    /// The batches.
    pub bytes: Bytes,
}

/// How much an answer may still grow.
struct Room {
    left: usize,
    /// The next batch is given whatever its size.
    must_give: bool,
}

impl Room {
    fn is_used_up(&self) -> bool {
        !self.must_give && self.left < HEAD_BYTES
    }

    /// Whether a batch of so many bytes is given.
    fn take(&mut self, bytes: usize) -> bool {
        let fits = self.must_give || bytes <= self.left;
        if fits {
            self.must_give = false;
            self.left = self.left.saturating_sub(bytes);
        }
        fits
    }
}

impl Store {
    /// Batches of `partition` from the one that contains `offset` on, over runs and segments, at most `bytes_max` bytes and not beyond
    /// a gap in the offsets; with `at_least_one`, the first batch whatever its size. Empty if `offset` is not settled, or lies below
    /// the log start. It may be less than there is: whoever wants more asks again from behind the last offset.
    ///
    /// # Errors
    /// `Corrupt` if any byte that was read is not what was written; `Unavailable` if the disk refused.
    pub fn read(&self, partition: PartitionKey, offset: i64, bytes_max: usize, at_least_one: bool) -> Result<Vec<Chunk>> {
        let mut room = Room { left: bytes_max.min(ANSWER_BYTES_MAX), must_give: at_least_one };
        let mut chunks = Vec::new();
        let mut offset = offset;
        for placed in self.runs_from(&partition, offset, room.left as u64) {
            let goes_on = read_run(&placed, offset, &mut room, &mut chunks)?;
            if !goes_on {
                break;
            }
            offset = placed.run.last_offset + 1;
        }
        Ok(chunks)
    }

    /// The runs that hold `offset` and what follows it without a gap, as many as `bytes` need.
    fn runs_from(&self, partition: &PartitionKey, offset: i64, bytes: u64) -> Vec<Placed> {
        let index = self.index.read();
        let Some(partition) = index.partition(partition) else { return Vec::new() };
        let Some(first) = partition.find(offset) else { return Vec::new() };
        let mut found: Vec<Placed> = Vec::new();
        // Of the first run only a part is wanted, and how much is not known yet: it does not count.
        let mut sum = 0;
        for run in partition.served()[first..].iter().take(ANSWER_RUNS_MAX) {
            let follows = found.last().is_none_or(|before| run.base_offset <= before.run.last_offset + 1);
            if !follows || sum > bytes {
                break;
            }
            sum += if found.is_empty() { 0 } else { u64::from(run.length) };
            found.extend(index.place(run));
        }
        found
    }

    /// The base offset of the first batch of `partition`, in the order of offsets, whose greatest timestamp is `timestamp` or later.
    /// Batches that lie wholly below `from` or the log start do not count.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn first_at_or_after_timestamp(&self, partition: PartitionKey, from: i64, timestamp: i64) -> Result<Option<i64>> {
        let mut from = from;
        while let Some((placed, log_start)) = self.run_at_or_after(&partition, timestamp, from) {
            if let Some(offset) = search_run(&placed, log_start.max(from), timestamp)? {
                return Ok(Some(offset));
            }
            from = placed.run.last_offset + 1;
        }
        Ok(None)
    }

    /// The greatest timestamp among the batches of `partition` that begin at `from` or later; `None` if there are none.
    ///
    /// # Errors
    /// As [`Store::read`]: of a run that begins before `from` and whose greatest timestamp may lie there, the rest is read.
    pub fn greatest_timestamp(&self, partition: PartitionKey, from: i64) -> Result<Option<i64>> {
        let (whole, cut) = self.runs_beginning_at(&partition, from);
        cut.iter().try_fold(whole, |greatest, placed| Ok(greatest.max(greatest_of_rest(placed, from)?)))
    }

    /// The greatest timestamp of the runs that begin at `from` or later, and the runs that begin before it and end behind it.
    fn runs_beginning_at(&self, partition: &PartitionKey, from: i64) -> (Option<i64>, Vec<Placed>) {
        let index = self.index.read();
        let Some(partition) = index.partition(partition) else { return (None, Vec::new()) };
        let served = partition.served();
        let start = served.partition_point(|run| run.last_offset < from);
        // Base offsets ascend as last offsets do.
        let (cut, whole) = served[start..].split_at(served[start..].partition_point(|run| run.base_offset < from));
        (whole.iter().map(|run| run.max_timestamp).max(), cut.iter().filter_map(|run| index.place(run)).collect())
    }

    /// The first run that ends at `from` or later and may hold `timestamp`, with the partition's log start.
    fn run_at_or_after(&self, partition: &PartitionKey, timestamp: i64, from: i64) -> Option<(Placed, i64)> {
        let index = self.index.read();
        let partition = index.partition(partition)?;
        let run = partition.served().iter().find(|run| run.last_offset >= from && run.max_timestamp >= timestamp)?;
        Some((index.place(run)?, partition.log_start()))
    }
}

/// Adds batches of a run from the one that contains `offset` on; whether what comes behind the run is wanted too.
fn read_run(placed: &Placed, offset: i64, room: &mut Room, chunks: &mut Vec<Chunk>) -> Result<bool> {
    let blocks = placed.blocks()?;
    let mut at = blocks.containing(offset);
    while at < blocks.count() {
        if room.is_used_up() {
            return Ok(false);
        }
        let group = blocks.group(at, room.left as u64);
        at = group.end;
        let checked = placed.read(&blocks, group)?;
        if !take(&checked, offset, room, chunks) {
            return Ok(false);
        }
    }
    Ok(!room.is_used_up())
}

/// Adds what is wanted of these batches; whether all of them were, to the last.
fn take(checked: &Checked, offset: i64, room: &mut Room, chunks: &mut Vec<Chunk>) -> bool {
    let start = checked.batches.partition_point(|found| found.head.last_offset < offset);
    let wanted = &checked.batches[start..];
    let count = wanted.iter().take_while(|found| room.take(found.head.bytes)).count();
    if let (Some(first), Some(last)) = (wanted.first(), wanted[..count].last()) {
        let bytes = slice(&checked.bytes, first, last);
        chunks.push(Chunk { base_offset: first.head.base_offset, last_offset: last.head.last_offset, bytes });
    }
    count == wanted.len()
}

/// The bytes of batches from `first` to `last`: a copy if they would hold on to a buffer of more than twice their size.
fn slice(bytes: &Bytes, first: &Found, last: &Found) -> Bytes {
    let wanted = bytes.slice(first.at..last.at + last.head.bytes);
    if wanted.len() < bytes.len() / 2 { Bytes::copy_from_slice(&wanted) } else { wanted }
}

/// The first batch of a run that reaches `log_start` and has `timestamp` or a later one.
fn search_run(placed: &Placed, log_start: i64, timestamp: i64) -> Result<Option<i64>> {
    let blocks = placed.blocks()?;
    let start = blocks.containing(log_start);
    // A block's greatest timestamp counts those before it: below the log start it may be one that is dead.
    let is_known = start == 0 || blocks.max_timestamp(start - 1) < timestamp;
    let mut at = if is_known { blocks.at_or_after(timestamp, start) } else { start };
    while at < blocks.count() {
        let checked = placed.read(&blocks, at..at + 1)?;
        let mut batches = checked.batches.iter().map(|found| found.head);
        if let Some(head) = batches.find(|head| head.last_offset >= log_start && head.max_timestamp >= timestamp) {
            return Ok(Some(head.base_offset));
        }
        at += 1;
    }
    Ok(None)
}

/// The greatest timestamp of the batches of a run that begin at `from`, which lies in it, or later.
fn greatest_of_rest(placed: &Placed, from: i64) -> Result<Option<i64>> {
    let blocks = placed.blocks()?;
    let mut at = blocks.containing(from);
    if blocks.max_timestamp(blocks.count() - 1) > blocks.max_timestamp(at) {
        // Blocks tell the greatest up to their end: it rises behind the one that holds `from`.
        return Ok(Some(placed.run.max_timestamp));
    }
    let mut greatest = None;
    while at < blocks.count() {
        let group = blocks.group(at, u64::MAX);
        at = group.end;
        let checked = placed.read(&blocks, group)?;
        let heads = checked.batches.iter().map(|found| found.head).filter(|head| head.base_offset >= from);
        greatest = greatest.max(heads.map(|head| head.max_timestamp).max());
    }
    Ok(greatest)
}
