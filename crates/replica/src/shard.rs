//! A shard on this node: its state, what is applied to it, and what goes into it.

use std::sync::{
    Arc,
    atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Release},
    },
};

use base::{Disk, EntryId, Error, KeyspaceId, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use config::StoreId;
use kv::Command;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use segments::{Arrival, Export, SegmentMeta};
use table::{Mark, Snapshot, Stage, Staged, Table, Tree};
use tokio::sync::Notify;

use crate::{
    barrier::Barrier,
    batch::{self, Read},
    bugs::{Bug, planted},
    consensus::{Group, Replies, Reply, StateMachine, encode_beside, split_beside},
    digests::Digests,
    lanes::Lanes,
    lease::LeaseClock,
    network::BoxFuture,
    post::Post,
    progress::Progress,
    space::SpaceMeter,
    stores::Store,
    streams::{Settling, Streams},
    watch::Hub,
};

/// One key space of a shard, with what stands beside its machine.
#[derive(Clone)]
pub(crate) struct Space {
    pub(crate) machine: kv::Machine,
    pub(crate) hub: Hub,
    pub(crate) leases: LeaseClock,
}

/// Budgets that every key space and every store of a shard is opened with.
#[derive(Clone, Debug)]
pub(crate) struct SpaceOptions {
    pub(crate) machine: kv::Options,
    pub(crate) watch_ring_bytes: usize,
    pub(crate) store: config::Options,
    /// Told what is applied: a follower's disk fills up by what others propose.
    pub(crate) meter: Arc<SpaceMeter>,
}

/// The state of a shard: what the group applies entries to.
pub(crate) struct ShardState {
    pub(crate) shard: ShardId,
    table: Table,
    options: SpaceOptions,
    cluster: Option<Mutex<cluster::Machine>>,
    spaces: RwLock<FxHashMap<KeyspaceId, Space>>,
    stores: RwLock<FxHashMap<StoreId, Store>>,
    /// Data shards have streams.
    streams: Option<Arc<Streams>>,
    /// Held while an entry is applied, while the overlay is sealed and while all of it is replaced: each sees the others whole.
    turn: Mutex<()>,
    /// The last entry applied. Changed within a turn and never held for long: whoever asks does not wait for the disk.
    applied: Mutex<Mark>,
    /// Whether the table's digest is one of the whole state.
    has_digest: AtomicBool,
    digests: Digests,
    progress: Arc<Progress>,
    /// Told when the cluster's own state changed.
    cluster_moved: Notify,
    /// Bytes of memory that may be unsettled before applying waits, and who is told when there are fewer.
    unsettled_max: AtomicU64,
    eased: Notify,
}

impl ShardState {
    /// Reads what is settled in `tree`. `segments` is where a data shard's streams settle, and who writes there.
    pub(crate) fn open(
        shard: ShardId,
        tree: Arc<dyn Tree>,
        segments: Option<(Arc<dyn Disk>, NodeId)>,
        options: SpaceOptions,
    ) -> Result<ShardState> {
        let mut mark = tree.snapshot().mark().clone();
        let table = Table::new(tree);
        let (membership, digest) = split_beside(mark.membership)?;
        mark.membership = membership;
        table.set_digest(digest.unwrap_or_default());
        // What was settled before there were digests has none, until a whole state takes its place.
        let has_digest = digest.is_some() || mark.applied.is_none();
        let cluster = (shard == ShardId(0)).then(|| cluster::Machine::open(table.clone())).transpose()?;
        let open = |(disk, owner)| Streams::open(shard, table.clone(), disk, owner).map(Arc::new);
        let streams = segments.map(open).transpose()?;
        let progress = Arc::<Progress>::default();
        if let Some(applied) = mark.applied {
            progress.applied(applied);
        }
        Ok(ShardState {
            shard,
            table,
            options,
            cluster: cluster.map(Mutex::new),
            spaces: RwLock::default(),
            stores: RwLock::default(),
            streams,
            turn: Mutex::default(),
            applied: Mutex::new(mark),
            has_digest: AtomicBool::new(has_digest),
            digests: Digests::default(),
            progress,
            cluster_moved: Notify::new(),
            unsettled_max: AtomicU64::new(u64::MAX),
            eased: Notify::new(),
        })
    }

    /// Opens a key space of this shard. Must be done before the group starts, since its log may hold commands for it.
    pub(crate) fn open_space(&self, id: KeyspaceId) -> Result<()> {
        let machine = kv::Machine::open(id, self.table.clone(), self.options.machine.clone())?;
        let hub = Hub::new(machine.clone(), self.options.watch_ring_bytes);
        self.spaces.write().insert(id, Space { machine, hub, leases: LeaseClock::default() });
        Ok(())
    }

    pub(crate) fn space(&self, id: KeyspaceId) -> Option<Space> {
        self.spaces.read().get(&id).cloned()
    }

    pub(crate) fn spaces(&self) -> Vec<Space> {
        self.spaces.read().values().cloned().collect()
    }

    /// Opens a configuration store of this shard, before the group starts.
    pub(crate) fn open_store(&self, id: StoreId) -> Result<()> {
        let store = Store::open(id, self.table.clone(), self.options.store.clone())?;
        self.stores.write().insert(id, store);
        Ok(())
    }

    pub(crate) fn store(&self, id: StoreId) -> Option<Store> {
        self.stores.read().get(&id).cloned()
    }

    pub(crate) fn stores(&self) -> Vec<Store> {
        self.stores.read().values().cloned().collect()
    }

    /// The streams of a data shard.
    pub(crate) fn streams(&self) -> Option<&Arc<Streams>> {
        self.streams.as_ref()
    }

    /// Bytes that are in memory, or in the journal only, and that a settle would take from there.
    pub(crate) fn unsettled(&self) -> u64 {
        self.table.unsettled_memory() + self.streams.as_ref().map_or(0, |streams| streams.unsettled_bytes())
    }

    /// Bytes that a settle would write, about.
    pub(crate) fn unsettled_disk_bytes(&self) -> u64 {
        self.table.unsettled_bytes() + self.streams.as_ref().map_or(0, |streams| streams.machine().unsettled_bytes())
    }

    /// For those who wait for what is applied here.
    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Looks at the cluster machine; only shard 0 has one.
    pub(crate) fn with_cluster<R>(&self, look: impl FnOnce(&cluster::Machine) -> R) -> Option<R> {
        self.cluster.as_ref().map(|cluster| look(&cluster.lock()))
    }

    /// Completes at the next change of the cluster's own state. Made before looking at it, it misses none.
    pub(crate) fn cluster_moved(&self) -> tokio::sync::futures::Notified<'_> {
        self.cluster_moved.notified()
    }

    /// Lets applying wait while this much memory is unsettled.
    pub(crate) fn set_unsettled_max(&self, bytes: u64) {
        self.unsettled_max.store(bytes, Release);
        self.eased.notify_waiters();
    }

    /// A settle gave memory back.
    pub(crate) fn ease(&self) {
        self.eased.notify_waiters();
    }

    /// Takes the overlay out for settling, between two applies.
    pub(crate) fn seal(&self) -> Option<(table::Sealed, Mark, Option<Settling>)> {
        let _turn = self.turn.lock();
        let mut mark = self.applied.lock().clone();
        let streams = self.streams.as_ref().map(|streams| streams.seal(mark.applied.map_or(0, |id| id.index)));
        mark.membership = encode_beside(&mark.membership, self.digest());
        if planted(Bug::AppliedTwice) {
            mark.applied = mark.applied.map(|id| EntryId { index: id.index.saturating_sub(1), ..id });
        }
        self.table.seal(mark.clone()).map(|sealed| (sealed, mark, streams))
    }

    /// The digest of the state, if it is known.
    fn digest(&self) -> Option<u64> {
        self.has_digest.load(Acquire).then(|| self.table.digest())
    }

    /// The last digests, for comparing replicas.
    pub(crate) fn digests(&self) -> &Digests {
        &self.digests
    }

    fn note_digest(&self, index: u64) {
        if let Some(digest) = self.digest() {
            self.digests.note(index, digest);
        }
    }

    /// Whether entries were applied that the tree does not hold.
    pub(crate) fn is_ahead_of_tree(&self) -> bool {
        self.applied.lock().applied > self.table.tree().snapshot().mark().applied
    }

    fn apply_item(&self, id: EntryId, time_ms: u64, item: Read) -> Reply {
        match item {
            Read::Cluster(command) => match &self.cluster {
                Some(cluster) => {
                    let applied = cluster.lock().apply(command);
                    self.cluster_moved.notify_waiters();
                    Reply::Cluster(applied)
                }
                None => Reply::Refused(Error::new(Kind::Invalid, "only shard 0 holds the cluster's own state")),
            },
            Read::Keyspace(keyspace, Command::LeaseGrant { id: lease, ttl }) if planted(Bug::LocalClock) => {
                let ttl = ttl + i64::from(crate::runtime::wall_ms() % 1000 < 500);
                let space = self.spaces.read().get(&keyspace).cloned().expect("the simulator's clients know their key space");
                Reply::Kv(space.apply(kv::Entry { id, time_ms }, Command::LeaseGrant { id: lease, ttl }))
            }
            Read::Streams(position, command) => match &self.streams {
                Some(streams) => Reply::Stream(streams.apply(stream::Entry { id, time_ms, position }, command).reply),
                None => Reply::Refused(Error::new(Kind::Invalid, "shard 0 has no streams")),
            },
            Read::Store(store, command) => match self.stores.read().get(&store) {
                Some(store) => Reply::Store(store.apply(config::Entry { id, time_ms }, command)),
                None => Reply::Refused(Error::new(Kind::NotFound, format!("no store {} in {}", store.0, self.shard))),
            },
            Read::Keyspace(keyspace, command) => match self.spaces.read().get(&keyspace) {
                Some(space) => Reply::Kv(space.apply(kv::Entry { id, time_ms }, command)),
                None => Reply::Refused(Error::new(Kind::NotFound, format!("no key space {} in {}", keyspace.0, self.shard))),
            },
        }
    }
}

impl Space {
    fn apply(&self, entry: kv::Entry, command: Command) -> kv::Applied {
        let lease = LeaseChange::of(&command, entry.id.term);
        let mut applied = self.machine.apply(entry, command);
        if applied.reply.is_ok() {
            lease.tell(&self.leases, &self.machine);
        }
        let changes = std::mem::take(&mut applied.changes);
        if !changes.is_empty() {
            self.hub.publish(changes);
        }
        applied
    }

    /// The table holds another state: everything beside it begins anew. The hub comes right after the machine, since a stream
    /// that sees the machine ahead of the hub looks again without a rest.
    fn restart(&self) -> Result<()> {
        self.machine.reload()?;
        self.hub.restart();
        self.leases.restart(&self.machine);
        Ok(())
    }
}

/// What a command means for the lease clock, noted before the machine consumes it.
enum LeaseChange {
    None,
    Granted(i64),
    Ended(Vec<i64>),
}

impl LeaseChange {
    fn of(command: &Command, entry_term: u64) -> LeaseChange {
        match command {
            Command::LeaseGrant { id, .. } => LeaseChange::Granted(*id),
            Command::LeaseRevoke { id } => LeaseChange::Ended(vec![*id]),
            Command::LeaseExpire { term, ids } if *term == entry_term => LeaseChange::Ended(ids.clone()),
            _ => LeaseChange::None,
        }
    }

    fn tell(self, clock: &LeaseClock, machine: &kv::Machine) {
        match self {
            LeaseChange::None => {}
            LeaseChange::Granted(id) => {
                if let Some((ttl, _)) = machine.lease_remaining(id) {
                    clock.granted(id, ttl);
                }
            }
            LeaseChange::Ended(ids) => ids.into_iter().for_each(|id| clock.ended(id)),
        }
    }
}

impl StateMachine for ShardState {
    fn apply(&self, id: EntryId, payload: &Bytes) -> Replies {
        let _turn = self.turn.lock();
        // The entry passed its checksums, so what cannot be read is a version of the future or a fault of ours: answering it as
        // a client's error would let replicas drift apart.
        let batch::Readable { origin, time_ms, items } = batch::read(payload.clone())
            .unwrap_or_else(|error| panic!("entry {id} of {} cannot be applied: {error}", self.shard));
        let replies = Replies(items.into_iter().map(|item| self.apply_item(id, time_ms, item)).collect());
        self.note_digest(id.index);
        self.applied.lock().applied = Some(id);
        self.progress.applied(id);
        self.progress.settle(origin, replies)
    }

    fn appending(&self, bytes: usize) {
        self.options.meter.add(bytes);
    }

    fn crowded(&self) -> Option<BoxFuture<'_, ()>> {
        // Asked for before it is looked at, so that no settle in between is missed.
        let eased = self.eased.notified();
        let is_crowded = self.unsettled() >= self.unsettled_max.load(Acquire);
        is_crowded.then(|| Box::pin(eased) as BoxFuture<'_, ()>)
    }

    fn note(&self, id: EntryId, membership: Option<Bytes>) {
        let _turn = self.turn.lock();
        self.note_digest(id.index);
        let mut applied = self.applied.lock();
        applied.applied = Some(id);
        if let Some(membership) = membership {
            applied.membership = membership;
        }
        self.progress.applied(id);
    }

    fn mark(&self) -> Mark {
        self.applied.lock().clone()
    }

    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.table.tree().snapshot()
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        self.table.tree().stage()
    }

    fn exports(&self, state: &dyn Snapshot) -> Result<Vec<Export>> {
        self.streams.as_ref().map_or_else(|| Ok(Vec::new()), |streams| streams.exports(state))
    }

    fn import(&self, meta: SegmentMeta) -> Result<Arrival> {
        let none = || Error::new(Kind::Invalid, "shard 0 has no streams, and is sent a segment");
        self.streams.as_ref().ok_or_else(none)?.import(meta)
    }

    fn install(&self, staged: Staged) -> Result<()> {
        let _turn = self.turn.lock();
        let mut mark = staged.mark().clone();
        if mark.applied <= self.applied.lock().applied {
            return Ok(());
        }
        let (membership, digest) = split_beside(mark.membership)?;
        mark.membership = membership;
        self.table.replace(staged)?;
        self.table.set_digest(digest.unwrap_or_default());
        self.has_digest.store(digest.is_some(), Release);
        self.digests.forget();
        if let Some(cluster) = &self.cluster {
            let fresh = cluster::Machine::open(self.table.clone())?;
            *cluster.lock() = fresh;
            self.cluster_moved.notify_waiters();
        }
        if let Some(streams) = &self.streams {
            streams.installed(self.shard)?;
        }
        for space in self.spaces() {
            space.restart()?;
        }
        for store in self.stores() {
            store.restart()?;
        }
        let applied = mark.applied;
        *self.applied.lock() = mark;
        if let Some(applied) = applied {
            self.progress.jumped(applied);
        }
        Ok(())
    }
}

/// A shard of this node, running. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    pub(crate) state: Arc<ShardState>,
    pub(crate) group: Group,
    pub(crate) lanes: Lanes,
    pub(crate) post: Post,
    pub(crate) barrier: Barrier,
    pub(crate) settler: crate::settle::Settler,
    pub(crate) recovery: Arc<Recovery>,
}

impl Shard {
    /// Refuses new work; what waits is still proposed.
    pub(crate) fn close(&self) {
        self.lanes.close();
        self.barrier.close();
        self.settler.close();
        self.state.spaces().iter().for_each(|space| space.hub.close());
        self.state.stores().iter().for_each(Store::close);
    }
}

/// Whether a shard has applied again what it had acknowledged before it was started: before that, what it holds may be older
/// than what its clients have seen.
#[derive(Default)]
pub(crate) struct Recovery {
    is_done: AtomicBool,
    done: Notify,
}

impl Recovery {
    pub(crate) fn finish(&self) {
        self.is_done.store(true, Release);
        self.done.notify_waiters();
    }

    pub(crate) fn is_done(&self) -> bool {
        self.is_done.load(Acquire)
    }

    /// Completes when the shard has recovered.
    pub(crate) async fn finished(&self) {
        loop {
            let done = self.done.notified();
            if self.is_done() {
                return;
            }
            done.await;
        }
    }
}
#[cfg(test)]
pub(crate) mod tests;
