//! What is so about this node, under the names of Kafka's broker configs.

use crate::{
    brokers::number,
    configs::{BrokerConfigs, Overrides},
    door::Shared,
    limits::FETCH_SESSIONS_MAX,
};

/// The broker's side of every config: facts about this node, and what the cluster was told.
pub(crate) fn brokers(door: &Shared) -> BrokerConfigs {
    BrokerConfigs { fixed: fixed(door), dynamic: door.topics.told().0 }
}

fn fixed(door: &Shared) -> Overrides {
    let (topics, options) = (&door.topics, &door.options);
    let replicas = topics.replicas();
    let quorum = replicas / 2 + 1;
    let id = number(topics.node().node_id()).to_string();
    let listener = format!("PLAINTEXT://{}:{}", options.host, options.port);
    let facts = [
        ("advertised.listeners", listener.clone()),
        ("auto.create.topics.enable", options.auto_create.to_string()),
        ("broker.id", id.clone()),
        ("cluster.id", format!("{:016x}", topics.node().cluster_id())),
        ("default.replication.factor", replicas.to_string()),
        ("group.initial.rebalance.delay.ms", options.rebalance_delay_ms.to_string()),
        ("listeners", listener),
        ("log.dir", options.data_dir.clone()),
        ("log.dirs", options.data_dir.clone()),
        ("max.incremental.fetch.session.cache.slots", FETCH_SESSIONS_MAX.to_string()),
        ("min.insync.replicas", quorum.to_string()),
        ("node.id", id),
        ("num.partitions", options.partitions.to_string()),
        ("offsets.topic.replication.factor", replicas.to_string()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
