//! The one question that the harness itself asks a Kafka server: which brokers it knows.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A broker that is starting may take a connection and not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer without topics is far smaller.
const ANSWER_BYTES_MAX: usize = 1 << 16;
/// Metadata, version 1, correlation id 0, no client id, an empty list of topics.
const METADATA_REQUEST: [u8; 18] = [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];

/// How many brokers the server on this port of 127.0.0.1 knows; `None` while it does not answer. It asks with Metadata version 1,
/// which Kafka and all that speaks like it has served since 0.10.
pub fn brokers(port: u16) -> Option<usize> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    socket.write_all(&METADATA_REQUEST).ok()?;
    let mut length = [0; 4];
    socket.read_exact(&mut length).ok()?;
    let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|bytes| *bytes <= ANSWER_BYTES_MAX)?;
    let mut answer = vec![0; length];
    socket.read_exact(&mut answer).ok()?;
    brokers_in(&answer)
}

/// The count of brokers behind the correlation id.
fn brokers_in(answer: &[u8]) -> Option<usize> {
    let count = i32::from_be_bytes(answer.get(4..8)?.try_into().ok()?);
    usize::try_from(count).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_says_how_long_it_is() {
        let length = u32::from_be_bytes(METADATA_REQUEST[..4].try_into().expect("four bytes"));
        assert_eq!(length as usize, METADATA_REQUEST.len() - 4);
    }

    #[test]
    fn brokers_are_counted_behind_the_correlation_id() {
        assert_eq!(brokers_in(&[0, 0, 0, 9, 0, 0, 0, 3, 1]), Some(3));
        assert_eq!(brokers_in(&[0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff]), None, "a null list");
        assert_eq!(brokers_in(&[0, 0, 0, 9, 0, 0]), None, "cut off");
    }
}
