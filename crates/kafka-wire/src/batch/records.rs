//! Records, in place.

use super::{fault::Fault, view::Batch};

/// A record, borrowed from its batch's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'b> {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in ms: its own, or when its batch was appended.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'b [u8]>,
    /// Its value; none is a tombstone.
    pub value: Option<&'b [u8]>,
    /// Its headers.
    pub headers: Headers<'b>,
}

/// A header of a record (KIP-82).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'b> {
    /// Its key, which should be UTF-8.
    pub key: &'b [u8],
    /// Its value.
    pub value: Option<&'b [u8]>,
}

/// The headers of a record; they were checked when the record was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers<'b> {
    count: u32,
    bytes: &'b [u8],
}

impl ExactSizeIterator for Headers<'_> {}

impl<'b> Iterator for Headers<'b> {
    type Item = Header<'b>;

    fn next(&mut self) -> Option<Header<'b>> {
        self.count = self.count.checked_sub(1)?;
        header(&mut self.bytes)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count as usize, Some(self.count as usize))
    }
}

/// The records of a batch. After a fault nothing more is given. Offsets are as the records say, which in a compacted log leaves
/// gaps.
#[derive(Clone, Debug)]
pub struct Records<'b> {
    rest: &'b [u8],
    index: u32,
    count: u32,
    base_offset: i64,
    base_timestamp: i64,
    append_time: Option<i64>,
}

impl<'b> Records<'b> {
    pub(super) fn new(batch: &Batch<'_>, inflated: &'b [u8]) -> Self {
        Self {
            rest: inflated,
            index: 0,
            count: batch.count().max(0).unsigned_abs(),
            base_offset: batch.base_offset(),
            base_timestamp: batch.base_timestamp(),
            append_time: batch.is_log_append_time().then(|| batch.max_timestamp()),
        }
    }

    fn read(&mut self) -> Option<Record<'b>> {
        let length = length(&mut self.rest)?;
        let mut bytes = take(&mut self.rest, length)?;
        take(&mut bytes, 1)?;
        let timestamp_delta = varlong(&mut bytes)?;
        let offset_delta = varint(&mut bytes)?;
        let key = bytes_or_null(&mut bytes)?;
        let value = bytes_or_null(&mut bytes)?;
        let count = u32::try_from(varint(&mut bytes)?).ok()?;
        let headers = bytes;
        for _ in 0..count {
            header(&mut bytes)?;
        }
        bytes.is_empty().then(|| Record {
            offset: self.base_offset.wrapping_add(offset_delta.into()),
            timestamp: self.append_time.unwrap_or(self.base_timestamp.wrapping_add(timestamp_delta)),
            key,
            value,
            headers: Headers { count, bytes: headers },
        })
    }
}

impl<'b> Iterator for Records<'b> {
    type Item = Result<Record<'b>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            return None;
        }
        let index = self.index;
        self.index += 1;
        let record = self.read().ok_or(Fault::Record { index });
        if record.is_err() {
            self.index = self.count;
        }
        Some(record)
    }
}

fn header<'b>(from: &mut &'b [u8]) -> Option<Header<'b>> {
    let length = length(from)?;
    let key = take(from, length)?;
    Some(Header { key, value: bytes_or_null(from)? })
}

fn take<'b>(from: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn length(from: &mut &[u8]) -> Option<usize> {
    usize::try_from(varint(from)?).ok()
}

fn bytes_or_null<'b>(from: &mut &'b [u8]) -> Option<Option<&'b [u8]>> {
    match varint(from)? {
        -1 => Some(None),
        length => take(from, usize::try_from(length).ok()?).map(Some),
    }
}

fn varint(from: &mut &[u8]) -> Option<i32> {
    let value = u32::try_from(unsigned(from, 5)?).ok()?;
    Some((value >> 1) as i32 ^ -((value & 1) as i32))
}

fn varlong(from: &mut &[u8]) -> Option<i64> {
    let value = unsigned(from, 10)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn unsigned(from: &mut &[u8], bytes_max: usize) -> Option<u64> {
    let mut value = 0;
    for (place, byte) in from.iter().take(bytes_max).enumerate() {
        if place == 9 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            *from = &from[place + 1..];
            return Some(value);
        }
    }
    None
}
