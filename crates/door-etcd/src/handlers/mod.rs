//! What the door does with a request, whatever brought it here.
//!
//! A handler is a plain function from a decoded request and a [`Context`] to a reply or a [`base::Error`].

pub mod cluster;
pub mod health;
pub mod kv;
pub mod lease;
pub mod maintenance;

use std::sync::Arc;

use base::{Error, Kind, Result};
use replica::{Keyspace, Node};
use tokio::sync::watch;

use crate::{DoorOptions, convert, pb};

/// What every handler stands on.
pub struct Context {
    /// The key space that is served.
    pub keyspace: Keyspace,
    /// The node it lives on.
    pub node: Node,
    /// How the door was opened.
    pub options: Arc<DoorOptions>,
    /// Whether the door still takes requests.
    pub serving: watch::Receiver<bool>,
    /// Whether the key space has been without a leader for so long that streams which require one end.
    pub leaderless: watch::Receiver<bool>,
}

impl Context {
    /// A context for the key space that the options name.
    ///
    /// # Errors
    /// `NotFound` if there is no such key space.
    pub fn new(node: Node, options: Arc<DoorOptions>, serving: watch::Receiver<bool>) -> Result<Self> {
        let (_, leaderless) = watch::channel(false);
        Ok(Self { keyspace: node.keyspace(&options.keyspace)?, node, options, serving, leaderless })
    }

    /// A header with the revision of now.
    fn header(&self) -> pb::ResponseHeader {
        convert::header(self.keyspace.header())
    }

    /// A header with this revision.
    fn header_at(&self, revision: i64) -> pb::ResponseHeader {
        convert::header(self.keyspace.header_at(revision))
    }

    /// The shard of the key space.
    fn shard(&self) -> Option<replica::ShardStatus> {
        let status = self.node.status();
        let entry = status.keyspaces.iter().find(|entry| entry.name == self.options.keyspace)?;
        status.shards.into_iter().find(|shard| shard.shard == entry.shard)
    }

    /// Refuses while nobody leads: for clients that say `hasleader`.
    ///
    /// # Errors
    /// `Unavailable` with etcd's text.
    pub fn require_leader(&self) -> Result<()> {
        if self.keyspace.is_led() { Ok(()) } else { Err(no_leader()) }
    }
}

/// etcd's word to those who say `hasleader`.
pub(crate) fn no_leader() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: no leader")
}

/// Apply answered a command with something else than it answers to such commands.
fn unexpected() -> Error {
    Error::new(Kind::Corrupt, "the answer does not belong to the request")
}
