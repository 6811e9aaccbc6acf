//! The encoding of commands and records: unique, bounded, and as `docs/formats/config.md` draws it.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    random,
    support::{delete, put_if},
};
use crate::{
    Action, Command, Context, Expect, NamespaceId, Operation, Record, StoreId, Transaction, Value, ValueType, Who, fuzz,
    keys::Keys,
    record::{
        Answer, Draft, Meta, PathRecord, Publishing, Slot, Version, decode_chunk, decode_held, decode_import, decode_number,
    },
    sha256,
};

proptest! {
    #[test]
    fn commands_come_back(command in random::any_command(), cut in any::<prop::sample::Index>()) {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        prop_assert_eq!(Command::decode(encoded.clone().into()), Ok(command.clone()));
        let cut = cut.index(encoded.len());
        let is_chunk = matches!(command, Command::PutChunk { .. });
        prop_assert!(is_chunk || Command::decode(encoded[..cut].to_vec().into()).is_err(), "no command is the beginning of another");
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&bytes);
    }

    #[test]
    fn a_byte_that_was_changed_does_no_harm(command in random::any_command(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let at = at.index(encoded.len());
        encoded[at] = byte;
        fuzz(&encoded);
    }
}

fn encode(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.encode(&mut out);
    out
}

/// The bytes of an example in the page, which follows the line that ends with `name`.
fn example(name: &str) -> Vec<u8> {
    let page = include_str!("../../../../docs/formats/config.md");
    let (_, rest) = page.split_once(&format!("{name}:\n\n```text\n")).expect("the page has the example");
    let (drawing, _) = rest.split_once("```").expect("the example ends");
    let digits: Vec<&str> = drawing.split_whitespace().collect();
    digits.iter().map(|digits| u8::from_str_radix(digits, 16).expect("two digits")).collect()
}

#[test]
fn the_page_draws_what_travels() {
    let who = Who { principal: "ann".into(), ..Who::default() };
    let context = Context { who, ..Context::default() };
    let mut operations = vec![put_if("a", "k", "val", Expect::Version(2))];
    if let Operation::Put(put) = &mut operations[0] {
        put.creates_namespace = false;
    }
    let write = Command::Write(Transaction { context, operations, ..Transaction::default() });
    assert_eq!(encode(&write), example("`ann` puts `val` at `k` in `a`, if it is at version 2"));
    let part = Command::ImportPart { import: 9, part: 0, items: vec![delete("a", "k")] };
    assert_eq!(encode(&part), example("A part of import 9 that deletes `k` in `a`, whatever it is"));
}

#[test]
fn the_page_draws_what_is_stored() {
    let (keys, id) = (Keys::new(StoreId(0)), NamespaceId { path: 1, generation: 1 });
    assert_eq!(keys.version(id, "k", 2), example("Key of version 2 of `k` in the first namespace of path 1"));
    let value = Value::Inline("val".into());
    let version = Draft {
        position: 3,
        created: 2,
        time_ms: 1_000,
        restored: 0,
        value_type: ValueType::String,
        hash: sha256(b"val"),
        author: "ann",
        comment: "",
        value: Some(&value),
    };
    let name = "Record of it: `val`, written by `ann` at position 3 and time 1000, the key being as old as position 2";
    assert_eq!(version.encode(), example(name));
    let places = [
        keys.audit(3),
        keys.by_key(1, "k", 3),
        keys.by_actor("ann", 3),
        keys.by_action(Action::ConfigUpdated, 3),
        keys.by_namespace(1, 2),
        keys.config(1, 1),
    ];
    let name = "Key of the audit record at position 3, and of the places where it is found by key, actor, action and namespace";
    assert_eq!(places.concat(), example(name));
    let record = Record {
        position: 3,
        first: 3,
        closes: true,
        time_ms: 1_000,
        action: Action::ConfigUpdated,
        attempted: None,
        who: ["ann".to_owned(), String::new(), String::new()],
        request_id: String::new(),
        comment: String::new(),
        namespace: "a".into(),
        namespace_id: id,
        key: Some("k".into()),
        version: 2,
        replaced: 1,
        restored: 0,
        import: 0,
        keys: 0,
        value_type: ValueType::String,
        bytes: 3,
        before: Some(sha256(b"")),
        after: Some(sha256(b"val")),
        shows_values: true,
    };
    let name = "Record of it: `ann` updates `k` in `a`, version 1 becomes version 2, nothing else is known of her";
    assert_eq!(record.to_bytes(), example(name));
    assert_eq!(Record::decode(record.to_bytes().into()), Ok(record));
    let meta = Meta {
        position: 3,
        created: 2,
        version: 2,
        first: 1,
        time_ms: 1_000,
        bytes: 3,
        value_type: ValueType::String,
        is_deleted: false,
        hash: sha256(b"val"),
    };
    assert_eq!(Slot { meta, before: None }.encode(), example("The state of `k` then"));
}

/// Every decoder of records, over bytes that nobody wrote.
fn decode_all(bytes: &[u8]) {
    let data = Bytes::copy_from_slice(bytes);
    if let Ok(record) = Record::decode(data.clone()) {
        assert_eq!(record.to_bytes(), bytes, "an encoding is not unique");
    }
    if let Ok(slot) = Slot::decode(data.clone()) {
        assert_eq!(slot.encode(), bytes, "an encoding is not unique");
    }
    if let Ok(path) = PathRecord::decode(data.clone()) {
        assert_eq!(path.encode(), bytes, "an encoding is not unique");
    }
    if let Ok(publishing) = Publishing::decode(data.clone()) {
        assert_eq!(publishing.encode(), bytes, "an encoding is not unique");
    }
    if let Ok(answer) = Answer::decode(data.clone()) {
        assert_eq!(answer.encode(), bytes, "an encoding is not unique");
    }
    drop((Version::decode(data.clone()), decode_held(data.clone()), decode_chunk(data.clone()), decode_import(data.clone())));
    drop(decode_number(data));
}

proptest! {
    #[test]
    fn records_that_nobody_wrote_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 1..300), is_ours in any::<bool>()) {
        if is_ours {
            bytes[0] = 1;
        }
        decode_all(&bytes);
    }

    #[test]
    fn records_that_were_touched_do_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0..4_usize) {
        let examples = [
            "Record of it: `val`, written by `ann` at position 3 and time 1000, the key being as old as position 2",
            "Record of it: `ann` updates `k` in `a`, version 1 becomes version 2, nothing else is known of her",
            "The state of `k` then",
            "`ann` puts `val` at `k` in `a`, if it is at version 2",
        ];
        let mut bytes = example(examples[which]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        decode_all(&bytes);
    }
}

#[test]
fn lengths_are_held_against_what_is_left() {
    for data in [
        &b""[..],
        b"\x01",
        b"\x02\x0a",
        b"\x01\x0b",
        b"\x01\x0a\x00",
        b"\x01\x05\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff",
        b"\x01\x04\0\0\0\0\0\0\0\0\xff\xff\xff\x7f",
        b"\x01\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff",
    ] {
        assert!(Command::decode(Bytes::copy_from_slice(data)).is_err(), "{data:?}");
    }
    let later = Command::decode(Bytes::from_static(b"\x02\x0a")).expect_err("a later version");
    assert_eq!(later.kind, base::Kind::Unsupported);
}
