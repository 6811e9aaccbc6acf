//! SyncGroup: the leader brings the assignments, everybody takes theirs.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    Effect, Reply, State, Sync, Ticket,
    stores::{Intent, StoreFailure},
    turn::Turn,
};
use crate::{ErrorCode, limits::GROUP_BYTES_MAX};

impl Turn<'_> {
    pub(super) fn sync(&mut self, sync: &Sync, ticket: Ticket) {
        if let Err(error) = self.check_sync(sync) {
            return self.refuse_sync(ticket, error);
        }
        match self.group.state {
            State::CompletingRebalance => self.sync_completing(sync, ticket),
            State::Stable => {
                self.sync_received(&sync.member_id);
                let reply = self.sync_reply(&sync.member_id);
                self.answer(ticket, Reply::Sync(reply));
            }
            State::Empty | State::Dead | State::PreparingRebalance => {
                self.refuse_sync(ticket, ErrorCode::RebalanceInProgress);
            }
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), ErrorCode> {
        let group = &self.group;
        match group.state {
            State::Dead => return Err(ErrorCode::CoordinatorNotAvailable),
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {}
        }
        group.check_member(&sync.member_id, sync.instance_id.as_deref())?;
        if sync.generation != group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differs = |said: &Option<String>, is: Option<&String>| said.is_some() && said.as_ref() != is;
        let other = differs(&sync.protocol_type, group.protocol_type()) || differs(&sync.protocol, group.protocol.as_ref());
        if other { Err(ErrorCode::InconsistentGroupProtocol) } else { Ok(()) }
    }

    fn sync_completing(&mut self, sync: &Sync, ticket: Ticket) {
        let Some(member) = self.group.member_mut(&sync.member_id) else { return };
        if let Some(earlier) = member.sync.replace(ticket) {
            self.refuse_sync(earlier, ErrorCode::RebalanceInProgress);
        }
        self.sync_received(&sync.member_id);
        if self.group.is_leader(&sync.member_id) && self.group.assigning.is_none() {
            self.store_assignments(sync);
        }
    }

    fn sync_received(&mut self, member_id: &str) {
        self.group.owe_sync(member_id, false);
        if self.group.all_synced() {
            self.group.sync_deadline = None;
        }
    }

    /// A member that the leader forgot gets an empty assignment; one that the leader made up gets none.
    fn store_assignments(&mut self, sync: &Sync) {
        let mut assignments: BTreeMap<String, Bytes> =
            self.group.members().keys().map(|member_id| (member_id.clone(), Bytes::new())).collect();
        for (member_id, assignment) in &sync.assignments {
            if let Some(place) = assignments.get_mut(member_id) {
                *place = Bytes::copy_from_slice(assignment);
            }
        }
        let before: usize = self.group.members().values().map(|member| member.assignment.len()).sum();
        let after: usize = assignments.values().map(Bytes::len).sum();
        if self.group.bytes - before + after > GROUP_BYTES_MAX {
            return self.assignments_failed(StoreFailure::TooLarge.error());
        }
        if after.saturating_sub(before) > self.bytes_left {
            return self.assignments_failed(ErrorCode::CoordinatorNotAvailable);
        }
        let mut stored = self.group.to_stored();
        for member in &mut stored.members {
            member.assignment = assignments.get(&member.member_id).cloned().unwrap_or_default();
        }
        let intent = Intent::Assign { generation: self.group.generation, assignments };
        let id = self.stores.begin(&self.group.id, intent);
        (self.group.assigning, self.group.durable) = (Some(id), true);
        self.effects.push(Effect::Store { id, group_id: self.group.id.to_string(), group: Some(stored) });
    }

    /// The assignments are durable, or not. Another generation has nothing to do with them.
    pub(super) fn finish_assignments(
        &mut self,
        generation: i32,
        assignments: BTreeMap<String, Bytes>,
        result: Result<(), StoreFailure>,
    ) {
        if self.group.state != State::CompletingRebalance || self.group.generation != generation {
            return;
        }
        if let Err(failure) = result {
            return self.assignments_failed(failure.error());
        }
        self.group.assigning = None;
        for (member_id, assignment) in assignments {
            self.group.assign(&member_id, assignment);
        }
        self.group.enter(State::Stable);
        self.answer_syncs(ErrorCode::None);
    }

    fn assignments_failed(&mut self, error: ErrorCode) {
        self.refuse_assignments(error);
        self.rebalance_or_complete_join();
    }
}
