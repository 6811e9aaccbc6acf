//! Every bound of this room.

/// Bytes of a key at most: the sorted tables store its length in 16 bits. Whoever writes into a table keeps to it.
pub const KEY_BYTES_MAX: usize = 65_535;
/// Bytes of a value at most: the sorted tables store its length in 32 bits.
pub const VALUE_BYTES_MAX: usize = u32::MAX as usize;

/// Keys that agree in so many first bytes are a family: a key space and the kind of record. A table file holds one family, so
/// that records that only grow are never rewritten for the sake of records that are overwritten beside them.
pub(crate) const FAMILY_BYTES: usize = 5;
/// Table files that one settle or merge may begin for a new family; past it, families share files.
pub(crate) const FAMILY_CUTS_MAX: usize = 64;

/// Layers of young tables over one another that make a merge worth while, unless the options say otherwise.
pub(crate) const MERGE_LAYERS_MIN: usize = 8;
/// As a multiple of those: layers that are merged whatever it costs, since every read looks at all of them.
pub(crate) const MERGE_LAYERS_FACTOR: usize = 3;
/// Bytes of keys and values that one step of merging reads before it stops at the next key, unless the options say otherwise.
pub(crate) const MERGE_STEP_BYTES: u64 = 64 << 20;
/// Bytes of the cache that merging reads through, so that it does not empty the one of the readers.
pub(crate) const MERGE_CACHE_BYTES: u64 = 1 << 20;
/// Dropped ranges still hidden record by record, past which tables that reach into one are rewritten without them.
pub(crate) const HIDDEN_RANGES_MAX: usize = 8;

/// What a change in an overlay takes beside its key and value: its place in the map, and what the allocator adds.
pub(crate) const OVERLAY_ENTRY_BYTES: u64 = 160;

/// Bytes of a table file after which the disk begins to write them, and whoever writes the file may be held back.
pub(crate) const PACE_BYTES: u64 = 4 << 20;

/// Bytes of pairs that a stage gathers before they are handed on to be written; as many wait, and as many are being written
/// beside them.
pub(crate) const STAGE_PIECE_BYTES: usize = 256 << 10;

/// Open table files that a tree keeps at most.
pub(crate) const OPEN_FILES_MAX: usize = 128;

/// Keys of one page that a range takes from an overlay under one hold of its lock.
pub(crate) const PAGE_KEYS_MAX: usize = 256;
/// Keys of the first page, so that a read of a few keys does not pay for many.
pub(crate) const PAGE_KEYS_MIN: usize = 16;
