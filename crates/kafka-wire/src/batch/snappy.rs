//! Snappy, as Kafka's clients write it.
//!
//! Java's client writes a head of 16 bytes (a magic of 8, two versions) and then blocks, each behind its length of 4 bytes;
//! other clients write one bare block. A bare block cannot begin as the magic does: after the content's length, its first
//! element would be a copy, and there is nothing to copy yet.

use std::io::{self, Read};

use snap::raw::{Decoder, Encoder, decompress_len};

use super::fault::Fault;
use crate::limits::SNAPPY_RATIO_MAX;

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const HEAD_BYTES: usize = 16;
/// The version that is written, and the oldest that could read it.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Content of one block, as Java's library writes it.
const BLOCK_BYTES: usize = 32 * 1024;

/// Reads framed or bare blocks; one block at a time is in memory.
pub(crate) struct SnappyReader<'a> {
    rest: &'a [u8],
    framed: bool,
    block: Vec<u8>,
    read: usize,
}

impl<'a> SnappyReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let framed = bytes.starts_with(&MAGIC);
        let rest = if framed { bytes.get(HEAD_BYTES..).ok_or(Fault::Compression)? } else { bytes };
        Ok(Self { rest, framed, block: Vec::new(), read: 0 })
    }

    /// The compressed bytes of the next block.
    fn cut(&mut self) -> Option<&'a [u8]> {
        if !self.framed {
            return Some(std::mem::take(&mut self.rest));
        }
        let (length, rest) = self.rest.split_first_chunk()?;
        let (block, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.rest = rest;
        Some(block)
    }

    fn next_block(&mut self) -> io::Result<()> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let block = self.cut().ok_or_else(damaged)?;
        let content = content_bytes(block).ok_or_else(damaged)?;
        self.block.resize(content, 0);
        self.read = 0;
        let written = Decoder::new().decompress(block, &mut self.block).map_err(|_| damaged())?;
        if written == content { Ok(()) } else { Err(damaged()) }
    }
}

/// How many bytes a block says to hold, if that many bytes of it can stand for them.
pub(super) fn content_bytes(block: &[u8]) -> Option<usize> {
    let content = decompress_len(block).ok()?;
    (content <= block.len().saturating_mul(SNAPPY_RATIO_MAX)).then_some(content)
}

impl Read for SnappyReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.block.len() {
            if self.rest.is_empty() {
                return Ok(0);
            }
            self.next_block()?;
        }
        let taken = (&self.block[self.read..]).read(out)?;
        self.read += taken;
        Ok(taken)
    }
}

/// `content` in Java's framing.
pub(super) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut out = [&MAGIC[..], &VERSIONS].concat();
    let mut encoder = Encoder::new();
    for block in content.chunks(BLOCK_BYTES) {
        let compressed = encoder.compress_vec(block).expect("32 KiB are not too long for a block");
        out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    out
}
