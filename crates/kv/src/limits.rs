//! Every bound of this room.

/// Bytes of a key at most. The table holds keys of 65,535 bytes, and a zero byte of a superseded version's key takes two.
pub const KEY_BYTES_MAX: usize = 32_000;

/// Keys of one block of the index at most; a block that grows past it is split.
pub(crate) const BLOCK_KEYS_MAX: usize = 256;
/// Keys of one block below which it is joined with a neighbour that has room.
pub(crate) const BLOCK_KEYS_MIN: usize = 64;
/// Keys that a large read looks at under one hold of the lock.
pub(crate) const SLICE_KEYS: usize = 1_000;
/// Keys that a read which refuses the disk looks at under one hold of the lock; larger ones are read in slices.
pub(crate) const WARM_KEYS_MAX: u64 = 4_000;
/// Values above this length share the buffer they came in when they are cached; shorter ones are copied.
pub(crate) const CACHE_SHARE_BYTES_MIN: usize = 256 << 10;
/// What a cached value costs beside its bytes.
pub(crate) const CACHE_ENTRY_BYTES: u64 = 200;
/// The shortest lease in seconds: etcd's answer to its default election timeout.
pub(crate) const LEASE_TTL_SECONDS_MIN: i64 = 2;
/// The longest lease in seconds, as in etcd.
pub(crate) const LEASE_TTL_SECONDS_MAX: i64 = 9_000_000_000;
/// Transactions inside transactions that a decoder follows.
pub(crate) const TXN_DEPTH_MAX: usize = 64;
/// Changes remembered between two samples of how many bytes were written and superseded.
pub(crate) const SPACE_SAMPLE_BYTES: u64 = 1 << 20;
/// Bytes of superseded versions below which reclaiming never pays.
pub(crate) const RECLAIM_DEAD_BYTES_MIN: u64 = 4 << 20;
/// Bytes of superseded versions at which it always does, unless the options say otherwise.
pub(crate) const RECLAIM_DEAD_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a value from which on two looks at the disk cost less than moving it in vain, unless the options say otherwise.
pub(crate) const FOLD_LOOK_BYTES_MIN: usize = 1 << 10;
/// Keys whose values a chunked read gathers at a time.
pub(crate) const CHUNK_KEYS: usize = 256;
/// Revisions that a read of history asks the table for at a time.
pub(crate) const HISTORY_WINDOW_REVISIONS: i64 = 1_000;
