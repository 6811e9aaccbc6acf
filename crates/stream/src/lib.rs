//! One shard's partitions, idempotent producers and consumer groups: a deterministic machine, and the reads beside it.
//!
//! A [`Machine`] takes [`Command`]s in the order of the log. An append gives a batch its offsets and remembers where in the
//! journal it lies; the bytes of records are never copied. What is durable of partitions, producers, groups and offsets goes into
//! the shard's table: groups and offsets with each change, partitions and producers, which change with every append, when the
//! table is sealed ([`Machine::flush`]).
//!
//! A settle moves batches from the journal into segments: it is told which ([`Machine::begin_settle`]), and when they are durable
//! the index forgets them ([`Machine::settled`]). After a start the index is empty; the log's tail, applied again, fills it.
//!
//! A group is here what must outlive its coordinator: generation, members, assignments, offsets. Timers and joins under way are
//! the coordinator's. Batches of transactions and control batches are refused.

mod append;
mod apply;
mod apply_group;
pub mod bugs;
mod codec;
pub mod command;
mod digest;
mod epochs;
mod error;
mod fields;
pub mod group;
mod groups;
mod header;
pub mod identity;
mod index;
mod limits;
mod links;
pub mod machine;
mod open;
mod partition;
mod partitions;
mod producer;
mod producers;
mod read;
mod record;
mod refusal;
mod sequences;
mod settle;
mod slab;
mod slots;
mod state;

#[cfg(test)]
mod tests;

pub use codec::fuzz;
pub use command::{Appended, Command, Entry, OffsetCommit, OffsetItem, Reply};
pub use group::{Committed, Group, GroupState, Member};
pub use identity::{PartitionId, Position, TopicId};
pub use index::BatchRef;
pub use limits::{
    GROUP_MEMBERS_MAX, GROUP_NAME_BYTES_MAX, GROUP_OFFSETS_MAX, GROUP_STATE_BYTES_MAX, GROUPS_BYTES_MAX,
    OFFSET_METADATA_BYTES_MAX, PRODUCER_EXPIRY_MS, PRODUCER_IDS_MAX, PRODUCERS_MAX,
};
pub use machine::{Applied, Machine, Moved, Options};
pub use partition::PartitionInfo;
pub use producer::ProducerInfo;
pub use read::{Expired, GroupSummary, Place};
pub use refusal::Refusal;
pub use settle::{Batches, Settling};
