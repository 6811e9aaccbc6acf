//! A hub over a past that lies in a list, and what clients may rely on.

mod promises;
mod semantics;
mod wire;

use std::{
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
};

use base::{Error, Kind, Result};
use bytes::Bytes;
use kv::{
    Revision,
    event::{Changes, Event, EventKind},
    request::{KeyValue, Span},
};
use parking_lot::Mutex;
use prost::Message as _;

use super::{History, Hub, Output, StreamOptions, Watch, WatchStream};

/// Everything that happened, by revision from 2 on, and the compaction mark.
#[derive(Default)]
pub(super) struct Past {
    state: Mutex<(Vec<Changes>, i64)>,
}

impl Past {
    fn current(changes: &[Changes], key: &Bytes, before: i64) -> Option<KeyValue> {
        let events = changes.iter().filter(|changes| changes.revision < before).flat_map(|changes| &changes.events);
        let last = events.filter(|event| event.kv.key == *key).last()?;
        (last.kind == EventKind::Put).then(|| last.kv.clone())
    }

    /// One revision: puts with a value, deletions without.
    pub(super) fn change(&self, what: &[(&str, Option<&str>)], keep_prev: bool) -> Changes {
        let mut state = self.state.lock();
        let revision = state.0.last().map_or(1, |last| last.revision) + 1;
        let mut events = Vec::new();
        for (key, value) in what {
            let key = Bytes::copy_from_slice(key.as_bytes());
            let before = Self::current(&state.0, &key, revision);
            let prev = before.as_ref().map(|kv| Revision { main: kv.mod_revision, sub: 0 });
            let prev_kv = before.clone().filter(|_| keep_prev);
            let kind = if value.is_some() { EventKind::Put } else { EventKind::Delete };
            let kv = match value {
                Some(value) => KeyValue {
                    key,
                    create_revision: before.as_ref().map_or(revision, |kv| kv.create_revision),
                    mod_revision: revision,
                    version: before.as_ref().map_or(1, |kv| kv.version + 1),
                    value: Bytes::copy_from_slice(value.as_bytes()),
                    lease: 0,
                },
                None => KeyValue { key, mod_revision: revision, ..KeyValue::default() },
            };
            events.push(Event { kind, kv, prev, prev_kv, is_value_cold: false });
        }
        let changes = Changes { revision, events };
        state.0.push(changes.clone());
        changes
    }

    pub(super) fn compact(&self, revision: i64) {
        self.state.lock().1 = revision;
    }

    pub(super) fn all(&self) -> Vec<Changes> {
        self.state.lock().0.clone()
    }
}

impl History for Past {
    fn revision(&self) -> i64 {
        self.state.lock().0.last().map_or(1, |last| last.revision)
    }

    fn compact_revision(&self) -> i64 {
        self.state.lock().1
    }

    fn history(&self, from: i64, to: i64, span: &Span, bytes_max: usize) -> Result<(Vec<Changes>, i64)> {
        let state = self.state.lock();
        if from < state.1 {
            return Err(Error::new(Kind::OutOfRange, "etcdserver: mvcc: required revision has been compacted"));
        }
        // Small slices, so that a catch-up takes several.
        let (mut found, mut bytes) = (Vec::new(), 0);
        for changes in state.0.iter().filter(|changes| (from..=to).contains(&changes.revision)) {
            if bytes > bytes_max.min(200) {
                return Ok((found, changes.revision - 1));
            }
            let events: Vec<_> = changes.events.iter().filter(|event| holds(span, &event.kv.key)).cloned().collect();
            if !events.is_empty() {
                bytes += events.iter().map(|event| event.kv.key.len() + event.kv.value.len() + 20).sum::<usize>();
                let events = events.into_iter().map(|event| Event { prev_kv: None, ..event }).collect();
                found.push(Changes { revision: changes.revision, events });
            }
        }
        Ok((found, to))
    }

    fn previous(&self, key: &Bytes, revision: Revision) -> Result<Option<KeyValue>> {
        let state = self.state.lock();
        if revision.main < state.1 && Self::current(&state.0, key, state.1 + 1).is_none_or(|kv| kv.mod_revision != revision.main)
        {
            return Ok(None);
        }
        Ok(Self::current(&state.0, key, revision.main + 1))
    }
}

pub(super) fn holds(span: &Span, key: &[u8]) -> bool {
    match &*span.range_end {
        [] => *span.key == *key,
        [0] => *span.key <= *key,
        end => *span.key <= *key && *key < *end,
    }
}

/// `WatchResponse`'s events, `mvccpb.Event` and `KeyValue`, by another hand.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WireBody {
    #[prost(message, repeated, tag = "11")]
    pub(super) events: Vec<WireEvent>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WireEvent {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) kv: Option<WireKeyValue>,
    #[prost(message, optional, tag = "3")]
    pub(crate) prev_kv: Option<WireKeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WireKeyValue {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) key: Bytes,
    #[prost(int64, tag = "2")]
    pub(crate) create_revision: i64,
    #[prost(int64, tag = "3")]
    pub(crate) mod_revision: i64,
    #[prost(int64, tag = "4")]
    pub(crate) version: i64,
    #[prost(bytes = "bytes", tag = "5")]
    pub(crate) value: Bytes,
    #[prost(int64, tag = "6")]
    pub(crate) lease: i64,
}

impl From<KeyValue> for WireKeyValue {
    fn from(kv: KeyValue) -> Self {
        let KeyValue { key, create_revision, mod_revision, version, value, lease } = kv;
        WireKeyValue { key, create_revision, mod_revision, version, value, lease }
    }
}

pub(crate) fn decode(body: &Bytes) -> Vec<WireEvent> {
    WireBody::decode(body.clone()).expect("a body is field 11 of a response").events
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn span(key: &str, range_end: &str) -> Span {
    Span { key: bytes(key), range_end: bytes(range_end) }
}

pub(super) const OPTIONS: StreamOptions = StreamOptions { fragment_bytes: 1 << 20, watches_max: 1000 };

/// A hub and its past.
pub(super) struct Bench {
    pub(super) past: Arc<Past>,
    pub(super) hub: Hub,
}

impl Bench {
    pub(super) fn new(ring_bytes: usize) -> Bench {
        let past = Arc::new(Past::default());
        let hub = Hub::over(past.clone(), ring_bytes);
        Bench { past, hub }
    }

    pub(super) fn change(&self, what: &[(&str, Option<&str>)]) -> i64 {
        let changes = self.past.change(what, true);
        let revision = changes.revision;
        self.hub.publish(vec![changes]);
        revision
    }

    /// The same where memory had none of the values at apply.
    pub(super) fn change_cold(&self, what: &[(&str, Option<&str>)]) -> i64 {
        let mut changes = self.past.change(what, true);
        for event in &mut changes.events {
            event.is_value_cold = event.kind == EventKind::Put;
            event.kv.value = Bytes::new();
            event.prev_kv = None;
        }
        let revision = changes.revision;
        self.hub.publish(vec![changes]);
        revision
    }

    pub(super) fn put(&self, key: &str, value: &str) -> i64 {
        self.change(&[(key, Some(value))])
    }
}

/// What is there without waiting for anything but blocking reads.
pub(super) async fn drain(stream: &mut WatchStream) -> Vec<Output> {
    let mut outputs = Vec::new();
    loop {
        let ready = std::future::poll_fn(|context| Poll::Ready(stream.poll_next(context))).await;
        match ready {
            Poll::Ready(Some(output)) => outputs.push(output),
            Poll::Ready(None) => return outputs,
            Poll::Pending if stream.is_reading() => tokio::task::yield_now().await,
            Poll::Pending => return outputs,
        }
    }
}

/// The next output if there is one without waiting.
pub(super) fn now(stream: &mut WatchStream) -> Option<Output> {
    match stream.poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => None,
    }
}

#[test]
fn a_dropped_stream_leaves_nothing() {
    let bench = Bench::new(1 << 20);
    let mut stream = bench.hub.stream(OPTIONS);
    stream.watch(Watch { span: span("a", ""), ..Watch::default() });
    stream.watch(Watch { span: span("a", "b"), prev_kv: true, ..Watch::default() });
    assert_eq!(bench.hub.counts(), (1, 2));
    let bell: Weak<_> = Arc::downgrade(&bench.hub.inner.streams.lock()[0]);
    drop(stream);
    assert_eq!(bench.hub.counts(), (0, 0));
    assert!(bench.hub.inner.index.read().is_empty());
    assert!(bell.upgrade().is_none());
}

#[test]
fn the_ring_keeps_to_its_budget() {
    let bench = Bench::new(10_000);
    for _ in 0..1000 {
        bench.put("key", "value");
        assert!(bench.hub.inner.ring.read().bytes() <= 10_000);
    }
    assert_eq!(bench.hub.inner.ring.read().head(), 1001);
}
