//! What may come of a call.

use std::{fmt, io};

/// Why a call has no answer. What the caller may do depends on whether the peer may have seen it.
#[derive(Debug)]
pub enum CallError {
    /// Surely not sent: nothing was done, and it may be repeated anywhere.
    NotSent(io::Error),
    /// It may have been sent, and may have been carried out.
    Unknown(io::Error),
    /// The peer answered with an error.
    Answered(base::Error),
}

impl CallError {
    /// Whether the peer surely never saw the call.
    pub fn surely_not_sent(&self) -> bool {
        matches!(self, Self::NotSent(_))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => write!(f, "not sent: {error}"),
            Self::Unknown(error) => write!(f, "sent, and the outcome is not known: {error}"),
            Self::Answered(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallError {}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        let kind = match &error {
            CallError::NotSent(inner) | CallError::Unknown(inner) => inner.kind(),
            CallError::Answered(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Why a connection is no more; many are told.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) kind: io::ErrorKind,
    pub(crate) text: std::sync::Arc<str>,
}

impl Lost {
    pub(crate) fn new(kind: io::ErrorKind, text: impl Into<std::sync::Arc<str>>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(crate) fn error(&self) -> io::Error {
        io::Error::new(self.kind, &*self.text)
    }
}
