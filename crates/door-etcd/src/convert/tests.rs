use kv::{DeleteReply, PutReply, RangeReply, TxnReply};

use super::*;

fn revisions(responses: &[pb::ResponseOp]) -> Vec<i64> {
    let of = |header: &Option<pb::ResponseHeader>| header.as_ref().unwrap().revision;
    let mut out = Vec::new();
    for response in responses {
        match response.response.as_ref().unwrap() {
            OpReply::ResponseRange(range) => out.push(of(&range.header)),
            OpReply::ResponsePut(put) => out.push(of(&put.header)),
            OpReply::ResponseDeleteRange(delete) => out.push(of(&delete.header)),
            OpReply::ResponseTxn(txn) => {
                assert_eq!(of(&txn.header), 0);
                out.extend(revisions(&txn.responses));
            }
        }
    }
    out
}

fn answer(replies: Vec<OperationReply>) -> Vec<i64> {
    let header = pb::ResponseHeader { revision: 7, ..pb::ResponseHeader::default() };
    revisions(&txn_response(TxnReply { succeeded: true, replies }, header).responses)
}

#[test]
fn answers_inside_a_transaction_carry_the_revision_they_saw_or_made() {
    let range = || OperationReply::Range(RangeReply::default());
    let put = || OperationReply::Put(PutReply::default());
    let delete = |deleted| OperationReply::Delete(DeleteReply { deleted, prev_kvs: Vec::new() });
    assert_eq!(answer(vec![range(), range()]), [7, 7]);
    assert_eq!(answer(vec![range(), put(), range()]), [6, 7, 7]);
    assert_eq!(answer(vec![delete(0), range(), delete(2), range()]), [6, 6, 7, 7]);
    assert_eq!(answer(vec![delete(0)]), [7]);
    let inside = OperationReply::Txn(TxnReply { succeeded: false, replies: vec![range(), put()] });
    assert_eq!(answer(vec![range(), inside, range()]), [6, 6, 7, 7]);
}

#[test]
fn compares_without_their_value_compare_with_nothing() {
    use compare::TargetUnion;
    let of = |target, target_union| {
        let wire = pb::Compare { target, target_union, key: "k".into(), result: 3, range_end: "z".into() };
        let converted = compare(wire).unwrap();
        assert_eq!(converted.comparison, Comparison::NotEqual);
        assert_eq!(converted.span, Span { key: "k".into(), range_end: "z".into() });
        converted.target
    };
    assert_eq!(of(0, Some(TargetUnion::Version(3))), CompareTarget::Version(3));
    assert_eq!(of(1, Some(TargetUnion::CreateRevision(4))), CompareTarget::Create(4));
    assert_eq!(of(2, Some(TargetUnion::ModRevision(5))), CompareTarget::Mod(5));
    assert_eq!(of(4, Some(TargetUnion::Lease(6))), CompareTarget::Lease(6));
    assert_eq!(of(2, Some(TargetUnion::Lease(6))), CompareTarget::Mod(0));
    assert_eq!(of(3, None), CompareTarget::Value { value: Bytes::new(), witness: None });
    for wire in [pb::Compare { target: 5, ..pb::Compare::default() }, pb::Compare { result: 4, ..pb::Compare::default() }] {
        assert_eq!(compare(wire).unwrap_err().kind, Kind::Invalid);
    }
}

#[test]
fn values_are_shared_not_copied() {
    let value = Bytes::from(vec![7; 100]);
    let request = put_request(pb::PutRequest { value: value.clone(), ..pb::PutRequest::default() });
    assert_eq!(request.value.as_ptr(), value.as_ptr());
    let kv = key_value(kv::KeyValue { value: value.clone(), ..kv::KeyValue::default() });
    assert_eq!(kv.value.as_ptr(), value.as_ptr());
}
