//! What topics' settings came to, kept until somebody says otherwise.

use std::sync::Arc;

use cluster::{
    catalogue::{Topic, TopicId},
    settings::{BrokerConfigs, Overrides, TopicSettings},
};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::limits::SETTINGS_KEPT_MAX;

/// Resolved settings of a node, by topic.
#[derive(Default)]
pub(crate) struct ResolvedSettings {
    all: Mutex<FxHashMap<TopicId, Resolved>>,
}

/// What a topic's settings came to, when it and the cluster had been told so much.
struct Resolved {
    topic_version: u64,
    cluster_version: u64,
    settings: Arc<TopicSettings>,
}

impl ResolvedSettings {
    /// Of this topic, where what the cluster was told is of version `version`. `told` gives that and the version it is of, which may
    /// be later by now.
    pub(super) fn of(&self, topic: &Topic, version: u64, told: impl FnOnce() -> (Overrides, u64)) -> Arc<TopicSettings> {
        let is_current = |known: &&Resolved| known.topic_version == topic.config_version && known.cluster_version == version;
        if let Some(known) = self.all.lock().get(&topic.id).filter(is_current) {
            return known.settings.clone();
        }
        let (dynamic, cluster_version) = told();
        // Facts about the cluster bound what may be asked for, and change nothing that is acted by.
        let brokers = BrokerConfigs { fixed: Overrides::new(), dynamic };
        let settings = Arc::new(TopicSettings::resolve(&topic.configs, &brokers));
        let resolved = Resolved { topic_version: topic.config_version, cluster_version, settings: settings.clone() };
        let mut all = self.all.lock();
        if all.len() >= SETTINGS_KEPT_MAX {
            // Topics come and go: those that are still asked for are resolved again.
            all.clear();
        }
        all.insert(topic.id, resolved);
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(retention: &str) -> Overrides {
        Overrides::from([("log.retention.ms".to_owned(), retention.to_owned())])
    }

    #[test]
    fn settings_are_resolved_again_when_topic_or_cluster_were_told_otherwise() {
        let resolved = ResolvedSettings::default();
        let mut topic = Topic {
            id: 1,
            name: "t".into(),
            shards: Arc::default(),
            configs: Overrides::new(),
            config_version: 0,
            created_ms: 0,
            internal: false,
            keyspace: None,
        };
        let first = resolved.of(&topic, 1, || (told("5"), 1));
        assert_eq!(first.retention_ms, Some(5));
        let again = resolved.of(&topic, 1, || panic!("it is known"));
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(resolved.of(&topic, 2, || (told("6"), 2)).retention_ms, Some(6), "the cluster");
        topic.configs.insert("retention.ms".to_owned(), "7".to_owned());
        topic.config_version += 1;
        assert_eq!(resolved.of(&topic, 2, || (told("6"), 2)).retention_ms, Some(7), "the topic");
    }
}
