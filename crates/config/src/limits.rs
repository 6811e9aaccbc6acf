//! Every bound of this room.

/// Bytes of a namespace's path at most.
pub const NAMESPACE_BYTES_MAX: usize = 256;
/// Parts of a namespace's path at most.
pub const NAMESPACE_PARTS_MAX: usize = 16;
/// Paths that were ever used, at most: each keeps its ordinals for good.
pub const NAMESPACES_MAX: usize = 100_000;
/// Bytes of a key at most.
pub const KEY_BYTES_MAX: usize = 512;
/// Bytes of a value at most.
pub const VALUE_BYTES_MAX: u64 = 8 << 20;
/// Bytes of a value that may travel in the command that writes it; a larger one travels ahead of it in chunks.
pub const INLINE_BYTES_MAX: usize = 64 << 10;
/// Bytes of a chunk at most: one command is one entry then.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;
/// Bytes of a chunk that a value is cut into: with its head a little less than the part of an entry that is kept for bulky commands,
/// so that chunks travel beside what does not wait for them.
pub const CUT_BYTES: usize = 120 << 10;
/// Chunks of a value at most.
pub const VALUE_CHUNKS_MAX: usize = 128;
/// Bytes of a description at most.
pub const DESCRIPTION_BYTES_MAX: usize = 1_024;
/// Bytes of an owner, and of a principal's name, at most.
pub const NAME_BYTES_MAX: usize = 256;
/// Bytes of a comment at most.
pub const COMMENT_BYTES_MAX: usize = 1_024;
/// Bytes of the id of a request, of an API key, of an idempotency key and of an address, at most.
pub const ID_BYTES_MAX: usize = 128;
/// Versions of a key that a namespace may ask to be kept.
pub const VERSIONS_MAX: u32 = 10_000;
/// Versions of a key that are kept unless its namespace says otherwise.
pub const VERSIONS_KEPT: u32 = 100;
/// Records of a page at most, of the audit trail, of versions and of lists.
pub const PAGE_MAX: usize = 1_000;
/// Parts of an import at most.
pub const IMPORT_PARTS_MAX: u32 = 4_096;
/// Imports under way at most.
pub const IMPORTS_MAX: usize = 64;

/// Bytes of a key's head in the table, and of a node of the tree.
pub(crate) const HASH_BYTES: usize = 32;
/// Nodes of a complete tile, as in C2SP's tlog-tiles, so that tiles can be served as they are.
pub(crate) const TILE_NODES: u64 = 256;
/// The levels of the tree in one tile.
pub(crate) const TILE_LEVELS: u32 = 8;

/// Bytes of imports that are staged, in memory, unless the options say otherwise.
pub(crate) const STAGED_BYTES_MAX: u64 = 256 << 20;
/// What a key takes in memory beside its name, about.
pub(crate) const SLOT_BYTES: u64 = 150;
/// What a staged item takes beside its value, about.
pub(crate) const STAGED_ITEM_BYTES: u64 = 256;
/// Answers that are remembered for requests that come again, unless the options say otherwise.
pub(crate) const ANSWERS_MAX: usize = 50_000;
/// Changes of a transaction whose answer is remembered one by one; of a larger one only its positions are.
pub(crate) const ANSWER_CHANGES_MAX: usize = 100;
/// How long an answer is remembered.
pub(crate) const ANSWER_EXPIRY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long a chunk is kept that no version and no import points at.
pub(crate) const CHUNK_EXPIRY_MS: u64 = 60 * 60 * 1_000;
/// How long an import may take from its beginning to its commit.
pub(crate) const IMPORT_EXPIRY_MS: u64 = 60 * 60 * 1_000;

/// Items of an import that one command checks or writes, unless the options say otherwise.
pub(crate) const IMPORT_SLICE_ITEMS: usize = 500;
/// Imports that are done and remembered, so that a commit that is asked for again is answered.
pub(crate) const FINISHED_MAX: usize = 256;
/// Things of each kind that one command cleans up at most, so that none takes long.
pub(crate) const UPKEEP_PER_APPLY: usize = 4;
/// The same of a command that does nothing else.
pub(crate) const UPKEEP_PER_SWEEP: usize = 1_000;
/// Keys of a deleted namespace whose memory one command gives back.
pub(crate) const BURIED_PER_APPLY: usize = 1_024;
/// Versions of a key that one write drops at most.
pub(crate) const DROPS_PER_PUT: u64 = 64;
/// Versions that one trim drops at most.
pub(crate) const DROPS_PER_TRIM: u64 = 4_096;
/// Changes that are looked at for one trim.
pub(crate) const TRIM_LOOK: usize = 2_000;
/// Keys of deleted namespaces, settled, at which dropping them is worth a settle.
pub(crate) const DROP_KEYS_MIN: u64 = 10_000;
/// Deleted namespaces that one settle drops at most.
pub(crate) const DROPPED_PER_SETTLE: usize = 32;

/// Entries of an index that one page looks at: a page's cost does not grow with history.
pub(crate) const EXAMINED_MAX: usize = 4_096;
/// Times that a list is read anew when what it reads is dropped meanwhile, before it holds up writes.
pub(crate) const LIST_ATTEMPTS: usize = 3;
/// What a cached value costs beside its bytes.
pub(crate) const CACHE_ENTRY_BYTES: u64 = 200;
/// Edits of a text that a difference is searched for; past it the middle is shown as replaced.
pub(crate) const DIFF_EDITS_MAX: usize = 1_000;
/// Equal lines that the search looks at on its way, over all of its paths.
pub(crate) const DIFF_LOOKS_MAX: u64 = 20_000_000;
/// Unchanged lines around a change that a difference shows.
pub(crate) const DIFF_CONTEXT_LINES: usize = 3;
