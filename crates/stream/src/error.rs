//! What bytes are refused with.

use base::{Error, Kind};

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::new(Kind::Corrupt, what)
}
