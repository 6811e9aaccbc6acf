//! One connection after its handshake: what waits to be written, who waits for answers, which streams are open.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base::{Kind, NodeId};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    io,
    sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch},
    time::Instant,
};

use crate::{
    CallError, Channel,
    counts::count,
    error::Lost,
    failure,
    frame::{Frame, FrameKind},
    limits,
    pipe::Pipe,
    shared::Shared,
};

/// What the handshake found out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) peer: NodeId,
    pub(crate) channel: Channel,
    pub(crate) version: u16,
    /// Bytes that a stream may have on the way to the peer.
    pub(crate) credit: usize,
    /// Whether this side dialled: only it begins calls and streams.
    pub(crate) dialled: bool,
}

/// One connection to or from a peer.
pub(crate) struct Connection {
    pub(crate) terms: Terms,
    pub(crate) shared: Arc<Shared>,
    state: Mutex<State>,
    /// Wakes who writes.
    pub(crate) wake: Notify,
    /// Bytes that may still wait to be written.
    room: Arc<Semaphore>,
    pub(crate) lost: watch::Sender<Option<Lost>>,
    /// Bytes of messages that no stream's reader took yet, and a bell for when it becomes less.
    pub(crate) unread: AtomicUsize,
    pub(crate) unread_fell: Notify,
    /// Of the last ping; 0 before the first answer.
    round_trip_us: AtomicU64,
}

type Answer = Result<Bytes, CallError>;

#[derive(Default)]
struct State {
    lost: Option<Lost>,
    /// Goes out before all else.
    control: VecDeque<Frame>,
    queue: VecDeque<Queued>,
    /// Frames in both queues that no budget of bytes bounds.
    unbudgeted: usize,
    /// Bytes of answers that wait to be written.
    owed: usize,
    calls: HashMap<u64, oneshot::Sender<Answer>>,
    /// Calls up to this one were given to who writes.
    taken: u64,
    last_id: u64,
    streams: HashMap<u64, Arc<Pipe>>,
    pong: Option<u64>,
    pinged: Option<(u64, Instant)>,
}

struct Queued {
    frame: Frame,
    budget: Budget,
}

/// What bounds a frame that waits.
enum Budget {
    Room { _held: OwnedSemaphorePermit },
    Owed,
    None,
}

/// Frames on their way into a socket; what they count is given back when this is dropped.
pub(crate) struct Batch<'a> {
    connection: &'a Connection,
    queued: Vec<Queued>,
}

impl Batch<'_> {
    pub(crate) fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.queued.iter().map(|queued| &queued.frame)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let owed = self.queued.iter().filter(|queued| matches!(queued.budget, Budget::Owed));
        let owed: usize = owed.map(|queued| queued.frame.cost()).sum();
        if owed > 0 {
            self.connection.state.lock().owed -= owed;
        }
    }
}

impl Connection {
    pub(crate) fn new(terms: Terms, shared: Arc<Shared>) -> Self {
        Self {
            terms,
            shared,
            state: Mutex::default(),
            wake: Notify::new(),
            room: Arc::new(Semaphore::new(terms.channel.outbox_bytes_max())),
            lost: watch::Sender::new(None),
            unread: AtomicUsize::new(0),
            unread_fell: Notify::new(),
            round_trip_us: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lost.borrow().is_none()
    }

    /// How long the last ping took, once one was answered.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        let micros = self.round_trip_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// Ends the connection: everybody who waits on it is told. Only the first reason counts.
    pub(crate) fn close(&self, lost: Lost) {
        let mut state = self.state.lock();
        if state.lost.is_some() {
            return;
        }
        state.lost = Some(lost.clone());
        let (calls, streams) = (std::mem::take(&mut state.calls), std::mem::take(&mut state.streams));
        let (control, queue) = (std::mem::take(&mut state.control), std::mem::take(&mut state.queue));
        let taken = state.taken;
        drop(state);
        drop((control, queue));
        for (id, waiter) in calls {
            let error = if id > taken { CallError::NotSent(lost.error()) } else { CallError::Unknown(lost.error()) };
            // Who no longer waits needs no answer.
            let _ = waiter.send(Err(error));
        }
        for pipe in streams.into_values() {
            pipe.lose(&lost);
        }
        self.room.close();
        self.lost.send_replace(Some(lost));
        self.wake.notify_one();
        self.unread_fell.notify_one();
    }

    fn lost_error(&self) -> io::Error {
        let lost = self.state.lock().lost.clone();
        lost.map_or_else(|| io::ErrorKind::NotConnected.into(), |lost| lost.error())
    }

    /// Waits until a frame that counts `cost` may wait to be written.
    pub(crate) async fn room(&self, cost: usize) -> io::Result<OwnedSemaphorePermit> {
        // Frames are far below 4 GiB.
        self.room.clone().acquire_many_owned(cost as u32).await.map_err(|_| self.lost_error())
    }

    /// Queues a frame for which there is room.
    pub(crate) fn queue(&self, frame: Frame, room: OwnedSemaphorePermit) -> io::Result<()> {
        let mut state = self.state.lock();
        if let Some(lost) = &state.lost {
            return Err(lost.error());
        }
        state.queue.push_back(Queued { frame, budget: Budget::Room { _held: room } });
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Queues a small frame that waits for no room, ahead of all that waits, or in its order.
    pub(crate) fn queue_small(&self, frame: Frame, ahead: bool) {
        let mut state = self.state.lock();
        if state.lost.is_some() {
            return;
        }
        if state.unbudgeted >= limits::CONTROL_FRAMES_MAX {
            drop(state);
            self.close(Lost::new(io::ErrorKind::ConnectionReset, "the peer asks for more than it takes"));
            return;
        }
        state.unbudgeted += 1;
        if ahead {
            state.control.push_back(frame);
        } else {
            state.queue.push_back(Queued { frame, budget: Budget::None });
        }
        drop(state);
        self.wake.notify_one();
    }

    /// What is to be written now: small frames first, then others in their order, until a write is full. Calls that nobody waits
    /// for any more are left out.
    pub(crate) fn take(&self) -> Batch<'_> {
        let mut state = self.state.lock();
        let State { control, queue, unbudgeted, calls, taken, pong, .. } = &mut *state;
        let pong = pong.take().map(|id| Frame::bare(FrameKind::Pong, id));
        *unbudgeted -= control.len();
        let small = pong.into_iter().chain(control.drain(..));
        let mut queued: Vec<_> = small.map(|frame| Queued { frame, budget: Budget::None }).collect();
        let mut bytes = 0;
        while bytes < limits::WRITE_BYTES
            && let Some(next) = queue.pop_front()
        {
            if matches!(next.budget, Budget::None) {
                *unbudgeted -= 1;
            }
            if next.frame.kind == FrameKind::Call {
                *taken = next.frame.id;
                if !calls.contains_key(&next.frame.id) {
                    continue;
                }
            }
            bytes += next.frame.cost();
            queued.push(next);
        }
        drop(state);
        Batch { connection: self, queued }
    }

    /// Queues a call for which there is room, and gives its number and where its answer comes.
    pub(crate) fn begin_call(
        &self,
        mut frame: Frame,
        room: OwnedSemaphorePermit,
    ) -> Result<(u64, oneshot::Receiver<Answer>), CallError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        if let Some(lost) = &state.lost {
            return Err(CallError::NotSent(lost.error()));
        }
        state.last_id += 1;
        let id = state.last_id;
        frame.id = id;
        state.calls.insert(id, sender);
        state.queue.push_back(Queued { frame, budget: Budget::Room { _held: room } });
        drop(state);
        self.wake.notify_one();
        Ok((id, receiver))
    }

    /// Nobody waits for call `id` any more. Says whether it was surely not sent.
    pub(crate) fn forget_call(&self, id: u64) -> bool {
        let mut state = self.state.lock();
        state.calls.remove(&id).is_some() && id > state.taken
    }

    /// Gives an answer to who waits for it. An answer that nobody waits for is dropped: its call ran out of time.
    pub(crate) fn answered(&self, id: u64, answer: Result<Bytes, base::Error>) {
        let waiter = self.state.lock().calls.remove(&id);
        if let Some(waiter) = waiter {
            let _ = waiter.send(answer.map_err(CallError::Answered));
        }
    }

    /// Queues the answer to the peer's call `id`, within what may be owed.
    pub(crate) fn answer(&self, id: u64, answer: Result<Bytes, base::Error>) {
        let body = match answer {
            Ok(body) if body.len() > self.terms.channel.frame_bytes_max() => {
                let text = "the answer is longer than a frame; whether the request was carried out is not known";
                return self.fail(id, &base::Error::new(Kind::Unavailable, text));
            }
            Ok(body) => body,
            Err(error) => return self.fail(id, &error),
        };
        let frame = Frame { body, ..Frame::bare(FrameKind::Answer, id) };
        let mut state = self.state.lock();
        if state.lost.is_some() {
            return;
        }
        if state.owed + frame.cost() > limits::ANSWERS_OWED_BYTES_MAX {
            drop(state);
            let text = "more answers wait for the peer than may; whether the request was carried out is not known";
            return self.fail(id, &base::Error::new(Kind::Unavailable, text));
        }
        state.owed += frame.cost();
        state.queue.push_back(Queued { frame, budget: Budget::Owed });
        drop(state);
        self.wake.notify_one();
    }

    /// Answers the peer's call `id` with an error.
    pub(crate) fn fail(&self, id: u64, error: &base::Error) {
        self.queue_small(Frame { body: failure::encode(error), ..Frame::bare(FrameKind::Failure, id) }, true);
    }

    /// Whether the peer takes its answers well enough to be given more work.
    pub(crate) fn owes_little(&self) -> bool {
        self.state.lock().owed <= limits::ANSWERS_OWED_BYTES_MAX / 2
    }

    /// Registers a stream that this side opens and queues its beginning.
    pub(crate) fn begin_stream(
        &self,
        mut frame: Frame,
        room: OwnedSemaphorePermit,
        make: impl FnOnce(u64) -> Arc<Pipe>,
    ) -> io::Result<Arc<Pipe>> {
        let mut state = self.state.lock();
        if let Some(lost) = &state.lost {
            return Err(lost.error());
        }
        if state.streams.len() >= limits::STREAMS_MAX {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too many streams are open to this peer; close some first"));
        }
        state.last_id += 1;
        frame.id = state.last_id;
        let pipe = make(frame.id);
        state.streams.insert(frame.id, pipe.clone());
        state.queue.push_back(Queued { frame, budget: Budget::Room { _held: room } });
        drop(state);
        self.wake.notify_one();
        Ok(pipe)
    }

    /// Registers a stream that the peer opened. `None`: there are too many; the number is taken: an error.
    pub(crate) fn admit_stream(&self, id: u64, make: impl FnOnce() -> Arc<Pipe>) -> Result<Option<Arc<Pipe>>, &'static str> {
        let mut state = self.state.lock();
        if state.streams.contains_key(&id) {
            return Err("a stream was opened twice");
        }
        if state.lost.is_some() || state.streams.len() >= limits::STREAMS_MAX {
            return Ok(None);
        }
        let pipe = make();
        state.streams.insert(id, pipe.clone());
        Ok(Some(pipe))
    }

    pub(crate) fn stream(&self, id: u64) -> Option<Arc<Pipe>> {
        self.state.lock().streams.get(&id).cloned()
    }

    pub(crate) fn forget_stream(&self, id: u64) {
        self.state.lock().streams.remove(&id);
    }

    pub(crate) fn ping(&self) {
        let mut state = self.state.lock();
        let id = state.pinged.map_or(0, |(id, _)| id) + 1;
        state.pinged = Some((id, Instant::now()));
        drop(state);
        self.queue_small(Frame::bare(FrameKind::Ping, id), true);
    }

    /// Pings that come faster than they can be answered share one answer.
    pub(crate) fn pinged(&self, id: u64) {
        self.state.lock().pong = Some(id);
        self.wake.notify_one();
    }

    pub(crate) fn ponged(&self, id: u64) {
        let pinged = self.state.lock().pinged;
        if let Some((_, at)) = pinged.filter(|(ping, _)| *ping == id) {
            let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.round_trip_us.store(micros.max(1), Ordering::Relaxed);
        }
    }

    /// Messages of `bytes` were taken from a stream.
    pub(crate) fn was_read(&self, bytes: usize) {
        self.unread.fetch_sub(bytes, Ordering::AcqRel);
        self.unread_fell.notify_one();
    }

    /// Ends the connection because of bytes that no peer sends.
    pub(crate) fn breach(&self, text: &str) {
        count(&self.shared.counters.bad_frames);
        let (peer, channel) = (self.terms.peer, self.terms.channel);
        tracing::warn!("connection with node {peer:x} ({channel}) reset: {text}");
        self.close(Lost::new(io::ErrorKind::InvalidData, format!("connection reset: {text}")));
    }
}

#[cfg(test)]
pub(crate) mod tests;
