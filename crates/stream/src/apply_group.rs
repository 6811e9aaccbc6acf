//! Applying what changes a group.

use bytes::Bytes;

use crate::{
    Refusal,
    apply::Apply,
    bugs::{Bug, planted},
    command::{OffsetCommit, Reply},
    group::{Committed, Group, GroupState},
    groups::{group_bytes, offset_bytes},
    identity::{PartitionId, Position, TopicId},
    limits::{GROUP_MEMBERS_MAX, GROUP_NAME_BYTES_MAX, GROUP_OFFSETS_MAX, GROUP_STATE_BYTES_MAX, OFFSET_METADATA_BYTES_MAX},
    record::{decode_group, encode_group, encode_offset, group_key, offset_key},
};

impl Apply<'_> {
    pub(crate) fn store_group(&mut self, term: u64, name: &[u8], state: &GroupState) -> Result<Reply, Refusal> {
        self.fence(term)?;
        if state.members.len() > GROUP_MEMBERS_MAX {
            return Err(Refusal::TooManyMembers);
        }
        if self.state.groups.get(name).is_some_and(|group| state.generation < group.state.generation) {
            return Err(Refusal::StaleGeneration);
        }
        let record = self.record_of(name, state, 0)?;
        self.put_group(name, record);
        Ok(Reply::Done)
    }

    pub(crate) fn commit_offsets(&mut self, commit: &OffsetCommit) -> Result<Reply, Refusal> {
        if !planted(Bug::CommitNotFenced) {
            self.fence(commit.term)?;
        }
        if commit.offsets.iter().any(|item| item.metadata.len() > OFFSET_METADATA_BYTES_MAX) {
            return Err(Refusal::MetadataTooLarge);
        }
        let (count, added, removed) = self.growth(commit);
        if count > GROUP_OFFSETS_MAX {
            return Err(Refusal::TooManyOffsets);
        }
        match self.state.groups.get(&commit.group) {
            Some(group) => {
                check_member(&group.state, commit)?;
                self.check_room(added, removed)?;
            }
            None if commit.generation >= 0 => return Err(Refusal::IllegalGeneration),
            None => {
                let record = self.record_of(&commit.group, &GroupState::default(), added)?;
                self.put_group(&commit.group, record);
            }
        }
        for item in &commit.offsets {
            let committed = Committed {
                offset: item.offset,
                leader_epoch: item.leader_epoch,
                // A slice of the command would keep the whole entry in memory.
                metadata: Bytes::copy_from_slice(&item.metadata),
                time_ms: self.entry.time_ms,
                retention_ms: commit.retention_ms,
                position: self.entry.place(),
            };
            self.table.put(offset_key(&commit.group, item.partition), encode_offset(&committed));
            self.state.groups.put_offset(&commit.group, item.partition, committed);
        }
        Ok(Reply::Done)
    }

    pub(crate) fn delete_offsets(&mut self, name: &[u8], partitions: &[PartitionId]) -> Result<Reply, Refusal> {
        self.state.groups.get(name).ok_or(Refusal::UnknownGroup)?;
        let count = partitions.iter().filter(|id| self.forget_offset(name, **id)).count();
        Ok(Reply::Forgotten { count })
    }

    pub(crate) fn delete_group(&mut self, name: &[u8]) -> Result<Reply, Refusal> {
        let group = self.state.groups.get(name).ok_or(Refusal::UnknownGroup)?;
        if !group.state.members.is_empty() {
            return Err(Refusal::NonEmptyGroup);
        }
        self.forget_group(name);
        Ok(Reply::Done)
    }

    pub(crate) fn expire_offsets(
        &mut self,
        term: u64,
        name: &[u8],
        retention_ms: u64,
        offsets: &[(PartitionId, Position)],
    ) -> Result<Reply, Refusal> {
        self.fence(term)?;
        let group = self.state.groups.get(name).ok_or(Refusal::UnknownGroup)?;
        let is_due = |(id, seen): &(PartitionId, Position)| {
            let committed = group.offsets.get(id).filter(|committed| committed.position == *seen);
            committed.is_some_and(|committed| group.expires_ms(committed, retention_ms) <= self.entry.time_ms)
        };
        let due: Vec<PartitionId> = offsets.iter().filter(|offset| is_due(offset)).map(|(id, _)| *id).collect();
        let count = due.into_iter().filter(|id| self.forget_offset(name, *id)).count();
        if self.state.groups.get(name).is_some_and(Group::is_void) {
            self.forget_group(name);
        }
        Ok(Reply::Forgotten { count })
    }

    /// Forgets all groups' offsets of a topic's partitions; without `numbers`, of all of them.
    pub(crate) fn drop_offsets(&mut self, topic: TopicId, numbers: Option<&[u32]>) {
        let numbers = numbers.map(|numbers| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        });
        let is_meant = |number: u32| numbers.as_ref().is_none_or(|numbers| numbers.binary_search(&number).is_ok());
        for (name, id) in self.state.groups.offsets_of(topic, is_meant) {
            self.forget_offset(&name, id);
        }
    }

    /// What a leader proposed counts in its own term only.
    fn fence(&self, term: u64) -> Result<(), Refusal> {
        if term == self.entry.id.term { Ok(()) } else { Err(Refusal::Fenced) }
    }

    /// Whether the shard's groups may take so many bytes more, and give so many back. What does not grow is never refused.
    fn check_room(&self, added: u64, removed: u64) -> Result<(), Refusal> {
        let bytes = (self.state.groups.bytes() + added).saturating_sub(removed);
        if added > removed && bytes > self.options.groups_bytes_max { Err(Refusal::NoRoom) } else { Ok(()) }
    }

    /// The record of a group's state, if there is room for it and for `beside` bytes more.
    fn record_of(&self, name: &[u8], state: &GroupState, beside: u64) -> Result<Bytes, Refusal> {
        if name.len() > GROUP_NAME_BYTES_MAX {
            return Err(Refusal::GroupNameTooLong);
        }
        let record = encode_group(self.entry.time_ms, state);
        if record.len() > GROUP_STATE_BYTES_MAX {
            return Err(Refusal::GroupTooLarge);
        }
        self.check_room(group_bytes(name, record.len()) + beside, self.state.groups.bytes_of(name))?;
        Ok(record)
    }

    /// How many offsets the group keeps after a commit, how many bytes the commit adds, and how many it replaces.
    fn growth(&self, commit: &OffsetCommit) -> (usize, u64, u64) {
        let bytes = commit.offsets.iter().rev().map(|item| (item.partition, offset_bytes(&item.metadata)));
        let mut items: Vec<(PartitionId, u64)> = bytes.collect();
        // Of several for one partition the last one stays, which comes first here.
        items.sort_by_key(|(id, _)| *id);
        items.dedup_by_key(|(id, _)| *id);
        let added = items.iter().map(|(_, bytes)| bytes).sum();
        let Some(group) = self.state.groups.get(&commit.group) else { return (items.len(), added, 0) };
        let replaced = items.iter().filter_map(|(id, _)| group.offsets.get(id));
        let (count, removed) =
            replaced.fold((0, 0), |(count, bytes), before| (count + 1, bytes + offset_bytes(&before.metadata)));
        (group.offsets.len() + items.len() - count, added, removed)
    }

    fn put_group(&mut self, name: &[u8], record: Bytes) {
        let bytes = record.len();
        self.table.put(group_key(name), record.clone());
        // Kept as slices of its record: those of the command would keep the whole entry in memory.
        let (stored_ms, state) = decode_group(record).expect("it was encoded just now");
        self.state.groups.put_state(name, state, stored_ms, bytes);
    }

    fn forget_offset(&mut self, name: &[u8], id: PartitionId) -> bool {
        let is_gone = self.state.groups.remove_offset(name, id);
        if is_gone {
            self.table.delete(offset_key(name, id));
        }
        is_gone
    }

    fn forget_group(&mut self, name: &[u8]) {
        if let Some(group) = self.state.groups.remove(name) {
            self.table.delete(group_key(name));
            group.offsets.keys().for_each(|id| self.table.delete(offset_key(name, *id)));
        }
    }
}

/// Whether who commits may: Kafka's `ClassicGroup.validateOffsetCommit`, as far as the stored state says it. That a rebalance is
/// under way is the coordinator's to know.
fn check_member(state: &GroupState, commit: &OffsetCommit) -> Result<(), Refusal> {
    if planted(Bug::FormerMemberCommits) {
        return Ok(());
    }
    if commit.generation < 0 && state.members.is_empty() {
        return Ok(());
    }
    if commit.generation < 0 && commit.member.is_empty() && commit.instance.is_none() {
        // Of a group with members, only they may commit.
        return Err(Refusal::UnknownMember);
    }
    if let Some(instance) = &commit.instance {
        let member = state.instance(instance).ok_or(Refusal::UnknownMember)?;
        if member.id != commit.member {
            return Err(Refusal::FencedInstance);
        }
    }
    if state.member(&commit.member).is_none() {
        return Err(Refusal::UnknownMember);
    }
    if commit.generation != state.generation {
        return Err(Refusal::IllegalGeneration);
    }
    Ok(())
}
