//! Whole clusters in one process on virtual time, from one seed.
//!
//! A run's trace is a function of its seed. [`executor`] is the world and its time, with [`clock`]s that nodes read instead of
//! it; a [`house`] is a node whose disks lie as the seed says, and the [`network`] lies between them. The [`plan`] says what is
//! to happen, the tasks of `faults` let it, clients and watchers keep a [`diary`], and the [`oracle`] reads it at the end, while
//! the [`inspector`] looks at all nodes as they run. In the end faults stop, and every node must serve again and agree with the
//! others. The [`matrix`] says which operations met which faults.

mod administration;
mod clients;
pub mod clock;
pub mod cluster;
pub mod diary;
pub mod dice;
pub mod events;
pub mod executor;
mod faults;
pub mod house;
pub mod inspector;
mod liveness;
pub mod matrix;
pub mod network;
pub mod oracle;
pub mod plan;
#[cfg(feature = "planted")]
pub mod planted;
pub mod run;
pub mod setup;
mod stores;
mod streams;
mod watchers;
mod wire;

pub use matrix::Matrix;
pub use plan::Plan;
pub use run::{Report, run};
