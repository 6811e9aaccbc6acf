//! Which entries a leader's log keeps for peers that take over a snapshot.
//!
//! A peer that was away for long is sent the state, and then the entries behind it. While that lasts the leader settles on, and would
//! purge these entries: the peer would be sent a newer state, and so on for as long as clients write faster than it is sent. So the log
//! keeps what is behind a snapshot until its peer has gone past it, or gets no further for a while.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base::NodeId;
use parking_lot::Mutex;

use crate::runtime;

/// How long entries are kept for a peer that gets no further.
const PATIENCE: Duration = Duration::from_secs(10);

struct Hold {
    /// What the peer has, or has soon.
    index: u64,
    /// Until when it may get no further; `None` while the snapshot is sent.
    until: Option<Duration>,
    /// Which snapshot it is: one that is given up ends after the next one has begun.
    snapshot: Arc<()>,
}

/// Those of one group. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Holds(Arc<Mutex<HashMap<NodeId, Hold>>>);

impl Holds {
    /// A snapshot up to `index` is sent to a peer, until the guard goes.
    pub(super) fn sending(&self, to: NodeId, index: u64) -> Sending {
        let snapshot = Arc::default();
        self.0.lock().insert(to, Hold { index, until: None, snapshot: Arc::clone(&snapshot) });
        Sending { holds: self.clone(), to, snapshot }
    }

    /// The entry behind which some peer needs the log. `matched` is what a peer is known to have.
    pub(super) fn floor(&self, settled: u64, matched: impl Fn(NodeId) -> Option<u64>) -> Option<u64> {
        self.floor_at(runtime::now(), settled, matched)
    }

    fn floor_at(&self, now: Duration, settled: u64, matched: impl Fn(NodeId) -> Option<u64>) -> Option<u64> {
        let mut holds = self.0.lock();
        holds.retain(|peer, hold| {
            let Some(until) = hold.until else { return true };
            if let Some(index) = matched(*peer).filter(|index| *index > hold.index) {
                (hold.index, hold.until) = (index, Some(now + PATIENCE));
            } else if now >= until {
                return false;
            }
            hold.index < settled
        });
        holds.values().map(|hold| hold.index).min()
    }
}

/// A snapshot is sent.
pub(super) struct Sending {
    holds: Holds,
    to: NodeId,
    snapshot: Arc<()>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut holds = self.holds.0.lock();
        if let Some(hold) = holds.get_mut(&self.to).filter(|hold| Arc::ptr_eq(&hold.snapshot, &self.snapshot)) {
            hold.until = Some(runtime::now() + PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_kept_until_the_peer_has_them_or_gets_no_further() {
        let holds = Holds::default();
        assert_eq!(holds.floor(100, |_| None), None);
        let sending = holds.sending(1, 50);
        let other = holds.sending(2, 70);
        let later = |halves: u32| runtime::now() + PATIENCE / 2 * halves;
        assert_eq!(holds.floor_at(later(9), 100, |_| None), Some(50), "however long it takes");
        drop(sending);
        assert_eq!(holds.floor(100, |peer| (peer == 1).then_some(60)), Some(60), "it goes on behind the snapshot");
        assert_eq!(holds.floor_at(later(1), 100, |_| Some(65)), Some(65));
        assert_eq!(holds.floor_at(later(2), 100, |_| Some(65)), Some(65), "it got further a moment ago");
        assert_eq!(holds.floor_at(later(4), 100, |_| Some(65)), Some(70), "the first gets no further");
        drop(other);
        assert_eq!(holds.floor(100, |_| Some(100)), None, "the second has everything that is settled");
        assert_eq!(holds.floor(100, |_| None), None, "and is forgotten");
    }

    /// The stream of a snapshot that broke ended only when the next one was on its way, which was then kept for 10 s and no longer.
    #[test]
    fn a_snapshot_that_is_given_up_takes_nothing_from_the_next_one() {
        let holds = Holds::default();
        let first = holds.sending(1, 50);
        let second = holds.sending(1, 60);
        drop(first);
        assert_eq!(holds.floor_at(runtime::now() + 2 * PATIENCE, 100, |_| None), Some(60));
        drop(second);
        assert_eq!(holds.floor_at(runtime::now() + 2 * PATIENCE, 100, |_| None), None);
    }
}
