//! The machine of shard 0: the cluster's own state. Members, the number of data shards, the catalogue of key spaces.
//!
//! Deterministic: `apply` reads no disk, clock or randomness; what it changes it writes into the shard's table, from which
//! [`Machine::open`] reads it back.

mod codec;
mod machine;

pub use machine::Machine;

use base::{ClusterId, KeyspaceId, NodeId, ShardId};

/// A node that belongs to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
}

/// An entry of the catalogue of key spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyspaceEntry {
    /// Its id, from 1.
    pub id: KeyspaceId,
    /// Its name, unique.
    pub name: String,
    /// The shard it lives in.
    pub shard: ShardId,
}

/// A command to the cluster machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The cluster's id and the number of data shards, once and for all.
    Found {
        /// Never zero.
        cluster: ClusterId,
        /// At least one.
        data_shards: u32,
    },
    /// Adds a member, or renames it.
    Member(Member),
    /// Creates a key space; without effect if the same one exists.
    CreateKeyspace(KeyspaceEntry),
}

/// Answer of the cluster machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done, or it was so already.
    Done,
}
