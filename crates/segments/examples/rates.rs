//! What segments cost: `cargo run --release -p segments --example rates`, with a directory if it is not to be a new one under `/tmp`.
//!
//! Prints bytes a second and microseconds of processor time for each MiB, of writing, reading, merging and verifying, how long a start
//! takes with a thousand segments, and the memory that the index takes.

#![expect(clippy::disallowed_methods, reason = "a measurement reads clocks and what the system says of the process")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on says where")]

use std::{hint::black_box, sync::Arc, time::Instant};

use base::{Disk, disk::RealDisk};
use segments::{PartitionKey, PlanOptions, SegmentId, SegmentMeta, Store, batch};

const MIB: f64 = 1_048_576.0;

/// Nanoseconds that this thread was on a processor: other work on the machine does not count.
fn busy_ns() -> u64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    schedstat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Runs `work`, which gives the bytes that it handled, and prints what it took.
fn time(name: &str, work: impl FnOnce() -> u64) {
    let (start, busy) = (Instant::now(), busy_ns());
    let mib = work() as f64 / MIB;
    let (seconds, busy) = (start.elapsed().as_secs_f64(), busy_ns().saturating_sub(busy));
    println!("{name:56} {:8.0} MB/s {:8.1} us of CPU a MiB", mib * 1.048_576 / seconds, busy as f64 / 1000.0 / mib);
}

fn id(sequence: u64) -> SegmentId {
    SegmentId { owner: 1, sequence }
}

fn key(number: u32) -> PartitionKey {
    PartitionKey::new(u128::from(number) << 40, 0)
}

/// Batches of `bytes` bytes each, one for every partition and round, sorted as a settle sorts them.
fn settle(store: &Store, sequence: u64, partitions: &[u32], rounds: i64, from: i64, bytes: usize) -> SegmentMeta {
    let payload = vec![7; bytes - batch::HEAD_BYTES];
    let mut writer = store.writer(id(sequence)).unwrap();
    let mut sample = batch::sample(0, 1, 1000, 1, &payload);
    for partition in partitions {
        for offset in from..from + rounds {
            // The base offset lies outside of the batch's CRC.
            sample[..8].copy_from_slice(&offset.to_be_bytes());
            writer.push(key(*partition), offset, offset, 1000, &sample).unwrap();
        }
    }
    writer.finish().unwrap().unwrap()
}

fn read_all(store: &Store, partition: u32, offset: i64, bytes_max: usize) -> u64 {
    let (mut offset, mut sum) = (offset, 0);
    loop {
        let chunks = black_box(store.read(key(partition), offset, bytes_max, true).unwrap());
        let Some(last) = chunks.last() else { return sum };
        offset = last.last_offset + 1;
        sum += chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>();
    }
}

fn throughput(disk: &Arc<dyn Disk>) {
    let store = Store::open(disk.clone(), Vec::new()).unwrap();
    let all: Vec<u32> = (0..16).collect();
    let mut metas = Vec::new();
    for (batch_bytes, name) in [(16 << 10, "16 KiB"), (1 << 10, "1 KiB")] {
        let rounds = (256 << 20) / 16 / batch_bytes as i64;
        let sequence = 1 + metas.len() as u64;
        time(&format!("write and sync 256 MiB, 16 runs, batches of {name}"), || {
            metas.push(settle(&store, sequence, &all, rounds, 0, batch_bytes));
            256 << 20
        });
        let meta = metas[metas.len() - 1];
        store.adopt(&[meta], &[]).unwrap();
        time("  read all of it, 1 MiB at a time", || all.iter().map(|partition| read_all(&store, *partition, 0, 1 << 20)).sum());
        time("  read all of it, 64 KiB at a time", || {
            all.iter().map(|partition| read_all(&store, *partition, 0, 64 << 10)).sum()
        });
        time("  verify", || store.verify(meta.id, &mut |_| Ok(())).unwrap());
        let (start, busy) = (Instant::now(), busy_ns());
        for at in 0..2_000_u32 {
            let offset = i64::from(at.wrapping_mul(2_654_435_761) >> 8) % rounds;
            black_box(store.read(key(at % 16), offset, 1, true).unwrap());
        }
        let each = |ns: u64| ns as f64 / 2_000_000.0;
        println!(
            "  one batch anywhere: {:.1} us, {:.1} us of CPU",
            each(start.elapsed().as_nanos() as u64),
            each(busy_ns() - busy)
        );
        store.adopt(&[], &[meta.id]).unwrap();
    }
}

/// 10,000 partitions, 6 KiB of each in a settle: merged once there are sixteen.
fn merging(disk: &Arc<dyn Disk>) {
    let store = Store::open(disk.clone(), Vec::new()).unwrap();
    let all: Vec<u32> = (0..10_000).collect();
    time("write and sync 16 times 10,000 runs of 6 KiB", || {
        let metas: Vec<_> = (0..16).map(|at| settle(&store, 10 + at, &all, 3, at as i64 * 3, 2 << 10)).collect();
        store.adopt(&metas, &[]).unwrap();
        metas.iter().map(|meta| meta.data_bytes).sum()
    });
    let (start, busy) = (Instant::now(), busy_ns());
    let plan = store.plan(&PlanOptions::default()).unwrap();
    let ms = |ns: u64| ns as f64 / 1e6;
    println!("plan over 160,000 runs: {:.1} ms, {:.1} ms of CPU", ms(start.elapsed().as_nanos() as u64), ms(busy_ns() - busy));
    time("merge the first step of it", || {
        let merged = store.merge(&plan, id(30)).unwrap().finish().unwrap();
        store.adopt(merged.added.as_slice(), &merged.removed).unwrap();
        plan.bytes
    });
    let live: Vec<SegmentId> = store.live().iter().map(|meta| meta.id).collect();
    store.adopt(&[], &live).unwrap();
}

/// 1,000 segments, each with a run of 1,000 of 10,000 partitions.
fn opening(disk: &Arc<dyn Disk>) {
    let store = Store::open(disk.clone(), Vec::new()).unwrap();
    let mut metas = Vec::new();
    for sequence in 0..1_000 {
        let partitions: Vec<u32> = (0..1_000).map(|at| at * 10 + sequence % 10).collect();
        metas.push(settle(&store, 100 + u64::from(sequence), &partitions, 1, i64::from(sequence / 10), 100));
    }
    drop(store);
    let (resident, start, busy) = (resident_bytes(), Instant::now(), busy_ns());
    let store = Store::open(disk.clone(), metas).unwrap();
    let (ms, busy) = (start.elapsed().as_millis(), busy_ns() - busy);
    let stats = store.stats();
    let resident = resident_bytes().saturating_sub(resident);
    println!(
        "open {} segments, {} runs: {ms} ms, {} ms of CPU; {:.1} bytes a run in the index, {:.1} resident",
        stats.segments,
        stats.runs,
        busy / 1_000_000,
        stats.index_bytes as f64 / stats.runs as f64,
        resident as f64 / stats.runs as f64,
    );
    let (start, busy) = (Instant::now(), busy_ns());
    let sum: u64 = (0..10_000).map(|partition| read_all(&store, partition, 0, 1 << 20)).sum();
    println!(
        "read all of 10,000 partitions, 100 runs of 100 bytes each: {} ms, {:.2} us of CPU a run",
        start.elapsed().as_millis(),
        (busy_ns() - busy) as f64 / 1e9
    );
    assert_eq!(sum, 100_000_000);
}

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| format!("/tmp/segments-rates-{}", std::process::id()));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(&directory).unwrap());
    throughput(&disk);
    merging(&disk);
    opening(&disk);
    drop(disk);
    std::fs::remove_dir_all(directory).unwrap();
}
