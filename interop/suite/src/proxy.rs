//! Proxies between members: what one says to another can be cut, stalled or delayed, each direction by itself.
//!
//! Members reach each other through one proxy per member. Who dials is found out as the system knows it: the near end's port
//! names a socket in `/proc/net/tcp`, and the process that has it open is the member. Nothing of the protocol is known here.

use crate::server::unused_port;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// What becomes of what one member says to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// It passes.
    #[default]
    Open,
    /// It arrives later by so much.
    Late(Duration),
    /// It waits until that changes, as behind a wire that loses everything.
    Stalled,
    /// Connections between the two are closed, in both directions, and none is made.
    Cut,
}

/// The state of every direction, by who speaks and who hears.
type Ways = HashMap<(usize, usize), Way>;

/// The proxies of a cluster. Dropping it closes them.
#[derive(Debug)]
pub struct Wiring {
    ports: Vec<u16>,
    ways: watch::Sender<Ways>,
    pids: Arc<Mutex<HashMap<u32, usize>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Bytes read at once, and pieces on the way per direction of a connection.
const PIECE_BYTES: usize = 64 << 10;
/// See [`PIECE_BYTES`]. Enough for what a delayed link carries.
const PIECES: usize = 1024;

impl Wiring {
    /// One proxy before each of `targets`.
    pub async fn start(targets: &[u16]) -> Self {
        let ways = watch::Sender::new(Ways::new());
        let pids = Arc::new(Mutex::new(HashMap::new()));
        let (mut ports, mut tasks) = (Vec::new(), Vec::new());
        for (to, target) in targets.iter().copied().enumerate() {
            let port = unused_port();
            let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("an unused port can be bound");
            ports.push(port);
            tasks.push(tokio::spawn(accept(listener, to, target, ways.subscribe(), pids.clone())));
        }
        Self { ports, ways, pids, tasks }
    }

    /// Where each member is reached.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Says which process a member is.
    pub fn belongs(&self, member: usize, pid: u32) {
        let mut pids = self.pids.lock().expect("nobody panics while holding it");
        pids.retain(|_, known| *known != member);
        pids.insert(pid, member);
    }

    /// What `from` says to `to` takes this way from now on.
    pub fn set(&self, from: usize, to: usize, way: Way) {
        self.ways.send_modify(|ways| {
            ways.insert((from, to), way);
        });
    }

    /// Both directions between `member` and everyone else.
    pub fn isolate(&self, member: usize, way: Way) {
        for other in (0..self.ports.len()).filter(|other| *other != member) {
            self.set(member, other, way);
            self.set(other, member, way);
        }
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.ways.send_modify(Ways::clear);
    }
}

impl Drop for Wiring {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn accept(
    listener: TcpListener,
    to: usize,
    target: u16,
    ways: watch::Receiver<Ways>,
    pids: Arc<Mutex<HashMap<u32, usize>>>,
) {
    // Ends with the listener's task, and all connections with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, near)) = accepted else { continue };
                let (pids, ways) = (pids.clone(), ways.clone());
                connections.spawn(async move {
                    let processes: Vec<(u32, usize)> = pids.lock().expect("not poisoned").iter().map(|(p, m)| (*p, *m)).collect();
                    let Some(from) = tokio::task::spawn_blocking(move || owner(near, &processes)).await.ok().flatten() else { return };
                    // An end is an end, whichever way it came.
                    let _ = pass(socket, (from, to), target, ways).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn pass(near: TcpStream, (from, to): (usize, usize), target: u16, ways: watch::Receiver<Ways>) -> io::Result<()> {
    let is_cut = |ways: &Ways| [(from, to), (to, from)].iter().any(|pair| ways.get(pair) == Some(&Way::Cut));
    let mut seen = ways.clone();
    if is_cut(&seen.borrow_and_update()) {
        return Ok(());
    }
    let far = TcpStream::connect(("127.0.0.1", target)).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        done = pump(near_in, far_out, (from, to), ways.clone()) => done,
        done = pump(far_in, near_out, (to, from), ways) => done,
        _ = seen.wait_for(|ways| is_cut(ways)) => Ok(()),
    }
}

/// Carries one direction of one connection.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pair: (usize, usize),
    mut ways: watch::Receiver<Ways>,
) -> io::Result<()> {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let reading = async move {
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            if from.read_buf(&mut piece).await? == 0 || sender.send((Instant::now(), piece)).await.is_err() {
                return Ok::<(), io::Error>(());
            }
        }
    };
    let writing = async move {
        while let Some((came, piece)) = receiver.recv().await {
            loop {
                let way = ways.borrow_and_update().get(&pair).copied().unwrap_or_default();
                let wait = match way {
                    Way::Open => break,
                    Way::Late(by) => by.saturating_sub(came.elapsed()),
                    Way::Stalled | Way::Cut => Duration::MAX,
                };
                if wait.is_zero() {
                    break;
                }
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    changed = ways.changed() => if changed.is_err() { return Ok(()) },
                }
            }
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}

/// Which of the processes has the socket whose own end is `near` open.
fn owner(near: SocketAddr, processes: &[(u32, usize)]) -> Option<usize> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let own_end = format!("0100007F:{:04X}", near.port());
    let inode = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(1) == Some(&own_end.as_str())).then(|| fields.get(9).copied())?
    })?;
    let socket = format!("socket:[{inode}]");
    let has_it = |pid: u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        files.flatten().find(|file| fs::read_link(file.path()).is_ok_and(|link| link.to_str() == Some(&socket)))
    };
    processes.iter().find(|(pid, _)| has_it(*pid).is_some()).map(|(_, member)| *member)
}
