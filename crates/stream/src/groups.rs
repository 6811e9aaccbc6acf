//! All groups of a shard, and what they take.

use std::{
    collections::{BTreeMap, hash_map::Entry},
    ops::Bound,
};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::{
    group::{Committed, Group, GroupState},
    identity::{PartitionId, TopicId},
    limits::{GROUP_BYTES, OFFSET_BYTES},
};

/// A group, and the bytes that it takes without its offsets.
struct Kept {
    group: Group,
    bytes: u64,
}

/// Groups by name. What they take is reckoned from their records, so it is the same on every replica.
#[derive(Default)]
pub(crate) struct Groups {
    by_name: BTreeMap<Bytes, Kept>,
    /// How many offsets are kept of each topic.
    topics: FxHashMap<TopicId, usize>,
    bytes: u64,
}

/// What a group takes whose record has so many bytes.
pub(crate) fn group_bytes(name: &[u8], record: usize) -> u64 {
    GROUP_BYTES + (2 * name.len() + record) as u64
}

/// What an offset takes.
pub(crate) fn offset_bytes(metadata: &[u8]) -> u64 {
    OFFSET_BYTES + metadata.len() as u64
}

impl Groups {
    /// What all of them take.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&Group> {
        self.by_name.get(name).map(|kept| &kept.group)
    }

    /// The groups behind a name, which need not be there.
    pub(crate) fn after(&self, name: Option<&[u8]>) -> impl Iterator<Item = (&Bytes, &Group)> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_name.range::<[u8], _>((from, Bound::Unbounded)).map(|(name, kept)| (name, &kept.group))
    }

    /// The topics of which offsets are kept, in any order.
    pub(crate) fn topics(&self) -> impl Iterator<Item = TopicId> {
        self.topics.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Group)> {
        self.by_name.iter().map(|(name, kept)| (name, &kept.group))
    }

    /// What a group takes without its offsets; 0 if it is not there.
    pub(crate) fn bytes_of(&self, name: &[u8]) -> u64 {
        self.by_name.get(name).map_or(0, |kept| kept.bytes)
    }

    /// Keeps a state, for a new group or one that keeps its offsets. Its record has so many bytes.
    pub(crate) fn put_state(&mut self, name: &[u8], state: GroupState, stored_ms: u64, record: usize) {
        let bytes = group_bytes(name, record);
        self.bytes += bytes;
        match self.by_name.get_mut(name) {
            Some(kept) => {
                self.bytes -= std::mem::replace(&mut kept.bytes, bytes);
                (kept.group.state, kept.group.stored_ms) = (state, stored_ms);
            }
            None => {
                let group = Group { state, stored_ms, offsets: BTreeMap::new() };
                self.by_name.insert(Bytes::copy_from_slice(name), Kept { group, bytes });
            }
        }
    }

    /// Keeps an offset. `false`: there is no such group.
    pub(crate) fn put_offset(&mut self, name: &[u8], id: PartitionId, committed: Committed) -> bool {
        let Some(kept) = self.by_name.get_mut(name) else { return false };
        self.bytes += offset_bytes(&committed.metadata);
        match kept.group.offsets.insert(id, committed) {
            Some(before) => self.bytes -= offset_bytes(&before.metadata),
            None => *self.topics.entry(id.topic).or_default() += 1,
        }
        true
    }

    /// Forgets an offset. `false`: it is not there.
    pub(crate) fn remove_offset(&mut self, name: &[u8], id: PartitionId) -> bool {
        let removed = self.by_name.get_mut(name).and_then(|kept| kept.group.offsets.remove(&id));
        self.bytes -= removed.as_ref().map_or(0, |committed| offset_bytes(&committed.metadata));
        if removed.is_some() {
            self.uncount(id.topic);
        }
        removed.is_some()
    }

    fn uncount(&mut self, topic: TopicId) {
        if let Entry::Occupied(mut count) = self.topics.entry(topic) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Forgets a group with its offsets.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Group> {
        let kept = self.by_name.remove(name)?;
        let offsets: u64 = kept.group.offsets.values().map(|committed| offset_bytes(&committed.metadata)).sum();
        self.bytes -= kept.bytes + offsets;
        kept.group.offsets.keys().for_each(|id| self.uncount(id.topic));
        Some(kept.group)
    }

    /// The offsets kept of a topic's partitions that are meant, by group and partition.
    pub(crate) fn offsets_of(&self, topic: TopicId, is_meant: impl Fn(u32) -> bool) -> Vec<(Bytes, PartitionId)> {
        let (first, last) = (PartitionId { topic, partition: 0 }, PartitionId { topic, partition: u32::MAX });
        let of_group = |(name, kept): (&Bytes, &Kept)| {
            let ids = kept.group.offsets.range(first..=last).map(|(id, _)| *id).filter(|id| is_meant(id.partition));
            ids.map(|id| (name.clone(), id)).collect::<Vec<_>>()
        };
        self.by_name.iter().flat_map(of_group).collect()
    }
}
