//! The node as this door sees it.

use base::Result;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use kv::{RangeRequest, Span};
use replica::{Keyspace, Node, NodeStatus};

/// What the door asks of the node behind it.
pub trait House: Send + Sync + 'static {
    /// The node, its shards and its disk.
    fn status(&self) -> NodeStatus;

    /// The default key space's figures.
    fn figures(&self) -> KeyspaceFigures;

    /// Alarms raised: `(member, etcd's number of the alarm)`.
    fn alarms(&self) -> Vec<(u64, i32)>;

    /// Returns when everything acknowledged before the call can be read here; an error if no leader confirms it.
    fn linearizable_read(&self) -> BoxFuture<'_, Result<()>>;

    /// One local read of one key.
    fn serializable_read(&self) -> BoxFuture<'_, Result<()>>;
}

/// What is counted of a key space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyspaceFigures {
    /// Its revision.
    pub revision: i64,
    /// Its compaction mark, 0 when never compacted.
    pub compact_revision: i64,
    /// Keys that exist now.
    pub keys: u64,
    /// Bytes of these keys and their values.
    pub bytes: u64,
    /// Leases that exist now.
    pub leases: usize,
    /// Watches open now.
    pub watches: usize,
    /// Streams that carry them.
    pub watch_streams: usize,
}

/// A [`House`] over a real node and its default key space.
pub struct NodeHouse {
    node: Node,
    keyspace: Keyspace,
}

impl NodeHouse {
    /// Looks at `node` and at one of its key spaces.
    pub fn new(node: Node, keyspace: Keyspace) -> Self {
        Self { node, keyspace }
    }
}

impl House for NodeHouse {
    fn status(&self) -> NodeStatus {
        self.node.status()
    }

    fn figures(&self) -> KeyspaceFigures {
        let machine = self.keyspace.machine();
        let (keys, bytes) = machine.size();
        let (watch_streams, watches) = self.keyspace.watches().counts();
        KeyspaceFigures {
            revision: machine.revision(),
            compact_revision: machine.compact_revision(),
            keys,
            bytes,
            leases: machine.leases().len(),
            watches,
            watch_streams,
        }
    }

    fn alarms(&self) -> Vec<(u64, i32)> {
        self.keyspace.machine().alarms()
    }

    fn linearizable_read(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.keyspace.barrier())
    }

    fn serializable_read(&self) -> BoxFuture<'_, Result<()>> {
        let span = Span { key: Bytes::from_static(b"health"), range_end: Bytes::new() };
        let request = RangeRequest { span, limit: 1, keys_only: true, ..RangeRequest::default() };
        Box::pin(async move { self.keyspace.range(request).await.map(drop) })
    }
}
