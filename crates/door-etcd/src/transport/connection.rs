//! One task for each connection: it owns the socket, the HTTP/2 engine and the calls.
//!
//! A turn takes what the socket has, starts every request that came with it, polls the calls for which something happened, and
//! writes all answers that are ready at once. Nothing is spawned for a call, and an answer is encoded straight into the bytes
//! that are written.

use std::{
    cell::RefCell,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use http2::{Code, Event, Request};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};
use tonic::Status;

use super::{
    calls::{Calls, Progress},
    dispatch::{Dispatch, Done, Read, Start, Work},
    inbox::Inbox,
    message::Body,
    reply::{PREFIX_BYTES, Piece, Reply, percent_encoded},
};
use crate::limits;

/// Response fields that every answer has.
const KNOWN_FIELDS: &[(&str, &str)] = &[("content-type", "application/grpc"), ("grpc-status", "0")];
const CONTENT_TYPE: (&[u8], &[u8]) = (b"content-type", b"application/grpc");
const GRPC_STATUS_OK: (&[u8], &[u8]) = (b"grpc-status", b"0");

thread_local! {
    /// Where bytes are read before their number is known, so that idle connections hold no buffers.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; limits::READ_BYTES_MAX].into());
}

/// A connection of a client that speaks HTTP/2. As a future it ends with the connection.
pub(super) struct Connection<S, F, W> {
    socket: S,
    engine: http2::Connection,
    input: BytesMut,
    calls: Calls<F>,
    /// Makes a future of work.
    work: W,
    dispatch: Arc<Dispatch>,
    /// Requests that came with this read and were not started yet.
    fresh: Vec<Fresh>,
    /// Reads of this turn that need a barrier.
    reads: Vec<Read>,
    life: Life,
    /// The client will send no more.
    ended: bool,
}

/// A request that has just come.
struct Fresh {
    stream: u32,
    request: Request,
    body: Option<Body>,
}

/// Whether the client shows signs of life.
struct Life {
    /// When the last whole frame came.
    heard: Instant,
    frames: u64,
    /// When it was asked for a sign, and has not given one.
    asked: Option<Instant>,
}

impl<S, F, W> Connection<S, F, W>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Done>,
    W: Fn(Arc<Dispatch>, Work) -> F + Unpin,
{
    /// `input` is what was read already, and `work` does what takes time.
    pub(super) fn new(socket: S, input: BytesMut, dispatch: Arc<Dispatch>, work: W) -> Self {
        let engine = http2::Connection::new(http2::Settings {
            streams_max: dispatch.context.options.streams_max,
            stream_window: limits::STREAM_WINDOW_BYTES,
            connection_window: limits::CONNECTION_WINDOW_BYTES,
            frame_bytes_max: limits::FRAME_BYTES_MAX,
            header_list_bytes_max: limits::HEADER_LIST_BYTES_MAX,
            known_fields: KNOWN_FIELDS,
        });
        let life = Life { heard: Instant::now(), frames: 0, asked: None };
        let mut connection = Self {
            socket,
            engine,
            input,
            calls: Calls::new(),
            work,
            dispatch,
            fresh: Vec::new(),
            reads: Vec::new(),
            life,
            ended: false,
        };
        connection.start(0, None, Work::Stop);
        connection.start(0, None, Work::Rest(limits::KEEPALIVE_INTERVAL));
        connection.take_input();
        connection
    }

    fn start(&mut self, stream: u32, inbox: Option<Inbox>, work: Work) {
        let future = (self.work)(self.dispatch.clone(), work);
        self.calls.start(stream, inbox, future);
    }

    /// Reads once, unless the client leaves what it is owed. `true`: something came.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended || self.engine.is_over() || self.engine.output().len() >= limits::OUTPUT_BYTES_WHILE_READING {
            return Poll::Pending;
        }
        let count = SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer))?;
            self.input.extend_from_slice(buffer.filled());
            Poll::Ready(io::Result::Ok(buffer.filled().len()))
        });
        match ready!(count)? {
            0 => self.ended = true,
            _ => self.take_input(),
        }
        Poll::Ready(Ok(()))
    }

    /// Takes everything that came, and starts what it asks for.
    fn take_input(&mut self) {
        while let Some(event) = self.engine.receive(&mut self.input) {
            self.take_event(event);
        }
        if self.input.is_empty() && self.input.capacity() > limits::INPUT_BYTES_KEPT {
            self.input = BytesMut::new();
        }
        if self.life.frames != self.engine.frames() {
            self.life = Life { heard: Instant::now(), frames: self.engine.frames(), asked: None };
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        for request in fresh.drain(..) {
            self.take_request(request);
        }
        self.fresh = fresh;
        self.wait_for_barrier();
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Request { stream, request, end } => {
                let body = end.then(|| Body::Whole(bytes::Bytes::new()));
                self.fresh.push(Fresh { stream, request, body });
            }
            Event::Data { stream, data, end } => self.take_data(stream, data, end),
            Event::Reset { stream, .. } => {
                self.fresh.retain(|fresh| fresh.stream != stream);
                if let Some(place) = self.calls.of(stream) {
                    self.calls.end(place);
                }
            }
            Event::Pong => self.life.asked = None,
            Event::Leaving(_) => {}
            Event::Closed(fault) => tracing::debug!(%fault, "a client's connection is closed"),
        }
    }

    fn take_data(&mut self, stream: u32, data: bytes::Bytes, end: bool) {
        let Some(fresh) = self.fresh.iter_mut().rev().find(|fresh| fresh.stream == stream) else {
            let place = self.calls.of(stream);
            match place.and_then(|place| self.calls.inbox(place)) {
                Some(inbox) => inbox.put(data, end),
                // Its answer is on the way, and nobody reads the rest.
                None => self.engine.release(stream, data.len()),
            }
            return;
        };
        if end && fresh.body.is_none() {
            self.engine.release(stream, data.len());
            fresh.body = Some(Body::Whole(data));
            return;
        }
        if fresh.body.is_none() {
            fresh.body = Some(Body::Coming(Inbox::default()));
        }
        if let Some(Body::Coming(inbox)) = &fresh.body {
            inbox.put(data, end);
        }
    }

    fn take_request(&mut self, fresh: Fresh) {
        let body = fresh.body.unwrap_or_else(|| Body::Coming(Inbox::default()));
        let inbox = if let Body::Coming(inbox) = &body { Some(inbox.clone()) } else { None };
        let start = self.dispatch.start(fresh.stream, &fresh.request, body);
        self.take_start(fresh.stream, inbox, start);
    }

    fn take_start(&mut self, stream: u32, inbox: Option<Inbox>, start: Start) {
        match start {
            Start::Answered(reply) => self.reply(stream, reply, None),
            Start::Read(read) => self.reads.push(read),
            Start::Work(work) => self.start(stream, inbox, work),
        }
    }

    /// All reads that came together wait for one barrier.
    fn wait_for_barrier(&mut self) {
        if !self.reads.is_empty() {
            let reads = std::mem::take(&mut self.reads);
            self.start(0, None, Work::Barrier(reads));
        }
    }

    /// Polls the calls for which something happened. `true`: there were any.
    fn poll_calls(&mut self, cx: &Context<'_>) -> bool {
        self.calls.gather(cx);
        let mut moved = false;
        while let Some(place) = self.calls.next_due() {
            moved = true;
            let (stream, progress) = self.calls.poll(place);
            if let Some(inbox) = self.calls.inbox(place) {
                self.engine.release(stream, inbox.taken());
            }
            match progress {
                Poll::Pending => {}
                Poll::Ready(Progress::Answered(done)) => self.take_done(stream, place, done),
                Poll::Ready(Progress::Sent(piece)) => self.take_piece(stream, place, piece),
            }
        }
        moved
    }

    fn take_done(&mut self, stream: u32, place: usize, done: Done) {
        match done {
            Done::Reply(reply) => self.reply(stream, reply, Some(place)),
            Done::Barrier(reads, passed) => {
                self.calls.end(place);
                for read in reads {
                    let start = match &passed {
                        Ok(()) => (read.stream, self.dispatch.read_now(read)),
                        Err(error) => (read.stream, Start::Answered(read.refuse(error.clone()))),
                    };
                    self.take_start(start.0, None, start.1);
                }
            }
            Done::Rested => {
                self.calls.end(place);
                self.watch_life();
            }
            Done::Stopping => {
                self.calls.end(place);
                self.engine.leave();
            }
        }
    }

    /// Time has passed: a client that has been silent for long is asked for a sign of life, or given up.
    fn watch_life(&mut self) {
        self.engine.rest();
        self.give_up_untaken();
        self.calls.shrink();
        let now = Instant::now();
        if !self.engine.output().is_empty() {
            // The client has not taken what it is owed, a question among it perhaps. That has a deadline of its own.
            self.life.asked = None;
            return self.start(0, None, Work::Rest(limits::KEEPALIVE_TIMEOUT));
        }
        if self.life.asked.is_some() {
            tracing::debug!("a client gives no sign of life");
            return self.engine.abort(Code::NO_ERROR);
        }
        let silent = now.saturating_duration_since(self.life.heard);
        let next = match limits::KEEPALIVE_INTERVAL.checked_sub(silent) {
            Some(left) if !left.is_zero() => left.max(limits::KEEPALIVE_TIMEOUT),
            _ => {
                self.life.asked = Some(now);
                self.engine.ping();
                limits::KEEPALIVE_TIMEOUT
            }
        };
        self.start(0, None, Work::Rest(next));
    }

    /// Drops answers whose client gives them no window for long. Answers of many messages hold little, and a slow watcher may be
    /// as slow as it likes.
    fn give_up_untaken(&mut self) {
        for stream in self.engine.stalled(limits::UNTAKEN_RESTS_MAX) {
            if self.calls.of(stream).is_none() {
                tracing::debug!(stream, "a client does not take an answer");
                self.engine.reset(stream, Code::CANCEL);
            }
        }
    }

    /// Answers a call; `place` is where it stood, if it took time.
    fn reply(&mut self, stream: u32, reply: Reply, place: Option<usize>) {
        match reply {
            Reply::Small(answer, len) => {
                let write = |out: &mut Vec<u8>| answer.write(len, out);
                self.engine.answer(stream, &[CONTENT_TYPE], PREFIX_BYTES + len, write, &[GRPC_STATUS_OK]);
            }
            Reply::Large(framed) => {
                self.engine.respond(stream, 200, &[CONTENT_TYPE], false);
                self.engine.send(stream, framed);
                self.engine.finish(stream, &[GRPC_STATUS_OK]);
            }
            Reply::Refused(status) => {
                with_status(&status, |fields| {
                    self.engine.respond(stream, 200, &[&[CONTENT_TYPE], fields].concat(), true);
                });
            }
            Reply::NotFound => {
                self.engine.respond(stream, 404, &[], true);
            }
            Reply::Messages(outgoing) => {
                if let Some(place) = place
                    && self.engine.respond(stream, 200, &[CONTENT_TYPE], false)
                {
                    self.calls.send(place, outgoing);
                    return self.calls.again(place);
                }
            }
        }
        if let Some(place) = place {
            self.calls.end(place);
        }
    }

    fn take_piece(&mut self, stream: u32, place: usize, piece: Piece) {
        match piece {
            Piece::Data(data) => {
                self.engine.send(stream, data);
                // A stream that is full is polled again when its client took some.
                if self.engine.capacity(stream).is_some_and(|room| room > 0) {
                    self.calls.again(place);
                }
            }
            Piece::End(status) => {
                with_status(&status, |fields| self.engine.finish(stream, fields));
                self.calls.end(place);
            }
        }
    }

    /// Writes once what there is. `true`: something was written, or there is room for more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        self.engine.pump();
        let mut moved = false;
        while let Some(stream) = self.engine.next_with_room() {
            if let Some(place) = self.calls.of(stream) {
                self.calls.again(place);
                moved = true;
            }
        }
        let output = self.engine.output();
        if output.is_empty() {
            // TLS may hold what the client did not take yet.
            if let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(cx) {
                flushed?;
            }
            return Ok(moved);
        }
        let Poll::Ready(written) = Pin::new(&mut self.socket).poll_write(cx, output) else { return Ok(moved) };
        match written? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => {
                self.engine.written(count);
                Ok(true)
            }
        }
    }
}

impl<S, F, W> Future for Connection<S, F, W>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Done>,
    W: Fn(Arc<Dispatch>, Work) -> F + Unpin,
{
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        for _ in 0..limits::ROUNDS_PER_TURN {
            let read = this.poll_read(cx)?.is_ready();
            let called = this.poll_calls(cx);
            let written = this.poll_write(cx)?;
            if this.engine.output().is_empty() && (this.ended || this.engine.is_over()) {
                return Pin::new(&mut this.socket).poll_shutdown(cx);
            }
            if !read && !called && !written {
                return Poll::Pending;
            }
        }
        // Others have their turn before this connection goes on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// gRPC's status as fields.
fn with_status<T>(status: &Status, give: impl FnOnce(&[(&[u8], &[u8])]) -> T) -> T {
    let code = (status.code() as i32).to_string();
    let code = (&b"grpc-status"[..], code.as_bytes());
    if status.message().is_empty() {
        return give(&[code]);
    }
    let message = percent_encoded(status.message());
    give(&[code, (b"grpc-message", message.as_bytes())])
}
