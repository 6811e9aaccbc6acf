//! What an operator may set.

use crate::limits::GROUP_MEMBERS_MAX;

/// The coordinator's settings; the default is Kafka's, except that a group's size is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long the first rebalance of an empty group waits for more members (`group.initial.rebalance.delay.ms`).
    pub initial_rebalance_delay_ms: u64,
    /// The shortest session timeout that a member may ask for (`group.min.session.timeout.ms`).
    pub session_timeout_ms_min: i32,
    /// The longest one (`group.max.session.timeout.ms`).
    pub session_timeout_ms_max: i32,
    /// Members of a group (`group.max.size`), at most [`GROUP_MEMBERS_MAX`].
    pub group_members_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            initial_rebalance_delay_ms: 3_000,
            session_timeout_ms_min: 6_000,
            session_timeout_ms_max: 1_800_000,
            group_members_max: GROUP_MEMBERS_MAX,
        }
    }
}

impl Settings {
    pub(super) fn members_max(&self) -> usize {
        self.group_members_max.min(GROUP_MEMBERS_MAX)
    }
}
