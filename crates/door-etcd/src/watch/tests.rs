use futures_util::{StreamExt, stream::BoxStream};
use kv::{
    Revision,
    event::{Changes, Event, EventKind},
    request::KeyValue,
};
use prost::Message;
use replica::watch::History;
use tokio::sync::mpsc;

use super::*;
use crate::pb::{ResponseHeader, WatchCancelRequest, WatchProgressRequest, WatchResponse, mvccpb};

/// A past of which nothing is read: these watches live in the ring.
struct Fresh;

impl History for Fresh {
    fn revision(&self) -> i64 {
        1
    }

    fn compact_revision(&self) -> i64 {
        0
    }

    fn history(&self, _: i64, to: i64, _: &Span, _: usize) -> base::Result<(Vec<Changes>, i64)> {
        Ok((Vec::new(), to))
    }

    fn previous(&self, _: &Bytes, _: Revision) -> base::Result<Option<KeyValue>> {
        Ok(None)
    }
}

fn header(revision: i64) -> Header {
    Header { cluster_id: 11, member_id: 12, revision, raft_term: 13 }
}

fn put(key: &str, revision: i64) -> Changes {
    let key = Bytes::copy_from_slice(key.as_bytes());
    let value = Bytes::from_static(b"value");
    let kv = KeyValue { key, create_revision: revision, mod_revision: revision, version: 1, value, lease: 0 };
    Changes { revision, events: vec![Event { kind: EventKind::Put, kv, prev: None, prev_kv: None, is_value_cold: false }] }
}

struct Client {
    requests: mpsc::UnboundedSender<Result<WatchRequest, Status>>,
    responses: BoxStream<'static, Result<Bytes, Status>>,
}

impl Client {
    fn new(hub: &Hub, options: WatchOptions) -> Client {
        let (requests, mut incoming) = mpsc::unbounded_channel();
        let incoming = futures_util::stream::poll_fn(move |context| incoming.poll_recv(context));
        Client {
            requests,
            responses: over(hub.clone(), Box::pin(std::future::ready(Ok(()))), Arc::new(header), incoming, options).boxed(),
        }
    }

    fn ask(&self, request: RequestUnion) {
        self.requests.send(Ok(WatchRequest { request_union: Some(request) })).expect("the stream is open");
    }

    fn watch(&self, key: &str) {
        self.ask(RequestUnion::CreateRequest(WatchCreateRequest { key: key.to_owned().into(), ..Default::default() }));
    }

    async fn next(&mut self) -> Result<WatchResponse, Status> {
        let message = self.responses.next().await.expect("the stream goes on")?;
        let response = WatchResponse::decode(message.clone()).expect("a response");
        assert_eq!(response.encode_to_vec(), message, "byte for byte what prost would send");
        Ok(response)
    }
}

fn answer(revision: i64, watch_id: i64) -> WatchResponse {
    let header = ResponseHeader { cluster_id: 11, member_id: 12, revision, raft_term: 13 };
    WatchResponse { header: Some(header), watch_id, ..Default::default() }
}

#[tokio::test]
async fn a_watch_from_its_creation_to_its_end() {
    let hub = Hub::over(Arc::new(Fresh), 1 << 20);
    let mut client = Client::new(&hub, WatchOptions::default());
    client.watch("a");
    assert_eq!(client.next().await.expect("created"), WatchResponse { created: true, ..answer(1, 0) });
    hub.publish(vec![put("b", 2), put("a", 3)]);
    let kv = mvccpb::KeyValue {
        key: Bytes::from_static(b"a"),
        create_revision: 3,
        mod_revision: 3,
        version: 1,
        value: Bytes::from_static(b"value"),
        lease: 0,
    };
    let event = mvccpb::Event { kv: Some(kv), ..Default::default() };
    assert_eq!(client.next().await.expect("events"), WatchResponse { events: vec![event], ..answer(3, 0) });
    client.ask(RequestUnion::ProgressRequest(WatchProgressRequest {}));
    assert_eq!(client.next().await.expect("progress"), answer(3, -1));
    client.ask(RequestUnion::CancelRequest(WatchCancelRequest { watch_id: 5 }));
    client.ask(RequestUnion::CancelRequest(WatchCancelRequest { watch_id: 0 }));
    assert_eq!(client.next().await.expect("canceled"), WatchResponse { canceled: true, ..answer(3, 0) });
    hub.close();
    let last = client.next().await.expect_err("the server stops");
    assert_eq!((last.code(), last.message()), (tonic::Code::Unavailable, "etcdserver: server stopped"));
    assert!(client.responses.next().await.is_none());
}

#[tokio::test]
async fn refusals_name_the_reason() {
    let hub = Hub::over(Arc::new(Fresh), 1 << 20);
    let budget = WatchBudget::new(2);
    let mut client = Client::new(&hub, WatchOptions { budget: budget.clone(), ..WatchOptions::default() });
    let mut other = Client::new(&hub, WatchOptions { budget, ..WatchOptions::default() });
    client.ask(RequestUnion::CreateRequest(WatchCreateRequest { start_revision: -1, ..Default::default() }));
    let refused = |reason: &str| WatchResponse { created: true, canceled: true, cancel_reason: reason.into(), ..answer(1, -1) };
    assert_eq!(client.next().await.expect("refused"), refused("etcdserver: mvcc: required revision has been compacted"));
    client.watch("a");
    client.watch("b");
    client.watch("c");
    assert!(client.next().await.expect("created").created);
    assert!(client.next().await.expect("created").created);
    assert_eq!(client.next().await.expect("refused"), refused(TOO_MANY));
    other.watch("a");
    assert_eq!(other.next().await.expect("refused"), refused(TOO_MANY));
    drop(client);
    other.watch("a");
    assert_eq!(other.next().await.expect("created"), WatchResponse { created: true, ..answer(1, 0) });
}

#[tokio::test(start_paused = true)]
async fn idle_watches_hear_of_progress() {
    let hub = Hub::over(Arc::new(Fresh), 1 << 20);
    let mut client = Client::new(&hub, WatchOptions::default());
    let create = WatchCreateRequest { key: Bytes::from_static(b"a"), progress_notify: true, ..Default::default() };
    client.ask(RequestUnion::CreateRequest(create));
    assert!(client.next().await.expect("created").created);
    hub.publish(vec![put("b", 2)]);
    let begun = tokio::time::Instant::now();
    assert_eq!(client.next().await.expect("progress"), answer(2, 0));
    let waited = begun.elapsed();
    assert!((PROGRESS_INTERVAL..=PROGRESS_INTERVAL * 11 / 10 + Duration::from_secs(1)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_broken_request_stream_ends_the_watches_and_a_finished_one_does_not() {
    let hub = Hub::over(Arc::new(Fresh), 1 << 20);
    let mut client = Client::new(&hub, WatchOptions::default());
    client.requests.send(Err(Status::internal("broken"))).expect("the stream is open");
    assert_eq!(client.next().await.expect_err("the error").code(), tonic::Code::Internal);
    assert_eq!(hub.counts().1, 0);

    let mut client = Client::new(&hub, WatchOptions::default());
    client.watch("a");
    client.requests = mpsc::unbounded_channel().0;
    assert!(client.next().await.expect("created").created);
    hub.publish(vec![put("a", 2)]);
    assert_eq!(client.next().await.expect("events").events.len(), 1);
}
