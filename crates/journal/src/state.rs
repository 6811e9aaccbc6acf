//! What the journal holds in memory: every shard's ids, one small slot per entry, the recent payloads, and the queue.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
    task::Waker,
};

use base::{EntryId, ShardId};
use bytes::Bytes;

use crate::{Done, Entry, Record, ShardState, encode::queued_bytes, segment::Segment};

/// In a slot's `segment`: not written yet; the rest is the number of the queued record.
const UNWRITTEN: u64 = 1 << 63;

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) term: u64,
    segment: u64,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

impl Slot {
    pub(crate) fn written(term: u64, segment: u64, offset: u32, length: u32) -> Self {
        Self { term, segment, offset, length }
    }

    /// The segment, once the entry is written and synced.
    pub(crate) fn segment(&self) -> Option<u64> {
        (self.segment & UNWRITTEN == 0).then_some(self.segment)
    }
}

/// One shard.
#[derive(Default)]
pub(crate) struct Shard {
    pub(crate) vote: Option<Bytes>,
    pub(crate) purged: Option<EntryId>,
    pub(crate) last: Option<EntryId>,
    pub(crate) flushed: Option<EntryId>,
    committed: Option<EntryId>,
    committed_wanted: Option<EntryId>,
    /// Index of the first slot.
    first: u64,
    slots: VecDeque<Slot>,
    /// Payloads of the last entries.
    tail: VecDeque<Bytes>,
    tail_bytes: usize,
    /// The oldest segment that this shard needs, by what is durable.
    pub(crate) pin: Option<u64>,
}

impl Shard {
    pub(crate) fn slot(&self, index: u64) -> Option<&Slot> {
        let at = index.checked_sub(self.first)?;
        self.slots.get(usize::try_from(at).ok()?)
    }

    fn slot_mut(&mut self, index: u64) -> Option<&mut Slot> {
        let at = index.checked_sub(self.first)?;
        self.slots.get_mut(usize::try_from(at).ok()?)
    }

    /// Indexes that the shard holds.
    pub(crate) fn held(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.slots.len() as u64
    }

    pub(crate) fn bytes_after(&self, index: u64) -> u64 {
        let count = self.held().end.saturating_sub(index.saturating_add(1).max(self.first));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.slots.iter().rev().take(count).map(|slot| u64::from(slot.length)).sum()
    }

    pub(crate) fn entry_id(&self, index: u64) -> Option<EntryId> {
        match self.slot(index) {
            Some(slot) => Some(EntryId { term: slot.term, index }),
            None => self.purged.filter(|id| id.index == index),
        }
    }

    /// The payload, if it is in memory.
    pub(crate) fn recent(&self, index: u64) -> Option<&Bytes> {
        let from = self.held().end - self.tail.len() as u64;
        self.tail.get(usize::try_from(index.checked_sub(from)?).ok()?)
    }

    /// Adds one entry. `None` as payload: it is on disk only (recovery).
    pub(crate) fn push(&mut self, id: EntryId, slot: Slot, payload: Option<Bytes>) {
        if self.slots.is_empty() {
            self.first = id.index;
        }
        assert_eq!(id.index, self.held().end, "entries of a shard are contiguous");
        self.slots.push_back(slot);
        self.last = Some(id);
        if let Some(payload) = payload {
            self.tail_bytes += payload.len();
            self.tail.push_back(payload);
        }
    }

    /// Whether an entry with this index continues the log.
    pub(crate) fn continues(&self, index: u64) -> bool {
        self.last.is_none_or(|last| last.index.checked_add(1) == Some(index))
    }

    /// Drops the entries after `last`; gives the bytes of memory that this freed.
    pub(crate) fn truncate(&mut self, last: Option<EntryId>) -> usize {
        let end = last.map_or(0, |id| id.index.saturating_add(1));
        let before = self.tail_bytes;
        while !self.slots.is_empty() && self.held().end > end {
            self.slots.pop_back();
            if let Some(payload) = self.tail.pop_back() {
                self.tail_bytes -= payload.len();
            }
        }
        if self.last.is_some_and(|id| id.index >= end) {
            self.last = last.max(self.purged);
        }
        self.flushed = self.flushed.filter(|id| id.index < end).or_else(|| self.flushed.and(self.last));
        self.committed = self.committed.filter(|id| id.index < end).or_else(|| self.committed.and(self.last));
        self.committed_wanted = self.committed_wanted.filter(|id| id.index < end);
        before - self.tail_bytes
    }

    /// Drops the entries up to `upto`; gives the bytes of memory that this freed.
    pub(crate) fn purge(&mut self, upto: EntryId) -> usize {
        let before = self.tail_bytes;
        if self.purged.is_some_and(|purged| purged.index >= upto.index) {
            return 0;
        }
        while !self.slots.is_empty() && self.first <= upto.index {
            if self.tail.len() == self.slots.len()
                && let Some(payload) = self.tail.pop_front()
            {
                self.tail_bytes -= payload.len();
            }
            self.slots.pop_front();
            self.first += 1;
        }
        self.purged = Some(upto);
        self.last = self.last.filter(|last| last.index > upto.index).or(Some(upto));
        self.flushed = self.flushed.filter(|id| id.index > upto.index).or(Some(upto));
        before - self.tail_bytes
    }

    /// Frees memory of durable entries, oldest first, until `wanted` bytes are freed; gives what was.
    fn forget(&mut self, wanted: usize) -> usize {
        let mut freed = 0;
        let Some(flushed) = self.flushed else { return 0 };
        while freed < wanted && self.held().end - self.tail.len() as u64 <= flushed.index {
            let Some(payload) = self.tail.pop_front() else { break };
            self.tail_bytes -= payload.len();
            freed += payload.len();
        }
        freed
    }

    /// Notes what the shard's consensus calls committed.
    pub(crate) fn commit(&mut self, id: EntryId) {
        self.committed_wanted = self.committed_wanted.max(Some(id));
        self.clamp();
    }

    /// Brings `committed` as far as what was asked for and what is flushed both allow, and only along entries that this log has.
    fn clamp(&mut self) {
        let Some(wanted) = self.committed_wanted else { return };
        let known = self.entry_id(wanted.index) == Some(wanted) || self.purged.is_some_and(|purged| wanted <= purged);
        if known && let Some(flushed) = self.flushed {
            let allowed = if wanted.index <= flushed.index { wanted } else { flushed };
            self.committed = self.committed.max(Some(allowed));
        }
    }

    /// The committed entry as it may be written.
    pub(crate) fn committed(&self) -> Option<EntryId> {
        if crate::bugs::planted(crate::bugs::Bug::CommittedNotClamped) {
            return self.committed_wanted.or(self.committed);
        }
        self.committed
    }

    /// Sets what recovery found.
    pub(crate) fn recovered(&mut self, committed: Option<EntryId>) {
        self.flushed = self.last;
        self.committed = committed;
        self.committed_wanted = self.committed;
        self.pin = self.slots.front().and_then(Slot::segment);
    }

    pub(crate) fn state(&self) -> ShardState {
        ShardState {
            vote: self.vote.clone(),
            committed: self.committed(),
            purged: self.purged,
            last: self.last,
            flushed: self.flushed,
        }
    }
}

/// One queued record.
pub(crate) struct Queued {
    pub(crate) sequence: u64,
    pub(crate) record: Record,
    pub(crate) done: Option<Done>,
    /// The oldest segment that the shard needs once a purge or truncation is durable.
    pub(crate) pin_after: Option<u64>,
}

/// An entry's place, known when its write is synced.
pub(crate) struct Placed {
    pub(crate) index: u64,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// What becomes true when a write is synced.
pub(crate) enum Effect {
    Appended { shard: ShardId, sequence: u64, places: Vec<Placed> },
    Shrunk { shard: ShardId, pin_after: Option<u64> },
}

/// Everything under the journal's lock.
pub(crate) struct State {
    pub(crate) shards: BTreeMap<ShardId, Shard>,
    pub(crate) queue: VecDeque<Queued>,
    /// `Done`s of committed records, which do not ask for a write of their own.
    pub(crate) hint_dones: Vec<Done>,
    pub(crate) hints: bool,
    pub(crate) segments: BTreeMap<u64, Arc<Segment>>,
    pub(crate) current: u64,
    pub(crate) next_sequence: u64,
    /// Writes that the writer began, and those that are synced.
    pub(crate) writes_begun: u64,
    pub(crate) writes_done: u64,
    tail_bytes: usize,
    tail_bytes_max: usize,
    pub(crate) closing: bool,
    /// The writer is gone: what it wrote at last is on disk.
    pub(crate) ended: bool,
    pub(crate) failed: Option<(io::ErrorKind, String)>,
    /// The writer waits for records.
    pub(crate) writer_waits: bool,
    /// The writer waits for anything at all, without a limit of time.
    pub(crate) writer_sleeps: bool,
    /// The same, where the writer is a task.
    pub(crate) writer_task: Option<Waker>,
}

impl State {
    pub(crate) fn new(tail_bytes_max: usize) -> Self {
        Self {
            shards: BTreeMap::new(),
            queue: VecDeque::new(),
            hint_dones: Vec::new(),
            hints: false,
            segments: BTreeMap::new(),
            current: 0,
            next_sequence: 1,
            writes_begun: 0,
            writes_done: 0,
            tail_bytes: 0,
            tail_bytes_max,
            closing: false,
            ended: false,
            failed: None,
            writer_waits: false,
            writer_sleeps: false,
            writer_task: None,
        }
    }

    /// The error that everybody gets once a write or sync failed, or the journal is closed.
    pub(crate) fn refusal(&self) -> Option<io::Error> {
        match &self.failed {
            Some((kind, message)) => Some(io::Error::new(*kind, message.clone())),
            None if self.closing => Some(io::Error::other("the journal is closed")),
            None => None,
        }
    }

    /// Whether what waits fills a write of so many bytes, or a vote is among it.
    pub(crate) fn is_urgent(&self, write_bytes: usize) -> bool {
        let mut bytes = 0;
        self.queue.iter().any(|queued| {
            bytes += queued_bytes(&queued.record);
            bytes >= write_bytes || matches!(queued.record, Record::Vote(..))
        })
    }

    /// Takes a record in: memory knows it at once, the queue brings it to disk.
    pub(crate) fn enqueue(&mut self, record: Record, done: Option<Done>) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let pin_after = match &record {
            Record::Append(shard, entries) => {
                self.append(*shard, entries, sequence);
                None
            }
            Record::Truncate(shard, last) => {
                let shard = self.shards.entry(*shard).or_default();
                self.tail_bytes -= shard.truncate(*last);
                pin_of(shard, self.current)
            }
            Record::Purge(shard, upto) => {
                let shard = self.shards.entry(*shard).or_default();
                self.tail_bytes -= shard.purge(*upto);
                pin_of(shard, self.current)
            }
            Record::Vote(shard, vote) => {
                self.shards.entry(*shard).or_default().vote = Some(vote.clone());
                None
            }
            Record::Committed(shard, id) => {
                self.shards.entry(*shard).or_default().commit(*id);
                self.hint_dones.extend(done);
                self.hints = true;
                return;
            }
        };
        self.queue.push_back(Queued { sequence, record, done, pin_after });
    }

    fn append(&mut self, shard: ShardId, entries: &[Entry], sequence: u64) {
        let shard = self.shards.entry(shard).or_default();
        for entry in entries {
            assert!(
                shard.continues(entry.id.index),
                "an entry that does not continue its shard's log was submitted: {} after {:?}",
                entry.id,
                shard.last
            );
            let length = u32::try_from(entry.payload.len()).unwrap_or(u32::MAX);
            let slot = Slot { term: entry.id.term, segment: UNWRITTEN | sequence, offset: 0, length };
            self.tail_bytes += entry.payload.len();
            shard.push(entry.id, slot, Some(entry.payload.clone()));
        }
        shard.clamp();
    }

    /// Applies what a synced write made true.
    pub(crate) fn complete(&mut self, segment: u64, effects: Vec<Effect>) {
        self.writes_done = self.writes_begun;
        for effect in effects {
            match effect {
                Effect::Appended { shard, sequence, places } => {
                    let shard = self.shards.entry(shard).or_default();
                    if !places.is_empty() {
                        shard.pin = Some(shard.pin.map_or(segment, |pin| pin.min(segment)));
                    }
                    for place in places {
                        if let Some(slot) = shard.slot_mut(place.index)
                            && slot.segment == UNWRITTEN | sequence
                        {
                            *slot = Slot::written(slot.term, segment, place.offset, place.length);
                            let id = EntryId { term: slot.term, index: place.index };
                            shard.flushed = Some(id);
                        }
                    }
                    shard.clamp();
                }
                Effect::Shrunk { shard, pin_after } => {
                    self.shards.entry(shard).or_default().pin = pin_after;
                }
            }
        }
        self.forget();
    }

    /// Keeps memory of recent entries within its bound.
    fn forget(&mut self) {
        while self.tail_bytes > self.tail_bytes_max {
            let over = self.tail_bytes - self.tail_bytes_max;
            let mut shards: Vec<&mut Shard> = self.shards.values_mut().collect();
            shards.sort_by_key(|shard| std::cmp::Reverse(shard.tail_bytes));
            let freed = shards.into_iter().map(|shard| shard.forget(over)).find(|freed| *freed > 0).unwrap_or(0);
            if freed == 0 {
                return;
            }
            self.tail_bytes -= freed;
        }
    }

    /// The shard with the oldest pinned segment.
    pub(crate) fn oldest(&self) -> Option<(u64, ShardId)> {
        self.shards.iter().filter_map(|(id, shard)| shard.pin.map(|pin| (pin, *id))).min()
    }
}

/// The oldest segment that a shard will need when what is queued now is durable; a lower bound while entries are unwritten.
fn pin_of(shard: &Shard, current: u64) -> Option<u64> {
    shard.slots.front().map(|slot| slot.segment().unwrap_or(current))
}
