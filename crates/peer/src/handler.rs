//! What answers a peer.

use std::{future::Future, pin::Pin};

use base::NodeId;
use bytes::Bytes;

use crate::{Channel, Incoming, Outgoing};

/// A future that a handler gives.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a call or a stream comes from and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The peer, as the handshake made sure.
    pub from: NodeId,
    /// The connection's channel.
    pub channel: Channel,
    /// The protocol version that was agreed on.
    pub version: u16,
    /// The shard that is meant.
    pub shard: u32,
    /// What is meant; the layer above has the table.
    pub kind: u8,
}

/// What answers the peers' calls and streams.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call. The future is dropped when the connection ends; what must go on regardless is to be spawned.
    fn call(&self, request: Request, body: Bytes) -> BoxFuture<'static, Result<Bytes, base::Error>>;

    /// Serves one stream until it returns. It should return soon after `incoming` has ended.
    fn stream(&self, request: Request, incoming: Incoming, outgoing: Outgoing) -> BoxFuture<'static, ()>;
}
