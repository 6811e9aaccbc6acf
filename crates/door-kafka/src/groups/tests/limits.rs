//! Joins that come by the thousands, or by the megabyte.

use bytes::Bytes;

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Commit, Effect, Join, Protocol, Reply, State, Ticket},
    limits::{GROUP_MEMBERS_MAX, GROUPS_MAX, MEMBER_BYTES_MAX, MEMBER_PROTOCOLS_MAX},
};

fn heavy(bytes: usize) -> Join {
    let metadata = Bytes::from(vec![7; bytes]);
    Join { protocols: vec![Protocol { name: "range".into(), metadata }], ..join_as("heavy") }
}

#[test]
fn a_storm_of_joins_is_bounded_and_the_group_stays_stable() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let mut last = ErrorCode::None;
    for number in 0..=GROUP_MEMBERS_MAX {
        let ticket = Ticket(1_000_000 + number as u64);
        let effects = house.coordinator.join(0, join_as("storm"), ticket, 1_000_000 + number as u128);
        let [Effect::Answer { reply: Reply::Join(reply), .. }] = effects.as_slice() else { panic!("{effects:?}") };
        last = reply.error;
    }
    assert_eq!(last, ErrorCode::CoordinatorNotAvailable);
    assert_eq!((house.heartbeat(1, &members[0]), house.state()), (ErrorCode::None, State::Stable));
    house.pass(SESSION_MS - 1);
    house.heartbeat(1, &members[0]);
    house.pass(1);
    assert_eq!(house.join_now(&join_as("after")).error, ErrorCode::MemberIdRequired, "and passes");
}

#[test]
fn metadata_of_64_mib_is_refused() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    assert_eq!(house.join_now(&heavy(64 << 20)).error, ErrorCode::MessageTooLarge);
    let again = Join { member_id: members[0].clone(), ..heavy(MEMBER_BYTES_MAX) };
    assert_eq!(house.join_now(&again).error, ErrorCode::MessageTooLarge, "of a member as well");
    assert_eq!(house.state(), State::Stable);
    let names: Vec<String> = (0..=MEMBER_PROTOCOLS_MAX).map(|number| format!("p{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names[0] = "range";
    assert_eq!(house.join_now(&Join { protocols: protocols(&names), ..join_as("b") }).error, ErrorCode::MessageTooLarge);
}

#[test]
fn a_group_of_heavy_members_is_full_before_it_is_large() {
    let mut house = House::new();
    let mut errors = Vec::new();
    for _ in 0..12 {
        let ticket = house.join(&Join { version: 1, ..heavy(MEMBER_BYTES_MAX - 1_000) });
        if !house.is_waiting(ticket) {
            errors.push(house.joined(ticket).error);
        }
    }
    assert_eq!(errors, [vec![ErrorCode::None], vec![ErrorCode::GroupMaxSizeReached; 4]].concat());
    assert_eq!(house.member_ids().len(), 8);
}

#[test]
fn assignments_that_are_too_large_fail_as_if_the_log_refused_them() {
    let mut house = House::new();
    let (id, _) = house.enter("a");
    let mut sync = lead(1, &id, std::slice::from_ref(&id));
    sync.assignments[0].1 = Bytes::from(vec![1; 9 << 20]);
    assert_eq!(house.sync_now(&sync).error, ErrorCode::UnknownServerError);
    assert_eq!((house.state(), house.stores.len()), (State::PreparingRebalance, 0));
}

#[test]
fn a_protocol_that_is_named_twice_counts_once() {
    let mut house = House::new();
    let twice = Join { version: 1, protocols: protocols(&["range", "range"]), ..join_as("a") };
    house.join_now(&twice);
    let waits = house.join(&Join { version: 1, ..join_as("b") });
    assert!(house.is_waiting(waits), "both know it");
}

#[test]
fn groups_are_bounded_and_ten_thousand_of_them_are_none_too_many() {
    let mut house = House::new();
    for number in 0..GROUPS_MAX {
        let group_id = format!("simple-{number}");
        let commit =
            Commit { version: 8, group_id: &group_id, generation: -1, member_id: "", instance_id: None, transactional: false };
        assert_eq!(house.coordinator.commit(0, &commit), Ok(()));
    }
    assert_eq!(house.join_now(&join_as("a")).error, ErrorCode::CoordinatorNotAvailable);
    assert_eq!(house.commit(-1, ""), Err(ErrorCode::CoordinatorNotAvailable));
    assert_eq!((house.state(), house.coordinator.deadlines.len()), (State::Dead, 0));
}
