//! A random life of a journal, with a copy of the disk at every step of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use base::{
    EntryId, ShardId,
    disk::{Event, MemoryDisk},
};
use bytes::Bytes;
use journal::{Entry, Journal, Options, Record, Writer};

use crate::model::{Shards, apply, digest, units};

/// A moment of the workload: the disk as it was and what had been promised.
pub(crate) struct Point {
    pub(crate) event: Event,
    pub(crate) disk: MemoryDisk,
    /// Units that were acknowledged.
    pub(crate) acked: usize,
    /// Units that were submitted.
    pub(crate) submitted: usize,
}

/// What a workload leaves.
pub(crate) struct Run {
    pub(crate) points: Vec<Point>,
    /// The model's digest after so many units.
    pub(crate) digests: Vec<u64>,
}

pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

pub(crate) fn options() -> Options {
    Options { segment_bytes: 64 * 1024, tail_bytes: 8 * 1024, write_bytes_max: 8 * 1024, reserve_bytes: 0 }
}

/// What was promised so far; the disk's observer looks at it.
#[derive(Default)]
struct Promised {
    acked: usize,
    submitted: usize,
    points: Vec<Point>,
}

impl Promised {
    /// What was promised since the last point was promised while the disk was as it still is.
    fn catch_up(&mut self) {
        let (acked, submitted) = (self.acked, self.submitted);
        if let Some(point) = self.points.last_mut() {
            (point.acked, point.submitted) = (acked, submitted);
        }
    }
}

/// The journal under test and its model.
struct Life {
    dice: Dice,
    disk: MemoryDisk,
    promised: Arc<Mutex<Promised>>,
    shards: Shards,
    digests: Vec<u64>,
    /// What consensus called committed: it never truncates that.
    committed: BTreeMap<ShardId, EntryId>,
    term: u64,
    serial: u64,
}

/// Runs the workload of a seed; `writes` is about how many writes it makes.
pub(crate) fn run(seed: u64, writes: u64) -> Run {
    let disk = MemoryDisk::new();
    let promised = Arc::new(Mutex::new(Promised::default()));
    let seen = promised.clone();
    disk.observe(move |event, disk| {
        let copy = disk.copy();
        let mut promised = seen.lock().expect("not poisoned");
        let (acked, submitted) = (promised.acked, promised.submitted);
        promised.points.push(Point { event, disk: copy, acked, submitted });
    });
    let shards = Shards::new();
    let digests = vec![digest(&shards)];
    let mut life = Life { dice: Dice(seed), disk, promised, shards, digests, committed: BTreeMap::new(), term: 1, serial: 0 };
    life.live(writes);
    let points = std::mem::take(&mut life.promised.lock().expect("not poisoned").points);
    Run { points, digests: life.digests }
}

impl Life {
    fn open(&self) -> (Journal, Writer) {
        Journal::open_owned(Arc::new(self.disk.clone()), options(), 7).expect("a journal without damage opens")
    }

    fn live(&mut self, writes: u64) {
        let (mut journal, mut writer) = self.open();
        for _ in 0..writes {
            for _ in 0..1 + self.dice.below(6) {
                let record = self.record(&journal);
                self.submit(&journal, record);
            }
            while writer.write().expect("the disk works") {
                self.promised.lock().expect("not poisoned").catch_up();
                if self.dice.one_in(3) {
                    let record = self.record(&journal);
                    self.submit(&journal, record);
                }
                writer.sync().expect("the disk works");
            }
            if self.dice.one_in(25) {
                writer.idle().expect("the disk works");
            }
            if self.dice.one_in(50) {
                drop(writer);
                (journal, writer) = self.open();
            }
        }
    }

    fn submit(&mut self, journal: &Journal, record: Record) {
        let units = units(&record);
        for unit in &units {
            apply(&mut self.shards, unit);
            self.digests.push(digest(&self.shards));
        }
        self.promised.lock().expect("not poisoned").submitted += units.len();
        let promised = self.promised.clone();
        let count = units.len();
        let done = move |result: std::io::Result<()>| {
            // A committed record asks for no write of its own and may still wait at the end.
            assert!(result.is_ok() || count == 0, "the disk works");
            promised.lock().expect("not poisoned").acked += count;
        };
        let done: journal::Done = Box::new(done);
        journal.submit(record, Some(done));
    }

    fn record(&mut self, journal: &Journal) -> Record {
        let id = ShardId(self.dice.below(4) as u32);
        let shard = self.shards.entry(id).or_default().clone();
        let committed = self.committed.get(&id).copied();
        match self.dice.below(20) {
            0 => {
                self.term += 1;
                Record::Vote(id, Bytes::from(format!("term {} for {id}", self.term)))
            }
            1 if shard.entries.len() > 2 => {
                let at = self.dice.below(shard.entries.len() as u64) as usize;
                let keep =
                    shard.entries.values().nth(at).map(|entry| entry.id).max(committed.filter(|id| shard.last >= Some(*id)));
                self.term += 1;
                Record::Truncate(id, keep)
            }
            2 if shard.purged.is_none() && committed.is_none() && !shard.entries.is_empty() => Record::Truncate(id, None),
            3 | 4 if shard.entries.len() > 3 => {
                let at = shard.entries.len() / 2 + self.dice.below(shard.entries.len() as u64 / 2) as usize;
                Record::Purge(id, shard.entries.values().nth(at).expect("there").id)
            }
            5 if self.dice.one_in(8) => {
                let index = shard.last.map_or(0, |last| last.index) + self.dice.below(50) + 1;
                self.committed.insert(id, EntryId { term: self.term, index });
                Record::Purge(id, EntryId { term: self.term, index })
            }
            6 | 7 => match journal.state(id).last {
                Some(last) if shard.purged != Some(last) => {
                    self.committed.insert(id, last);
                    Record::Committed(id, last)
                }
                _ => self.append(id, shard.last),
            },
            _ => self.append(id, shard.last),
        }
    }

    fn append(&mut self, id: ShardId, last: Option<EntryId>) -> Record {
        let next = last.map_or(0, |last| last.index + 1);
        let count = 1 + self.dice.below(3);
        let entries = (next..next + count).map(|index| {
            self.serial += 1;
            let bytes = match self.dice.below(10) {
                0..=5 => self.dice.below(300),
                6..=8 => self.dice.below(3000),
                _ => self.dice.below(9000),
            };
            let serial = self.serial;
            let payload: Vec<u8> =
                (0..bytes).map(|at| (serial.wrapping_mul(0x9E37_79B9) >> (at % 24)) as u8 ^ at as u8).collect();
            Entry { id: EntryId { term: self.term, index }, payload: payload.into() }
        });
        Record::Append(id, entries.collect())
    }
}
