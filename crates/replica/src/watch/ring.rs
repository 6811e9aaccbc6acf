//! The changes of late, by revision, within a budget of bytes.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use base::Result;
use kv::{
    EventKind,
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

    pub(super) fn frames(&self) -> &Frames {
        self.plain.get_or_init(|| Frames::encode(&self.events, &[]))
    }

    /// The frames with the states before; `None`: one of them has to be read from history first.
    pub(super) fn frames_with_prev(&self) -> Option<&Frames> {
        if let Some(frames) = self.with_prev.get() {
            return Some(frames);
        }
        if self.events.iter().any(|event| has_prev(event) && event.prev_kv.is_none()) {
            return None;
        }
        Some(self.with_prev.get_or_init(|| {
            let prevs: Vec<_> = self.events.iter().map(|event| event.prev_kv.clone().filter(|_| has_prev(event))).collect();
            Frames::encode(&self.events, &prevs)
        }))
    }

    /// Reads the states before that memory did not have. May wait for the disk.
    pub(super) fn read_prevs(&self, history: &dyn History) -> Result<()> {
        if self.frames_with_prev().is_some() {
            return Ok(());
        }
        let prevs: Vec<Option<KeyValue>> = self.events.iter().map(|event| read_prev(event, history)).collect::<Result<_>>()?;
        self.with_prev.get_or_init(|| Frames::encode(&self.events, &prevs));
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

fn read_prev(event: &Event, history: &dyn History) -> Result<Option<KeyValue>> {
    match (&event.prev_kv, event.prev) {
        _ if !has_prev(event) => Ok(None),
        (Some(prev), _) => Ok(Some(prev.clone())),
        (None, Some(at)) => history.previous(&event.kv.key, at),
        (None, None) => Ok(None),
    }
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
