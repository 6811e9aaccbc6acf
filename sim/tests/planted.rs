//! Every planted bug is found: the alarms ring. `cargo test -p sim --profile sim --features planted --test planted`.

#![cfg(feature = "planted")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use sim::{
    Plan,
    planted::{Bug, plant},
    run,
};

/// Within so many seeds, each as long as in the check.
const SEEDS: u64 = 50;
const BUSY: Duration = Duration::from_secs(300);

/// What gave the bug away, and at which seed.
fn find(bug: Bug) -> Option<(u64, String)> {
    let _planted = plant(bug);
    (1..=SEEDS).find_map(|seed| match catch_unwind(AssertUnwindSafe(|| run(&Plan::new(seed, BUSY)))) {
        Ok(report) => Some((seed, report.complaints.into_iter().next()?)),
        Err(_) => Some((seed, "a panic".to_owned())),
    })
}

/// `PLANTED=NAME` tries those only whose name has this in it.
#[test]
fn every_planted_bug_is_found() {
    let only = std::env::var("PLANTED").unwrap_or_default();
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Relaxed)) {
            if !format!("{bug:?}").contains(&only) {
                continue;
            }
            match find(*bug) {
                Some((seed, complaint)) => println!("{bug:?}: found at seed {seed}: {complaint}"),
                None => missed.lock().unwrap().push(*bug),
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "planted and not found: {missed:?}");
}
