//! The HTTP door: what probes, dashboards and operators ask.
//!
//! There are two entrances. The *public* one ([`public::router`]) is a TCP port for `/metrics`, `/health`, `/livez`, `/readyz`
//! and `/version`, in the shapes that etcd's probes and dashboards know. The *administrative* one ([`admin::router`]) is a
//! Unix socket in the data directory, which `manifold ctl` talks to; nothing of it is ever routed on the port.
//!
//! Who asks for what is not everybody's business says so with an API key or a password ([`keys`]).
//!
//! Records go into topics and out of them by the public port, too ([`ingest`]), for programs without a Kafka client.
//!
//! Both ask the same [`House`], which is the node seen through a keyhole, so that the handlers can be tried without one.
//! [`server::serve`] puts a router on a [`gate::Porch`] with hyper's limits set; a request that is too long, too slow or
//! ambiguous about its length is answered and its connection closed before any handler sees it.

pub mod admin;
pub mod directory;
pub mod house;
pub mod ingest;
pub mod keys;
pub mod limits;
mod lines;
pub mod lobby;
pub mod membership;
pub mod metrics;
pub mod public;
pub mod server;
pub mod store;

mod body;
mod health;
mod object;
mod problem;
mod process;
mod room;
mod visitor;

pub use directory::Directory;
pub use house::{House, KeyspaceFigures, NodeHouse};
pub use ingest::{Ingest, IngestOptions};
pub use membership::Membership;
pub use metrics::{Collector, Exposition};
pub use store::{ConfigDoor, Signing, StoreOptions};
pub use visitor::Visitor;

/// The etcd version that this server answers as.
pub const ETCD_VERSION: &str = "3.7.3";

/// The etcd cluster and storage version that goes with it.
pub const ETCD_CLUSTER_VERSION: &str = "3.7.0";
