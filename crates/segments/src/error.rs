//! Errors of this room.

use std::{fmt::Display, io};

use base::{Error, Kind};

/// What a person does about damage.
const REMEDY: &str = "restore this node from its peers or from a backup";

/// Stored bytes of `name` are not what was written.
pub(crate) fn damaged(name: impl Display, what: impl Display) -> Error {
    Error::new(Kind::Corrupt, format!("segment {name} is damaged, {what}: {REMEDY}"))
}

/// The disk refused something with `name`.
pub(crate) fn failed_io(name: impl Display, error: &io::Error) -> Error {
    match error.kind() {
        // A file that is shorter than what was written, or gone.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound | io::ErrorKind::InvalidData => damaged(name, error),
        _ => Error::new(
            Kind::Unavailable,
            format!("segment {name} cannot be read or written ({error}): see to the disk, then start the node again"),
        ),
    }
}

/// A format that this build does not read.
pub(crate) fn unknown_version(name: impl Display, version: u32, known: u32) -> Error {
    let message =
        format!("segment {name} has format {version}, and this build reads format {known} only: use the build that wrote it");
    Error::new(Kind::Unsupported, message)
}

/// The caller asks for what does not fit what is there; nothing was done.
pub(crate) fn conflict(name: impl Display, what: impl Display) -> Error {
    Error::new(Kind::Conflict, format!("segment {name} {what}"))
}
