//! Every limit of the journal, in one place.

/// Writes start on a multiple of this and are padded to it, so that a block that was acknowledged is never written again.
pub const BLOCK_BYTES: u64 = 4096;

/// Records start on a multiple of this inside a write.
pub const RECORD_ALIGN_BYTES: usize = 8;

/// Largest payload of one record.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Smallest segment that makes sense: a head and a few writes.
pub const SEGMENT_BYTES_MIN: u64 = 16 * 1024;

/// The first segment of a new journal is no larger than this, so that a first start does not wait for its zeros.
pub const FIRST_SEGMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Freed segment files that are kept for the next segments; more are removed.
pub const SPARE_SEGMENTS_MAX: usize = 2;

/// Zeros are written in pieces of this size, each synced, so that preparing a segment does not stall the writes beside it.
pub const ZERO_PIECE_BYTES: usize = 4 * 1024 * 1024;

/// A journal that was quiet for so long writes its hints and a closing record.
pub const IDLE_MS: u64 = 250;

/// Used share of the file system from which [`crate::Journal::space`] raises the alarm, in percent.
pub const SPACE_ALARM_PERCENT: u8 = 90;

/// Recovery reads segments through a window of this size.
pub const WINDOW_BYTES: usize = 1024 * 1024;

/// Reads of older entries that lie this close to each other in one segment are done in one call.
pub const READ_RUN_BYTES: usize = 256 * 1024;

/// Distance between writes below which none is kept, in microseconds.
pub const PACE_INTERVAL_MIN_US: u64 = 2_000;

/// The longest distance between writes that is kept, in microseconds.
pub const PACE_INTERVAL_MAX_US: u64 = 25_000;

/// Time of a write below which it has not stalled, in microseconds.
pub const PACE_STALL_MIN_US: u64 = 20_000;

/// Records that come so soon after a write ended, in microseconds, waited for it: clients that are answered ask again.
pub const PACE_BUSY_US: u64 = 5_000;

/// How often a writer that keeps a distance looks whether its next write is full, in milliseconds.
pub const PACE_LOOK_MS: u64 = 2;

/// Bytes that are settled in the time of one of the journal's writes while a distance is kept.
pub const PACE_REST_BYTES: u64 = 2 << 20;
