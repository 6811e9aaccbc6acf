//! Reading a backup.

use std::io::{self, Read};

use base::{Error, Kind, Result};
use bytes::{Buf, Bytes};
use sha2::{Digest, Sha256};
use table::Pair;

use super::{
    BLOCK_BYTES, CHUNK_BYTES_MAX, CHUNK_HEAD_BYTES, HASH_BYTES, HEADER_BYTES, Header, PAIR_HEAD_BYTES, TOTALS_BYTES, chunk_crc,
    damaged, u32_at, u64_at,
};

/// Gives the pairs of a backup, in key order, and an error as last item if anything is not as it was written.
pub struct Reader<R> {
    source: R,
    hash: Sha256,
    read: usize,
    header: Header,
    chunk: Bytes,
    chunk_pairs: u32,
    chunks: u64,
    pairs: u64,
    last_key: Option<Bytes>,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// `Invalid` if it is no backup, `Unsupported` for another version, `Corrupt` if it is damaged or cut.
    pub fn open(mut source: R) -> Result<Self> {
        let mut head = [0; HEADER_BYTES];
        fill(&mut source, &mut head)?;
        let header = Header::decode(&head)?;
        Ok(Self {
            source,
            hash: Sha256::new_with_prefix(head),
            read: HEADER_BYTES,
            header,
            chunk: Bytes::new(),
            chunk_pairs: 0,
            chunks: 0,
            pairs: 0,
            last_key: None,
            ended: false,
        })
    }

    /// What the backup says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next pair; `None` after the totals and the hash were found right.
    fn step(&mut self) -> Result<Option<Pair>> {
        if self.chunk_pairs == 0 {
            if !self.chunk.is_empty() {
                return Err(damaged("the length of a chunk"));
            }
            if !self.next_chunk()? {
                return Ok(None);
            }
        }
        self.next_pair().map(Some)
    }

    fn next_pair(&mut self) -> Result<Pair> {
        let wrong = || damaged("a pair");
        if self.chunk.len() < PAIR_HEAD_BYTES {
            return Err(wrong());
        }
        let (key_bytes, value_bytes) = (self.chunk.get_u32_le() as usize, self.chunk.get_u32_le() as usize);
        if key_bytes.checked_add(value_bytes).is_none_or(|bytes| bytes > self.chunk.len()) {
            return Err(wrong());
        }
        let (key, value) = (self.chunk.split_to(key_bytes), self.chunk.split_to(value_bytes));
        if self.last_key.as_ref().is_some_and(|last| *last >= key) {
            return Err(damaged("the order of keys"));
        }
        self.last_key = Some(key.clone());
        self.chunk_pairs -= 1;
        self.pairs += 1;
        Ok((key, value))
    }

    /// Reads a chunk with pairs; `false` after the closing record and everything behind it were found right.
    fn next_chunk(&mut self) -> Result<bool> {
        let mut head = [0; CHUNK_HEAD_BYTES];
        self.take(&mut head)?;
        let (len, count, crc) = (u32_at(&head, 0), u32_at(&head, 4), u32_at(&head, 8));
        let bytes = len as usize;
        if bytes > CHUNK_BYTES_MAX || (count == 0 && bytes != TOTALS_BYTES) {
            return Err(damaged("the length of a chunk"));
        }
        let mut body = vec![0; bytes];
        self.take(&mut body)?;
        if chunk_crc(self.chunks, len, count, &body) != crc {
            return Err(damaged("a chunk of pairs"));
        }
        if count == 0 {
            self.check_end(&body)?;
            return Ok(false);
        }
        self.chunks += 1;
        self.chunk = Bytes::from(body);
        self.chunk_pairs = count;
        Ok(true)
    }

    fn check_end(&mut self, totals: &[u8]) -> Result<()> {
        if (u64_at(totals, 0), u64_at(totals, 8)) != (self.pairs, self.chunks) {
            return Err(damaged("its totals"));
        }
        let padding = self.read.next_multiple_of(BLOCK_BYTES) - self.read;
        let mut zeros = [0; BLOCK_BYTES];
        self.take(&mut zeros[..padding])?;
        let mut hash = [0; HASH_BYTES];
        fill(&mut self.source, &mut hash)?;
        if self.hash.finalize_reset()[..] != hash {
            return Err(damaged("its final hash"));
        }
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("its end: more follows")),
            Err(error) => Err(unreadable(&error)),
        }
    }

    fn take(&mut self, out: &mut [u8]) -> Result<()> {
        fill(&mut self.source, out)?;
        self.hash.update(&*out);
        self.read += out.len();
        Ok(())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}

fn fill(source: &mut impl Read, out: &mut [u8]) -> Result<()> {
    source.read_exact(out).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::new(Kind::Corrupt, "the backup is cut short: take it again, or use another one"),
        _ => unreadable(&error),
    })
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(Kind::Unavailable, format!("the backup cannot be read: {error}"))
}
