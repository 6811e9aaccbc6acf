//! The catalogue of topics: which there are, where their partitions live, and how they are set.
//!
//! It stores what it is told. Shards are chosen by who proposes a topic, and what a setting means is the door's business; the
//! catalogue sees to names, bounds, shards that exist, and to alterations that would lose one another. A deleted topic is gone
//! from here at once, and its id stays on a list for each shard that holds data of it, until that shard has
//! [dropped](Command::TopicDropped) it.
//!
//! [`Catalogue::version`] rises with each change, so that doors keep what they made of it (Kafka's Metadata answers) until then.

mod command;
mod configs;
mod errors;
mod name;
mod record;
mod topic;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use base::{KeyspaceId, Result, ShardId};
use table::Table;

pub use command::Command;
pub use configs::ConfigChange;
pub use errors::{no_increase, topic_collides, topic_exists, topic_not_found};
pub use name::check_name;
pub(crate) use record::Record;
pub use topic::{Configs, Topic, TopicId};

use crate::{
    KeyspaceEntry,
    codec::damaged,
    limits::{CONFIG_BYTES_ALL_MAX, DROPPED_MAX, PARTITIONS_MAX, TOPICS_MAX},
};

/// What the catalogue has to know of the rest of the cluster.
pub(crate) struct Surroundings<'m> {
    pub(crate) data_shards: u32,
    pub(crate) keyspaces: &'m BTreeMap<String, KeyspaceEntry>,
}

/// The catalogue.
pub struct Catalogue {
    table: Table,
    by_name: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: BTreeMap<TopicId, Arc<Topic>>,
    /// Names with `.` or `_` in them, by what they are with `_` alone.
    unified: BTreeMap<Box<str>, Arc<str>>,
    dropped: BTreeSet<(ShardId, TopicId)>,
    brokers: Configs,
    brokers_version: u64,
    version: u64,
    /// Of all topics.
    partitions: usize,
    config_bytes: usize,
    /// The table holds the places of a topic that it does not hold.
    is_torn: bool,
}

impl Catalogue {
    pub(crate) fn new(table: Table) -> Catalogue {
        Catalogue {
            table,
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            unified: BTreeMap::new(),
            dropped: BTreeSet::new(),
            brokers: Configs::new(),
            brokers_version: 0,
            version: 0,
            partitions: 0,
            config_bytes: 0,
            is_torn: false,
        }
    }

    /// Whether what was read from the table fits together. `Corrupt` if it does not.
    pub(crate) fn check_whole(&self) -> Result<()> {
        let is_placed = |topic: &Arc<Topic>| !topic.shards.is_empty();
        if self.is_torn || self.by_name.len() != self.by_id.len() || !self.by_id.values().all(is_placed) {
            return Err(damaged());
        }
        Ok(())
    }

    /// Rises with each change of anything here. The same on all replicas that are equally far.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The topic with this name.
    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic with this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// Topics in the order of their names, those behind `after` (a name that need not exist); all of them without.
    pub fn topics(&self, after: Option<&str>) -> impl Iterator<Item = &Arc<Topic>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_name.range::<str, _>((from, Bound::Unbounded)).map(|(_, topic)| topic)
    }

    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is no topic.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// How many partitions all topics have together.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Deleted topics whose data `shard` has yet to drop, in the order of their ids.
    pub fn dropped(&self, shard: ShardId) -> impl Iterator<Item = TopicId> {
        self.dropped.range((shard, TopicId::MIN)..=(shard, TopicId::MAX)).map(|(_, id)| *id)
    }

    /// The settings of all brokers that were made, and their version: what an alteration compares with.
    pub fn broker_configs(&self) -> (&Configs, u64) {
        (&self.brokers, self.brokers_version)
    }

    /// Whether a topic may be called so, as far as names go: what [`Command::CreateTopic`] is refused with otherwise.
    pub fn check_new_name(&self, name: &str) -> Result<()> {
        check_name(name)?;
        if self.by_name.contains_key(name) {
            return Err(topic_exists(name));
        }
        match name::unified(name).and_then(|unified| self.unified.get(&unified)) {
            Some(other) => Err(topic_collides(name, other)),
            None => Ok(()),
        }
    }

    pub(crate) fn apply(&mut self, command: Command, around: &Surroundings<'_>) -> Result<()> {
        let is_changed = match command {
            Command::CreateTopic { id, name, shards, configs, created_ms, internal, keyspace } => {
                let topic = Topic {
                    id,
                    name: name.into(),
                    shards: shards.into(),
                    configs,
                    config_version: 0,
                    created_ms,
                    internal,
                    keyspace,
                };
                self.create_topic(topic, around)?
            }
            Command::CreatePartitions { id, seen, count, shards } => {
                self.create_partitions(id, seen as usize, count as usize, &shards, around)?
            }
            Command::AlterTopicConfig { id, change } => self.alter_topic(id, change)?,
            Command::DeleteTopic { id } => self.delete_topic(id, around)?,
            Command::TopicDropped { shard, id } => self.topic_dropped(shard, id),
            Command::AlterBrokerConfig { change } => self.alter_brokers(change)?,
        };
        if is_changed {
            self.keep(Record::Version(self.version + 1));
        }
        Ok(())
    }

    fn create_topic(&mut self, topic: Topic, around: &Surroundings<'_>) -> Result<bool> {
        let Topic { id, name, shards, configs, .. } = &topic;
        if self.by_id.get(id).is_some_and(|known| known.name == *name) {
            return Ok(false);
        }
        if *id == 0 {
            return Err(errors::zero_id());
        }
        if self.by_id.contains_key(id) || self.is_being_dropped(*id, around) {
            return Err(errors::id_exists(*id));
        }
        self.check_new_name(name)?;
        configs::check(configs)?;
        if shards.is_empty() {
            return Err(errors::no_partition());
        }
        check_shards(shards, topic.keyspace, around)?;
        self.check_room(1, shards.len(), configs::bytes(configs))?;
        self.keep_topic(topic.clone());
        self.keep(Record::Places { id: topic.id, shards: topic.shards });
        Ok(true)
    }

    fn create_partitions(
        &mut self,
        id: TopicId,
        seen: usize,
        count: usize,
        shards: &[ShardId],
        around: &Surroundings<'_>,
    ) -> Result<bool> {
        let topic = self.known(id)?.clone();
        let now = topic.partitions();
        if seen.checked_add(shards.len()) != Some(count) && count > seen {
            return Err(errors::count_differs());
        }
        let is_done = !shards.is_empty() && now == count && topic.shards.get(seen..) == Some(shards);
        if is_done {
            return Ok(false);
        }
        if count <= now {
            return Err(errors::no_increase(&topic.name, now, count));
        }
        if seen != now {
            return Err(errors::partitions_changed());
        }
        check_shards(shards, topic.keyspace, around)?;
        self.check_room(0, shards.len(), 0)?;
        self.keep(Record::Places { id, shards: topic.shards.iter().chain(shards).copied().collect() });
        Ok(true)
    }

    fn alter_topic(&mut self, id: TopicId, change: ConfigChange) -> Result<bool> {
        let topic = self.known(id)?.clone();
        let Some(configs) = change.apply(&topic.configs, topic.config_version)? else { return Ok(false) };
        self.check_room(0, 0, configs::bytes(&configs).saturating_sub(configs::bytes(&topic.configs)))?;
        self.keep_topic(Topic { configs, config_version: topic.config_version + 1, ..(*topic).clone() });
        Ok(true)
    }

    fn alter_brokers(&mut self, change: ConfigChange) -> Result<bool> {
        let Some(configs) = change.apply(&self.brokers, self.brokers_version)? else { return Ok(false) };
        self.keep(Record::Brokers { version: self.brokers_version + 1, configs });
        Ok(true)
    }

    fn delete_topic(&mut self, id: TopicId, around: &Surroundings<'_>) -> Result<bool> {
        let Some(topic) = self.by_id.remove(&id) else {
            return if self.is_being_dropped(id, around) { Ok(false) } else { Err(topic_not_found()) };
        };
        self.by_name.remove(&topic.name);
        if let Some(unified) = name::unified(&topic.name) {
            self.unified.remove(&unified);
        }
        self.partitions -= topic.partitions();
        self.config_bytes -= configs::bytes(&topic.configs);
        self.table.delete(record::topic_key(id));
        self.table.delete(record::places_key(id));
        let shards: BTreeSet<ShardId> = topic.shards.iter().copied().collect();
        shards.into_iter().for_each(|shard| self.keep(Record::Dropped { shard, id }));
        Ok(true)
    }

    fn topic_dropped(&mut self, shard: ShardId, id: TopicId) -> bool {
        let is_changed = self.dropped.remove(&(shard, id));
        if is_changed {
            self.table.delete(record::dropped_key(shard, id));
        }
        is_changed
    }

    fn is_being_dropped(&self, id: TopicId, around: &Surroundings<'_>) -> bool {
        (1..=around.data_shards).any(|shard| self.dropped.contains(&(ShardId(shard), id)))
    }

    fn known(&self, id: TopicId) -> Result<&Arc<Topic>> {
        self.by_id.get(&id).ok_or_else(topic_not_found)
    }

    /// Whether there is room for so much more.
    fn check_room(&self, topics: usize, partitions: usize, config_bytes: usize) -> Result<()> {
        if self.by_id.len() + topics > TOPICS_MAX {
            return Err(errors::too_many_topics());
        }
        if partitions > 0 && self.partitions + partitions > PARTITIONS_MAX {
            return Err(errors::too_many_partitions(self.partitions));
        }
        if config_bytes > 0 && self.config_bytes + config_bytes > CONFIG_BYTES_ALL_MAX {
            return Err(errors::too_many_config_bytes());
        }
        if topics > 0 && self.dropped.len() >= DROPPED_MAX { Err(errors::too_many_dropped()) } else { Ok(()) }
    }

    /// Writes what a topic is, but for the places of its partitions.
    fn keep_topic(&mut self, topic: Topic) {
        let Topic { id, name, shards: _, configs, config_version, created_ms, internal, keyspace } = topic;
        self.keep(Record::Topic { id, name, created_ms, internal, keyspace, config_version, configs });
    }

    /// Writes a record and learns it.
    fn keep(&mut self, record: Record) {
        let whole = crate::record::Record::Catalogue(record.clone());
        self.table.put(whole.key(), whole.encode());
        self.learn(record);
    }

    pub(crate) fn learn(&mut self, record: Record) {
        match record {
            Record::Topic { id, name, created_ms, internal, keyspace, config_version, configs } => {
                let before = self.by_id.get(&id);
                self.config_bytes += configs::bytes(&configs);
                self.config_bytes -= before.map_or(0, |before| configs::bytes(&before.configs));
                let shards = before.map_or_else(|| Arc::from([]), |before| before.shards.clone());
                if let Some(unified) = name::unified(&name) {
                    self.unified.insert(unified, name.clone());
                }
                self.place(Topic { id, name, shards, configs, config_version, created_ms, internal, keyspace });
            }
            Record::Places { id, shards } => match self.by_id.get(&id) {
                Some(before) => {
                    self.partitions += shards.len();
                    self.partitions -= before.partitions();
                    let topic = Topic { shards, ..(**before).clone() };
                    self.place(topic);
                }
                None => self.is_torn = true,
            },
            Record::Brokers { version, configs } => (self.brokers_version, self.brokers) = (version, configs),
            Record::Dropped { shard, id } => {
                self.dropped.insert((shard, id));
            }
            Record::Version(version) => self.version = version,
        }
    }

    fn place(&mut self, topic: Topic) {
        let topic = Arc::new(topic);
        self.by_name.insert(topic.name.clone(), topic.clone());
        self.by_id.insert(topic.id, topic);
    }
}

/// Whether partitions may live in these shards.
fn check_shards(shards: &[ShardId], keyspace: Option<KeyspaceId>, around: &Surroundings<'_>) -> Result<()> {
    if shards.iter().any(|shard| shard.0 == 0 || shard.0 > around.data_shards) {
        return Err(errors::shard_unknown(around.data_shards));
    }
    let Some(id) = keyspace else { return Ok(()) };
    let entry = around.keyspaces.values().find(|entry| entry.id == id).ok_or_else(errors::keyspace_unknown)?;
    if shards.iter().any(|shard| *shard != entry.shard) { Err(errors::shard_differs()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
