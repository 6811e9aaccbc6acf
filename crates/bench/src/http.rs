//! One HTTP/1.1 connection, written by hand (RFC 9112): requests as they lie in memory, and their answers.

mod chunks;
mod head;

use std::{
    io::{self, ErrorKind},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub(crate) use self::{
    chunks::Chunks,
    head::{Head, Length},
};
use crate::limits::{CONNECT_TIMEOUT, HTTP_ANSWER_BYTES_MAX};

/// What reasons begin with.
const PROBLEM: &str = "urn:manifold:problem:";

/// The connection.
#[derive(Debug)]
pub(crate) struct Connection {
    address: String,
    socket: TcpStream,
    /// What was read and not forgotten.
    input: Vec<u8>,
    /// The body of an answer that came in chunks.
    joined: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Connection> {
        let socket = connect(address).await?;
        Ok(Connection { address: address.to_owned(), socket, input: Vec::new(), joined: Vec::new() })
    }

    /// Sends a request and reads its whole answer, which stays until it is forgotten.
    pub(crate) async fn ask(&mut self, request: &[u8], patience: Duration) -> io::Result<Head> {
        let exchange = async {
            self.send(request).await?;
            self.answer().await
        };
        timeout(patience, exchange).await.unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "no answer in time")))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// Reads until a whole answer is there.
    pub(crate) async fn answer(&mut self) -> io::Result<Head> {
        let head = self.head().await?;
        match head.length {
            Length::Bytes(bytes) => {
                while self.input.len() < head.end + bytes {
                    self.read().await?;
                }
            }
            Length::Chunks => {
                let mut chunks = Chunks::default();
                self.joined.clear();
                let mut used = head.end;
                loop {
                    used += chunks.take(&self.input[used..], &mut self.joined)?;
                    if chunks.is_over() {
                        break;
                    }
                    if self.joined.len() > HTTP_ANSWER_BYTES_MAX {
                        return Err(foreign("it is too long"));
                    }
                    self.input.drain(head.end..used);
                    used = head.end;
                    self.read().await?;
                }
                self.input.drain(head.end..used);
            }
        }
        Ok(head)
    }

    /// Reads until the head of an answer is there.
    pub(crate) async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(head) = Head::parse(&self.input)? {
                return Ok(head);
            }
            self.read().await?;
        }
    }

    /// The body of an answer that is there.
    pub(crate) fn body(&self, head: &Head) -> &[u8] {
        match head.length {
            Length::Chunks => &self.joined,
            Length::Bytes(bytes) => &self.input[head.end..head.end + bytes],
        }
    }

    /// Gives an answer up, for the next one. A connection that the server closes is made anew.
    pub(crate) async fn forget(&mut self, head: &Head) -> io::Result<()> {
        let bytes = if let Length::Bytes(bytes) = head.length { bytes } else { 0 };
        self.input.drain(..head.end + bytes);
        if head.closes {
            self.socket = connect(&self.address).await?;
            self.input.clear();
        }
        Ok(())
    }

    /// Hands on, line by line, a body that comes in chunks and whose head was read; no more is asked on this connection.
    pub(crate) async fn lines(mut self, head: &Head, patience: Duration, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let (mut chunks, mut text) = (Chunks::default(), Vec::new());
        self.input = self.input.split_off(head.end);
        if let Length::Bytes(_) = head.length {
            return Err(foreign("it does not come in chunks"));
        }
        loop {
            let used = chunks.take(&self.input, &mut text)?;
            self.input.drain(..used);
            let mut from = 0;
            while let Some(end) = text[from..].iter().position(|byte| *byte == b'\n') {
                each(&text[from..from + end]);
                from += end + 1;
            }
            text.drain(..from);
            if chunks.is_over() {
                if !text.is_empty() {
                    each(&text);
                }
                return Ok(());
            }
            let silent = || Err(io::Error::new(ErrorKind::TimedOut, "the answer does not go on"));
            timeout(patience, self.read()).await.unwrap_or_else(|_| silent())?;
        }
    }

    /// The socket, and what was read behind a head.
    pub(crate) fn into_parts(mut self, head: &Head) -> (TcpStream, Vec<u8>) {
        let rest = self.input.split_off(head.end);
        (self.socket, rest)
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.socket.read_buf(&mut self.input).await? == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "connection closed by the server"));
        }
        Ok(())
    }
}

async fn connect(address: &str) -> io::Result<TcpStream> {
    let silent = || Err(io::Error::new(ErrorKind::TimedOut, "no answer"));
    let socket = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await.unwrap_or_else(|_| silent())?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Why something was refused: its status, and the name of the problem if it has one.
pub(crate) fn reason(status: u16, problem: Option<&str>) -> String {
    let name = problem.map(|problem| problem.strip_prefix(PROBLEM).unwrap_or(problem)).unwrap_or_default();
    format!("{status} {name}").trim_end().to_owned()
}

fn foreign(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("an answer that is not expected: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends one text in pieces, one behind the other, to whoever comes.
    fn server(pieces: Vec<Vec<u8>>) -> String {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            stream.set_nodelay(true).expect("a socket");
            stream.read_exact(&mut [0; 1]).expect("a request");
            for piece in pieces {
                stream.write_all(&piece).expect("the client is there");
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        address
    }

    fn within<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
    }

    const LINES: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\none\nt\r\n9;x=y\r\nwo\nthree\n\r\n0\r\n\r\n";

    #[test]
    fn an_answer_in_chunks_is_joined_wherever_it_is_cut() {
        let pieces = LINES.bytes().map(|byte| vec![byte]).collect();
        let address = server(pieces);
        within(async {
            let mut connection = Connection::open(&address).await.expect("it is there");
            let head = connection.ask(b"?", CONNECT_TIMEOUT).await.expect("an answer");
            assert_eq!((head.status, connection.body(&head)), (200, &b"one\ntwo\nthree\n"[..]));
            connection.forget(&head).await.expect("it stays open");
            assert!(connection.input.is_empty(), "nothing is left of it");
        });
    }

    #[test]
    fn a_stream_is_handed_on_line_by_line() {
        let (first, rest) = LINES.as_bytes().split_at(60);
        let address = server(vec![first.to_vec(), rest.to_vec()]);
        within(async {
            let mut connection = Connection::open(&address).await.expect("it is there");
            connection.send(b"?").await.expect("it takes it");
            let head = connection.head().await.expect("a head");
            let mut lines = Vec::new();
            connection.lines(&head, CONNECT_TIMEOUT, |line| lines.push(line.to_vec())).await.expect("all of it");
            assert_eq!(lines, [&b"one"[..], b"two", b"three"]);
        });
    }

    #[test]
    fn a_body_that_is_cut_off_is_an_error() {
        let address = server(vec![LINES.as_bytes()[..60].to_vec()]);
        within(async {
            let mut connection = Connection::open(&address).await.expect("it is there");
            let cut = connection.ask(b"?", CONNECT_TIMEOUT).await.expect_err("it ends too early");
            assert_eq!(cut.kind(), ErrorKind::UnexpectedEof, "{cut}");
        });
    }
}
