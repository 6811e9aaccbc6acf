//! Who is to be woken when a key changes.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::AcqRel, Ordering::Relaxed},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use kv::event::Event;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::{
    filter::{Filter, Keys},
    interval::{End, Intervals},
};

/// What publishing touches of a stream.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// Classes that have something new, each once.
    pub(super) dirty: Mutex<Vec<u64>>,
    pub(super) waker: AtomicWaker,
}

/// The watches of one stream that agree in their filter: what the index holds.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) id: u64,
    pub(super) filter: Filter,
    pub(super) bell: Arc<Bell>,
    /// The first revision with an event for this class since its stream last looked; 0: none.
    pub(super) dirty_from: AtomicI64,
}

impl Class {
    /// Notes that `revision` has something for this class. `true`: its stream has to be woken.
    pub(super) fn mark(&self, revision: i64) -> bool {
        if self.dirty_from.compare_exchange(0, revision, AcqRel, Relaxed).is_err() {
            return false;
        }
        let mut dirty = self.bell.dirty.lock();
        dirty.push(self.id);
        dirty.len() == 1
    }
}

/// Exact keys by hash, ranges in a tree.
#[derive(Debug, Default)]
pub(super) struct Index {
    exact: FxHashMap<Bytes, Vec<Arc<Class>>>,
    ranges: Intervals<Arc<Class>>,
    classes: usize,
}

impl Index {
    pub(super) fn insert(&mut self, class: Arc<Class>) {
        self.classes += 1;
        match range_of(&class.filter.keys) {
            Some((start, end)) => self.ranges.insert(&start, &end, class),
            None => {
                // Most keys are watched once: room for one, so that a million such watches stay small.
                let classes = self.exact.entry(exact_of(&class.filter.keys).clone()).or_insert_with(|| Vec::with_capacity(1));
                classes.push(class);
            }
        }
    }

    pub(super) fn remove(&mut self, class: &Arc<Class>) {
        let is_it = |other: &Arc<Class>| Arc::ptr_eq(other, class);
        let found = match range_of(&class.filter.keys) {
            Some((start, end)) => self.ranges.remove(&start, &end, is_it).is_some(),
            None => self.remove_exact(exact_of(&class.filter.keys), is_it),
        };
        assert!(found, "a class is in the index from its first watch to its last");
        self.classes -= 1;
    }

    fn remove_exact(&mut self, key: &Bytes, is_it: impl Fn(&Arc<Class>) -> bool) -> bool {
        let Some(classes) = self.exact.get_mut(key) else { return false };
        let Some(place) = classes.iter().position(is_it) else { return false };
        classes.swap_remove(place);
        if classes.is_empty() {
            self.exact.remove(key);
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.classes == 0
    }

    /// Visits every class that `event` is for.
    pub(super) fn matching(&self, event: &Event, mut visit: impl FnMut(&Arc<Class>)) {
        let mut visit = |class: &Arc<Class>| {
            if class.filter.wants_kind(event.kind) {
                visit(class);
            }
        };
        if let Some(classes) = self.exact.get(&event.kv.key) {
            classes.iter().for_each(&mut visit);
        }
        self.ranges.stab(&event.kv.key, &mut visit);
    }

    /// Visits every class.
    pub(super) fn each(&self, mut visit: impl FnMut(&Arc<Class>)) {
        self.exact.values().flatten().for_each(&mut visit);
        self.ranges.each(&mut visit);
    }
}

fn exact_of(keys: &Keys) -> &Bytes {
    match keys {
        Keys::One(key) | Keys::Between(key, _) | Keys::From(key) => key,
    }
}

fn range_of(keys: &Keys) -> Option<(Bytes, End)> {
    match keys {
        Keys::One(_) => None,
        Keys::Between(start, end) => Some((start.clone(), End::Before(end.clone()))),
        Keys::From(start) => Some((start.clone(), End::Open)),
    }
}
