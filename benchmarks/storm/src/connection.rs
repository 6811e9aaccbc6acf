//! One connection that sends unary requests as fast as its bounds allow, or on schedule.

use crate::frames::{self, Frame};
use crate::message::{self, Ask};
use crate::options::Options;
use bytes::{BufMut, BytesMut};
use hdrhistogram::Histogram;
use std::collections::HashMap;
use std::io;
use std::iter::Peekable;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest latency that is told apart, in microseconds.
const LATENCY_US_MAX: u64 = 600_000_000;
/// Received bytes after which the server is given room for more.
const ROOM_AFTER_BYTES: u32 = 1 << 20;
/// How long answers may take beyond the time that the run has.
const GRACE: Duration = Duration::from_secs(30);

/// What came of some requests.
#[derive(Debug)]
pub struct Outcome {
    /// Microseconds from when a request was due to its answer.
    pub latency: Histogram<u64>,
    /// Serials that were answered with success.
    pub acknowledged: Vec<u64>,
    /// Of those, whose value read back was another one.
    pub mismatched: u64,
    /// Of those, that have no value at all.
    pub missing: u64,
    /// Errors and how often each came.
    pub errors: Vec<(String, u64)>,
    /// Bytes received.
    pub bytes: u64,
    /// The last answer's message, where answers are looked at.
    pub last_message: Vec<u8>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self::new()
    }
}

impl Outcome {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            latency: Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("the bounds are valid"),
            acknowledged: Vec::new(),
            mismatched: 0,
            missing: 0,
            errors: Vec::new(),
            bytes: 0,
            last_message: Vec::new(),
        }
    }

    /// Adds what another connection did.
    pub fn add(&mut self, other: Self) {
        self.latency.add(other.latency).expect("the bounds are the same");
        self.acknowledged.extend(other.acknowledged);
        self.mismatched += other.mismatched;
        self.missing += other.missing;
        self.bytes += other.bytes;
        self.last_message = other.last_message;
        for (text, count) in other.errors {
            self.error(text, count);
        }
    }

    /// Counts an error.
    pub fn error(&mut self, text: String, count: u64) {
        match self.errors.iter_mut().find(|e| e.0 == text) {
            Some(e) => e.1 += count,
            None => self.errors.push((text, count)),
        }
    }
}

/// What a connection has to do.
pub(crate) struct Job {
    /// What each request asks.
    pub(crate) ask: Ask,
    /// The serials, in order.
    pub(crate) serials: Peekable<Box<dyn Iterator<Item = u64>>>,
    /// When the run began.
    pub(crate) begin: Instant,
    /// Whether answers' values are compared with what the serial wrote.
    pub(crate) check: bool,
}

struct Open {
    serial: u64,
    since: Instant,
    body: Vec<u8>,
}

struct Connection<'a> {
    o: &'a Options,
    job: Job,
    socket: TcpStream,
    authority: &'a str,
    out: BytesMut,
    input: BytesMut,
    decoder: httlib_hpack::Decoder<'static>,
    open: HashMap<u32, Open>,
    next_stream: u32,
    window: i64,
    received: u32,
    streams_max: usize,
    /// Time between two requests on this connection, and when the next is due.
    gap: Option<Duration>,
    due: Instant,
    end: Instant,
    outcome: Outcome,
}

/// Plays `job` on connection number `index`.
pub(crate) async fn play(o: &Options, index: usize, job: Job) -> io::Result<Outcome> {
    let authority = &o.addr[index % o.addr.len()];
    let socket = TcpStream::connect(authority).await?;
    socket.set_nodelay(true)?;
    let mut out = BytesMut::with_capacity(1 << 18);
    frames::hello(&mut out);
    let mut connection = Connection {
        o,
        socket,
        authority,
        out,
        input: BytesMut::with_capacity(1 << 18),
        decoder: httlib_hpack::Decoder::default(),
        open: HashMap::new(),
        next_stream: 1,
        window: 65_535,
        received: 0,
        streams_max: o.streams,
        gap: o.rate.map(|r| Duration::from_secs_f64(o.conns as f64 / r)),
        // Connections take their turns within the gap.
        due: job.begin + o.rate.map_or(Duration::ZERO, |r| Duration::from_secs_f64(index as f64 / r)),
        end: job.begin + Duration::from_secs(o.seconds),
        job,
        outcome: Outcome::new(),
    };
    connection.run().await;
    Ok(connection.outcome)
}

impl Connection<'_> {
    async fn run(&mut self) {
        while Instant::now() < self.end || !self.open.is_empty() {
            self.fill();
            if !self.out.is_empty() {
                if let Err(e) = self.socket.write_all(&self.out).await {
                    return self.outcome.error(e.to_string(), self.open.len() as u64);
                }
                self.out.clear();
            }
            if self.open.is_empty() && self.job.serials.peek().is_none() {
                return;
            }
            match self.read().await {
                Read::Nothing => continue,
                Read::Closed(why) => return self.outcome.error(why, self.open.len() as u64),
                Read::Some => {}
            }
            while let Some(frame) = frames::take(&mut self.input) {
                self.take(frame);
            }
            if self.received > ROOM_AFTER_BYTES {
                frames::more_room(&mut self.out, 0, self.received);
                self.received = 0;
            }
        }
    }

    /// Writes the requests that may be sent now.
    fn fill(&mut self) {
        while self.open.len() < self.o.streams.min(self.streams_max) && Instant::now() < self.end {
            let Some(&serial) = self.job.serials.peek() else { return };
            if self.gap.is_some() && Instant::now() < self.due {
                return;
            }
            let message = self.job.ask.message(self.o, serial);
            let length = (message.len() + 5) as i64;
            if length > self.window {
                return;
            }
            self.job.serials.next();
            self.window -= length;
            let block = frames::request_block(self.next_stream == 1, self.job.ask.path(), self.authority);
            frames::head(&mut self.out, block.len(), frames::HEADERS, 4, self.next_stream);
            self.out.put_slice(&block);
            frames::message(&mut self.out, &message, self.next_stream, true);
            let mut since = Instant::now();
            if let Some(gap) = self.gap {
                since = self.due;
                self.due += gap;
            }
            self.open.insert(self.next_stream, Open { serial, since, body: Vec::new() });
            self.next_stream += 2;
        }
    }

    async fn read(&mut self) -> Read {
        self.input.reserve(1 << 16);
        let more = self.open.len() < self.o.streams && self.job.serials.peek().is_some() && Instant::now() < self.end;
        let scheduled = self.gap.is_some() && more;
        let until = if scheduled { self.due } else { self.end + GRACE };
        match tokio::time::timeout_at(until.into(), self.socket.read_buf(&mut self.input)).await {
            Err(_) if scheduled => Read::Nothing,
            Err(_) => Read::Closed("no answer in time".into()),
            Ok(Ok(0)) => Read::Closed("connection closed by the server".into()),
            Ok(Err(e)) => Read::Closed(e.to_string()),
            Ok(Ok(read)) => {
                self.outcome.bytes += read as u64;
                Read::Some
            }
        }
    }

    fn take(&mut self, frame: Frame) {
        let (kind, acknowledgement) = (frame.kind, frame.flags & 1 != 0);
        match kind {
            frames::DATA => {
                self.received += frame.payload.len() as u32;
                if self.job.check
                    && let Some(open) = self.open.get_mut(&frame.stream)
                {
                    open.body.extend_from_slice(&frame.payload);
                }
            }
            frames::HEADERS => self.take_headers(&frame),
            frames::RST_STREAM if self.open.remove(&frame.stream).is_some() => {
                self.outcome.error("stream reset".into(), 1);
            }
            frames::SETTINGS if !acknowledgement => {
                for setting in frame.payload.chunks_exact(6) {
                    if setting[1] == 3 {
                        let most = u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
                        self.streams_max = (most as usize).max(1);
                    }
                }
                frames::head(&mut self.out, 0, frames::SETTINGS, 1, 0);
            }
            frames::PING if !acknowledgement => {
                frames::head(&mut self.out, 8, frames::PING, 1, 0);
                self.out.put_slice(&frame.payload);
            }
            frames::WINDOW_UPDATE if frame.stream == 0 && frame.payload.len() == 4 => {
                let p = &frame.payload;
                self.window += i64::from(u32::from_be_bytes([p[0], p[1], p[2], p[3]]));
            }
            _ => {}
        }
    }

    fn take_headers(&mut self, frame: &Frame) {
        let mut block = frame.payload.to_vec();
        if frame.flags & 0x20 != 0 {
            block.drain(..5.min(frame.payload.len()));
        }
        if frame.flags & 4 == 0 {
            self.outcome.error("a header block in several frames".into(), 1);
        }
        let mut list = Vec::new();
        if let Err(e) = self.decoder.decode(&mut block, &mut list) {
            self.outcome.error(format!("a header block that cannot be read: {e:?}"), 1);
        }
        if frame.flags & 1 == 0 {
            return;
        }
        let Some(open) = self.open.remove(&frame.stream) else { return };
        let find = |name: &[u8]| list.iter().find(|h| h.0 == name).map(|h| String::from_utf8_lossy(&h.1).into_owned());
        match find(b"grpc-status").as_deref() {
            Some("0") => self.acknowledge(open),
            status => {
                let text = format!("{}: {}", status.unwrap_or("no status"), find(b"grpc-message").unwrap_or_default());
                self.outcome.error(text, 1);
            }
        }
    }

    fn acknowledge(&mut self, open: Open) {
        let us = open.since.elapsed().as_micros() as u64;
        self.outcome.latency.saturating_record(us.max(1));
        self.outcome.acknowledged.push(open.serial);
        if self.job.check {
            let message = open.body.get(5..).unwrap_or_default();
            let wanted = self.o.value(open.serial);
            let found = message::first_value(message);
            self.outcome.missing += u64::from(found.is_none());
            self.outcome.mismatched += u64::from(found != Some(&wanted[..]));
            self.outcome.last_message = message.to_vec();
        }
    }
}

enum Read {
    Some,
    Nothing,
    Closed(String),
}
