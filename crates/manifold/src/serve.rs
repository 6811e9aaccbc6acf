//! `manifold serve`: the order in which a node comes up and goes down.
//!
//! Up: configuration, log, addresses, data directory, doors. Whatever can fail without touching data fails before the data
//! directory is opened. While the node recovers, the etcd door's address is taken but nobody listens there, so that clients go to
//! another member at once, and the HTTP door and the administrative socket say that it recovers. Down: doors stop accepting and finish what is in flight, within a bound; then the node stops and
//! closes its journal. A second signal ends the process at once, which the journal survives like any kill.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
    sync::Arc,
    time::{Duration, Instant},
};

use cluster::Member;
use door_etcd::Metrics;
use door_http::{
    Collector, ConfigDoor, Ingest, NodeHouse,
    admin::{self, Doors, Protection},
    keys::{self as door_keys, Doorkeeper},
    lobby,
    metrics::{Exposition, Type},
    public,
    server::{self, Malformed, Rooms},
};
use gate::{Counts, Porch, Tls};
use replica::{Node, PeerOptions, Security};
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener},
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

use crate::{
    config::{self, Config, Door, Flags, endpoint::Endpoint},
    doors,
    exit::{Code, Failure, Outcome},
    keys,
    log::Log,
    signing, welcome,
};

/// The key space that doors serve.
const KEYSPACE: &str = "default";

/// How long after a rebuild a disk that damages data again is not trusted any more.
const REBUILT_TRUST: Duration = Duration::from_secs(600);

/// Connections that may wait to be accepted at the etcd door.
const BACKLOG: u32 = 1024;

/// How long the runtime may take to let go of what is still running when everything was stopped.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until a signal or a failure. What fails before there is a log is the caller's to tell.
pub(crate) fn run(flags: &Flags) -> Outcome<ExitCode> {
    let loaded = config::load(flags, std::env::vars())?;
    let log =
        Log::start(&loaded.config).map_err(|error| Failure::new(Code::System, format!("no thread for the log: {error}")))?;
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::System, format!("the system gives no threads: {error}")))?;
    let data_dir = loaded.config.data_dir.clone();
    let (is_rebuilt, begun) = (replica::rebuild_is_due(&data_dir), Instant::now());
    let outcome = runtime.block_on(serve(loaded.config, &log, is_rebuilt));
    if let Err(failure) = &outcome {
        log.tell(&failure.message);
    }
    log.flush();
    // A node that has others to be rebuilt from begins anew by itself. One whose data is damaged again so soon is for a person to
    // look at.
    let is_again = is_rebuilt && begun.elapsed() < REBUILT_TRUST;
    if matches!(&outcome, Err(failure) if failure.code == Code::Damaged) && !is_again && replica::rebuild_is_due(&data_dir) {
        let error = begin_anew();
        log.tell(&format!("this process cannot start itself again ({error}): start it by hand"));
        log.flush();
    }
    match outcome {
        Ok(()) => {
            runtime.shutdown_timeout(RUNTIME_TIMEOUT);
            Ok(ExitCode::SUCCESS)
        }
        // Nothing that still runs may touch the disk again, nor hold the end up.
        Err(failure) => std::process::exit(failure.code as i32),
    }
}

/// Puts a new process of the same program, arguments and environment into this one's place. Gives why that failed.
fn begin_anew() -> io::Error {
    let mut arguments = std::env::args_os();
    let called = arguments.next();
    // The program may have been replaced by a newer one meanwhile; then it is found where it was called.
    let program = std::env::current_exe().ok().filter(|path| path.exists()).map(Into::into).or(called);
    program.map_or_else(|| io::ErrorKind::NotFound.into(), |program| Command::new(program).args(arguments).exec())
}

async fn serve(config: Config, log: &Log, is_rebuilt: bool) -> Outcome {
    let mut signals = Signals::listen()?;
    let tls = DoorsTls::open(&config)?;
    let etcd = reserve("etcd", config.etcd)?;
    let kafka = reserve("kafka", config.kafka)?;
    let http = bind("http", config.http, config.connections_max).await?.map(|porch| secured(porch, tls.http.as_ref()));
    let peer = bind_peer(config.peer).await?;
    let open = Doors {
        etcd: etcd.as_ref().and_then(|socket| Some(socket.local_addr().ok()?.to_string())),
        kafka: kafka.as_ref().and_then(|socket| Some(socket.local_addr().ok()?.to_string())),
        http: address(http.as_ref()),
        peer: peer.as_ref().and_then(|listener| Some(listener.local_addr().ok()?.to_string())),
    };
    let peers = peer_options(&config, &open);
    let client_urls = peers.client_urls.iter().filter(|url| url.starts_with("http")).cloned().collect();

    let opened = Instant::now();
    let (options, start) = (config.node_options(), peers.start.clone());
    let held = replica::hold(&options, &start).map_err(|error| Failure::from_room(&error))?;
    let (stop, stopping) = watch::channel(false);
    let entrance = Entrance::open(&config, http, is_rebuilt, &stopping)?;
    let node = tokio::select! {
        node = Node::open(held, options, peers, peer) => node.map_err(|error| Failure::from_room(&error))?,
        name = signals.next() => {
            tracing::info!(signal = name, "stopped before the data directory was open");
            return Ok(());
        }
    };
    let status = node.status();
    let (cluster, id) = (format!("{:x}", status.cluster_id), format!("{:x}", status.node_id));
    tracing::info!(cluster, node = id, name = status.name, shards = status.shards.len(), took = ?opened.elapsed(), "data directory open");

    tell_founders(&config, &status.members);

    keys::bring(node.clone(), config.import_keys.clone()).await;
    let house = House { node: node.clone(), config: &config, log: log.clone(), open, client_urls, tls };
    let mut running = house.open_doors(etcd, kafka, entrance, &stopping)?;
    let Doors { etcd, kafka, http, peer } = &house.open;
    let (etcd, kafka, http, peer) = (etcd.as_deref(), kafka.as_deref(), http.as_deref(), peer.as_deref());
    tracing::info!(etcd, kafka, http, peer, "ready to serve client requests");
    welcome::print(&house.open, &house.client_urls, &config);

    let ended = tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "stopping");
            Ok(())
        }
        why = node.failed() => return Err(Failure::from_room(&why)),
        Some(door) = running.join_next() => Err(door_failure(door)),
    };
    tokio::spawn(signals.end_at_once());
    stop.send_replace(true);
    while running.join_next().await.is_some() {}
    // The socket may be gone already; a stale one is replaced at the next start.
    let _ = std::fs::remove_file(config.data_dir.join(admin::SOCKET));
    tokio::select! {
        stopped = node.shutdown() => stopped.map_err(|error| Failure::from_room(&error))?,
        why = node.failed() => return Err(Failure::from_room(&why)),
    }
    tracing::info!("stopped");
    ended
}

fn door_failure(door: Result<io::Result<()>, tokio::task::JoinError>) -> Failure {
    match door {
        Ok(Err(error)) => Failure::new(Code::System, format!("a door cannot accept connections any more: {error}")),
        Ok(Ok(())) => Failure::new(Code::Failed, "a door closed by itself"),
        Err(error) => Failure::new(Code::Failed, format!("a door failed: {error}")),
    }
}

/// The doors that answer from the start on: that the node recovers, until it is open.
struct Entrance {
    public: Rooms,
    administrative: Rooms,
    running: JoinSet<io::Result<()>>,
    /// The HTTP door's counters, if it is open.
    http: Option<Counts>,
    malformed: Malformed,
}

impl Entrance {
    fn open(config: &Config, http: Option<Porch>, is_rebuilt: bool, stopping: &watch::Receiver<bool>) -> Outcome<Self> {
        let stage = match (is_rebuilt, config.cluster.is_empty() && config.join.is_none()) {
            (true, _) => "this node lost its data and is rebuilt from the other members",
            (false, true) => "the data directory is being read",
            (false, false) => "the data directory is being read, or a majority of the members is waited for",
        };
        let (public, administrative) = (Rooms::lobby(lobby::public(stage)), Rooms::lobby(lobby::administrative(stage)));
        let grace = config.shutdown_timeout;
        let malformed = Malformed::default();
        let mut running = JoinSet::new();
        let counts = http.as_ref().map(Porch::counts);
        if let Some(porch) = http {
            running.spawn(server::serve(porch, public.clone(), malformed.clone(), stopped(stopping.clone()), grace));
        }
        let socket = open_socket(&config.data_dir)?;
        running.spawn(server::serve_unix(socket, administrative.clone(), stopped(stopping.clone()), grace));
        Ok(Self { public, administrative, running, http: counts, malformed })
    }
}

/// An open node and what its doors need.
struct House<'a> {
    node: Node,
    config: &'a Config,
    log: Log,
    /// The addresses that were taken.
    open: Doors,
    /// Where clients are told that they reach the etcd door.
    client_urls: Vec<String>,
    tls: DoorsTls,
}

/// The TLS of the doors that have it.
struct DoorsTls {
    etcd: Option<Tls>,
    http: Option<Tls>,
    kafka: Option<Tls>,
}

impl DoorsTls {
    /// Reads the certificates, and looks at their files from now on.
    fn open(config: &Config) -> Outcome<Self> {
        let open = |door| -> Outcome<Option<Tls>> {
            let Some(options) = config.tls_options(door) else { return Ok(None) };
            let tls = Tls::open(options).map_err(|error| Failure::new(Code::Configuration, error))?;
            tokio::spawn(tls.clone().watch());
            Ok(Some(tls))
        };
        Ok(Self { etcd: open(Door::Etcd)?, http: open(Door::Http)?, kafka: open(Door::Kafka)? })
    }

    fn each(&self) -> impl Iterator<Item = &Tls> {
        self.etcd.iter().chain(&self.http).chain(&self.kafka)
    }
}

fn secured(porch: Porch, tls: Option<&Tls>) -> Porch {
    match tls {
        Some(tls) => porch.with_tls(tls.clone()),
        None => porch,
    }
}

impl House<'_> {
    /// Puts the doors and the administrative socket in front of the node.
    fn open_doors(
        &self,
        etcd: Option<TcpSocket>,
        kafka: Option<TcpSocket>,
        entrance: Entrance,
        stopping: &watch::Receiver<bool>,
    ) -> Outcome<JoinSet<io::Result<()>>> {
        let keyspace = self.node.keyspace(KEYSPACE).map_err(|error| Failure::from_room(&error))?;
        let house: Arc<dyn door_http::House> = Arc::new(NodeHouse::new(self.node.clone(), keyspace));
        let options = doors::options(self.config, self.client_urls.clone());
        let metrics = Arc::<Metrics>::default();
        let Entrance { public: public_rooms, administrative, mut running, http, malformed } = entrance;
        let (mut counts, mut collectors) = (Vec::new(), Vec::new());
        tokio::spawn(door_kafka::housekeeping(self.node.clone()));

        if let Some(socket) = etcd {
            let porch = secured(Porch::new(listen("etcd", socket)?, self.config.connections_max), self.tls.etcd.as_ref());
            counts.push(("etcd", porch.counts()));
            let stop = stopped(stopping.clone());
            running.spawn(doors::etcd(porch, options.clone(), self.node.clone(), metrics.clone(), stop));
        }
        if let Some(socket) = kafka {
            let porch = secured(Porch::new(listen("kafka", socket)?, self.config.connections_max), self.tls.kafka.as_ref());
            counts.push(("kafka", porch.counts()));
            let (stop, grace) = (stopped(stopping.clone()), self.config.shutdown_timeout);
            let advertised = advertised(self.config, &self.open).ok_or_else(|| Failure::new(Code::System, "no Kafka address"))?;
            let door = doors::kafka_door(self.config, advertised, self.node.clone());
            collectors.push(doors::kafka_collector(door.clone()));
            running.spawn(doors::kafka(porch, door, stop, grace));
        }
        counts.extend(http.map(|http| ("http", http)));
        collectors.extend(self.collectors(counts, malformed, metrics));
        let ingest = Ingest::new(self.node.clone(), doors::ingest_options(self.config));
        let takes_records = self.config.takes_records_over_http();
        if takes_records {
            collectors.push(ingest.collector());
        }
        let doorkeeper = Doorkeeper::new(Arc::new(self.node.clone()));
        collectors.push(doorkeeper.collector());
        let backup = doors::backup(self.node.clone(), options);
        let signing = signing::open(self.config, self.node.cluster_id())?;
        let options_of_store = doors::store_options(self.config, signing, backup.clone());
        let store = ConfigDoor::new(self.node.clone(), doorkeeper.clone(), options_of_store);
        collectors.push(store.collector());
        let (closing, stop) = (store.clone(), stopped(stopping.clone()));
        tokio::spawn(async move {
            stop.await;
            closing.close();
        });
        let public = public::router(house.clone(), collectors).merge(door_keys::router(doorkeeper)).merge(store.router());
        public_rooms.open(if takes_records { public.merge(ingest.router()) } else { public }, Some(store.clone()));
        let context = admin::Context {
            house,
            membership: Arc::new(self.node.clone()),
            directory: Arc::new(self.node.clone()),
            backup,
            doors: self.open.clone(),
            protection: protection(&self.config.peer_options().security),
            since: Instant::now(),
        };
        administrative.open(admin::router(context).merge(store.administrative()), None);
        Ok(running)
    }

    /// What this crate adds to `/metrics`.
    fn collectors(&self, counts: Vec<(&'static str, Counts)>, malformed: Malformed, metrics: Arc<Metrics>) -> Vec<Collector> {
        let log = self.log.clone();
        let tls: Vec<Tls> = self.tls.each().cloned().collect();
        let own = move |out: &mut Exposition| {
            connections(out, &counts);
            certificates(out, &tls);
            let help = "Connections closed because what they sent is not HTTP within the limits.";
            out.single("manifold_http_malformed_total", Type::Counter, help, malformed.total());
            out.single(
                "manifold_log_lines_dropped_total",
                Type::Counter,
                "Log lines that nobody read fast enough.",
                log.dropped(),
            );
        };
        vec![Arc::new(own), doors::collector(metrics)]
    }
}

fn connections(out: &mut Exposition, counts: &[(&'static str, Counts)]) {
    out.family("manifold_connections_open", Type::Gauge, "Connections open now, by door.");
    for (door, counts) in counts {
        out.sample(&[("door", door)], counts.open());
    }
    let mut each = |name: &str, help: &str, value: fn(&Counts) -> u64| {
        out.family(name, Type::Counter, help);
        for (door, counts) in counts {
            out.sample(&[("door", door)], value(counts));
        }
    };
    each("manifold_connections_accepted_total", "Connections accepted, by door.", Counts::accepted);
    each("manifold_tls_handshakes_total", "TLS handshakes completed, by door.", Counts::secured);
    out.family("manifold_connections_refused_total", Type::Counter, "Connections ended by their limits, by door and reason.");
    for (door, counts) in counts {
        for (reason, number) in counts.refused() {
            out.sample(&[("door", door), ("reason", reason)], number);
        }
    }
}

fn certificates(out: &mut Exposition, tls: &[Tls]) {
    let mut each = |name: &str, help: &str, value: fn(&Tls) -> u64| {
        out.family(name, Type::Counter, help);
        for tls in tls {
            out.sample(&[("door", tls.door())], value(tls));
        }
    };
    each("manifold_tls_files_renewed_total", "New certificates, keys and revocations taken into use, by door.", Tls::renewed);
    each("manifold_tls_files_unusable_total", "New ones that cannot be used, so that the former ones stay, by door.", Tls::kept);
}

/// Takes an address, without listening there yet.
fn reserve(door: &str, address: Option<SocketAddr>) -> Outcome<Option<TcpSocket>> {
    let Some(address) = address else { return Ok(None) };
    let reserve = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    reserve().map(Some).map_err(|error| cannot_listen(door, address, &error))
}

fn listen(door: &str, socket: TcpSocket) -> Outcome<TcpListener> {
    let address = socket.local_addr().map_err(|error| Failure::new(Code::System, error))?;
    // Another process may have taken the address in the same way and listen there by now.
    socket.listen(BACKLOG).map_err(|error| cannot_listen(door, address, &error))
}

async fn bind(door: &str, address: Option<SocketAddr>, connections_max: usize) -> Outcome<Option<Porch>> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|error| cannot_listen(door, address, &error))?;
    Ok(Some(Porch::new(listener, connections_max)))
}

fn cannot_listen(door: &str, address: SocketAddr, error: &io::Error) -> Failure {
    let advice = format!("choose another address with --{door}, port 0 for a free one, or off");
    Failure::new(Code::System, format!("the {door} door cannot listen on {address}: {error}; {advice}"))
}

/// Where peers connect. It is no door: the node itself accepts there, and other limits hold.
async fn bind_peer(address: Option<SocketAddr>) -> Outcome<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    TcpListener::bind(address).await.map(Some).map_err(|error| {
        let advice = "choose another address with --peer, port 0 for a free one, or off for a node alone";
        Failure::new(Code::System, format!("peers cannot be listened for on {address}: {error}; {advice}"))
    })
}

/// What was configured of peers, and the address that the etcd door really took where nothing else is advertised.
fn peer_options(config: &Config, open: &Doors) -> PeerOptions {
    let mut peers = config.peer_options();
    if peers.client_urls.is_empty() {
        let scheme = config.scheme(Door::Etcd);
        peers.client_urls = open.etcd.iter().map(|address| format!("{scheme}://{address}")).collect();
    }
    peers.client_urls.extend(advertised(config, open).map(|place| door_kafka::url(&place.host, place.port)));
    peers.client_urls.extend(config.rack.as_deref().map(door_kafka::rack_url));
    let scheme = config.scheme(Door::Http);
    let taken = || open.http.as_deref().map(|address| format!("{scheme}://{address}"));
    peers.client_urls.extend(config.http_advertise.clone().or_else(taken).map(|base| door_http::store::url(&base)));
    peers
}

/// Where Kafka's clients are told that they reach this node.
fn advertised(config: &Config, open: &Doors) -> Option<Endpoint> {
    let taken = open.kafka.as_deref()?;
    config.kafka_advertise.clone().or_else(|| Endpoint::parse(taken).ok())
}

fn protection(security: &Security) -> Protection {
    match security {
        Security::Plain => Protection::None,
        Security::Secret(_) => Protection::Secret,
        Security::Files { .. } => Protection::Certificates,
    }
}

/// A list of founders stays in the configuration when members come and go; nobody should take it for the members of today.
fn tell_founders(config: &Config, members: &[Member]) {
    let known = members.iter().map(|member| (&member.name, &member.address));
    if config.cluster.is_empty() || known.collect::<BTreeMap<_, _>>() == config.cluster.iter().collect() {
        return;
    }
    let list: Vec<String> = members.iter().map(|member| format!("{}={}", member.name, member.address)).collect();
    tracing::info!(
        members = list.join(","),
        "the setting cluster is only looked at when a cluster is founded; members differ now"
    );
}

fn address(porch: Option<&Porch>) -> Option<String> {
    Some(porch?.local_addr().ok()?.to_string())
}

fn open_socket(data_dir: &Path) -> Outcome<UnixListener> {
    admin::bind(data_dir).map_err(|error| {
        let socket = data_dir.join(admin::SOCKET);
        Failure::new(Code::System, format!("the administrative socket {} cannot be opened: {error}", socket.display()))
    })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// What asks the process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Outcome<Self> {
        let listen =
            |kind| signal(kind).map_err(|error| Failure::new(Code::System, format!("signals cannot be received: {error}")));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// The second signal: whoever sends it does not want to wait.
    async fn end_at_once(mut self) {
        let number = if self.next().await == "SIGTERM" { 15 } else { 2 };
        std::process::exit(128 + number);
    }
}

/// Connections are file descriptors, and the usual soft limit of 1,024 is for programs that use `select`.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, current = limit.current, "the limit of open files cannot be raised");
    }
}
