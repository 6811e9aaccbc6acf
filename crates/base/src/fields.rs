//! Fields of commands and records, read off the front: little-endian, counts and lengths held against what is left before anything
//! is taken. Rooms put their own fields on top.

use bytes::{BufMut, Bytes};

use crate::{Error, Kind, Result};

/// Writes a count, or a length.
///
/// # Panics
/// If it is 4 GiB or more: commands and records are bounded far below.
pub fn put_count(count: usize, out: &mut Vec<u8>) {
    out.put_u32_le(u32::try_from(count).expect("a command is smaller than 4 GiB"));
}

/// Writes bytes behind their length.
pub fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.put_slice(bytes);
}

/// Reads fields off the front. What it gives shares the buffer.
#[derive(Debug)]
pub struct Reader {
    data: Bytes,
    at: usize,
    /// Whose bytes they are, for errors: `a stream`.
    of: &'static str,
}

impl Reader {
    /// Reads the version, which `what` has first and which is to be `ours`. `of` says whose bytes they are: `a stream`.
    ///
    /// # Errors
    /// `Unsupported` for another version, `Corrupt` for no bytes at all.
    pub fn versioned(data: Bytes, of: &'static str, what: &str, ours: u8) -> Result<Reader> {
        let mut reader = Reader { data, at: 0, of };
        match reader.u8()? {
            version if version == ours => Ok(reader),
            version => {
                let message = format!("{what} of version {version}, and this is a node of version {ours}: update it");
                Err(Error::new(Kind::Unsupported, message))
            }
        }
    }

    /// An error that tells what is wrong with the bytes.
    pub fn damaged(&self, what: &str) -> Error {
        Error::new(Kind::Corrupt, format!("{}'s bytes {what}", self.of))
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.data.len() - self.at
    }

    /// So many bytes.
    ///
    /// # Errors
    /// `Corrupt` if there are fewer, here and below.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let chunk = self.data[self.at..].first_chunk::<N>().ok_or_else(|| self.damaged("end early"))?;
        self.at += N;
        Ok(*chunk)
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    /// A number of 16 bits.
    pub fn u16(&mut self) -> Result<u16> {
        self.take().map(u16::from_le_bytes)
    }

    /// A number of 32 bits.
    pub fn u32(&mut self) -> Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// A number of 64 bits.
    pub fn u64(&mut self) -> Result<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A byte of so many flags, the first one lowest.
    ///
    /// # Errors
    /// `Corrupt` for a flag beyond them.
    pub fn flags<const N: usize>(&mut self) -> Result<[bool; N]> {
        let byte = self.u8()?;
        if u32::from(byte) >= 1 << N {
            return Err(self.damaged("have an unknown flag"));
        }
        Ok(std::array::from_fn(|place| byte & (1 << place) != 0))
    }

    /// So many bytes, shared.
    ///
    /// # Errors
    /// `Corrupt` if there are fewer.
    pub fn slice(&mut self, length: usize) -> Result<Bytes> {
        if length > self.left() {
            return Err(self.damaged("have a length beyond their end"));
        }
        let bytes = self.data.slice(self.at..self.at + length);
        self.at += length;
        Ok(bytes)
    }

    /// Bytes behind their length.
    ///
    /// # Errors
    /// As [`Reader::slice`].
    pub fn bytes(&mut self) -> Result<Bytes> {
        let length = self.u32()? as usize;
        self.slice(length)
    }

    /// A count of things that take `least` bytes each at least.
    ///
    /// # Errors
    /// `Corrupt` if so many cannot follow.
    pub fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.left() / least {
            return Err(self.damaged("have a count beyond their end"));
        }
        Ok(count)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Bytes {
        let rest = self.data.slice(self.at..);
        self.at = self.data.len();
        rest
    }

    /// What was read, if nothing follows.
    ///
    /// # Errors
    /// `Corrupt` if something does.
    pub fn end<T>(&self, value: T) -> Result<T> {
        if self.left() > 0 {
            return Err(self.damaged("go on behind their end"));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &'static [u8]) -> Reader {
        Reader::versioned(Bytes::from_static(bytes), "a test", "a record", 1).expect("is of version 1")
    }

    #[test]
    fn fields_come_off_the_front_and_nothing_is_taken_beyond_the_end() {
        let mut fields = reader(&[1, 5, 3, 0, 0, 0, b'a', b'b', b'c', 9]);
        assert_eq!(fields.flags::<3>().unwrap(), [true, false, true]);
        assert_eq!(fields.bytes().unwrap(), &b"abc"[..]);
        assert!(fields.end(()).is_err(), "a byte is left");
        assert_eq!((fields.u8().unwrap(), fields.left()), (9, 0));
        fields.end(()).unwrap();
        assert_eq!(fields.u8().unwrap_err().message, "a test's bytes end early");

        assert_eq!(reader(&[1, 4]).flags::<2>().unwrap_err().kind, Kind::Corrupt);
        assert!(reader(&[1, 4, 0, 0, 0, 1, 2, 3]).bytes().is_err());
        assert!(reader(&[1, 4, 0, 0, 0, 1, 2, 3]).count(1).is_err());
        assert_eq!(reader(&[1, 3, 0, 0, 0, 1, 2, 3]).count(1).unwrap(), 3);
        assert_eq!(reader(&[1, 7, 8]).rest(), &[7, 8][..]);
    }

    #[test]
    fn another_version_is_no_damage() {
        let error = Reader::versioned(Bytes::from_static(&[2]), "a test", "a record", 1).unwrap_err();
        assert_eq!(
            (error.kind, &*error.message),
            (Kind::Unsupported, "a record of version 2, and this is a node of version 1: update it")
        );
        assert_eq!(Reader::versioned(Bytes::new(), "a test", "a record", 1).unwrap_err().kind, Kind::Corrupt);
    }
}
