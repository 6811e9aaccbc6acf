//! The head of an answer.

use std::{io, time::Duration};

use super::foreign;
use crate::limits::{HTTP_ANSWER_BYTES_MAX, RETRY_AFTER_MAX};

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Bytes(usize),
    /// It says so itself, piece by piece.
    Chunks,
}

/// What an answer's head says, as far as it is of use here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes of the head.
    pub(crate) end: usize,
    pub(crate) length: Length,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) closes: bool,
    /// What to say as `cursor` for the next page.
    pub(crate) next: Option<String>,
    /// How many there are in all.
    pub(crate) count: Option<u64>,
}

impl Head {
    /// None while it is not all there.
    pub(crate) fn parse(input: &[u8]) -> io::Result<Option<Head>> {
        if input.len() > 2 * HTTP_ANSWER_BYTES_MAX {
            return Err(foreign("it is too long"));
        }
        let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&input[..end]).map_err(|_| foreign("its head is no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| foreign("it has no status"))?;
        let mut length = matches!(status, 204 | 304).then_some(Length::Bytes(0));
        let (mut retry_after, mut closes, mut next, mut count) = (None, false, None, None);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok().filter(|n| *n <= HTTP_ANSWER_BYTES_MAX).map(Length::Bytes),
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => length = Some(Length::Chunks),
                "retry-after" => {
                    retry_after = value.parse().ok().map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
                }
                "connection" => closes = value.eq_ignore_ascii_case("close"),
                "x-next-cursor" => next = Some(value.to_owned()),
                "x-total-count" => count = value.parse().ok(),
                _ => {}
            }
        }
        let length = length.ok_or_else(|| foreign("it has no length, or too much of it"))?;
        Ok(Some(Head { status, end: end + 4, length, retry_after, closes, next, count }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_come() {
        let text = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\ncontent-length: 3\r\nConnection: close\r\n\r\n{} HTTP";
        for cut in 0..text.len() - 7 {
            assert_eq!(Head::parse(&text[..cut]).expect("it is sound so far"), None);
        }
        let head = Head::parse(text).expect("it is sound").expect("it is whole");
        assert_eq!((head.status, head.retry_after, head.closes), (429, Some(Duration::from_secs(2)), true));
        assert_eq!((&text[head.end..head.end + 3], head.length), (&b"{} "[..], Length::Bytes(3)));
        for bad in ["HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"] {
            assert!(Head::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_and_bodies_of_unknown_length_are_told() {
        let text = b"HTTP/1.1 200 OK\r\nX-Next-Cursor: NDI\r\nx-total-count: 7\r\ntransfer-encoding: chunked\r\n\r\n";
        let head = Head::parse(text).expect("it is sound").expect("it is whole");
        assert_eq!((head.next.as_deref(), head.count, head.length), (Some("NDI"), Some(7), Length::Chunks));
        let empty = Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n").expect("it is sound").expect("it is whole");
        assert_eq!((empty.status, empty.length), (204, Length::Bytes(0)));
    }
}
