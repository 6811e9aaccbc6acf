//! Looking at a journal without changing it: what every file holds, write by write and record by record, and what the next start
//! would say.
//!
//! [`Inspection::open`] takes a directory; [`Inspection::segments`] lists its files, [`Inspection::writes`] walks through one, and
//! [`Inspection::summary`] does what recovery does, short of changing anything.

use base::{Disk, EntryId, Error, Kind, Result, ShardId};

use crate::{
    ShardState,
    format::{RecordKind, WRITE_HEADER_BYTES, WriteHeader},
    limits::BLOCK_BYTES,
    recovery::{Files, Replay, unreadable},
    segment::segment_name,
    walk::Verdict,
};

/// What a segment file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds writes that are part of the journal.
    Needed,
    /// It has none: it waits for its turn, or was passed over after a torn write.
    Empty,
    /// Nothing needs it any more; it will be used again or removed.
    Spare,
}

/// One segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// Its number.
    pub number: u64,
    /// The name of the file.
    pub file: String,
    /// The file's length.
    pub bytes: u64,
    /// Bytes up to the end of its last whole write.
    pub used_bytes: u64,
    /// What it is there for.
    pub role: Role,
    /// Whole writes in it.
    pub writes: u64,
    /// The numbers of its first and last whole write.
    pub numbers: Option<(u64, u64)>,
}

/// Whether a write can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteVerdict {
    /// Every byte is right.
    Whole,
    /// Its header is right, its records are not: the text says what.
    Broken(String),
    /// A right header that belongs to another segment or place: what the file held before.
    Leftover {
        /// The segment that it belonged to.
        segment: u64,
        /// The place that it belonged to.
        offset: u64,
    },
    /// Another version of the format.
    Version(u16),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRow {
    /// The segment in which it was found.
    pub segment: u64,
    /// Where in the segment.
    pub offset: u64,
    /// Its header; absent for another version of the format.
    pub header: Option<WriteHeader>,
    /// Whether it can be believed.
    pub verdict: WriteVerdict,
    /// Its records, if it is whole.
    pub records: Vec<RecordRow>,
}

/// One record of a whole write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// What it is.
    pub kind: RecordKind,
    /// The shard; without meaning for a closing record.
    pub shard: ShardId,
    /// The entry that it speaks of.
    pub id: Option<EntryId>,
    /// Where in the segment.
    pub offset: u64,
    /// Bytes of payload.
    pub length: u32,
}

/// What the next start would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No write is there: it would begin a new journal.
    Empty,
    /// The last write is a closing record.
    Closed,
    /// The last write is whole; the journal was not idle when it ended.
    Open,
    /// A write was begun and is not whole; it was never acknowledged and would be cut.
    Torn {
        /// The segment of the cut.
        segment: u64,
        /// The offset of the cut.
        offset: u64,
        /// What is wrong with the write, if its header can be read.
        why: Option<String>,
    },
    /// The journal would be refused, with this text.
    Refused(Error),
}

/// One shard as recovery finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRow {
    /// The shard.
    pub shard: ShardId,
    /// Its ids and vote.
    pub state: ShardState,
    /// Entries that the journal holds for it.
    pub entries: u64,
}

/// The journal as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What the next start would say.
    pub outcome: Outcome,
    /// Whose journal it is, by its headers.
    pub owner: u64,
    /// The oldest segment that is needed.
    pub first: Option<u64>,
    /// Whole writes in the chain, up to where it ends or was found damaged.
    pub writes: u64,
    /// Records in them.
    pub records: u64,
    /// Their bytes, padding included.
    pub bytes: u64,
    /// The shards; empty if the journal would be refused.
    pub shards: Vec<ShardRow>,
}

/// A journal's directory, opened for looking.
pub struct Inspection {
    files: Files,
}

impl Inspection {
    /// Opens the segment files of `disk`. Changes nothing; but what a running node writes meanwhile may look torn.
    pub fn open(disk: &dyn Disk) -> Result<Self> {
        let mut files = Files::open(disk, 0).map_err(|error| unreadable(&error))?;
        files.owner = owner_of(&files)?;
        Ok(Self { files })
    }

    /// Every segment file, by number.
    pub fn segments(&self) -> Result<Vec<SegmentRow>> {
        let first = self.files.first_needed()?;
        let mut rows = Vec::new();
        for number in self.files.files.keys().copied() {
            let mut reader = self.files.reader(number).map_err(|error| unreadable(&error))?;
            let mut row = SegmentRow {
                number,
                file: segment_name(number),
                bytes: reader.len,
                used_bytes: 0,
                role: Role::Empty,
                writes: 0,
                numbers: None,
            };
            while let Verdict::Valid(write) = reader.write_at(row.used_bytes).map_err(|error| unreadable(&error))? {
                row.used_bytes += write.header.write_bytes();
                row.writes += 1;
                row.numbers = Some((row.numbers.map_or(write.header.number, |(first, _)| first), write.header.number));
            }
            row.role = match (row.writes, first) {
                (_, Some(first)) if number < first => Role::Spare,
                (0, _) => Role::Empty,
                _ => Role::Needed,
            };
            rows.push(row);
        }
        Ok(rows)
    }

    /// Every write of a segment, also behind damage: blocks without a header are passed over. `NotFound` for a segment that is not there.
    pub fn writes(&self, segment: u64) -> Result<Writes<'_>> {
        if !self.files.files.contains_key(&segment) {
            return Err(Error::new(Kind::NotFound, format!("there is no {}", segment_name(segment))));
        }
        let reader = self.files.reader(segment).map_err(|error| unreadable(&error))?;
        Ok(Writes { reader, offset: 0 })
    }

    /// Does what recovery does, without changing anything.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            outcome: Outcome::Empty,
            owner: self.files.owner,
            first: None,
            writes: 0,
            records: 0,
            bytes: 0,
            shards: Vec::new(),
        };
        if let Err(error) = self.judge(&mut summary) {
            summary.outcome = Outcome::Refused(error);
        }
        summary
    }

    fn judge(&self, summary: &mut Summary) -> Result<()> {
        summary.first = self.files.first_needed()?;
        let Some(start) = self.files.start(summary.first)? else { return Ok(()) };
        let mut replay = Replay::default();
        let end = self.files.follow(start, |write| {
            let first = summary.writes == 0;
            summary.writes += 1;
            summary.records += write.records.len() as u64;
            summary.bytes += write.header.write_bytes();
            replay.apply(write, first)
        })?;
        if end.last.is_none() {
            return Ok(());
        }
        let torn = end.remains.begun.is_some() || end.broken.is_some();
        let (shards, _) = replay.finish(&end)?;
        let rows = shards.iter().map(|(id, shard)| {
            let held = shard.held();
            ShardRow { shard: *id, state: shard.state(), entries: held.end - held.start }
        });
        summary.shards = rows.collect();
        summary.outcome = match (torn, end.closed) {
            (true, _) => Outcome::Torn { segment: end.segment, offset: end.offset, why: end.broken },
            (false, true) => Outcome::Closed,
            (false, false) => Outcome::Open,
        };
        Ok(())
    }
}

/// The owner that the newest header in its place names; 0 if there is none.
fn owner_of(files: &Files) -> Result<u64> {
    for number in files.files.keys().rev() {
        let mut reader = files.reader(*number).map_err(|error| unreadable(&error))?;
        let mut offset = 0;
        while offset + WRITE_HEADER_BYTES as u64 <= reader.len {
            let bytes = reader.get(offset, WRITE_HEADER_BYTES).map_err(|error| unreadable(&error))?;
            if let Ok(header) = WriteHeader::decode(bytes)
                && (header.segment, header.offset) == (*number, offset)
            {
                return Ok(header.owner);
            }
            offset += BLOCK_BYTES;
        }
    }
    Ok(0)
}

/// The writes of one segment.
pub struct Writes<'a> {
    reader: crate::walk::Reader<'a>,
    offset: u64,
}

impl Iterator for Writes<'_> {
    type Item = Result<WriteRow>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.offset < self.reader.len {
            let offset = self.offset;
            self.offset += BLOCK_BYTES;
            let verdict = match self.reader.write_at(offset) {
                Ok(verdict) => verdict,
                Err(error) => {
                    self.offset = self.reader.len;
                    return Some(Err(unreadable(&error)));
                }
            };
            let row = |header, verdict, records| WriteRow { segment: self.reader.number, offset, header, verdict, records };
            return Some(Ok(match verdict {
                Verdict::Absent => continue,
                Verdict::Valid(write) => {
                    self.offset = offset + write.header.write_bytes();
                    let records = write.records.iter().map(|record| RecordRow {
                        kind: record.header.kind,
                        shard: ShardId(record.header.shard),
                        id: record.header.id,
                        offset: record.offset,
                        length: record.header.length,
                    });
                    let records = records.collect();
                    row(Some(write.header), WriteVerdict::Whole, records)
                }
                Verdict::Broken(header, why) => row(Some(header), WriteVerdict::Broken(why), Vec::new()),
                Verdict::Elsewhere(header) => {
                    let verdict = WriteVerdict::Leftover { segment: header.segment, offset: header.offset };
                    row(Some(header), verdict, Vec::new())
                }
                Verdict::Version(version) => row(None, WriteVerdict::Version(version), Vec::new()),
            }));
        }
        None
    }
}
