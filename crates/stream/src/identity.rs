//! What a partition is called, and where something stands in the log.

/// A topic: the UUID that the catalogue gave it, never used again for another one (KIP-516).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u128);

/// One partition of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// Its topic.
    pub topic: TopicId,
    /// Its number within the topic, from 0.
    pub partition: u32,
}

/// Where a command stands in the shard's log; a later command has a greater one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Of the entry.
    pub index: u64,
    /// The byte of the entry's payload at which the command begins.
    pub at: u32,
}
