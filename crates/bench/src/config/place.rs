//! Where a load on the configuration store goes: the leader, who lets the load in, and the names under which it writes.

use std::{fmt::Write, time::Duration};

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::answer;
use crate::{
    address::Addresses,
    arguments::Config,
    error::{Error, Result},
    http::{Connection, Head},
    limits::{ANSWER_TIMEOUT, ASKED_EVERY, LEADERS_WITHIN},
    process::{ApiKey, Target},
};

/// In what words the same things are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The configuration store over HTTP.
    Store,
    /// etcd's gateway from JSON to its gRPC.
    Gateway,
}

/// Where the load goes, and under which names it writes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) dialect: Dialect,
    pub(crate) address: String,
    /// A header with the key, as a line.
    key: String,
    /// Tells what this run writes from everything else.
    pub(crate) run: u64,
    pub(crate) namespaces: u64,
}

/// What `/health/ready` says.
#[derive(Deserialize)]
struct Ready {
    cluster: Cluster,
}

#[derive(Deserialize)]
struct Cluster {
    role: String,
    leader: Option<String>,
}

impl Place {
    /// Finds whoever leads, and asks whether the key is good there.
    pub(crate) async fn find(o: &Config, target: &Target) -> Result<Place> {
        let addresses = Addresses { allow_remote: o.run.allow_remote };
        let (run, namespaces) = (rand::random(), o.namespaces);
        if target.is_etcd() {
            addresses.check(&target.etcd)?;
            let (address, key) = (target.etcd.clone(), String::new());
            return Ok(Place { dialect: Dialect::Gateway, address, key, run, namespaces });
        }
        addresses.check(&target.http)?;
        let key = target.api_key.as_ref().map(ApiKey::text).ok_or_else(|| {
            Error::usage(
                "the configuration store lets nobody in without an API key: give one of the role admin in MANIFOLD_API_KEY or with \
                 --api-key KEY, from \"manifold ctl key create bench --role admin\"",
            )
        })?;
        let address = leader(&target.http, &addresses).await?;
        let place = Place { dialect: Dialect::Store, address, key: format!("X-Api-Key: {key}\r\n"), run, namespaces };
        place.is_let_in(target.is_ours()).await?;
        Ok(place)
    }

    /// Whether the key is good. A cluster that was just started imports it when somebody leads.
    async fn is_let_in(&self, is_new: bool) -> Result {
        let end = Instant::now() + LEADERS_WITHIN;
        loop {
            let (head, body) = self.ask("GET", "/api/v1/keys/whoami", "", b"", ANSWER_TIMEOUT).await?;
            match head.status {
                200 => return Ok(()),
                401 | 503 if is_new && Instant::now() < end => sleep(ASKED_EVERY).await,
                401 | 403 => {
                    let why = answer::refusal(head.status, &body);
                    return Err(Error::usage(format!("the API key is not taken at {} ({why}): give another one", self.address)));
                }
                _ => return Err(self.refused("whether the API key is good", &head, &body)),
            }
        }
    }

    /// The namespace that a write goes to: each connection takes them in turn.
    pub(crate) fn namespace_of(&self, producer: u64, serial: u64) -> u64 {
        producer.wrapping_add(serial) % self.namespaces
    }

    /// What all paths of this run begin with.
    pub(crate) fn root(&self) -> String {
        format!("bench-{:016x}", self.run)
    }

    /// A namespace's path.
    pub(crate) fn path(&self, namespace: u64) -> String {
        format!("{}/{namespace:016x}", self.root())
    }

    /// A namespace's resource.
    pub(crate) fn resource(&self, namespace: u64) -> String {
        format!("/api/v1/namespaces/{}%2F{namespace:016x}", self.root())
    }

    /// The head of a request, with the lines of more headers.
    pub(crate) fn head(&self, method: &str, target: &str, more: &str, body_bytes: Option<u64>) -> String {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n{}{more}", self.address, self.key);
        if let Some(bytes) = body_bytes {
            // Writing to a string cannot fail.
            let _ = write!(head, "Content-Type: application/json\r\nContent-Length: {bytes}\r\n");
        }
        head + "\r\n"
    }

    /// Asks once, on a connection of its own.
    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        more: &str,
        body: &[u8],
        patience: Duration,
    ) -> Result<(Head, Vec<u8>)> {
        let length = (method != "GET").then_some(body.len() as u64);
        let mut request = self.head(method, target, more, length).into_bytes();
        request.extend_from_slice(body);
        once(&self.address, &request, patience).await
    }

    /// What is said where an answer is not what has to come.
    pub(crate) fn refused(&self, what: &str, head: &Head, body: &[u8]) -> Error {
        Error::failed(format!("{} was asked {what} and answered {}", self.address, answer::refusal(head.status, body)))
    }

    /// A connection for what is asked again and again.
    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address).await.map_err(|error| unreachable(&self.address, &error))
    }
}

async fn once(address: &str, request: &[u8], patience: Duration) -> Result<(Head, Vec<u8>)> {
    let mut connection = Connection::open(address).await.map_err(|error| unreachable(address, &error))?;
    let broken = |error| Error::unreachable(format!("{address} was asked and did not answer: {error}"));
    let head = connection.ask(request, patience).await.map_err(broken)?;
    let body = connection.body(&head).to_vec();
    Ok((head, body))
}

fn unreachable(address: &str, error: &std::io::Error) -> Error {
    Error::unreachable(format!(
        "no HTTP door answers at {address}: {error}; start a node with \"manifold serve\", name another address with --http \
         HOST:PORT, or add --start to have one started for the run"
    ))
}

/// Where the leader's HTTP door is, as any node tells it.
async fn leader(address: &str, addresses: &Addresses) -> Result<String> {
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes();
    let end = Instant::now() + LEADERS_WITHIN;
    loop {
        let (head, body) = once(address, &request, ANSWER_TIMEOUT).await?;
        let told = serde_json::from_slice::<Ready>(&body).map(|ready| ready.cluster);
        match (head.status, told) {
            (200, Ok(cluster)) if cluster.role == "leader" => return Ok(address.to_owned()),
            (200, Ok(Cluster { leader: Some(base), .. })) => {
                let door = base.strip_prefix("http://").ok_or_else(|| {
                    Error::usage(format!("the leader's door is at {base}, and this load speaks plain HTTP to HOST:PORT only"))
                })?;
                return Ok(addresses.check(door.trim_end_matches('/'))?.to_owned());
            }
            // Nobody leads yet, or has not said where its door is.
            (200 | 503, _) if Instant::now() < end => sleep(ASKED_EVERY).await,
            (status, _) => {
                return Err(Error::failed(format!(
                    "no leader of the configuration store is known at {address}: /health/ready answers {status}"
                )));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn place(dialect: Dialect) -> Place {
        Place { dialect, address: "h:1".to_owned(), key: "X-Api-Key: secret\r\n".to_owned(), run: 10, namespaces: 4 }
    }

    #[test]
    fn connections_take_the_namespaces_in_turn() {
        let place = place(Dialect::Store);
        let taken: Vec<u64> = (0..5).map(|serial| place.namespace_of(2, serial)).collect();
        assert_eq!(taken, [2, 3, 0, 1, 2]);
        assert_eq!(place.path(3), "bench-000000000000000a/0000000000000003");
    }
}
