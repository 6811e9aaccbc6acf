//! How nodes are set up: the one place that knows how the hall is opened.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use base::Result;
use replica::{Identity, Keyspace, Node, NodeOptions, NodeParts, PeerOptions, Start, Ticket, node::DEFAULT_KEYSPACE};

/// Small numbers, so that a short run recycles segments and settles often.
const SEGMENT_BYTES: u64 = 64 << 10;
const SETTLE_BYTES: u64 = 24 << 10;
/// Tells clusters of the same members apart.
const TOKEN: &str = "sim";

/// Who belongs to the cluster, and what all nodes are told.
#[derive(Debug)]
pub struct Setup {
    /// Data shards at the first start.
    pub data_shards: u32,
    /// By number of the node.
    pub names: Vec<String>,
    /// By number of the node.
    pub identities: Vec<Identity>,
}

impl Setup {
    /// A cluster of so many nodes.
    ///
    /// # Panics
    /// Outside of a world, which draws the ids.
    pub fn new(nodes: usize, data_shards: u32) -> Setup {
        let names: Vec<String> = (1..=nodes).map(|number| format!("n{number}")).collect();
        let mut setup = Setup { data_shards, names, identities: Vec::new() };
        let identity = |name: &String| Identity::begin(&setup.start(), name).expect("every founder is on the list");
        setup.identities = setup.names.iter().map(identity).collect();
        setup
    }

    /// Where a node listens.
    pub fn address(&self, number: usize) -> String {
        address(&self.names[number])
    }

    fn start(&self) -> Start {
        if self.names.len() == 1 {
            return Start::Alone;
        }
        let members: BTreeMap<String, String> = self.names.iter().map(|name| (name.clone(), address(name))).collect();
        Start::Found { members, token: TOKEN.to_owned() }
    }

    fn peers(&self, number: usize, ticket: Option<Ticket>) -> PeerOptions {
        let start = ticket.map_or_else(|| self.start(), Start::Join);
        PeerOptions { advertise: self.address(number), start, ..PeerOptions::default() }
    }

    fn options(&self, number: usize) -> NodeOptions {
        NodeOptions {
            data_dir: PathBuf::new(),
            name: self.names[number].clone(),
            data_shards: self.data_shards,
            journal_segment_bytes: SEGMENT_BYTES,
            settle_bytes: SETTLE_BYTES,
            value_cache_bytes: 16 << 10,
            watch_ring_bytes: 16 << 10,
            admission_bytes: 1 << 20,
            admission_commands: 1000,
            quota_bytes: 0,
            scrub_every: Duration::ZERO,
            scrub_bytes_per_second: 0,
        }
    }
}

fn address(name: &str) -> String {
    format!("{name}:7480")
}

/// Opens node `number`, a founder unless it has a ticket.
pub(crate) async fn open(setup: &Setup, number: usize, ticket: Option<Ticket>, parts: NodeParts) -> Result<(Node, Keyspace)> {
    let node = Node::open_with(parts, setup.options(number), setup.peers(number, ticket)).await?;
    let keyspace = node.keyspace(DEFAULT_KEYSPACE)?;
    Ok((node, keyspace))
}
