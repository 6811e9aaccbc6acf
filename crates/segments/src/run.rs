//! One run: where it lies, and how its batches are read so that no wrong byte comes out.

use std::sync::Arc;

use base::{Error, Result};
use bytes::Bytes;

use crate::{
    batch::{BatchHead, COVERED_FROM},
    error::damaged,
    format::{MARK_BYTES, MARK_COUNT_BYTES, Mark, NO_MARKS, RunEntry, decode_marks},
    limits::READ_BYTES,
    segment::Segment,
};

/// A run as memory has it: 48 bytes, whatever its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) position: u64,
    pub(crate) length: u32,
    /// The place of its segment among the store's.
    pub(crate) segment: u32,
    pub(crate) marks: u32,
    pub(crate) check: u32,
}

impl Run {
    pub(crate) fn new(entry: &RunEntry, segment: u32) -> Run {
        Run {
            base_offset: entry.base_offset,
            last_offset: entry.last_offset,
            max_timestamp: entry.max_timestamp,
            position: entry.position,
            length: entry.length,
            segment,
            marks: entry.marks,
            check: entry.check,
        }
    }

    pub(crate) fn contains(&self, offset: i64) -> bool {
        (self.base_offset..=self.last_offset).contains(&offset)
    }
}

/// One block: whole batches that are read and checked together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    base_offset: i64,
    pub(crate) last_offset: i64,
    /// Counted from the run's first byte.
    pub(crate) position: u32,
    pub(crate) length: u32,
    check: u32,
}

/// The blocks of a run.
pub(crate) struct Blocks {
    run: Run,
    /// Empty for a run of one block.
    marks: Arc<[Mark]>,
}

impl Blocks {
    pub(crate) fn count(&self) -> usize {
        self.marks.len().max(1)
    }

    /// Bytes of their list on disk.
    pub(crate) fn marks_bytes(&self) -> u32 {
        let bytes = if self.marks.is_empty() { 0 } else { MARK_COUNT_BYTES + self.marks.len() * MARK_BYTES };
        u32::try_from(bytes).expect("a list of marks is shorter than its run")
    }

    pub(crate) fn get(&self, at: usize) -> Block {
        let run = &self.run;
        let Some(mark) = self.marks.get(at) else {
            let (base_offset, last_offset) = (run.base_offset, run.last_offset);
            return Block { base_offset, last_offset, position: 0, length: run.length, check: run.check };
        };
        let next = self.marks.get(at + 1);
        Block {
            base_offset: mark.base_offset,
            last_offset: next.map_or(run.last_offset, |next| next.base_offset - 1),
            position: mark.position,
            length: next.map_or(run.length, |next| next.position) - mark.position,
            check: mark.check,
        }
    }

    /// The block that holds `offset`, or the first one if it lies before the run.
    pub(crate) fn containing(&self, offset: i64) -> usize {
        self.marks.partition_point(|mark| mark.base_offset <= offset).saturating_sub(1)
    }

    /// The greatest timestamp of the run up to the end of the block.
    pub(crate) fn max_timestamp(&self, at: usize) -> i64 {
        self.marks.get(at).map_or(self.run.max_timestamp, |mark| mark.max_timestamp)
    }

    /// The first block from `from` on that may hold a batch with `timestamp` or a later one.
    pub(crate) fn at_or_after(&self, timestamp: i64, from: usize) -> usize {
        from + self.marks.get(from..).map_or(0, |marks| marks.partition_point(|mark| mark.max_timestamp < timestamp))
    }

    /// Blocks from `from` on that are read in one go: at least one, as many as are needed for `bytes`, bounded.
    pub(crate) fn group(&self, from: usize, bytes: u64) -> std::ops::Range<usize> {
        let limit = bytes.min(READ_BYTES.into());
        let mut end = from;
        let mut sum = 0;
        while end < self.count() && (end == from || sum < limit) {
            let length = u64::from(self.get(end).length);
            if end > from && sum + length > u64::from(READ_BYTES) {
                break;
            }
            sum += length;
            end += 1;
        }
        from..end
    }
}

/// A run and its segment, held as long as somebody reads it.
#[derive(Clone)]
pub(crate) struct Placed {
    pub(crate) run: Run,
    pub(crate) segment: Arc<Segment>,
}

/// A batch of what was read, and where it begins there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) head: BatchHead,
    pub(crate) at: usize,
}

/// Whole blocks as they were read, every batch of them checked.
pub(crate) struct Checked {
    pub(crate) bytes: Bytes,
    pub(crate) batches: Vec<Found>,
}

impl Placed {
    pub(crate) fn damaged(&self, what: &str) -> Error {
        let Run { base_offset, last_offset, .. } = self.run;
        damaged(self.segment.id(), format!("{what} in its run of offsets {base_offset} to {last_offset}"))
    }

    /// Its blocks: long runs have a list of marks, which is read when it is not in memory.
    pub(crate) fn blocks(&self) -> Result<Blocks> {
        let run = self.run;
        if run.marks == NO_MARKS {
            return Ok(Blocks { run, marks: Arc::default() });
        }
        let segment = &self.segment;
        let marks = segment.yard.marks(segment.number, run.marks, || self.read_marks())?;
        Ok(Blocks { run, marks })
    }

    /// Its blocks as the disk has them, leaving what is in memory alone.
    pub(crate) fn blocks_uncached(&self) -> Result<Blocks> {
        let marks = if self.run.marks == NO_MARKS { Vec::new() } else { self.read_marks()? };
        Ok(Blocks { run: self.run, marks: marks.into() })
    }

    fn read_marks(&self) -> Result<Vec<Mark>> {
        let (run, segment) = (&self.run, &self.segment);
        let at = segment.marks_at + u64::from(run.marks);
        let left = usize::try_from(segment.table_at.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(RunEntry::marks_bytes_max(run.length))];
        segment.read_at(&mut bytes, at)?;
        let marks = decode_marks(&bytes, run.check).filter(|marks| {
            let (first, last) = (&marks[0], &marks[marks.len() - 1]);
            first.base_offset == run.base_offset
                && last.base_offset <= run.last_offset
                && last.position < run.length
                && last.max_timestamp == run.max_timestamp
        });
        marks.ok_or_else(|| self.damaged("the list of blocks does not match its checksum"))
    }

    /// Reads these blocks and checks all of their bytes.
    ///
    /// # Errors
    /// `Corrupt` if anything is not what was written; `Unavailable` if the disk refused.
    pub(crate) fn read(&self, blocks: &Blocks, range: std::ops::Range<usize>) -> Result<Checked> {
        let start = blocks.get(range.start).position;
        let last = blocks.get(range.end - 1);
        let mut bytes = vec![0; (last.position + last.length - start) as usize];
        self.segment.read_at(&mut bytes, self.run.position + u64::from(start))?;
        let mut batches = Vec::new();
        for at in range {
            self.check(&bytes, start, blocks.get(at), &mut batches)?;
        }
        Ok(Checked { bytes: Bytes::from(bytes), batches })
    }

    /// Checks the block in `bytes`, which begin at `start` of the run: batch by batch its CRC, that it goes on where the one before
    /// ended, and that all of them together are what the writer saw.
    fn check(&self, bytes: &[u8], start: u32, block: Block, batches: &mut Vec<Found>) -> Result<()> {
        let from = (block.position - start) as usize;
        let end = from + block.length as usize;
        let (mut at, mut offset, mut check) = (from, block.base_offset, 0);
        while at < end {
            let rest = &bytes[at..end];
            let head = BatchHead::decode(rest).ok_or_else(|| self.damaged("a batch has no sane head"))?;
            if head.base_offset != offset {
                return Err(self.damaged("a batch is not the one that belongs there"));
            }
            if !head.is_intact(rest) {
                return Err(self.damaged("a batch does not match its checksum"));
            }
            check = crc32c::crc32c_append(check, &rest[..COVERED_FROM]);
            batches.push(Found { head, at });
            offset = head.last_offset + 1;
            at += head.bytes;
        }
        let is_whole = offset - 1 == block.last_offset && check == block.check;
        if is_whole { Ok(()) } else { Err(self.damaged("a block does not match its checksum")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_48_bytes() {
        assert_eq!(size_of::<Run>(), 48);
    }
}
