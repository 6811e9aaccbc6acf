//! Random requests over few partitions, producers and groups, so that they meet.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::support::*;
use crate::{Command, GroupState, Member, OffsetCommit, OffsetItem, PartitionId, Position, TopicId};

/// Which sequence a batch has, by what its producer did before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sequence {
    /// The next one; of an unknown producer this one.
    Next(i32),
    /// The batch so many before the last one, again.
    Again(usize),
    /// So far from the next one.
    Beside(i64),
    /// This one.
    Exactly(i32),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Append {
        partition: u32,
        producer: Option<i64>,
        epoch: i16,
        sequence: Sequence,
        records: i32,
        timestamp: i64,
        attributes: i16,
    },
    /// So far from the end, or the end.
    Trim(u32, Option<i64>),
    Command(Command),
    /// How far from the generation stored, members, and how far from the term.
    Store(u8, i32, Vec<(u8, bool)>, u64),
    /// Who, how far from the generation stored or no generation, and of which partitions.
    Commit(u8, Option<u8>, Option<u8>, Option<i32>, Vec<u32>, u64),
    /// Everything that the group keeps, with the position seen, or an earlier one; for how long, and how far from the term.
    Expire(u8, bool, u64, u64),
    Term,
    Time(u64),
    Settle,
    /// A settle that takes effect only so many steps later.
    SettleSlowly(usize),
    Flush(usize),
    Restart,
    Install,
    Check,
}

pub(super) fn topic(number: u32) -> PartitionId {
    PartitionId { topic: TopicId(u128::from(number % 2)), partition: number / 2 }
}

pub(super) fn group(number: u8) -> Bytes {
    ["", "a", "ab"].map(bytes)[usize::from(number % 3)].clone()
}

fn sequence() -> impl Strategy<Value = Sequence> {
    prop_oneof![
        8 => select(vec![0, 1, i32::MAX - 3]).prop_map(Sequence::Next),
        3 => (0usize..9).prop_map(Sequence::Again),
        2 => (-14i64..4).prop_map(Sequence::Beside),
        1 => select(vec![0, 1, i32::MAX]).prop_map(Sequence::Exactly),
    ]
}

fn append_step() -> impl Strategy<Value = Step> {
    let epoch = prop_oneof![8 => Just(0i16), 1 => Just(1), 1 => Just(-1)];
    let attributes = prop_oneof![20 => Just(0i16), 1 => Just(0x10)];
    (0u32..4, option::weighted(0.8, 0i64..3), epoch, sequence(), 1i32..5, 0i64..30, attributes).prop_map(
        |(partition, producer, epoch, sequence, records, timestamp, attributes)| Step::Append {
            partition,
            producer,
            epoch,
            sequence,
            records,
            timestamp,
            attributes,
        },
    )
}

fn rarely_off() -> impl Strategy<Value = u64> {
    prop_oneof![12 => Just(0u64), 1 => Just(1)]
}

fn group_step() -> impl Strategy<Value = Step> {
    let who = || option::weighted(0.7, 0u8..3);
    let generation = option::weighted(0.7, prop_oneof![6 => Just(0i32), 1 => Just(1), 1 => Just(-1)]);
    let partitions = vec(0u32..4, 1..4);
    prop_oneof![
        3 => (0u8..3, -1i32..3, vec((0u8..3, any::<bool>()), 0..3), rarely_off())
            .prop_map(|(group, generation, members, term)| Step::Store(group, generation, members, term)),
        5 => (0u8..3, who(), option::weighted(0.2, 0u8..3), generation, partitions, rarely_off()).prop_map(
            |(group, who, instance, generation, partitions, term)| {
                Step::Commit(group, who, instance, generation, partitions, term)
            }
        ),
        2 => (0u8..3, any::<bool>(), prop_oneof![Just(0), 0u64..400], rarely_off())
            .prop_map(|(group, is_stale, retention_ms, term)| Step::Expire(group, is_stale, retention_ms, term)),
        1 => (0u8..3, vec(0u32..4, 0..3)).prop_map(|(name, partitions)| {
            let partitions = partitions.into_iter().map(topic).collect();
            Step::Command(Command::OffsetDelete { group: group(name), partitions })
        }),
        1 => (0u8..3).prop_map(|name| Step::Command(Command::GroupDelete { group: group(name) })),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let drop = (0u32..2, option::of(vec(0u32..2, 0..3)))
        .prop_map(|(number, partitions)| Step::Command(Command::Drop { topic: topic(number).topic, partitions }));
    prop_oneof![
        40 => append_step(),
        4 => (0u32..4, option::weighted(0.8, -8i64..3)).prop_map(|(partition, from_end)| Step::Trim(partition, from_end)),
        1 => drop,
        1 => (0u32..3).prop_map(|count| Step::Command(Command::AllocateProducers { count })),
        14 => group_step(),
        2 => Just(Step::Term),
        4 => prop_oneof![4 => 0u64..50, 1 => 100u64..300].prop_map(Step::Time),
        3 => Just(Step::Settle),
        2 => (0usize..6).prop_map(Step::SettleSlowly),
        2 => (0usize..4).prop_map(Step::Flush),
        2 => Just(Step::Restart),
        1 => Just(Step::Install),
        4 => Just(Step::Check),
    ]
}

fn partition_id() -> impl Strategy<Value = PartitionId> {
    (any::<u128>(), any::<u32>()).prop_map(|(topic, partition)| PartitionId { topic: TopicId(topic), partition })
}

fn text() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..6).prop_map(Bytes::from)
}

fn any_member() -> impl Strategy<Value = Member> {
    (text(), option::of(text()), text(), text(), any::<(i32, i32)>(), text(), text()).prop_map(
        |(id, instance, client_id, client_host, timeouts, subscription, assignment)| Member {
            id,
            instance,
            client_id,
            client_host,
            rebalance_timeout_ms: timeouts.0,
            session_timeout_ms: timeouts.1,
            subscription,
            assignment,
        },
    )
}

fn any_state() -> impl Strategy<Value = GroupState> {
    (any::<i32>(), option::of(text()), option::of(text()), option::of(text()), vec(any_member(), 0..4)).prop_map(
        |(generation, protocol_type, protocol, leader, members)| GroupState {
            generation,
            protocol_type,
            protocol,
            leader,
            members,
        },
    )
}

fn any_commit() -> impl Strategy<Value = OffsetCommit> {
    let item = (partition_id(), any::<i64>(), any::<i32>(), text())
        .prop_map(|(partition, offset, leader_epoch, metadata)| OffsetItem { partition, offset, leader_epoch, metadata });
    (any::<u64>(), text(), any::<i32>(), text(), option::of(text()), any::<i64>(), vec(item, 0..4)).prop_map(
        |(term, group, generation, member, instance, retention_ms, offsets)| OffsetCommit {
            term,
            group,
            generation,
            member,
            instance,
            retention_ms,
            offsets,
        },
    )
}

/// Commands of every kind, for the encoding.
pub(super) fn any_command() -> impl Strategy<Value = Command> {
    let position = any::<(u64, u32)>().prop_map(|(index, at)| Position { index, at });
    prop_oneof![
        (partition_id(), text(), 0..3_u64).prop_map(|(partition, batch, term)| Command::Append { term, partition, batch }),
        (partition_id(), any::<i64>()).prop_map(|(partition, log_start)| Command::Trim { partition, log_start }),
        (any::<u128>(), option::of(vec(any::<u32>(), 0..4)))
            .prop_map(|(topic, partitions)| Command::Drop { topic: TopicId(topic), partitions }),
        any::<u32>().prop_map(|count| Command::AllocateProducers { count }),
        (any::<u64>(), text(), any_state()).prop_map(|(term, group, state)| Command::GroupStore { term, group, state }),
        any_commit().prop_map(Command::OffsetCommit),
        (text(), vec(partition_id(), 0..4)).prop_map(|(group, partitions)| Command::OffsetDelete { group, partitions }),
        text().prop_map(|group| Command::GroupDelete { group }),
        (any::<u64>(), text(), any::<u64>(), vec((partition_id(), position), 0..4))
            .prop_map(|(term, group, retention_ms, offsets)| Command::ExpireOffsets { term, group, retention_ms, offsets }),
    ]
}
