//! Topics as this node knows them, and where their partitions lie: what every door needs that lets records in or out.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base::{Error, Kind, Result, ShardId};
use cluster::{
    Command,
    catalogue::{self, Topic, TopicId},
    settings::{BrokerConfigs, Overrides, TopicSettings},
};
use stream::PartitionId;

use super::StreamShard;
use crate::{
    Node,
    limits::{CATALOGUE_LOOK_MS, CATALOGUE_WAIT_MS},
    runtime,
};

/// The catalogue of topics, and the shards that hold them. Cheap to clone.
#[derive(Clone)]
pub struct Topics {
    node: Node,
    shards: Arc<BTreeMap<ShardId, StreamShard>>,
}

/// One partition of a topic, and the shard that holds it.
#[derive(Clone)]
pub struct Place {
    /// Which partition.
    pub id: PartitionId,
    /// The shard.
    pub shard: StreamShard,
}

/// Whether a new topic may be called so: names that histories of the configuration store have are theirs, whether there is such a
/// namespace or not. The catalogue does not ask for that, since topics of earlier builds may be called so and stay.
///
/// # Errors
/// `Invalid`.
pub fn check_reserved(name: &str) -> Result<()> {
    if !config::topics::is_reserved(name) {
        return Ok(());
    }
    let text = "names that begin with audit. or config. are those of the configuration store's histories, which are read only: choose \
                another name";
    Err(Error::new(Kind::Invalid, text))
}

impl Topics {
    /// Of an open node.
    pub fn new(node: Node) -> Topics {
        let shards = node.status().shards.into_iter().filter_map(|status| node.stream_shard(status.shard));
        let shards = Arc::new(shards.map(|shard| (shard.id(), shard)).collect());
        Topics { node, shards }
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The shards that hold partitions.
    pub fn shards(&self) -> &BTreeMap<ShardId, StreamShard> {
        &self.shards
    }

    /// The topic with this name.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topic(name).cloned()).flatten()
    }

    /// The topic with this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topic_by_id(id).cloned()).flatten()
    }

    /// All topics, by name.
    pub fn all(&self) -> Vec<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topics(None).cloned().collect()).unwrap_or_default()
    }

    /// What was said to the cluster as a whole, and the version of it.
    pub fn told(&self) -> (Overrides, u64) {
        let told = self.node.look_at_cluster(|machine| {
            let (configs, version) = machine.catalogue().broker_configs();
            (configs.clone(), version)
        });
        told.unwrap_or_default()
    }

    /// The cluster's side of topics' settings: what it was told, and what is so about it and bounds what a topic may ask for.
    pub fn brokers_told(&self) -> BrokerConfigs {
        let quorum = self.replicas() / 2 + 1;
        let fixed = Overrides::from([("min.insync.replicas".to_owned(), quorum.to_string())]);
        BrokerConfigs { fixed, dynamic: self.told().0 }
    }

    /// How many members hold what is written here.
    pub fn replicas(&self) -> usize {
        self.shards.values().map(|shard| shard.replicas().voters.len()).min().unwrap_or(1)
    }

    /// Rises with each change of topics or settings.
    pub fn version(&self) -> u64 {
        self.node.look_at_cluster(|machine| machine.catalogue().version()).unwrap_or_default()
    }

    /// What a topic's settings come to: its own, or else the cluster's, or else the defaults.
    pub fn settings(&self, topic: &Topic) -> Arc<TopicSettings> {
        let version = self.node.look_at_cluster(|machine| machine.catalogue().broker_configs().1).unwrap_or_default();
        self.node.topic_settings().of(topic, version, || self.told())
    }

    /// A partition of a topic.
    ///
    /// # Errors
    /// `NotFound` if the topic has none of that number, `Unavailable` if this node does not hold its shard.
    pub fn place(&self, topic: &Topic, partition: u32) -> Result<Place> {
        let Some(shard) = topic.shards.get(partition as usize) else {
            let (name, count) = (&topic.name, topic.partitions());
            return Err(Error::new(Kind::NotFound, format!("topic {name} has partitions 0 to {}", count.saturating_sub(1))));
        };
        let absent = || Error::new(Kind::Unavailable, format!("shard {shard} is not on this node yet: try again"));
        let shard = self.shards.get(shard).ok_or_else(absent)?.clone();
        Ok(Place { id: PartitionId { topic: stream::TopicId(topic.id), partition }, shard })
    }

    /// Changes the catalogue, and waits until this node knows of it.
    ///
    /// # Errors
    /// What the cluster's machine refuses with; `Unavailable` without a leader.
    pub async fn change(&self, command: catalogue::Command) -> Result<()> {
        self.node.change_cluster(&Command::Catalogue(command)).await
    }

    /// Creates a topic with so many partitions, spread over the shards.
    ///
    /// # Errors
    /// As [`catalogue::Command::CreateTopic`]; `Invalid` for a [reserved](check_reserved) name; `Unavailable` without a leader.
    pub async fn create(&self, name: &str, partitions: u32, configs: catalogue::Configs) -> Result<TopicId> {
        check_reserved(name)?;
        let mut id = u128::from(runtime::random_u64().max(1)) << 64 | u128::from(runtime::random_u64());
        // Drawn by chance among 2^64 of their kind, the ids of histories are no other topic's.
        if config::Topic::of_id(id).is_some() {
            id = !id;
        }
        let command = catalogue::Command::CreateTopic {
            id,
            name: name.to_owned(),
            shards: self.spread(partitions),
            configs,
            created_ms: runtime::wall_ms(),
            internal: false,
            keyspace: None,
        };
        self.change(command).await?;
        Ok(id)
    }

    /// Shards for so many new partitions: those that hold the fewest go first.
    pub fn spread(&self, partitions: u32) -> Vec<ShardId> {
        let counted = self.node.look_at_cluster(|machine| {
            let mut counts: BTreeMap<ShardId, usize> = self.shards.keys().map(|shard| (*shard, 0)).collect();
            for shard in machine.catalogue().topics(None).flat_map(|topic| topic.shards.iter()) {
                *counts.entry(*shard).or_default() += 1;
            }
            counts
        });
        let mut counts = counted.unwrap_or_default();
        let mut spread = Vec::with_capacity(partitions as usize);
        for _ in 0..partitions {
            let Some((shard, count)) = counts.iter_mut().min_by_key(|(shard, count)| (**count, **shard)) else { break };
            *count += 1;
            spread.push(*shard);
        }
        spread
    }

    /// The topic, which is created with so many partitions if it does not exist and that is wanted.
    ///
    /// # Errors
    /// `NotFound` if it does not exist and is not to be created, `Invalid` for a name that no topic can have, `Unavailable` if it
    /// did not become known here in time; otherwise as [`Topics::create`].
    pub async fn find_or_create(&self, name: &str, create: Option<u32>) -> Result<Arc<Topic>> {
        if let Some(topic) = self.topic(name) {
            return Ok(topic);
        }
        let Some(partitions) = create else { return Err(Error::new(Kind::NotFound, "there is no such topic")) };
        let created = self.create(name, partitions, catalogue::Configs::default()).await;
        // In a conflict somebody was faster.
        if let Err(error) = created.as_ref()
            && error.kind != Kind::Conflict
        {
            return Err(error.clone());
        }
        let give_up = runtime::now() + Duration::from_millis(CATALOGUE_WAIT_MS);
        loop {
            match self.topic(name) {
                Some(topic) => return Ok(topic),
                None if runtime::now() >= give_up => {
                    return Err(Error::new(Kind::Unavailable, "the new topic is not known on this node yet: try again"));
                }
                None => runtime::sleep(Duration::from_millis(CATALOGUE_LOOK_MS)).await,
            }
        }
    }
}
