//! What answers say, in either dialect.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::place::Dialect;
use crate::http::reason;

/// What is asked of a key.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry<'a> {
    /// It is there: at this position, with this value.
    There(i64, Cow<'a, [u8]>),
    Absent,
    /// Nothing is known, and why.
    Unknown(String),
}

#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Position {
    position: i64,
}

#[derive(Deserialize)]
struct Told<'a> {
    position: i64,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Numbers of 64 bits are strings there (the JSON mapping of Protocol Buffers).
#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    header: Header<'a>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    revision: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Range<'a> {
    #[serde(borrow, default)]
    kvs: Vec<Pair<'a>>,
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    mod_revision: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Why something was refused.
pub(crate) fn refusal(status: u16, body: &[u8]) -> String {
    let problem = serde_json::from_slice::<Problem<'_>>(body).ok();
    reason(status, problem.as_ref().and_then(|problem| problem.kind.as_deref().or(problem.message.as_deref())))
}

/// Where a write was done, or why it was not.
pub(crate) fn written(dialect: Dialect, status: u16, body: &[u8]) -> Result<i64, String> {
    let position = match (status, dialect) {
        (200, Dialect::Store) => serde_json::from_slice::<Position>(body).ok().map(|told| told.position),
        (200, Dialect::Gateway) => {
            serde_json::from_slice::<Answered<'_>>(body).ok().and_then(|answer| answer.header.revision.parse().ok())
        }
        _ => return Err(refusal(status, body)),
    };
    position.ok_or_else(|| "a write's answer has no position".to_owned())
}

/// What is told of a key.
pub(crate) fn entry(dialect: Dialect, status: u16, body: &[u8]) -> Entry<'_> {
    let unreadable = || Entry::Unknown("a key's answer cannot be read".to_owned());
    match (status, dialect) {
        (200, Dialect::Store) => match serde_json::from_slice::<Told<'_>>(body) {
            Ok(told) => Entry::There(told.position, bytes(told.value)),
            Err(_) => unreadable(),
        },
        (404, Dialect::Store) => Entry::Absent,
        (200, Dialect::Gateway) => {
            let Ok(range) = serde_json::from_slice::<Range<'_>>(body) else { return unreadable() };
            let Some(pair) = range.kvs.first() else { return Entry::Absent };
            match (pair.mod_revision.parse(), STANDARD.decode(pair.value.as_bytes())) {
                (Ok(position), Ok(value)) => Entry::There(position, Cow::Owned(value)),
                _ => unreadable(),
            }
        }
        _ => Entry::Unknown(refusal(status, body)),
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_s_answers_are_read() {
        let put = br#"{"namespace":"n","key":"k","type":"string","version":1,"position":42,"bytes":5}"#;
        assert_eq!(written(Dialect::Store, 200, put), Ok(42));
        let problem = br#"{"type":"urn:manifold:problem:pressure","status":429}"#;
        assert_eq!(written(Dialect::Store, 429, problem), Err("429 pressure".to_owned()));
        assert_eq!(written(Dialect::Store, 307, b""), Err("307".to_owned()));
        assert!(written(Dialect::Store, 200, b"{}").is_err());
        let got = br#"{"namespace":"n","key":"k","value":"abc","type":"string","version":1,"position":42}"#;
        assert_eq!(entry(Dialect::Store, 200, got), Entry::There(42, b"abc"[..].into()));
        assert_eq!(entry(Dialect::Store, 404, problem), Entry::Absent);
        assert_eq!(entry(Dialect::Store, 503, b""), Entry::Unknown("503".to_owned()));
        assert!(matches!(entry(Dialect::Store, 200, b"[]"), Entry::Unknown(_)));
    }

    #[test]
    fn the_gateway_s_answers_are_read() {
        let put = br#"{"header":{"cluster_id":"1","member_id":"2","revision":"42","raft_term":"2"}}"#;
        assert_eq!(written(Dialect::Gateway, 200, put), Ok(42));
        let refused = br#"{"code":8,"message":"etcdserver: too many requests","details":[]}"#;
        assert_eq!(written(Dialect::Gateway, 429, refused), Err("429 etcdserver: too many requests".to_owned()));
        let got = br#"{"header":{"revision":"50"},"kvs":[{"key":"aw==","create_revision":"42","mod_revision":"42","version":"1","value":"YWJj"}],"count":"1"}"#;
        assert_eq!(entry(Dialect::Gateway, 200, got), Entry::There(42, b"abc"[..].into()));
        assert_eq!(entry(Dialect::Gateway, 200, br#"{"header":{"revision":"50"}}"#), Entry::Absent);
    }
}
