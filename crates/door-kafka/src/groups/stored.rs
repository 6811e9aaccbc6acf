//! The durable half of a group.

use bytes::Bytes;

/// A member as the log keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredMember {
    /// The member's id.
    pub member_id: String,
    /// Its instance id, if it is static.
    pub instance_id: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// Where the client is.
    pub client_host: String,
    /// How many milliseconds a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// After how many milliseconds of silence it is gone.
    pub session_timeout_ms: i32,
    /// What it said under the chosen protocol.
    pub subscription: Bytes,
    /// What it has to do.
    pub assignment: Bytes,
}

/// A group as the log keeps it. One without a protocol type has only offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredGroup {
    /// The group's name.
    pub group_id: String,
    /// The kind of group, such as `consumer`.
    pub protocol_type: Option<String>,
    /// The generation.
    pub generation: i32,
    /// The protocol that was chosen, if there are members.
    pub protocol: Option<String>,
    /// The leader's member id, if there are members.
    pub leader: Option<String>,
    /// The members by id.
    pub members: Vec<StoredMember>,
}
