//! What the catalogue keeps in the table, one record for one key. A topic has two, so that changing its settings does not write
//! the places of ten thousand partitions anew.

use std::sync::Arc;

use base::{KeyspaceId, Result, ShardId};
use bytes::{BufMut, Bytes};

use super::{
    command::{put_binding, read_binding},
    topic::{Configs, TopicId},
};
use crate::{
    codec::{Reader, damaged, put_pairs, put_shards, put_text},
    record::key,
};

const TOPIC: u8 = b't';
/// Behind the topics in the order of keys: whoever reads all records knows a topic before the places of its partitions.
const PLACES: u8 = b'w';
const BROKERS: u8 = b'b';
const DROPPED: u8 = b'd';
const VERSION: u8 = b'v';

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Topic {
        id: TopicId,
        name: Arc<str>,
        created_ms: u64,
        internal: bool,
        keyspace: Option<KeyspaceId>,
        config_version: u64,
        configs: Configs,
    },
    /// The shards of a topic's partitions.
    Places { id: TopicId, shards: Arc<[ShardId]> },
    /// The settings of all brokers.
    Brokers { version: u64, configs: Configs },
    /// A shard has yet to drop a deleted topic's data.
    Dropped { shard: ShardId, id: TopicId },
    /// The catalogue's version.
    Version(u64),
}

pub(super) fn topic_key(id: TopicId) -> Bytes {
    key(TOPIC, &id.to_be_bytes())
}

pub(super) fn places_key(id: TopicId) -> Bytes {
    key(PLACES, &id.to_be_bytes())
}

pub(super) fn dropped_key(shard: ShardId, id: TopicId) -> Bytes {
    key(DROPPED, &[&shard.0.to_be_bytes()[..], &id.to_be_bytes()].concat())
}

impl Record {
    /// Whether records of this kind are the catalogue's.
    pub(crate) fn has(kind: u8) -> bool {
        matches!(kind, TOPIC | PLACES | BROKERS | DROPPED | VERSION)
    }

    pub(crate) fn key(&self) -> Bytes {
        match self {
            Record::Topic { id, .. } => topic_key(*id),
            Record::Places { id, .. } => places_key(*id),
            Record::Brokers { .. } => key(BROKERS, &[]),
            Record::Dropped { shard, id } => dropped_key(*shard, *id),
            Record::Version(_) => key(VERSION, &[]),
        }
    }

    /// Its kind and what follows.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Record::Topic { id, name, created_ms, internal, keyspace, config_version, configs } => {
                out.put_u8(TOPIC);
                out.put_u128_le(*id);
                put_text(out, name);
                out.put_u64_le(*created_ms);
                out.put_u8(u8::from(*internal));
                put_binding(out, *keyspace);
                out.put_u64_le(*config_version);
                put_pairs(out, configs);
            }
            Record::Places { id, shards } => {
                out.put_u8(PLACES);
                out.put_u128_le(*id);
                put_shards(out, shards);
            }
            Record::Brokers { version, configs } => {
                out.put_u8(BROKERS);
                out.put_u64_le(*version);
                put_pairs(out, configs);
            }
            Record::Dropped { shard, id } => {
                out.put_u8(DROPPED);
                out.put_u32_le(shard.0);
                out.put_u128_le(*id);
            }
            Record::Version(version) => {
                out.put_u8(VERSION);
                out.put_u64_le(*version);
            }
        }
    }

    /// Reads what follows the kind.
    pub(crate) fn read(kind: u8, read: &mut Reader) -> Result<Record> {
        Ok(match kind {
            TOPIC => Record::Topic {
                id: read.u128()?,
                name: read.text()?.into(),
                created_ms: read.u64()?,
                internal: read.flag()?,
                keyspace: read_binding(read)?,
                config_version: read.u64()?,
                configs: read.pairs()?,
            },
            PLACES => Record::Places { id: read.u128()?, shards: read.shards()?.into() },
            BROKERS => Record::Brokers { version: read.u64()?, configs: read.pairs()? },
            DROPPED => Record::Dropped { shard: ShardId(read.u32()?), id: read.u128()? },
            VERSION => Record::Version(read.u64()?),
            _ => return Err(damaged()),
        })
    }
}
