//! This node: its data directory, its identity, its journal and its shards.

use std::{path::PathBuf, sync::Arc};

use base::{ClusterId, NodeId, Result, ShardId};
use table::Snapshot;

use crate::{consensus::GroupStatus, keyspace::Keyspace};

/// How a node is opened.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The data directory; created when missing.
    pub data_dir: PathBuf,
    /// The member's name.
    pub name: String,
    /// Data shards at the first start; fixed from then on. 0: one per two cores, at least one, at most eight.
    pub data_shards: u32,
    /// Bytes of one journal segment.
    pub journal_segment_bytes: u64,
    /// Unsettled bytes at which a shard settles.
    pub settle_bytes: u64,
    /// Bytes of settled values kept in memory, over all key spaces.
    pub value_cache_bytes: u64,
    /// Bytes of recent changes kept for watchers, per key space.
    pub watch_ring_bytes: usize,
    /// Bytes waiting to be proposed per shard before `Overloaded`.
    pub admission_bytes: usize,
    /// Commands waiting to be proposed per shard before `Overloaded`.
    pub admission_commands: usize,
    /// Quota of a key space's bytes; 0: none, NOSPACE follows the free disk.
    pub quota_bytes: u64,
}

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// This node.
    pub node_id: NodeId,
    /// Its name.
    pub name: String,
    /// Its shards.
    pub shards: Vec<ShardStatus>,
    /// Bytes of the journal's files.
    pub journal_bytes: u64,
    /// Free and total bytes of the file system.
    pub space: Option<base::disk::Space>,
}

/// What a shard says of itself.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// Which.
    pub shard: ShardId,
    /// Raft's.
    pub group: GroupStatus,
    /// The last settled index.
    pub settled: Option<u64>,
    /// Bytes not settled yet.
    pub unsettled_bytes: u64,
    /// Bytes of the settled tree on disk.
    pub tree_bytes: u64,
}

/// The node. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    _inner: Arc<()>,
}

impl Node {
    /// Locks and opens the data directory, recovers, and serves. On a first start it draws its ids and makes itself a cluster of one.
    pub async fn open(_options: NodeOptions) -> Result<Node> {
        todo!()
    }

    /// A key space by name.
    pub fn keyspace(&self, _name: &str) -> Result<Keyspace> {
        todo!()
    }

    /// What it is doing.
    pub fn status(&self) -> NodeStatus {
        todo!()
    }

    /// Settles everything applied so far and gives the settled state of the key space's shard: for snapshots and backups.
    pub async fn settled_snapshot(&self, _keyspace: &str) -> Result<Arc<dyn Snapshot>> {
        todo!()
    }

    /// Completes when the node can no longer keep its word (a write or sync failed): the process must end with this message.
    pub async fn failed(&self) -> String {
        todo!()
    }

    /// Orderly stop: no new commands, groups stopped, journal closed with its closing record.
    pub async fn shutdown(&self) -> Result<()> {
        todo!()
    }
}
