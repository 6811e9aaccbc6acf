//! How the records of a batch are compressed.

use std::io::{Read, Write};

use flate2::{Compression, write::GzEncoder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::{fault::Fault, inflate::Inflate, snappy};

/// A codec, as bits 0 to 2 of a batch's attributes say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Not compressed.
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// Snappy blocks in the framing of Java's snappy library, or one bare block, as some clients send.
    Snappy = 2,
    /// An LZ4 frame.
    Lz4 = 3,
    /// Zstandard frames (KIP-110, RFC 8878).
    Zstd = 4,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The codec that a batch's attributes name; none for 5 to 7.
    pub fn of(attributes: i16) -> Option<Codec> {
        Codec::ALL.get((attributes & 7) as usize).copied()
    }

    /// The content of `bytes` as a stream; memory is bounded by the codec's window, whatever the content's size.
    pub(crate) fn stream(self, bytes: &[u8]) -> Result<Inflate<'_>, Fault> {
        Inflate::new(self, bytes)
    }

    /// The content of `bytes`, at most `bytes_max` long, else [`Fault::TooLarge`].
    pub fn inflate(self, bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, Fault> {
        let mut content = Vec::new();
        let limit = (bytes_max as u64).saturating_add(1);
        self.stream(bytes)?.take(limit).read_to_end(&mut content).map_err(|_| Fault::Compression)?;
        if content.len() > bytes_max { Err(Fault::TooLarge) } else { Ok(content) }
    }

    /// `content`, compressed at the codec's fast or default level.
    pub fn deflate(self, content: &[u8]) -> Vec<u8> {
        const MEMORY: &str = "writing into memory does not fail";
        match self {
            Codec::None => content.to_vec(),
            Codec::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(content).expect(MEMORY);
                encoder.finish().expect(MEMORY)
            }
            Codec::Snappy => snappy::deflate(content),
            Codec::Lz4 => {
                // What Kafka's own client writes, and so what every client reads.
                let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(content).expect(MEMORY);
                encoder.finish().expect(MEMORY)
            }
            Codec::Zstd => compress_to_vec(content, CompressionLevel::Fastest),
        }
    }
}
