//! Identities. One word, one meaning, in code, docs and errors.

use std::fmt;

/// A node: one process with one data directory. Also openraft's node id and etcd's `member_id`. Never zero.
pub type NodeId = u64;

/// A cluster of nodes. Also etcd's `cluster_id`. Never zero.
pub type ClusterId = u64;

/// A shard: one Raft group. Shard 0 holds the cluster's own state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u32);

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}", self.0)
    }
}

/// A keyspace: one etcd-shaped MVCC key space, living in one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyspaceId(pub u32);

/// The identity of one Raft entry of a shard: its term and its index, ordered as Raft orders them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// Raft term. There is one leader per term.
    pub term: u64,
    /// Position in the shard's log; the first entry of a shard has index 0.
    pub index: u64,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.term, self.index)
    }
}
