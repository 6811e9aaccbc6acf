//! A crash at every single step of the disk, with every ending: a start finds exactly what the last commit names, and reads it back.

mod kit;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use base::{
    Disk,
    disk::{Ending, MemoryDisk},
};
use kit::{Dice, Model, World, eager, key};
use parking_lot::Mutex;
use segments::{PlanOptions, file_name};

/// Opens what a crash now would leave, and compares all of it.
fn start_after(disk: &MemoryDisk, ending: Ending, seed: u64, model: &Model) {
    let disk = disk.crash(ending, seed);
    let again = format!("{ending:?}, seed {seed}");
    let store = model.open(Arc::new(disk.clone())).unwrap_or_else(|error| panic!("{again}: {error}"));
    model.compare(&store, &mut Dice(seed)).unwrap_or_else(|error| panic!("{again}: {error}"));
    let mut named: Vec<String> = model.live.iter().map(|meta| file_name(meta.id)).collect();
    let mut there = disk.list().expect("lists");
    named.sort();
    there.sort();
    assert_eq!(there, named, "{again}: leftovers are removed, and nothing else");
}

#[test]
fn a_start_finds_what_was_committed() {
    let crashes = Arc::new(AtomicU64::new(0));
    for seed in 0..3 {
        let disk = MemoryDisk::new();
        let mut world = World::new(disk.clone(), seed);
        let committed = Arc::new(Mutex::new(Model::default()));
        let (seen, count) = (committed.clone(), crashes.clone());
        disk.observe(move |_, disk| {
            let number = count.fetch_add(1, Relaxed);
            let ending = Ending::ALL[(number % Ending::ALL.len() as u64) as usize];
            start_after(disk, ending, number, &seen.lock().clone());
        });
        for _ in 0..10 {
            live(&mut world, &committed);
        }
        world.compare().expect("reads");
    }
    let crashes = crashes.load(Relaxed);
    assert!(crashes > 300, "only {crashes} crashes");
}

/// One settle, log starts, and merges until there is nothing to do.
fn live(world: &mut World, committed: &Mutex<Model>) {
    let new = world.produce();
    if let Some(meta) = world.write(&new).expect("writes") {
        world.commit(new, meta);
        *committed.lock() = world.model.clone();
        world.store.adopt(&[meta], &[]).expect("adopts");
    }
    let partition = world.dice.below(10) as u32;
    let start = world.model.log_start(partition);
    let offset = start + world.dice.below((world.model.end(partition) - start) as u64 + 1) as i64;
    world.model.log_starts.insert(partition, offset);
    *committed.lock() = world.model.clone();
    world.store.set_log_start(key(partition), offset);
    loop {
        let bytes_max = [1, 100_000, 300_000][world.dice.below(3) as usize];
        let plan = world.store.plan(&PlanOptions { bytes_max, ..eager() }).expect("plans");
        if plan.is_empty() {
            break;
        }
        let id = world.take_id();
        let merged = world.store.merge(&plan, id).and_then(|merger| merger.finish()).expect("merges");
        world.commit_merge(&merged);
        *committed.lock() = world.model.clone();
        world.store.adopt(merged.added.as_slice(), &merged.removed).expect("adopts");
    }
}
