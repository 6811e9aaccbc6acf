//! From a request's path to its handler and back.

use std::{
    future::{Future, pending},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, future::BoxFuture, stream};
use http2::Request;
use prost::Message;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{
    call::{Head, is_grpc},
    message::{self, Body, Messages},
    method::Method,
    reply::{self, Answer, Arrivals, Counted, Encoded, Ending, Reply, Room, late},
};
use crate::{
    Context, Metrics,
    handlers::{cluster, health, kv, lease, maintenance, no_leader},
    limits,
    pb::{self, grpc::health::v1::HealthCheckRequest},
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
pub(crate) struct Call {
    context: Arc<Context>,
    method: Method,
    messages: Messages,
    watches: watch::WatchBudget,
    room: Room,
    timeout: Option<Duration>,
    requires_leader: bool,
    /// When the call came; known only where there is a deadline.
    arrived: Option<Instant>,
    counted: Counted,
}

/// A linearizable read that waits for a barrier together with others of its connection.
pub(crate) struct Read {
    pub(crate) stream: u32,
    request: ::kv::RangeRequest,
    counted: Counted,
}

/// What becomes of a request.
pub(crate) enum Start {
    /// It is answered at once.
    Answered(Reply),
    /// It waits for a barrier.
    Read(Read),
    /// It has to be worked on.
    Work(Work),
}

/// Something that takes time.
pub(crate) enum Work {
    /// A call.
    Call(Box<Call>),
    /// A frequent call.
    Hot(Call),
    /// One barrier for all reads that came together.
    Barrier(Vec<Read>),
    /// A read whose values are on disk.
    Cold(Read),
    /// An answer that has to wait for room.
    Owed(pb::RangeResponse, Counted),
    /// Time passes.
    Rest(Duration),
    /// The door closes.
    Stop,
}

/// What work came to.
pub(crate) enum Done {
    Reply(Reply),
    Barrier(Vec<Read>, base::Result<()>),
    Rested,
    Stopping,
}

impl Dispatch {
    /// Looks at a request.
    pub(crate) fn start(&self, stream: u32, request: &Request, body: Body) -> Start {
        if !is_grpc(request) {
            self.metrics.foreign();
            return Start::Answered(Reply::NotFound);
        }
        let path = std::str::from_utf8(&request.path).unwrap_or_default();
        let Some(method) = Method::of_path(path) else {
            self.metrics.unknown();
            return Start::Answered(Reply::Refused(Status::unimplemented(format!("unknown method {path}"))));
        };
        let counted = Counted::start(self.metrics.clone(), method);
        match (self.admit(request), body) {
            (Err(refused), _) => Start::Answered(reply::refusal(refused, counted)),
            (Ok(Head { timeout: None, .. }), Body::Whole(body)) if method == Method::Range => self.read(stream, body, counted),
            (Ok(head), body) => Start::Work(self.call(method, &head, body, counted)),
        }
    }

    fn call(&self, method: Method, head: &Head, body: Body, counted: Counted) -> Work {
        let messages = Messages::new(body, self.message_bytes_max(), self.budget.clone());
        let arrived = head.timeout.map(|_| Instant::now());
        let (context, watches, room) = (self.context.clone(), self.watches.clone(), self.room.clone());
        let Head { timeout, requires_leader } = *head;
        let call = Call { context, method, messages, watches, room, timeout, requires_leader, arrived, counted };
        if matches!(method, Method::Range | Method::Put | Method::Txn) { Work::Hot(call) } else { Work::Call(Box::new(call)) }
    }

    fn message_bytes_max(&self) -> usize {
        self.context.options.request_bytes_max + limits::MESSAGE_OVERHEAD_BYTES
    }

    /// A read whose request is here: it is answered at once, or needs nothing but a barrier.
    fn read(&self, stream: u32, body: Bytes, counted: Counted) -> Start {
        let request = message::only(body, self.message_bytes_max()).and_then(|message| {
            counted.arrivals().count(message.len());
            decode::<pb::RangeRequest>(message)
        });
        let linearizable = request.as_ref().is_ok_and(|request| !request.serializable);
        match request.and_then(|request| kv::checked_range(request).map_err(status)) {
            Err(refused) => Start::Answered(reply::refusal(refused, counted)),
            Ok(request) if linearizable => Start::Read(Read { stream, request, counted }),
            Ok(request) => self.read_now(Read { stream, request, counted }),
        }
    }

    /// Answers a read for which the barrier has passed, if it was needed.
    pub(crate) fn read_now(&self, read: Read) -> Start {
        match kv::range_in_memory(&self.context, &read.request) {
            None => Start::Work(Work::Cold(read)),
            Some(Err(error)) => Start::Answered(reply::refusal(status(error), read.counted)),
            Some(Ok(answer)) => match answer.encoded_len() {
                len if len <= limits::GATHERED_BYTES => Start::Answered(reply::small(answer.into(), len, read.counted)),
                _ => Start::Work(Work::Owed(answer, read.counted)),
            },
        }
    }

    /// Does what takes time.
    pub(crate) async fn work(self: Arc<Self>, work: Work) -> Done {
        match work {
            Work::Hot(call) => Done::Reply(call.run_hot().await),
            Work::Call(call) => Done::Reply(Box::pin(call.run()).await),
            Work::Barrier(reads) => {
                let passed = self.context.keyspace.barrier().await;
                Done::Barrier(reads, passed)
            }
            Work::Cold(read) => {
                let answer = kv::range_anywhere(&self.context, read.request).await.map_err(status);
                Done::Reply(reply::unary(answer.map(Into::into), &self.room, read.counted).await)
            }
            Work::Owed(answer, counted) => Done::Reply(reply::unary(Ok(answer.into()), &self.room, counted).await),
            Work::Rest(time) => {
                sleep(time).await;
                Done::Rested
            }
            Work::Stop => {
                let mut serving = self.context.serving.clone();
                // A door that is gone is closed, too.
                let _ = serving.wait_for(|serving| !serving).await;
                Done::Stopping
            }
        }
    }

    /// What can be refused before the body is looked at.
    fn admit(&self, request: &Request) -> Result<Head, Status> {
        let head = Head::of(request)?;
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

impl Read {
    /// The barrier failed, and so does the read.
    pub(crate) fn refuse(self, error: base::Error) -> Reply {
        reply::refusal(status(error), self.counted)
    }
}

impl Call {
    /// The frequent methods, whose work takes no memory of its own.
    async fn run_hot(self) -> Reply {
        match self.method {
            Method::Range => self.unary(async |context, request| kv::range(context, request).await).await,
            Method::Put => self.unary(async |context, request| kv::put(context, request).await).await,
            _ => self.unary(async |context, request| kv::txn(context, request).await).await,
        }
    }

    async fn run(self) -> Reply {
        match self.method {
            Method::DeleteRange => self.seldom(async |context, request| kv::delete_range(context, request).await).await,
            Method::Compact => self.seldom(async |context, request| kv::compact(context, request).await).await,
            Method::RangeStream => self.server_stream(async |context, request| kv::range_stream(context, request).await).await,
            Method::Watch => self.watch(),
            Method::LeaseGrant => self.seldom(async |context, request| lease::grant(context, request).await).await,
            Method::LeaseRevoke => self.seldom(async |context, request| lease::revoke(context, request).await).await,
            Method::LeaseKeepAlive => self.keep_alive(),
            Method::LeaseTimeToLive => self.seldom(async |context, request| lease::time_to_live(context, request).await).await,
            Method::LeaseLeases => self.seldom(async |context, request| lease::leases(context, request).await).await,
            Method::MemberAdd => self.seldom(async |context, request| cluster::member_add(context, request).await).await,
            Method::MemberRemove => self.seldom(async |context, request| cluster::member_remove(context, request).await).await,
            Method::MemberUpdate => self.seldom(async |context, request| cluster::member_update(context, request).await).await,
            Method::MemberPromote => self.seldom(async |context, request| cluster::member_promote(context, request).await).await,
            Method::MoveLeader => self.seldom(async |context, request| maintenance::move_leader(context, request).await).await,
            Method::MemberList => self.seldom(async |context, request| cluster::member_list(context, request).await).await,
            Method::Alarm => self.seldom(async |context, request| maintenance::alarm(context, request).await).await,
            Method::Status => self.seldom(async |context, request| maintenance::status(context, request).await).await,
            Method::Defragment => self.seldom(async |context, request| maintenance::defragment(context, request).await).await,
            Method::Hash => self.seldom(async |context, request| maintenance::hash(context, request).await).await,
            Method::HashKv => self.seldom(async |context, request| maintenance::hash_kv(context, request).await).await,
            Method::Snapshot => self.server_stream(async |context, request| maintenance::snapshot(context, request).await).await,
            Method::HealthCheck => self.seldom(async |context, request| health::check(context, &request)).await,
            Method::HealthWatch => self.health_watch().await,
            other => {
                let text = format!("{}.{} is not supported yet", other.service(), other.name());
                reply::refusal(Status::unimplemented(text), self.counted)
            }
        }
    }

    /// As [`Call::unary`] for methods whose answers are encoded at once.
    async fn seldom<Q, A, F>(self, handler: F) -> Reply
    where
        Q: Message + Default,
        A: Message + 'static,
        F: AsyncFnOnce(&Context, Q) -> base::Result<A>,
    {
        self.unary(async |context, request| handler(context, request).await.map(Answer::other)).await
    }

    /// One message in, one out, within the client's deadline.
    async fn unary<Q, A, F>(mut self, handler: F) -> Reply
    where
        Q: Message + Default,
        A: Into<Answer>,
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
        reply::unary(outcome.map(Into::into), &self.room, self.counted).await
    }

    /// One message in, many out.
    async fn server_stream<Q, A, F>(mut self, handler: F) -> Reply
    where
        Q: Message + Default,
        A: Message + 'static,
        F: AsyncFnOnce(&Context, Q) -> base::Result<mpsc::Receiver<base::Result<A>>>,
    {
        let (limit, requires_leader) = (self.timeout, self.requires_leader);
        let context = self.context.clone();
        let opened = within(limit, async {
            let request = self.request().await?;
            self.still_in_time()?;
            handler(&context, request).await.map_err(status)
        });
        match opened.await {
            Ok(receiver) => {
                let parts = ReceiverStream::new(receiver).map(|part| part.map_err(status));
                streamed(&self.context, limit, requires_leader, encoded(parts), self.counted)
            }
            Err(refused) => reply::refusal(refused, self.counted),
        }
    }

    /// A call whose deadline has passed is not executed, however short the deadline was.
    fn still_in_time(&self) -> Result<(), Status> {
        let passed = self.arrived.zip(self.timeout).is_some_and(|(arrived, timeout)| arrived.elapsed() >= timeout);
        if passed { Err(late()) } else { Ok(()) }
    }

    /// The one request of a call that has only one.
    async fn request<Q: Message + Default>(&mut self) -> Result<Q, Status> {
        let message = if self.messages.are_here() {
            self.messages.only().await?
        } else {
            let arrived = timeout(limits::MESSAGE_TIMEOUT, self.messages.only()).await;
            arrived.map_err(|_| Status::deadline_exceeded("the request took too long to arrive"))??
        };
        self.counted.arrivals().count(message.len());
        decode(message)
    }

    fn watch(self) -> Reply {
        let request_bytes_max = self.context.options.request_bytes_max + limits::MESSAGE_OVERHEAD_BYTES;
        let options = watch::WatchOptions { request_bytes_max, budget: self.watches, ..watch::WatchOptions::default() };
        let requests = decoded(self.messages, self.counted.arrivals());
        let responses = Box::pin(watch::stream(self.context.keyspace.clone(), requests, options));
        streamed(&self.context, self.timeout, self.requires_leader, responses, self.counted)
    }

    fn keep_alive(self) -> Reply {
        let requests = decoded(self.messages, self.counted.arrivals());
        let responses = encoded(lease::keep_alive(self.context.clone(), requests));
        streamed(&self.context, self.timeout, self.requires_leader, responses, self.counted)
    }

    async fn health_watch(mut self) -> Reply {
        match self.request::<HealthCheckRequest>().await {
            Ok(request) => {
                let states = health::watch(&self.context, &request).map(Ok);
                streamed(&self.context, self.timeout, self.requires_leader, encoded(states), self.counted)
            }
            Err(refused) => reply::refusal(refused, self.counted),
        }
    }
}

/// Messages out, until they end, the client's deadline passes, the door closes or the leader that is required is lost.
fn streamed(context: &Context, limit: Option<Duration>, requires_leader: bool, messages: Encoded, counted: Counted) -> Reply {
    let (mut serving, mut leaderless) = (context.serving.clone(), context.leaderless.clone());
    let closed = async move {
        // A door that is gone is closed, too.
        let _ = serving.wait_for(|serving| !serving).await;
        Status::unavailable("etcdserver: server stopped")
    };
    let over: BoxFuture<'static, Status> = if requires_leader {
        Box::pin(async move {
            let lost = async move {
                if leaderless.wait_for(|leaderless| *leaderless).await.is_err() {
                    // Nobody looks any more.
                    pending::<()>().await;
                }
                status(no_leader())
            };
            tokio::select! {
                biased;
                status = closed => status,
                status = lost => status,
            }
        })
    } else {
        Box::pin(closed)
    };
    let deadline = limit.map(|limit| Box::pin(sleep(limit)));
    reply::messages(messages, Ending { deadline, over }, counted)
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
fn decoded<M>(messages: Messages, arrivals: Arrivals) -> impl Stream<Item = Result<M, Status>> + Send + 'static
where
    M: Message + Default + 'static,
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
