//! This node: its identity, its journal and its shards, put together.

mod disk;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{ClusterId, Disk, Error, KeyspaceId, Kind, NodeId, Result, ShardId, disk::Space as DiskSpace};
use cluster::{Command, KeyspaceEntry, Member};
use config::StoreId;
use futures_util::future::BoxFuture;
use journal::{Journal, Pace, Writer};
use parking_lot::{Mutex, RwLock};
use table::{Snapshot, Tree};
use tokio::{net::TcpListener, sync::Notify};

use crate::{
    barrier::Barrier,
    batch::Target,
    bugs::{Bug, planted},
    consensus::{Group, GroupStatus, Reply, StateMachine as _},
    directory::Held,
    identity::Identity,
    keyspace::Keyspace,
    lanes::{Admission, Lane, Lanes, in_time},
    lease, level,
    limits::{DATA_SHARDS_MAX, JOURNAL_CLOSE_MS, JOURNAL_TAIL_BYTES, JOURNAL_WRITE_BYTES_MAX},
    members::Roster,
    network::{self, Network, NetworkMaker},
    options::PeerOptions,
    post::Post,
    proposer,
    rebuild::{self, Book},
    reception::Desk,
    runtime,
    scrub::{Scrub, ScrubStatus},
    settle::Settler,
    shard::{Shard, ShardState, SpaceOptions},
    space::SpaceMeter,
    stores::{self, ConfigStore, StoreStatus},
    streams::{ResolvedSettings, StreamShard},
};

/// The key space every cluster has.
pub const DEFAULT_KEYSPACE: &str = "default";
/// etcd's number of the alarm that a disk is full.
pub(crate) const NOSPACE: i32 = 1;

/// How a node is opened.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The data directory; created when missing.
    pub data_dir: PathBuf,
    /// The member's name.
    pub name: String,
    /// Data shards at the first start; fixed from then on. 0: one per two cores, at least one, at most eight.
    pub data_shards: u32,
    /// Bytes of one journal segment.
    pub journal_segment_bytes: u64,
    /// Unsettled bytes at which a shard settles.
    pub settle_bytes: u64,
    /// Bytes of settled values kept in memory, over all key spaces.
    pub value_cache_bytes: u64,
    /// Bytes of recent changes kept for watchers, per key space.
    pub watch_ring_bytes: usize,
    /// Bytes waiting to be proposed per shard before `Overloaded`.
    pub admission_bytes: usize,
    /// Commands waiting to be proposed per shard before `Overloaded`.
    pub admission_commands: usize,
    /// Quota of a key space's bytes; 0: none, NOSPACE follows the free disk.
    pub quota_bytes: u64,
    /// How long after one scrub the next one begins; zero: only when asked.
    pub scrub_every: Duration,
    /// Bytes a second that a scrub reads at most; 0: as fast as it goes.
    pub scrub_bytes_per_second: u64,
}

impl NodeOptions {
    /// Bytes of the settled tree's own block cache, per shard: small, since values are cached above it.
    pub(crate) fn tree_cache_bytes(&self) -> u64 {
        self.value_cache_bytes / 4
    }

    /// Bytes of settled versions that a configuration store keeps in memory: it is read less, and mostly from what is new.
    pub(crate) fn store_cache_bytes(&self) -> u64 {
        self.value_cache_bytes / 4
    }

    pub(crate) fn journal_options(&self) -> journal::Options {
        journal::Options {
            segment_bytes: self.journal_segment_bytes,
            tail_bytes: JOURNAL_TAIL_BYTES,
            write_bytes_max: JOURNAL_WRITE_BYTES_MAX,
            // One segment: what a full disk needs to make room by settling and trimming.
            reserve_bytes: self.journal_segment_bytes,
        }
    }
}

/// Opens the directory of a data shard's settled segments.
pub type SegmentDisks = Arc<dyn Fn(ShardId) -> Result<Arc<dyn Disk>> + Send + Sync>;

/// What a node stands on. A machine hands in its disks, the simulator its own.
pub struct NodeParts {
    /// Where the node keeps its papers: the data directory.
    pub home: Arc<dyn Disk>,
    /// The journal's directory.
    pub journal_disk: Arc<dyn Disk>,
    /// Opens the settled tree of a shard.
    pub trees: Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>,
    /// Opens the directory of a data shard's settled segments.
    pub segments: SegmentDisks,
    /// Who this node is.
    pub identity: Identity,
    /// Makes its network; `None`: it has no peers and takes none.
    pub network: Option<NetworkMaker>,
    /// The pace of the disk as the journal finds it; proposers and trees follow it.
    pub pace: Pace,
    /// Runs the journal's writer, and tells when it failed: a thread on a machine, a task in the simulator.
    pub drive: Box<dyn FnOnce(Writer, Failure) + Send>,
}

/// Says once that the node can no longer keep its word. Cheap to clone.
#[derive(Clone, Default)]
pub struct Failure {
    inner: Arc<(Mutex<Option<Error>>, Notify)>,
}

impl Failure {
    /// Reports what another start may mend; the first report stands.
    pub fn report(&self, message: String) {
        self.end(Error::new(Kind::Unavailable, message));
    }

    /// Reports why the node ends; the first report stands.
    pub(crate) fn end(&self, why: Error) {
        self.inner.0.lock().get_or_insert(why);
        self.inner.1.notify_waiters();
    }

    async fn reported(&self) -> Error {
        loop {
            let notified = self.inner.1.notified();
            if let Some(why) = self.inner.0.lock().clone() {
                return why;
            }
            notified.await;
        }
    }
}

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// This node.
    pub node_id: NodeId,
    /// Its name.
    pub name: String,
    /// Its shards.
    pub shards: Vec<ShardStatus>,
    /// Members of the cluster.
    pub members: Vec<Member>,
    /// Key spaces of the cluster.
    pub keyspaces: Vec<KeyspaceEntry>,
    /// Configuration stores.
    pub stores: Vec<StoreStatus>,
    /// The level of formats that the cluster writes.
    pub level: u32,
    /// Bytes of the journal's files.
    pub journal_bytes: u64,
    /// Free and total bytes of the file system.
    pub space: Option<DiskSpace>,
    /// How the other members are reached.
    pub peers: Vec<PeerStatus>,
    /// What reading everything on the disk has come to.
    pub scrub: ScrubStatus,
}

/// How another member is reached.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// Which.
    pub id: NodeId,
    /// Whether anything is open with it.
    pub reachable: bool,
    /// How long the last question whether it lives took, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Why it was not reached last.
    pub trouble: Option<String>,
}

/// What a shard says of itself.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// Which.
    pub shard: ShardId,
    /// Raft's.
    pub group: GroupStatus,
    /// The last settled index.
    pub settled: Option<u64>,
    /// Settles done since the start.
    pub settles: u64,
    /// Bytes not settled yet.
    pub unsettled_bytes: u64,
    /// Bytes of the settled tree on disk.
    pub tree_bytes: u64,
    /// Bytes of the settled segments of streams.
    pub segment_bytes: u64,
    /// Commands waiting to be proposed.
    pub waiting: usize,
}

pub(crate) struct Inner {
    options: NodeOptions,
    peers: PeerOptions,
    identity: Identity,
    network: OnceLock<Arc<dyn Network>>,
    roster: RwLock<Roster>,
    home: Arc<dyn Disk>,
    /// The other members, as noted on the disk.
    book: Mutex<Book>,
    /// The level of formats that may be written.
    level: Arc<AtomicU32>,
    journal: Journal,
    journal_disk: Arc<dyn Disk>,
    shards: Mutex<BTreeMap<ShardId, Shard>>,
    keyspaces: Mutex<BTreeMap<String, Keyspace>>,
    stores: Mutex<BTreeMap<StoreId, ConfigStore>>,
    failure: Failure,
    stopping: AtomicBool,
    /// Whether this process began shard 0.
    founding: AtomicBool,
    /// Whether this node may take part in what its shards decide: it is new to the cluster, or still has what it had.
    admitted: AtomicBool,
    /// Settles are sequential over all shards.
    settle_turn: Arc<tokio::sync::Mutex<()>>,
    space_meter: Arc<SpaceMeter>,
    scrub: Arc<Scrub>,
    pace: Pace,
    /// What topics' settings came to, for every door.
    topic_settings: ResolvedSettings,
}

/// What is opened in a shard before its log is read.
#[derive(Default)]
struct Tenants {
    spaces: Vec<KeyspaceId>,
    stores: Vec<StoreId>,
}

/// The node. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

impl Node {
    /// Opens what is in the data directory, recovers, and serves. On a first start it makes itself a cluster of one, founds one
    /// together with others, or joins one; the latter two return when a quorum is there. One that lost its data is rebuilt from
    /// its peers first. Peers come in by `listener`.
    ///
    /// # Errors
    /// `Corrupt`: what is stored is damaged. If there are others to be rebuilt from, that is noted, and done at the next start.
    ///
    /// The body of an asynchronous function is compiled where it is awaited, with all that it starts. It is boxed so that this is
    /// here, once, and not in each program that opens a node.
    pub fn open(
        held: Held,
        options: NodeOptions,
        peers: PeerOptions,
        listener: Option<TcpListener>,
    ) -> BoxFuture<'static, Result<Node>> {
        Box::pin(Node::open_held(held, options, peers, listener))
    }

    async fn open_held(held: Held, options: NodeOptions, peers: PeerOptions, listener: Option<TcpListener>) -> Result<Node> {
        let held = match (held.order()?, &listener) {
            (None, _) => held,
            (Some(order), Some(listener)) => {
                let address = match &peers.advertise {
                    given if !given.is_empty() => given.clone(),
                    _ => listener.local_addr().map(|address| address.to_string()).unwrap_or_default(),
                };
                held.rebuild(order, &options.name, &address, &peers).await?
            }
            (Some(order), None) => {
                let text = format!("this node has to be rebuilt from the other members ({}): start it with --peer", order.why);
                return Err(Error::new(Kind::Precondition, text));
            }
        };
        let directory = options.clone();
        let mut parts = runtime::spawn_blocking(move || held.parts(&directory)).await?;
        let security = peers.security.clone();
        parts.network =
            listener.map(|listener| network::wire(listener, options.name.clone(), security, peers.snapshot_bytes_per_second));
        Node::open_with(parts, options, peers).await
    }

    /// The same on handed-in parts.
    ///
    /// # Errors
    /// `Corrupt`: what is stored is damaged. If there are others to be rebuilt from, that is noted, and done at the next start.
    pub fn open_with(parts: NodeParts, options: NodeOptions, peers: PeerOptions) -> BoxFuture<'static, Result<Node>> {
        Box::pin(Node::open_or_order(parts, options, peers))
    }

    /// Opens, or notes that this node is to be rebuilt.
    async fn open_or_order(parts: NodeParts, options: NodeOptions, peers: PeerOptions) -> Result<Node> {
        let home = parts.home.clone();
        let has_others = parts.network.is_some()
            && match rebuild::known_book(&*home) {
                Some(book) => !book.is_empty(),
                None => parts.identity.founders.len() > 1,
            };
        match Node::open_parts(parts, options, peers).await {
            Err(error) if error.kind == Kind::Corrupt && has_others => Err(rebuild::order(&*home, &error)),
            outcome => outcome,
        }
    }

    async fn open_parts(parts: NodeParts, options: NodeOptions, peers: PeerOptions) -> Result<Node> {
        let journal_options = options.journal_options();
        let disk = parts.journal_disk.clone();
        let owner = parts.identity.node_id;
        let (journal, writer) = runtime::spawn_blocking(move || Journal::open_owned(disk, journal_options, owner)).await?;
        let failure = Failure::default();
        (parts.drive)(writer, failure.clone());
        if parts.identity.begun && journal.shards().is_empty() && !planted(Bug::LossIgnored) {
            let text = "the journal is gone: what this node had acknowledged and voted is lost";
            return Err(Error::new(Kind::Corrupt, text));
        }
        let book = rebuild::known_book(&*parts.home).unwrap_or_default();
        let roster = RwLock::new(Roster::begin(&peers.start, &parts.identity.founders, &book));
        let node = Node {
            inner: Arc::new(Inner {
                options,
                peers,
                identity: parts.identity,
                network: OnceLock::new(),
                roster,
                home: parts.home,
                book: Mutex::new(book),
                level: Arc::new(AtomicU32::new(cluster::LEVEL_FIRST)),
                journal,
                journal_disk: parts.journal_disk,
                shards: Mutex::default(),
                keyspaces: Mutex::default(),
                stores: Mutex::default(),
                failure,
                stopping: AtomicBool::new(false),
                founding: AtomicBool::new(false),
                admitted: AtomicBool::new(false),
                settle_turn: Arc::default(),
                space_meter: Arc::default(),
                scrub: Arc::default(),
                pace: parts.pace,
                topic_settings: ResolvedSettings::default(),
            }),
        };
        if let Some(maker) = parts.network {
            node.start_network(maker)?;
        }
        let failed = node.inner.failure.clone();
        tokio::select! {
            biased;
            why = failed.reported() => return Err(why),
            started = node.start_shards(&parts.trees, &parts.segments) => started?,
        }
        node.note_begun()?;
        node.start_space_watch();
        Ok(node)
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Node {
        Node { inner }
    }

    /// From here on, an empty journal is a lost one.
    fn note_begun(&self) -> Result<()> {
        let has_begun = self.inner.journal.shards().into_iter().any(|shard| !self.is_empty(shard));
        if self.inner.identity.begun || !has_begun {
            return Ok(());
        }
        Identity { begun: true, ..self.inner.identity.clone() }.store(&*self.inner.home)
    }

    fn start_network(&self, maker: NetworkMaker) -> Result<()> {
        let desk = Arc::new(Desk(Arc::downgrade(&self.inner)));
        let network = maker(&self.inner.identity, desk)?;
        for (id, address) in &self.inner.roster.read().members {
            if *id != self.inner.identity.node_id && !address.is_empty() {
                network.set_address(*id, address);
            }
        }
        // Set once, here.
        let _ = self.inner.network.set(network);
        Ok(())
    }

    async fn start_shards(
        &self,
        trees: &Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>,
        segments: &SegmentDisks,
    ) -> Result<()> {
        let zero = self.start_shard(ShardId(0), trees, None, Tenants::default()).await?;
        let in_force = zero.state.with_cluster(cluster::Machine::level).unwrap_or_default();
        if in_force > level::level() {
            return Err(cluster::errors::level_too_low(level::level(), in_force));
        }
        self.begin(&zero).await?;
        self.inner.admitted.store(true, Relaxed);
        let data_shards = self.learn_cluster(&zero, wanted_data_shards(self.inner.options.data_shards)?).await?;
        self.read_members(&zero);
        runtime::spawn(self.clone().follow_members(zero.clone()));
        self.make_default_keyspace(&zero).await?;
        runtime::spawn(self.clone().announce(zero.clone()));
        let catalogue: Vec<KeyspaceEntry> =
            zero.state.with_cluster(|machine| machine.keyspaces().cloned().collect()).unwrap_or_default();
        for shard in (1..=data_shards).map(ShardId) {
            let spaces: Vec<KeyspaceEntry> = catalogue.iter().filter(|entry| entry.shard == shard).cloned().collect();
            let stores: Vec<StoreId> =
                (shard == stores::shard_of_default(data_shards)).then_some(stores::DEFAULT).into_iter().collect();
            let tenants = Tenants { spaces: spaces.iter().map(|entry| entry.id).collect(), stores: stores.clone() };
            let running = self.start_shard(shard, trees, Some(segments), tenants).await?;
            if !self.inner.identity.founders.is_empty() {
                running.group.initialize(&self.inner.identity.founders).await?;
            }
            for entry in spaces {
                self.start_keyspace(&running, &entry)?;
            }
            stores.into_iter().for_each(|id| self.start_store(&running, id));
        }
        if self.inner.network.get().is_some() {
            runtime::spawn(self.clone().lead_members(zero));
            runtime::spawn(self.clone().watch_disk());
            runtime::spawn(self.clone().compare_digests());
        }
        if !self.inner.options.scrub_every.is_zero() {
            runtime::spawn(self.clone().scrub_now_and_then(self.inner.options.scrub_every));
        }
        for shard in self.shards() {
            let recovering = async move {
                while shard.post.barrier().await.is_err() && !shard.lanes.is_closed() {}
                shard.recovery.finish();
            };
            // Nobody else has to be waited for where there is nobody else.
            if self.known_peers().is_empty() {
                recovering.await;
            } else {
                runtime::spawn(recovering);
            }
        }
        Ok(())
    }

    async fn start_shard(
        &self,
        id: ShardId,
        trees: &Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>,
        segments: Option<&SegmentDisks>,
        tenants: Tenants,
    ) -> Result<Shard> {
        let options = SpaceOptions {
            machine: kv::Options { cache_bytes: self.inner.options.value_cache_bytes, ..kv::Options::default() },
            watch_ring_bytes: self.inner.options.watch_ring_bytes,
            store: stores::options(self.inner.options.store_cache_bytes()),
            meter: self.inner.space_meter.clone(),
        };
        let (open_tree, open_segments, owner) = (trees.clone(), segments.cloned(), self.inner.identity.node_id);
        let state = runtime::spawn_blocking(move || {
            let segments = open_segments.map(|open| Ok::<_, Error>((open(id)?, owner))).transpose()?;
            let state = ShardState::open(id, open_tree(id)?, segments, options)?;
            tenants.spaces.into_iter().try_for_each(|space| state.open_space(space))?;
            tenants.stores.into_iter().try_for_each(|store| state.open_store(store))?;
            Ok::<_, Error>(Arc::new(state))
        })
        .await?;
        let (purged, settled) = (self.inner.journal.state(id).purged, state.mark().applied);
        if purged > settled && !planted(Bug::LossIgnored) {
            let text = format!("the settled state of {id} is gone or too old: entries up to {purged:?} are in no log any more");
            return Err(Error::new(Kind::Corrupt, text));
        }
        let network = self.inner.network.get().cloned();
        let own = self.inner.identity.node_id;
        // Not the same order in all shards, so that one death does not leave them all to one member.
        let turn = self.inner.roster.read().members.range(..own).count() + id.0 as usize;
        let group = Group::start(id, own, turn, self.inner.journal.clone(), state.clone(), network).await?;
        Ok(self.run_shard(id, state, group))
    }

    /// Starts the tasks of a shard whose group serves.
    fn run_shard(&self, id: ShardId, state: Arc<ShardState>, group: Group) -> Shard {
        let options = &self.inner.options;
        let lanes = Lanes::new(Admission { bytes: options.admission_bytes, commands: options.admission_commands });
        let turn = self.inner.settle_turn.clone();
        let settler = Settler::new(state.clone(), group.clone(), self.inner.journal.clone(), options.settle_bytes, turn);
        let network = self.inner.network.get().cloned();
        let level = self.inner.level.clone();
        let post = Post::new(self.inner.identity.node_id, group.clone(), state.clone(), settler.clone(), network, level);
        let barrier = Barrier::start(post.clone());
        runtime::spawn(proposer::run(lanes.clone(), post.clone(), settler.clone(), self.inner.pace.clone()));
        let (running, node) = (settler.clone(), Arc::downgrade(&self.inner));
        runtime::spawn(async move {
            let Err(error) = running.run().await else { return };
            let Some(node) = node.upgrade().map(Node::from_inner) else { return };
            if error.kind == Kind::Corrupt {
                node.give_up_place(&error);
            }
            node.failure().report(format!("settling {id} failed: {error}"));
        });
        let (watched, failure) = (group.clone(), self.inner.failure.clone());
        runtime::spawn(async move {
            let message = watched.failed().await;
            failure.report(format!("the replica of {id} failed: {message}"));
        });
        let shard = Shard { id, state, group, lanes, post, barrier, settler, recovery: Arc::default() };
        self.inner.shards.lock().insert(id, shard.clone());
        shard
    }

    fn start_keyspace(&self, shard: &Shard, entry: &KeyspaceEntry) -> Result<()> {
        let space = shard.state.space(entry.id).ok_or_else(|| no_keyspace(&entry.name))?;
        let Identity { cluster_id, node_id, .. } = self.inner.identity;
        let keyspace = Keyspace::new(entry.id, cluster_id, node_id, shard.clone(), space, self.inner.options.quota_bytes);
        runtime::spawn(lease::run(keyspace.clone(), shard.group.clone()));
        self.inner.keyspaces.lock().insert(entry.name.clone(), keyspace);
        Ok(())
    }

    fn start_store(&self, shard: &Shard, id: StoreId) {
        let store = ConfigStore::start(id, shard.clone(), self.inner.level.clone(), self.inner.space_meter.clone());
        self.inner.stores.lock().extend(store.map(|store| (id, store)));
    }

    /// The default tenant's configuration store.
    ///
    /// # Errors
    /// `Unavailable` until the node serves.
    pub fn config_store(&self) -> Result<ConfigStore> {
        let unavailable = || Error::new(Kind::Unavailable, "this node is starting: go to another one, or repeat in a moment");
        self.inner.stores.lock().get(&stores::DEFAULT).cloned().ok_or_else(unavailable)
    }

    /// A key space by name.
    pub fn keyspace(&self, name: &str) -> Result<Keyspace> {
        self.inner.keyspaces.lock().get(name).cloned().ok_or_else(|| no_keyspace(name))
    }

    /// Looks at the cluster's own state as it is known here.
    pub fn look_at_cluster<R>(&self, look: impl FnOnce(&cluster::Machine) -> R) -> Option<R> {
        self.zero()?.state.with_cluster(look)
    }

    /// Changes the cluster's own state; the change is known here when this returns.
    ///
    /// # Errors
    /// What the machine refuses with; `Unavailable` without a leader.
    pub async fn change_cluster(&self, command: &Command) -> Result<()> {
        let zero = self.zero().ok_or_else(crate::post::no_leader)?;
        self.propose_cluster(&zero, command).await
    }

    /// Who leads the cluster's own shard, as far as was heard lately.
    pub fn cluster_leader(&self) -> Option<NodeId> {
        self.zero()?.group.leader()
    }

    /// This node.
    pub fn node_id(&self) -> NodeId {
        self.inner.identity.node_id
    }

    /// Its cluster.
    pub fn cluster_id(&self) -> ClusterId {
        self.inner.identity.cluster_id
    }

    /// The streams of a data shard; `None` if there is no such shard here.
    pub fn stream_shard(&self, shard: ShardId) -> Option<StreamShard> {
        let network = self.network().cloned();
        StreamShard::new(self.shard(shard)?, self.inner.journal.clone(), self.inner.level.clone(), network)
    }

    /// What it is doing.
    pub fn status(&self) -> NodeStatus {
        let shards = self.shards();
        let catalogue = shards.first().and_then(|zero| {
            zero.state.with_cluster(|machine| (machine.members().cloned().collect(), machine.keyspaces().cloned().collect()))
        });
        let (members, keyspaces) = catalogue.unwrap_or_default();
        NodeStatus {
            cluster_id: self.inner.identity.cluster_id,
            node_id: self.inner.identity.node_id,
            name: self.inner.options.name.clone(),
            shards: shards.iter().map(shard_status).collect(),
            members,
            keyspaces,
            stores: self.inner.stores.lock().values().map(ConfigStore::status).collect(),
            level: self.inner.level.load(Relaxed),
            journal_bytes: self.inner.journal.pressure().1,
            space: self.inner.journal_disk.space().ok(),
            peers: self.peer_status(),
            scrub: self.inner.scrub.status(),
        }
    }

    fn peer_status(&self) -> Vec<PeerStatus> {
        let Some(network) = self.inner.network.get() else { return Vec::new() };
        let status = |id| PeerStatus {
            id,
            reachable: network.is_reachable(id),
            round_trip_us: network.round_trip(id).map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            trouble: network.trouble(id),
        };
        self.known_peers().into_iter().map(status).collect()
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    pub(crate) fn peers(&self) -> &PeerOptions {
        &self.inner.peers
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.options.name
    }

    pub(crate) fn network(&self) -> Option<&Arc<dyn Network>> {
        self.inner.network.get()
    }

    pub(crate) fn topic_settings(&self) -> &ResolvedSettings {
        &self.inner.topic_settings
    }

    #[cfg(test)]
    pub(crate) fn space_meter(&self) -> &Arc<SpaceMeter> {
        &self.inner.space_meter
    }

    pub(crate) fn scrubbing(&self) -> &Arc<Scrub> {
        &self.inner.scrub
    }

    /// Bytes a second; `None`: no limit.
    pub(crate) fn scrub_rate(&self) -> Option<u64> {
        Some(self.inner.options.scrub_bytes_per_second).filter(|rate| *rate > 0)
    }

    pub(crate) fn keyspaces_of(&self, shard: ShardId) -> Vec<Keyspace> {
        self.inner.keyspaces.lock().values().filter(|keyspace| keyspace.shard() == shard).cloned().collect()
    }

    pub(crate) fn home(&self) -> &Arc<dyn Disk> {
        &self.inner.home
    }

    pub(crate) fn book(&self) -> &Mutex<Book> {
        &self.inner.book
    }

    pub(crate) fn level(&self) -> &AtomicU32 {
        &self.inner.level
    }

    pub(crate) fn roster(&self) -> &RwLock<Roster> {
        &self.inner.roster
    }

    pub(crate) fn failure(&self) -> &Failure {
        &self.inner.failure
    }

    pub(crate) fn is_founding(&self) -> bool {
        self.inner.founding.load(Relaxed)
    }

    pub(crate) fn set_founding(&self) {
        self.inner.founding.store(true, Relaxed);
    }

    pub(crate) fn is_admitted(&self) -> bool {
        self.inner.admitted.load(Relaxed)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Relaxed)
    }

    /// Where peers reach this node; empty where there are none.
    pub(crate) fn own_address(&self) -> String {
        let listening = || self.network().and_then(|network| network.local_address()).unwrap_or_default();
        if self.inner.peers.advertise.is_empty() { listening() } else { self.inner.peers.advertise.clone() }
    }

    pub(crate) fn shards(&self) -> Vec<Shard> {
        self.inner.shards.lock().values().cloned().collect()
    }

    pub(crate) fn shard(&self, id: ShardId) -> Option<Shard> {
        self.inner.shards.lock().get(&id).cloned()
    }

    pub(crate) fn zero(&self) -> Option<Shard> {
        self.shard(ShardId(0))
    }

    pub(crate) fn keyspace_by_id(&self, id: KeyspaceId) -> Option<Keyspace> {
        self.inner.keyspaces.lock().values().find(|keyspace| keyspace.id() == id).cloned()
    }

    /// Whether this node's replica of a shard has nothing yet, not even a vote.
    pub(crate) fn is_empty(&self, shard: ShardId) -> bool {
        let state = self.inner.journal.state(shard);
        state.vote.is_none() && state.last.is_none() && state.purged.is_none()
    }

    pub(crate) async fn propose_cluster(&self, zero: &Shard, command: &Command) -> Result<()> {
        zero.state.with_cluster(|machine| machine.check_level(command)).transpose()?;
        let answered = zero.lanes.submit(Lane::Urgent, Target::Cluster, command.encode())?;
        match in_time(answered).await? {
            Reply::Cluster(outcome) => outcome.map(|cluster::Reply::Done| ()),
            Reply::Refused(error) => Err(error),
            Reply::Kv(_) | Reply::Stream(_) | Reply::Store(_) => {
                Err(Error::new(Kind::Corrupt, "the cluster's command was answered by another machine"))
            }
        }
    }

    /// The journal, for its metrics.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Settles everything applied so far and gives the settled state of the key space's shard: for snapshots and backups.
    pub async fn settled_snapshot(&self, keyspace: &str) -> Result<Arc<dyn Snapshot>> {
        let entry =
            self.status().keyspaces.into_iter().find(|entry| entry.name == keyspace).ok_or_else(|| no_keyspace(keyspace))?;
        let shard = self.shard(entry.shard).ok_or_else(|| no_keyspace(keyspace))?;
        shard.barrier.wait().await?;
        shard.settler.settle().await?;
        Ok(shard.state.table().tree().snapshot())
    }

    /// Completes when the node can no longer keep its word (a write or sync failed), or is no member any more (`Precondition`):
    /// the process must end with this message.
    pub async fn failed(&self) -> Error {
        self.inner.failure.reported().await
    }

    /// Orderly stop: no new commands, groups stopped, journal closed with its closing record.
    pub fn shutdown(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.stop())
    }

    async fn stop(&self) -> Result<()> {
        if self.inner.stopping.swap(true, Relaxed) {
            return Ok(());
        }
        for keyspace in self.inner.keyspaces.lock().values() {
            keyspace.stop();
        }
        self.hand_everything_over().await;
        let shards = self.shards();
        for shard in &shards {
            shard.close();
        }
        // A settle under way is waited for; none begins after.
        drop(self.inner.settle_turn.lock().await);
        for shard in &shards {
            shard.group.shutdown().await;
        }
        if let Some(network) = self.inner.network.get() {
            network.shutdown().await;
        }
        self.inner.journal.close();
        // A process that ends before the closing record is written leaves a journal that looks as if it had been killed.
        let give_up = runtime::now() + Duration::from_millis(JOURNAL_CLOSE_MS);
        while !self.inner.journal.has_ended() && runtime::now() < give_up {
            runtime::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

fn shard_status(shard: &Shard) -> ShardStatus {
    let tree = shard.state.table().tree();
    // openraft tells its progress a moment later; what is applied is the state's to say.
    let applied = shard.state.mark().applied.map(|id| id.index);
    let group = GroupStatus { applied, ..shard.group.status() };
    ShardStatus {
        shard: shard.id,
        group,
        settled: tree.snapshot().mark().applied.map(|id| id.index),
        settles: shard.settler.settles(),
        unsettled_bytes: shard.state.unsettled_disk_bytes(),
        tree_bytes: tree.disk_bytes(),
        segment_bytes: shard.state.streams().map_or(0, |streams| streams.disk_bytes()),
        waiting: shard.lanes.depth().0,
    }
}

fn no_keyspace(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no key space named {name}"))
}

fn wanted_data_shards(asked: u32) -> Result<u32> {
    match asked {
        0 => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            Ok(u32::try_from(cores / 2).unwrap_or(u32::MAX).clamp(1, 8))
        }
        1..=DATA_SHARDS_MAX => Ok(asked),
        _ => Err(Error::new(Kind::Invalid, format!("data shards: {asked} is more than {DATA_SHARDS_MAX}"))),
    }
}
