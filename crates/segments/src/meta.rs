//! What a commit says of a segment.

use base::{Error, Kind, Result};
use bytes::{Buf, BufMut};

use crate::key::SegmentId;

const VERSION: u8 = 1;

/// A live segment as the shard's settled tree keeps it, and as nodes name it to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentMeta {
    /// Which segment.
    pub id: SegmentId,
    /// Bytes of its file.
    pub length: u64,
    /// Bytes of batches in it.
    pub data_bytes: u64,
    /// How many runs.
    pub runs: u32,
    /// How often its bytes were merged at most: of two runs with the same offsets, the one of the greater generation is read.
    pub generation: u32,
    /// CRC-32C of its trailer, which holds that of the run table, which holds those of the runs: it stands for every byte.
    pub checksum: u32,
}

impl SegmentMeta {
    /// Bytes of its encoding.
    pub const BYTES: usize = 1 + 4 * 8 + 3 * 4;

    /// Its bytes, drawn in `docs/formats/segments.md`.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        out.put_u8(VERSION);
        for number in [self.id.owner, self.id.sequence, self.length, self.data_bytes] {
            out.put_u64_le(number);
        }
        for number in [self.runs, self.generation, self.checksum] {
            out.put_u32_le(number);
        }
        out
    }

    /// Reads what [`SegmentMeta::encode`] wrote.
    ///
    /// # Errors
    /// `Unsupported` for another version, `Corrupt` for what is none.
    pub fn decode(mut bytes: &[u8]) -> Result<SegmentMeta> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(version) => {
                let message = format!("a segment's record has version {version}, and this build reads version {VERSION} only");
                return Err(Error::new(Kind::Unsupported, message));
            }
            None => return Err(broken()),
        }
        if bytes.len() != Self::BYTES {
            return Err(broken());
        }
        bytes.advance(1);
        Ok(SegmentMeta {
            id: SegmentId { owner: bytes.get_u64_le(), sequence: bytes.get_u64_le() },
            length: bytes.get_u64_le(),
            data_bytes: bytes.get_u64_le(),
            runs: bytes.get_u32_le(),
            generation: bytes.get_u32_le(),
            checksum: bytes.get_u32_le(),
        })
    }
}

fn broken() -> Error {
    Error::new(Kind::Corrupt, "a segment's record is damaged: restore this node from its peers or from a backup")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let id = SegmentId { owner: 3, sequence: 4 };
        let meta = SegmentMeta { id, length: 5, data_bytes: 6, runs: 7, generation: 8, checksum: 9 };
        let mut bytes = meta.encode();
        assert_eq!(SegmentMeta::decode(&bytes).expect("decodes"), meta);
        for end in 0..bytes.len() {
            assert_eq!(SegmentMeta::decode(&bytes[..end]).expect_err("cut").kind, Kind::Corrupt);
        }
        bytes.push(0);
        assert_eq!(SegmentMeta::decode(&bytes).expect_err("too long").kind, Kind::Corrupt);
        bytes[0] = 2;
        assert_eq!(SegmentMeta::decode(&bytes).expect_err("from the future").kind, Kind::Unsupported);
    }
}
