//! The first rebalance of an empty group waits for more members.

use super::support::*;
use crate::groups::{Join, Settings, State};

fn slow(delay_ms: u64) -> House {
    House::with(Settings { initial_rebalance_delay_ms: delay_ms, ..Settings::default() })
}

fn join(rebalance_timeout_ms: i32) -> Join {
    Join { version: 1, rebalance_timeout_ms, ..join_as("app") }
}

#[test]
fn alone_it_waits_for_the_delay() {
    let mut house = slow(3_000);
    let waits = house.join(&join(60_000));
    house.pass(2_999);
    assert!(house.is_waiting(waits));
    house.pass(1);
    assert_eq!(house.joined(waits).generation, 1);
}

#[test]
fn everybody_who_comes_extends_it_by_the_delay() {
    let mut house = slow(3_000);
    let first = house.join(&join(60_000));
    house.pass(2_000);
    let second = house.join(&join(60_000));
    house.pass(3_999);
    assert!(house.is_waiting(first), "extended from 3 s to 6 s");
    house.pass(1);
    assert_eq!((house.joined(first).generation, house.joined(second).generation), (1, 1));
    assert_eq!(house.joined(first).leader, house.joined(second).leader);
}

#[test]
fn it_is_never_longer_than_the_rebalance_timeout() {
    let mut house = slow(3_000);
    let first = house.join(&join(7_000));
    for _ in 0..6 {
        house.pass(999);
        house.join(&join(7_000));
    }
    house.pass(1_005);
    assert!(house.is_waiting(first), "6,999 ms");
    house.pass(1);
    assert_eq!(house.joined(first).generation, 1);
    assert_eq!(house.member_ids().len(), 7);
}

#[test]
fn it_is_for_empty_groups_only() {
    let mut house = slow(3_000);
    let (id, first) = house.enter("a");
    house.pass(3_000);
    assert_eq!(house.joined(first).generation, 1);
    house.assign(std::slice::from_ref(&id));
    let again = house.join_now(&Join { member_id: id, ..join_as("a") });
    assert_eq!((again.generation, house.state()), (2, State::CompletingRebalance), "the leader alone is everybody");
}

#[test]
fn who_leaves_meanwhile_does_not_end_it() {
    let mut house = slow(3_000);
    let (id, waits) = house.enter("a");
    house.leave(vec![leaver(&id)]);
    assert_eq!(house.joined(waits).error, crate::ErrorCode::UnknownMemberId);
    assert_eq!(house.state(), State::PreparingRebalance);
    house.pass(3_000);
    assert_eq!((house.state(), house.generation()), (State::Empty, 1));
}
