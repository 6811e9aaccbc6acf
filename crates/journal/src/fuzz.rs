//! The decoders over arbitrary bytes, for fuzzing: the bytes are taken as a segment file, walked, inspected and recovered. Whatever
//! they are, the answer is a recovered journal or an error, never a panic, and memory stays in proportion to the bytes.

use std::sync::Arc;

use base::{Disk, DiskFile, disk::MemoryDisk};

use crate::{Journal, Options, inspect::Inspection, segment::segment_name};

/// More bytes than this are not looked at.
pub const FUZZ_BYTES_MAX: usize = 256 * 1024;

/// Takes `data` as segment 1 of a journal, and its halves as segments 1 and 2.
pub fn fuzz(data: &[u8]) {
    let data = &data[..data.len().min(FUZZ_BYTES_MAX)];
    try_segments(&[data]);
    let half = data.len() / 2 / 4096 * 4096;
    try_segments(&[&data[..half], &data[half..]]);
}

fn try_segments(segments: &[&[u8]]) {
    let disk = MemoryDisk::new();
    for (at, bytes) in segments.iter().enumerate() {
        if write(&disk, &segment_name(at as u64 + 1), bytes).is_err() {
            return;
        }
    }
    if let Ok(inspection) = Inspection::open(&disk) {
        let summary = inspection.summary();
        assert!(summary.bytes <= FUZZ_BYTES_MAX as u64, "more writes than bytes");
        for row in inspection.segments().unwrap_or_default() {
            let writes = inspection.writes(row.number).map(Iterator::count).unwrap_or(0);
            assert!(writes as u64 <= row.bytes.div_ceil(4096), "more writes than blocks");
        }
    }
    let options = Options { segment_bytes: 64 * 1024, tail_bytes: 4096, write_bytes_max: 4096, reserve_bytes: 0 };
    if let Ok((journal, writer)) = Journal::open(Arc::new(disk), options) {
        for shard in journal.shards() {
            let Ok(entries) = journal.read(shard, 0, u64::MAX, FUZZ_BYTES_MAX) else { continue };
            let bytes: usize = entries.iter().map(|entry| entry.payload.len()).sum();
            assert!(bytes <= FUZZ_BYTES_MAX, "more payload than bytes");
        }
        drop(writer);
    }
}

fn write(disk: &MemoryDisk, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let file: Box<dyn DiskFile> = disk.open(name, true)?;
    file.write_at(bytes, 0)?;
    file.sync_data()?;
    disk.sync_dir()
}
