//! Bugs that can be planted, so that the simulator proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A producer of an earlier epoch goes on beside the one that took its place.
    EpochNotFenced,
    /// A settle keeps the first batch of a producer, and none of those that follow.
    SequencesNotSettled,
    /// A state that is taken over from another replica comes without its producers.
    ProducersNotTakenOver,
    /// What was there already is answered with where the partition ends.
    DuplicateAtEnd,
    /// A log start that is asked for late takes the place of a later one.
    LogStartFalls,
    /// A settle does not hear of a log start that moved.
    TrimNotSettled,
    /// A partition of which all records are gone begins at 0 again after a start.
    OffsetsReused,
    /// A leader epoch is said to begin with the end of its first batch.
    EpochStartWrong,
    /// An offset is committed by the word of a coordinator whose term is over.
    CommitNotFenced,
    /// A member of an earlier generation commits offsets.
    FormerMemberCommits,
    /// A settle writes the batches before its last entry, and forgets that entry's too.
    SettleLosesLast,
}

base::plantable!(Bug);
