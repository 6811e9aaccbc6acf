//! The configs of a broker, in the order of their names: what clients and tools ask for. Those of threads, buffers, authentication
//! and Kafka's controllers have nothing here that they could be about, and are left out.

use super::{
    Definition, Valid,
    ValueType::*,
    topic_table::{CLEANUP_POLICIES, COMPRESSIONS, TIMESTAMP_TYPES},
};

const fn new(name: &'static str, kind: super::ValueType, default: &'static str, documentation: &'static str) -> Definition {
    Definition::new(name, kind, default, documentation)
}

pub(super) const BROKER: &[Definition] = &[
    new("advertised.listeners", String, "", "Where clients are told to find this node.").no_default(),
    new("auto.create.topics.enable", Boolean, "true", "Whether a topic that a client asks for is created."),
    new("auto.leader.rebalance.enable", Boolean, "true", "Leaders move back to where they belong."),
    new("broker.id", Int, "-1", "The number of this node."),
    new("broker.rack", String, "", "The rack that this node stands in.").no_default(),
    new("cluster.id", String, "", "The id of the cluster.").no_default(),
    new("compression.gzip.level", Int, "-1", "The level of gzip if the server compressed; it does not.")
        .valid(Valid::BetweenOr(1, 9, -1)),
    new("compression.lz4.level", Int, "9", "The level of lz4 if the server compressed; it does not.")
        .valid(Valid::Between(1, 17)),
    new("compression.type", String, "producer", "Batches are kept as their producers compressed them.")
        .valid(Valid::OneOf(COMPRESSIONS)),
    new("compression.zstd.level", Int, "3", "The level of zstd if the server compressed; it does not.")
        .valid(Valid::Between(-131_072, 22)),
    new("connections.max.idle.ms", Long, "600000", "After how long a silent connection is closed."),
    new("default.replication.factor", Int, "1", "How many replicas a topic has: those of its shard.").at_least(1),
    new("delete.topic.enable", Boolean, "true", "Whether topics can be deleted."),
    new("fetch.max.bytes", Int, "57671680", "How many bytes a fetch is answered at most.").at_least(1024),
    new("group.consumer.heartbeat.interval.ms", Int, "5000", "How often a member of the newer group protocol is to be heard.")
        .at_least(1),
    new("group.consumer.session.timeout.ms", Int, "45000", "After how long a silent member of the newer group protocol is gone.")
        .at_least(1),
    new("group.coordinator.rebalance.protocols", List, "classic", "Which group protocols there are.")
        .valid(Valid::OneOf(&["classic", "consumer", "streams", "share"])),
    new(
        "group.initial.rebalance.delay.ms",
        Int,
        "3000",
        "How long the first rebalance of an empty group waits for more members.",
    ),
    new("group.max.session.timeout.ms", Int, "1800000", "The longest session timeout that a group's member may ask for."),
    new("group.max.size", Int, "10000", "How many members a group has at most.").at_least(1),
    new("group.min.session.timeout.ms", Int, "6000", "The shortest session timeout that a group's member may ask for."),
    new("inter.broker.listener.name", String, "", "The listener of nodes for each other; it speaks another protocol here.")
        .no_default(),
    new("listener.security.protocol.map", String, "PLAINTEXT:PLAINTEXT", "Which protocol each listener speaks."),
    new("listeners", String, "PLAINTEXT://:9092", "Where this node listens for Kafka clients."),
    new("log.cleaner.delete.retention.ms", Long, "86400000", "How long tombstones stay; topics are not compacted here.")
        .at_least(0),
    new("log.cleaner.enable", Boolean, "true", "Whether topics that ask for it are compacted; none can here."),
    new(
        "log.cleaner.max.compaction.lag.ms",
        Long,
        "9223372036854775807",
        "How long a record may stay uncompacted; topics are not compacted here.",
    )
    .at_least(1),
    new(
        "log.cleaner.min.cleanable.ratio",
        Double,
        "0.5",
        "How much is to be uncompacted before a log is compacted; topics are not compacted here.",
    )
    .valid(Valid::Ratio),
    new(
        "log.cleaner.min.compaction.lag.ms",
        Long,
        "0",
        "How long a record stays uncompacted at least; topics are not compacted here.",
    )
    .at_least(0),
    new("log.cleanup.policy", List, "delete", "What happens to old records of topics that say nothing else.")
        .valid(Valid::OneOf(CLEANUP_POLICIES))
        .unsupported(&["compact"])
        .acts(),
    new("log.dir", String, "", "The directory of this node.").no_default(),
    new("log.dirs", String, "", "The directory of this node.").no_default(),
    new("log.flush.interval.messages", Long, "1", "Every record is on the disks of a quorum before it is acknowledged.")
        .at_least(1),
    new("log.flush.interval.ms", Long, "0", "Every record is on the disks of a quorum before it is acknowledged."),
    new("log.flush.scheduler.interval.ms", Long, "0", "Every record is on the disks of a quorum before it is acknowledged."),
    new("log.index.interval.bytes", Int, "4096", "How densely a log is indexed; the index is the server's own here.").at_least(0),
    new("log.index.size.max.bytes", Int, "10485760", "How large an index becomes; the index is the server's own here.")
        .at_least(4),
    new("log.local.retention.bytes", Long, "-2", "How much of a tiered topic stays on local disks; there is one tier here.")
        .at_least(-2),
    new("log.local.retention.ms", Long, "-2", "How long a tiered topic's records stay on local disks; there is one tier here.")
        .at_least(-2),
    new(
        "log.message.timestamp.after.max.ms",
        Long,
        "3600000",
        "How far ahead of the server's clock a record's timestamp may be.",
    )
    .at_least(0)
    .acts(),
    new(
        "log.message.timestamp.before.max.ms",
        Long,
        "9223372036854775807",
        "How far behind the server's clock a record's timestamp may be.",
    )
    .at_least(0)
    .acts(),
    new(
        "log.message.timestamp.type",
        String,
        "CreateTime",
        "Whose clock gives a record its timestamp: the producer's or the server's.",
    )
    .valid(Valid::OneOf(TIMESTAMP_TYPES))
    .acts(),
    new(
        "log.preallocate",
        Boolean,
        "false",
        "Whether a topic's files are allocated ahead; topics have no files of their own here.",
    ),
    new("log.retention.bytes", Long, "-1", "How many bytes of a partition are kept; a negative number keeps all.").acts(),
    new("log.retention.check.interval.ms", Long, "300000", "How often old records are looked for.").at_least(1),
    new("log.retention.hours", Int, "168", "How many hours records are kept, if neither minutes nor milliseconds say so."),
    new("log.retention.minutes", Int, "", "How many minutes records are kept, if milliseconds do not say so.").no_default(),
    new("log.retention.ms", Long, "", "How many milliseconds records are kept; -1 keeps them for ever.")
        .no_default()
        .at_least(-1)
        .acts(),
    new("log.roll.hours", Int, "168", "After how many hours a topic's file is closed; topics have no files of their own here.")
        .at_least(1),
    new("log.roll.jitter.hours", Int, "0", "How unevenly a topic's files are closed; topics have no files of their own here.")
        .at_least(0),
    new("log.roll.jitter.ms", Long, "", "How unevenly a topic's files are closed; topics have no files of their own here.")
        .no_default(),
    new("log.roll.ms", Long, "", "After how long a topic's file is closed; topics have no files of their own here.").no_default(),
    new("log.segment.bytes", Int, "1073741824", "How large a topic's files become; topics have no files of their own here.")
        .at_least(1 << 20),
    new(
        "log.segment.delete.delay.ms",
        Long,
        "60000",
        "How long a file stays after its records are gone; files are shared by topics here.",
    )
    .at_least(0),
    new("max.connections", Int, "2147483647", "How many connections this node takes.").at_least(0),
    new("max.connections.per.ip", Int, "2147483647", "How many connections this node takes from one address.").at_least(0),
    new("max.incremental.fetch.session.cache.slots", Int, "1000", "How many fetch sessions this node keeps.").at_least(0),
    new(
        "message.max.bytes",
        Int,
        "1048588",
        "The largest batch that a topic takes which says nothing else, compressed as it comes.",
    )
    .at_least(0)
    .acts(),
    new("min.insync.replicas", Int, "1", "How many replicas have a record on disk before it is acknowledged: a quorum.")
        .at_least(1)
        .promise(),
    new("node.id", Int, "-1", "The number of this node."),
    new("num.partitions", Int, "1", "How many partitions a topic has whose creator does not say.").at_least(1),
    new("offset.metadata.max.bytes", Int, "4096", "How long the text may be that is committed with an offset."),
    new("offsets.retention.check.interval.ms", Long, "600000", "How often old offsets are looked for.").at_least(1),
    new(
        "offsets.retention.minutes",
        Int,
        "10080",
        "How many minutes offsets are kept after their group was left, or after their commit if nobody is subscribed.",
    )
    .at_least(1)
    .acts(),
    new(
        "offsets.topic.num.partitions",
        Int,
        "50",
        "Into how many parts offsets are spread; they live in the groups' shards here.",
    )
    .at_least(1),
    new("offsets.topic.replication.factor", Short, "3", "How many replicas offsets have: those of the group's shard.")
        .at_least(1),
    new("process.roles", List, "broker,controller", "What this node does: everything."),
    new("producer.id.expiration.ms", Int, "86400000", "How long an idle producer's last batches are remembered.").at_least(1),
    new("queued.max.requests", Int, "500", "How many requests wait at most before connections are no longer read.").at_least(1),
    new("replica.lag.time.max.ms", Long, "30000", "After how long a silent replica counts as out of sync."),
    new("security.inter.broker.protocol", String, "PLAINTEXT", "What nodes speak to each other; it is another protocol here."),
    new("socket.request.max.bytes", Int, "104857600", "How large a request is at most.").at_least(1),
    new("transaction.max.timeout.ms", Int, "900000", "The longest timeout that a transaction may ask for.").at_least(1),
    new("transaction.state.log.min.isr", Int, "2", "How many replicas have a transaction's state before it goes on: a quorum.")
        .at_least(1),
    new(
        "transaction.state.log.num.partitions",
        Int,
        "50",
        "Into how many parts transactions are spread; they live in shards here.",
    )
    .at_least(1),
    new(
        "transaction.state.log.replication.factor",
        Short,
        "3",
        "How many replicas a transaction's state has: those of its shard.",
    )
    .at_least(1),
    new("transactional.id.expiration.ms", Int, "604800000", "How long an idle transactional id is remembered.").at_least(1),
    new("unclean.leader.election.enable", Boolean, "false", "Whether a replica that lacks acknowledged records may lead: never."),
];
