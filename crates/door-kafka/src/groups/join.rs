//! JoinGroup.

use bytes::Bytes;

use crate::{
    ErrorCode,
    limits::{JOIN_SKIP_ASSIGNMENT_VERSION_MIN, JOIN_WITHOUT_ID_VERSION_MAX},
};

/// A protocol that a member offers, and what it says about itself under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The name, such as `range`.
    pub name: String,
    /// For the consumer protocol: the subscription.
    pub metadata: Bytes,
}

/// A JoinGroup request (versions 0 to 9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// The version of the request: from 4 on an id is handed out first (KIP-394), from 9 on the leader may be told to skip its
    /// assignment (KIP-814).
    pub version: i16,
    /// The group.
    pub group_id: String,
    /// The member's id, empty if it has none yet.
    pub member_id: String,
    /// The name that a static member keeps over restarts (version 5, KIP-345).
    pub instance_id: Option<String>,
    /// The client id of the request's header; a part of new member ids.
    pub client_id: String,
    /// Where the client is, as DescribeGroups shows it.
    pub client_host: String,
    /// After how many milliseconds without a heartbeat the member is gone.
    pub session_timeout_ms: i32,
    /// How many milliseconds a rebalance waits for this member; negative (version 0) is the session timeout.
    pub rebalance_timeout_ms: i32,
    /// The kind of group, such as `consumer`.
    pub protocol_type: String,
    /// What the member offers, what it likes best first.
    pub protocols: Vec<Protocol>,
}

impl Join {
    pub(super) fn needs_known_id(&self) -> bool {
        self.version > JOIN_WITHOUT_ID_VERSION_MAX
    }

    pub(super) fn knows_skip_assignment(&self) -> bool {
        self.version >= JOIN_SKIP_ASSIGNMENT_VERSION_MIN
    }

    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        if self.rebalance_timeout_ms < 0 { self.session_timeout_ms } else { self.rebalance_timeout_ms }
    }

    /// A second protocol of the same name is dropped, as in Kafka's decoder.
    pub(super) fn drop_repeated_protocols(&mut self) {
        let mut seen = rustc_hash::FxHashSet::default();
        self.protocols.retain(|protocol| seen.insert(protocol.name.clone()));
    }

    /// The id of a new member: its instance or client, and a random UUID.
    pub(super) fn new_member_id(&self, random: u128) -> String {
        let prefix = self.instance_id.as_deref().unwrap_or(&self.client_id);
        let version_4 = random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
        let hex = format!("{version_4:032x}");
        format!("{prefix}-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// A member as its leader is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// The member's id.
    pub member_id: String,
    /// Its instance id, if it is static.
    pub instance_id: Option<String>,
    /// What it said under the chosen protocol.
    pub metadata: Bytes,
}

/// The answer to JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinReply {
    /// What went wrong.
    pub error: ErrorCode,
    /// The generation that was joined; -1 if none was.
    pub generation: i32,
    /// The kind of group (version 7).
    pub protocol_type: Option<String>,
    /// The protocol that was chosen; below version 7 nothing is written as an empty string.
    pub protocol: Option<String>,
    /// The leader's member id, or empty.
    pub leader: String,
    /// Whether the leader shall not assign anything (version 9, KIP-814).
    pub skip_assignment: bool,
    /// The member's id.
    pub member_id: String,
    /// All members, for the leader; none for others.
    pub members: Vec<JoinedMember>,
}

impl JoinReply {
    /// A refusal.
    pub(super) fn refused(error: ErrorCode, member_id: impl Into<String>) -> JoinReply {
        JoinReply {
            error,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.into(),
            members: Vec::new(),
        }
    }
}
