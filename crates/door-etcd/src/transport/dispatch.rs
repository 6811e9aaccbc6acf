//! From a request's path to its handler and back.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body::Body;
use prost::Message;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{
    call::{Head, is_grpc},
    message::Messages,
    method::Method,
    reply::{self, Arrivals, Counted, Encoded, Ending, Reply, Room, late},
};
use crate::{
    Context, Metrics,
    handlers::{cluster, health, kv, lease, maintenance},
    limits,
    pb::grpc::health::v1::HealthCheckRequest,
    status::status,
    watch,
};

/// What all requests of one connection share.
pub(crate) struct Dispatch {
    pub(crate) context: Arc<Context>,
    pub(crate) metrics: Arc<Metrics>,
    /// See [`limits::UNFINISHED_BYTES_PER_CONNECTION`].
    pub(crate) budget: Arc<Semaphore>,
    /// How many watches the connection may have open.
    pub(crate) watches: watch::WatchBudget,
    /// Room for what its client has not taken yet.
    pub(crate) room: Room,
}

/// One call on its way.
struct Call<B> {
    context: Arc<Context>,
    messages: Messages<B>,
    watches: watch::WatchBudget,
    room: Room,
    timeout: Option<Duration>,
    /// When the call came; known only where there is a deadline.
    arrived: Option<Instant>,
    counted: Counted,
}

impl Dispatch {
    /// Answers one request.
    pub(crate) async fn answer<B>(&self, request: Request<B>) -> Response<Reply>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: std::fmt::Display,
    {
        if !is_grpc(&request) {
            self.metrics.foreign();
            let mut response = Response::new(Reply::Empty);
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
        let Some(method) = Method::of_path(request.uri().path()) else {
            self.metrics.unknown();
            return reply::refused(&Status::unimplemented(format!("unknown method {}", request.uri().path())));
        };
        let counted = Counted::start(self.metrics.clone(), method);
        match self.admit(&request) {
            Ok(head) => {
                let bytes_max = self.context.options.request_bytes_max + limits::MESSAGE_OVERHEAD_BYTES;
                let messages = Messages::new(request.into_body(), bytes_max, self.budget.clone());
                let arrived = head.timeout.map(|_| Instant::now());
                let (context, watches, room) = (self.context.clone(), self.watches.clone(), self.room.clone());
                let call = Call { context, messages, watches, room, timeout: head.timeout, arrived, counted };
                call.run(method).await
            }
            Err(refused) => reply::refusal(&refused, counted),
        }
    }

    /// What can be refused before the body is looked at.
    fn admit<B>(&self, request: &Request<B>) -> Result<Head, Status> {
        let head = Head::of(request.headers())?;
        if head.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(late());
        }
        if head.requires_leader {
            self.context.require_leader().map_err(status)?;
        }
        Ok(head)
    }
}

impl From<lease::Refused> for Status {
    fn from(refused: lease::Refused) -> Status {
        status(refused.0)
    }
}

impl<B> Call<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    /// The frequent methods first; the others' futures are boxed, so that they do not make every call's larger.
    async fn run(self, method: Method) -> Response<Reply> {
        match method {
            Method::Range => self.unary(async |context, request| kv::range(context, request).await).await,
            Method::Put => self.unary(async |context, request| kv::put(context, request).await).await,
            Method::Txn => self.unary(async |context, request| kv::txn(context, request).await).await,
            _ => Box::pin(self.run_other(method)).await,
        }
    }

    async fn run_other(self, method: Method) -> Response<Reply> {
        match method {
            Method::DeleteRange => self.unary(async |context, request| kv::delete_range(context, request).await).await,
            Method::Compact => self.unary(async |context, request| kv::compact(context, request).await).await,
            Method::RangeStream => self.server_stream(async |context, request| kv::range_stream(context, request).await).await,
            Method::Watch => self.watch(),
            Method::LeaseGrant => self.unary(async |context, request| lease::grant(context, request).await).await,
            Method::LeaseRevoke => self.unary(async |context, request| lease::revoke(context, request).await).await,
            Method::LeaseKeepAlive => self.keep_alive(),
            Method::LeaseTimeToLive => self.unary(async |context, request| lease::time_to_live(context, request).await).await,
            Method::LeaseLeases => self.unary(async |context, request| lease::leases(context, request).await).await,
            Method::MemberList => self.unary(async |context, request| cluster::member_list(context, request).await).await,
            Method::Alarm => self.unary(async |context, request| maintenance::alarm(context, request).await).await,
            Method::Status => self.unary(async |context, request| maintenance::status(context, request).await).await,
            Method::Defragment => self.unary(async |context, request| maintenance::defragment(context, request).await).await,
            Method::Hash => self.unary(async |context, request| maintenance::hash(context, request).await).await,
            Method::HashKv => self.unary(async |context, request| maintenance::hash_kv(context, request).await).await,
            Method::Snapshot => self.server_stream(async |context, request| maintenance::snapshot(context, request).await).await,
            Method::HealthCheck => self.unary(async |context, request| health::check(context, &request)).await,
            Method::HealthWatch => self.health_watch().await,
            other => {
                let text = format!("{}.{} is not supported yet", other.service(), other.name());
                reply::refusal(&Status::unimplemented(text), self.counted)
            }
        }
    }

    /// One message in, one out, within the client's deadline.
    async fn unary<Q, A, F>(mut self, handler: F) -> Response<Reply>
    where
        Q: Message + Default,
        A: Message,
        F: AsyncFnOnce(&Context, Q) -> base::Result<A>,
    {
        let limit = self.timeout;
        let context = self.context.clone();
        let answered = within(limit, async {
            let request = self.request().await?;
            self.still_in_time()?;
            handler(&context, request).await.map_err(status)
        });
        let outcome = answered.await;
        reply::unary(outcome, &self.room, self.counted).await
    }

    /// One message in, many out.
    async fn server_stream<Q, A, F>(mut self, handler: F) -> Response<Reply>
    where
        Q: Message + Default,
        A: Message + 'static,
        F: AsyncFnOnce(&Context, Q) -> base::Result<mpsc::Receiver<base::Result<A>>>,
    {
        let limit = self.timeout;
        let context = self.context.clone();
        let opened = within(limit, async {
            let request = self.request().await?;
            self.still_in_time()?;
            handler(&context, request).await.map_err(status)
        });
        match opened.await {
            Ok(receiver) => {
                let parts = ReceiverStream::new(receiver).map(|part| part.map_err(status));
                streamed(&self.context, limit, encoded(parts), self.counted)
            }
            Err(refused) => reply::refusal(&refused, self.counted),
        }
    }

    /// A call whose deadline has passed is not executed, however short the deadline was.
    fn still_in_time(&self) -> Result<(), Status> {
        let passed = self.arrived.zip(self.timeout).is_some_and(|(arrived, timeout)| arrived.elapsed() >= timeout);
        if passed { Err(late()) } else { Ok(()) }
    }

    /// The one request of a call that has only one.
    async fn request<Q: Message + Default>(&mut self) -> Result<Q, Status> {
        let arrived = timeout(limits::MESSAGE_TIMEOUT, self.messages.only()).await;
        let message = arrived.map_err(|_| Status::deadline_exceeded("the request took too long to arrive"))??;
        self.counted.arrivals().count(message.len());
        decode(message)
    }

    fn watch(self) -> Response<Reply> {
        let request_bytes_max = self.context.options.request_bytes_max + limits::MESSAGE_OVERHEAD_BYTES;
        let options = watch::WatchOptions { request_bytes_max, budget: self.watches, ..watch::WatchOptions::default() };
        let requests = decoded(self.messages, self.counted.arrivals());
        let responses = Box::pin(watch::stream(self.context.keyspace.clone(), requests, options));
        streamed(&self.context, self.timeout, responses, self.counted)
    }

    fn keep_alive(self) -> Response<Reply> {
        let requests = decoded(self.messages, self.counted.arrivals());
        let responses = encoded(lease::keep_alive(self.context.clone(), requests));
        streamed(&self.context, self.timeout, responses, self.counted)
    }

    async fn health_watch(mut self) -> Response<Reply> {
        match self.request::<HealthCheckRequest>().await {
            Ok(request) => {
                let states = health::watch(&self.context, &request).map(Ok);
                streamed(&self.context, self.timeout, encoded(states), self.counted)
            }
            Err(refused) => reply::refusal(&refused, self.counted),
        }
    }
}

/// Messages out, until they end, the client's deadline passes or the door closes.
fn streamed(context: &Context, limit: Option<Duration>, messages: Encoded, counted: Counted) -> Response<Reply> {
    let mut serving = context.serving.clone();
    let closed = async move {
        // A door that is gone is closed, too.
        let _ = serving.wait_for(|serving| !serving).await;
    };
    let deadline = limit.map(|limit| Box::pin(sleep(limit)));
    reply::messages(messages, Ending { deadline, closed: Box::pin(closed) }, counted)
}

async fn within<T>(limit: Option<Duration>, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    match limit {
        Some(limit) => timeout(limit, work).await.unwrap_or_else(|_| Err(late())),
        None => work.await,
    }
}

fn decode<M: Message + Default>(message: Bytes) -> Result<M, Status> {
    M::decode(message).map_err(|error| Status::internal(format!("grpc: error unmarshalling request: {error}")))
}

/// The decoded messages of a request; after an error nothing follows.
fn decoded<M, B>(messages: Messages<B>, arrivals: Arrivals) -> impl Stream<Item = Result<M, Status>> + Send + 'static
where
    M: Message + Default + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    stream::unfold(Some((messages, arrivals)), |state| async move {
        let (mut messages, arrivals) = state?;
        let message = messages.next().await.transpose()?.inspect(|message| arrivals.count(message.len()));
        let message = message.and_then(decode);
        let next = message.is_ok().then_some((messages, arrivals));
        Some((message, next))
    })
}

fn encoded<M: Message>(messages: impl Stream<Item = Result<M, Status>> + Send + 'static) -> Encoded {
    Box::pin(messages.map(|message| message.map(|message| Bytes::from(message.encode_to_vec()))))
}
