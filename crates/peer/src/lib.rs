//! Node-to-node transport: who speaks, on which channel, how much, and whether it arrived.
//!
//! A [`Switchboard`] accepts a node's peers and dials them when they are wanted: a TCP connection of its own for each [`Channel`],
//! so that a heartbeat never waits behind a snapshot. Every connection begins with a handshake, in which both sides say who they
//! are and either may turn the other away with a [`Refusal`] that the other can read; then come frames, each with a checksum.
//! The side that dialled asks: a *call* has one answer, a *stream* carries messages both ways. What they mean is not known here:
//! a [`Handler`] answers them, and bodies are opaque.
//!
//! What is promised:
//!
//! - A frame that arrives is the frame that was sent. One flipped bit ends the connection, and nothing of it is delivered.
//! - Within a stream messages arrive in order, each once, until the stream ends; an end that was meant is told from one that was not.
//! - A call that fails says whether the peer may have seen it ([`CallError`]), so that a write is repeated only if it surely was
//!   not sent.
//! - Memory is bounded by [`limits`], whatever the peer does: a slow reader stops its sender, and a call too many is refused.
//! - With [`Security::Secret`] nobody without the cluster's secret gets past TLS, and nobody speaks for another node id without
//!   making itself a certificate, which takes the secret.
//!
//! What is not: an answer that is lost is not repeated, a message handed to a stream may be lost with its connection, and a
//! handler may see a call whose caller has given up. Byte layouts are in `docs/formats/peer.md`.

pub mod fuzz;
pub mod limits;

mod accepting;
mod bucket;
mod certificates;
mod channel;
mod connection;
mod counts;
mod error;
mod failure;
mod files;
mod frame;
mod handler;
mod handshake;
mod hello;
mod link;
mod options;
mod pipe;
mod reading;
mod refusal;
mod roster;
mod secret;
mod security;
mod shared;
mod switchboard;
mod tls;
mod wire;
mod writing;

use std::sync::Arc;

pub use channel::Channel;
pub use counts::Counts;
pub use error::CallError;
pub use handler::{BoxFuture, Handler, Request};
pub use options::{Options, VERSIONS};
pub use pipe::{Incoming, Outgoing};
pub use refusal::Refusal;
pub use roster::{Roster, Standing};
pub use secret::{ClusterSecret, SecretError};
pub use security::Security;
pub use switchboard::Switchboard;

/// Starts reading from and writing to an admitted connection.
fn start(connection: &Arc<connection::Connection>, wire: wire::Wire) {
    let (read, write) = wire.split();
    tokio::spawn(writing::run(connection.clone(), write));
    let connection = connection.clone();
    tokio::spawn(async move {
        reading::run(connection.clone(), read).await;
        connection.shared.forget(&connection);
    });
}
