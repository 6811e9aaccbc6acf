//! One thread changes the table and another settles it, again and again, while others read: no reader ever finds a key missing,
//! twice, or older than it found it before.

#![allow(clippy::unwrap_used, reason = "in a test it is a failure that says where")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use bytes::Bytes;
use table::{Change, Direction, LsmTree, Mark, MemoryTree, Pair, Table, Tree, TreeOptions};

const KEYS: u64 = 400;
const SETTLES: u64 = 60;
const ROUNDS: u64 = 20;

fn key(number: u64) -> Bytes {
    Bytes::from(format!("space-c{number:05}"))
}

fn number(value: &[u8]) -> u64 {
    u64::from_be_bytes(value[..8].try_into().unwrap())
}

fn value(number: u64) -> Bytes {
    Bytes::from(number.to_be_bytes().repeat(1 + number as usize % 9))
}

/// Reads until told to stop, and counts how often.
fn read(table: &Table, stop: &AtomicBool, rounds: &AtomicU64, direction: Direction) {
    let mut known: BTreeMap<Bytes, u64> = BTreeMap::new();
    while !stop.load(Relaxed) {
        let pairs: base::Result<Vec<Pair>> = table.range(key(0), key(KEYS), direction).collect();
        let mut pairs = pairs.unwrap();
        if direction == Direction::Backward {
            pairs.reverse();
        }
        let keys: Vec<&Bytes> = pairs.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len() as u64, KEYS);
        assert!(keys.is_sorted_by(|a, b| a < b), "a key is there once");
        for (key, value) in &pairs {
            let before = known.insert(key.clone(), number(value));
            assert!(before.is_none_or(|before| before <= number(value)), "{key:?} went back");
            let now = table.get(key).unwrap().expect("the key is there");
            assert!(number(&now) >= number(value));
        }
        // One range is one moment: the writer goes round, so all values are of one round or the next.
        let (least, greatest) = (pairs.iter().map(|(_, v)| number(v)).min(), pairs.iter().map(|(_, v)| number(v)).max());
        assert!(greatest.unwrap() - least.unwrap() <= 1, "{least:?} and {greatest:?} in one moment");
        rounds.fetch_add(1, Relaxed);
    }
}

fn run(tree: Arc<dyn Tree>) {
    let table = Table::new(tree.clone());
    (0..KEYS).for_each(|n| table.put(key(n), value(0)));
    let (stop, stop_writing) = (AtomicBool::new(false), AtomicBool::new(false));
    let rounds = [AtomicU64::new(0), AtomicU64::new(0)];
    thread::scope(|scope| {
        let directions = [Direction::Forward, Direction::Backward];
        let readers = [0, 1].map(|n: usize| {
            let (table, stop, rounds) = (&table, &stop, &rounds[n]);
            scope.spawn(move || read(table, stop, rounds, directions[n]))
        });
        scope.spawn(|| {
            for round in 1.. {
                for n in 0..KEYS {
                    table.put(key(n), value(round));
                }
                if stop_writing.load(Relaxed) {
                    break;
                }
            }
        });
        for settle in 0.. {
            let sealed = table.seal(Mark::default()).unwrap();
            let extra: Vec<Change> = vec![(Bytes::from(format!("space-x{settle:08}")), Some(value(settle)))];
            let dropped = [(Bytes::from_static(b"space-x"), Bytes::from(format!("space-x{settle:08}")))];
            table.settle(sealed, extra, &dropped).unwrap();
            while tree.maintain(u64::MAX).unwrap() {}
            let has_read = rounds.iter().all(|rounds| rounds.load(Relaxed) >= ROUNDS) || readers.iter().any(|r| r.is_finished());
            if settle >= SETTLES && has_read {
                break;
            }
        }
        stop.store(true, Relaxed);
        let outcomes = readers.map(|reader| reader.join());
        stop_writing.store(true, Relaxed);
        outcomes.into_iter().for_each(Result::unwrap);
    });
}

fn on_disk(dir: &tempfile::TempDir) -> Arc<dyn Tree> {
    let options = TreeOptions {
        cache_bytes: 1 << 20,
        table_bytes: 8 << 10,
        merge_step_bytes: 16 << 10,
        merge_layers: 2,
        ..TreeOptions::default()
    };
    LsmTree::open(dir.path(), options).unwrap()
}

#[test]
fn readers_of_a_tree_on_disk_see_moments() {
    let dir = tempfile::tempdir().unwrap();
    run(on_disk(&dir));
}

#[test]
fn readers_of_a_tree_in_memory_see_moments() {
    run(Arc::new(MemoryTree::default()));
}

/// Reads through one hold after the other: all of it is of one round, and rounds never go back.
fn read_held(table: &Table, stop: &AtomicBool, rounds: &AtomicU64) {
    let mut known = 0;
    while !stop.load(Relaxed) {
        let held = table.hold();
        let first = number(&held.get(&key(KEYS - 1)).unwrap().expect("the key is there"));
        assert!(first >= known, "round {first} after {known}");
        known = first;
        for direction in [Direction::Forward, Direction::Backward] {
            let pairs: base::Result<Vec<Pair>> = held.range(key(0), key(KEYS), direction).collect();
            let pairs = pairs.unwrap();
            assert_eq!(pairs.len() as u64, KEYS);
            assert!(pairs.iter().all(|(_, value)| number(value) == first), "all of what is held is of one round");
        }
        rounds.fetch_add(1, Relaxed);
    }
}

/// Every round is a whole state that is staged and put into place, while others read, settle and merge.
fn run_replacing(tree: Arc<dyn Tree>) {
    let fill = |round: u64| (0..KEYS).map(move |n| (key(n), value(round)));
    tree.replace_by(&mut fill(0).map(Ok), &Mark::default()).unwrap();
    let table = Table::new(tree.clone());
    let stop = AtomicBool::new(false);
    let rounds = [AtomicU64::new(0), AtomicU64::new(0)];
    thread::scope(|scope| {
        let readers: Vec<_> = rounds.iter().map(|rounds| scope.spawn(|| read_held(&table, &stop, rounds))).collect();
        // Settles that lose to a replacement, and merges.
        let settler = scope.spawn(|| {
            while !stop.load(Relaxed) {
                if let Some(sealed) = table.seal(Mark::default()) {
                    table.settle(sealed, vec![(Bytes::from_static(b"space-x"), Some(value(1)))], &[]).unwrap();
                }
                while tree.maintain(u64::MAX).unwrap() {}
            }
        });
        for round in 1.. {
            let mut stage = tree.stage().unwrap();
            fill(round).for_each(|pair| stage.push(pair).unwrap());
            table.replace(stage.finish(Mark::default()).unwrap()).unwrap();
            let has_read = rounds.iter().all(|rounds| rounds.load(Relaxed) >= ROUNDS) || readers.iter().any(|r| r.is_finished());
            if (round >= SETTLES && has_read) || settler.is_finished() {
                break;
            }
        }
        stop.store(true, Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        settler.join().unwrap();
    });
}

#[test]
fn who_holds_a_replaced_tree_on_disk_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    run_replacing(on_disk(&dir));
}

#[test]
fn who_holds_a_replaced_tree_in_memory_reads_on() {
    run_replacing(Arc::new(MemoryTree::default()));
}
