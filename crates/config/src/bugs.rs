//! Bugs that can be planted, so that the simulator proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A start does not read which requests were answered: one that comes again is done again.
    AnswersForgotten,
    /// Each slice of an import can be seen when it is written.
    ImportShownEarly,
}

base::plantable!(Bug);
