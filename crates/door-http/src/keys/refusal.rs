//! Why somebody is not let in, or not let do a thing.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use cluster::principals::keys::Operation;

use crate::problem::{Problem, RETRY_AFTER_SECONDS, Reason};

/// Why not. Whoever is not known gets 401, who is known and may not 403, who comes too often 429.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody said who they are, and nobody could: there is neither a key nor a user.
    NoKeys,
    /// Nobody said who they are.
    Missing,
    /// What was shown is no key and no password, as it is written.
    Unreadable(&'static str),
    /// There is no such key.
    Unknown,
    /// The key's time is over.
    Expired,
    /// The key was given another secret.
    Rotated,
    /// The key was revoked.
    Revoked,
    /// The key's owner is a user who is disabled.
    OwnerDisabled,
    /// There is no such user, or the password is another one.
    Password,
    /// The key was used too often; it may be used again after this time.
    TooOften(Duration),
    /// They may not do this.
    Denied {
        /// What they wanted to do.
        operation: Operation,
        /// Where; `None`: everywhere, or with the store as a whole.
        namespace: Option<String>,
        /// Who they are, in words.
        who: String,
    },
    /// Too many passwords are being checked.
    Busy,
    /// The node does not know yet who there is.
    Unavailable,
}

impl Refusal {
    /// For counters.
    pub fn name(&self) -> &'static str {
        match self {
            Refusal::NoKeys => "no_keys",
            Refusal::Missing => "missing",
            Refusal::Unreadable(_) => "unreadable",
            Refusal::Unknown => "unknown",
            Refusal::Expired => "expired",
            Refusal::Rotated => "rotated",
            Refusal::Revoked => "revoked",
            Refusal::OwnerDisabled => "owner_disabled",
            Refusal::Password => "password",
            Refusal::TooOften(_) => "too_often",
            Refusal::Denied { .. } => "denied",
            Refusal::Busy => "busy",
            Refusal::Unavailable => "unavailable",
        }
    }

    /// All names, in the order in which they are counted.
    pub(super) const NAMES: [&'static str; 13] = [
        "no_keys",
        "missing",
        "unreadable",
        "unknown",
        "expired",
        "rotated",
        "revoked",
        "owner_disabled",
        "password",
        "too_often",
        "denied",
        "busy",
        "unavailable",
    ];

    /// Whether somebody may be guessing.
    pub(super) fn is_wrong(&self) -> bool {
        matches!(self, Refusal::Unknown | Refusal::Password)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let unknown = |text: &'static str| Problem::new(Reason::Unauthenticated, text);
        match refusal {
            Refusal::NoKeys => unknown(
                "there is no API key yet, and nobody comes in without one: make the first one on the node, as the user that it runs as, \
                 with: manifold ctl key create NAME --role admin",
            ),
            Refusal::Missing => unknown("send an API key as X-Api-Key: KEY, or as Authorization: Bearer KEY"),
            Refusal::Unreadable(text) => unknown(text),
            Refusal::Unknown => {
                unknown("there is no such API key: look for a typing error, or ask an administrator for a new one")
            }
            Refusal::Expired => unknown("the API key has expired: ask an administrator for a new one"),
            Refusal::Rotated => unknown("the API key was rotated: ask whoever did it for its new text"),
            Refusal::Revoked => unknown("the API key was revoked: ask an administrator for a new one"),
            Refusal::OwnerDisabled => unknown("the user that the API key belongs to is disabled"),
            Refusal::Password => unknown("the user is not known, or the password is wrong"),
            Refusal::TooOften(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Problem::new(Reason::TooOften, format!("the API key has a limit on requests: come back in {seconds} s"))
                    .with(RETRY_AFTER_SECONDS, seconds)
            }
            Refusal::Denied { operation, namespace, who } => {
                let place = match &namespace {
                    Some(namespace) => format!("in the namespace {namespace}"),
                    None => "for the store as a whole".to_owned(),
                };
                let (operation, text) = (operation.name(), operation.name());
                let text = format!("{who} has no right to \"{text}\" {place}: GET /api/v1/keys/whoami lists the rights it has");
                let problem = Problem::new(Reason::Denied, text).with("operation", operation);
                match namespace {
                    Some(namespace) => problem.with("namespace", namespace),
                    None => problem,
                }
            }
            Refusal::Busy => Problem::new(Reason::Pressure, "too many passwords are being checked: use an API key, or come back"),
            Refusal::Unavailable => Problem::new(Reason::Unavailable, "the node does not know its users and keys yet"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
