//! How this node's messages reach its peers, and how theirs come in: bytes, of which only the rooms above know the meaning.
//!
//! On a machine a [`Network`] is the switchboard of `peer`; the simulator hands in its own, with losses and delays from its seed.

pub mod kind;
mod wired;

use std::{io, sync::Arc, time::Duration};

use base::{Error, NodeId, Result};
use bytes::Bytes;
pub use peer::{BoxFuture, CallError, Channel, ClusterSecret, Security, Standing};
pub(crate) use wired::wire;

use crate::Identity;

/// Makes the node's network once there is somebody to take what comes in.
pub type NetworkMaker = Box<dyn FnOnce(&Identity, Arc<dyn Reception>) -> Result<Arc<dyn Network>> + Send>;

/// Carries calls and streams from this node to its peers.
pub trait Network: Send + Sync + 'static {
    /// Asks `to` and waits at most `timeout` for the answer.
    fn call(
        &self,
        to: NodeId,
        channel: Channel,
        message: Message,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, CallError>>;

    /// Opens a stream of messages to `to`, both ways.
    fn open(&self, to: NodeId, channel: Channel, message: Message) -> BoxFuture<'static, io::Result<(Sender, Receiver)>>;

    /// Sets or replaces where `node` is.
    fn set_address(&self, node: NodeId, address: &str);

    /// Forgets `node` and ends what is open with it.
    fn remove(&self, node: NodeId);

    /// Whether anything is open with `node`.
    fn is_reachable(&self, node: NodeId) -> bool;

    /// How long the last question whether `node` lives took.
    fn round_trip(&self, node: NodeId) -> Option<Duration>;

    /// The address that peers reach this node at, with the port that was really taken; `None` where there are no addresses.
    fn local_address(&self) -> Option<String>;

    /// Why `node` was not reached last, for an operator who asks.
    fn trouble(&self, node: NodeId) -> Option<String>;

    /// Whether a peer said that this node is no longer a member.
    fn is_removed(&self) -> bool {
        false
    }

    /// Ends everything.
    fn shutdown(&self) -> BoxFuture<'static, ()>;
}

/// What a call or a stream is, and which shard it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The kind; `docs/formats/messages.md` has the table.
    pub kind: u8,
    /// The shard; 0 too for what is for the node.
    pub shard: u32,
}

/// The sending half of a stream. Dropped without [`Sending::finish`], the peer learns that it broke off.
pub type Sender = Box<dyn Sending>;
/// The receiving half of a stream. Dropped, the peer learns that no more is taken.
pub type Receiver = Box<dyn Receiving>;

/// See [`Sender`].
pub trait Sending: Send + 'static {
    /// Sends one message once there is room for it.
    fn send(&mut self, body: Bytes) -> BoxFuture<'_, io::Result<()>>;

    /// Ends in good order.
    fn finish(self: Box<Self>);
}

/// See [`Receiver`].
pub trait Receiving: Send + 'static {
    /// The next message; `None` after the peer finished; an error, once, when the stream broke off.
    fn next(&mut self) -> BoxFuture<'_, Option<io::Result<Bytes>>>;
}

/// What takes the peers' calls and streams: a node.
pub trait Reception: Send + Sync + 'static {
    /// Answers one call. The future is dropped when the connection ends.
    fn call(&self, from: NodeId, message: Message, body: Bytes) -> BoxFuture<'static, Result<Bytes, Error>>;

    /// Serves one stream until it returns.
    fn stream(&self, from: NodeId, message: Message, receiver: Receiver, sender: Sender) -> BoxFuture<'static, ()>;

    /// What `node` is to the cluster: asked before it may say anything.
    fn standing(&self, node: NodeId) -> Standing;
}
