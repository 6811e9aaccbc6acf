//! The configuration store: namespaces, typed keys with all their versions, and an audit trail that can be proved.
//!
//! A [`Machine`] takes [`Command`]s in the order of the log. Each change has a number of its own, the **position**: it is a key's
//! ETag, what a watch resumes from, the number of its audit record, and the size of the trail's Merkle tree with it. The record
//! is written by the command that makes the change, so there is none without it.
//!
//! `apply` reads no disk: memory holds every key's newest version but for its value. Values and versions lie in the shard's
//! table. A value that is too long for one command comes ahead of it in chunks; an import is staged in parts that nobody sees and
//! becomes visible at one moment; a namespace is deleted in one step, however many keys it has. What that leaves behind is
//! cleaned up little by little with the commands that follow ([`Machine::wants_sweep`]) and with the settles
//! ([`Machine::reclaim`]).
//!
//! Reads run beside it: keys as they are or were, lists, the audit trail by what it was about, changes in order
//! ([`Machine::events`]), and proofs. [`diff`], [`merkle`] and [`checkpoint`] need no machine.

mod answers;
mod apply;
pub mod audit;
pub mod bugs;
mod check;
pub mod checkpoint;
mod chunks;
mod codec;
pub mod command;
pub mod diff;
mod error;
mod fields;
mod import;
pub mod json;
mod keys;
mod limits;
pub mod machine;
pub mod merkle;
mod names;
mod open;
mod prove;
mod read;
mod reclaim;
mod record;
pub mod request;
mod scan;
mod state;
pub mod told;
pub mod topics;
mod tree;
mod upkeep;
pub mod value;
mod values;
mod versions;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::{Action, NamespaceId, Record};
pub use codec::fuzz;
pub use command::{Changed, Command, Entry, Progress, Reply, Trim, TrimItem, Written};
pub use error::{is_publishing, publishing};
pub use keys::StoreId;
pub use limits::{
    CHUNK_BYTES_MAX, COMMENT_BYTES_MAX, CUT_BYTES, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX, IMPORT_PARTS_MAX, IMPORTS_MAX,
    INLINE_BYTES_MAX, KEY_BYTES_MAX, NAME_BYTES_MAX, NAMESPACE_BYTES_MAX, NAMESPACE_PARTS_MAX, NAMESPACES_MAX, PAGE_MAX,
    VALUE_BYTES_MAX, VALUE_CHUNKS_MAX, VERSIONS_KEPT, VERSIONS_MAX,
};
pub use machine::{Applied, Cold, Machine, Options, Reclaimable};
pub use names::{check_key, check_namespace};
pub use read::{Content, Counts, ListQuery, NamespaceInfo, Page, Stored};
pub use request::{Condition, Context, Expect, Operation, Put, Refused, Settings, Transaction, Who};
pub use scan::{AuditPage, AuditQuery, Audited, Event, Events, Filter, Order, Topic};
pub use value::{Hash, Value, ValueType, sha256};
pub use versions::At;
