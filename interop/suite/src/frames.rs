//! HTTP/2 by hand (RFC 9113), to send what a well-behaved client refuses to send.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Frame types, RFC 9113 section 6.
pub const DATA: u8 = 0;
/// A header block's first frame.
pub const HEADERS: u8 = 1;
/// The end of a stream, at once.
pub const RST_STREAM: u8 = 3;
/// Parameters of the connection.
pub const SETTINGS: u8 = 4;
/// A question whether the peer is there.
pub const PING: u8 = 6;
/// The announced end of the connection.
pub const GOAWAY: u8 = 7;
/// More room for data.
pub const WINDOW_UPDATE: u8 = 8;
/// A header block's further frames.
pub const CONTINUATION: u8 = 9;

/// The last frame of a stream's side.
pub const END_STREAM: u8 = 1;
/// An acknowledgement (SETTINGS, PING).
pub const ACK: u8 = 1;
/// The last frame of a header block.
pub const END_HEADERS: u8 = 4;

/// What every HTTP/2 client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame as it was read.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The bytes of a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(9 + payload.len());
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// The header block of a gRPC request to `path`, every field a literal that no table remembers.
pub fn request_headers(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")];
    let fields = fields.iter().chain(&[("content-type", "application/grpc"), ("te", "trailers")]).chain(more);
    let mut out = Vec::new();
    for (name, value) in fields {
        literal(&mut out, name.as_bytes(), value.as_bytes());
    }
    out
}

/// Appends a literal field without indexing (RFC 7541, 6.2.2), its strings not Huffman coded.
pub fn literal(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(0);
    for text in [name, value] {
        let mut length = text.len();
        if length < 127 {
            out.push(length as u8);
        } else {
            out.push(127);
            length -= 127;
            while length >= 128 {
                out.push(length as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
        }
        out.extend_from_slice(text);
    }
}

/// A message with gRPC's five bytes before it.
pub fn grpc_message(message: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    out.extend_from_slice(&(message.len() as u32).to_be_bytes());
    out.extend_from_slice(message);
    out
}

/// A raw connection.
pub struct Raw {
    /// The socket.
    pub socket: TcpStream,
    input: Vec<u8>,
    decoder: httlib_hpack::Decoder<'static>,
}

impl Raw {
    /// Connects, and nothing more.
    pub fn connect(port: u16) -> io::Result<Self> {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self::over(socket))
    }

    /// Over a socket that exists, nothing of which was read.
    pub fn over(socket: TcpStream) -> Self {
        Self { socket, input: Vec::new(), decoder: httlib_hpack::Decoder::default() }
    }

    /// Connects and says the preface with empty settings.
    pub fn http2(port: u16) -> io::Result<Self> {
        let mut raw = Self::connect(port)?;
        let mut hello = PREFACE.to_vec();
        hello.extend(frame(SETTINGS, 0, 0, &[]));
        raw.send(&hello)?;
        Ok(raw)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// Sends one frame.
    pub fn send_frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.send(&frame(kind, flags, stream, payload))
    }

    /// Sends a whole unary gRPC request whose message is `message`, in frames of at most 16 KiB and without regard to
    /// flow control.
    pub fn send_request(&mut self, stream: u32, path: &str, more: &[(&str, &str)], message: &[u8]) -> io::Result<()> {
        self.send_frame(HEADERS, END_HEADERS, stream, &request_headers(path, more))?;
        let body = grpc_message(message);
        let mut parts = body.chunks(16_384).peekable();
        while let Some(part) = parts.next() {
            self.send_frame(DATA, if parts.peek().is_none() { END_STREAM } else { 0 }, stream, part)?;
        }
        Ok(())
    }

    /// The next frame; `None` when nothing came within `wait`, an error of kind `UnexpectedEof` at the end.
    pub fn read_frame(&mut self, wait: Duration) -> io::Result<Option<Frame>> {
        let end = Instant::now() + wait;
        loop {
            if self.input.len() >= 9 {
                let length = u32::from_be_bytes([0, self.input[0], self.input[1], self.input[2]]) as usize;
                if self.input.len() >= 9 + length {
                    let rest = self.input.split_off(9 + length);
                    let whole = std::mem::replace(&mut self.input, rest);
                    let stream = u32::from_be_bytes([whole[5], whole[6], whole[7], whole[8]]) & 0x7fff_ffff;
                    return Ok(Some(Frame { kind: whole[3], flags: whole[4], stream, payload: whole[9..].to_vec() }));
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket.set_read_timeout(Some(left))?;
            let mut buffer = [0; 65_536];
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.input.extend_from_slice(&buffer[..n]),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
    }

    /// Reads frames until the end of `stream`, acknowledging what has to be. Gives gRPC's status and message
    /// ("0 " for success), or how else it ended.
    pub fn status(&mut self, stream: u32, wait: Duration) -> io::Result<String> {
        let end = Instant::now() + wait;
        let mut text = String::from("no status");
        loop {
            let Some(frame) = self.read_frame(end.saturating_duration_since(Instant::now()))? else {
                return Ok(format!("no answer in {wait:?}"));
            };
            let first = frame.flags & ACK == 0;
            match frame.kind {
                HEADERS => {
                    let (mut block, mut list) = (frame.payload, Vec::new());
                    self.decoder.decode(&mut block, &mut list).map_err(|e| io::Error::other(format!("{e:?}")))?;
                    let find = |name: &str| list.iter().find(|h| h.0 == name.as_bytes()).map(|h| String::from_utf8_lossy(&h.1));
                    if let Some(code) = find("grpc-status") {
                        text = format!("{code} {}", find("grpc-message").unwrap_or_default());
                    }
                    if frame.stream == stream && frame.flags & END_STREAM != 0 {
                        return Ok(text);
                    }
                }
                RST_STREAM if frame.stream == stream => return Ok(format!("reset {:?}", frame.payload)),
                GOAWAY => return Ok(format!("goaway {:?}", frame.payload)),
                SETTINGS if first => self.send_frame(SETTINGS, ACK, 0, &[])?,
                PING if first => self.send_frame(PING, ACK, 0, &frame.payload)?,
                _ => {}
            }
        }
    }

    /// Whether the server closes within `wait`, while what it says is read and thrown away.
    pub fn closes_within(&mut self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        let mut buffer = [0; 65_536];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.socket.set_read_timeout(Some(left)).expect("the time is not zero");
            match self.socket.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) {
        // The peer may have closed already.
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}
