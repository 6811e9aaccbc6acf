//! What the catalogue refuses. Where Kafka refuses the same, the text is Kafka's own, since its tools show it.

use base::{Error, Kind};

use super::topic::TopicId;
use crate::limits::{CONFIG_BYTES_ALL_MAX, PARTITIONS_MAX, TOPICS_MAX};

/// There is no topic with this id, or no longer.
pub fn topic_not_found() -> Error {
    Error::new(Kind::NotFound, "This server does not host this topic ID.")
}

/// The name is taken.
pub fn topic_exists(name: &str) -> Error {
    Error::new(Kind::Conflict, format!("Topic '{name}' already exists."))
}

/// The name differs from another topic's in `.` and `_` only.
pub fn topic_collides(name: &str, other: &str) -> Error {
    Error::new(Kind::Invalid, format!("Topic '{name}' collides with existing topic: {other}"))
}

/// As many partitions as there are, or fewer.
pub fn no_increase(name: &str, now: usize, wanted: usize) -> Error {
    let text = if now == wanted {
        format!("Topic already has {now} partition(s).")
    } else {
        format!("The topic {name} currently has {now} partition(s); {wanted} would not be an increase.")
    };
    Error::new(Kind::Invalid, text)
}

pub(super) fn id_exists(id: TopicId) -> Error {
    Error::new(Kind::Conflict, format!("topic id {id:032x} is or was another topic's: draw a new one"))
}

pub(super) fn zero_id() -> Error {
    Error::new(Kind::Invalid, "a topic's id is not zero")
}

pub(super) fn no_partition() -> Error {
    Error::new(Kind::Invalid, "Number of partitions must be larger than 0.")
}

pub(super) fn shard_unknown(data_shards: u32) -> Error {
    Error::new(Kind::Invalid, format!("a partition lives in a data shard that exists, 1 to {data_shards}"))
}

pub(super) fn keyspace_unknown() -> Error {
    Error::new(Kind::NotFound, "the key space that the topic is to be bound to does not exist: create it first")
}

pub(super) fn shard_differs() -> Error {
    Error::new(Kind::Invalid, "all partitions of a topic that is bound to a key space live in the key space's shard")
}

pub(super) fn partitions_changed() -> Error {
    Error::new(Kind::Conflict, "the topic's partitions changed meanwhile: read them again and repeat")
}

pub(super) fn count_differs() -> Error {
    Error::new(Kind::Invalid, "there is one shard for each new partition")
}

pub(super) fn too_many_topics() -> Error {
    Error::new(Kind::Precondition, format!("there are {TOPICS_MAX} topics at most: delete one first"))
}

pub(super) fn too_many_partitions(now: usize) -> Error {
    let text = format!("all topics together have {PARTITIONS_MAX} partitions at most, and there are {now}: delete topics first");
    Error::new(Kind::Precondition, text)
}

pub(super) fn too_many_config_bytes() -> Error {
    let text = format!("the settings of all topics have {CONFIG_BYTES_ALL_MAX} bytes at most: delete some first");
    Error::new(Kind::Precondition, text)
}

pub(super) fn too_many_dropped() -> Error {
    Error::new(Kind::Overloaded, "the data of too many deleted topics is still being dropped: try again later")
}
