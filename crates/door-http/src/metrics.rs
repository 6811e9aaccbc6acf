//! `/metrics`, in Prometheus' text format.
//!
//! Names that etcd's dashboards and alerts use are kept where this server has the value; a value that it does not have is
//! left out rather than answered as zero. What etcd has no word for is called `manifold_*`.

use std::{
    fmt::{Display, Write},
    sync::Arc,
    time::Duration,
};

use replica::{NodeStatus, stores::StoreStatus};

use crate::{
    ETCD_CLUSTER_VERSION, ETCD_VERSION,
    house::{House, KeyspaceFigures},
    process,
};

/// Adds what another room measures.
pub type Collector = Arc<dyn Fn(&mut Exposition) + Send + Sync>;

/// The text under construction: families, each with its samples.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    family: String,
}

/// What a family's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Only grows while the process lives.
    Counter,
    /// May go both ways.
    Gauge,
    /// Buckets, a sum and a count.
    Histogram,
}

impl Exposition {
    /// Starts a family; the samples that follow belong to it.
    pub fn family(&mut self, name: &str, kind: Type, help: &str) -> &mut Self {
        let kind = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Histogram => "histogram",
        };
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        name.clone_into(&mut self.family);
        self
    }

    /// One sample of the family that was started last.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.sample_with("", labels, value)
    }

    /// One sample whose name carries a suffix (`_bucket`, `_sum`, `_count`).
    pub fn sample_with(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        let family = std::mem::take(&mut self.family);
        self.push(format_args!("{family}{suffix}"));
        self.family = family;
        for (place, (label, text)) in labels.iter().enumerate() {
            let opening = if place == 0 { '{' } else { ',' };
            self.push(format_args!("{opening}{label}=\"{}\"", escaped(text)));
        }
        let closing = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{closing} {value}\n"));
        self
    }

    /// A family of one sample without labels.
    pub fn single(&mut self, name: &str, kind: Type, help: &str, value: impl Display) -> &mut Self {
        self.family(name, kind, help).sample(&[], value)
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(what);
    }
}

/// Everything there is to say now.
pub(crate) fn collect(house: &dyn House, collectors: &[Collector]) -> String {
    let mut out = Exposition::default();
    let status = house.status();
    server(&mut out, &status);
    keyspace(&mut out, &status, house.figures());
    shards(&mut out, &status);
    stores(&mut out, &status);
    peers(&mut out, &status);
    process::collect(&mut out);
    for collector in collectors {
        collector(&mut out);
    }
    out.into_text()
}

/// What etcd says of a server. Its Raft figures are those of the shard that holds the default key space.
fn server(out: &mut Exposition, status: &NodeStatus) {
    use Type::{Counter, Gauge};
    let id = format!("{:x}", status.node_id);
    out.family("etcd_server_id", Gauge, "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.")
        .sample(&[("server_id", &id)], 1);
    out.family("etcd_server_version", Gauge, "The etcd version that this server answers as.")
        .sample(&[("server_version", ETCD_VERSION)], 1);
    let minor = ETCD_CLUSTER_VERSION.trim_end_matches(".0");
    out.family("etcd_cluster_version", Gauge, "The etcd cluster version that this server answers as.")
        .sample(&[("cluster_version", minor)], 1);
    out.family("manifold_build_info", Gauge, "The version of this server.")
        .sample(&[("version", env!("CARGO_PKG_VERSION")), ("name", &status.name)], 1);
    let Some(shard) = data_shard(status) else { return };
    let group = &shard.group;
    let learner = group.learners.contains(&status.node_id);
    out.single(
        "etcd_server_has_leader",
        Gauge,
        "Whether or not a leader exists. 1 is existence, 0 is not.",
        u8::from(group.leader.is_some()),
    );
    out.single(
        "etcd_server_is_leader",
        Gauge,
        "Whether or not this member is a leader. 1 if is, 0 otherwise.",
        u8::from(group.leading && group.leader.is_some()),
    );
    out.single("etcd_server_leader_changes_seen_total", Counter, "The number of leader changes seen.", group.leader_changes);
    out.single(
        "etcd_server_is_learner",
        Gauge,
        "Whether or not this member is a learner. 1 if is, 0 otherwise.",
        u8::from(learner),
    );
    out.single("etcd_server_proposals_pending", Gauge, "The current number of pending proposals.", shard.waiting);
    if let Some(applied) = group.applied {
        out.single("etcd_server_proposals_applied_total", Counter, "The index of the last entry that was applied.", applied);
    }
}

fn keyspace(out: &mut Exposition, status: &NodeStatus, figures: KeyspaceFigures) {
    use Type::Gauge;
    out.single("etcd_debugging_mvcc_keys_total", Gauge, "Keys that exist now.", figures.keys);
    out.single("etcd_debugging_mvcc_current_revision", Gauge, "The current revision of the store.", figures.revision);
    out.single("etcd_debugging_mvcc_compact_revision", Gauge, "The last compaction's revision.", figures.compact_revision);
    out.single("etcd_mvcc_db_total_size_in_use_in_bytes", Gauge, "Bytes of current keys and values.", figures.bytes);
    if let Some(shard) = data_shard(status) {
        let held = shard.tree_bytes + shard.unsettled_bytes;
        out.single(
            "etcd_mvcc_db_total_size_in_bytes",
            Gauge,
            "Bytes of the settled tree on disk and of what is not settled yet.",
            held,
        );
    }
    out.single("etcd_debugging_mvcc_watcher_total", Gauge, "Watches open now.", figures.watches);
    out.single("etcd_debugging_mvcc_watch_stream_total", Gauge, "Streams that carry watches.", figures.watch_streams);
    out.single("manifold_leases", Gauge, "Leases that exist now.", figures.leases);
}

/// Our own words: the journal, the disk, and how far each shard is settled.
fn shards(out: &mut Exposition, status: &NodeStatus) {
    use Type::{Counter, Gauge};
    out.single("manifold_journal_bytes", Gauge, "Bytes of the journal's files.", status.journal_bytes);
    if let Some(space) = status.space {
        out.single("manifold_disk_free_bytes", Gauge, "Bytes that this process may still write to its file system.", space.free);
        out.single("manifold_disk_total_bytes", Gauge, "Bytes of the file system in all.", space.total);
    }
    let mut each = |name: &str, kind, help: &str, value: &dyn Fn(&replica::ShardStatus) -> Option<u64>| {
        out.family(name, kind, help);
        for shard in &status.shards {
            if let Some(value) = value(shard) {
                out.sample(&[("shard", &shard.shard.0.to_string())], value);
            }
        }
    };
    each("manifold_shard_term", Gauge, "Raft term.", &|shard| Some(shard.group.term));
    each("manifold_shard_leading", Gauge, "1 if this node leads the shard.", &|shard| Some(u64::from(shard.group.leading)));
    let is_led = |shard: &replica::ShardStatus| Some(u64::from(shard.group.leader.is_some()));
    each("manifold_shard_has_leader", Gauge, "1 if somebody leads the shard who was heard of lately.", &is_led);
    let follows = |shard: &replica::ShardStatus| Some(u64::from(shard.group.learners.contains(&status.node_id)));
    each("manifold_shard_learner", Gauge, "1 if this node's replica of the shard only follows.", &follows);
    let changes = |shard: &replica::ShardStatus| Some(shard.group.leader_changes);
    each("manifold_shard_leader_changes_total", Counter, "Changes of the shard's leader that were seen.", &changes);
    let voters = |shard: &replica::ShardStatus| Some(shard.group.voters.len() as u64);
    each("manifold_shard_voters", Gauge, "Replicas of the shard that vote.", &voters);
    each("manifold_shard_last_index", Gauge, "Greatest index in the shard's log.", &|shard| shard.group.last);
    each("manifold_shard_applied_index", Counter, "Greatest applied index.", &|shard| shard.group.applied);
    each("manifold_shard_settled_index", Counter, "Greatest settled index.", &|shard| shard.settled);
    each("manifold_shard_settles_total", Counter, "Settles since the start.", &|shard| Some(shard.settles));
    each("manifold_shard_waiting_commands", Gauge, "Commands waiting to be proposed.", &|shard| Some(shard.waiting as u64));
    each("manifold_shard_unsettled_bytes", Gauge, "Bytes not settled yet.", &|shard| Some(shard.unsettled_bytes));
    each("manifold_shard_tree_bytes", Gauge, "Bytes of the settled tree on disk.", &|shard| Some(shard.tree_bytes));
    out.family("manifold_shard_leader", Gauge, "1 for who leads the shard.");
    for shard in &status.shards {
        if let Some(leader) = shard.group.leader {
            out.sample(&[("shard", &shard.shard.0.to_string()), ("leader", &format!("{leader:x}"))], 1);
        }
    }
}

/// The configuration stores.
fn stores(out: &mut Exposition, status: &NodeStatus) {
    use Type::{Counter, Gauge};
    let mut each = |name: &str, kind, help: &str, value: &dyn Fn(&StoreStatus) -> u64| {
        out.family(name, kind, help);
        for store in &status.stores {
            out.sample(&[("store", &store.store.0.to_string())], value(store));
        }
    };
    each("manifold_config_position", Counter, "The last position that can be read here.", &|store| store.position);
    each("manifold_config_namespaces", Gauge, "Namespaces that exist now.", &|store| store.counts.namespaces);
    each("manifold_config_keys", Gauge, "Keys that exist now.", &|store| store.counts.keys);
    each("manifold_config_key_memory_bytes", Gauge, "What keys take in memory, about.", &|store| store.counts.key_bytes);
    each("manifold_config_chunks", Gauge, "Chunks of large values.", &|store| store.counts.chunks.0);
    each("manifold_config_chunk_bytes", Gauge, "Bytes of these chunks.", &|store| store.counts.chunks.1);
    each("manifold_config_imports", Gauge, "Imports under way.", &|store| store.counts.imports.0);
    let staged = |store: &StoreStatus| store.counts.imports.1;
    each("manifold_config_import_memory_bytes", Gauge, "What imports under way take in memory, about.", &staged);
}

/// How the other members are reached. etcd's histogram of round trips is left out: what is known is the last one.
fn peers(out: &mut Exposition, status: &NodeStatus) {
    use Type::Gauge;
    let local = format!("{:x}", status.node_id);
    let peers: Vec<(String, &replica::PeerStatus)> = status.peers.iter().map(|peer| (format!("{:x}", peer.id), peer)).collect();
    out.family("etcd_network_known_peers", Gauge, "The current number of known peers.");
    for (remote, _) in &peers {
        out.sample(&[("Local", &local), ("Remote", remote)], 1);
    }
    out.family("etcd_network_active_peers", Gauge, "The current number of active peer connections.");
    for (remote, peer) in &peers {
        out.sample(&[("Local", &local), ("Remote", remote)], u8::from(peer.reachable));
    }
    out.family("manifold_peer_reachable", Gauge, "1 if anything is open with the member.");
    for (remote, peer) in &peers {
        out.sample(&[("peer", remote)], u8::from(peer.reachable));
    }
    out.family("manifold_peer_round_trip_seconds", Gauge, "How long the member took to answer the last ping.");
    for (remote, peer) in &peers {
        if let Some(micros) = peer.round_trip_us {
            out.sample(&[("peer", remote)], Duration::from_micros(micros).as_secs_f64());
        }
    }
}

/// The shard of the default key space: the first data shard.
fn data_shard(status: &NodeStatus) -> Option<&replica::ShardStatus> {
    status.shards.iter().find(|shard| shard.shard.0 == 1)
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
