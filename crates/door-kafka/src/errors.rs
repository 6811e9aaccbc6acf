//! What an error is called on the wire: the one table from kinds and refusals to Kafka's codes.

use base::{Error, Kind};
use cluster::settings::ConfigErrorKind;
use kafka_wire::{ErrorCode, batch::Fault};
use stream::Refusal;

/// Of whatever the house answers.
pub(crate) fn of_error(error: &Error) -> ErrorCode {
    match error.kind {
        Kind::Invalid => ErrorCode::InvalidRequest,
        Kind::OutOfRange => ErrorCode::OffsetOutOfRange,
        Kind::Precondition | Kind::Unsupported => ErrorCode::UnsupportedVersion,
        Kind::Unauthenticated => ErrorCode::SaslAuthenticationFailed,
        Kind::Denied => ErrorCode::ClusterAuthorizationFailed,
        Kind::NotFound => ErrorCode::UnknownTopicOrPartition,
        Kind::Conflict => ErrorCode::InvalidRequest,
        Kind::Overloaded => ErrorCode::ThrottlingQuotaExceeded,
        Kind::Unavailable | Kind::Deadline | Kind::Cancelled => ErrorCode::RequestTimedOut,
        Kind::Corrupt => ErrorCode::KafkaStorageError,
    }
}

/// Of an append that was applied and refused.
pub(crate) fn of_refusal(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::InvalidBatch => ErrorCode::InvalidRecord,
        Refusal::Unsupported => ErrorCode::InvalidTxnState,
        Refusal::Exhausted | Refusal::InvalidCount => ErrorCode::InvalidRequest,
        Refusal::InvalidProducerEpoch => ErrorCode::InvalidProducerEpoch,
        Refusal::OutOfOrderSequence => ErrorCode::OutOfOrderSequenceNumber,
        Refusal::DuplicateSequence => ErrorCode::DuplicateSequenceNumber,
        Refusal::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
        Refusal::Fenced => ErrorCode::NotLeaderOrFollower,
        Refusal::StaleGeneration | Refusal::IllegalGeneration => ErrorCode::IllegalGeneration,
        Refusal::UnknownMember => ErrorCode::UnknownMemberId,
        Refusal::FencedInstance => ErrorCode::FencedInstanceId,
        Refusal::UnknownGroup => ErrorCode::GroupIdNotFound,
        Refusal::NonEmptyGroup => ErrorCode::NonEmptyGroup,
        Refusal::GroupNameTooLong => ErrorCode::InvalidGroupId,
        Refusal::TooManyMembers => ErrorCode::GroupMaxSizeReached,
        Refusal::GroupTooLarge | Refusal::TooManyOffsets => ErrorCode::MessageTooLarge,
        Refusal::NoRoom => ErrorCode::CoordinatorNotAvailable,
        Refusal::MetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
    }
}

/// Of settings that cannot be so.
pub(crate) fn of_config(kind: ConfigErrorKind) -> ErrorCode {
    match kind {
        ConfigErrorKind::Config => ErrorCode::InvalidConfig,
        ConfigErrorKind::Request => ErrorCode::InvalidRequest,
    }
}

/// Of a coordinator or a session.
pub(crate) fn wire(error: crate::ErrorCode) -> ErrorCode {
    ErrorCode::from_code(error.code()).unwrap_or(ErrorCode::UnknownServerError)
}

/// Of a batch that a producer sent.
pub(crate) fn of_fault(fault: &Fault) -> ErrorCode {
    fault.code()
}
