//! What a broker sets in a batch. Each function takes the whole batch, as a [`super::Batch`] was found in it.

use super::view::{CRC_AT, CRC_FROM, LOG_APPEND_TIME, MAX_TIMESTAMP_AT};
use crate::limits::BATCH_HEADER_BYTES;

/// Sets the offset of the first record; the CRC stays right.
pub fn set_base_offset(batch: &mut [u8], offset: i64) {
    assert!(batch.len() >= BATCH_HEADER_BYTES, "a batch has its header");
    batch[..8].copy_from_slice(&offset.to_be_bytes());
}

/// Sets the epoch of the leader that appends it; the CRC stays right.
pub fn set_partition_leader_epoch(batch: &mut [u8], epoch: i32) {
    assert!(batch.len() >= BATCH_HEADER_BYTES, "a batch has its header");
    batch[12..16].copy_from_slice(&epoch.to_be_bytes());
}

/// Gives all records the time of appending, in ms (`message.timestamp.type=LogAppendTime`), and computes the CRC anew.
pub fn set_log_append_time(batch: &mut [u8], append_ms: i64) {
    assert!(batch.len() >= BATCH_HEADER_BYTES, "a batch has its header");
    let attributes = i16::from_be_bytes([batch[CRC_FROM], batch[CRC_FROM + 1]]) | LOG_APPEND_TIME;
    batch[CRC_FROM..CRC_FROM + 2].copy_from_slice(&attributes.to_be_bytes());
    set_max_timestamp(batch, append_ms);
}

/// Sets the greatest timestamp, where a producer did not say what its records say, and computes the CRC anew.
pub fn set_max_timestamp(batch: &mut [u8], max_ms: i64) {
    assert!(batch.len() >= BATCH_HEADER_BYTES, "a batch has its header");
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max_ms.to_be_bytes());
    let crc = crc32c::crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}
