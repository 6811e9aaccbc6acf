//! Accepting connections within limits.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Arrival, Counts, Tls,
    counts::{Reason, Shared, count},
    limits,
    socket::Socket,
};

/// Where one door's connections come in.
pub struct Porch {
    listener: TcpListener,
    connections_max: usize,
    tls: Option<Tls>,
    second: Second,
    shared: Arc<Shared>,
}

/// How many connections were accepted in the second that is running.
struct Second {
    end: Instant,
    accepted: u32,
}

impl Porch {
    /// A porch over a bound listener that keeps at most `connections_max` connections open.
    pub fn new(listener: TcpListener, connections_max: usize) -> Self {
        let second = Second { end: Instant::now(), accepted: 0 };
        Self { listener, connections_max, tls: None, second, shared: Arc::default() }
    }

    /// The same porch, which speaks TLS and nothing else from now on.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The address clients reach, with the port that was really taken.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        Counts(self.shared.clone())
    }

    /// The next connection within the limits, before any handshake. Waits out a lack of file descriptors; a connection too many is closed at once.
    /// An error means that the listener itself is broken.
    pub async fn accept(&mut self) -> io::Result<Arrival> {
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
            if let Some(arrival) = self.admit(stream, peer) {
                return Ok(arrival);
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) -> Option<Arrival> {
        if self.shared.open.load(Ordering::Relaxed) >= self.connections_max {
            self.shared.refuse(Reason::Full);
            return None;
        }
        // Answers go out whole; waiting for more to send only delays them. A socket that refuses is about to fail anyway.
        let _ = stream.set_nodelay(true);
        count(&self.shared.accepted);
        Some(Arrival::new(Socket::new(stream, self.shared.clone()), peer, self.tls.clone()))
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

/// The client was gone before it was accepted; the listener is well.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// ENFILE, EMFILE, ENOBUFS, ENOMEM: connections that end will make room.
fn is_lack_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24 | 105 | 12))
}
