//! The errors that clients of a key space see, with etcd's texts: its client libraries compare them.

use base::{Error, Kind};

pub(crate) fn compacted() -> Error {
    Error::new(Kind::OutOfRange, "etcdserver: mvcc: required revision has been compacted")
}

pub(crate) fn future_revision() -> Error {
    Error::new(Kind::OutOfRange, "etcdserver: mvcc: required revision is a future revision")
}

pub(crate) fn lease_not_found() -> Error {
    Error::new(Kind::NotFound, "etcdserver: requested lease not found")
}

pub(crate) fn lease_exists() -> Error {
    Error::new(Kind::Precondition, "etcdserver: lease already exists")
}

pub(crate) fn lease_ttl_too_large() -> Error {
    Error::new(Kind::OutOfRange, "etcdserver: too large lease TTL")
}

pub(crate) fn key_not_found() -> Error {
    Error::new(Kind::Invalid, "etcdserver: key not found")
}

pub(crate) fn key_too_long() -> Error {
    Error::new(Kind::Invalid, "etcdserver: request is too large")
}

pub(crate) fn no_space() -> Error {
    Error::new(Kind::Overloaded, "etcdserver: mvcc: database space exceeded")
}

pub(crate) fn corrupt_cluster() -> Error {
    Error::new(Kind::Corrupt, "etcdserver: corrupt cluster")
}

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::new(Kind::Corrupt, what)
}
