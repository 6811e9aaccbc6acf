//! What is read beside apply.

use bytes::Bytes;

use crate::{
    group::{Committed, Group, GroupState},
    identity::{PartitionId, Position, TopicId},
    index::BatchRef,
    limits::EXPIRY_SLICE_OFFSETS,
    machine::Machine,
    partition::PartitionInfo,
    producer::ProducerInfo,
};

/// Where the record at an offset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the journal, in this batch.
    Unsettled(BatchRef),
    /// In a settled segment.
    Settled,
    /// It is the next one to be appended.
    AtEnd,
    /// Nowhere yet, nor will it be the next one.
    BeyondEnd,
    /// Nowhere any more.
    BelowStart,
    /// The partition is not known: nothing was ever appended to it, or it was dropped.
    Unknown,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// Its name.
    pub name: Bytes,
    /// What its members speak with each other; `None` while nobody ever joined.
    pub protocol_type: Option<Bytes>,
    /// Counts its rebalances.
    pub generation: i32,
    /// How many members it has; none: it is empty.
    pub members: usize,
    /// How many offsets it keeps.
    pub offsets: usize,
    /// When its coordinator last stored it, by the entry's time.
    pub stored_ms: u64,
}

/// What may go of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The group's name.
    pub group: Bytes,
    /// Its offsets that have expired, and the commits that were looked at. None: it has neither members nor offsets.
    pub offsets: Vec<(PartitionId, Position)>,
}

impl Machine {
    /// A partition; `None` if it is not known.
    pub fn partition(&self, id: PartitionId) -> Option<PartitionInfo> {
        self.read().partitions.get(id).map(|partition| partition.info())
    }

    /// All partitions, ascending.
    pub fn partitions(&self) -> Vec<(PartitionId, PartitionInfo)> {
        let mut all: Vec<_> = self.read().partitions.iter().map(|partition| (partition.id, partition.info())).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// Where the record at `offset` is.
    pub fn locate(&self, id: PartitionId, offset: i64) -> Place {
        let state = self.read();
        let Some(partition) = state.partitions.get(id) else { return Place::Unknown };
        match offset {
            _ if offset < partition.log_start => Place::BelowStart,
            _ if offset > partition.end => Place::BeyondEnd,
            _ if offset == partition.end => Place::AtEnd,
            _ => partition.index.from(offset).next().map_or(Place::Settled, |batch| Place::Unsettled(*batch)),
        }
    }

    /// The batches from the one that holds `offset` on that are not settled: about `bytes_max` of them, but one at least. None
    /// if [`Machine::locate`] says anything but `Unsettled`.
    pub fn run(&self, id: PartitionId, offset: i64, bytes_max: u64) -> Vec<BatchRef> {
        let state = self.read();
        let Some(partition) = state.partitions.get(id).filter(|partition| offset >= partition.log_start) else {
            return Vec::new();
        };
        let mut left = bytes_max;
        let mut run = Vec::new();
        for batch in partition.index.from(offset) {
            let length = u64::from(batch.length);
            if length > left && !run.is_empty() {
                break;
            }
            run.push(*batch);
            left = left.saturating_sub(length);
        }
        run
    }

    /// The first unsettled batch with a timestamp at or after `timestamp` that ends at offset `from` or later. Settled ones lie
    /// before all of them.
    pub fn first_at_or_after(&self, id: PartitionId, from: i64, timestamp: i64) -> Option<BatchRef> {
        let state = self.read();
        let mut batches = state.partitions.get(id)?.index.iter();
        batches.find(|batch| batch.last_offset >= from && batch.max_timestamp >= timestamp).copied()
    }

    /// The greatest timestamp of the unsettled batches that begin at offset `from` or later.
    pub fn greatest_timestamp(&self, id: PartitionId, from: i64) -> Option<i64> {
        let state = self.read();
        let batches = state.partitions.get(id)?.index.iter().filter(|batch| batch.base_offset >= from);
        batches.map(|batch| batch.max_timestamp).max()
    }

    /// OffsetForLeaderEpoch: the greatest epoch up to `epoch` under which the partition was written, and the offset at which it
    /// ended; (-1, -1) if `epoch` is above them all, or -1. `None` if the partition is not known.
    ///
    /// A leader that has not written yet is not known here: its own epoch ends at the partition's end.
    pub fn epoch_end(&self, id: PartitionId, epoch: i32) -> Option<(i32, i64)> {
        self.read().partitions.get(id).map(|partition| partition.epochs.end_of(epoch, partition.end))
    }

    /// The leader epoch of the record at `offset`; of the end, that of the last record.
    pub fn epoch_at(&self, id: PartitionId, offset: i64) -> Option<i32> {
        self.read().partitions.get(id).and_then(|partition| partition.epochs.at(offset))
    }

    /// The producers of a partition that are remembered, by id.
    pub fn producers(&self, id: PartitionId) -> Vec<ProducerInfo> {
        let state = self.read();
        let Some(partition) = state.partitions.get(id) else { return Vec::new() };
        let mut all: Vec<ProducerInfo> = state.producers.of(&partition.producers).map(|producer| producer.info()).collect();
        all.sort_unstable_by_key(|producer| producer.id);
        all
    }

    /// How many producers are remembered, one counted for each partition that it writes to.
    pub fn producers_remembered(&self) -> usize {
        self.read().producers.len()
    }

    /// All groups, by name.
    pub fn groups(&self) -> Vec<GroupSummary> {
        let summary = |(name, group): (&Bytes, &Group)| GroupSummary {
            name: name.clone(),
            protocol_type: group.state.protocol_type.clone(),
            generation: group.state.generation,
            members: group.state.members.len(),
            offsets: group.offsets.len(),
            stored_ms: group.stored_ms,
        };
        self.read().groups.iter().map(summary).collect()
    }

    /// What the coordinator of a group stored, and when, by the entry's time.
    pub fn group_state(&self, name: &[u8]) -> Option<(GroupState, u64)> {
        self.read().groups.get(name).map(|group| (group.state.clone(), group.stored_ms))
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, name: &[u8]) -> bool {
        self.read().groups.get(name).is_some()
    }

    /// A group with everything that is kept of it, of which offsets may be many: nobody but tests needs that.
    #[cfg(test)]
    pub(crate) fn group(&self, name: &[u8]) -> Option<Group> {
        self.read().groups.get(name).cloned()
    }

    /// The topics of which groups keep offsets, in any order.
    pub fn offset_topics(&self) -> Vec<TopicId> {
        self.read().groups.topics().collect()
    }

    /// What has expired at `now_ms`, where offsets are kept for `retention_ms`, in groups behind the name `after` (from the first one
    /// on without), and groups that have neither members nor offsets; and behind which name to go on, unless these were the last
    /// groups. Looks at so many offsets that the lock is not held for long.
    pub fn expired(&self, after: Option<&[u8]>, now_ms: u64, retention_ms: u64) -> (Vec<Expired>, Option<Bytes>) {
        let state = self.read();
        let (mut found, mut looked) = (Vec::new(), 0);
        for (name, group) in state.groups.after(after) {
            let due = group.offsets.iter().filter(|(_, committed)| group.expires_ms(committed, retention_ms) <= now_ms);
            let offsets: Vec<_> = due.map(|(id, committed)| (*id, committed.position)).collect();
            if !offsets.is_empty() || group.is_void() {
                found.push(Expired { group: name.clone(), offsets });
            }
            looked += 1 + group.offsets.len();
            if looked >= EXPIRY_SLICE_OFFSETS {
                return (found, Some(name.clone()));
            }
        }
        (found, None)
    }

    /// The offsets that a group keeps, by partition: of some partitions, or without `partitions` all. `None` if there is no such
    /// group.
    pub fn offsets(&self, name: &[u8], partitions: Option<&[PartitionId]>) -> Option<Vec<(PartitionId, Committed)>> {
        let state = self.read();
        let offsets = &state.groups.get(name)?.offsets;
        Some(match partitions {
            None => offsets.iter().map(|(id, committed)| (*id, committed.clone())).collect(),
            Some(ids) => ids.iter().filter_map(|id| Some((*id, offsets.get(id)?.clone()))).collect(),
        })
    }

    /// Bytes of memory that groups take, offsets included, as reckoned for [`Options::groups_bytes_max`](crate::Options).
    pub fn groups_bytes(&self) -> u64 {
        self.read().groups.bytes()
    }

    /// Bytes of batches that are in the journal only.
    pub fn unsettled_bytes(&self) -> u64 {
        self.read().unsettled_bytes
    }

    /// Bytes of memory that the index of those batches takes.
    pub fn index_memory(&self) -> u64 {
        self.read().index_memory
    }
}
