//! An error of the layer above as bytes: its kind, then its text.

use base::{Error, Kind};
use bytes::{BufMut, Bytes, BytesMut};

use crate::frame::FAILURE_BYTES_MAX;

/// The kinds and the numbers that travel for them, which never change their meaning.
const KINDS: [(u8, Kind); 13] = [
    (1, Kind::Invalid),
    (2, Kind::OutOfRange),
    (3, Kind::Precondition),
    (4, Kind::Unauthenticated),
    (5, Kind::Denied),
    (6, Kind::NotFound),
    (7, Kind::Conflict),
    (8, Kind::Overloaded),
    (9, Kind::Unavailable),
    (10, Kind::Deadline),
    (11, Kind::Cancelled),
    (12, Kind::Unsupported),
    (13, Kind::Corrupt),
];

pub(crate) fn encode(error: &Error) -> Bytes {
    let code = KINDS.iter().find(|(_, kind)| *kind == error.kind).map_or(0, |(code, _)| *code);
    let text = &error.message[..error.message.floor_char_boundary(FAILURE_BYTES_MAX - 1)];
    let mut out = BytesMut::with_capacity(1 + text.len());
    out.put_u8(code);
    out.put_slice(text.as_bytes());
    out.freeze()
}

/// A kind that a later version added is `Unavailable`: its outcome is not known.
pub(crate) fn decode(body: &[u8]) -> Error {
    let (code, text) = body.split_first().map_or((0, &[][..]), |(code, text)| (*code, text));
    let kind = KINDS.iter().find(|(known, _)| *known == code).map_or(Kind::Unavailable, |(_, kind)| *kind);
    Error::new(kind, String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_and_long_texts_are_cut() {
        for (_, kind) in KINDS {
            let error = Error::new(kind, "why");
            assert_eq!(decode(&encode(&error)), error);
        }
        let long = encode(&Error::new(Kind::Invalid, "ä".repeat(5000)));
        assert!(long.len() <= FAILURE_BYTES_MAX && decode(&long).message.starts_with("ää"));
        assert_eq!(decode(b"").kind, Kind::Unavailable);
        assert_eq!(decode(&[99, 0xff]).kind, Kind::Unavailable);
    }
}
