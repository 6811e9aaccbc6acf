//! The way to one peer on one channel: dialled when wanted, kept, dialled again.

use std::{io, sync::Arc, time::Duration};

use base::NodeId;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{
    Channel,
    connection::Connection,
    counts::count,
    error::Lost,
    handshake::{self, Failed},
    refusal::{Refusal, Refused},
    shared::Shared,
    start,
    wire::Wire,
};

/// The way to one peer on one channel.
pub(crate) struct Link {
    to: NodeId,
    channel: Channel,
    view: watch::Sender<View>,
    wanted: Notify,
}

enum View {
    /// Nothing is there, and nothing is tried before `until`; the reason is why.
    Down {
        until: Instant,
        why: Option<Lost>,
    },
    Dialling,
    Up(Arc<Connection>),
}

impl Link {
    pub(crate) fn new(to: NodeId, channel: Channel) -> Self {
        let view = watch::Sender::new(View::Down { until: Instant::now(), why: None });
        Self { to, channel, view, wanted: Notify::new() }
    }

    /// The connection, if there is one.
    pub(crate) fn current(&self) -> Option<Arc<Connection>> {
        match &*self.view.borrow() {
            View::Up(connection) if connection.is_open() => Some(connection.clone()),
            _ => None,
        }
    }

    /// Why the peer was not reached, or was lost, last; nothing while there is a connection.
    pub(crate) fn trouble(&self) -> Option<Lost> {
        match &*self.view.borrow() {
            View::Down { why, .. } => why.clone(),
            _ => None,
        }
    }

    /// The connection, dialled if need be. Fails at once while the peer is given a rest.
    pub(crate) async fn connection(&self, deadline: Option<Instant>) -> io::Result<Arc<Connection>> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let mut view = self.view.subscribe();
        loop {
            self.wanted.notify_one();
            match &*view.borrow_and_update() {
                View::Up(connection) if connection.is_open() => return Ok(connection.clone()),
                View::Down { until, why: Some(why) } if *until > Instant::now() => return Err(why.error()),
                _ => {}
            }
            let changed = match deadline {
                Some(deadline) => timeout_at(deadline, view.changed()).await,
                None => Ok(view.changed().await),
            };
            match changed {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(removed().error()),
                Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer was not reached in time")),
            }
        }
    }

    /// Dials when wanted, until `address` is dropped: the peer is no longer known, or this node shuts down.
    pub(crate) async fn run(self: Arc<Self>, shared: Arc<Shared>, mut address: watch::Receiver<String>) {
        let mut failures = 0;
        // What was logged last: a peer that stays away is told of once, not at each dial.
        let mut told: Arc<str> = Arc::from("");
        loop {
            tokio::select! {
                () = self.wanted.notified() => {}
                changed = address.changed() => {
                    if changed.is_err() { break }
                    failures = 0;
                    self.forgive();
                    continue;
                }
            }
            self.wait_out(&shared, &mut address).await;
            if address.has_changed().is_err() {
                break;
            }
            let Some(dialled) = self.dial(&shared, &mut address).await else { break };
            let (rest, why) = match dialled {
                Ok(connection) => {
                    told = Arc::from("");
                    let begin = Instant::now();
                    let why = self.stay(connection, &address).await;
                    failures = if begin.elapsed() > shared.options.backoff_max { 0 } else { failures + 1 };
                    // A connection that broke is dialled again at once, one that keeps breaking is not.
                    (if failures > 1 { backoff(&shared, failures) } else { Duration::ZERO }, why)
                }
                Err(why) => {
                    failures += 1;
                    if why.text != told {
                        tracing::warn!("{} ({}); dialled again when wanted", why.text, self.channel);
                        told = why.text.clone();
                    }
                    (backoff(&shared, failures), why)
                }
            };
            match address.has_changed() {
                Ok(true) => self.rest(Duration::ZERO, None),
                _ => self.rest(rest, Some(why)),
            }
        }
        // Who waits is told at once, and nobody waits again.
        self.rest(Duration::from_secs(1 << 30), Some(removed()));
    }

    /// What was wrong is not held against the peer any more: it may be dialled at once.
    pub(crate) fn forgive(&self) {
        self.view.send_if_modified(|view| {
            let down = matches!(view, View::Down { .. });
            if down {
                *view = View::Down { until: Instant::now(), why: None };
            }
            down
        });
    }

    fn rest(&self, rest: Duration, why: Option<Lost>) {
        self.view.send_replace(View::Down { until: Instant::now() + rest, why });
    }

    /// Waits until the next dial may begin; another address may be tried at once, and so may a peer that has come back.
    async fn wait_out(&self, shared: &Shared, address: &mut watch::Receiver<String>) {
        let mut arrivals = shared.arrivals.subscribe();
        let until = match &*self.view.borrow() {
            View::Down { until, .. } => *until,
            _ => return,
        };
        let arrived = async {
            // Who lags behind has missed somebody.
            while arrivals.recv().await.is_ok_and(|peer| peer != self.to) {}
        };
        tokio::select! {
            () = sleep_until(until) => {}
            _ = address.changed() => {}
            () = arrived => {}
        }
    }

    /// One dial, begun anew if the address changes meanwhile. `None`: the peer is no longer known.
    async fn dial(&self, shared: &Arc<Shared>, address: &mut watch::Receiver<String>) -> Option<Result<Arc<Connection>, Lost>> {
        self.view.send_replace(View::Dialling);
        let (target, dialled) = loop {
            let target = address.borrow_and_update().clone();
            count(&shared.counters.dials);
            tokio::select! {
                dialled = dial(shared, &target, self.to, self.channel) => break (target, dialled),
                changed = address.changed() => changed.ok()?,
            }
        };
        Some(dialled.map_err(|failed| {
            count(&shared.counters.dials_failed);
            shared.count_failed(&failed);
            Lost::new(failed.kind(), format!("node {:x} at {target}: {failed}", self.to))
        }))
    }

    /// Keeps a connection until it ends, and says why it did.
    async fn stay(&self, connection: Arc<Connection>, address: &watch::Receiver<String>) -> Lost {
        let mut lost = connection.lost.subscribe();
        self.view.send_replace(View::Up(connection.clone()));
        let gone = async {
            tokio::select! {
                lost = lost.wait_for(Option::is_some) => lost.ok().and_then(|lost| lost.clone()),
                () = dropped(address) => None,
            }
        };
        let why = gone.await.unwrap_or_else(removed);
        connection.close(why.clone());
        why
    }
}

fn removed() -> Lost {
    Lost::new(io::ErrorKind::NotConnected, "no address of this node is known, or this node shuts down")
}

/// Returns when nobody can give an address any more.
async fn dropped(address: &watch::Receiver<String>) {
    let mut address = address.clone();
    while address.changed().await.is_ok() {}
}

/// The wait after so many failures: doubled each time, up to the most; between half of it and all, so that not everybody who lost
/// a peer comes back to it at once.
fn backoff(shared: &Shared, failures: u32) -> Duration {
    let (least, most) = (shared.options.backoff_min, shared.options.backoff_max);
    let wait = least.saturating_mul(1 << (failures - 1).min(20)).min(most);
    wait.mul_f64(rand::random_range(0.5..=1.0))
}

/// Looks the address up, connects to what it stands for, one after the other, and shakes hands.
async fn dial(shared: &Arc<Shared>, target: &str, to: NodeId, channel: Channel) -> Result<Arc<Connection>, Failed> {
    let patience = shared.options.handshake_timeout;
    let addresses = timeout(patience, lookup_host(target)).await.map_err(|_| late("looking up its address"))??;
    let mut last = Failed::Io(io::Error::new(io::ErrorKind::NotFound, "its name stands for no address"));
    for address in addresses {
        shared.tls.check_address(address)?;
        let attempt = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut wire = shared.tls.connect(stream).await?;
            let terms = handshake::greet(shared, &mut wire, to, channel).await?;
            Ok::<_, Failed>((terms, wire))
        };
        match timeout(patience, attempt).await {
            Ok(Ok((terms, wire))) => return Ok(begin(shared, terms, wire)),
            Ok(Err(failed)) => last = failed,
            Err(_) => last = late("connecting and shaking hands"),
        }
    }
    Err(last)
}

fn begin(shared: &Arc<Shared>, terms: crate::connection::Terms, wire: Wire) -> Arc<Connection> {
    let connection = Arc::new(Connection::new(terms, shared.clone()));
    start(&connection, wire);
    connection
}

fn late(what: &str) -> Failed {
    Failed::Refused(Refused::here(Refusal::Timeout, format!("{what} took too long")))
}
