//! Accepting connections within limits.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    guarded::{Guarded, count},
    limits,
};

/// Where one door's connections come in.
pub struct Porch {
    listener: TcpListener,
    connections_max: usize,
    second: Second,
    shared: Arc<Shared>,
}

/// What the connections of one porch share with it.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) open: AtomicUsize,
    accepted: AtomicU64,
    full: AtomicU64,
    pub(crate) silent: AtomicU64,
    pub(crate) stalled: AtomicU64,
}

/// A handle on a porch's counters that outlives the porch. Cheap to clone.
#[derive(Clone, Default)]
pub struct Counts(Arc<Shared>);

/// How many connections were accepted in the second that is running.
struct Second {
    end: Instant,
    accepted: u32,
}

impl Porch {
    /// A porch over a bound listener that keeps at most `connections_max` connections open.
    pub fn new(listener: TcpListener, connections_max: usize) -> Self {
        let second = Second { end: Instant::now(), accepted: 0 };
        Self { listener, connections_max, second, shared: Arc::default() }
    }

    /// The address clients reach, with the port that was really taken.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        Counts(self.shared.clone())
    }

    /// The next connection within the limits. Waits out a lack of file descriptors; a connection too many is closed at once.
    /// An error means that the listener itself is broken.
    pub async fn accept(&mut self) -> io::Result<Guarded> {
        loop {
            self.second.pace().await;
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) if is_lack_of_descriptors(&error) => {
                    sleep(limits::ACCEPT_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(guarded) = self.admit(stream, peer) {
                return Ok(guarded);
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Option<Guarded> {
        if self.shared.open.load(Ordering::Relaxed) >= self.connections_max {
            count(&self.shared.full);
            return None;
        }
        // Answers go out whole; waiting for more to send only delays them. A socket that refuses is about to fail anyway.
        let _ = stream.set_nodelay(true);
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        count(&self.shared.accepted);
        Some(Guarded::new(stream, peer, self.shared.clone()))
    }
}

impl Second {
    /// Returns when one more connection may be accepted.
    async fn pace(&mut self) {
        let now = Instant::now();
        if now >= self.end {
            *self = Self { end: now + Duration::from_secs(1), accepted: 0 };
        }
        if self.accepted >= limits::ACCEPTS_PER_SECOND_MAX {
            sleep_until(self.end).await;
            *self = Self { end: Instant::now() + Duration::from_secs(1), accepted: 0 };
        }
        self.accepted += 1;
    }
}

impl Counts {
    /// Connections open now.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// Connections ended by the porch so far, by reason: too many were open, silent after connecting, taking nothing.
    pub fn refused(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [("full", read(&self.0.full)), ("silent", read(&self.0.silent)), ("stalled", read(&self.0.stalled))]
    }
}

/// The client was gone before it was accepted; the listener is well.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// ENFILE, EMFILE, ENOBUFS, ENOMEM: connections that end will make room.
fn is_lack_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24 | 105 | 12))
}
