//! One end of a stream, bounded by credit as in `peer`.

use std::{io, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use peer::limits::FRAME_COST_BYTES;
use replica::network::{BoxFuture, Receiving, Sending};
use tokio::sync::{Semaphore, mpsc};

use super::{
    connection::{Connection, Frame, Lost, Side},
    node::too_long,
    wires::carry,
};

/// What both halves of a stream's end share.
pub(super) struct Half {
    id: u64,
    side: Side,
    connection: Arc<Connection>,
    credit: Semaphore,
    state: Mutex<State>,
}

struct State {
    /// Where what arrives goes, until that direction has ended.
    incoming: Option<mpsc::UnboundedSender<Result<Bytes, Lost>>>,
    /// Why nothing can be sent any more.
    unsendable: Option<Lost>,
}

/// What a message counts: at most half a window, so that one always fits in the end.
fn cost(body: &Bytes, window: usize) -> usize {
    (body.len() + FRAME_COST_BYTES).min(window / 2)
}

impl Half {
    pub(super) fn new(id: u64, connection: Arc<Connection>, side: Side) -> (Arc<Half>, StreamReceiver) {
        let (sender, messages) = mpsc::unbounded_channel();
        let credit = Semaphore::new(connection.wires().stream_credit());
        let state = Mutex::new(State { incoming: Some(sender), unsendable: None });
        let half = Arc::new(Half { id, side, connection, credit, state });
        (half.clone(), StreamReceiver { half, messages, taken: 0, ended: false })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn message(&self, body: Bytes) {
        if let Some(incoming) = &self.state.lock().incoming {
            // The other half takes this sender away before it goes.
            let _ = incoming.send(Ok(body));
        }
    }

    pub(super) fn credited(&self, bytes: usize) {
        self.credit.add_permits(bytes);
    }

    /// The peer sends no more.
    pub(super) fn ended(&self, broken: bool) {
        let mut state = self.state.lock();
        let incoming = state.incoming.take();
        if let Some(incoming) = incoming.filter(|_| broken) {
            let _ = incoming.send(Err(Lost::new(io::ErrorKind::ConnectionAborted, "the peer broke the stream off")));
        }
        self.forget_if_over(&state);
    }

    /// The peer takes no more.
    pub(super) fn stopped(&self) {
        let mut state = self.state.lock();
        self.end_sending(&mut state, Lost::new(io::ErrorKind::BrokenPipe, "the peer takes no more of this stream"));
        self.forget_if_over(&state);
    }

    /// The connection is gone.
    pub(super) fn lose(&self, lost: &Lost) {
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

    fn forget_if_over(&self, state: &State) {
        if state.incoming.is_none() && state.unsendable.is_some() {
            self.connection.forget_stream(self.side, self.id);
        }
    }

    fn unsendable(&self) -> io::Error {
        let lost = self.state.lock().unsendable.clone();
        lost.map_or_else(|| io::ErrorKind::BrokenPipe.into(), |lost| lost.error())
    }

    fn end(&self, broken: bool) {
        let mut state = self.state.lock();
        if state.unsendable.is_some() {
            return;
        }
        self.end_sending(&mut state, Lost::new(io::ErrorKind::BrokenPipe, "this side ended the stream"));
        self.forget_if_over(&state);
        drop(state);
        carry(&self.connection, self.side, Frame::End { stream: self.id, broken });
    }
}

/// The sending half of a stream.
pub(super) struct StreamSender {
    half: Arc<Half>,
}

impl StreamSender {
    pub(super) fn new(half: Arc<Half>) -> StreamSender {
        StreamSender { half }
    }
}

impl Sending for StreamSender {
    fn send(&mut self, body: Bytes) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            let half = &self.half;
            too_long(half.connection.channel(), &body)?;
            let cost = u32::try_from(cost(&body, half.connection.wires().stream_credit())).unwrap_or(u32::MAX);
            let credit = half.credit.acquire_many(cost).await.map_err(|_| half.unsendable())?;
            credit.forget();
            carry(&half.connection, half.side, Frame::Message { stream: half.id, body });
            Ok(())
        })
    }

    fn finish(self: Box<Self>) {
        self.half.end(false);
    }
}

impl Drop for StreamSender {
    fn drop(&mut self) {
        self.half.end(true);
    }
}

/// The receiving half of a stream.
pub(super) struct StreamReceiver {
    half: Arc<Half>,
    messages: mpsc::UnboundedReceiver<Result<Bytes, Lost>>,
    /// Taken by the reader and not given back as credit yet.
    taken: usize,
    ended: bool,
}

impl StreamReceiver {
    fn give_back(&mut self, body: &Bytes) {
        let window = self.half.connection.wires().stream_credit();
        self.taken += cost(body, window);
        let is_open = self.half.state.lock().incoming.is_some();
        if self.taken >= window / 4 && is_open {
            let bytes = std::mem::take(&mut self.taken);
            carry(&self.half.connection, self.half.side, Frame::Credit { stream: self.half.id, bytes });
        }
    }
}

impl Receiving for StreamReceiver {
    fn next(&mut self) -> BoxFuture<'_, Option<io::Result<Bytes>>> {
        Box::pin(async move {
            if self.ended {
                return None;
            }
            match self.messages.recv().await? {
                Ok(body) => {
                    self.give_back(&body);
                    Some(Ok(body))
                }
                Err(lost) => {
                    self.ended = true;
                    Some(Err(lost.error()))
                }
            }
        })
    }
}

impl Drop for StreamReceiver {
    fn drop(&mut self) {
        let mut state = self.half.state.lock();
        let was_open = state.incoming.take().is_some();
        self.half.forget_if_over(&state);
        drop(state);
        if was_open {
            carry(&self.half.connection, self.half.side, Frame::Stop { stream: self.half.id });
        }
    }
}
