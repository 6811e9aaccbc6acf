//! The engine's own limits, in one place, units last. What an owner chooses is in [`crate::Settings`].

/// Bytes of output above which no more data is written to it; what is queued waits until some of it was taken.
pub const OUTPUT_BYTES: usize = 256 * 1024;

/// Bytes that one stream takes from its owner before they are written ([`crate::Connection::capacity`]).
pub const QUEUED_BYTES_PER_STREAM: usize = 64 * 1024;

/// CONTINUATION frames of one header block.
pub const CONTINUATIONS_MAX: u32 = 16;

/// By how much a header block may exceed the allowed list of fields before it is not even read to its end: the block is
/// decoded whatever it holds, since the table must stay the same on both sides.
pub const BLOCK_FACTOR: usize = 2;

/// Header fields of one request.
pub const FIELDS_MAX: usize = 128;

/// Frames that ask for work and bring nothing (PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA, unknown ones), until the
/// owner lets the connection rest; what is sent and received meanwhile allows for more.
pub const USELESS_FRAMES_MAX: u32 = 4_096;

/// Useless frames that one frame of data, in either direction, allows for: two window updates and a ping that measures.
pub const USELESS_FRAMES_PER_DATA: u32 = 4;

/// Streams that the other side may take back before they were answered, until the connection rests (CVE-2023-44487). Every
/// answer that is taken allows for one more.
pub const RESETS_MAX: u32 = 1_000;

/// Faults on streams, refused streams among them, until the connection rests.
pub const FAULTS_MAX: u32 = 1_000;

/// Streams that this side ended early and for which frames may still be on their way.
pub const ENDED_EARLY_MAX: usize = 256;
