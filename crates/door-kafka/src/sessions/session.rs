//! One session.

use std::{collections::BTreeSet, sync::Arc};

use rustc_hash::FxHashMap;

use super::{Due, Outcome, Slot, Topic, Wanted, partition::Partition};
use crate::ErrorCode;

/// No partition: the end of the chain.
const NONE: u32 = u32::MAX;

/// A session: its partitions in the order in which they are read.
#[derive(Debug)]
pub(super) struct Session<L> {
    /// Who began it, and who alone goes on with it.
    pub(super) principal: Arc<str>,
    pub(super) epoch: i32,
    pub(super) by_id: bool,
    pub(super) created_ms: u64,
    pub(super) last_used_ms: u64,
    /// Under which size it can be pushed out; nothing while it is safe.
    pub(super) evictable_size: Option<usize>,
    /// How many partitions the cache has counted for it.
    pub(super) counted: usize,
    /// With what the reader hears of partitions that move, while no fetch has it.
    pub(super) listening: Option<L>,
    partitions: Vec<Partition>,
    /// Places of forgotten partitions.
    free: Vec<u32>,
    index: FxHashMap<(u32, i32), u32>,
    /// Topics with the number of their partitions; the number of one that has none is given to the next.
    topics: Vec<(Topic, u32)>,
    topic_numbers: FxHashMap<Topic, u32>,
    free_topics: Vec<u32>,
    first: u32,
    last: u32,
    /// The next place in the order.
    next: u64,
    /// Partitions that are due, in the order in which they are read.
    due: BTreeSet<(u64, u32)>,
}

impl<L> Session<L> {
    pub(super) fn new(principal: Arc<str>, by_id: bool, now_ms: u64) -> Session<L> {
        Session {
            principal,
            epoch: 1,
            by_id,
            created_ms: now_ms,
            last_used_ms: now_ms,
            evictable_size: None,
            counted: 0,
            listening: None,
            partitions: Vec::new(),
            free: Vec::new(),
            index: FxHashMap::default(),
            topics: Vec::new(),
            topic_numbers: FxHashMap::default(),
            free_topics: Vec::new(),
            first: NONE,
            last: NONE,
            next: 0,
            due: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Adds a partition at the end, or changes how it is read.
    pub(super) fn want(&mut self, wanted: &Wanted) -> Slot {
        let topic = self.topic_number(&wanted.topic);
        let key = (topic, wanted.partition);
        let slot = match self.index.get(&key) {
            Some(slot) => *slot,
            None => self.add(key),
        };
        let partition = &mut self.partitions[slot as usize];
        partition.fetch_offset = wanted.fetch_offset;
        partition.max_bytes = wanted.max_bytes;
        partition.leader_epoch = wanted.leader_epoch;
        partition.last_fetched_epoch = wanted.last_fetched_epoch;
        self.set_due(Slot(slot), true);
        Slot(slot)
    }

    fn add(&mut self, key: (u32, i32)) -> u32 {
        let partition = Partition {
            topic: key.0,
            partition: key.1,
            fetch_offset: 0,
            max_bytes: 0,
            leader_epoch: -1,
            last_fetched_epoch: -1,
            before: NONE,
            after: NONE,
            order: 0,
            is_due: false,
            high_watermark: -1,
            log_start_offset: -1,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.partitions.push(partition);
            u32::try_from(self.partitions.len() - 1).expect("a session is bounded far below 2^32 partitions")
        });
        self.partitions[slot as usize] = partition;
        self.topics[key.0 as usize].1 += 1;
        self.index.insert(key, slot);
        self.append(slot);
        slot
    }

    /// Which place it had, if the session has it.
    pub(super) fn forget(&mut self, topic: &Topic, partition: i32) -> Option<Slot> {
        let number = self.topic_numbers.get(topic).copied()?;
        let slot = self.index.remove(&(number, partition))?;
        self.set_due(Slot(slot), false);
        self.unlink(slot);
        self.free.push(slot);
        let (topic, partitions) = &mut self.topics[number as usize];
        *partitions -= 1;
        if *partitions == 0 {
            self.topic_numbers.remove(topic);
            self.free_topics.push(number);
        }
        Some(Slot(slot))
    }

    /// Whether a partition has to be looked at. Nothing happens to one that is not there.
    pub(super) fn set_due(&mut self, slot: Slot, is_due: bool) {
        let Some(partition) = self.partitions.get_mut(slot.0 as usize) else { return };
        partition.is_due = is_due;
        let key = (partition.order, slot.0);
        if is_due {
            self.due.insert(key);
        } else {
            self.due.remove(&key);
        }
    }

    /// What is due, in the order in which it is to be read.
    pub(super) fn due(&self) -> impl Iterator<Item = Due> + '_ {
        self.due.iter().map(|(_, slot)| self.look_up(Slot(*slot)))
    }

    /// A partition that is there.
    pub(super) fn look_up(&self, slot: Slot) -> Due {
        let Partition { order, high_watermark, log_start_offset, .. } = self.partitions[slot.0 as usize];
        Due { slot, wanted: self.wanted(slot), order, high_watermark, log_start_offset }
    }

    fn topic_number(&mut self, topic: &Topic) -> u32 {
        if let Some(number) = self.topic_numbers.get(topic) {
            return *number;
        }
        let number = self.free_topics.pop().unwrap_or_else(|| {
            self.topics.push((topic.clone(), 0));
            u32::try_from(self.topics.len() - 1).expect("a session is bounded far below 2^32 topics")
        });
        self.topics[number as usize] = (topic.clone(), 0);
        self.topic_numbers.insert(topic.clone(), number);
        number
    }

    fn append(&mut self, slot: u32) {
        let partition = &mut self.partitions[slot as usize];
        (partition.before, partition.after) = (self.last, NONE);
        let before = std::mem::replace(&mut partition.order, self.next);
        if partition.is_due {
            self.due.remove(&(before, slot));
            self.due.insert((self.next, slot));
        }
        self.next += 1;
        match self.last {
            NONE => self.first = slot,
            last => self.partitions[last as usize].after = slot,
        }
        self.last = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Partition { before, after, .. } = self.partitions[slot as usize];
        match before {
            NONE => self.first = after,
            before => self.partitions[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.partitions[after as usize].before = before,
        }
    }

    /// Every partition in the order in which it is to be read.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, Wanted)> + '_ {
        let mut next = self.first;
        std::iter::from_fn(move || {
            let slot = (next != NONE).then_some(next)?;
            next = self.partitions[slot as usize].after;
            Some((Slot(slot), self.wanted(Slot(slot))))
        })
    }

    pub(super) fn wanted(&self, slot: Slot) -> Wanted {
        let partition = &self.partitions[slot.0 as usize];
        Wanted {
            topic: self.topics[partition.topic as usize].0.clone(),
            partition: partition.partition,
            fetch_offset: partition.fetch_offset,
            max_bytes: partition.max_bytes,
            leader_epoch: partition.leader_epoch,
            last_fetched_epoch: partition.last_fetched_epoch,
        }
    }

    /// Remembers what the consumer is told. An error makes what it knows void, so that the partition is sent again when the error
    /// is gone.
    pub(super) fn tell<T>(&mut self, slot: Slot, outcome: &Outcome<T>) {
        let partition = &mut self.partitions[slot.0 as usize];
        partition.log_start_offset = outcome.log_start_offset;
        partition.high_watermark = if outcome.error.is_none() { outcome.high_watermark } else { -1 };
        self.settle(outcome);
    }

    /// A partition with an error, or whose end is not reached, stays due.
    fn settle<T>(&mut self, outcome: &Outcome<T>) {
        let is_settled = outcome.is_at_end && outcome.error.is_none() && !outcome.is_diverging;
        self.set_due(outcome.slot, !is_settled);
    }

    /// Whether there is news; if so, the consumer is told, and the partition moves to the end.
    pub(super) fn tell_if_new<T>(&mut self, outcome: &Outcome<T>) -> bool {
        let partition = &self.partitions[outcome.slot.0 as usize];
        let is_new = outcome.records_bytes > 0
            || outcome.high_watermark != partition.high_watermark
            || outcome.log_start_offset != partition.log_start_offset
            || outcome.has_preferred_replica
            || outcome.is_diverging
            || outcome.error != ErrorCode::None;
        self.settle(outcome);
        if is_new {
            self.tell(outcome.slot, outcome);
            self.unlink(outcome.slot.0);
            self.append(outcome.slot.0);
        }
        is_new
    }

    /// What must hold between two requests.
    pub(super) fn check(&self) {
        assert_eq!(self.iter().count(), self.len(), "every partition is in the order once");
        assert_eq!(self.partitions.len(), self.len() + self.free.len(), "places are used or free");
        let topics: u32 = self.topic_numbers.values().map(|number| self.topics[*number as usize].1).sum();
        assert_eq!(topics as usize, self.len(), "partitions of topics are counted");
        let due: BTreeSet<u32> =
            self.iter().map(|(slot, _)| slot.0).filter(|slot| self.partitions[*slot as usize].is_due).collect();
        assert_eq!(self.due.iter().map(|(_, slot)| *slot).collect::<BTreeSet<_>>(), due, "what is due is listed");
        let orders: Vec<u64> = self.iter().map(|(slot, _)| self.partitions[slot.0 as usize].order).collect();
        assert!(orders.is_sorted(), "places follow the order");
        assert!(
            self.due.iter().all(|(order, slot)| self.partitions[*slot as usize].order == *order),
            "what is due knows its place"
        );
        assert_eq!(self.topics.len(), self.topic_numbers.len() + self.free_topics.len(), "topics are used or free");
    }
}
