//! What fuzzers feed: the decoders of this door as functions over bytes. Bad bytes give an error, never a panic and never more
//! memory than they are worth.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use prost::Message;
use tokio::sync::Semaphore;

use crate::{backup, convert, limits, pb, transport, validate};

/// Decodes, judges and converts one request; the first byte chooses its type. Answers whether it would be served.
pub fn request(data: &[u8]) -> bool {
    let Some((kind, data)) = data.split_first() else { return false };
    let data = Bytes::copy_from_slice(data);
    match kind % 8 {
        0 => pb::RangeRequest::decode(data).is_ok_and(|r| validate::range(&r).is_ok() && convert::range_request(r).is_ok()),
        1 => pb::PutRequest::decode(data).is_ok_and(|r| validate::put(&r).is_ok() && !convert::put_request(r).key.is_empty()),
        2 => pb::DeleteRangeRequest::decode(data)
            .is_ok_and(|r| validate::delete(&r).is_ok() && !convert::delete_request(r).span.key.is_empty()),
        3 => pb::TxnRequest::decode(data)
            .is_ok_and(|r| validate::txn(&r, limits::TXN_OPS_MAX).is_ok() && convert::txn_request(r).is_ok()),
        4 => pb::RangeRequest::decode(data).is_ok_and(|r| validate::range_stream(&r).is_ok()),
        5 => pb::WatchRequest::decode(data).is_ok(),
        6 => pb::LeaseGrantRequest::decode(data).is_ok(),
        _ => pb::AlarmRequest::decode(data).is_ok(),
    }
}

/// Takes the messages out of a request's body that arrives in frames of the first byte's length. Answers how many there were.
pub fn framing(data: &[u8]) -> usize {
    let Some((size, data)) = data.split_first() else { return 0 };
    let inbox = transport::Inbox::default();
    for frame in data.chunks(usize::from(*size).max(1)) {
        inbox.put(Bytes::copy_from_slice(frame), false);
    }
    inbox.put(Bytes::new(), true);
    let budget = Arc::new(Semaphore::new(limits::UNFINISHED_BYTES_PER_CONNECTION));
    let body = transport::Body::Coming(inbox);
    let mut messages = transport::Messages::new(body, limits::REQUEST_BYTES_MAX, budget);
    let mut count = 0;
    // Everything has arrived, so nothing is waited for.
    while let Some(Ok(Some(_))) = messages.next().now_or_never() {
        count += 1;
    }
    count
}

/// Reads a backup. Answers how many pairs came out before the end or an error.
pub fn backup(data: &[u8]) -> usize {
    backup::Reader::open(data).map_or(0, |reader| reader.take_while(Result::is_ok).count())
}
