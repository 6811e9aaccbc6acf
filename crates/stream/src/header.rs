//! The head of a record batch, as far as a machine looks at it.
//!
//! Kafka's record batch of magic 2 (KIP-98): 61 bytes, big-endian, before the records. Doors have checked the whole batch; what
//! is checked here again is what this room's arithmetic rests on.

use crate::Refusal;

/// Bytes of the head.
pub(crate) const HEADER_BYTES: usize = 61;

const MAGIC: u8 = 2;
/// Bytes that `batchLength` does not count.
const LENGTH_STARTS: usize = 12;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// What a batch says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) crc: u32,
    /// Records less one: offsets and sequences that the batch takes.
    pub(crate) last_offset_delta: u32,
    pub(crate) max_timestamp: i64,
    /// Negative without one.
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
}

fn field<const N: usize>(batch: &[u8], at: usize) -> Result<[u8; N], Refusal> {
    batch.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or(Refusal::InvalidBatch)
}

impl Header {
    pub(crate) fn read(batch: &[u8]) -> Result<Header, Refusal> {
        if batch.len() < HEADER_BYTES {
            return Err(Refusal::InvalidBatch);
        }
        let length = i32::from_be_bytes(field(batch, 8)?);
        let [magic] = field(batch, 16)?;
        let attributes = i16::from_be_bytes(field(batch, 21)?);
        let delta = i32::from_be_bytes(field(batch, 23)?);
        let records = i32::from_be_bytes(field(batch, 57)?);
        let is_whole = usize::try_from(length).is_ok_and(|length| length.checked_add(LENGTH_STARTS) == Some(batch.len()));
        if !is_whole || magic != MAGIC || delta.checked_add(1) != Some(records) {
            return Err(Refusal::InvalidBatch);
        }
        if attributes & (TRANSACTIONAL | CONTROL) != 0 {
            return Err(Refusal::Unsupported);
        }
        let header = Header {
            crc: u32::from_be_bytes(field(batch, 17)?),
            last_offset_delta: u32::try_from(delta).map_err(|_| Refusal::InvalidBatch)?,
            max_timestamp: i64::from_be_bytes(field(batch, 35)?),
            producer_id: i64::from_be_bytes(field(batch, 43)?),
            producer_epoch: i16::from_be_bytes(field(batch, 51)?),
            base_sequence: i32::from_be_bytes(field(batch, 53)?),
        };
        if header.producer_id >= 0 && (header.producer_epoch < 0 || header.base_sequence < 0) {
            return Err(Refusal::InvalidBatch);
        }
        Ok(header)
    }
}
