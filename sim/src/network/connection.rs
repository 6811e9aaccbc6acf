//! One connection between two processes: the frames under way, and what each end waits for.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Weak},
    time::Duration,
};

use base::{Error, Kind, NodeId};
use bytes::Bytes;
use parking_lot::Mutex;
use peer::limits::{CALLS_SERVED_MAX, PING_INTERVAL, SILENCE_MAX, STREAMS_MAX};
use replica::{
    network::{CallError, Channel, Message, Reception, Standing},
    runtime,
};
use tokio::sync::{Notify, oneshot};

use super::{
    link::Passage,
    stream::{Half, StreamReceiver, StreamSender},
    wires::{Door, Wires, carry},
};
use crate::{
    dice::Dice,
    executor::{Group, WIRES, world},
};

/// Calls that are kept to be replayed.
const REPLAYABLE_MAX: usize = 16;

/// Why a connection or a stream is no more.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    kind: io::ErrorKind,
    text: &'static str,
}

impl Lost {
    pub(super) fn new(kind: io::ErrorKind, text: &'static str) -> Lost {
        Lost { kind, text }
    }

    pub(super) fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.text)
    }

    pub(super) fn text(&self) -> &'static str {
        self.text
    }
}

/// One of a connection's two ends. Only who dialled begins calls and streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Dialled,
    Accepted,
}

impl Side {
    pub(super) const BOTH: [Side; 2] = [Side::Dialled, Side::Accepted];

    pub(super) fn other(self) -> Side {
        match self {
            Side::Dialled => Side::Accepted,
            Side::Accepted => Side::Dialled,
        }
    }
}

/// What travels.
pub(super) enum Frame {
    /// `answered` is false for copies: who called waits for one answer.
    Call {
        id: u64,
        message: Message,
        body: Bytes,
        answered: bool,
    },
    Answer {
        id: u64,
        answer: Result<Bytes, Error>,
    },
    Open {
        stream: u64,
        message: Message,
    },
    Message {
        stream: u64,
        body: Bytes,
    },
    Credit {
        stream: u64,
        bytes: usize,
    },
    /// No more comes: done, or broken off.
    End {
        stream: u64,
        broken: bool,
    },
    /// No more is taken.
    Stop {
        stream: u64,
    },
    Ping,
    Reset,
}

impl Frame {
    pub(super) fn is_loose(&self) -> bool {
        matches!(self, Frame::Call { .. } | Frame::Answer { .. })
    }

    pub(super) fn copy_of_call(&self) -> Option<CallCopy> {
        match self {
            Frame::Call { message, body, .. } => Some(CallCopy { message: *message, body: body.clone() }),
            _ => None,
        }
    }
}

/// A call that may arrive again.
#[derive(Clone)]
pub(super) struct CallCopy {
    message: Message,
    body: Bytes,
}

impl From<CallCopy> for Frame {
    fn from(copy: CallCopy) -> Frame {
        Frame::Call { id: 0, message: copy.message, body: copy.body, answered: false }
    }
}

struct End {
    node: NodeId,
    group: Group,
    reception: Weak<dyn Reception>,
    state: Mutex<EndState>,
    /// Told when the end is lost.
    over: Notify,
}

#[derive(Default)]
struct EndState {
    lost: Option<(Duration, Lost)>,
    heard: Duration,
    next: u64,
    calls: BTreeMap<u64, oneshot::Sender<Result<Bytes, CallError>>>,
    streams: BTreeMap<u64, Arc<Half>>,
    served: usize,
}

/// Frames of one direction, in order.
#[derive(Default)]
struct Pipe {
    frames: VecDeque<(Duration, Frame)>,
    last: Duration,
}

/// One connection.
pub(super) struct Connection {
    id: u64,
    channel: Channel,
    wires: Wires,
    begun: Duration,
    ends: [End; 2],
    pipes: [Mutex<Pipe>; 2],
    replayable: Mutex<VecDeque<CallCopy>>,
}

impl Connection {
    pub(super) fn new(id: u64, channel: Channel, wires: Wires, doors: [Door; 2]) -> Arc<Connection> {
        let now = world().now();
        let ends = doors.map(|door| End {
            node: door.node,
            group: door.group,
            reception: door.reception,
            state: Mutex::new(EndState { heard: now, ..EndState::default() }),
            over: Notify::new(),
        });
        Arc::new(Connection { id, channel, wires, begun: now, ends, pipes: Default::default(), replayable: Mutex::default() })
    }

    fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    pub(super) fn wires(&self) -> &Wires {
        &self.wires
    }

    pub(super) fn begun(&self) -> Duration {
        self.begun
    }

    pub(super) fn node(&self, side: Side) -> NodeId {
        self.end(side).node
    }

    pub(super) fn group(&self, side: Side) -> Group {
        self.end(side).group
    }

    pub(super) fn is_open(&self, side: Side) -> bool {
        self.end(side).state.lock().lost.is_none()
    }

    /// When and why this end was lost.
    pub(super) fn lost(&self, side: Side) -> Option<(Duration, Lost)> {
        self.end(side).state.lock().lost.clone()
    }

    /// Completes when this end is lost.
    pub(super) async fn over(&self, side: Side) {
        let end = self.end(side);
        loop {
            let over = end.over.notified();
            if !self.is_open(side) {
                return;
            }
            over.await;
        }
    }

    /// Asks now and then whether the other side lives and still belongs here, as long as this process does.
    pub(super) fn keep(self: &Arc<Self>, side: Side) {
        let connection = self.clone();
        world().spawn_in(self.group(side), async move {
            loop {
                tokio::select! {
                    biased;
                    () = connection.over(side) => return,
                    () = runtime::sleep(PING_INTERVAL) => {}
                }
                if let Some(lost) = connection.look(side) {
                    return connection.lose(side, &lost, true);
                }
                carry(&connection, side, Frame::Ping);
            }
        });
    }

    fn look(&self, side: Side) -> Option<Lost> {
        let end = self.end(side);
        let silent = world().now().saturating_sub(end.state.lock().heard);
        if silent > SILENCE_MAX {
            return Some(Lost::new(io::ErrorKind::TimedOut, "the peer is silent"));
        }
        let reception = end.reception.upgrade()?;
        (reception.standing(self.node(side.other())) != Standing::Member)
            .then(|| Lost::new(io::ErrorKind::PermissionDenied, "the peer belongs to the cluster no more"))
    }

    /// This end is lost: everybody who waits on it is told. `tell`: the other end is sent a reset.
    pub(super) fn lose(self: &Arc<Self>, side: Side, lost: &Lost, tell: bool) {
        let end = self.end(side);
        let (calls, streams) = {
            let mut state = end.state.lock();
            if state.lost.is_some() {
                return;
            }
            state.lost = Some((world().now(), lost.clone()));
            (std::mem::take(&mut state.calls), std::mem::take(&mut state.streams))
        };
        for waiting in calls.into_values() {
            // Who no longer waits needs no answer.
            let _ = waiting.send(Err(CallError::Unknown(lost.error())));
        }
        streams.into_values().for_each(|half| half.lose(lost));
        end.over.notify_waiters();
        if tell {
            carry(self, side, Frame::Reset);
        }
        if !self.is_open(side.other()) {
            self.wires.forget(self.id);
        }
    }

    /// Puts a frame behind those before it; says when it arrives at the earliest.
    pub(super) fn enqueue(&self, from: Side, at: Duration, frame: Frame) -> Duration {
        let mut pipe = self.pipes[from as usize].lock();
        let at = at.max(pipe.last);
        pipe.last = at;
        pipe.frames.push_back((at, frame));
        at
    }

    pub(super) fn has_waiting(&self, from: Side) -> bool {
        !self.pipes[from as usize].lock().frames.is_empty()
    }

    /// Looks at this time what has arrived of what `from` sent.
    pub(super) fn pump_at(self: Arc<Self>, from: Side, at: Duration) {
        world().spawn_in(WIRES, async move {
            runtime::sleep_until(at).await;
            loop {
                match self.wires.passage(self.node(from), self.node(from.other())) {
                    Passage::Open => return self.pump(from),
                    Passage::Clogged(until) => runtime::sleep_until(until).await,
                    // Whoever mends it looks again.
                    Passage::Cut => return,
                }
            }
        });
    }

    fn pump(self: &Arc<Self>, from: Side) {
        let now = world().now();
        loop {
            let next = {
                let mut pipe = self.pipes[from as usize].lock();
                if pipe.frames.front().is_none_or(|(at, _)| *at > now) {
                    return;
                }
                pipe.frames.pop_front()
            };
            if let Some((_, frame)) = next {
                self.arrive(from.other(), frame);
            }
        }
    }

    /// A frame reached the host of `to`.
    pub(super) fn arrive(self: &Arc<Self>, to: Side, frame: Frame) {
        {
            let mut state = self.end(to).state.lock();
            if state.lost.is_some() {
                drop(state);
                let knows_nothing = !matches!(frame, Frame::Reset) && !self.wires.is_dark(self.node(to));
                if knows_nothing && self.is_open(to.other()) {
                    carry(self, to, Frame::Reset);
                }
                return;
            }
            state.heard = world().now();
        }
        match frame {
            Frame::Call { id, message, body, answered } => self.serve(id, message, body, answered),
            Frame::Answer { id, answer } => {
                let waiting = self.end(to).state.lock().calls.remove(&id);
                if let Some(waiting) = waiting {
                    let _ = waiting.send(answer.map_err(CallError::Answered));
                }
            }
            Frame::Open { stream, message } => self.admit(stream, message),
            Frame::Message { stream, body } => self.with_half(to, stream, |half| half.message(body)),
            Frame::Credit { stream, bytes } => self.with_half(to, stream, |half| half.credited(bytes)),
            Frame::End { stream, broken } => self.with_half(to, stream, |half| half.ended(broken)),
            Frame::Stop { stream } => self.with_half(to, stream, Half::stopped),
            Frame::Ping => {}
            Frame::Reset => self.lose(to, &Lost::new(io::ErrorKind::ConnectionReset, "the peer reset the connection"), false),
        }
    }

    fn with_half(&self, side: Side, stream: u64, change: impl FnOnce(&Half)) {
        let half = self.end(side).state.lock().streams.get(&stream).cloned();
        if let Some(half) = half {
            change(&half);
        }
    }

    pub(super) fn forget_stream(&self, side: Side, stream: u64) {
        let half = self.end(side).state.lock().streams.remove(&stream);
        drop(half);
    }

    /// Begins a call; it surely was not sent if this fails.
    pub(super) fn call(self: &Arc<Self>, message: Message, body: Bytes) -> Result<Waiting, Lost> {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut state = self.end(Side::Dialled).state.lock();
            if let Some((_, lost)) = &state.lost {
                return Err(lost.clone());
            }
            state.next += 1;
            let id = state.next;
            state.calls.insert(id, sender);
            id
        };
        carry(self, Side::Dialled, Frame::Call { id, message, body, answered: true });
        Ok(Waiting { connection: self.clone(), id, answer })
    }

    /// Answers a call in the process that was called, as long as the connection lasts.
    fn serve(self: &Arc<Self>, id: u64, message: Message, body: Bytes, answered: bool) {
        let end = self.end(Side::Accepted);
        let Some(reception) = end.reception.upgrade() else { return };
        {
            let mut state = end.state.lock();
            if state.served >= CALLS_SERVED_MAX {
                drop(state);
                let answer = Err(Error::new(Kind::Overloaded, "too many calls on this connection"));
                return carry(self, Side::Accepted, Frame::Answer { id, answer });
            }
            state.served += 1;
        }
        let (connection, from) = (self.clone(), self.node(Side::Dialled));
        world().spawn_in(end.group, async move {
            let answer = tokio::select! {
                biased;
                () = connection.over(Side::Accepted) => None,
                answer = async { reception.call(from, message, body).await } => Some(answer),
            };
            connection.end(Side::Accepted).state.lock().served -= 1;
            if let Some(answer) = answer.filter(|_| answered) {
                carry(&connection, Side::Accepted, Frame::Answer { id, answer });
            }
        });
    }

    /// Begins a stream.
    pub(super) fn open(self: &Arc<Self>, message: Message) -> io::Result<(StreamSender, StreamReceiver)> {
        let (half, receiver) = {
            let mut state = self.end(Side::Dialled).state.lock();
            if let Some((_, lost)) = &state.lost {
                return Err(lost.error());
            }
            if state.streams.len() >= STREAMS_MAX {
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too many streams on this connection"));
            }
            state.next += 1;
            let id = state.next;
            let (half, receiver) = Half::new(id, self.clone(), Side::Dialled);
            state.streams.insert(id, half.clone());
            (half, receiver)
        };
        carry(self, Side::Dialled, Frame::Open { stream: half.id(), message });
        Ok((StreamSender::new(half), receiver))
    }

    fn admit(self: &Arc<Self>, stream: u64, message: Message) {
        let end = self.end(Side::Accepted);
        let Some(reception) = end.reception.upgrade() else { return };
        let (half, receiver) = Half::new(stream, self.clone(), Side::Accepted);
        {
            let mut state = end.state.lock();
            if state.streams.len() >= STREAMS_MAX {
                drop(state);
                carry(self, Side::Accepted, Frame::End { stream, broken: true });
                return carry(self, Side::Accepted, Frame::Stop { stream });
            }
            state.streams.insert(stream, half.clone());
        }
        let from = self.node(Side::Dialled);
        world().spawn_in(end.group, async move {
            let (receiver, sender) = (Box::new(receiver), Box::new(StreamSender::new(half)));
            // It sees a loss by itself and may end in its own way.
            reception.stream(from, message, receiver, sender).await;
        });
    }

    pub(super) fn remember_call(&self, copy: CallCopy) {
        let mut replayable = self.replayable.lock();
        if replayable.len() == REPLAYABLE_MAX {
            replayable.pop_front();
        }
        replayable.push_back(copy);
    }

    pub(super) fn earlier_call(&self, dice: &Dice) -> Option<CallCopy> {
        let replayable = self.replayable.lock();
        let chosen = usize::try_from(dice.below(replayable.len().max(1) as u64)).ok()?;
        replayable.get(chosen).cloned()
    }
}

/// A call that waits for its answer. Dropped, nobody does any more.
pub(super) struct Waiting {
    connection: Arc<Connection>,
    id: u64,
    answer: oneshot::Receiver<Result<Bytes, CallError>>,
}

impl Waiting {
    /// The answer, or that there is none before `deadline` by the caller's clock.
    pub(super) async fn until(mut self, deadline: Duration) -> Result<Bytes, CallError> {
        tokio::select! {
            biased;
            answer = &mut self.answer => answer.unwrap_or_else(|_| Err(CallError::Unknown(io::ErrorKind::ConnectionAborted.into()))),
            () = runtime::sleep_until(deadline) => Err(CallError::Unknown(super::node::too_late())),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.connection.end(Side::Dialled).state.lock().calls.remove(&self.id);
    }
}
