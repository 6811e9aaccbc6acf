//! Nodes on loopback, a handler that does what a call's kind says, and a wire that can be hurt.

#![allow(dead_code, unreachable_pub, reason = "every test file uses some of it")]

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use peer::{
    BoxFuture, CallError, Channel, Handler, Incoming, Options, Outgoing, Request, Roster, Security, Standing, Switchboard,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

pub const CLUSTER: u64 = 0xc1;

/// Everybody is a member unless said otherwise.
#[derive(Default)]
pub struct Roll(pub Mutex<HashMap<u64, Standing>>, pub AtomicBool);

impl Roll {
    pub fn set(&self, node: u64, standing: Standing) {
        self.0.lock().unwrap().insert(node, standing);
    }
}

impl Roster for Roll {
    fn check(&self, node: u64) -> Standing {
        self.0.lock().unwrap().get(&node).copied().unwrap_or(Standing::Member)
    }

    fn admits_unknown(&self, _node: u64) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

/// Answers with what came.
pub const ECHO: u8 = 0;
/// Answers with an error.
pub const REFUSE: u8 = 1;
/// Never answers.
pub const NEVER: u8 = 2;
/// Answers after 100 ms.
pub const SLOW: u8 = 3;
/// A stream that is never read.
pub const DEAF: u8 = 4;
/// A stream whose messages are counted until it ends.
pub const COUNT: u8 = 5;
/// A handler that fails.
pub const PANIC: u8 = 6;

/// Does what a call's kind says, and remembers what it saw.
#[derive(Default)]
pub struct Doer {
    pub bodies: Mutex<Vec<Bytes>>,
    pub requests: Mutex<Vec<Request>>,
    pub counted: AtomicU64,
    /// How counted streams ended.
    pub ends: Mutex<Vec<Option<io::ErrorKind>>>,
    pub hear: Arc<Notify>,
}

pub struct Hand(pub Arc<Doer>);

impl Handler for Hand {
    fn call(&self, request: Request, body: Bytes) -> BoxFuture<'static, Result<Bytes, base::Error>> {
        self.0.bodies.lock().unwrap().push(body.clone());
        self.0.requests.lock().unwrap().push(request);
        Box::pin(async move {
            match request.kind {
                REFUSE => Err(base::Error::new(base::Kind::Conflict, "it exists already")),
                NEVER => std::future::pending().await,
                SLOW => {
                    sleep(Duration::from_millis(100)).await;
                    Ok(body)
                }
                PANIC => panic!("this handler fails"),
                _ => Ok(body),
            }
        })
    }

    fn stream(&self, request: Request, mut incoming: Incoming, mut outgoing: Outgoing) -> BoxFuture<'static, ()> {
        let doer = self.0.clone();
        Box::pin(async move {
            match request.kind {
                DEAF => {
                    doer.hear.notified().await;
                    while let Some(Ok(body)) = incoming.next().await {
                        doer.counted.fetch_add(body.len() as u64, Ordering::Relaxed);
                    }
                }
                COUNT => {
                    let end = loop {
                        match incoming.next().await {
                            Some(Ok(body)) => doer.counted.fetch_add(body.len() as u64, Ordering::Relaxed),
                            Some(Err(error)) => break Some(error.kind()),
                            None => break None,
                        };
                    };
                    doer.ends.lock().unwrap().push(end);
                }
                _ => {
                    while let Some(Ok(body)) = incoming.next().await {
                        if outgoing.send(body).await.is_err() {
                            return;
                        }
                    }
                    outgoing.finish();
                }
            }
        })
    }
}

pub struct Node {
    pub board: Switchboard,
    pub roll: Arc<Roll>,
    pub doer: Arc<Doer>,
    pub id: u64,
}

pub fn options(id: u64) -> Options {
    Options {
        backoff_min: Duration::from_millis(10),
        backoff_max: Duration::from_millis(50),
        ..Options::new(CLUSTER, id, format!("node-{id}"), Security::Plain)
    }
}

pub async fn node(id: u64) -> Node {
    node_with(options(id)).await
}

pub async fn node_with(options: Options) -> Node {
    node_on(options, TcpListener::bind("127.0.0.1:0").await.unwrap())
}

pub fn node_on(options: Options, listener: TcpListener) -> Node {
    let (id, roll, doer) = (options.node, Arc::<Roll>::default(), Arc::<Doer>::default());
    let board = Switchboard::start(options, listener, roll.clone(), Arc::new(Hand(doer.clone()))).unwrap();
    Node { board, roll, doer, id }
}

impl Node {
    pub fn knows(&self, other: &Self) {
        self.board.set_address(other.id, other.board.local_addr().to_string());
    }

    pub async fn ask(&self, to: u64, channel: Channel, kind: u8, body: impl Into<Bytes>) -> Result<Bytes, CallError> {
        self.board.call(to, channel, kind, 7, body.into(), Duration::from_secs(5)).await
    }

    /// The text of the error of a call that was surely not sent.
    pub async fn refused(&self, to: u64) -> String {
        match self.ask(to, Channel::Small, ECHO, "x").await {
            Err(error) if error.surely_not_sent() => error.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub async fn pair() -> (Node, Node) {
    let (one, two) = (node(1).await, node(2).await);
    one.knows(&two);
    two.knows(&one);
    (one, two)
}

/// Waits until `holds`, for a few seconds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(5), "not within 5 s: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), future).await.expect("not within 5 s")
}

/// Stands between two nodes and carries bytes, until told otherwise.
pub struct Proxy {
    pub address: SocketAddr,
    /// The next connection's byte (towards the listening node) and bit that is flipped; `usize::MAX`: none.
    pub flip: Arc<AtomicUsize>,
    /// The next connection is cut after so many bytes.
    pub cut: Arc<AtomicUsize>,
    pub mode: watch::Sender<Mode>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Carry,
    /// Nothing moves, and nobody is told.
    Stall,
    /// All connections end.
    Kill,
}

impl Proxy {
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (flip, cut) = (Arc::new(AtomicUsize::new(usize::MAX)), Arc::new(AtomicUsize::new(usize::MAX)));
        let mode = watch::Sender::new(Mode::Carry);
        let proxy = Self { address, flip: flip.clone(), cut: cut.clone(), mode: mode.clone() };
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let to = TcpStream::connect(target).await.unwrap();
                from.set_nodelay(true).unwrap();
                to.set_nodelay(true).unwrap();
                let (from_read, from_write) = from.into_split();
                let (to_read, to_write) = to.into_split();
                let hurt = (flip.load(Ordering::Relaxed), cut.load(Ordering::Relaxed));
                tokio::spawn(carry(from_read, to_write, hurt, mode.subscribe()));
                tokio::spawn(carry(to_read, from_write, (usize::MAX, usize::MAX), mode.subscribe()));
            }
        });
        proxy
    }
}

async fn carry(
    mut read: tokio::net::tcp::OwnedReadHalf,
    mut write: tokio::net::tcp::OwnedWriteHalf,
    (flip, cut): (usize, usize),
    mut mode: watch::Receiver<Mode>,
) {
    let (mut buffer, mut place) = (vec![0; 16 * 1024], 0);
    loop {
        let now = *mode.borrow_and_update();
        let most = buffer.len().min(cut - place);
        if now == Mode::Kill || most == 0 {
            return;
        }
        let count = tokio::select! {
            _ = mode.changed() => continue,
            count = read.read(&mut buffer[..most]), if now == Mode::Carry => count.unwrap_or(0),
        };
        if count == 0 {
            return;
        }
        if (place..place + count).contains(&(flip / 8)) {
            buffer[flip / 8 - place] ^= 1 << (flip % 8);
        }
        place += count;
        if write.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
