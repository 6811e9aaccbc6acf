//! JoinGroup, step by step.

use super::{Join, State, Ticket, member::Member, turn::Turn};
use crate::{
    ErrorCode,
    limits::{
        ENTRY_OVERHEAD_BYTES, GROUP_BYTES_MAX, GROUP_MEMBERS_MAX, MEMBER_BYTES_MAX, MEMBER_PROTOCOLS_MAX,
        NEW_MEMBER_JOIN_TIMEOUT_MS,
    },
};

impl Turn<'_> {
    /// `random` is where a new member's id comes from.
    pub(super) fn join(&mut self, join: &Join, ticket: Ticket, random: u128) {
        if !self.accepts(&join.member_id) {
            self.remove_member(&join.member_id);
            self.refuse_join(ticket, ErrorCode::GroupMaxSizeReached, "");
        } else if join.member_id.is_empty() {
            self.join_new(join, ticket, random);
        } else {
            self.join_known(join, ticket);
        }
    }

    /// While members join, those count who have; afterwards all do.
    fn accepts(&self, member_id: &str) -> bool {
        let (group, max) = (&self.group, self.settings.members_max());
        match group.state {
            State::Empty | State::Dead => true,
            State::PreparingRebalance => {
                group.member(member_id).is_some_and(|member| member.join.is_some()) || group.awaiting_join() < max
            }
            State::CompletingRebalance | State::Stable => group.member(member_id).is_some() || group.members().len() < max,
        }
    }

    fn join_new(&mut self, join: &Join, ticket: Ticket, random: u128) {
        if let Err(error) = self.check_join(join, &join.member_id) {
            return self.refuse_join(ticket, error, "");
        }
        let member_id = join.new_member_id(random);
        if self.group.member(&member_id).is_some() || self.group.pending.contains_key(&member_id) {
            return self.refuse_join(ticket, ErrorCode::CoordinatorNotAvailable, "");
        }
        match &join.instance_id {
            Some(instance_id) => match self.group.instance(instance_id).map(str::to_owned) {
                Some(old_id) => self.replace_static_member(join, instance_id, &old_id, &member_id, ticket),
                None => self.add_member(join, &member_id, ticket),
            },
            None if join.needs_known_id() => self.give_id(join, member_id, ticket),
            None => self.add_member(join, &member_id, ticket),
        }
    }

    /// The client has to come again with the id, so that one that gives up and repeats does not leave members behind (KIP-394).
    fn give_id(&mut self, join: &Join, member_id: String, ticket: Ticket) {
        if self.group.pending.len() >= GROUP_MEMBERS_MAX {
            return self.refuse_join(ticket, ErrorCode::CoordinatorNotAvailable, "");
        }
        let void_at = self.in_ms(u64::try_from(join.session_timeout_ms).unwrap_or(0));
        self.group.add_pending(member_id.clone(), void_at);
        self.refuse_join(ticket, ErrorCode::MemberIdRequired, &member_id);
    }

    fn join_known(&mut self, join: &Join, ticket: Ticket) {
        let member_id = join.member_id.as_str();
        if let Err(error) = self.check_join(join, member_id) {
            return self.refuse_join(ticket, error, member_id);
        }
        if self.group.pending.contains_key(member_id) {
            if join.instance_id.is_some() {
                return self.refuse_join(ticket, ErrorCode::UnknownServerError, member_id);
            }
            return self.add_member(join, member_id, ticket);
        }
        if let Err(error) = self.group.check_member(member_id, join.instance_id.as_deref()) {
            return self.refuse_join(ticket, error, member_id);
        }
        let unchanged = self.group.member(member_id).is_some_and(|member| member.protocols == join.protocols);
        match self.group.state {
            State::CompletingRebalance if unchanged => self.answer_join(ticket, self.group.joined_reply(member_id)),
            State::Stable if unchanged && !self.group.is_leader(member_id) => {
                self.answer_join(ticket, self.group.joined_reply(member_id));
            }
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                self.group.update(member_id, join);
                self.park_join(member_id, ticket);
                self.rebalance_or_complete_join();
            }
            State::Empty | State::Dead => self.refuse_join(ticket, ErrorCode::UnknownMemberId, member_id),
        }
    }

    fn check_join(&self, join: &Join, member_id: &str) -> Result<(), ErrorCode> {
        if self.group.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if !self.group.supports(&join.protocol_type, &join.protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        self.check_room(join, member_id)
    }

    /// What a member costs is bounded, for itself, in its group and in all.
    fn check_room(&self, join: &Join, member_id: &str) -> Result<(), ErrorCode> {
        // An id that is given out is the client's or instance's with a UUID.
        let id_bytes = join.client_id.len() + join.instance_id.as_ref().map_or(0, String::len) + 37;
        let offered: usize = join.protocols.iter().map(|protocol| protocol.name.len() + protocol.metadata.len()).sum();
        let needed = ENTRY_OVERHEAD_BYTES + 2 * id_bytes + join.client_host.len() + join.protocol_type.len() + offered;
        if needed > MEMBER_BYTES_MAX || join.protocols.len() > MEMBER_PROTOCOLS_MAX {
            return Err(ErrorCode::MessageTooLarge);
        }
        let has = self.group.member(member_id).map_or(0, |member| member.bytes(member_id) - member.assignment.len());
        let growth = needed.saturating_sub(has);
        if growth > 0 && self.group.bytes + growth > GROUP_BYTES_MAX {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        if growth > self.bytes_left { Err(ErrorCode::CoordinatorNotAvailable) } else { Ok(()) }
    }

    fn add_member(&mut self, join: &Join, member_id: &str, ticket: Ticket) {
        if self.group.state == State::PreparingRebalance && self.group.previous == State::Empty {
            self.group.new_member_added = true;
        }
        if self.group.members().is_empty() {
            self.group.set_protocol_type(Some(join.protocol_type.clone()));
        }
        self.group.insert(member_id.to_owned(), Member::new(join));
        self.park_join(member_id, ticket);
        // It has no id yet to send heartbeats with, so its session does not count; but who gave up must not stay for ever.
        let at = self.in_ms(NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.group.expire_at(member_id, at);
        self.rebalance_or_complete_join();
    }
}
