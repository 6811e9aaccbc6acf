//! Topics in Kafka's words: the house's, with its errors as codes, and members as brokers.

use std::{ops::Deref, sync::Arc};

use base::{Kind, NodeId};
use cluster::catalogue::Topic;
use kafka_wire::ErrorCode;
use replica::{
    Node, runtime,
    streams::{self, StreamShard},
};
use stream::PartitionId;

use crate::{
    brokers::{Broker, number},
    errors,
    histories::{History, Readers, is_history},
    limits::{LEADERS_LOOK, LEADERS_WAIT},
};

/// The catalogue of topics, and the shards that hold them. Cheap to clone.
#[derive(Clone)]
pub struct Topics {
    inner: streams::Topics,
    readers: Readers,
}

/// One partition of a topic, and the shard that holds it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) id: PartitionId,
    pub(crate) shard: streams::StreamShard,
    /// What it shows, where its records are not the shard's streams.
    pub(crate) history: Option<Arc<History>>,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    /// Its number; -1: nobody that is known.
    pub(crate) number: i32,
    pub(crate) epoch: i32,
    /// Whether that is this node, and it may serve.
    pub(crate) is_here: bool,
    /// Whether this node follows it and may be read.
    pub(crate) is_followed: bool,
    pub(crate) term: u64,
}

/// What is asked for is not there.
pub(crate) type Refused = ErrorCode;

impl Deref for Topics {
    type Target = streams::Topics;

    fn deref(&self) -> &streams::Topics {
        &self.inner
    }
}

impl Topics {
    /// Of an open node.
    pub fn new(node: Node) -> Topics {
        Topics { inner: streams::Topics::new(node), readers: Readers::default() }
    }

    /// A partition of a topic; `UNKNOWN_TOPIC_OR_PARTITION` if it has none of that number.
    pub(crate) fn place(&self, topic: &Topic, partition: i32) -> Result<Place, Refused> {
        let partition = u32::try_from(partition).map_err(|_| ErrorCode::UnknownTopicOrPartition)?;
        let streams::Place { id, shard } = self.inner.place(topic, partition).map_err(|error| match error.kind {
            Kind::NotFound => ErrorCode::UnknownTopicOrPartition,
            _ => ErrorCode::LeaderNotAvailable,
        })?;
        let history = self.history(topic).map(Arc::new);
        if is_history(topic) && history.is_none() {
            return Err(ErrorCode::LeaderNotAvailable);
        }
        Ok(Place { id, shard, history })
    }

    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Waits a moment for elections. A leader that died a moment ago is known as such before its successor is: who is told of it, or of
    /// nobody, tries that, and asks again ever more rarely, so that a client would stand still for far longer than the cluster does.
    pub(crate) async fn await_leaders(&self) {
        let give_up = runtime::now() + LEADERS_WAIT;
        while runtime::now() < give_up && !self.inner.shards().values().all(StreamShard::is_led) {
            runtime::sleep(LEADERS_LOOK).await;
        }
    }

    /// Members with an open door, by their numbers.
    pub(crate) fn brokers(&self) -> Vec<Broker> {
        let all = self.node().look_at_cluster(|machine| machine.members().filter_map(Broker::of).collect::<Vec<_>>());
        let mut all = all.unwrap_or_default();
        all.sort_unstable_by_key(Broker::number);
        all
    }

    /// Who may be asked to change topics: whoever leads shard 0, or else this node, which passes it on.
    pub(crate) fn controller(&self) -> NodeId {
        self.node().cluster_leader().unwrap_or_else(|| self.node().node_id())
    }

    /// How many members hold what is written here.
    pub(crate) fn replicas(&self) -> i16 {
        i16::try_from(self.inner.replicas()).unwrap_or(i16::MAX)
    }

    /// The topic, which is created if it does not exist and that is wanted.
    pub(crate) async fn find_or_create(&self, name: &str, create: Option<u32>) -> Result<Arc<Topic>, Refused> {
        self.inner.find_or_create(name, create).await.map_err(|error| match error.kind {
            Kind::Invalid => ErrorCode::InvalidTopicException,
            Kind::Unavailable => ErrorCode::LeaderNotAvailable,
            _ => errors::of_error(&error),
        })
    }
}

impl Place {
    /// The log start and the end, as far as they are known here.
    pub(crate) fn bounds(&self) -> (i64, i64) {
        match &self.history {
            Some(history) => (0, history.end()),
            None => self.shard.machine().partition(self.id).map_or((0, 0), |info| (info.log_start, info.end)),
        }
    }

    /// As [`StreamShard::read`](streams::StreamShard::read).
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn read(&self, offset: i64, bytes_max: usize, at_least_one: bool) -> base::Result<streams::Found> {
        match &self.history {
            Some(history) => history.read(offset, bytes_max, at_least_one).await,
            None => self.shard.read(self.id, offset, bytes_max, at_least_one).await,
        }
    }

    /// Lets a bell ring when it moves. What moved before is not told: look after hanging it.
    pub(crate) fn hang(&self, bell: &mut streams::Bell) {
        match &self.history {
            Some(history) => history.hang(bell),
            None => self.shard.hang(bell, self.id),
        }
    }

    pub(crate) fn leader(&self) -> Leader {
        let leadership = self.shard.leadership();
        Leader {
            number: leadership.leader.map_or(-1, number),
            epoch: epoch(leadership.term),
            is_here: leadership.is_here,
            is_followed: leadership.is_followed,
            term: leadership.term,
        }
    }
}

impl Leader {
    /// Whether this node may serve what was asked of `epoch`, the one that the client knows (-1: any).
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER`, `FENCED_LEADER_EPOCH`, `UNKNOWN_LEADER_EPOCH` (KIP-320).
    pub(crate) fn check(&self, epoch: i32) -> Result<(), Refused> {
        self.check_for(epoch, false)
    }

    /// The same for what a follower may serve, too, if `by_follower` (KIP-392).
    ///
    /// # Errors
    /// As [`Leader::check`].
    pub(crate) fn check_for(&self, epoch: i32, by_follower: bool) -> Result<(), Refused> {
        match epoch {
            _ if epoch >= 0 && epoch < self.epoch => Err(ErrorCode::FencedLeaderEpoch),
            _ if epoch > self.epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ if self.is_here || by_follower && self.is_followed => Ok(()),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }
}

/// The epoch of a term, as the streams' machine counts them. A shard's terms are far fewer than epochs can tell apart.
pub(crate) fn epoch(term: u64) -> i32 {
    i32::try_from(term.saturating_sub(1)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_serves_and_a_follower_what_followers_may() {
        let leads = Leader { number: 1, epoch: 5, is_here: true, is_followed: false, term: 6 };
        let follows = Leader { is_here: false, is_followed: true, ..leads };
        let neither = Leader { is_here: false, ..leads };
        for by_follower in [false, true] {
            for leader in [leads, follows, neither] {
                assert_eq!(leader.check_for(4, by_follower), Err(ErrorCode::FencedLeaderEpoch));
                assert_eq!(leader.check_for(6, by_follower), Err(ErrorCode::UnknownLeaderEpoch));
            }
            assert_eq!((leads.check_for(5, by_follower), leads.check_for(-1, by_follower)), (Ok(()), Ok(())));
            assert_eq!(neither.check_for(5, by_follower), Err(ErrorCode::NotLeaderOrFollower), "not recovered, or no voter");
        }
        assert_eq!((follows.check_for(5, true), follows.check_for(-1, true)), (Ok(()), Ok(())));
        assert_eq!((follows.check_for(5, false), follows.check(5)), (Err(ErrorCode::NotLeaderOrFollower), follows.check(-1)));
    }
}
