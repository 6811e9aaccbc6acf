//! A Produce request that is encoded once and patched before it is sent.
//!
//! In version 8, the last that is not flexible but one, lengths have four bytes and the batch is the request's end; both Kafka 4 and older
//! brokers take it. What changes from one send to the next is the correlation id, the partition, the times, the sequence, the
//! head of each payload, and the CRC over all of it.

use std::{borrow::Cow, ops::Range};

use kafka_wire::{
    batch::{self, Batch, BatchBuilder, Codec, Producer},
    frame,
    limits::BATCH_HEADER_BYTES,
    messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData},
};

use crate::{
    error::{Error, Result},
    limits::REQUEST_TIMEOUT_MS,
    payload,
};

/// The version of Produce.
pub(crate) const PRODUCE_VERSION: i16 = 8;
/// Where the correlation id is: behind the size, the API and its version.
const CORRELATION_AT: usize = 8;
/// Where a batch has its first timestamp, its producer and the sequence of its first record.
const BASE_TIMESTAMP: Range<usize> = 27..35;
const PRODUCER: Range<usize> = 43..53;
const SEQUENCE: Range<usize> = 53..57;
/// Bytes of a record beside its payload at most, in this template.
const RECORD_OVERHEAD_BYTES: usize = 16;

/// What a request looks like.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The topic.
    pub(crate) topic: String,
    /// `acks`: 0, 1 or -1.
    pub(crate) acks: i16,
    /// Bytes of a payload.
    pub(crate) record_bytes: usize,
    /// Bytes of a batch; at least one record is in it.
    pub(crate) batch_bytes: usize,
}

impl Shape {
    /// Records that fit a batch.
    pub(crate) fn records(&self) -> u32 {
        let room = self.batch_bytes.saturating_sub(BATCH_HEADER_BYTES) / (self.record_bytes + RECORD_OVERHEAD_BYTES);
        u32::try_from(room.max(1)).unwrap_or(u32::MAX)
    }
}

/// The request.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    batch_at: usize,
    producer: u64,
    /// Of each payload its place in `bytes`, and its filler's hash.
    payloads: Vec<(Range<usize>, u64)>,
}

/// What one send puts into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    /// The request's number.
    pub(crate) correlation_id: i32,
    /// Where the batch goes.
    pub(crate) partition: i32,
    /// The serial of its first record.
    pub(crate) serial: u64,
    /// Its time in ms since 1970.
    pub(crate) now_ms: i64,
    /// For idempotence: the producer's id and epoch, and the first record's sequence.
    pub(crate) identity: Option<(i64, i16, i32)>,
}

impl Template {
    /// A request with one batch of `records` records by `producer`.
    pub(crate) fn new(shape: &Shape, producer: u64, records: u32) -> Result<Template> {
        // The producer that is nobody; its fields are patched.
        let nobody = Producer { id: -1, epoch: -1, base_sequence: -1, transactional: false };
        let mut builder = BatchBuilder::new(Codec::None).producer(nobody);
        for place in 0..records {
            let mut record = payload::blank(place.into(), shape.record_bytes);
            payload::set_producer(&mut record, producer);
            builder.push(0, None, Some(&record), &[]);
        }
        let records = builder.finish();
        let partition_data = vec![PartitionProduceData { index: 0, records: Some(&records) }];
        let topic = TopicProduceData { name: Cow::Borrowed(&shape.topic), partition_data, ..TopicProduceData::default() };
        let request =
            ProduceRequest { transactional_id: None, acks: shape.acks, timeout_ms: REQUEST_TIMEOUT_MS, topic_data: vec![topic] };
        let mut bytes = Vec::new();
        frame::ask(0, PRODUCE_VERSION, Some(crate::kafka::CLIENT_ID), &request, &mut bytes)
            .map_err(|error| Error::usage(format!("a request of this size cannot be encoded: {error}")))?;
        let batch_at = bytes.len() - records.len();
        let payloads = payloads(&bytes[batch_at..], batch_at)?;
        Ok(Template { bytes, batch_at, producer, payloads })
    }

    /// Records of the batch.
    pub(crate) fn records(&self) -> u32 {
        self.payloads.len() as u32
    }

    /// Bytes of all payloads.
    pub(crate) fn payload_bytes(&self) -> u64 {
        self.payloads.iter().map(|(place, _)| place.len() as u64).sum()
    }

    /// The whole request, patched.
    pub(crate) fn patched(&mut self, patch: Patch) -> &[u8] {
        let bytes = &mut self.bytes;
        bytes[CORRELATION_AT..CORRELATION_AT + 4].copy_from_slice(&patch.correlation_id.to_be_bytes());
        // The partition and the batch's length lie before the batch.
        bytes[self.batch_at - 8..self.batch_at - 4].copy_from_slice(&patch.partition.to_be_bytes());
        for (serial, (place, filler_hash)) in (patch.serial..).zip(&self.payloads) {
            payload::set_serial(&mut bytes[place.clone()], self.producer, serial, *filler_hash);
        }
        let batch = &mut bytes[self.batch_at..];
        if let Some((id, epoch, sequence)) = patch.identity {
            batch[PRODUCER][..8].copy_from_slice(&id.to_be_bytes());
            batch[PRODUCER][8..].copy_from_slice(&epoch.to_be_bytes());
            batch[SEQUENCE].copy_from_slice(&sequence.to_be_bytes());
        }
        batch[BASE_TIMESTAMP].copy_from_slice(&patch.now_ms.to_be_bytes());
        // This computes the CRC anew, too.
        batch::set_max_timestamp(batch, patch.now_ms);
        &self.bytes
    }
}

/// Where the payloads of a batch are in the request that it begins at `batch_at`, and the hashes of their fillers.
fn payloads(bytes: &[u8], batch_at: usize) -> Result<Vec<(Range<usize>, u64)>> {
    let broken = || Error::failed("the batch that was built cannot be read back: this is a fault of this build");
    let (found, _) = Batch::split(bytes).ok().flatten().ok_or_else(broken)?;
    let places = found.records(found.payload()).map(|record| {
        let value = record.ok()?.value?;
        let at = batch_at + (value.as_ptr().addr() - bytes.as_ptr().addr());
        Some((at..at + value.len(), payload::filler_hash(value)))
    });
    places.collect::<Option<_>>().ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kafka_wire::{
        batch::{Rules, validate},
        frame::{Request, SIZE_BYTES},
    };

    use super::*;

    fn shape() -> Shape {
        Shape { topic: "orders".into(), acks: -1, record_bytes: 100, batch_bytes: 4_096 }
    }

    #[test]
    fn a_patched_request_is_whole_and_each_of_its_records_unique() {
        let shape = shape();
        let mut template = Template::new(&shape, 7, shape.records()).expect("it can be built");
        let records = template.records();
        let mut seen = HashSet::new();
        for round in 0..3_u32 {
            let serial = u64::from(round * records);
            let identity = Some((9, 2, 5));
            let patch = Patch { correlation_id: 40 + round as i32, partition: 3, serial, now_ms: 1_700_000_000_000, identity };
            let bytes = template.patched(patch).to_vec();
            let request = Request::parse(&bytes[SIZE_BYTES..]).expect("it has a header");
            assert_eq!((request.correlation_id, request.version), (patch.correlation_id, PRODUCE_VERSION));
            let message: ProduceRequest<'_> = request.decode().expect("it is a Produce request");
            let data = &message.topic_data[0].partition_data[0];
            assert_eq!((message.acks, &message.topic_data[0].name[..], data.index), (-1, "orders", 3));
            let batch_bytes = data.records.expect("it has a batch");
            assert!(batch_bytes.len() <= shape.batch_bytes);
            let (batch, rest) = Batch::split(batch_bytes).expect("it is sound").expect("it is whole");
            assert!(batch.crc_is_right() && rest.is_empty());
            assert_eq!((batch.producer_id(), batch.producer_epoch(), batch.base_sequence()), (9, 2, 5));
            assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (patch.now_ms, patch.now_ms));
            for (place, record) in (0..).zip(batch.records(batch.payload())) {
                let value = record.expect("a record").value.expect("a value");
                let stamp = payload::read(value).expect("a payload");
                assert_eq!(stamp, payload::Stamp { producer: 7, serial: serial + place, intact: true });
                assert!(seen.insert(value.to_vec()), "a record came twice");
            }
            let rules =
                Rules { batch_bytes_max: 1 << 20, inflated_bytes_max: 1 << 20, compacted: false, zstd: true, timestamps: None };
            assert!(validate(batch_bytes, &rules).is_ok(), "a broker takes it");
        }
        assert_eq!(seen.len(), 3 * records as usize);
    }

    #[test]
    fn a_batch_has_at_least_one_record() {
        let shape = Shape { record_bytes: 5_000, ..shape() };
        assert_eq!(shape.records(), 1);
        let template = Template::new(&shape, 7, 1).expect("it can be built");
        assert_eq!((template.records(), template.payload_bytes()), (1, 5_000));
    }
}
