//! A key space as the doors see it: propose, read, watch, leases.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{ClusterId, Error, KeyspaceId, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use kv::{Cold, Command, CompareTarget, Operation, Owed, RangeReply, RangeRequest, Reply, Txn};

pub use crate::lanes::Lane;
use crate::{
    batch::Target,
    consensus,
    lanes::in_time,
    lease::{LeaseClock, Left},
    limits::{RECOVERY_WAIT_MS, WITNESS_ATTEMPTS_MAX},
    network::kind,
    node::NOSPACE,
    post::no_leader,
    reception, runtime,
    shard::{Shard, Space},
    watch::Hub,
};

/// How long a renewal waits for the end of a lease whose deadline has passed, and how often it looks.
const LEASE_END_WAIT: Duration = Duration::from_secs(5);
const LEASE_END_LOOK: Duration = Duration::from_millis(20);

/// What every answer's header carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The node that answers.
    pub member_id: NodeId,
    /// The key space's revision.
    pub revision: i64,
    /// The shard's Raft term.
    pub raft_term: u64,
}

struct Inner {
    id: KeyspaceId,
    cluster_id: ClusterId,
    node_id: NodeId,
    shard: Shard,
    space: Space,
    quota_bytes: u64,
    stopped: AtomicBool,
}

/// A key space on this node. Cheap to clone.
#[derive(Clone)]
pub struct Keyspace {
    inner: Arc<Inner>,
}

impl Keyspace {
    pub(crate) fn new(
        id: KeyspaceId,
        cluster_id: ClusterId,
        node_id: NodeId,
        shard: Shard,
        space: Space,
        quota_bytes: u64,
    ) -> Keyspace {
        let inner = Inner { id, cluster_id, node_id, shard, space, quota_bytes, stopped: AtomicBool::new(false) };
        Keyspace { inner: Arc::new(inner) }
    }

    /// A header with the current revision.
    pub fn header(&self) -> Header {
        self.header_at(self.machine().revision())
    }

    /// A header with this revision.
    pub fn header_at(&self, revision: i64) -> Header {
        Header {
            cluster_id: self.inner.cluster_id,
            member_id: self.inner.node_id,
            revision,
            raft_term: self.inner.shard.group.term(),
        }
    }

    /// Proposes a command, waits until it is applied and everything its answer owes is read. VALUE compares are witnessed
    /// and repeated here; a lease without an id gets one. The second part is the revision for the header.
    ///
    /// # Errors
    /// `Overloaded` at once if the lane is full; what apply answers; `Unavailable` while there is no leader or the node stops.
    pub async fn propose(&self, lane: Lane, mut command: Command) -> Result<(Reply, i64)> {
        if let Command::LeaseGrant { id, .. } = &mut command
            && *id == 0
        {
            *id = self.draw_lease_id();
        }
        self.hold_quota(&command).await?;
        for _ in 0..WITNESS_ATTEMPTS_MAX {
            command = self.witness(command).await?;
            let applied = self.submit(lane, &command).await?;
            let owed = applied.reply?;
            if !kv::Machine::is_stale_witness(&owed) {
                return Ok((self.resolve(owed).await?, applied.revision));
            }
        }
        Err(Error::new(Kind::Overloaded, "etcdserver: too many requests"))
    }

    /// A quota that is set is honoured: the first write beyond it raises the alarm, which then refuses writes at apply.
    async fn hold_quota(&self, command: &Command) -> Result<()> {
        let grows = matches!(command, Command::Put(_) | Command::Txn(_) | Command::LeaseGrant { .. });
        if self.inner.quota_bytes == 0 || !grows || self.machine().size().1 < self.inner.quota_bytes {
            return Ok(());
        }
        let alarm = Command::Alarm { member: self.inner.node_id, alarm: NOSPACE, raise: true };
        self.submit(Lane::Urgent, &alarm).await?.reply?;
        Err(Error::new(Kind::Overloaded, "etcdserver: mvcc: database space exceeded"))
    }

    async fn submit(&self, lane: Lane, command: &Command) -> Result<kv::Applied> {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let answered = self.inner.shard.lanes.submit(lane, Target::Keyspace(self.inner.id), Bytes::from(encoded))?;
        match in_time(answered).await? {
            consensus::Reply::Kv(applied) => Ok(applied),
            consensus::Reply::Refused(error) => Err(error),
            consensus::Reply::Cluster(_) | consensus::Reply::Stream(_) | consensus::Reply::Store(_) => {
                Err(Error::new(Kind::Corrupt, "a key space's command was answered by another machine"))
            }
        }
    }

    async fn witness(&self, command: Command) -> Result<Command> {
        let Command::Txn(mut txn) = command else { return Ok(command) };
        if !compares_values(&txn) {
            return Ok(Command::Txn(txn));
        }
        if let Some(done) = self.machine().witness(&mut txn, Cold::Refuse) {
            return done.map(|()| Command::Txn(txn));
        }
        let machine = self.machine().clone();
        runtime::spawn_blocking(move || match machine.witness(&mut txn, Cold::Allow) {
            Some(done) => done.map(|()| Command::Txn(txn)),
            None => Err(refused_disk()),
        })
        .await
    }

    async fn resolve(&self, owed: Owed) -> Result<Reply> {
        match self.machine().resolve(owed, Cold::Refuse) {
            Ok(reply) => reply,
            Err(owed) => {
                let machine = self.machine().clone();
                runtime::spawn_blocking(move || machine.resolve(owed, Cold::Allow).unwrap_or_else(|_| Err(refused_disk()))).await
            }
        }
    }

    fn draw_lease_id(&self) -> i64 {
        loop {
            let id = i64::try_from(runtime::random_u64() >> 1).expect("63 bits fit");
            if id != 0 && self.inner.space.leases.left(id) == Left::Unknown {
                return id;
            }
        }
    }

    /// Everything acknowledged before this call can be read here when it returns. Shared by all who wait.
    pub async fn barrier(&self) -> Result<()> {
        self.inner.shard.barrier.wait().await
    }

    /// A local read; memory at once, the disk on a thread where blocking is allowed. Call [`Keyspace::barrier`] before for a
    /// linearizable one. The second part is the revision for the header.
    pub async fn range(&self, request: RangeRequest) -> Result<(RangeReply, i64)> {
        self.recovered().await?;
        if let Some(answer) = self.machine().range(&request, Cold::Refuse) {
            return answer;
        }
        let machine = self.machine().clone();
        runtime::spawn_blocking(move || machine.range(&request, Cold::Allow).unwrap_or_else(|| Err(refused_disk()))).await
    }

    /// A transaction that only reads, without the log. Call [`Keyspace::barrier`] before for a linearizable one.
    pub async fn read_txn(&self, txn: Txn) -> Result<(kv::TxnReply, i64)> {
        self.recovered().await?;
        if let Some(answer) = self.machine().read_txn(&txn, Cold::Refuse) {
            return answer;
        }
        let machine = self.machine().clone();
        runtime::spawn_blocking(move || machine.read_txn(&txn, Cold::Allow).unwrap_or_else(|| Err(refused_disk()))).await
    }

    /// The machine, for reads that need more than the above.
    pub fn machine(&self) -> &kv::Machine {
        &self.inner.space.machine
    }

    /// Watches of this key space.
    pub fn watches(&self) -> &Hub {
        &self.inner.space.hub
    }

    /// Renews a lease with the leader; its TTL in seconds, or `None` if it does not exist. A lease whose deadline has passed is
    /// not renewed: the answer waits for its end.
    pub async fn keep_alive(&self, lease: i64) -> Result<Option<i64>> {
        self.ask_of_lease(kind::KEEP_ALIVE, lease, || async { self.keep_alive_here(lease).await }).await
    }

    /// Whole seconds until the lease expires by the leader's clock; `None` if it does not exist.
    pub async fn remaining(&self, lease: i64) -> Result<Option<i64>> {
        self.ask_of_lease(kind::LEASE_LEFT, lease, || async { self.remaining_here(lease).await }).await
    }

    async fn ask_of_lease<F>(&self, kind: u8, lease: i64, here: impl Fn() -> F) -> Result<Option<i64>>
    where
        F: Future<Output = Result<Option<i64>>>,
    {
        if self.inner.shard.group.status().leading {
            let answer = here().await;
            // Who finds out by the question that another one leads sends it there.
            if answer.is_ok() || self.inner.shard.group.status().leading {
                return answer;
            }
        }
        let body = reception::encode_lease(self.inner.id, lease);
        let here = || async { here().await.map(reception::encode_left) };
        reception::decode_left(&self.inner.shard.post.ask_leader(kind, body, here).await?)
    }

    /// The same where this node leads.
    pub(crate) async fn keep_alive_here(&self, lease: i64) -> Result<Option<i64>> {
        let (clock, term) = (&self.inner.space.leases, self.lease_term()?);
        let give_up = runtime::now() + LEASE_END_WAIT;
        loop {
            match clock.renew(lease) {
                Ok((ttl, recorded)) => {
                    if recorded {
                        // A remaining time is on record; without taking it back, a change of leader would shorten the lease.
                        let command = Command::LeaseCheckpoint { term, remaining: vec![(lease, ttl)] };
                        self.propose(Lane::Urgent, command).await?;
                    }
                    // A leader that slept may have been replaced by one whose clocks began without this renewal. If none was
                    // by now, whoever comes next gives the lease all of its time from then.
                    self.confirm_term(term).await?;
                    return Ok(Some(ttl));
                }
                Err(Left::Over) if runtime::now() < give_up => runtime::sleep(LEASE_END_LOOK).await,
                Err(Left::Over) => return Err(Error::new(Kind::Unavailable, "etcdserver: request timed out")),
                Err(_) => {
                    // Another node may have applied, and answered, a grant that this one has yet to apply.
                    self.confirm_term(term).await?;
                    if clock.left(lease) == Left::Unknown {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The same where this node leads.
    pub(crate) async fn remaining_here(&self, lease: i64) -> Result<Option<i64>> {
        let term = self.lease_term()?;
        self.confirm_term(term).await?;
        Ok(match self.inner.space.leases.left(lease) {
            Left::Time(left) => Some(i64::try_from(left.as_secs()).unwrap_or(i64::MAX)),
            Left::Over => Some(0),
            Left::Unknown => None,
        })
    }

    /// The term that this node leads in, and so keeps the clocks of. They are set before anything is promised by them: set a
    /// moment later, they would take a promise back.
    fn lease_term(&self) -> Result<u64> {
        let status = self.inner.shard.group.status();
        if !status.leading {
            return Err(no_leader());
        }
        self.inner.space.leases.begin_term(status.term, self.machine());
        Ok(status.term)
    }

    /// Everything acknowledged before this call is applied here when it returns, and nobody led in a later term by then.
    async fn confirm_term(&self, term: u64) -> Result<()> {
        self.barrier().await?;
        let status = self.inner.shard.group.status();
        if status.leading && status.term == term { Ok(()) } else { Err(no_leader()) }
    }

    /// Returns when this node has applied again what it had acknowledged before it was started.
    ///
    /// # Errors
    /// `Unavailable` if that does not happen in time, since too few members answer.
    pub async fn recovered(&self) -> Result<()> {
        if self.inner.shard.recovery.is_done() {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = self.inner.shard.recovery.finished() => Ok(()),
            () = runtime::sleep(Duration::from_millis(RECOVERY_WAIT_MS)) => Err(refused_disk()),
        }
    }

    /// Whether [`Keyspace::recovered`] would return at once.
    pub fn is_recovered(&self) -> bool {
        self.inner.shard.recovery.is_done()
    }

    /// Whether somebody leads the key space's shard, as far as this node heard lately.
    pub fn is_led(&self) -> bool {
        self.inner.shard.group.is_led()
    }

    /// Reclaims now what the compaction mark made unreachable; returns when it is gone from the disk's books.
    pub async fn reclaim(&self) -> Result<()> {
        self.machine().force_reclaim();
        while self.machine().wants_reclaim() {
            self.inner.shard.settler.settle().await?;
        }
        Ok(())
    }

    /// Commands and bytes waiting to be proposed in this key space's shard.
    pub fn waiting(&self) -> (usize, usize) {
        self.inner.shard.lanes.depth()
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.inner.shard.id
    }

    pub(crate) fn id(&self) -> KeyspaceId {
        self.inner.id
    }

    pub(crate) fn lease_clock(&self) -> &LeaseClock {
        &self.inner.space.leases
    }

    pub(crate) fn stop(&self) {
        self.inner.stopped.store(true, Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.inner.stopped.load(Relaxed)
    }
}

fn compares_values(txn: &Txn) -> bool {
    let inner =
        |operations: &[Operation]| operations.iter().any(|op| matches!(op, Operation::Txn(inner) if compares_values(inner)));
    txn.compare.iter().any(|compare| matches!(compare.target, CompareTarget::Value { .. }))
        || inner(&txn.success)
        || inner(&txn.failure)
}

fn refused_disk() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: request timed out")
}
