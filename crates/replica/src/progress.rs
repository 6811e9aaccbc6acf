//! How far a shard has applied, for those who wait for it: readers for an index, and this node's forwarded batches for their
//! own entry.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base::{EntryId, NodeId};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::{Notify, oneshot};

use crate::{batch::Origin, consensus::Replies};

/// See the module.
#[derive(Default)]
pub(crate) struct Progress {
    /// The greatest applied index and one; 0 before the first.
    next: AtomicU64,
    /// The term of the last applied entry.
    term: AtomicU64,
    moved: Notify,
    owed: Mutex<Owed>,
}

#[derive(Default)]
struct Owed {
    node: NodeId,
    waiting: FxHashMap<u64, oneshot::Sender<Replies>>,
}

/// Waits for the replies of one forwarded batch; forgets it when dropped.
pub(crate) struct Expected {
    progress: Arc<Progress>,
    sequence: u64,
    pub(crate) replies: oneshot::Receiver<Replies>,
}

impl Progress {
    /// An entry was applied.
    pub(crate) fn applied(&self, id: EntryId) {
        self.term.store(id.term, Ordering::Release);
        self.next.store(id.index + 1, Ordering::Release);
        self.moved.notify_waiters();
    }

    /// A whole state took the place of entries that were not applied one by one: of forwarded batches nobody can say whether
    /// they are in it.
    pub(crate) fn jumped(&self, to: EntryId) {
        self.owed.lock().waiting.clear();
        self.applied(to);
    }

    /// Completes when an entry of a later term is applied: what was proposed in `term` and is not applied by then never will be.
    pub(crate) async fn passed(&self, term: u64) {
        loop {
            let moved = self.moved.notified();
            if self.term.load(Ordering::Acquire) > term {
                return;
            }
            moved.await;
        }
    }

    /// Completes when `index` is applied.
    pub(crate) async fn reached(&self, index: u64) {
        loop {
            let moved = self.moved.notified();
            if self.next.load(Ordering::Acquire) > index {
                return;
            }
            moved.await;
        }
    }

    /// Prepares for the replies of the batch that this node forwards under `origin`.
    pub(crate) fn expect(self: &Arc<Self>, origin: Origin) -> Expected {
        let (sender, replies) = oneshot::channel();
        let mut owed = self.owed.lock();
        owed.node = origin.node;
        owed.waiting.insert(origin.sequence, sender);
        Expected { progress: self.clone(), sequence: origin.sequence, replies }
    }

    /// Gives the replies of a forwarded batch to whom they are owed, if it was forwarded from here; else gives them back.
    pub(crate) fn settle(&self, origin: Option<Origin>, replies: Replies) -> Replies {
        let Some(origin) = origin else { return replies };
        let waiting = {
            let mut owed = self.owed.lock();
            if owed.node == origin.node { owed.waiting.remove(&origin.sequence) } else { None }
        };
        match waiting {
            Some(waiting) => {
                // Who gave up meanwhile is not told.
                let _ = waiting.send(replies);
                Replies(Vec::new())
            }
            None => replies,
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.progress.owed.lock().waiting.remove(&self.sequence);
    }
}
