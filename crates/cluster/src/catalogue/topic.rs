//! One topic.

use std::{collections::BTreeMap, sync::Arc};

use base::{KeyspaceId, ShardId};

/// A topic's id, Kafka's UUID (KIP-516) as a number, the first byte the highest. Drawn by who proposes the topic, never zero, and
/// never used again.
pub type TopicId = u128;

/// Settings by name, as they were given; one that is not here has its default ([settings](crate::settings)).
pub type Configs = BTreeMap<String, String>;

/// A topic. Cheap to clone but for its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its name, unique: 1 to 249 of `[a-zA-Z0-9._-]`.
    pub name: Arc<str>,
    /// The shard of each partition, by the partition's number. At least one.
    pub shards: Arc<[ShardId]>,
    /// The settings that were made, and no others.
    pub configs: Configs,
    /// Rises with each change of the settings, from 0: what an alteration compares with.
    pub config_version: u64,
    /// When it was created, ms since 1970.
    pub created_ms: u64,
    /// Made by the server for itself, which clients are told.
    pub internal: bool,
    /// The key space in whose shard it lives; `None`: its partitions are spread.
    pub keyspace: Option<KeyspaceId>,
}

impl Topic {
    /// How many partitions it has; they are numbered from 0.
    pub fn partitions(&self) -> usize {
        self.shards.len()
    }
}
