//! The limits of the porch and of HTTP, in one place, units last.

use std::time::Duration;

/// Connections open at once on one door, unless configured.
pub const CONNECTIONS_MAX: usize = 10_000;

/// New connections in one second on one door; more wait in the kernel's queue.
pub const ACCEPTS_PER_SECOND_MAX: u32 = 2_000;

/// How long a new connection may stay silent.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take nothing of what it is owed.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a TLS handshake may take, the wait for its turn included.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// TLS handshakes that run at once on one door; more wait for their turn. Each may hold about 100 KB.
pub const HANDSHAKES_MAX: usize = 512;

/// How often certificates in files are looked at.
pub const CERTIFICATES_LOOK: Duration = Duration::from_secs(5);

/// Bytes of one file with certificates, a key or revocations.
pub const CERTIFICATE_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// TLS sessions that a door keeps for clients that come back, where it asks for no certificates.
pub const SESSIONS_KEPT: usize = 1024;

/// Rules that make principals of certificates' names.
pub const PRINCIPAL_RULES_MAX: usize = 256;

/// Bytes that the compiled pattern of one such rule may take.
pub const PRINCIPAL_PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// The least distance of two log lines about clients that were refused, for each door.
pub const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(1);

/// How long accepting pauses when the process has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long an HTTP request's head may take to arrive.
pub const HTTP_HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Header fields of one HTTP request.
pub const HTTP_HEADERS_MAX: usize = 100;

/// Bytes of one HTTP request's head.
pub const HTTP_HEAD_BYTES_MAX: usize = 96 * 1024;

/// Bytes of an HTTP request's target.
pub const HTTP_TARGET_BYTES_MAX: usize = 32 * 1024;

/// Bytes of an HTTP request's body on routes that take none or little.
pub const HTTP_BODY_BYTES_MAX: u64 = 64 * 1024;

/// How long a health question may take before the answer is "no".
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of one SCRAM message from a client.
pub const SCRAM_MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// Rounds of the key derivation at least and at most, as in Kafka: fewer are guessed too fast, and more let clients keep a
/// processor busy.
pub const SCRAM_ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=16_384;

/// Bytes of the salts that this server draws.
pub const SCRAM_SALT_BYTES: usize = 16;
