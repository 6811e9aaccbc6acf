//! The machine of shard 0: the cluster's own state. Members, the number of data shards, the catalogue of key spaces and of
//! [topics](catalogue), and who is known and what they may do ([principals]). Beside it: what the [settings] of topics mean.
//!
//! Deterministic: `apply` reads no disk, clock or randomness; what it changes it writes into the shard's table, from which
//! [`Machine::open`] reads it back.
//!
//! A change of membership is a job recorded here and done elsewhere. A [`Command`] says what is wanted (a member is
//! [`Joining`](MemberStanding::Joining) or [`Leaving`](MemberStanding::Leaving)); each shard's leader asks [`plan`] for the next
//! step of its own group until there is none; when every shard is there, another command says so
//! ([`Activate`](Command::Activate), [`ForgetMember`](Command::ForgetMember)). Whoever leads takes the job up where it stands:
//! every command and every step may be repeated.

//!
//! What nodes write for each other to read (entries, messages, records) has versions, and a cluster is upgraded node by node, so
//! a build writes what it knows best only when every member reads it: the cluster's [level](Machine::level) says what may be
//! written. It is [raised](Command::Raise) by an operator; until then there is a way back to the build before, and what needs a
//! later level is [refused](Machine::check_level). A new cluster begins at what its founders read.

pub mod catalogue;
mod codec;
mod command;
pub mod errors;
pub mod limits;
mod machine;
mod member;
pub mod plan;
pub mod principals;
mod record;
pub mod settings;

pub use command::{Command, Reply};
pub use machine::Machine;
pub use member::{Member, MemberStanding};

use base::{KeyspaceId, ShardId};

/// The oldest level of formats that this build reads, and the one of a cluster whose founders do not say what they read.
pub const LEVEL_FIRST: u32 = 1;

/// The greatest level of formats that this build reads and writes. Level 2 came with topics and principals, level 3 with
/// configuration stores and API keys.
pub const LEVEL: u32 = 3;

/// An entry of the catalogue of key spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyspaceEntry {
    /// Its id, from 1.
    pub id: KeyspaceId,
    /// Its name, unique.
    pub name: String,
    /// The shard it lives in.
    pub shard: ShardId,
}
