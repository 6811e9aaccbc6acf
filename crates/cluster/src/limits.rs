//! Every bound of this room.

/// Voters of one shard at most; further members follow as learners. More voters make each write wait for more disks and
/// survive hardly more.
pub const VOTERS_MAX: usize = 7;

/// Members of one cluster at most.
pub const MEMBERS_MAX: usize = 100;

/// Ids of removed members that are remembered, the last ones.
pub const REMOVED_MAX: usize = 1_000;

/// Bytes of a member's name at most.
pub const NAME_BYTES_MAX: usize = 1_024;

/// Bytes of a member's address at most: a host name of DNS has 253.
pub const ADDRESS_BYTES_MAX: usize = 512;

/// Client URLs of one member at most.
pub const CLIENT_URLS_MAX: usize = 64;

/// Bytes of one client URL at most.
pub const URL_BYTES_MAX: usize = 2_048;

/// Topics at most.
pub const TOPICS_MAX: usize = 100_000;

/// Partitions of all topics together at most.
pub const PARTITIONS_MAX: usize = 200_000;

/// Bytes of a topic's name at most, as in Kafka.
pub const TOPIC_NAME_BYTES_MAX: usize = 249;

/// Bytes of a setting's value at most, as in Kafka: longer ones are refused before they are proposed.
pub const CONFIG_VALUE_BYTES_MAX: usize = 32_767;

/// Settings of one topic, or of all brokers, at most.
pub const CONFIGS_MAX: usize = 256;

/// Bytes of a setting's name at most.
pub const CONFIG_NAME_BYTES_MAX: usize = 256;

/// Bytes of the names and values of one topic's settings, or of all brokers', at most.
pub const CONFIG_BYTES_MAX: usize = 64 << 10;

/// Bytes of the names and values of all topics' settings together at most.
pub const CONFIG_BYTES_ALL_MAX: usize = 64 << 20;

/// Deleted topics whose data a shard has yet to drop, counted once for each such shard: past it no topic is created.
pub const DROPPED_MAX: usize = 100_000;

/// Users at most.
pub const USERS_MAX: usize = 10_000;

/// Bytes of a user's name at most, or of a name that a certificate gives: those can be long.
pub const USER_NAME_BYTES_MAX: usize = 1_024;

/// Bytes of a credential's salt at most.
pub const SALT_BYTES_MAX: usize = 255;

/// Rounds of a SCRAM credential at least and at most, as in Kafka: fewer are guessed too fast, and more let clients who sign in
/// with a password keep a processor busy.
pub const SCRAM_ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=16_384;

/// Grants at most.
pub const GRANTS_MAX: usize = 50_000;

/// Grants of one command at most.
pub const GRANTS_PER_COMMAND_MAX: usize = 1_000;

/// Bytes of the resource's name in a grant at most.
pub const RESOURCE_NAME_BYTES_MAX: usize = 4_096;

/// Bytes of a grant's host at most.
pub const HOST_BYTES_MAX: usize = 255;

/// API keys that are not revoked, at most.
pub const KEYS_MAX: usize = 10_000;

/// Revoked API keys that are remembered, the last ones.
pub const REVOKED_KEYS_MAX: usize = 1_000;

/// Bytes of an API key's name at most.
pub const KEY_NAME_BYTES_MAX: usize = 128;

/// Bytes that are kept of an API key's text, to be shown, at most.
pub const KEY_PREFIX_BYTES_MAX: usize = 24;

/// Namespaces that an API key names at most.
pub const NAMESPACES_PER_KEY_MAX: usize = 64;

/// Bytes of a namespace's path at most, as in the configuration store.
pub const NAMESPACE_BYTES_MAX: usize = 256;
