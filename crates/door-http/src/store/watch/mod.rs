//! Watching: changes as they come, from any position on, each once and in order.
//!
//! A stream of server-sent events names each change by its position, so that a client that comes back says where it was
//! (`Last-Event-ID`, which browsers send by themselves, or `?since=`) and misses nothing. The twin waits once, and answers with JSON.

mod hub;
mod told;

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use config::{At, Cold, Filter};
use futures_util::{FutureExt, future::BoxFuture, stream};
use tokio::time::Instant;

pub(crate) use self::hub::Hub;
use self::{
    hub::{Taken, Watcher},
    told::Frame,
};
use super::{
    ConfigDoor,
    call::{Call, POSITION, of_read},
    json,
    path::malformed,
};
use crate::{
    keys::{Caller, Operation as Right},
    limits::{STORE_WAIT_MAX, WATCH_HEARTBEAT},
    problem::{Problem, Reason},
    room::Share,
};

/// What a watch is about, by the parameters; and in which namespace it has to be allowed.
fn asked(call: &Call) -> Result<(Filter, Option<String>), Problem> {
    let text = |name: &str| call.query.owned(name);
    let (namespace, below, key, prefix) = (text("namespace"), text("below"), text("key"), text("prefix"));
    let check = |path: &str| config::check_namespace(path).map_err(|error| Problem::new(Reason::Invalid, error.message));
    let filter = match (namespace, below, key, prefix) {
        (None, None, None, None) => return Ok((Filter::All, None)),
        (None, Some(path), None, None) => {
            check(&path)?;
            return Ok((Filter::Below(path.clone()), Some(path)));
        }
        (Some(path), None, None, None) => Filter::Namespace(path),
        (Some(path), None, Some(key), None) => Filter::Key(path, key),
        (Some(path), None, None, Some(prefix)) => Filter::Keys(path, prefix),
        _ => return Err(malformed("watch a namespace, one of its keys or a prefix of them, all below a path, or everything")),
    };
    let path = match &filter {
        Filter::Namespace(path) | Filter::Key(path, _) | Filter::Keys(path, _) => path.clone(),
        Filter::All | Filter::Below(_) => return Err(malformed("a watch of this kind has no namespace")),
    };
    check(&path)?;
    Ok((filter, Some(path)))
}

/// Where to begin: after this position.
async fn since(call: &Call) -> Result<u64, Problem> {
    let told = match call.header("last-event-id")?.filter(|id| !id.is_empty()) {
        Some(id) => Some(id.parse().map_err(|_| malformed("Last-Event-ID is a position, as the events have it"))?),
        None => call.query.number("since")?,
    };
    let Some(since) = told else {
        call.settle().await?;
        return Ok(call.store.position());
    };
    if since > call.store.position() {
        // This node may be behind the one that told it.
        call.store.barrier().await.map_err(|error| super::call::not_confirmed(&error))?;
        let last = call.store.position();
        if since > last {
            let text = format!("position {since} is not there yet, and {last} is the last one: begin from there, or read anew");
            return Err(Problem::new(Reason::Position, text).with("position", last));
        }
    }
    Ok(since)
}

pub(crate) fn watch(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let (filter, namespace) = asked(call)?;
        call.demand(Right::Read, namespace.as_deref())?;
        let with_values = call.query.flag("values", true)?;
        let wait = call.wait()?;
        let wants_json = call.header("accept")?.is_some_and(|accept| accept.starts_with("application/json"));
        let cursor = since(call).await?;
        let share = call.door.0.watchers.take(1)?;
        let watcher = call.door.hub(&call.store).watch(filter, cursor);
        if wait.is_some() || wants_json {
            return once(call, watcher, cursor, with_values, wait.unwrap_or_default()).await;
        }
        let Some(caller) = call.caller.clone() else {
            return Err(Problem::new(Reason::Unauthenticated, "say who asks: send an API key as X-Api-Key: KEY"));
        };
        let version = call.door.doorkeeper().version();
        let guard = Guard { door: call.door.clone(), caller, namespace, version };
        Ok(stream_of(Watch { watcher, guard, cursor, with_values, begun: false, _share: share }))
    }
    .boxed()
}

/// Whether who watches still may.
struct Guard {
    door: ConfigDoor,
    caller: Caller,
    namespace: Option<String>,
    version: u64,
}

impl Guard {
    fn lets_stay(&mut self) -> bool {
        let doorkeeper = self.door.doorkeeper();
        // A key that expires is told by nothing else than looking at it.
        let renewed = doorkeeper.renew(&self.caller);
        let Ok(renewed) = renewed else { return false };
        self.version = doorkeeper.version();
        self.caller = renewed;
        doorkeeper.may(&self.caller, Right::Read, self.namespace.as_deref())
    }

    /// Whether rights have changed since they were looked at last.
    fn is_stale(&self) -> bool {
        self.door.doorkeeper().version() != self.version
    }
}

/// A stream of events.
struct Watch {
    watcher: Watcher,
    guard: Guard,
    cursor: u64,
    with_values: bool,
    begun: bool,
    _share: Share,
}

fn stream_of(watch: Watch) -> Response {
    let pieces = stream::unfold(watch, async |mut watch: Watch| {
        let piece = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), watch))
    });
    let mut response = json::of_type("text/event-stream", Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather what they pass on would keep events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Watch {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            self.begun = true;
            // Where it begins is told at once: a client that is cut off before the first event knows what it has.
            return Some(Bytes::from(format!("retry: 1000\nid: {}\n\n", self.cursor)));
        }
        let heartbeat = Instant::now() + WATCH_HEARTBEAT;
        loop {
            if self.guard.is_stale() && !self.guard.lets_stay() {
                return None;
            }
            match self.watcher.take(self.cursor, self.with_values) {
                Taken::Closed => return None,
                Taken::Frames(frames, through) => {
                    self.cursor = self.cursor.max(through);
                    return Some(joined(&frames));
                }
                Taken::Behind => {
                    let _turn = self.guard.door.0.readers.acquire().await.ok()?;
                    let (frames, through) = match self.watcher.read(self.cursor, self.with_values).await {
                        Ok(read) => read,
                        Err(error) => {
                            tracing::warn!(%error, "a watch ends, since its past cannot be read");
                            return None;
                        }
                    };
                    self.cursor = self.cursor.max(through);
                    if !frames.is_empty() {
                        return Some(joined(&frames));
                    }
                }
                Taken::Nothing(through) => {
                    self.cursor = self.cursor.max(through);
                    if tokio::time::timeout_at(heartbeat, self.watcher.bell.rung()).await.is_err() {
                        // Tells where it is, too, so that a watch that comes back has little to look at.
                        return self
                            .guard
                            .lets_stay()
                            .then(|| Bytes::from(format!(": {}\nid: {}\n\n", self.cursor, self.cursor)));
                    }
                }
            }
        }
    }
}

fn joined(frames: &[Frame]) -> Bytes {
    match frames {
        [one] => one.whole.clone(),
        several => {
            let mut out = BytesMut::with_capacity(several.iter().map(|frame| frame.whole.len()).sum());
            several.iter().for_each(|frame| out.extend_from_slice(&frame.whole));
            out.freeze()
        }
    }
}

/// The twin: what there is, or what comes in time.
async fn once(call: &Call, watcher: Watcher, from: u64, with_values: bool, wait: Duration) -> Result<Response, Problem> {
    let give_up = Instant::now() + wait;
    let mut cursor = from;
    let frames = loop {
        match watcher.take(cursor, with_values) {
            Taken::Closed => return Err(Problem::new(Reason::Unavailable, "this node is stopping: go to another one")),
            Taken::Frames(frames, through) => {
                cursor = cursor.max(through);
                break frames;
            }
            Taken::Behind => {
                let _turn = call.door.0.readers.acquire().await;
                let (frames, through) = watcher.read(cursor, with_values).await.map_err(|error| of_read(&error))?;
                cursor = cursor.max(through);
                if !frames.is_empty() {
                    break frames;
                }
            }
            Taken::Nothing(through) => {
                cursor = cursor.max(through);
                if tokio::time::timeout_at(give_up, watcher.bell.rung()).await.is_err() {
                    break Vec::new();
                }
            }
        }
    };
    let mut out = b"{\"events\":".to_vec();
    out.extend_from_slice(&json::array(&frames, |out, frame| out.extend_from_slice(&frame.json)));
    json::number(&mut out, "position", cursor);
    out.push(b'}');
    let mut response = json::ok(out);
    response.headers_mut().insert(POSITION, HeaderValue::from(cursor));
    Ok(response)
}

/// Waits until a key is not any more as the client has it, by `?since=` or `If-None-Match`.
pub(crate) async fn wait_for_key(call: &Call, wait: Duration) -> Result<(), Problem> {
    let since = match call.query.number("since")? {
        Some(since) => Some(since),
        None => call.query.number("index")?,
    };
    if since.is_none() && call.header("if-none-match")?.is_none() {
        return Err(malformed("wait needs the position that you have: say it with since, or with If-None-Match"));
    }
    let _share = call.door.0.watchers.take(1)?;
    let filter = Filter::Key(call.namespace().to_owned(), call.key().to_owned());
    let watcher = call.door.hub(&call.store).watch(filter, call.store.position());
    let give_up = Instant::now() + wait.min(STORE_WAIT_MAX);
    loop {
        call.settle().await?;
        let found = call.store.machine().get(call.namespace(), call.key(), At::Latest, Cold::Refuse);
        let position = match found {
            None => {
                let (namespace, key) = (call.namespace().to_owned(), call.key().to_owned());
                let read = call.store.read(move |machine, cold| machine.get(&namespace, &key, At::Latest, cold)).await;
                read.ok().map(|(stored, _)| stored.position)
            }
            Some(found) => found.ok().map(|(stored, _)| stored.position),
        };
        let is_known = match (position, since) {
            // It is not there: that is news unless it never was.
            (None, _) => since == Some(0),
            (Some(position), Some(since)) => position <= since,
            (Some(position), None) => call.has(position)?,
        };
        if !is_known || tokio::time::timeout_at(give_up, watcher.bell.rung()).await.is_err() {
            return Ok(());
        }
        // What rang is looked at: the next change rings again.
        if matches!(watcher.take(call.store.position(), false), Taken::Closed) {
            return Err(Problem::new(Reason::Unavailable, "this node is stopping: go to another one"));
        }
    }
}
