//! The public face: one node's connections to and from all its peers.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base::NodeId;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    CallError, Channel, Counts, Handler, Incoming, Options, Outgoing, Roster, accepting,
    connection::Connection,
    counts::Counters,
    error::Lost,
    frame::{Frame, FrameKind},
    limits,
    link::Link,
    pipe,
    shared::Shared,
    tls::Tls,
};

/// One node's connections to and from all its peers. Cheap to clone; when the last clone is dropped, or at
/// [`Switchboard::shutdown`], everything ends. A handler that holds a clone keeps it from being the last.
#[derive(Clone)]
pub struct Switchboard(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    address: SocketAddr,
    peers: Mutex<HashMap<NodeId, Peer>>,
    stop: watch::Sender<bool>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// Where a peer is and the ways to it. Its links end when the address is dropped.
struct Peer {
    address: watch::Sender<String>,
    links: [Arc<Link>; Channel::ALL.len()],
}

/// Takes a call out of who waits when its caller gives up.
struct Waiting<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.connection.forget_call(self.id);
    }
}

impl Switchboard {
    /// Begins to accept peers on `listener`, and to dial those whose address is set, when they are wanted. Wants a tokio runtime
    /// around it, here and in [`Switchboard::set_address`].
    ///
    /// # Errors
    ///
    /// Options that cannot be: a cluster or node of 0, certificates that cannot be read, plain text on an address that may be
    /// reached from outside.
    pub fn start(
        options: Options,
        listener: TcpListener,
        roster: Arc<dyn Roster>,
        handler: Arc<dyn Handler>,
    ) -> io::Result<Self> {
        check(&options)?;
        let counters = Arc::new(Counters::default());
        let tls = Tls::new(&options.security, options.cluster, options.node, &counters)?;
        let address = listener.local_addr()?;
        tls.check_address(address)?;
        let shared = Arc::new(Shared::new(options, tls, counters, roster, handler));
        let stop = watch::Sender::new(false);
        let accepting = tokio::spawn(accepting::run(shared.clone(), listener, stop.subscribe()));
        let (peers, accepting) = (Mutex::default(), Mutex::new(Some(accepting)));
        Ok(Self(Arc::new(Inner { shared, address, peers, stop, accepting })))
    }

    /// The address that peers reach, with the port that was really taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.0.address
    }

    /// Sets or replaces where `node` is: `name:port` or `ip:port`, looked up anew at each dial. A connection that works stays;
    /// a peer that was not reached is tried at the new address at once.
    pub fn set_address(&self, node: NodeId, address: impl Into<String>) {
        if *self.0.stop.borrow() {
            return;
        }
        let address = address.into();
        let mut peers = self.0.peers.lock();
        if let Some(peer) = peers.get(&node) {
            if peer.address.send_if_modified(|known| std::mem::replace(known, address.clone()) != address) {
                peer.links.iter().for_each(|link| link.forgive());
            }
            return;
        }
        let peer =
            Peer { address: watch::Sender::new(address), links: Channel::ALL.map(|channel| Arc::new(Link::new(node, channel))) };
        for link in &peer.links {
            tokio::spawn(link.clone().run(self.0.shared.clone(), peer.address.subscribe()));
        }
        peers.insert(node, peer);
    }

    /// Forgets where `node` is and ends all connections with it, those that it dialled too.
    pub fn remove(&self, node: NodeId) {
        self.0.peers.lock().remove(&node);
        for connection in self.0.shared.accepted(Some(node)) {
            connection.close(Lost::new(io::ErrorKind::NotConnected, "this peer was taken away"));
        }
    }

    /// Asks `to` and waits at most `timeout` for the answer. Many calls share a connection and are answered in any order.
    ///
    /// # Errors
    ///
    /// [`CallError`] says whether the peer may have seen the call.
    pub async fn call(
        &self,
        to: NodeId,
        channel: Channel,
        kind: u8,
        shard: u32,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        let deadline = Instant::now() + timeout.min(limits::CALL_TIMEOUT_MAX);
        pipe::too_long(channel, &body).map_err(CallError::NotSent)?;
        let connection = self.link(to, channel).map_err(CallError::NotSent)?.connection(Some(deadline)).await;
        let connection = connection.map_err(CallError::NotSent)?;
        let frame = Frame { message: kind, shard, body, ..Frame::bare(FrameKind::Call, 0) };
        let room = async {
            if channel == Channel::Snapshot {
                self.0.shared.snapshots.take(frame.body.len()).await;
            }
            connection.room(frame.cost()).await
        };
        let room = timeout_at(deadline, room).await.map_err(|_| CallError::NotSent(too_late()))?.map_err(CallError::NotSent)?;
        let (id, answer) = connection.begin_call(frame, room)?;
        let waiting = Waiting { connection: &connection, id };
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            // Who ends a connection tells everybody who waits; a call is never just dropped.
            Ok(Err(_)) => Err(CallError::Unknown(io::ErrorKind::ConnectionAborted.into())),
            Err(_) if waiting.connection.forget_call(id) => Err(CallError::NotSent(too_late())),
            Err(_) => Err(CallError::Unknown(too_late())),
        }
    }

    /// Opens a stream of messages to `to`, both ways. It fails at once while the peer is given a rest after a failed dial.
    ///
    /// # Errors
    ///
    /// The peer is not reached, or too many streams are open.
    pub async fn open(&self, to: NodeId, channel: Channel, kind: u8, shard: u32) -> io::Result<(Outgoing, Incoming)> {
        let connection = self.link(to, channel)?.connection(None).await?;
        pipe::open(&connection, kind, shard).await
    }

    /// Whether a connection with `node` is open, dialled by either side. A dead peer's are closed after
    /// [`Options::silence_max`].
    #[must_use]
    pub fn reachable(&self, node: NodeId) -> bool {
        let dialled = self.0.peers.lock().get(&node).is_some_and(|peer| peer.links.iter().any(|link| link.current().is_some()));
        dialled || self.0.shared.accepted(Some(node)).iter().any(|connection| connection.is_open())
    }

    /// How long the last ping to `node` took, on the channel for small messages if there is one.
    #[must_use]
    pub fn round_trip(&self, node: NodeId) -> Option<Duration> {
        self.connections(node).find_map(|connection| connection.round_trip())
    }

    /// Why `node` was not reached, or was lost, last, on the first channel that is down: for an operator who asks.
    #[must_use]
    pub fn trouble(&self, node: NodeId) -> Option<String> {
        let peers = self.0.peers.lock();
        peers.get(&node)?.links.iter().find_map(|link| link.trouble()).map(|why| why.text.to_string())
    }

    /// Whether a peer has refused this node since it is no longer a member. It told so by what the cluster has decided.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.0.shared.removed.load(Ordering::Acquire)
    }

    /// The protocol version spoken with `node`, if connected.
    #[must_use]
    pub fn version(&self, node: NodeId) -> Option<u16> {
        self.connections(node).next().map(|connection| connection.terms.version)
    }

    fn connections(&self, node: NodeId) -> impl Iterator<Item = Arc<Connection>> {
        let dialled: Vec<_> = {
            let peers = self.0.peers.lock();
            peers.get(&node).into_iter().flat_map(|peer| &peer.links).filter_map(|link| link.current()).collect()
        };
        dialled.into_iter().chain(self.0.shared.accepted(Some(node)))
    }

    /// Sets how many bytes a second this node sends on all snapshot channels together; 0 sets no limit.
    pub fn set_snapshot_rate(&self, bytes_per_second: u64) {
        self.0.shared.snapshots.set(bytes_per_second);
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.shared.counters.now()
    }

    /// Ends all connections and accepts no more; returns when the address is free again.
    pub async fn shutdown(&self) {
        self.0.end();
        let accepting = self.0.accepting.lock().take();
        if let Some(accepting) = accepting {
            // It was told to stop; if it failed it has stopped as well.
            let _ = accepting.await;
        }
        // What was admitted at the last moment.
        self.0.end();
    }

    fn link(&self, to: NodeId, channel: Channel) -> io::Result<Arc<Link>> {
        let peers = self.0.peers.lock();
        let peer = peers.get(&to).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotConnected, format!("no address of node {to:x} is known, or this node shuts down"))
        })?;
        Ok(peer.links[channel.index()].clone())
    }
}

impl Inner {
    fn end(&self) {
        self.stop.send_replace(true);
        self.peers.lock().clear();
        for connection in self.shared.accepted(None) {
            connection.close(Lost::new(io::ErrorKind::NotConnected, "this node shuts down"));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer did not answer in time")
}

fn check(options: &Options) -> io::Result<()> {
    let wrong = if options.cluster == 0 || options.node == 0 {
        "a cluster and a node have ids other than 0"
    } else if options.versions.is_empty() || *options.versions.start() == 0 {
        "at least one protocol version is spoken, from 1 on"
    } else if options.ping_interval.is_zero() || options.silence_max <= options.ping_interval {
        "a connection is silent for longer than one ping interval before it is closed"
    } else if !(limits::STREAM_CREDIT_BYTES_MIN..=1 << 28).contains(&options.stream_credit_bytes) {
        "a stream's credit lies between 4 KiB and 256 MiB"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, wrong))
}
