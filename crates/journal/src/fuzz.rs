//! The decoders over arbitrary bytes, for fuzzing: the bytes are taken as a segment file, walked, inspected and recovered. Whatever
//! they are, the answer is a recovered journal or an error, never a panic, and memory stays in proportion to the bytes.

use std::sync::Arc;

use base::{Disk, DiskFile, disk::MemoryDisk};

use crate::{
    Journal, Options,
    format::{
        FLAG_HEAD, MAGIC, Place, RECORD_HEADER_BYTES, RecordHeader, VERSION, WRITE_HEADER_BYTES, WriteHeader, header_check,
        record_bytes, record_crc,
    },
    inspect::Inspection,
    limits::BLOCK_BYTES,
    segment::segment_name,
};

/// More bytes than this are not looked at.
pub const FUZZ_BYTES_MAX: usize = 256 * 1024;

/// Takes `data` as segment 1 of a journal, and its halves as segments 1 and 2.
pub fn fuzz(data: &[u8]) {
    let data = &data[..data.len().min(FUZZ_BYTES_MAX)];
    try_segments(&[data]);
    let half = data.len() / 2 / 4096 * 4096;
    try_segments(&[&data[..half], &data[half..]]);
    try_segments(&[&sealed(data)]);
}

/// The same bytes as a chain of writes with right CRCs and places, as far as they look like writes: so that what a CRC would
/// have kept out is reached too.
fn sealed(data: &[u8]) -> Vec<u8> {
    let mut out = data.to_vec();
    let (mut offset, mut number, mut previous_crc) = (0, 1, 0);
    while offset + WRITE_HEADER_BYTES <= out.len() && out[offset..offset + 4] == MAGIC {
        let (head, place) = (&mut out[offset..], Place { owner: 0, segment: 1, offset: offset as u64 });
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        let crc = crc32c::crc32c(&head[8..WRITE_HEADER_BYTES]);
        head[4..8].copy_from_slice(&crc.to_le_bytes());
        let Ok(found) = WriteHeader::decode(head) else { break };
        let flags = if offset == 0 { FLAG_HEAD } else { 0 };
        let mut header = WriteHeader { flags, number, segment: 1, offset: offset as u64, owner: 0, previous_crc, ..found };
        (header.length, header.records, header.records_crc) = seal_records(head, place, number, found.length as usize);
        previous_crc = header.encode(head);
        offset += header.write_bytes() as usize;
        number += 1;
    }
    out
}

/// Gives the records of a write their CRCs; their bytes, their count and their common CRC.
fn seal_records(write: &mut [u8], place: Place, number: u64, length: usize) -> (u32, u32, u32) {
    let (mut at, mut count, mut all) = (WRITE_HEADER_BYTES, 0, 0);
    let end = write.len().min(WRITE_HEADER_BYTES + length);
    while at + RECORD_HEADER_BYTES <= end {
        write[at + 16..at + 24].copy_from_slice(&number.to_le_bytes());
        let Some(record) = RecordHeader::decode(&write[at..end]) else { break };
        let payload_end = at + RECORD_HEADER_BYTES + record.length as usize;
        let next = at + record_bytes(record.length as usize);
        if next > end {
            break;
        }
        let place = Place { offset: place.offset + at as u64, ..place };
        let check = header_check(place, &write[at..]);
        write[at + 6..at + 8].copy_from_slice(&check.to_le_bytes());
        let crc = record_crc(place, &write[at..payload_end]);
        write[at..at + 4].copy_from_slice(&crc.to_le_bytes());
        write[payload_end..next].fill(0);
        all = crc32c::crc32c_append(all, &crc.to_le_bytes());
        count += 1;
        at = next;
    }
    let padded = at.next_multiple_of(BLOCK_BYTES as usize).min(write.len());
    write[at..padded].fill(0);
    ((at - WRITE_HEADER_BYTES) as u32, count, all)
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
