//! The Kafka door under faults: idempotent producers, consumers and a group run while members are killed, stopped, cut off, filled up and
//! restarted, and every record is held against what was acknowledged ([`interop::ledger`]).
//!
//! The tests take turns. `KAFKA_RUNS` says how many runs there are over the six kinds of fault (12 in `./check`, two of each kind),
//! `INTEROP_SEED` where chance begins; each run has a seed of its own, which it prints.
//!
//! ```sh
//! KAFKA_RUNS=100 cargo test --profile sim -p interop --test kafka_faults -- --nocapture
//! ```

use interop::cluster::{Cluster, Plan, figures};
use interop::disks::Mount;
use interop::ledger::{self, Load, USUAL};
use interop::proxy::Way;
use interop::random::Random;
use interop::{Server, Settings};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Small files, since members share a disk, and a group that does not wait for more members.
const SMALL: [&str; 6] = ["--journal-segment", "16MiB", "--settle", "1MiB", "--kafka-rebalance-delay", "500ms"];
/// How long faults go on in one run.
const RUN: Duration = Duration::from_secs(10);
/// Batches that a run has to see acknowledged, or it proves little.
const ACKNOWLEDGEMENTS: u64 = 5_000;
/// Kinds of fault: the tests below, but for the second witness.
const KINDS: u64 = 6;

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not {v:?}")))
}

/// The seeds of a test's runs, each told before it is used.
fn seeds(test: &'static str) -> impl Iterator<Item = u64> {
    let first = number("INTEROP_SEED", 1);
    (first..first + number("KAFKA_RUNS", 12).div_ceil(KINDS)).inspect(move |seed| {
        println!(
            "seed {seed}; to see it again: INTEROP_SEED={seed} KAFKA_RUNS=1 cargo test --profile sim -p interop --test kafka_faults \
             {test} -- --nocapture"
        );
    })
}

fn millis(random: &mut Random, low: i64, high: i64) -> Duration {
    Duration::from_millis(random.between(low, high) as u64)
}

/// How long producers and the group took to go on, over all runs of a test.
#[derive(Default)]
struct Pauses {
    producers: Vec<Duration>,
    group: Vec<Duration>,
}

impl Pauses {
    async fn measure(&mut self, load: &Load, since: Instant) {
        let (producers, group) = load.book.resumed(since).await;
        self.producers.push(producers);
        self.group.push(group);
    }

    fn print(&mut self, what: &str) {
        println!("{what} to an acknowledged batch: {}", figures(&mut self.producers));
        println!("{what} to an acknowledged commit: {}", figures(&mut self.group));
    }
}

async fn finish(load: Load) {
    // What broke is healed: the rest of the acknowledgements comes undisturbed, however slow the machine is.
    let end = Instant::now() + Duration::from_secs(30);
    while load.book.acknowledged() < ACKNOWLEDGEMENTS && Instant::now() < end {
        sleep(Duration::from_millis(50)).await;
    }
    let report = load.finish().await;
    println!("{report:?}");
    assert!(report.acknowledged >= ACKNOWLEDGEMENTS, "only {} acknowledged", report.acknowledged);
    assert!(report.commits > 0 && report.reads >= report.records, "everybody took part");
}

async fn cluster(proxies: bool) -> Cluster {
    Cluster::start(3, &Plan { arguments: &SMALL, secret: true, proxies, ..Plan::default() }).await
}

/// SIGKILL, most often to the leader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_no_record() {
    let _turn = turn().await;
    let (mut leaders, mut others) = (Pauses::default(), Pauses::default());
    for seed in seeds("kills_lose_no_record") {
        let mut random = Random::new(seed);
        let mut cluster = cluster(false).await;
        let load = Load::start(&cluster.servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        while begin.elapsed() < RUN {
            sleep(millis(&mut random, 200, 1_200)).await;
            let leader = cluster.leader().await;
            let victim = if random.chance(70) { leader } else { random.below(3) as usize };
            let killed = Instant::now();
            cluster.servers[victim].kill();
            load.book.set_door(victim, None);
            let pauses = if victim == leader { &mut leaders } else { &mut others };
            pauses.measure(&load, killed).await;
            sleep(millis(&mut random, 0, 700)).await;
            cluster.spawn(victim);
            cluster.servers[victim].wait_ready().await;
            load.restarted(victim, &cluster.servers[victim]).await;
            load.assert_sound();
        }
        finish(load).await;
    }
    leaders.print("from a leader's kill");
    others.print("from another's kill");
}

/// SIGSTOP for a moment or for longer than a client waits, then SIGCONT.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sleepers_lose_no_record() {
    let _turn = turn().await;
    let mut pauses = Pauses::default();
    for seed in seeds("sleepers_lose_no_record") {
        let mut random = Random::new(seed);
        let cluster = cluster(false).await;
        let load = Load::start(&cluster.servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        while begin.elapsed() < RUN {
            sleep(millis(&mut random, 300, 1_200)).await;
            let leader = cluster.leader().await;
            let victim = if random.chance(75) { leader } else { random.below(3) as usize };
            let stopped = Instant::now();
            cluster.servers[victim].signal(Signal::STOP);
            sleep(if random.chance(50) { millis(&mut random, 100, 900) } else { millis(&mut random, 2_000, 3_500) }).await;
            cluster.servers[victim].signal(Signal::CONT);
            pauses.measure(&load, stopped).await;
            load.assert_sound();
        }
        finish(load).await;
    }
    pauses.print("from a member's falling asleep");
}

/// The leader, or another one, is cut off from the others, in both directions or in one; clients reach everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_lose_no_record() {
    let _turn = turn().await;
    let mut pauses = Pauses::default();
    for seed in seeds("partitions_lose_no_record") {
        let mut random = Random::new(seed);
        let cluster = cluster(true).await;
        let wiring = cluster.wiring.as_ref().expect("the plan wants proxies");
        let load = Load::start(&cluster.servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        while begin.elapsed() < RUN {
            sleep(millis(&mut random, 300, 1_200)).await;
            let leader = cluster.leader().await;
            let victim = if random.chance(75) { leader } else { random.below(3) as usize };
            let cut = Instant::now();
            let way = *random.pick(&[Way::Cut, Way::Stalled, Way::Stalled, Way::Late(Duration::from_millis(150))]);
            match random.below(3) {
                // It hears, and is not heard.
                0 => (0..3).filter(|other| *other != victim).for_each(|other| wiring.set(victim, other, way)),
                // Two of three directions between two: the third member hears both.
                1 => wiring.set(victim, (victim + 1) % 3, way),
                _ => wiring.isolate(victim, way),
            }
            sleep(millis(&mut random, 500, 2_500)).await;
            wiring.heal();
            pauses.measure(&load, cut).await;
            load.assert_sound();
        }
        finish(load).await;
    }
    pauses.print("from a cut");
}

/// One member after the other ends in order and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_no_record() {
    let _turn = turn().await;
    let mut pauses = Pauses::default();
    for seed in seeds("rolling_restarts_lose_no_record") {
        let mut random = Random::new(seed);
        let mut cluster = cluster(false).await;
        let load = Load::start(&cluster.servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        let mut member = random.below(3) as usize;
        while begin.elapsed() < RUN {
            let stopped = Instant::now();
            let status = cluster.servers[member].stop(30);
            assert!(status.is_some_and(|status| status.success()), "it ends in order: {status:?}");
            load.book.set_door(member, None);
            pauses.measure(&load, stopped).await;
            cluster.spawn(member);
            cluster.servers[member].wait_ready().await;
            load.restarted(member, &cluster.servers[member]).await;
            load.assert_sound();
            member = (member + 1) % 3;
            sleep(millis(&mut random, 300, 1_000)).await;
        }
        finish(load).await;
    }
    pauses.print("from the order to end");
}

/// A member's disk takes nothing more, again and again; what ends over it is started when there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disks_lose_no_record() {
    let _turn = turn().await;
    let mut pauses = Pauses::default();
    for seed in seeds("full_disks_lose_no_record") {
        let mut random = Random::new(seed);
        let mounts: Option<Vec<Mount>> =
            (0..3).map(|_| Mount::new("a disk that fills up", &["-t", "tmpfs", "-o", "size=800m", "tmpfs"])).collect();
        let Some(mounts) = mounts else { return };
        let disks = mounts.iter().map(Mount::path).collect();
        let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, disks, ..Plan::default() }).await;
        let load = Load::start(&cluster.servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        while begin.elapsed() < RUN {
            sleep(millis(&mut random, 300, 1_000)).await;
            let leader = cluster.leader().await;
            let victim = if random.chance(70) { leader } else { random.below(3) as usize };
            let ballast = mounts[victim].path().join("ballast");
            fill(&ballast);
            sleep(millis(&mut random, 1_500, 3_000)).await;
            std::fs::remove_file(&ballast).expect("the ballast can go");
            let healed = Instant::now();
            if let Some(status) = cluster.servers[victim].exited() {
                println!("the member with the full disk ended: {status}");
                cluster.servers[victim].kill();
                cluster.spawn(victim);
                cluster.servers[victim].wait_ready().await;
                load.restarted(victim, &cluster.servers[victim]).await;
            }
            pauses.measure(&load, healed).await;
            load.assert_sound();
        }
        finish(load).await;
    }
    pauses.print("from room on a disk again");
}

/// Takes all the room of a disk.
fn fill(ballast: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(ballast).expect("a file can be made");
    let piece = vec![0_u8; 1 << 20];
    // It ends with the room.
    while file.write_all(&piece).is_ok() {}
}

/// A node of its own, killed in a loop, its data on a real disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_killed_in_a_loop_loses_no_record() {
    let _turn = turn().await;
    let mut pauses = Pauses::default();
    for seed in seeds("one_node_killed_in_a_loop_loses_no_record") {
        let mut random = Random::new(seed);
        let settings = Settings::manifold().under(&std::env::temp_dir()).with_arguments(&SMALL);
        let mut servers = vec![Server::start(settings).await];
        let load = Load::start(&servers, USUAL, seed).await;
        load.book.resumed(Instant::now()).await;
        let begin = Instant::now();
        while begin.elapsed() < RUN {
            sleep(millis(&mut random, 200, 1_500)).await;
            let killed = Instant::now();
            servers[0].kill();
            if random.chance(20) {
                servers[0].spawn();
                sleep(millis(&mut random, 0, 60)).await;
                servers[0].kill();
            }
            servers[0].spawn();
            servers[0].wait_ready().await;
            load.restarted(0, &servers[0]).await;
            pauses.measure(&load, killed).await;
            load.assert_sound();
        }
        finish(load).await;
    }
    pauses.print("from a lone node's kill");
}

/// Somebody else's client sees the same: what the ledger wrote is read by kcat, and what kcat wrote by the ledger's reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_sees_what_the_ledger_sees() {
    let _turn = turn().await;
    let Some(version) = kcat(&["-V"], &[]) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out");
        eprintln!("LEFT OUT: kcat is missing");
        return;
    };
    assert!(!version.is_empty(), "it says what it is");
    let mut cluster = cluster(false).await;
    let load = Load::start(&cluster.servers, USUAL, 1).await;
    let book = load.book.clone();
    load.book.resumed(Instant::now()).await;
    sleep(Duration::from_secs(2)).await;
    let leader = cluster.leader().await;
    cluster.servers[leader].kill();
    load.book.set_door(leader, None);
    sleep(Duration::from_secs(1)).await;
    cluster.spawn(leader);
    cluster.servers[leader].wait_ready().await;
    load.restarted(leader, &cluster.servers[leader]).await;
    println!("{:?}", load.finish().await);
    let address = format!("127.0.0.1:{}", ledger::door(&cluster.servers[leader]).await);
    let records = ledger::reader::Reader::new(&book, "the ledger".to_owned(), 5, true).values().await;
    for (partition, values) in records.iter().enumerate() {
        let partition = partition.to_string();
        // Each value with its length before it, big-endian.
        let read =
            kcat(&["-b", &address, "-C", "-t", "ledger", "-p", &partition, "-o", "beginning", "-e", "-q", "-f", "%R%s"], &[]);
        let expected: Vec<u8> =
            values.iter().flat_map(|v| (v.len() as u32).to_be_bytes().into_iter().chain(v.iter().copied())).collect();
        assert!(read.expect("kcat reads") == expected, "kcat reads another partition {partition} than the ledger");
        println!("kcat reads the {} records of partition {partition} as the ledger does", values.len());
    }
    let lines: Vec<String> = (0..2_000).map(|number| format!("line {number} {}", "x".repeat(number % 300))).collect();
    let other = std::sync::Arc::new(ledger::book::Book::new("kcat", "none", 1, 3));
    other.set_door(0, Some(ledger::door(&cluster.servers[0]).await));
    ledger::create_topic(&other).await;
    let text = lines.join("\n") + "\n";
    let options = ["-b", &address, "-P", "-t", "kcat", "-p", "0", "-z", "lz4", "-X", "enable.idempotence=true"];
    kcat(&options, text.as_bytes()).expect("kcat writes");
    let values = ledger::reader::Reader::new(&other, "the ledger".to_owned(), 6, true).values().await;
    let read: Vec<String> = values[0].iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    assert!(read == lines, "the ledger reads {} lines of the {} that kcat wrote", read.len(), lines.len());
}

/// What kcat prints, given `input`; `None` if it is not there or fails.
fn kcat(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new("timeout");
    command.args(["60", "kcat"]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take().expect("it is piped").write_all(input).ok();
    let output = child.wait_with_output().expect("our own child can be waited for");
    output.status.success().then_some(output.stdout)
}
