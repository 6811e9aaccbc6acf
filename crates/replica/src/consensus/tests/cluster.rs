//! Three replicas in one process.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{NodeId, disk::MemoryDisk};
use futures_util::{Stream, StreamExt, TryFutureExt};
use openraft::raft::{SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse};
use parking_lot::Mutex;
use table::Direction;

use super::*;
use crate::{
    consensus::{
        StateMachine as _,
        network::{Answer, Appended, Appends},
        settings::REPLICATION_BYTES_MAX,
        types::{Raft, RaftSnapshot, Settled, Types, Vote},
    },
    limits::KEYS_END,
};

/// Who can be reached, and what went over the wires.
#[derive(Default)]
struct Wires {
    replicas: Mutex<BTreeMap<NodeId, Raft>>,
    /// What each replica stages in.
    ledgers: Mutex<BTreeMap<NodeId, Arc<Ledger>>>,
    /// Nodes that nobody reaches and that reach nobody.
    cut_off: Mutex<BTreeSet<NodeId>>,
    /// The largest message of entries, in bytes, and how many appends were sent before the answer to an earlier one.
    largest: AtomicUsize,
    pipelined: AtomicUsize,
    pre_votes: AtomicUsize,
    /// Nodes whose answers to appends are held back, but for the first of a stream: until then the leader seeks where logs part.
    held_back: Mutex<BTreeSet<NodeId>>,
}

/// One node's end of the wires.
struct Wire {
    from: NodeId,
    wires: Arc<Wires>,
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer")
}

impl Wire {
    fn reach(&self, to: NodeId) -> io::Result<Raft> {
        let cut_off = self.wires.cut_off.lock();
        if cut_off.contains(&self.from) || cut_off.contains(&to) {
            return Err(silent());
        }
        self.wires.replicas.lock().get(&to).cloned().ok_or_else(silent)
    }

    /// The requests as they arrive: only while there is a wire.
    fn arriving(&self, to: NodeId, requests: Appends, unanswered: Arc<AtomicUsize>) -> Appends {
        let (wires, from) = (self.wires.clone(), self.from);
        Box::pin(requests.take_while(move |request| {
            let bytes = request.entries.iter().map(entry_bytes).sum();
            wires.largest.fetch_max(bytes, Relaxed);
            if unanswered.fetch_add(1, Relaxed) > 0 {
                wires.pipelined.fetch_add(1, Relaxed);
            }
            let cut_off = wires.cut_off.lock();
            let passes = !cut_off.contains(&from) && !cut_off.contains(&to);
            std::future::ready(passes)
        }))
    }
}

fn entry_bytes(entry: &crate::consensus::types::Entry) -> usize {
    crate::consensus::codec::encode_payload(&entry.payload).len()
}

impl Transport for Wire {
    fn append(&self, to: NodeId, requests: Appends) -> Answer<'_, Appended> {
        Box::pin(async move {
            let peer = self.reach(to)?;
            let unanswered = Arc::new(AtomicUsize::new(0));
            let answers = peer.stream_append(self.arriving(to, requests, unanswered.clone()));
            let wires = self.wires.clone();
            let answers = answers.enumerate().then(move |(number, answer)| {
                let (wires, unanswered) = (wires.clone(), unanswered.clone());
                async move {
                    while number > 0 && wires.held_back.lock().contains(&to) {
                        runtime::sleep(Duration::from_millis(1)).await;
                    }
                    unanswered.fetch_sub(1, Relaxed);
                    answer.map_err(|_| silent())
                }
            });
            Ok(Box::pin(answers) as std::pin::Pin<Box<dyn Stream<Item = _> + Send>>)
        })
    }

    fn vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        Box::pin(async move { self.reach(to)?.vote(request).map_err(|_| silent()).await })
    }

    fn pre_vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        self.wires.pre_votes.fetch_add(1, Relaxed);
        Box::pin(async move { self.reach(to)?.pre_vote(request).map_err(|_| silent()).await })
    }

    fn snapshot(&self, to: NodeId, vote: Vote, snapshot: RaftSnapshot) -> Answer<'_, SnapshotResponse<Types>> {
        Box::pin(async move {
            let (peer, ledger) = (self.reach(to)?, self.wires.ledgers.lock().get(&to).cloned().ok_or_else(silent)?);
            let Settled::Own(settled) = &snapshot.snapshot else { return Err(silent()) };
            let mut stage = ledger.stage().expect("a ledger stages");
            for pair in settled.range(Bytes::new(), Bytes::from_static(&KEYS_END), Direction::Forward) {
                stage.push(pair.expect("a ledger reads")).expect("lines ascend");
            }
            let staged = stage.finish(settled.mark().clone()).expect("a ledger stages");
            let snapshot = RaftSnapshot { snapshot: Settled::received(staged, Vec::new()), ..snapshot };
            peer.install_full_snapshot(vote, snapshot).map_err(|_| silent()).await
        })
    }

    fn transfer(&self, to: NodeId, request: TransferLeaderRequest<Types>) -> Answer<'_, TransferLeaderResponse<Types>> {
        Box::pin(async move { self.reach(to)?.handle_transfer_leader(request).map_err(|_| silent()).await })
    }
}

struct Cluster {
    wires: Arc<Wires>,
    houses: BTreeMap<NodeId, House>,
}

impl Cluster {
    async fn start() -> Cluster {
        let mut cluster = Cluster { wires: Arc::default(), houses: BTreeMap::new() };
        for node in 1..=3 {
            cluster.open(node, MemoryDisk::new(), &Ledger::default()).await;
        }
        cluster.houses[&1].group.initialize(&[1, 2, 3]).await.expect("the group is founded");
        cluster
    }

    async fn open(&mut self, node: NodeId, disk: MemoryDisk, ledger: &Ledger) {
        let wire = Wire { from: node, wires: self.wires.clone() };
        let house = House::start(node, disk, ledger, Arc::new(wire)).await;
        self.wires.replicas.lock().insert(node, house.group.raft().clone());
        self.wires.ledgers.lock().insert(node, house.ledger.clone());
        self.houses.insert(node, house);
    }

    async fn close(&mut self, node: NodeId) -> (MemoryDisk, Arc<Ledger>) {
        self.wires.replicas.lock().remove(&node);
        self.houses.remove(&node).expect("it runs").stop().await
    }

    /// The one node that leads and is not cut off.
    async fn leader(&self) -> NodeId {
        let mut leader = None;
        until("there is a leader", || {
            let cut_off = self.wires.cut_off.lock();
            let leads = |(node, house): &(&NodeId, &House)| house.group.status().leading && !cut_off.contains(node);
            leader = self.houses.iter().find(leads).map(|(node, _)| *node);
            leader.is_some()
        })
        .await;
        leader.expect("was just seen")
    }

    /// Proposes on whoever leads until it is applied.
    async fn propose(&self, line: &str) {
        let start = runtime::now();
        loop {
            let leader = self.leader().await;
            match self.houses[&leader].group.propose(text(line)).await {
                Ok(_) => return,
                Err(error) => assert!(runtime::now() - start < PATIENCE, "{error:?}"),
            }
        }
    }

    async fn until_equal(&self) {
        until("all replicas hold the same", || {
            let mut lines = self.houses.values().map(|house| house.ledger.lines());
            let first = lines.next();
            lines.all(|other| Some(&other) == first.as_ref())
        })
        .await;
    }

    async fn stop(mut self) {
        while let Some(node) = self.houses.keys().next().copied() {
            self.close(node).await;
        }
    }
}

#[tokio::test]
async fn three_replicas_apply_the_same() {
    let cluster = Cluster::start().await;
    for number in 0..50 {
        cluster.propose(&format!("line {number}")).await;
    }
    cluster.until_equal().await;
    let leader = cluster.leader().await;
    assert_eq!(cluster.houses[&leader].ledger.lines().len(), 50);
    cluster.houses[&leader].group.barrier().await.expect("a quorum confirms the leader");
    let follower = cluster.houses.keys().find(|node| **node != leader).expect("there are three");
    let refused = cluster.houses[follower].group.barrier().await;
    assert!(matches!(refused, Err(Refusal::NotLeading)), "only the leader's barrier means anything");
    assert!(cluster.houses[follower].group.propose(text("elsewhere")).await.is_err());
    cluster.stop().await;
}

#[tokio::test]
async fn a_fresh_leader_s_first_proposal_waits_instead_of_being_refused() {
    let cluster = Cluster::start().await;
    until("somebody leads, perhaps without a quorum's answer yet", || {
        cluster.houses.values().any(|house| house.group.leader() == Some(1))
    })
    .await;
    cluster.houses[&1].group.propose(text("first")).await.expect("it waits for the quorum's answer");
    cluster.stop().await;
}

#[tokio::test]
async fn writes_resume_within_a_second_after_the_leader_is_gone() {
    let cluster = Cluster::start().await;
    cluster.propose("before").await;
    let leader = cluster.leader().await;
    let term = cluster.houses[&leader].group.status().term;
    cluster.wires.cut_off.lock().insert(leader);
    let start = runtime::now();
    cluster.propose("after").await;
    let took = runtime::now() - start;
    // The promise is a second; a machine that builds beside may double it.
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    let next = cluster.leader().await;
    assert!(cluster.houses[&next].group.status().term > term);
    assert!(cluster.wires.pre_votes.load(Relaxed) > 0, "who wants to lead asks first");

    // The old leader cannot confirm itself any more.
    assert!(cluster.houses[&leader].group.barrier().await.is_err());
    cluster.wires.cut_off.lock().clear();
    cluster.until_equal().await;
    cluster.stop().await;
}

#[tokio::test]
async fn who_was_cut_off_does_not_raise_the_term() {
    let cluster = Cluster::start().await;
    cluster.propose("before").await;
    let leader = cluster.leader().await;
    let term = cluster.houses[&leader].group.status().term;
    let lonely = *cluster.houses.keys().find(|node| **node != leader).expect("there are three");
    cluster.wires.cut_off.lock().insert(lonely);
    runtime::sleep(Duration::from_millis(1500)).await;
    assert_eq!(cluster.houses[&lonely].group.status().term, term, "nobody would vote for it, so it does not ask");
    cluster.wires.cut_off.lock().clear();
    cluster.propose("after").await;
    cluster.until_equal().await;
    assert_eq!(cluster.houses[&leader].group.status().term, term, "its return disturbed nobody");
    cluster.stop().await;
}

/// With openraft's leader restore, a leader that restarts on a log whose end it lost gives those indices to other entries
/// in the same term.
#[tokio::test]
async fn a_restarted_leader_has_to_be_elected_again() {
    let mut cluster = Cluster::start().await;
    cluster.propose("before").await;
    let leader = cluster.leader().await;
    let term = cluster.houses[&leader].group.status().term;
    let (disk, ledger) = cluster.close(leader).await;
    cluster.open(leader, disk, &ledger).await;
    assert!(!cluster.houses[&leader].group.status().leading, "it comes back as a follower");
    cluster.propose("after").await;
    let next = cluster.leader().await;
    assert!(cluster.houses[&next].group.status().term > term, "whoever leads now does so in a new term");
    cluster.until_equal().await;
    cluster.stop().await;
}

#[tokio::test]
async fn who_lags_behind_the_purged_log_is_sent_what_is_settled() {
    let cluster = Cluster::start().await;
    cluster.propose("before").await;
    cluster.until_equal().await;
    let leader = cluster.leader().await;
    let lonely = *cluster.houses.keys().find(|node| **node != leader).expect("there are three");
    cluster.wires.cut_off.lock().insert(lonely);
    for number in 0..20 {
        cluster.propose(&format!("line {number}")).await;
    }
    let house = &cluster.houses[&leader];
    let settled = house.ledger.settle();
    house.group.settled(Some(settled), std::future::pending()).await.expect("the replica runs");
    until("the log is purged", || house.journal.state(SHARD).purged == Some(settled)).await;
    cluster.wires.cut_off.lock().clear();
    cluster.until_equal().await;
    assert_eq!(cluster.houses[&lonely].ledger.installed(), 1, "the log could not help it");
    cluster.propose("after").await;
    cluster.until_equal().await;
    cluster.stop().await;
}

/// The state is durable before the log hears of it: a crash in between leaves a log that ends before the state does.
#[tokio::test]
async fn a_crash_between_the_state_and_the_log_is_made_good_at_the_next_start() {
    let mut cluster = Cluster::start().await;
    cluster.propose("before").await;
    cluster.until_equal().await;
    let leader = cluster.leader().await;
    let lonely = *cluster.houses.keys().find(|node| **node != leader).expect("there are three");
    let (disk, _) = cluster.close(lonely).await;
    for number in 0..20 {
        cluster.propose(&format!("line {number}")).await;
    }
    let house = &cluster.houses[&leader];
    let settled = house.ledger.settle();
    house.group.settled(Some(settled), std::future::pending()).await.expect("the replica runs");
    until("the log is purged", || house.journal.state(SHARD).purged == Some(settled)).await;
    cluster.propose("after").await;
    let taken_over = house.ledger.clone();
    cluster.open(lonely, disk, &taken_over).await;
    cluster.until_equal().await;
    assert_eq!(cluster.houses[&lonely].ledger.installed(), 0, "it had the state already");
    // And once more, from what it wrote since.
    let (disk, ledger) = cluster.close(lonely).await;
    cluster.propose("more").await;
    cluster.open(lonely, disk, &ledger).await;
    cluster.until_equal().await;
    cluster.stop().await;
}

/// That the next message goes out before the last was answered was once looked for in the times of a busy machine: answers were
/// sometimes faster than the next message, and the leader that was asked for more sometimes led no more. So answers are held back.
#[tokio::test]
async fn messages_are_pipelined_and_bounded_in_bytes() {
    let cluster = Cluster::start().await;
    cluster.propose("before").await;
    cluster.until_equal().await;
    let leader = cluster.leader().await;
    let lonely = *cluster.houses.keys().find(|node| **node != leader).expect("there are three");
    cluster.wires.cut_off.lock().insert(lonely);
    let large = "x".repeat(REPLICATION_BYTES_MAX / 8);
    for _ in 0..40 {
        cluster.propose(&large).await;
    }
    cluster.wires.pipelined.store(0, Relaxed);
    cluster.wires.held_back.lock().insert(lonely);
    cluster.wires.cut_off.lock().clear();
    until("the next goes out before the last is answered", || cluster.wires.pipelined.load(Relaxed) > 0).await;
    cluster.wires.held_back.lock().clear();
    cluster.until_equal().await;
    let largest = cluster.wires.largest.load(Relaxed);
    assert!(largest <= REPLICATION_BYTES_MAX, "{largest} bytes in one message");
    assert!(largest > REPLICATION_BYTES_MAX / 2, "but filled: {largest}");
    cluster.stop().await;
}

#[tokio::test]
async fn a_group_of_one_that_grows_begins_to_tick() {
    let mut cluster = Cluster { wires: Arc::default(), houses: BTreeMap::new() };
    for node in 1..=2 {
        cluster.open(node, MemoryDisk::new(), &Ledger::default()).await;
    }
    let group = cluster.houses[&1].group.clone();
    group.initialize(&[1]).await.expect("a group of one is founded");
    group.ready().await.expect("it leads");
    cluster.propose("alone").await;
    let raft = group.raft();
    raft.add_learner(2, openraft::EmptyNode {}, true).await.expect("it learns");
    raft.change_membership(BTreeSet::from([1, 2]), false).await.expect("both vote");
    until("both know", || cluster.houses.values().all(|house| house.group.status().voters == [1, 2])).await;
    // Without heartbeats the follower would call an election.
    let term = group.status().term;
    runtime::sleep(Duration::from_millis(1500)).await;
    assert_eq!(group.status().term, term);
    cluster.propose("together").await;
    cluster.until_equal().await;
    cluster.stop().await;
}
