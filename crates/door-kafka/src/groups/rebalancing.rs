//! How a rebalance begins, and how the time to join ends.

use bytes::Bytes;

use super::{Reply, State, SyncReply, group::JoinTimer, member::Member, stores::Intent, turn::Turn};
use crate::{ErrorCode, limits::JOIN_RETRY_MS_MIN};

impl Turn<'_> {
    pub(super) fn rebalance_or_complete_join(&mut self) {
        if self.group.state.can_rebalance() {
            self.prepare_rebalance();
        } else {
            self.maybe_complete_join();
        }
    }

    /// Members are to join again. The first rebalance of an empty group waits a while for more of them, whoever is there.
    pub(super) fn prepare_rebalance(&mut self) {
        if self.group.state == State::CompletingRebalance {
            self.refuse_assignments(ErrorCode::RebalanceInProgress);
        }
        self.stop_waiting_for_syncs();
        let is_initial = self.group.state == State::Empty;
        self.group.enter(State::PreparingRebalance);
        let timeout_ms = self.group.rebalance_timeout();
        let delay_ms = self.settings.initial_rebalance_delay_ms;
        if is_initial && delay_ms > 0 {
            let remaining_ms = timeout_ms.saturating_sub(delay_ms);
            self.start_join_timer(JoinTimer::Initial { at: self.in_ms(delay_ms), delay_ms, remaining_ms });
        } else if is_initial || self.group.all_joined() {
            self.complete_join();
        } else {
            self.start_join_timer(JoinTimer::Rebalance { at: self.in_ms(timeout_ms) });
        }
    }

    fn start_join_timer(&mut self, timer: JoinTimer) {
        self.group.join_timer = Some(timer);
        self.group.want(timer.at());
    }

    fn stop_waiting_for_syncs(&mut self) {
        self.group.sync_deadline = None;
        self.group.forgive_syncs();
    }

    /// Everybody is there, and this is not the initial delay.
    pub(super) fn maybe_complete_join(&mut self) {
        let collects = self.group.state == State::PreparingRebalance && self.group.previous != State::Empty;
        if collects && self.group.all_joined() {
            self.complete_join();
        }
    }

    /// The time to join is up, or extended if somebody came during the initial delay.
    pub(super) fn join_time_is_up(&mut self, timer: JoinTimer) {
        self.group.join_timer = None;
        match timer {
            JoinTimer::Initial { delay_ms, remaining_ms, .. } if self.group.new_member_added && remaining_ms > 0 => {
                self.group.new_member_added = false;
                let next_ms = self.settings.initial_rebalance_delay_ms.min(remaining_ms);
                self.start_join_timer(JoinTimer::Initial {
                    at: self.in_ms(next_ms),
                    delay_ms: next_ms,
                    remaining_ms: remaining_ms.saturating_sub(delay_ms),
                });
            }
            JoinTimer::Initial { .. } | JoinTimer::Rebalance { .. } => self.complete_join(),
        }
    }

    /// The next generation begins with those who joined, and with the static members that did not: they keep their place until
    /// their session ends.
    pub(super) fn complete_join(&mut self) {
        self.group.join_timer = None;
        self.group.new_member_added = false;
        let is_gone = |member: &Member| member.join.is_none() && member.instance_id.is_none();
        let gone: Vec<String> =
            self.group.members().iter().filter(|(_, member)| is_gone(member)).map(|(id, _)| id.clone()).collect();
        gone.iter().for_each(|member_id| self.remove_member(member_id));
        if !self.group.elect_joined_leader() && !self.group.members().is_empty() {
            let at = self.in_ms(self.group.rebalance_timeout().max(JOIN_RETRY_MS_MIN));
            return self.start_join_timer(JoinTimer::Rebalance { at });
        }
        self.group.begin_generation();
        if self.group.state == State::Empty {
            self.store(Intent::Emptied);
        } else {
            self.announce_generation();
        }
    }

    fn announce_generation(&mut self) {
        for member_id in self.group.member_ids() {
            if let Some(ticket) = self.group.take_join(&member_id) {
                self.answer_join(ticket, self.group.joined_reply(&member_id));
            }
            self.renew_session(&member_id);
            if let Some(member) = self.group.member_mut(&member_id) {
                member.is_new = false;
            }
            self.group.owe_sync(&member_id, true);
        }
        let at = self.in_ms(self.group.rebalance_timeout());
        self.group.sync_deadline = Some(at);
        self.group.want(at);
    }

    /// This generation's assignments will not come.
    pub(super) fn refuse_assignments(&mut self, error: ErrorCode) {
        self.group.assigning = None;
        for member_id in self.group.member_ids() {
            self.group.assign(&member_id, Bytes::new());
        }
        self.answer_syncs(error);
    }

    /// Answers everybody who waits for an assignment; their sessions begin anew, since they were excused.
    pub(super) fn answer_syncs(&mut self, error: ErrorCode) {
        for member_id in self.group.member_ids() {
            let Some(member) = self.group.member_mut(&member_id) else { continue };
            let Some(ticket) = member.sync.take() else { continue };
            let reply = if error.is_none() { self.sync_reply(&member_id) } else { SyncReply::refused(error) };
            self.answer(ticket, Reply::Sync(reply));
            self.renew_session(&member_id);
        }
    }

    /// A member's assignment.
    pub(super) fn sync_reply(&self, member_id: &str) -> SyncReply {
        SyncReply {
            error: ErrorCode::None,
            protocol_type: self.group.protocol_type().cloned(),
            protocol: self.group.protocol.clone(),
            assignment: self.group.member(member_id).map(|member| member.assignment.clone()).unwrap_or_default(),
        }
    }
}
