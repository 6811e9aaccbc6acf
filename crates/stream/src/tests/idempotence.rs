//! What makes produce idempotent, rule by rule, with Kafka's names for what is refused.

use super::support::*;
use crate::{Options, Refusal::*};

const P: crate::PartitionId = crate::PartitionId { topic: crate::TopicId(9), partition: 0 };

#[test]
fn the_first_batch_of_an_unknown_producer_may_have_any_sequence() {
    let mut house = House::new();
    assert_eq!(house.base(P, by(1, 0, 77, 3)), Ok(0));
    assert_eq!(house.base(P, by(1, 0, 80, 1)), Ok(3));
    assert_eq!(house.base(P, by(2, 5, 0, 1)), Ok(4));
}

#[test]
fn each_of_the_last_five_batches_is_known_when_it_comes_again() {
    let mut house = House::new();
    for number in 0..7 {
        assert_eq!(house.base(P, by(1, 0, number * 2, 2)), Ok(i64::from(number) * 2));
    }
    for number in 2..7 {
        let again = house.append(P, by(1, 0, number * 2, 2)).expect("success");
        let base = i64::from(number) * 2;
        assert_eq!((again.base_offset, again.last_offset, again.is_duplicate), (base, base + 1, true));
    }
    assert_eq!(house.machine.partition(P).map(|info| info.end), Some(14), "nothing was appended twice");
}

#[test]
fn duplicate_sequence_number_is_said_of_what_was_certainly_taken() {
    let mut house = House::new();
    for number in 0..7 {
        house.base(P, by(1, 0, 10 + number * 2, 2)).expect("success");
    }
    assert_eq!(house.refused(append(P, by(1, 0, 10, 2))), DuplicateSequence);
    assert_eq!(house.refused(append(P, by(1, 0, 12, 2))), DuplicateSequence);
    // Other bounds than any batch had, but all of it was taken.
    assert_eq!(house.refused(append(P, by(1, 0, 11, 3))), DuplicateSequence);
    // Before the first one: it was never seen, and a client that hears of a duplicate would not send it again.
    assert_eq!(house.refused(append(P, by(1, 0, 9, 1))), OutOfOrderSequence);
    assert_eq!(house.refused(append(P, by(1, 0, 8, 3))), OutOfOrderSequence);
    // It reaches into what is remembered, and is none of it.
    assert_eq!(house.refused(append(P, by(1, 0, 12, 3))), OutOfOrderSequence);
    assert_eq!(house.refused(append(P, by(1, 0, 22, 3))), OutOfOrderSequence);
}

#[test]
fn out_of_order_sequence_number_is_said_of_a_gap() {
    let mut house = House::new();
    house.base(P, by(1, 0, 0, 3)).expect("success");
    assert_eq!(house.refused(append(P, by(1, 0, 4, 1))), OutOfOrderSequence);
    assert_eq!(house.refused(append(P, by(1, 0, 1, 2))), OutOfOrderSequence);
    assert_eq!(house.refused(append(P, by(1, 0, 0, 2))), OutOfOrderSequence);
    assert_eq!(house.base(P, by(1, 0, 3, 1)), Ok(3), "a refusal leaves no trace");
}

#[test]
fn invalid_producer_epoch_is_said_of_a_fenced_producer() {
    let mut house = House::new();
    house.base(P, by(1, 4, 0, 1)).expect("success");
    assert_eq!(house.refused(append(P, by(1, 3, 1, 1))), InvalidProducerEpoch);
    assert_eq!(house.refused(append(P, by(1, 3, 0, 1))), InvalidProducerEpoch);
}

#[test]
fn a_higher_epoch_begins_with_sequence_0() {
    let mut house = House::new();
    house.base(P, by(1, 4, 10, 1)).expect("success");
    assert_eq!(house.refused(append(P, by(1, 5, 11, 1))), OutOfOrderSequence);
    assert_eq!(house.base(P, by(1, 5, 0, 1)), Ok(1));
    // What was known of the epoch before is no duplicate any more, nor is anything older than the new beginning.
    assert_eq!(house.refused(append(P, by(1, 4, 10, 1))), InvalidProducerEpoch);
    assert_eq!(house.refused(append(P, by(1, 5, 10, 1))), OutOfOrderSequence);
    assert_eq!(house.base(P, by(1, 5, 1, 1)), Ok(2));
    assert_eq!(house.append(P, by(1, 5, 0, 1)).map(|again| (again.base_offset, again.is_duplicate)), Ok((1, true)));
}

#[test]
fn sequences_begin_again_behind_the_greatest_one() {
    let mut house = House::new();
    assert_eq!(house.base(P, by(1, 0, i32::MAX - 2, 2)), Ok(0));
    assert_eq!(house.base(P, by(1, 0, i32::MAX, 3)), Ok(2), "it takes 2^31 - 1, 0 and 1");
    assert_eq!(house.refused(append(P, by(1, 0, 3, 1))), OutOfOrderSequence);
    assert_eq!(house.base(P, by(1, 0, 2, 1)), Ok(5));
    assert_eq!(house.append(P, by(1, 0, i32::MAX, 3)).map(|again| (again.base_offset, again.is_duplicate)), Ok((2, true)));
    for number in 0..4 {
        house.base(P, by(1, 0, 3 + number, 1)).expect("success");
    }
    assert_eq!(house.refused(append(P, by(1, 0, i32::MAX, 3))), DuplicateSequence);
    assert_eq!(house.machine.producers(P)[0].last_sequence, 6);

    let mut house = House::new();
    house.base(P, by(1, 0, i32::MAX, 1)).expect("success");
    assert_eq!(house.base(P, by(1, 0, 0, 1)), Ok(1));
}

#[test]
fn partitions_know_their_producers_apart() {
    let (mut house, other) = (House::new(), partition(8));
    house.base(P, by(1, 0, 0, 1)).expect("success");
    assert_eq!(house.base(other, by(1, 0, 0, 1)), Ok(0), "no duplicate of another partition's");
    assert_eq!(house.base(P, by(2, 0, 0, 1)), Ok(1), "nor of another producer's");
    let ids = |id| house.machine.producers(id).iter().map(|producer| producer.id).collect::<Vec<_>>();
    assert_eq!((ids(P), ids(other), ids(partition(9))), (vec![1, 2], vec![1], vec![]));
}

#[test]
fn who_has_no_id_is_not_checked() {
    let mut house = House::new();
    assert_eq!(house.base(P, Batch::default()), Ok(0));
    assert_eq!(house.base(P, Batch::default()), Ok(1));
    assert_eq!(house.machine.producers_remembered(), 0);
}

#[test]
fn what_is_known_survives_a_restart() {
    let mut house = House::with(Options::default());
    for number in 0..8 {
        house.base(P, by(1, 2, 5 + number, 1)).expect("success");
        if number == 3 {
            house.settle();
        }
    }
    for is_settled in [false, true] {
        if is_settled {
            house.settle();
        }
        house.restart();
        assert_eq!(house.append(P, by(1, 2, 8, 1)).map(|again| (again.base_offset, again.is_duplicate)), Ok((3, true)));
        assert_eq!(house.refused(append(P, by(1, 2, 7, 1))), DuplicateSequence);
        assert_eq!(house.refused(append(P, by(1, 2, 4, 1))), OutOfOrderSequence);
        assert_eq!(house.refused(append(P, by(1, 1, 13, 1))), InvalidProducerEpoch);
    }
}
