//! Kafka's names for what went wrong.

/// An error of Kafka's protocol, as far as this door uses them; `None` is success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Success.
    #[default]
    None,
    /// Nothing that has a name of its own; clients give up.
    UnknownServerError,
    /// What was sent is larger than what is kept.
    MessageTooLarge,
    /// The coordinator cannot answer now; clients look for it again and repeat.
    CoordinatorNotAvailable,
    /// Another node coordinates this group; clients look for it and repeat.
    NotCoordinator,
    /// The generation is not the group's.
    IllegalGeneration,
    /// The group has members of another protocol type, or none of the protocols is known to all of them.
    InconsistentGroupProtocol,
    /// The name of the group is empty.
    InvalidGroupId,
    /// The group has no such member.
    UnknownMemberId,
    /// The session timeout lies outside of what the broker allows.
    InvalidSessionTimeout,
    /// The members are asked to join again.
    RebalanceInProgress,
    /// A group with members cannot be deleted.
    NonEmptyGroup,
    /// There is no such group.
    GroupIdNotFound,
    /// There is no such fetch session; clients begin a new one.
    FetchSessionIdNotFound,
    /// The request is not the one that comes next in its fetch session.
    InvalidFetchSessionEpoch,
    /// The member has to join again with the id that it was given (KIP-394).
    MemberIdRequired,
    /// The group takes no more members.
    GroupMaxSizeReached,
    /// Another member has taken over this instance id (KIP-345).
    FencedInstanceId,
    /// No topic has this id.
    UnknownTopicId,
    /// The log's topic id is not the one that was asked for.
    InconsistentTopicId,
    /// A fetch session that knows topics by name was asked by id, or the other way (KIP-516).
    FetchSessionTopicIdError,
}

impl ErrorCode {
    /// The number on the wire (Kafka's protocol guide, "Error codes").
    pub fn code(self) -> i16 {
        match self {
            ErrorCode::None => 0,
            ErrorCode::UnknownServerError => -1,
            ErrorCode::MessageTooLarge => 10,
            ErrorCode::CoordinatorNotAvailable => 15,
            ErrorCode::NotCoordinator => 16,
            ErrorCode::IllegalGeneration => 22,
            ErrorCode::InconsistentGroupProtocol => 23,
            ErrorCode::InvalidGroupId => 24,
            ErrorCode::UnknownMemberId => 25,
            ErrorCode::InvalidSessionTimeout => 26,
            ErrorCode::RebalanceInProgress => 27,
            ErrorCode::NonEmptyGroup => 68,
            ErrorCode::GroupIdNotFound => 69,
            ErrorCode::FetchSessionIdNotFound => 70,
            ErrorCode::InvalidFetchSessionEpoch => 71,
            ErrorCode::MemberIdRequired => 79,
            ErrorCode::GroupMaxSizeReached => 81,
            ErrorCode::FencedInstanceId => 82,
            ErrorCode::UnknownTopicId => 100,
            ErrorCode::InconsistentTopicId => 103,
            ErrorCode::FetchSessionTopicIdError => 106,
        }
    }

    /// Whether this is success.
    pub fn is_none(self) -> bool {
        self == ErrorCode::None
    }
}
