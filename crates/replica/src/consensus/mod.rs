//! openraft, kept in this room: its types do not leave it.

use std::sync::Arc;

use base::{EntryId, NodeId, Result, ShardId};
use bytes::Bytes;
use journal::Journal;
use table::{Mark, Snapshot};

/// What a group applies committed entries to, in order, from one task.
pub trait StateMachine: Send + Sync + 'static {
    /// Applies one committed command entry; the answers go to who proposed it.
    fn apply(&self, id: EntryId, payload: &Bytes) -> Replies;

    /// Notes an entry without commands (blank, or a membership, whose record is opaque here).
    fn note(&self, id: EntryId, membership: Option<Bytes>);

    /// How far this machine is, at the start: what is settled.
    fn mark(&self) -> Mark;

    /// The settled state, as a handle: neither blocks apply nor holds the state twice.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Replaces all state by a received snapshot. Blocking.
    fn install(&self, snapshot: Arc<dyn Snapshot>) -> Result<()>;
}

/// Answers to the commands of one entry, in order.
pub struct Replies(pub Vec<Reply>);

/// Answer to one command, by machine.
pub enum Reply {
    /// Of a key space.
    Kv(kv::Applied),
    /// Of the cluster machine.
    Cluster(Result<cluster::Reply>),
    /// The command could not be decoded or names a machine or key space that does not exist.
    Refused(base::Error),
}

/// What a group is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupStatus {
    /// Current Raft term.
    pub term: u64,
    /// Who leads, if anyone.
    pub leader: Option<NodeId>,
    /// Whether this node leads and has committed an entry of its own term.
    pub leading: bool,
    /// Greatest index in the log.
    pub last: Option<u64>,
    /// Greatest applied index.
    pub applied: Option<u64>,
    /// Voters.
    pub voters: Vec<NodeId>,
    /// Learners.
    pub learners: Vec<NodeId>,
}

/// One Raft group's replica on this node. Cheap to clone.
#[derive(Clone)]
pub struct Group {
    _inner: Arc<()>,
}

impl Group {
    /// Starts the replica from what journal and machine hold.
    pub async fn start(_shard: ShardId, _node: NodeId, _journal: Journal, _machine: Arc<dyn StateMachine>) -> Result<Group> {
        todo!()
    }

    /// First start of a shard: makes it a group of these voters. No effect if it has any log.
    pub async fn initialize(&self, _voters: &[NodeId]) -> Result<()> {
        todo!()
    }

    /// Waits until this replica leads and serves (it applied an entry of its own term). For a cluster of one.
    pub async fn ready(&self) -> Result<()> {
        todo!()
    }

    /// Proposes one entry and waits until it is applied here.
    pub async fn propose(&self, _payload: Bytes) -> Result<Replies> {
        todo!()
    }

    /// One read barrier: when it returns, everything acknowledged before the call is applied here.
    pub async fn barrier(&self) -> Result<()> {
        todo!()
    }

    /// Status, without waiting.
    pub fn status(&self) -> GroupStatus {
        todo!()
    }

    /// Tells that the machine settled up to this entry, so that the log may be purged up to it.
    pub async fn settled(&self, _upto: EntryId) -> Result<()> {
        todo!()
    }

    /// Stops the replica.
    pub async fn shutdown(&self) {
        todo!()
    }
}
