//! Compressed content as a stream.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::{codec::Codec, fault::Fault, snappy::SnappyReader};
use crate::limits::ZSTD_WINDOW_BYTES_MAX;

/// Reads the content of a codec's bytes. It holds the codec's window and no more: 32 KiB for gzip, a block for snappy (which is
/// as long as its bytes justify), three blocks of at most 4 MiB for lz4, and [`ZSTD_WINDOW_BYTES_MAX`].
pub(crate) enum Inflate<'a> {
    Plain(&'a [u8]),
    Gzip(Box<MultiGzDecoder<&'a [u8]>>),
    Snappy(SnappyReader<'a>),
    Lz4(Box<FrameDecoder<&'a [u8]>>),
    Zstd(ZstdReader<'a>),
}

impl<'a> Inflate<'a> {
    pub(super) fn new(codec: Codec, bytes: &'a [u8]) -> Result<Self, Fault> {
        Ok(match codec {
            Codec::None => Inflate::Plain(bytes),
            Codec::Gzip => Inflate::Gzip(Box::new(MultiGzDecoder::new(bytes))),
            Codec::Snappy => Inflate::Snappy(SnappyReader::new(bytes)?),
            Codec::Lz4 => Inflate::Lz4(Box::new(FrameDecoder::new(bytes))),
            Codec::Zstd => Inflate::Zstd(ZstdReader { rest: bytes, frame: None }),
        })
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Inflate::Plain(bytes) => bytes.read(out),
            Inflate::Gzip(reader) => reader.read(out),
            Inflate::Snappy(reader) => reader.read(out),
            Inflate::Lz4(reader) => reader.read(out),
            Inflate::Zstd(reader) => reader.read(out),
        }
    }
}

/// Zstd frames one after another, as Kafka's client may write them.
pub(crate) struct ZstdReader<'a> {
    rest: &'a [u8],
    frame: Option<Box<StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>>,
}

impl ZstdReader<'_> {
    /// Goes on behind a frame whose content was read, and holds its checksum against it, which the decoder leaves to its user.
    fn end_frame(&mut self) -> io::Result<()> {
        let Some(frame) = self.frame.take() else { return Ok(()) };
        let (rest, decoder) = frame.into_parts();
        let said = decoder.get_checksum_from_data();
        if said.is_some() && said != decoder.get_calculated_checksum() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        self.rest = rest;
        Ok(())
    }
}

impl Read for ZstdReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.frame {
                Some(frame) => match frame.read(out)? {
                    0 => self.end_frame()?,
                    read => return Ok(read),
                },
                None if self.rest.is_empty() => return Ok(0),
                None => {
                    let frame = StreamingDecoder::new_with_max_window_size(self.rest, ZSTD_WINDOW_BYTES_MAX);
                    self.frame = Some(Box::new(frame.map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?));
                }
            }
        }
    }
}
