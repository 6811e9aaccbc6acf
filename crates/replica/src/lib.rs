//! The hall: this node's shards. Commands come in by lanes, become batches, travel through openraft and the journal, and are
//! applied to machines; readers share barriers; watchers are woken.

mod barrier;
mod batch;
pub mod bugs;
pub mod consensus;
mod digests;
mod directory;
mod founding;
mod identity;
pub mod keyspace;
mod lanes;
mod lease;
mod level;
mod limits;
mod members;
pub mod network;
pub mod node;
mod options;
mod paper;
mod post;
mod progress;
mod proposer;
pub mod rebuild;
mod reception;
pub mod recover;
pub mod runtime;
pub mod scrub;
mod settle;
mod shard;
mod space;
pub mod stores;
pub mod streams;
pub mod watch;

pub use directory::{Held, hold, rebuild_is_due, restore};
pub use identity::Identity;
pub use keyspace::{Header, Keyspace, Lane};
pub use level::level;
pub use network::{ClusterSecret, Security};
pub use node::{Failure, Node, NodeOptions, NodeParts, NodeStatus, PeerStatus, ShardStatus};
pub use options::{PeerOptions, Start, Ticket};
pub use stores::ConfigStore;
