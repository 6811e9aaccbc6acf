//! The decoders over the corpus and over deterministic mutations of it: every answer is a journal or an error.
//!
//! The corpus in `fuzz-corpus/` holds segment images: `JOURNAL_WRITE_CORPUS=1 cargo test -p journal --test fuzz` writes it anew after a
//! change of format.

use std::{path::PathBuf, sync::Arc};

use base::{
    Disk, EntryId, ShardId,
    disk::{MemoryDisk, RealDisk},
};
use bytes::Bytes;
use journal::{Entry, Journal, Options, Record, format::WriteHeader, fuzz::fuzz, segment_name};

const MUTATIONS: u64 = 100;

fn corpus() -> RealDisk {
    RealDisk::open(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus")).expect("the corpus is there")
}

fn read(disk: &dyn Disk, name: &str) -> Vec<u8> {
    let file = disk.open(name, false).expect("opens");
    let mut bytes = vec![0; file.len().expect("a length") as usize];
    file.read_at(&mut bytes, 0).expect("reads");
    bytes
}

/// Images of every kind of record, torn and whole.
fn images() -> Vec<(&'static str, Vec<u8>)> {
    let disk = MemoryDisk::new();
    let options = Options { segment_bytes: 24 * 1024, tail_bytes: 4096, write_bytes_max: 8192, reserve_bytes: 0 };
    let (journal, mut writer) = Journal::open(Arc::new(disk.clone()), options).expect("opens");
    let shard = ShardId(1);
    let id = |index| EntryId { term: 1, index };
    let entry = |index, bytes: usize| Entry { id: id(index), payload: vec![index as u8; bytes].into() };
    let steps = [
        vec![Record::Vote(shard, Bytes::from_static(b"vote")), Record::Append(shard, vec![entry(0, 10), entry(1, 5000)])],
        vec![Record::Append(ShardId(2), vec![entry(7, 100)]), Record::Truncate(shard, Some(id(0)))],
        vec![Record::Committed(shard, id(0)), Record::Append(shard, vec![entry(1, 300)])],
        vec![Record::Purge(shard, id(0)), Record::Truncate(ShardId(2), None)],
        vec![Record::Append(shard, vec![entry(2, 3000)])],
    ];
    for step in steps {
        step.into_iter().for_each(|record| journal.submit(record, None));
        assert!(writer.write().expect("writes"));
        writer.sync().expect("syncs");
    }
    writer.idle().expect("idles");
    let mut images = vec![("empty", Vec::new()), ("zeros", vec![0; 8192])];
    let mut both = Vec::new();
    for (name, number) in [("first-segment", 1), ("second-segment", 2)] {
        let bytes = read(&disk, &segment_name(number));
        both.extend_from_slice(&bytes);
        images.push((name, bytes));
    }
    let mut torn = images[2].1.clone();
    torn[8192..12288].fill(0);
    images.push(("torn", torn));
    images.push(("two-segments", both));
    images
}

#[test]
fn the_corpus_and_its_mutations_are_answered() {
    if std::env::var_os("JOURNAL_WRITE_CORPUS").is_some() {
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

/// Changes some bytes; half of the time headers get a right CRC again, so that what is behind it is reached.
fn mutate(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return vec![dice.next() as u8; dice.below(9000) as usize];
    }
    if dice.below(8) == 0 {
        bytes.truncate(dice.below(bytes.len() as u64) as usize);
    }
    for _ in 0..1 + dice.below(4) {
        let block = dice.below(bytes.len() as u64 / 4096 + 1) as usize * 4096;
        let reach = if dice.below(2) == 0 { 96 } else { 400 };
        let at = block + dice.below(reach) as usize;
        let value = [0, 1, 0x7F, 0x80, 0xFF, dice.next() as u8][dice.below(6) as usize];
        let width = [1, 2, 4, 8][dice.below(4) as usize];
        let end = bytes.len();
        if at < end {
            bytes[at..(at + width).min(end)].fill(value);
        }
    }
    if dice.below(2) == 0 {
        for block in (0..bytes.len()).step_by(4096) {
            let Some(head) = bytes.get_mut(block..block + 96) else { continue };
            if &head[..4] == b"MFJW" && WriteHeader::decode(head).is_err() {
                let crc = crc32c::crc32c(&head[8..]);
                head[4..8].copy_from_slice(&crc.to_le_bytes());
            }
        }
    }
    bytes
}

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}
