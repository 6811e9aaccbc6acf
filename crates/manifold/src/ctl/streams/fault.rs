//! Why a broker did not do what it was asked.

use std::{borrow::Cow, fmt};

use kafka_wire::ErrorCode;

use crate::exit::{Code, Failure};

/// What went wrong, by what can be done about it.
#[derive(Debug)]
pub(super) enum Fault {
    /// The connection could not be made, or it broke: whether the request was done is not known.
    Lost(String),
    /// The broker answered with an error; the text says what was wanted, and what the broker said.
    Refused(ErrorCode, String),
    /// Nothing that repeating would change.
    Final(Failure),
}

impl Fault {
    /// Of a code in an answer: nothing if it is 0. `what` begins the message, like "topic orders cannot be created".
    pub(super) fn check(code: i16, said: Option<&Cow<'_, str>>, what: impl fmt::Display) -> Result<(), Fault> {
        if code == 0 {
            return Ok(());
        }
        let known = ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError);
        let said = said.map(|said| said.trim_end_matches('.')).filter(|said| !said.is_empty());
        let text = match (said, advice(known)) {
            (Some(said), Some(advice)) => format!("{what}: {said}; {advice}"),
            (Some(said), None) => format!("{what}: {said}"),
            (None, Some(advice)) => format!("{what}: {advice}"),
            (None, None) => format!("{what}: the broker refused"),
        };
        let name = if known as i16 == code { known.name().to_owned() } else { format!("error {code}") };
        Err(Fault::Refused(known, format!("{text} ({name})")))
    }

    /// A failure that is not the broker's word.
    pub(super) fn failed(message: impl fmt::Display) -> Fault {
        Fault::Final(Failure::new(Code::Failed, message))
    }

    /// Whether it passes by itself: a leader is being elected, a coordinator begins, a connection broke.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Fault::Lost(_) => true,
            Fault::Refused(code, _) => is_transient(*code),
            Fault::Final(_) => false,
        }
    }

    /// The same, where nobody may repeat it: the request may have been done.
    pub(super) fn once(self) -> Fault {
        match self {
            Fault::Lost(text) | Fault::Refused(ErrorCode::RequestTimedOut | ErrorCode::NotEnoughReplicasAfterAppend, text) => {
                Fault::failed(format!("{text}; whether it was done is not known, so look before you repeat it"))
            }
            fault => fault,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        match fault {
            Fault::Lost(text) => Failure::new(Code::NoNode, text),
            Fault::Refused(_, text) => Failure::new(Code::Failed, text),
            Fault::Final(failure) => failure,
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        Fault::Final(failure)
    }
}

/// Kafka calls an unknown topic retriable, too, since a broker may not know of it yet. Here whoever mistyped a name is told at once.
pub(super) fn is_transient(code: ErrorCode) -> bool {
    code.is_retriable()
        && !matches!(
            code,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::InconsistentTopicId
                | ErrorCode::CorruptMessage
        )
}

/// What a person can do about it.
fn advice(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        ErrorCode::UnknownTopicOrPartition => "there is no such topic or partition, see \"manifold ctl topic list\"",
        ErrorCode::TopicAlreadyExists => "see \"manifold ctl topic describe\"",
        ErrorCode::NonEmptyGroup => "it has members; stop them first, \"manifold ctl group describe\" shows them",
        ErrorCode::GroupIdNotFound => "there is no such group, see \"manifold ctl group list\"",
        ErrorCode::OffsetOutOfRange => "the partition has no such offset, see \"manifold ctl topic describe\"",
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => "a record is larger than the topic's max.message.bytes",
        ErrorCode::LeaderNotAvailable | ErrorCode::CoordinatorNotAvailable | ErrorCode::NotLeaderOrFollower => {
            "nobody leads it now; \"manifold ctl status\" tells how the shards are"
        }
        ErrorCode::InvalidTopicException => "a topic's name has 1 to 249 letters, digits, dots, underlines and hyphens",
        ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
            "the group went on without this member, which was silent for too long"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: ErrorCode, said: Option<&'static str>) -> String {
        let said = said.map(Cow::Borrowed);
        Failure::from(Fault::check(code as i16, said.as_ref(), "topic a cannot be made").unwrap_err()).message
    }

    #[test]
    fn refusals_say_what_to_do() {
        assert!(Fault::check(0, None, "x").is_ok());
        assert_eq!(
            text(ErrorCode::TopicAlreadyExists, Some("Topic 'a' already exists.")),
            "topic a cannot be made: Topic 'a' already exists; see \"manifold ctl topic describe\" (TOPIC_ALREADY_EXISTS)"
        );
        assert_eq!(text(ErrorCode::PolicyViolation, None), "topic a cannot be made: the broker refused (POLICY_VIOLATION)");
        let unknown = Failure::from(Fault::check(9_999, None, "x").unwrap_err());
        assert_eq!(unknown.message, "x: the broker refused (error 9999)");
    }

    #[test]
    fn only_what_passes_by_itself_is_repeated() {
        for code in [ErrorCode::NotLeaderOrFollower, ErrorCode::LeaderNotAvailable, ErrorCode::NotCoordinator] {
            assert!(is_transient(code), "{code}");
        }
        for code in [ErrorCode::UnknownTopicOrPartition, ErrorCode::InvalidConfig, ErrorCode::OutOfOrderSequenceNumber] {
            assert!(!is_transient(code), "{code}");
        }
        assert!(Fault::Lost(String::new()).is_transient() && !Fault::Lost(String::new()).once().is_transient());
    }
}
