//! Records one after another as a stream, without their keys and values.

use std::io::{BufRead, BufReader};

use super::{codec::Codec, fault::Fault, inflate::Inflate};
use crate::limits::INFLATE_BUFFER_BYTES;

/// What is looked at in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) has_key: bool,
}

/// The records of a batch's payload. Bytes that are not compressed are looked at where they are.
pub(crate) enum Scan<'a> {
    Plain(Input<&'a [u8]>),
    Inflated(Input<BufReader<Inflate<'a>>>),
}

impl<'a> Scan<'a> {
    /// At most `bytes_max` bytes of content are read, then it is [`Fault::TooLarge`].
    pub(crate) fn new(codec: Codec, payload: &'a [u8], bytes_max: usize) -> Result<Self, Fault> {
        let left = bytes_max as u64;
        Ok(match codec {
            Codec::None => Scan::Plain(Input { reader: payload, left }),
            codec => {
                let reader = BufReader::with_capacity(INFLATE_BUFFER_BYTES, codec.stream(payload)?);
                Scan::Inflated(Input { reader, left })
            }
        })
    }

    /// The next record, whose place in the batch is `index`.
    pub(crate) fn next(&mut self, index: u32) -> Result<Outline, Fault> {
        match self {
            Scan::Plain(input) => input.record(index),
            Scan::Inflated(input) => input.record(index),
        }
    }

    /// Nothing may follow; compressed content is read to its end, so that its checksum was looked at.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        let at_end = match self {
            Scan::Plain(input) => input.at_end()?,
            Scan::Inflated(input) => input.at_end()?,
        };
        if at_end { Ok(()) } else { Err(Fault::Trailing) }
    }
}

/// Content, and how much of it may still be read.
pub(crate) struct Input<R> {
    reader: R,
    left: u64,
}

/// Why a record was not read: the content is short or makes no sense, or what the whole batch is refused for.
enum Miss {
    Damage,
    Fault(Fault),
}

impl<R: BufRead> Input<R> {
    fn record(&mut self, index: u32) -> Result<Outline, Fault> {
        self.outline().map_err(|miss| match miss {
            Miss::Damage => Fault::Record { index },
            Miss::Fault(fault) => fault,
        })
    }

    fn outline(&mut self) -> Result<Outline, Miss> {
        let mut unlimited = u64::MAX;
        let mut left = u64::try_from(self.varint(&mut unlimited)?).map_err(|_| Miss::Damage)?;
        let left = &mut left;
        self.byte(left)?;
        let timestamp_delta = self.varlong(left)?;
        let offset_delta = self.varint(left)?;
        let has_key = self.skip_or_null(left)?;
        self.skip_or_null(left)?;
        for _ in 0..self.length(left)? {
            let key = self.length(left)?;
            self.skip(key, left)?;
            self.skip_or_null(left)?;
        }
        if *left == 0 { Ok(Outline { timestamp_delta, offset_delta, has_key }) } else { Err(Miss::Damage) }
    }

    fn at_end(&mut self) -> Result<bool, Fault> {
        self.reader.fill_buf().map(<[u8]>::is_empty).map_err(|_| Fault::Compression)
    }

    /// Takes `count` bytes out of what the record and the content may still have.
    fn charge(&mut self, count: u64, left: &mut u64) -> Result<(), Miss> {
        *left = left.checked_sub(count).ok_or(Miss::Damage)?;
        self.left = self.left.checked_sub(count).ok_or(Miss::Fault(Fault::TooLarge))?;
        Ok(())
    }

    #[inline]
    fn byte(&mut self, left: &mut u64) -> Result<u8, Miss> {
        self.charge(1, left)?;
        let buffer = self.reader.fill_buf().map_err(|_| Miss::Fault(Fault::Compression))?;
        let byte = *buffer.first().ok_or(Miss::Damage)?;
        self.reader.consume(1);
        Ok(byte)
    }

    fn skip(&mut self, count: u64, left: &mut u64) -> Result<(), Miss> {
        self.charge(count, left)?;
        let mut count = count;
        while count > 0 {
            let ready = self.reader.fill_buf().map_err(|_| Miss::Fault(Fault::Compression))?.len();
            if ready == 0 {
                return Err(Miss::Damage);
            }
            let step = usize::try_from(count).unwrap_or(ready).min(ready);
            self.reader.consume(step);
            count -= step as u64;
        }
        Ok(())
    }

    fn length(&mut self, left: &mut u64) -> Result<u64, Miss> {
        u64::try_from(self.varint(left)?).map_err(|_| Miss::Damage)
    }

    /// Whether there was something to skip, null being none.
    fn skip_or_null(&mut self, left: &mut u64) -> Result<bool, Miss> {
        match self.varint(left)? {
            -1 => Ok(false),
            length => {
                self.skip(u64::try_from(length).map_err(|_| Miss::Damage)?, left)?;
                Ok(true)
            }
        }
    }

    fn varint(&mut self, left: &mut u64) -> Result<i32, Miss> {
        let value = self.unsigned(left, 5)?;
        let value = u32::try_from(value).map_err(|_| Miss::Damage)?;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    fn varlong(&mut self, left: &mut u64) -> Result<i64, Miss> {
        let value = self.unsigned(left, 10)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A zigzag number's bits, of at most so many bytes.
    fn unsigned(&mut self, left: &mut u64, bytes_max: u32) -> Result<u64, Miss> {
        let mut value = 0;
        for place in 0..bytes_max {
            let byte = self.byte(left)?;
            if place == 9 && byte > 1 {
                return Err(Miss::Damage);
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Miss::Damage)
    }
}
