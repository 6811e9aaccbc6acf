//! From queued records to the bytes of a write.

use std::io;

use base::{EntryId, ShardId};
use bytes::Bytes;

use crate::{
    Entry, Record,
    bugs::{Bug, planted},
    format::{Place, RECORD_HEADER_BYTES, RecordHeader, RecordKind, ShardHead, record_bytes},
    limits::PAYLOAD_BYTES_MAX,
    recovery::crc_place,
    state::{Effect, Placed, Queued},
};

/// What was written of a shard: what the next segment's head repeats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logged {
    pub(crate) vote: Option<Bytes>,
    pub(crate) purged: Option<EntryId>,
    pub(crate) committed: Option<EntryId>,
    pub(crate) last: Option<EntryId>,
}

impl Logged {
    pub(crate) fn truncate(&mut self, last: Option<EntryId>) {
        let end = last.map_or(0, |id| id.index.saturating_add(1));
        if self.last.is_some_and(|id| id.index >= end) {
            self.last = last.max(self.purged);
        }
    }

    pub(crate) fn purge(&mut self, upto: EntryId) {
        if self.purged.is_none_or(|purged| purged.index < upto.index) {
            self.purged = Some(upto);
            self.last = self.last.filter(|last| last.index > upto.index).or(Some(upto));
        }
    }

    pub(crate) fn head(&self) -> ShardHead {
        let vote = if planted(Bug::HeadWithoutVote) { None } else { self.vote.clone() };
        ShardHead { purged: self.purged, committed: self.committed, last: self.last, vote }
    }
}

/// How much of a queued record a write takes.
pub(crate) enum Fit {
    Whole(Queued),
    Part(Queued, Queued),
    Later(Queued),
}

/// Fits a queued record into `room`; an append may be divided between two writes.
pub(crate) fn fit(mut queued: Queued, room: &mut usize, alone: bool) -> Fit {
    let bytes = queued_bytes(&queued.record);
    if bytes <= *room {
        *room -= bytes;
        return Fit::Whole(queued);
    }
    let Record::Append(shard, entries) = &mut queued.record else {
        return if alone { Fit::Whole(queued) } else { Fit::Later(queued) };
    };
    let mut count = 0;
    for entry in entries.iter() {
        let bytes = record_bytes(entry.payload.len());
        if bytes > *room && !(alone && count == 0) {
            break;
        }
        *room = room.saturating_sub(bytes);
        count += 1;
    }
    if count == 0 {
        return Fit::Later(queued);
    }
    if count == entries.len() {
        return Fit::Whole(queued);
    }
    let rest = entries.split_off(count);
    let rest = Queued {
        sequence: queued.sequence,
        record: Record::Append(*shard, rest),
        done: queued.done.take(),
        pin_after: queued.pin_after,
    };
    *room = 0;
    Fit::Part(queued, rest)
}

pub(crate) fn shard_of(record: &Record) -> ShardId {
    match record {
        Record::Append(shard, _)
        | Record::Truncate(shard, _)
        | Record::Purge(shard, _)
        | Record::Vote(shard, _)
        | Record::Committed(shard, _) => *shard,
    }
}

/// Bytes that a queued record takes in a write.
pub(crate) fn queued_bytes(record: &Record) -> usize {
    match record {
        Record::Append(_, entries) => entries.iter().map(|entry| record_bytes(entry.payload.len())).sum(),
        Record::Vote(_, vote) => record_bytes(vote.len()),
        Record::Truncate(..) | Record::Purge(..) | Record::Committed(..) => RECORD_HEADER_BYTES,
    }
}

/// Whether the journal can hold a record at all.
pub(crate) fn check_size(record: &Record) -> io::Result<()> {
    let fits = match record {
        Record::Append(_, entries) => entries.iter().all(|entry| entry.payload.len() <= PAYLOAD_BYTES_MAX),
        Record::Vote(_, vote) => vote.len() <= PAYLOAD_BYTES_MAX,
        Record::Truncate(..) | Record::Purge(..) | Record::Committed(..) => true,
    };
    if fits { Ok(()) } else { Err(too_large()) }
}

pub(crate) fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("a record may have at most {PAYLOAD_BYTES_MAX} bytes"))
}

/// Puts records behind each other into the write's buffer.
pub(crate) struct Encoder<'a> {
    /// Of the write.
    pub(crate) place: Place,
    pub(crate) number: u64,
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) records: u32,
    pub(crate) records_crc: u32,
}

impl Encoder<'_> {
    /// Appends one record; gives its offset in the segment.
    pub(crate) fn record(&mut self, kind: RecordKind, shard: u32, id: Option<EntryId>, payload: &[u8]) -> u64 {
        let offset = self.place.offset + self.out.len() as u64;
        let place = crc_place(Place { offset, ..self.place });
        // Queued payloads were measured by `check_size`, heads are small.
        let length = payload.len() as u32;
        let crc = RecordHeader { kind, length, shard, write: self.number, id, crc: 0 }.encode(place, payload, self.out);
        self.records += 1;
        self.records_crc = crc32c::crc32c_append(self.records_crc, &crc.to_le_bytes());
        offset
    }

    pub(crate) fn queued(&mut self, queued: Queued, logged: &mut Logged, effects: &mut Vec<Effect>) {
        match queued.record {
            Record::Append(shard, entries) => {
                let places = entries.iter().map(|entry| self.entry(shard, entry)).collect();
                logged.last = entries.last().map(|entry| entry.id).or(logged.last);
                effects.push(Effect::Appended { shard, sequence: queued.sequence, places });
            }
            Record::Truncate(shard, last) => {
                self.record(RecordKind::Truncate, shard.0, last, &[]);
                logged.truncate(last);
                effects.push(Effect::Shrunk { shard, pin_after: queued.pin_after });
            }
            Record::Purge(shard, upto) => {
                self.record(RecordKind::Purge, shard.0, Some(upto), &[]);
                logged.purge(upto);
                effects.push(Effect::Shrunk { shard, pin_after: queued.pin_after });
            }
            Record::Vote(shard, vote) => {
                self.record(RecordKind::Vote, shard.0, None, &vote);
                logged.vote = Some(vote);
            }
            Record::Committed(shard, id) => {
                self.record(RecordKind::Committed, shard.0, Some(id), &[]);
                logged.committed = Some(id);
            }
        }
    }

    fn entry(&mut self, shard: ShardId, entry: &Entry) -> Placed {
        let offset = self.record(RecordKind::Append, shard.0, Some(entry.id), &entry.payload);
        Placed {
            index: entry.id.index,
            offset: u32::try_from(offset)
                .expect("segments are smaller than 4 GiB: records are at most 1 GiB and segments checked at open"),
            length: entry.payload.len() as u32,
        }
    }
}
