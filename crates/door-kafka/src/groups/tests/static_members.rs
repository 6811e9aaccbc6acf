//! Static members (KIP-345) and the leader that skips its assignment (KIP-814).

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Heartbeat, Join, State, StoreFailure},
};

fn fixed(instance: &str, version: i16) -> Join {
    Join { version, instance_id: Some(instance.into()), ..join_as(instance) }
}

/// A stable group of the static members `i1` (the leader) and `i2`.
fn two() -> (House, String, String) {
    let mut house = House::new();
    let first = house.join_now(&fixed("i1", 5)).member_id;
    let second = house.join(&fixed("i2", 5));
    house.join(&Join { member_id: first.clone(), ..fixed("i1", 5) });
    let second = house.joined(second).member_id;
    house.assign(&[first.clone(), second.clone()]);
    assert_eq!(house.leader(), first);
    (house, first, second)
}

#[test]
fn a_restart_in_a_stable_group_costs_no_rebalance() {
    let (mut house, _, second) = two();
    let ticket = house.join(&fixed("i2", 5));
    assert!(house.is_waiting(ticket), "the new id is not durable yet");
    house.store_all();
    let reply = house.joined(ticket);
    assert_eq!((reply.error, reply.generation, house.state()), (ErrorCode::None, 2, State::Stable));
    assert_ne!(reply.member_id, second);
    assert_eq!(house.sync_now(&follow(2, &reply.member_id)).assignment, text(&second), "the old one's assignment");
    let stored = house.log[GROUP].members.iter().find(|member| member.instance_id.as_deref() == Some("i2"));
    assert_eq!(stored.map(|member| member.member_id.clone()), Some(reply.member_id));
}

#[test]
fn the_old_one_is_fenced_wherever_it_shows_itself() {
    let (mut house, _, second) = two();
    house.join(&fixed("i2", 5));
    house.store_all();
    let heartbeat = Heartbeat { group_id: GROUP, generation: 2, member_id: &second, instance_id: Some("i2") };
    assert_eq!(house.coordinator.heartbeat(0, &heartbeat), ErrorCode::FencedInstanceId);
    let again = house.join_now(&Join { member_id: second.clone(), ..fixed("i2", 5) });
    assert_eq!(again.error, ErrorCode::FencedInstanceId);
    let mut sync = follow(2, &second);
    sync.instance_id = Some("i2".into());
    assert_eq!(house.sync_now(&sync).error, ErrorCode::FencedInstanceId);
    let commit = crate::groups::Commit {
        version: 8,
        group_id: GROUP,
        generation: 2,
        member_id: &second,
        instance_id: Some("i2"),
        transactional: false,
    };
    assert_eq!(house.commit_as(&commit), Err(ErrorCode::FencedInstanceId));
    assert_eq!(house.heartbeat(2, &second), ErrorCode::UnknownMemberId, "without its instance id it is nobody");
}

#[test]
fn the_old_ones_waiting_join_is_fenced_at_once() {
    let (mut house, first, second) = two();
    house.join(&Join { member_id: first.clone(), ..fixed("i1", 5) });
    assert_eq!(house.state(), State::PreparingRebalance);
    let (_, newcomer) = house.enter("c");
    let old = house.join(&Join { member_id: second, ..fixed("i2", 5) });
    assert_eq!(house.joined(old).generation, 3);
    // Once more, with the old one waiting.
    house.join(&Join { member_id: first, ..fixed("i1", 5) });
    let second = house.joined(old).member_id;
    let mut changed = Join { member_id: second, ..fixed("i2", 5) };
    changed.protocols[0].metadata = text("other topics");
    let old = house.join(&changed);
    assert!(house.is_waiting(old));
    let new = house.join(&fixed("i2", 5));
    assert_eq!(house.joined(old).error, ErrorCode::FencedInstanceId);
    assert!(house.is_waiting(new) && !house.is_waiting(newcomer));
}

#[test]
fn a_leader_that_restarts_skips_its_assignment_from_version_9_on() {
    let (mut house, first, _) = two();
    let ticket = house.join(&fixed("i1", 9));
    house.store_all();
    let reply = house.joined(ticket);
    assert_eq!((reply.error, reply.skip_assignment, reply.members.len()), (ErrorCode::None, true, 2));
    assert_eq!(reply.leader, reply.member_id);
    assert_eq!(house.sync_now(&follow(2, &reply.member_id)).assignment, text(&first));
    let follower = house.join(&fixed("i2", 9));
    house.store_all();
    let follower = house.joined(follower);
    assert_eq!((follower.skip_assignment, follower.members.len(), follower.leader), (false, 0, reply.member_id));
}

#[test]
fn an_older_leader_that_restarts_is_told_that_it_does_not_lead() {
    let (mut house, first, _) = two();
    let ticket = house.join(&fixed("i1", 8));
    house.store_all();
    let reply = house.joined(ticket);
    assert_eq!((reply.skip_assignment, reply.members.len(), &reply.leader), (false, 0, &first));
    assert_eq!(house.leader(), reply.member_id, "though it does");
}

#[test]
fn its_session_begins_with_the_answer_however_long_the_log_took() {
    let (mut house, first, _) = two();
    let restart = house.join(&fixed("i2", 5));
    for _ in 0..3 {
        house.pass(SESSION_MS / 2);
        assert_eq!(house.heartbeat(2, &first), ErrorCode::None);
    }
    house.store_all();
    assert_eq!((house.joined(restart).error, house.member_ids().len()), (ErrorCode::None, 2));
    house.pass(SESSION_MS - 1);
    assert_eq!((house.heartbeat(2, &first), house.state()), (ErrorCode::None, State::Stable));
    house.pass(1);
    assert_eq!(house.member_ids(), [first], "and ends");
}

#[test]
fn a_new_id_that_is_not_durable_is_taken_back() {
    let (mut house, first, second) = two();
    let ticket = house.join(&Join { session_timeout_ms: 20_000, ..fixed("i2", 9) });
    house.fail_all(StoreFailure::Unavailable);
    let reply = house.joined(ticket);
    assert_eq!((reply.error, reply.member_id.as_str()), (ErrorCode::CoordinatorNotAvailable, ""));
    assert_eq!((house.state(), house.member_ids()), (State::Stable, vec![first.clone(), second.clone()]));
    assert_eq!(house.heartbeat(2, &second), ErrorCode::None);
    house.pass(SESSION_MS / 2);
    assert_eq!(house.heartbeat(2, &first), ErrorCode::None);
    house.pass(SESSION_MS / 2);
    assert_eq!(house.state(), State::PreparingRebalance, "with its old session timeout");
}

#[test]
fn a_restart_with_another_protocol_rebalances() {
    let mut house = House::new();
    let both = Join { protocols: protocols(&["range", "sticky"]), ..fixed("i1", 5) };
    let id = house.join_now(&both).member_id;
    house.assign(std::slice::from_ref(&id));
    let reply = house.join_now(&Join { protocols: protocols(&["sticky", "range"]), ..fixed("i1", 5) });
    assert_eq!((reply.generation, reply.protocol.as_deref()), (2, Some("sticky")));
}

#[test]
fn a_restart_while_the_leader_assigns_rebalances() {
    let mut house = House::new();
    house.join_now(&fixed("i1", 5));
    assert_eq!(house.state(), State::CompletingRebalance);
    let reply = house.join_now(&fixed("i1", 5));
    assert_eq!((reply.error, reply.generation, house.member_ids().len()), (ErrorCode::None, 2, 1));
}

#[test]
fn a_rebalance_that_comes_before_the_new_id_is_durable_answers_the_join() {
    let (mut house, first, _) = two();
    let restart = house.join(&fixed("i2", 9));
    house.join(&Join { member_id: first, ..fixed("i1", 9) });
    assert_eq!(house.joined(restart).generation, 3);
    house.store_all();
    assert_eq!((house.joined(restart).error, house.state()), (ErrorCode::None, State::CompletingRebalance));
}

#[test]
fn one_that_does_not_join_again_keeps_its_place_until_its_session_ends() {
    let mut house = House::new();
    let first = house.join_now(&fixed("i1", 5)).member_id;
    let second = house.join(&Join { session_timeout_ms: 200_000, ..fixed("i2", 5) });
    house.join(&Join { member_id: first.clone(), ..fixed("i1", 5) });
    let second = house.joined(second).member_id;
    house.assign(&[first.clone(), second.clone()]);
    let again = house.join(&Join { member_id: first.clone(), ..fixed("i1", 5) });
    house.pass(REBALANCE_MS);
    let reply = house.joined(again);
    assert_eq!((reply.generation, reply.members.len()), (3, 2), "it is assigned to, as if it were there");
    assert_eq!(house.heartbeat(3, &second), ErrorCode::None);
}

#[test]
fn without_anybody_the_group_waits_for_sessions_to_end() {
    let mut house = House::new();
    let id = house.join_now(&Join { session_timeout_ms: 200_000, rebalance_timeout_ms: 0, ..fixed("i1", 5) }).member_id;
    house.assign(std::slice::from_ref(&id));
    house.join_now(&join_as("b"));
    let again =
        house.join(&Join { member_id: id.clone(), rebalance_timeout_ms: 0, session_timeout_ms: 200_000, ..fixed("i1", 5) });
    assert!(house.is_waiting(again), "for the id that was given out");
    house.leave(vec![leaver("nobody")]);
    house.pass(0);
    assert_eq!(house.joined(again).generation, 2);
    house.pass(300_000);
    assert_eq!(house.state(), State::Empty, "no sync, no heartbeat, and no end of time spent on it");
}
