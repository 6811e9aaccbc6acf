//! The bytes of a write and of a record, as `docs/formats/journal.md` draws them. All numbers are little-endian.

use base::EntryId;
use bytes::Bytes;

use crate::limits::{BLOCK_BYTES, PAYLOAD_BYTES_MAX, RECORD_ALIGN_BYTES};

/// First bytes of a write.
pub const MAGIC: [u8; 4] = *b"MFJW";
/// The format that this code writes and reads.
pub const VERSION: u16 = 1;
/// Bytes of a write's header.
pub const WRITE_HEADER_BYTES: usize = 96;
/// Bytes of a record's header.
pub const RECORD_HEADER_BYTES: usize = 40;
/// Set in the first write of a segment, which repeats what is known of every shard.
pub const FLAG_HEAD: u16 = 1;
/// Set in a record whose term and index mean an entry.
pub const RECORD_HAS_ID: u8 = 1;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// One entry.
    Append = 1,
    /// Entries after this one (without an id: all) are gone.
    Truncate = 2,
    /// Entries up to this one are held elsewhere.
    Purge = 3,
    /// A shard's vote.
    Vote = 4,
    /// A shard's committed entry, never beyond what was synced before.
    Committed = 5,
    /// The journal is idle: everything before was synced and acknowledged.
    Closing = 6,
    /// What was known of a shard when the segment began.
    Head = 7,
}

impl RecordKind {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Append,
            2 => Self::Truncate,
            3 => Self::Purge,
            4 => Self::Vote,
            5 => Self::Committed,
            6 => Self::Closing,
            7 => Self::Head,
            _ => return None,
        })
    }
}

/// Where a byte of the journal lies; mixed into every record's CRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose journal it is.
    pub owner: u64,
    /// The segment's number.
    pub segment: u64,
    /// The offset in the segment.
    pub offset: u64,
}

/// The header of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteHeader {
    /// See [`FLAG_HEAD`].
    pub flags: u16,
    /// Bytes of records behind the header, without the padding of the write.
    pub length: u32,
    /// Ascending by one from write to write, over all segments.
    pub number: u64,
    /// The segment that it was written to.
    pub segment: u64,
    /// Where in the segment.
    pub offset: u64,
    /// Whose journal.
    pub owner: u64,
    /// The oldest segment that was still needed.
    pub first: u64,
    /// The newest segment whose file was durable.
    pub end: u64,
    /// File length of this segment.
    pub segment_bytes: u64,
    /// File length of segment `end`.
    pub end_bytes: u64,
    /// Number of records.
    pub records: u32,
    /// CRC-32C over the CRCs of all records, in order.
    pub records_crc: u32,
    /// The CRC of the write before.
    pub previous_crc: u32,
    /// This write's CRC, over its header; through `records_crc` it stands for the whole write.
    pub crc: u32,
}

/// Why a header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// There is no header: other bytes, or its CRC is wrong.
    Absent,
    /// A header of another version of the format.
    Version(u16),
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

impl WriteHeader {
    /// Writes the header into the first [`WRITE_HEADER_BYTES`] of `out` and returns its CRC.
    pub fn encode(&self, out: &mut [u8]) -> u32 {
        let out = &mut out[..WRITE_HEADER_BYTES];
        out[0..4].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&VERSION.to_le_bytes());
        out[10..12].copy_from_slice(&self.flags.to_le_bytes());
        out[12..16].copy_from_slice(&self.length.to_le_bytes());
        let numbers =
            [self.number, self.segment, self.offset, self.owner, self.first, self.end, self.segment_bytes, self.end_bytes];
        for (at, number) in numbers.iter().enumerate() {
            out[16 + at * 8..24 + at * 8].copy_from_slice(&number.to_le_bytes());
        }
        out[80..84].copy_from_slice(&self.records.to_le_bytes());
        out[84..88].copy_from_slice(&self.records_crc.to_le_bytes());
        out[88..92].copy_from_slice(&self.previous_crc.to_le_bytes());
        out[92..96].fill(0);
        let crc = crc32c::crc32c(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_le_bytes());
        crc
    }

    /// Reads a header whose own CRC is right. Says nothing about its place or its records.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        if bytes.len() < WRITE_HEADER_BYTES || bytes[0..4] != MAGIC {
            return Err(HeaderFault::Absent);
        }
        let crc = u32_at(bytes, 4);
        if crc32c::crc32c(&bytes[8..WRITE_HEADER_BYTES]) != crc {
            return Err(HeaderFault::Absent);
        }
        let version = u16_at(bytes, 8);
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        Ok(Self {
            flags: u16_at(bytes, 10),
            length: u32_at(bytes, 12),
            number: u64_at(bytes, 16),
            segment: u64_at(bytes, 24),
            offset: u64_at(bytes, 32),
            owner: u64_at(bytes, 40),
            first: u64_at(bytes, 48),
            end: u64_at(bytes, 56),
            segment_bytes: u64_at(bytes, 64),
            end_bytes: u64_at(bytes, 72),
            records: u32_at(bytes, 80),
            records_crc: u32_at(bytes, 84),
            previous_crc: u32_at(bytes, 88),
            crc,
        })
    }

    /// Whether the write is its segment's first.
    pub fn is_head(&self) -> bool {
        self.flags & FLAG_HEAD != 0
    }

    /// Bytes that the write takes, padding included.
    pub fn write_bytes(&self) -> u64 {
        (WRITE_HEADER_BYTES as u64 + u64::from(self.length)).next_multiple_of(BLOCK_BYTES)
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What it is.
    pub kind: RecordKind,
    /// Bytes of payload.
    pub length: u32,
    /// The shard; 0 for a closing record.
    pub shard: u32,
    /// The number of the write that it is part of.
    pub write: u64,
    /// The entry that it speaks of, if any.
    pub id: Option<EntryId>,
    /// CRC-32C over the place, the header and the payload.
    pub crc: u32,
}

/// Bytes that a record with such a payload takes, alignment included.
pub fn record_bytes(payload: usize) -> usize {
    (RECORD_HEADER_BYTES + payload).next_multiple_of(RECORD_ALIGN_BYTES)
}

fn place_crc(place: Place) -> u32 {
    let mut bytes = [0; 24];
    bytes[0..8].copy_from_slice(&place.owner.to_le_bytes());
    bytes[8..16].copy_from_slice(&place.segment.to_le_bytes());
    bytes[16..24].copy_from_slice(&place.offset.to_le_bytes());
    crc32c::crc32c(&bytes)
}

/// Two bytes by which a record's header can be told from other bytes before its payload is read: without them, a search would
/// have to read as far as any bytes that look like a length say.
pub fn header_check(place: Place, header: &[u8]) -> u16 {
    let crc = crc32c::crc32c_append(place_crc(place), &header[4..6]);
    crc32c::crc32c_append(crc, &header[8..RECORD_HEADER_BYTES]) as u16
}

/// The CRC of the record whose header and payload are `bytes` (the CRC field itself is not covered).
pub fn record_crc(place: Place, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(place_crc(place), &bytes[4..])
}

impl RecordHeader {
    /// Appends header, payload and alignment to `out`; `place` is where the record will lie. Returns the record's CRC.
    pub fn encode(&self, place: Place, payload: &[u8], out: &mut Vec<u8>) -> u32 {
        let start = out.len();
        let mut head = [0; RECORD_HEADER_BYTES];
        head[4] = self.kind as u8;
        head[5] = if self.id.is_some() { RECORD_HAS_ID } else { 0 };
        head[8..12].copy_from_slice(&self.length.to_le_bytes());
        head[12..16].copy_from_slice(&self.shard.to_le_bytes());
        head[16..24].copy_from_slice(&self.write.to_le_bytes());
        let id = self.id.unwrap_or_default();
        head[24..32].copy_from_slice(&id.term.to_le_bytes());
        head[32..40].copy_from_slice(&id.index.to_le_bytes());
        let check = header_check(place, &head);
        head[6..8].copy_from_slice(&check.to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(payload);
        let crc = record_crc(place, &out[start..]);
        out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
        out.resize(start + record_bytes(payload.len()), 0);
        crc
    }

    /// Reads the fields, without checking the CRC. `None` if they cannot be a record's.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < RECORD_HEADER_BYTES {
            return None;
        }
        let kind = RecordKind::from_byte(bytes[4])?;
        let length = u32_at(bytes, 8);
        if length as usize > PAYLOAD_BYTES_MAX || bytes[5] > RECORD_HAS_ID {
            return None;
        }
        let id = EntryId { term: u64_at(bytes, 24), index: u64_at(bytes, 32) };
        Some(Self {
            kind,
            length,
            shard: u32_at(bytes, 12),
            write: u64_at(bytes, 16),
            id: (bytes[5] == RECORD_HAS_ID).then_some(id),
            crc: u32_at(bytes, 0),
        })
    }
}

/// What a segment's head repeats of one shard: the payload of a [`RecordKind::Head`] record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardHead {
    /// The last purged entry.
    pub purged: Option<EntryId>,
    /// The committed entry.
    pub committed: Option<EntryId>,
    /// The last entry, purged or not.
    pub last: Option<EntryId>,
    /// The vote.
    pub vote: Option<Bytes>,
}

/// Bytes of a shard's head without the vote.
pub const SHARD_HEAD_BYTES: usize = 56;

impl ShardHead {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let ids = [self.purged, self.committed, self.last];
        let mut out = vec![0; SHARD_HEAD_BYTES];
        for (at, id) in ids.iter().enumerate() {
            if let Some(id) = id {
                out[0] |= 1 << at;
                out[8 + at * 16..16 + at * 16].copy_from_slice(&id.term.to_le_bytes());
                out[16 + at * 16..24 + at * 16].copy_from_slice(&id.index.to_le_bytes());
            }
        }
        if let Some(vote) = &self.vote {
            out[0] |= 8;
            out.extend_from_slice(vote);
        }
        out
    }

    /// Reads a payload; `None` if it is not one.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        if payload.len() < SHARD_HEAD_BYTES || payload[0] > 15 || payload[1..8] != [0; 7] {
            return None;
        }
        let id = |at: usize| {
            let id = EntryId { term: u64_at(payload, 8 + at * 16), index: u64_at(payload, 16 + at * 16) };
            (payload[0] & 1 << at != 0).then_some(id)
        };
        let vote = (payload[0] & 8 != 0).then(|| Bytes::copy_from_slice(&payload[SHARD_HEAD_BYTES..]));
        if vote.is_none() && payload.len() != SHARD_HEAD_BYTES {
            return None;
        }
        Some(Self { purged: id(0), committed: id(1), last: id(2), vote })
    }
}
