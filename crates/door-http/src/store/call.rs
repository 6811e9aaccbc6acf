//! One request to the store, as its handler sees it.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
};
use base::{Error, Kind};
use bytes::Bytes;
use config::{Context, Expect, Transaction, Who};
use parking_lot::Mutex;
use replica::ConfigStore;

use super::{
    ConfigDoor,
    path::{Query, malformed},
};
use crate::{
    body::whole,
    keys::{Caller, Operation as Right},
    limits::STORE_WAIT_MAX,
    problem::{Problem, Reason},
    room::Share,
};

/// Says which position an answer shows.
pub(crate) const POSITION: &str = "manifold-position";

/// A request whose route is known, and who sent it.
pub(crate) struct Call {
    pub(crate) door: ConfigDoor,
    pub(crate) store: ConfigStore,
    /// Whether it came by the administrative socket.
    pub(crate) is_operator: bool,
    /// The segments that the route takes, decoded.
    pub(crate) parts: Vec<String>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
    /// `None` where everybody may ask.
    pub(crate) caller: Option<Caller>,
    pub(crate) request_id: HeaderValue,
    /// Behind a lock only so that a call can be looked at from several threads.
    pub(crate) body: Mutex<Option<Body>>,
}

/// A caller, as the audit trail has them.
pub(crate) fn who(caller: &Caller) -> Who {
    Who {
        principal: (*caller.principal).to_owned(),
        key_id: caller.key_id.map(|id| id.to_string()).unwrap_or_default(),
        address: caller.address.map(|address| address.to_string()).unwrap_or_default(),
    }
}

/// Which state a read shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// All that was acknowledged before it.
    Linearizable,
    /// What this node has applied.
    Local,
}

impl Call {
    pub(crate) fn namespace(&self) -> &str {
        self.parts.first().map_or("", String::as_str)
    }

    pub(crate) fn key(&self) -> &str {
        self.parts.get(1).map_or("", String::as_str)
    }

    pub(crate) fn who(&self) -> Who {
        self.caller.as_ref().map(who).unwrap_or_default()
    }

    pub(crate) fn may(&self, right: Right, namespace: Option<&str>) -> bool {
        self.caller.as_ref().is_some_and(|caller| self.door.doorkeeper().may(caller, right, namespace))
    }

    /// Refuses what the route itself could not see.
    pub(crate) fn demand(&self, right: Right, namespace: Option<&str>) -> Result<(), Problem> {
        match &self.caller {
            Some(caller) => self.door.doorkeeper().require(caller, right, namespace).map_err(Problem::from),
            None => Err(Problem::new(Reason::Unauthenticated, "say who asks: send an API key as X-Api-Key: KEY")),
        }
    }

    /// A header that is a text.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, Problem> {
        let wrong = |_| malformed(format!("the header {name} has something else than visible ASCII"));
        self.headers.get(name).map(|value| value.to_str().map_err(wrong)).transpose()
    }

    /// Whether `Prefer` asks for this (RFC 7240).
    pub(crate) fn prefers(&self, what: &str) -> bool {
        let values = self.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(what))
    }

    /// Who and why, for the audit trail.
    pub(crate) fn context(&self, comment: Option<String>) -> Result<Context, Problem> {
        let request_id = self.request_id.to_str().unwrap_or_default().to_owned();
        let comment = match comment.or_else(|| self.query.owned("comment")) {
            Some(comment) => comment,
            None => self.header("x-comment")?.unwrap_or_default().to_owned(),
        };
        Ok(Context { who: self.who(), request_id, comment })
    }

    /// A transaction without operations, under the request's idempotency key.
    pub(crate) fn transaction(&self, comment: Option<String>) -> Result<Transaction, Problem> {
        let idempotency_key = self.header("idempotency-key")?.unwrap_or_default().to_owned();
        Ok(Transaction { context: self.context(comment)?, idempotency_key, conditions: Vec::new(), operations: Vec::new() })
    }

    /// The body in one piece, at most so many bytes.
    pub(crate) async fn read_body(&mut self, bytes_max: usize) -> Result<(Bytes, Share), Problem> {
        let body = self.body.get_mut().take().unwrap_or_else(Body::empty);
        // One that says so much is not read at all.
        if http_body::Body::size_hint(&body).lower() > bytes_max as u64 {
            return Err(Problem::new(Reason::TooLarge, format!("a body has at most {bytes_max} bytes here")));
        }
        whole(body, bytes_max, &self.door.0.room).await
    }

    /// Without its parameters, in lower case as it should be.
    pub(crate) fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        value.split(';').next().map(str::trim)
    }

    pub(crate) fn consistency(&self) -> Result<Consistency, Problem> {
        match self.query.text("consistency") {
            None | Some("linearizable") => Ok(Consistency::Linearizable),
            Some("local") => Ok(Consistency::Local),
            Some(_) => Err(malformed("consistency is linearizable or local")),
        }
    }

    /// Returns when the state can be read that the request asks for.
    pub(crate) async fn settle(&self) -> Result<(), Problem> {
        match self.consistency()? {
            Consistency::Local => self.store.recovered().await.map_err(|error| not_confirmed(&error)),
            Consistency::Linearizable => self.store.barrier().await.map_err(|error| not_confirmed(&error)),
        }
    }

    /// How long to wait for a change: `30s`, `500ms`, or seconds.
    pub(crate) fn wait(&self) -> Result<Option<Duration>, Problem> {
        let Some(text) = self.query.text("wait") else { return Ok(None) };
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let wrong = || malformed("wait is a time such as 30s or 500ms");
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let wait = match unit {
            "" | "s" => Duration::from_secs(number),
            "ms" => Duration::from_millis(number),
            "m" => Duration::from_secs(number.saturating_mul(60)),
            _ => return Err(wrong()),
        };
        Ok(Some(wait.min(STORE_WAIT_MAX)))
    }

    /// What `If-Match` and `If-None-Match` demand of what is written, which is at `position` now; 0: it is not there.
    pub(crate) fn expects(&self, position: impl FnOnce() -> u64) -> Result<Expect, Problem> {
        let (wanted, unwanted) = (self.header("if-match")?, self.header("if-none-match")?);
        match (wanted, unwanted) {
            (None, None) => Ok(Expect::Any),
            (Some(_), Some(_)) => Err(malformed("If-Match and If-None-Match do not go together here: send one of them")),
            (None, Some("*")) => Ok(Expect::Absent),
            (None, Some(_)) => Err(malformed("a write takes If-None-Match: * only; to change what you have read, send If-Match")),
            (Some("*"), None) => Ok(Expect::Present),
            (Some(tags), None) => match &tags_of(tags)?[..] {
                [one] => Ok(Expect::Position(one.unwrap_or(u64::MAX))),
                several => {
                    let position = position();
                    Ok(Expect::Position(if several.contains(&Some(position)) { position } else { u64::MAX }))
                }
            },
        }
    }

    /// Whether whoever asks has what is at this position already.
    pub(crate) fn has(&self, position: u64) -> Result<bool, Problem> {
        let Some(tags) = self.header("if-none-match")? else { return Ok(false) };
        if tags == "*" {
            return Ok(true);
        }
        Ok(tags.split(',').any(|tag| tag_of(tag.trim().trim_start_matches("W/")) == Some(position)))
    }
}

/// Strong tags; `None`: one that nothing ever has, since it is weak or another server's.
fn tags_of(text: &str) -> Result<Vec<Option<u64>>, Problem> {
    let wrong = || malformed("an entity tag is quoted, such as \"42\", as it stands in the ETag of an answer");
    let one = |tag: &str| {
        let (is_weak, strong) = match tag.trim().strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, tag.trim()),
        };
        let is_quoted = strong.len() >= 2 && strong.starts_with('"') && strong.ends_with('"');
        let is_tag = is_quoted && !strong[1..strong.len() - 1].contains('"');
        if is_tag { Ok(tag_of(strong).filter(|_| !is_weak)) } else { Err(wrong()) }
    };
    text.split(',').map(one).collect()
}

fn tag_of(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().filter(|number: &u64| *number > 0 && !digits.starts_with(['0', '+']))
}

/// An entity tag.
pub(crate) fn etag(position: u64) -> HeaderValue {
    let mut tag = Vec::with_capacity(22);
    tag.push(b'"');
    config::json::put_number(&mut tag, position);
    tag.push(b'"');
    HeaderValue::from_maybe_shared(Bytes::from(tag)).expect("digits and quotes are visible")
}

/// Adds the ETag and the position.
pub(crate) fn tagged(mut response: Response, position: u64) -> Response {
    response.headers_mut().insert(header::ETAG, etag(position));
    response
}

/// Of a read that could not be settled.
pub(crate) fn not_confirmed(error: &Error) -> Problem {
    let reason = match error.kind {
        Kind::Corrupt => Reason::Broken,
        _ => Reason::NotConfirmed,
    };
    Problem::new(reason, error.message.clone())
}

/// Of a read.
pub(crate) fn of_read(error: &Error) -> Problem {
    let reason = match error.kind {
        Kind::Invalid | Kind::Unsupported => Reason::Invalid,
        Kind::OutOfRange => Reason::Position,
        Kind::NotFound => Reason::NotFound,
        Kind::Precondition | Kind::Conflict => Reason::Conflict,
        Kind::Overloaded => Reason::Pressure,
        Kind::Unauthenticated => Reason::Unauthenticated,
        Kind::Denied => Reason::Denied,
        Kind::Unavailable | Kind::Cancelled => Reason::Unavailable,
        Kind::Deadline => Reason::NotConfirmed,
        Kind::Corrupt => Reason::Broken,
    };
    Problem::new(reason, error.message.clone())
}

/// Of a write. One without a condition that is refused for a condition of the cluster's is asked for later.
pub(crate) fn of_write(error: &Error, has_condition: bool) -> Problem {
    let reason = match error.kind {
        Kind::Precondition if has_condition => Reason::Precondition,
        Kind::Precondition => Reason::Unavailable,
        Kind::OutOfRange => Reason::Conflict,
        Kind::Deadline => Reason::Deadline,
        Kind::Unavailable if error.message.contains("leads") => Reason::NoLeader,
        _ => return of_read(error),
    };
    let problem = Problem::new(reason, error.message.clone());
    if reason == Reason::Deadline { problem.with(crate::problem::OUTCOME, "unknown") } else { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_positions() {
        assert_eq!(tags_of("\"42\"").unwrap(), [Some(42)]);
        assert_eq!(tags_of("\"1\", W/\"2\", \"x\"").unwrap(), [Some(1), None, None]);
        for wrong in ["42", "\"", "\"4\"2\"", "", "\"1\","] {
            assert_eq!(tags_of(wrong).unwrap_err().reason, Reason::Malformed, "{wrong}");
        }
        assert_eq!(etag(7), "\"7\"");
        assert_eq!((tag_of("\"007\""), tag_of("\"+7\""), tag_of("\"0\"")), (None, None, None));
    }
}
