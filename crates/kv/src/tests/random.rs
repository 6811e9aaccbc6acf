//! Random requests over few keys, so that they meet.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    Command, Compare, CompareTarget, Comparison, DeleteRequest, Operation, PutRequest, RangeRequest, SortOrder, SortTarget, Span,
    Txn,
};

/// Keys whose order and prefixes are awkward.
pub(super) const KEYS: [&[u8]; 8] = [b"a", b"a\0", b"a\0\0", b"a\0\xff", b"ab", b"b", b"b\xff", b"\xff"];

#[derive(Clone, Debug)]
pub(super) enum Step {
    Command(Command),
    /// That many revisions before the current one.
    Compact(i64),
    Range(RangeRequest),
    Settle(usize),
    Reclaim(usize),
    Restart,
    Crash,
    Check,
}

fn key() -> impl Strategy<Value = Bytes> {
    select(&KEYS[..]).prop_map(Bytes::from_static)
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        3 => select(vec!["", "1", "2", "3"]).prop_map(Bytes::from),
        1 => (0u8..4, 1usize..600).prop_map(|(byte, length)| vec![byte; length].into()),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    let end = prop_oneof![3 => Just(Bytes::new()), 1 => Just(Bytes::from_static(b"\0")), 2 => key()];
    (prop_oneof![6 => key(), 1 => Just(Bytes::from_static(b"\0"))], end).prop_map(|(key, range_end)| Span { key, range_end })
}

fn revision() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 1 => Just(-1), 6 => 1i64..60]
}

fn put() -> impl Strategy<Value = PutRequest> {
    let rare = || prop::bool::weighted(0.15);
    (key(), value(), prop_oneof![5 => Just(0), 2 => 1i64..4], any::<bool>(), rare(), rare()).prop_map(
        |(key, value, lease, prev_kv, ignore_value, ignore_lease)| PutRequest {
            key,
            value: if ignore_value { Bytes::new() } else { value },
            lease: if ignore_lease { 0 } else { lease },
            prev_kv,
            ignore_value,
            ignore_lease,
        },
    )
}

fn delete() -> impl Strategy<Value = DeleteRequest> {
    (span(), any::<bool>()).prop_map(|(span, prev_kv)| DeleteRequest { span, prev_kv })
}

pub(super) fn range() -> impl Strategy<Value = RangeRequest> {
    let order = select(vec![SortOrder::None, SortOrder::Ascend, SortOrder::Descend]);
    let targets = [SortTarget::Key, SortTarget::Version, SortTarget::Create, SortTarget::Mod, SortTarget::Value];
    let bound = || prop_oneof![8 => Just(0), 1 => 1i64..30];
    let bounds = (bound(), bound(), bound(), bound());
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    (span(), -1i64..5, revision(), order, select(targets.to_vec()), flags, bounds).prop_map(
        |(span, limit, revision, sort_order, sort_target, (keys_only, count_only), bounds)| RangeRequest {
            span,
            limit,
            revision,
            sort_order,
            sort_target,
            keys_only,
            count_only,
            min_mod_revision: bounds.0,
            max_mod_revision: bounds.1,
            min_create_revision: bounds.2,
            max_create_revision: bounds.3,
        },
    )
}

fn compare() -> impl Strategy<Value = Compare> {
    let comparisons = [Comparison::Equal, Comparison::Greater, Comparison::Less, Comparison::NotEqual];
    let target = prop_oneof![
        (0i64..4).prop_map(CompareTarget::Version),
        (0i64..20).prop_map(CompareTarget::Create),
        (0i64..20).prop_map(CompareTarget::Mod),
        (0i64..4).prop_map(CompareTarget::Lease),
        value().prop_map(|value| CompareTarget::Value { value, witness: None }),
    ];
    (span(), select(comparisons.to_vec()), target).prop_map(|(span, comparison, target)| Compare { span, comparison, target })
}

pub(super) fn txn() -> impl Strategy<Value = Txn> {
    let leaf = prop_oneof![
        3 => put().prop_map(Operation::Put),
        2 => range().prop_map(Operation::Range),
        1 => delete().prop_map(Operation::Delete),
    ]
    .boxed();
    let operation = leaf.prop_recursive(2, 8, 3, |inner| {
        (vec(compare(), 0..2), vec(inner.clone(), 0..3), vec(inner, 0..2))
            .prop_map(|(compare, success, failure)| Operation::Txn(Txn { compare, success, failure }))
    });
    (vec(compare(), 0..3), vec(operation.clone(), 0..4), vec(operation, 0..3)).prop_map(|(compare, success, failure)| Txn {
        compare,
        success,
        failure,
    })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => put().prop_map(Command::Put),
        3 => delete().prop_map(Command::Delete),
        4 => txn().prop_map(Command::Txn),
        2 => (1i64..4, 0i64..100).prop_map(|(id, ttl)| Command::LeaseGrant { id, ttl }),
        1 => (1i64..4).prop_map(|id| Command::LeaseRevoke { id }),
        1 => vec(1i64..4, 0..3).prop_map(|ids| Command::LeaseExpire { term: 1, ids }),
    ]
}

/// Commands of every kind, for the encoding.
pub(super) fn any_command() -> impl Strategy<Value = Command> {
    let witness = (any::<u64>(), any::<i64>(), any::<bool>()).prop_map(|(count, mod_revision, holds)| crate::Witness {
        count,
        mod_revision,
        holds,
    });
    let witnessed = (value(), option::of(witness)).prop_map(|(value, witness)| {
        let target = CompareTarget::Value { value, witness };
        let compare = Compare { span: Span::default(), comparison: Comparison::Equal, target };
        Command::Txn(Txn { compare: vec![compare], ..Txn::default() })
    });
    prop_oneof![
        6 => command(),
        1 => witnessed,
        1 => (any::<u64>(), vec((any::<i64>(), any::<i64>()), 0..4))
            .prop_map(|(term, remaining)| Command::LeaseCheckpoint { term, remaining }),
        1 => any::<i64>().prop_map(|revision| Command::Compact { revision }),
        1 => (any::<u64>(), any::<i32>(), any::<bool>())
            .prop_map(|(member, alarm, raise)| Command::Alarm { member, alarm, raise }),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => command().prop_map(Step::Command),
        3 => (-1i64..12).prop_map(Step::Compact),
        10 => range().prop_map(Step::Range),
        3 => (0usize..400).prop_map(Step::Settle),
        3 => (0usize..400).prop_map(Step::Reclaim),
        1 => Just(Step::Restart),
        2 => Just(Step::Crash),
        1 => Just(Step::Check),
    ]
}
