//! How assignments come to the members.

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Join, State, StoreFailure, Sync},
};

#[test]
fn everybody_waits_for_the_leader_and_the_leader_for_the_log() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let leader = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!(house.joined(leader).generation, 3);
    let follower = house.sync(&follow(3, &members[1]));
    assert!(house.is_waiting(follower) && house.stores.is_empty());
    let leader = house.sync(&lead(3, &members[0], &members));
    assert!(house.is_waiting(leader) && house.is_waiting(follower), "the assignments are not durable yet");
    assert_eq!(house.state(), State::CompletingRebalance);

    let [(_, group_id, Some(stored))] = house.stores.as_slice() else { panic!("{:?}", house.stores) };
    assert_eq!((group_id.as_str(), stored.generation, stored.leader.as_deref()), (GROUP, 3, Some(members[0].as_str())));
    assert_eq!((stored.protocol_type.as_deref(), stored.protocol.as_deref()), (Some("consumer"), Some("range")));
    let second = stored.members.iter().find(|member| member.member_id == members[1]).expect("stored");
    assert_eq!((second.subscription.clone(), second.assignment.clone()), (text("range of topics"), text(&members[1])));
    assert_eq!((second.client_id.as_str(), second.client_host.as_str()), ("b", "/10.0.0.1"));
    assert_eq!((second.session_timeout_ms, second.rebalance_timeout_ms), (SESSION_MS as i32, REBALANCE_MS as i32));

    house.store_all();
    let reply = house.synced(follower);
    assert_eq!((reply.error, reply.assignment), (ErrorCode::None, text(&members[1])));
    assert_eq!((reply.protocol_type.as_deref(), reply.protocol.as_deref()), (Some("consumer"), Some("range")));
    assert_eq!(house.synced(leader).assignment, text(&members[0]));
    assert_eq!(house.sync_now(&follow(3, &members[1])).assignment, text(&members[1]), "and again at any time");
}

#[test]
fn whom_the_leader_forgets_gets_nothing_and_whom_it_makes_up_is_nobody() {
    let mut house = House::new();
    let (id, _) = house.enter("a");
    house.sync(&lead(1, &id, &["stranger".to_owned()]));
    let Some((_, _, Some(stored))) = house.stores.last() else { panic!("nothing to store") };
    assert_eq!(stored.members.iter().map(|member| &*member.member_id).collect::<Vec<_>>(), [id.as_str()]);
    house.store_all();
    assert_eq!(house.sync_now(&follow(1, &id)).assignment, text(""));
}

#[test]
fn a_sync_must_know_its_group() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let right = follow(1, &members[0]);
    let mut error = |sync: Sync| house.sync_now(&sync).error;
    assert_eq!(error(right.clone()), ErrorCode::None);
    assert_eq!(error(Sync { generation: 2, ..right.clone() }), ErrorCode::IllegalGeneration);
    assert_eq!(error(Sync { member_id: "x".into(), ..right.clone() }), ErrorCode::UnknownMemberId);
    assert_eq!(error(Sync { instance_id: Some("x".into()), ..right.clone() }), ErrorCode::UnknownMemberId);
    assert_eq!(error(Sync { group_id: "x".into(), ..right.clone() }), ErrorCode::UnknownMemberId);
    assert_eq!(error(Sync { group_id: String::new(), ..right.clone() }), ErrorCode::InvalidGroupId);
    assert_eq!(error(Sync { protocol: Some("x".into()), ..right.clone() }), ErrorCode::InconsistentGroupProtocol);
    assert_eq!(error(Sync { protocol_type: Some("x".into()), ..right.clone() }), ErrorCode::InconsistentGroupProtocol);
    assert_eq!(error(Sync { protocol: None, ..right.clone() }), ErrorCode::InconsistentGroupProtocol, "version 5 names it");
    assert_eq!(error(Sync { version: 4, protocol: None, ..right }), ErrorCode::None);
}

#[test]
fn a_rebalance_sends_those_who_wait_for_an_assignment_back() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    let follower = house.sync(&follow(3, &members[1]));
    let (_, newcomer) = house.enter("c");
    assert_eq!(house.synced(follower).error, ErrorCode::RebalanceInProgress);
    let late = house.sync_now(&lead(3, &members[0], &members));
    assert_eq!((late.error, house.stores.len()), (ErrorCode::RebalanceInProgress, 0));
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!(house.joined(newcomer).generation, 4);
}

#[test]
fn assignments_of_a_generation_that_is_over_change_nothing() {
    let mut house = House::new();
    let (first, _) = house.enter("a");
    let leader = house.sync(&lead(1, &first, std::slice::from_ref(&first)));
    let (second, waits) = house.enter("b");
    assert_eq!(house.synced(leader).error, ErrorCode::RebalanceInProgress);
    house.store_all();
    assert_eq!(house.state(), State::PreparingRebalance);
    house.join(&Join { member_id: first.clone(), ..join_as("a") });
    assert_eq!(house.joined(waits).generation, 2);
    house.assign(&[first, second]);
}

#[test]
fn a_leader_that_repeats_itself_is_stored_once() {
    let mut house = House::new();
    let (id, _) = house.enter("a");
    let first = house.sync(&lead(1, &id, std::slice::from_ref(&id)));
    let second = house.sync(&lead(1, &id, &[]));
    assert_eq!((house.synced(first).error, house.stores.len()), (ErrorCode::RebalanceInProgress, 1));
    house.store_all();
    assert_eq!(house.synced(second).assignment, text(&id));
}

#[test]
fn what_cannot_be_stored_is_told_and_the_group_begins_again() {
    let cases = [
        (StoreFailure::NotLeader, ErrorCode::NotCoordinator),
        (StoreFailure::Unavailable, ErrorCode::CoordinatorNotAvailable),
        (StoreFailure::TooLarge, ErrorCode::UnknownServerError),
    ];
    for (failure, error) in cases {
        let mut house = House::new();
        let (id, _) = house.enter("a");
        let leader = house.sync(&lead(1, &id, std::slice::from_ref(&id)));
        house.fail_all(failure);
        assert_eq!((house.synced(leader).error, house.state()), (error, State::PreparingRebalance));
        assert_eq!(house.join_now(&Join { member_id: id, ..join_as("a") }).generation, 2);
    }
}

#[test]
fn who_never_asks_for_its_assignment_is_gone() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    house.sync(&lead(3, &members[0], &members));
    house.store_all();
    assert_eq!(house.state(), State::Stable);
    for _ in 0..REBALANCE_MS / 6_000 {
        assert_eq!(house.heartbeat(3, &members[0]), ErrorCode::None);
        assert_eq!(house.heartbeat(3, &members[1]), ErrorCode::None, "it sends heartbeats, but does not sync");
        house.pass(6_000);
    }
    assert_eq!((house.state(), house.member_ids()), (State::PreparingRebalance, vec![members[0].clone()]));
}

#[test]
fn once_all_have_asked_nobody_is_waited_for() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    for _ in 0..2 * REBALANCE_MS / 6_000 {
        house.pass(6_000);
        assert_eq!(house.heartbeat(1, &members[0]), ErrorCode::None);
    }
    assert_eq!(house.state(), State::Stable);
}

#[test]
fn who_waits_for_an_assignment_need_not_be_heard() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    let follower = house.sync(&follow(3, &members[1]));
    for _ in 0..3 {
        house.pass(SESSION_MS / 2);
        assert_eq!(house.heartbeat(3, &members[0]), ErrorCode::None);
    }
    house.sync(&lead(3, &members[0], &members));
    house.store_all();
    assert_eq!(house.synced(follower).error, ErrorCode::None);
    house.pass(SESSION_MS - 1);
    assert_eq!(house.heartbeat(3, &members[0]), ErrorCode::None);
    assert_eq!(house.member_ids().len(), 2, "its session began with the answer");
    house.pass(1);
    assert_eq!(house.member_ids(), [members[0].clone()], "and ends");
}
