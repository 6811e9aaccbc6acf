//! What the coordinator wants done.

use super::{JoinReply, LeaveReply, StoredGroup, SyncReply};
use crate::ErrorCode;

/// The name that the caller gave a request, under which it is answered. No two requests may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The name of one wish to store a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub u64);

/// What the caller has to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answer a request.
    Answer {
        /// Which one.
        ticket: Ticket,
        /// With what.
        reply: Reply,
    },
    /// Propose the durable half of a group, and tell [`super::Coordinator::stored`] what became of it.
    Store {
        /// The name under which to tell.
        id: StoreId,
        /// The group's name.
        group_id: String,
        /// The group as it shall be; nothing if it and its offsets shall be gone.
        group: Option<StoredGroup>,
    },
}

/// An answer to a request that may have waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To JoinGroup.
    Join(JoinReply),
    /// To SyncGroup.
    Sync(SyncReply),
    /// To LeaveGroup.
    Leave(LeaveReply),
    /// To the deletion of one group of DeleteGroups.
    Delete(ErrorCode),
}
