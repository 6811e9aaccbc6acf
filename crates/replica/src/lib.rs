//! The hall: this node's shards. Commands come in by lanes, become batches, travel through openraft and the journal, and are
//! applied to machines; readers share barriers; watchers are woken.

pub mod consensus;
pub mod keyspace;
pub mod node;
pub mod watch;

pub use keyspace::{Header, Keyspace, Lane};
pub use node::{Node, NodeOptions, NodeStatus, ShardStatus};
