//! A fetch between its two steps.

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
    Full { partitions: Vec<Wanted>, by_id: bool },
    /// Goes on with a session, whose epoch is this one until the next request comes.
    Incremental { session_id: i32, epoch: i32 },
}
