//! LeaveGroup.

use crate::ErrorCode;

/// Who leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaver {
    /// The member's id; empty if an administrator removes a static member by its instance id.
    pub member_id: String,
    /// The instance id (version 3).
    pub instance_id: Option<String>,
    /// Why, in the client's words (version 5).
    pub reason: Option<String>,
}

/// A LeaveGroup request (versions 0 to 5; up to 2 with one member).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// The group.
    pub group_id: String,
    /// Who leaves.
    pub members: Vec<Leaver>,
}

/// What became of one who leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaverReply {
    /// As in the request.
    pub member_id: String,
    /// As in the request.
    pub instance_id: Option<String>,
    /// What went wrong.
    pub error: ErrorCode,
}

/// The answer to LeaveGroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaveReply {
    /// What went wrong with the request as a whole.
    pub error: ErrorCode,
    /// Each member's own answer (version 3).
    pub members: Vec<LeaverReply>,
}

impl LeaveReply {
    pub(super) fn refused(error: ErrorCode) -> LeaveReply {
        LeaveReply { error, members: Vec::new() }
    }

    /// The one error that versions 0 to 2 have room for: the whole request's, or else its only member's.
    pub fn single_error(&self) -> ErrorCode {
        match self.members.as_slice() {
            _ if !self.error.is_none() => self.error,
            [member] => member.error,
            _ => ErrorCode::UnknownServerError,
        }
    }
}
