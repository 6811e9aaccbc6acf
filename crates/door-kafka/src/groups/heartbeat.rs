//! Heartbeat.

/// A Heartbeat request (versions 0 to 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat<'a> {
    /// The group.
    pub group_id: &'a str,
    /// The generation that the member is in.
    pub generation: i32,
    /// The member's id.
    pub member_id: &'a str,
    /// Its instance id (version 3).
    pub instance_id: Option<&'a str>,
}
