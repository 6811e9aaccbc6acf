//! The backup file: what `Snapshot` streams and `manifold ctl restore` reads. `docs/formats/snapshot.md` draws it.
//!
//! A header, then chunks of key-value pairs in key order, each under its own CRC-32C, then a closing record with the totals and
//! zeros up to a multiple of 512 bytes, and last the SHA-256 of all before it, as etcd's tools expect. [`Writer`] makes it from
//! any iterator of pairs, [`Reader`] gives the pairs back; both hold one chunk in memory. A reader believes nothing: lengths are
//! checked before memory is taken, every chunk before its pairs are given out, and after the last pair the totals and the hash,
//! whose failure is one more item, an error. So whoever consumes the iterator to its end without an error has it all.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

use base::{ClusterId, EntryId, Error, Kind, Result, ShardId};
use bytes::Bytes;

/// The file's first bytes.
const MAGIC: [u8; 8] = *b"MANIFOLD";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Bytes of the header, its CRC included.
const HEADER_BYTES: usize = 64;
/// Bytes before a chunk's pairs: length, count, CRC.
const CHUNK_HEAD_BYTES: usize = 12;
/// Bytes before a pair: two lengths.
const PAIR_HEAD_BYTES: usize = 8;
/// Bytes of the closing record after its chunk head: pairs and chunks of the file.
const TOTALS_BYTES: usize = 16;
/// What the file's size without the hash is a multiple of.
const BLOCK_BYTES: usize = 512;
/// Bytes of the hash.
const HASH_BYTES: usize = 32;
/// Pairs are gathered into chunks of about so many bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// No chunk is larger: one pair at most, of the largest key and value that a request can carry, with room to spare.
const CHUNK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Greater than every key of a key space or of a configuration store that lies in the same shard. What lies behind it are the shard's
/// streams: they name segments, which are not in the file.
pub const END_OF_KEYS: Bytes = Bytes::from_static(&[0xff; 4]);

/// What a backup says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The cluster it was taken from.
    pub cluster_id: ClusterId,
    /// The shard whose settled state it is.
    pub shard: ShardId,
    /// The last entry it holds.
    pub applied: EntryId,
}

impl Header {
    fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.shard.0.to_le_bytes());
        out[16..24].copy_from_slice(&self.cluster_id.to_le_bytes());
        out[24..32].copy_from_slice(&self.applied.term.to_le_bytes());
        out[32..40].copy_from_slice(&self.applied.index.to_le_bytes());
        let crc = crc32c::crc32c(&out[..HEADER_BYTES - 4]);
        out[HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(data: &[u8; HEADER_BYTES]) -> Result<Header> {
        if data[..8] != MAGIC {
            return Err(Error::new(Kind::Invalid, "this is not a backup of manifold (an etcd snapshot cannot be restored here)"));
        }
        let version = u32_at(data, 8);
        if version != VERSION {
            let message = format!(
                "the backup has format version {version}, this build reads {VERSION}: use the build it was made with, or a newer one"
            );
            return Err(Error::new(Kind::Unsupported, message));
        }
        if u32_at(data, HEADER_BYTES - 4) != crc32c::crc32c(&data[..HEADER_BYTES - 4]) {
            return Err(damaged("its header"));
        }
        Ok(Header {
            shard: ShardId(u32_at(data, 12)),
            cluster_id: u64_at(data, 16),
            applied: EntryId { term: u64_at(data, 24), index: u64_at(data, 32) },
        })
    }
}

/// The CRC of a chunk covers its place in the file, so that a chunk in the wrong place does not pass.
fn chunk_crc(number: u64, len: u32, count: u32, body: &[u8]) -> u32 {
    let mut crc = crc32c::crc32c(&number.to_le_bytes());
    crc = crc32c::crc32c_append(crc, &len.to_le_bytes());
    crc = crc32c::crc32c_append(crc, &count.to_le_bytes());
    crc32c::crc32c_append(crc, body)
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&data[at..at + 4]);
    u32::from_le_bytes(bytes)
}

fn u64_at(data: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&data[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("the backup is damaged at {what}: take it again, or use another one"))
}

#[cfg(test)]
mod tests;
