//! Bugs that can be planted, so that the crash sweep proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// `Done` is called when the bytes are written, before the sync.
    AckBeforeSync,
    /// A record's CRC does not cover its place, and the header's place is not compared.
    PlaceNotChecked,
    /// Any damage ends the log, whatever comes after.
    MiddleCutAsTorn,
    /// After a torn write the same segment goes on behind what is left of it, and records are taken wherever they are valid.
    LeftoversRevived,
    /// Votes are queued behind the appends of the same write.
    VoteAfterAppend,
    /// A write counts when its header is right, whatever its records are.
    HeaderOnly,
    /// Segments are reused as soon as a purge is queued.
    PurgeBeforeSync,
    /// A truncation is written behind the append that follows it.
    TruncateAfterAppend,
    /// The chain of writes is not compared.
    ChainNotChecked,
    /// The directory is not synced after a segment was made.
    DirectoryNotSynced,
    /// A segment's head does not repeat the votes.
    HeadWithoutVote,
    /// A committed record is written as submitted, not clamped to what is synced.
    CommittedNotClamped,
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug into whatever this thread opens, writes and recovers from now on; `None` heals.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    pub(crate) fn planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use planted::plant;
#[cfg(feature = "planted-bugs")]
pub(crate) use planted::planted;

#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_bug: Bug) -> bool {
    false
}
