//! One Raft group's replica on this node.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{EntryId, Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use journal::Journal;
use openraft::{
    ChangeMembers, EmptyNode, Instant as _, ReadPolicy, ServerState,
    errors::{ClientWriteError, ForwardReason, ForwardToLeader, InitializeError, LinearizableReadError, RaftError},
    impls::OneshotResponder,
    rt::WatchReceiver,
    vote::leader_id_std::CommittedLeaderId,
};

use super::{
    GroupStatus, GroupView, Lead, Refusal, Replies, StateMachine,
    holds::Holds,
    log::LogStore,
    machine::MachineStore,
    network::{Alone, Peers, Transport},
    offline,
    receive::Partial,
    settings::{self, FRESH_LEADER_LOOK, FRESH_LEADER_WAIT, LEADER_SILENCE, SETTLED_WAIT},
    transport::Wires,
    types::{Command, Metrics, MetricsWatch, Raft, Types, entry_id},
};
use crate::{
    bugs::{Bug, planted},
    network::Network,
    runtime,
};

struct Inner {
    shard: ShardId,
    node: NodeId,
    raft: Raft,
    machine: Arc<dyn StateMachine>,
    metrics: MetricsWatch,
    stopping: AtomicBool,
    /// When a leader's word came last, in milliseconds of [`runtime::now`]; 0: never.
    heard_ms: AtomicU64,
    /// Entries that peers need who take over a snapshot.
    holds: Holds,
    leader_changes: Arc<AtomicU64>,
    /// A snapshot whose sender was lost, so that it need not begin anew.
    partial: tokio::sync::Mutex<Option<Partial>>,
}

/// One Raft group's replica on this node. Cheap to clone.
#[derive(Clone)]
pub struct Group {
    inner: Arc<Inner>,
}

impl Group {
    /// Starts the replica from what journal and machine hold. Without a network it has no peers. `turn` is this node's place among
    /// the members, as far as it is known.
    ///
    /// # Errors
    /// `Unsupported` or `Corrupt` if what it begins with cannot be read, `Unavailable` if it does not start for another reason.
    pub async fn start(
        shard: ShardId,
        node: NodeId,
        turn: usize,
        journal: Journal,
        machine: Arc<dyn StateMachine>,
        network: Option<Arc<dyn Network>>,
    ) -> Result<Group> {
        let transport: Arc<dyn Transport> = match network {
            Some(network) => Arc::new(Wires { shard, machine: machine.clone(), network }),
            None => Arc::new(Alone),
        };
        Group::start_with(shard, node, turn, journal, machine, transport).await
    }

    /// The same with peers.
    pub(super) async fn start_with(
        shard: ShardId,
        node: NodeId,
        turn: usize,
        journal: Journal,
        machine: Arc<dyn StateMachine>,
        transport: Arc<dyn Transport>,
    ) -> Result<Group> {
        offline::check(shard, &journal, &machine.mark())?;
        let log = LogStore::new(shard, journal, machine.clone());
        let config = settings::config(shard.to_string(), turn);
        let holds = Holds::default();
        let peers = Peers { transport, holds: holds.clone() };
        let raft = Raft::new(node, config, peers, log, MachineStore::new(machine.clone())).await;
        // Damage was looked for before: this is memory, threads, or a disk that refuses.
        let raft = raft.map_err(|error| Error::new(Kind::Unavailable, format!("{shard} cannot start: {error}")))?;
        let metrics = raft.metrics();
        let leader_changes = Arc::<AtomicU64>::default();
        runtime::spawn(keep_time(raft.clone(), node, leader_changes.clone()));
        let (stopping, heard_ms, partial) = (AtomicBool::new(false), AtomicU64::new(0), tokio::sync::Mutex::default());
        let inner = Inner { shard, node, raft, machine, metrics, stopping, heard_ms, holds, leader_changes, partial };
        Ok(Group { inner: Arc::new(inner) })
    }

    /// First start of a shard: makes it a group of these voters. No effect if it has any log.
    ///
    /// # Errors
    /// `Invalid` if this node is not one of the voters, `Unavailable` if the replica has ended.
    pub async fn initialize(&self, voters: &[NodeId]) -> Result<()> {
        let voters: BTreeMap<NodeId, EmptyNode> = voters.iter().map(|id| (*id, EmptyNode {})).collect();
        match self.inner.raft.initialize(voters).await {
            Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => Ok(()),
            Err(RaftError::APIError(InitializeError::NotInMembers(_))) => {
                Err(Error::new(Kind::Invalid, "a node can only found a group that it belongs to"))
            }
            Err(RaftError::Fatal(_)) => Err(ended()),
        }
    }

    /// Waits until this replica leads and serves (it applied an entry of its own term). For a cluster of one.
    ///
    /// # Errors
    /// `Unavailable` if the replica has ended.
    pub async fn ready(&self) -> Result<()> {
        let mut metrics = self.inner.metrics.clone();
        loop {
            {
                let metrics = metrics.borrow_and_update();
                if metrics.running_state.is_err() {
                    return Err(ended());
                }
                if is_leading(&metrics, self.inner.node) {
                    return Ok(());
                }
            }
            metrics.changed().await.map_err(|_| ended())?;
        }
    }

    /// Proposes one entry and waits until it is applied here.
    pub async fn propose(&self, payload: Bytes) -> Result<Replies, Refusal> {
        self.propose_as(None, payload).await
    }

    /// The same, if this node leads in this term: in no other will the entry ever be proposed.
    pub async fn propose_in(&self, term: u64, payload: Bytes) -> Result<Replies, Refusal> {
        self.propose_as(Some(term), payload).await
    }

    async fn propose_as(&self, term: Option<u64>, payload: Bytes) -> Result<Replies, Refusal> {
        let command = Command::new(&payload);
        let give_up = runtime::now() + FRESH_LEADER_WAIT;
        loop {
            let (responder, answer) = OneshotResponder::new_pair();
            let mut write = self.inner.raft.write(command.clone()).responder(responder);
            if let Some(term) = term {
                write = write.with_leader(CommittedLeaderId::new(term));
            }
            write.await.map_err(|_| Refusal::Failed(ended()))?;
            match answer.await {
                Ok(Ok(applied)) => return Ok(applied.data),
                Ok(Err(ClientWriteError::ForwardToLeader(refusal))) => self.after_refusal(&refusal, give_up).await?,
                Ok(Err(_)) | Err(_) => return Err(Refusal::Failed(unknown_outcome())),
            }
        }
    }

    /// One read barrier: when it returns, everything acknowledged before the call is applied here.
    pub async fn barrier(&self) -> Result<(), Refusal> {
        if planted(Bug::ReadWithoutQuorum) && self.status().leading {
            return Ok(());
        }
        let linearizer = self.linearizer().await?;
        linearizer.await_ready(&self.inner.raft).await.map(|_| ()).map_err(|_| Refusal::Failed(ended()))
    }

    /// How far a replica must have applied for a read that begins now: for those who are not the leader.
    pub async fn read_index(&self) -> Result<u64, Refusal> {
        if planted(Bug::ReadWithoutQuorum) && self.status().leading {
            return Ok(self.status().applied.unwrap_or(0));
        }
        Ok(self.linearizer().await?.read_log_id().index())
    }

    async fn linearizer(&self) -> Result<Linearizer, Refusal> {
        let give_up = runtime::now() + FRESH_LEADER_WAIT;
        loop {
            match self.inner.raft.get_read_linearizer(ReadPolicy::ReadIndex).await {
                Ok(linearizer) => return Ok(linearizer),
                Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(refusal))) => {
                    self.after_refusal(&refusal, give_up).await?;
                }
                // It leads no more, or nobody says so: whoever leads now is asked again.
                Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_))) => return Err(Refusal::NotLeading),
                Err(RaftError::Fatal(_)) => return Err(Refusal::Failed(ended())),
            }
        }
    }

    pub(super) fn raft(&self) -> &Raft {
        &self.inner.raft
    }

    pub(super) fn machine(&self) -> &Arc<dyn StateMachine> {
        &self.inner.machine
    }

    pub(super) fn partial(&self) -> &tokio::sync::Mutex<Option<Partial>> {
        &self.inner.partial
    }

    /// A fresh leader refuses until its first quorum answer, and nothing was done: worth a moment. Any other refusal stands.
    async fn after_refusal(&self, refusal: &ForwardToLeader<Types>, give_up: Duration) -> Result<(), Refusal> {
        let fresh = refusal.leader_id.is_none() && refusal.reason == ForwardReason::LeaseExpired;
        if !fresh || runtime::now() >= give_up {
            return Err(Refusal::NotLeading);
        }
        runtime::sleep(FRESH_LEADER_LOOK).await;
        Ok(())
    }

    /// Which shard's group this is.
    pub fn shard(&self) -> ShardId {
        self.inner.shard
    }

    /// Who leads in which term, as far as is known here.
    pub fn leadership(&self) -> Option<(NodeId, u64)> {
        let metrics = self.inner.metrics.borrow_watched();
        metrics.current_leader.map(|leader| (leader, metrics.current_term))
    }

    /// Who leads, and what this replica is to them.
    pub fn lead(&self) -> Lead {
        let metrics = self.inner.metrics.borrow_watched();
        let node = self.inner.node;
        Lead {
            leader: self.heard_leader(&metrics),
            term: metrics.current_term,
            is_here: is_leading(&metrics, node) || planted(Bug::LeadsAtOnce) && metrics.state == ServerState::Leader,
            is_voter: metrics.membership_config.membership().voter_ids().any(|id| id == node),
        }
    }

    /// Whether anybody else follows or votes.
    pub fn has_peers(&self) -> bool {
        self.inner.metrics.borrow_watched().membership_config.membership().nodes().nth(1).is_some()
    }

    /// Who leads, as far as is known here.
    pub fn leader(&self) -> Option<NodeId> {
        self.inner.metrics.borrow_watched().current_leader
    }

    /// Raft's term.
    pub fn term(&self) -> u64 {
        self.inner.metrics.borrow_watched().current_term
    }

    /// Whether somebody leads who was heard of lately.
    pub fn is_led(&self) -> bool {
        self.heard_leader(&self.inner.metrics.borrow_watched()).is_some()
    }

    /// A leader gave its word, and this replica follows it.
    pub(super) fn note_word(&self) {
        self.inner.heard_ms.store(millis(runtime::now()), Relaxed);
    }

    /// Who leads, unless nothing was heard of it for a while. A replica that lost its leader asks for votes before it raises the
    /// term, and a leader that lost the others goes on: until there is a quorum, both name a leader that does not lead.
    fn heard_leader(&self, metrics: &Metrics) -> Option<NodeId> {
        let leader = metrics.current_leader?;
        let is_heard = if leader == self.inner.node {
            let votes = metrics.membership_config.membership().get_joint_config();
            let alone = votes.iter().flatten().all(|id| *id == leader);
            alone || metrics.last_quorum_acked.is_some_and(|acked| acked.into_inner().elapsed() < LEADER_SILENCE)
        } else {
            let heard_ms = self.inner.heard_ms.load(Relaxed);
            heard_ms > 0 && millis(runtime::now()).saturating_sub(heard_ms) < millis(LEADER_SILENCE)
        };
        is_heard.then_some(leader)
    }

    /// The entry behind which a peer needs the log, since it takes over a snapshot or has just done so.
    pub fn held(&self, settled: u64) -> Option<u64> {
        let matched = |peer: NodeId| {
            let metrics = self.inner.metrics.borrow_watched();
            metrics.replication.as_ref()?.get(&peer)?.as_ref().map(|upto| upto.index)
        };
        self.inner.holds.floor(settled, matched)
    }

    /// What a leader sees of its group; `None` elsewhere.
    pub fn view(&self) -> Option<GroupView> {
        let metrics = self.inner.metrics.borrow_watched();
        if !is_leading(&metrics, self.inner.node) {
            return None;
        }
        let membership = metrics.membership_config.membership();
        let replicated = metrics.replication.iter().flatten();
        Some(GroupView {
            voters: membership.voter_ids().collect(),
            learners: membership.learner_ids().collect(),
            is_joint: membership.get_joint_config().len() > 1,
            last: metrics.last_log_index.unwrap_or(0),
            matched: replicated.filter_map(|(id, upto)| Some((*id, upto.as_ref()?.index))).collect(),
        })
    }

    /// Adds a replica that receives the log and has no vote. It catches up afterwards.
    pub async fn add_learner(&self, node: NodeId) -> Result<(), Refusal> {
        changed(self.inner.raft.add_learner(node, EmptyNode {}, false).await)
    }

    /// Makes `voters` those who vote; who is left out leaves the group.
    pub async fn change_voters(&self, voters: BTreeSet<NodeId>) -> Result<(), Refusal> {
        changed(self.inner.raft.change_membership(voters, false).await)
    }

    /// Takes a replica without a vote out of the group.
    pub async fn remove_learner(&self, node: NodeId) -> Result<(), Refusal> {
        changed(self.inner.raft.change_membership(ChangeMembers::RemoveNodes(BTreeSet::from([node])), false).await)
    }

    /// Does the second half of a change whose leader died between the two.
    pub async fn finish_change(&self) -> Result<(), Refusal> {
        changed(self.inner.raft.change_membership(ChangeMembers::AddVoterIds(BTreeSet::new()), false).await)
    }

    /// Hands leadership to `to`, which takes it if it is up to date. Whether it did is seen in the status.
    pub async fn transfer(&self, to: NodeId) -> Result<(), Refusal> {
        self.inner.raft.trigger().transfer_leader(to).await.map_err(|_| Refusal::Failed(ended()))
    }

    /// Status, without waiting.
    pub fn status(&self) -> GroupStatus {
        let metrics = self.inner.metrics.borrow_watched();
        let membership = metrics.membership_config.membership();
        GroupStatus {
            term: metrics.current_term,
            leader: self.heard_leader(&metrics),
            leading: is_leading(&metrics, self.inner.node),
            last: metrics.last_log_index,
            applied: metrics.last_applied.map(|id| id.index),
            voters: membership.voter_ids().collect(),
            learners: membership.learner_ids().collect(),
            is_joint: membership.get_joint_config().len() > 1,
            leader_changes: self.inner.leader_changes.load(Relaxed),
        }
    }

    /// Tells that the machine has settled more, and up to which settled entry the log is to be purged. Returns once that is
    /// noted, or `hurried` completes: then the log is purged up to what was noted before.
    ///
    /// # Errors
    /// `Unavailable` if the replica has ended.
    pub async fn settled(&self, purge: Option<EntryId>, hurried: impl Future<Output = ()>) -> Result<()> {
        // What is settled by now is the snapshot.
        self.inner.raft.trigger().snapshot().await.map_err(|_| ended())?;
        let Some(purge) = purge else { return Ok(()) };
        // What no snapshot holds is not purged, and it takes a moment until one is known. Who notes it is who applies: while
        // applying waits for the next settle, that has to come first.
        tokio::select! {
            biased;
            noted = self.snapshot_reaches(purge.index) => noted?,
            () = hurried => {}
            () = runtime::sleep(SETTLED_WAIT) => {}
        }
        self.inner.raft.trigger().purge_log(purge.index).await.map_err(|_| ended())
    }

    async fn snapshot_reaches(&self, index: u64) -> Result<()> {
        let mut metrics = self.inner.metrics.clone();
        while metrics.borrow_and_update().snapshot.as_ref().is_none_or(|id| id.index < index) {
            metrics.changed().await.map_err(|_| ended())?;
        }
        Ok(())
    }

    /// Completes when the replica can no longer keep its word (a write or a sync failed, or it panicked): the process must
    /// end with this message. Never completes after [`Group::shutdown`].
    pub async fn failed(&self) -> String {
        let mut metrics = self.inner.metrics.clone();
        loop {
            let ended = metrics.borrow_and_update().running_state.clone();
            let message = match ended {
                Err(error) => error.to_string(),
                Ok(()) => match metrics.changed().await {
                    Ok(()) => continue,
                    Err(_) => "its task is gone".to_owned(),
                },
            };
            if self.inner.stopping.load(Relaxed) {
                std::future::pending::<()>().await;
            }
            return message;
        }
    }

    /// Stops the replica.
    pub async fn shutdown(&self) {
        self.inner.stopping.store(true, Relaxed);
        // It may have ended by itself before.
        let _ = self.inner.raft.shutdown().await;
    }
}

/// Whether this node leads and has applied an entry of its own term.
fn is_leading(metrics: &Metrics, node: NodeId) -> bool {
    metrics.state == ServerState::Leader
        && metrics.current_leader == Some(node)
        && metrics.last_applied.as_ref().map(entry_id).is_some_and(|id| id.term == metrics.current_term)
}

/// Ticks cost processor time even when nothing happens, so a group of one has none: it elects itself at once instead of
/// after a timeout, and has nobody to send heartbeats to. Leaders are counted as they come, too.
async fn keep_time(raft: Raft, node: NodeId, leader_changes: Arc<AtomicU64>) {
    let mut seen = raft.server_metrics();
    let mut leader = None;
    loop {
        let (members, voter, waits) = {
            let server = seen.borrow_and_update();
            if server.current_leader.is_some() && server.current_leader != leader {
                leader = server.current_leader;
                leader_changes.fetch_add(1, Relaxed);
            }
            let membership = server.membership_config.membership();
            let waits = matches!(server.state, ServerState::Follower | ServerState::Learner);
            (membership.nodes().count(), membership.voter_ids().any(|id| id == node), waits)
        };
        raft.runtime_config().tick(members > 1);
        if members == 1 && voter && waits && raft.trigger().elect(false).await.is_err() {
            return;
        }
        if seen.changed().await.is_err() {
            return;
        }
    }
}

type Linearizer = openraft::raft::linearizable_read::Linearizer<Types>;

fn changed<T>(outcome: Result<T, RaftError<Types, ClientWriteError<Types>>>) -> Result<(), Refusal> {
    match outcome {
        Ok(_) => Ok(()),
        Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(Refusal::NotLeading),
        Err(RaftError::APIError(error)) => {
            Err(Refusal::Failed(Error::new(Kind::Conflict, format!("the group's members cannot be changed now: {error}"))))
        }
        Err(RaftError::Fatal(_)) => Err(Refusal::Failed(ended())),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn ended() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: server stopped")
}

/// A proposal of which nobody knows what became.
pub(crate) fn unknown_outcome() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: request timed out, possibly due to previous leader failure")
}
