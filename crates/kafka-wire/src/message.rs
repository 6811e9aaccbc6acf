//! What all messages have in common.

use std::{borrow::Cow, ops::RangeInclusive};

use crate::{
    Uuid,
    decoder::Decoder,
    encoder::Encoder,
    error::{Error, Kind, Result},
    messages::ApiKey,
};

/// A part of a message: something that a decoder reads and an encoder writes.
pub trait Wire<'a>: Sized {
    /// The fewest bytes that it takes, in any version. At least one for what arrays hold, so that a count can be held against
    /// what is left.
    const BYTES_MIN: usize;

    /// Reads it in the decoder's version.
    fn read(from: &mut Decoder<'a>) -> Result<Self>;

    /// Writes it in the encoder's version.
    fn write(&self, to: &mut Encoder<'_>) -> Result<()>;
}

/// A request, a response or one of their headers. Its default value is Kafka's default of every field.
pub trait Message<'a>: Wire<'a> + Default {
    /// Whose message it is; none for a header.
    const API: Option<ApiKey>;

    /// The versions that exist.
    const VERSIONS: RangeInclusive<i16>;

    /// The first version with compact lengths and tagged fields (KIP-482); above all versions if there is none.
    const FLEXIBLE_FROM: i16;

    /// Reads the whole of `bytes` as this message. What is borrowed lives as long as `bytes`; arrays take memory in proportion to
    /// them ([`crate::limits::DECODED_BYTES_PER_BYTE`]).
    fn decode(bytes: &'a [u8], version: i16) -> Result<Self> {
        let (message, from) = read_first(bytes, version)?;
        from.finish()?;
        Ok(message)
    }

    /// Reads this message at the beginning of `bytes`, whatever follows it, as Kafka's brokers do with requests: librdkafka 2.16 sends
    /// a byte too many with version 13 of Metadata.
    fn decode_first(bytes: &'a [u8], version: i16) -> Result<Self> {
        read_first(bytes, version).map(|(message, _)| message)
    }

    /// Appends this message to `out`. After an error `out` is as long as before. A field that the version does not have must have
    /// its default value, unless Kafka's table says that it may be left out.
    fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<()> {
        check_version::<Self>(version)?;
        let start = out.len();
        let written = self.write(&mut Encoder::new(out, version, version >= Self::FLEXIBLE_FROM));
        if written.is_err() {
            out.truncate(start);
        }
        written
    }
}

fn read_first<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Result<(M, Decoder<'a>)> {
    check_version::<M>(version)?;
    let mut from = Decoder::new(bytes, version, version >= M::FLEXIBLE_FROM);
    Ok((M::read(&mut from)?, from))
}

fn check_version<'a, M: Message<'a>>(version: i16) -> Result<()> {
    if M::VERSIONS.contains(&version) { Ok(()) } else { Err(Error::new(Kind::Version, 0)) }
}

macro_rules! number {
    ($type:ty, $method:ident) => {
        impl<'a> Wire<'a> for $type {
            const BYTES_MIN: usize = size_of::<$type>();

            fn read(from: &mut Decoder<'a>) -> Result<Self> {
                from.$method()
            }

            fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
                to.$method(*self);
                Ok(())
            }
        }
    };
}

number!(i8, i8);
number!(i16, i16);
number!(i32, i32);
number!(i64, i64);
number!(Uuid, uuid);

impl<'a> Wire<'a> for Cow<'a, str> {
    const BYTES_MIN: usize = 1;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        from.string()
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(self)
    }
}
