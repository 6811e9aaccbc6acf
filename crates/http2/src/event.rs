//! What the other side did.

use bytes::Bytes;

use crate::{Code, Fault, Request};

/// Something that happened on a connection.
#[derive(Debug)]
pub enum Event {
    /// A request's head came.
    Request {
        /// Its stream.
        stream: u32,
        /// The head.
        request: Request,
        /// There is no body.
        end: bool,
    },
    /// A part of a request's body came. It counts against the windows until [`crate::Connection::release`].
    Data {
        /// Its stream.
        stream: u32,
        /// The bytes; none if only the end came, also when it came as trailers.
        data: Bytes,
        /// The request is complete.
        end: bool,
    },
    /// A stream was ended by the other side, or for its fault. What was to be sent on it is dropped.
    Reset {
        /// The stream.
        stream: u32,
        /// Why.
        code: Code,
    },
    /// A ping of this side came back.
    Pong,
    /// The other side will open no more streams.
    Leaving(Code),
    /// The connection is over: the output ends with GOAWAY, and nothing more is received.
    Closed(Fault),
}
