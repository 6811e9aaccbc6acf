//! The drawing's example in `docs/formats/journal.md`, byte by byte.

use std::sync::Arc;

use base::{Disk, EntryId, ShardId, disk::MemoryDisk};
use bytes::Bytes;
use journal::{Entry, Journal, Options, Record, format, segment_name};

const PAGE: &str = include_str!("../../../docs/formats/journal.md");

/// The bytes of the page's example.
fn example() -> Vec<u8> {
    let text = PAGE.split("## Example").nth(1).expect("an example");
    let block = text.split("```").nth(1).expect("a block").trim_start_matches("text");
    block.lines().flat_map(|line| line.split("  #").next().unwrap_or("").split_whitespace()).map(byte).collect()
}

fn byte(digits: &str) -> u8 {
    u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("{digits} is no byte"))
}

#[test]
fn the_drawing_is_what_is_written() {
    let disk = MemoryDisk::new();
    let options = Options { segment_bytes: 65_536, tail_bytes: 4096, write_bytes_max: 4096, reserve_bytes: 0 };
    let (journal, mut writer) = Journal::open_owned(Arc::new(disk.clone()), options, 0xA11CE).expect("opens");
    journal.submit(Record::Vote(ShardId(1), Bytes::from_static(b"v")), None);
    let entry = Entry { id: EntryId { term: 2, index: 5 }, payload: Bytes::from_static(b"ab") };
    journal.submit(Record::Append(ShardId(1), vec![entry]), None);
    assert!(writer.write().expect("writes"));
    writer.sync().expect("syncs");
    let mut block = vec![0; 4096];
    disk.open(&segment_name(1), false).expect("opens").read_at(&mut block, 0).expect("reads");
    let hex: Vec<String> = block[..192].chunks(8).map(|row| row.iter().map(|b| format!("{b:02x} ")).collect()).collect();
    assert_eq!(example(), block[..192], "the block is\n{}", hex.join("\n"));
    assert!(block[192..].iter().all(|byte| *byte == 0));
}

#[test]
fn the_heads_payload_is_as_drawn() {
    let head = format::ShardHead {
        purged: Some(EntryId { term: 1, index: 2 }),
        committed: None,
        last: Some(EntryId { term: 3, index: 4 }),
        vote: Some(Bytes::from_static(b"v")),
    };
    let mut drawn = vec![0b1101, 0, 0, 0, 0, 0, 0, 0];
    for number in [1u64, 2, 0, 0, 3, 4] {
        drawn.extend_from_slice(&number.to_le_bytes());
    }
    drawn.push(b'v');
    assert_eq!(head.encode(), drawn);
    assert_eq!(format::ShardHead::decode(&drawn), Some(head));
    for wrong in [&drawn[..55], &[]] {
        assert_eq!(format::ShardHead::decode(wrong), None);
    }
}
