//! openraft, kept in this room: its types do not leave it.
//!
//! A [`Group`] is one Raft group's replica on this node. Its log and vote live in the node's journal, its state in a
//! [`StateMachine`], and what that machine has settled is its snapshot: nothing is ever built or copied for one. What a peer sends
//! is staged beside the state as it arrives, and put into its place at once. Payloads are opaque here; who proposes an entry gets the [`Replies`] that applying it gave.
//!
//! What it promises: an entry that was answered is durable on a quorum; a barrier is confirmed by a quorum, no clock is
//! trusted; a vote is durable before it is given. When a write fails it ends and says so through [`Group::failed`]; it never
//! goes on over a log that it cannot vouch for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{EntryId, NodeId, Result};
use bytes::Bytes;
use segments::{Arrival, Export, SegmentMeta};
use table::{Mark, Snapshot, Stage, Staged};

use crate::network::BoxFuture;

mod codec;
mod group;
mod holds;
mod log;
mod machine;
mod network;
pub(crate) mod offline;
mod receive;
mod serve;
mod settings;
#[cfg(test)]
mod tests;
mod transport;
mod types;
mod wire;

pub(crate) use codec::{encode_beside, split_beside};
pub use group::Group;
pub(crate) use group::unknown_outcome;

/// What a group applies committed entries to, in order, from one task.
pub trait StateMachine: Send + Sync + 'static {
    /// Applies one committed command entry; the answers go to who proposed it.
    fn apply(&self, id: EntryId, payload: &Bytes) -> Replies;

    /// So many bytes of entries are being appended to the log.
    fn appending(&self, _bytes: usize) {}

    /// Something to wait for before the next entry is applied; a replica that settles slower than its leader proposes must not
    /// grow without end.
    fn crowded(&self) -> Option<BoxFuture<'_, ()>> {
        None
    }

    /// Notes an entry without commands (blank, or a membership, whose record is opaque here).
    fn note(&self, id: EntryId, membership: Option<Bytes>);

    /// How far this machine is, at the start: what is settled.
    fn mark(&self) -> Mark;

    /// The settled state, as a handle: neither blocks apply nor holds the state twice.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Begins to stage a state that a peer sends; applying and settling go on meanwhile. Blocking.
    fn stage(&self) -> Result<Box<dyn Stage>>;

    /// What has to be sent beside the pairs of this settled state: it is held until it is dropped. Blocking.
    fn exports(&self, _state: &dyn Snapshot) -> Result<Vec<Export>> {
        Ok(Vec::new())
    }

    /// Begins to take over such a thing, unless it is here. Blocking.
    fn import(&self, meta: SegmentMeta) -> Result<Arrival> {
        Err(base::Error::new(base::Kind::Unsupported, format!("this replica holds no streams, and is sent segment {}", meta.id)))
    }

    /// Replaces all state by one that was staged here. Called between two applies. One that is not newer than what is applied
    /// changes nothing. Blocking.
    fn install(&self, staged: Staged) -> Result<()>;
}

/// Answers to the commands of one entry, in order.
pub struct Replies(pub Vec<Reply>);

impl std::fmt::Debug for Replies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} replies", self.0.len())
    }
}

/// Answer to one command, by machine.
pub enum Reply {
    /// Of a key space.
    Kv(kv::Applied),
    /// Of the cluster machine.
    Cluster(Result<cluster::Reply>),
    /// Of the shard's streams.
    Stream(Result<stream::Reply, stream::Refusal>),
    /// Of a configuration store.
    Store(Result<config::Reply>),
    /// The command could not be decoded or names a machine or key space that does not exist.
    Refused(base::Error),
}

impl std::fmt::Debug for Reply {
    /// Says whose answer it is, not what it holds: that is a client's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reply::Kv(_) => f.write_str("a key space's reply"),
            Reply::Cluster(reply) => write!(f, "the cluster's reply: {reply:?}"),
            Reply::Stream(reply) => write!(f, "the streams' reply: {reply:?}"),
            Reply::Store(_) => f.write_str("a configuration store's reply"),
            Reply::Refused(error) => write!(f, "refused: {error}"),
        }
    }
}

/// Why a group did not do what it was asked.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// This node does not lead, or nobody confirms that it does. Nothing was done.
    NotLeading,
    /// It failed; the error says whether anything may have been done.
    Failed(base::Error),
}

/// Who leads a group.
#[derive(Clone, Copy, Debug)]
pub struct Lead {
    /// Who, as far as was heard lately.
    pub leader: Option<NodeId>,
    /// In which term.
    pub term: u64,
    /// Whether it is this node, which then has applied an entry of that term.
    pub is_here: bool,
    /// Whether this node votes.
    pub is_voter: bool,
}

/// What a leader sees of its group.
#[derive(Clone, Debug, Default)]
pub struct GroupView {
    /// Voters.
    pub voters: BTreeSet<NodeId>,
    /// Learners.
    pub learners: BTreeSet<NodeId>,
    /// Whether a change is under way.
    pub is_joint: bool,
    /// Greatest index in the log.
    pub last: u64,
    /// Up to which index each replica's log is known to be the leader's.
    pub matched: BTreeMap<NodeId, u64>,
}

/// What a group is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupStatus {
    /// Current Raft term.
    pub term: u64,
    /// Who leads, if anyone who was heard of lately.
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
    /// Whether the voters are being changed.
    pub is_joint: bool,
    /// How often this replica saw another leader than before, since it was started.
    pub leader_changes: u64,
}
