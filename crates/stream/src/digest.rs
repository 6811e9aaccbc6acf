//! What replicas compare.
//!
//! A digest of the table's changes is chained while they are applied. Records of partitions and producers change with every
//! append and are put into the table only when it is sealed. So their part of the digest is fed here, at each change, and putting
//! them later feeds nothing: replicas that settle at other times have the same digest.

use table::Table;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

fn chained(digest: u64, check: u64) -> u64 {
    (digest.rotate_left(29) ^ check).wrapping_mul(FACTOR)
}

/// A partition's chain with one more batch in it.
pub(crate) fn chained_batch(chain: u64, crc: u32, length: usize) -> u64 {
    chained(chain, u64::from(crc) << 32 | (length as u64 & 0xffff_ffff))
}

/// Feeds what a change left behind.
pub(crate) fn feed(table: &Table, what: &[u8], beside: &[u8]) {
    let check = u64::from(crc32c::crc32c(what)) << 32 | u64::from(crc32c::crc32c(beside));
    table.set_digest(chained(table.digest(), check));
}

/// Changes the table without feeding the digest.
pub(crate) fn quietly(table: &Table, change: impl FnOnce(&Table)) {
    let digest = table.digest();
    change(table);
    table.set_digest(digest);
}
