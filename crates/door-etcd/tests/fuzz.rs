//! The decoders over their corpus and over deterministic mutations of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{fs, path::Path};

use bytes::Bytes;
use door_etcd::{
    fuzz,
    pb::{
        Compare, DeleteRangeRequest, LeaseGrantRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest,
        WatchRequest, request_op::Request, watch_request::RequestUnion,
    },
};
use prost::Message;

const MUTATIONS_PER_CASE: usize = 3000;

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn case(kind: u8, message: &impl Message) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(message.encode_to_vec());
    out
}

/// A transaction inside a transaction, `depth` times, encoded from the inside out.
fn nested(depth: usize) -> Vec<u8> {
    let mut txn = Vec::new();
    for _ in 0..depth {
        txn = field(2, &field(4, &txn));
    }
    txn
}

fn field(number: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encode_length_delimiter(body.len(), &mut out).unwrap();
    out.extend_from_slice(body);
    out
}

fn seeds() -> Vec<Vec<u8>> {
    let put = PutRequest { key: "k".into(), value: "v".into(), lease: 7, prev_kv: true, ..PutRequest::default() };
    let range = RangeRequest {
        key: "a".into(),
        range_end: "\0".into(),
        limit: -1,
        sort_order: 2,
        sort_target: 4,
        ..RangeRequest::default()
    };
    let delete = DeleteRangeRequest { key: "a".into(), range_end: "b".into(), prev_kv: true };
    let txn = TxnRequest {
        compare: vec![Compare { key: "k".into(), range_end: "z".into(), target: 3, ..Compare::default() }],
        success: vec![op(Request::RequestPut(put.clone())), op(Request::RequestRange(range.clone()))],
        failure: vec![op(Request::RequestDeleteRange(delete.clone())), op(Request::RequestTxn(TxnRequest::default()))],
    };
    let create = WatchCreateRequest { key: "k".into(), filters: vec![0, 1], watch_id: -1, ..WatchCreateRequest::default() };
    let watch = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    let grant = LeaseGrantRequest { ttl: i64::MAX, id: i64::MIN };
    let mut seeds =
        vec![case(0, &range), case(1, &put), case(2, &delete), case(3, &txn), case(4, &range), case(5, &watch), case(6, &grant)];
    seeds.push([vec![3], nested(30)].concat());
    seeds
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!cases.is_empty(), "the corpus is missing");
    cases
}

/// A small generator of its own, so that a failure repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    fn mutate(&mut self, case: &[u8]) -> Vec<u8> {
        let mut out = case.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(5) {
                0 => out.truncate(at),
                1 => out.insert(at, byte),
                2 => out.extend_from_within(at..),
                _ if out.is_empty() => out.push(byte),
                3 => out[at] = byte,
                _ => out[at] ^= 1 << (byte % 8),
            }
        }
        out
    }
}

fn feed(data: &[u8]) {
    fuzz::request(data);
    fuzz::framing(data);
    fuzz::backup(data);
}

#[test]
fn the_corpus_and_its_mutations_do_no_harm() {
    let mut chance = Chance(1);
    for case in seeds().into_iter().chain(corpus()) {
        feed(&case);
        for _ in 0..MUTATIONS_PER_CASE {
            feed(&chance.mutate(&case));
        }
    }
}

#[test]
fn whole_requests_are_served_and_broken_ones_are_not() {
    for seed in seeds().iter().filter(|seed| seed[0] != 4) {
        assert!(fuzz::request(seed), "{seed:?}");
    }
    for broken in
        [&b"\x01\x0a"[..], b"\x01\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x01\x0b", b"\x01\x07", b"\x01\x0a\x05a"]
    {
        assert!(!fuzz::request(broken), "{broken:?}");
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let mut data = case(1, &PutRequest { key: "k".into(), ..PutRequest::default() });
    data.extend([0xf8, 0x07, 0x01, 0xfa, 0x07, 0x02, b'x', b'y']);
    assert!(fuzz::request(&data));
}

#[test]
fn a_transaction_ten_thousand_deep_is_an_error() {
    assert!(fuzz::request(&[vec![3], nested(40)].concat()));
    for depth in [60, 1000, 10_000] {
        assert!(!fuzz::request(&[vec![3], nested(depth)].concat()));
    }
}

#[test]
fn messages_are_found_in_whatever_frames_they_come() {
    let mut body = Vec::new();
    for message in [&b"first"[..], b"", b"a third one"] {
        body.push(0);
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend_from_slice(message);
    }
    for size in 1..=255 {
        assert_eq!(fuzz::framing(&[vec![size], body.clone()].concat()), 3, "frames of {size}");
        let cut = &body[..body.len() - 1];
        assert_eq!(fuzz::framing(&[&[size], cut].concat()), 2);
    }
    let compressed = Bytes::from_static(b"\xff\x01\0\0\0\x01x");
    assert_eq!(fuzz::framing(&compressed), 0);
    assert_eq!(fuzz::framing(b"\xff\0\xff\xff\xff\xffx"), 0);
}
