//! The states of a classic group.

/// Where a group is in its circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It has no members; it may have offsets.
    Empty,
    /// It waits for its members to join.
    PreparingRebalance,
    /// It waits for its leader's assignments, or for these to be durable.
    CompletingRebalance,
    /// Every member has its assignment.
    Stable,
    /// It is being deleted, or does not exist.
    Dead,
}

impl State {
    /// The name in DescribeGroups and ListGroups.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
            State::Dead => "Dead",
        }
    }

    /// Whether a rebalance may begin in this state.
    pub(super) fn can_rebalance(self) -> bool {
        matches!(self, State::Empty | State::CompletingRebalance | State::Stable)
    }
}
