//! The wire: connections, HTTP/2, gRPC.
//!
//! hyper's HTTP/2 engine carries the frames; what makes them gRPC (lengths before messages, the status in trailers, deadlines in
//! a header) is a few hundred lines here, so that a message is not copied on its way in, its size is judged before its bytes are
//! waited for, and a watch can hand on events that were encoded once for everybody.

mod arrival;
mod call;
mod dispatch;
mod message;
mod method;
mod reply;
mod server;

pub(crate) use message::Messages;
pub(crate) use method::Method;
pub use server::serve;
