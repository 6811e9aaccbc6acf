//! What travels through the log to a shard's partitions and groups, and what apply answers.

use base::EntryId;
use bytes::Bytes;

use crate::{
    group::GroupState,
    identity::{PartitionId, Position, TopicId},
};

/// One command of a batch. Encoded with a version; see `docs/formats/stream.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Append one record batch; with the first one the partition comes into being.
    Append {
        /// The term in which it has to be applied, or else it is refused: what a producer sent after it must not be overtaken by it
        /// when the leader changes. 0: any, for those who keep no order.
        term: u64,
        /// Where.
        partition: PartitionId,
        /// A batch of magic 2, checked by the door. Its base offset and leader epoch mean nothing yet.
        batch: Bytes,
    },
    /// Forget what lies before an offset.
    Trim {
        /// Of which.
        partition: PartitionId,
        /// The first offset to keep; -1, or beyond the end: the end. It never moves back.
        log_start: i64,
    },
    /// Forget partitions, who wrote to them, and the offsets that this shard's groups have of them.
    Drop {
        /// Their topic.
        topic: TopicId,
        /// Which; `None`: all of them.
        partitions: Option<Vec<u32>>,
    },
    /// Take producer ids that nobody has and nobody gets again.
    AllocateProducers {
        /// How many.
        count: u32,
    },
    /// The coordinator of `term` stores a group; without effect if the shard's term is another.
    GroupStore {
        /// The proposer's term.
        term: u64,
        /// Its name.
        group: Bytes,
        /// Everything that a coordinator needs to go on.
        state: GroupState,
    },
    /// Keep offsets for a group. A group that is not there comes into being, if nobody claims to be its member.
    OffsetCommit(OffsetCommit),
    /// Forget offsets of a group.
    OffsetDelete {
        /// Its name.
        group: Bytes,
        /// Of which partitions.
        partitions: Vec<PartitionId>,
    },
    /// Forget a group without members, and its offsets.
    GroupDelete {
        /// Its name.
        group: Bytes,
    },
    /// The coordinator of `term` saw that these offsets are too old. One that was committed anew since then stays, and so does one
    /// that is not old by the entry's time ([`Group::expires_ms`](crate::Group::expires_ms)). A group that has neither members nor
    /// offsets then goes too.
    ExpireOffsets {
        /// The proposer's term; without effect if the shard's term is another.
        term: u64,
        /// Its name.
        group: Bytes,
        /// How long offsets are kept, in ms.
        retention_ms: u64,
        /// Of which partitions, and the commit that was looked at.
        offsets: Vec<(PartitionId, Position)>,
    },
}

/// Offsets to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The proposer's term; without effect if the shard's term is another.
    pub term: u64,
    /// The group's name.
    pub group: Bytes,
    /// The member's generation; negative for who is no member.
    pub generation: i32,
    /// Who commits; empty for who is no member.
    pub member: Bytes,
    /// The instance of a static member (KIP-345).
    pub instance: Option<Bytes>,
    /// How long to keep them in ms, as old clients say it (OffsetCommit 2 to 4); negative: as long as is usual.
    pub retention_ms: i64,
    /// What.
    pub offsets: Vec<OffsetItem>,
}

/// One offset to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetItem {
    /// Of which partition.
    pub partition: PartitionId,
    /// The next offset to read.
    pub offset: i64,
    /// Of the last record that was read; -1: not known.
    pub leader_epoch: i32,
    /// What the client leaves with it.
    pub metadata: Bytes,
}

/// The entry a command travels in, and where in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its term and index.
    pub id: EntryId,
    /// The leader's wall clock, never below the last one.
    pub time_ms: u64,
    /// The byte of the entry's payload at which the command begins.
    pub position: u32,
}

impl Entry {
    pub(crate) fn place(&self) -> Position {
        Position { index: self.id.index, at: self.position }
    }
}

/// What apply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Of an append.
    Appended(Appended),
    /// The partition's log start after a trim.
    Trimmed {
        /// The first offset that is kept.
        log_start: i64,
    },
    /// The ids `first .. first + count` are the caller's.
    Producers {
        /// The first of them.
        first: i64,
        /// How many.
        count: u32,
    },
    /// Done, with nothing to say.
    Done,
    /// How many offsets or partitions were forgotten.
    Forgotten {
        /// So many.
        count: usize,
    },
}

/// Where a batch came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Of its first record.
    pub base_offset: i64,
    /// Of its last record.
    pub last_offset: i64,
    /// The first offset that the partition keeps.
    pub log_start: i64,
    /// The leader epoch under which the partition was last written.
    pub epoch: i32,
    /// It was there already, and was not appended again.
    pub is_duplicate: bool,
}
