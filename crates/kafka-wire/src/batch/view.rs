//! One batch, in place.

use std::borrow::Cow;

use super::{codec::Codec, fault::Fault, records::Records, scan::Scan};
use crate::limits::BATCH_HEADER_BYTES;

/// Bytes before the length begins to count: base offset and length.
pub(super) const BEFORE_LENGTH: usize = 12;
pub(super) const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
/// Where the bytes under the CRC begin.
pub(super) const CRC_FROM: usize = 21;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;
pub(super) const LOG_APPEND_TIME: i16 = 1 << 3;
pub(super) const TRANSACTIONAL: i16 = 1 << 4;
pub(super) const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// A batch of format 2 whose bytes are all there; its content may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    bytes: &'a [u8],
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in ms, or the batch's if that is when it was appended.
    pub timestamp: i64,
}

impl<'a> Batch<'a> {
    /// The first batch of `bytes`, and what follows it; none if `bytes` end before it does.
    pub fn split(bytes: &'a [u8]) -> Result<Option<(Batch<'a>, &'a [u8])>, Fault> {
        let Some(magic) = bytes.get(MAGIC_AT) else { return Ok(None) };
        match magic {
            2 => {}
            0 | 1 => return Err(Fault::OldFormat),
            _ => return Err(Fault::UnknownFormat),
        }
        let length = i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let whole = usize::try_from(length).map_err(|_| Fault::Length)?.saturating_add(BEFORE_LENGTH);
        if whole < BATCH_HEADER_BYTES {
            return Err(Fault::Length);
        }
        Ok(bytes.split_at_checked(whole).map(|(bytes, rest)| (Batch { bytes }, rest)))
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        *self.bytes[at..].first_chunk().expect("a batch has its header")
    }

    /// The whole batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The offset of its first record.
    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(self.field(0))
    }

    /// The epoch of the leader that appended it; from a producer it is anything.
    pub fn partition_leader_epoch(&self) -> i32 {
        i32::from_be_bytes(self.field(12))
    }

    /// The CRC that it carries.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(self.field(CRC_AT))
    }

    /// Whether the CRC that it carries is that of its bytes.
    pub fn crc_is_right(&self) -> bool {
        self.crc() == crc32c::crc32c(&self.bytes[CRC_FROM..])
    }

    /// Its attributes, as they are.
    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.field(CRC_FROM))
    }

    /// Its codec; none for numbers that have no meaning.
    pub fn codec(&self) -> Option<Codec> {
        Codec::of(self.attributes())
    }

    /// Whether all its records have the time of appending ([`Batch::max_timestamp`]) as their timestamp.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes() & LOG_APPEND_TIME != 0
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes() & TRANSACTIONAL != 0
    }

    /// Whether it holds a marker instead of records.
    pub fn is_control(&self) -> bool {
        self.attributes() & CONTROL != 0
    }

    /// Whether its base timestamp is the time at which its tombstones may go (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes() & DELETE_HORIZON != 0
    }

    /// The offset of its last record less that of its first.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.field(23))
    }

    /// The offset of its last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset().wrapping_add(self.last_offset_delta().into())
    }

    /// The timestamp, in ms, that its records' are told from.
    pub fn base_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(27))
    }

    /// The greatest timestamp of its records, in ms.
    pub fn max_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.field(MAX_TIMESTAMP_AT))
    }

    /// The producer's id, -1 if it has none.
    pub fn producer_id(&self) -> i64 {
        i64::from_be_bytes(self.field(43))
    }

    /// The producer's epoch. Of a producer without an id it is anything.
    pub fn producer_epoch(&self) -> i16 {
        i16::from_be_bytes(self.field(51))
    }

    /// The sequence of its first record. Of a producer without an id it is anything.
    pub fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(self.field(53))
    }

    /// How many records it says to hold.
    pub fn count(&self) -> i32 {
        i32::from_be_bytes(self.field(57))
    }

    /// The records, compressed if there is a codec.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[BATCH_HEADER_BYTES..]
    }

    /// The first 16 bytes with another base offset and leader epoch. With the batch's bytes from 16 on it is the batch that a
    /// consumer gets, and no other byte was copied.
    pub fn head(&self, base_offset: i64, partition_leader_epoch: i32) -> [u8; 16] {
        let mut head: [u8; 16] = self.field(0);
        head[..8].copy_from_slice(&base_offset.to_be_bytes());
        head[12..].copy_from_slice(&partition_leader_epoch.to_be_bytes());
        head
    }

    /// The records without their codec, at most `bytes_max` bytes ([`Fault::TooLarge`]); borrowed if there is no codec.
    pub fn inflate(&self, bytes_max: usize) -> Result<Cow<'a, [u8]>, Fault> {
        match self.codec().ok_or(Fault::Codec)? {
            Codec::None if self.payload().len() > bytes_max => Err(Fault::TooLarge),
            Codec::None => Ok(Cow::Borrowed(self.payload())),
            codec => codec.inflate(self.payload(), bytes_max).map(Cow::Owned),
        }
    }

    /// The records in `inflated`, which [`Batch::inflate`] gave.
    pub fn records<'b>(&self, inflated: &'b [u8]) -> Records<'b> {
        Records::new(self, inflated)
    }

    /// The timestamp of a record, from what it says itself.
    pub(super) fn timestamp(&self, delta: i64) -> i64 {
        if self.is_log_append_time() { self.max_timestamp() } else { self.base_timestamp().wrapping_add(delta) }
    }

    /// The first record at offset `from` or behind it whose timestamp is `timestamp` or later, as ListOffsets asks for it.
    /// Inflates at most `bytes_max` bytes, in bounded memory.
    pub fn first_at_or_after(&self, from: i64, timestamp: i64, bytes_max: usize) -> Result<Option<Place>, Fault> {
        if self.max_timestamp() < timestamp || self.last_offset() < from {
            return Ok(None);
        }
        let mut scan = Scan::new(self.codec().ok_or(Fault::Codec)?, self.payload(), bytes_max)?;
        for index in 0..self.count().max(0).unsigned_abs() {
            let record = scan.next(index)?;
            let found = self.timestamp(record.timestamp_delta);
            let offset = self.base_offset().wrapping_add(record.offset_delta.into());
            if found >= timestamp && offset >= from {
                return Ok(Some(Place { offset, timestamp: found }));
            }
        }
        Ok(None)
    }

    /// The record with the greatest timestamp at offset `from` or later; of several, the first. At most `bytes_max` are inflated.
    pub fn greatest(&self, from: i64, bytes_max: usize) -> Result<Option<Place>, Fault> {
        let mut scan = Scan::new(self.codec().ok_or(Fault::Codec)?, self.payload(), bytes_max)?;
        let mut greatest: Option<Place> = None;
        for index in 0..self.count().max(0).unsigned_abs() {
            let record = scan.next(index)?;
            let timestamp = self.timestamp(record.timestamp_delta);
            let offset = self.base_offset().wrapping_add(record.offset_delta.into());
            if offset >= from && greatest.is_none_or(|before| timestamp > before.timestamp) {
                greatest = Some(Place { offset, timestamp });
            }
        }
        Ok(greatest)
    }
}
