//! Fields of commands and records.

use std::ops::{Deref, DerefMut};

use base::Result;
use bytes::{BufMut, Bytes};

pub(crate) use base::fields::{put_bytes, put_count};

use crate::identity::{PartitionId, Position, TopicId};

/// The version of commands and records.
pub(crate) const VERSION: u8 = 1;
/// Bytes of a partition's identity.
pub(crate) const PARTITION_BYTES: usize = 20;
/// Bytes of a position.
pub(crate) const POSITION_BYTES: usize = 12;

pub(crate) fn put_optional(bytes: Option<&Bytes>, out: &mut Vec<u8>) {
    out.put_u8(u8::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        put_bytes(bytes, out);
    }
}

pub(crate) fn put_partition(id: PartitionId, out: &mut Vec<u8>) {
    out.put_u128_le(id.topic.0);
    out.put_u32_le(id.partition);
}

pub(crate) fn put_position(position: Position, out: &mut Vec<u8>) {
    out.put_u64_le(position.index);
    out.put_u32_le(position.at);
}

/// Reads fields off the front: those that all rooms have, and a stream's own.
pub(crate) struct Reader(base::fields::Reader);

impl Deref for Reader {
    type Target = base::fields::Reader;

    fn deref(&self) -> &base::fields::Reader {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut base::fields::Reader {
        &mut self.0
    }
}

impl Reader {
    /// Reads the version, which `what` has first.
    pub(crate) fn new(data: Bytes, what: &str) -> Result<Reader> {
        base::fields::Reader::versioned(data, "a stream", what, VERSION).map(Reader)
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        self.take().map(i16::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        self.take().map(i32::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        self.take().map(i64::from_le_bytes)
    }

    pub(crate) fn topic(&mut self) -> Result<TopicId> {
        self.take().map(u128::from_le_bytes).map(TopicId)
    }

    pub(crate) fn partition(&mut self) -> Result<PartitionId> {
        Ok(PartitionId { topic: self.topic()?, partition: self.u32()? })
    }

    pub(crate) fn position(&mut self) -> Result<Position> {
        Ok(Position { index: self.u64()?, at: self.u32()? })
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        self.flags().map(|[flag]| flag)
    }

    pub(crate) fn optional(&mut self) -> Result<Option<Bytes>> {
        if self.flag()? { self.bytes().map(Some) } else { Ok(None) }
    }
}
