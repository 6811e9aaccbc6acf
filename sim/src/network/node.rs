//! A node's view of the wires.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use base::NodeId;
use bytes::Bytes;
use parking_lot::Mutex;
use peer::limits::{BACKOFF_MAX, BACKOFF_MIN, HANDSHAKE_TIMEOUT};
use replica::{
    network::{BoxFuture, CallError, Channel, Message, Network, Receiver, Sender},
    runtime,
};
use tokio::sync::{Notify, mpsc};

use super::{
    connection::{Connection, Lost, Side},
    wires::{Door, Hello, Wires},
};
use crate::executor::world;

/// After how long a dial that nothing answered is repeated; it doubles from there, as TCP's does.
const REDIAL: Duration = Duration::from_secs(1);

/// A node's [`Network`] over the [`Wires`].
pub(super) struct SimulatedNetwork {
    inner: Arc<Inner>,
}

struct Inner {
    wires: Wires,
    address: String,
    me: Door,
    /// `None` after a shutdown.
    book: Mutex<Option<BTreeMap<NodeId, Peer>>>,
}

struct Peer {
    address: String,
    lines: [Arc<Line>; Channel::ALL.len()],
}

/// The way to one peer on one channel.
struct Line {
    to: NodeId,
    channel: Channel,
    state: Mutex<LineState>,
    changed: Notify,
}

struct LineState {
    view: View,
    failures: u32,
}

enum View {
    /// Nothing is tried before `until`, by the node's clock.
    Down {
        until: Duration,
        why: Option<Lost>,
    },
    Dialling,
    Up(Arc<Connection>),
}

impl SimulatedNetwork {
    pub(super) fn new(wires: Wires, address: String, me: Door) -> SimulatedNetwork {
        SimulatedNetwork { inner: Arc::new(Inner { wires, address, me, book: Mutex::new(Some(BTreeMap::new())) }) }
    }
}

impl Line {
    fn new(to: NodeId, channel: Channel) -> Arc<Line> {
        let state = LineState { view: View::Down { until: Duration::ZERO, why: None }, failures: 0 };
        Arc::new(Line { to, channel, state: Mutex::new(state), changed: Notify::new() })
    }

    fn set(&self, view: View) {
        self.state.lock().view = view;
        self.changed.notify_waiters();
    }

    /// What was wrong is not held against the peer any more.
    fn forgive(&self) {
        let mut state = self.state.lock();
        state.failures = 0;
        if matches!(state.view, View::Down { .. }) {
            state.view = View::Down { until: Duration::ZERO, why: None };
        }
    }
}

impl LineState {
    /// A connection that was lost: dialled again at once, unless it keeps breaking.
    fn notice_loss(&mut self) {
        let View::Up(connection) = &self.view else { return };
        let Some((at, why)) = connection.lost(Side::Dialled) else { return };
        let lasted = at.saturating_sub(connection.begun());
        self.failures = if lasted > BACKOFF_MAX { 0 } else { self.failures + 1 };
        let rest = if self.failures > 1 { backoff(self.failures) } else { Duration::ZERO };
        self.view = View::Down { until: runtime::now() + rest, why: Some(why) };
    }
}

/// The wait after so many failures: between half of it and all.
fn backoff(failures: u32) -> Duration {
    let most = BACKOFF_MIN.saturating_mul(1 << (failures - 1).min(20)).min(BACKOFF_MAX);
    let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(most / 2 + runtime::random_u64() % (most / 2 + 1))
}

impl Inner {
    fn line(&self, to: NodeId, channel: Channel) -> io::Result<Arc<Line>> {
        let book = self.book.lock();
        let peer = book.as_ref().and_then(|book| book.get(&to));
        let peer = peer.ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "no address of this node is known"))?;
        Ok(peer.lines[channel as usize].clone())
    }

    /// The connection, dialled if need be. Fails at once while the peer is given a rest.
    async fn connection(
        self: Arc<Self>,
        to: NodeId,
        channel: Channel,
        deadline: Option<Duration>,
    ) -> io::Result<Arc<Connection>> {
        let line = self.line(to, channel)?;
        loop {
            let changed = line.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = line.state.lock();
                state.notice_loss();
                match &state.view {
                    View::Up(connection) => return Ok(connection.clone()),
                    View::Down { until, why: Some(why) } if *until > runtime::now() => return Err(why.error()),
                    View::Down { .. } => {
                        state.view = View::Dialling;
                        world().spawn_in(self.me.group, self.clone().dial(line.clone()));
                    }
                    View::Dialling => {}
                }
            }
            match deadline {
                None => changed.await,
                Some(deadline) => tokio::select! {
                    biased;
                    () = &mut changed => {}
                    () = runtime::sleep_until(deadline) => {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer was not reached in time"));
                    }
                },
            }
        }
    }

    async fn dial(self: Arc<Self>, line: Arc<Line>) {
        let outcome = self.reach(&line).await;
        match outcome {
            Ok(connection) => line.set(View::Up(connection)),
            Err(why) => {
                let failures = {
                    let mut state = line.state.lock();
                    state.failures += 1;
                    state.failures
                };
                line.set(View::Down { until: runtime::now() + backoff(failures), why: Some(why) });
            }
        }
    }

    async fn reach(&self, line: &Line) -> Result<Arc<Connection>, Lost> {
        let give_up = runtime::now() + HANDSHAKE_TIMEOUT;
        let (reply, mut replies) = mpsc::unbounded_channel();
        let mut patience = REDIAL;
        loop {
            let address = self.book.lock().as_ref().and_then(|book| Some(book.get(&line.to)?.address.clone()));
            let Some(address) = address else {
                return Err(Lost::new(io::ErrorKind::NotConnected, "no address of this node is known"));
            };
            let (from, reply) = (self.me.clone(), reply.clone());
            self.wires.send_hello(Hello { from, to: line.to, channel: line.channel, address, reply });
            tokio::select! {
                biased;
                Some(outcome) = replies.recv() => return outcome,
                () = runtime::sleep_until(give_up) => {
                    return Err(Lost::new(io::ErrorKind::TimedOut, "connecting and shaking hands took too long"));
                }
                () = runtime::sleep(patience) => patience *= 2,
            }
        }
    }
}

impl Network for SimulatedNetwork {
    fn call(
        &self,
        to: NodeId,
        channel: Channel,
        message: Message,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            let deadline = runtime::now() + timeout;
            too_long(channel, &body).map_err(CallError::NotSent)?;
            let connection = inner.connection(to, channel, Some(deadline)).await.map_err(CallError::NotSent)?;
            let waiting = connection.call(message, body).map_err(|lost| CallError::NotSent(lost.error()))?;
            waiting.until(deadline).await
        })
    }

    fn open(&self, to: NodeId, channel: Channel, message: Message) -> BoxFuture<'static, io::Result<(Sender, Receiver)>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            let (sender, receiver) = inner.connection(to, channel, None).await?.open(message)?;
            Ok((Box::new(sender) as Sender, Box::new(receiver) as Receiver))
        })
    }

    fn set_address(&self, node: NodeId, address: &str) {
        let mut book = self.inner.book.lock();
        let Some(book) = book.as_mut() else { return };
        let lines = || Channel::ALL.map(|channel| Line::new(node, channel));
        let peer = book.entry(node).or_insert_with(|| Peer { address: address.to_owned(), lines: lines() });
        if peer.address != address {
            address.clone_into(&mut peer.address);
            peer.lines.iter().for_each(|line| line.forgive());
        }
    }

    fn remove(&self, node: NodeId) {
        let removed = self.inner.book.lock().as_mut().and_then(|book| book.remove(&node));
        if let Some(peer) = removed {
            peer.lines.iter().for_each(|line| line.changed.notify_waiters());
        }
        self.inner.wires.hang_up(self.inner.me.group, Some(node));
    }

    fn is_reachable(&self, node: NodeId) -> bool {
        self.inner.wires.is_open(self.inner.me.group, node)
    }

    fn round_trip(&self, node: NodeId) -> Option<Duration> {
        self.is_reachable(node).then(|| 2 * Duration::from_micros(self.inner.wires.weather().delay_us))
    }

    fn local_address(&self) -> Option<String> {
        Some(self.inner.address.clone())
    }

    fn trouble(&self, node: NodeId) -> Option<String> {
        let book = self.inner.book.lock();
        // Asked from outside the process too, so by no clock.
        let why = |line: &Arc<Line>| match &line.state.lock().view {
            View::Down { why, .. } => why.clone(),
            View::Up(connection) => connection.lost(Side::Dialled).map(|(_, why)| why),
            View::Dialling => None,
        };
        book.as_ref()?.get(&node)?.lines.iter().find_map(why).map(|why| why.text().to_owned())
    }

    fn shutdown(&self) -> BoxFuture<'static, ()> {
        let inner = self.inner.clone();
        Box::pin(async move {
            inner.book.lock().take();
            inner.wires.close_door(&inner.address, inner.me.group);
            inner.wires.hang_up(inner.me.group, None);
        })
    }
}

/// An error when no frame of `channel` holds `body`.
pub(super) fn too_long(channel: Channel, body: &Bytes) -> io::Result<()> {
    if body.len() <= channel.frame_bytes_max() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "a message does not fit in a frame of its channel"))
}

pub(super) fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer did not answer in time")
}
