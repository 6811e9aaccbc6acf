//! A connection of HTTP/1.1 (RFC 9112), kept alive, as simple as it can be written.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its code.
    pub status: u16,
    /// The lines behind the first one.
    pub head: String,
    /// What is behind them.
    pub body: String,
}

impl Answer {
    /// The value of a field, whatever the case of its name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.into_iter().find_map(|(field, value)| field.eq_ignore_ascii_case(name).then(|| value.trim()))
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// A connection to a server on this machine.
#[derive(Debug)]
pub struct Http {
    socket: TcpStream,
    input: Vec<u8>,
}

impl Http {
    /// Connects.
    pub async fn open(port: u16) -> io::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, input: Vec::new() })
    }

    /// Sends a request with a body of JSON, and waits for its answer.
    pub async fn post(&mut self, path: &str, body: &str) -> io::Result<Answer> {
        self.ask("POST", path, "application/json", body.as_bytes()).await
    }

    /// Sends a request without a body, and waits for its answer.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, "text/plain", b"").await
    }

    /// Sends a request and waits for its answer.
    pub async fn ask(&mut self, method: &str, path: &str, content_type: &str, body: &[u8]) -> io::Result<Answer> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.send(&[head.as_bytes(), body].concat()).await?;
        self.answer().await
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        loop {
            if let Some((answer, bytes)) = parse(&self.input)? {
                self.input.drain(..bytes);
                return Ok(answer);
            }
            if self.socket.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The first answer, and how many bytes it takes; none while it is not all there.
fn parse(input: &[u8]) -> io::Result<Option<(Answer, usize)>> {
    let foreign = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&input[..end]).map_err(|_| foreign("the head is no text"))?;
    let (first, head) = text.split_once("\r\n").unwrap_or((text, ""));
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| foreign(first))?;
    let mut answer = Answer { status, head: head.to_owned(), body: String::new() };
    // Nothing is behind a 204 (RFC 9110, section 8.6).
    let length = answer.field("content-length").map_or(Some(0), |length| length.parse().ok());
    let whole = end + 4 + length.ok_or_else(|| foreign("the length is no number"))?;
    if input.len() < whole {
        return Ok(None);
    }
    answer.body = String::from_utf8_lossy(&input[end + 4..whole]).into_owned();
    Ok(Some((answer, whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cut_where_they_end() {
        let bytes =
            b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n";
        let (first, taken) = parse(bytes).expect("it is one").expect("it is whole");
        assert_eq!((first.status, first.field("retry-after"), &first.body[..]), (429, Some("2"), "{}"));
        let (second, rest) = parse(&bytes[taken..]).expect("it is one").expect("it is whole");
        assert_eq!((second.status, second.body.len(), taken + rest), (204, 0, bytes.len()));
        assert!(parse(&bytes[..taken - 1]).expect("it begins well").is_none());
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
