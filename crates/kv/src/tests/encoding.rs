//! The encoding of commands: unique, bounded, and as `docs/formats/kv.md` draws it.

use bytes::Bytes;
use proptest::prelude::*;

use super::{random, support::*};
use crate::{Command, CompareTarget, Comparison, Operation, PutRequest, Txn, fuzz, limits::TXN_DEPTH_MAX};

fn encode(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.encode(&mut out);
    out
}

/// The bytes of an example in the page, which follows the line that ends with `name`.
fn example(name: &str) -> Vec<u8> {
    let page = include_str!("../../../../docs/formats/kv.md");
    let (_, rest) = page.split_once(&format!("{name}:\n\n```text\n")).expect("the page has the example");
    let (drawing, _) = rest.split_once("```").expect("the example ends");
    let digits: Vec<&str> = drawing.split_whitespace().collect();
    digits.iter().map(|digits| u8::from_str_radix(digits, 16).expect("two digits")).collect()
}

#[test]
fn the_page_draws_what_is_written() {
    let put = Command::Put(PutRequest { lease: 3, prev_kv: true, ..put_request("k", "val") });
    assert_eq!(encode(&put), example("Put `val` at `k` on lease 3, with the state before"));
    let txn = txn(
        vec![compare("k", "", Comparison::Equal, CompareTarget::Mod(2))],
        vec![Operation::Put(put_request("k", "v"))],
        vec![],
    );
    assert_eq!(encode(&txn), example("If `k` was last changed at revision 2, put `v`"));
}

#[test]
fn the_page_draws_what_is_stored() {
    use crate::{
        index::Meta,
        record::{At, Content, Keys, Version, encode_superseded},
    };
    let keys = Keys::new(base::KeyspaceId(1));
    let at = At { main: 5, sub: 0 };
    let version = Version {
        key: bytes("k"),
        prev: Some(At { main: 2, sub: 0 }),
        create: 2,
        version: 2,
        lease: 0,
        value_len: 3,
        content: Content::Value(bytes("val")),
    };
    assert_eq!(keys.version(at), example("Key of the change at revision 5"));
    assert_eq!(version.encode(), example("Record of it: `k` becomes `val`, created at 2 and last changed there"));
    let before = At { main: 2, sub: 0 };
    assert_eq!(keys.superseded(b"a\0b", before), example("Key of the version of `a`, zero, `b` that was written at revision 2"));
    let meta = Meta { create: 2, main: 2, version: 1, lease: 0, sub: 0, value_len: 3 };
    assert_eq!(encode_superseded(5, &meta), example("Record of it: replaced at revision 5, three bytes long"));
}

#[test]
fn transactions_nest_only_so_deep() {
    let nest = |depth: usize| {
        let mut txn = Txn::default();
        for _ in 1..depth {
            txn = Txn { success: vec![Operation::Txn(txn)], ..Txn::default() };
        }
        encode(&Command::Txn(txn))
    };
    assert!(Command::decode(nest(TXN_DEPTH_MAX).into()).is_ok());
    assert!(Command::decode(nest(TXN_DEPTH_MAX + 1).into()).is_err());
}

#[test]
fn bytes_that_nobody_wrote_are_refused_without_room_for_them() {
    for data in [
        &b""[..],
        b"\x01",
        b"\x02\x08\0\0\0\0\0\0\0\0",
        b"\x01\x0b",
        b"\x01\x03\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
        b"\x01\x06\0\0\0\0\0\0\0\0\xff\xff\xff\xff",
        b"\x01\x01\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x01\x08\0\0\0\0\0\0\0\0\0",
    ] {
        let error = Command::decode(Bytes::from_static(data)).expect_err("is refused");
        // A later version is no damage: whoever meets it is not rebuilt for it.
        let expected = if data.starts_with(b"\x02") { base::Kind::Unsupported } else { base::Kind::Corrupt };
        assert_eq!(error.kind, expected);
    }
}

/// Cuts, flips and repeats parts of good commands, in an order that a small generator decides.
#[test]
fn mutated_commands_never_harm() {
    let corpus = [
        encode(&put("key", "value")),
        encode(&delete("key", "\0")),
        encode(&txn(
            vec![compare("k", "z", Comparison::Less, value("v"))],
            vec![
                Operation::Range(all()),
                Operation::Txn(Txn { failure: vec![Operation::Put(put_request("a", "b"))], ..Txn::default() }),
            ],
            vec![],
        )),
        encode(&Command::LeaseExpire { term: 3, ids: vec![1, 2, 3] }),
        encode(&Command::LeaseCheckpoint { term: 3, remaining: vec![(1, 2)] }),
        encode(&Command::Alarm { member: 1, alarm: 1, raise: true }),
    ];
    let mut seed = 0x2545_F491_4F6C_DD1Du64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).expect("31 bits") % below.max(1)
    };
    for _ in 0..100_000 {
        let mut data = corpus[draw(corpus.len())].clone();
        for _ in 0..=draw(3) {
            let at = draw(data.len());
            match draw(4) {
                0 => data.truncate(at),
                1 => data.insert(at, u8::try_from(draw(256)).expect("a byte")),
                2 => data.extend_from_within(at..),
                _ if at < data.len() => data[at] = [0, 1, 0x7f, 0xff, u8::try_from(draw(256)).expect("a byte")][draw(5)],
                _ => {}
            }
        }
        fuzz(&data);
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(command in random::any_command()) {
        prop_assert_eq!(Command::decode(encode(&command).into()), Ok(command));
    }
}
