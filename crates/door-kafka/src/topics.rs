//! Topics as this node knows them, and where their partitions lie.

use std::{collections::BTreeMap, sync::Arc};

use base::{NodeId, Result, ShardId};
use cluster::{
    Command,
    catalogue::{self, Topic, TopicId},
};
use kafka_wire::ErrorCode;
use parking_lot::Mutex;
use replica::{Node, runtime, streams::StreamShard};
use rustc_hash::FxHashMap;
use stream::PartitionId;

use crate::{
    brokers::{Broker, number},
    configs::{BrokerConfigs, Overrides, TopicSettings},
    errors,
    limits::{CATALOGUE_WAIT, SETTINGS_KEPT_MAX},
};

/// The catalogue of topics, and the shards that hold them. Cheap to clone.
#[derive(Clone)]
pub struct Topics {
    node: Node,
    shards: Arc<BTreeMap<ShardId, StreamShard>>,
    settings: Arc<Mutex<FxHashMap<TopicId, Resolved>>>,
}

/// What a topic's settings came to, when it and the cluster had been told so much.
struct Resolved {
    topic_version: u64,
    cluster_version: u64,
    settings: Arc<TopicSettings>,
}

/// One partition of a topic, and the shard that holds it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) id: PartitionId,
    pub(crate) shard: StreamShard,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    /// Its number; -1: nobody that is known.
    pub(crate) number: i32,
    pub(crate) epoch: i32,
    /// Whether that is this node, and it may serve.
    pub(crate) is_here: bool,
    pub(crate) term: u64,
}

/// What is asked for is not there.
pub(crate) type Refused = ErrorCode;

impl Topics {
    /// Of an open node.
    pub fn new(node: Node) -> Topics {
        let shards = node.status().shards.into_iter().filter_map(|status| node.stream_shard(status.shard));
        let shards = Arc::new(shards.map(|shard| (shard.id(), shard)).collect());
        Topics { node, shards, settings: Arc::default() }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn shards(&self) -> &BTreeMap<ShardId, StreamShard> {
        &self.shards
    }

    /// The topic with this name.
    pub(crate) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topic(name).cloned()).flatten()
    }

    /// The topic with this id.
    pub(crate) fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topic_by_id(id).cloned()).flatten()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.node.look_at_cluster(|machine| machine.catalogue().topics(None).cloned().collect()).unwrap_or_default()
    }

    /// What was said to the cluster as a whole, and the version of it.
    pub(crate) fn told(&self) -> (Overrides, u64) {
        let told = self.node.look_at_cluster(|machine| {
            let (configs, version) = machine.catalogue().broker_configs();
            (configs.clone(), version)
        });
        told.unwrap_or_default()
    }

    /// Rises with each change of topics or settings.
    pub(crate) fn version(&self) -> u64 {
        self.node.look_at_cluster(|machine| machine.catalogue().version()).unwrap_or_default()
    }

    /// What a topic's settings come to: its own, or else the cluster's, or else the defaults.
    pub(crate) fn settings(&self, topic: &Topic) -> Arc<TopicSettings> {
        let version = self.node.look_at_cluster(|machine| machine.catalogue().broker_configs().1).unwrap_or_default();
        let is_current = |known: &&Resolved| known.topic_version == topic.config_version && known.cluster_version == version;
        if let Some(known) = self.settings.lock().get(&topic.id).filter(is_current) {
            return known.settings.clone();
        }
        let (dynamic, cluster_version) = self.told();
        let brokers = BrokerConfigs { fixed: Overrides::new(), dynamic };
        let settings = Arc::new(TopicSettings::resolve(&topic.configs, &brokers));
        let resolved = Resolved { topic_version: topic.config_version, cluster_version, settings: settings.clone() };
        let mut all = self.settings.lock();
        if all.len() >= SETTINGS_KEPT_MAX {
            // Topics come and go: those that are still asked for are resolved again.
            all.clear();
        }
        all.insert(topic.id, resolved);
        settings
    }

    /// A partition of a topic; `UNKNOWN_TOPIC_OR_PARTITION` if it has none of that number.
    pub(crate) fn place(&self, topic: &Topic, partition: i32) -> Result<Place, Refused> {
        let unknown = ErrorCode::UnknownTopicOrPartition;
        let partition = u32::try_from(partition).map_err(|_| unknown)?;
        let shard = topic.shards.get(partition as usize).ok_or(unknown)?;
        let shard = self.shards.get(shard).ok_or(ErrorCode::LeaderNotAvailable)?.clone();
        Ok(Place { id: PartitionId { topic: stream::TopicId(topic.id), partition }, shard })
    }

    /// Members with an open door, by their numbers.
    pub(crate) fn brokers(&self) -> Vec<Broker> {
        let all = self.node.look_at_cluster(|machine| machine.members().filter_map(Broker::of).collect::<Vec<_>>());
        let mut all = all.unwrap_or_default();
        all.sort_unstable_by_key(Broker::number);
        all
    }

    /// Who may be asked to change topics: whoever leads shard 0, or else this node, which passes it on.
    pub(crate) fn controller(&self) -> NodeId {
        self.node.cluster_leader().unwrap_or_else(|| self.node.node_id())
    }

    /// Changes the catalogue, and waits until this node knows of it.
    ///
    /// # Errors
    /// What the cluster's machine refuses with; `Unavailable` without a leader.
    pub(crate) async fn change(&self, command: catalogue::Command) -> Result<()> {
        self.node.change_cluster(&Command::Catalogue(command)).await
    }

    /// Creates a topic with so many partitions, spread over the shards.
    pub(crate) async fn create(&self, name: &str, partitions: u32, configs: catalogue::Configs) -> Result<TopicId> {
        let id = u128::from(runtime::random_u64().max(1)) << 64 | u128::from(runtime::random_u64());
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

    /// How many members hold what is written here.
    pub(crate) fn replicas(&self) -> i16 {
        let voters = self.shards.values().map(|shard| shard.replicas().voters.len()).min().unwrap_or(1);
        i16::try_from(voters).unwrap_or(i16::MAX)
    }

    /// Shards for so many new partitions: those that hold the fewest go first.
    pub(crate) fn spread(&self, partitions: u32) -> Vec<ShardId> {
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

    /// The topic, which is created if it does not exist and that is wanted.
    pub(crate) async fn find_or_create(&self, name: &str, create: Option<u32>) -> Result<Arc<Topic>, Refused> {
        if let Some(topic) = self.topic(name) {
            return Ok(topic);
        }
        let partitions = create.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        match self.create(name, partitions, catalogue::Configs::default()).await {
            Ok(_) => {}
            // Somebody was faster.
            Err(error) if error.kind == base::Kind::Conflict => {}
            Err(error) if error.kind == base::Kind::Invalid => return Err(ErrorCode::InvalidTopicException),
            Err(error) => return Err(errors::of_error(&error)),
        }
        let give_up = runtime::now() + CATALOGUE_WAIT;
        loop {
            match self.topic(name) {
                Some(topic) => return Ok(topic),
                None if runtime::now() >= give_up => return Err(ErrorCode::LeaderNotAvailable),
                None => runtime::sleep(std::time::Duration::from_millis(5)).await,
            }
        }
    }
}

impl Place {
    pub(crate) fn leader(&self) -> Leader {
        let leadership = self.shard.leadership();
        Leader {
            number: leadership.leader.map_or(-1, number),
            epoch: epoch(leadership.term),
            is_here: leadership.is_here,
            term: leadership.term,
        }
    }
}

impl Leader {
    /// Whether this node may serve what was asked of `epoch`, the one that the client knows (-1: any).
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER`, `FENCED_LEADER_EPOCH`, `UNKNOWN_LEADER_EPOCH` (KIP-320).
    pub(crate) fn check(&self, epoch: i32) -> Result<(), Refused> {
        match epoch {
            _ if epoch >= 0 && epoch < self.epoch => Err(ErrorCode::FencedLeaderEpoch),
            _ if epoch > self.epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ if self.is_here => Ok(()),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }
}

/// The epoch of a term, as the streams' machine counts them. A shard's terms are far fewer than epochs can tell apart.
pub(crate) fn epoch(term: u64) -> i32 {
    i32::try_from(term.saturating_sub(1)).unwrap_or(i32::MAX)
}
