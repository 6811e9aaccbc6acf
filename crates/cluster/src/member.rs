//! Who belongs to the cluster.

use base::NodeId;

/// A node that belongs to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id. One that was removed never comes back.
    pub id: NodeId,
    /// Its name, unique; empty while nobody said it.
    pub name: String,
    /// Where peers reach it, `host:port`; empty for a node that never had peers.
    pub address: String,
    /// Where clients reach its doors, and where it stands (`http://...`, `kafka://...`, `rack:...`), as it said at its last start.
    pub client_urls: Vec<String>,
    /// Drawn by the node with its data directory at its first start; 0: it never started. A node that comes back with another
    /// one lost its disk.
    pub incarnation: u64,
    /// Whether it comes, stays or goes.
    pub standing: MemberStanding,
    /// Leads nothing if it can be helped: it is about to be stopped.
    pub drained: bool,
    /// The greatest level of formats that its build reads and writes, as it said at its last start; 0: it did not say.
    pub level: u32,
}

/// Whether a member comes, stays or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberStanding {
    /// A learner, until it is caught up in every shard.
    Joining,
    /// A voter, as far as there are seats.
    Active,
    /// Being taken out of every shard.
    Leaving,
}

impl Member {
    /// A member that never started.
    pub fn new(id: NodeId, name: impl Into<String>, address: impl Into<String>, standing: MemberStanding) -> Member {
        Member {
            id,
            name: name.into(),
            address: address.into(),
            client_urls: Vec::new(),
            incarnation: 0,
            standing,
            drained: false,
            level: 0,
        }
    }
}
