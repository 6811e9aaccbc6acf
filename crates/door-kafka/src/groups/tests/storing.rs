//! What survives when another node takes over.

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Coordinator, Effect, Join, Reply, Settings, State, Ticket},
};

/// Another node leads the shard, with what the first one stored.
fn take_over(house: &mut House, settings: Settings) {
    house.coordinator = Coordinator::new(settings);
    let effects = house.coordinator.load(house.log.values().cloned().collect::<Vec<_>>(), house.now_ms);
    house.take(effects);
}

#[test]
fn a_new_leader_goes_on_with_the_same_generation() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let before = house.coordinator.describe(GROUP);
    take_over(&mut house, Settings::default());
    assert_eq!((house.coordinator.describe(GROUP), house.leader()), (before, members[0].clone()));
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::None);
    assert_eq!(house.commit(2, &members[1]), Ok(()));
    assert_eq!(house.sync_now(&follow(2, &members[1])).assignment, text(&members[1]));
    let follower = house.join_now(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!((follower.generation, house.state()), (2, State::Stable), "it knows what the member said");
}

#[test]
fn sessions_begin_anew_in_full() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    house.pass(SESSION_MS - 1);
    take_over(&mut house, Settings::default());
    house.pass(SESSION_MS - 1);
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::None);
    house.pass(1);
    assert_eq!(house.member_ids(), [members[0].clone()], "and who is not heard of is gone");
}

#[test]
fn a_rebalance_that_was_under_way_is_forgotten_with_its_generation() {
    let mut house = House::new();
    let members = house.stable(&["a"]);
    house.join_now(&Join { member_id: members[0].clone(), ..join_as("a") });
    assert_eq!(house.generation(), 2);
    take_over(&mut house, Settings::default());
    assert_eq!((house.generation(), house.state()), (1, State::Stable));
    assert_eq!(house.sync_now(&lead(2, &members[0], &members)).error, ErrorCode::IllegalGeneration);
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::IllegalGeneration);
}

#[test]
fn a_group_that_is_too_large_now_is_rebalanced() {
    let mut house = House::new();
    house.stable(&["a", "b", "c"]);
    take_over(&mut house, Settings { group_members_max: 2, ..Settings::default() });
    assert_eq!(house.state(), State::PreparingRebalance);
}

#[test]
fn who_waits_is_told_when_the_node_resigns() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    let join = house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    let effects = house.coordinator.resign();
    house.take(effects);
    assert_eq!(house.joined(join).error, ErrorCode::NotCoordinator);
    assert_eq!((house.state(), house.coordinator.next_deadline()), (State::Dead, None));
    assert_eq!(house.join_now(&join_as("a")).error, ErrorCode::NotCoordinator);
    assert_eq!(house.sync_now(&follow(2, &members[0])).error, ErrorCode::NotCoordinator);
    assert_eq!(house.heartbeat(2, &members[0]), ErrorCode::NotCoordinator);
    assert_eq!(house.commit(2, &members[0]), Err(ErrorCode::NotCoordinator));
}

#[test]
fn who_waits_for_the_log_is_told_when_the_node_resigns() {
    let mut house = House::new();
    let (id, _) = house.enter("a");
    let sync = house.sync(&lead(1, &id, std::slice::from_ref(&id)));
    let effects = house.coordinator.resign();
    house.take(effects);
    assert_eq!(house.synced(sync).error, ErrorCode::NotCoordinator);
    house.store_all();
    assert_eq!(house.state(), State::Dead, "an answer of the log that comes late changes nothing");

    let mut house = House::new();
    let members = house.stable(&["a"]);
    let leave = house.leave(vec![leaver(&members[0])]);
    let effects = house.coordinator.resign();
    house.take(effects);
    assert_eq!(house.left(leave).error, ErrorCode::NotCoordinator);
}

#[test]
fn a_node_that_has_not_loaded_its_groups_coordinates_nothing() {
    let mut coordinator = Coordinator::new(Settings::default());
    let effects = coordinator.join(0, join_as("a"), Ticket(1), 1);
    let [Effect::Answer { reply: Reply::Join(reply), .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(reply.error, ErrorCode::NotCoordinator);
}
