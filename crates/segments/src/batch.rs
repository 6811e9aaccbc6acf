//! The head of a Kafka record batch, format 2 (KIP-98; its fields are those of Kafka's protocol guide, section "Record Batch").

use crate::limits::BATCH_BYTES_MAX;

/// Bytes of a batch before its records.
pub const HEAD_BYTES: usize = 61;
/// The batch's own CRC-32C lies at 17 and covers everything from here on. What lies before is covered by the CRC of its block.
pub const COVERED_FROM: usize = 21;
/// Base offset and length lie before what the length counts.
const LENGTH_FROM: usize = 12;
const MAGIC: u8 = 2;

/// What this room reads of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHead {
    /// Offset of its first record.
    pub base_offset: i64,
    /// Offset of its last record, or of the last that it had.
    pub last_offset: i64,
    /// The greatest timestamp in it, in ms.
    pub max_timestamp: i64,
    /// Its length, head included.
    pub bytes: usize,
    /// CRC-32C of its bytes 21 to the end.
    pub crc: u32,
}

impl BatchHead {
    /// The head of the batch at the start of `bytes`; `None` if no whole batch can begin there. The CRC is not checked.
    pub fn decode(bytes: &[u8]) -> Option<BatchHead> {
        if bytes.len() < HEAD_BYTES || bytes[16] != MAGIC {
            return None;
        }
        let base_offset = i64_at(bytes, 0);
        let length = LENGTH_FROM.checked_add(usize::try_from(i32_at(bytes, 8)).ok()?)?;
        let delta = i32_at(bytes, 23);
        let fits = length >= HEAD_BYTES && length <= bytes.len().min(BATCH_BYTES_MAX);
        let last_offset = base_offset.checked_add(i64::from(delta))?;
        // One offset behind the last must exist, so that what follows can be told.
        (fits && base_offset >= 0 && delta >= 0 && last_offset < i64::MAX).then_some(BatchHead {
            base_offset,
            last_offset,
            max_timestamp: i64_at(bytes, 35),
            bytes: length,
            crc: i32_at(bytes, 17) as u32,
        })
    }

    /// Whether the batch at the start of `bytes`, whose head this is, has the bytes that its CRC says.
    pub fn is_intact(&self, bytes: &[u8]) -> bool {
        crc32c::crc32c(&bytes[COVERED_FROM..self.bytes]) == self.crc
    }
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// A batch with `records` offsets from `base_offset` on, `payload` in place of records, and a right CRC: for tests and measurements.
pub fn sample(base_offset: i64, records: i32, max_timestamp: i64, leader_epoch: i32, payload: &[u8]) -> Vec<u8> {
    let length = i32::try_from(HEAD_BYTES - LENGTH_FROM + payload.len()).expect("a batch is smaller than 2 GiB");
    let mut batch = Vec::with_capacity(HEAD_BYTES + payload.len());
    batch.extend_from_slice(&base_offset.to_be_bytes());
    batch.extend_from_slice(&length.to_be_bytes());
    batch.extend_from_slice(&leader_epoch.to_be_bytes());
    batch.push(MAGIC);
    batch.extend_from_slice(&[0; 4]);
    batch.extend_from_slice(&0_u16.to_be_bytes());
    batch.extend_from_slice(&(records - 1).to_be_bytes());
    batch.extend_from_slice(&max_timestamp.to_be_bytes());
    batch.extend_from_slice(&max_timestamp.to_be_bytes());
    batch.extend_from_slice(&(-1_i64).to_be_bytes());
    batch.extend_from_slice(&(-1_i16).to_be_bytes());
    batch.extend_from_slice(&(-1_i32).to_be_bytes());
    batch.extend_from_slice(&records.to_be_bytes());
    batch.extend_from_slice(payload);
    let crc = crc32c::crc32c(&batch[COVERED_FROM..]);
    batch[17..COVERED_FROM].copy_from_slice(&crc.to_be_bytes());
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_what_the_batch_is() {
        let batch = sample(40, 3, 1234, 9, b"records");
        let head = BatchHead::decode(&batch).expect("a batch");
        assert_eq!((head.base_offset, head.last_offset, head.max_timestamp, head.bytes), (40, 42, 1234, 68));
        assert!(head.is_intact(&batch));
        for at in COVERED_FROM..batch.len() {
            let mut rotten = batch.clone();
            rotten[at] ^= 4;
            assert!(!head.is_intact(&rotten), "byte {at}");
        }
    }

    #[test]
    fn what_cannot_be_a_batch_is_none() {
        let batch = sample(40, 3, 1234, 9, b"records");
        let changed = |at: usize, value: &[u8]| {
            let mut bytes = batch.clone();
            bytes[at..at + value.len()].copy_from_slice(value);
            BatchHead::decode(&bytes)
        };
        assert!(changed(0, &[]).is_some());
        assert_eq!(BatchHead::decode(&batch[..batch.len() - 1]), None, "cut");
        assert_eq!(BatchHead::decode(&batch[..HEAD_BYTES - 1]), None, "cut in the head");
        assert_eq!(changed(8, &48_i32.to_be_bytes()), None, "shorter than a head");
        assert_eq!(changed(8, &(-1_i32).to_be_bytes()), None, "a negative length");
        assert_eq!(changed(16, &[1]), None, "an old format");
        assert_eq!(changed(23, &(-1_i32).to_be_bytes()), None, "last before first");
        assert_eq!(changed(0, &(-1_i64).to_be_bytes()), None, "a negative offset");
        assert_eq!(changed(0, &(i64::MAX - 2).to_be_bytes()), None, "no offset is left behind it");
    }
}
