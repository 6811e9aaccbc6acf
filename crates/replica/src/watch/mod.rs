//! Watches: a bounded ring of changes by revision, cursors over it, and history for those who fell behind.
//!
//! [`Hub::publish`] is called by apply: it puts a revision into the ring, asks the index whose keys changed, marks those
//! classes with the revision and wakes their streams. It copies nothing and encodes nothing; the first stream that needs a
//! revision encodes it, and all others use those bytes.
//!
//! A [`WatchStream`] holds the watches of one client stream. Watches that agree in keys, filters and previous values form a
//! class, and a class works once for all of its members: it reads the ring from its mark on, gathers what matches into one body,
//! and each member gets that body under its own id. A stream works only when it is asked for its next [`Output`], so one whose
//! client takes nothing costs nothing but its own time.
//!
//! A watcher is *synced* when everything up to the last look was delivered or is marked on its class, and *behind* otherwise:
//! it began in the past, or the ring went on without it. One that is behind reads history in slices on a blocking thread until
//! its next revision lies in the ring, and is synced when it reached the ring's head. When compaction overtakes it, it is told.
//!
//! Pushing a revision and marking its classes happen under the ring's write lock, and a stream looks at marks under its read
//! lock. So whoever sees head `R` also sees every mark up to `R`: that is what a progress report of `R` stands on.

mod encode;
mod exchange;
mod filter;
mod gather;
mod history;
mod index;
mod interval;
mod limits;
mod ring;
mod stream;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
};

use kv::event::Changes;
use parking_lot::{Mutex, RwLock};

pub use exchange::{Output, StreamOptions, Watch};
pub use history::History;
pub use stream::WatchStream;

use index::{Bell, Index};
use ring::{Entry, Ring};

/// The watches of one key space. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    history: Arc<dyn History>,
    ring: RwLock<Ring>,
    /// Locked after the ring, never before.
    index: RwLock<Index>,
    /// Classes that want states before; while there are none, the ring does not keep those that history has too.
    prev_wanted: AtomicUsize,
    closed: AtomicBool,
    streams: Mutex<Vec<Arc<Bell>>>,
    watches: AtomicUsize,
}

impl Hub {
    /// A hub over a machine; `ring_bytes` bounds what is kept in memory.
    pub fn new(machine: kv::Machine, ring_bytes: usize) -> Hub {
        Hub::over(Arc::new(machine), ring_bytes)
    }

    /// A hub over any history.
    pub fn over(history: Arc<dyn History>, ring_bytes: usize) -> Hub {
        let ring = Ring::new(history.revision(), ring_bytes);
        Hub {
            inner: Arc::new(Inner {
                history,
                ring: RwLock::new(ring),
                index: RwLock::default(),
                prev_wanted: AtomicUsize::new(0),
                closed: AtomicBool::new(false),
                streams: Mutex::default(),
                watches: AtomicUsize::new(0),
            }),
        }
    }

    /// Called by apply, in order: what changed. Wakes those whose keys changed. Never blocks on a watcher.
    pub fn publish(&self, changes: Vec<Changes>) {
        let keep_prev = self.inner.prev_wanted.load(Relaxed) > 0;
        for mut changes in changes {
            if !keep_prev {
                let readable_later = changes.events.iter_mut().filter(|event| event.prev.is_some());
                readable_later.for_each(|event| event.prev_kv = None);
            }
            self.publish_one(Arc::new(Entry::new(changes)));
        }
    }

    fn publish_one(&self, entry: Arc<Entry>) {
        let mut wake: Vec<Arc<Bell>> = Vec::new();
        let mut ring = self.inner.ring.write();
        let gone = ring.push(entry.clone());
        let index = self.inner.index.read();
        if !index.is_empty() {
            for event in &entry.events {
                index.matching(event, |class| {
                    if class.mark(entry.revision) {
                        wake.push(class.bell.clone());
                    }
                });
            }
        }
        drop((index, ring));
        wake.iter().for_each(|bell| bell.waker.wake());
        drop(gone);
    }

    /// The machine's state was replaced, its revision jumped: the ring starts over, and every watcher reads history.
    pub fn restart(&self) {
        let mut ring = self.inner.ring.write();
        let from = ring.head() + 1;
        ring.restart(self.inner.history.revision());
        let mut wake = Vec::new();
        self.inner.index.read().each(|class| {
            if class.mark(from) {
                wake.push(class.bell.clone());
            }
        });
        drop(ring);
        wake.iter().for_each(|bell| bell.waker.wake());
    }

    /// Ends all streams, those opened later too.
    pub fn close(&self) {
        self.inner.closed.store(true, SeqCst);
        self.inner.streams.lock().iter().for_each(|bell| bell.waker.wake());
    }

    /// Opens a stream of watches.
    pub fn stream(&self, options: StreamOptions) -> WatchStream {
        WatchStream::new(self.clone(), options)
    }

    /// Streams open, and watches in them.
    pub fn counts(&self) -> (usize, usize) {
        (self.inner.streams.lock().len(), self.inner.watches.load(Relaxed))
    }

    /// The revision that a watch from now on begins after.
    fn revision(&self) -> i64 {
        self.inner.history.revision().max(self.inner.ring.read().head())
    }
}

#[cfg(test)]
pub(crate) mod tests;
