//! Producers are bounded, and forgotten by age alone.

use base::{EntryId, ShardId};

use super::support::*;
use crate::{
    Command, Machine, Options, PRODUCER_IDS_MAX, PRODUCERS_MAX,
    Refusal::{Exhausted, InvalidCount, OutOfOrderSequence},
    Reply,
    limits::EXPIRED_PER_APPLY_MAX,
    producer::Producer,
};

fn small() -> House {
    House::with(Options { producers_max: 3, producer_expiry_ms: 1_000, ..Options::default() })
}

fn ids(house: &House) -> Vec<i64> {
    house.machine.producers(partition(0)).iter().map(|producer| producer.id).collect()
}

#[test]
fn the_one_that_was_idle_longest_goes_first() {
    for settles in [false, true] {
        let mut house = small();
        for producer in 1..=3 {
            house.base(partition(0), by(producer, 0, 0, 1)).expect("success");
        }
        house.base(partition(0), by(1, 0, 1, 1)).expect("success");
        // Neither of these is a sign of life: nothing was written.
        assert!(house.append(partition(0), by(2, 0, 0, 1)).is_ok_and(|again| again.is_duplicate));
        assert_eq!(house.base(partition(0), by(2, 0, 7, 1)), Err(OutOfOrderSequence));
        if settles {
            house.settle();
            house.restart();
        }
        house.base(partition(0), by(4, 0, 0, 1)).expect("success");
        assert_eq!(ids(&house), [1, 3, 4]);
        house.base(partition(1), by(1, 0, 0, 1)).expect("each partition counts");
        assert_eq!((ids(&house), house.machine.producers(partition(1)).len()), (vec![1, 4], 1));
        assert_eq!(house.base(partition(0), by(3, 0, 9, 1)), Ok(5), "who was forgotten is unknown");
        house.settle();
        assert_eq!(house.tree_keys(b'i'), 3);
    }
}

#[test]
fn who_is_idle_too_long_goes_a_few_at_a_time() {
    let count = i64::try_from(EXPIRED_PER_APPLY_MAX).expect("small") + 2;
    let mut house = House::with(Options { producers_max: 100, producer_expiry_ms: 1_000, ..Options::default() });
    for producer in 0..count {
        house.base(partition(0), by(producer, 0, 0, 1)).expect("success");
    }
    house.settle();
    house.entry.time_ms += 999;
    house.run(trim(partition(0), 0)).expect("success");
    assert_eq!(house.machine.producers_remembered(), EXPIRED_PER_APPLY_MAX + 2);
    house.entry.time_ms += 1;
    house.run(trim(partition(0), 0)).expect("success");
    assert_eq!(ids(&house), [count - 2, count - 1]);
    assert_eq!(house.base(partition(0), by(0, 0, 5, 1)), Ok(count));
    assert_eq!(ids(&house), [0]);
    house.settle();
    house.restart();
    assert_eq!((ids(&house), house.tree_keys(b'i')), (vec![0], 1));
}

#[test]
fn a_million_short_lived_producers_take_no_more_room_than_allowed() {
    let mut house = House::with(Options { producers_max: 1_000, ..Options::default() });
    for producer in 0..1_000_000 {
        house.entry.id.index += 1;
        let applied = house.machine.apply(house.entry, append(partition(0), by(producer, 0, 0, 1)));
        assert!(applied.reply.is_ok());
        if producer % 100_000 == 99_999 {
            assert_eq!((house.machine.producers_remembered(), house.machine.producers(partition(0)).len()), (1_000, 1_000));
            house.settle();
            assert_eq!((house.tree_keys(b'i'), house.machine.index_memory()), (1_000, 0));
        }
    }
    assert_eq!(ids(&house), (999_000..1_000_000).collect::<Vec<_>>());
}

#[test]
fn a_producer_takes_little_memory() {
    // Beside it, its place in the map that finds it: a key of 16 bytes and a slot, at worst twice.
    assert!(size_of::<Option<Producer>>() + 2 * 24 <= 250, "{}", size_of::<Option<Producer>>());
    assert_eq!((Options::default().producers_max, PRODUCERS_MAX), (200_000, 200_000));
    assert_eq!(Options::default().producer_expiry_ms, 86_400_000);
}

fn allocate(house: &mut House, count: u32) -> i64 {
    match house.run(Command::AllocateProducers { count }) {
        Ok(Reply::Producers { first, count: taken }) if taken == count => first,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_id_is_given_out_once() {
    let mut house = House::new();
    let base = 3 << 48;
    assert_eq!((allocate(&mut house, 1), allocate(&mut house, 1_000)), (base, base + 1));
    house.settle();
    house.restart();
    assert_eq!(allocate(&mut house, 1), base + 1_001);
    house.restart();
    assert_eq!(allocate(&mut house, PRODUCER_IDS_MAX), base + 1_002);
    assert_eq!(house.refused(Command::AllocateProducers { count: 0 }), InvalidCount);
    assert_eq!(house.refused(Command::AllocateProducers { count: PRODUCER_IDS_MAX + 1 }), InvalidCount);
}

#[test]
fn shards_give_out_other_ids_and_none_is_negative() {
    let mut house = House::new();
    let last = ShardId((1 << 15) - 1);
    let nearly_all = crate::record::encode_counter((1 << 48) - 2);
    house.table.put(crate::record::counter_key(), nearly_all);
    house.machine = Machine::open(last, house.table.clone(), Options::default()).expect("opens");
    assert_eq!(house.refused(Command::AllocateProducers { count: 3 }), Exhausted);
    assert_eq!(allocate(&mut house, 2), i64::MAX - 1);
    assert_eq!(house.refused(Command::AllocateProducers { count: 1 }), Exhausted);
    let beyond = Machine::open(ShardId(1 << 15), house.table.clone(), Options::default());
    assert_eq!(beyond.err().map(|error| error.kind), Some(base::Kind::Invalid));
}

#[test]
fn a_producer_is_described() {
    let mut house = House::new();
    house.entry.id = EntryId { term: 1, index: 0 };
    house.base(partition(0), Batch { timestamp: 77, ..by(6, 2, 4, 3) }).expect("success");
    let [info] = house.machine.producers(partition(0))[..] else { panic!("one") };
    assert_eq!((info.id, info.epoch, info.last_sequence), (6, 2, 6));
    assert_eq!((info.last_timestamp, info.last_write_ms), (77, 1_000));
}

#[test]
fn who_comes_back_before_the_table_heard_of_its_going_is_kept() {
    for count in [1, usize::MAX] {
        let mut house = small();
        for producer in [1, 2, 3] {
            house.base(partition(0), by(producer, 0, 0, 1)).expect("success");
        }
        house.settle();
        for producer in [4, 1, 2] {
            house.base(partition(0), by(producer, 0, 7, 1)).expect("success");
        }
        while house.machine.flush_some(count) > 0 {}
        house.settle();
        house.restart();
        assert_eq!((ids(&house), house.tree_keys(b'i')), (vec![1, 2, 4], 3));
        assert!(house.append(partition(0), by(1, 0, 7, 1)).is_ok_and(|again| again.is_duplicate));
    }
}
