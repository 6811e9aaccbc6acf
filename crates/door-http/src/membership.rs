//! The cluster's members, as administration changes them.

use base::{NodeId, Result, ShardId};
use futures_util::future::BoxFuture;
use replica::{Node, Ticket};

/// What the administrative socket asks of the node behind it. What takes long is a job of the cluster's own: who asks may go.
pub trait Membership: Send + Sync + 'static {
    /// Announces a new member.
    fn add(&self, name: String, address: String) -> BoxFuture<'_, Result<Ticket>>;

    /// Announces one in the place of a member that is gone for good.
    fn replace(&self, dead: NodeId, name: String, address: String) -> BoxFuture<'_, Result<Ticket>>;

    /// The ticket of a member that is awaited, once more.
    fn ticket(&self, member: NodeId) -> Result<Ticket>;

    /// Takes a member out of the cluster.
    fn remove(&self, member: NodeId) -> BoxFuture<'_, Result<()>>;

    /// Says where peers reach a member from now on.
    fn update(&self, member: NodeId, address: String) -> BoxFuture<'_, Result<()>>;

    /// Says whether a member shall lead nothing.
    fn drain(&self, member: NodeId, drained: bool) -> BoxFuture<'_, Result<()>>;

    /// Lets everybody write formats of this level.
    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<()>>;

    /// Reads everything on this node's disk in the background, unless that is being done already.
    fn start_scrub(&self);

    /// Hands a member the lead of one shard, or of all.
    fn move_leader(&self, shard: Option<ShardId>, to: NodeId) -> BoxFuture<'_, Result<()>>;
}

impl Membership for Node {
    fn add(&self, name: String, address: String) -> BoxFuture<'_, Result<Ticket>> {
        Box::pin(self.add_member(name, address))
    }

    fn replace(&self, dead: NodeId, name: String, address: String) -> BoxFuture<'_, Result<Ticket>> {
        Box::pin(self.replace_member(dead, name, address))
    }

    fn ticket(&self, member: NodeId) -> Result<Ticket> {
        Node::ticket(self, member)
    }

    fn remove(&self, member: NodeId) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.remove_member(member))
    }

    fn update(&self, member: NodeId, address: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.update_member(member, address))
    }

    fn drain(&self, member: NodeId, drained: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(Node::drain(self, member, drained))
    }

    fn start_scrub(&self) {
        let node = self.clone();
        // What it comes to is in the node's status.
        tokio::spawn(async move { drop(node.scrub().await) });
    }

    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<()>> {
        Box::pin(Node::raise_level(self, level))
    }

    fn move_leader(&self, shard: Option<ShardId>, to: NodeId) -> BoxFuture<'_, Result<()>> {
        Box::pin(Node::move_leader(self, shard, to))
    }
}
