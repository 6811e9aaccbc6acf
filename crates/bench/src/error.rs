//! Why a run cannot be done.

use std::fmt;

/// What the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line asks for what cannot be: change it.
    Usage,
    /// Nobody answers at an address: start somebody there, or name another one.
    Unreachable,
    /// Something went wrong on the way; the message says what.
    Failed,
}

/// A kind, and a sentence for a person that says what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the caller can do about it.
    pub kind: Kind,
    /// For a person.
    pub message: String,
}

/// What may go wrong.
pub type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Usage, message: message.to_string() }
    }

    pub(crate) fn unreachable(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Unreachable, message: message.to_string() }
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self { kind: Kind::Failed, message: message.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
