//! What requests and bytes are refused with.

use base::{Error, Kind};

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::new(Kind::Corrupt, what)
}

pub(crate) fn of_another_version(what: &str, version: u8, ours: u8) -> Error {
    let message = format!("{what} of version {version}, and this is a node of version {ours}: update it");
    Error::new(Kind::Unsupported, message)
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, message.into())
}

pub(crate) fn no_namespace(path: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no namespace {path}: create it, or let the write create it"))
}

pub(crate) fn no_key(namespace: &str, key: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no key {key} in {namespace}: list the namespace to see what there is"))
}

pub(crate) fn no_import(import: u64) -> Error {
    Error::new(
        Kind::NotFound,
        format!("there is no import {import:016x}: it was committed, aborted or took too long; begin anew"),
    )
}

/// The answer to a change while an import is being made visible: `Overloaded`, and nothing was done.
pub fn publishing() -> Error {
    Error::new(Kind::Overloaded, "an import is being made visible, and nothing else may change meanwhile: repeat in a moment")
}

/// Whether an answer is [`publishing`]: then the change can be proposed again once the import is visible.
pub fn is_publishing(error: &Error) -> bool {
    *error == publishing()
}

pub(crate) fn missing_chunk(hash: &[u8]) -> Error {
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Error::new(Kind::Precondition, format!("the chunk {name}... is not there: put every chunk of the value, then repeat"))
}
