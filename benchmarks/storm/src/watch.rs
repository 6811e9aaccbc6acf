//! Watchers that all receive every event, counted.
//!
//! Each connection carries one Watch stream with its share of the watchers; other connections put. Nothing is lost when
//! every watcher has got as many events as were acknowledged, in ascending order of revision.

use crate::connection::Outcome;
use crate::frames;
use crate::message::{self, Ask, Fields, Value};
use crate::options::Options;
use crate::run::{cpu_seconds, figures, run};
use bytes::{BufMut, BytesMut};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Connections that put meanwhile.
const WRITERS: usize = 2;
/// How long the last events may take after the last put.
const CATCH_UP: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Counted {
    created: usize,
    delivered: u64,
    /// By connection and watch: events and the last revision.
    watchers: HashMap<(usize, u64), (u64, u64)>,
    disordered: u64,
    last: Option<Instant>,
    errors: Vec<String>,
}

/// What the watchers got.
#[derive(Debug)]
pub struct Delivered {
    /// Watches that were created.
    pub watchers: usize,
    /// Events that came in, over all watchers.
    pub delivered: u64,
    /// Events that had to come: one for each watcher and each acknowledged put.
    pub wanted: u64,
    /// Watchers that did not get as many events as were acknowledged.
    pub watchers_short: usize,
    /// Events whose revision was not above the one before.
    pub disordered: u64,
    /// Seconds from the first put to the last event, if any came.
    pub seconds: Option<f64>,
    /// CPU seconds of the servers meanwhile, zero without [`Options::pid`].
    pub server_cpu_seconds: f64,
    /// What went wrong on the watchers' connections.
    pub errors: Vec<String>,
    /// The puts, and the seconds that they took.
    pub puts: (Outcome, f64),
}

impl Delivered {
    /// One line of JSON.
    pub fn to_json(&self, o: &Options) -> String {
        let Self { watchers, delivered, wanted, watchers_short, disordered, errors, puts, .. } = self;
        let all = self.seconds.unwrap_or(f64::MAX);
        let mut line = format!("{{\"op\":\"watch\",\"watchers\":{watchers},\"delivered\":{delivered},\"wanted\":{wanted}");
        line += &format!(",\"watchers_short\":{watchers_short},\"disordered\":{disordered},\"deliver_seconds\":{all:.3}");
        line += &format!(",\"deliveries_per_second\":{:.0}", *delivered as f64 / all);
        if !o.pid.is_empty() {
            let cpu = self.server_cpu_seconds / (*delivered).max(1) as f64 * 1e6;
            line += &format!(",\"server_cpu_us_per_delivery\":{cpu:.2}");
        }
        line + &format!(",\"watch_errors\":{errors:?},\"puts\":{{{}}}}}", figures(&puts.0, puts.1))
    }
}

/// Runs it.
pub async fn watch(o: &Options) -> Delivered {
    let counted = Rc::new(RefCell::new(Counted::default()));
    let local = LocalSet::new();
    for index in 0..o.conns {
        let share = o.watchers / o.conns + usize::from(index < o.watchers % o.conns);
        let (o, counted) = (o.clone(), counted.clone());
        local.spawn_local(async move {
            if let Err(e) = receive(&o, index, share, &counted).await {
                counted.borrow_mut().errors.push(e.to_string());
            }
        });
    }
    local.run_until(drive(o, &counted)).await
}

async fn drive(o: &Options, counted: &RefCell<Counted>) -> Delivered {
    let begin = Instant::now();
    while counted.borrow().created < o.watchers && begin.elapsed() < CATCH_UP {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let created = counted.borrow().created;
    let before = cpu_seconds(&o.pid);
    let begin = Instant::now();
    let writing = Options { conns: WRITERS, ..o.clone() };
    let (puts, seconds) = run(&writing, Ask::Put, 0..o.n, false).await;
    let wanted = puts.acknowledged.len() as u64 * o.watchers as u64;
    let end = Instant::now() + CATCH_UP;
    while counted.borrow().delivered < wanted && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let counted = counted.borrow();
    let each = puts.acknowledged.len() as u64;
    Delivered {
        watchers: created,
        delivered: counted.delivered,
        wanted,
        watchers_short: o.watchers - counted.watchers.values().filter(|w| w.0 == each).count(),
        disordered: counted.disordered,
        seconds: counted.last.map(|last| last.duration_since(begin).as_secs_f64()),
        server_cpu_seconds: cpu_seconds(&o.pid) - before,
        errors: counted.errors.clone(),
        puts: (puts, seconds),
    }
}

/// Creates the watches of one connection and counts what they get, until the program ends.
async fn receive(o: &Options, index: usize, share: usize, counted: &RefCell<Counted>) -> std::io::Result<()> {
    let authority = &o.addr[index % o.addr.len()];
    let mut socket = TcpStream::connect(authority).await?;
    socket.set_nodelay(true)?;
    let mut out = BytesMut::new();
    frames::hello(&mut out);
    let block = frames::request_block(true, "/etcdserverpb.Watch/Watch", authority);
    frames::head(&mut out, block.len(), frames::HEADERS, 4, 1);
    out.put_slice(&block);
    for _ in 0..share {
        frames::message(&mut out, &message::watch(o), 1, false);
    }
    let (mut input, mut body) = (BytesMut::with_capacity(1 << 18), BytesMut::new());
    let mut received = 0u32;
    loop {
        socket.write_all(&out).await?;
        out.clear();
        input.reserve(1 << 18);
        if socket.read_buf(&mut input).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        while let Some(frame) = frames::take(&mut input) {
            match (frame.kind, frame.flags & 1 != 0) {
                (frames::DATA, _) => {
                    received += frame.payload.len() as u32;
                    body.put_slice(&frame.payload);
                }
                (frames::HEADERS, true) | (frames::RST_STREAM, _) => return Err(std::io::Error::other("the watch stream ended")),
                (frames::SETTINGS, false) => frames::head(&mut out, 0, frames::SETTINGS, 1, 0),
                (frames::PING, false) => {
                    frames::head(&mut out, 8, frames::PING, 1, 0);
                    out.put_slice(&frame.payload);
                }
                _ => {}
            }
        }
        while body.len() >= 5 {
            let length = u32::from_be_bytes([body[1], body[2], body[3], body[4]]) as usize;
            if body.len() < 5 + length {
                break;
            }
            let whole = body.split_to(5 + length);
            counted.borrow_mut().take(index, &whole[5..]);
        }
        if received > frames::STREAM_WINDOW / 8 {
            frames::more_room(&mut out, 0, received);
            frames::more_room(&mut out, 1, received);
            received = 0;
        }
    }
}

impl Counted {
    /// Counts the events of one WatchResponse.
    fn take(&mut self, connection: usize, response: &[u8]) {
        let (mut watch_id, mut events) = (0, 0);
        let mut last = 0;
        for field in Fields(response) {
            match field {
                (2, Value::Number(id)) => watch_id = id,
                (3, Value::Number(1)) => self.created += 1,
                (4, Value::Number(1)) => self.errors.push("a watch was cancelled".into()),
                (11, Value::Bytes(event)) => {
                    let revision = message::number_of(message::bytes_of(event, 2).unwrap_or_default(), 3);
                    self.disordered += u64::from(revision <= last);
                    last = revision;
                    events += 1;
                }
                _ => {}
            }
        }
        if events == 0 {
            return;
        }
        let watcher = self.watchers.entry((connection, watch_id)).or_default();
        // Puts have one event a revision, so every event has a greater one than all before.
        self.disordered += u64::from(last <= watcher.1);
        watcher.0 += events;
        watcher.1 = last;
        self.delivered += events;
        self.last = Some(Instant::now());
    }
}
