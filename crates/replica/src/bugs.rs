//! Bugs that can be planted, so that the simulator proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the hall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A vote is given without a record of it.
    VoteNotKept,
    /// A settle's mark is one entry behind what it holds, so that a start applies that entry twice.
    AppliedTwice,
    /// Applying looks at this node's time of day.
    LocalClock,
    /// A leader answers readers without asking the quorum whether it still leads.
    ReadWithoutQuorum,
    /// Readers that come while a barrier is under way are served by it.
    LateReadersJoin,
    /// A batch that may have been proposed is proposed again.
    RetriedBlindly,
    /// A leader that restarts goes on leading in its term.
    LeaderRestored,
    /// A node that lost its journal or its settled state goes on as who it was.
    LossIgnored,
    /// A watch that is taken up again begins at what was seen last.
    RepeatsLast,
    /// A new leader says where partitions end before it has applied an entry of its own term.
    LeadsAtOnce,
    /// Retention counts what is not settled twice.
    RetentionCountsTwice,
    /// A configuration store goes on with what it had in memory when another state takes the place of the table.
    StoreNotReloaded,
}

base::plantable!(Bug);
