//! Random requests over few namespaces and keys, so that they meet.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::support::context;
use crate::{
    Action, Command, Condition, Expect, NamespaceId, Operation, Put, Refused, Settings, Transaction, Trim, TrimItem, Value,
    ValueType,
};

pub(super) const PATHS: [&str; 4] = ["a", "a/b", "a/bc", "b"];
pub(super) const KEYS: [&str; 5] = ["k", "k/1", "k0", "key", "z"];

#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Transaction),
    Refuse(Refused),
    Chunk(u8),
    /// The items of each part, and whether there is a restart between two slices.
    Import(Vec<Vec<Operation>>, bool),
    /// So many ms go by.
    Pass(u64),
    Trim,
    Sweep,
    Settle,
    Restart,
    Check,
}

/// Chunk `n`: 1 to 4 bytes.
pub(super) fn chunk(number: u8) -> Bytes {
    vec![number; usize::from(number % 4) + 1].into()
}

fn path() -> impl Strategy<Value = String> {
    select(&PATHS[..]).prop_map(str::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    select(&KEYS[..]).prop_map(str::to_owned)
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        12 => Just(Expect::Any),
        1 => Just(Expect::Absent),
        2 => Just(Expect::Present),
        2 => (0..5_u64).prop_map(Expect::Version),
        1 => (0..20_u64).prop_map(Expect::Position),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let in_chunks = vec(0..6_u8, 1..4).prop_map(|numbers| {
        let chunks: Vec<Bytes> = numbers.into_iter().map(chunk).collect();
        let hash = crate::sha256(&chunks.concat());
        let bytes = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Value::Chunks { chunks: chunks.iter().map(|chunk| crate::sha256(chunk)).collect(), bytes, hash }
    });
    prop_oneof![
        6 => select(vec!["", "1", "2", "three"]).prop_map(|text| Value::Inline(Bytes::from(text))),
        1 => (1..2_000_usize).prop_map(|length| Value::Inline(vec![b'x'; length].into())),
        2 => in_chunks,
    ]
}

fn put() -> impl Strategy<Value = Operation> {
    let types = select(vec![ValueType::String, ValueType::Binary]);
    (path(), key(), types, value(), expect(), prop::bool::weighted(0.9), 0..3_u64).prop_map(
        |(namespace, key, value_type, value, expect, creates_namespace, restores)| {
            Operation::Put(Put { namespace, key, value_type, value, expect, creates_namespace, restores })
        },
    )
}

fn item() -> impl Strategy<Value = Operation> {
    let delete = (path(), key(), expect()).prop_map(|(namespace, key, expect)| Operation::Delete { namespace, key, expect });
    prop_oneof![6 => put(), 1 => delete]
}

fn settings() -> impl Strategy<Value = Settings> {
    (1..4_u32, select(vec![0, 50, 500]), any::<bool>()).prop_map(|(versions_kept, version_age_ms, audits_values)| Settings {
        versions_kept,
        version_age_ms,
        audits_values,
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let texts = || option::of(select(vec!["", "text"]).prop_map(str::to_owned));
    let namespace = (path(), texts(), texts(), option::of(settings()), expect()).prop_map(
        |(namespace, description, owner, settings, expect)| Operation::PutNamespace {
            namespace,
            description,
            owner,
            settings,
            expect,
        },
    );
    let gone = (path(), expect()).prop_map(|(namespace, expect)| Operation::DeleteNamespace { namespace, expect });
    prop_oneof![16 => item(), 3 => namespace, 1 => gone]
}

fn condition() -> impl Strategy<Value = Condition> {
    (path(), option::of(key()), expect()).prop_map(|(namespace, key, expect)| Condition { namespace, key, expect })
}

pub(super) fn transaction() -> impl Strategy<Value = Transaction> {
    let operations = prop_oneof![3 => vec(operation(), 1..2), 2 => vec(operation(), 2..5)];
    (select(vec!["ann", "bob"]), vec(condition(), 0..2), operations).prop_map(|(who, conditions, operations)| Transaction {
        context: context(who),
        idempotency_key: String::new(),
        conditions,
        operations,
    })
}

fn refused() -> impl Strategy<Value = Refused> {
    (path(), option::of(key()), select(Action::ALL.to_vec())).prop_map(|(namespace, key, attempted)| Refused {
        context: context("eve"),
        attempted,
        namespace,
        key,
    })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => transaction().prop_map(Step::Write),
        2 => refused().prop_map(Step::Refuse),
        6 => (0..6_u8).prop_map(Step::Chunk),
        3 => (vec(vec(item(), 1..4), 1..3), any::<bool>()).prop_map(|(parts, restarts)| Step::Import(parts, restarts)),
        5 => (0..200_u64).prop_map(Step::Pass),
        2 => Just(Step::Trim),
        1 => Just(Step::Sweep),
        3 => Just(Step::Settle),
        2 => Just(Step::Restart),
        2 => Just(Step::Check),
    ]
}

/// Commands of every kind, for the encoding.
pub(super) fn any_command() -> impl Strategy<Value = Command> {
    let trim = (any::<u64>(), any::<u32>(), any::<u64>(), vec((key(), any::<u64>()), 0..3)).prop_map(
        |(path, generation, through, items)| {
            let items = items.into_iter().map(|(key, keep_from)| TrimItem { key, keep_from }).collect();
            Command::Trim(Trim { namespace: NamespaceId { path, generation }, through, items })
        },
    );
    prop_oneof![
        4 => (transaction(), "[a-z]{0,8}").prop_map(|(transaction, idempotency_key)| {
            Command::Write(Transaction { idempotency_key, ..transaction })
        }),
        1 => vec(any::<u8>(), 0..20).prop_map(|bytes| Command::PutChunk { bytes: bytes.into() }),
        1 => refused().prop_map(Command::Refused),
        1 => any::<u64>().prop_map(|import| Command::ImportBegin { import, context: context("ann") }),
        1 => (any::<u64>(), any::<u32>(), vec(operation(), 0..4))
            .prop_map(|(import, part, items)| Command::ImportPart { import, part, items }),
        1 => any::<u64>().prop_map(|import| Command::ImportCommit { import }),
        1 => any::<u64>().prop_map(|import| Command::ImportAdvance { import }),
        1 => any::<u64>().prop_map(|import| Command::ImportAbort { import }),
        1 => trim,
        1 => Just(Command::Sweep),
    ]
}
