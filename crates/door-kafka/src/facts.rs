//! What is so about this node, under the names of Kafka's broker configs.

use cluster::settings::{BrokerConfigs, Overrides};

use crate::{brokers::number, door::Shared, limits::FETCH_SESSIONS_MAX};

/// The broker's side of every config: facts about this node, and what the cluster was told.
pub(crate) fn brokers(door: &Shared) -> BrokerConfigs {
    let mut brokers = door.topics.brokers_told();
    brokers.fixed.extend(fixed(door));
    brokers
}

fn fixed(door: &Shared) -> Overrides {
    let (topics, options) = (&door.topics, &door.options);
    let replicas = topics.replicas();
    let id = number(topics.node().node_id()).to_string();
    let listener = format!("PLAINTEXT://{}:{}", options.host, options.port);
    let rack = topics.brokers().into_iter().find(|broker| broker.node == topics.node().node_id()).and_then(|broker| broker.rack);
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
        ("node.id", id),
        ("num.partitions", options.partitions.to_string()),
        ("offsets.topic.replication.factor", replicas.to_string()),
    ];
    let rack = rack.map(|rack| ("broker.rack", rack));
    facts.into_iter().chain(rack).map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use cluster::settings::broker_definition;

    use super::*;
    use crate::{groups::Settings, limits::OFFSETS_LOOK};

    #[test]
    fn a_broker_shows_what_its_rooms_do() {
        let default =
            |name: &str| broker_definition(name).and_then(|definition| definition.default).unwrap_or_default().to_owned();
        let groups = Settings::default();
        assert_eq!(default("group.initial.rebalance.delay.ms"), groups.initial_rebalance_delay_ms.to_string());
        assert_eq!(default("group.min.session.timeout.ms"), groups.session_timeout_ms_min.to_string());
        assert_eq!(default("group.max.session.timeout.ms"), groups.session_timeout_ms_max.to_string());
        assert_eq!(default("group.max.size"), groups.group_members_max.to_string());
        assert_eq!(default("offsets.retention.check.interval.ms"), OFFSETS_LOOK.as_millis().to_string());
        let sessions = FETCH_SESSIONS_MAX.to_string();
        assert_eq!(default("max.incremental.fetch.session.cache.slots"), sessions);
    }
}
