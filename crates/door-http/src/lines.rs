//! Lines of a request's head end with CR LF, and with nothing else.
//!
//! hyper also takes a line feed alone, which RFC 9112 (section 2.2) allows. A proxy before this door may not, and then the two see
//! other requests in the same bytes, which is how requests are smuggled. So a lone line feed in a head is passed on as NUL, which no
//! part of a head may have: hyper answers 400 and closes. Bodies are passed on as they are.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a line that are looked at: those of a length with all of its digits, and some spaces.
const LINE_BYTES_MAX: usize = 64;

/// A connection whose heads are held to their line ends.
pub(crate) struct Strict<S> {
    stream: S,
    lines: Lines,
}

impl<S> Strict<S> {
    /// Nothing of the stream is read yet.
    pub(crate) fn new(stream: S) -> Strict<S> {
        Strict { stream, lines: Lines::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.lines.pass(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Where in a stream of requests the next byte stands.
#[derive(Default)]
enum Place {
    #[default]
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// A body of unknown length, which is the last one of its connection, or a head that hyper refuses.
    Through,
}

/// Follows heads and bodies.
#[derive(Default)]
struct Lines {
    place: Place,
    /// The line so far, without its end; no more of it than is looked at.
    line: Vec<u8>,
    /// Bytes of the line so far.
    length: usize,
    /// Whether the request line has been there.
    is_begun: bool,
    is_after_return: bool,
    body: Option<u64>,
    is_unclear: bool,
}

impl Lines {
    /// Looks at the next bytes, and spoils the first lone line feed of a head, behind which nothing counts.
    fn pass(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let passed = match &mut self.place {
                Place::Through => return,
                Place::Body(left) => {
                    let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= passed as u64;
                    if *left == 0 {
                        self.place = Place::Head;
                    }
                    passed
                }
                Place::Head => self.pass_head(bytes),
            };
            bytes = &mut bytes[passed..];
        }
    }

    /// Looks at bytes up to the end of the line, and tells how many these are.
    fn pass_head(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.keep(bytes);
            return bytes.len();
        };
        self.keep(&bytes[..end]);
        if !self.is_after_return || !self.end_line() {
            bytes[end] = 0;
            self.place = Place::Through;
        }
        end + 1
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.is_after_return = *last == b'\r';
        }
        self.length += bytes.len();
        let room = LINE_BYTES_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }

    /// Whether the line may stand there.
    fn end_line(&mut self) -> bool {
        self.is_after_return = false;
        let length = std::mem::take(&mut self.length) - 1;
        let mut line = std::mem::take(&mut self.line);
        line.truncate(length);
        let mut may_stand = true;
        if !self.is_begun {
            // Empty lines before a request are skipped (RFC 9112, section 2.2).
            self.is_begun = length > 0;
        } else if length == 0 {
            self.is_begun = false;
            let body = self.body.take().unwrap_or(0);
            self.place = match (std::mem::take(&mut self.is_unclear), body) {
                (true, _) => Place::Through,
                (false, 0) => Place::Head,
                (false, body) => Place::Body(body),
            };
        } else {
            may_stand = self.field(&line, length);
        }
        line.clear();
        self.line = line;
        may_stand
    }

    /// Takes what says how long the body is. hyper refuses what is unclear here, or it is the last request of the connection.
    fn field(&mut self, line: &[u8], length: usize) -> bool {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return true };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_unclear = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let digits = value.trim_ascii();
            if length > LINE_BYTES_MAX {
                return false;
            }
            let is_plain = digits.iter().all(u8::is_ascii_digit);
            let number = std::str::from_utf8(digits).ok().filter(|_| is_plain).and_then(|digits| digits.parse().ok());
            self.is_unclear |= number.is_none() || self.body.is_some_and(|body| Some(body) != number);
            self.body = number;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes through, in pieces of each size.
    fn passed(text: &str) -> String {
        let whole = through(text, text.len());
        for size in 1..text.len() {
            assert_eq!(through(text, size), whole, "in pieces of {size}");
        }
        whole
    }

    fn through(text: &str, size: usize) -> String {
        let mut lines = Lines::default();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(size).for_each(|piece| lines.pass(piece));
        String::from_utf8(bytes).expect("only line feeds change")
    }

    #[test]
    fn bodies_and_good_heads_pass_as_they_are() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nPUT / HTTP/1.1\r\ncontent-LENGTH:  4 \r\n\r\na\n\nbGET / HTTP/1.1\r\n\r\n",
            "PUT / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n\n\nPUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\n\n\n\r\n0\r\n\r\n",
            "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n\n",
            "PUT / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n\n\n\n",
        ] {
            assert_eq!(passed(text), text);
        }
        let long = format!("GET /{} HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(500), "y".repeat(500));
        assert_eq!(passed(&long), long);
    }

    #[test]
    fn a_length_that_is_longer_than_what_is_looked_at_is_spoiled() {
        let text = format!("PUT / HTTP/1.1\r\nContent-Length: {}1\r\n\r\n\nGET /\n", " ".repeat(60));
        assert_eq!(passed(&text), text.replace("1\r\n\r\n", "1\r\0\r\n"));
    }

    #[test]
    fn a_lone_line_feed_of_a_head_is_spoiled() {
        for (text, wanted) in [
            ("GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\0Host: a\n\n"),
            ("\nGET / HTTP/1.1\r\n", "\0GET / HTTP/1.1\r\n"),
            ("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", "GET / HTTP/1.1\r\nA: b\0C: d\r\n\r\n"),
            ("GET / HTTP/1.1\r\nA: b\r\n\n", "GET / HTTP/1.1\r\nA: b\r\n\0"),
            (
                "PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\nGET / HTTP/1.1\n\r\n",
                "PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\nGET / HTTP/1.1\0\r\n",
            ),
        ] {
            assert_eq!(passed(text), wanted);
        }
    }
}
