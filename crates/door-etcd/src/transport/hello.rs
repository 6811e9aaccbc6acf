//! The beginning of a connection, which tells HTTP/2 from everything else.

use std::io;

use bytes::BytesMut;
use http2::PREFACE;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

use crate::limits::PREFACE_TIMEOUT;

/// What a client began with, and everything that was read of it.
#[derive(Debug)]
pub(super) enum Hello {
    /// The preface (RFC 9113, section 3.4).
    Http2(BytesMut),
    /// Something else, HTTP/1 if anything.
    Other(BytesMut),
}

/// Reads until it is clear what a client speaks.
///
/// # Errors
/// The client left, or does not get to a request: until its first bytes are there, nothing else watches over it.
pub(super) async fn hello(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Hello> {
    let reading = async {
        let mut read = BytesMut::new();
        loop {
            let come = read.len().min(PREFACE.len());
            if read[..come] != PREFACE[..come] {
                return Ok(Hello::Other(read));
            }
            if come == PREFACE.len() {
                return Ok(Hello::Http2(read));
            }
            if stream.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the client does not get to a request");
    timeout(PREFACE_TIMEOUT, reading).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(mut bytes: &[u8]) -> io::Result<Hello> {
        hello(&mut bytes).await
    }

    #[tokio::test]
    async fn the_preface_is_told_from_everything_else() {
        assert!(matches!(of(PREFACE).await, Ok(Hello::Http2(read)) if read == PREFACE[..]));
        for other in [&b"GET / HTTP/1.1\r\n"[..], b"POST", b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01"] {
            assert!(matches!(of(other).await, Ok(Hello::Other(read)) if read == other), "{other:?}");
        }
        for cut in [&b""[..], b"P", b"PRI * HTTP/2"] {
            assert_eq!(of(cut).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
