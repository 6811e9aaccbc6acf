//! All groups of one shard.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    Commit, Effect, Heartbeat, Join, JoinReply, Leave, LeaveReply, Reply, Settings, State, StoreFailure, StoreId, StoredGroup,
    Sync, SyncReply, Ticket,
    deadlines::Deadlines,
    group::Group,
    stores::{InFlight, Intent, Stores},
    turn::Turn,
};
use crate::{
    ErrorCode,
    limits::{COMMIT_GROUP_NOT_FOUND_VERSION_MIN, GROUPS_BYTES_MAX, GROUPS_MAX},
};

/// The volatile half of all groups whose shard this node leads; see [the module](super).
///
/// Time is a monotonic clock in milliseconds. Nothing is answered but NOT_COORDINATOR before [`Coordinator::load`] and after
/// [`Coordinator::resign`].
#[derive(Debug, Default)]
pub struct Coordinator {
    settings: Settings,
    serving: bool,
    pub(super) groups: FxHashMap<Arc<str>, Group>,
    pub(super) deadlines: Deadlines,
    stores: Stores,
    bytes: usize,
}

impl Coordinator {
    /// A coordinator of no groups, which does not serve yet.
    pub fn new(settings: Settings) -> Coordinator {
        Coordinator { settings, ..Coordinator::default() }
    }

    /// This node leads the shard from now on, whose groups are these. Members are as stored, and all their timers begin anew. A
    /// group that has more members than are allowed is rebalanced.
    pub fn load(&mut self, groups: impl IntoIterator<Item = StoredGroup>, now_ms: u64) -> Vec<Effect> {
        assert!(self.groups.is_empty(), "a coordinator is loaded once for each leadership");
        self.serving = true;
        let mut effects = Vec::new();
        groups.into_iter().for_each(|stored| self.take_in(stored, now_ms, &mut effects));
        effects
    }

    /// A group out of the log that is not known here.
    pub(super) fn take_in(&mut self, stored: StoredGroup, now_ms: u64, effects: &mut Vec<Effect>) {
        let group = Group::load(stored, now_ms);
        let too_many = group.members().len() > self.settings.members_max();
        let id = group.id.clone();
        self.bytes += group.bytes;
        self.groups.insert(id.clone(), group);
        self.turn(&id, now_ms, effects, |turn| {
            if too_many {
                turn.prepare_rebalance();
            }
        });
    }

    pub(super) fn serves(&self) -> bool {
        self.serving
    }

    /// This node does not lead the shard any more: whoever waits is told so, and everything is forgotten.
    pub fn resign(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for store in self.stores.take_all() {
            refuse(store.answers, ErrorCode::NotCoordinator, &mut effects);
        }
        let mut groups: Vec<_> = self.groups.drain().map(|(_, group)| group).collect();
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        let members = groups.iter().flat_map(|group| group.members());
        for (member_id, member) in members {
            let join = member.join.map(|ticket| (ticket, refused_join(ErrorCode::NotCoordinator, member_id)));
            let sync = member.sync.map(|ticket| (ticket, Reply::Sync(SyncReply::refused(ErrorCode::NotCoordinator))));
            let answers = join.into_iter().chain(sync);
            effects.extend(answers.map(|(ticket, reply)| Effect::Answer { ticket, reply }));
        }
        self.deadlines.clear();
        (self.serving, self.bytes) = (false, 0);
        effects
    }

    /// JoinGroup. `random` makes the id of a new member; every call needs another one.
    pub fn join(&mut self, now_ms: u64, mut join: Join, ticket: Ticket, random: u128) -> Vec<Effect> {
        join.drop_repeated_protocols();
        if let Err(error) = self.check_join(&join) {
            return vec![Effect::Answer { ticket, reply: refused_join(error, &join.member_id) }];
        }
        let id = self.groups.entry(join.group_id.as_str().into()).or_insert_with_key(|id| {
            let group = Group::new(id);
            self.bytes += group.bytes;
            group
        });
        let id = id.id.clone();
        let mut effects = Vec::new();
        self.turn(&id, now_ms, &mut effects, |turn| turn.join(&join, ticket, random));
        effects
    }

    /// What can be said without the group; and there has to be one if the member says that it was there before.
    fn check_join(&self, join: &Join) -> Result<(), ErrorCode> {
        self.check_group_id(&join.group_id)?;
        let allowed = self.settings.session_timeout_ms_min..=self.settings.session_timeout_ms_max;
        if !allowed.contains(&join.session_timeout_ms) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if self.groups.contains_key(join.group_id.as_str()) {
            return Ok(());
        }
        if !join.member_id.is_empty() {
            return Err(ErrorCode::UnknownMemberId);
        }
        if self.is_full() { Err(ErrorCode::CoordinatorNotAvailable) } else { Ok(()) }
    }

    fn check_group_id(&self, group_id: &str) -> Result<(), ErrorCode> {
        if !self.serving {
            Err(ErrorCode::NotCoordinator)
        } else if group_id.is_empty() {
            Err(ErrorCode::InvalidGroupId)
        } else {
            Ok(())
        }
    }

    fn is_full(&self) -> bool {
        self.groups.len() >= GROUPS_MAX || self.bytes >= GROUPS_BYTES_MAX
    }

    /// SyncGroup.
    pub fn sync(&mut self, now_ms: u64, sync: &Sync, ticket: Ticket) -> Vec<Effect> {
        let known = self
            .check_group_id(&sync.group_id)
            .and_then(|()| if sync.lacks_protocol() { Err(ErrorCode::InconsistentGroupProtocol) } else { Ok(()) });
        let mut effects = Vec::new();
        match known.and_then(|()| self.find(&sync.group_id).ok_or(ErrorCode::UnknownMemberId)) {
            Err(error) => effects.push(Effect::Answer { ticket, reply: Reply::Sync(SyncReply::refused(error)) }),
            Ok(id) => self.turn(&id, now_ms, &mut effects, |turn| turn.sync(sync, ticket)),
        }
        effects
    }

    /// Heartbeat: answered at once, and nothing is done that grows with the group.
    pub fn heartbeat(&mut self, now_ms: u64, heartbeat: &Heartbeat<'_>) -> ErrorCode {
        self.try_heartbeat(now_ms, heartbeat).err().unwrap_or_default()
    }

    fn try_heartbeat(&mut self, now_ms: u64, heartbeat: &Heartbeat<'_>) -> Result<(), ErrorCode> {
        self.check_group_id(heartbeat.group_id)?;
        let group = self.groups.get_mut(heartbeat.group_id).ok_or(ErrorCode::UnknownMemberId)?;
        if group.state == State::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        group.check_member(heartbeat.member_id, heartbeat.instance_id)?;
        if heartbeat.generation != group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        group.renew_session(heartbeat.member_id, now_ms);
        keep_entry(&mut self.deadlines, group);
        if group.state == State::PreparingRebalance { Err(ErrorCode::RebalanceInProgress) } else { Ok(()) }
    }

    /// LeaveGroup.
    pub fn leave(&mut self, now_ms: u64, leave: &Leave, ticket: Ticket) -> Vec<Effect> {
        let mut effects = Vec::new();
        let known = self.check_group_id(&leave.group_id);
        match known.and_then(|()| self.find(&leave.group_id).ok_or(ErrorCode::UnknownMemberId)) {
            Err(error) => effects.push(Effect::Answer { ticket, reply: Reply::Leave(LeaveReply::refused(error)) }),
            Ok(id) => self.turn(&id, now_ms, &mut effects, |turn| turn.leave(leave, ticket)),
        }
        effects
    }

    /// Whether offsets may be committed. Who is no member may do so while the group is empty; a group that does not exist is
    /// created by it, and is forgotten with [`Coordinator::forget`] once the log has it no more.
    ///
    /// A member's commit keeps its session, except while the group completes a rebalance.
    pub fn commit(&mut self, now_ms: u64, commit: &Commit<'_>) -> Result<(), ErrorCode> {
        self.check_group_id(commit.group_id)?;
        let Some(group) = self.groups.get_mut(commit.group_id) else {
            return self.create_simple_group(commit);
        };
        check_commit(group, commit)?;
        if matches!(group.state, State::Empty) {
            group.durable = true;
        } else if matches!(group.state, State::Stable | State::PreparingRebalance) {
            group.renew_session(commit.member_id, now_ms);
            keep_entry(&mut self.deadlines, group);
        }
        Ok(())
    }

    fn create_simple_group(&mut self, commit: &Commit<'_>) -> Result<(), ErrorCode> {
        if commit.generation >= 0 {
            let tells = !commit.transactional && commit.version >= COMMIT_GROUP_NOT_FOUND_VERSION_MIN;
            return Err(if tells { ErrorCode::GroupIdNotFound } else { ErrorCode::IllegalGeneration });
        }
        if self.is_full() {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let mut group = Group::new(commit.group_id);
        check_commit(&group, commit)?;
        group.durable = true;
        self.bytes += group.bytes;
        self.groups.insert(group.id.clone(), group);
        Ok(())
    }

    /// Deletes one group of a DeleteGroups request; the answer is [`Reply::Delete`].
    pub fn delete(&mut self, now_ms: u64, group_id: &str, ticket: Ticket) -> Vec<Effect> {
        let mut effects = Vec::new();
        let known = self.check_group_id(group_id);
        match known.and_then(|()| self.find(group_id).ok_or(ErrorCode::GroupIdNotFound)) {
            Err(error) => effects.push(Effect::Answer { ticket, reply: Reply::Delete(error) }),
            Ok(id) => self.turn(&id, now_ms, &mut effects, |turn| turn.delete(ticket)),
        }
        effects
    }

    /// What became of a wish to store. One that is not known, because this node resigned meanwhile, changes nothing.
    pub fn stored(&mut self, now_ms: u64, id: StoreId, result: Result<(), StoreFailure>) -> Vec<Effect> {
        let Some(InFlight { group_id, intent, answers }) = self.stores.take(id) else { return Vec::new() };
        let mut effects = Vec::new();
        match result {
            Ok(()) => effects.extend(answers.into_iter().map(|(ticket, reply)| Effect::Answer { ticket, reply })),
            Err(failure) => refuse(answers, failure.error(), &mut effects),
        }
        let Some(group_id) = self.find(&group_id) else { return effects };
        self.turn(&group_id, now_ms, &mut effects, |turn| match intent {
            Intent::Assign { generation, assignments } => turn.finish_assignments(generation, assignments, result),
            Intent::Replace(replacement) => turn.finish_replacement(*replacement, result),
            Intent::Emptied => {}
            // A group that could not be deleted is there still; one that was is forgotten when the turn ends.
            Intent::Delete => {
                turn.group.enter(State::Empty);
                turn.group.durable = result.is_err();
            }
        });
        effects
    }

    /// Does what is due at `now_ms`.
    pub fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(id) = self.deadlines.pop_due(now_ms) {
            if let Some(group) = self.groups.get_mut(&id) {
                group.entry = None;
            }
            self.turn(&id, now_ms, &mut effects, |turn| {
                turn.expire();
                turn.group.wanted = turn.group.earliest();
            });
        }
        effects
    }

    /// When [`Coordinator::tick`] has to be called next. It may come to nothing, if only heartbeats have moved an end since.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first()
    }

    pub(super) fn find(&self, group_id: &str) -> Option<Arc<str>> {
        self.groups.get(group_id).map(|group| group.id.clone())
    }

    /// One step of a group that exists, and what is kept about it afterwards.
    pub(super) fn turn(&mut self, id: &Arc<str>, now_ms: u64, effects: &mut Vec<Effect>, step: impl FnOnce(&mut Turn<'_>)) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let before = group.bytes;
        let bytes_left = GROUPS_BYTES_MAX.saturating_sub(self.bytes);
        step(&mut Turn { now_ms, settings: &self.settings, group, stores: &mut self.stores, bytes_left, effects });
        self.bytes = self.bytes - before + group.bytes;
        keep_entry(&mut self.deadlines, group);
        if group.is_forgotten() {
            self.bytes -= group.bytes;
            self.deadlines.replace(id, group.entry, None);
            self.groups.remove(id);
        }
    }

    /// Asserts what must hold between two requests; its cost grows with everything that is kept.
    pub fn check(&self) {
        self.groups.values().for_each(Group::check);
        assert_eq!(self.bytes, self.groups.values().map(|group| group.bytes).sum::<usize>(), "bytes of all groups are counted");
        let late = |group: &Group| group.earliest().is_some_and(|at| group.entry.is_none_or(|entry| entry > at));
        assert!(!self.groups.values().any(late), "no deadline is later than what it stands for");
    }
}

/// An entry is moved only if something is due before it.
fn keep_entry(deadlines: &mut Deadlines, group: &mut Group) {
    let Some(wanted) = group.wanted.take() else { return };
    if group.entry.is_none_or(|entry| wanted < entry) {
        deadlines.replace(&group.id, group.entry, Some(wanted));
        group.entry = Some(wanted);
    }
}

fn check_commit(group: &Group, commit: &Commit<'_>) -> Result<(), ErrorCode> {
    if group.state == State::Dead {
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    if commit.generation < 0 && group.state == State::Empty {
        return Ok(());
    }
    if commit.generation >= 0 || !commit.member_id.is_empty() || commit.instance_id.is_some() {
        group.check_member(commit.member_id, commit.instance_id)?;
        if commit.generation != group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
    } else if !commit.transactional && group.state != State::Empty {
        return Err(ErrorCode::UnknownMemberId);
    }
    // A member that knows the generation from its join, and has not been told its assignment yet.
    if !commit.transactional && group.state == State::CompletingRebalance {
        return Err(ErrorCode::RebalanceInProgress);
    }
    Ok(())
}

fn refused_join(error: ErrorCode, member_id: &str) -> Reply {
    Reply::Join(JoinReply::refused(error, member_id))
}

fn refuse(answers: Vec<(Ticket, Reply)>, error: ErrorCode, effects: &mut Vec<Effect>) {
    for (ticket, reply) in answers {
        let reply = match reply {
            Reply::Join(reply) => refused_join(error, &reply.member_id),
            Reply::Sync(_) => Reply::Sync(SyncReply::refused(error)),
            Reply::Leave(_) => Reply::Leave(LeaveReply::refused(error)),
            Reply::Delete(_) => Reply::Delete(error),
        };
        effects.push(Effect::Answer { ticket, reply });
    }
}
