//! A client of the configuration store over HTTP, and one who watches it, as simple as they can be written.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::server::memory_folder;

/// The keys of [`KeyFile`].
pub const ADMIN: &str = "confman_dev_abc123";
/// See [`ADMIN`].
pub const EDITOR: &str = "confman_dev_editor";
/// See [`ADMIN`].
pub const VIEWER: &str = "confman_dev_reader";
/// May write in `teams/a` and below it.
pub const SCOPED: &str = "confman_dev_scoped";

/// A file with fixed keys, for `--import-keys`; removed when this is dropped.
#[derive(Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// Writes it.
    pub fn new() -> KeyFile {
        use std::os::unix::fs::OpenOptionsExt;
        use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = memory_folder().join(format!("manifold-interop-{}-{number}.keys", std::process::id()));
        let text =
            format!("admin {ADMIN} admin\neditor {EDITOR} editor\nreader {VIEWER} viewer\nscoped {SCOPED} editor teams/a\n");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).expect("a file in memory");
        io::Write::write_all(&mut file, text.as_bytes()).expect("there is room");
        KeyFile(path)
    }

    /// The file's name.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("the folders of tests have plain names")
    }
}

impl Default for KeyFile {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its code.
    pub status: u16,
    /// The lines behind the first one.
    pub head: String,
    /// What is behind them.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a field, whatever the case of its name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.into_iter().find_map(|(field, value)| field.eq_ignore_ascii_case(name).then(|| value.trim()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}: {}", self.head, self.text()))
    }

    /// The name of the problem that it is, which has all that a problem has.
    pub fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), Some("application/problem+json"), "{}\n{}", self.head, self.text());
        let body = self.json();
        assert_eq!(body["status"], self.status, "the body says what the status says");
        assert!(
            !body["detail"].as_str().unwrap_or_default().is_empty() && !body["title"].as_str().unwrap_or_default().is_empty()
        );
        body["type"].as_str().unwrap_or_default().trim_start_matches("urn:manifold:problem:").to_owned()
    }
}

/// Who asks one node, with one key.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The node's HTTP port.
    pub port: u16,
    /// Empty: none is sent.
    pub key: &'static str,
}

impl Client {
    /// An administrator.
    pub fn new(port: u16) -> Client {
        Client { port, key: ADMIN }
    }

    /// The same with another key.
    pub fn with(self, key: &'static str) -> Client {
        Client { key, ..self }
    }

    /// Asks on a connection of its own.
    ///
    /// # Errors
    /// What the socket says, and an end before the answer's.
    pub async fn try_ask(self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if !self.key.is_empty() {
            head += &format!("X-Api-Key: {}\r\n", self.key);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || method != "GET" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        self.raw(&[head.as_bytes(), b"\r\n", body].concat()).await
    }

    /// The same; a test that gets no answer ends.
    pub async fn ask(self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_ask(method, path, headers, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Reads.
    pub async fn get(self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    /// Writes JSON.
    pub async fn put(self, path: &str, body: &str) -> Answer {
        self.ask("PUT", path, &[("Content-Type", "application/json")], body.as_bytes()).await
    }

    /// Posts JSON.
    pub async fn post(self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("Content-Type", "application/json")], body.as_bytes()).await
    }

    /// Deletes.
    pub async fn delete(self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], b"").await
    }

    /// Sends bytes as they are, and reads to the end.
    ///
    /// # Errors
    /// As [`Client::try_ask`].
    pub async fn raw(self, bytes: &[u8]) -> io::Result<Answer> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).await?;
        // What was refused early may not be read to its end; the answer is there all the same.
        let _ = socket.write_all(bytes).await;
        let mut input = Vec::new();
        let ended = socket.read_to_end(&mut input).await;
        if input.is_empty() {
            ended?;
        }
        parse(&input)
    }
}

fn parse(input: &[u8]) -> io::Result<Answer> {
    let foreign = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = input.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(|| foreign("no head"))?;
    let text = std::str::from_utf8(&input[..end]).map_err(|_| foreign("the head is no text"))?;
    let (first, head) = text.split_once("\r\n").unwrap_or((text, ""));
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(|| foreign(first))?;
    let mut answer = Answer { status, head: head.to_owned(), body: Vec::new() };
    let rest = &input[end + 4..];
    if status == 100 {
        return parse(rest);
    }
    if answer.field("transfer-encoding") == Some("chunked") {
        let mut chunks = Chunks::default();
        chunks.push(rest, &mut answer.body);
        if !chunks.ended {
            return Err(foreign("the body ends before its last chunk"));
        }
    } else {
        let length = answer.field("content-length").map_or(Ok(0), str::parse).map_err(|_| foreign("the length is no number"))?;
        let has_body = status != 304;
        answer.body =
            rest.get(..length).or((!has_body || rest.is_empty()).then_some(&[])).ok_or_else(|| foreign("cut"))?.to_vec();
    }
    Ok(answer)
}

/// A body in chunks (RFC 9112, section 7.1), as it comes in.
#[derive(Debug, Default)]
struct Chunks {
    held: Vec<u8>,
    ended: bool,
}

impl Chunks {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        while let Some(line) = self.held.windows(2).position(|window| window == b"\r\n") {
            let size = std::str::from_utf8(&self.held[..line]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
            let size = size.expect("a chunk begins with its size");
            let whole = line + 2 + size + 2;
            if self.held.len() < whole {
                return;
            }
            out.extend_from_slice(&self.held[line + 2..line + 2 + size]);
            self.held.drain(..whole);
            self.ended |= size == 0;
        }
    }
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its position.
    pub id: u64,
    /// What happened.
    pub name: String,
    /// The rest.
    pub data: serde_json::Value,
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Watch {
    socket: TcpStream,
    chunks: Chunks,
    text: Vec<u8>,
    /// The last position that the stream named.
    pub last: u64,
}

impl Watch {
    /// Begins to watch what the query says.
    ///
    /// # Errors
    /// What the socket says, and an answer that is no stream.
    pub async fn open(client: Client, query: &str, last_event: Option<u64>) -> io::Result<Watch> {
        let mut socket = TcpStream::connect(("127.0.0.1", client.port)).await?;
        let last = last_event.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /api/v1/watch?{query} HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nX-Api-Key: {}\r\n{last}\r\n",
            client.key
        );
        socket.write_all(head.as_bytes()).await?;
        let mut input = Vec::new();
        let end = loop {
            if let Some(end) = input.windows(4).position(|window: &[u8]| window == b"\r\n\r\n") {
                break end;
            }
            if socket.read_buf(&mut input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        if !input.starts_with(b"HTTP/1.1 200") {
            return Err(io::Error::other(String::from_utf8_lossy(&input).into_owned()));
        }
        let mut watch = Watch { socket, chunks: Chunks::default(), text: Vec::new(), last: last_event.unwrap_or(0) };
        watch.chunks.push(&input[end + 4..], &mut watch.text);
        Ok(watch)
    }

    /// The next event.
    ///
    /// # Errors
    /// The end of the stream.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            while let Some(end) = self.text.windows(2).position(|window| window == b"\n\n") {
                let block = String::from_utf8(self.text.drain(..end + 2).collect()).expect("events are UTF-8");
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                if let Some(id) = field("id") {
                    self.last = id.parse().expect("ids are positions");
                }
                if let Some(data) = field("data") {
                    let data = serde_json::from_str(data).expect("data is JSON");
                    return Ok(Event { id: self.last, name: field("event").unwrap_or_default().to_owned(), data });
                }
            }
            let mut bytes = Vec::with_capacity(16 << 10);
            if self.socket.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.chunks.push(&bytes, &mut self.text);
        }
    }
}

/// The position that a record, an entry or an answer names.
pub fn position(record: &Value) -> u64 {
    record["position"].as_u64().unwrap_or_else(|| panic!("no position in {record}"))
}

/// The audit trail without values, the oldest first; `query` says of what.
pub async fn trail(client: Client, query: &str) -> Vec<Value> {
    let (mut records, mut cursor) = (vec![], String::new());
    loop {
        let page = client.get(&format!("/api/v1/audit?order=oldest&limit=1000&values=0&{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        records.extend(page.json().as_array().expect("an array").iter().cloned());
        match page.field("x-next-cursor") {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return records,
        }
    }
}

/// Somebody who watches on whichever node answers, and resumes on the next one.
#[derive(Debug)]
pub struct Follower {
    seen: Arc<Mutex<Vec<u64>>>,
    watching: JoinHandle<()>,
}

impl Follower {
    /// Begins at the node `first`, with everything that happened so far.
    pub fn start(clients: Vec<Client>, first: usize, query: &'static str) -> Follower {
        let seen = Arc::new(Mutex::new(vec![]));
        let watching = tokio::spawn(follow(clients, first, query, seen.clone()));
        Follower { seen, watching }
    }

    fn last(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).last().copied().unwrap_or(0)
    }

    /// The positions that it saw, once it has seen the last one.
    pub async fn finish(self, last: u64, patience: Duration) -> Vec<u64> {
        let begin = Instant::now();
        while self.last() < last {
            assert!(!self.watching.is_finished(), "the watch ended at {}", self.last());
            assert!(begin.elapsed() < patience, "the watch is at {}, of {last}", self.last());
            sleep(Duration::from_millis(20)).await;
        }
        self.watching.abort();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn follow(clients: Vec<Client>, first: usize, query: &str, seen: Arc<Mutex<Vec<u64>>>) {
    for turn in first.. {
        let last = seen.lock().expect("not poisoned").last().copied().unwrap_or(0);
        let Ok(mut watch) = Watch::open(clients[turn % clients.len()], &format!("since=0&{query}"), Some(last)).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        while let Ok(event) = watch.next().await {
            let mut seen = seen.lock().expect("not poisoned");
            let last = seen.last().copied().unwrap_or(0);
            assert!(event.id > last, "{} comes after {last}", event.id);
            seen.push(event.id);
        }
    }
}
