//! Whole nodes in one process on virtual time, from one seed.
//!
//! A run's trace is a function of its seed: [`executor`] is the world and its time, the disks are in memory and lie as the
//! seed says, clients keep a [`diary`], and the [`oracle`] reads the diaries at the end.

mod clients;
pub mod diary;
pub mod dice;
pub mod executor;
pub mod house;
pub mod oracle;
pub mod run;
mod wire;

pub use run::{Plan, Report, run};
