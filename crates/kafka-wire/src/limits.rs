//! The codec's own limits, in one place, units last. What an owner chooses is handed in.

/// Tagged fields of one structure, known and unknown. Kafka's own messages have at most four.
pub const TAGS_MAX: u32 = 128;

/// Bytes of one text: what a length of 16 bits can say; longer ones are refused where the length is a varint too, as by Kafka.
pub const TEXT_BYTES_MAX: usize = i16::MAX as usize;

/// Memory that decoded arrays may take for each byte of their message, beside [`DECODED_BYTES_BASE`]. An element on the wire can
/// be one byte where its structure takes two hundred; what clients send takes at most five.
pub const DECODED_BYTES_PER_BYTE: usize = 8;

/// Memory that decoded arrays may take however short the message is.
pub const DECODED_BYTES_BASE: usize = 64 * 1024;

/// Bytes before the records of a batch.
pub const BATCH_HEADER_BYTES: usize = 61;

/// The window of a zstd frame: more than any level below the "ultra" ones asks for.
pub const ZSTD_WINDOW_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How many bytes of content one byte of snappy can stand for: 64 in a copy of three, rounded up.
pub const SNAPPY_RATIO_MAX: usize = 22;

/// Bytes of a compressed batch that are looked at together.
pub const INFLATE_BUFFER_BYTES: usize = 16 * 1024;

/// Faulty records of a batch that are told one by one.
pub const RECORD_FAULTS_MAX: usize = 1_000;
