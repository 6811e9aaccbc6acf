//! One step of one group.

use super::{
    Effect, JoinReply, Reply, Settings, State, StoreId, SyncReply, Ticket,
    group::Group,
    stores::{Intent, Stores},
};
use crate::ErrorCode;

/// A group, what time it is, and where to put what follows. The steps themselves stand in `joining`, `static_members`,
/// `rebalancing`, `syncing`, `leaving` and `expiring`.
pub(super) struct Turn<'a> {
    pub(super) now_ms: u64,
    pub(super) settings: &'a Settings,
    pub(super) group: &'a mut Group,
    pub(super) stores: &'a mut Stores,
    /// Bytes that all groups may still grow by.
    pub(super) bytes_left: usize,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    pub(super) fn in_ms(&self, timeout_ms: u64) -> u64 {
        self.now_ms.saturating_add(timeout_ms)
    }

    pub(super) fn answer(&mut self, ticket: Ticket, reply: Reply) {
        self.effects.push(Effect::Answer { ticket, reply });
    }

    pub(super) fn answer_join(&mut self, ticket: Ticket, reply: JoinReply) {
        self.answer(ticket, Reply::Join(reply));
    }

    pub(super) fn refuse_join(&mut self, ticket: Ticket, error: ErrorCode, member_id: &str) {
        self.answer_join(ticket, JoinReply::refused(error, member_id));
    }

    pub(super) fn refuse_sync(&mut self, ticket: Ticket, error: ErrorCode) {
        self.answer(ticket, Reply::Sync(SyncReply::refused(error)));
    }

    /// A member is heard of: its session begins anew.
    pub(super) fn renew_session(&mut self, member_id: &str) {
        self.group.renew_session(member_id, self.now_ms);
    }

    /// Takes a member out and tells whoever waited for it that it is none any more.
    pub(super) fn remove_member(&mut self, member_id: &str) {
        let Some(member) = self.group.remove(member_id) else { return };
        if let Some(ticket) = member.join {
            self.refuse_join(ticket, ErrorCode::UnknownMemberId, "");
        }
        if let Some(ticket) = member.sync {
            self.refuse_sync(ticket, ErrorCode::UnknownMemberId);
        }
    }

    /// Lets a join wait for the rebalance.
    pub(super) fn park_join(&mut self, member_id: &str, ticket: Ticket) {
        if let Some(earlier) = self.group.park_join(member_id, ticket) {
            self.refuse_join(earlier, ErrorCode::RebalanceInProgress, member_id);
        }
    }

    /// Asks for the group to be stored as it is.
    pub(super) fn store(&mut self, intent: Intent) -> StoreId {
        let group = (!matches!(intent, Intent::Delete)).then(|| self.group.to_stored());
        let id = self.stores.begin(&self.group.id, intent);
        self.group.durable = true;
        self.effects.push(Effect::Store { id, group_id: self.group.id.to_string(), group });
        id
    }

    /// Deletes a group that has no members.
    pub(super) fn delete(&mut self, ticket: Ticket) {
        let error = match self.group.state {
            State::Empty => ErrorCode::None,
            State::Dead => ErrorCode::GroupIdNotFound,
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => ErrorCode::NonEmptyGroup,
        };
        if !error.is_none() {
            self.answer(ticket, Reply::Delete(error));
            return;
        }
        for member_id in self.group.pending.keys().cloned().collect::<Vec<_>>() {
            self.group.remove_pending(&member_id);
        }
        self.group.enter(State::Dead);
        let id = self.store(Intent::Delete);
        self.stores.answer_after(id, ticket, Reply::Delete(ErrorCode::None));
    }
}
