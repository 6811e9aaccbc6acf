//! Watches: a bounded ring of encoded changes by revision, cursors over it, and history for those who fell behind.

use std::sync::Arc;

use kv::event::Changes;

/// The watches of one key space. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    _inner: Arc<()>,
}

impl Hub {
    /// A hub over a machine; `ring_bytes` bounds what is kept in memory.
    pub fn new(_machine: kv::Machine, _ring_bytes: usize) -> Hub {
        todo!()
    }

    /// Called by apply, in order: what changed. Wakes those whose keys changed. Never blocks on a watcher.
    pub fn publish(&self, _changes: Vec<Changes>) {
        todo!()
    }
}
