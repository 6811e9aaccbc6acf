//! Reads, writes, transactions and compaction.

use base::{Error, Result};
use kv::{Command, Operation, Reply, Txn};
use prost::Message;
use replica::Lane;
use tokio::sync::mpsc;

use super::{Context, unexpected};
use crate::{convert, limits, pb, validate};

/// Reads one key or a range, linearizable unless the request asks for less.
///
/// # Errors
/// As etcd's: no key, sort option, compacted or future revision.
pub async fn range(context: &Context, request: pb::RangeRequest) -> Result<pb::RangeResponse> {
    let linearizable = !request.serializable;
    let request = checked_range(request)?;
    if linearizable {
        context.keyspace.barrier().await?;
    }
    range_anywhere(context, request).await
}

/// The first part of [`range`], before its barrier: what is asked, if it may be asked.
///
/// # Errors
/// As etcd's: no key, sort option.
pub fn checked_range(request: pb::RangeRequest) -> Result<kv::RangeRequest> {
    validate::range(&request)?;
    convert::range_request(request)
}

/// The last part of [`range`], behind its barrier.
///
/// # Errors
/// As etcd's: compacted or future revision.
pub async fn range_anywhere(context: &Context, request: kv::RangeRequest) -> Result<pb::RangeResponse> {
    let (reply, revision) = context.keyspace.range(request).await?;
    Ok(convert::range_response(reply, Some(context.header_at(revision))))
}

/// The same from memory alone, for callers that must not wait; `None`: some of it is on disk, or not recovered yet.
pub fn range_in_memory(context: &Context, request: &kv::RangeRequest) -> Option<Result<pb::RangeResponse>> {
    if !context.keyspace.is_recovered() {
        return None;
    }
    let answer = context.keyspace.machine().range(request, kv::Cold::Refuse)?;
    Some(answer.map(|(reply, revision)| convert::range_response(reply, Some(context.header_at(revision)))))
}

/// The same in parts of bounded size; the last one carries header, `more` and `count`.
///
/// # Errors
/// As [`range`], and `Unsupported` for what cannot be streamed; later ones come as the stream's last item.
pub async fn range_stream(
    context: &Context,
    request: pb::RangeRequest,
) -> Result<mpsc::Receiver<Result<pb::RangeStreamResponse>>> {
    validate::range_stream(&request)?;
    if !request.serializable {
        context.keyspace.barrier().await?;
    }
    context.keyspace.recovered().await?;
    let request = convert::range_request(request)?;
    let (parts, receiver) = mpsc::channel(limits::PARTS_WAITING_MAX);
    let keyspace = context.keyspace.clone();
    tokio::task::spawn_blocking(move || {
        let outcome = send_parts(&keyspace, &request, &parts);
        if let Err(error) = outcome {
            // A client that left does not need to know.
            let _ = parts.blocking_send(Err(error));
        }
    });
    Ok(receiver)
}

/// Sends each part when the next one is known, since only the last one carries the header.
fn send_parts(
    keyspace: &replica::Keyspace,
    request: &kv::RangeRequest,
    parts: &mpsc::Sender<Result<pb::RangeStreamResponse>>,
) -> Result<(), Error> {
    let send = |part: kv::RangeReply, header| {
        let response = convert::range_response(part, header);
        parts.blocking_send(Ok(pb::RangeStreamResponse { range_response: Some(response) })).is_ok()
    };
    let mut held: Option<(kv::RangeReply, i64)> = None;
    let mut listening = true;
    keyspace.machine().range_chunks(request, limits::RANGE_PART_BYTES, &mut |part, revision| {
        if let Some((before, _)) = held.replace((part, revision)) {
            listening = send(before, None);
        }
        listening
    })?;
    if let Some((last, revision)) = held.filter(|_| listening) {
        send(last, Some(convert::header(keyspace.header_at(revision))));
    }
    Ok(())
}

/// Writes one key.
///
/// # Errors
/// As etcd's: no key, value or lease beside `ignore_*`, too large, unknown lease, unknown key with `ignore_*`.
pub async fn put(context: &Context, request: pb::PutRequest) -> Result<pb::PutResponse> {
    validate::put(&request)?;
    validate::size(request.encoded_len(), context.options.request_bytes_max)?;
    let command = Command::Put(convert::put_request(request));
    match context.keyspace.propose(Lane::Normal, command).await? {
        (Reply::Put(reply), revision) => Ok(convert::put_response(reply, Some(context.header_at(revision)))),
        _ => Err(unexpected()),
    }
}

/// Deletes one key or a range.
///
/// # Errors
/// As etcd's: no key.
pub async fn delete_range(context: &Context, request: pb::DeleteRangeRequest) -> Result<pb::DeleteRangeResponse> {
    validate::delete(&request)?;
    validate::size(request.encoded_len(), context.options.request_bytes_max)?;
    let command = Command::Delete(convert::delete_request(request));
    match context.keyspace.propose(Lane::Normal, command).await? {
        (Reply::Delete(reply), revision) => Ok(convert::delete_response(reply, Some(context.header_at(revision)))),
        _ => Err(unexpected()),
    }
}

/// Runs a transaction; one that only reads does not go through the log.
///
/// # Errors
/// As etcd's: too many operations, a key changed twice, and what its operations alone would be refused for.
pub async fn txn(context: &Context, request: pb::TxnRequest) -> Result<pb::TxnResponse> {
    validate::txn(&request, context.options.txn_ops_max)?;
    let (bytes, local) = (request.encoded_len(), asks_for_local_reads(&request));
    let txn = convert::txn_request(request)?;
    let (reply, revision) = if writes(&txn) {
        validate::size(bytes, context.options.request_bytes_max)?;
        match context.keyspace.propose(Lane::Normal, Command::Txn(txn)).await? {
            (Reply::Txn(reply), revision) => (reply, revision),
            _ => return Err(unexpected()),
        }
    } else {
        if !local {
            context.keyspace.barrier().await?;
        }
        context.keyspace.read_txn(txn).await?
    };
    Ok(convert::txn_response(reply, context.header_at(revision)))
}

/// Whether a transaction reads, and asks for local reads wherever it does. Its compares read too, so one without any other
/// read stays linearizable.
fn asks_for_local_reads(request: &pb::TxnRequest) -> bool {
    let mut operations = request.success.iter().chain(&request.failure).peekable();
    operations.peek().is_some()
        && operations.all(|operation| match &operation.request {
            Some(pb::request_op::Request::RequestRange(range)) => range.serializable,
            _ => false,
        })
}

fn writes(txn: &Txn) -> bool {
    txn.success.iter().chain(&txn.failure).any(|operation| match operation {
        Operation::Range(_) => false,
        Operation::Put(_) | Operation::Delete(_) => true,
        Operation::Txn(inner) => writes(inner),
    })
}

/// Forgets what was superseded up to a revision; a physical one returns when its space is given back.
///
/// # Errors
/// `OutOfRange` with etcd's texts for a revision that is compacted already or does not exist yet.
pub async fn compact(context: &Context, request: pb::CompactionRequest) -> Result<pb::CompactionResponse> {
    context.keyspace.propose(Lane::Normal, Command::Compact { revision: request.revision }).await?;
    if request.physical {
        context.keyspace.reclaim().await?;
    }
    Ok(pb::CompactionResponse { header: Some(context.header()) })
}
