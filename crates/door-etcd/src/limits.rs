//! The door's limits, in one place, units last. Where etcd has a limit it is etcd's default.

use std::time::Duration;

/// Bytes of one request that goes through the log, counted as etcd counts them.
pub const REQUEST_BYTES_MAX: usize = 1536 * 1024;

/// Bytes by which a message may exceed [`REQUEST_BYTES_MAX`] before it is not even received.
pub const MESSAGE_OVERHEAD_BYTES: usize = 512 * 1024;

/// What etcd's envelope around a logged request adds to its size: a header with an id, a tag and a length.
pub const ENVELOPE_BYTES: usize = 18;

/// Operations in one level of a transaction, and along a path of nested ones.
pub const TXN_OPS_MAX: usize = 128;

/// Greatest TTL of a lease, in seconds.
pub const LEASE_TTL_SECONDS_MAX: i64 = 9_000_000_000;

/// Streams open at once on one connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 200;

/// Flow-control window of one stream.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// Flow-control window of one connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Greatest HTTP/2 frame taken.
pub const FRAME_BYTES_MAX: u32 = 64 * 1024;

/// Bytes of one request's header fields.
pub const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;

/// Bytes taken off a connection at once.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Bytes of memory that a connection keeps for what it reads while there is nothing to read.
pub const INPUT_BYTES_KEPT: usize = 8 * 1024;

/// Places for calls that a connection keeps when it rests.
pub const PLACES_KEPT: usize = 8;

/// Bytes that wait for the client, above which nothing more is read from it. More than the engine's own limit for data, so that
/// a client that takes large answers slowly is still heard.
pub const OUTPUT_BYTES_WHILE_READING: usize = 2 * http2::limits::OUTPUT_BYTES;

/// Rounds of reading, calling and writing that a connection may have before others have their turn.
pub const ROUNDS_PER_TURN: usize = 16;

/// How often a silent connection is asked for a sign of life, and how long the sign may take.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// See [`KEEPALIVE_INTERVAL`].
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the first bytes of a connection, those that tell HTTP/2 from HTTP/1, may take to arrive.
pub const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the one message of a unary request may take to arrive.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of unfinished messages that one connection may make this side hold.
pub const UNFINISHED_BYTES_PER_CONNECTION: usize = 8 * 1024 * 1024;

/// Bytes of large answers that one connection's client may leave untaken; further ones are encoded when it took some.
pub const UNTAKEN_BYTES_PER_CONNECTION: usize = 64 * 1024 * 1024;

/// How often a connection may be looked after (every 10 to 20 s) while its client gives a finished answer no window at all.
pub const UNTAKEN_RESTS_MAX: u32 = 4;

/// Bytes of one answer; gRPC's own limit.
pub const ANSWER_BYTES_MAX: usize = i32::MAX as usize;

/// Watches that the streams of one connection may have open together.
pub const WATCHES_PER_CONNECTION_MAX: usize = 100_000;

/// Bytes of one part of a streamed range, about.
pub const RANGE_PART_BYTES: usize = 256 * 1024;

/// Parts of a streamed answer that wait for the client.
pub const PARTS_WAITING_MAX: usize = 2;

/// Bytes of one piece of a snapshot stream.
pub const SNAPSHOT_PIECE_BYTES: usize = 64 * 1024;

/// Bytes of small stream messages that are gathered into one frame.
pub const GATHERED_BYTES: usize = 16 * 1024;

/// How often it is looked whether the key space has a leader, for streams that require one: about every election timeout.
pub const LEADER_LOOK: Duration = Duration::from_millis(400);

/// Looks in a row that find no leader, after which such streams end; etcd's number.
pub const LEADERLESS_LOOKS_MAX: u32 = 3;

/// How long the answer to the removal of a member waits until it has left every shard.
pub const MEMBER_GONE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long requests in flight may take to finish when the door closes.
pub const CLOSE_GRACE: Duration = Duration::from_secs(5);
