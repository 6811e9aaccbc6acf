//! The decoders over the corpus and over deterministic mutations of it: every answer is batches or an error.
//!
//! The corpus in `fuzz-corpus/` holds segment files: `SEGMENTS_WRITE_CORPUS=1 cargo test -p segments --test fuzz` writes it anew after a
//! change of format.

mod kit;

use std::{path::PathBuf, sync::Arc};

use base::{
    Disk, Kind,
    disk::{MemoryDisk, RealDisk},
};
use kit::{Dice, Kept, key};
use segments::{
    Store, file_name,
    fuzz::{FUZZ_ID, fuzz, sealed},
    inspect,
};

const MUTATIONS: u64 = 150;

fn corpus() -> RealDisk {
    RealDisk::open(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus")).expect("the corpus is there")
}

fn read(disk: &dyn Disk, name: &str) -> Vec<u8> {
    let file = disk.open(name, false).expect("opens");
    let mut bytes = vec![0; file.len().expect("a length") as usize];
    file.read_at(&mut bytes, 0).expect("reads");
    bytes
}

/// A segment with runs of so many batches of so many bytes each.
fn image(runs: &[(usize, usize)]) -> Vec<u8> {
    let disk = MemoryDisk::new();
    let store = Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
    let mut writer = store.writer(FUZZ_ID).expect("begins");
    for (partition, (count, bytes)) in runs.iter().enumerate() {
        let mut next = 0;
        for at in 0..*count {
            let kept = Kept::new(partition as u32, next, 2, at as i64, *bytes);
            // A hole in the middle makes it two runs.
            next = kept.last_offset + 1 + i64::from(at == 4);
            let partition = key(partition as u32);
            writer.push(partition, kept.base_offset, kept.last_offset, kept.max_timestamp, &kept.bytes).expect("writes");
        }
    }
    writer.finish().expect("finishes").expect("has runs");
    read(&disk, &file_name(FUZZ_ID))
}

fn images() -> Vec<(&'static str, Vec<u8>)> {
    let short = image(&[(1, 5), (2, 0), (8, 30)]);
    let cut = short[..short.len() / 2].to_vec();
    vec![
        ("empty", Vec::new()),
        ("zeros", vec![0; 512]),
        ("record", segments::SegmentMeta { id: FUZZ_ID, length: 1, data_bytes: 2, runs: 3, generation: 4, checksum: 5 }.encode()),
        ("short-runs", short),
        ("cut", cut),
        ("long-run", image(&[(3, 20), (4, 20_000)])),
    ]
}

#[test]
fn the_corpus_and_its_mutations_are_answered() {
    if std::env::var_os("SEGMENTS_WRITE_CORPUS").is_some() {
        for (name, bytes) in images() {
            let file = corpus().open(name, true).expect("opens");
            file.set_len(0).and_then(|()| file.write_at(&bytes, 0)).expect("writes");
        }
    }
    let mut count = 0;
    for name in corpus().list().expect("lists") {
        let bytes = read(&corpus(), &name);
        fuzz(&bytes);
        for seed in 0..MUTATIONS {
            fuzz(&mutate(&bytes, seed));
        }
        count += 1;
    }
    assert!(count >= 6, "only {count} files in the corpus");
}

#[test]
fn the_corpus_is_of_this_format() {
    for (name, bytes) in images() {
        assert!(read(&corpus(), name) == bytes, "{name} is not what this version writes; see the head of this file");
    }
}

#[test]
fn a_sound_file_is_sealed_as_it_is() {
    for (name, bytes) in images().into_iter().filter(|(name, _)| name.ends_with("run") || name.ends_with("runs")) {
        assert!(sealed(&bytes) == bytes, "{name}");
    }
}

/// Changes some bytes, most of them near the end, where run table and trailer lie, or at the start.
fn mutate(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return (0..dice.below(400)).map(|_| dice.next() as u8).collect();
    }
    match dice.below(10) {
        0 => bytes.truncate(dice.below(bytes.len() as u64) as usize),
        1 => bytes.extend((0..dice.below(200)).map(|_| 0x55)),
        _ => {}
    }
    for _ in 0..1 + dice.below(4) {
        let length = bytes.len() as u64;
        let at = match dice.below(4) {
            0 => dice.below(length.min(200)),
            1 => dice.below(length),
            _ => length.saturating_sub(1 + dice.below(length.clamp(1, 500))),
        } as usize;
        let value = [0, 1, 0x7F, 0x80, 0xFF, dice.next() as u8][dice.below(6) as usize];
        let end = (at + [1, 2, 4, 8][dice.below(4) as usize]).min(bytes.len());
        bytes.get_mut(at..end).into_iter().for_each(|bytes| bytes.fill(value));
    }
    bytes
}

/// What no checksum finds: a run table that is sound by itself and says something else of the batches.
#[test]
fn a_run_table_that_lies_is_found_by_a_check() {
    let sound = image(&[(1, 5), (8, 30)]);
    let last = sound.len() - 72 - 72;
    let check = |bytes: &[u8]| {
        let disk = MemoryDisk::new();
        disk.open(&file_name(FUZZ_ID), true).and_then(|file| file.write_at(bytes, 0)).expect("writes");
        let disk: Arc<dyn Disk> = Arc::new(disk);
        inspect::check(&disk, FUZZ_ID)
    };
    check(&sealed(&sound)).expect("is whole");
    for (field, at) in [("base offset", 24), ("last offset", 32), ("max timestamp", 40), ("batches", 56), ("crc", 64)] {
        let mut bytes = sound.clone();
        bytes[last + at] ^= 1;
        let error = check(&sealed(&bytes)).expect_err(field);
        assert_eq!(error.kind, Kind::Corrupt, "{field}");
    }
}
