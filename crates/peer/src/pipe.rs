//! One end of a stream: messages in order, both ways, bounded by credit.
//!
//! A message counts its bytes and [`limits::FRAME_COST_BYTES`], at most half of the receiver's window, so that one message always
//! fits in the end. The receiver gives credit back when its reader has taken a quarter of the window.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{BufMut, Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};

use crate::{
    Channel,
    connection::Connection,
    error::Lost,
    frame::{Frame, FrameKind},
    limits,
};

/// What both halves of a stream's end share with the connection.
pub(crate) struct Pipe {
    id: u64,
    /// Bytes that may still be sent.
    credit: Semaphore,
    /// Bytes sent for which no credit came back.
    on_the_way: AtomicUsize,
    /// Bytes received for which no credit was given back.
    held: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    /// Where received messages go, until that direction has ended.
    incoming: Option<mpsc::UnboundedSender<Result<Bytes, Lost>>>,
    /// Why nothing can be sent any more.
    unsendable: Option<Lost>,
}

/// The sending half of a stream. Dropping it without [`Outgoing::finish`] tells the peer that the stream broke off.
pub struct Outgoing {
    pipe: Arc<Pipe>,
    connection: Arc<Connection>,
}

/// The receiving half of a stream. Dropping it tells the peer that no more is taken.
pub struct Incoming {
    pipe: Arc<Pipe>,
    connection: Arc<Connection>,
    /// Bounded by the credit given: the peer is cut off when it sends more.
    messages: mpsc::UnboundedReceiver<Result<Bytes, Lost>>,
    /// Taken by the reader and not given back as credit yet.
    taken: usize,
    ended: bool,
}

/// What a message counts against a window.
fn cost(body: &Bytes, window: usize) -> usize {
    (body.len() + limits::FRAME_COST_BYTES).min(window / 2)
}

impl Pipe {
    fn new(id: u64, connection: &Connection) -> (Arc<Self>, mpsc::UnboundedReceiver<Result<Bytes, Lost>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let pipe = Self {
            id,
            credit: Semaphore::new(connection.terms.credit),
            on_the_way: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            state: Mutex::new(State { incoming: Some(sender), unsendable: None }),
        };
        (Arc::new(pipe), receiver)
    }

    /// A message came. An error means that the peer does not keep to its credit.
    pub(crate) fn message(&self, connection: &Connection, body: Bytes) -> Result<(), &'static str> {
        let window = connection.shared.stream_credit();
        let cost = cost(&body, window);
        let state = self.state.lock();
        // After this side has closed, what was still on the way is dropped.
        let Some(incoming) = &state.incoming else { return Ok(()) };
        if self.held.fetch_add(cost, Ordering::AcqRel) + cost > window {
            return Err("a stream sent more than its credit");
        }
        connection.unread.fetch_add(body.len(), Ordering::AcqRel);
        // The other half takes this sender away before it goes.
        let _ = incoming.send(Ok(body));
        Ok(())
    }

    /// More may be sent.
    pub(crate) fn credited(&self, bytes: usize) -> Result<(), &'static str> {
        let less = |on_the_way: usize| on_the_way.checked_sub(bytes);
        if self.on_the_way.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_err() {
            return Err("a stream was given more credit than it used");
        }
        self.credit.add_permits(bytes);
        Ok(())
    }

    /// The peer sends no more: done, or broken off.
    pub(crate) fn ended(&self, connection: &Connection, broken: bool) {
        let mut state = self.state.lock();
        let incoming = state.incoming.take();
        if let Some(incoming) = incoming.filter(|_| broken) {
            let _ = incoming.send(Err(Lost::new(io::ErrorKind::ConnectionAborted, "the peer broke the stream off")));
        }
        self.forget_if_over(connection, &state);
    }

    /// The peer takes no more.
    pub(crate) fn stopped(&self, connection: &Connection) {
        let mut state = self.state.lock();
        self.end_sending(&mut state, Lost::new(io::ErrorKind::BrokenPipe, "the peer takes no more of this stream"));
        self.forget_if_over(connection, &state);
    }

    /// The connection is gone.
    pub(crate) fn lose(&self, lost: &Lost) {
        let mut state = self.state.lock();
        if let Some(incoming) = state.incoming.take() {
            let _ = incoming.send(Err(lost.clone()));
        }
        self.end_sending(&mut state, lost.clone());
    }

    fn end_sending(&self, state: &mut State, lost: Lost) {
        state.unsendable.get_or_insert(lost);
        self.credit.close();
    }

    fn forget_if_over(&self, connection: &Connection, state: &State) {
        if state.incoming.is_none() && state.unsendable.is_some() {
            connection.forget_stream(self.id);
        }
    }

    fn unsendable(&self) -> io::Error {
        let unsendable = self.state.lock().unsendable.clone();
        unsendable.map_or_else(|| io::ErrorKind::BrokenPipe.into(), |lost| lost.error())
    }
}

/// Opens a stream from this side.
pub(crate) async fn open(connection: &Arc<Connection>, kind: u8, shard: u32) -> io::Result<(Outgoing, Incoming)> {
    let frame = Frame { message: kind, shard, ..Frame::bare(FrameKind::Open, 0) };
    let room = connection.room(frame.cost()).await?;
    let mut messages = None;
    let pipe = connection.begin_stream(frame, room, |id| {
        let (pipe, receiver) = Pipe::new(id, connection);
        messages = Some(receiver);
        pipe
    })?;
    let messages = messages.expect("a stream that was begun was made");
    Ok(halves(pipe, connection, messages))
}

/// Takes a stream that the peer opened. `None`: there are too many.
pub(crate) fn admit(connection: &Arc<Connection>, id: u64) -> Result<Option<(Outgoing, Incoming)>, &'static str> {
    let (pipe, messages) = Pipe::new(id, connection);
    let admitted = connection.admit_stream(id, || pipe)?;
    Ok(admitted.map(|pipe| halves(pipe, connection, messages)))
}

fn halves(
    pipe: Arc<Pipe>,
    connection: &Arc<Connection>,
    messages: mpsc::UnboundedReceiver<Result<Bytes, Lost>>,
) -> (Outgoing, Incoming) {
    let outgoing = Outgoing { pipe: pipe.clone(), connection: connection.clone() };
    (outgoing, Incoming { pipe, connection: connection.clone(), messages, taken: 0, ended: false })
}

impl Outgoing {
    /// Sends one message, once the peer's credit and the connection have room for it. It was handed to the connection then;
    /// whether it arrives is for the layer above to learn. May be dropped while it waits: the message is not sent then.
    pub async fn send(&mut self, body: Bytes) -> io::Result<()> {
        let connection = &self.connection;
        let channel = connection.terms.channel;
        too_long(channel, &body)?;
        if channel == Channel::Snapshot {
            connection.shared.snapshots.take(body.len()).await;
        }
        let cost = cost(&body, connection.terms.credit);
        // A window is far below 4 GiB.
        let credit = self.pipe.credit.acquire_many(cost as u32).await.map_err(|_| self.pipe.unsendable())?;
        let frame = Frame { body, ..Frame::bare(FrameKind::Message, self.pipe.id) };
        let room = connection.room(frame.cost()).await?;
        self.pipe.on_the_way.fetch_add(cost, Ordering::AcqRel);
        credit.forget();
        connection.queue(frame, room)
    }

    /// Ends this direction in good order: the peer's [`Incoming`] ends without an error, after all that was sent.
    pub fn finish(self) {
        self.end(FrameKind::End);
    }

    fn end(&self, how: FrameKind) {
        let mut state = self.pipe.state.lock();
        if state.unsendable.is_some() {
            return;
        }
        self.pipe.end_sending(&mut state, Lost::new(io::ErrorKind::BrokenPipe, "this side ended the stream"));
        self.pipe.forget_if_over(&self.connection, &state);
        drop(state);
        self.connection.queue_small(Frame::bare(how, self.pipe.id), false);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.end(FrameKind::Abort);
    }
}

impl Incoming {
    /// The next message. `None` after the peer finished; an error, once, when the stream broke off or the connection is gone.
    /// May be dropped while it waits: nothing is lost.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        match self.messages.recv().await {
            Some(Ok(body)) => {
                self.give_back(&body);
                Some(Ok(body))
            }
            Some(Err(lost)) => {
                self.ended = true;
                Some(Err(lost.error()))
            }
            None => None,
        }
    }

    fn give_back(&mut self, body: &Bytes) {
        let window = self.connection.shared.stream_credit();
        self.connection.was_read(body.len());
        self.taken += cost(body, window);
        if self.taken < window / 4 {
            return;
        }
        self.pipe.held.fetch_sub(self.taken, Ordering::AcqRel);
        let mut bytes = BytesMut::with_capacity(4);
        // A window is far below 4 GiB.
        bytes.put_u32_le(self.taken as u32);
        self.taken = 0;
        // A sender that is done needs no credit.
        if self.pipe.state.lock().incoming.is_some() {
            let credit = Frame { body: bytes.freeze(), ..Frame::bare(FrameKind::Credit, self.pipe.id) };
            self.connection.queue_small(credit, true);
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut state = self.pipe.state.lock();
        let open = state.incoming.take().is_some();
        self.pipe.forget_if_over(&self.connection, &state);
        drop(state);
        while let Ok(message) = self.messages.try_recv() {
            self.connection.was_read(message.map_or(0, |body| body.len()));
        }
        if open {
            self.connection.queue_small(Frame::bare(FrameKind::Stop, self.pipe.id), false);
        }
    }
}

/// An error when no frame of `channel` holds `body`.
pub(crate) fn too_long(channel: Channel, body: &Bytes) -> io::Result<()> {
    let most = channel.frame_bytes_max();
    if body.len() <= most {
        return Ok(());
    }
    let text = format!("a message of {} bytes does not fit in a frame of the channel \"{channel}\" ({most})", body.len());
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing(stream {} to node {:x})", self.pipe.id, self.connection.terms.peer)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming(stream {} from node {:x})", self.pipe.id, self.connection.terms.peer)
    }
}
