//! Who may commit offsets, and deletions.

use super::support::*;
use crate::{
    ErrorCode,
    groups::{Commit, Join, Reply, State, StoreFailure},
};

fn nobody(version: i16) -> Commit<'static> {
    Commit { version, group_id: GROUP, generation: -1, member_id: "", instance_id: None, transactional: false }
}

#[test]
fn a_consumer_that_assigns_itself_makes_an_empty_group() {
    let mut house = House::new();
    assert_eq!(house.commit_as(&nobody(8)), Ok(()));
    assert_eq!(house.state(), State::Empty);
    let listed = house.coordinator.list(&[], &[]);
    assert_eq!((listed[0].group_id.as_str(), listed[0].protocol_type.as_str()), (GROUP, ""));
    assert_eq!(house.commit_as(&nobody(8)), Ok(()));
    assert_eq!(house.coordinator.next_deadline(), None);
    house.stable(&["a"]);
    assert_eq!(house.commit_as(&nobody(8)), Err(ErrorCode::UnknownMemberId), "not while it has members");
    assert_eq!(house.commit_as(&Commit { transactional: true, ..nobody(0) }), Ok(()), "old producers cannot say who they are");
}

#[test]
fn a_group_that_is_not_there_has_no_generation() {
    let mut house = House::new();
    let member = |version, transactional| Commit { generation: 1, member_id: "m", transactional, ..nobody(version) };
    assert_eq!(house.commit_as(&member(8, false)), Err(ErrorCode::IllegalGeneration));
    assert_eq!(house.commit_as(&member(9, false)), Err(ErrorCode::GroupIdNotFound));
    assert_eq!(house.commit_as(&member(9, true)), Err(ErrorCode::IllegalGeneration));
    assert_eq!(house.state(), State::Dead);
}

#[test]
fn members_commit_in_their_generation() {
    let mut house = House::new();
    let members = house.stable(&["a", "b"]);
    assert_eq!(house.commit(2, &members[1]), Ok(()));
    assert_eq!(house.commit(1, &members[1]), Err(ErrorCode::IllegalGeneration));
    assert_eq!(house.commit(-1, &members[1]), Err(ErrorCode::IllegalGeneration));
    assert_eq!(house.commit(2, "stranger"), Err(ErrorCode::UnknownMemberId));
    assert_eq!(house.commit(2, ""), Err(ErrorCode::UnknownMemberId));

    house.join(&Join { member_id: members[0].clone(), ..join_as("a") });
    assert_eq!(house.state(), State::PreparingRebalance);
    assert_eq!(house.commit(2, &members[1]), Ok(()), "before it gives its partitions up");
    house.join(&Join { member_id: members[1].clone(), ..join_as("b") });
    assert_eq!(house.state(), State::CompletingRebalance);
    assert_eq!(house.commit(2, &members[1]), Err(ErrorCode::IllegalGeneration));
    assert_eq!(house.commit(3, &members[1]), Err(ErrorCode::RebalanceInProgress));
    let transactional = Commit { generation: 3, member_id: &members[1], transactional: true, ..nobody(0) };
    assert_eq!(house.commit_as(&transactional), Ok(()));
}

#[test]
fn an_empty_group_is_deleted_and_others_are_not() {
    let mut house = House::new();
    let deleted = |house: &House, ticket| match house.answers.get(&ticket) {
        Some(Reply::Delete(error)) => *error,
        other => panic!("no answer to a deletion: {other:?}"),
    };
    let ticket = house.delete();
    assert_eq!(deleted(&house, ticket), ErrorCode::GroupIdNotFound);
    let members = house.stable(&["a"]);
    let ticket = house.delete();
    assert_eq!(deleted(&house, ticket), ErrorCode::NonEmptyGroup);
    house.leave(vec![leaver(&members[0])]);
    house.store_all();
    let ticket = house.delete();
    assert!(house.is_waiting(ticket));
    assert_eq!(house.state(), State::Dead);
    assert_eq!(house.join_now(&join_as("b")).error, ErrorCode::CoordinatorNotAvailable);
    assert_eq!(house.commit_as(&nobody(8)), Err(ErrorCode::CoordinatorNotAvailable));
    let again = house.delete();
    assert_eq!(deleted(&house, again), ErrorCode::GroupIdNotFound);
    house.store_all();
    assert_eq!((deleted(&house, ticket), house.log.contains_key(GROUP)), (ErrorCode::None, false));
    assert_eq!(house.join_now(&join_as("b")).error, ErrorCode::MemberIdRequired, "the name is free");
}

#[test]
fn a_deletion_that_is_not_durable_leaves_the_group() {
    let mut house = House::new();
    house.commit_as(&nobody(8)).expect("a simple group");
    let ticket = house.delete();
    house.fail_all(StoreFailure::Unavailable);
    assert_eq!(house.answers.get(&ticket), Some(&Reply::Delete(ErrorCode::CoordinatorNotAvailable)));
    assert_eq!(house.state(), State::Empty);
}
