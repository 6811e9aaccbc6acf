//! One node, many seeds. `SEED=N cargo test -p sim --profile sim --test seeds -- one_seed --nocapture` replays one;
//! `SEEDS=N` runs more of them.

use std::{env, time::Duration};

use sim::{Plan, Report, run};

fn plan(seed: u64) -> Plan {
    Plan { seed, busy: Duration::from_secs(40), clients: 2 + seed % 7, data_shards: if seed.is_multiple_of(3) { 4 } else { 1 } }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

fn check(seed: u64) -> Report {
    let report = run(plan(seed));
    assert!(
        report.complaints.is_empty(),
        "seed {seed}: {:#?}\nreplay: SEED={seed} cargo test -p sim --profile sim --test seeds -- one_seed --nocapture",
        &report.complaints[..report.complaints.len().min(20)]
    );
    report
}

/// Nothing else here is worth believing unless this holds.
#[test]
fn one_seed_gives_one_trace() {
    for seed in [1, 2, 3] {
        let (first, second) = (run(plan(seed)), run(plan(seed)));
        assert_eq!(first.trace, second.trace, "seed {seed} gave two traces");
        assert_eq!((first.acknowledged, first.seen), (second.acknowledged, second.seen));
    }
    assert_ne!(run(plan(1)).trace, run(plan(2)).trace);
}

#[test]
fn one_seed() {
    let seed = number("SEED").unwrap_or(7);
    println!("{:?}", check(seed));
}

/// Every acknowledged write is there, none happened twice, revisions never go back, watches are complete.
#[test]
fn many_seeds() {
    let (mut acknowledged, mut starts, mut seen) = (0, 0, 0);
    let seeds = number("SEEDS").unwrap_or(200);
    for seed in 1..=seeds {
        let report = check(seed);
        acknowledged += report.acknowledged;
        starts += report.starts;
        seen += report.seen;
    }
    println!("{acknowledged} acknowledged writes, {starts} starts, {seen} changes seen");
    let (acknowledged, seen) = (acknowledged as u64 / seeds, seen as u64 / seeds);
    assert!(acknowledged > 500 && u64::from(starts) > 3 * seeds && seen > 500, "the runs did too little to prove anything");
}
