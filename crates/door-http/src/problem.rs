//! What is answered when something is not done: `application/problem+json` (RFC 9457).
//!
//! `type` is `urn:manifold:problem:` and a [`Reason`]'s name, `status` tells the truth about the outcome, and `detail` says what to do.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Error, Kind};
use replica::runtime;
use serde_json::{Map, Value};

/// Why something was not done. Each has a name, a status and a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// What was sent cannot be read.
    Malformed,
    /// No topic can have this name.
    InvalidTopic,
    /// A topic cannot have this setting, or this number of partitions.
    InvalidSetting,
    /// The topic takes no record of this time.
    InvalidTimestamp,
    /// The server made this topic for itself.
    Internal,
    /// There is no such topic.
    UnknownTopic,
    /// The topic has no such partition.
    UnknownPartition,
    /// The rest of the body did not come.
    Slow,
    /// The topic exists, otherwise than asked for; or it changed meanwhile.
    Conflict,
    /// A body, a line or a record is over its limit.
    TooLarge,
    /// The content type is none of those that are served.
    MediaType,
    /// The partition does not hold this offset.
    OutOfRange,
    /// Too much is under way.
    Pressure,
    /// What is stored is damaged, or the server contradicts itself.
    Broken,
    /// Nobody leads the partition or the store.
    NoLeader,
    /// The node cannot do it now.
    Unavailable,
    /// It took too long; it may have been done.
    Deadline,
    /// What was sent can be read, and cannot be done ever.
    Invalid,
    /// It is not there.
    NotFound,
    /// No route has this path.
    UnknownRoute,
    /// The route does not take this method.
    Method,
    /// None of the forms that are accepted is served.
    NotAcceptable,
    /// It was there, and is not kept any more.
    Gone,
    /// A condition of the request does not hold.
    Precondition,
    /// The position is not there.
    Position,
    /// Nobody said who asks, or what was shown lets nobody in.
    Unauthenticated,
    /// Who asks may not do this.
    Denied,
    /// Who asks has asked too often.
    TooOften,
    /// Too few members confirmed that a read is the latest.
    NotConfirmed,
}

/// All reasons, in the order of their numbers.
pub(crate) const REASONS: [Reason; 29] = [
    Reason::Malformed,
    Reason::InvalidTopic,
    Reason::InvalidSetting,
    Reason::InvalidTimestamp,
    Reason::Internal,
    Reason::UnknownTopic,
    Reason::UnknownPartition,
    Reason::Slow,
    Reason::Conflict,
    Reason::TooLarge,
    Reason::MediaType,
    Reason::OutOfRange,
    Reason::Pressure,
    Reason::Broken,
    Reason::NoLeader,
    Reason::Unavailable,
    Reason::Deadline,
    Reason::Invalid,
    Reason::NotFound,
    Reason::UnknownRoute,
    Reason::Method,
    Reason::NotAcceptable,
    Reason::Gone,
    Reason::Precondition,
    Reason::Position,
    Reason::Unauthenticated,
    Reason::Denied,
    Reason::TooOften,
    Reason::NotConfirmed,
];

impl Reason {
    /// Name, status, title.
    fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Reason::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Reason::InvalidTopic => ("invalid-topic", StatusCode::BAD_REQUEST, "No topic can have this name"),
            Reason::InvalidSetting => ("invalid-setting", StatusCode::BAD_REQUEST, "A topic cannot have this setting"),
            Reason::InvalidTimestamp => ("invalid-timestamp", StatusCode::BAD_REQUEST, "The topic takes no record of this time"),
            Reason::Internal => ("internal-topic", StatusCode::FORBIDDEN, "The topic is the server's own"),
            Reason::UnknownTopic => ("unknown-topic", StatusCode::NOT_FOUND, "There is no such topic"),
            Reason::UnknownPartition => ("unknown-partition", StatusCode::NOT_FOUND, "The topic has no such partition"),
            Reason::Slow => ("slow-body", StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
            Reason::Conflict => ("conflict", StatusCode::CONFLICT, "It is otherwise than asked for"),
            Reason::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "Over a limit"),
            Reason::MediaType => ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The content type is not served"),
            Reason::OutOfRange => ("offset-out-of-range", StatusCode::RANGE_NOT_SATISFIABLE, "The offset is not there"),
            Reason::Pressure => ("pressure", StatusCode::TOO_MANY_REQUESTS, "Too much is under way"),
            Reason::Broken => ("broken", StatusCode::INTERNAL_SERVER_ERROR, "The server is at fault"),
            Reason::NoLeader => ("no-leader", StatusCode::SERVICE_UNAVAILABLE, "Nobody leads"),
            Reason::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Not now"),
            Reason::Deadline => ("deadline", StatusCode::GATEWAY_TIMEOUT, "It took too long"),
            Reason::Invalid => ("invalid", StatusCode::BAD_REQUEST, "The request cannot be done"),
            Reason::NotFound => ("not-found", StatusCode::NOT_FOUND, "It is not there"),
            Reason::UnknownRoute => ("unknown-route", StatusCode::NOT_FOUND, "There is no such route"),
            Reason::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, "The route does not take this method"),
            Reason::NotAcceptable => ("not-acceptable", StatusCode::NOT_ACCEPTABLE, "No form that is accepted is served"),
            Reason::Gone => ("gone", StatusCode::GONE, "It is not kept any more"),
            Reason::Precondition => ("precondition", StatusCode::PRECONDITION_FAILED, "A condition does not hold"),
            Reason::Position => ("position", StatusCode::RANGE_NOT_SATISFIABLE, "The position is not there"),
            Reason::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "Who asks is not known"),
            Reason::Denied => ("denied", StatusCode::FORBIDDEN, "Who asks may not do this"),
            Reason::TooOften => ("too-often", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Reason::NotConfirmed => ("not-confirmed", StatusCode::SERVICE_UNAVAILABLE, "The read is not confirmed"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().1
    }
}

/// The member that says whether it may have been done after all: then it is `unknown`.
pub(crate) const OUTCOME: &str = "outcome";

/// The member that says after how many seconds to come back, where that is known; the header says it, too.
pub(crate) const RETRY_AFTER_SECONDS: &str = "retryAfter";

/// Something that was not done, and why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) detail: Cow<'static, str>,
    /// Further members.
    pub(crate) more: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { reason, detail: detail.into(), more: Map::new() }
    }

    /// With a further member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// What the house refused before anything was under way.
    pub(crate) fn of_error(error: &Error) -> Problem {
        let reason = match error.kind {
            Kind::Invalid | Kind::OutOfRange => Reason::Malformed,
            Kind::Precondition | Kind::Conflict | Kind::Unsupported => Reason::Conflict,
            Kind::NotFound => Reason::UnknownTopic,
            Kind::Overloaded => Reason::Pressure,
            Kind::Unauthenticated | Kind::Denied => Reason::Internal,
            Kind::Unavailable | Kind::Cancelled => Reason::Unavailable,
            Kind::Deadline => Reason::Deadline,
            Kind::Corrupt => Reason::Broken,
        };
        // Some texts are etcd's, whose clients compare them.
        let message = error.message.strip_prefix("etcdserver: ").map(|text| Cow::Owned(text.to_owned()));
        Problem::new(reason, message.unwrap_or_else(|| error.message.clone()))
    }

    /// Of JSON that cannot be read, whose message has the position.
    pub(crate) fn of_json(error: &serde_json::Error) -> Problem {
        let place = (error.line(), error.column());
        Problem::new(Reason::Malformed, format!("the JSON is not as it should be: {error}"))
            .with("line", place.0)
            .with("column", place.1)
    }

    /// Whether it may have been done after all.
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        self.more.contains_key(OUTCOME)
    }

    /// The members of the body.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let (name, status, title) = self.reason.row();
        let mut members = Map::new();
        members.insert("type".to_owned(), format!("urn:manifold:problem:{name}").into());
        members.insert("title".to_owned(), title.into());
        members.insert("status".to_owned(), status.as_u16().into());
        members.insert("detail".to_owned(), self.detail.as_ref().into());
        members.extend(self.more.iter().map(|(name, value)| (name.clone(), value.clone())));
        members
    }

    /// The answer, with this body instead of its own.
    pub(crate) fn respond_with(&self, body: Body) -> Response {
        let mut response = (self.reason.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.reason {
            // Not all at once again.
            Reason::Pressure | Reason::NoLeader | Reason::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1 + runtime::random_u64() % 3));
            }
            // What clients of the configuration store are used to.
            Reason::NotConfirmed => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(2));
            }
            Reason::TooOften => {
                let seconds = self.more.get(RETRY_AFTER_SECONDS).and_then(Value::as_u64).unwrap_or(1);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            // RFC 9110, section 15.5.2.
            Reason::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"manifold\""));
            }
            _ => {}
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Value::Object(self.members()).to_string();
        self.respond_with(Body::from(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_by_their_numbers_and_named_once() {
        let mut names = std::collections::HashSet::new();
        for (number, reason) in REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, number);
            assert!(names.insert(reason.name()), "{} is there twice", reason.name());
            assert!(reason.status().as_u16() >= 400);
        }
    }

    #[test]
    fn pressure_says_when_to_come_back() {
        let response = Problem::new(Reason::Pressure, "later").into_response();
        let after: u64 = response.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("a number");
        assert!((1..=3).contains(&after));
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert!(!Problem::new(Reason::Malformed, "no").into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
