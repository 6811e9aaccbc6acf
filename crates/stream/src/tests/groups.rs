//! Groups: what is stored of them, who may commit, what expires.

use bytes::Bytes;

use super::support::*;
use crate::{
    Command, GROUP_MEMBERS_MAX, GROUP_NAME_BYTES_MAX, GROUP_OFFSETS_MAX, GROUP_STATE_BYTES_MAX, Member,
    OFFSET_METADATA_BYTES_MAX, OffsetCommit, OffsetItem, Options, PartitionId, Position, Refusal::*, Reply,
    limits::EXPIRY_SLICE_OFFSETS,
};

fn house() -> House {
    let mut house = House::new();
    house.run(store(1, "g", 3, &[member("a", None), member("b", Some("i"))])).expect("success");
    house
}

fn offset(house: &House, group: &str) -> Option<i64> {
    let offsets = house.machine.offsets(group.as_bytes(), Some(&[partition(0)]))?;
    offsets.first().map(|(_, committed)| committed.offset)
}

fn commits(generation: i32, member: &str) -> OffsetCommit {
    commit(1, "g", generation, member, partition(0), 9)
}

#[test]
fn a_group_is_kept_as_its_coordinator_stored_it() {
    let mut house = house();
    for restarted in [false, true] {
        let group = house.machine.group(b"g").expect("is there");
        assert_eq!(group.state, group_state(3, &[member("a", None), member("b", Some("i"))]), "restarted {restarted}");
        assert_eq!(group.stored_ms, 1_000);
        assert_eq!(house.machine.group_state(b"g"), Some((group.state, 1_000)));
        let [summary] = &house.machine.groups()[..] else { panic!("one group") };
        assert_eq!((&summary.name[..], summary.generation, summary.members, summary.offsets), (&b"g"[..], 3, 2, 0));
        house.settle();
        house.restart();
    }
    assert_eq!(house.machine.group(b"h"), None);
}

#[test]
fn a_coordinator_of_another_term_changes_nothing() {
    let mut house = house();
    house.entry.id.term = 2;
    assert_eq!(house.refused(store(1, "g", 4, &[])), Fenced);
    assert_eq!(house.refused(store(3, "g", 4, &[])), Fenced);
    assert_eq!(house.refused(Command::OffsetCommit(commits(3, "a"))), Fenced);
    house.run(store(2, "g", 4, &[])).expect("success");
}

#[test]
fn a_generation_never_falls() {
    let mut house = house();
    assert_eq!(house.refused(store(1, "g", 2, &[])), StaleGeneration);
    house.run(store(1, "g", 3, &[member("a", None)])).expect("assignments come at the same generation");
    house.run(store(1, "g", 4, &[])).expect("success");
}

#[test]
fn illegal_generation_and_unknown_member_id_are_said_as_kafka_says_them() {
    let mut house = house();
    assert_eq!(house.run(Command::OffsetCommit(commits(3, "a"))), Ok(Reply::Done));
    assert_eq!(house.refused(Command::OffsetCommit(commits(2, "a"))), IllegalGeneration);
    assert_eq!(house.refused(Command::OffsetCommit(commits(4, "a"))), IllegalGeneration);
    assert_eq!(house.refused(Command::OffsetCommit(commits(-1, "a"))), IllegalGeneration);
    assert_eq!(house.refused(Command::OffsetCommit(commits(3, "c"))), UnknownMember);
    assert_eq!(house.refused(Command::OffsetCommit(commits(-1, "c"))), UnknownMember);
    // Nobody but members commits to a group that has some.
    assert_eq!(house.refused(Command::OffsetCommit(commits(-1, ""))), UnknownMember);
    let instance = |name: &str, member: &str| OffsetCommit { instance: Some(bytes(name)), ..commits(3, member) };
    assert_eq!(house.run(Command::OffsetCommit(instance("i", "b"))), Ok(Reply::Done));
    assert_eq!(house.refused(Command::OffsetCommit(instance("i", "a"))), FencedInstance);
    assert_eq!(house.refused(Command::OffsetCommit(instance("j", "a"))), UnknownMember);
    house.run(store(1, "g", 4, &[])).expect("success");
    assert_eq!(house.refused(Command::OffsetCommit(commits(4, "a"))), UnknownMember);
    assert_eq!(house.run(Command::OffsetCommit(commits(-1, "a"))), Ok(Reply::Done), "of an empty group, anybody");
}

#[test]
fn a_simple_consumer_makes_an_empty_group() {
    let mut house = House::new();
    let mut first = commit(1, "s", -1, "", partition(0), 42);
    first.retention_ms = 7;
    assert_eq!(house.refused(Command::OffsetCommit(OffsetCommit { generation: 0, ..first.clone() })), IllegalGeneration);
    house.run(Command::OffsetCommit(first)).expect("success");
    house.settle();
    house.restart();
    let [summary] = &house.machine.groups()[..] else { panic!("one group") };
    assert_eq!((summary.members, summary.offsets, summary.protocol_type.clone(), summary.generation), (0, 1, None, 0));
    let offsets = house.machine.offsets(b"s", None).expect("the group is there");
    let (id, committed) = &offsets[0];
    assert_eq!((*id, committed.offset, committed.leader_epoch), (partition(0), 42, 1));
    assert_eq!((&committed.metadata[..], committed.time_ms, committed.retention_ms), (&b"m"[..], 1_000, 7));
    assert_eq!(committed.position, Position { index: 2, at: 25 });
    assert_eq!(house.machine.offsets(b"s", Some(&[partition(1)])), Some(vec![]));
    assert_eq!(house.machine.offsets(b"t", None), None);
}

#[test]
fn offsets_and_groups_are_deleted() {
    let mut house = house();
    house.run(Command::OffsetCommit(commits(3, "a"))).expect("success");
    let delete = |group: &str| Command::OffsetDelete { group: bytes(group), partitions: vec![partition(0), partition(1)] };
    assert_eq!(house.refused(delete("h")), UnknownGroup);
    assert_eq!(house.run(delete("g")), Ok(Reply::Forgotten { count: 1 }));
    assert_eq!(offset(&house, "g"), None);
    house.run(Command::OffsetCommit(commits(3, "a"))).expect("success");
    assert_eq!(house.refused(Command::GroupDelete { group: bytes("g") }), NonEmptyGroup);
    assert_eq!(house.refused(Command::GroupDelete { group: bytes("h") }), UnknownGroup);
    house.run(store(1, "g", 4, &[])).expect("success");
    house.settle();
    house.run(Command::GroupDelete { group: bytes("g") }).expect("success");
    house.settle();
    assert_eq!((house.machine.groups().len(), house.tree_keys(b'g'), house.tree_keys(b'o')), (0, 0, 0));
    house.run(store(1, "g", 0, &[])).expect("a group of the same name begins anew");
}

fn expire(term: u64, group: &str, retention_ms: u64, offsets: &[(u32, Position)]) -> Command {
    let offsets = offsets.iter().map(|(number, position)| (partition(*number), *position)).collect();
    Command::ExpireOffsets { term, group: bytes(group), retention_ms, offsets }
}

/// Expires all that a group keeps if it is old by the entry's time, and answers how much went.
fn expire_all(house: &mut House, group: &str, retention_ms: u64) -> usize {
    let offsets = house.machine.offsets(group.as_bytes(), None).expect("is there");
    let seen: Vec<_> = offsets.iter().map(|(id, committed)| (id.partition, committed.position)).collect();
    match house.run(expire(house.entry.id.term, group, retention_ms, &seen)) {
        Ok(Reply::Forgotten { count }) => count,
        other => panic!("{other:?}"),
    }
}

/// Nobody ever proposed to expire offsets, so they stayed for ever. Now whoever leads does, and apply holds it against the entry's own
/// time: a leader whose clock runs ahead of its log takes nothing early.
#[test]
fn offsets_expire_so_long_after_their_commit_or_after_their_group_was_left() {
    let mut house = House::new();
    let commit_to = |group: &str, number: u32| Command::OffsetCommit(commit(1, group, -1, "", partition(number), 4));
    // Nobody ever joined: each offset by its own commit. At 1,000 and at 1,300.
    house.run(commit_to("s", 0)).expect("success");
    // One that was joined, and left at 1,300.
    house.run(store(1, "g", 1, &[member("a", None)])).expect("success");
    house.run(Command::OffsetCommit(commit(1, "g", 1, "a", partition(0), 4))).expect("success");
    house.entry.time_ms += 300;
    house.run(commit_to("s", 1)).expect("success");
    house.run(store(1, "g", 2, &[])).expect("success");
    house.settle();
    house.restart();
    let due = |house: &House, now_ms| {
        let (found, next) = house.machine.expired(None, now_ms, 500);
        assert_eq!(next, None);
        let number = |(id, _): &(PartitionId, Position)| id.partition;
        let names = found.iter().map(|found| (found.group.clone(), found.offsets.iter().map(number).collect::<Vec<_>>()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(due(&house, 1_499), []);
    assert_eq!(due(&house, 1_500), [(bytes("s"), vec![0])]);
    assert_eq!(due(&house, 1_799), [(bytes("s"), vec![0])]);
    assert_eq!(due(&house, 1_800), [(bytes("g"), vec![0]), (bytes("s"), vec![0, 1])]);
    for (time_ms, from_s, from_g) in [(1_499, 0, 0), (1_500, 1, 0), (1_799, 0, 0), (1_800, 1, 1)] {
        house.entry.time_ms = time_ms;
        assert_eq!((expire_all(&mut house, "s", 500), expire_all(&mut house, "g", 500)), (from_s, from_g), "at {time_ms}");
    }
    house.settle();
    assert_eq!((house.machine.groups().len(), house.tree_keys(b'g'), house.tree_keys(b'o')), (0, 0, 0));
}

#[test]
fn what_members_left_keeps_to_the_time_that_was_said_with_it() {
    let mut house = House::new();
    house.run(store(1, "g", 1, &[member("a", None)])).expect("success");
    house.run(Command::OffsetCommit(OffsetCommit { retention_ms: 10, ..commits(1, "a") })).expect("success");
    house.entry.time_ms += 9;
    house.run(store(1, "g", 2, &[])).expect("success");
    // Committed by an operator, long after the group was left: it is not old yet.
    house.entry.time_ms += 1_000;
    house.run(Command::OffsetCommit(commit(1, "g", -1, "", partition(1), 4))).expect("success");
    assert_eq!(expire_all(&mut house, "g", 500), 1);
    house.entry.time_ms += 499;
    assert_eq!(expire_all(&mut house, "g", 500), 0);
    house.entry.time_ms += 1;
    assert_eq!(expire_all(&mut house, "g", 500), 1);
}

#[test]
fn groups_are_looked_through_in_slices() {
    let mut house = House::new();
    let item =
        |number: usize| OffsetItem { partition: partition(u32::try_from(number).expect("small")), ..OffsetItem::default() };
    for name in ["a", "b", "c"] {
        let offsets = (0..EXPIRY_SLICE_OFFSETS / 2).map(item).collect();
        house.run(Command::OffsetCommit(OffsetCommit { offsets, ..commit(1, name, -1, "", partition(0), 1) })).expect("success");
    }
    house.run(store(1, "d", 0, &[])).expect("success");
    house.run(store(1, "e", 0, &[member("a", None)])).expect("success");
    let (found, next) = house.machine.expired(None, 1_000, 0);
    assert_eq!((found.len(), found[1].offsets.len(), next.clone()), (2, EXPIRY_SLICE_OFFSETS / 2, Some(bytes("b"))));
    let (found, next) = house.machine.expired(next.as_deref(), 1_000, 0);
    let names: Vec<_> = found.iter().map(|found| (found.group.clone(), found.offsets.len())).collect();
    assert_eq!((names, next), (vec![(bytes("c"), EXPIRY_SLICE_OFFSETS / 2), (bytes("d"), 0)], None), "d has nothing at all");
    assert_eq!(house.machine.expired(Some(b"b"), 999, 0).0.len(), 1, "nothing is old, and d is void still");
}

#[test]
fn a_commit_wins_over_an_expiry_that_did_not_see_it() {
    let mut house = house();
    house.run(Command::OffsetCommit(commits(3, "a"))).expect("success");
    let seen = house.machine.offsets(b"g", None).expect("is there")[0].1.position;
    let expire_seen = |seen| expire(1, "g", 0, &[(0, seen), (5, seen)]);
    // In the same entry even.
    house.apply_beside(Command::OffsetCommit(OffsetCommit { ..commits(3, "b") })).reply.expect("success");
    assert_eq!(house.run(expire_seen(seen)), Ok(Reply::Forgotten { count: 0 }));
    assert_eq!(offset(&house, "g"), Some(9));
    let seen = house.machine.offsets(b"g", None).expect("is there")[0].1.position;
    assert_eq!(house.run(expire_seen(seen)), Ok(Reply::Forgotten { count: 1 }));
    assert_eq!((offset(&house, "g"), house.machine.groups().len()), (None, 1), "it has members");
    assert_eq!(house.refused(expire(1, "h", 0, &[])), UnknownGroup);
    assert_eq!(house.refused(expire(2, "g", 0, &[])), Fenced);
}

#[test]
fn a_group_without_members_goes_with_its_last_offset() {
    let mut house = House::new();
    for number in 0..2 {
        house.run(Command::OffsetCommit(commit(1, "s", -1, "", partition(number), 4))).expect("success");
    }
    let expire_one = |index, number| expire(1, "s", 0, &[(number, Position { index, at: 25 })]);
    house.run(expire_one(1, 0)).expect("success");
    assert_eq!(house.machine.groups().len(), 1);
    house.run(expire_one(2, 1)).expect("success");
    house.settle();
    assert_eq!((house.machine.groups().len(), house.tree_keys(b'g'), house.tree_keys(b'o')), (0, 0, 0));
}

#[test]
fn a_group_has_bounds() {
    let mut house = House::new();
    let name = "n".repeat(GROUP_NAME_BYTES_MAX);
    house.run(store(1, &name, 1, &[])).expect("success");
    house.run(Command::OffsetCommit(commit(1, &name, -1, "", partition(0), 1))).expect("its offsets have keys");
    house.settle();
    house.restart();
    assert_eq!(offset(&house, &name), Some(1));
    let name = "n".repeat(GROUP_NAME_BYTES_MAX + 1);
    assert_eq!(house.refused(store(1, &name, 1, &[])), GroupNameTooLong);
    assert_eq!(house.refused(Command::OffsetCommit(commit(1, &name, -1, "", partition(0), 1))), GroupNameTooLong);

    house.run(store(1, "m", 1, &vec![Member::default(); GROUP_MEMBERS_MAX])).expect("success");
    assert_eq!(house.refused(store(1, "m", 1, &vec![Member::default(); GROUP_MEMBERS_MAX + 1])), TooManyMembers);
    let large = Member { assignment: Bytes::from(vec![0; GROUP_STATE_BYTES_MAX]), ..Member::default() };
    assert_eq!(house.refused(store(1, "m", 1, &[large])), GroupTooLarge);

    let with = |bytes: usize| {
        let mut commit = commit(1, "c", -1, "", partition(0), 1);
        commit.offsets[0].metadata = Bytes::from(vec![b'x'; bytes]);
        Command::OffsetCommit(commit)
    };
    house.run(with(OFFSET_METADATA_BYTES_MAX)).expect("success");
    assert_eq!(house.refused(with(OFFSET_METADATA_BYTES_MAX + 1)), MetadataTooLarge);
    assert_eq!(
        house.refused(Command::OffsetCommit(OffsetCommit {
            group: bytes("new"),
            ..match with(5_000) {
                Command::OffsetCommit(commit) => commit,
                other => panic!("{other:?}"),
            }
        })),
        MetadataTooLarge
    );
    assert_eq!(house.machine.group(b"new"), None, "a refused commit makes no group");
}

#[test]
fn a_group_keeps_only_so_many_offsets() {
    let mut house = House::new();
    let many = |from: usize, to: usize| {
        let item = |number| OffsetItem { partition: partition(u32::try_from(number).expect("small")), ..OffsetItem::default() };
        let offsets = (from..to).map(item).collect();
        Command::OffsetCommit(OffsetCommit { offsets, ..commit(1, "g", -1, "", partition(0), 1) })
    };
    house.run(many(0, GROUP_OFFSETS_MAX)).expect("success");
    assert_eq!(house.refused(many(GROUP_OFFSETS_MAX, GROUP_OFFSETS_MAX + 1)), TooManyOffsets);
    house.run(many(5, GROUP_OFFSETS_MAX)).expect("those that it has it may change");
}

#[test]
fn what_does_not_grow_is_never_refused() {
    let mut house = House::with(Options { groups_bytes_max: 990, ..Options::default() });
    let with = |group: &str, number: u32, metadata: usize| {
        let mut commit = commit(1, group, -1, "", partition(number), 1);
        commit.offsets[0].metadata = Bytes::from(vec![b'x'; metadata]);
        Command::OffsetCommit(commit)
    };
    house.run(with("a", 0, 300)).expect("success");
    assert_eq!(house.refused(with("a", 1, 100)), NoRoom);
    assert_eq!(house.refused(with("b", 0, 100)), NoRoom);
    assert_eq!(house.machine.group(b"b"), None);
    house.settle();
    house.restart();
    assert_eq!(house.refused(with("a", 1, 100)), NoRoom, "what is taken is reckoned again");
    // With less room than is taken, which comes from other options, it may shrink.
    house.options.groups_bytes_max = 10;
    house.restart();
    house.run(with("a", 0, 300)).expect("it takes as much as before");
    assert_eq!(house.refused(with("a", 0, 301)), NoRoom);
    assert_eq!(house.refused(store(1, "a", 1, &[member("a", None)])), NoRoom);
    house.run(Command::OffsetDelete { group: bytes("a"), partitions: vec![partition(0)] }).expect("success");
    house.run(Command::GroupDelete { group: bytes("a") }).expect("success");
    assert_eq!(house.machine.groups_bytes(), 0);
}
