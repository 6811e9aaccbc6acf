//! This node: its identity, its journal and its shards, put together.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{ClusterId, Disk, Error, KeyspaceId, Kind, NodeId, Result, ShardId, disk::Space as DiskSpace};
use bytes::Bytes;
use cluster::{Command, KeyspaceEntry, Member, MemberStanding};
use journal::{Journal, Writer};
use kv::Command as KvCommand;
use parking_lot::Mutex;
use table::{Snapshot, Tree};
use tokio::sync::Notify;

use crate::{
    barrier::Barrier,
    batch::Target,
    consensus::{Group, GroupStatus, Reply, StateMachine as _},
    identity::Identity,
    keyspace::Keyspace,
    lanes::{Admission, Lane, Lanes, stopped},
    lease,
    limits::{
        DATA_SHARDS_MAX, JOURNAL_TAIL_BYTES, JOURNAL_WRITE_BYTES_MAX, SPACE_ALARM_PERCENT, SPACE_CLEAR_PERCENT, SPACE_TICK_MS,
        SPACE_TIGHT_PERCENT,
    },
    options::{PeerOptions, Ticket},
    pace::Pace,
    proposer::{self, SpaceMeter},
    runtime,
    settle::Settler,
    shard::{Shard, ShardState, SpaceOptions},
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
}

impl NodeOptions {
    /// Bytes of the settled tree's own block cache, per shard: small, since values are cached above it.
    pub(crate) fn tree_cache_bytes(&self) -> u64 {
        self.value_cache_bytes / 4
    }
}

/// What a node stands on. A machine hands in its disks, the simulator its own.
pub struct NodeParts {
    /// The journal's directory.
    pub journal_disk: Arc<dyn Disk>,
    /// Opens the settled tree of a shard.
    pub trees: Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>,
    /// Who this node is.
    pub identity: Identity,
    /// The pace of the disk, as the proposers find it; the trees may keep it, too.
    pub pace: Pace,
    /// Runs the journal's writer, and tells when it failed: a thread on a machine, a task in the simulator.
    pub drive: Box<dyn FnOnce(Writer, Failure) + Send>,
}

/// Says once that the node can no longer keep its word. Cheap to clone.
#[derive(Clone, Default)]
pub struct Failure {
    inner: Arc<(Mutex<Option<String>>, Notify)>,
}

impl Failure {
    /// Reports; the first report stands.
    pub fn report(&self, message: String) {
        self.inner.0.lock().get_or_insert(message);
        self.inner.1.notify_waiters();
    }

    async fn reported(&self) -> String {
        loop {
            let notified = self.inner.1.notified();
            if let Some(message) = self.inner.0.lock().clone() {
                return message;
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
    /// Bytes of the journal's files.
    pub journal_bytes: u64,
    /// Free and total bytes of the file system.
    pub space: Option<DiskSpace>,
    /// The other members, as this node reaches them.
    pub peers: Vec<PeerStatus>,
}

/// How this node reaches another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// The other.
    pub id: NodeId,
    /// Whether a connection is open.
    pub reachable: bool,
    /// How long the last ping took, in microseconds.
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
    /// Commands waiting to be proposed.
    pub waiting: usize,
}

struct Inner {
    options: NodeOptions,
    identity: Identity,
    journal: Journal,
    journal_disk: Arc<dyn Disk>,
    shards: Mutex<BTreeMap<ShardId, Shard>>,
    keyspaces: Mutex<BTreeMap<String, Keyspace>>,
    failure: Failure,
    stopping: AtomicBool,
    /// Settles are sequential over all shards.
    settle_turn: Arc<tokio::sync::Mutex<()>>,
    space_meter: Arc<SpaceMeter>,
    pace: Pace,
}

/// The node. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

impl Node {
    /// Locks and opens the data directory, recovers, and serves. On a first start it draws its ids and makes itself a cluster of one.
    pub async fn open(options: NodeOptions, _peers: PeerOptions, _listener: Option<tokio::net::TcpListener>) -> Result<Node> {
        let directory = options.clone();
        let parts = runtime::spawn_blocking(move || crate::directory::open(&directory)).await?;
        Node::open_with(parts, options).await
    }

    /// The same on handed-in parts.
    pub async fn open_with(parts: NodeParts, options: NodeOptions) -> Result<Node> {
        let journal_options = journal::Options {
            segment_bytes: options.journal_segment_bytes,
            tail_bytes: JOURNAL_TAIL_BYTES,
            write_bytes_max: JOURNAL_WRITE_BYTES_MAX,
            // One segment: what a full disk needs to make room by settling and trimming.
            reserve_bytes: options.journal_segment_bytes,
        };
        let disk = parts.journal_disk.clone();
        let owner = parts.identity.node_id;
        let (journal, writer) = runtime::spawn_blocking(move || Journal::open_owned(disk, journal_options, owner)).await?;
        let failure = Failure::default();
        (parts.drive)(writer, failure.clone());
        let node = Node {
            inner: Arc::new(Inner {
                options,
                identity: parts.identity,
                journal,
                journal_disk: parts.journal_disk,
                shards: Mutex::default(),
                keyspaces: Mutex::default(),
                failure,
                stopping: AtomicBool::new(false),
                settle_turn: Arc::default(),
                space_meter: Arc::default(),
                pace: parts.pace,
            }),
        };
        node.start_shards(&parts.trees).await?;
        node.start_space_watch();
        Ok(node)
    }

    async fn start_shards(&self, trees: &Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>) -> Result<()> {
        let zero = self.start_shard(ShardId(0), trees, Vec::new()).await?;
        let data_shards = self.found_cluster(&zero).await?;
        let catalogue: Vec<KeyspaceEntry> =
            zero.state.with_cluster(|machine| machine.keyspaces().cloned().collect()).unwrap_or_default();
        for shard in (1..=data_shards).map(ShardId) {
            let spaces: Vec<KeyspaceEntry> = catalogue.iter().filter(|entry| entry.shard == shard).cloned().collect();
            let ids = spaces.iter().map(|entry| entry.id).collect();
            let running = self.start_shard(shard, trees, ids).await?;
            for entry in spaces {
                self.start_keyspace(&running, &entry)?;
            }
        }
        Ok(())
    }

    /// First start: the cluster's id and shards, this member, and the key space that every cluster has. Safe to repeat.
    async fn found_cluster(&self, zero: &Shard) -> Result<u32> {
        let known = zero.state.with_cluster(cluster::Machine::found).flatten();
        let data_shards = match known {
            Some((cluster_id, _)) if cluster_id != self.inner.identity.cluster_id => {
                return Err(Error::new(
                    Kind::Corrupt,
                    "the data directory's parts belong to different clusters; restore the directory whole from a backup",
                ));
            }
            Some((_, data_shards)) => data_shards,
            None => wanted_data_shards(self.inner.options.data_shards)?,
        };
        let node_id = self.inner.identity.node_id;
        let member = Member::new(node_id, self.inner.options.name.clone(), "", MemberStanding::Active);
        let default = KeyspaceEntry { id: KeyspaceId(1), name: DEFAULT_KEYSPACE.to_owned(), shard: ShardId(1) };
        let commands = [
            Command::Found { cluster: self.inner.identity.cluster_id, data_shards, members: vec![member] },
            Command::CreateKeyspace(default.clone()),
        ];
        let is_known = zero.state.with_cluster(|machine| {
            known.is_some() && machine.member(node_id).is_some() && machine.keyspaces().any(|k| *k == default)
        });
        if is_known != Some(true) {
            for command in commands {
                propose_cluster(zero, &command).await?;
            }
        }
        Ok(data_shards)
    }

    async fn start_shard(
        &self,
        id: ShardId,
        trees: &Arc<dyn Fn(ShardId) -> Result<Arc<dyn Tree>> + Send + Sync>,
        spaces: Vec<KeyspaceId>,
    ) -> Result<Shard> {
        let options = SpaceOptions {
            machine: kv::Options { cache_bytes: self.inner.options.value_cache_bytes, ..kv::Options::default() },
            watch_ring_bytes: self.inner.options.watch_ring_bytes,
        };
        let open_tree = trees.clone();
        let state = runtime::spawn_blocking(move || {
            let state = ShardState::open(id, open_tree(id)?, options)?;
            for space in spaces {
                state.open_space(space)?;
            }
            Ok::<_, Error>(Arc::new(state))
        })
        .await?;
        let node = self.inner.identity.node_id;
        let group = Group::start(id, node, self.inner.journal.clone(), state.clone()).await?;
        group.initialize(&[node]).await?;
        group.ready().await?;
        Ok(self.run_shard(id, state, group))
    }

    /// Starts the tasks of a shard whose group serves.
    fn run_shard(&self, id: ShardId, state: Arc<ShardState>, group: Group) -> Shard {
        let options = &self.inner.options;
        let lanes = Lanes::new(Admission { bytes: options.admission_bytes, commands: options.admission_commands });
        let barrier = Barrier::start(group.clone());
        let turn = self.inner.settle_turn.clone();
        let settler = Settler::new(state.clone(), group.clone(), self.inner.journal.clone(), options.settle_bytes, turn);
        runtime::spawn(proposer::run(
            lanes.clone(),
            group.clone(),
            settler.clone(),
            self.inner.pace.clone(),
            self.inner.space_meter.clone(),
        ));
        let (running, failure) = (settler.clone(), self.inner.failure.clone());
        runtime::spawn(async move {
            if let Err(error) = running.run().await {
                failure.report(format!("settling {id} failed: {error}"));
            }
        });
        let (watched, failure) = (group.clone(), self.inner.failure.clone());
        runtime::spawn(async move {
            let message = watched.failed().await;
            failure.report(format!("the replica of {id} failed: {message}"));
        });
        let shard = Shard { id, state, group, lanes, barrier, settler };
        self.inner.shards.lock().insert(id, shard.clone());
        shard
    }

    fn start_keyspace(&self, shard: &Shard, entry: &KeyspaceEntry) -> Result<()> {
        let space = shard.state.space(entry.id).ok_or_else(|| no_keyspace(&entry.name))?;
        let Identity { cluster_id, node_id } = self.inner.identity;
        let keyspace = Keyspace::new(entry.id, cluster_id, node_id, shard.clone(), space, self.inner.options.quota_bytes);
        runtime::spawn(lease::run(keyspace.clone(), shard.group.clone()));
        self.inner.keyspaces.lock().insert(entry.name.clone(), keyspace);
        Ok(())
    }

    /// A key space by name.
    pub fn keyspace(&self, name: &str) -> Result<Keyspace> {
        self.inner.keyspaces.lock().get(name).cloned().ok_or_else(|| no_keyspace(name))
    }

    /// What it is doing.
    pub fn status(&self) -> NodeStatus {
        let shards: Vec<Shard> = self.inner.shards.lock().values().cloned().collect();
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
            journal_bytes: self.inner.journal.pressure().1,
            space: self.inner.journal_disk.space().ok(),
            peers: Vec::new(),
        }
    }

    /// Announces a new member, which may then join with the ticket.
    pub async fn add_member(&self, _name: String, _address: String) -> Result<Ticket> {
        Err(alone())
    }

    /// Takes a member out of every shard, then out of the cluster.
    pub async fn remove_member(&self, _member: NodeId) -> Result<()> {
        Err(alone())
    }

    /// Announces a new member that takes the place of one that is gone for good.
    pub async fn replace_member(&self, _dead: NodeId, _name: String, _address: String) -> Result<Ticket> {
        Err(alone())
    }

    /// Says where peers reach a member from now on.
    pub async fn update_member(&self, _member: NodeId, _address: String) -> Result<()> {
        Err(alone())
    }

    /// Says whether a member shall lead nothing.
    pub async fn drain(&self, _member: NodeId, _drained: bool) -> Result<()> {
        Err(alone())
    }

    /// Hands the lead of one shard, or of all, to a member.
    pub async fn move_leader(&self, _shard: Option<ShardId>, _to: NodeId) -> Result<()> {
        Err(alone())
    }

    /// The ticket of a member that is awaited, once more.
    pub fn ticket(&self, _member: NodeId) -> Result<Ticket> {
        Err(alone())
    }

    /// The journal, for its metrics.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Settles everything applied so far and gives the settled state of the key space's shard: for snapshots and backups.
    pub async fn settled_snapshot(&self, keyspace: &str) -> Result<Arc<dyn Snapshot>> {
        let entry =
            self.status().keyspaces.into_iter().find(|entry| entry.name == keyspace).ok_or_else(|| no_keyspace(keyspace))?;
        let shard = self.inner.shards.lock().get(&entry.shard).cloned().ok_or_else(|| no_keyspace(keyspace))?;
        shard.group.barrier().await?;
        shard.settler.settle().await?;
        Ok(shard.state.table().tree().snapshot())
    }

    /// Completes when the node can no longer keep its word (a write or sync failed): the process must end with this message.
    pub async fn failed(&self) -> String {
        self.inner.failure.reported().await
    }

    /// Orderly stop: no new commands, groups stopped, journal closed with its closing record.
    pub async fn shutdown(&self) -> Result<()> {
        if self.inner.stopping.swap(true, Relaxed) {
            return Ok(());
        }
        for keyspace in self.inner.keyspaces.lock().values() {
            keyspace.stop();
        }
        let shards: Vec<Shard> = self.inner.shards.lock().values().cloned().collect();
        for shard in &shards {
            shard.close();
        }
        // A settle under way is waited for; none begins after.
        drop(self.inner.settle_turn.lock().await);
        for shard in &shards {
            shard.group.shutdown().await;
        }
        let journal = self.inner.journal.clone();
        runtime::spawn_blocking(move || journal.close()).await;
        Ok(())
    }

    fn start_space_watch(&self) {
        let node = self.clone();
        runtime::spawn(async move {
            while !node.inner.stopping.load(Relaxed) {
                node.look_at_space().await;
                tokio::select! {
                    biased;
                    () = node.inner.space_meter.due() => {}
                    () = runtime::sleep(Duration::from_millis(SPACE_TICK_MS)) => {}
                }
            }
        });
    }

    /// Raises NOSPACE before the disk is full, and clears it when there is room again, unless a quota rules.
    async fn look_at_space(&self) {
        let Ok(space) = self.inner.journal_disk.space() else { return };
        // What is unsettled takes its room in the tree soon: it is counted as taken, or settling would meet a full disk.
        let unsettled: u64 = self.inner.shards.lock().values().map(|shard| shard.state.table().unsettled_bytes()).sum();
        let free = space.free.saturating_sub(unsettled);
        let used_percent = 100 - (free.saturating_mul(100) / space.total.max(1)).min(100);
        let keyspaces: Vec<Keyspace> = self.inner.keyspaces.lock().values().cloned().collect();
        let member = self.inner.identity.node_id;
        for keyspace in keyspaces {
            keyspace.machine().set_disk_tight(used_percent >= SPACE_TIGHT_PERCENT);
            let raised = keyspace.machine().alarms().contains(&(member, NOSPACE));
            let raise = used_percent >= SPACE_ALARM_PERCENT;
            let clear = used_percent < SPACE_CLEAR_PERCENT && self.inner.options.quota_bytes == 0;
            if (raise && !raised) || (clear && raised) {
                let command = KvCommand::Alarm { member, alarm: NOSPACE, raise };
                if let Err(error) = keyspace.propose(Lane::Urgent, command).await {
                    tracing::warn!(%error, "the NOSPACE alarm could not be changed; trying again");
                }
            }
        }
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
        unsettled_bytes: shard.state.table().unsettled_bytes(),
        tree_bytes: tree.disk_bytes(),
        waiting: shard.lanes.depth().0,
    }
}

async fn propose_cluster(zero: &Shard, command: &Command) -> Result<()> {
    let answered = zero.lanes.submit(Lane::Urgent, Target::Cluster, Bytes::clone(&command.encode()))?;
    match answered.await.unwrap_or_else(|_| Err(stopped()))? {
        Reply::Cluster(outcome) => outcome.map(|cluster::Reply::Done| ()),
        Reply::Refused(error) => Err(error),
        Reply::Kv(_) => Err(Error::new(Kind::Corrupt, "the cluster's command was answered by another machine")),
    }
}

fn alone() -> Error {
    Error::new(Kind::Unsupported, "a node is a cluster of one in this build")
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
