//! Random lives of a store: settles, log starts, drops, merges done and given up, starts and crashes. After each step what is live
//! reads back exactly, by offset and by time, and the directory holds nothing that the last commit does not name.

mod kit;

use std::sync::Arc;

use base::{
    Disk,
    disk::{Ending, MemoryDisk},
};
use kit::{World, eager, key};
use proptest::prelude::*;
use segments::{PlanOptions, file_name};

#[derive(Clone, Debug)]
enum Step {
    Settle,
    /// A settle that does not come to its commit.
    SettleLost,
    LogStart(u32, u8),
    Drop(u32),
    /// A step of merging with so many bytes at most.
    Merge(u64),
    MergeAll,
    MergeGivenUp(u64),
    Open,
    Crash(usize, u64),
    Ship,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Settle),
        1 => Just(Step::SettleLost),
        3 => (0..10_u32, any::<u8>()).prop_map(|(partition, share)| Step::LogStart(partition, share)),
        1 => (0..10_u32).prop_map(Step::Drop),
        4 => prop_oneof![Just(1_u64), Just(50_000), Just(300_000)].prop_map(Step::Merge),
        1 => Just(Step::MergeAll),
        1 => (0..200_000_u64).prop_map(Step::MergeGivenUp),
        1 => Just(Step::Open),
        2 => (0..Ending::ALL.len(), any::<u64>()).prop_map(|(ending, seed)| Step::Crash(ending, seed)),
        1 => Just(Step::Ship),
    ]
}

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Settle => {
            let new = world.produce();
            if let Some(meta) = world.write(&new).expect("writes") {
                world.commit(new, meta);
                world.store.adopt(&[meta], &[]).expect("adopts");
            }
        }
        Step::SettleLost => {
            let new = world.produce();
            if let Some(meta) = world.write(&new).expect("writes") {
                world.store.discard(meta.id).expect("discards");
            }
        }
        Step::LogStart(partition, share) => {
            let start = world.model.log_start(*partition);
            let offset = start + (world.model.end(*partition) - start) * i64::from(*share) / 300;
            world.model.log_starts.insert(*partition, offset.max(start));
            world.store.set_log_start(key(*partition), offset);
        }
        Step::Drop(partition) => {
            if world.model.batches.contains_key(partition) && world.model.dropped.len() < 4 {
                world.model.dropped.push(*partition);
                world.store.drop_partition(key(*partition));
            }
        }
        Step::Merge(bytes_max) => drop(merge(world, *bytes_max)),
        Step::MergeAll => {
            let mut count = 0;
            while merge(world, 100_000) {
                count += 1;
                assert!(count < 200, "merging comes to an end");
            }
        }
        Step::MergeGivenUp(bytes) => {
            let plan = world.store.plan(&eager()).expect("plans");
            let id = world.take_id();
            let mut merger = world.store.merge(&plan, id).expect("begins");
            merger.step(*bytes).expect("steps");
            drop(merger);
        }
        Step::Open => world.store = world.model.open(Arc::new(world.disk.clone())).expect("opens"),
        Step::Crash(ending, seed) => {
            world.disk = world.disk.crash(Ending::ALL[*ending], *seed);
            world.store = world.model.open(Arc::new(world.disk.clone())).expect("opens");
        }
        Step::Ship => ship(world),
    }
}

fn merge(world: &mut World, bytes_max: u64) -> bool {
    let plan = world.store.plan(&PlanOptions { bytes_max, ..eager() }).expect("plans");
    if plan.is_empty() {
        return false;
    }
    let id = world.take_id();
    let mut merger = world.store.merge(&plan, id).expect("begins");
    while merger.step(50_000).expect("steps") {}
    let merged = merger.finish().expect("finishes");
    assert!(world.store.fits(&merged));
    world.commit_merge(&merged);
    world.store.adopt(merged.added.as_slice(), &merged.removed).expect("adopts");
    true
}

/// A new node receives all that is live and holds the same.
fn ship(world: &mut World) {
    let disk = MemoryDisk::new();
    let receiver = segments::Store::open(Arc::new(disk.clone()), Vec::new()).expect("opens");
    let mut held = Vec::new();
    for meta in world.store.live() {
        let mut export = world.store.export(meta.id).expect("exports");
        let mut import = kit::begun(receiver.import(export.meta()));
        while let Some(piece) = export.next_piece().expect("reads") {
            import.push(&piece).expect("writes");
        }
        held.push(import.finish().expect("is whole"));
        assert!(matches!(receiver.import(meta), Ok(segments::Arrival::Here(_))), "it is there");
    }
    let disk = disk.crash(Ending::UnsyncedLost, 0);
    let received = world.model.open(Arc::new(disk)).expect("opens");
    world.model.compare(&received, &mut world.dice).expect("reads");
}

fn check(world: &mut World) {
    world.compare().expect("reads");
    let mut named: Vec<String> = world.model.live.iter().map(|meta| file_name(meta.id)).collect();
    let mut there = world.disk.list().expect("lists");
    named.sort();
    there.sort();
    assert_eq!(there, named);
    for meta in world.store.live() {
        assert_eq!(world.store.verify(meta.id, &mut |_| Ok(())).expect("is whole"), meta.data_bytes);
    }
    let mut live = world.model.live.clone();
    live.sort_by_key(|meta| meta.id);
    assert_eq!(world.store.live(), live);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_live_reads_back(seed: u64, steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new(MemoryDisk::new(), seed);
        for step in &steps {
            take(&mut world, step);
            check(&mut world);
        }
        // In the end nothing is left to do, and little is dead.
        take(&mut world, &Step::MergeAll);
        check(&mut world);
        let shape = world.store.shape().expect("has a shape");
        let all: u64 = shape.segments.iter().map(|segment| segment.data_bytes).sum();
        let live: u64 = shape.runs.iter().map(|run| run.live_bytes).sum();
        prop_assert!((all - live) * 100 <= all * 30, "{live} of {all} bytes are alive");
    }
}
