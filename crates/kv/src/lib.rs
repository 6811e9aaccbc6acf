//! The etcd-shaped multi-version key space: a deterministic machine, and the reads beside it.
//!
//! A [`Machine`] takes [`Command`]s in the order of the log. `apply` changes what memory holds of every current key (its
//! metadata, counted and in order), leaves the changes in the shard's table, and answers; it reads no disk. Values that an
//! answer owes and memory lacks are read afterwards ([`Owed`], [`Machine::resolve`]), under a pin that keeps them.
//!
//! Reads run beside it: at the latest revision from memory, at older ones from the superseded versions in the table.
//! Compaction only sets a mark; `reclaim` gives the space back in slices that travel with the settles.
//!
//! The machine refuses what etcd refuses, with etcd's texts. What can be checked without state (empty keys, sizes, duplicate
//! keys of a transaction) is the doors' business.

mod apply;
pub mod bugs;
mod codec;
pub mod command;
mod digest;
mod error;
pub mod event;
mod history;
mod index;
mod leases;
mod limits;
pub mod machine;
mod open;
mod owed;
mod pins;
mod read;
mod read_txn;
mod reclaim;
mod record;
pub mod request;
mod select;
mod state;
mod txn;
mod values;
mod writer;

#[cfg(test)]
mod tests;

pub use codec::fuzz;
pub use command::{Command, Entry, Reply};
pub use event::{Event, EventKind, Revision};
pub use limits::KEY_BYTES_MAX;
pub use machine::{Applied, Cold, LeaseInfo, Machine, Options, Reclaimable};
pub use owed::Owed;
pub use request::*;
