//! What a node asks the leader of a shard for: to propose its batches, and how far a reader has to wait. Any node serves.
//!
//! A batch is applied on this node like any other, wherever it was proposed, and its callers are answered from that: whoever
//! wrote here reads here what was written, and no answer travels. A batch is proposed in one term only, the one in which it was
//! handed to the leader. When an entry of a later term is applied here and the batch is not, it never will be, and goes to the
//! next leader: a leader that dies costs its clients time, not errors, and nothing happens twice.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{Error, Kind, NodeId, Result};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::sync::oneshot;

use crate::{
    batch::{self, Origin},
    bugs::{Bug, planted},
    consensus::{Group, Refusal, Replies, unknown_outcome},
    lanes::{Pending, timed_out},
    limits::{LEADER_LOOK_MS, LEADER_WAIT_MS, READ_INDEX_TIMEOUT_MS},
    network::{CallError, Channel, Message, Network, kind},
    runtime,
    settle::Settler,
    shard::ShardState,
};

/// The leader's answers to a forwarded batch.
const APPLIED: u8 = 0;
const NOT_LEADING: u8 = 1;
/// The term before a forwarded batch.
const TERM_BYTES: usize = 8;

struct Inner {
    node: NodeId,
    group: Group,
    state: Arc<ShardState>,
    settler: Settler,
    network: Option<Arc<dyn Network>>,
    /// The next forwarded batch's number. Begins somewhere at random, so that what is replayed after a restart is nobody's.
    sequence: AtomicU64,
    /// The time of the last entry proposed here.
    last_ms: AtomicU64,
    /// The level of formats that may be written.
    level: Arc<AtomicU32>,
}

/// One shard's way to its leader. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Post {
    inner: Arc<Inner>,
}

/// What became of an attempt.
enum Attempt<T> {
    Done(Result<T>),
    /// Nothing was done; worth another attempt.
    Again,
}

impl Post {
    pub(crate) fn new(
        node: NodeId,
        group: Group,
        state: Arc<ShardState>,
        settler: Settler,
        network: Option<Arc<dyn Network>>,
        level: Arc<AtomicU32>,
    ) -> Post {
        let sequence = AtomicU64::new(runtime::random_u64());
        Post { inner: Arc::new(Inner { node, group, state, settler, network, sequence, last_ms: AtomicU64::new(0), level }) }
    }

    /// Gets a batch applied, whoever leads: its replies, once it is applied here.
    pub(crate) async fn propose(&self, waiting: &[Pending]) -> Result<Replies> {
        let Some(network) = &self.inner.network else {
            return match self.inner.group.propose(self.encode(None, waiting)).await {
                Ok(replies) => Ok(replies),
                Err(Refusal::NotLeading) => Err(no_leader()),
                Err(Refusal::Failed(error)) => Err(error),
            };
        };
        let give_up = runtime::now() + Duration::from_millis(LEADER_WAIT_MS);
        loop {
            if let Some((leader, term)) = self.inner.group.leadership()
                && let Attempt::Done(outcome) = self.propose_to(leader, term, network, waiting, give_up).await
            {
                return outcome;
            }
            self.pause(give_up).await?;
        }
    }

    /// Everything acknowledged before this call is applied here when it returns, whoever leads.
    pub(crate) async fn barrier(&self) -> Result<()> {
        let give_up = runtime::now() + Duration::from_millis(LEADER_WAIT_MS);
        loop {
            let attempt = match self.other_leader() {
                Some((leader, network)) => self.ask_read_index(leader, &network, give_up).await,
                None => match self.inner.group.barrier().await {
                    Ok(()) => Attempt::Done(Ok(())),
                    Err(refusal) => again(refusal),
                },
            };
            match attempt {
                Attempt::Done(outcome) => return outcome,
                Attempt::Again => self.pause(give_up).await?,
            }
        }
    }

    /// Asks whoever leads, or `here` if that is this node.
    pub(crate) async fn ask_leader<F>(&self, kind: u8, body: Bytes, here: impl Fn() -> F) -> Result<Bytes>
    where
        F: Future<Output = Result<Bytes>>,
    {
        let give_up = runtime::now() + Duration::from_millis(LEADER_WAIT_MS);
        loop {
            match self.other_leader() {
                None if self.inner.group.status().leading => return here().await,
                None => {}
                Some((leader, network)) => {
                    let left = give_up.saturating_sub(runtime::now());
                    let message = self.message(kind);
                    match network.call(leader, Channel::Forward, message, body.clone(), left).await {
                        Ok(answer) => return Ok(answer),
                        Err(CallError::Answered(error)) if error.kind != Kind::Unavailable => return Err(error),
                        Err(_) => {}
                    }
                }
            }
            self.pause(give_up).await?;
        }
    }

    /// A peer's batch: proposed here, if this node leads in the term that the peer says. It is applied when this answers so.
    pub(crate) async fn take(&self, from: NodeId, mut body: Bytes) -> Result<Bytes> {
        let term = body.try_get_u64_le().map_err(|_| Error::new(Kind::Invalid, "a forwarded batch cannot be read"))?;
        self.inner.settler.room().await;
        let payload = batch::stamp(body, from, self.time_ms())?;
        match self.inner.group.propose_in(term, payload).await {
            Ok(_) => Ok(Bytes::from_static(&[APPLIED])),
            Err(Refusal::NotLeading) => Ok(Bytes::from_static(&[NOT_LEADING])),
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    /// How far a peer's reader has to wait.
    pub(crate) async fn read_index(&self) -> Result<Bytes> {
        match self.inner.group.read_index().await {
            Ok(index) => {
                let mut answer = BytesMut::with_capacity(8);
                answer.put_u64_le(index);
                Ok(answer.freeze())
            }
            Err(Refusal::NotLeading) => Err(no_leader()),
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.inner.node
    }

    pub(crate) fn group(&self) -> &Group {
        &self.inner.group
    }

    fn message(&self, kind: u8) -> Message {
        Message { kind, shard: self.inner.state.shard.0 }
    }

    fn other_leader(&self) -> Option<(NodeId, Arc<dyn Network>)> {
        let leader = self.inner.group.leader().filter(|leader| *leader != self.inner.node)?;
        Some((leader, self.inner.network.clone()?))
    }

    /// This node's wall clock, never below what it said before.
    fn time_ms(&self) -> u64 {
        let now = runtime::wall_ms();
        self.inner.last_ms.fetch_max(now, Relaxed).max(now)
    }

    fn encode(&self, origin: Option<Origin>, waiting: &[Pending]) -> Bytes {
        let bytes = waiting.iter().map(|pending| batch::item_bytes(pending.command.len())).sum();
        let items = waiting.iter().map(|pending| (pending.target, &pending.command[..]));
        batch::encode(self.inner.level.load(Relaxed), self.time_ms(), origin, items, bytes)
    }

    /// Waits a moment for a leader. An error when it is time to give up.
    async fn pause(&self, give_up: Duration) -> Result<()> {
        if self.inner.network.is_none() {
            return Err(no_leader());
        }
        if runtime::now() >= give_up {
            return Err(timed_out());
        }
        runtime::sleep(Duration::from_millis(LEADER_LOOK_MS)).await;
        Ok(())
    }

    /// One attempt with one leader in its term.
    async fn propose_to(
        &self,
        leader: NodeId,
        term: u64,
        network: &Arc<dyn Network>,
        waiting: &[Pending],
        give_up: Duration,
    ) -> Attempt<Replies> {
        let origin = Origin { node: self.inner.node, sequence: self.inner.sequence.fetch_add(1, Relaxed) };
        let progress = self.inner.state.progress();
        let mut expected = progress.expect(origin);
        let mut handing_over = pin!(self.hand_to(leader, term, network, self.encode(Some(origin), waiting), give_up));
        let mut is_handed_over = false;
        loop {
            tokio::select! {
                biased;
                replies = &mut expected.replies => return Attempt::Done(replies.map_err(|_| unknown_outcome())),
                () = progress.passed(term) => return match expected.replies.try_recv() {
                    Ok(replies) => Attempt::Done(Ok(replies)),
                    Err(oneshot::error::TryRecvError::Empty) => Attempt::Again,
                    Err(oneshot::error::TryRecvError::Closed) => Attempt::Done(Err(unknown_outcome())),
                },
                outcome = &mut handing_over, if !is_handed_over => match outcome {
                    Attempt::Done(Ok(())) => is_handed_over = true,
                    Attempt::Done(Err(error)) => return Attempt::Done(Err(error)),
                    Attempt::Again => return Attempt::Again,
                },
                () = runtime::sleep_until(give_up) => return Attempt::Done(Err(unknown_outcome())),
            }
        }
    }

    /// Hands a batch to the leader. Done: it may be applied now or later, or was refused for good; again: it surely was not
    /// proposed.
    async fn hand_to(
        &self,
        leader: NodeId,
        term: u64,
        network: &Arc<dyn Network>,
        batch: Bytes,
        give_up: Duration,
    ) -> Attempt<()> {
        if leader == self.inner.node {
            return match self.inner.group.propose_in(term, batch).await {
                // What failed may be applied all the same, by whoever leads next.
                Ok(_) | Err(Refusal::Failed(_)) => Attempt::Done(Ok(())),
                Err(Refusal::NotLeading) => Attempt::Again,
            };
        }
        let mut body = BytesMut::with_capacity(TERM_BYTES + batch.len());
        body.put_u64_le(term);
        body.put_slice(&batch);
        let left = give_up.saturating_sub(runtime::now());
        match network.call(leader, Channel::Forward, self.message(kind::FORWARD), body.freeze(), left).await {
            Ok(answer) if answer[..] == [NOT_LEADING] => Attempt::Again,
            Err(CallError::NotSent(_)) => Attempt::Again,
            Err(CallError::Unknown(_)) if planted(Bug::RetriedBlindly) => Attempt::Again,
            Ok(_) | Err(CallError::Unknown(_)) => Attempt::Done(Ok(())),
            Err(CallError::Answered(error)) if error.kind == Kind::Unavailable => Attempt::Done(Ok(())),
            // The leader does too much already; nothing was done.
            Err(CallError::Answered(error)) if error.kind == Kind::Overloaded => Attempt::Again,
            Err(CallError::Answered(error)) => Attempt::Done(Err(error)),
        }
    }

    async fn ask_read_index(&self, leader: NodeId, network: &Arc<dyn Network>, give_up: Duration) -> Attempt<()> {
        let left = give_up.saturating_sub(runtime::now());
        let timeout = left.min(Duration::from_millis(READ_INDEX_TIMEOUT_MS));
        let answer = network.call(leader, Channel::Small, self.message(kind::READ_INDEX), Bytes::new(), timeout).await;
        let Some(index) = answer.ok().and_then(|answer| answer[..].try_into().ok()).map(u64::from_le_bytes) else {
            return Attempt::Again;
        };
        tokio::select! {
            biased;
            () = self.inner.state.progress().reached(index) => Attempt::Done(Ok(())),
            () = runtime::sleep(left) => Attempt::Again,
        }
    }
}

fn again<T>(refusal: Refusal) -> Attempt<T> {
    match refusal {
        Refusal::NotLeading => Attempt::Again,
        Refusal::Failed(error) => Attempt::Done(Err(error)),
    }
}

pub(crate) fn no_leader() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: no leader")
}
