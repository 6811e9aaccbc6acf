//! Watch streams: requests in, encoded `WatchResponse` messages out.
//!
//! The hall keeps the watches ([`replica::watch`]); here requests become calls and outputs become messages. The stream works
//! only when the transport asks for the next message, so a client that takes nothing makes it wait, and requests are read only
//! while no answer is owed. A client that ends its side keeps its watches, as with etcd.

mod budget;
mod encode;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, future::BoxFuture, stream::BoxStream};
use kv::request::Span;
use replica::{
    Header, Keyspace, runtime,
    watch::{Hub, Output, StreamOptions, Watch, WatchStream},
};
use tonic::Status;

pub use budget::WatchBudget;

use crate::{
    pb::{WatchCreateRequest, WatchRequest, watch_create_request::FilterType, watch_request::RequestUnion},
    status::status,
};

/// etcd's time between two progress reports to an idle watch.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// The shortest such time that etcd accepts.
const PROGRESS_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// etcd's greatest message: 1.5 MiB and 512 KiB for what is around it.
const REQUEST_BYTES_MAX: usize = 2 << 20;
/// Watches on one stream, and by default on one connection.
const WATCHES_MAX: usize = 1 << 20;
/// Requests taken before the answers are looked at again.
const REQUESTS_PER_TURN: usize = 64;

const TOO_MANY: &str = "etcdserver: too many watches on this connection, cancel some or open another connection";

/// How watch streams behave.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Bytes at which a response is split when the watch allows fragments.
    pub request_bytes_max: usize,
    /// Time between two progress reports to an idle watch that asked for them; up to a tenth is added by chance.
    pub progress_interval: Duration,
    /// Watches that this stream may have open at once.
    pub watches_max: usize,
    /// What the streams of one connection share.
    pub budget: WatchBudget,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            request_bytes_max: REQUEST_BYTES_MAX,
            progress_interval: PROGRESS_INTERVAL,
            watches_max: WATCHES_MAX,
            budget: WatchBudget::new(WATCHES_MAX),
        }
    }
}

/// Serves one watch stream: requests in, encoded `WatchResponse` messages out.
pub fn stream(
    keyspace: Keyspace,
    incoming: impl Stream<Item = Result<WatchRequest, Status>> + Send + 'static,
    options: WatchOptions,
) -> impl Stream<Item = Result<Bytes, Status>> + Send + 'static {
    let hub = keyspace.watches().clone();
    let recovering = keyspace.clone();
    let ready = async move { recovering.recovered().await };
    over(hub, Box::pin(ready), Arc::new(move |revision| keyspace.header_at(revision)), incoming, options)
}

/// The same over a hub that has to become ready first, and any source of headers.
fn over(
    hub: Hub,
    ready: Ready,
    header: Arc<dyn Fn(i64) -> Header + Send + Sync>,
    incoming: impl Stream<Item = Result<WatchRequest, Status>> + Send + 'static,
    options: WatchOptions,
) -> impl Stream<Item = Result<Bytes, Status>> + Send + 'static {
    let bounds = StreamOptions { fragment_bytes: options.request_bytes_max, watches_max: options.watches_max };
    let watches = hub.stream(bounds);
    let tick = Box::pin(runtime::sleep(with_jitter(options.progress_interval)));
    let taken = options.budget.share();
    let ready = Some(ready);
    Serving {
        watches,
        ready,
        header,
        incoming: Some(Box::pin(incoming)),
        tick,
        interval: options.progress_interval,
        taken,
        over: false,
    }
}

fn with_jitter(interval: Duration) -> Duration {
    let interval = interval.max(PROGRESS_INTERVAL_MIN);
    let tenth = u64::try_from(interval.as_millis() / 10).unwrap_or(u64::MAX).max(1);
    interval + Duration::from_millis(runtime::random_u64() % tenth)
}

/// Completes when the key space holds again what its clients have seen.
type Ready = BoxFuture<'static, base::Result<()>>;

struct Serving {
    watches: WatchStream,
    /// Until it completes, nothing is begun: a watch from "now" would begin in the past.
    ready: Option<Ready>,
    header: Arc<dyn Fn(i64) -> Header + Send + Sync>,
    /// `None`: the client said that it asks for no more.
    incoming: Option<BoxStream<'static, Result<WatchRequest, Status>>>,
    tick: Pin<Box<runtime::Sleep>>,
    interval: Duration,
    taken: budget::Share,
    over: bool,
}

impl Serving {
    fn take_requests(&mut self, context: &mut Context<'_>) -> Result<(), Status> {
        for _ in 0..REQUESTS_PER_TURN {
            let Some(incoming) = self.incoming.as_mut().filter(|_| !self.watches.is_owing()) else { return Ok(()) };
            match incoming.as_mut().poll_next(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(None) => self.incoming = None,
                Poll::Ready(Some(Err(error))) => return Err(error),
                Poll::Ready(Some(Ok(request))) => self.take(request),
            }
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    fn take(&mut self, request: WatchRequest) {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => {
                if self.taken.resize(self.watches.watches() + 1) {
                    self.watches.watch(watch(create));
                } else {
                    self.watches.refuse(TOO_MANY);
                }
            }
            Some(RequestUnion::CancelRequest(cancel)) => {
                self.watches.cancel(cancel.watch_id);
            }
            Some(RequestUnion::ProgressRequest(_)) => self.watches.request_progress(),
            None => {}
        }
        self.taken.shrink(self.watches.watches());
    }

    fn poll_tick(&mut self, context: &mut Context<'_>) {
        while self.tick.as_mut().poll(context).is_ready() {
            self.watches.tick();
            self.tick = Box::pin(runtime::sleep(with_jitter(self.interval)));
        }
    }

    fn end(&mut self, last: Status) -> Poll<Option<Result<Bytes, Status>>> {
        self.over = true;
        Poll::Ready(Some(Err(last)))
    }
}

impl Stream for Serving {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(ready) = &mut self.ready {
            match ready.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return self.end(status(error)),
                Poll::Ready(Ok(())) => self.ready = None,
            }
        }
        self.poll_tick(context);
        if let Err(error) = self.take_requests(context) {
            return self.end(error);
        }
        let serving = &mut *self;
        match serving.watches.poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => self.end(Status::unavailable("etcdserver: server stopped")),
            Poll::Ready(Some(Output::Failed(error))) => self.end(status(error)),
            Poll::Ready(Some(output)) => Poll::Ready(encode::response(&output, &*serving.header).map(Ok)),
        }
    }
}

fn watch(create: WatchCreateRequest) -> Watch {
    let leaves_out = |filter: FilterType| create.filters.contains(&i32::from(filter));
    let (no_put, no_delete) = (leaves_out(FilterType::Noput), leaves_out(FilterType::Nodelete));
    Watch {
        id: create.watch_id,
        start: create.start_revision,
        no_put,
        no_delete,
        prev_kv: create.prev_kv,
        fragment: create.fragment,
        progress_notify: create.progress_notify,
        // Copied: a watch lives long, and a slice would hold on to everything that was read with it.
        span: Span { key: Bytes::copy_from_slice(&create.key), range_end: Bytes::copy_from_slice(&create.range_end) },
    }
}

#[cfg(test)]
mod tests;
