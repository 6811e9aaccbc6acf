//! A [`Network`] of wires: the switchboard of `peer`.

use std::{io, sync::Arc, time::Duration};

use base::{Error, Kind, NodeId, Result};
use bytes::Bytes;
use peer::{Handler, Incoming, Options, Outgoing, Request, Roster, Security, Standing, Switchboard, VERSIONS};
use tokio::net::TcpListener;

use crate::limits::{PEER_PING_MS, PEER_SILENCE_MS};

use super::{BoxFuture, CallError, Channel, Message, Network, NetworkMaker, Receiver, Receiving, Reception, Sender, Sending};

/// Makes the network of a node that listens on `listener`.
pub(crate) fn wire(listener: TcpListener, name: String, security: Security, snapshot_bytes_per_second: u64) -> NetworkMaker {
    Box::new(move |identity, reception| {
        // Each level of formats may change what is said on the wire, too.
        let versions = *VERSIONS.start()..=u16::try_from(crate::level()).unwrap_or(u16::MAX);
        let options = Options::new(identity.cluster_id, identity.node_id, name, security);
        let (ping_interval, silence_max) = (Duration::from_millis(PEER_PING_MS), Duration::from_millis(PEER_SILENCE_MS));
        let options = Options { snapshot_bytes_per_second, versions, ping_interval, silence_max, ..options };
        let desk = Arc::new(Desk(reception));
        let board = Switchboard::start(options, listener, desk.clone(), desk)
            .map_err(|error| Error::new(Kind::Invalid, format!("peers cannot be served: {error}")))?;
        Ok(Arc::new(Wired(board)) as Arc<dyn Network>)
    })
}

struct Wired(Switchboard);

impl Network for Wired {
    fn call(
        &self,
        to: NodeId,
        channel: Channel,
        message: Message,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let board = self.0.clone();
        Box::pin(async move { board.call(to, channel, message.kind, message.shard, body, timeout).await })
    }

    fn open(&self, to: NodeId, channel: Channel, message: Message) -> BoxFuture<'static, io::Result<(Sender, Receiver)>> {
        let board = self.0.clone();
        Box::pin(async move {
            let (outgoing, incoming) = board.open(to, channel, message.kind, message.shard).await?;
            Ok((Box::new(outgoing) as Sender, Box::new(incoming) as Receiver))
        })
    }

    fn set_address(&self, node: NodeId, address: &str) {
        self.0.set_address(node, address);
    }

    fn remove(&self, node: NodeId) {
        self.0.remove(node);
    }

    fn is_reachable(&self, node: NodeId) -> bool {
        self.0.reachable(node)
    }

    fn round_trip(&self, node: NodeId) -> Option<Duration> {
        self.0.round_trip(node)
    }

    fn local_address(&self) -> Option<String> {
        Some(self.0.local_addr().to_string())
    }

    fn trouble(&self, node: NodeId) -> Option<String> {
        self.0.trouble(node)
    }

    fn is_removed(&self) -> bool {
        self.0.is_removed()
    }

    fn shutdown(&self) -> BoxFuture<'static, ()> {
        let board = self.0.clone();
        Box::pin(async move { board.shutdown().await })
    }
}

impl Sending for Outgoing {
    fn send(&mut self, body: Bytes) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(Outgoing::send(self, body))
    }

    fn finish(self: Box<Self>) {
        Outgoing::finish(*self);
    }
}

impl Receiving for Incoming {
    fn next(&mut self) -> BoxFuture<'_, Option<io::Result<Bytes>>> {
        Box::pin(Incoming::next(self))
    }
}

/// Hands what peers say to the node.
struct Desk(Arc<dyn Reception>);

impl Handler for Desk {
    fn call(&self, request: Request, body: Bytes) -> BoxFuture<'static, Result<Bytes, Error>> {
        self.0.call(request.from, Message { kind: request.kind, shard: request.shard }, body)
    }

    fn stream(&self, request: Request, incoming: Incoming, outgoing: Outgoing) -> BoxFuture<'static, ()> {
        let message = Message { kind: request.kind, shard: request.shard };
        self.0.stream(request.from, message, Box::new(incoming), Box::new(outgoing))
    }
}

impl Roster for Desk {
    fn check(&self, node: NodeId) -> Standing {
        self.0.standing(node)
    }
}
