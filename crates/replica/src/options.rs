//! How a node finds its peers.

use std::{collections::BTreeMap, fmt, str::FromStr};

use base::{ClusterId, Error, Kind, NodeId, Result};

/// How a node finds its peers and speaks with them.
#[derive(Clone, Debug)]
pub struct PeerOptions {
    /// Where peers reach this node, `host:port`; empty: where it listens.
    pub advertise: String,
    /// How connections between nodes are protected.
    pub security: peer::Security,
    /// What the node does when its data directory is new.
    pub start: Start,
    /// What members are told of this node's doors: where clients reach them, and where it stands.
    pub client_urls: Vec<String>,
    /// Bytes a second that this node sends of snapshots to all peers together; 0 sets no limit.
    pub snapshot_bytes_per_second: u64,
}

impl Default for PeerOptions {
    /// A node that has no peers and is not reached by any.
    fn default() -> PeerOptions {
        PeerOptions {
            advertise: String::new(),
            security: peer::Security::Plain,
            start: Start::Alone,
            client_urls: Vec::new(),
            snapshot_bytes_per_second: 0,
        }
    }
}

/// What a node does when its data directory is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Makes itself a cluster of one.
    Alone,
    /// Founds a cluster together with others who are told the same.
    Found {
        /// Address by name; this node is among them.
        members: BTreeMap<String, String>,
        /// Tells clusters of the same members apart.
        token: String,
    },
    /// Joins a cluster that awaits it.
    Join(Ticket),
}

/// The first letters of a ticket.
const TICKET: &str = "manifold-join-1:";

/// What a new node needs to know of the cluster that awaits it. Not a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// Who the new node will be.
    pub node_id: NodeId,
    /// Addresses of its peers, by their ids in hexadecimal.
    pub peers: BTreeMap<String, String>,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TICKET}{:016x}:{:016x}:", self.cluster_id, self.node_id)?;
        for (number, (peer, address)) in self.peers.iter().enumerate() {
            write!(f, "{}{peer}={address}", if number == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Ticket {
    type Err = Error;

    fn from_str(text: &str) -> Result<Ticket> {
        let wrong = || Error::new(Kind::Invalid, "is no ticket: copy what `manifold ctl member add` printed, whole");
        let mut parts = text.trim().strip_prefix(TICKET).ok_or_else(wrong)?.splitn(3, ':');
        let mut id = || u64::from_str_radix(parts.next()?, 16).ok().filter(|id| *id != 0);
        let (cluster_id, node_id) = (id().ok_or_else(wrong)?, id().ok_or_else(wrong)?);
        let mut peers = BTreeMap::new();
        for peer in parts.next().ok_or_else(wrong)?.split(',') {
            let (id, address) = peer.split_once('=').ok_or_else(wrong)?;
            if u64::from_str_radix(id, 16).is_err() || address.is_empty() {
                return Err(wrong());
            }
            peers.insert(id.to_owned(), address.to_owned());
        }
        Ok(Ticket { cluster_id, node_id, peers })
    }
}

impl Ticket {
    /// The peers by id.
    pub(crate) fn peers(&self) -> BTreeMap<NodeId, String> {
        let known = |(id, address): (&String, &String)| Some((u64::from_str_radix(id, 16).ok()?, address.clone()));
        self.peers.iter().filter_map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_survives_its_text_and_others_are_refused() {
        let peers = BTreeMap::from([("00a1".to_owned(), "n1:7480".to_owned()), ("00a2".to_owned(), "[::1]:7480".to_owned())]);
        let ticket = Ticket { cluster_id: 0xc1, node_id: 0xb7, peers };
        let text = ticket.to_string();
        assert_eq!(text, "manifold-join-1:00000000000000c1:00000000000000b7:00a1=n1:7480,00a2=[::1]:7480");
        assert_eq!(text.parse::<Ticket>().unwrap(), ticket);
        assert_eq!(ticket.peers().keys().copied().collect::<Vec<_>>(), [0xa1, 0xa2]);
        for wrong in ["", "manifold-join-1:", "manifold-join-2:1:2:a=b", "manifold-join-1:0:2:a=b", "manifold-join-1:1:2:zz=b"] {
            assert!(wrong.parse::<Ticket>().is_err(), "{wrong}");
        }
    }
}
