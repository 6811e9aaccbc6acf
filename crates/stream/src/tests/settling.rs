//! What a settle takes from the index.

use super::support::*;
use crate::{BatchRef, Command, Place};

fn bases(batches: &[BatchRef]) -> Vec<i64> {
    batches.iter().map(|batch| batch.base_offset).collect()
}

#[test]
fn what_is_settled_leaves_the_index_when_it_is_durable() {
    let mut house = House::new();
    for number in [1, 0, 1] {
        house.append(partition(number), Batch { records: 2, ..Batch::default() }).expect("success");
    }
    let upto = house.entry.id.index;
    house.append(partition(1), Batch::default()).expect("success");
    let memory = house.machine.index_memory();
    let (batches, settling) = house.machine.begin_settle(upto);
    let found: Vec<_> = batches.iter().map(|(id, batches)| (id.partition, bases(batches))).collect();
    assert_eq!(found, [(0, vec![0]), (1, vec![0, 2])]);
    assert!(matches!(house.machine.locate(partition(1), 1), Place::Unsettled(_)), "still readable");
    assert_eq!(house.machine.unsettled_bytes(), 4 * 70);
    house.append(partition(0), Batch::default()).expect("success");
    house.machine.settled(settling);
    assert_eq!((house.machine.unsettled_bytes(), house.machine.locate(partition(1), 3)), (2 * 70, Place::Settled));
    assert_eq!(
        (bases(&house.machine.run(partition(1), 4, 0)), bases(&house.machine.run(partition(0), 2, 0))),
        (vec![4], vec![2])
    );
    assert_eq!(house.machine.run(partition(1), 3, 1_000), []);
    assert_eq!(house.machine.partition(partition(1)).map(|info| info.unsettled_start), Some(4));
    assert!(house.machine.index_memory() <= memory && house.machine.index_memory() > 0);
    house.settle();
    assert_eq!((house.machine.unsettled_bytes(), house.machine.index_memory()), (0, 0));
    assert_eq!(house.machine.begin_settle(u64::MAX).0, []);
}

#[test]
fn a_run_is_as_long_as_asked_for_and_never_empty() {
    let mut house = House::new();
    for _ in 0..5 {
        house.append(partition(0), Batch { records: 2, ..Batch::default() }).expect("success");
    }
    for (offset, bytes, run) in [(0, 0, 1), (0, 139, 1), (0, 140, 2), (3, 210, 3), (9, 1_000, 1), (10, 1_000, 0), (0, 1_000, 5)] {
        assert_eq!(house.machine.run(partition(0), offset, bytes).len(), run, "{bytes} bytes from {offset}");
    }
    assert_eq!(bases(&house.machine.run(partition(0), 3, 140)), [2, 4]);
    assert_eq!(house.machine.run(partition(1), 0, 1_000), []);
}

#[test]
fn a_log_start_that_moves_during_a_settle_is_respected() {
    let mut house = House::new();
    for _ in 0..3 {
        house.append(partition(0), Batch::default()).expect("success");
    }
    let upto = house.entry.id.index;
    house.run(trim(partition(0), 1)).expect("success");
    let (batches, settling) = house.machine.begin_settle(upto);
    assert_eq!(bases(&batches[0].1), [1, 2], "without what lies before the log start");
    house.run(trim(partition(0), 2)).expect("success");
    house.machine.settled(settling);
    assert_eq!((house.machine.unsettled_bytes(), house.machine.index_memory()), (0, 0));
    assert_eq!(
        (house.machine.locate(partition(0), 1), house.machine.locate(partition(0), 2)),
        (Place::BelowStart, Place::Settled)
    );
}

#[test]
fn a_partition_that_comes_back_during_a_settle_keeps_its_new_batches() {
    let mut house = House::new();
    house.append(partition(0), Batch::default()).expect("success");
    let (_, settling) = house.machine.begin_settle(house.entry.id.index);
    house.run(Command::Drop { topic: partition(0).topic, partitions: None }).expect("success");
    house.append(partition(0), Batch::default()).expect("success");
    house.machine.settled(settling);
    assert!(matches!(house.machine.locate(partition(0), 0), Place::Unsettled(_)));
}

#[test]
fn a_settle_of_a_state_that_was_replaced_takes_nothing() {
    let mut house = House::new();
    house.append(partition(0), Batch::default()).expect("success");
    house.settle();
    house.append(partition(0), Batch::default()).expect("success");
    let (_, settling) = house.machine.begin_settle(house.entry.id.index);
    house.install();
    assert_eq!(house.machine.locate(partition(0), 0), Place::Settled);
    house.machine.settled(settling);
    assert!(matches!(house.machine.locate(partition(0), 1), Place::Unsettled(_)));
}

#[test]
fn many_partitions_settle_in_order() {
    let mut house = House::new();
    for number in (0..1_000).rev() {
        house.append(partition(number), Batch::default()).expect("success");
    }
    let (batches, settling) = house.machine.begin_settle(u64::MAX);
    assert_eq!(batches.iter().map(|(id, _)| id.partition).collect::<Vec<_>>(), (0..1_000).collect::<Vec<_>>());
    house.machine.settled(settling);
    assert_eq!((house.machine.unsettled_bytes(), house.machine.index_memory()), (0, 0));
}

#[test]
fn records_can_be_flushed_little_by_little() {
    let mut house = House::new();
    for number in 0..5 {
        house.append(partition(number), by(1, 0, 0, 1)).expect("success");
    }
    let digest = house.table.digest();
    assert_eq!((house.machine.flush_some(4), house.machine.flush_some(4)), (6, 2));
    house.append(partition(0), by(1, 0, 1, 1)).expect("success");
    let with_more = house.table.digest();
    assert_ne!(with_more, digest);
    assert_eq!(house.machine.flush_some(100), 0);
    assert_eq!(house.table.digest(), with_more, "flushing is no change");
    house.settle();
    house.restart();
    assert!(house.append(partition(0), by(1, 0, 1, 1)).is_ok_and(|again| again.is_duplicate));
}
