//! What a fetch asks for and is answered, apart from the records.

use std::sync::Arc;

use super::{Slot, Topic};
use crate::{ErrorCode, limits::FETCH_TOPIC_ID_VERSION_MIN};

/// A partition to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The topic.
    pub topic: Topic,
    /// The partition's number.
    pub partition: i32,
    /// The first offset that is wanted.
    pub fetch_offset: i64,
    /// Bytes of this partition at most.
    pub max_bytes: i32,
    /// The leader epoch that the consumer knows; -1 is none (KIP-320).
    pub leader_epoch: i32,
    /// The epoch of the last record that it has; -1 is none (KIP-595).
    pub last_fetched_epoch: i32,
}

/// A Fetch request, as far as sessions go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchRequest {
    /// Who asks.
    pub principal: Arc<str>,
    /// The version; from 13 on topics are named by id.
    pub version: i16,
    /// The session's id, 0 if there is none.
    pub session_id: i32,
    /// The epoch: 0 begins a session, -1 ends it.
    pub epoch: i32,
    /// What to read: everything, or in a session what is new or changed.
    pub partitions: Vec<Wanted>,
    /// What is not to be read any more in a session.
    pub forgotten: Vec<(Topic, i32)>,
}

impl FetchRequest {
    pub(super) fn by_id(&self) -> bool {
        self.version >= FETCH_TOPIC_ID_VERSION_MIN
    }
}

/// What the reader found in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    /// Which partition it is.
    pub slot: Slot,
    /// Bytes of records that were read.
    pub records_bytes: usize,
    /// The high watermark; -1 with an error.
    pub high_watermark: i64,
    /// The first offset of the log; -1 with an error.
    pub log_start_offset: i64,
    /// What went wrong.
    pub error: ErrorCode,
    /// Whether the consumer is to read from another replica (KIP-392).
    pub has_preferred_replica: bool,
    /// Whether the consumer has to cut what it has (KIP-595).
    pub is_diverging: bool,
    /// Whether there is nothing more to read: until it moves, it need not be looked at again.
    pub is_at_end: bool,
    /// The answer itself, which is handed through.
    pub payload: T,
}

/// A partition that a session has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which partition it is.
    pub slot: Slot,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Its place in the order in which partitions are read.
    pub order: u64,
    /// The high watermark that the consumer knows; -1 is none.
    pub high_watermark: i64,
    /// The log start that it knows; -1 is none.
    pub log_start_offset: i64,
}

impl Due {
    /// Whether the consumer knows all of this already, and nothing is left to read.
    pub fn is_quiet<T>(&self, outcome: &Outcome<T>) -> bool {
        outcome.is_at_end
            && outcome.error.is_none()
            && !outcome.is_diverging
            && (outcome.high_watermark, outcome.log_start_offset) == (self.high_watermark, self.log_start_offset)
    }
}

/// A partition of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchAnswer<T> {
    /// The topic, as it was named in the request.
    pub topic: Topic,
    /// The partition's number.
    pub partition: i32,
    /// What the reader handed in.
    pub payload: T,
}

/// What a fetch is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchReply<T> {
    /// What is wrong with the session.
    pub error: ErrorCode,
    /// The session to go on with; 0 is none.
    pub session_id: i32,
    /// The partitions, in the order in which they were read.
    pub partitions: Vec<FetchAnswer<T>>,
}
