//! Making a batch.

use super::{
    codec::Codec,
    view::{BEFORE_LENGTH, CONTROL, TRANSACTIONAL},
};
use crate::limits::BATCH_HEADER_BYTES;

/// Who produces a batch, for idempotence (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The sequence of the batch's first record.
    pub base_sequence: i32,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

/// Records that become a batch.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    codec: Codec,
    producer: Option<Producer>,
    control: bool,
    records: Vec<u8>,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    scratch: Vec<u8>,
}

impl BatchBuilder {
    /// No records yet.
    pub fn new(codec: Codec) -> Self {
        let (records, scratch) = (Vec::new(), Vec::new());
        Self { codec, producer: None, control: false, records, count: 0, base_timestamp: -1, max_timestamp: -1, scratch }
    }

    /// Says who produces it.
    pub fn producer(mut self, producer: Producer) -> Self {
        self.producer = Some(producer);
        self
    }

    /// Says that it holds a marker, as only a broker writes it.
    pub fn control(mut self) -> Self {
        self.control = true;
        self
    }

    /// How many records it has.
    pub fn count(&self) -> u32 {
        self.count.unsigned_abs()
    }

    /// Bytes of its records before they are compressed.
    pub fn record_bytes(&self) -> usize {
        self.records.len()
    }

    /// Appends a record with its timestamp in ms, its key, its value and its headers.
    pub fn push(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)]) {
        if self.count == 0 {
            (self.base_timestamp, self.max_timestamp) = (timestamp, timestamp);
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let record = &mut self.scratch;
        record.clear();
        record.push(0);
        varint(record, timestamp.wrapping_sub(self.base_timestamp));
        varint(record, self.count.into());
        bytes_or_null(record, key);
        bytes_or_null(record, value);
        varint(record, headers.len() as i64);
        for (key, value) in headers {
            bytes_or_null(record, Some(key.as_bytes()));
            bytes_or_null(record, *value);
        }
        varint(&mut self.records, record.len() as i64);
        self.records.extend_from_slice(record);
        self.count += 1;
    }

    /// The batch, with base offset 0 and leader epoch -1.
    pub fn finish(self) -> Vec<u8> {
        let payload = if self.codec == Codec::None { self.records } else { self.codec.deflate(&self.records) };
        let producer = self.producer.unwrap_or(Producer { id: -1, epoch: -1, base_sequence: -1, transactional: false });
        let transactional = if producer.transactional { TRANSACTIONAL } else { 0 };
        let control = if self.control { CONTROL } else { 0 };
        let mut out = Vec::with_capacity(BATCH_HEADER_BYTES + payload.len());
        out.extend_from_slice(&0_i64.to_be_bytes());
        out.extend_from_slice(&((BATCH_HEADER_BYTES - BEFORE_LENGTH + payload.len()) as i32).to_be_bytes());
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        out.extend_from_slice(&[2, 0, 0, 0, 0]);
        out.extend_from_slice(&(self.codec as i16 | transactional | control).to_be_bytes());
        out.extend_from_slice(&(self.count - 1).to_be_bytes());
        out.extend_from_slice(&self.base_timestamp.to_be_bytes());
        out.extend_from_slice(&self.max_timestamp.to_be_bytes());
        out.extend_from_slice(&producer.id.to_be_bytes());
        out.extend_from_slice(&producer.epoch.to_be_bytes());
        out.extend_from_slice(&producer.base_sequence.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&payload);
        super::patch::set_max_timestamp(&mut out, self.max_timestamp);
        out
    }
}

fn bytes_or_null(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// A zigzag number of seven bits a byte, lowest first.
fn varint(out: &mut Vec<u8>, value: i64) {
    let mut value = (value << 1 ^ value >> 63).cast_unsigned();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
