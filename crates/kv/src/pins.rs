//! Revisions that reads in progress still need.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;

/// Counts readers by the revision they read at: reclaiming does not go beyond the lowest.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    readers: Mutex<BTreeMap<i64, usize>>,
}

impl Pins {
    /// Holds what is readable at `revision` until the pin is dropped. Take it under the state's lock, so that the
    /// compaction mark does not pass the revision before.
    pub(crate) fn pin(self: &Arc<Self>, revision: i64) -> Pin {
        *self.readers.lock().entry(revision).or_insert(0) += 1;
        Pin { pins: self.clone(), revision }
    }

    pub(crate) fn lowest(&self) -> Option<i64> {
        self.readers.lock().keys().next().copied()
    }
}

/// Holds a revision while it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Arc<Pins>,
    revision: i64,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut readers = self.pins.readers.lock();
        if let Some(count) = readers.get_mut(&self.revision) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&self.revision);
            }
        }
    }
}
