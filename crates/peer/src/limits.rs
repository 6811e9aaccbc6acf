//! The limits of the transport, in one place, units last.
//!
//! What one connection may hold in memory is the sum of: bytes waiting to be written ([`OUTBOX_FRAMES`] and
//! [`CONTROL_FRAMES_MAX`] small frames), answers owed ([`ANSWERS_OWED_BYTES_MAX`]), calls being served
//! ([`CALLS_SERVED_BYTES_MAX`]), messages of streams that nobody took yet ([`UNREAD_BYTES_MAX`]), and one frame that is arriving.

use std::time::Duration;

/// Bytes of a frame's body on the channel for small messages.
pub const SMALL_FRAME_BYTES_MAX: usize = 256 * 1024;

/// What a body may carry above its payload: heads of the layer above.
pub const FRAME_OVERHEAD_BYTES: usize = 64 * 1024;

/// Bytes of a frame's body on the channels for log entries and for forwarded requests.
pub const LARGE_FRAME_BYTES_MAX: usize = 16 * 1024 * 1024 + FRAME_OVERHEAD_BYTES;

/// Bytes of a frame's body on the channel for snapshots.
pub const SNAPSHOT_FRAME_BYTES_MAX: usize = 1024 * 1024 + FRAME_OVERHEAD_BYTES;

/// How long a handshake may take, TLS included.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of one handshake message behind its head.
pub const HANDSHAKE_BYTES_MAX: usize = 512;

/// Bytes of a node's name and of a refusal's text in a handshake.
pub const HANDSHAKE_TEXT_BYTES_MAX: usize = 255;

/// How often a connection is asked whether it lives.
pub const PING_INTERVAL: Duration = Duration::from_secs(2);

/// After how long a silent connection is closed.
pub const SILENCE_MAX: Duration = Duration::from_secs(6);

/// The wait before the second dial to a peer that does not answer; it doubles from there.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);

/// The longest wait between two dials.
pub const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Arrivals of peers that a waiting dialler may lag behind before it takes any for the one it waits for.
pub const ARRIVALS_KEPT: usize = 64;

/// Connections from peers open at once.
pub const ACCEPTED_MAX: usize = 256;

/// Handshakes that run at once on the accepting side.
pub const HANDSHAKES_MAX: usize = 64;

/// How long accepting pauses when the process has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Frames of the largest size that may wait to be written on one connection, or as many bytes of smaller ones.
pub const OUTBOX_FRAMES: usize = 2;

/// Credits, refusals and other frames without a payload that wait to be written: a peer that makes more of them than it takes
/// is cut off.
pub const CONTROL_FRAMES_MAX: usize = 4096;

/// What a frame counts beside its body.
pub const FRAME_COST_BYTES: usize = 64;

/// Frames up to this size together go out in one write.
pub const WRITE_BYTES: usize = 256 * 1024;

/// Bodies from this size on are written, and given to who reads them, without a copy.
pub const COPY_BYTES_MAX: usize = 32 * 1024;

/// Room for one read.
pub const READ_BYTES: usize = 64 * 1024;

/// Calls of one connection being served at once; one more is answered `Overloaded`.
pub const CALLS_SERVED_MAX: usize = 1024;

/// Bytes of requests being served at once on one connection; a call that would pass them is answered `Overloaded`.
pub const CALLS_SERVED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of answers that one connection may owe.
pub const ANSWERS_OWED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Streams of one connection open at once.
pub const STREAMS_MAX: usize = 64;

/// Bytes that a stream's sender may have on the way, unless the options say otherwise.
pub const STREAM_CREDIT_BYTES: usize = 4 * 1024 * 1024;

/// The least credit that makes sense: half of it must hold what a frame counts.
pub const STREAM_CREDIT_BYTES_MIN: usize = 4 * 1024;

/// Bytes of messages that one connection's streams may hold unread; beyond them the connection is not read.
pub const UNREAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long an ending connection may take to say goodbye.
pub const GOODBYE_TIMEOUT: Duration = Duration::from_millis(200);

/// The longest that a call may wait for its answer.
pub const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
