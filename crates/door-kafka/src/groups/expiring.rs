//! What time does to a group.

use super::{State, turn::Turn};

impl Turn<'_> {
    /// Does everything that is due.
    pub(super) fn expire(&mut self) {
        self.expire_pending();
        self.expire_members();
        if let Some(timer) = self.group.join_timer.filter(|timer| timer.at() <= self.now_ms) {
            self.join_time_is_up(timer);
        }
        if self.group.sync_deadline.is_some_and(|at| at <= self.now_ms) {
            self.sync_time_is_up();
        }
    }

    fn expire_pending(&mut self) {
        let due = self.group.pending.iter().filter(|(_, at)| **at <= self.now_ms);
        let mut due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        due.sort();
        for member_id in &due {
            self.group.remove_pending(member_id);
        }
        if !due.is_empty() {
            self.complete_join_if_all_joined();
        }
    }

    /// A session that ends while its member waits for others is looked at again when that ends.
    fn expire_members(&mut self) {
        for member_id in self.group.member_ids() {
            let now_ms = self.now_ms;
            let Some(member) = self.group.member_mut(&member_id) else { continue };
            if member.expires_at.is_none_or(|at| at > now_ms) {
                continue;
            }
            member.expires_at = None;
            if !member.is_excused() {
                self.remove_member(&member_id);
                self.rebalance_without_member();
            }
        }
    }

    fn rebalance_without_member(&mut self) {
        match self.group.state {
            State::Stable | State::CompletingRebalance => self.rebalance_or_complete_join(),
            State::PreparingRebalance => self.complete_join_if_all_joined(),
            State::Empty | State::Dead => {}
        }
    }

    fn complete_join_if_all_joined(&mut self) {
        if self.group.state == State::PreparingRebalance && self.group.all_joined() {
            self.complete_join();
        }
    }

    /// Who was told of the generation and never asked for its assignment is gone, static or not.
    fn sync_time_is_up(&mut self) {
        self.group.sync_deadline = None;
        if !matches!(self.group.state, State::CompletingRebalance | State::Stable) {
            return;
        }
        let owing = self.group.members().iter().filter(|(_, member)| member.owes_sync);
        let owing: Vec<String> = owing.map(|(id, _)| id.clone()).collect();
        owing.iter().for_each(|member_id| self.remove_member(member_id));
        if !owing.is_empty() {
            self.prepare_rebalance();
        }
    }
}
