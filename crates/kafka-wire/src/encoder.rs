//! Fields to bytes.

use crate::{
    Uuid,
    error::{Error, Kind, Result},
    limits::TEXT_BYTES_MAX,
    message::Wire,
};

/// Writes the fields of one message in one version behind what a buffer holds already.
#[derive(Debug)]
pub struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    version: i16,
    flexible: bool,
}

/// The tagged fields of one structure, while they are written.
#[derive(Debug)]
pub struct TagsOut {
    count_at: usize,
}

impl<'o> Encoder<'o> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'o mut Vec<u8>, version: i16, flexible: bool) -> Self {
        let start = out.len();
        Self { out, start, version, flexible }
    }

    /// The message's version.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Whether the version has tagged fields.
    pub fn flexible(&self) -> bool {
        self.flexible
    }

    /// Bytes that were written.
    pub fn position(&self) -> usize {
        self.out.len() - self.start
    }

    fn fault(&self, kind: Kind) -> Error {
        Error::new(kind, self.position())
    }

    /// For a field that the version does not have: it must have its default value, else [`Kind::Absent`].
    pub fn absent(&self, is_default: bool) -> Result<()> {
        if is_default { Ok(()) } else { Err(self.fault(Kind::Absent)) }
    }

    /// One byte.
    pub fn bool(&mut self, value: bool) {
        self.out.push(u8::from(value));
    }

    /// One byte.
    pub fn i8(&mut self, value: i8) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes.
    pub fn i16(&mut self, value: i16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Four bytes.
    pub fn i32(&mut self, value: i32) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes.
    pub fn i64(&mut self, value: i64) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes.
    pub fn f64(&mut self, value: f64) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: Uuid) {
        self.out.extend_from_slice(&value.0.to_be_bytes());
    }

    /// A number of seven bits a byte, lowest first.
    pub fn uvarint(&mut self, value: u32) {
        let (bytes, length) = uvarint(value);
        self.out.extend_from_slice(&bytes[..length]);
    }

    /// A length or a count, none for null, in four bytes or a varint.
    pub fn length(&mut self, length: Option<usize>) -> Result<()> {
        let known = match length {
            // One less than the most, since a varint says one more.
            Some(length) => i32::try_from(length).ok().filter(|length| *length < i32::MAX).ok_or(self.fault(Kind::TooLong))?,
            None => -1,
        };
        if self.flexible {
            self.uvarint((known + 1).unsigned_abs())
        } else {
            self.i32(known)
        }
        Ok(())
    }

    /// A text.
    pub fn string(&mut self, text: &str) -> Result<()> {
        self.string_or_null(Some(text))
    }

    /// A text that may be null in other versions; null is refused.
    pub fn string_not_null(&mut self, text: Option<&str>) -> Result<()> {
        self.string(text.ok_or(self.fault(Kind::Null))?)
    }

    /// A text or null.
    pub fn string_or_null(&mut self, text: Option<&str>) -> Result<()> {
        if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(self.fault(Kind::TooLong));
        }
        let length = text.map(str::len);
        if self.flexible {
            self.length(length)?;
        } else {
            self.i16(length.map_or(-1, |length| length as i16));
        }
        self.out.extend_from_slice(text.unwrap_or_default().as_bytes());
        Ok(())
    }

    /// A text or null whose length has two bytes in flexible versions too: the client id of a request's header.
    pub fn classic_string_or_null(&mut self, text: Option<&str>) -> Result<()> {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let written = self.string_or_null(text);
        self.flexible = flexible;
        written
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes_or_null(Some(bytes))
    }

    /// Bytes or null.
    pub fn bytes_or_null(&mut self, bytes: Option<&[u8]>) -> Result<()> {
        self.length(bytes.map(<[u8]>::len))?;
        self.out.extend_from_slice(bytes.unwrap_or_default());
        Ok(())
    }

    /// An array.
    pub fn array<'a, T: Wire<'a>>(&mut self, array: &[T]) -> Result<()> {
        self.array_or_null(Some(array))
    }

    /// An array that may be null in other versions; null is refused.
    pub fn array_not_null<'a, T: Wire<'a>>(&mut self, array: Option<&[T]>) -> Result<()> {
        self.array(array.ok_or(self.fault(Kind::Null))?)
    }

    /// An array or null.
    pub fn array_or_null<'a, T: Wire<'a>>(&mut self, array: Option<&[T]>) -> Result<()> {
        self.length(array.map(<[T]>::len))?;
        let array = array.unwrap_or_default();
        self.out.reserve(array.len().saturating_mul(T::BYTES_MIN));
        array.iter().try_for_each(|element| element.write(self))
    }

    /// A structure or null, behind a marker of one byte.
    pub fn or_null<'a, T: Wire<'a>>(&mut self, value: Option<&T>) -> Result<()> {
        self.i8(if value.is_some() { 1 } else { -1 });
        value.map_or(Ok(()), |value| value.write(self))
    }

    /// A structure has no tagged fields to write.
    pub fn no_tags(&mut self) {
        if self.flexible {
            self.out.push(0);
        }
    }

    /// Begins the tagged fields of a structure in a flexible version.
    pub fn tags(&mut self) -> TagsOut {
        self.out.push(0);
        TagsOut { count_at: self.out.len() - 1 }
    }

    /// Begins one tagged field, ascending; its content follows, then [`Encoder::end_tag`] with what this returns.
    pub fn tag(&mut self, tags: &TagsOut, tag: u32) -> usize {
        // A structure has less than 128 tags (`TAGS_MAX`), so its count is one byte.
        self.out[tags.count_at] += 1;
        self.uvarint(tag);
        self.out.len()
    }

    /// Ends a tagged field: puts its size before its content.
    pub fn end_tag(&mut self, content_at: usize) -> Result<()> {
        let size = u32::try_from(self.out.len() - content_at).map_err(|_| self.fault(Kind::TooLong))?;
        let (bytes, length) = uvarint(size);
        self.out.splice(content_at..content_at, bytes[..length].iter().copied());
        Ok(())
    }
}

/// The bytes of a varint, and how many of them there are.
fn uvarint(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut length = 0;
    loop {
        bytes[length] = (value & 0x7f) as u8 | if value > 0x7f { 0x80 } else { 0 };
        length += 1;
        value >>= 7;
        if value == 0 {
            return (bytes, length);
        }
    }
}
