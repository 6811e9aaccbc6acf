//! The reading side of a connection: frames come in and go where they belong. It never waits for a handler, so that a slow one
//! holds up nothing but its own stream.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base::Kind;
use bytes::Buf;
use tokio::{
    io::AsyncReadExt,
    task::JoinSet,
    time::{error::Elapsed, timeout},
};

use crate::{
    Channel, Request,
    connection::Connection,
    counts::count,
    error::Lost,
    failure,
    frame::{BadFrame, Frame, FrameKind, Parser},
    limits, pipe,
    wire::ReadHalf,
};

/// Reads until the connection ends, and ends the calls that are being served with it.
pub(crate) async fn run(connection: Arc<Connection>, mut wire: ReadHalf) {
    let mut reader = Reader { connection: connection.clone(), serving: Serving::default(), calls: JoinSet::new() };
    let mut parser = Parser::new(connection.terms.channel);
    let mut lost = connection.lost.subscribe();
    while connection.is_open() {
        tokio::select! {
            biased;
            _ = lost.changed() => return,
            () = enough_was_taken(&connection) => {}
        }
        let read = timeout(connection.shared.options.silence_max, wire.read_buf(parser.room()));
        let read = tokio::select! {
            biased;
            _ = lost.changed() => return,
            read = read => read,
        };
        match reader.arrived(read) {
            Ok(()) => reader.frames(&mut parser),
            Err(lost) => connection.close(lost),
        }
    }
}

/// Returns when the streams' readers hold so little that more may be read.
async fn enough_was_taken(connection: &Connection) {
    while connection.unread.load(Ordering::Acquire) > limits::UNREAD_BYTES_MAX {
        connection.unread_fell.notified().await;
    }
}

struct Reader {
    connection: Arc<Connection>,
    serving: Serving,
    calls: JoinSet<()>,
}

/// How much is being served.
#[derive(Clone, Default)]
struct Serving(Arc<(AtomicUsize, AtomicUsize)>);

/// One call that is being served. If its handler fails, dropping this tells the peer so.
struct Served {
    connection: Arc<Connection>,
    serving: Serving,
    id: u64,
    cost: usize,
    answered: bool,
}

impl Serving {
    fn begin(&self, connection: &Arc<Connection>, id: u64, cost: usize) -> Option<Served> {
        let (calls, bytes) = &*self.0;
        let full = calls.load(Ordering::Relaxed) >= limits::CALLS_SERVED_MAX
            || bytes.load(Ordering::Relaxed) + cost > limits::CALLS_SERVED_BYTES_MAX;
        if full || !connection.owes_little() {
            return None;
        }
        calls.fetch_add(1, Ordering::Relaxed);
        bytes.fetch_add(cost, Ordering::Relaxed);
        Some(Served { connection: connection.clone(), serving: self.clone(), id, cost, answered: false })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.0.0.fetch_sub(1, Ordering::Relaxed);
        self.serving.0.1.fetch_sub(self.cost, Ordering::Relaxed);
        if !self.answered {
            let text = "the request's handler failed; whether it was carried out is not known";
            self.connection.fail(self.id, &base::Error::new(Kind::Unavailable, text));
        }
    }
}

impl Reader {
    /// What one read brought, if anything did.
    fn arrived(&self, read: Result<io::Result<usize>, Elapsed>) -> Result<(), Lost> {
        let shared = &self.connection.shared;
        match read {
            Ok(Ok(0)) => Err(Lost::new(io::ErrorKind::UnexpectedEof, "the peer closed the connection")),
            Ok(Ok(bytes)) => {
                shared.counters.read(self.connection.terms.channel, bytes);
                Ok(())
            }
            Ok(Err(error)) => Err(Lost::new(error.kind(), format!("the connection broke: {error}"))),
            Err(_) => {
                count(&shared.counters.silent);
                let text = format!("nothing came from the peer for {:?}", shared.options.silence_max);
                Err(Lost::new(io::ErrorKind::TimedOut, text))
            }
        }
    }

    /// All frames that arrived whole.
    fn frames(&mut self, parser: &mut Parser) {
        loop {
            let outcome = match parser.next() {
                Ok(None) => return,
                Ok(Some(frame)) => self.frame(frame),
                Err(bad) => return self.bad_frame(bad),
            };
            if let Err(text) = outcome {
                return self.connection.breach(text);
            }
        }
    }

    fn bad_frame(&self, bad: BadFrame) {
        self.connection.breach(&bad.to_string());
    }

    /// One frame. An error means that no peer that keeps to the protocol sends it.
    fn frame(&mut self, frame: Frame) -> Result<(), &'static str> {
        let connection = &self.connection;
        let dialled = connection.terms.dialled;
        match frame.kind {
            FrameKind::Call if !dialled => self.call(frame),
            FrameKind::Open if !dialled => self.open(&frame)?,
            FrameKind::Answer if dialled => connection.answered(frame.id, Ok(frame.body)),
            FrameKind::Failure if dialled => connection.answered(frame.id, Err(failure::decode(&frame.body))),
            FrameKind::Ping => connection.pinged(frame.id),
            FrameKind::Pong => connection.ponged(frame.id),
            FrameKind::Call | FrameKind::Open | FrameKind::Answer | FrameKind::Failure => {
                return Err("calls and streams begin on the side that dialled, and answers come from the other");
            }
            FrameKind::Message | FrameKind::Credit | FrameKind::End | FrameKind::Abort | FrameKind::Stop => {
                self.of_stream(frame)?;
            }
        }
        Ok(())
    }

    /// A frame of a stream. One of a stream that this side has ended may still have been on the way.
    fn of_stream(&self, frame: Frame) -> Result<(), &'static str> {
        let connection = &self.connection;
        let Some(pipe) = connection.stream(frame.id) else { return Ok(()) };
        match frame.kind {
            FrameKind::Message => return pipe.message(connection, frame.body),
            FrameKind::Credit if frame.body.len() == 4 => return pipe.credited((&frame.body[..]).get_u32_le() as usize),
            FrameKind::Credit => return Err("a credit has four bytes"),
            FrameKind::Stop => pipe.stopped(connection),
            kind => pipe.ended(connection, kind == FrameKind::Abort),
        }
        Ok(())
    }

    fn request(&self, frame: &Frame) -> Request {
        let terms = &self.connection.terms;
        Request { from: terms.peer, channel: terms.channel, version: terms.version, shard: frame.shard, kind: frame.message }
    }

    fn call(&mut self, frame: Frame) {
        while self.calls.try_join_next().is_some() {}
        let Some(mut served) = self.serving.begin(&self.connection, frame.id, frame.cost()) else {
            count(&self.connection.shared.counters.overloaded);
            let error = base::Error::new(Kind::Overloaded, "too many requests of this peer are being served; nothing was done");
            return self.connection.fail(frame.id, &error);
        };
        let request = self.request(&frame);
        self.calls.spawn(async move {
            let answer = served.connection.shared.handler.call(request, frame.body).await;
            if let (Channel::Snapshot, Ok(body)) = (request.channel, &answer) {
                served.connection.shared.snapshots.take(body.len()).await;
            }
            served.answered = true;
            served.connection.answer(served.id, answer);
        });
    }

    fn open(&self, frame: &Frame) -> Result<(), &'static str> {
        let connection = &self.connection;
        let Some((outgoing, incoming)) = pipe::admit(connection, frame.id)? else {
            connection.queue_small(Frame::bare(FrameKind::Abort, frame.id), false);
            connection.queue_small(Frame::bare(FrameKind::Stop, frame.id), false);
            return Ok(());
        };
        // It outlives the connection for as long as it takes to see that its stream has ended.
        let (shared, request) = (connection.shared.clone(), self.request(frame));
        tokio::spawn(async move { shared.handler.stream(request, incoming, outgoing).await });
        Ok(())
    }
}
