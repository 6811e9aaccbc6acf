//! Between the wire's messages and the key space's requests and replies. Bytes are shared, not copied.

use base::{Error, Kind, Result};
use bytes::Bytes;
use kv::{CompareTarget, Comparison, Operation, OperationReply, SortOrder, SortTarget, Span};
use replica::Header;

use crate::pb::{self, compare, mvccpb, range_request, request_op::Request as Op, response_op::Response as OpReply};

/// A header for an answer.
pub fn header(header: Header) -> pb::ResponseHeader {
    pb::ResponseHeader {
        cluster_id: header.cluster_id,
        member_id: header.member_id,
        revision: header.revision,
        raft_term: header.raft_term,
    }
}

/// The header inside a transaction's answer: etcd sets only the revision there.
fn inner_header(revision: i64) -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader { revision, ..pb::ResponseHeader::default() })
}

/// A read.
///
/// # Errors
/// `Invalid` for a sort order or target that does not exist.
pub fn range_request(request: pb::RangeRequest) -> Result<kv::RangeRequest> {
    Ok(kv::RangeRequest {
        sort_order: sort_order(request.sort_order)?,
        sort_target: sort_target(request.sort_target)?,
        span: Span { key: request.key, range_end: request.range_end },
        limit: request.limit,
        revision: request.revision,
        keys_only: request.keys_only,
        count_only: request.count_only,
        min_mod_revision: request.min_mod_revision,
        max_mod_revision: request.max_mod_revision,
        min_create_revision: request.min_create_revision,
        max_create_revision: request.max_create_revision,
    })
}

fn invalid_sort() -> Error {
    Error::new(Kind::Invalid, "etcdserver: invalid sort option")
}

fn sort_order(order: i32) -> Result<SortOrder> {
    use range_request::SortOrder as Wire;
    Ok(match Wire::try_from(order).map_err(|_| invalid_sort())? {
        Wire::None => SortOrder::None,
        Wire::Ascend => SortOrder::Ascend,
        Wire::Descend => SortOrder::Descend,
    })
}

fn sort_target(target: i32) -> Result<SortTarget> {
    use range_request::SortTarget as Wire;
    Ok(match Wire::try_from(target).map_err(|_| invalid_sort())? {
        Wire::Key => SortTarget::Key,
        Wire::Version => SortTarget::Version,
        Wire::Create => SortTarget::Create,
        Wire::Mod => SortTarget::Mod,
        Wire::Value => SortTarget::Value,
    })
}

/// A write of one key.
pub fn put_request(request: pb::PutRequest) -> kv::PutRequest {
    kv::PutRequest {
        key: request.key,
        value: request.value,
        lease: request.lease,
        prev_kv: request.prev_kv,
        ignore_value: request.ignore_value,
        ignore_lease: request.ignore_lease,
    }
}

/// A deletion.
pub fn delete_request(request: pb::DeleteRangeRequest) -> kv::DeleteRequest {
    kv::DeleteRequest { span: Span { key: request.key, range_end: request.range_end }, prev_kv: request.prev_kv }
}

/// A transaction. Its depth was bounded when it was decoded.
///
/// # Errors
/// `Invalid` for numbers outside etcd's enumerations, or an operation that says nothing.
pub fn txn_request(request: pb::TxnRequest) -> Result<kv::Txn> {
    Ok(kv::Txn {
        compare: request.compare.into_iter().map(compare).collect::<Result<_>>()?,
        success: request.success.into_iter().map(operation).collect::<Result<_>>()?,
        failure: request.failure.into_iter().map(operation).collect::<Result<_>>()?,
    })
}

fn operation(operation: pb::RequestOp) -> Result<Operation> {
    Ok(match operation.request {
        Some(Op::RequestRange(range)) => Operation::Range(range_request(range)?),
        Some(Op::RequestPut(put)) => Operation::Put(put_request(put)),
        Some(Op::RequestDeleteRange(delete)) => Operation::Delete(delete_request(delete)),
        Some(Op::RequestTxn(txn)) => Operation::Txn(txn_request(txn)?),
        None => return Err(Error::new(Kind::Invalid, "etcdserver: key not found")),
    })
}

/// A target without its value, or with another target's, compares with zero or with no bytes, as etcd does.
fn compare(compare: pb::Compare) -> Result<kv::Compare> {
    use compare::{CompareResult, CompareTarget as Wire, TargetUnion};
    let unknown = |_| Error::new(Kind::Invalid, "etcdserver: invalid compare in txn request");
    let comparison = match CompareResult::try_from(compare.result).map_err(unknown)? {
        CompareResult::Equal => Comparison::Equal,
        CompareResult::Greater => Comparison::Greater,
        CompareResult::Less => Comparison::Less,
        CompareResult::NotEqual => Comparison::NotEqual,
    };
    let union = compare.target_union;
    let target = match Wire::try_from(compare.target).map_err(unknown)? {
        Wire::Version => CompareTarget::Version(if let Some(TargetUnion::Version(number)) = union { number } else { 0 }),
        Wire::Create => CompareTarget::Create(if let Some(TargetUnion::CreateRevision(number)) = union { number } else { 0 }),
        Wire::Mod => CompareTarget::Mod(if let Some(TargetUnion::ModRevision(number)) = union { number } else { 0 }),
        Wire::Lease => CompareTarget::Lease(if let Some(TargetUnion::Lease(number)) = union { number } else { 0 }),
        Wire::Value => {
            let value = if let Some(TargetUnion::Value(value)) = union { value } else { Bytes::new() };
            CompareTarget::Value { value, witness: None }
        }
    };
    Ok(kv::Compare { span: Span { key: compare.key, range_end: compare.range_end }, comparison, target })
}

/// One key's state.
pub fn key_value(kv: kv::KeyValue) -> mvccpb::KeyValue {
    mvccpb::KeyValue {
        key: kv.key,
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        version: kv.version,
        value: kv.value,
        lease: kv.lease,
    }
}

/// Answer of a read.
pub fn range_response(reply: kv::RangeReply, header: Option<pb::ResponseHeader>) -> pb::RangeResponse {
    pb::RangeResponse { header, kvs: reply.kvs.into_iter().map(key_value).collect(), more: reply.more, count: reply.count }
}

/// Answer of a write.
pub fn put_response(reply: kv::PutReply, header: Option<pb::ResponseHeader>) -> pb::PutResponse {
    pb::PutResponse { header, prev_kv: reply.prev_kv.map(key_value) }
}

/// Answer of a deletion.
pub fn delete_response(reply: kv::DeleteReply, header: Option<pb::ResponseHeader>) -> pb::DeleteRangeResponse {
    pb::DeleteRangeResponse { header, deleted: reply.deleted, prev_kvs: reply.prev_kvs.into_iter().map(key_value).collect() }
}

/// Answer of a transaction that left the key space at the header's revision.
///
/// Inside, each answer's revision is the one that its operation saw or made: the one before, until the first change.
pub fn txn_response(reply: kv::TxnReply, header: pb::ResponseHeader) -> pb::TxnResponse {
    let mut seen = header.revision - i64::from(changes(&reply));
    let after = header.revision;
    pb::TxnResponse { succeeded: reply.succeeded, responses: responses(reply.replies, &mut seen, after), header: Some(header) }
}

fn responses(replies: Vec<OperationReply>, seen: &mut i64, after: i64) -> Vec<pb::ResponseOp> {
    replies.into_iter().map(|reply| pb::ResponseOp { response: Some(response(reply, seen, after)) }).collect()
}

fn response(reply: OperationReply, seen: &mut i64, after: i64) -> OpReply {
    match reply {
        OperationReply::Range(range) => OpReply::ResponseRange(range_response(range, inner_header(*seen))),
        OperationReply::Put(put) => {
            *seen = after;
            OpReply::ResponsePut(put_response(put, inner_header(*seen)))
        }
        OperationReply::Delete(delete) => {
            if delete.deleted > 0 {
                *seen = after;
            }
            OpReply::ResponseDeleteRange(delete_response(delete, inner_header(*seen)))
        }
        OperationReply::Txn(txn) => OpReply::ResponseTxn(pb::TxnResponse {
            header: inner_header(0),
            succeeded: txn.succeeded,
            responses: responses(txn.replies, seen, after),
        }),
    }
}

/// Whether the transaction changed anything.
fn changes(reply: &kv::TxnReply) -> bool {
    reply.replies.iter().any(|reply| match reply {
        OperationReply::Range(_) => false,
        OperationReply::Put(_) => true,
        OperationReply::Delete(delete) => delete.deleted > 0,
        OperationReply::Txn(txn) => changes(txn),
    })
}

#[cfg(test)]
mod tests;
