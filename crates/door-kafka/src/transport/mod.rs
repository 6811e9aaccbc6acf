//! The wire: connections, frames, and the order of answers.

mod codes;
mod connection;
mod dispatch;
mod server;

pub(crate) use dispatch::{Answer, Answering, Call, Context, malformed};
pub use server::serve;
