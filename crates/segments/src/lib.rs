//! Settled segments of streams: immutable files, each with runs of record batches of many partitions.
//!
//! The journal holds what was produced in the order in which it came, of all partitions together. A settle sorts what a shard has
//! there by (partition, offset) and writes it as one segment, so that a reader of one partition finds its batches side by side and
//! the journal can be trimmed. 100,000 partitions are 100,000 short runs in a few files, not 100,000 files.
//!
//! Which segments are live is not decided here: the shard's settled tree names them, and changes that list in the same atomic step
//! as everything else that a settle changes. The order is always the same. A [`Writer`] or a [`Merger`] writes a file and syncs it;
//! the caller commits a list of [`SegmentMeta`] that names it; [`Store::adopt`] makes it visible. A crash before the commit leaves a
//! file that nobody names, and [`Store::open`] removes it; a crash after it leaves what the commit says. Files that are not named
//! any more are removed when their last reader is done.
//!
//! A [`Store`] knows every run of every live segment in 48 bytes each, from the segments' run tables; batches stay on disk. A read
//! finds its run in memory, its block in the run's list of marks, and checks all that it reads before it gives any of it: each batch
//! against its own CRC-32C, and what that does not cover (offsets, lengths, leader epochs, the order of batches) against the CRC of
//! its block. Damage is an error that names the segment, never wrong bytes: the node is then rebuilt from its peers.
//!
//! Segments are written once and never changed. What is not needed of them any more is dead: batches below a log start, partitions
//! that were dropped, runs that were merged elsewhere. [`plan()`] says what is worth moving together, and why; a merge goes in steps as
//! small as the caller wants, and may be given up. Since a segment's id means the same bytes on every node, a snapshot is a list of
//! ids, and a receiver fetches the files that it lacks: [`Store::export`], [`Store::import`].
//!
//! `docs/formats/segments.md` draws the file; [`inspect`] walks over one without a commit.

pub mod batch;
mod error;
pub mod format;
pub mod fuzz;
mod index;
pub mod inspect;
mod key;
pub mod limits;
mod merge;
mod meta;
mod plan;
mod read;
mod retention;
mod run;
mod segment;
mod ship;
mod store;
mod writer;
mod yard;

pub use key::{PartitionKey, SegmentId, file_name, segment_of};
pub use merge::{Merged, Merger};
pub use meta::SegmentMeta;
pub use plan::{Moved, Plan, PlanOptions, RunShape, SegmentShape, Shape, plan};
pub use read::Chunk;
pub use retention::{Piece, Retention, retention_cut};
pub use ship::{Arrival, Export, Hold, Import};
pub use store::{Extent, Stats, Store};
pub use writer::Writer;
