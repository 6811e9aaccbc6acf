//! Every config that Kafka 4.3 has for a topic, in the order of their names.

use super::{Definition, Synonym, Valid, ValueType::*};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

macro_rules! broker {
    ($($name:literal $(* $factor:expr)?),+) => { &[$(Synonym { name: $name, factor: 1 $(* $factor)? }),+] };
}

pub(super) const COMPRESSIONS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
pub(super) const CLEANUP_POLICIES: &[&str] = &["compact", "delete"];
pub(super) const TIMESTAMP_TYPES: &[&str] = &["CreateTime", "LogAppendTime"];

const fn new(name: &'static str, kind: super::ValueType, default: &'static str, documentation: &'static str) -> Definition {
    Definition::new(name, kind, default, documentation)
}

pub(super) const TOPIC: &[Definition] = &[
    new(
        "cleanup.policy",
        List,
        "delete",
        "What happens to old records: delete drops them by age and size, nothing keeps them for ever.",
    )
    .valid(Valid::OneOf(CLEANUP_POLICIES))
    .unsupported(&["compact"])
    .acts()
    .synonyms(broker!("log.cleanup.policy")),
    new("compression.gzip.level", Int, "-1", "The level of gzip if the server compressed; it keeps what producers compressed.")
        .valid(Valid::BetweenOr(1, 9, -1))
        .synonyms(broker!("compression.gzip.level")),
    new("compression.lz4.level", Int, "9", "The level of lz4 if the server compressed; it keeps what producers compressed.")
        .valid(Valid::Between(1, 17))
        .synonyms(broker!("compression.lz4.level")),
    new("compression.type", String, "producer", "Batches are kept as their producers compressed them.")
        .valid(Valid::OneOf(COMPRESSIONS))
        .synonyms(broker!("compression.type")),
    new("compression.zstd.level", Int, "3", "The level of zstd if the server compressed; it keeps what producers compressed.")
        .valid(Valid::Between(-131_072, 22))
        .synonyms(broker!("compression.zstd.level")),
    new("delete.retention.ms", Long, "86400000", "How long a compacted topic keeps tombstones; topics are not compacted here.")
        .at_least(0)
        .synonyms(broker!("log.cleaner.delete.retention.ms")),
    new(
        "file.delete.delay.ms",
        Long,
        "60000",
        "How long a file stays after its records are gone; files are shared by topics here.",
    )
    .at_least(0)
    .synonyms(broker!("log.segment.delete.delay.ms")),
    new("flush.messages", Long, "1", "Every record is on the disks of a quorum before it is acknowledged.")
        .at_least(1)
        .synonyms(broker!("log.flush.interval.messages")),
    new("flush.ms", Long, "0", "Every record is on the disks of a quorum before it is acknowledged.")
        .at_least(0)
        .synonyms(broker!("log.flush.interval.ms", "log.flush.scheduler.interval.ms")),
    new(
        "follower.replication.throttled.replicas",
        List,
        "",
        "Followers whose replication is slowed down; replication is not throttled here.",
    )
    .valid(Valid::ThrottledReplicas),
    new("index.interval.bytes", Int, "4096", "How densely a log is indexed; the index is the server's own here.")
        .at_least(0)
        .synonyms(broker!("log.index.interval.bytes")),
    new(
        "leader.replication.throttled.replicas",
        List,
        "",
        "Leaders whose replication is slowed down; replication is not throttled here.",
    )
    .valid(Valid::ThrottledReplicas),
    new("local.retention.bytes", Long, "-2", "How much of a tiered topic stays on local disks; there is one tier here.")
        .at_least(-2)
        .synonyms(broker!("log.local.retention.bytes")),
    new("local.retention.ms", Long, "-2", "How long a tiered topic's records stay on local disks; there is one tier here.")
        .at_least(-2)
        .synonyms(broker!("log.local.retention.ms")),
    new(
        "max.compaction.lag.ms",
        Long,
        "9223372036854775807",
        "How long a record may stay uncompacted; topics are not compacted here.",
    )
    .at_least(1)
    .synonyms(broker!("log.cleaner.max.compaction.lag.ms")),
    new("max.message.bytes", Int, "1048588", "The largest batch that the topic takes, compressed as it comes.")
        .at_least(0)
        .acts()
        .synonyms(broker!("message.max.bytes")),
    new("message.timestamp.after.max.ms", Long, "3600000", "How far ahead of the server's clock a record's timestamp may be.")
        .at_least(0)
        .acts()
        .synonyms(broker!("log.message.timestamp.after.max.ms")),
    new(
        "message.timestamp.before.max.ms",
        Long,
        "9223372036854775807",
        "How far behind the server's clock a record's timestamp may be.",
    )
    .at_least(0)
    .acts()
    .synonyms(broker!("log.message.timestamp.before.max.ms")),
    new(
        "message.timestamp.type",
        String,
        "CreateTime",
        "Whose clock gives a record its timestamp: the producer's or the server's.",
    )
    .valid(Valid::OneOf(TIMESTAMP_TYPES))
    .acts()
    .synonyms(broker!("log.message.timestamp.type")),
    new(
        "min.cleanable.dirty.ratio",
        Double,
        "0.5",
        "How much of a log is to be uncompacted before it is compacted; topics are not compacted here.",
    )
    .valid(Valid::Ratio)
    .synonyms(broker!("log.cleaner.min.cleanable.ratio")),
    new("min.compaction.lag.ms", Long, "0", "How long a record stays uncompacted at least; topics are not compacted here.")
        .at_least(0)
        .synonyms(broker!("log.cleaner.min.compaction.lag.ms")),
    new(
        "min.insync.replicas",
        Int,
        "1",
        "How many replicas have a record on disk before it is acknowledged: a quorum, whatever a producer asks for.",
    )
    .at_least(1)
    .promise()
    .synonyms(broker!("min.insync.replicas")),
    new("preallocate", Boolean, "false", "Whether a topic's files are allocated ahead; topics have no files of their own here.")
        .synonyms(broker!("log.preallocate")),
    new("remote.log.copy.disable", Boolean, "false", "Whether a tiered topic stops copying; there is one tier here."),
    new(
        "remote.log.delete.on.disable",
        Boolean,
        "false",
        "Whether a topic's remote records go when tiering ends; there is one tier here.",
    ),
    new("remote.storage.enable", Boolean, "false", "Whether old records move to a remote tier; there is one tier here."),
    new("retention.bytes", Long, "-1", "How many bytes of a partition are kept; a negative number keeps all.")
        .acts()
        .synonyms(broker!("log.retention.bytes")),
    new("retention.ms", Long, "604800000", "How long records are kept; -1 keeps them for ever.")
        .at_least(-1)
        .acts()
        .synonyms(broker!("log.retention.ms", "log.retention.minutes" * MINUTE_MS, "log.retention.hours" * HOUR_MS)),
    new("segment.bytes", Int, "1073741824", "How large a topic's files become; topics have no files of their own here.")
        .at_least(1 << 20)
        .synonyms(broker!("log.segment.bytes")),
    new("segment.index.bytes", Int, "10485760", "How large an index becomes; the index is the server's own here.")
        .at_least(4)
        .synonyms(broker!("log.index.size.max.bytes")),
    new("segment.jitter.ms", Long, "0", "How unevenly a topic's files are closed; topics have no files of their own here.")
        .at_least(0)
        .synonyms(broker!("log.roll.jitter.ms", "log.roll.jitter.hours" * HOUR_MS)),
    new("segment.ms", Long, "604800000", "After how long a topic's file is closed; topics have no files of their own here.")
        .at_least(1)
        .synonyms(broker!("log.roll.ms", "log.roll.hours" * HOUR_MS)),
    new("unclean.leader.election.enable", Boolean, "false", "Whether a replica that lacks acknowledged records may lead: never.")
        .synonyms(broker!("unclean.leader.election.enable")),
];
