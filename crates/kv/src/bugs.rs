//! Bugs that can be planted, so that the simulator proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The keys of a lease that ends are deleted in the order of a hash map, which is another one on each node.
    HashOrder,
    /// A lease ends by the word of a leader whose term is over.
    ExpiryWithoutTerm,
    /// Reclaiming takes the change at the compaction mark too, and a start does not ask how far it came: the revision falls.
    RevisionForgotten,
    /// History begins after the compaction mark instead of at it.
    ChangeAtMarkLost,
}

base::plantable!(Bug);
