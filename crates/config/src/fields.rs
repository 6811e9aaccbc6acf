//! Fields of commands and records: little-endian, counts and lengths held against what is left before anything is taken.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    error::{damaged, of_another_version},
    limits::HASH_BYTES,
    value::{Hash, ValueType},
};

/// The version of commands and records.
pub(crate) const VERSION: u8 = 1;

pub(crate) fn put_count(count: usize, out: &mut Vec<u8>) {
    out.put_u32_le(u32::try_from(count).expect("a command is smaller than 4 GiB"));
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.put_slice(bytes);
}

pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_bytes(text.as_bytes(), out);
}

pub(crate) fn put_optional(text: Option<&str>, out: &mut Vec<u8>) {
    out.put_u8(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(text, out);
    }
}

/// A text of a record, which was checked before.
pub(crate) fn put_short(text: &str, out: &mut Vec<u8>) {
    out.put_u16_le(u16::try_from(text.len()).expect("texts of records are bounded far below 64 KiB"));
    out.put_slice(text.as_bytes());
}

pub(crate) fn flags(bits: &[bool]) -> u8 {
    bits.iter().enumerate().fold(0, |flags, (place, bit)| flags | (u8::from(*bit) << place))
}

/// Reads fields off the front. Bytes that it gives share the buffer.
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
        let chunk = self.data[self.at..].first_chunk::<N>().ok_or_else(|| damaged("a configuration's bytes end early"))?;
        self.at += N;
        Ok(*chunk)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn hash(&mut self) -> Result<Hash> {
        self.take::<HASH_BYTES>()
    }

    pub(crate) fn flags<const N: usize>(&mut self) -> Result<[bool; N]> {
        let byte = self.u8()?;
        if u32::from(byte) >= 1 << N {
            return Err(damaged("a configuration's bytes have an unknown flag"));
        }
        Ok(std::array::from_fn(|place| byte & (1 << place) != 0))
    }

    pub(crate) fn value_type(&mut self) -> Result<ValueType> {
        ValueType::numbered(self.u8()?).ok_or_else(|| damaged("a configuration's bytes have an unknown type of value"))
    }

    fn slice(&mut self, length: usize) -> Result<Bytes> {
        if length > self.left() {
            return Err(damaged("a length in a configuration's bytes is beyond the end"));
        }
        let bytes = self.data.slice(self.at..self.at + length);
        self.at += length;
        Ok(bytes)
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes> {
        let length = self.u32()? as usize;
        self.slice(length)
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        let length = self.u32()? as usize;
        self.utf8(length)
    }

    pub(crate) fn short(&mut self) -> Result<String> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        self.utf8(length)
    }

    fn utf8(&mut self, length: usize) -> Result<String> {
        let bytes = self.slice(length)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged("a text in a configuration's bytes is not UTF-8"))?;
        Ok(text.to_owned())
    }

    pub(crate) fn optional(&mut self) -> Result<Option<String>> {
        let [is_there] = self.flags()?;
        if is_there { self.text().map(Some) } else { Ok(None) }
    }

    /// A count of things that take `least` bytes each at least.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.left() / least {
            return Err(damaged("a count in a configuration's bytes is beyond the end"));
        }
        Ok(count)
    }

    pub(crate) fn hashes(&mut self) -> Result<Vec<Hash>> {
        (0..self.count(HASH_BYTES)?).map(|_| self.hash()).collect()
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> Bytes {
        let rest = self.data.slice(self.at..);
        self.at = self.data.len();
        rest
    }

    pub(crate) fn end<T>(&self, value: T) -> Result<T> {
        if self.left() > 0 {
            return Err(damaged("bytes follow the end of a configuration's bytes"));
        }
        Ok(value)
    }
}
