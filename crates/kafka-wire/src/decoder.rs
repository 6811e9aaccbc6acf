//! Bytes to fields.

use std::borrow::Cow;

use crate::{
    Uuid,
    error::{Error, Kind, Result},
    limits::{DECODED_BYTES_BASE, DECODED_BYTES_PER_BYTE, TAGS_MAX, TEXT_BYTES_MAX},
    message::Wire,
};

/// Reads the fields of one message in one version. Whether lengths are varints and structures end with tags follows from the
/// version (KIP-482). What it gives borrows from the bytes.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the message ends, or the tagged field that is being read.
    end: usize,
    /// Bytes that arrays may still take in memory.
    budget: usize,
    version: i16,
    flexible: bool,
}

/// The tagged fields of one structure, while they are read.
#[derive(Debug)]
pub struct Tags {
    left: u32,
    last: Option<u32>,
    outer_end: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `bytes`.
    pub fn new(bytes: &'a [u8], version: i16, flexible: bool) -> Self {
        let budget = bytes.len().saturating_mul(DECODED_BYTES_PER_BYTE).saturating_add(DECODED_BYTES_BASE);
        Self { bytes, at: 0, end: bytes.len(), budget, version, flexible }
    }

    /// The message's version.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// From here on lengths are varints and structures end with tags.
    pub(crate) fn set_flexible(&mut self) {
        self.flexible = true;
    }

    /// Bytes that were not read yet.
    pub fn left(&self) -> usize {
        self.end - self.at
    }

    /// Bytes that were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// An error at this place.
    pub fn fault(&self, kind: Kind) -> Error {
        Error::new(kind, self.at)
    }

    /// The message must end here; else [`Kind::Trailing`].
    pub fn finish(&self) -> Result<()> {
        if self.at == self.end { Ok(()) } else { Err(self.fault(Kind::Trailing)) }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        if length > self.left() {
            return Err(self.fault(Kind::Short));
        }
        let taken = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.at..self.end].first_chunk() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.fault(Kind::Short)),
        }
    }

    /// One byte, true unless zero.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.i8()? != 0)
    }

    /// One byte.
    pub fn i8(&mut self) -> Result<i8> {
        Ok(i8::from_be_bytes(self.fixed()?))
    }

    /// Two bytes.
    pub fn i16(&mut self) -> Result<i16> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.fixed()?))
    }

    /// Four bytes.
    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    /// Eight bytes.
    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    /// Eight bytes.
    pub fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_be_bytes(self.fixed()?))
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<Uuid> {
        Ok(Uuid(u128::from_be_bytes(self.fixed()?)))
    }

    /// A number of seven bits a byte, lowest first, five bytes at most.
    pub fn uvarint(&mut self) -> Result<u32> {
        match self.bytes[self.at..self.end].first() {
            // Most of them: short lengths, and no tags.
            Some(byte @ 0..0x80) => {
                self.at += 1;
                Ok((*byte).into())
            }
            _ => self.long_uvarint(),
        }
    }

    fn long_uvarint(&mut self) -> Result<u32> {
        let mut value = 0;
        for place in 0..5 {
            let [byte] = self.fixed()?;
            let bits = u32::from(byte & 0x7f);
            if place == 4 && byte > 0x0f {
                return Err(self.fault(Kind::Varint));
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault(Kind::Varint))
    }

    /// A length or a count, none for null: in flexible versions one more than it, as a varint.
    fn length(&mut self, short: bool) -> Result<Option<usize>> {
        let length = match (self.flexible, short) {
            (true, _) => i64::from(self.uvarint()?) - 1,
            (false, true) => i64::from(self.i16()?),
            (false, false) => i64::from(self.i32()?),
        };
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(self.fault(Kind::Negative)),
        }
    }

    fn not_null<T>(&self, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.fault(Kind::Null))
    }

    /// A text.
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        let text = self.string_or_null()?;
        self.not_null(text)
    }

    /// A text or null.
    pub fn string_or_null(&mut self) -> Result<Option<Cow<'a, str>>> {
        Ok(self.text_or_null()?.map(Cow::Borrowed))
    }

    /// A text or null, as what it is on the wire.
    pub fn text_or_null(&mut self) -> Result<Option<&'a str>> {
        let Some(length) = self.length(true)? else { return Ok(None) };
        if length > TEXT_BYTES_MAX {
            return Err(self.fault(Kind::Text));
        }
        let start = self.at;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(Some).map_err(|fault| Error::new(Kind::Text, start + fault.valid_up_to()))
    }

    /// A text or null whose length has two bytes in flexible versions too: the client id of a request's header.
    pub fn classic_string_or_null(&mut self) -> Result<Option<Cow<'a, str>>> {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let text = self.string_or_null();
        self.flexible = flexible;
        text
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Result<Cow<'a, [u8]>> {
        Ok(Cow::Borrowed(self.records()?))
    }

    /// Bytes or null.
    pub fn bytes_or_null(&mut self) -> Result<Option<Cow<'a, [u8]>>> {
        Ok(self.records_or_null()?.map(Cow::Borrowed))
    }

    /// Record batches, not looked into.
    pub fn records(&mut self) -> Result<&'a [u8]> {
        let records = self.records_or_null()?;
        self.not_null(records)
    }

    /// Record batches or null, not looked into.
    pub fn records_or_null(&mut self) -> Result<Option<&'a [u8]>> {
        match self.length(false)? {
            Some(length) => self.take(length).map(Some),
            None => Ok(None),
        }
    }

    /// How many elements follow, of at least `element_bytes_min` bytes each, none for null. Held against what is left.
    pub fn count_or_null(&mut self, element_bytes_min: usize) -> Result<Option<usize>> {
        let count = self.length(false)?;
        match count {
            Some(count) if count > self.left() / element_bytes_min.max(1) => Err(self.fault(Kind::Count)),
            count => Ok(count),
        }
    }

    /// How many elements follow; null is refused.
    pub fn count(&mut self, element_bytes_min: usize) -> Result<usize> {
        let count = self.count_or_null(element_bytes_min)?;
        self.not_null(count)
    }

    /// An array.
    pub fn array<T: Wire<'a>>(&mut self) -> Result<Vec<T>> {
        let array = self.array_or_null()?;
        self.not_null(array)
    }

    /// An array or null.
    pub fn array_or_null<T: Wire<'a>>(&mut self) -> Result<Option<Vec<T>>> {
        let Some(count) = self.count_or_null(T::BYTES_MIN)? else { return Ok(None) };
        self.charge(count.saturating_mul(size_of::<T>()))?;
        let mut array = Vec::with_capacity(count);
        for _ in 0..count {
            array.push(T::read(self)?);
        }
        Ok(Some(array))
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| self.fault(Kind::Memory))?;
        Ok(())
    }

    /// A structure or null, after a marker of one byte.
    pub fn or_null<T: Wire<'a>>(&mut self) -> Result<Option<T>> {
        match self.i8()? {
            -1 => Ok(None),
            1 => T::read(self).map(Some),
            _ => Err(self.fault(Kind::Marker)),
        }
    }

    /// Begins the tagged fields of a structure; there are none unless the version is flexible.
    pub fn tags(&mut self) -> Result<Tags> {
        let left = if self.flexible { self.uvarint()? } else { 0 };
        // Each takes a byte for its tag and one for its size.
        if left > TAGS_MAX || left as usize > self.left() / 2 {
            return Err(self.fault(Kind::Tags));
        }
        Ok(Tags { left, last: None, outer_end: self.end })
    }

    /// The next tag. Until [`Decoder::end_tag`] nothing beyond its field can be read.
    pub fn tag(&mut self, tags: &mut Tags) -> Result<Option<u32>> {
        if tags.left == 0 {
            return Ok(None);
        }
        tags.left -= 1;
        let tag = self.uvarint()?;
        if tags.last.is_some_and(|last| last >= tag) {
            return Err(self.fault(Kind::Tags));
        }
        tags.last = Some(tag);
        let size = self.uvarint()? as usize;
        if size > self.left() {
            return Err(self.fault(Kind::Short));
        }
        self.end = self.at + size;
        Ok(Some(tag))
    }

    /// Passes over a field whose tag is not known.
    pub fn skip_tag(&mut self) {
        self.at = self.end;
    }

    /// The field of a tag must be read to its end.
    pub fn end_tag(&mut self, tags: &Tags) -> Result<()> {
        if self.at != self.end {
            return Err(self.fault(Kind::Tags));
        }
        self.end = tags.outer_end;
        Ok(())
    }

    /// Passes over all tagged fields of a structure that knows none.
    pub fn skip_tags(&mut self) -> Result<()> {
        let mut tags = self.tags()?;
        while self.tag(&mut tags)?.is_some() {
            self.skip_tag();
            self.end_tag(&tags)?;
        }
        Ok(())
    }
}
