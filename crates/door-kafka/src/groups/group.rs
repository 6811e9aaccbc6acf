//! One group: its members and the counts that are kept about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::{Join, JoinReply, JoinedMember, Protocol, State, StoreId, Ticket, member::Member};
use crate::{ErrorCode, limits::ENTRY_OVERHEAD_BYTES};

/// What ends the time in which members may join.
#[derive(Clone, Copy, Debug)]
pub(super) enum JoinTimer {
    /// The first rebalance of an empty group: it ends after `delay_ms`, or is extended within `remaining_ms`.
    Initial { at: u64, delay_ms: u64, remaining_ms: u64 },
    /// Any other one.
    Rebalance { at: u64 },
}

impl JoinTimer {
    pub(super) fn at(self) -> u64 {
        match self {
            JoinTimer::Initial { at, .. } | JoinTimer::Rebalance { at } => at,
        }
    }
}

/// A group. Members are ordered by id, so that whatever depends on an order is the same on every run.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: Arc<str>,
    pub(super) state: State,
    pub(super) previous: State,
    pub(super) generation: i32,
    protocol_type: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) leader: Option<String>,
    /// Boxed, since a tree of one has room for eleven.
    members: BTreeMap<String, Box<Member>>,
    /// Instance ids and the members that hold them.
    instances: FxHashMap<String, String>,
    /// Ids that were given out and have not joined, and when they are void.
    pub(super) pending: FxHashMap<String, u64>,
    /// How many members offer a protocol.
    offered: FxHashMap<String, usize>,
    awaiting_join: usize,
    owing_sync: usize,
    /// Somebody came during the initial delay, which is therefore extended.
    pub(super) new_member_added: bool,
    pub(super) join_timer: Option<JoinTimer>,
    pub(super) sync_deadline: Option<u64>,
    /// The assignments of this generation are on their way into the log.
    pub(super) assigning: Option<StoreId>,
    /// The log knows the group, or will: it outlives its members.
    pub(super) durable: bool,
    /// What it costs.
    pub(super) bytes: usize,
    /// Its entry among the deadlines.
    pub(super) entry: Option<u64>,
    /// The soonest deadline that was set since the entry was.
    pub(super) wanted: Option<u64>,
}

impl Group {
    pub(super) fn new(id: &str) -> Group {
        Group {
            id: id.into(),
            state: State::Empty,
            previous: State::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: FxHashMap::default(),
            pending: FxHashMap::default(),
            offered: FxHashMap::default(),
            awaiting_join: 0,
            owing_sync: 0,
            new_member_added: false,
            join_timer: None,
            sync_deadline: None,
            assigning: None,
            durable: false,
            bytes: ENTRY_OVERHEAD_BYTES + id.len(),
            entry: None,
            wanted: None,
        }
    }

    /// The kind of group, once somebody joined.
    pub(super) fn protocol_type(&self) -> Option<&String> {
        self.protocol_type.as_ref()
    }

    pub(super) fn members(&self) -> &BTreeMap<String, Box<Member>> {
        &self.members
    }

    pub(super) fn member(&self, member_id: &str) -> Option<&Member> {
        self.members.get(member_id).map(|member| &**member)
    }

    /// For what is not counted: timers, flags, waiting syncs.
    pub(super) fn member_mut(&mut self, member_id: &str) -> Option<&mut Member> {
        self.members.get_mut(member_id).map(|member| &mut **member)
    }

    pub(super) fn member_ids(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    pub(super) fn instance(&self, instance_id: &str) -> Option<&str> {
        self.instances.get(instance_id).map(String::as_str)
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    pub(super) fn awaiting_join(&self) -> usize {
        self.awaiting_join
    }

    pub(super) fn all_joined(&self) -> bool {
        self.members.len() == self.awaiting_join && self.pending.is_empty()
    }

    /// Nobody would miss it.
    pub(super) fn is_forgotten(&self) -> bool {
        !self.durable && self.state == State::Empty && self.members.is_empty() && self.pending.is_empty()
    }

    pub(super) fn rebalance_timeout(&self) -> u64 {
        let longest = self.members.values().map(|member| member.rebalance_timeout_ms).max();
        u64::try_from(longest.unwrap_or(0)).unwrap_or(0)
    }

    /// Who sends this is a member, and the one that holds the instance id if there is one.
    pub(super) fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            match self.instance(instance_id) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(holder) if holder != member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    pub(super) fn set_protocol_type(&mut self, protocol_type: Option<String>) {
        self.bytes -= self.protocol_type.as_ref().map_or(0, String::len);
        self.bytes += protocol_type.as_ref().map_or(0, String::len);
        self.protocol_type = protocol_type;
    }

    pub(super) fn insert(&mut self, member_id: String, member: Member) {
        self.remove_pending(&member_id);
        if self.leader.is_none() {
            self.leader = Some(member_id.clone());
        }
        if let Some(instance_id) = &member.instance_id {
            self.instances.insert(instance_id.clone(), member_id.clone());
        }
        self.bytes += member.bytes(&member_id);
        self.count_protocols(&member.protocols, true);
        self.owing_sync += usize::from(member.owes_sync);
        let replaced = self.members.insert(member_id, Box::new(member));
        assert!(replaced.is_none(), "a member joins once");
    }

    /// Takes a member out; who may still wait is in what is returned. Another member leads if it did.
    pub(super) fn remove(&mut self, member_id: &str) -> Option<Member> {
        self.remove_pending(member_id);
        let member = self.members.remove(member_id)?;
        self.bytes -= member.bytes(member_id);
        self.count_protocols(&member.protocols, false);
        self.awaiting_join -= usize::from(member.join.is_some());
        self.owing_sync -= usize::from(member.owes_sync);
        if let Some(instance_id) = &member.instance_id {
            self.instances.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(*member)
    }

    pub(super) fn add_pending(&mut self, member_id: String, void_at: u64) {
        self.bytes += pending_bytes(&member_id);
        self.want(void_at);
        self.pending.insert(member_id, void_at);
    }

    pub(super) fn remove_pending(&mut self, member_id: &str) -> bool {
        let removed = self.pending.remove(member_id).is_some();
        self.bytes -= if removed { pending_bytes(member_id) } else { 0 };
        removed
    }

    /// Gives a static member another id; nobody may be waiting under the old one.
    pub(super) fn rename(&mut self, old_id: &str, new_id: &str) {
        let leads = self.is_leader(old_id);
        let Some(member) = self.remove(old_id) else { return };
        self.insert(new_id.to_owned(), member);
        if leads {
            self.leader = Some(new_id.to_owned());
        }
    }

    pub(super) fn update(&mut self, member_id: &str, join: &Join) {
        self.change(member_id, |member| member.update(join));
    }

    pub(super) fn assign(&mut self, member_id: &str, assignment: Bytes) {
        self.change(member_id, |member| member.assignment = assignment);
    }

    /// Changes what is counted about a member.
    pub(super) fn change(&mut self, member_id: &str, change: impl FnOnce(&mut Member)) {
        let Some(mut member) = self.members.remove(member_id) else { return };
        self.bytes -= member.bytes(member_id);
        self.count_protocols(&member.protocols, false);
        change(&mut member);
        self.bytes += member.bytes(member_id);
        self.count_protocols(&member.protocols, true);
        self.members.insert(member_id.to_owned(), member);
    }

    /// Lets a join wait; returns the one whose place it takes.
    pub(super) fn park_join(&mut self, member_id: &str, ticket: Ticket) -> Option<Ticket> {
        let member = self.members.get_mut(member_id)?;
        let before = member.join.replace(ticket);
        self.awaiting_join += usize::from(before.is_none());
        before
    }

    pub(super) fn take_join(&mut self, member_id: &str) -> Option<Ticket> {
        let ticket = self.members.get_mut(member_id)?.join.take();
        self.awaiting_join -= usize::from(ticket.is_some());
        ticket
    }

    pub(super) fn owe_sync(&mut self, member_id: &str, owes: bool) {
        if let Some(member) = self.members.get_mut(member_id) {
            self.owing_sync -= usize::from(member.owes_sync);
            self.owing_sync += usize::from(owes);
            member.owes_sync = owes;
        }
    }

    pub(super) fn forgive_syncs(&mut self) {
        self.members.values_mut().for_each(|member| member.owes_sync = false);
        self.owing_sync = 0;
    }

    pub(super) fn all_synced(&self) -> bool {
        self.owing_sync == 0
    }

    pub(super) fn expire_at(&mut self, member_id: &str, at: u64) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.expires_at = Some(at);
            self.want(at);
        }
    }

    /// A member is heard of: its session begins anew.
    pub(super) fn renew_session(&mut self, member_id: &str, now_ms: u64) {
        if let Some(member) = self.members.get_mut(member_id) {
            let at = now_ms.saturating_add(member.session_timeout());
            member.expires_at = Some(at);
            self.want(at);
        }
    }

    pub(super) fn want(&mut self, at: u64) {
        self.wanted = Some(self.wanted.map_or(at, |wanted| wanted.min(at)));
    }

    /// The next time at which something is due.
    pub(super) fn earliest(&self) -> Option<u64> {
        let members = self.members.values().filter_map(|member| member.expires_at);
        let timers = [self.join_timer.map(JoinTimer::at), self.sync_deadline].into_iter().flatten();
        members.chain(timers).chain(self.pending.values().copied()).min()
    }

    fn count_protocols(&mut self, protocols: &[Protocol], more: bool) {
        for protocol in protocols {
            let count = self.offered.entry(protocol.name.clone()).or_default();
            *count = if more { *count + 1 } else { *count - 1 };
            if *count == 0 {
                self.offered.remove(&protocol.name);
            }
        }
    }

    fn is_offered_by_all(&self, protocol: &str) -> bool {
        self.offered.get(protocol).copied().unwrap_or(0) == self.members.len()
    }

    /// Whether a member with these protocols can be one of the group.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == State::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|protocol| self.is_offered_by_all(&protocol.name))
    }

    /// The protocol of the next generation: each member votes for the first of its own that all offer. Among equals it is the one
    /// that comes first by name.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let choice = member.protocols.iter().find(|protocol| self.is_offered_by_all(&protocol.name));
            if let Some(choice) = choice {
                *votes.entry(&choice.name).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.to_owned())
    }

    /// Sees to it that the leader is one of those who joined; says whether there is one.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |id: &String| self.members.get(id).is_some_and(|member| member.join.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        let joined = self.members.iter().find(|(_, member)| member.join.is_some()).map(|(id, _)| id.clone());
        let Some(joined) = joined else { return false };
        self.leader = Some(joined);
        true
    }

    /// The next generation begins, with whoever is a member.
    pub(super) fn begin_generation(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.protocol = self.select_protocol();
        self.enter(if self.members.is_empty() { State::Empty } else { State::CompletingRebalance });
        self.forgive_syncs();
    }

    pub(super) fn enter(&mut self, state: State) {
        self.previous = self.state;
        self.state = state;
    }

    /// All members with what they said under the chosen protocol.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        self.members.iter().map(|(id, member)| member.joined(id, self.protocol.as_deref())).collect()
    }

    /// What a member is told that is in the current generation. Only the leader is told of the others.
    pub(super) fn joined_reply(&self, member_id: &str) -> JoinReply {
        JoinReply {
            error: ErrorCode::None,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: if self.is_leader(member_id) { self.joined_members() } else { Vec::new() },
        }
    }

    /// What must hold between two requests.
    pub(super) fn check(&self) {
        let waiting = self.members.values().filter(|member| member.join.is_some()).count();
        assert_eq!(waiting, self.awaiting_join, "waiting joins are counted");
        let owing = self.members.values().filter(|member| member.owes_sync).count();
        assert_eq!(owing, self.owing_sync, "syncs that are owed are counted");
        assert_eq!(self.members.is_empty(), self.leader.is_none(), "a group with members has a leader");
        assert!(self.leader.as_ref().is_none_or(|leader| self.members.contains_key(leader)), "the leader is a member");
        let bytes: usize = self.members.iter().map(|(id, member)| member.bytes(id)).sum();
        let pending: usize = self.pending.keys().map(|id| pending_bytes(id)).sum();
        let names = self.id.len() + self.protocol_type.as_ref().map_or(0, String::len);
        assert_eq!(self.bytes, ENTRY_OVERHEAD_BYTES + names + bytes + pending, "bytes are counted");
        let instances: BTreeSet<_> = self.members.values().filter_map(|member| member.instance_id.as_ref()).collect();
        assert_eq!(instances.len(), self.instances.len(), "instance ids are those of members");
        let empty = matches!(self.state, State::Empty | State::Dead);
        assert!(!empty || self.members.is_empty(), "an empty group has no members");
        let full = matches!(self.state, State::CompletingRebalance | State::Stable);
        assert!(!full || !self.members.is_empty(), "a generation has members");
    }
}

fn pending_bytes(member_id: &str) -> usize {
    ENTRY_OVERHEAD_BYTES + member_id.len()
}
