//! A small segment is damaged in every byte, cut at every length, swapped and lost. Whatever is answered from then on is right or an
//! error that says what to do: never a wrong byte, a missing batch or a panic.

mod kit;

use std::sync::Arc;

use base::{Disk, Kind, Result, disk::MemoryDisk};
use kit::{Kept, Model, id, key};
use segments::{PlanOptions, SegmentId, SegmentMeta, Store, file_name, inspect};

/// A short run, a run of three blocks, and one of many small batches.
fn build(disk: &MemoryDisk, sequence: u64, shift: i64) -> (Model, SegmentMeta) {
    let store = Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
    let mut model = Model::default();
    let sizes: [(u32, &[usize]); 3] = [(0, &[5]), (1, &[33_000, 700, 33_000, 9]), (2, &[20; 30])];
    let mut writer = store.writer(id(sequence)).expect("begins");
    for (partition, sizes) in sizes {
        let mut next = shift;
        for (at, bytes) in sizes.iter().enumerate() {
            let kept = Kept::new(partition, next, 1 + at as i32 % 3, 100 + at as i64, *bytes);
            writer.push(key(partition), kept.base_offset, kept.last_offset, kept.max_timestamp, &kept.bytes).expect("writes");
            next = kept.last_offset + 1;
            model.batches.entry(partition).or_default().push(kept);
        }
    }
    let meta = writer.finish().expect("finishes").expect("has runs");
    model.live.push(meta);
    (model, meta)
}

fn bytes_of(disk: &MemoryDisk, id: SegmentId) -> Vec<u8> {
    let file = disk.open(&file_name(id), false).expect("opens");
    let mut bytes = vec![0; file.len().expect("a length") as usize];
    file.read_at(&mut bytes, 0).expect("reads");
    bytes
}

fn disk_with(id: SegmentId, bytes: &[u8]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.open(&file_name(id), true).and_then(|file| file.write_at(bytes, 0)).expect("writes");
    disk
}

/// Reads all of each partition, one after another: right bytes, or an error. Answers the last error.
fn read_all(model: &Model, disk: &MemoryDisk) -> Result<()> {
    let store = model.open(Arc::new(disk.clone()))?;
    let mut outcome = Ok(());
    for partition in model.batches.keys() {
        let mut batches = model.served(*partition).iter();
        let mut offset = store.next_settled(key(*partition), 0).expect("the run table is whole");
        while offset < model.end(*partition) {
            match store.read(key(*partition), offset, 5_000, true) {
                Ok(chunks) => {
                    let found: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
                    offset = chunks.last().expect("a read gets on").last_offset + 1;
                    let mut wanted = Vec::new();
                    while wanted.len() < found.len() {
                        wanted.extend_from_slice(&batches.next().expect("a batch").bytes);
                    }
                    assert!(found == wanted, "wrong bytes were served");
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        let _ = store.first_at_or_after_timestamp(key(*partition), 0, 102).map_err(|error| assert_eq!(error.kind, Kind::Corrupt));
    }
    outcome
}

/// Merging must not turn damage into a segment that looks sound.
fn merge_all(model: &Model, disk: &MemoryDisk) -> Result<()> {
    let store = model.open(Arc::new(disk.clone()))?;
    let options = PlanOptions { small_segment_bytes: u64::MAX, fan: 1, growth: 1, ..PlanOptions::default() };
    let plan = store.plan(&options)?;
    assert_eq!(plan.moved.len(), 3);
    store.merge(&plan, id(99))?.finish().map(drop)
}

fn expect_damage(outcome: Result<()>, what: &str) {
    let error = outcome.expect_err(what);
    assert_eq!(error.kind, Kind::Corrupt, "{what}: {error}");
    assert!(error.message.contains("restore this node from its peers"), "{what}: {error}");
    assert!(error.message.contains("segment 0000000000000007-"), "{what}: {error}");
}

#[test]
fn a_sound_segment_reads_well() {
    let disk = MemoryDisk::new();
    let (model, meta) = build(&disk, 1, 0);
    read_all(&model, &disk).expect("reads");
    merge_all(&model, &disk).expect("merges");
    let disk: Arc<dyn Disk> = Arc::new(disk);
    assert_eq!(inspect::check(&disk, meta.id).expect("is whole"), meta.data_bytes);
    assert_eq!(inspect::runs(&*disk, meta.id).expect("has runs").len(), 3);
}

#[test]
fn every_flipped_byte_is_found_when_it_is_opened_or_read() {
    let disk = MemoryDisk::new();
    let (model, meta) = build(&disk, 1, 0);
    let sound = bytes_of(&disk, meta.id);
    // Payloads of large batches are all alike to a CRC: heads, small batches and everything that is ours are flipped byte by byte.
    let is_dull = |at: usize| (500..32_500).contains(&(at % 34_000)) && at < 67_000;
    for at in (0..sound.len()).filter(|at| !is_dull(*at) || at.is_multiple_of(97)) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        let disk = disk_with(meta.id, &bytes);
        expect_damage(read_all(&model, &disk), &format!("byte {at} of {}", sound.len()));
        if at.is_multiple_of(5) {
            expect_damage(merge_all(&model, &disk), &format!("byte {at}, merged"));
            let disk: Arc<dyn Disk> = Arc::new(disk);
            expect_damage(inspect::check(&disk, meta.id).map(drop), &format!("byte {at}, checked"));
        }
    }
}

#[test]
fn a_cut_or_grown_file_is_found_when_it_is_opened() {
    let disk = MemoryDisk::new();
    let (model, meta) = build(&disk, 1, 0);
    let mut bytes = bytes_of(&disk, meta.id);
    let ends = (0..300).chain((300..bytes.len()).step_by(211)).chain(bytes.len() - 300..bytes.len());
    for end in ends {
        expect_damage(model.open(Arc::new(disk_with(meta.id, &bytes[..end]))).map(drop), &format!("{end} bytes"));
    }
    bytes.push(0);
    expect_damage(model.open(Arc::new(disk_with(meta.id, &bytes))).map(drop), "one byte more");
    expect_damage(model.open(Arc::new(MemoryDisk::new())).map(drop), "no file");
}

#[test]
fn another_segments_file_is_found_whatever_it_is_called() {
    let (disk, other) = (MemoryDisk::new(), MemoryDisk::new());
    let (model, meta) = build(&disk, 1, 0);
    let (_, meta_other) = build(&other, 2, 0);
    expect_damage(model.open(Arc::new(disk_with(meta.id, &bytes_of(&other, meta_other.id)))).map(drop), "another id");
    // Whoever looks without a commit sees it at either end of the file.
    let (ours, theirs) = (bytes_of(&disk, meta.id), bytes_of(&other, meta_other.id));
    let end = ours.len() - 72;
    for mixed in [[&theirs[..32], &ours[32..]].concat(), [&ours[..end], &theirs[end..]].concat()] {
        let found = inspect::segments(&disk_with(meta.id, &mixed)).expect("lists");
        assert_eq!((found.len(), found[0].0), (1, meta.id));
        expect_damage(found[0].1.clone().map(drop), "another id at one end");
    }
    // The same id with other bytes, sound by itself: only the commit knows better.
    let (_, meta_other) = build(&other, 1, 1000);
    assert_ne!(meta.checksum, meta_other.checksum);
    expect_damage(model.open(Arc::new(disk_with(meta.id, &bytes_of(&other, meta.id)))).map(drop), "other bytes");
    // Batches of one, run table of the other: equally long, and each part sound by itself.
    let (ours, theirs) = (bytes_of(&disk, meta.id), bytes_of(&other, meta.id));
    assert_eq!(ours.len(), theirs.len());
    let mixed = [&theirs[..meta.data_bytes as usize + 32], &ours[meta.data_bytes as usize + 32..]].concat();
    expect_damage(read_all(&model, &disk_with(meta.id, &mixed)), "batches of another segment");
}

#[test]
fn batches_that_changed_places_are_found() {
    let disk = MemoryDisk::new();
    let (model, meta) = build(&disk, 1, 0);
    let sound = bytes_of(&disk, meta.id);
    let run = inspect::runs(&disk, meta.id).expect("has runs")[2];
    let batch = (run.length / run.batches) as usize;
    for (from, to) in [(0, 1), (3, 4), (4, 3), (28, 29), (0, 29)] {
        let mut bytes = sound.clone();
        let at = |number: usize| run.position as usize + number * batch;
        bytes.copy_within(at(from)..at(from) + batch, at(to));
        expect_damage(read_all(&model, &disk_with(meta.id, &bytes)), &format!("batch {from} in the place of {to}"));
    }
}

#[test]
fn an_open_that_fails_removes_nothing() {
    let disk = MemoryDisk::new();
    let (mut model, meta) = build(&disk, 1, 0);
    model.live[0].checksum ^= 1;
    expect_damage(model.open(Arc::new(disk.clone())).map(drop), "another checksum");
    let missing = SegmentMeta { id: id(2), ..meta };
    expect_damage(Store::open(Arc::new(disk.clone()), vec![meta, missing]).map(drop), "a missing one");
    assert_eq!(disk.list().expect("lists"), [file_name(meta.id)]);
    assert_eq!(Store::open(Arc::new(disk), vec![meta, meta]).map(drop).expect_err("twice").kind, Kind::Conflict);
}

#[test]
fn a_segment_of_a_later_version_is_not_damaged_but_not_read() {
    let disk = MemoryDisk::new();
    let (model, meta) = build(&disk, 1, 0);
    let sound = bytes_of(&disk, meta.id);
    for at in [0, sound.len() - 72] {
        let mut bytes = sound.clone();
        bytes[at + 8] = 2;
        let end = if at == 0 { 32 } else { bytes.len() };
        let check = crc32c::crc32c_append(crc32c::crc32c(&bytes[at..at + 12]), &bytes[at + 16..end]);
        bytes[at + 12..at + 16].copy_from_slice(&check.to_le_bytes());
        let error = model.open(Arc::new(disk_with(meta.id, &bytes))).map(drop).expect_err("is from the future");
        assert_eq!(error.kind, Kind::Unsupported, "{error}");
    }
}
