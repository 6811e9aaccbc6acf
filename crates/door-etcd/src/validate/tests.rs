use super::*;
use crate::limits::REQUEST_BYTES_MAX;
use crate::pb::{Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest};

fn op(request: Op) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn write(key: &'static str) -> RequestOp {
    op(Op::RequestPut(PutRequest { key: key.into(), ..PutRequest::default() }))
}

fn erase(key: &'static str, range_end: &'static str) -> RequestOp {
    op(Op::RequestDeleteRange(DeleteRangeRequest { key: key.into(), range_end: range_end.into(), prev_kv: false }))
}

fn read(key: &'static str) -> RequestOp {
    op(Op::RequestRange(RangeRequest { key: key.into(), ..RangeRequest::default() }))
}

fn inner(success: Vec<RequestOp>, failure: Vec<RequestOp>) -> RequestOp {
    op(Op::RequestTxn(TxnRequest { compare: Vec::new(), success, failure }))
}

fn judged(success: Vec<RequestOp>) -> Result<(), String> {
    txn(&TxnRequest { success, ..TxnRequest::default() }, 128).map_err(|error| error.message.into_owned())
}

const DUPLICATE: &str = "etcdserver: duplicate key given in txn request";

fn duplicate(success: Vec<RequestOp>) {
    assert_eq!(judged(success), Err(DUPLICATE.to_owned()));
}

#[test]
fn a_key_is_needed_everywhere() {
    let none = |judged: Result<()>| assert_eq!(judged.unwrap_err().message, "etcdserver: key is not provided");
    none(range(&RangeRequest::default()));
    none(put(&PutRequest::default()));
    none(delete(&DeleteRangeRequest::default()));
    none(txn(&TxnRequest { compare: vec![Compare::default()], ..TxnRequest::default() }, 128));
    none(txn(&TxnRequest { failure: vec![write("")], ..TxnRequest::default() }, 128));
    none(txn(&TxnRequest { success: vec![inner(vec![], vec![read("")])], ..TxnRequest::default() }, 128));
}

#[test]
fn what_is_to_be_kept_is_not_given_too() {
    let base = PutRequest { key: "k".into(), ..PutRequest::default() };
    let both = PutRequest { value: "v".into(), ignore_value: true, ..base.clone() };
    assert_eq!(put(&both).unwrap_err().message, "etcdserver: value is provided");
    let both = PutRequest { lease: 7, ignore_lease: true, ..base.clone() };
    assert_eq!(put(&both).unwrap_err().message, "etcdserver: lease is provided");
    assert!(put(&PutRequest { ignore_lease: true, ignore_value: true, ..base }).is_ok());
}

#[test]
fn sort_options_are_known_ones_and_streams_go_by_key() {
    let base = RangeRequest { key: "k".into(), ..RangeRequest::default() };
    for (sort_order, sort_target) in [(3, 0), (-1, 0), (0, 5)] {
        let request = RangeRequest { sort_order, sort_target, ..base.clone() };
        assert_eq!(range(&request).unwrap_err().message, "etcdserver: invalid sort option");
    }
    assert!(range_stream(&RangeRequest { sort_order: 1, ..base.clone() }).is_ok());
    for refused in [
        RangeRequest { sort_order: 2, ..base.clone() },
        RangeRequest { sort_order: 1, sort_target: 1, ..base.clone() },
        RangeRequest { min_mod_revision: 1, ..base.clone() },
        RangeRequest { max_create_revision: -1, ..base.clone() },
    ] {
        assert!(range(&refused).is_ok());
        assert_eq!(range_stream(&refused).unwrap_err().kind, Kind::Unsupported);
    }
}

#[test]
fn operations_are_counted_along_a_path() {
    let many = |count: usize| (0..count).map(|_| read("k")).collect::<Vec<_>>();
    let too_many = Err("etcdserver: too many operations in txn request".to_owned());
    assert_eq!(judged(many(128)), Ok(()));
    assert_eq!(judged(many(129)), too_many);
    // 1 outside leaves 127 inside, on either branch.
    assert_eq!(judged(vec![inner(many(127), many(127))]), Ok(()));
    assert_eq!(judged(vec![inner(many(1), many(128))]), too_many);
    let compare = vec![Compare { key: "k".into(), ..Compare::default() }; 129];
    assert!(txn(&TxnRequest { compare, ..TxnRequest::default() }, 128).is_err());
    assert_eq!(judged(vec![RequestOp::default()]), Err("etcdserver: key not found".to_owned()));
}

#[test]
fn a_key_is_changed_once() {
    duplicate(vec![write("a"), write("a")]);
    duplicate(vec![write("a"), erase("a", "")]);
    duplicate(vec![erase("a", "c"), write("b")]);
    assert_eq!(judged(vec![write("a"), write("b"), erase("c", ""), read("a")]), Ok(()));
    assert_eq!(judged(vec![erase("a", "c"), erase("b", "d")]), Ok(()));
    assert_eq!(judged(vec![erase("a", "b"), write("b")]), Ok(()));
    assert_eq!(judged(vec![erase("a", ""), write("a\0")]), Ok(()));
    // etcd does not see through this spelling of "to the end" here.
    assert_eq!(judged(vec![erase("a", "\0"), write("b")]), Ok(()));
}

#[test]
fn branches_inside_exclude_each_other_but_nothing_else() {
    assert_eq!(judged(vec![inner(vec![write("a")], vec![write("a")])]), Ok(()));
    duplicate(vec![inner(vec![write("a")], vec![]), write("a")]);
    duplicate(vec![inner(vec![], vec![write("a")]), write("a")]);
    duplicate(vec![inner(vec![write("a")], vec![]), inner(vec![], vec![write("a")])]);
    duplicate(vec![erase("a", "c"), inner(vec![write("b")], vec![])]);
    duplicate(vec![inner(vec![erase("a", "c")], vec![]), write("b")]);
    duplicate(vec![inner(vec![erase("a", "c")], vec![]), inner(vec![write("b")], vec![])]);
    assert_eq!(judged(vec![inner(vec![erase("a", "c")], vec![write("b")])]), Ok(()));
    duplicate(vec![inner(vec![inner(vec![write("a")], vec![])], vec![]), write("a")]);
}

#[test]
fn deletions_merge_into_what_a_plain_list_says() {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..2000 {
        let mut merged = Deletes::default();
        let mut plain = Vec::new();
        for _ in 0..next(8) {
            let (from, to) = (next(20), next(20));
            let bytes = |n: u64| Bytes::from(vec![u8::try_from(n).unwrap()]);
            merged.insert(bytes(from), bytes(to));
            plain.push((from, to));
        }
        for key in 0..20 {
            let held = plain.iter().any(|(from, to)| *from <= key && key < *to);
            assert_eq!(merged.hold(&Bytes::from(vec![u8::try_from(key).unwrap()])), held, "{plain:?} {key}");
        }
    }
}

#[test]
fn sizes_are_judged_with_the_envelope() {
    assert!(size(REQUEST_BYTES_MAX - ENVELOPE_BYTES, REQUEST_BYTES_MAX).is_ok());
    let error = size(REQUEST_BYTES_MAX - ENVELOPE_BYTES + 1, REQUEST_BYTES_MAX).unwrap_err();
    assert_eq!(error.message, "etcdserver: request is too large");
}
