//! Batches by themselves: checks, walks, patches, bombs.

use super::*;
use crate::{ErrorCode, limits::RECORD_FAULTS_MAX};

const RULES: Rules = Rules {
    batch_bytes_max: 1 << 20,
    inflated_bytes_max: 1 << 20,
    compacted: false,
    zstd: true,
    timestamps: Some((0, 1_000_000)),
};

fn sample(codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec);
    builder.push(1_000, Some(b"key"), Some(b"value"), &[]);
    builder.push(3_000, None, Some(&[b'x'; 3_000]), &[("h", Some(b"1")), ("", None)]);
    builder.push(2_000, Some(b""), None, &[]);
    builder.finish()
}

/// Changes bytes and makes the CRC right again.
fn with(batch: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = batch.to_vec();
    out[at..at + bytes.len()].copy_from_slice(bytes);
    let max = i64::from_be_bytes(*out[35..].first_chunk().unwrap());
    set_max_timestamp(&mut out, max);
    out
}

fn refusal(bytes: &[u8], rules: &Rules) -> Fault {
    validate(bytes, rules).expect_err("it is refused")
}

#[test]
fn a_batch_is_what_the_drawing_says() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(0x0102, Some(b"k"), Some(b"v"), &[("h", None)]);
    let producer = Producer { id: 7, epoch: 3, base_sequence: 9, transactional: true };
    let bytes = builder.producer(producer).finish();
    let mut expected = vec![0; 8];
    expected.extend([0, 0, 0, 61 - 12 + 12, 0xff, 0xff, 0xff, 0xff, 2]);
    expected.extend(crc32c::crc32c(&bytes[21..]).to_be_bytes());
    expected.extend([0, 0x10, 0, 0, 0, 0]);
    expected.extend([0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 1, 2]);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 7, 0, 3, 0, 0, 0, 9, 0, 0, 0, 1]);
    // Length 11, attributes, two deltas, a key and a value of one byte, one header with a key of one byte and a null value.
    expected.extend([22, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 1]);
    assert_eq!(bytes, expected);
}

#[test]
fn good_batches_of_every_codec_pass() {
    for codec in Codec::ALL {
        let bytes = sample(codec);
        let checked = validate(&bytes, &RULES).unwrap_or_else(|fault| panic!("{codec:?}: {fault}"));
        assert_eq!((checked.records, checked.max_timestamp, checked.max_timestamp_index), (3, 3_000, 1));
        let batch = checked.batch;
        assert_eq!((batch.codec(), batch.count(), batch.last_offset(), batch.max_timestamp()), (Some(codec), 3, 2, 3_000));
        let inflated = batch.inflate(1 << 20).unwrap();
        let records: Vec<Record<'_>> = batch.records(&inflated).map(Result::unwrap).collect();
        assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(records.iter().map(|record| record.timestamp).collect::<Vec<_>>(), [1_000, 3_000, 2_000]);
        assert_eq!((records[0].key, records[0].value), (Some(&b"key"[..]), Some(&b"value"[..])));
        assert_eq!((records[1].key, records[2].key, records[2].value), (None, Some(&b""[..]), None));
        let headers: Vec<Header<'_>> = records[1].headers.clone().collect();
        assert_eq!(headers, [Header { key: b"h", value: Some(b"1") }, Header { key: b"", value: None }]);
        assert!(codec == Codec::None || bytes.len() < 600, "{codec:?} does not compress: {}", bytes.len());
    }
}

#[test]
fn what_a_producer_may_not_send_is_refused() {
    let good = sample(Codec::None);
    let cases: [(&str, Vec<u8>, Fault, ErrorCode); 17] = [
        ("nothing", vec![], Fault::Empty, ErrorCode::InvalidRecord),
        ("a cut batch", good[..good.len() - 1].to_vec(), Fault::Empty, ErrorCode::InvalidRecord),
        ("two batches", [&good[..], &good].concat(), Fault::Many, ErrorCode::InvalidRecord),
        ("a byte more", [&good[..], &[0]].concat(), Fault::Many, ErrorCode::InvalidRecord),
        ("a short length", with(&good, 8, &48_i32.to_be_bytes()), Fault::Length, ErrorCode::CorruptMessage),
        ("a negative length", with(&good, 8, &[0xff; 4]), Fault::Length, ErrorCode::CorruptMessage),
        ("magic 1", with(&good, 16, &[1]), Fault::OldFormat, ErrorCode::InvalidRecord),
        ("magic 3", with(&good, 16, &[3]), Fault::UnknownFormat, ErrorCode::CorruptMessage),
        ("codec 5", with(&good, 22, &[5]), Fault::Codec, ErrorCode::InvalidRecord),
        ("append time", with(&good, 22, &[8]), Fault::TimestampType, ErrorCode::InvalidTimestamp),
        ("a transaction without a producer", with(&good, 22, &[0x10]), Fault::Producer, ErrorCode::InvalidRecord),
        ("control", with(&good, 22, &[0x20]), Fault::Control, ErrorCode::InvalidRecord),
        ("an offset", with(&good, 7, &[1]), Fault::BaseOffset, ErrorCode::InvalidRecord),
        ("no records", with(&with(&good, 57, &[0; 4]), 23, &[0xff; 4]), Fault::Count, ErrorCode::InvalidRecord),
        ("a last offset beyond", with(&good, 26, &[3]), Fault::Count, ErrorCode::InvalidRecord),
        ("a producer without epoch", with(&good, 43, &[0; 8]), Fault::Producer, ErrorCode::InvalidRecord),
        ("a producer without sequence", with(&good, 43, &[0; 10]), Fault::Producer, ErrorCode::InvalidRecord),
    ];
    for (name, bytes, fault, code) in cases {
        let found = refusal(&bytes, &RULES);
        assert_eq!((&found, found.code()), (&fault, code), "{name}");
    }
    let zeros = with(&good, 51, &[0; 6]);
    assert!(validate(&zeros, &RULES).is_ok(), "without an id, epoch and sequence mean nothing");
}

#[test]
fn every_byte_under_the_crc_matters() {
    let good = sample(Codec::None);
    for at in 21..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        assert_eq!(refusal(&bytes, &RULES), Fault::Crc, "byte {at}");
    }
    for at in (0..8).chain(12..16) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        assert!(Batch::split(&bytes).unwrap().unwrap().0.crc_is_right(), "byte {at} is not under the CRC");
    }
}

/// Three records that say more or other than they hold.
#[test]
fn records_are_looked_at_one_by_one() {
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..3 {
        builder.push(5, None, Some(b"v"), &[]);
    }
    let good = builder.finish();
    let record = |index: usize, field: usize| 61 + index * 8 + field;
    assert_eq!(&good[record(1, 0)..record(2, 0)], [14, 0, 0, 2, 1, 2, b'v', 0]);
    let cases = [
        ("a record that is too long", record(2, 0), 16, Fault::Record { index: 2 }),
        ("a record that is too short", record(1, 0), 12, Fault::Record { index: 1 }),
        ("a negative length", record(1, 0), 13, Fault::Record { index: 1 }),
        ("an offset twice", record(1, 3), 0, Fault::Record { index: 1 }),
        ("an offset left out", record(1, 3), 4, Fault::Record { index: 1 }),
        ("a key below null", record(1, 4), 3, Fault::Record { index: 1 }),
        ("a value below null", record(1, 5), 3, Fault::Record { index: 1 }),
        ("a value beyond the record", record(1, 5), 6, Fault::Record { index: 1 }),
        ("a header that is not there", record(1, 7), 2, Fault::Record { index: 1 }),
        ("headers below zero", record(1, 7), 1, Fault::Record { index: 1 }),
    ];
    for (name, at, byte, fault) in cases {
        assert_eq!(refusal(&with(&good, at, &[byte]), &RULES), fault, "{name}");
    }
    let fewer = with(&with(&good, 57, &2_i32.to_be_bytes()), 23, &1_i32.to_be_bytes());
    assert_eq!(refusal(&fewer, &RULES), Fault::Trailing);
    let more = with(&with(&good, 57, &4_i32.to_be_bytes()), 23, &3_i32.to_be_bytes());
    assert_eq!(refusal(&more, &RULES), Fault::Record { index: 3 });
    let overflow = with(&with(&good, 27, &i64::MAX.to_be_bytes()), record(0, 2), &[2]);
    assert_eq!(refusal(&overflow, &RULES), Fault::Record { index: 0 });
}

#[test]
fn compacted_topics_need_keys() {
    for codec in Codec::ALL {
        let fault = refusal(&sample(codec), &Rules { compacted: true, ..RULES });
        assert_eq!(fault, Fault::Records(vec![RecordFault { index: 1, kind: RecordFaultKind::NoKey }]));
        assert_eq!(fault.code(), ErrorCode::InvalidRecord);
    }
}

#[test]
fn timestamps_have_a_range() {
    let rules = Rules { timestamps: Some((1_500, 2_000)), ..RULES };
    let kind = RecordFaultKind::Timestamp;
    let fault = refusal(&sample(Codec::None), &rules);
    assert_eq!(fault, Fault::Records(vec![RecordFault { index: 0, kind }, RecordFault { index: 1, kind }]));
    assert_eq!(fault.code(), ErrorCode::InvalidTimestamp);
    assert!(validate(&sample(Codec::None), &Rules { timestamps: None, ..RULES }).is_ok());
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(-1, None, None, &[]);
    assert!(validate(&builder.finish(), &rules).is_ok(), "no timestamp is no fault");
}

#[test]
fn faults_of_records_are_bounded() {
    let mut builder = BatchBuilder::new(Codec::None);
    for _ in 0..2 * RECORD_FAULTS_MAX {
        builder.push(1, None, None, &[]);
    }
    let Fault::Records(faults) = refusal(&builder.finish(), &Rules { compacted: true, ..RULES }) else { panic!() };
    assert_eq!(faults.len(), RECORD_FAULTS_MAX);
}

#[test]
fn sizes_and_zstd_have_rules() {
    let good = sample(Codec::None);
    assert!(validate(&good, &Rules { batch_bytes_max: good.len(), ..RULES }).is_ok());
    assert_eq!(refusal(&good, &Rules { batch_bytes_max: good.len() - 1, ..RULES }), Fault::TooLarge);
    assert_eq!(Fault::TooLarge.code(), ErrorCode::MessageTooLarge);
    let zstd = sample(Codec::Zstd);
    assert_eq!(refusal(&zstd, &Rules { zstd: false, ..RULES }), Fault::Zstd);
    assert_eq!(Fault::Zstd.code(), ErrorCode::UnsupportedCompressionType);
    for codec in Codec::ALL {
        let content = good.len() - 61;
        let bytes = sample(codec);
        assert!(validate(&bytes, &Rules { inflated_bytes_max: content, ..RULES }).is_ok(), "{codec:?}");
        assert_eq!(refusal(&bytes, &Rules { inflated_bytes_max: content - 1, ..RULES }), Fault::TooLarge, "{codec:?}");
        let batch = Batch::split(&bytes).unwrap().unwrap().0;
        assert!(batch.inflate(content).is_ok(), "{codec:?}");
        assert_eq!(batch.inflate(content - 1), Err(Fault::TooLarge), "{codec:?}");
    }
}

/// 64 MiB of zeros in one value: refused once more was inflated than is allowed, whatever the header says.
#[test]
fn a_bomb_is_stopped() {
    let zeros = vec![0; 64 << 20];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut builder = BatchBuilder::new(codec);
        builder.push(1, None, Some(&zeros), &[]);
        let bomb = builder.finish();
        let rules = Rules { batch_bytes_max: 8 << 20, ..RULES };
        assert!(bomb.len() < 4 << 20, "{codec:?} is no bomb: {}", bomb.len());
        assert_eq!(refusal(&bomb, &rules), Fault::TooLarge, "{codec:?}");
    }
}

#[test]
fn content_that_does_not_inflate_is_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let good = sample(codec);
        let garbage = with(&good, 61, &[0x5a; 24]);
        assert_eq!(refusal(&garbage, &RULES), Fault::Compression, "{codec:?}");
        assert_eq!(Batch::split(&garbage).unwrap().unwrap().0.inflate(1 << 20), Err(Fault::Compression), "{codec:?}");
    }
}

/// A block of snappy that says to hold 2 GiB is not believed.
#[test]
fn snappy_lengths_are_not_believed() {
    let liar = [0xff, 0xff, 0xff, 0xff, 0x07, 0, b'x'];
    assert_eq!(Codec::Snappy.inflate(&liar, 1 << 20), Err(Fault::Compression));
    assert_eq!(snappy::content_bytes(&liar), None);
    let zeros = snap::raw::Encoder::new().compress_vec(&[0; 65_536]).unwrap();
    assert_eq!(snappy::content_bytes(&zeros), Some(65_536), "the most that snappy compresses to is {} bytes", zeros.len());
    let framed = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".as_slice(), &0xffff_fff0_u32.to_be_bytes(), &[0; 8]].concat();
    assert_eq!(Codec::Snappy.inflate(&framed, 1 << 20), Err(Fault::Compression));
}

#[test]
fn bare_snappy_is_read_too() {
    let bare = snap::raw::Encoder::new().compress_vec(b"bare bare bare bare").unwrap();
    assert_eq!(Codec::Snappy.inflate(&bare, 100).as_deref(), Ok(&b"bare bare bare bare"[..]));
}

#[test]
fn zstd_frames_follow_each_other_and_their_checksums_count() {
    let one = Codec::Zstd.deflate(b"one");
    let both = [&one[..], &Codec::Zstd.deflate(b"two")].concat();
    assert_eq!(Codec::Zstd.inflate(&both, 100).as_deref(), Ok(&b"onetwo"[..]));
    let mut damaged = one;
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(Codec::Zstd.inflate(&damaged, 100), Err(Fault::Compression));
}

/// A frame whose window is 1 GiB takes no memory for it.
#[test]
fn zstd_windows_are_bounded() {
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00];
    assert_eq!(Codec::Zstd.inflate(&frame, 100), Err(Fault::Compression));
}

#[test]
fn a_broker_sets_what_is_its_own() {
    let mut bytes = sample(Codec::Gzip);
    set_base_offset(&mut bytes, 77);
    set_partition_leader_epoch(&mut bytes, 5);
    let batch = Batch::split(&bytes).unwrap().unwrap().0;
    assert!(batch.crc_is_right());
    assert_eq!((batch.base_offset(), batch.last_offset(), batch.partition_leader_epoch()), (77, 79, 5));
    let head = batch.head(1 << 40, 9);
    let moved = [&head[..], &batch.bytes()[16..]].concat();
    let moved = Batch::split(&moved).unwrap().unwrap().0;
    assert_eq!((moved.base_offset(), moved.partition_leader_epoch(), moved.crc_is_right()), (1 << 40, 9, true));

    set_log_append_time(&mut bytes, 123_456);
    let batch = Batch::split(&bytes).unwrap().unwrap().0;
    assert!(batch.crc_is_right() && batch.is_log_append_time() && batch.codec() == Some(Codec::Gzip));
    let inflated = batch.inflate(1 << 20).unwrap();
    assert!(batch.records(&inflated).all(|record| record.unwrap().timestamp == 123_456));
    assert_eq!(batch.first_at_or_after(0, 123_456, 1 << 20), Ok(Some(Place { offset: 77, timestamp: 123_456 })));
}

#[test]
fn timestamps_are_looked_up() {
    for codec in Codec::ALL {
        let mut bytes = sample(codec);
        set_base_offset(&mut bytes, 10);
        let batch = Batch::split(&bytes).unwrap().unwrap().0;
        let find =
            |timestamp| batch.first_at_or_after(0, timestamp, 1 << 20).unwrap().map(|place| (place.offset, place.timestamp));
        assert_eq!(find(0), Some((10, 1_000)));
        assert_eq!(find(1_001), Some((11, 3_000)), "records need not be in the order of their timestamps");
        assert_eq!(find(3_000), Some((11, 3_000)));
        assert_eq!(find(3_001), None);
        let later = batch.first_at_or_after(11, 0, 1 << 20).unwrap().map(|place| (place.offset, place.timestamp));
        assert_eq!(later, Some((11, 3_000)), "what lies before an offset does not count");
        let greatest = |from| batch.greatest(from, 1 << 20).unwrap().map(|place| (place.offset, place.timestamp));
        assert_eq!(greatest(10), Some((11, 3_000)));
        assert_eq!(greatest(12).map(|(offset, _)| offset), (batch.last_offset() >= 12).then_some(12));
        assert_eq!(greatest(batch.last_offset() + 1), None);
    }
}

#[test]
fn batches_are_walked_until_one_is_cut() {
    let (one, two) = (sample(Codec::None), sample(Codec::Lz4));
    let all = [&one[..], &two, &one].concat();
    for length in 0..=all.len() {
        let mut walk = Batches::new(&all[..length]);
        let found: Vec<usize> = walk.by_ref().map(|batch| batch.unwrap().bytes().len()).collect();
        let whole = [one.len(), two.len(), one.len()];
        let expected = [0, whole[0], whole[0] + whole[1], all.len()].iter().filter(|end| **end <= length).count() - 1;
        assert_eq!(found, whole[..expected], "{length} bytes");
        assert_eq!(walk.rest().len(), length - found.iter().sum::<usize>());
    }
    let mut broken = all.clone();
    broken[one.len() + 16] = 9;
    let found: Vec<_> = Batches::new(&broken).map(|batch| batch.map(|batch| batch.bytes().len())).collect();
    assert_eq!(found, [Ok(one.len()), Err(Fault::UnknownFormat)]);
}

/// One record of these bytes, without its length.
fn raw(record: &[u8]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(0, None, None, &[]);
    let mut out = builder.finish();
    out.truncate(61);
    out.push((record.len() * 2) as u8);
    out.extend_from_slice(record);
    let length = (out.len() - 12) as i32;
    with(&out, 8, &length.to_be_bytes())
}

#[test]
fn overlong_numbers_are_refused() {
    let rules = Rules { timestamps: None, ..RULES };
    let both = |record: &[u8]| {
        let bytes = raw(record);
        let batch = Batch::split(&bytes).unwrap().unwrap().0;
        let seen = validate(&bytes, &rules).map(|checked| checked.max_timestamp);
        let read = batch.records(batch.payload()).next().unwrap().map(|record| record.timestamp);
        assert_eq!(seen, read, "both ways of reading agree");
        read.ok()
    };
    // Attributes, then the delta of the timestamp, then that of the offset, no key, no value, no headers.
    let record = |delta: &[u8]| [&[0][..], delta, &[0, 1, 1, 0]].concat();
    assert_eq!(both(&record(&[4])), Some(2));
    assert_eq!(both(&record(&[0x84, 0])), Some(2));
    assert_eq!(both(&record(&[[0xff; 9].as_slice(), &[1]].concat())), Some(i64::MIN));
    assert_eq!(both(&record(&[[0xff; 9].as_slice(), &[3]].concat())), None, "more than 64 bits");
    assert_eq!(both(&record(&[[0x80; 10].as_slice(), &[0]].concat())), None, "more than ten bytes");
    let offset = |delta: &[u8]| [&[0, 4][..], delta, &[1, 1, 0]].concat();
    assert_eq!(both(&offset(&[0x80, 0x80, 0x80, 0x80, 0])), Some(2));
    assert_eq!(both(&offset(&[0x80, 0x80, 0x80, 0x80, 0x10])), None, "more than 32 bits");
    assert_eq!(both(&offset(&[0x80, 0x80, 0x80, 0x80, 0x80, 0])), None, "more than five bytes");
}
