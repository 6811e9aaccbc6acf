//! What an error is called on the wire: one table from text and kind to gRPC's codes.
//!
//! etcd's clients compare texts, so the text decides first; an error without one of etcd's texts goes by its kind.

use base::{Error, Kind};
use tonic::{Code, Status};

/// etcd's texts and their codes (`api/v3rpc/rpctypes/error.go`), without the prefix that all of them have.
const TEXTS: &[(&str, Code)] = &[
    ("key is not provided", Code::InvalidArgument),
    ("key not found", Code::InvalidArgument),
    ("value is provided", Code::InvalidArgument),
    ("lease is provided", Code::InvalidArgument),
    ("too many operations in txn request", Code::InvalidArgument),
    ("duplicate key given in txn request", Code::InvalidArgument),
    ("invalid client api version", Code::InvalidArgument),
    ("invalid sort option", Code::InvalidArgument),
    ("request is too large", Code::InvalidArgument),
    ("mvcc: required revision has been compacted", Code::OutOfRange),
    ("mvcc: required revision is a future revision", Code::OutOfRange),
    ("too large lease TTL", Code::OutOfRange),
    ("mvcc: database space exceeded", Code::ResourceExhausted),
    ("too many requests", Code::ResourceExhausted),
    ("given member URLs are invalid", Code::InvalidArgument),
    ("requested lease not found", Code::NotFound),
    ("lease already exists", Code::FailedPrecondition),
    ("member not found", Code::NotFound),
    ("member ID already exist", Code::FailedPrecondition),
    ("Peer URLs already exists", Code::FailedPrecondition),
    // Declared FailedPrecondition there, but this is what etcd answers.
    ("re-configuration failed due to not enough started members", Code::Unknown),
    ("too many learner members in cluster", Code::FailedPrecondition),
    ("can only promote a learner member", Code::FailedPrecondition),
    ("can only promote a learner member which is in sync with leader", Code::FailedPrecondition),
    ("bad leader transferee", Code::FailedPrecondition),
    ("no leader", Code::Unavailable),
    ("not leader", Code::FailedPrecondition),
    ("leader changed", Code::Unavailable),
    ("server stopped", Code::Unavailable),
    ("request timed out", Code::Unavailable),
    ("unhealthy cluster", Code::Unavailable),
    ("corrupt cluster", Code::DataLoss),
    ("request canceled", Code::Cancelled),
    ("watch canceled", Code::Cancelled),
];

/// The prefix of etcd's texts.
const PREFIX: &str = "etcdserver: ";

/// The code of an error.
pub fn code(error: &Error) -> Code {
    let known = error.message.strip_prefix(PREFIX).and_then(|text| TEXTS.iter().find(|(known, _)| *known == text));
    match known {
        Some((_, code)) => *code,
        None => code_of_kind(error.kind),
    }
}

fn code_of_kind(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::Precondition | Kind::Conflict => Code::FailedPrecondition,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Overloaded => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Deadline => Code::DeadlineExceeded,
        Kind::Cancelled => Code::Cancelled,
        Kind::Unsupported => Code::Unimplemented,
        Kind::Corrupt => Code::DataLoss,
    }
}

/// The status of an error.
pub fn status(error: Error) -> Status {
    Status::new(code(&error), error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_decides_before_the_kind() {
        let of = |kind, text| code(&Error::new(kind, text));
        assert_eq!(of(Kind::NotFound, "etcdserver: key not found"), Code::InvalidArgument);
        assert_eq!(of(Kind::Conflict, "etcdserver: lease already exists"), Code::FailedPrecondition);
        assert_eq!(of(Kind::Overloaded, "etcdserver: mvcc: database space exceeded"), Code::ResourceExhausted);
        assert_eq!(of(Kind::Unavailable, "etcdserver: no leader"), Code::Unavailable);
        assert_eq!(of(Kind::NotFound, "something else"), Code::NotFound);
        assert_eq!(of(Kind::Corrupt, "key not found"), Code::DataLoss);
    }
}
