//! The limits of records over HTTP, in one place. Those of connections and heads are the porch's ([`gate::limits`]).

use std::time::Duration;

/// Bytes of a JSON body with records.
pub const RECORDS_BODY_BYTES_MAX: usize = 2 << 20;

/// Records of one JSON body: what is parsed of them takes about as much memory as the body may.
pub const RECORDS_IN_JSON_MAX: usize = 10_000;

/// Bytes of one line of NDJSON, and of one body that is a single record.
pub const LINE_BYTES_MAX: usize = 2 << 20;

/// Records of one NDJSON request: its answer names each of them.
pub const RECORDS_IN_LINES_MAX: usize = 1_000_000;

/// Bytes of NDJSON after which what was read becomes batches.
pub const WINDOW_BYTES: usize = 256 << 10;

/// Windows of one NDJSON request under way at once; then it is not read any more.
pub const WINDOWS_MAX: usize = 4;

/// Topics that the records of one request may name.
pub const TOPICS_IN_REQUEST_MAX: usize = 256;

/// Bytes of records that one node has under way for all requests; then it answers 429.
pub const UNDER_WAY_BYTES_MAX: usize = 64 << 20;

/// What a request counts for beside its bytes.
pub const REQUEST_OVERHEAD_BYTES: usize = 4 << 10;

/// How long the next piece of a body may take.
pub const BODY_STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a body that is not streamed may take in all.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a stream that is being read waits for room.
pub const ROOM_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a batch may take to be acknowledged; then its outcome is unknown. Shorter than the hall's own patience.
pub const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(6);

/// Partitions that one request may make of a topic.
pub const PARTITIONS_MAX: u32 = 100_000;

/// Bytes of records that a read gives if it does not say.
pub const READ_BYTES: usize = 1 << 20;

/// Bytes of records that a read gives at most.
pub const READ_BYTES_MAX: usize = 8 << 20;

/// Bytes of records that all reads of one node give at once; then it answers 429.
pub const READS_BYTES_MAX: usize = 64 << 20;

/// Bytes of a batch once inflated, at most, for a reader.
pub const READ_INFLATED_BYTES_MAX: usize = 16 << 20;

/// How long a read may wait for records.
pub const READ_WAIT_MAX: Duration = Duration::from_secs(30);

/// Reads that wait at once; then more are answered 429.
pub const READS_WAITING_MAX: usize = 10_000;

/// Headers of one record.
pub const HEADERS_IN_RECORD_MAX: usize = 1_000;

/// Different problems that one NDJSON request may have; then the rest of it is not read.
pub const PROBLEMS_IN_REQUEST_MAX: usize = 1_000;

/// Records of an answer that are written at once.
pub const ANSWER_RECORDS: usize = 1_000;

/// Bytes of a body with a value: as JSON it may take more than the value has.
pub const VALUE_BODY_BYTES_MAX: usize = 17 << 20;

/// Bytes of a body with a transaction; a transaction is one entry of the log.
pub const TRANSACTION_BODY_BYTES_MAX: usize = 4 << 20;

/// Bytes of a body that says little.
pub const SMALL_BODY_BYTES_MAX: usize = 64 << 10;

/// Bytes of values under way to the configuration store, over all requests of one node; then it answers 429.
pub const STORE_BYTES_MAX: usize = 192 << 20;

/// Bytes of answers of the configuration store under way at once that are larger than usual; then it answers 429.
pub const STORE_READS_BYTES_MAX: usize = 128 << 20;

/// Bytes of a large answer that are handed on at once.
pub const PIECE_BYTES: usize = 128 << 10;

/// How long a request may wait for a change.
pub const STORE_WAIT_MAX: Duration = Duration::from_secs(300);

/// Watches and waits at once on one node; then more are answered 429.
pub const STORE_WATCHERS_MAX: usize = 100_000;

/// Things of a page if the request does not say, where a list has pages by itself.
pub const STORE_PAGE: usize = 100;

/// Records of the audit trail of a page if the request does not say.
pub const AUDIT_PAGE: usize = 50;

/// Bytes of values with which a list is answered in one piece; a longer one is sent version by version.
pub const LIST_BYTES: u64 = 1 << 20;

/// Keys whose values a long list reads at once.
pub const LIST_KEYS: usize = 64;

/// Records of refused attempts that a node writes to the audit trail: a second, and at once.
pub const REFUSALS_AUDITED: (u32, u32) = (5, 50);

/// Bytes of an API key's text, or of a name and a password in Base64, at most.
pub const KEY_TEXT_BYTES_MAX: usize = 4_096;

/// Bytes of the text of a key that people chose, at least and at most.
pub const FIXED_KEY_BYTES: std::ops::RangeInclusive<usize> = 8..=512;

/// How long who shows a wrong key or password waits for the answer.
pub const WRONG_KEY_DELAY: Duration = Duration::from_millis(100);

/// How often one who was not let in is logged.
pub const REFUSAL_LOGGED_EVERY: Duration = Duration::from_secs(1);

/// Passwords that are computed at once; each takes milliseconds of a processor.
pub const PASSWORDS_AT_ONCE_MAX: usize = 2;

/// Passwords that wait for that; then more are answered 429.
pub const PASSWORDS_WAITING_MAX: usize = 256;

/// How long a password waits for that.
pub const PASSWORD_WAIT_MAX: Duration = Duration::from_secs(5);

/// Passwords that were right and are remembered.
pub const PASSWORDS_REMEMBERED_MAX: usize = 1_024;

/// How long a key's former secret may be good beside its new one.
pub const GRACE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Keys of one page of their list.
pub const KEYS_PER_PAGE_MAX: usize = 1_000;

/// Bytes of a body about keys, and of all of those that are read at once.
pub const KEYS_BODY_BYTES_MAX: usize = 64 << 10;
/// See [`KEYS_BODY_BYTES_MAX`].
pub const KEYS_BODIES_BYTES_MAX: usize = 4 << 20;

/// Bytes of recent changes that are kept for watchers.
pub const WATCH_RING_BYTES: usize = 32 << 20;

/// Recent changes that are kept for watchers.
pub const WATCH_RING_EVENTS: usize = 16_384;

/// Changes that are read at once for watchers.
pub const WATCH_EVENTS_AT_ONCE: usize = 256;

/// Changes that one watcher reads from history at once.
pub const WATCH_HISTORY_EVENTS: usize = 100;

/// Watchers that read from history at once.
pub const WATCH_READERS_MAX: usize = 4;

/// How often a watch without changes says that it is still there.
pub const WATCH_HEARTBEAT: Duration = Duration::from_secs(15);

/// Keys of one import.
pub const IMPORT_ITEMS_MAX: usize = 1_000_000;

/// Keys, and bytes of values, with which a part of an import is staged.
pub const IMPORT_PART_ITEMS: usize = 500;
/// See [`IMPORT_PART_ITEMS`].
pub const IMPORT_PART_BYTES: usize = 256 << 10;

/// Parts of one import that are proposed and not yet staged.
pub const IMPORT_PARTS_UNDER_WAY_MAX: usize = 8;

/// How long a part that came before its turn comes again.
pub const IMPORT_PART_BEHIND_MAX: Duration = Duration::from_secs(2);

/// How long an import may take to become visible once it is staged.
pub const IMPORT_PUBLISH_MAX: Duration = Duration::from_secs(120);

/// Bytes of a value of which differences are shown.
pub const DIFF_BYTES_MAX: u64 = 1 << 20;
