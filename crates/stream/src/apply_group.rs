//! Applying what changes a group.

use bytes::Bytes;

use crate::{
    Refusal,
    apply::Apply,
    command::{OffsetCommit, Reply},
    group::{Committed, Group, GroupState},
    identity::{PartitionId, Position, TopicId},
    limits::{
        GROUP_MEMBERS_MAX, GROUP_NAME_BYTES_MAX, GROUP_OFFSETS_MAX, GROUP_STATE_BYTES_MAX, GROUPS_MAX, OFFSET_METADATA_BYTES_MAX,
    },
    record::{decode_group, encode_group, encode_offset, group_key, offset_key},
};

impl Apply<'_> {
    pub(crate) fn store_group(&mut self, term: u64, name: &[u8], state: &GroupState) -> Result<Reply, Refusal> {
        self.fence(term)?;
        self.check_room(name)?;
        if state.members.len() > GROUP_MEMBERS_MAX {
            return Err(Refusal::TooManyMembers);
        }
        if self.state.groups.get(name).is_some_and(|group| state.generation < group.state.generation) {
            return Err(Refusal::StaleGeneration);
        }
        self.put_group(name, state)?;
        Ok(Reply::Done)
    }

    pub(crate) fn commit_offsets(&mut self, commit: &OffsetCommit) -> Result<Reply, Refusal> {
        self.fence(commit.term)?;
        match self.state.groups.get(&commit.group) {
            Some(group) => check_member(&group.state, commit)?,
            None if commit.generation >= 0 => return Err(Refusal::IllegalGeneration),
            None => self.check_room(&commit.group)?,
        }
        if commit.offsets.iter().any(|item| item.metadata.len() > OFFSET_METADATA_BYTES_MAX) {
            return Err(Refusal::MetadataTooLarge);
        }
        let kept = self.state.groups.get(&commit.group).map_or(0, |group| group.offsets.len());
        if kept + commit.offsets.len() > GROUP_OFFSETS_MAX && kept + self.new_offsets(commit) > GROUP_OFFSETS_MAX {
            return Err(Refusal::TooManyOffsets);
        }
        if !self.state.groups.contains_key(&commit.group) {
            self.put_group(&commit.group, &GroupState::default())?;
        }
        let Some(group) = self.state.groups.get_mut(&commit.group) else { return Err(Refusal::UnknownGroup) };
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
            group.offsets.insert(item.partition, committed);
        }
        Ok(Reply::Done)
    }

    pub(crate) fn delete_offsets(&mut self, name: &[u8], partitions: &[PartitionId]) -> Result<Reply, Refusal> {
        let group = self.state.groups.get_mut(name).ok_or(Refusal::UnknownGroup)?;
        let mut count = 0;
        for id in partitions {
            if group.offsets.remove(id).is_some() {
                self.table.delete(offset_key(name, *id));
                count += 1;
            }
        }
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

    pub(crate) fn expire_offsets(&mut self, name: &[u8], offsets: &[(PartitionId, Position)]) -> Result<Reply, Refusal> {
        let group = self.state.groups.get_mut(name).ok_or(Refusal::UnknownGroup)?;
        let mut count = 0;
        for (id, seen) in offsets {
            if group.offsets.get(id).is_some_and(|committed| committed.position == *seen) {
                group.offsets.remove(id);
                self.table.delete(offset_key(name, *id));
                count += 1;
            }
        }
        if group.offsets.is_empty() && group.state.members.is_empty() {
            self.forget_group(name);
        }
        Ok(Reply::Forgotten { count })
    }

    /// Forgets all groups' offsets of a topic's partitions; without `numbers`, of all of them.
    pub(crate) fn drop_offsets(&mut self, topic: TopicId, numbers: Option<&[u32]>) {
        let (first, last) = (PartitionId { topic, partition: 0 }, PartitionId { topic, partition: u32::MAX });
        let numbers = numbers.map(|numbers| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        });
        let is_meant = |id: &PartitionId| numbers.as_ref().is_none_or(|numbers| numbers.binary_search(&id.partition).is_ok());
        for (name, group) in &mut self.state.groups {
            let gone: Vec<PartitionId> = group.offsets.range(first..=last).map(|(id, _)| *id).filter(is_meant).collect();
            for id in gone {
                group.offsets.remove(&id);
                self.table.delete(offset_key(name, id));
            }
        }
    }

    /// What a leader proposed counts in its own term only.
    fn fence(&self, term: u64) -> Result<(), Refusal> {
        if term == self.entry.id.term { Ok(()) } else { Err(Refusal::Fenced) }
    }

    fn check_room(&self, name: &[u8]) -> Result<(), Refusal> {
        if name.len() > GROUP_NAME_BYTES_MAX {
            return Err(Refusal::GroupNameTooLong);
        }
        if self.state.groups.len() >= GROUPS_MAX && !self.state.groups.contains_key(name) {
            return Err(Refusal::TooManyGroups);
        }
        Ok(())
    }

    /// How many of a commit's partitions the group keeps no offset of yet.
    fn new_offsets(&self, commit: &OffsetCommit) -> usize {
        let known = self.state.groups.get(&commit.group).map(|group| &group.offsets);
        let is_new = |id: &PartitionId| known.is_none_or(|known| !known.contains_key(id));
        let mut new: Vec<PartitionId> = commit.offsets.iter().map(|item| item.partition).filter(is_new).collect();
        new.sort_unstable();
        new.dedup();
        new.len()
    }

    fn put_group(&mut self, name: &[u8], state: &GroupState) -> Result<(), Refusal> {
        let record = encode_group(self.entry.time_ms, state);
        if record.len() > GROUP_STATE_BYTES_MAX {
            return Err(Refusal::GroupTooLarge);
        }
        // Kept as slices of its record: those of the command would keep the whole entry in memory.
        let (stored_ms, state) = decode_group(record.clone()).expect("it was encoded just now");
        self.table.put(group_key(name), record);
        match self.state.groups.get_mut(name) {
            Some(group) => (group.stored_ms, group.state) = (stored_ms, state),
            None => {
                let group = Group { state, stored_ms, offsets: Default::default() };
                self.state.groups.insert(Bytes::copy_from_slice(name), group);
            }
        }
        Ok(())
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
