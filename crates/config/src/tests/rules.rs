//! Rules, one by one.

use base::Kind;
use bytes::Bytes;
use table::{Direction, Tree};

use super::support::*;
use crate::{
    Action, At, AuditQuery, CUT_BYTES, Cold, Command, Condition, Content, Expect, Filter, ListQuery, Operation, Options, Order,
    Put, Refused, Reply, Settings, Transaction, Value, ValueType, sha256,
};

fn keeping(versions_kept: u32) -> Option<Settings> {
    Some(Settings { versions_kept, ..Settings::default() })
}

#[test]
fn a_write_creates_its_namespace_only_if_it_says_so() {
    let mut house = House::new();
    let Operation::Put(strict) = put("a", "k", "v") else { unreachable!("a put") };
    let strict = Put { creates_namespace: false, ..strict };
    assert_eq!(house.refused(vec![Operation::Put(strict.clone())]), Kind::NotFound);
    let written = house.write(vec![put("a", "k", "v")]).expect("writes");
    assert_eq!((written.first, written.last, written.changes[0].position), (1, 2, 2), "the namespace is a change of its own");
    assert_eq!(house.audit(&all()), ["config.created a/k", "namespace.created a"]);
    house.write(vec![Operation::Put(strict)]).expect("it is there now");
}

#[test]
fn what_is_expected_is_held_against_what_is_there() {
    let mut house = House::new();
    let position = house.put("a", "k", "1");
    for expect in [Expect::Absent, Expect::Version(0), Expect::Version(2), Expect::Position(position + 1)] {
        assert_eq!(house.refused(vec![put_if("a", "k", "2", expect)]), Kind::Precondition);
    }
    for expect in [Expect::Present, Expect::Version(0), Expect::Position(0)] {
        assert_eq!(house.write(vec![put_if("a", "other", "2", expect)]).is_ok(), expect != Expect::Present);
        house.write(vec![delete("a", "other")]).ok();
    }
    house.write(vec![put_if("a", "k", "2", Expect::Position(position))]).expect("it is at that position");
    house.write(vec![put_if("a", "k", "3", Expect::Version(2))]).expect("it is at that version");
    house.write(vec![delete("a", "k")]).expect("deletes");
    assert_eq!(house.refused(vec![delete("a", "k")]), Kind::NotFound);
    house.write(vec![put_if("a", "k", "4", Expect::Absent)]).expect("a deleted key is not there");
    assert_eq!(house.get("a", "k", At::Latest).expect("is there").version, 5, "versions count on over a deletion");
}

#[test]
fn values_are_what_their_type_says() {
    let mut house = House::new();
    let of = |value_type, value: &'static [u8]| {
        Operation::Put(Put { value_type, ..put_of("a", "k", Value::Inline(Bytes::from_static(value))) })
    };
    let good: [(ValueType, &'static [u8]); 9] = [
        (ValueType::String, "gr\u{fc}n".as_bytes()),
        (ValueType::Number, b"-0.5e+10"),
        (ValueType::Number, b"0"),
        (ValueType::Number, b"12345678901234567890123"),
        (ValueType::Boolean, b"true"),
        (ValueType::Json, b" {\"a\": [1, null]} "),
        (ValueType::Json, b"1e999"),
        (ValueType::Binary, b"\xff\0"),
        (ValueType::String, b""),
    ];
    for (value_type, value) in good {
        house.write(vec![of(value_type, value)]).expect("is one");
        let stored = house.get("a", "k", At::Latest).expect("is there");
        assert_eq!(
            (stored.value_type, &stored.content),
            (value_type, &Content::Inline(Bytes::from_static(value))),
            "as it was given"
        );
    }
    let bad: [(ValueType, &'static [u8]); 12] = [
        (ValueType::String, b"\xff"),
        (ValueType::Number, b"01"),
        (ValueType::Number, b"1."),
        (ValueType::Number, b".5"),
        (ValueType::Number, b"+1"),
        (ValueType::Number, b"1e"),
        (ValueType::Number, b" 1"),
        (ValueType::Number, b"NaN"),
        (ValueType::Boolean, b"True"),
        (ValueType::Json, b"{\"a\":}"),
        (ValueType::Json, b"\"\xff\""),
        (ValueType::Json, b""),
    ];
    for (value_type, value) in bad {
        assert_eq!(house.refused(vec![of(value_type, value)]), Kind::Invalid, "{value:?}");
    }
    assert_eq!(house.refused(vec![put("a", "k", &"x".repeat(crate::INLINE_BYTES_MAX + 1))]), Kind::Invalid);
}

#[test]
fn names_and_texts_keep_to_their_bounds() {
    let mut house = House::new();
    for path in ["", "/a", "a/", "a//b", "a/../b", ".", "a b", "\u{e4}", &"x".repeat(257), &["p"; 17].join("/")] {
        assert_eq!(house.refused(vec![put(path, "k", "v")]), Kind::Invalid, "{path}");
    }
    for key in ["", "a\nb", "\0", &"x".repeat(513)] {
        assert_eq!(house.refused(vec![put("a", key, "v")]), Kind::Invalid, "{key:?}");
    }
    house.put("teams/payments.eu_1-a", "a key / with \u{e4}?", "v");
    let long = Transaction { context: context(&"x".repeat(257)), operations: vec![put("a", "k", "v")], ..Transaction::default() };
    assert_eq!(house.transact(long).expect_err("is too long").kind, Kind::Invalid);
    assert_eq!(house.refused(vec![namespace("a", keeping(0))]), Kind::Invalid);
    assert_eq!(house.refused(vec![namespace("a", keeping(10_001))]), Kind::Invalid);
    assert_eq!(house.refused(vec![]), Kind::Invalid);
}

#[test]
fn a_transaction_is_all_or_nothing_and_names_each_target_once() {
    let mut house = House::new();
    house.put("a", "k", "1");
    assert_eq!(house.refused(vec![put("a", "x", "2"), delete("b", "y")]), Kind::NotFound);
    assert_eq!(house.refused(vec![put("a", "x", "2"), put("a", "x", "3")]), Kind::Invalid);
    assert_eq!(house.refused(vec![delete_namespace("a"), put("a", "x", "3")]), Kind::Invalid);
    assert_eq!(house.refused(vec![delete_namespace("a"), namespace("a", None)]), Kind::Invalid);
    let condition = |expect| Condition { namespace: "a".into(), key: Some("k".into()), expect };
    let guarded = |expect| Transaction {
        context: context("ann"),
        conditions: vec![condition(expect)],
        operations: vec![put("a", "x", "2"), put("c", "y", "3"), delete("a", "k")],
        ..Transaction::default()
    };
    assert_eq!(house.transact(guarded(Expect::Version(2))).expect_err("is at 1").kind, Kind::Precondition);
    let written = house.transact(guarded(Expect::Version(1))).expect("holds");
    assert_eq!((written.first, written.last), (3, 6), "one position for each change, the new namespace included");
    let closing: Vec<(u64, bool)> = (3..=6)
        .map(|position| house.machine.audit_record(position, false).expect("is there").record)
        .map(|it| (it.first, it.closes))
        .collect();
    assert_eq!(closing, [(3, false), (3, false), (3, false), (3, true)]);
}

#[test]
fn many_small_changes_fit_into_one_transaction() {
    let mut house = House::new();
    let operations: Vec<Operation> = (0..5_000).map(|number| put("a", &format!("k{number}"), "v")).collect();
    assert_eq!(house.write(operations).expect("no small limit").last, 5_001);
    assert_eq!(house.machine.counts().keys, 5_000);
}

#[test]
fn a_request_that_comes_again_gets_its_first_answer() {
    let mut house = House::new();
    let asked = |principal: &str, key: &str, value: &str| Transaction {
        context: context(principal),
        idempotency_key: key.into(),
        operations: vec![put("a", "k", value)],
        ..Transaction::default()
    };
    let first = house.transact(asked("ann", "one", "1")).expect("writes");
    house.put("a", "k", "other");
    let mut house = house.reopen();
    let again = house.transact(asked("ann", "one", "1")).expect("is answered");
    assert_eq!(again, crate::Written { is_repeated: true, ..first });
    assert_eq!(house.text("a", "k").as_deref(), Some("other"), "nothing was done");
    assert_eq!(house.transact(asked("ann", "one", "2")).expect_err("another request").kind, Kind::Conflict);
    assert!(!house.transact(asked("bob", "one", "2")).expect("another principal's key").is_repeated);
    // Three are remembered; the oldest goes.
    house.transact(asked("ann", "two", "1")).expect("writes");
    house.transact(asked("ann", "three", "1")).expect("writes");
    assert!(!house.transact(asked("ann", "one", "1")).expect("is forgotten").is_repeated);
    house.entry.time_ms += 10_000;
    house.run(Command::Sweep).expect("sweeps");
    assert!(house.family(b'i').is_empty(), "all are too old");
    assert!(!house.transact(asked("ann", "three", "1")).expect("is forgotten").is_repeated);
    // A refusal is not remembered.
    let mut strict = asked("ann", "late", "1");
    strict.operations = vec![delete("z", "k")];
    assert!(house.transact(strict.clone()).is_err());
    house.put("z", "k", "v");
    assert!(!house.transact(strict).expect("is there now").is_repeated);
}

#[test]
fn as_many_versions_are_kept_as_the_namespace_says() {
    let mut house = House::new();
    house.write(vec![namespace("a", keeping(2))]).expect("creates");
    for value in ["1", "2", "3"] {
        house.put("a", "k", value);
    }
    let (versions, is_more) = house.machine.versions("a", "k", None, 10).expect("is there");
    assert_eq!(versions.iter().map(|stored| text(&stored.content)).collect::<Vec<_>>(), ["3", "2"]);
    assert!(!is_more && house.family(b'v').len() == 2);
    assert_eq!(house.get("a", "k", At::Version(1)).expect_err("is gone").kind, Kind::OutOfRange);
    let query =
        AuditQuery { with_values: true, order: Order::OldestFirst, key: Some("k".into()), namespace: Some("a".into()), ..all() };
    let page = house.machine.audit(&query).expect("reads");
    let shown: Vec<_> = page.records.iter().map(|audited| (text(&audited.before), text(&audited.after))).collect();
    let pair = |before: &str, after: &str| (before.to_owned(), after.to_owned());
    assert_eq!(shown, [pair("Deleted", "Gone"), pair("Gone", "2"), pair("2", "3")], "hashes stay, values go with their versions");
    assert_eq!(page.records[0].record.after, Some(sha256(b"1")));
    house.write(vec![namespace("a", Some(Settings { audits_values: false, ..Settings::default() }))]).expect("updates");
    house.put("a", "k", "secret");
    let newest = house.machine.audit_record(house.machine.position(), true).expect("is there");
    assert_eq!((newest.after, newest.record.after), (Content::Omitted, Some(sha256(b"secret"))));
}

#[test]
fn versions_that_are_too_old_go_and_deleted_keys_with_them() {
    let mut house = House::new();
    house.write(vec![namespace("a", Some(Settings { version_age_ms: 100, ..Settings::default() }))]).expect("creates");
    house.put("a", "k", "1");
    house.put("a", "gone", "1");
    house.entry.time_ms += 50;
    house.put("a", "k", "2");
    house.write(vec![delete("a", "gone")]).expect("deletes");
    let now = house.entry.time_ms;
    assert_eq!(
        house.machine.expired(now + 50).expect("reads").map(|trim| house.run(trim)),
        Some(Ok(Reply::Forgotten { count: 0 }))
    );
    assert_eq!(house.machine.expired(now + 50).expect("reads"), None, "each change is looked at once");
    let trim = house.machine.expired(now + 100).expect("reads").expect("two are old");
    assert_eq!(house.run(trim), Ok(Reply::Forgotten { count: 3 }));
    assert_eq!(house.machine.expired(now + 1_000).expect("reads"), None);
    let house = house.reopen();
    assert_eq!(house.machine.versions("a", "k", None, 9).expect("is there").0.len(), 1, "the current one stays");
    assert_eq!(house.machine.versions("a", "gone", None, 9).expect_err("nothing is left").kind, Kind::NotFound);
    assert_eq!((house.family(b'v').len(), house.family(b'c').len()), (1, 1));
    assert_eq!(house.machine.expired(now + 1_000).expect("reads"), None, "nor again after a start");
}

#[test]
fn an_earlier_value_comes_back_as_a_new_version() {
    let mut house = House::new();
    let first = house.put("a", "k", "1");
    house.entry.time_ms += 10;
    house.put("a", "k", "2");
    let back = house.machine.rollback("a", "k", 1, Expect::Version(2)).expect("is kept");
    house.write(vec![back]).expect("writes");
    let stored = house.get("a", "k", At::Latest).expect("is there");
    assert_eq!((text(&stored.content), stored.version, stored.restored), ("1".into(), 3, 1));
    assert_eq!(text(&house.get("a", "k", At::Position(first + 1)).expect("was there").content), "2");
    assert_eq!(text(&house.get("a", "k", At::Time(1_009)).expect("was there").content), "1");
    house.write(vec![delete("a", "k")]).expect("deletes");
    assert_eq!(house.machine.rollback("a", "k", 4, Expect::Any).expect_err("is a deletion").kind, Kind::Invalid);
    let back = house.machine.rollback("a", "k", 2, Expect::Absent).expect("is kept over a deletion");
    house.write(vec![back]).expect("writes");
    assert_eq!(house.text("a", "k").as_deref(), Some("2"));
}

/// A value of three chunks, which are put.
fn large(house: &mut House, byte: u8) -> (Bytes, Value) {
    let whole = Bytes::from([vec![byte; CUT_BYTES], vec![byte + 1; CUT_BYTES], vec![byte + 2; 9]].concat());
    let (chunks, value) = Value::cut(&whole);
    for bytes in chunks {
        let hash = sha256(&bytes);
        assert_eq!(house.run(Command::PutChunk { bytes }), Ok(Reply::Chunk(hash)));
    }
    (whole, value)
}

#[test]
fn large_values_come_ahead_in_chunks_and_chunks_go_with_the_last_version() {
    let mut house = House::new();
    let (whole, value) = large(&mut house, 1);
    let position = house.machine.position();
    assert_eq!((house.machine.counts().chunks, position), ((3, 2 * CUT_BYTES as u64 + 9), 0), "a chunk is no change");
    house.write(vec![Operation::Put(put_of("a", "k", value.clone()))]).expect("every chunk is there");
    let stored = house.get("a", "k", At::Latest).expect("is there");
    assert_eq!(house.machine.value(&stored).expect("is whole"), whole);
    // What a version points at stays however old it is; what nothing points at goes after a while.
    let (_, idle) = large(&mut house, 3);
    house.entry.time_ms += 9_999;
    assert!(!house.machine.wants_sweep(house.entry.time_ms));
    house.entry.time_ms += 1;
    assert!(house.machine.wants_sweep(house.entry.time_ms));
    let mut house = house.reopen();
    assert_eq!(house.run(Command::Sweep), Ok(Reply::Forgotten { count: 3 }), "those that nothing points at");
    assert_eq!(house.machine.counts().chunks.0, 3);
    assert_eq!(house.refused(vec![Operation::Put(put_of("a", "k", idle))]), Kind::Precondition);
    house.write(vec![namespace("a", keeping(1)), put("a", "k", "small")]).expect("writes");
    assert_eq!(house.family(b'r').len(), 0, "the version is dropped");
    house.entry.time_ms += 10_000;
    house.run(Command::Sweep).expect("sweeps");
    assert_eq!((house.machine.counts().chunks, house.family(b'h').len(), house.family(b'u').len()), ((0, 0), 0, 0));
    let short = match value {
        Value::Chunks { chunks, hash, .. } => Value::Chunks { chunks, bytes: 5, hash },
        other => other,
    };
    large(&mut house, 1);
    assert_eq!(house.refused(vec![Operation::Put(put_of("a", "k", short))]), Kind::Invalid, "they do not add up");
}

#[test]
fn a_value_in_chunks_is_bounded() {
    let mut house = House::new();
    let of = |chunks, bytes, value_type| {
        let value = Value::Chunks { chunks: vec![[0; 32]; chunks], bytes, hash: [0; 32] };
        Operation::Put(Put { value_type, ..put_of("a", "k", value) })
    };
    assert_eq!(house.refused(vec![of(9, crate::VALUE_BYTES_MAX + 1, ValueType::Binary)]), Kind::Invalid);
    assert_eq!(house.refused(vec![of(129, 9, ValueType::Binary)]), Kind::Invalid);
    assert_eq!(house.refused(vec![of(0, 0, ValueType::Binary)]), Kind::Invalid);
    assert_eq!(house.refused(vec![of(1, 9, ValueType::Number)]), Kind::Invalid);
    assert!(house.run(Command::PutChunk { bytes: Bytes::new() }).is_err());
    assert!(house.run(Command::PutChunk { bytes: vec![0; crate::CHUNK_BYTES_MAX + 1].into() }).is_err());
}

#[test]
fn a_namespace_is_deleted_in_one_step_and_its_space_comes_back_with_the_settles() {
    let mut house = House::new();
    let operations: Vec<Operation> = (0..3_000).map(|number| put("a", &format!("k{number}"), "v")).collect();
    house.write(operations).expect("writes");
    house.put("b", "k", "stays");
    let (_, value) = large(&mut house, 1);
    house.write(vec![Operation::Put(put_of("a", "large", value))]).expect("writes");
    house.settle();
    let unsettled = house.table.unsettled_bytes();
    let deleted = house.write(vec![delete_namespace("a")]).expect("deletes");
    assert!(house.table.unsettled_bytes() - unsettled < 4_000, "however many keys it has");
    assert_eq!((deleted.changes[0].version, house.machine.counts().keys, house.machine.counts().namespaces), (0, 1, 1));
    let record = house.machine.audit_record(deleted.last, false).expect("is there").record;
    assert_eq!((record.action, record.keys), (Action::NamespaceDeleted, 3_001));
    assert!(house.text("a", "k1").is_none());
    // The same path again is another namespace.
    house.put("a", "k1", "new");
    assert_eq!(house.get("a", "k1", At::Latest).expect("is there").version, 1);
    let mut house = house.reopen();
    assert_eq!((house.text("a", "k1"), house.text("b", "k")), (Some("new".into()), Some("stays".into())));
    house.settle();
    house.settle();
    assert_eq!((house.family(b'v').len(), house.family(b'c').len(), house.family(b'd').len()), (2, 2, 0));
    while house.machine.wants_sweep(house.entry.time_ms) {
        house.run(Command::Sweep).expect("sweeps");
    }
    assert!(house.family(b'r').is_empty(), "chunks of what is gone are let go");
    let events = house.machine.events(0, &Filter::Key("a".into(), "k1".into()), 10, false).expect("reads");
    let actions: Vec<Action> = events.events.iter().map(|event| event.record.action).collect();
    assert_eq!(
        actions,
        [Action::ConfigCreated, Action::NamespaceDeleted, Action::ConfigCreated],
        "who watches a key hears of it"
    );
}

#[test]
fn refusals_are_recorded_and_take_no_memory_for_paths_that_never_were() {
    let mut house = House::new();
    house.put("a", "k", "1");
    let refused = |namespace: &str| {
        Command::Refused(Refused {
            context: context("eve"),
            attempted: Action::ConfigUpdated,
            namespace: namespace.into(),
            key: None,
        })
    };
    assert_eq!(house.run(refused("a")), Ok(Reply::Recorded { position: 3 }));
    assert_eq!(house.run(refused("never")), Ok(Reply::Recorded { position: 4 }));
    assert_eq!(house.family(b'q').len(), 1);
    assert_eq!(house.audit(&AuditQuery { actor: Some("eve".into()), ..all() }), ["access.refused never", "access.refused a"]);
    assert_eq!(
        house.audit(&AuditQuery { namespace: Some("a".into()), action: Some(Action::Refused), ..all() }),
        ["access.refused a"]
    );
    let events = house.machine.events(2, &Filter::All, 10, false).expect("reads");
    assert_eq!((events.events.len(), events.through), (0, 4), "who watches is told of changes only");
    let keyless =
        Refused { context: context("eve"), attempted: Action::ConfigUpdated, namespace: String::new(), key: Some("k".into()) };
    assert_eq!(house.run(Command::Refused(keyless)).expect_err("a key of nowhere").kind, Kind::Invalid);
}

#[test]
fn time_never_falls() {
    let mut house = House::new();
    house.put("a", "k", "1");
    house.entry.time_ms -= 500;
    house.put("a", "k", "2");
    assert_eq!(house.get("a", "k", At::Latest).expect("is there").time_ms, 1_000);
}

#[test]
fn an_import_is_seen_all_at_once() {
    let mut house = House::new();
    house.put("a", "k0", "before");
    let parts = (0..3).map(|part| (0..3).map(|item| put("a", &format!("k{}", part * 3 + item), "after")).collect());
    let reply = house.import(7, parts.collect()).expect("begins");
    assert!(matches!(reply, Reply::Import(progress) if progress.visible.is_none() && progress.items == 9));
    assert_eq!(house.machine.publishing(), Some(7));
    assert_eq!(house.run(Command::ImportAbort { import: 7 }).expect_err("too late").kind, Kind::Overloaded);
    let mut house = house.reopen();
    assert_eq!((house.machine.publishing(), house.text("a", "k0").as_deref()), (Some(7), Some("before")));
    let progress = house.finish(7, reply);
    assert_eq!(progress.visible, Some((3, 11)));
    assert_eq!((house.text("a", "k0").as_deref(), house.text("a", "k8").as_deref()), (Some("after"), Some("after")));
    assert_eq!((house.machine.counts().keys, house.machine.publishing()), (9, None));
    assert_eq!(house.audit(&AuditQuery { action: Some(Action::ConfigCreated), ..all() }).len(), 9, "a record for each key");
    assert!(house.family(b'x').is_empty() && house.family(b'w').is_empty());
    assert_eq!(house.machine.counts().imports, (0, 0));
    let mut house = house.reopen();
    for again in [Command::ImportCommit { import: 7 }, Command::ImportAdvance { import: 7 }] {
        assert_eq!(house.run(again), Ok(Reply::Import(progress)), "who asks again is told");
    }
    assert_eq!(house.machine.import(7), Ok(progress));
    assert_eq!(house.run(Command::ImportAbort { import: 7 }).expect_err("it is done").kind, Kind::NotFound);
}

#[test]
fn parts_come_in_order_and_may_come_again() {
    let mut house = House::new();
    let part = |part| Command::ImportPart { import: 1, part, items: vec![put("a", "k", "v")] };
    assert_eq!(house.run(part(0)).expect_err("not begun").kind, Kind::NotFound);
    let begin = |import, who: &str| Command::ImportBegin { import, context: context(who) };
    assert_eq!(house.run(begin(1, "ann")), Ok(Reply::Done));
    assert_eq!(house.run(begin(1, "ann")), Ok(Reply::Done));
    assert_eq!(house.run(begin(1, "bob")).expect_err("is taken").kind, Kind::Conflict);
    assert_eq!(house.run(begin(0, "ann")).expect_err("no number").kind, Kind::Invalid);
    assert_eq!(house.run(Command::ImportCommit { import: 1 }).expect_err("is empty").kind, Kind::Invalid);
    assert_eq!(house.run(part(1)).expect_err("a gap").kind, Kind::Precondition);
    for _ in 0..2 {
        assert!(matches!(house.run(part(0)), Ok(Reply::Import(progress)) if progress.items == 1));
    }
    let wrong = Command::ImportPart { import: 1, part: 1, items: vec![namespace("a", None)] };
    assert_eq!(house.run(wrong).expect_err("keys only").kind, Kind::Invalid);
    let large = Command::ImportPart {
        import: 1,
        part: 1,
        items: (0..40).map(|n| put("a", &format!("k{n}"), &"x".repeat(40_000))).collect(),
    };
    assert_eq!(house.run(large).expect_err("too much memory").kind, Kind::Overloaded);
    assert_eq!(house.run(Command::ImportAbort { import: 1 }), Ok(Reply::Done));
    assert!(house.family(b'x').is_empty() && house.machine.counts().imports == (0, 0));
}

#[test]
fn an_import_that_does_not_fit_what_is_there_changes_nothing_and_a_late_one_is_given_up() {
    let mut house = House::new();
    house.put("a", "k4", "1");
    let items = (0..5).map(|n| put_if("a", &format!("k{n}"), "2", Expect::Absent)).collect();
    assert_eq!(house.import(1, vec![items]).map(drop), Ok(()), "the first slice is fine");
    let mut done = house.run(Command::ImportAdvance { import: 1 });
    while done.is_ok() {
        done = house.run(Command::ImportAdvance { import: 1 });
    }
    assert_eq!(done.expect_err("k4 is there").kind, Kind::Precondition);
    assert_eq!((house.machine.publishing(), house.machine.position(), house.machine.counts().keys), (None, 2, 1));
    assert_eq!(house.machine.dry_run_import(1).expect_err("says the same").kind, Kind::Precondition);
    house.write(vec![delete("a", "k4")]).expect("writes go on");
    assert_eq!(house.machine.dry_run_import(1).expect("fits now")[&Action::ConfigCreated], 5);
    house.entry.time_ms += 10_000;
    assert!(house.machine.wants_sweep(house.entry.time_ms));
    house.put("a", "x", "1");
    assert_eq!(house.machine.import(1).expect_err("took too long").kind, Kind::NotFound);
    assert!(house.family(b'x').is_empty());
}

#[test]
fn versions_seen_until_an_import_is_visible_stay_until_then() {
    let mut house = House::new();
    house.write(vec![namespace("a", keeping(1)), put("a", "k", "1")]).expect("writes");
    let reply = house.import(1, vec![vec![put("a", "k", "2"), put("a", "k", "3")], vec![put("a", "l", "1")]]).expect("begins");
    let mut progress = reply;
    while matches!(progress, Reply::Import(progress) if progress.visible.is_none()) {
        assert_eq!(house.text("a", "k").as_deref(), Some("1"));
        progress = house.run(Command::ImportAdvance { import: 1 }).expect("advances");
    }
    assert_eq!(house.text("a", "k").as_deref(), Some("3"));
    house.put("a", "k", "4");
    assert_eq!(house.machine.versions("a", "k", None, 9).expect("is there").0.len(), 1, "the next write drops them");
}

#[test]
fn reads_that_may_not_wait_say_so() {
    let mut house = House::with(Options { cache_bytes: 0, ..options() });
    house.put("a", "k", "1");
    assert!(house.machine.get("a", "k", At::Latest, Cold::Refuse).is_some(), "what is not settled is in memory");
    house.settle();
    assert!(house.machine.get("a", "k", At::Latest, Cold::Refuse).is_none());
    let query = ListQuery { namespace: "a".into(), ..ListQuery::default() };
    assert!(house.machine.list(&query, Cold::Refuse).is_none());
    let bare = ListQuery { omits_content: true, ..query };
    assert_eq!(
        house.machine.list(&bare, Cold::Refuse).expect("takes no disk").expect("is there").items[0].content,
        Content::Omitted
    );
    assert_eq!(
        house.machine.get("a", "x", At::Latest, Cold::Refuse).expect("is known").expect_err("is not there").kind,
        Kind::NotFound
    );
}

#[test]
fn a_page_of_the_audit_trail_looks_at_so_much_and_no_more() {
    let mut house = House::new();
    let operations: Vec<Operation> = (0..10_000).map(|number| put("a", &format!("k{number}"), "v")).collect();
    house.write(operations).expect("writes");
    house
        .transact(Transaction { context: context("bob"), operations: vec![put("b", "k", "v")], ..Transaction::default() })
        .expect("writes");
    let query =
        AuditQuery { action: Some(Action::NamespaceUpdated), namespace: Some("a".into()), limit: 1, ..AuditQuery::default() };
    let page = house.machine.audit(&query).expect("reads");
    assert!(page.records.is_empty());
    let next = page.next.expect("there is more to look at");
    assert_eq!(next, 10_002 - 4_096);
    let (mut pages, mut query) = (1, AuditQuery { after: Some(next), ..query });
    while let Some(next) = house.machine.audit(&query).expect("reads").next {
        (pages, query.after) = (pages + 1, Some(next));
    }
    assert_eq!(pages, 3 - 1 + 1 - 1);
    let events = house.machine.events(0, &Filter::Namespace("b".into()), 10, true).expect("reads");
    assert_eq!((events.events.len(), events.through), (2, 10_003), "another namespace's changes are not looked at");
    let page = house.machine.audit(&AuditQuery { key: Some("k".into()), ..AuditQuery::default() });
    assert_eq!(page.expect_err("a key of nowhere").kind, Kind::Invalid);
}

#[test]
fn a_state_that_was_taken_over_is_gone_on_with() {
    let mut from = House::new();
    for number in 0..300 {
        from.put("a", &format!("k{}", number % 40), &format!("v{number}"));
    }
    from.import(3, vec![vec![put("a", "k1", "staged"), put("b", "k", "staged"), put("b", "l", "staged")]]).expect("begins");
    from.settle();
    let mut into = House::new();
    into.put("z", "k", "is replaced");
    let earlier = into.machine.clone();
    let mut stage = into.tree.stage().expect("stages");
    let snapshot = from.tree.snapshot();
    for pair in snapshot.range(Bytes::new(), Bytes::from_static(&[0xff; 8]), Direction::Forward) {
        stage.push(pair.expect("reads")).expect("takes");
    }
    into.table.replace(stage.finish(snapshot.mark().clone()).expect("is whole")).expect("replaces");
    into.machine.reload().expect("loads");
    assert_eq!((earlier.position(), earlier.publishing()), (301, Some(3)), "every clone sees it");
    assert_eq!((into.text("z", "k"), into.text("a", "k1").as_deref()), (None, Some("v281")));
    for house in [&mut from, &mut into] {
        let next = house.run(Command::ImportAdvance { import: 3 }).expect("advances");
        assert_eq!(house.finish(3, next).visible, Some((302, 305)));
        house.put("a", "k2", "after");
    }
    assert_eq!(from.machine.root(306), into.machine.root(306));
    assert_eq!(into.text("b", "k").as_deref(), Some("staged"));
}
