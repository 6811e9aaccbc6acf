//! The hall: this node's shards. Commands come in by lanes, become batches, travel through openraft and the journal, and are
//! applied to machines; readers share barriers; watchers are woken.

mod barrier;
mod batch;
pub mod consensus;
mod directory;
mod founding;
mod identity;
pub mod keyspace;
mod lanes;
mod lease;
mod limits;
mod members;
pub mod network;
pub mod node;
mod options;
mod pace;
mod post;
mod progress;
mod proposer;
mod reception;
pub mod runtime;
mod settle;
mod shard;
pub mod watch;

pub use directory::restore;
pub use identity::Identity;
pub use keyspace::{Header, Keyspace, Lane};
pub use network::{ClusterSecret, Security};
pub use node::{Failure, Node, NodeOptions, NodeParts, NodeStatus, PeerStatus, ShardStatus};
pub use options::{PeerOptions, Start, Ticket};
pub use pace::Pace;
