//! Static members (KIP-345): one that comes back under a new id takes its old place.

use super::{
    Join, JoinReply, State, Ticket,
    stores::{Intent, Replacement, StoreFailure},
    turn::Turn,
};
use crate::{ErrorCode, limits::STORES_IN_FLIGHT_MAX};

impl Turn<'_> {
    /// In a stable group whose protocol stays the same this costs no rebalance: the new id is stored, and the member goes on with
    /// the old one's assignment.
    pub(super) fn replace_static_member(&mut self, join: &Join, instance_id: &str, old_id: &str, new_id: &str, ticket: Ticket) {
        if self.stores.len() >= STORES_IN_FLIGHT_MAX {
            return self.refuse_join(ticket, ErrorCode::CoordinatorNotAvailable, "");
        }
        let old_leader = self.group.leader.clone();
        self.rename_static_member(old_id, new_id);
        let Some(member) = self.group.member(new_id) else { return };
        let replacement = Replacement {
            instance_id: instance_id.to_owned(),
            old_member_id: old_id.to_owned(),
            new_member_id: new_id.to_owned(),
            old_leader,
            old_protocols: member.protocols.clone(),
            old_session_timeout_ms: member.session_timeout_ms,
            old_rebalance_timeout_ms: member.rebalance_timeout_ms,
            ticket,
            knows_skip_assignment: join.knows_skip_assignment(),
        };
        self.group.update(new_id, join);
        self.park_join(new_id, ticket);
        match self.group.state {
            State::Stable if self.group.protocol == self.group.select_protocol() => {
                self.store(Intent::Replace(Box::new(replacement)));
            }
            State::Stable => self.rebalance_or_complete_join(),
            // The leader may have been told of the old id already, and would assign nothing to the new one.
            State::CompletingRebalance => self.prepare_rebalance(),
            State::PreparingRebalance => self.maybe_complete_join(),
            State::Empty | State::Dead => self.refuse_parked_join(new_id, ErrorCode::UnknownMemberId),
        }
    }

    /// Whoever waits under the old id is fenced at once.
    fn rename_static_member(&mut self, old_id: &str, new_id: &str) {
        self.refuse_parked_join(old_id, ErrorCode::FencedInstanceId);
        if let Some(ticket) = self.group.member_mut(old_id).and_then(|member| member.sync.take()) {
            self.refuse_sync(ticket, ErrorCode::FencedInstanceId);
        }
        self.group.rename(old_id, new_id);
        if let Some(member) = self.group.member_mut(new_id) {
            member.is_new = false;
        }
        self.renew_session(new_id);
    }

    fn refuse_parked_join(&mut self, member_id: &str, error: ErrorCode) {
        if let Some(ticket) = self.group.take_join(member_id) {
            self.refuse_join(ticket, error, member_id);
        }
    }

    /// The new id is durable, or not. If a rebalance has come in between, it has the join.
    pub(super) fn finish_replacement(&mut self, replacement: Replacement, result: Result<(), StoreFailure>) {
        let new_id = replacement.new_member_id.as_str();
        let waits = self.group.member(new_id).and_then(|member| member.join) == Some(replacement.ticket);
        if !waits || self.group.state != State::Stable {
            return;
        }
        self.group.take_join(new_id);
        // It was excused while it waited.
        self.renew_session(new_id);
        let reply = match result {
            Ok(()) if replacement.knows_skip_assignment => {
                JoinReply { skip_assignment: self.group.is_leader(new_id), ..self.group.joined_reply(new_id) }
            }
            // A client that cannot skip the assignment must not believe that it leads: it would assign, which needs a rebalance.
            Ok(()) => JoinReply {
                leader: replacement.old_leader.unwrap_or_default(),
                members: Vec::new(),
                ..self.group.joined_reply(new_id)
            },
            Err(failure) => {
                let reply = JoinReply {
                    error: failure.error(),
                    leader: replacement.old_leader.clone().unwrap_or_default(),
                    members: Vec::new(),
                    ..self.group.joined_reply("")
                };
                self.undo_replacement(&replacement);
                reply
            }
        };
        self.answer_join(replacement.ticket, reply);
    }

    fn undo_replacement(&mut self, replacement: &Replacement) {
        let (old_id, new_id) = (replacement.old_member_id.as_str(), replacement.new_member_id.as_str());
        if self.group.instance(&replacement.instance_id) != Some(new_id) {
            return;
        }
        self.group.change(new_id, |member| {
            member.protocols = replacement.old_protocols.clone();
            member.session_timeout_ms = replacement.old_session_timeout_ms;
            member.rebalance_timeout_ms = replacement.old_rebalance_timeout_ms;
        });
        self.rename_static_member(new_id, old_id);
    }
}
