//! The table of cases of `docs/formats/journal.md`, row by row. Each test is named after its row.

use std::sync::Arc;

use base::{
    Disk, EntryId, Kind, ShardId,
    disk::{Damage, MemoryDisk},
};
use bytes::Bytes;
use journal::{
    Entry, Journal, Options, Record, Writer,
    format::WriteHeader,
    inspect::{Inspection, Outcome, Role},
    segment_name,
};

const OWNER: u64 = 0xA11CE;
const SHARD: ShardId = ShardId(1);
const SEGMENT_BYTES: u64 = 64 * 1024;

fn options() -> Options {
    Options { segment_bytes: SEGMENT_BYTES, tail_bytes: 4096, write_bytes_max: 32 * 1024, reserve_bytes: 0 }
}

fn open(disk: &MemoryDisk) -> base::Result<(Journal, Writer)> {
    Journal::open_owned(Arc::new(disk.clone()), options(), OWNER)
}

fn entry(index: u64) -> Entry {
    // Two blocks a write: header, record header and payload.
    Entry { id: EntryId { term: 1, index }, payload: vec![index as u8 + 1; 6000].into() }
}

/// Writes entries `from..to`, each in a write of its own.
fn append(journal: &Journal, writer: &mut Writer, entries: std::ops::Range<u64>) {
    for index in entries {
        journal.submit(Record::Append(SHARD, vec![entry(index)]), None);
        assert!(writer.write().expect("writes"));
        writer.sync().expect("syncs");
    }
}

/// A journal of so many entries, ended without a closing record.
fn journal_of(entries: u64) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let (journal, mut writer) = open(&disk).expect("opens");
    append(&journal, &mut writer, 0..entries);
    disk
}

/// The indexes that the journal serves after recovery; every payload is compared.
fn recovered(disk: &MemoryDisk) -> Vec<u64> {
    let (journal, _writer) = open(disk).expect("recovers");
    let entries = journal.read(SHARD, 0, u64::MAX, usize::MAX).expect("reads");
    entries.iter().for_each(|found| assert_eq!(*found, entry(found.id.index)));
    entries.iter().map(|found| found.id.index).collect()
}

fn refused(disk: &MemoryDisk, segment: u64, says: &str) {
    let error = open(disk).err().expect("must be refused");
    assert_eq!(error.kind, Kind::Corrupt, "{error}");
    for part in [&segment_name(segment), "offset", "manifold inspect journal", says] {
        assert!(error.message.contains(part), "{error} does not say {part}");
    }
    let outcome = Inspection::open(disk).expect("inspects").summary().outcome;
    assert!(matches!(outcome, Outcome::Refused(_)), "inspection says {outcome:?}");
}

fn zero(disk: &MemoryDisk, segment: u64, offset: u64) {
    assert!(disk.damage(&segment_name(segment), offset, Damage::Zeroed, 0), "nothing to damage at {segment}/{offset}");
}

fn outcome(disk: &MemoryDisk) -> Outcome {
    Inspection::open(disk).expect("inspects").summary().outcome
}

/// Write n begins here: two blocks each, seven and a half to a segment.
fn place(write: u64) -> (u64, u64) {
    (write / 8 + 1, write % 8 * 8192)
}

#[test]
fn nothing_there_begins_a_journal() {
    let disk = MemoryDisk::new();
    assert_eq!(outcome(&disk), Outcome::Empty);
    assert_eq!(recovered(&disk), []);
    assert_eq!(recovered(&disk), [], "a segment without a write is no journal yet");
    assert_eq!(outcome(&disk), Outcome::Empty);
}

#[test]
fn whole_to_the_end_goes_on_in_the_same_segment() {
    let disk = journal_of(3);
    assert_eq!(outcome(&disk), Outcome::Open);
    let (journal, mut writer) = open(&disk).expect("recovers");
    append(&journal, &mut writer, 3..4);
    writer.idle().expect("idles");
    drop(writer);
    assert_eq!(recovered(&disk), [0, 1, 2, 3]);
    assert_eq!(outcome(&disk), Outcome::Closed);
    let rows = Inspection::open(&disk).expect("inspects").segments().expect("lists");
    assert_eq!(
        rows.iter().filter(|row| row.role == Role::Needed).map(|row| (row.number, row.writes)).collect::<Vec<_>>(),
        [(1, 5)]
    );
}

#[test]
fn last_write_with_a_right_header_and_a_wrong_record_is_cut_and_a_new_segment_begins() {
    let disk = journal_of(3);
    zero(&disk, 1, place(2).1 + 4096);
    assert!(matches!(outcome(&disk), Outcome::Torn { segment: 1, offset: 16384, why: Some(_) }));
    assert_eq!(recovered(&disk), [0, 1]);
    let (journal, mut writer) = open(&disk).expect("recovers");
    append(&journal, &mut writer, 2..5);
    drop(writer);
    assert_eq!(recovered(&disk), [0, 1, 2, 3, 4]);
    let summary = Inspection::open(&disk).expect("inspects").summary();
    assert_eq!((summary.writes, summary.outcome), (5, Outcome::Open));
    let rows = Inspection::open(&disk).expect("inspects").segments().expect("lists");
    assert_eq!(rows.iter().find(|row| row.number == 2).map(|row| row.writes), Some(3), "{rows:?}");
}

#[test]
fn last_write_without_its_header_is_cut() {
    let disk = journal_of(3);
    zero(&disk, 1, place(2).1);
    assert_eq!(recovered(&disk), [0, 1]);
}

#[test]
fn torn_again_after_a_cut_is_cut_again() {
    let disk = journal_of(3);
    zero(&disk, 1, place(2).1 + 4096);
    {
        let (journal, mut writer) = open(&disk).expect("recovers");
        append(&journal, &mut writer, 2..3);
    }
    zero(&disk, 2, 4096);
    assert_eq!(recovered(&disk), [0, 1]);
    let (journal, mut writer) = open(&disk).expect("recovers");
    append(&journal, &mut writer, 2..4);
    drop(writer);
    assert_eq!(recovered(&disk), [0, 1, 2, 3]);
}

#[test]
fn damage_with_a_later_write_in_the_segment_is_refused() {
    for (write, block) in [(0, 0), (0, 4096), (1, 0), (1, 4096), (3, 0), (3, 4096)] {
        let disk = journal_of(5);
        zero(&disk, 1, place(write).1 + block);
        refused(&disk, 1, "not whole");
    }
}

#[test]
fn damage_with_a_later_write_in_another_segment_is_refused() {
    for write in 0..16 {
        let disk = journal_of(17);
        let (segment, offset) = place(write);
        zero(&disk, segment, offset + 4096);
        refused(&disk, segment, "");
    }
}

#[test]
fn damage_before_the_last_records_of_a_later_write_that_lost_its_header_is_refused() {
    let disk = MemoryDisk::new();
    let (journal, mut writer) = open(&disk).expect("opens");
    append(&journal, &mut writer, 0..2);
    journal.submit(Record::Append(SHARD, vec![entry(2), entry(3)]), None);
    assert!(writer.write().expect("writes"));
    writer.sync().expect("syncs");
    zero(&disk, 1, place(1).1);
    zero(&disk, 1, place(2).1);
    refused(&disk, 1, "a later one is valid");
}

#[test]
fn damaged_closing_record_loses_nothing_and_one_after_damage_tells_of_it() {
    let disk = journal_of(3);
    {
        let (_journal, mut writer) = open(&disk).expect("recovers");
        writer.idle().expect("idles");
    }
    let closing = place(3).1;
    let copy = disk.copy();
    zero(&copy, 1, closing);
    assert_eq!(recovered(&copy), [0, 1, 2]);
    zero(&disk, 1, place(2).1 + 4096);
    refused(&disk, 1, "a later one is valid");
}

#[test]
fn missing_segment_is_refused() {
    for missing in 1..=3 {
        let disk = journal_of(20);
        disk.remove(&segment_name(missing)).expect("removes");
        refused(&disk, missing, "missing");
    }
    // The newest segment holds no write yet, but the last write says that its file is there.
    let disk = journal_of(7);
    disk.remove(&segment_name(2)).expect("removes");
    refused(&disk, 2, "missing");
}

#[test]
fn truncated_segment_is_refused() {
    for (segment, bytes) in [(1, SEGMENT_BYTES - 4096), (1, 20_000), (2, 8192), (3, 100), (3, 0)] {
        let disk = journal_of(17);
        disk.open(&segment_name(segment), false).expect("opens").set_len(bytes).expect("cuts");
        refused(&disk, segment, "");
    }
}

#[test]
fn swapped_or_renamed_segments_are_refused() {
    let disk = journal_of(20);
    disk.rename(&segment_name(1), "aside").expect("renames");
    disk.rename(&segment_name(2), &segment_name(1)).expect("renames");
    disk.rename("aside", &segment_name(2)).expect("renames");
    refused(&disk, 1, "renamed or copied");
    let disk = journal_of(20);
    disk.rename(&segment_name(1), &segment_name(2)).expect("renames");
    refused(&disk, 1, "missing");
}

#[test]
fn segment_of_another_node_is_refused() {
    let disk = journal_of(20);
    let error = Journal::open_owned(Arc::new(disk), options(), 0xB0B).err().expect("must be refused");
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.contains("belongs to the journal of node a11ce, not of b0b"), "{error}");

    let (mine, theirs) = (journal_of(20), MemoryDisk::new());
    let (journal, mut writer) = Journal::open_owned(Arc::new(theirs.clone()), options(), 0xB0B).expect("opens");
    append(&journal, &mut writer, 0..20);
    for segment in 1..=3 {
        let disk = mine.copy();
        let mut bytes = vec![0; SEGMENT_BYTES as usize];
        theirs.open(&segment_name(segment), false).expect("opens").read_at(&mut bytes, 0).expect("reads");
        disk.open(&segment_name(segment), false).expect("opens").write_at(&bytes, 0).expect("writes");
        let error = open(&disk).err().expect("must be refused");
        assert_eq!(error.kind, Kind::Corrupt, "{error}");
    }
}

#[test]
fn other_version_is_refused_and_named() {
    let disk = journal_of(3);
    let file = disk.open(&segment_name(1), false).expect("opens");
    let mut head = vec![0; 96];
    file.read_at(&mut head, 0).expect("reads");
    let header = WriteHeader::decode(&head).expect("a header");
    assert_eq!(header.number, 1);
    head[8] = 9;
    let crc = crc32c::crc32c(&head[8..]);
    head[4..8].copy_from_slice(&crc.to_le_bytes());
    file.write_at(&head, 0).expect("writes");
    let error = open(&disk).err().expect("must be refused");
    assert_eq!(error.kind, Kind::Unsupported, "{error}");
    assert!(error.message.contains("format 9"), "{error}");
}

#[test]
fn segments_that_nothing_needs_may_hold_anything() {
    let disk = journal_of(20);
    {
        let (journal, mut writer) = open(&disk).expect("recovers");
        journal.submit(Record::Vote(ShardId(9), Bytes::from_static(b"kept by heads")), None);
        journal.submit(Record::Purge(SHARD, EntryId { term: 1, index: 18 }), None);
        assert!(writer.write().expect("writes"));
        writer.sync().expect("syncs");
        append(&journal, &mut writer, 20..22);
    }
    let rows = Inspection::open(&disk).expect("inspects").segments().expect("lists");
    let spares: Vec<u64> = rows.iter().filter(|row| row.role == Role::Spare).map(|row| row.number).collect();
    assert!(!spares.is_empty(), "{rows:?}");
    for spare in spares {
        disk.open(&segment_name(spare), false).expect("opens").write_at(&[0xFF; 9000], 100).expect("writes");
    }
    assert_eq!(recovered(&disk), [19, 20, 21]);
}

#[test]
fn what_recovery_found_is_durable_before_anyone_may_act_on_it() {
    // The process ends between a write and its sync: the kernel still has the bytes, the disk does not.
    let disk = MemoryDisk::new();
    let (journal, mut writer) = open(&disk).expect("opens");
    append(&journal, &mut writer, 0..2);
    journal.submit(Record::Append(SHARD, vec![entry(2)]), None);
    assert!(writer.write().expect("writes"));
    drop(writer);
    assert_eq!(recovered(&disk), [0, 1, 2]);
    assert_eq!(recovered(&disk.crash(base::disk::Ending::UnsyncedLost, 0)), [0, 1, 2]);
}
