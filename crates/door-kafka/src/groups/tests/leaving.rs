//! How members go: by themselves, by an administrator, or by silence.

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Join, Leaver, State, StoreFailure},
};

#[test]
fn who_leaves_has_the_others_rebalance() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let ticket = house.leave(vec![leaver(&members[1])]);
    assert_eq!((house.left(ticket).single_error(), house.state()), (ErrorCode::None, State::PreparingRebalance));
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::RebalanceInProgress);
    assert_eq!(house.heartbeat(2, &members[1]), ErrorCode::UnknownMemberId);
    assert_eq!(house.join_now(&Join { member_id: members[0].clone(), ..join_as("a") }).members.len(), 1);
}

#[test]
fn the_last_to_leave_is_answered_once_the_empty_group_is_durable() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let ticket = house.leave(vec![leaver(&members[0])]);
    assert!(house.is_waiting(ticket));
    assert_eq!(house.state(), State::Empty);
    house.store_all();
    assert_eq!(house.left(ticket).single_error(), ErrorCode::None);
    let stored = &house.log[GROUP];
    assert_eq!((stored.generation, stored.members.len(), &stored.protocol, &stored.leader), (2, 0, &None, &None));
    assert_eq!(stored.protocol_type.as_deref(), Some("consumer"));
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::UnknownMemberId, "a zombie");
}

#[test]
fn the_last_to_leave_is_told_if_that_is_not_durable() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let ticket = house.leave(vec![leaver(&members[0])]);
    house.fail_all(StoreFailure::NotLeader);
    assert_eq!(house.left(ticket).single_error(), ErrorCode::NotCoordinator);
}

#[test]
fn several_leave_at_once_each_with_an_answer() {
    let mut house = House::new();
    house.join(&Join { instance_id: Some("i1".into()), ..join_as("s") });
    let fixed = house.member_ids()[0].clone();
    house.assign(std::slice::from_ref(&fixed));
    let pending = house.join_now(&join_as("p")).member_id;
    let by_instance = |member_id: &str, instance_id: &str| Leaver {
        member_id: member_id.into(),
        instance_id: Some(instance_id.into()),
        reason: Some("scaled down".into()),
    };
    let members = vec![
        leaver("nobody"),
        by_instance("", "i2"),
        by_instance("other", "i1"),
        leaver(""),
        leaver(&pending),
        by_instance("", "i1"),
    ];
    let ticket = house.leave(members);
    house.store_all();
    let errors: Vec<_> = house.left(ticket).members.into_iter().map(|member| member.error).collect();
    let unknown = ErrorCode::UnknownMemberId;
    assert_eq!(errors, [unknown, unknown, ErrorCode::FencedInstanceId, unknown, ErrorCode::None, ErrorCode::None]);
    assert_eq!(house.left(ticket).single_error(), ErrorCode::UnknownServerError, "old versions have one member");
    assert_eq!(house.state(), State::Empty);
}

#[test]
fn a_group_that_is_not_there_has_nobody_to_leave() {
    let mut house = House::new();
    let ticket = house.leave(vec![leaver("a")]);
    assert_eq!(house.left(ticket).error, ErrorCode::UnknownMemberId);
}

#[test]
fn who_leaves_ends_what_it_waits_for() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let join = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.leave(vec![leaver(&members[0])]);
    assert_eq!(house.joined(join).error, ErrorCode::UnknownMemberId);
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    let (third, _) = house.enter("c");
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    let generation = house.generation();
    let sync = house.sync(&follow(generation, &third));
    house.leave(vec![leaver(&third)]);
    assert_eq!(house.synced(sync).error, ErrorCode::UnknownMemberId);
}

#[test]
fn a_rebalance_does_not_wait_for_one_who_left() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let waits = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.leave(vec![leaver(&members[1])]);
    assert_eq!(house.joined(waits).generation, 3);
}

#[test]
fn who_is_silent_for_its_session_is_gone() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    house.pass(SESSION_MS - 1);
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::None);
    assert_eq!(house.state(), State::Stable);
    house.pass(1);
    assert_eq!((house.state(), house.member_ids()), (State::PreparingRebalance, vec![members[0].clone()]));
    house.pass(SESSION_MS);
    house.pass(REBALANCE_MS);
    assert_eq!((house.state(), house.generation()), (State::Empty, 3));
    house.store_all();
    assert_eq!(house.log[GROUP].generation, 3, "nobody asked, but an empty group is stored");
    assert_eq!(house.coordinator.next_deadline(), None, "an empty group costs no timer");
}

#[test]
fn a_commit_keeps_a_session() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    for _ in 0..5 {
        house.pass(SESSION_MS - 1);
        assert_eq!(house.commit(1, &members[0]), Ok(()));
    }
    assert_eq!(house.state(), State::Stable);
}

#[test]
fn a_stable_group_has_one_timer_and_heartbeats_do_not_move_it() {
    let mut house = House::new();
    let members = house.stable(&["a", "b", "c"]);
    let before = house.coordinator.next_deadline();
    house.pass(SESSION_MS / 2);
    for member in &members {
        assert_eq!(house.heartbeat(3, member), ErrorCode::None);
    }
    assert_eq!((house.coordinator.next_deadline(), house.coordinator.deadlines.len()), (before, 1));
}
