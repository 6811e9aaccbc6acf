//! Errors of the tree on disk.

use std::{borrow::Cow, io};

use base::{Error, Kind};

/// What a person does about damage.
const REMEDY: &str = "restore this node from its peers or from a backup";

/// Stored bytes are not what was written.
pub(super) fn damaged(what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::Corrupt, format!("the settled tree is damaged, {}: {REMEDY}", what.into()))
}

/// The disk refused.
pub(super) fn failed_io(error: io::Error) -> Error {
    match error.kind() {
        // Both mean that a file is shorter than what was written, or gone.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound | io::ErrorKind::InvalidData => damaged(error.to_string()),
        _ => Error::new(
            Kind::Unavailable,
            format!("the settled tree cannot be read or written ({error}): see to the disk, then start the node again"),
        ),
    }
}

/// The table library refused.
pub(super) fn failed(error: lsm_tree::Error) -> Error {
    match error {
        lsm_tree::Error::Io(error) => failed_io(error),
        other => damaged(format!("{other:?}")),
    }
}
