//! What bytes are refused with.

use base::{Error, Kind};

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::new(Kind::Corrupt, what)
}

pub(crate) fn of_another_version(what: &str, version: u8, ours: u8) -> Error {
    let message = format!("{what} of version {version}, and this is a node of version {ours}: update it");
    Error::new(Kind::Unsupported, message)
}
