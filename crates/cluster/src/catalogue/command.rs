//! What changes the catalogue.

use base::{KeyspaceId, Result, ShardId};
use bytes::BufMut;

use super::{
    configs::ConfigChange,
    topic::{Configs, TopicId},
};
use crate::codec::{Reader, damaged, put_count, put_pairs, put_shards, put_text};

/// A command to the catalogue. Repeating one that was done is done again without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Creates a topic; without effect if the one with this id has this name already.
    ///
    /// `Conflict` if the name is taken or the id is another topic's; `Invalid` for a name that is none or differs from another
    /// topic's in `.` and `_` only, and for shards that do not exist; `Precondition` at a bound; `Overloaded` while too much data
    /// of deleted topics is yet to be dropped.
    CreateTopic {
        /// Drawn by who proposes, not zero.
        id: TopicId,
        /// Its name.
        name: String,
        /// The shard of each partition, from 1; at least one partition.
        shards: Vec<ShardId>,
        /// The settings that differ from the defaults.
        configs: Configs,
        /// When, ms since 1970.
        created_ms: u64,
        /// Whether the server made it for itself.
        internal: bool,
        /// The key space in whose shard all its partitions lie.
        keyspace: Option<KeyspaceId>,
    },
    /// Adds partitions to a topic; without effect if it has so many, in these shards, already.
    ///
    /// `NotFound` without the topic; `Invalid` if the topic has as many partitions or more, with Kafka's text.
    CreatePartitions {
        /// Which topic.
        id: TopicId,
        /// How many there were, as the proposer saw it. `Conflict` if it is otherwise: the shards were chosen for other
        /// partitions.
        seen: u32,
        /// How many there shall be: `seen` and one for each shard.
        count: u32,
        /// The shards of the new ones.
        shards: Vec<ShardId>,
    },
    /// Changes a topic's settings. `NotFound` without the topic; `Conflict` if its settings changed since they were looked at.
    AlterTopicConfig {
        /// Which topic.
        id: TopicId,
        /// What becomes of them.
        change: ConfigChange,
    },
    /// Deletes a topic, which is gone at once; its data is dropped by each shard in its own time. `NotFound` without the topic,
    /// unless its data is being dropped.
    DeleteTopic {
        /// Which topic.
        id: TopicId,
    },
    /// A shard has dropped the data of a deleted topic; without effect if that is known.
    TopicDropped {
        /// Which shard.
        shard: ShardId,
        /// Which topic.
        id: TopicId,
    },
    /// Changes the settings of all brokers, which are the topics' defaults. `Conflict` if they changed since they were looked at.
    AlterBrokerConfig {
        /// What becomes of them.
        change: ConfigChange,
    },
}

const CREATE_TOPIC: u8 = 1;
const CREATE_PARTITIONS: u8 = 2;
const ALTER_TOPIC_CONFIG: u8 = 3;
const DELETE_TOPIC: u8 = 4;
const TOPIC_DROPPED: u8 = 5;
const ALTER_BROKER_CONFIG: u8 = 6;

impl Command {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Command::CreateTopic { id, name, shards, configs, created_ms, internal, keyspace } => {
                out.put_u8(CREATE_TOPIC);
                out.put_u128_le(*id);
                put_text(out, name);
                put_shards(out, shards);
                put_pairs(out, configs);
                out.put_u64_le(*created_ms);
                out.put_u8(u8::from(*internal));
                put_binding(out, *keyspace);
            }
            Command::CreatePartitions { id, seen, count, shards } => {
                out.put_u8(CREATE_PARTITIONS);
                out.put_u128_le(*id);
                out.put_u32_le(*seen);
                out.put_u32_le(*count);
                put_shards(out, shards);
            }
            Command::AlterTopicConfig { id, change } => {
                out.put_u8(ALTER_TOPIC_CONFIG);
                out.put_u128_le(*id);
                put_change(out, change);
            }
            Command::DeleteTopic { id } => {
                out.put_u8(DELETE_TOPIC);
                out.put_u128_le(*id);
            }
            Command::TopicDropped { shard, id } => {
                out.put_u8(TOPIC_DROPPED);
                out.put_u32_le(shard.0);
                out.put_u128_le(*id);
            }
            Command::AlterBrokerConfig { change } => {
                out.put_u8(ALTER_BROKER_CONFIG);
                put_change(out, change);
            }
        }
    }

    pub(crate) fn read(read: &mut Reader) -> Result<Command> {
        Ok(match read.u8()? {
            CREATE_TOPIC => Command::CreateTopic {
                id: read.u128()?,
                name: read.text()?,
                shards: read.shards()?,
                configs: read.pairs()?,
                created_ms: read.u64()?,
                internal: read.flag()?,
                keyspace: read_binding(read)?,
            },
            CREATE_PARTITIONS => {
                Command::CreatePartitions { id: read.u128()?, seen: read.u32()?, count: read.u32()?, shards: read.shards()? }
            }
            ALTER_TOPIC_CONFIG => Command::AlterTopicConfig { id: read.u128()?, change: read_change(read)? },
            DELETE_TOPIC => Command::DeleteTopic { id: read.u128()? },
            TOPIC_DROPPED => Command::TopicDropped { shard: ShardId(read.u32()?), id: read.u128()? },
            ALTER_BROKER_CONFIG => Command::AlterBrokerConfig { change: read_change(read)? },
            _ => return Err(damaged()),
        })
    }
}

/// A key space's id; 0, which no key space has: none.
pub(super) fn put_binding(out: &mut Vec<u8>, keyspace: Option<KeyspaceId>) {
    out.put_u32_le(keyspace.map_or(0, |id| id.0));
}

pub(super) fn read_binding(read: &mut Reader) -> Result<Option<KeyspaceId>> {
    let id = read.u32()?;
    Ok((id != 0).then_some(KeyspaceId(id)))
}

fn put_change(out: &mut Vec<u8>, change: &ConfigChange) {
    out.put_u64_le(change.seen);
    put_count(out, change.delete.len());
    change.delete.iter().for_each(|name| put_text(out, name));
    put_count(out, change.set.len());
    for (name, value) in &change.set {
        put_text(out, name);
        put_text(out, value);
    }
}

fn read_change(read: &mut Reader) -> Result<ConfigChange> {
    let (seen, delete) = (read.u64()?, read.texts()?);
    let count = read.count(8)?;
    let set = (0..count).map(|_| Ok((read.text()?, read.text()?))).collect::<Result<_>>()?;
    Ok(ConfigChange { seen, delete, set })
}
