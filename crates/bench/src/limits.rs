//! Limits of the load and of the client, in one place, units last.

use std::time::Duration;

/// Seconds of a run for which nothing else is said.
pub(crate) const SECONDS_DEFAULT: u64 = 10;
/// Connections of one run.
pub(crate) const CONNECTIONS_MAX: usize = 10_000;
/// Requests that one connection has in flight at most.
pub(crate) const IN_FLIGHT_MAX: usize = 1_000;
/// Batches in flight for which a broker still tells a repeated one from a new one (KIP-98: the last five).
pub(crate) const IN_FLIGHT_IDEMPOTENT_MAX: usize = 5;
/// Partitions of a topic that is made.
pub(crate) const PARTITIONS_MAX: i32 = 10_000;
/// Bytes of one record's payload; a batch has to stay below what a topic takes unless it is told otherwise (1 MiB).
pub(crate) const RECORD_BYTES_MAX: usize = 1_000_000;
/// Bytes of one batch.
pub(crate) const BATCH_BYTES_MAX: usize = 64 << 20;
/// Records of one HTTP request: what the door takes as one body of JSON.
pub(crate) const REQUEST_RECORDS_MAX: usize = 10_000;
/// Bytes of one HTTP request's body (2 MiB).
pub(crate) const BODY_BYTES_MAX: usize = 2 << 20;
/// Bytes of one answer of a Kafka broker.
pub(crate) const ANSWER_BYTES_MAX: u32 = 256 << 20;
/// Bytes of one HTTP answer's head and body.
pub(crate) const HTTP_ANSWER_BYTES_MAX: usize = 64 << 20;
/// Bytes that one fetch asks for over all of its partitions: what Kafka's consumers ask for.
pub(crate) const FETCH_BYTES_MAX: i32 = 50 << 20;
/// Bytes of content that a batch may have once it is inflated.
pub(crate) const INFLATED_BYTES_MAX: usize = 256 << 20;
/// Bytes of one value in the configuration store.
pub(crate) const VALUE_BYTES_MAX: u64 = 8 << 20;
/// Namespaces that a load spreads its keys over.
pub(crate) const NAMESPACES_MAX: u64 = 100_000;
/// Watchers of one key.
pub(crate) const WATCHERS_MAX: u64 = 100_000;
/// Watches that are opened at once.
pub(crate) const WATCHES_OPENED_AT_ONCE: usize = 100;
/// Connections that a node takes which is started for a load on the configuration store: more than a door takes by default.
pub(crate) const NODE_CONNECTIONS_MAX: u64 = 2 * WATCHERS_MAX;
/// Nodes that are started for one run.
pub(crate) const NODES_MAX: u32 = 7;
/// Runs of each target.
pub(crate) const RUNS_MAX: u32 = 1_000;

/// How long a connection may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one answer may take, where it is no part of the load.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long answers may come after the last request.
pub(crate) const GRACE: Duration = Duration::from_secs(30);
/// The pause after a refusal, where nothing is said of how long: a server in trouble is not to be shouted at.
pub(crate) const REFUSED_PAUSE: Duration = Duration::from_millis(20);
/// How long reading may go without anything new.
pub(crate) const STALLED: Duration = Duration::from_secs(60);
/// How long a new topic may take until each of its partitions has a leader.
pub(crate) const LEADERS_WITHIN: Duration = Duration::from_secs(30);
/// How long a node that was started may take until it serves.
pub(crate) const NODE_READY: Duration = Duration::from_secs(60);
/// The same for a peer: Java on a busy machine takes its time.
pub(crate) const PEER_READY: Duration = Duration::from_secs(180);
/// How long an import may take until it is there.
pub(crate) const IMPORT_TIMEOUT: Duration = Duration::from_secs(900);
/// How long a snapshot may take.
pub(crate) const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(900);
/// How often something that is waited for is asked about.
pub(crate) const ASKED_EVERY: Duration = Duration::from_millis(50);
/// How often the servers' memory is looked at, and the progress line is drawn.
pub(crate) const LOOKED_EVERY: Duration = Duration::from_millis(200);
/// Milliseconds that a broker may take for a write (Kafka's `request.timeout.ms`).
pub(crate) const REQUEST_TIMEOUT_MS: i32 = 30_000;
/// Milliseconds that a fetch may wait at the end of a partition.
pub(crate) const FETCH_WAIT_MS: i32 = 500;
/// The longest pause that a `Retry-After` is honoured with.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);
/// The longest latency that is told apart, in microseconds.
pub(crate) const LATENCY_US_MAX: u64 = 600_000_000;
