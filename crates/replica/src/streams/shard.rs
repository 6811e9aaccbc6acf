//! A data shard's streams as the doors see them.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use base::{Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use kv::Cold;
use segments::Retention;
use stream::{Command, Machine, PartitionId, Refusal};

use super::{
    Bell, Streams,
    log::Log,
    read::{Found, Reader, Wanted},
};
use crate::{
    batch::{LEVEL_STREAMS, Target},
    consensus::{Lead, Reply},
    lanes::{Lane, in_time},
    members::has_caught_up,
    network::Network,
    runtime,
    shard::Shard,
};

/// Who leads a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// Who, as far as was heard lately.
    pub leader: Option<NodeId>,
    /// Whether that is this node, and it has applied an entry of its own term: what it says of a partition's end never falls.
    pub is_here: bool,
    /// Whether this node follows them, votes, and has applied again what it had acknowledged: what is applied here may be read here.
    pub is_followed: bool,
    /// In which term.
    pub term: u64,
}

/// The streams of one data shard on this node. Cheap to clone.
#[derive(Clone)]
pub struct StreamShard {
    shard: Shard,
    streams: Arc<Streams>,
    reader: Reader,
    /// The level of formats that may be written.
    level: Arc<AtomicU32>,
    network: Option<Arc<dyn Network>>,
}

/// Who holds a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// Those that vote: a quorum of them has what is acknowledged.
    pub voters: Vec<NodeId>,
    /// Those among them that this node does not reach.
    pub unreachable: Vec<NodeId>,
}

/// A replica that follows this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follower {
    /// Whose it is.
    pub node: NodeId,
    /// Up to which index its log is known to be the leader's.
    pub matched: u64,
}

/// A command on its way.
pub struct Submitted(BoxFuture<'static, Result<Reply>>);

impl StreamShard {
    pub(crate) fn new(
        shard: Shard,
        journal: journal::Journal,
        level: Arc<AtomicU32>,
        network: Option<Arc<dyn Network>>,
    ) -> Option<StreamShard> {
        let streams = shard.state.streams()?.clone();
        let reader = Reader::new(streams.clone(), Log::new(journal, shard.id));
        Some(StreamShard { shard, streams, reader, level, network })
    }

    /// Which shard.
    pub fn id(&self) -> ShardId {
        self.shard.id
    }

    /// Who leads it.
    pub fn leadership(&self) -> Leadership {
        let Lead { leader, term, is_here, is_voter } = self.shard.group.lead();
        let is_followed = is_voter && self.is_recovered() && leader.is_some_and(|leader| leader != self.shard.post.node());
        Leadership { leader, is_here, is_followed, term }
    }

    /// Whether somebody leads it whom this node reaches, and who serves if that is this node.
    pub fn is_led(&self) -> bool {
        let Lead { leader, is_here, .. } = self.shard.group.lead();
        leader.is_some_and(|leader| if leader == self.shard.post.node() { is_here } else { self.is_reached(leader) })
    }

    /// The replicas that may be read instead of this one, which leads: those that vote, are reached and have caught up but for a few
    /// entries. None where another node leads.
    pub fn followers(&self) -> Vec<Follower> {
        let Some(view) = self.shard.group.view() else { return Vec::new() };
        let me = self.shard.post.node();
        let is_near = |id: &NodeId| *id != me && self.is_reached(*id) && has_caught_up(&view, *id);
        let follower = |node: NodeId| Some(Follower { node, matched: *view.matched.get(&node)? });
        view.voters.iter().copied().filter(is_near).filter_map(follower).collect()
    }

    /// Who holds it.
    pub fn replicas(&self) -> Replicas {
        let voters = self.shard.group.status().voters;
        let me = self.shard.post.node();
        let unreachable = voters.iter().filter(|id| **id != me && !self.is_reached(**id)).copied().collect();
        Replicas { voters, unreachable }
    }

    fn is_reached(&self, node: NodeId) -> bool {
        self.network.as_ref().is_none_or(|network| network.is_reachable(node))
    }

    /// Queues a command, in the order of calls; what it comes to is the answer to wait for. It is taken however much waits: who
    /// calls bounds what it has on its way.
    ///
    /// # Errors
    /// `Precondition` while the cluster does not write streams yet, `Unavailable` while the node stops.
    pub fn submit(&self, lane: Lane, command: &Command) -> Result<Submitted> {
        if self.level.load(Relaxed) < LEVEL_STREAMS {
            let text = "the cluster still writes the formats of an earlier build, which has no streams: finish the upgrade with \
                        `manifold ctl upgrade --finish`";
            return Err(Error::new(Kind::Precondition, text));
        }
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let answered = self.shard.lanes.submit_patiently(lane, Target::Streams, Bytes::from(encoded))?;
        Ok(Submitted(Box::pin(in_time(answered))))
    }

    /// Commands and bytes that wait to be proposed.
    pub fn waiting(&self) -> (usize, usize) {
        self.shard.lanes.depth()
    }

    /// Batches of a partition from the one that contains `offset` on, at most `bytes_max` of them; with `at_least_one`, the first
    /// whatever its size.
    ///
    /// # Errors
    /// `Corrupt` if what is stored is damaged, `Unavailable` if the disk refuses or the node has not recovered in time.
    pub async fn read(&self, partition: PartitionId, offset: i64, bytes_max: usize, at_least_one: bool) -> Result<Found> {
        let wanted = Wanted { partition, offset, bytes_max, at_least_one };
        if let Some(found) = self.reader.read(wanted, Cold::Refuse)? {
            return Ok(found);
        }
        let reader = self.reader.clone();
        let found = runtime::spawn_blocking(move || reader.read(wanted, Cold::Allow)).await?;
        found.ok_or_else(|| Error::new(Kind::Unavailable, "a partition could not be read: try again"))
    }

    /// The base offset of the first batch with a timestamp at or after `timestamp`, in milliseconds since 1970, that ends at offset
    /// `from` or later.
    ///
    /// # Errors
    /// As [`StreamShard::read`].
    pub async fn first_at_or_after(&self, partition: PartitionId, from: i64, timestamp: i64) -> Result<Option<i64>> {
        let reader = self.reader.clone();
        runtime::spawn_blocking(move || reader.first_at_or_after(partition, from, timestamp)).await
    }

    /// The greatest timestamp of the batches that begin at offset `from` or later, in milliseconds since 1970; `None` if there are
    /// none.
    ///
    /// # Errors
    /// As [`StreamShard::read`].
    pub async fn greatest_timestamp(&self, partition: PartitionId, from: i64) -> Result<Option<i64>> {
        let reader = self.reader.clone();
        runtime::spawn_blocking(move || reader.greatest_timestamp(partition, from)).await
    }

    /// Bytes that a partition takes on this node's disk.
    pub fn bytes(&self, partition: PartitionId) -> u64 {
        self.reader.bytes(partition)
    }

    /// New log starts for those of these partitions that have more than they may keep.
    ///
    /// # Errors
    /// As [`StreamShard::read`].
    pub async fn retention_cuts(&self, wanted: Vec<(PartitionId, Retention)>) -> Result<Vec<(PartitionId, i64)>> {
        let streams = self.streams.clone();
        let cut = move |(partition, retention)| {
            let log_start = streams.retention_cut(partition, retention).transpose()?;
            Some(log_start.map(|log_start| (partition, log_start)))
        };
        runtime::spawn_blocking(move || wanted.into_iter().filter_map(cut).collect()).await
    }

    /// Lets a bell ring when a partition moves. What moved before is not told: look after hanging it.
    pub fn hang(&self, bell: &mut Bell, partition: PartitionId) {
        bell.hang(self.streams.bells(), partition);
    }

    /// What is applied here, for reads that need more than the above.
    pub fn machine(&self) -> &Machine {
        self.streams.machine()
    }

    /// Everything acknowledged before this call can be read here when it returns.
    ///
    /// # Errors
    /// `Unavailable` without a leader.
    pub async fn barrier(&self) -> Result<()> {
        self.shard.barrier.wait().await
    }

    /// Whether this node has applied again what it had acknowledged before it was started.
    pub fn is_recovered(&self) -> bool {
        self.shard.recovery.is_done()
    }
}

impl Future for Submitted {
    /// What applying it came to.
    type Output = Result<Result<stream::Reply, Refusal>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(|answer| match answer? {
            Reply::Stream(reply) => Ok(reply),
            Reply::Refused(error) => Err(error),
            Reply::Kv(_) | Reply::Cluster(_) | Reply::Store(_) => {
                Err(Error::new(Kind::Corrupt, "a stream's command was answered by another machine"))
            }
        })
    }
}
