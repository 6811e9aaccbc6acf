//! Who belongs to the cluster.

use base::NodeId;

/// What a node is to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It belongs here.
    Member,
    /// Nothing is known of it.
    Unknown,
    /// It was a member once and shall not come back.
    Removed,
}

/// Tells who belongs to the cluster. Asked at each handshake, and again at each ping, so that a removed member's connections end.
pub trait Roster: Send + Sync + 'static {
    /// What `node` is to the cluster.
    fn check(&self, node: NodeId) -> Standing;

    /// Whether `node`, of which nothing is known, may connect: while somebody is awaited who is to join.
    fn admits_unknown(&self, node: NodeId) -> bool {
        let _ = node;
        false
    }
}
