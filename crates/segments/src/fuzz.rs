//! The decoders over arbitrary bytes, for fuzzing: the bytes are taken as a segment file, opened, read, verified and merged. Whatever
//! they are, the answer is batches or an error, never a panic, and memory stays in proportion to the bytes.

use std::sync::Arc;

use base::{Disk, Kind, disk::MemoryDisk};

use crate::{
    PartitionKey, PlanOptions, SegmentId, SegmentMeta, Store, file_name,
    format::{HEADER_BYTES, RUN_BYTES, TRAILER_BYTES, encode_header, seal},
    inspect,
};

/// More bytes than this are not looked at.
pub const FUZZ_BYTES_MAX: usize = 1 << 20;

/// The id of the segment as which bytes are taken.
pub const FUZZ_ID: SegmentId = SegmentId { owner: 1, sequence: 1 };

/// Takes `data` as the file of a segment and as a commit's record, as it is and with right checksums.
pub fn fuzz(data: &[u8]) {
    let data = &data[..data.len().min(FUZZ_BYTES_MAX)];
    if let Ok(meta) = SegmentMeta::decode(data) {
        assert_eq!(meta.encode(), data, "what is decoded is encoded to the same");
    }
    try_file(data);
    try_file(&sealed(data));
}

/// The same bytes with a right header, and a trailer and a run table whose checksums and places are right: so that what those would
/// have kept out is reached too.
pub fn sealed(data: &[u8]) -> Vec<u8> {
    let mut out = data.to_vec();
    if out.len() < HEADER_BYTES + TRAILER_BYTES {
        return out;
    }
    out[..HEADER_BYTES].copy_from_slice(&encode_header(FUZZ_ID));
    let (length, at) = (out.len(), out.len() - TRAILER_BYTES);
    let runs = u32::from_le_bytes(out[at + 56..at + 60].try_into().expect("four bytes")) as usize;
    let runs = runs.min((at - HEADER_BYTES) / RUN_BYTES);
    let table_at = at - runs * RUN_BYTES;
    let table_check = crc32c::crc32c(&out[table_at..at]);
    let head = encode_header(FUZZ_ID);
    out[at + 8..at + HEADER_BYTES].copy_from_slice(&head[8..]);
    out[at + 40..at + 48].copy_from_slice(&(table_at as u64).to_le_bytes());
    out[at + 48..at + 56].copy_from_slice(&(length as u64).to_le_bytes());
    out[at + 56..at + 60].copy_from_slice(&(runs as u32).to_le_bytes());
    out[at + 60..at + 64].copy_from_slice(&table_check.to_le_bytes());
    out[at + 68..].fill(0);
    seal(&mut out[at..]);
    out
}

fn try_file(bytes: &[u8]) {
    let disk = MemoryDisk::new();
    let written = disk.open(&file_name(FUZZ_ID), true).and_then(|file| file.write_at(bytes, 0));
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let (Ok(()), Ok(found)) = (written, inspect::segments(&*disk)) else { return };
    // What a file says of itself may be believed no further than by opening it.
    let metas: Vec<SegmentMeta> = found.into_iter().filter_map(|(_, meta)| meta.ok()).collect();
    let runs = inspect::runs(&*disk, FUZZ_ID).unwrap_or_default();
    assert!(runs.len() <= bytes.len() / RUN_BYTES, "more runs than bytes");
    let is_whole = inspect::check(&disk, FUZZ_ID).is_ok();
    let Ok(store) = Store::open(disk, metas) else { return };
    for run in &runs {
        let whole = read_run(&store, run.partition, run.base_offset, run.last_offset);
        assert!(whole || !is_whole, "what was verified is read");
        let _ = store.first_at_or_after_timestamp(run.partition, i64::MIN, run.max_timestamp);
        store.set_log_start(run.partition, run.base_offset + (run.last_offset - run.base_offset) / 2);
    }
    let options = PlanOptions { dead_percent_max: 0, bytes_min: 0, ..PlanOptions::default() };
    let Ok(plan) = store.plan(&options) else { return };
    let merged = store.merge(&plan, SegmentId { owner: 1, sequence: 2 }).and_then(|merger| merger.finish());
    let Ok(merged) = merged else { return };
    let adopted = store.adopt(merged.added.as_slice(), &merged.removed);
    assert!(adopted.is_ok(), "what was merged is sound: {adopted:?}");
}

/// Reads a run to its end; whether that went well.
fn read_run(store: &Store, partition: PartitionKey, base_offset: i64, last_offset: i64) -> bool {
    let mut offset = base_offset;
    while offset <= last_offset {
        match store.read(partition, offset, FUZZ_BYTES_MAX, true) {
            Ok(chunks) => {
                let Some(last) = chunks.last() else { return false };
                assert!(last.last_offset >= offset, "a read gets on");
                offset = last.last_offset + 1;
            }
            Err(error) => {
                assert!(matches!(error.kind, Kind::Corrupt | Kind::Unavailable), "{error}");
                return false;
            }
        }
    }
    true
}
