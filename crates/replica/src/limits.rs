//! The hall's limits, in one place.

/// Bytes of commands in one batch, unless one command alone is larger.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 20;

/// Entries that one shard of a cluster of one may have in flight; what waits meanwhile becomes the next batch.
pub(crate) const ENTRIES_IN_FLIGHT_MAX: usize = 1;

/// Entries that a shard of several nodes may have in flight from one node: while one is on its way, the next is made.
pub(crate) const ENTRIES_IN_FLIGHT_PEERS_MAX: usize = 2;

/// Entries that a shard may have in flight from one node while the journal keeps a distance between its writes: those that are
/// made meanwhile join the next write.
pub(crate) const ENTRIES_IN_FLIGHT_PACED_MAX: usize = 16;

/// Entries that are made in the time between two such writes.
pub(crate) const ENTRIES_EACH_PACED_WRITE: u32 = 8;

/// How long a request waits for its answer in all, in milliseconds: etcd's. What waits for others that wait for a leader would
/// otherwise wait twice.
pub(crate) const REQUEST_TIMEOUT_MS: u64 = 7_000;

/// How long a request waits for a leader before it is answered that there is none, in milliseconds: etcd's request timeout, and
/// some elections.
pub(crate) const LEADER_WAIT_MS: u64 = 7_000;

/// How often it looks meanwhile, in milliseconds.
pub(crate) const LEADER_LOOK_MS: u64 = 5;

/// How long the leader may take to say how far a reader has to wait, in milliseconds, before it is looked up again who leads.
pub(crate) const READ_INDEX_TIMEOUT_MS: u64 = 1_000;

/// Share of a batch, in bytes, that each lane may take before the others had their turn.
pub(crate) const LANE_SHARE_BYTES: [usize; 3] = [BATCH_BYTES_MAX / 2, BATCH_BYTES_MAX * 3 / 8, BATCH_BYTES_MAX / 8];

/// Batches in a row that may leave a lane out because its next command fits beside no others; then it goes first.
pub(crate) const PASSED_OVER_MAX: u32 = 4;

/// How many times the ordinary admission the urgent lane may still use, so that leases live through an overload.
pub(crate) const URGENT_ADMISSION_FACTOR: usize = 2;

/// Leases that one expiry command ends, if as many are over: as many as ends all of them in time, between these bounds.
pub(crate) const LEASES_PER_EXPIRY_MIN: usize = 64;
/// See [`LEASES_PER_EXPIRY_MIN`].
pub(crate) const LEASES_PER_EXPIRY_MAX: usize = 2_000;

/// Time in which an avalanche of leases that are over at one moment should end, in milliseconds.
pub(crate) const LEASE_EXPIRY_MS: u64 = 2_500;

/// How often the leader looks at its lease deadlines, in milliseconds.
pub(crate) const LEASE_TICK_MS: u64 = 250;

/// How long a leader that hands over tries to record before what its leases have left, in milliseconds.
pub(crate) const LEASES_RECORD_MS: u64 = 500;

/// How often remaining times of long leases are recorded, in milliseconds; etcd's interval.
pub(crate) const LEASE_CHECKPOINT_MS: u64 = 5 * 60 * 1000;

/// Greatest number of leases in one checkpoint command; etcd's number.
pub(crate) const LEASES_PER_CHECKPOINT: usize = 1000;

/// How often a shard looks whether it should settle, in milliseconds.
pub(crate) const SETTLE_TICK_MS: u64 = 200;

/// How often a settle that waits to be noted looks whether the next one is due, in milliseconds.
pub(crate) const OVERDUE_LOOK_MS: u64 = 5;

/// How long a shard is quiet before it settles what it has, in milliseconds, and how much that is at least: a part of the budget.
pub(crate) const IDLE_SETTLE_MS: u64 = 2_000;
/// See [`IDLE_SETTLE_MS`].
pub(crate) const IDLE_SETTLE_PART: u64 = 8;

/// Bytes of reclaim work that join one settle.
pub(crate) const RECLAIM_SLICE_BYTES: usize = 16 << 20;

/// Journal bytes, as a multiple of the settle budget, at which the owner of the oldest segment settles whatever it has.
pub(crate) const JOURNAL_PRESSURE_FACTOR: u64 = 6;

/// The same while a peer takes over a snapshot, and needs the entries behind it.
pub(crate) const JOURNAL_HELD_FACTOR: u64 = 24;
/// Journal bytes that are nothing to worry about meanwhile, however small the settle budget.
pub(crate) const JOURNAL_HELD_BYTES_MIN: u64 = 256 << 20;

/// Settled bytes, as a multiple of the settle budget, whose entries a shard with peers keeps in its log.
pub(crate) const LOG_KEPT_FACTOR: u64 = 4;

/// Unsettled bytes, as a multiple of the settle budget, at which nothing more is proposed until a settle is done: a disk that
/// settles slower than clients write makes them wait, and memory stays bounded.
pub(crate) const UNSETTLED_FACTOR_MAX: u64 = 4;

/// The same at which applying waits: a follower has to take what its leader proposed, and keeps the rest in its log.
pub(crate) const UNSETTLED_FACTOR_APPLY: u64 = 6;

/// Unsettled bytes, as a multiple of the settle budget, at which the next settle goes before further merging.
pub(crate) const MERGE_UNSETTLED_FACTOR: u64 = 2;

/// How often the free space is looked at, in milliseconds.
pub(crate) const SPACE_TICK_MS: u64 = 2000;

/// Bytes proposed or applied after which the free space is looked at without waiting for the next tick.
pub(crate) const SPACE_LOOK_BYTES: u64 = 8 << 20;

/// Share of the file system in use, in percent, at which NOSPACE is raised, and below which it is cleared again.
pub(crate) const SPACE_ALARM_PERCENT: u64 = 90;
/// See [`SPACE_ALARM_PERCENT`].
pub(crate) const SPACE_CLEAR_PERCENT: u64 = 87;

/// Share of the file system in use, in percent, from which on space is reclaimed for less.
pub(crate) const SPACE_TIGHT_PERCENT: u64 = 75;

/// Times a transaction whose VALUE compare was overtaken is proposed again before it is refused.
pub(crate) const WITNESS_ATTEMPTS_MAX: usize = 64;

/// Data shards a node may be started with.
pub(crate) const DATA_SHARDS_MAX: u32 = 64;

/// Bytes of recent log entries kept in memory, over all shards.
pub(crate) const JOURNAL_TAIL_BYTES: usize = 8 << 20;

/// Bytes of one write of the journal, unless one entry alone is larger.
pub(crate) const JOURNAL_WRITE_BYTES_MAX: usize = 4 << 20;

/// How often founders and joining nodes ask again, in milliseconds, and how often they say that they wait.
pub(crate) const FOUNDING_LOOK_MS: u64 = 50;
/// See [`FOUNDING_LOOK_MS`].
pub(crate) const FOUNDING_TELL_MS: u64 = 5_000;

/// How long a peer may take to say whether the cluster is founded, in milliseconds.
pub(crate) const HELLO_TIMEOUT_MS: u64 = 500;

/// How often a node looks whether its shards' members are as they should be, in milliseconds.
pub(crate) const MEMBERS_TICK_MS: u64 = 250;

/// The same while it has no peers.
pub(crate) const MEMBERS_IDLE_TICK_MS: u64 = 1_000;

/// How long a group may stay between the two halves of a change before its leader does the second one, in milliseconds.
pub(crate) const MEMBERS_JOINT_MS: u64 = 2_000;

/// How long one step of a change of members may take before it is looked at again, in milliseconds.
pub(crate) const MEMBERS_TRY_MS: u64 = 5_000;

/// Entries that a replica may lack to count as caught up.
pub(crate) const CAUGHT_UP_ENTRIES: u64 = 64;

/// How long a node leads a shard before it hands it to the one that should, in milliseconds: leadership does not flutter.
pub(crate) const LEADER_BALANCE_MS: u64 = 5_000;

/// How long a member must not have been behind, in milliseconds, to be given the lead that it should have, and how long a round trip to
/// it may take.
pub(crate) const LEADER_STEADY_MS: u64 = 3_000;
/// See [`LEADER_STEADY_MS`].
pub(crate) const LEADER_ROUND_TRIP_MAX_MS: u64 = 100;

/// How long handing over may take, in milliseconds, and how often it is looked whether it is done.
pub(crate) const HAND_OVER_MS: u64 = 2_000;
/// See [`HAND_OVER_MS`].
pub(crate) const HAND_OVER_LOOK_MS: u64 = 5;

/// How long a read waits for a node that has just started to have recovered, in milliseconds.
pub(crate) const RECOVERY_WAIT_MS: u64 = 7_000;

/// How often a node with peers looks whether its disk moves, in milliseconds.
pub(crate) const DISK_LOOK_MS: u64 = 100;

/// How long a disk stands still before a leader on it hands over, in milliseconds: longer than a slow disk's queue, and short
/// enough that leadership has moved well within two seconds.
pub(crate) const DISK_STALL_MS: u64 = 700;

/// How often a peer is asked whether it lives, in milliseconds, and how long a connection may be silent: a leader that is heard and
/// hears nobody goes on leading for as long, since its followers have no reason to ask for votes.
pub(crate) const PEER_PING_MS: u64 = 800;
/// See [`PEER_PING_MS`].
pub(crate) const PEER_SILENCE_MS: u64 = 2_400;

/// How often a shard's leader compares its state with the other replicas', in milliseconds, and how long one may take to answer.
pub(crate) const DIGEST_COMPARE_MS: u64 = 5_000;
/// See [`DIGEST_COMPARE_MS`].
pub(crate) const DIGEST_TIMEOUT_MS: u64 = 2_000;

/// Distances, in entries, between the digests that a replica remembers, each a multiple of the first.
pub(crate) const DIGEST_STEPS: [u64; 3] = [8, 256, 4_096];
/// How many it remembers of each.
pub(crate) const DIGEST_KEPT: usize = 64;

/// Bytes of the log that a scrub reads at once.
pub(crate) const SCRUB_READ_BYTES: usize = 1 << 20;

/// Beyond every key of a shard's tree: keys begin with a key space's number and a letter.
pub(crate) const KEYS_END: [u8; 8] = [0xff; 8];

/// How long an orderly stop waits for the journal's closing record, in milliseconds.
pub(crate) const JOURNAL_CLOSE_MS: u64 = 5_000;

/// Bytes of the log that a settle or a reader of streams reads at once.
pub(crate) const STREAM_READ_BYTES: usize = 4 << 20;

/// How often a reader looks a partition up anew that moves while it reads, or goes on from one kind of place to the next.
pub(crate) const STREAM_LOOKS_MAX: usize = 8;

/// How long a new topic is waited for on this node, in milliseconds, so that who created it finds it, and how often is looked.
pub(crate) const CATALOGUE_WAIT_MS: u64 = 2_000;
/// See [`CATALOGUE_WAIT_MS`].
pub(crate) const CATALOGUE_LOOK_MS: u64 = 5;

/// Chunks of large configuration values that one node has on their way: some entries full of them, and far less than may wait.
pub(crate) const CHUNKS_IN_FLIGHT_MAX: usize = 24;

/// The same of one value, so that several get on beside each other.
pub(crate) const CHUNKS_OF_VALUE_IN_FLIGHT_MAX: usize = 12;

/// Slices of an import that are on their way while it is made visible: one is applied while the next one travels, and what else is
/// on the shard gets in between.
pub(crate) const ADVANCES_IN_FLIGHT_MAX: usize = 2;

/// How often the leader of a configuration store looks whether an import waits for it, in milliseconds: one that begins wakes it.
pub(crate) const STORE_TICK_MS: u64 = 250;

/// How often it looks for what is too old or of no use, in milliseconds.
pub(crate) const STORE_LOOK_MS: u64 = 10_000;

/// Commands that it proposes then at most, one after the other.
pub(crate) const STORE_CLEANINGS_MAX: usize = 64;

/// Topics whose settings are kept as what they come to.
pub(crate) const SETTINGS_KEPT_MAX: usize = 100_000;

/// Niceness of threads whose work nobody waits for: a tenth of what others get of a processor that is not enough for all.
pub(crate) const BACKGROUND_NICENESS: i32 = 10;
