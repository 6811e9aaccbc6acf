//! The changes of late, by revision, within a budget of bytes.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use base::{Error, Kind, Result};
use kv::{
    EventKind, Revision,
    event::{Changes, Event},
    request::KeyValue,
};

use super::{
    History,
    encode::Frames,
    limits::{EVENT_OVERHEAD_BYTES, WINDOW_BYTES, WINDOW_ENTRIES},
};

/// One revision. Encoded once, by the first who needs it, so that nobody pays while nobody watches.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) revision: i64,
    pub(super) events: Vec<Event>,
    plain: OnceLock<Frames>,
    with_prev: OnceLock<Frames>,
}

impl Entry {
    pub(super) fn new(changes: Changes) -> Entry {
        Entry { revision: changes.revision, events: changes.events, plain: OnceLock::new(), with_prev: OnceLock::new() }
    }

    /// The frames, with the states before or without; `None`: something has to be read from history first.
    pub(super) fn frames(&self, with_prev: bool) -> Option<&Frames> {
        let frames = if with_prev { &self.with_prev } else { &self.plain };
        if frames.get().is_none() {
            let lacks = |event: &Event| event.is_value_cold || (with_prev && has_prev(event) && event.prev_kv.is_none());
            if self.events.iter().any(lacks) {
                return None;
            }
        }
        Some(frames.get_or_init(|| encode(&self.events, with_prev)))
    }

    /// Reads what memory did not have. May wait for the disk.
    ///
    /// # Errors
    /// `OutOfRange` when a value is compacted: who still needs it was overtaken.
    pub(super) fn read_missing(&self, with_prev: bool, history: &dyn History) -> Result<()> {
        if self.frames(with_prev).is_some() {
            return Ok(());
        }
        let events: Vec<Event> = self.events.iter().map(|event| read(event, with_prev, history)).collect::<Result<_>>()?;
        // The plain ones too: compaction may pass this revision before they are used, and then the states before are left out.
        self.plain.get_or_init(|| encode(&events, false));
        if with_prev {
            self.with_prev.get_or_init(|| encode(&events, true));
        }
        Ok(())
    }

    /// What it may take in memory once both encodings exist.
    fn cost(&self) -> usize {
        let state = |kv: &KeyValue| 2 * kv.value.len() + 3 * kv.key.len();
        let event = |event: &Event| EVENT_OVERHEAD_BYTES + 2 * state(&event.kv) + event.prev_kv.as_ref().map_or(0, state);
        self.events.iter().map(event).sum()
    }
}

/// A creation has nothing before it.
fn has_prev(event: &Event) -> bool {
    let created = event.kind == EventKind::Put && event.kv.create_revision == event.kv.mod_revision;
    !created && (event.prev.is_some() || event.prev_kv.is_some())
}

fn encode(events: &[Event], with_prev: bool) -> Frames {
    let prev = |event: &Event| event.prev_kv.clone().filter(|_| has_prev(event));
    let prevs: Vec<_> = if with_prev { events.iter().map(prev).collect() } else { Vec::new() };
    Frames::encode(events, &prevs)
}

/// The event with everything that was missing in it. A state before that is compacted stays away.
fn read(event: &Event, with_prev: bool, history: &dyn History) -> Result<Event> {
    let mut event = event.clone();
    if event.is_value_cold {
        let at = Revision { main: event.kv.mod_revision, sub: i64::MAX };
        let compacted = || Error::new(Kind::OutOfRange, "etcdserver: mvcc: required revision has been compacted");
        let state = history.previous(&event.kv.key, at)?.filter(|state| state.mod_revision == event.kv.mod_revision);
        event.kv.value = state.ok_or_else(compacted)?.value;
    }
    if with_prev && has_prev(&event) && event.prev_kv.is_none() {
        event.prev_kv = event.prev.map_or(Ok(None), |at| history.previous(&event.kv.key, at))?;
    }
    Ok(event)
}

/// Revisions `floor ..= head`, nothing missing.
#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    bytes_max: usize,
    floor: i64,
    head: i64,
}

impl Ring {
    /// An empty ring of a key space whose current revision is `head`.
    pub(super) fn new(head: i64, bytes_max: usize) -> Ring {
        Ring { entries: VecDeque::new(), bytes: 0, bytes_max, floor: head + 1, head }
    }

    /// The last revision published.
    pub(super) fn head(&self) -> i64 {
        self.head
    }

    /// Appends the next revision; the oldest ones go when the budget is passed. What went is handed out, so that it is freed
    /// outside the lock.
    pub(super) fn push(&mut self, entry: Arc<Entry>) -> Option<Arc<Entry>> {
        assert!(entry.revision > self.head, "revision {} published after {}", entry.revision, self.head);
        self.head = entry.revision;
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        let mut gone = None;
        while self.bytes > self.bytes_max && self.entries.len() > 1 {
            gone = self.entries.pop_front();
            if let Some(entry) = &gone {
                self.bytes -= entry.cost();
                self.floor = entry.revision + 1;
            }
        }
        gone
    }

    /// Forgets everything; `head` is where publishing goes on.
    pub(super) fn restart(&mut self, head: i64) {
        self.entries.clear();
        (self.bytes, self.floor, self.head) = (0, head + 1, head);
    }

    /// A window of the ring from `from` on, bounded in entries and bytes; `None`: the ring no longer has `from`.
    pub(super) fn window(&self, from: i64) -> Option<Vec<Arc<Entry>>> {
        if from < self.floor {
            return None;
        }
        let start = self.entries.partition_point(|entry| entry.revision < from);
        let mut bytes = 0;
        let mut window = Vec::with_capacity((self.entries.len() - start).min(WINDOW_ENTRIES));
        for entry in self.entries.range(start..).take(WINDOW_ENTRIES) {
            window.push(entry.clone());
            bytes += entry.cost();
            if bytes > WINDOW_BYTES {
                break;
            }
        }
        Some(window)
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
