//! Error codes (RFC 9113, section 7), and what ends a connection.

use std::fmt;

/// Why a stream or a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// Nothing is wrong.
    pub const NO_ERROR: Code = Code(0);
    /// The protocol was broken.
    pub const PROTOCOL_ERROR: Code = Code(1);
    /// This side failed.
    pub const INTERNAL_ERROR: Code = Code(2);
    /// More was sent than the window allowed.
    pub const FLOW_CONTROL_ERROR: Code = Code(3);
    /// Something was sent on a stream whose side was closed.
    pub const STREAM_CLOSED: Code = Code(5);
    /// A frame has a length that it may not have.
    pub const FRAME_SIZE_ERROR: Code = Code(6);
    /// The stream was not looked at and may be tried again.
    pub const REFUSED_STREAM: Code = Code(7);
    /// Nobody waits for it any more.
    pub const CANCEL: Code = Code(8);
    /// A header block cannot be decoded.
    pub const COMPRESSION_ERROR: Code = Code(9);
    /// The other side makes too much work.
    pub const ENHANCE_YOUR_CALM: Code = Code(11);
}

/// What ended a connection: a code for the other side, and words for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code that the other side is told.
    pub code: Code,
    /// What was wrong.
    pub text: &'static str,
}

impl Fault {
    pub(crate) const fn new(code: Code, text: &'static str) -> Self {
        Self { code, text }
    }

    pub(crate) const fn protocol(text: &'static str) -> Self {
        Self::new(Code::PROTOCOL_ERROR, text)
    }

    pub(crate) const fn size(text: &'static str) -> Self {
        Self::new(Code::FRAME_SIZE_ERROR, text)
    }

    pub(crate) const fn flow(text: &'static str) -> Self {
        Self::new(Code::FLOW_CONTROL_ERROR, text)
    }

    pub(crate) const fn calm(text: &'static str) -> Self {
        Self::new(Code::ENHANCE_YOUR_CALM, text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.text, self.code.0)
    }
}

impl std::error::Error for Fault {}
