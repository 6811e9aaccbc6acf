//! Batches of another codec, the crate `kafka-protocol` with the C libraries under it, read here and back.

#![allow(clippy::unwrap_used, reason = "a test")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::{
    protocol::StrBytes,
    records::{Compression, Record as OtherRecord, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType},
};
use kafka_wire::batch::{BatchBuilder, Batches, Codec, Rules, validate};
use proptest::prelude::*;

const RULES: Rules =
    Rules { batch_bytes_max: 1 << 20, inflated_bytes_max: 1 << 22, compacted: false, zstd: true, timestamps: None };
const PAIRS: [(Codec, Compression); 5] = [
    (Codec::None, Compression::None),
    (Codec::Gzip, Compression::Gzip),
    (Codec::Snappy, Compression::Snappy),
    (Codec::Lz4, Compression::Lz4),
    (Codec::Zstd, Compression::Zstd),
];

/// A timestamp, a key, a value, and headers with different keys.
type Plain = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    let repeated = (any::<u8>(), 0..70_000_usize).prop_map(|(byte, count)| vec![byte; count]);
    proptest::option::of(prop_oneof![8 => proptest::collection::vec(any::<u8>(), 0..200), 1 => repeated])
}

fn plain() -> impl Strategy<Value = Plain> {
    let headers = proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..9)), 0..3);
    let headers =
        headers.prop_map(|values| values.into_iter().enumerate().map(|(at, value)| (format!("h{at}"), value)).collect());
    (0..1_i64 << 41, bytes(), bytes(), headers)
}

fn other(records: &[Plain]) -> Vec<OtherRecord> {
    let records = records.iter().enumerate();
    let records = records.map(|(at, (timestamp, key, value, headers))| OtherRecord {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: 5,
        producer_epoch: 2,
        timestamp_type: TimestampType::Creation,
        offset: at as i64,
        sequence: at as i32,
        timestamp: *timestamp,
        key: key.clone().map(Bytes::from),
        value: value.clone().map(Bytes::from),
        headers: headers
            .iter()
            .map(|(key, value)| (StrBytes::from_string(key.clone()), value.clone().map(Bytes::from)))
            .collect::<IndexMap<_, _>>(),
    });
    records.collect()
}

fn read(batch: &[u8]) -> Vec<Plain> {
    let checked = validate(batch, &RULES).unwrap();
    let inflated = checked.batch.inflate(RULES.inflated_bytes_max).unwrap();
    let records = checked.batch.records(&inflated).enumerate().map(|(at, record)| {
        let record = record.unwrap();
        assert_eq!(record.offset, at as i64);
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let headers = record.headers.map(|header| (String::from_utf8(header.key.to_vec()).unwrap(), owned(header.value)));
        (record.timestamp, owned(record.key), owned(record.value), headers.collect())
    });
    records.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn theirs_is_read_here(records in proptest::collection::vec(plain(), 1..20)) {
        for (codec, compression) in PAIRS {
            let mut out = BytesMut::new();
            RecordBatchEncoder::encode(&mut out, &other(&records), &RecordEncodeOptions { version: 2, compression }).unwrap();
            let batches: Vec<_> = Batches::new(&out).map(Result::unwrap).collect();
            prop_assert_eq!(batches.len(), 1);
            prop_assert_eq!(batches[0].codec(), Some(codec));
            prop_assert_eq!((batches[0].producer_id(), batches[0].producer_epoch(), batches[0].base_sequence()), (5, 2, 0));
            prop_assert_eq!(&read(&out), &records);
        }
    }

    #[test]
    fn ours_is_read_there(records in proptest::collection::vec(plain(), 1..20)) {
        for (codec, compression) in PAIRS {
            let mut builder = BatchBuilder::new(codec);
            for (timestamp, key, value, headers) in &records {
                let headers: Vec<_> = headers.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
                builder.push(*timestamp, key.as_deref(), value.as_deref(), &headers);
            }
            let batch = builder.finish();
            prop_assert_eq!(&read(&batch), &records);
            let there = RecordBatchDecoder::decode(&mut Bytes::from(batch)).unwrap();
            prop_assert_eq!(there.compression, compression);
            let expected = other(&records);
            prop_assert_eq!(there.records.len(), expected.len());
            for (found, expected) in there.records.iter().zip(&expected) {
                prop_assert_eq!((found.offset, found.timestamp), (expected.offset, expected.timestamp));
                prop_assert_eq!((&found.key, &found.value, &found.headers), (&expected.key, &expected.value, &expected.headers));
            }
        }
    }
}
