//! The drawing's examples in `docs/formats/segments.md`, byte by byte.

use std::sync::Arc;

use base::{Disk, disk::MemoryDisk};
use segments::{PartitionKey, SegmentId, SegmentMeta, Store, batch, file_name};

const PAGE: &str = include_str!("../../../docs/formats/segments.md");
const ID: SegmentId = SegmentId { owner: 0xA11CE, sequence: 3 };

/// The bytes of the example under a heading.
fn example(heading: &str) -> Vec<u8> {
    let text = PAGE.split(heading).nth(1).expect("an example");
    let block = text.split("```").nth(1).expect("a block").trim_start_matches("text");
    block.lines().flat_map(|line| line.split("  #").next().unwrap_or("").split_whitespace()).map(byte).collect()
}

fn byte(digits: &str) -> u8 {
    u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("{digits} is no byte"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.chunks(8).map(|row| row.iter().map(|b| format!("{b:02x} ")).collect::<String>() + "\n").collect()
}

/// A run of one batch, and one of two blocks: the first block is one batch of 32 KiB.
fn written() -> (Vec<u8>, SegmentMeta) {
    let disk = MemoryDisk::new();
    let store = Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
    let mut writer = store.writer(ID).expect("begins");
    let (first, second) = (PartitionKey::new(0x70, 0), PartitionKey::new(0x70, 1));
    writer.push(first, 258, 259, 1000, &batch::sample(258, 2, 1000, 5, b"ab")).expect("writes");
    writer.push(second, 0, 0, 2000, &batch::sample(0, 1, 2000, 5, &[0; 32_768 - 61])).expect("writes");
    writer.push(second, 1, 2, 1500, &batch::sample(1, 2, 1500, 5, b"cd")).expect("writes");
    let meta = writer.finish().expect("finishes").expect("has runs");
    let file = disk.open(&file_name(ID), false).expect("opens");
    let mut bytes = vec![0; meta.length as usize];
    file.read_at(&mut bytes, 0).expect("reads");
    (bytes, meta)
}

#[test]
fn the_drawing_is_what_is_written() {
    let (bytes, meta) = written();
    let marks_at = 32 + meta.data_bytes as usize;
    let shown = [&bytes[..32 + 63], &bytes[marks_at..]].concat();
    assert_eq!(example("## Example"), shown, "the file is\n{}", hex(&shown));
}

#[test]
fn a_commits_record_is_as_drawn() {
    let (_, meta) = written();
    assert_eq!(example("## Example of a record"), meta.encode(), "the record is\n{}", hex(&meta.encode()));
}
