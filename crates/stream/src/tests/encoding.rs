//! The encoding of commands and records: unique, bounded, and as `docs/formats/stream.md` draws it.

use bytes::Bytes;
use proptest::prelude::*;

use super::{random, support::*};
use crate::{
    Command, Committed, OffsetCommit, PartitionId, Position, TopicId, codec::APPEND_HEAD_BYTES, digest::chained_batch, fuzz,
    header::Header, partition::Partition, producer::Producer, record,
};

fn encode(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.encode(&mut out);
    out
}

/// The bytes of an example in the page, which follows the line that ends with `name`.
fn example(name: &str) -> Vec<u8> {
    let page = include_str!("../../../../docs/formats/stream.md");
    let (_, rest) = page.split_once(&format!("{name}:\n\n```text\n")).expect("the page has the example");
    let (drawing, _) = rest.split_once("```").expect("the example ends");
    let digits: Vec<&str> = drawing.split_whitespace().collect();
    digits.iter().map(|digits| u8::from_str_radix(digits, 16).expect("two digits")).collect()
}

const P: PartitionId = PartitionId { topic: TopicId(0x0102), partition: 7 };

#[test]
fn the_page_draws_what_is_written() {
    let batch = by(5, 1, 2, 3).encode();
    let append = encode(&Command::Append { term: 5, partition: P, batch: batch.clone() });
    let (head, rest) = append.split_at(APPEND_HEAD_BYTES as usize);
    assert_eq!(
        (head, rest),
        (&example("The head of an append to partition 7 of topic 0x0102, to be applied in term 5")[..], &batch[..])
    );
    let trim = encode(&Command::Trim { partition: P, log_start: 9 });
    assert_eq!(trim, example("Partition 7 of topic 0x0102 begins at offset 9"));
    let store = Command::GroupStore { term: 3, group: bytes("g"), state: group_state(4, &[member("a", Some("i"))]) };
    assert_eq!(encode(&store), example("The coordinator of term 3 stores `g`, with one member `a`, at generation 4"));
    let commit = OffsetCommit { instance: Some(bytes("i")), ..commit(3, "g", 4, "a", P, 9) };
    assert_eq!(encode(&Command::OffsetCommit(commit)), example("Its member commits offset 9"));
    let offsets = vec![(P, Position { index: 6, at: 25 })];
    let expire = Command::ExpireOffsets { term: 3, group: bytes("g"), retention_ms: 604_800_000, offsets };
    assert_eq!(encode(&expire), example("That commit, made at byte 25 of entry 6, is too old where offsets are kept for a week"));
}

#[test]
fn the_page_draws_what_is_stored() {
    let mut partition = Partition::new(P);
    partition.extend(base::EntryId { term: 3, index: 1 }, 4, &by(5, 1, 2, 5).encode(), 0x0a0b_0c0d, 8);
    partition.log_start = 1;
    let mut out = Vec::new();
    partition.encode(&mut out);
    assert_eq!(record::partition_key(P), example("Key of that partition"));
    assert_eq!(out, example("Record of it: offsets 1 to 4 of one batch of 70 bytes, written in term 3"));

    let mut producer = Producer::new(5, 0);
    producer.written_ms = 1_000;
    producer.written = Position { index: 1, at: 25 };
    producer.sequences.take(&Header::read(&by(5, 1, 2, 5).encode()).expect("is good"), 0);
    let mut out = Vec::new();
    producer.encode(&mut out);
    assert_eq!(record::producer_key(P, 5), example("Key of producer 5 in it"));
    assert_eq!(out, example("Record of it: epoch 1, one batch with the sequences 2 to 6"));

    let position = Position { index: 6, at: 25 };
    let committed = Committed { offset: 9, leader_epoch: 1, metadata: bytes("m"), time_ms: 1_000, retention_ms: -1, position };
    assert_eq!(record::offset_key(b"g", P), example("Key of the offset that `g` keeps of it"));
    assert_eq!(record::encode_offset(&committed), example("Record of that commit"));
    assert_eq!(record::group_key(b"g"), example("Key of `g`"));
    assert_eq!(record::counter_key(), example("Key of the counter of producer ids"));
    assert_eq!(record::encode_counter(10), example("Record of it: ten were given out"));
}

#[test]
fn a_chain_is_what_the_page_says() {
    let factor = 0x9e37_79b9_7f4a_7c15u64;
    let first = (0x0a0b_0c0d_u64 << 32 | 70).wrapping_mul(factor);
    assert_eq!(chained_batch(0, 0x0a0b_0c0d, 70), first);
    assert_eq!(chained_batch(first, 1, 2), (first.rotate_left(29) ^ (1 << 32 | 2)).wrapping_mul(factor));
}

#[test]
fn bytes_that_nobody_wrote_are_refused_without_room_for_them() {
    for data in [
        &b""[..],
        b"\x01",
        b"\x02\x04\x01\0\0\0",
        b"\x01\x00",
        b"\x01\x0a",
        b"\x01\x04\x01\0\0\0\0",
        b"\x01\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02",
        b"\x01\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\xff\xff\xff\0\0\0\0",
        b"\x01\x08\xff\xff\xff\xff",
        b"\x01\x07\0\0\0\0\xff\xff\xff\xff",
        b"\x01\x09\0\0\0\0\x01\0\0\0",
    ] {
        let error = Command::decode(Bytes::from_static(data)).expect_err("is refused");
        // A later version is no damage: whoever meets it is not rebuilt for it.
        let expected = if data.starts_with(b"\x02") { base::Kind::Unsupported } else { base::Kind::Corrupt };
        assert_eq!(error.kind, expected);
    }
}

#[test]
fn every_cut_is_refused() {
    for command in corpus() {
        let encoded = Bytes::from(encode(&command));
        // A batch is the rest of its command, so it can be cut unseen; apply refuses what is no whole batch.
        let least = if matches!(command, Command::Append { .. }) { APPEND_HEAD_BYTES as usize } else { encoded.len() };
        for cut in 0..least {
            assert!(Command::decode(encoded.slice(..cut)).is_err(), "{command:?} cut at {cut}");
        }
    }
}

fn corpus() -> Vec<Command> {
    vec![
        append(P, by(1, 2, 3, 4)),
        trim(P, 5),
        Command::Drop { topic: P.topic, partitions: Some(vec![1, 2]) },
        Command::Drop { topic: P.topic, partitions: None },
        Command::AllocateProducers { count: 3 },
        store(1, "group", 2, &[member("a", None), member("b", Some("instance"))]),
        Command::OffsetCommit(commit(1, "group", 2, "a", P, 5)),
        Command::OffsetDelete { group: bytes("group"), partitions: vec![P, P] },
        Command::GroupDelete { group: bytes("group") },
        Command::ExpireOffsets {
            term: 1,
            group: bytes("group"),
            retention_ms: 5,
            offsets: vec![(P, Position { index: 1, at: 2 })],
        },
    ]
}

/// Cuts, flips and repeats parts of good commands, in an order that a small generator decides.
#[test]
fn mutated_commands_never_harm() {
    let corpus: Vec<Vec<u8>> = corpus().iter().map(encode).collect();
    let mut house = House::new();
    let mut seed = 0x2545_F491_4F6C_DD1Du64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).expect("31 bits") % below.max(1)
    };
    for _ in 0..100_000 {
        let mut data = corpus[draw(corpus.len())].clone();
        for _ in 0..=draw(3) {
            let at = draw(data.len());
            match draw(4) {
                0 => data.truncate(at),
                1 => data.insert(at, u8::try_from(draw(256)).expect("a byte")),
                2 => data.extend_from_within(at..),
                _ if at < data.len() => data[at] = [0, 1, 0x7f, 0xff, u8::try_from(draw(256)).expect("a byte")][draw(5)],
                _ => {}
            }
        }
        fuzz(&data);
        if let Ok(command) = Command::decode(data.into()) {
            // What can be decoded can be applied, and read again.
            let _ = house.machine.apply(house.entry, command);
        }
    }
    house.settle();
    house.restart();
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(command in random::any_command()) {
        prop_assert_eq!(Command::decode(encode(&command).into()), Ok(command));
    }
}
