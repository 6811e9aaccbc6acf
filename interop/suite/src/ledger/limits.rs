//! The clients' settings, in one place.

use std::time::Duration;

/// How long a connection may take to come about.
pub const CONNECT: Duration = Duration::from_secs(1);
/// How long a client waits for an answer, and a broker for a quorum (`request.timeout.ms`).
pub const REQUEST: Duration = Duration::from_secs(2);
/// How long a client rests after a failure (`retry.backoff.ms`).
pub const BACKOFF: Duration = Duration::from_millis(100);
/// Bytes of one answer at most.
pub const FRAME_BYTES_MAX: u32 = 64 << 20;
/// Produce requests that one connection has under way (`max.in.flight.requests.per.connection`).
pub const IN_FLIGHT: usize = 5;
/// Records of one batch at most.
pub const BATCH_RECORDS_MAX: u64 = 5;
/// Bytes of padding in one record at most.
pub const PADDING_BYTES_MAX: u64 = 400;
/// The rest between two looks of a producer, so that the members and not the machine are measured.
pub const PACE: Duration = Duration::from_millis(2);
/// A producer ends, with all that it has under way, once in so many acknowledgements; another one takes its place.
pub const LIFE_ACKNOWLEDGEMENTS: u64 = 1_500;
/// Bytes that a fetch asks for of one partition, and of all.
pub const FETCH_BYTES: i32 = 1 << 20;
/// How long a fetch waits for news.
pub const FETCH_WAIT_MS: i32 = 200;
/// The session timeout of the group's members: the shortest that is taken.
pub const SESSION_MS: i32 = 6_000;
/// How long a member that joins waits for the others.
pub const JOIN: Duration = Duration::from_secs(12);
/// The rest between two heartbeats of a member.
pub const HEARTBEAT: Duration = Duration::from_millis(300);
/// How long everything may take to come to rest once all is healed.
pub const SETTLE: Duration = Duration::from_secs(40);
