//! Writing a backup.

use base::{Error, Kind, Result};
use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use table::Pair;

use super::{
    BLOCK_BYTES, CHUNK_BYTES, CHUNK_BYTES_MAX, CHUNK_HEAD_BYTES, Header, PAIR_HEAD_BYTES, TOTALS_BYTES, chunk_crc, damaged,
};

/// Turns pairs into the pieces of a backup file.
pub struct Writer<'a> {
    piece_bytes: usize,
    give: &'a mut dyn FnMut(Bytes) -> bool,
    piece: BytesMut,
    hash: Sha256,
    written: usize,
    chunk: Vec<u8>,
    chunk_pairs: u32,
    chunks: u64,
    pairs: u64,
}

/// The receiver of the pieces wants no more.
struct Stopped;

impl Writer<'_> {
    /// Writes a whole backup of `pairs` (ascending), handing it on in pieces of about `piece_bytes`, the hash as a piece of its
    /// own; stops without an error when `give` answers `false`.
    ///
    /// # Errors
    /// What `pairs` gives; `Invalid` for a pair larger than the format allows.
    pub fn write(
        header: &Header,
        pairs: &mut dyn Iterator<Item = Result<Pair>>,
        piece_bytes: usize,
        give: &mut dyn FnMut(Bytes) -> bool,
    ) -> Result<()> {
        let mut writer = Writer {
            piece_bytes,
            give,
            piece: BytesMut::new(),
            hash: Sha256::new(),
            written: 0,
            chunk: Vec::new(),
            chunk_pairs: 0,
            chunks: 0,
            pairs: 0,
        };
        if writer.put(&header.encode()).is_err() {
            return Ok(());
        }
        for pair in pairs {
            let (key, value) = pair?;
            if PAIR_HEAD_BYTES + key.len() + value.len() > CHUNK_BYTES_MAX {
                return Err(Error::new(Kind::Invalid, "a pair is larger than a backup can hold"));
            }
            if writer.add(&key, &value)?.is_err() {
                return Ok(());
            }
        }
        // Whether the receiver stayed to the end is its own affair.
        let _ = writer.finish()?;
        Ok(())
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<Result<(), Stopped>> {
        let bytes = PAIR_HEAD_BYTES + key.len() + value.len();
        if !self.chunk.is_empty()
            && self.chunk.len() + bytes > CHUNK_BYTES
            && let Err(stopped) = self.end_chunk()?
        {
            return Ok(Err(stopped));
        }
        self.chunk.put_u32_le(length(key.len())?);
        self.chunk.put_u32_le(length(value.len())?);
        self.chunk.put_slice(key);
        self.chunk.put_slice(value);
        self.chunk_pairs += 1;
        self.pairs += 1;
        Ok(Ok(()))
    }

    fn end_chunk(&mut self) -> Result<Result<(), Stopped>> {
        let body = std::mem::take(&mut self.chunk);
        let outcome = self.put_chunk(&body, self.chunk_pairs);
        self.chunk = body;
        self.chunk.clear();
        self.chunk_pairs = 0;
        outcome
    }

    fn put_chunk(&mut self, body: &[u8], pairs: u32) -> Result<Result<(), Stopped>> {
        let len = length(body.len())?;
        let mut head = [0; CHUNK_HEAD_BYTES];
        head[..4].copy_from_slice(&len.to_le_bytes());
        head[4..8].copy_from_slice(&pairs.to_le_bytes());
        head[8..].copy_from_slice(&chunk_crc(self.chunks, len, pairs, body).to_le_bytes());
        self.chunks += 1;
        Ok(self.put(&head).and_then(|()| self.put(body)))
    }

    fn finish(&mut self) -> Result<Result<(), Stopped>> {
        if !self.chunk.is_empty()
            && let Err(stopped) = self.end_chunk()?
        {
            return Ok(Err(stopped));
        }
        let mut totals = [0; TOTALS_BYTES];
        totals[..8].copy_from_slice(&self.pairs.to_le_bytes());
        totals[8..].copy_from_slice(&self.chunks.to_le_bytes());
        // A chunk without pairs is the closing record.
        if let Err(stopped) = self.put_chunk(&totals, 0)? {
            return Ok(Err(stopped));
        }
        let padding = self.written.next_multiple_of(BLOCK_BYTES) - self.written;
        if self.put(&[0; BLOCK_BYTES][..padding]).is_err() {
            return Ok(Err(Stopped));
        }
        let last = self.piece.split().freeze();
        let hash = Bytes::copy_from_slice(&self.hash.finalize_reset());
        let given = (last.is_empty() || (self.give)(last)) && (self.give)(hash);
        Ok(if given { Ok(()) } else { Err(Stopped) })
    }

    fn put(&mut self, mut data: &[u8]) -> Result<(), Stopped> {
        self.hash.update(data);
        self.written += data.len();
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(self.piece_bytes - self.piece.len()));
            self.piece.reserve(self.piece_bytes - self.piece.len());
            self.piece.put_slice(now);
            data = later;
            if self.piece.len() == self.piece_bytes && !(self.give)(self.piece.split().freeze()) {
                return Err(Stopped);
            }
        }
        Ok(())
    }
}

fn length(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| damaged("a length"))
}
