//! What the client of the Kafka door allows itself, in one place, units last.

use std::time::Duration;

/// How long a connection may take to be made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may take: more than any request may wait at the server.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// How long the server may take over a change, in milliseconds.
pub(super) const REQUEST_TIMEOUT_MS: i32 = 30_000;

/// How long something is repeated that passes by itself: a leader that is being elected, a broker that begins anew.
pub(super) const RETRY_FOR: Duration = Duration::from_secs(30);

/// How long is waited before something is repeated, at first; each time twice as long, up to the next one.
pub(super) const RETRY_WAIT_MIN: Duration = Duration::from_millis(50);

/// How long is waited at most before something is repeated.
pub(super) const RETRY_WAIT_MAX: Duration = Duration::from_secs(1);

/// Bytes of one answer. A Fetch may carry one batch more than was asked for, as large as the topic allows.
pub(super) const ANSWER_BYTES_MAX: u32 = 160 << 20;

/// Bytes that one Fetch asks of a broker.
pub(super) const FETCH_BYTES: i32 = 16 << 20;

/// Bytes that one Fetch asks of a partition.
pub(super) const FETCH_PARTITION_BYTES: i32 = 1 << 20;

/// How long a Fetch waits at the server when there is nothing, in milliseconds.
pub(super) const FETCH_WAIT_MS: i32 = 500;

/// Bytes of a batch's records once inflated.
pub(super) const INFLATED_BYTES_MAX: usize = 256 << 20;

/// Bytes of the records of one batch, before they are compressed: a batch is below Kafka's `max.message.bytes`, 1 MiB, unless one
/// record alone is not.
pub(super) const BATCH_BYTES: usize = 960 << 10;

/// Bytes of the records that are sent together, over all partitions.
pub(super) const ROUND_BYTES: usize = 8 << 20;

/// Bytes of one line of input.
pub(super) const LINE_BYTES_MAX: usize = 64 << 20;

/// Bytes of lines that are handed on together.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

/// Chunks of lines that are read ahead.
pub(super) const CHUNKS_MAX: usize = 16;

/// How often a person's wish to stop is looked for while there is nothing else to do.
pub(super) const IDLE_TICK: Duration = Duration::from_millis(100);

/// How long a group waits for a sign of life from its member, in milliseconds.
pub(super) const SESSION_TIMEOUT_MS: i32 = 30_000;

/// How often a member gives a sign of life.
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);

/// How often a member commits what it has written.
pub(super) const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

/// How often `--watch` looks.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_secs(1);
