//! Reading segments as they lie on disk: one write at a time, each with a verdict. Recovery, inspection and the fuzz entry all
//! stand on it. Nothing here changes a file, and no length is believed before it is compared with the file's.

use std::{io, ops::Range};

use base::DiskFile;

use crate::{
    bugs::{Bug, planted},
    format::{
        HeaderFault, MAGIC, Place, RECORD_HEADER_BYTES, RecordHeader, WRITE_HEADER_BYTES, WriteHeader, header_check,
        record_bytes, record_crc, u64_at,
    },
    limits::{BLOCK_BYTES, RECORD_ALIGN_BYTES, WINDOW_BYTES},
    recovery::crc_place,
};

/// A segment file, read through a window.
pub(crate) struct Reader<'a> {
    file: &'a dyn DiskFile,
    pub(crate) len: u64,
    pub(crate) number: u64,
    pub(crate) owner: u64,
    window: Vec<u8>,
    start: u64,
}

/// A record inside a valid write.
#[derive(Clone, Debug)]
pub(crate) struct RecordView {
    pub(crate) header: RecordHeader,
    pub(crate) offset: u64,
    pub(crate) payload: Range<usize>,
}

/// A write that is whole.
pub(crate) struct ValidWrite {
    pub(crate) header: WriteHeader,
    pub(crate) records: Vec<RecordView>,
    /// The write's bytes; `RecordView::payload` points into it.
    pub(crate) bytes: Vec<u8>,
}

/// What lies at a place where a write may begin.
pub(crate) enum Verdict {
    /// A whole write of this segment.
    Valid(Box<ValidWrite>),
    /// No header of this segment: zeros, or what the file held before it was recycled.
    Absent,
    /// A header of this segment and place, but not all of its records are right.
    Broken(WriteHeader, String),
    /// A right header that speaks of another segment, place or owner.
    Elsewhere(WriteHeader),
    /// A header of another version of the format.
    Version(u16),
}

/// What was found behind the last valid write.
#[derive(Default)]
pub(crate) struct Remains {
    /// A valid header or record of the write that comes next: it was begun.
    pub(crate) begun: Option<(u64, u64)>,
    /// A valid header or record of a later write: the next one had been synced. Segment and offset.
    pub(crate) later: Option<(u64, u64)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a dyn DiskFile, number: u64, owner: u64) -> io::Result<Self> {
        Ok(Self { file, len: file.len()?, number, owner, window: Vec::new(), start: 0 })
    }

    /// Bytes `[offset, offset + count)`; the caller has compared them with the length.
    pub(crate) fn get(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let end = offset + count as u64;
        if offset < self.start || end > self.start + self.window.len() as u64 {
            let size = (WINDOW_BYTES.max(count) as u64).min(self.len - offset);
            self.window.resize(size as usize, 0);
            self.start = offset;
            self.file.read_at(&mut self.window, offset)?;
        }
        let at = (offset - self.start) as usize;
        Ok(&self.window[at..at + count])
    }

    /// Judges what lies at `offset`.
    pub(crate) fn write_at(&mut self, offset: u64) -> io::Result<Verdict> {
        if offset + WRITE_HEADER_BYTES as u64 > self.len {
            return Ok(Verdict::Absent);
        }
        let header = match WriteHeader::decode(self.get(offset, WRITE_HEADER_BYTES)?) {
            Ok(header) => header,
            Err(HeaderFault::Absent) => return Ok(Verdict::Absent),
            Err(HeaderFault::Version(version)) => return Ok(Verdict::Version(version)),
        };
        let placed = (header.segment == self.number || planted(Bug::LeftoversRevived))
            && (header.offset == offset || planted(Bug::PlaceNotChecked));
        if !placed || header.owner != self.owner {
            return Ok(Verdict::Elsewhere(header));
        }
        if offset + header.write_bytes() > self.len {
            return Ok(Verdict::Broken(header, "it is longer than the file".into()));
        }
        let count = header.write_bytes() as usize;
        let (number, owner) = (self.number, self.owner);
        let bytes = self.get(offset, count)?;
        match records_of(&header, Place { owner, segment: number, offset }, bytes) {
            Ok(records) => Ok(Verdict::Valid(Box::new(ValidWrite { records, bytes: bytes.to_vec(), header }))),
            Err(why) => Ok(Verdict::Broken(header, why)),
        }
    }

    /// Looks through everything from `offset` on for a valid header or record of write `expected` or a later one.
    pub(crate) fn remains(&mut self, offset: u64, expected: u64, found: &mut Remains) -> io::Result<()> {
        let mut at = offset.next_multiple_of(RECORD_ALIGN_BYTES as u64);
        let mut candidates = Vec::new();
        while at + RECORD_HEADER_BYTES as u64 <= self.len && found.later.is_none() {
            let block_end = ((at / BLOCK_BYTES + 1) * BLOCK_BYTES).min(self.len);
            let place = Place { owner: self.owner, segment: self.number, offset: at };
            // Headers may reach into the next block.
            let count = (block_end + RECORD_HEADER_BYTES as u64).min(self.len) - at;
            candidates.clear();
            find_candidates(self.get(at, count as usize)?, (block_end - at) as usize, place, expected, &mut candidates);
            for offset in candidates.iter().map(|candidate| at + candidate) {
                if let Some(number) = self.valid_at(offset, expected)? {
                    let place = Some((self.number, offset));
                    if number > expected { found.later = found.later.or(place) } else { found.begun = found.begun.or(place) }
                }
            }
            at = block_end;
        }
        Ok(())
    }

    /// The number of the write whose header or record is valid here, if it is `expected` or later.
    fn valid_at(&mut self, at: u64, expected: u64) -> io::Result<Option<u64>> {
        let (number, owner) = (self.number, self.owner);
        if at.is_multiple_of(BLOCK_BYTES)
            && at + WRITE_HEADER_BYTES as u64 <= self.len
            && let Ok(header) = WriteHeader::decode(self.get(at, WRITE_HEADER_BYTES)?)
        {
            let mine = header.segment == number && header.offset == at && header.owner == owner;
            return Ok((mine && header.number >= expected).then_some(header.number));
        }
        let Some(header) = RecordHeader::decode(self.get(at, RECORD_HEADER_BYTES)?) else { return Ok(None) };
        let count = RECORD_HEADER_BYTES + header.length as usize;
        if header.write < expected || at + count as u64 > self.len {
            return Ok(None);
        }
        let place = crc_place(Place { owner, segment: number, offset: at });
        let right = record_crc(place, self.get(at, count)?) == header.crc;
        Ok(right.then_some(header.write))
    }
}

/// Offsets in the first `end` bytes of `bytes` at which a write or a record of write `expected` or a later one may begin.
fn find_candidates(bytes: &[u8], end: usize, place: Place, expected: u64, candidates: &mut Vec<u64>) {
    if bytes.iter().all(|byte| *byte == 0) {
        return;
    }
    for at in (0..end).step_by(RECORD_ALIGN_BYTES) {
        let Some(header) = bytes.get(at..at + RECORD_HEADER_BYTES) else { return };
        let here = Place { offset: place.offset + at as u64, ..place };
        let record = || {
            u64_at(header, 16) >= expected
                && header_check(crc_place(here), header).to_le_bytes() == header[6..8]
                && RecordHeader::decode(header).is_some()
        };
        let write = here.offset.is_multiple_of(BLOCK_BYTES) && header[..4] == MAGIC;
        if write || record() {
            candidates.push(at as u64);
        }
    }
}

/// The records of a write whose header is right; every byte of the write is compared. The error says what is wrong.
pub(crate) fn records_of(header: &WriteHeader, place: Place, bytes: &[u8]) -> Result<Vec<RecordView>, String> {
    let end = WRITE_HEADER_BYTES + header.length as usize;
    let mut records = Vec::new();
    let mut at = WRITE_HEADER_BYTES;
    let mut crc = 0;
    while at < end {
        let offset = place.offset + at as u64;
        let wrong = |what: &str| format!("{what} at offset {offset}");
        let record = match RecordHeader::decode(&bytes[at..end]) {
            Some(record) => record,
            None if planted(Bug::HeaderOnly) => return Ok(records),
            None => return Err(wrong("no record")),
        };
        let taken = record_bytes(record.length as usize);
        if at + taken > end {
            return Err(wrong("a record that is longer than its write"));
        }
        let payload = at + RECORD_HEADER_BYTES..at + RECORD_HEADER_BYTES + record.length as usize;
        let place = crc_place(Place { offset, ..place });
        let right = record_crc(place, &bytes[at..payload.end]) == record.crc && record.write == header.number;
        if !right && !planted(Bug::HeaderOnly) {
            return Err(wrong("a record with a wrong CRC"));
        }
        if bytes[payload.end..at + taken].iter().any(|byte| *byte != 0) {
            return Err(wrong("padding that is not zero behind the record"));
        }
        crc = crc32c::crc32c_append(crc, &record.crc.to_le_bytes());
        records.push(RecordView { header: record, offset, payload });
        at += taken;
    }
    let whole = records.len() == header.records as usize && crc == header.records_crc;
    if !whole && !planted(Bug::HeaderOnly) {
        return Err("records that are not those of its header".into());
    }
    if bytes[end..].iter().any(|byte| *byte != 0) {
        return Err("padding that is not zero".into());
    }
    Ok(records)
}
