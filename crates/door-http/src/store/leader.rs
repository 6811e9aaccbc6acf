//! Where the store's leader is, and how clients are sent there.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use replica::ConfigStore;

use super::{ConfigDoor, call::Call};
use crate::problem::{Problem, Reason};

/// How a member says where its HTTP door is, among the places where clients reach it. Other doors look for other schemes.
const SCHEME: &str = "door+";

/// The base of a node's HTTP door, such as `http://n1:8480`, as a member tells it to the others.
pub fn url(base: &str) -> String {
    format!("{SCHEME}{base}")
}

/// The base that a member told.
pub(crate) fn base_of(client_urls: &[String]) -> Option<&str> {
    client_urls.iter().find_map(|url| url.strip_prefix(SCHEME))
}

/// Says that a preference was honoured (RFC 7240).
const APPLIED: &str = "preference-applied";

/// Where a write is done.
pub(crate) enum Turn {
    /// Here, or for the client by this node.
    Here {
        /// Whether the client asked to be forwarded for.
        is_forwarded: bool,
    },
    /// At another node.
    Away(Response),
}

impl ConfigDoor {
    /// The base of the leader's HTTP door, if it has one and there is a leader.
    pub(crate) fn leader_base(&self, store: &ConfigStore) -> Option<String> {
        let leader = store.leader()?;
        let find = |machine: &cluster::Machine| {
            let member = machine.members().find(|member| member.id == leader)?;
            base_of(&member.client_urls).map(str::to_owned)
        };
        self.0.node.look_at_cluster(find).flatten()
    }
}

impl Call {
    /// Whether this node does a write, or sends the client to the leader.
    pub(crate) fn turn(&self) -> Result<Turn, Problem> {
        let is_forwarded = self.prefers("forward");
        if is_forwarded || self.is_operator || self.store.leads() {
            return Ok(Turn::Here { is_forwarded });
        }
        if self.store.leader().is_none() {
            let text = "nobody leads the configuration store now, and nothing was done: repeat in a moment";
            return Err(Problem::new(Reason::NoLeader, text));
        }
        let Some(base) = self.door.leader_base(&self.store) else {
            let text = "the leader has not said where its HTTP door is: repeat in a moment, or send Prefer: forward";
            return Err(Problem::new(Reason::NoLeader, text));
        };
        // Leadership came here between the two looks.
        if self.store.leads() {
            return Ok(Turn::Here { is_forwarded });
        }
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        let Ok(location) = HeaderValue::try_from(format!("{base}{target}")) else {
            return Err(Problem::new(Reason::Broken, "the leader's address cannot stand in a header"));
        };
        Ok(Turn::Away((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)], Body::empty()).into_response()))
    }
}

/// Says that the request was forwarded, if that was asked for.
pub(crate) fn applied(mut response: Response, is_forwarded: bool) -> Response {
    if is_forwarded {
        response.headers_mut().insert(APPLIED, HeaderValue::from_static("forward"));
    }
    response
}

/// The turn of a write: here, or the answer that sends the client away.
macro_rules! here {
    ($call:expr) => {
        match $call.turn()? {
            $crate::store::leader::Turn::Here { is_forwarded } => is_forwarded,
            $crate::store::leader::Turn::Away(response) => return Ok(response),
        }
    };
}
pub(crate) use here;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_tells_where_its_door_is() {
        let urls = ["http://n1:2379".to_owned(), "kafka://n1:9092".to_owned(), url("https://n1:8480")];
        assert_eq!(base_of(&urls), Some("https://n1:8480"));
        assert_eq!(base_of(&urls[..2]), None);
    }
}
