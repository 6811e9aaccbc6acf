//! Every bound of this room.

/// Bytes of a group's name at most: what a string of Kafka's protocol can carry.
pub const GROUP_NAME_BYTES_MAX: usize = 32_767;
/// Bytes of memory that the groups of a shard may take, offsets included, unless the options say otherwise.
pub const GROUPS_BYTES_MAX: u64 = 256 << 20;
/// Members of a group at most.
pub const GROUP_MEMBERS_MAX: usize = 10_000;
/// Bytes of a group's state at most, subscriptions and assignments of all members included.
pub const GROUP_STATE_BYTES_MAX: usize = 8 << 20;
/// Partitions of which a group may keep an offset.
pub const GROUP_OFFSETS_MAX: usize = 100_000;
/// Bytes that a client may leave with an offset: Kafka's `offset.metadata.max.bytes` as it comes.
pub const OFFSET_METADATA_BYTES_MAX: usize = 4_096;

/// Producers remembered by a shard, one for each partition that one writes to, unless the options say otherwise.
pub const PRODUCERS_MAX: usize = 200_000;
/// How long a producer is remembered that writes nothing: Kafka's `producer.id.expiration.ms` as it comes.
pub const PRODUCER_EXPIRY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Producer ids that one command may take.
pub const PRODUCER_IDS_MAX: u32 = 10_000;

/// Batches remembered of a producer: `ProducerStateEntry.NUM_BATCHES_TO_RETAIN` of Kafka.
pub(crate) const PRODUCER_BATCHES: usize = 5;
/// Idle producers that one apply forgets at most, so that none takes long.
pub(crate) const EXPIRED_PER_APPLY_MAX: usize = 4;
/// Bits of a producer id that count; the shard stands above them, and an id is positive.
pub(crate) const PRODUCER_COUNTER_BITS: u32 = 48;
/// Shards that fit above them.
pub(crate) const SHARDS_MAX: u32 = 1 << (63 - PRODUCER_COUNTER_BITS);

/// Changes of leader that a partition remembers at most: what is older is answered like the oldest one known.
pub(crate) const EPOCHS_MAX: usize = 128;
/// Partitions whose index is looked at under one hold of the lock while a settle begins or ends.
pub(crate) const SETTLE_SLICE_PARTITIONS: usize = 256;
/// Offsets, and groups, that are looked at under one hold of the lock for what has expired, about.
pub(crate) const EXPIRY_SLICE_OFFSETS: usize = 10_000;
/// What a group takes beside its record and its name, which is there twice.
pub(crate) const GROUP_BYTES: u64 = 256;
/// What an offset takes beside its metadata.
pub(crate) const OFFSET_BYTES: u64 = 160;
/// Things in one piece of a slab: growing never moves more than a list of pieces.
pub(crate) const SLAB_CHUNK: usize = 1_024;
