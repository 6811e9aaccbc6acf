//! The door's limits, in one place.

use std::time::Duration;

/// Bytes of one request: Kafka's `socket.request.max.bytes`.
pub const REQUEST_BYTES_MAX: u32 = 100 << 20;

/// Bytes by which a connection's buffer grows while a request comes in: what a client says of its size is not believed before.
pub const READ_BYTES: usize = 256 << 10;

/// Requests that one connection may have under way; then it is not read any more.
pub const IN_FLIGHT_MAX: usize = 32;

/// Bytes of Produce requests that one node has under way over all connections; then they are not read any more.
pub const PRODUCE_BYTES_MAX: usize = 64 << 20;

/// Bytes of one Fetch answer, whatever a client asks for: Kafka's `fetch.max.bytes` of brokers.
pub const FETCH_BYTES_MAX: usize = 55 << 20;

/// Bytes of Fetch answers that one node has under way over all connections, until clients have taken them; then fetches wait.
pub const FETCHES_BYTES_MAX: usize = 256 << 20;

/// One answer takes at most this part of what is free of that.
pub const FETCH_SHARE: usize = 16;

/// Bytes that it may take all the same: the most that a topic's batch has, and a consumer asks of one partition, unless told otherwise.
pub const FETCH_SHARE_BYTES_MIN: usize = 1 << 20;

/// Bytes from which on a request needs room before it is read.
pub const LARGE_REQUEST_BYTES: usize = 2 << 20;

/// Bytes of such requests that one node has under way over all connections; then they are not read any further.
pub const LARGE_REQUESTS_BYTES_MAX: usize = 256 << 20;
const _: () = assert!(LARGE_REQUESTS_BYTES_MAX >= REQUEST_BYTES_MAX as usize, "the largest request finds room some time");

/// How long such a request may take to come in, once there is room for it.
pub const LARGE_REQUEST_MAX: Duration = Duration::from_secs(30);

/// How long a connection may be idle: Kafka's `connections.max.idle.ms`.
pub const IDLE_MAX: Duration = Duration::from_secs(600);

/// Producer ids taken at once.
pub const PRODUCER_IDS: u32 = 1_000;

/// The most bytes that a batch of a topic without a setting may have: Kafka's `max.message.bytes`.
pub const BATCH_BYTES_MAX: usize = 1_048_588;

/// The most bytes of a batch once inflated, as a multiple of what it may have: what stops a decompression bomb.
pub const INFLATION_MAX: usize = 64;

/// Names of topics are no longer (as in Kafka): longer ones are not worth keeping.
pub(crate) const TOPIC_NAME_BYTES_MAX: usize = 249;

/// Bytes of batches that are read at once to find a record by its time.
pub(crate) const LOOKUP_BYTES: usize = 1 << 20;

/// The same for topics that take the largest batches.
pub const INFLATED_BYTES_MAX: usize = 1 << 30;

/// How often the record with the greatest timestamp is looked for anew, where it is trimmed before it is found.
pub(crate) const GREATEST_LOOKS_MAX: usize = 3;

/// Partitions of one page of DescribeTopicPartitions, whatever a client asks for (`max.request.partition.size.limit`).
pub const DESCRIBED_PARTITIONS_MAX: usize = 2_000;

/// How often settings that somebody else changed meanwhile are read again, before the client is told.
pub(crate) const CONFIG_ATTEMPTS: usize = 5;

/// How often a shard's leader looks for what is too old or was deleted.
pub const HOUSEKEEPING_TICK: Duration = Duration::from_secs(5);

/// Records of a history that are read at once: of the largest, some 8 MiB.
pub(crate) const HISTORY_PAGE: usize = 64;
/// Those who read histories at once at most.
pub(crate) const HISTORY_READERS_MAX: usize = 4;
/// Bytes of a record of a history beside its key and its value, at most.
pub(crate) const HISTORY_RECORD_BYTES: usize = 96;

/// How often a coordinator looks for offsets that are too old: Kafka's `offsets.retention.check.interval.ms`.
pub const OFFSETS_LOOK: Duration = Duration::from_secs(600);
/// Offsets that one command lets go at most, so that none takes long.
pub(crate) const EXPIRED_PER_COMMAND_MAX: usize = 1_000;
/// Deleted topics whose offsets go at once at most.
pub(crate) const FORGOTTEN_AT_ONCE_MAX: usize = 100;

/// Members of one group at most (`group.max.size` may be smaller), and as many ids at most that were given out and did not join.
pub const GROUP_MEMBERS_MAX: usize = 10_000;
/// Groups that one coordinator keeps at most.
pub const GROUPS_MAX: usize = 100_000;
/// Protocols that one member may offer.
pub const MEMBER_PROTOCOLS_MAX: usize = 64;
/// Bytes of a member at most: its names and the metadata of all the protocols that it offers.
pub const MEMBER_BYTES_MAX: usize = 1 << 20;
/// Bytes of a group at most: its members and their assignments. A stored group is one entry of the log.
pub const GROUP_BYTES_MAX: usize = 8 << 20;
/// Bytes of all groups of one coordinator at most.
pub const GROUPS_BYTES_MAX: usize = 256 << 20;
/// What a group, a member or an id costs beside its bytes, in the sums that the limits above are held against.
pub(crate) const ENTRY_OVERHEAD_BYTES: usize = 256;
/// How long a member that is new may wait for its group, in milliseconds: it has no id yet to send heartbeats with.
pub(crate) const NEW_MEMBER_JOIN_TIMEOUT_MS: u64 = 300_000;
/// How long a group at least waits for members that did not join again, in milliseconds, when none of them did.
pub(crate) const JOIN_RETRY_MS_MIN: u64 = 1_000;
/// Wishes to store a group that one coordinator has under way at most before it takes over no more static members.
pub(crate) const STORES_IN_FLIGHT_MAX: usize = 1_000;
/// The newest version of JoinGroup that may come without a member id (KIP-394).
pub(crate) const JOIN_WITHOUT_ID_VERSION_MAX: i16 = 3;
/// The oldest version of JoinGroup whose client knows `skip_assignment` (KIP-814).
pub(crate) const JOIN_SKIP_ASSIGNMENT_VERSION_MIN: i16 = 9;
/// The oldest version of SyncGroup that has to name its protocol.
pub(crate) const SYNC_PROTOCOL_VERSION_MIN: i16 = 5;
/// The oldest version of OffsetCommit that is told that a group does not exist.
pub(crate) const COMMIT_GROUP_NOT_FOUND_VERSION_MIN: i16 = 9;

/// Fetch sessions that a node keeps at most (`max.incremental.fetch.session.cache.slots`).
pub const FETCH_SESSIONS_MAX: usize = 1_000;
/// Partitions of one fetch session at most; a larger fetch goes without a session.
pub const FETCH_SESSION_PARTITIONS_MAX: usize = 100_000;
/// Partitions of all fetch sessions at most.
pub const FETCH_SESSIONS_PARTITIONS_MAX: usize = 1_000_000;
/// How long a session is safe from those that want its place, in milliseconds (`min.incremental.fetch.session.eviction.ms`).
pub const FETCH_SESSION_EVICTION_MS: u64 = 120_000;
/// The oldest version of Fetch that names topics by id (KIP-516).
pub(crate) const FETCH_TOPIC_ID_VERSION_MIN: i16 = 13;
/// The oldest version of Fetch that a follower answers: its client says where it stands, and knows to go back to the leader (KIP-392).
pub(crate) const FETCH_FROM_FOLLOWER_VERSION_MIN: i16 = 11;

/// How long somebody who asks for leaders waits for an election, and how often it is looked at.
pub(crate) const LEADERS_WAIT: Duration = Duration::from_secs(1);
pub(crate) const LEADERS_LOOK: Duration = Duration::from_millis(10);

/// How often a fetch that waits looks whether its partitions are led by somebody else.
pub(crate) const FETCH_LEADERSHIP_TICK: Duration = Duration::from_secs(1);
/// The longest that a fetch waits, whatever a client asks for.
pub(crate) const FETCH_WAIT_MAX: Duration = Duration::from_secs(300);

/// How often a coordinator looks whether its node still leads the shard.
pub(crate) const LEADERSHIP_TICK: Duration = Duration::from_millis(200);

/// Bytes of one request before somebody has signed in.
pub const SIGN_IN_BYTES_MAX: u32 = 64 << 10;
/// How long a connection may take until somebody has signed in.
pub const SIGN_IN_MAX: Duration = Duration::from_secs(10);
/// After how long somebody is told that they did not get in: Kafka's `connection.failed.authentication.delay.ms` (KIP-306).
pub const SIGN_IN_DELAY: Duration = Duration::from_millis(100);
/// The least distance of two log lines about somebody who did not get in.
pub const SIGN_IN_LOGGED_EVERY: Duration = Duration::from_secs(1);
/// How often a connection may sign in again at most, as in Kafka (KIP-368).
pub const REAUTHENTICATION_EVERY: Duration = Duration::from_secs(1);
/// Bytes of a PLAIN message at most: a name and a password, twice the name.
pub const SASL_TEXT_BYTES_MAX: usize = 4 << 10;
/// Passwords that are computed at once at most: each keeps a processor busy for milliseconds.
pub const PASSWORDS_AT_ONCE_MAX: usize = 2;
/// Passwords that wait for that at most; a connection with one more is closed. So many are computed in one to four seconds.
pub const PASSWORDS_WAITING_MAX: usize = 256;
/// How long a password waits at most; then its connection is closed.
pub const PASSWORD_WAIT_MAX: Duration = Duration::from_secs(5);
/// Rounds of the key derivation that are told of users who do not exist while there are none: what `manifold ctl user` makes.
pub const SCRAM_ITERATIONS_OF_UNKNOWN: u32 = 8_192;
/// Random words of the server's part of a nonce.
pub(crate) const NONCE_WORDS: usize = 3;
/// Random words of the secret that salts of users who do not exist are made of.
pub(crate) const SECRET_WORDS: usize = 8;
/// How often the door looks whether users and grants have changed: a removed user's connections end by then.
pub const PRINCIPALS_LOOK: Duration = Duration::from_millis(250);
/// Topics of which a connection keeps what was decided.
pub const DECISIONS_KEPT_MAX: usize = 1_000;
