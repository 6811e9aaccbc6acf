//! The machine of shard 0: members, shards, the catalogue of key spaces.

/// Answer of a command to the cluster machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
}
