//! LeaveGroup, step by step.

use super::{Effect, Leave, LeaveReply, Leaver, LeaverReply, Reply, State, Ticket, turn::Turn};
use crate::ErrorCode;

impl Turn<'_> {
    /// The answer waits for the log only if the group lost its last member.
    pub(super) fn leave(&mut self, leave: &Leave, ticket: Ticket) {
        if self.group.state == State::Dead {
            return self.answer(ticket, Reply::Leave(LeaveReply::refused(ErrorCode::CoordinatorNotAvailable)));
        }
        let members: Vec<LeaverReply> = leave.members.iter().map(|leaver| self.leave_one(leaver)).collect();
        let before = self.effects.len();
        if members.iter().any(|member| member.error.is_none()) {
            match self.group.state {
                State::Stable | State::CompletingRebalance => self.rebalance_or_complete_join(),
                State::PreparingRebalance => self.maybe_complete_join(),
                State::Empty | State::Dead => {}
            }
        }
        let stored = self.effects[before..].iter().find_map(|effect| match effect {
            Effect::Store { id, .. } => Some(*id),
            Effect::Answer { .. } => None,
        });
        let reply = Reply::Leave(LeaveReply { error: ErrorCode::None, members });
        match stored {
            Some(id) => self.stores.answer_after(id, ticket, reply),
            None => self.answer(ticket, reply),
        }
    }

    fn leave_one(&mut self, leaver: &Leaver) -> LeaverReply {
        let error = self.try_leave(leaver).err().unwrap_or_default();
        LeaverReply { member_id: leaver.member_id.clone(), instance_id: leaver.instance_id.clone(), error }
    }

    fn try_leave(&mut self, leaver: &Leaver) -> Result<(), ErrorCode> {
        let instance_id = leaver.instance_id.as_deref();
        if leaver.member_id.is_empty() {
            let holder = instance_id.and_then(|instance_id| self.group.instance(instance_id)).map(str::to_owned);
            self.remove_member(&holder.ok_or(ErrorCode::UnknownMemberId)?);
        } else if !self.group.remove_pending(&leaver.member_id) {
            self.group.check_member(&leaver.member_id, instance_id)?;
            self.remove_member(&leaver.member_id);
        }
        Ok(())
    }
}
