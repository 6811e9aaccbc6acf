//! A configuration store as the doors see it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use config::{Cold, Command, Machine, Operation, Progress, Reply, StoreId};
use openraft::rt::WatchReceiver as _;
use tokio::sync::Semaphore;

use super::{
    Store,
    news::{self, News, Positions},
    toll::Toll,
    upkeep,
    words::{in_own_words, no_answer, no_space, not_confirmed, not_upgraded, stopped_meanwhile, stopping, too_far_behind},
};
use crate::{
    batch::{LEVEL_STORES, Target},
    consensus,
    lanes::{Lane, timed_out},
    limits::{CHUNKS_IN_FLIGHT_MAX, RECOVERY_WAIT_MS, REQUEST_TIMEOUT_MS},
    runtime::{self, watch::Receiver},
    shard::Shard,
    space::SpaceMeter,
};

struct Inner {
    id: StoreId,
    shard: Shard,
    store: Store,
    news: Receiver<News>,
    /// The level of formats that may be written.
    level: Arc<AtomicU32>,
    meter: Arc<SpaceMeter>,
    /// Chunks that may be on their way.
    chunks: Semaphore,
    toll: Toll,
}

/// A configuration store on this node. Cheap to clone.
#[derive(Clone)]
pub struct ConfigStore {
    inner: Arc<Inner>,
}

/// What a store says of itself.
#[derive(Clone, Debug)]
pub struct StoreStatus {
    /// Which.
    pub store: StoreId,
    /// Where it lies.
    pub shard: ShardId,
    /// The last position that can be read here.
    pub position: u64,
    /// How many things there are.
    pub counts: config::Counts,
}

impl ConfigStore {
    /// Begins to serve a store of `shard`; `None` if there is none with this number.
    pub(crate) fn start(id: StoreId, shard: Shard, level: Arc<AtomicU32>, meter: Arc<SpaceMeter>) -> Option<ConfigStore> {
        let store = shard.state.store(id)?;
        let news = news::start(store.clone(), shard.lanes.clone());
        let chunks = Semaphore::new(CHUNKS_IN_FLIGHT_MAX);
        let store =
            ConfigStore { inner: Arc::new(Inner { id, shard, store, news, level, meter, chunks, toll: Toll::default() }) };
        runtime::spawn(upkeep::run(store.clone()));
        Some(store)
    }

    /// Which.
    pub fn id(&self) -> StoreId {
        self.inner.id
    }

    /// Where it lies.
    pub fn shard_id(&self) -> ShardId {
        self.inner.shard.id
    }

    /// The state as it is applied here. Call [`ConfigStore::barrier`] before for what is linearizable, and see
    /// [`ConfigStore::read`] for what may need the disk.
    pub fn machine(&self) -> &Machine {
        &self.inner.store.machine
    }

    /// A local read: memory at once, the disk on a thread where blocking is allowed. Call [`ConfigStore::barrier`] before for a
    /// linearizable one.
    ///
    /// # Errors
    /// What `look` answers; `Unavailable` if this node has not recovered in time.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl Fn(&Machine, Cold) -> Option<Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.recovered().await?;
        if let Some(answer) = look(self.machine(), Cold::Refuse) {
            return answer;
        }
        let machine = self.machine().clone();
        let refused = || Error::new(Kind::Corrupt, "a read that may use the disk was answered that it may not");
        runtime::spawn_blocking(move || look(&machine, Cold::Allow).unwrap_or_else(|| Err(refused()))).await
    }

    /// Everything acknowledged before this call can be read here when it returns. Shared by all who wait.
    ///
    /// # Errors
    /// `Deadline` if too few members confirm it in time, `Unavailable` without a leader or while the node stops.
    pub async fn barrier(&self) -> Result<()> {
        let confirm = |error| if error == timed_out() { not_confirmed() } else { in_own_words(error) };
        self.inner.shard.barrier.wait().await.map_err(confirm)
    }

    /// Proposes a command, through whoever leads, and waits until it is applied here. A change waits while an import is being made
    /// visible.
    ///
    /// # Errors
    /// What apply refuses with. `Overloaded` if too much waits already, an import takes too long or a
    /// disk is nearly full, and `Unavailable` without a
    /// leader: nothing was done then. `Deadline`: it may have been done. `Precondition` while the cluster writes the formats of an
    /// earlier build.
    pub async fn propose(&self, lane: Lane, command: &Command) -> Result<Reply> {
        let give_up = runtime::now() + Duration::from_millis(REQUEST_TIMEOUT_MS);
        self.check_room(command)?;
        if matches!(command, Command::Write(_) | Command::Refused(_)) {
            self.nothing_publishing(give_up).await?;
        }
        let is_patient = matches!(command, Command::Write(_) | Command::Refused(_) | Command::ImportCommit { .. });
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let encoded = Bytes::from(encoded);
        loop {
            match self.submit(lane, encoded.clone(), give_up).await {
                Err(error) if is_patient && config::is_publishing(&error) => self.nothing_publishing(give_up).await?,
                outcome => return outcome,
            }
        }
    }

    /// Makes a staged import visible, and waits until it is.
    ///
    /// # Errors
    /// As [`ConfigStore::propose`]. `Deadline`: it is being made visible; ask again, which does no harm.
    pub async fn publish(&self, lane: Lane, import: u64) -> Result<Progress> {
        let give_up = runtime::now() + Duration::from_millis(REQUEST_TIMEOUT_MS);
        let mut news = self.inner.news.clone();
        self.propose(lane, &Command::ImportCommit { import }).await?;
        loop {
            news.borrow_and_update();
            // Looked at first: whatever ends in between is visible then.
            let publishing = self.machine().publishing();
            let progress = self.machine().import(import)?;
            if progress.visible.is_some() {
                return Ok(progress);
            }
            if publishing != Some(import) {
                // One of its items cannot be done as things are. The slice that found out was the leader's.
                let machine = self.machine().clone();
                runtime::spawn_blocking(move || machine.dry_run_import(import)).await?;
                self.propose(lane, &Command::ImportCommit { import }).await?;
            }
            tokio::select! {
                biased;
                changed = news.changed() => changed.map_err(|_| stopped_meanwhile())?,
                () = runtime::sleep_until(give_up) => return Err(no_answer()),
            }
        }
    }

    pub(super) async fn submit(&self, lane: Lane, encoded: Bytes, give_up: Duration) -> Result<Reply> {
        self.check_level()?;
        let answered = self.inner.shard.lanes.submit(lane, Target::Store(self.inner.id), encoded).map_err(in_own_words)?;
        self.answer(answered, give_up).await
    }

    async fn answer(
        &self,
        answered: tokio::sync::oneshot::Receiver<Result<consensus::Reply>>,
        give_up: Duration,
    ) -> Result<Reply> {
        let answer = tokio::select! {
            biased;
            answer = answered => answer.map_err(|_| stopped_meanwhile())?.map_err(in_own_words)?,
            () = runtime::sleep_until(give_up) => return Err(no_answer()),
        };
        match answer {
            consensus::Reply::Store(reply) => reply,
            consensus::Reply::Refused(error) => Err(error),
            consensus::Reply::Kv(_) | consensus::Reply::Cluster(_) | consensus::Reply::Stream(_) => {
                Err(Error::new(Kind::Corrupt, "a store's command was answered by another machine"))
            }
        }
    }

    pub(super) fn check_level(&self) -> Result<()> {
        if self.inner.level.load(Relaxed) < LEVEL_STORES { Err(not_upgraded()) } else { Ok(()) }
    }

    /// A disk that is nearly full takes what frees it, and no more.
    pub(super) fn check_room(&self, command: &Command) -> Result<()> {
        let frees = |operation: &Operation| matches!(operation, Operation::Delete { .. } | Operation::DeleteNamespace { .. });
        let grows = match command {
            Command::Write(transaction) => !transaction.operations.iter().all(frees),
            Command::PutChunk { .. } | Command::ImportBegin { .. } | Command::ImportPart { .. } => true,
            _ => false,
        };
        if grows && self.inner.meter.is_full() { Err(no_space()) } else { Ok(()) }
    }

    /// Returns when no import is being made visible.
    async fn nothing_publishing(&self, give_up: Duration) -> Result<()> {
        if self.machine().publishing().is_none() {
            return Ok(());
        }
        let mut news = self.inner.news.clone();
        loop {
            news.borrow_and_update();
            if self.machine().publishing().is_none() {
                return Ok(());
            }
            tokio::select! {
                biased;
                changed = news.changed() => changed.map_err(|_| stopping())?,
                () = runtime::sleep_until(give_up) => return Err(config::publishing()),
            }
        }
    }

    /// Returns when this node has applied again what it had acknowledged before it was started.
    ///
    /// # Errors
    /// `Unavailable` if that does not happen in time, since too few members answer.
    pub async fn recovered(&self) -> Result<()> {
        let recovery = &self.inner.shard.recovery;
        if recovery.is_done() {
            return Ok(());
        }
        let text = "this node has not recovered yet what it had acknowledged: go to another one, or repeat in a moment";
        tokio::select! {
            biased;
            () = recovery.finished() => Ok(()),
            () = runtime::sleep(Duration::from_millis(RECOVERY_WAIT_MS)) => Err(Error::new(Kind::Unavailable, text)),
        }
    }

    /// Who leads the store's shard, as far as was heard lately.
    pub fn leader(&self) -> Option<NodeId> {
        self.inner.shard.group.lead().leader
    }

    /// Whether this node leads it, and a quorum said so lately.
    pub fn leads(&self) -> bool {
        let lead = self.inner.shard.group.lead();
        lead.is_here && lead.leader.is_some()
    }

    /// The shard's Raft term.
    pub fn term(&self) -> u64 {
        self.inner.shard.group.term()
    }

    /// The last position that can be read here.
    pub fn position(&self) -> u64 {
        self.machine().position()
    }

    /// For those who wait for new positions here.
    pub fn subscribe(&self) -> Positions {
        Positions::new(self.inner.news.clone())
    }

    /// Returns when `position` can be read here: for those who were told of it elsewhere.
    ///
    /// # Errors
    /// `Deadline` if that does not happen in time, `Unavailable` when this node stops.
    pub async fn wait_applied(&self, position: u64) -> Result<()> {
        if self.position() >= position {
            return Ok(());
        }
        let mut positions = self.subscribe();
        tokio::select! {
            biased;
            reached = positions.beyond(position - 1) => reached.map(drop),
            () = runtime::sleep(Duration::from_millis(REQUEST_TIMEOUT_MS)) => Err(too_far_behind(position)),
        }
    }

    /// What it is doing.
    pub fn status(&self) -> StoreStatus {
        let machine = self.machine();
        StoreStatus { store: self.inner.id, shard: self.inner.shard.id, position: machine.position(), counts: machine.counts() }
    }

    /// Commands and bytes waiting to be proposed in this store's shard.
    pub fn waiting(&self) -> (usize, usize) {
        self.inner.shard.lanes.depth()
    }

    pub(super) fn shard(&self) -> &Shard {
        &self.inner.shard
    }

    pub(super) fn news(&self) -> Receiver<News> {
        self.inner.news.clone()
    }

    pub(super) fn toll(&self) -> &Toll {
        &self.inner.toll
    }

    pub(super) fn chunks(&self) -> &Semaphore {
        &self.inner.chunks
    }

    /// Queues a command however much waits: its caller bounds what it has on its way.
    pub(super) async fn submit_patiently(&self, lane: Lane, encoded: Bytes) -> Result<Reply> {
        self.check_level()?;
        let target = Target::Store(self.inner.id);
        let answered = self.inner.shard.lanes.submit_patiently(lane, target, encoded).map_err(in_own_words)?;
        self.answer(answered, runtime::now() + Duration::from_millis(REQUEST_TIMEOUT_MS)).await
    }
}
