//! What the settings say together about this node among others.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use replica::{PeerOptions, Security, Start};

use super::{endpoint::Endpoint, settings::Config, tls::Door};

/// What gets nodes on different machines to speak with each other.
const PROTECT: &str = "make a secret with \"manifold ctl secret new FILE\", copy the file to every node and name it with \
                       --cluster-secret FILE";

/// Three PEM files that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerFiles {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

impl PeerFiles {
    fn given(&self) -> [(&'static str, &Option<PathBuf>); 3] {
        [("peer-ca", &self.ca), ("peer-cert", &self.cert), ("peer-key", &self.key)]
    }
}

impl Config {
    /// What the node needs to know of its peers. Where clients reach it is filled in when its door has an address.
    pub(crate) fn peer_options(&self) -> PeerOptions {
        let own_entry = self.cluster.get(&self.name).map(String::as_str).unwrap_or_default();
        let advertise = if self.peer_advertise.is_empty() { own_entry } else { &self.peer_advertise };
        let start = match (&self.join, self.cluster.is_empty()) {
            (Some(ticket), _) => Start::Join(ticket.clone()),
            (None, true) => Start::Alone,
            (None, false) => Start::Found { members: self.cluster.clone(), token: self.cluster_token.clone() },
        };
        PeerOptions {
            advertise: advertise.to_owned(),
            security: self.security(),
            start,
            client_urls: self.etcd_advertise.clone(),
            snapshot_bytes_per_second: self.snapshot_bytes,
        }
    }

    fn security(&self) -> Security {
        match (&self.cluster_secret, &self.peer_files) {
            (Some(secret), _) => Security::Secret(secret.clone()),
            (None, PeerFiles { ca: Some(ca), cert: Some(cert), key: Some(key) }) => {
                Security::Files { ca: ca.clone(), cert: cert.clone(), key: key.clone() }
            }
            _ => Security::Plain,
        }
    }

    /// What is wrong with the settings about peers, as far as it can be told before anything is opened.
    pub(super) fn check_peers(&self, problems: &mut Vec<String>) {
        let several = self.join.is_some() || !self.cluster.is_empty();
        if self.join.is_some() && !self.cluster.is_empty() {
            problems.push("join and cluster exclude each other: a node joins a cluster or founds one; take one away".to_owned());
        }
        if self.peer.is_none() && several {
            let advice = "give an address, or take join and cluster away";
            problems.push(format!("peer: off is for a node alone, and others are to reach this one; {advice}"));
        }
        if !self.cluster.is_empty() && !self.cluster.contains_key(&self.name) {
            let names: Vec<&str> = self.cluster.keys().map(String::as_str).collect();
            let name = &self.name;
            let advice = "give this node's name there with --name, or add it to the list";
            problems.push(format!("cluster: there is no {name} among {}; {advice}", names.join(", ")));
        }
        if let Some(peer) = self.peer.filter(|peer| peer.ip().is_unspecified())
            && !several
            && self.peer_advertise.is_empty()
        {
            let advice = "say where other nodes reach this one with --peer-advertise HOST:PORT";
            problems.push(format!("peer: nobody is reached at {peer}; {advice}"));
        }
        self.check_protection(problems);
    }

    fn check_protection(&self, problems: &mut Vec<String>) {
        let files = self.peer_files.given();
        let missing: Vec<&str> = files.iter().filter(|(_, file)| file.is_none()).map(|(key, _)| *key).collect();
        match (&self.cluster_secret, missing.len()) {
            (None, 3) => self.check_plain(problems),
            (Some(_), 3) => {}
            (Some(_), _) => {
                problems
                    .push("cluster-secret and peer-ca, peer-cert, peer-key exclude each other; keep one of the two".to_owned());
            }
            (None, 0) => {
                if let Err(error) = self.security().check() {
                    problems.push(format!("peer-ca, peer-cert and peer-key cannot be used: {error}"));
                }
            }
            (None, _) => {
                problems.push(format!("peer-ca, peer-cert and peer-key belong together; missing: {}", missing.join(", ")));
            }
        }
    }

    /// Without protection everything must stay on this machine.
    fn check_plain(&self, problems: &mut Vec<String>) {
        let ticket = self.join.as_ref().map(|ticket| &ticket.peers);
        let listed = |key, members: &BTreeMap<String, String>| -> Vec<(&str, String)> {
            members.values().map(|address| (key, address.clone())).collect()
        };
        let mut addresses: Vec<(&str, String)> = self.peer.iter().map(|peer| ("peer", peer.to_string())).collect();
        addresses.extend((!self.peer_advertise.is_empty()).then(|| ("peer-advertise", self.peer_advertise.clone())));
        addresses.extend(listed("cluster", &self.cluster));
        addresses.extend(ticket.map(|peers| listed("join", peers)).unwrap_or_default());
        let outside = |address: &str| match address.parse::<SocketAddr>() {
            Ok(address) => !address.ip().to_canonical().is_loopback(),
            Err(_) => !Endpoint::parse(address).is_ok_and(|endpoint| endpoint.is_loopback()),
        };
        if let Some((key, address)) = addresses.iter().find(|(_, address)| outside(address)) {
            problems
                .push(format!("{key}: {address} is not on this machine alone, and nothing protects what nodes say; {PROTECT}"));
        }
    }

    /// What can be used as it is and is likely to be a mistake.
    pub(super) fn advice(&self) -> Vec<String> {
        let several = self.join.is_some() || !self.cluster.is_empty();
        let everywhere = self.etcd.filter(|etcd| several && etcd.ip().is_unspecified() && self.etcd_advertise.is_empty());
        let scheme = self.scheme(Door::Etcd);
        let advice = format!("say where clients reach it with --etcd-advertise {scheme}://HOST:PORT");
        let told = |etcd| format!("clients that ask who the members are will be told {scheme}://{etcd}; {advice}");
        let http = self.http.filter(|http| several && http.ip().is_unspecified() && self.http_advertise.is_none());
        let sent = |http| {
            let scheme = self.scheme(Door::Http);
            format!(
                "clients of the configuration store will be sent to {scheme}://{http} while this node leads it; say where they reach \
                 it with --http-advertise {scheme}://HOST:PORT"
            )
        };
        everywhere
            .iter()
            .map(told)
            .chain(http.map(sent))
            .chain(self.advice_on_tls())
            .chain(self.advice_on_kafka())
            .chain(self.advice_on_records())
            .collect()
    }
}
