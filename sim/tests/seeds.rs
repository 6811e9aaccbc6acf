//! Clusters and single nodes, many seeds.
//!
//! `MANIFOLD_SEEDS=N` runs N seeds of clusters, `MANIFOLD_SEED=S` begins at another, `MANIFOLD_BUSY=SECONDS` makes each longer or
//! shorter. What a failure prints replays it. 120 seeds or more also ask that every operation met every fault. A longer run is
//! `MANIFOLD_SEED=1000 MANIFOLD_SEEDS=2000 cargo test -p sim --profile sim --test seeds -- many_seeds --nocapture`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use sim::{Matrix, Plan, Report, run};

/// The one that the server has; simulation allocates a lot.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Seeds of clusters: what fits into six minutes of two cores.
const SEEDS: u64 = 120;
/// From so many seeds on every operation has to meet every fault.
const SEEDS_WHOLE: u64 = 120;
/// Simulated time of one seed of a cluster under faults, in seconds.
const BUSY: u64 = 300;
/// Seeds of single nodes, and the simulated time of each under faults.
const SINGLE_SEEDS: u64 = 200;
const SINGLE_BUSY: Duration = Duration::from_secs(25);
/// Complaints printed of one seed.
const COMPLAINTS_SHOWN: usize = 20;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn busy() -> Duration {
    Duration::from_secs(number("MANIFOLD_BUSY", BUSY))
}

/// What a failure has to say.
fn story(plan: &Plan, report: &Report) -> String {
    let mut out = format!("seed {} failed: {plan:#?}\n", plan.seed);
    out += &format!("-- the last events\n{}\n", report.events.join("\n"));
    out += &format!("-- the nodes\n{}\n", report.nodes.join("\n"));
    let shown = &report.complaints[..report.complaints.len().min(COMPLAINTS_SHOWN)];
    out += &format!("-- {} complaints\n{}\n", report.complaints.len(), shown.join("\n"));
    out + &format!("replay: {}\n", replay(plan))
}

fn replay(plan: &Plan) -> String {
    let busy = env::var("MANIFOLD_BUSY").map_or(String::new(), |busy| format!("MANIFOLD_BUSY={busy} "));
    let single = if plan.nodes == 1 && plan.busy == SINGLE_BUSY { "MANIFOLD_SINGLE=1 " } else { "" };
    let seed = plan.seed;
    format!("{single}{busy}MANIFOLD_SEED={seed} cargo test -p sim --profile sim --test seeds -- one_seed --exact --nocapture")
}

/// Nothing else here is worth believing unless this holds.
#[test]
fn one_seed_gives_one_trace() {
    let busy = Duration::from_secs(30);
    for plan in [Plan::single(1, busy), Plan::cluster(2, busy, 3), Plan::cluster(3, busy, 3), Plan::cluster(4, busy, 5)] {
        let (first, second) = (run(&plan), run(&plan));
        assert_eq!(first.trace, second.trace, "seed {} gave two traces", plan.seed);
        assert_eq!((first.acknowledged, first.seen), (second.acknowledged, second.seen));
        assert!(first.complaints.is_empty(), "{}", story(&plan, &first));
    }
    assert_ne!(run(&Plan::cluster(2, busy, 3)).trace, run(&Plan::cluster(3, busy, 3)).trace);
}

#[test]
fn one_seed() {
    let seed = number("MANIFOLD_SEED", 7);
    let is_single = env::var_os("MANIFOLD_SINGLE").is_some();
    let plan = if is_single { Plan::single(seed, SINGLE_BUSY) } else { Plan::new(seed, busy()) };
    let begin = Instant::now();
    let report = run(&plan);
    println!("{}", line(&plan, &report, begin.elapsed()));
    assert!(report.complaints.is_empty(), "{}", story(&plan, &report));
}

fn line(plan: &Plan, report: &Report, took: Duration) -> String {
    let (begun, refused, unknown) = report.operations;
    format!(
        "seed {}: {} nodes, {:.0} s in {:.1} s, {} M polls; {begun} operations ({refused} refused, {unknown} unknown), {} writes and \
         {} reads; {} starts, {} leaders, {} comparisons, {} changes seen, back after {:.1} s",
        plan.seed,
        plan.nodes,
        report.simulated.as_secs_f64(),
        took.as_secs_f64(),
        report.polls / 1_000_000,
        report.acknowledged,
        report.reads,
        report.starts,
        report.leaders,
        report.comparisons,
        report.seen,
        report.recovery.as_secs_f64(),
    )
}

#[derive(Default)]
struct Sums {
    seeds: u64,
    simulated: Duration,
    begun: u64,
    unknown: u64,
    acknowledged: u64,
    reads: u64,
    starts: u64,
    comparisons: u64,
    seen: u64,
    slowest: Duration,
    stories: Vec<String>,
}

impl Sums {
    fn add(&mut self, plan: &Plan, report: &Report) {
        self.seeds += 1;
        self.simulated += report.simulated;
        self.begun += report.operations.0;
        self.unknown += report.operations.2;
        self.acknowledged += report.acknowledged as u64;
        self.reads += report.reads as u64;
        self.starts += u64::from(report.starts);
        self.comparisons += report.comparisons;
        self.seen += report.seen as u64;
        self.slowest = self.slowest.max(report.recovery);
        if !report.complaints.is_empty() {
            self.stories.push(story(plan, report));
        }
    }
}

/// Every acknowledged write is there, none happened twice, revisions never go back, reads are linearizable, watches are
/// complete, leases are not early, replicas agree, and a cluster comes back when faults stop.
#[test]
fn many_seeds() {
    let (first, seeds) = (number("MANIFOLD_SEED", 1), number("MANIFOLD_SEEDS", SEEDS));
    run_all(first, seeds, &|seed| Plan::new(seed, busy()), seeds >= SEEDS_WHOLE);
}

#[test]
fn many_seeds_of_one_node() {
    run_all(1, SINGLE_SEEDS, &|seed| Plan::single(seed, SINGLE_BUSY), false);
}

fn run_all(first: u64, seeds: u64, plan_of: &(dyn Fn(u64) -> Plan + Sync), is_whole: bool) {
    let (next, matrix, sums) = (AtomicU64::new(first), Matrix::default(), Mutex::new(Sums::default()));
    let begin = Instant::now();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= first + seeds {
                return;
            }
            let (plan, started) = (plan_of(seed), Instant::now());
            match catch_unwind(AssertUnwindSafe(|| run(&plan))) {
                Ok(report) => {
                    println!("{}", line(&plan, &report, started.elapsed()));
                    matrix.add(&report.cells);
                    sums.lock().unwrap().add(&plan, &report);
                }
                Err(_) => sums.lock().unwrap().stories.push(format!("seed {seed} ended in a panic\nreplay: {}", replay(&plan))),
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    conclude(&sums.into_inner().unwrap(), &matrix, begin.elapsed(), is_whole);
}

fn conclude(sums: &Sums, matrix: &Matrix, took: Duration, is_whole: bool) {
    println!("{matrix}");
    println!(
        "{} seeds, {:.0} simulated seconds in {:.0} s: {:.0} a second; {} operations ({} unknown), {} acknowledged writes, {} reads, \
         {} starts, {} comparisons of states, {} changes seen; the slowest came back after {:.1} s",
        sums.seeds,
        sums.simulated.as_secs_f64(),
        took.as_secs_f64(),
        sums.simulated.as_secs_f64() / took.as_secs_f64(),
        sums.begun,
        sums.unknown,
        sums.acknowledged,
        sums.reads,
        sums.starts,
        sums.comparisons,
        sums.seen,
        sums.slowest.as_secs_f64(),
    );
    sums.stories.iter().for_each(|story| eprintln!("{story}"));
    assert!(sums.stories.is_empty(), "{} seeds failed; each says how to replay it", sums.stories.len());
    assert!(sums.unknown * 2 < sums.begun, "most operations had no answer: the runs prove little");
    if is_whole {
        let empty = matrix.empty_cells();
        assert!(empty.is_empty(), "never tried together: {}", empty.join(", "));
    }
}
