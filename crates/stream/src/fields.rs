//! Fields of commands and records: little-endian, counts and lengths held against what is left before anything is taken.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    error::{damaged, of_another_version},
    identity::{PartitionId, Position, TopicId},
};

/// The version of commands and records.
pub(crate) const VERSION: u8 = 1;
/// Bytes of a partition's identity.
pub(crate) const PARTITION_BYTES: usize = 20;
/// Bytes of a position.
pub(crate) const POSITION_BYTES: usize = 12;

pub(crate) fn put_count(count: usize, out: &mut Vec<u8>) {
    out.put_u32_le(u32::try_from(count).expect("a command is smaller than 4 GiB"));
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.put_slice(bytes);
}

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

/// Reads fields off the front. What it gives shares the buffer.
pub(crate) struct Reader {
    data: Bytes,
    at: usize,
}

impl Reader {
    /// Reads the version, which `what` has first.
    pub(crate) fn new(data: Bytes, what: &str) -> Result<Reader> {
        let mut reader = Reader { data, at: 0 };
        match reader.u8()? {
            VERSION => Ok(reader),
            version => Err(of_another_version(what, version, VERSION)),
        }
    }

    fn left(&self) -> usize {
        self.data.len() - self.at
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let chunk = self.data[self.at..].first_chunk::<N>().ok_or_else(|| damaged("a stream's bytes end early"))?;
        self.at += N;
        Ok(*chunk)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        self.take().map(i16::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        self.take().map(i32::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        self.take().map(i64::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.take().map(u64::from_le_bytes)
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
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged("a stream's bytes have an unknown flag")),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes> {
        let length = self.u32()? as usize;
        if length > self.left() {
            return Err(damaged("a length in a stream's bytes is beyond the end"));
        }
        let bytes = self.data.slice(self.at..self.at + length);
        self.at += length;
        Ok(bytes)
    }

    pub(crate) fn optional(&mut self) -> Result<Option<Bytes>> {
        if self.flag()? { self.bytes().map(Some) } else { Ok(None) }
    }

    /// A count of things that take `least` bytes each at least.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.left() / least {
            return Err(damaged("a count in a stream's bytes is beyond the end"));
        }
        Ok(count)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> Bytes {
        let rest = self.data.slice(self.at..);
        self.at = self.data.len();
        rest
    }

    pub(crate) fn end<T>(&self, value: T) -> Result<T> {
        if self.left() > 0 {
            return Err(damaged("bytes follow the end of a stream's bytes"));
        }
        Ok(value)
    }
}
