//! Partitions: offsets, leader epochs, log starts, what is refused.

use bytes::{Bytes, BytesMut};

use super::support::*;
use crate::{Appended, Applied, BatchRef, Command, Moved, OffsetCommit, Place, Refusal::*, Reply, TopicId};

#[test]
fn a_batch_gets_the_offsets_behind_the_last_one() {
    let mut house = House::new();
    let p = partition(0);
    assert_eq!((house.machine.partition(p), house.machine.locate(p, 0)), (None, Place::Unknown));
    let first = house.append(p, Batch { records: 3, ..Batch::default() });
    assert_eq!(first, Ok(Appended { base_offset: 0, last_offset: 2, log_start: 0, epoch: 0, is_duplicate: false }));
    house.entry.id.term = 4;
    let second = house.append(p, Batch { records: 2, timestamp: 9, crc: 7, ..Batch::default() });
    assert_eq!(second, Ok(Appended { base_offset: 3, last_offset: 4, log_start: 0, epoch: 3, is_duplicate: false }));
    let batch = BatchRef {
        base_offset: 3,
        last_offset: 4,
        max_timestamp: 9,
        index: 2,
        position: 25 + 30,
        length: 70,
        crc: 7,
        leader_epoch: 3,
    };
    assert_eq!(house.machine.locate(p, 4), Place::Unsettled(batch));
    assert_eq!((house.machine.locate(p, 5), house.machine.locate(p, 6)), (Place::AtEnd, Place::BeyondEnd));
    assert_eq!(house.machine.locate(p, -1), Place::BelowStart);
}

#[test]
fn a_batch_lies_where_its_command_ends() {
    let mut encoded = vec![0; 25];
    let batch = Batch { crc: 0x0102_0304, ..Batch::default() };
    append(partition(0), batch).encode(&mut encoded);
    let mut house = House::new();
    house.append(partition(0), batch).expect("success");
    let [found] = house.machine.run(partition(0), 0, 1)[..] else { panic!("one batch") };
    let at = found.position as usize;
    assert_eq!(encoded[at..at + found.length as usize], batch.encode());
}

#[test]
fn a_leader_epoch_never_falls_and_its_end_is_known() {
    let mut house = House::new();
    let p = partition(0);
    for (term, records) in [(3, 3), (3, 1), (6, 2), (8, 1)] {
        house.entry.id.term = term;
        house.append(p, Batch { records, ..Batch::default() }).expect("success");
    }
    let ends = [(-1, (-1, -1)), (1, (1, 0)), (2, (2, 4)), (4, (2, 4)), (5, (5, 6)), (6, (5, 6)), (7, (7, 7)), (8, (-1, -1))];
    for restarted in [false, true] {
        for (epoch, end) in ends {
            assert_eq!(house.machine.epoch_end(p, epoch), Some(end), "epoch {epoch}, restarted {restarted}");
        }
        assert_eq!((house.machine.epoch_at(p, 3), house.machine.epoch_at(p, 4)), (Some(2), Some(5)));
        house.settle();
        house.restart();
    }
    house.entry.id.term = u64::MAX;
    assert_eq!(house.append(p, Batch::default()).map(|appended| appended.epoch), Ok(i32::MAX));
    assert_eq!(house.machine.epoch_end(partition(1), 1), None);
}

#[test]
fn a_log_start_only_rises_and_stays_within_the_end() {
    let mut house = House::new();
    let p = partition(0);
    assert_eq!(house.refused(trim(p, 0)), UnknownPartition);
    for _ in 0..4 {
        house.append(p, Batch { records: 2, ..Batch::default() }).expect("success");
    }
    let moved = house.apply(trim(p, 3));
    assert_eq!(moved, Applied { reply: Ok(Reply::Trimmed { log_start: 3 }), moved: Moved::Partition(p) });
    assert_eq!((house.machine.locate(p, 2), house.machine.unsettled_bytes()), (Place::BelowStart, 3 * 70));
    assert!(matches!(house.machine.locate(p, 3), Place::Unsettled(BatchRef { base_offset: 2, .. })));
    assert_eq!(house.machine.run(p, 2, 1_000), [], "a reader is told that it is gone");
    let stays = house.apply(trim(p, 1));
    assert_eq!(stays, Applied { reply: Ok(Reply::Trimmed { log_start: 3 }), moved: Moved::Nothing });
    assert_eq!(house.run(trim(p, -5)), Ok(Reply::Trimmed { log_start: 3 }));
    assert_eq!(house.run(trim(p, 99)), Ok(Reply::Trimmed { log_start: 8 }));
    assert_eq!((house.machine.unsettled_bytes(), house.machine.index_memory()), (0, 0));
    assert_eq!(house.append(p, Batch::default()).map(|appended| (appended.base_offset, appended.log_start)), Ok((8, 8)));
    assert_eq!(house.run(trim(p, -1)), Ok(Reply::Trimmed { log_start: 9 }));
    house.settle();
    house.restart();
    assert_eq!(house.machine.partition(p).map(|info| (info.log_start, info.end)), Some((9, 9)));
}

#[test]
fn what_is_dropped_is_forgotten_with_its_producers_and_offsets() {
    let mut house = House::new();
    let other = crate::PartitionId { topic: TopicId(1), partition: 0 };
    for id in [partition(0), partition(1), partition(2), other] {
        house.append(id, by(1, 0, 0, 1)).expect("success");
        house.run(Command::OffsetCommit(commit(1, "g", -1, "", id, 1))).expect("success");
    }
    house.settle();
    house.append(partition(1), by(1, 0, 1, 1)).expect("success");
    let dropped = house.apply(Command::Drop { topic: partition(0).topic, partitions: Some(vec![1, 7]) });
    assert_eq!((dropped.reply, dropped.moved.as_slice()), (Ok(Reply::Forgotten { count: 1 }), &[partition(1)][..]));
    assert_eq!((house.machine.producers_remembered(), house.machine.unsettled_bytes()), (3, 0));
    assert_eq!(house.append(partition(1), by(1, 0, 5, 1)).map(|appended| appended.base_offset), Ok(0), "it begins anew");
    let dropped = house.apply(Command::Drop { topic: partition(0).topic, partitions: None });
    assert_eq!(dropped.moved.as_slice(), [partition(0), partition(1), partition(2)]);
    let offsets = house.machine.offsets(b"g", None).expect("the group stays");
    assert_eq!(offsets.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [other]);
    assert_eq!(house.machine.partitions().len(), 1);
    house.settle();
    assert_eq!((house.tree_keys(b'p'), house.tree_keys(b'i'), house.tree_keys(b'o'), house.tree_keys(b'g')), (1, 1, 1, 1));
    house.restart();
    assert_eq!(house.machine.partitions().len(), 1);
}

#[test]
fn an_offset_of_a_partition_without_records_goes_with_its_topic() {
    let mut house = House::new();
    let two: OffsetCommit = {
        let mut two = commit(1, "g", -1, "", partition(1), 1);
        two.offsets.push(crate::OffsetItem { partition: partition(2), ..two.offsets[0].clone() });
        two
    };
    house.run(Command::OffsetCommit(two)).expect("success");
    house.run(Command::Drop { topic: partition(0).topic, partitions: Some(vec![2, 0]) }).expect("success");
    assert_eq!(house.machine.offsets(b"g", None).map(|offsets| offsets.len()), Some(1));
    house.run(Command::Drop { topic: partition(0).topic, partitions: None }).expect("success");
    assert_eq!(house.machine.offsets(b"g", None).map(|offsets| offsets.len()), Some(0));
}

#[test]
fn batches_that_make_no_sense_are_refused() {
    let mut house = House::new();
    let good = by(1, 0, 0, 1).encode();
    let mut refused = |batch: Bytes| house.refused(Command::Append { term: 0, partition: partition(0), batch });
    for cut in 0..good.len() {
        assert_eq!(refused(good.slice(..cut)), InvalidBatch, "cut at {cut}");
    }
    let changed = |at: usize, bytes: &[u8]| {
        let mut batch = BytesMut::from(&good[..]);
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        batch.freeze()
    };
    let one_more = [&good[..], &[0]].concat();
    for batch in [
        Bytes::from(one_more),
        changed(8, &(-1i32).to_be_bytes()),
        changed(16, &[1]),
        changed(23, &(-1i32).to_be_bytes()),
        changed(23, &1i32.to_be_bytes()),
        changed(23, &i32::MAX.to_be_bytes()),
        changed(51, &(-1i16).to_be_bytes()),
        changed(53, &(-1i32).to_be_bytes()),
        changed(57, &0i32.to_be_bytes()),
    ] {
        assert_eq!(refused(batch), InvalidBatch);
    }
    // Transactional, and control.
    for attributes in [0x10, 0x20, 0x30] {
        assert_eq!(refused(Batch { attributes, ..by(1, 0, 0, 1) }.encode()), Unsupported);
    }
    assert_eq!(house.machine.partitions(), [], "none came into being");
    // Compression and the kind of timestamp are the client's business.
    house.append(partition(0), Batch { attributes: 0x0c, ..Batch::default() }).expect("success");
}

#[test]
fn offsets_do_not_run_over() {
    let mut house = House::new();
    let p = partition(0);
    house.append(p, Batch::default()).expect("success");
    house.settle();
    // As if so much had been written.
    let key = crate::record::partition_key(p);
    let mut record = house.table.get(&key).expect("reads").expect("is there").to_vec();
    record[9..17].copy_from_slice(&(i64::MAX - 2).to_le_bytes());
    house.table.put(key, record.into());
    house.machine.reload().expect("reloads");
    assert_eq!(house.refused(append(p, Batch { records: 3, ..Batch::default() })), Exhausted);
    assert_eq!(house.append(p, Batch { records: 2, ..Batch::default() }).map(|appended| appended.last_offset), Ok(i64::MAX - 1));
    assert_eq!(house.refused(append(p, Batch::default())), Exhausted);
}

#[test]
fn batches_are_found_by_time() {
    let mut house = House::new();
    let p = partition(0);
    for timestamp in [10, 30, 20, 30] {
        house.append(p, Batch { timestamp, ..Batch::default() }).expect("success");
    }
    let base = |batch: Option<BatchRef>| batch.map(|batch| batch.base_offset);
    for (timestamp, found) in [(0, Some(0)), (10, Some(0)), (11, Some(1)), (30, Some(1)), (31, None)] {
        assert_eq!(base(house.machine.first_at_or_after(p, 0, timestamp)), found);
    }
    assert_eq!(base(house.machine.first_at_or_after(p, 2, 11)), Some(2));
    assert_eq!([0, 2, 4].map(|from| house.machine.greatest_timestamp(p, from)), [Some(30), Some(30), None]);
    assert_eq!(house.machine.partition(p).map(|info| info.max_timestamp), Some(30));
    assert_eq!(house.machine.greatest_timestamp(partition(1), 0), None);
}

/// What a deposed leader took must not come behind what its producer sent to the next one.
#[test]
fn a_batch_of_another_term_is_refused() {
    let mut house = House::new();
    let term = house.entry.id.term;
    let append = |term| Command::Append { term, partition: partition(0), batch: by(1, 0, 0, 1).encode() };
    assert_eq!(house.refused(append(term + 1)), crate::Refusal::Fenced);
    assert_eq!(house.machine.partition(partition(0)), None, "nothing remains of it");
    house.apply(append(term)).reply.expect("it is the term's own");
}
