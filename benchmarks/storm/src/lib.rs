//! The engine of `storm`, which `manifold bench` uses too: load for one etcd-shaped gRPC server over plain-text HTTP/2.
//!
//! Requests are encoded by hand and sent in bulk, so that the server, not this program, is what is measured.
//! Every put carries a serial number and, unless [`options::Options::same_value`], bytes derived from it;
//! [`run::read_back`] reads every acknowledged key back afterwards and compares, so a false acknowledgement shows.
//!
//! Latencies are closed loop unless there is an open-loop rate; then they count from the moment at which the
//! request should have been sent. One client, one at a time, is one connection with one stream.

mod connection;
mod frames;
pub mod lease;
pub mod message;
pub mod options;
pub mod run;
pub mod watch;

pub use connection::Outcome;
