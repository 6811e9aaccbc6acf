//! Outputs of the hall as encoded `WatchResponse` messages: a head, then the events as the hall encoded them.

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use replica::{Header, watch::Output};

use crate::pb::{ResponseHeader, WatchResponse};

/// The id of a response that speaks of no watch, or of all.
const NO_WATCH: i64 = -1;

/// Encodes one output; `header` makes the header of a revision. `None`: the output is not a response.
pub(super) fn response(output: &Output, header: &dyn Fn(i64) -> Header) -> Option<Bytes> {
    let head =
        |revision, watch_id| WatchResponse { header: Some(wire_header(header(revision))), watch_id, ..WatchResponse::default() };
    let message = match output {
        Output::Events { id, revision, body, fragment } => {
            return Some(events(&WatchResponse { fragment: *fragment, ..head(*revision, *id) }, body));
        }
        Output::Created { id, revision } => WatchResponse { created: true, ..head(*revision, *id) },
        Output::Refused { revision, reason } => {
            WatchResponse { created: true, canceled: true, cancel_reason: (*reason).into(), ..head(*revision, NO_WATCH) }
        }
        Output::Canceled { id, revision } => WatchResponse { canceled: true, ..head(*revision, *id) },
        // etcd sends neither a revision nor a reason here; clients go by compact_revision.
        Output::Compacted { id, compact_revision } => {
            WatchResponse { canceled: true, compact_revision: *compact_revision, ..head(0, *id) }
        }
        Output::Progress { id, revision } => head(*revision, *id),
        Output::Failed(_) => return None,
    };
    Some(message.encode_to_vec().into())
}

/// The fields before the events have smaller numbers, so a head without events and then the events is the message.
fn events(head: &WatchResponse, body: &Bytes) -> Bytes {
    let mut message = BytesMut::with_capacity(head.encoded_len() + body.len());
    head.encode_raw(&mut message);
    message.put_slice(body);
    message.freeze()
}

fn wire_header(header: Header) -> ResponseHeader {
    ResponseHeader {
        cluster_id: header.cluster_id,
        member_id: header.member_id,
        revision: header.revision,
        raft_term: header.raft_term,
    }
}
