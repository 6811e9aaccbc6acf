//! Applying one command.

use table::Table;

use crate::{
    Refusal,
    bugs::{Bug, planted},
    command::{Command, Entry, Reply},
    digest::feed,
    identity::{PartitionId, TopicId},
    limits::{EXPIRED_PER_APPLY_MAX, PRODUCER_COUNTER_BITS, PRODUCER_IDS_MAX},
    machine::{Applied, Moved, Options},
    record::{counter_key, encode_counter, partition_key},
    state::State,
};

/// The state, and what stands beside it while one command is applied.
pub(crate) struct Apply<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) table: &'a Table,
    pub(crate) options: &'a Options,
    pub(crate) shard: u32,
    pub(crate) entry: Entry,
    pub(crate) moved: Moved,
}

impl Apply<'_> {
    pub(crate) fn apply(mut self, command: Command) -> Applied {
        self.expire_producers();
        let reply = self.execute(command);
        Applied { reply, moved: self.moved }
    }

    fn execute(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Append { term, .. } if term != 0 && term != self.entry.id.term => Err(Refusal::Fenced),
            Command::Append { partition, batch, .. } => self.append(partition, &batch).map(Reply::Appended),
            Command::Trim { partition, log_start } => self.trim(partition, log_start),
            Command::Drop { topic, partitions } => Ok(self.drop_partitions(topic, partitions)),
            Command::AllocateProducers { count } => self.allocate(count),
            Command::GroupStore { term, group, state } => self.store_group(term, &group, &state),
            Command::OffsetCommit(commit) => self.commit_offsets(&commit),
            Command::OffsetDelete { group, partitions } => self.delete_offsets(&group, &partitions),
            Command::GroupDelete { group } => self.delete_group(&group),
            Command::ExpireOffsets { term, group, retention_ms, offsets } => {
                self.expire_offsets(term, &group, retention_ms, &offsets)
            }
        }
    }

    /// Forgets a few of those that have been idle too long.
    fn expire_producers(&mut self) {
        for _ in 0..EXPIRED_PER_APPLY_MAX {
            let Some((slot, oldest)) = self.state.producers.oldest() else { return };
            if oldest.written_ms.saturating_add(self.options.producer_expiry_ms) > self.entry.time_ms {
                return;
            }
            self.state.forget_producer(self.table, slot);
        }
    }

    fn trim(&mut self, id: PartitionId, log_start: i64) -> Result<Reply, Refusal> {
        let State { partitions, .. } = self.state;
        let slot = partitions.find(id).ok_or(Refusal::UnknownPartition)?;
        let partition = partitions.at_mut(slot);
        let wanted = if log_start == -1 { partition.end } else { log_start.min(partition.end) };
        if wanted > partition.log_start || planted(Bug::LogStartFalls) {
            partition.log_start = wanted;
            partition.epochs.trim(wanted);
            let freed = partition.index.forget(|batch| batch.last_offset < wanted);
            let mut record = Vec::new();
            partition.encode_compared(&mut record);
            feed(self.table, &record, &[]);
            if partition.index.is_empty() {
                partitions.unsettled.remove(slot);
            }
            if !planted(Bug::TrimNotSettled) {
                partitions.dirty.insert(slot);
            }
            self.state.freed(freed);
            self.moved = Moved::Partition(id);
        }
        Ok(Reply::Trimmed { log_start: self.state.partitions.at(slot).log_start })
    }

    fn drop_partitions(&mut self, topic: TopicId, partitions: Option<Vec<u32>>) -> Reply {
        self.drop_offsets(topic, partitions.as_deref());
        let named = |numbers: Vec<u32>| numbers.into_iter().map(|partition| PartitionId { topic, partition }).collect();
        let mut ids: Vec<PartitionId> = partitions.map_or_else(|| self.state.partitions.of_topic(topic), named);
        ids.sort_unstable();
        let dropped: Vec<PartitionId> = ids.into_iter().filter(|id| self.drop_partition(*id)).collect();
        let count = dropped.len();
        if count > 0 {
            self.moved = Moved::Partitions(dropped);
        }
        Reply::Forgotten { count }
    }

    fn drop_partition(&mut self, id: PartitionId) -> bool {
        let Some(slot) = self.state.partitions.find(id) else { return false };
        while let Some(producer) = self.state.partitions.at(slot).producers.first() {
            let gone = self.state.producers.remove(&mut self.state.partitions, producer);
            self.state.gone.extend(gone.is_stored.then_some((id, gone.id)));
        }
        if let Some(mut partition) = self.state.partitions.remove(slot) {
            self.state.freed(partition.index.forget(|_| true));
        }
        self.table.delete(partition_key(id));
        true
    }

    fn allocate(&mut self, count: u32) -> Result<Reply, Refusal> {
        if count == 0 || count > PRODUCER_IDS_MAX {
            return Err(Refusal::InvalidCount);
        }
        let next = self.state.allocated + u64::from(count);
        if next > 1 << PRODUCER_COUNTER_BITS {
            return Err(Refusal::Exhausted);
        }
        let first = u64::from(self.shard) << PRODUCER_COUNTER_BITS | self.state.allocated;
        self.state.allocated = next;
        self.table.put(counter_key(), encode_counter(next));
        Ok(Reply::Producers { first: i64::try_from(first).expect("the shard is bounded, so that 63 bits hold both"), count })
    }
}
