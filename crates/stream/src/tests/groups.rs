//! Groups: what is stored of them, who may commit, what expires.

use bytes::Bytes;

use super::support::*;
use crate::{
    Command, GROUP_MEMBERS_MAX, GROUP_NAME_BYTES_MAX, GROUP_OFFSETS_MAX, GROUP_STATE_BYTES_MAX, Member,
    OFFSET_METADATA_BYTES_MAX, OffsetCommit, OffsetItem, Options, Position, Refusal::*, Reply,
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

#[test]
fn a_commit_wins_over_an_expiry_that_did_not_see_it() {
    let mut house = house();
    house.run(Command::OffsetCommit(commits(3, "a"))).expect("success");
    let seen = house.machine.offsets(b"g", None).expect("is there")[0].1.position;
    let expire = |seen| Command::ExpireOffsets { group: bytes("g"), offsets: vec![(partition(0), seen), (partition(5), seen)] };
    // In the same entry even.
    house.apply_beside(Command::OffsetCommit(OffsetCommit { ..commits(3, "b") })).reply.expect("success");
    assert_eq!(house.run(expire(seen)), Ok(Reply::Forgotten { count: 0 }));
    assert_eq!(offset(&house, "g"), Some(9));
    let seen = house.machine.offsets(b"g", None).expect("is there")[0].1.position;
    assert_eq!(house.run(expire(seen)), Ok(Reply::Forgotten { count: 1 }));
    assert_eq!((offset(&house, "g"), house.machine.groups().len()), (None, 1), "it has members");
    assert_eq!(house.refused(Command::ExpireOffsets { group: bytes("h"), offsets: vec![] }), UnknownGroup);
}

#[test]
fn a_group_without_members_goes_with_its_last_offset() {
    let mut house = House::new();
    for number in 0..2 {
        house.run(Command::OffsetCommit(commit(1, "s", -1, "", partition(number), 4))).expect("success");
    }
    let expire = |index, number| Command::ExpireOffsets {
        group: bytes("s"),
        offsets: vec![(partition(number), Position { index, at: 25 })],
    };
    house.run(expire(1, 0)).expect("success");
    assert_eq!(house.machine.groups().len(), 1);
    house.run(expire(2, 1)).expect("success");
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
