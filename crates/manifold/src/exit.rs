//! The ways in which the process ends, and their numbers. `docs/operating.md` carries the same table, and a test compares.

use std::{fmt, io::Write, process::ExitCode};

use base::Kind;

/// Why the process ends, as a number for scripts. Most are those of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A command did not do what it was asked; nothing below says it better.
    Failed = 1,
    /// Stored bytes are not what was written.
    Damaged = 65,
    /// No node answers.
    NoNode = 69,
    /// An address cannot be bound, or the system refuses something else that is needed.
    System = 71,
    /// A write or an fsync failed. What is on disk is read again at the next start.
    Storage = 74,
    /// Another process holds the data directory.
    Locked = 75,
    /// The configuration cannot be used, or the cluster takes no part of this node (any more).
    Configuration = 78,
}

impl Code {
    /// All of them, with their meaning in one line.
    #[cfg(test)]
    pub(crate) const ALL: &[Code] =
        &[Code::Failed, Code::Damaged, Code::NoNode, Code::System, Code::Storage, Code::Locked, Code::Configuration];
}

/// A message for a person and a number for a script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// What a room says while a node is opened or a stored file is read.
    pub(crate) fn from_room(error: &base::Error) -> Self {
        let code = match error.kind {
            Kind::Corrupt => Code::Damaged,
            Kind::Conflict => Code::Locked,
            Kind::Invalid | Kind::Precondition | Kind::Unsupported => Code::Configuration,
            Kind::Unavailable => Code::Storage,
            _ => Code::Failed,
        };
        Self::new(code, error)
    }

    /// Tells the person on stderr, and gives the number.
    pub(crate) fn report(&self) -> ExitCode {
        // With stderr gone there is nobody to tell; the number still says it.
        let _ = writeln!(std::io::stderr(), "manifold: {}", self.message);
        ExitCode::from(self.code as u8)
    }
}

/// What running a command gives.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
