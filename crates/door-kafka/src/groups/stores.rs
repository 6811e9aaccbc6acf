//! What is on its way into the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::{Protocol, Reply, StoreId, Ticket};
use crate::ErrorCode;

/// Why a group could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// This node leads the shard no more.
    NotLeader,
    /// It took too long, or there is no quorum; whether it was stored is not known.
    Unavailable,
    /// The entry is too large.
    TooLarge,
}

impl StoreFailure {
    /// What those who waited are told, as in Kafka.
    pub(super) fn error(self) -> ErrorCode {
        match self {
            StoreFailure::NotLeader => ErrorCode::NotCoordinator,
            StoreFailure::Unavailable => ErrorCode::CoordinatorNotAvailable,
            StoreFailure::TooLarge => ErrorCode::UnknownServerError,
        }
    }
}

/// A static member that was replaced in a stable group: what it was before, and who waits.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) instance_id: String,
    pub(super) old_member_id: String,
    pub(super) new_member_id: String,
    pub(super) old_leader: Option<String>,
    pub(super) old_protocols: Vec<Protocol>,
    pub(super) old_session_timeout_ms: i32,
    pub(super) old_rebalance_timeout_ms: i32,
    pub(super) ticket: Ticket,
    pub(super) knows_skip_assignment: bool,
}

/// What happens once a group is durable.
#[derive(Debug)]
pub(super) enum Intent {
    /// The members of this generation get their assignments.
    Assign { generation: i32, assignments: BTreeMap<String, Bytes> },
    /// Nothing: the group lost its last member.
    Emptied,
    /// A static member's join is answered without a rebalance.
    Replace(Box<Replacement>),
    /// The group is forgotten.
    Delete,
}

/// One wish to store.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) group_id: String,
    pub(super) intent: Intent,
    /// Answers that are given as they are once it is durable.
    pub(super) answers: Vec<(Ticket, Reply)>,
}

/// All wishes that were not answered yet.
#[derive(Debug, Default)]
pub(super) struct Stores {
    last: u64,
    in_flight: FxHashMap<StoreId, InFlight>,
}

impl Stores {
    pub(super) fn begin(&mut self, group_id: &str, intent: Intent) -> StoreId {
        self.last += 1;
        let id = StoreId(self.last);
        self.in_flight.insert(id, InFlight { group_id: group_id.to_owned(), intent, answers: Vec::new() });
        id
    }

    pub(super) fn len(&self) -> usize {
        self.in_flight.len()
    }

    pub(super) fn answer_after(&mut self, id: StoreId, ticket: Ticket, reply: Reply) {
        if let Some(store) = self.in_flight.get_mut(&id) {
            store.answers.push((ticket, reply));
        }
    }

    pub(super) fn take(&mut self, id: StoreId) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// All of them, oldest first.
    pub(super) fn take_all(&mut self) -> Vec<InFlight> {
        let mut all: Vec<_> = self.in_flight.drain().collect();
        all.sort_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, store)| store).collect()
    }
}
