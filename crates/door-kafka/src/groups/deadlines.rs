//! When which group has to be looked at.

use std::{collections::BTreeSet, sync::Arc};

/// One ordered set for all groups, with at most one entry for each. An entry may be too early, never too late: a heartbeat moves
/// its member's end without touching the set, and the group finds out when it is looked at.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    set: BTreeSet<(u64, Arc<str>)>,
}

impl Deadlines {
    pub(super) fn first(&self) -> Option<u64> {
        self.set.first().map(|(at, _)| *at)
    }

    /// Moves a group's entry.
    pub(super) fn replace(&mut self, group_id: &Arc<str>, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.set.remove(&(at, group_id.clone()));
        }
        if let Some(at) = after {
            self.set.insert((at, group_id.clone()));
        }
    }

    /// Takes out the first group whose time has come.
    pub(super) fn pop_due(&mut self, now_ms: u64) -> Option<Arc<str>> {
        if self.first()? > now_ms {
            return None;
        }
        self.set.pop_first().map(|(_, group_id)| group_id)
    }

    pub(super) fn clear(&mut self) {
        self.set.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.set.len()
    }
}
