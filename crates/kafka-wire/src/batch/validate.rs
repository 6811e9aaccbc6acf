//! What a broker looks at before it appends a producer's batch (Kafka's `ProduceRequest.validateRecords` and `LogValidator`).

use super::{
    codec::Codec,
    fault::{Fault, RecordFault, RecordFaultKind},
    scan::{Outline, Scan},
    view::Batch,
};
use crate::limits::RECORD_FAULTS_MAX;

/// What a topic and a request allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The most bytes of a batch as it came (`max.message.bytes`).
    pub batch_bytes_max: usize,
    /// The most bytes of its records once inflated: what stops a decompression bomb.
    pub inflated_bytes_max: usize,
    /// Whether the topic is compacted, so that records need keys.
    pub compacted: bool,
    /// Whether zstd may be used: from version 7 of Produce on.
    pub zstd: bool,
    /// The earliest and the latest timestamp in ms that records may have (`message.timestamp.before.max.ms` and
    /// `after.max.ms`); none if the topic takes the time of appending.
    pub timestamps: Option<(i64, i64)>,
}

/// What a good batch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked<'a> {
    /// The batch.
    pub batch: Batch<'a>,
    /// How many records, at least one.
    pub records: u32,
    /// The greatest timestamp that its records say. If it is not the batch's, set it ([`super::set_max_timestamp`]).
    pub max_timestamp: i64,
    /// The place of the first record that has it.
    pub max_timestamp_index: u32,
}

/// Looks through `bytes`, which must be exactly one batch of format 2, down to its records. Nothing is copied; a compressed
/// batch is inflated in bounded memory.
///
/// Where Kafka would set offsets anew in records that do not count from 0, they are refused here.
pub fn validate<'a>(bytes: &'a [u8], rules: &Rules) -> Result<Checked<'a>, Fault> {
    let (batch, rest) = Batch::split(bytes)?.ok_or(Fault::Empty)?;
    if !rest.is_empty() {
        return Err(Fault::Many);
    }
    let codec = check_header(&batch, rules)?;
    check_records(batch, codec, rules)
}

/// What the header says, cheapest first, and the CRC.
fn check_header(batch: &Batch<'_>, rules: &Rules) -> Result<Codec, Fault> {
    if batch.bytes().len() > rules.batch_bytes_max {
        return Err(Fault::TooLarge);
    }
    if !batch.crc_is_right() {
        return Err(Fault::Crc);
    }
    if batch.base_offset() != 0 {
        return Err(Fault::BaseOffset);
    }
    if batch.count() <= 0 || batch.last_offset_delta() != batch.count() - 1 {
        return Err(Fault::Count);
    }
    if batch.is_control() {
        return Err(Fault::Control);
    }
    // Without an id, epoch and sequence mean nothing: some clients send zeros there.
    let has_id = batch.producer_id() >= 0;
    if has_id && (batch.producer_epoch() < 0 || batch.base_sequence() < 0) || !has_id && batch.is_transactional() {
        return Err(Fault::Producer);
    }
    match batch.codec() {
        None => Err(Fault::Codec),
        Some(Codec::Zstd) if !rules.zstd => Err(Fault::Zstd),
        _ if batch.is_log_append_time() => Err(Fault::TimestampType),
        Some(codec) => Ok(codec),
    }
}

fn check_records<'a>(batch: Batch<'a>, codec: Codec, rules: &Rules) -> Result<Checked<'a>, Fault> {
    let mut scan = Scan::new(codec, batch.payload(), rules.inflated_bytes_max)?;
    let records = batch.count().unsigned_abs();
    let mut checked = Checked { batch, records, max_timestamp: i64::MIN, max_timestamp_index: 0 };
    let mut faults = Vec::new();
    for index in 0..records {
        let record = scan.next(index)?;
        if u32::try_from(record.offset_delta) != Ok(index) {
            return Err(Fault::Record { index });
        }
        let timestamp = batch.base_timestamp().checked_add(record.timestamp_delta).ok_or(Fault::Record { index })?;
        if timestamp > checked.max_timestamp {
            (checked.max_timestamp, checked.max_timestamp_index) = (timestamp, index);
        }
        if let Some(kind) = record_fault(&record, timestamp, rules).filter(|_| faults.len() < RECORD_FAULTS_MAX) {
            faults.push(RecordFault { index, kind });
        }
    }
    scan.finish()?;
    if faults.is_empty() { Ok(checked) } else { Err(Fault::Records(faults)) }
}

fn record_fault(record: &Outline, timestamp: i64, rules: &Rules) -> Option<RecordFaultKind> {
    /// What a record has that was given no timestamp.
    const NO_TIMESTAMP: i64 = -1;
    if rules.compacted && !record.has_key {
        return Some(RecordFaultKind::NoKey);
    }
    let (earliest, latest) = rules.timestamps?;
    let allowed = timestamp == NO_TIMESTAMP || (earliest..=latest).contains(&timestamp);
    (!allowed).then_some(RecordFaultKind::Timestamp)
}
