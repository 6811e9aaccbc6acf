//! A fetch between its two steps.

use std::sync::Arc;

use super::Wanted;

/// A partition of a fetch under way. It means nothing to another fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub(super) u32);

/// A fetch that was begun and has to be finished.
#[derive(Debug)]
pub struct Fetch(pub(super) Context);

#[derive(Debug)]
pub(super) enum Context {
    /// Everything is in the request, and nothing is kept.
    Sessionless { partitions: Vec<Wanted> },
    /// Everything is in the request, and a session is wanted.
    Full { partitions: Vec<Wanted>, by_id: bool, principal: Arc<str> },
    /// Goes on with a session, whose epoch is this one until the next request comes.
    Incremental { session_id: i32, epoch: i32, forgotten: Vec<Slot> },
}

impl Fetch {
    /// A fetch that names everything, and has and wants no session.
    pub fn without_session(partitions: Vec<Wanted>) -> Fetch {
        Fetch(Context::Sessionless { partitions })
    }

    /// The partitions that a fetch names which does not go on with a session.
    pub fn named(&self) -> Vec<(Slot, Wanted)> {
        match &self.0 {
            Context::Sessionless { partitions } | Context::Full { partitions, .. } => {
                (0u32..).map(Slot).zip(partitions.iter().cloned()).collect()
            }
            Context::Incremental { .. } => Vec::new(),
        }
    }

    /// Whether it goes on with a session, so that only what is due is to be read.
    pub fn is_incremental(&self) -> bool {
        matches!(self.0, Context::Incremental { .. })
    }

    /// Partitions that the session forgot since the fetch before. What was kept for them is to be forgotten before anything is looked
    /// up by a slot, since slots are used again.
    pub fn forgotten(&self) -> &[Slot] {
        match &self.0 {
            Context::Incremental { forgotten, .. } => forgotten,
            Context::Sessionless { .. } | Context::Full { .. } => &[],
        }
    }
}
