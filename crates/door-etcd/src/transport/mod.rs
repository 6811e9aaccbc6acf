//! The wire: connections, HTTP/2, gRPC.
//!
//! The `http2` engine knows frames; what makes them gRPC (lengths before messages, the status in trailers, deadlines in a header)
//! is a few hundred lines here, so that a message is not copied on its way in, its size is judged before its bytes are waited
//! for, and a watch can hand on events that were encoded once for everybody. One task serves a connection: it takes everything
//! that one read brought, and what is ready leaves in one write. HTTP/1 is hyper's.

mod call;
mod calls;
mod connection;
mod dispatch;
mod hello;
mod inbox;
mod message;
mod method;
mod old;
mod reply;
mod server;

pub(crate) use inbox::Inbox;
pub(crate) use message::{Body, Messages};
pub(crate) use method::Method;
pub use server::serve;
