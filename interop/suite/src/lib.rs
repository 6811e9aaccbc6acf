//! Real peers and real clients against the real binary.
//!
//! A test takes a [`Server`]: the `manifold` binary, or the real etcd that `interop/peers/build` makes, each as its
//! own process on its own ports with its own data directory, and killed by its own process id at the end. It speaks to
//! it through [`wire`]: plain generated gRPC clients, so that nothing between the test and the bytes is clever.
//!
//! The tests are in `tests/`, one file per kind of proof; `interop/README.md` says how to run each and which
//! differences from etcd are ours by choice.
//!
//! A [`cluster::Cluster`] is several servers that are members of one cluster, if need be with [`proxy`]s between them that cut,
//! stall or delay what one member says to another. [`serials`] is the load whose outcome can be checked write by write.
//!
//! A [`kafka_peer::KafkaPeer`] is the real Apache Kafka, one broker or three; [`kafka_tools`] are its own tools, and
//! [`kafka_clients`] runs the programs of `interop/clients` and holds what they report against what the real one answered.
//!
//! Shared by several of them: [`differ`] makes and plays random sequences against two servers and compares what they
//! answer, [`frames`] writes HTTP/2 by hand where a well-behaved client would refuse to, and [`random`] is the one
//! source of chance, so that a printed seed shows a failure again.

pub mod cluster;
pub mod differ;
pub mod disks;
pub mod figures;
pub mod frames;
pub mod http;
pub mod kafka_clients;
pub mod kafka_load;
pub mod kafka_peer;
pub mod kafka_tools;
pub mod kafka_wire;
pub mod ledger;
pub mod moves;
pub mod namespaces;
pub mod peers;
pub mod process;
pub mod proxy;
pub mod random;
pub mod serials;
pub mod server;
pub mod store;
pub mod table;
pub mod wire;

pub use server::{Kind, Server, Settings};
