//! What a key space costs: `cargo run --profile sim -p kv --example kv_cost`, with a number of keys if it is not a million.
//!
//! Prints microseconds of processor time for puts, reads and lists, and the resident bytes for each key.

#![expect(clippy::disallowed_methods, reason = "a measurement reads what the system says of the process")]

use std::{hint::black_box, sync::Arc};

use base::{EntryId, KeyspaceId};
use bytes::Bytes;
use kv::{Cold, Command, Entry, Machine, Options, PutRequest, RangeRequest, Span};
use table::{Mark, MemoryTree, Table};

const BATCH: u64 = 100;

fn key(number: u64) -> Bytes {
    format!("/registry/pods/default/pod-{number:012}").into()
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn busy_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedstat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn mixed(number: u64, below: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xBF58_476D_1CE4_E5B9) % below
}

fn time(name: &str, times: u64, mut work: impl FnMut(u64)) {
    let start = busy_ns();
    (0..times).for_each(&mut work);
    let ns = busy_ns().saturating_sub(start) / times.max(1);
    println!("{name:44} {:6}.{:03} us", ns / 1_000, ns % 1_000);
}

fn settle(table: &Table, machine: &Machine) {
    if let Some(sealed) = table.seal(Mark::default()) {
        let (changes, dropped) = machine.reclaim(1 << 30).unwrap_or_default();
        table.settle(sealed, changes, &dropped).unwrap_or_else(|error| panic!("{error}"));
        machine.reclaimed();
    }
}

fn put_batch(machine: &Machine, batch: u64, keys: impl Fn(u64) -> u64) {
    let value = Bytes::from(vec![b'v'; 256]);
    let entry = Entry { id: EntryId { term: 1, index: batch }, time_ms: 0 };
    let puts = (batch * BATCH..(batch + 1) * BATCH)
        .map(|number| Command::Put(PutRequest { key: key(keys(number)), value: value.clone(), ..PutRequest::default() }));
    black_box(machine.apply_all(entry, puts));
}

fn main() {
    let keys: u64 = std::env::args().nth(1).and_then(|keys| keys.parse().ok()).unwrap_or(1_000_000);
    let tree = Arc::new(MemoryTree::default());
    let table = Table::new(tree.clone());
    let options = Options { cache_bytes: 256 << 20, ..Options::default() };
    let machine = Machine::open(KeyspaceId(1), table.clone(), options.clone()).unwrap_or_else(|error| panic!("{error}"));
    let machine = &machine;
    time(&format!("100 puts of new keys, in order, to {keys}"), keys / BATCH, |batch| put_batch(machine, batch, |number| number));
    settle(&table, machine);
    time("100 puts of known keys, anywhere", 1_000, |batch| put_batch(machine, batch, |number| mixed(number, keys)));
    time("100 puts of new keys, anywhere", 1_000, |batch| put_batch(machine, batch, |number| keys + mixed(number, keys)));
    let get = |number: u64| RangeRequest {
        span: Span { key: key(mixed(number % 100_000, keys)), range_end: Bytes::new() },
        ..RangeRequest::default()
    };
    let mut warm = 0;
    time("get, key made included", 1_000_000, |number| {
        warm += u64::from(black_box(machine.range(&get(number), Cold::Refuse)).is_some());
    });
    println!("of them in memory: {warm}");
    let list = |from: u64, limit, count_only| RangeRequest {
        span: Span { key: key(from), range_end: key(from + 100_000) },
        limit,
        count_only,
        ..RangeRequest::default()
    };
    let from = keys.saturating_sub(150_000);
    let _ = machine.range(&list(from, 500, false), Cold::Allow);
    time("list 500 of 100,000, values in memory", 2_000, |_| {
        black_box(machine.range(&list(from, 500, false), Cold::Refuse));
    });
    time("count 100,000", 20_000, |_| {
        black_box(machine.range(&list(from, 0, true), Cold::Refuse));
    });
    time("list 100,000", 5, |_| {
        black_box(machine.range(&list(from, 0, false), Cold::Allow));
    });
    settle(&table, machine);
    let settled = resident_bytes();
    let start = busy_ns();
    let options = Options { cache_bytes: 1 << 20, ..options };
    let again = Machine::open(KeyspaceId(1), table.clone(), options).unwrap_or_else(|error| panic!("{error}"));
    let (loaded, _) = again.size();
    println!("open with {loaded} keys: {} ms", busy_ns().saturating_sub(start) / 1_000_000);
    println!("resident bytes for each key: {}", resident_bytes().saturating_sub(settled) / loaded.max(1));
}
