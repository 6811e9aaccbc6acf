//! The few kinds of error that cross a floor; each door has one table from kind to wire code.

use std::{borrow::Cow, fmt};

/// What the caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request makes no sense; do not repeat it.
    Invalid,
    /// A revision, offset or size lies outside what can be served.
    OutOfRange,
    /// A state that the request needs does not hold.
    Precondition,
    /// Who is asking is not known.
    Unauthenticated,
    /// Who is asking may not do this.
    Denied,
    /// What is asked for does not exist.
    NotFound,
    /// It exists already, or changed meanwhile.
    Conflict,
    /// Too much at once; slow down and repeat. Nothing was done.
    Overloaded,
    /// Not now; repeat elsewhere or later. Whether it was done is not known unless the message says so.
    Unavailable,
    /// The deadline passed. Whether it was done is not known.
    Deadline,
    /// The caller gave up.
    Cancelled,
    /// This server does not do that.
    Unsupported,
    /// Stored bytes are not what was written.
    Corrupt,
}

/// An error with its kind and a text for a person or a client library that compares texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the caller can do.
    pub kind: Kind,
    /// The text, without secrets and without internals.
    pub message: Cow<'static, str>,
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` with `message`.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
