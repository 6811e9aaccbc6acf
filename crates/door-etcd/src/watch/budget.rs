//! How many watches the streams of one connection may have open together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Shared by the streams of one connection.
#[derive(Clone, Debug)]
pub struct WatchBudget {
    open: Arc<AtomicUsize>,
    open_max: usize,
}

impl WatchBudget {
    /// A budget of `open_max` watches.
    pub fn new(open_max: usize) -> Self {
        Self { open: Arc::default(), open_max }
    }

    pub(super) fn share(self) -> Share {
        Share { budget: self, taken: 0 }
    }
}

/// What one stream takes of a budget; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: WatchBudget,
    taken: usize,
}

impl Share {
    /// Takes up to `wanted` watches in all; `false`: the budget does not have them.
    pub(super) fn resize(&mut self, wanted: usize) -> bool {
        let more = wanted.saturating_sub(self.taken);
        let grow = |open: usize| open.checked_add(more).filter(|open| *open <= self.budget.open_max);
        let grown = self.budget.open.fetch_update(Relaxed, Relaxed, grow).is_ok();
        if grown {
            self.taken += more;
        }
        grown
    }

    /// Gives back what is above `wanted`.
    pub(super) fn shrink(&mut self, wanted: usize) {
        let less = self.taken.saturating_sub(wanted);
        self.budget.open.fetch_sub(less, Relaxed);
        self.taken -= less;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}
