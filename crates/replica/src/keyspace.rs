//! A key space as the doors see it: propose, read, watch, leases.

use base::{ClusterId, NodeId, Result};
use kv::{Command, RangeReply, RangeRequest, Reply};

use crate::watch::Hub;

/// Which queue a command waits in. Lanes drain by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Leases, locks, elections, membership.
    Urgent,
    /// Most of it.
    Normal,
    /// Large and patient.
    Bulk,
}

/// What every answer's header carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The node that answers.
    pub member_id: NodeId,
    /// The key space's revision.
    pub revision: i64,
    /// The shard's Raft term.
    pub raft_term: u64,
}

/// A key space on this node. Cheap to clone.
#[derive(Clone)]
pub struct Keyspace {
    machine: kv::Machine,
}

impl Keyspace {
    /// A header with the current revision.
    pub fn header(&self) -> Header {
        todo!()
    }

    /// A header with this revision.
    pub fn header_at(&self, _revision: i64) -> Header {
        todo!()
    }

    /// Proposes a command, waits until it is applied and everything its answer owes is read. VALUE compares are witnessed
    /// and repeated here. The second part is the revision for the header. `Overloaded` at once if the lane is full.
    pub async fn propose(&self, _lane: Lane, _command: Command) -> Result<(Reply, i64)> {
        todo!()
    }

    /// Everything acknowledged before this call can be read here when it returns. Shared by all who wait.
    pub async fn barrier(&self) -> Result<()> {
        todo!()
    }

    /// A local read; memory at once, the disk on a thread where blocking is allowed. Call [`Keyspace::barrier`] before for a linearizable one.
    pub async fn range(&self, _request: RangeRequest) -> Result<(RangeReply, i64)> {
        todo!()
    }

    /// The machine, for reads that need more than the above.
    pub fn machine(&self) -> &kv::Machine {
        &self.machine
    }

    /// Watches of this key space.
    pub fn watches(&self) -> &Hub {
        todo!()
    }

    /// Renews a lease on the leader; its TTL in seconds, or `None` if it does not exist.
    pub async fn keep_alive(&self, _lease: i64) -> Result<Option<i64>> {
        todo!()
    }

    /// Seconds until the lease expires by the leader's clock; `None` if it does not exist.
    pub fn remaining(&self, _lease: i64) -> Option<i64> {
        todo!()
    }
}
