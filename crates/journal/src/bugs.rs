//! Bugs that can be planted, so that the crash sweep proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// `Done` is called when the bytes are written, before the sync.
    AckBeforeSync,
    /// Records' CRCs do not cover their offset, and neither a header's offset nor the chain is compared.
    PlaceNotChecked,
    /// Any damage ends the log, whatever comes after.
    MiddleCutAsTorn,
    /// Records' CRCs do not cover their segment, and neither a header's segment nor the chain is compared, so that what a
    /// recycled file held before counts again.
    LeftoversRevived,
    /// A vote waits for the write after the one that takes the entries beside it.
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
    /// A sync that failed is repeated, and the repetition believed.
    SyncRetried,
    /// A segment's head does not repeat the votes.
    HeadWithoutVote,
    /// A committed record is written as submitted, not clamped to what is synced.
    CommittedNotClamped,
}

base::plantable!(Bug);
