//! Who may join, and what comes of it.

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Join, JoinedMember, Settings, State},
};

#[test]
fn a_dynamic_member_is_given_an_id_first_and_comes_again_with_it() {
    let mut house = House::new();
    let first = house.join_now(&join_as("app"));
    assert_eq!((first.error, first.generation), (ErrorCode::MemberIdRequired, -1));
    let uuid = first.member_id.strip_prefix("app-").expect("the client's id, and a UUID");
    assert_eq!(uuid, "00000000-0000-4000-8000-000000000001", "random bits with the version and variant of RFC 9562");
    assert_eq!(house.member_ids(), Vec::<String>::new(), "it is no member yet");

    let reply = house.join_now(&Join { member_id: first.member_id.clone(), ..join_as("app") });
    assert_eq!(
        (reply.error, reply.generation, &reply.member_id, &reply.leader),
        (ErrorCode::None, 1, &first.member_id, &first.member_id)
    );
    assert_eq!((reply.protocol_type.as_deref(), reply.protocol.as_deref()), (Some("consumer"), Some("range")));
    let member = JoinedMember { member_id: first.member_id, instance_id: None, metadata: text("range of topics") };
    assert_eq!(reply.members, [member]);
    assert_eq!(house.state(), State::CompletingRebalance);
}

#[test]
fn old_versions_and_static_members_join_without_an_id() {
    let mut house = House::new();
    let old = house.join_now(&Join { version: 3, ..join_as("old") });
    assert_eq!((old.error, old.generation), (ErrorCode::None, 1));
    let mut house = House::new();
    let fixed = house.join_now(&Join { instance_id: Some("i1".into()), ..join_as("app") });
    assert_eq!((fixed.error, fixed.generation), (ErrorCode::None, 1));
    assert!(fixed.member_id.starts_with("i1-"), "{}", fixed.member_id);
}

#[test]
fn version_0_waits_as_long_as_its_session() {
    let mut house = House::new();
    house.join_now(&Join { version: 0, rebalance_timeout_ms: -1, ..join_as("old") });
    let member = house.coordinator.groups[GROUP].members().values().next().expect("a member");
    assert_eq!(member.rebalance_timeout_ms, SESSION_MS as i32);
}

#[test]
fn an_id_that_does_not_come_again_is_void_after_its_session() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let reply = house.join_now(&join_as("b"));
    house.pass(SESSION_MS - 1);
    assert_eq!(house.heartbeat(1, &members[0]), ErrorCode::None);
    house.pass(1);
    let late = house.join_now(&Join { member_id: reply.member_id, ..join_as("b") });
    assert_eq!(late.error, ErrorCode::UnknownMemberId);
}

#[test]
fn a_rebalance_waits_for_ids_that_were_given_out() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    house.join_now(&join_as("b"));
    let again = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    assert!(house.is_waiting(again), "somebody was given an id and has not joined");
    house.pass(SESSION_MS);
    assert_eq!(house.joined(again).generation, 2, "the id is void, so all are there");
}

#[test]
fn a_group_that_nobody_joined_is_forgotten_without_a_trace() {
    let mut house = House::new();
    house.join_now(&join_as("app"));
    assert_eq!(house.state(), State::Empty);
    house.pass(SESSION_MS);
    assert_eq!((house.state(), house.stores.len(), house.coordinator.deadlines.len()), (State::Dead, 0, 0));
    let refused = house.join_now(&Join { protocols: Vec::new(), ..join_as("app") });
    assert_eq!((refused.error, house.state()), (ErrorCode::InconsistentGroupProtocol, State::Dead));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut house = House::new();
    let error = |house: &mut House, join: Join| house.join_now(&join).error;
    assert_eq!(error(&mut house, Join { group_id: String::new(), ..join_as("a") }), ErrorCode::InvalidGroupId);
    for session_timeout_ms in [5_999, 1_800_001, -1] {
        assert_eq!(error(&mut house, Join { session_timeout_ms, ..join_as("a") }), ErrorCode::InvalidSessionTimeout);
    }
    let unknown = Join { member_id: "who".into(), ..join_as("a") };
    assert_eq!(error(&mut house, unknown.clone()), ErrorCode::UnknownMemberId, "no group");
    house.stable(&["a"]);
    assert_eq!(error(&mut house, unknown), ErrorCode::UnknownMemberId, "no member");
    let other_kind = Join { protocol_type: "connect".into(), ..join_as("b") };
    assert_eq!(error(&mut house, other_kind), ErrorCode::InconsistentGroupProtocol);
    let other_protocol = Join { protocols: protocols(&["sticky"]), ..join_as("b") };
    assert_eq!(error(&mut house, other_protocol), ErrorCode::InconsistentGroupProtocol);
    for protocol_type in ["", "consumer"] {
        let group_id = "another".into();
        let empty = Join { group_id, protocol_type: protocol_type.into(), protocols: Vec::new(), ..join_as("b") };
        assert_eq!(error(&mut house, empty), ErrorCode::InconsistentGroupProtocol);
    }
    assert_eq!(house.state(), State::Stable, "none of this disturbs the group");
}

#[test]
fn a_second_member_has_the_first_one_join_again() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let (newcomer, waits) = house.enter("b");
    assert_eq!(house.state(), State::PreparingRebalance);
    assert_eq!(house.heartbeat(1, &members[0]), ErrorCode::RebalanceInProgress);
    assert!(house.is_waiting(waits));
    let again = house.join_now(&Join { member_id: members[0].clone(), ..join_as("a") });
    assert_eq!((again.generation, again.members.len()), (2, 2), "the leader is told of all");
    let reply = house.joined(waits);
    assert_eq!((reply.generation, &reply.leader, reply.members.len()), (2, &members[0], 0), "the others of none");
    assert_eq!(house.heartbeat(2, &newcomer), ErrorCode::None, "heartbeats are welcome while the leader assigns");
    assert_eq!(house.heartbeat(1, &newcomer), ErrorCode::IllegalGeneration);
}

#[test]
fn who_does_not_join_again_in_time_is_gone() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    assert_eq!(house.leader(), members[0]);
    let again = house.join(&Join { member_id: members[1].clone(), protocols: protocols(&["range", "x"]), ..join_as("b") });
    for _ in 0..REBALANCE_MS / SESSION_MS {
        assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::RebalanceInProgress);
        assert!(house.is_waiting(again));
        house.pass(SESSION_MS - 1);
    }
    house.pass(REBALANCE_MS / SESSION_MS);
    let reply = house.joined(again);
    assert_eq!((reply.generation, &reply.leader, reply.members.len()), (3, &members[1], 1), "and another one leads");
    assert_eq!(house.heartbeat(3, &members[0]), ErrorCode::UnknownMemberId);
}

#[test]
fn a_leader_that_joins_again_forces_a_rebalance_and_a_follower_does_not() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let follower = house.join_now(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!((follower.error, follower.generation, follower.members.len()), (ErrorCode::None, 2, 0));
    assert_eq!(house.state(), State::Stable);
    let leader = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    assert!(house.is_waiting(leader));
    assert_eq!(house.state(), State::PreparingRebalance);
}

#[test]
fn a_follower_with_something_new_to_say_forces_a_rebalance() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let mut changed = Join { member_id: members[1].clone(), ..join_as("b") };
    changed.protocols[0].metadata = text("other topics");
    let waits = house.join(&changed);
    assert!(house.is_waiting(waits));
    let leader = house.join_now(&Join { member_id: members[0].clone(), ..join_as("a") });
    let told = leader.members.iter().find(|member| member.member_id == members[1]).expect("the follower");
    assert_eq!(told.metadata, text("other topics"));
}

#[test]
fn a_lost_answer_to_a_join_is_given_again() {
    let mut house = House::new();
    let (id, first) = house.enter("a");
    let again = house.join_now(&Join { member_id: id.clone(), ..join_as("a") });
    assert_eq!(again, house.joined(first), "same generation, same members");
    let mut changed = Join { member_id: id, ..join_as("a") };
    changed.protocols[0].metadata = text("other topics");
    assert_eq!(house.join_now(&changed).generation, 2, "unless the member has something new to say");
}

#[test]
fn a_second_join_of_a_member_takes_the_place_of_the_first() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let leader = Join { member_id: members[0].clone(), ..join_as("a") };
    let first = house.join(&leader);
    let second = house.join(&leader);
    assert_eq!(house.joined(first).error, ErrorCode::RebalanceInProgress);
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!(house.joined(second).generation, 3);
}

#[test]
fn members_vote_among_the_protocols_that_all_of_them_know() {
    let mut house = House::with(Settings { initial_rebalance_delay_ms: 10, ..Settings::default() });
    let offers: [&[&str]; 3] = [&["sticky", "range", "x"], &["range", "sticky"], &["range", "sticky", "y"]];
    let tickets: Vec<_> =
        offers.iter().map(|names| house.join(&Join { version: 1, protocols: protocols(names), ..join_as("v") })).collect();
    house.pass(30);
    for ticket in &tickets {
        assert_eq!(house.joined(*ticket).protocol.as_deref(), Some("range"));
    }
    let leader = house.joined(tickets[0]).leader;
    let reply = tickets.iter().map(|ticket| house.joined(*ticket)).find(|reply| reply.member_id == leader);
    let metadata = reply.expect("the leader").members.into_iter().map(|member| member.metadata);
    assert_eq!(metadata.collect::<Vec<_>>(), vec![text("range of topics"); 3]);
}

#[test]
fn a_group_of_full_size_takes_nobody() {
    let mut house = House::with(Settings { initial_rebalance_delay_ms: 0, group_members_max: 2, ..Settings::default() });
    house.stable(&["a", "b"]);
    let reply = house.join_now(&join_as("c"));
    assert_eq!((reply.error, reply.member_id.as_str()), (ErrorCode::GroupMaxSizeReached, ""));
    assert_eq!(house.state(), State::Stable);
}

#[test]
fn while_members_join_again_the_first_to_come_have_the_places() {
    let mut house = House::with(Settings { initial_rebalance_delay_ms: 0, group_members_max: 2, ..Settings::default() });
    let members = house.stable(&["a", "b"]);
    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    let (_, newcomer) = house.enter("c");
    let late = house.join_now(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!(late.error, ErrorCode::GroupMaxSizeReached);
    house.pass(REBALANCE_MS);
    assert_eq!(house.joined(newcomer).generation, 3);
    assert_eq!(house.member_ids().len(), 2);
}

#[test]
fn a_new_member_that_gave_up_is_gone_after_five_minutes() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    let patient = Join { version: 1, rebalance_timeout_ms: 2_000_000, ..join_as("b") };
    let waits = house.join(&patient);
    for _ in 0..59 {
        house.pass(5_000);
        assert_eq!(house.heartbeat(1, &members[0]), ErrorCode::RebalanceInProgress);
    }
    assert!(house.is_waiting(waits), "its session does not count, it has no id to send heartbeats with");
    house.pass(5_000);
    assert_eq!(house.joined(waits).error, ErrorCode::UnknownMemberId);
    assert_eq!(house.member_ids(), members);
}
