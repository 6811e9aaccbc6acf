//! Fields of commands and records.

use std::ops::{Deref, DerefMut};

use base::Result;
use bytes::{BufMut, Bytes};

pub(crate) use base::fields::{put_bytes, put_count};

use crate::{
    limits::HASH_BYTES,
    value::{Hash, ValueType},
};

/// The version of commands and records.
pub(crate) const VERSION: u8 = 1;

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

/// Reads fields off the front: those that all rooms have, and a store's own.
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
        base::fields::Reader::versioned(data, "a configuration", what, VERSION).map(Reader)
    }

    pub(crate) fn hash(&mut self) -> Result<Hash> {
        self.take::<HASH_BYTES>()
    }

    pub(crate) fn hashes(&mut self) -> Result<Vec<Hash>> {
        (0..self.count(HASH_BYTES)?).map(|_| self.hash()).collect()
    }

    pub(crate) fn value_type(&mut self) -> Result<ValueType> {
        let number = self.u8()?;
        ValueType::numbered(number).ok_or_else(|| self.damaged("have an unknown type of value"))
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        let bytes = self.bytes()?;
        self.utf8(&bytes)
    }

    pub(crate) fn short(&mut self) -> Result<String> {
        let length = usize::from(self.u16()?);
        let bytes = self.slice(length)?;
        self.utf8(&bytes)
    }

    fn utf8(&self, bytes: &[u8]) -> Result<String> {
        let text = std::str::from_utf8(bytes).map_err(|_| self.damaged("have a text that is not UTF-8"))?;
        Ok(text.to_owned())
    }

    pub(crate) fn optional(&mut self) -> Result<Option<String>> {
        let [is_there] = self.flags()?;
        if is_there { self.text().map(Some) } else { Ok(None) }
    }
}
