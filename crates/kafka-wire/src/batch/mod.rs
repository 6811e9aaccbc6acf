//! Record batches of format 2 (KIP-98): views, checks, walks, and a builder.
//!
//! ```text
//!  0 base offset      i64 | not under the CRC, so a broker can set them without
//!  8 length           i32 | bytes that follow this field
//! 12 leader epoch     i32 | computing it anew
//! 16 magic            i8  = 2
//! 17 CRC-32C          u32   of everything from 21 on
//! 21 attributes       i16   0-2 codec, 3 append time, 4 transactional, 5 control, 6 delete horizon
//! 23 last offset delta i32
//! 27 base timestamp   i64
//! 35 max timestamp    i64
//! 43 producer id      i64
//! 51 producer epoch   i16
//! 53 base sequence    i32
//! 57 record count     i32
//! 61 records, compressed together if there is a codec
//! ```
//!
//! Batches travel and are stored as they came: nothing here ever compresses one again.

mod builder;
mod codec;
mod fault;
mod inflate;
mod patch;
mod records;
mod scan;
mod snappy;
mod validate;
mod view;
mod walk;

#[cfg(test)]
mod tests;

pub use builder::{BatchBuilder, Producer};
pub use codec::Codec;
pub use fault::{Fault, RecordFault, RecordFaultKind};
pub use patch::{set_base_offset, set_log_append_time, set_max_timestamp, set_partition_leader_epoch};
pub use records::{Header, Headers, Record, Records};
pub use validate::{Checked, Rules, validate};
pub use view::{Batch, Place};
pub use walk::Batches;
