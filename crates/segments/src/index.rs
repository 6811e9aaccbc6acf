//! Where every run lies: in memory, so that a read asks the disk for batches and marks only.
//!
//! Live segments may hold the same offsets of a partition more than once: what a merge moved out of a segment stays in its file.
//! For each partition those runs are served that lie in no other run (of two with the same offsets, the one of the greater
//! generation); the rest, and runs below the log start, are dead. So nothing has to be recorded of what was moved.

use std::{cmp::Reverse, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    format::RunTable,
    key::{PartitionKey, SegmentId},
    run::{Placed, Run},
    segment::Segment,
};

/// The log start of a partition that is gone.
const DROPPED: i64 = i64::MAX;
/// How much of the first served run is dead was not looked up.
const CUT_UNKNOWN: u32 = u32::MAX;

/// What is known of one partition.
#[derive(Default)]
pub(crate) struct Partition {
    /// First the served ones, by offset; behind them the dead ones, in no order.
    runs: Vec<Run>,
    log_start: i64,
    served: u32,
    /// Bytes of whole blocks of the first served run that lie below the log start.
    cut: u32,
}

impl Partition {
    /// The runs that are served: base offsets and last offsets ascend.
    pub(crate) fn served(&self) -> &[Run] {
        &self.runs[..self.served as usize]
    }

    pub(crate) fn all(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn log_start(&self) -> i64 {
        self.log_start
    }

    /// Dead bytes of its first served run; `None` if that has to be looked up.
    pub(crate) fn cut(&self) -> Option<u32> {
        (self.cut != CUT_UNKNOWN).then_some(self.cut)
    }

    /// The place among the served runs of the one that holds `offset`.
    pub(crate) fn find(&self, offset: i64) -> Option<usize> {
        let at = self.served().partition_point(|run| run.base_offset <= offset).checked_sub(1)?;
        (offset >= self.log_start && self.served()[at].contains(offset)).then_some(at)
    }

    fn push(&mut self, run: Run) {
        if self.runs.len() == self.runs.capacity() {
            // A quarter more instead of twice as much: there are many partitions, and they grow slowly.
            self.runs.reserve_exact(self.runs.len() / 4 + 1);
        }
        self.runs.push(run);
    }

    /// Sorts the runs that are served from those that are not.
    fn arrange(&mut self, slots: &[Option<Arc<Segment>>]) {
        let log_start = self.log_start;
        let rank = |run: &Run| slots[run.segment as usize].as_ref().map(|segment| (segment.meta.generation, segment.id()));
        self.runs.sort_unstable_by_key(|run| (run.base_offset.max(log_start), Reverse(run.last_offset), Reverse(rank(run))));
        let (mut served, mut last) = (0, log_start - 1);
        for at in 0..self.runs.len() {
            if self.runs[at].last_offset > last {
                last = self.runs[at].last_offset;
                self.runs.swap(served, at);
                served += 1;
            }
        }
        self.served = u32::try_from(served).expect("runs of one partition fit into memory");
        self.cut = if self.first_is_cut() { CUT_UNKNOWN } else { 0 };
    }

    /// Whether its log start lies inside of its first run, which has several blocks.
    fn first_is_cut(&self) -> bool {
        self.served().first().is_some_and(|run| run.base_offset < self.log_start && run.marks != crate::format::NO_MARKS)
    }

    fn set_log_start(&mut self, offset: i64, slots: &[Option<Arc<Segment>>]) {
        if offset <= self.log_start {
            return;
        }
        self.log_start = offset;
        let mut served = self.served().iter();
        let stays = served.next().is_none_or(|first| first.last_offset >= offset);
        let is_alone = served.next().is_none_or(|second| second.base_offset > offset);
        // A run that was narrower than the first one may be as wide from here on, and win.
        let wins_nothing = self.runs[self.served as usize..].iter().all(|run| run.last_offset < offset);
        if stays && is_alone && wins_nothing {
            self.cut = if self.first_is_cut() { CUT_UNKNOWN } else { 0 };
        } else {
            self.arrange(slots);
        }
    }
}

/// The index of a store.
#[derive(Default)]
pub(crate) struct Index {
    slots: Vec<Option<Arc<Segment>>>,
    by_id: FxHashMap<SegmentId, u32>,
    partitions: FxHashMap<PartitionKey, Partition>,
    removals: u64,
}

impl Index {
    /// How many times segments were taken out.
    pub(crate) fn removals(&self) -> u64 {
        self.removals
    }

    /// Takes in one segment of those that a store is opened with. Nothing is served before [`Index::loaded`].
    pub(crate) fn load(&mut self, segment: &Arc<Segment>, table: &RunTable) {
        self.insert(segment, table, &mut FxHashSet::default());
    }

    /// All segments are loaded: sorts out what is served, and gives back memory that was taken in advance.
    pub(crate) fn loaded(&mut self) {
        for partition in self.partitions.values_mut() {
            partition.arrange(&self.slots);
            partition.runs.shrink_to_fit();
        }
    }

    /// Takes segments out and others in, in one step; gives those that went. `tables` has the run tables of those that go, where they
    /// could be read.
    pub(crate) fn change(
        &mut self,
        added: &[(Arc<Segment>, RunTable)],
        removed: &[(SegmentId, Option<RunTable>)],
    ) -> Vec<Arc<Segment>> {
        self.removals += u64::from(!removed.is_empty());
        let mut touched = FxHashSet::default();
        let gone = removed.iter().filter_map(|(id, table)| self.remove(*id, table.as_ref(), &mut touched)).collect();
        for (segment, table) in added {
            self.insert(segment, table, &mut touched);
        }
        let Index { slots, partitions, .. } = self;
        for key in touched {
            let Some(partition) = partitions.get_mut(&key) else { continue };
            partition.arrange(slots);
            if partition.runs.is_empty() && partition.log_start == 0 {
                partitions.remove(&key);
            }
        }
        gone
    }

    fn insert(&mut self, segment: &Arc<Segment>, table: &RunTable, touched: &mut FxHashSet<PartitionKey>) {
        let free = self.slots.iter().position(Option::is_none);
        let at = free.unwrap_or(self.slots.len());
        let slot = u32::try_from(at).expect("there are fewer segments than 2^32");
        match free {
            Some(at) => self.slots[at] = Some(segment.clone()),
            None => self.slots.push(Some(segment.clone())),
        }
        self.by_id.insert(segment.id(), slot);
        for entry in table.entries() {
            let partition = self.partitions.entry(entry.partition).or_default();
            if partition.log_start != DROPPED {
                partition.push(Run::new(&entry, slot));
                touched.insert(entry.partition);
            }
        }
    }

    fn remove(&mut self, id: SegmentId, table: Option<&RunTable>, touched: &mut FxHashSet<PartitionKey>) -> Option<Arc<Segment>> {
        let slot = self.by_id.remove(&id)?;
        let mut clean = |key: PartitionKey, partition: &mut Partition| {
            partition.runs.retain(|run| run.segment != slot);
            // Until it is arranged again nothing of it may be believed to be served.
            partition.served = 0;
            touched.insert(key);
        };
        match table {
            Some(table) => {
                for entry in table.entries() {
                    if let Some(partition) = self.partitions.get_mut(&entry.partition) {
                        clean(entry.partition, partition);
                    }
                }
            }
            None => self.partitions.iter_mut().for_each(|(key, partition)| clean(*key, partition)),
        }
        self.slots[slot as usize].take()
    }

    pub(crate) fn segment(&self, id: SegmentId) -> Option<&Arc<Segment>> {
        self.slots[*self.by_id.get(&id)? as usize].as_ref()
    }

    /// The places of segments, which runs name; some are empty.
    pub(crate) fn slots(&self) -> &[Option<Arc<Segment>>] {
        &self.slots
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.slots.iter().flatten()
    }

    /// A run that the index holds, with its segment.
    pub(crate) fn place(&self, run: &Run) -> Option<Placed> {
        let segment = self.slots.get(run.segment as usize)?.clone()?;
        Some(Placed { run: *run, segment })
    }

    pub(crate) fn partition(&self, key: &PartitionKey) -> Option<&Partition> {
        self.partitions.get(key)
    }

    pub(crate) fn partitions(&self) -> impl Iterator<Item = (&PartitionKey, &Partition)> {
        self.partitions.iter()
    }

    /// Sets the log start of a partition, if that is later than the one it has.
    pub(crate) fn set_log_start(&mut self, key: PartitionKey, offset: i64) {
        if offset > 0 {
            self.partitions.entry(key).or_default().set_log_start(offset, &self.slots);
        }
    }

    /// Forgets a partition for good.
    pub(crate) fn drop_partition(&mut self, key: PartitionKey) {
        let partition = self.partitions.entry(key).or_default();
        *partition = Partition { log_start: DROPPED, ..Partition::default() };
    }

    /// Notes how much of the first served run of a partition is dead, if that run and the log start are still the same.
    pub(crate) fn note_cut(&mut self, key: &PartitionKey, run: &Run, log_start: i64, cut: u32) {
        if let Some(partition) = self.partitions.get_mut(key)
            && partition.served().first() == Some(run)
            && partition.log_start == log_start
        {
            partition.cut = cut;
        }
    }

    /// Bytes of memory that the index takes, and how many runs it holds.
    pub(crate) fn size(&self) -> (usize, usize) {
        let entry = size_of::<(PartitionKey, Partition)>() + 1;
        let map = self.partitions.capacity() * entry * 8 / 7;
        let (mut bytes, mut runs) = (map, 0);
        for partition in self.partitions.values() {
            bytes += partition.runs.capacity() * size_of::<Run>();
            runs += partition.runs.len();
        }
        (bytes, runs)
    }
}
