//! Every limit of this room.

/// Bytes of one record batch at most, its head included. Kafka's brokers take 1 MiB unless told otherwise.
pub const BATCH_BYTES_MAX: usize = 128 << 20;

/// Bytes of one run at most; what goes beyond begins another run of the same partition.
pub const RUN_BYTES_MAX: u32 = 256 << 20;

/// A block of a run ends with the batch that brings it to so many bytes. It is what a read reads and checks at least.
pub const BLOCK_BYTES: u32 = 32 << 10;

/// Runs of one segment at most: its run table is read into memory when it is opened.
pub const RUNS_MAX: u32 = 1 << 20;

/// Bytes that a writer gathers before it writes them.
pub const WRITE_BYTES: usize = 1 << 20;

/// Bytes after which a writer lets the disk begin to write, so that the sync at the end is short.
pub const WRITE_BACK_BYTES: u64 = 4 << 20;

/// Bytes of one read, unless one block alone is larger.
pub const READ_BYTES: u32 = 1 << 20;

/// Bytes of one piece of a segment that is shipped or received.
pub const PIECE_BYTES: usize = 1 << 20;

/// Bytes that one call of `Store::read` gives at most, unless one batch alone is larger, whatever it is asked for.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Runs that one call of `Store::read` looks into at most.
pub const ANSWER_RUNS_MAX: usize = 256;

/// Open files that a store keeps at most.
pub const OPEN_FILES_MAX: usize = 128;

/// Marks of long runs that are kept in memory at most, 24 bytes each.
pub const CACHED_MARKS_MAX: usize = 64 << 10;

/// A run of so many bytes is long enough: it is not merged for its size any more.
pub const LONG_RUN_BYTES: u64 = 1 << 20;

/// Runs, or segments, of like size that make a merge worth while.
pub const FAN: usize = 16;

/// A merge gives at least so many times the size of the largest thing that it rewrites, or something long enough.
pub const GROWTH: u64 = 8;

/// Share of dead bytes in all segments past which live bytes are moved away from them, in percent.
pub const DEAD_PERCENT_MAX: u64 = 30;

/// Bytes that one merge moves at most, unless one run alone is larger.
pub const MERGE_BYTES: u64 = 64 << 20;

/// Bytes that a merge of short runs moves at least: with less at hand it waits.
pub const MERGE_BYTES_MIN: u64 = 8 << 20;

/// A segment with fewer live bytes than this is merged with others, so that there are not many small files.
pub const SMALL_SEGMENT_BYTES: u64 = 4 << 20;
