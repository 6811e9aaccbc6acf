//! SyncGroup.

use bytes::Bytes;

use crate::{ErrorCode, limits::SYNC_PROTOCOL_VERSION_MIN};

/// A SyncGroup request (versions 0 to 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// The version of the request; from 5 on it has to name the protocol.
    pub version: i16,
    /// The group.
    pub group_id: String,
    /// The generation that the member joined.
    pub generation: i32,
    /// The member's id.
    pub member_id: String,
    /// Its instance id (version 3).
    pub instance_id: Option<String>,
    /// The kind of group that it believes to be in.
    pub protocol_type: Option<String>,
    /// The protocol that it believes to be chosen.
    pub protocol: Option<String>,
    /// The leader's assignments: a member's id and what it has to do.
    pub assignments: Vec<(String, Bytes)>,
}

impl Sync {
    pub(super) fn lacks_protocol(&self) -> bool {
        self.version >= SYNC_PROTOCOL_VERSION_MIN && (self.protocol_type.is_none() || self.protocol.is_none())
    }
}

/// The answer to SyncGroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReply {
    /// What went wrong.
    pub error: ErrorCode,
    /// The kind of group (version 5).
    pub protocol_type: Option<String>,
    /// The protocol (version 5).
    pub protocol: Option<String>,
    /// What the member has to do; empty with an error.
    pub assignment: Bytes,
}

impl SyncReply {
    pub(super) fn refused(error: ErrorCode) -> SyncReply {
        SyncReply { error, ..SyncReply::default() }
    }
}
