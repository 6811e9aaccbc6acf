//! Three members with a disk each, one of which stands still, is slow, or fills up. Needs root, for disks of the test's own.
//!
//! `SLOW_SECONDS` says how long throughput is measured with a slow follower and without one (3 in `./check`).

use interop::cluster::{Cluster, Plan, figures, put_until_acknowledged, within};
use interop::disks::{Mount, Throttle};
use interop::proxy::Way;
use interop::serials::{Load, Size};
use interop::wire::{Wire, fault, pb};
use std::time::{Duration, Instant};
use tonic::Code;

const SMALL: [&str; 4] = ["--journal-segment", "16MiB", "--settle", "4MiB"];
const MODERATE: Size = Size { bound: 2, roaming: 3, pause: Duration::from_millis(5) };
/// How long the disk stands still.
const STALL: Duration = Duration::from_secs(5);

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// Three disks in memory.
fn disks(what: &str, folder: &tempfile::TempDir) -> Option<Vec<Mount>> {
    (1..=3).map(|number| Mount::ext4(what, folder.path(), &format!("disk{number}"), 600)).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(interop::server::memory_folder()).expect("a folder in memory")
}

/// The leader's disk takes nothing for five seconds: somebody else leads before long, and nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_disk_moves_the_lead() {
    let _turn = turn().await;
    let folder = folder();
    let Some(disks) = disks("a disk that stands still", &folder) else { return };
    let plan = Plan { arguments: &SMALL, secret: true, disks: disks.iter().map(Mount::path).collect(), ..Plan::default() };
    let cluster = Cluster::start(3, &plan).await;
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let leader = cluster.leader().await;
    let others = [ports[(leader + 1) % 3], ports[(leader + 2) % 3]];
    let before = cluster.servers[leader].resident_bytes();
    disks[leader].freeze();
    let frozen = Instant::now();
    let first = put_until_acknowledged(others[0], "meanwhile").await;
    let moved = within(30, "another leader", async || {
        for port in others {
            if interop::cluster::leads(port).await {
                return Some(frozen.elapsed());
            }
        }
        None
    })
    .await;
    let mut slow = Vec::new();
    while frozen.elapsed() < STALL {
        slow.push(put_until_acknowledged(others[1], "meanwhile").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let during = cluster.servers[leader].resident_bytes();
    disks[leader].thaw();
    println!(
        "the leader's disk stood still for {STALL:?}: first write after {first:.2?}, another leads after {moved:.2?}, then {}; its \
         memory went from {} to {} MiB",
        figures(&mut slow),
        before >> 20,
        during >> 20
    );
    load.assert_alive();
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
}

/// Writes by 16 clients for a while: how many a second, and how long each took.
async fn write(port: u16, round: usize, seconds: u64) -> (f64, Vec<Duration>) {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let clients: Vec<_> = (0..16)
        .map(|client| {
            tokio::spawn(async move {
                let (mut wire, mut times) = (Wire::lazy(port), Vec::new());
                while Instant::now() < end {
                    let asked = Instant::now();
                    let key = format!("slow/{round}/{client}/{}", times.len());
                    wire.put(key, vec![round as u8; 1024]).await.expect("a write");
                    times.push(asked.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.expect("it writes"));
    }
    (times.len() as f64 / begin.elapsed().as_secs_f64(), times)
}

/// One follower whose disk takes five writes a second, 700 ms away: the two others do not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_follower_holds_nobody_up() {
    let _turn = turn().await;
    let seconds = std::env::var("SLOW_SECONDS").map_or(3, |text| text.parse().expect("SLOW_SECONDS is a number"));
    let folder = folder();
    let Some(disks) = disks("a slow disk", &folder) else { return };
    let plan = Plan {
        arguments: &SMALL,
        secret: true,
        proxies: true,
        disks: disks.iter().map(Mount::path).collect(),
        ..Plan::default()
    };
    let cluster = Cluster::start(3, &plan).await;
    let wiring = cluster.wiring.as_ref().expect("the plan wants proxies");
    let ports = cluster.ports();
    // It shall follow, also between the rounds.
    let slow = (cluster.leader().await + 1) % 3;
    cluster.servers[slow].ctl(&["drain"]).expect("it may be drained");
    write(ports[cluster.leader().await], 0, 1).await;
    let (mut rates, mut p99) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 1..=3 {
        for harmed in [0, 1] {
            let throttle = (harmed == 1).then(|| {
                let throttle =
                    Throttle::over(&cluster.servers[slow]).and_then(|throttle| throttle.slow_down(5).map(|()| throttle));
                wiring.isolate(slow, Way::Late(Duration::from_millis(350)));
                throttle
            });
            if let Some(Err(why)) = &throttle {
                eprintln!("LEFT OUT: a slow disk: {why}");
                return;
            }
            let leader = cluster.leader().await;
            assert_ne!(leader, slow, "it is drained");
            let (rate, mut times) = write(ports[leader], 2 * round + harmed, seconds).await;
            times.sort();
            rates[harmed].push(rate);
            p99[harmed].push(times[times.len() * 99 / 100].as_secs_f64() * 1e3);
            drop(throttle);
            wiring.heal();
            within(60, "a follower that has caught up", async || {
                let wire = &mut Wire::lazy(ports[slow]);
                let read = tokio::time::timeout(Duration::from_secs(2), wire.get("anything")).await;
                matches!(read, Ok(Ok(_))).then_some(())
            })
            .await;
        }
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (before, after) = (median(&mut rates[0]), median(&mut rates[1]));
    let (quick, late) = (median(&mut p99[0]), median(&mut p99[1]));
    println!(
        "a follower with 5 writes a second, 700 ms away: {before:.0} writes a second without it, {after:.0} with it ({:+.1} %); p99 \
         {quick:.2} and {late:.2} ms ({:.2} times)",
        (after / before - 1.0) * 100.0,
        late / quick
    );
    cluster.assert_equal().await;
}

/// One member's disk is nearly full: the cluster refuses what adds, before that member would have to end, and recovers when there
/// is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_full_disk_is_told_to_all() {
    let _turn = turn().await;
    let folder = folder();
    let Some(small) = Mount::new("a disk that fills up", &["-t", "tmpfs", "-o", "size=400m", "tmpfs"]) else { return };
    let plan =
        Plan { arguments: &SMALL, secret: true, disks: vec![folder.path(), small.path(), folder.path()], ..Plan::default() };
    let mut cluster = Cluster::start(3, &plan).await;
    let ports = cluster.ports();
    let mut wire = Wire::lazy(ports[0]);
    let mut taken = 0;
    let refusal = loop {
        match wire.put(format!("fill/{taken:04}"), vec![7; 1 << 20]).await {
            Ok(_) => taken += 1,
            Err(status) => break status,
        }
        assert!(taken < 2_000, "400 MiB do not take that");
    };
    assert_eq!(fault(&refusal), (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded".into()));
    println!("{taken} MiB were taken before the refusal");
    for server in &mut cluster.servers {
        assert!(server.exited().is_none(), "the process goes on:\n{}", server.log_tail());
    }
    for key in 0..taken {
        let key = format!("fill/{key:04}").into();
        wire.kv.delete_range(pb::DeleteRangeRequest { key, ..Default::default() }).await.expect("deletes pass");
    }
    let revision = wire.list("nothing", 0).await.expect("served").header.expect("a header").revision;
    wire.kv.compact(pb::CompactionRequest { revision, physical: true }).await.expect("compactions pass");
    let begin = Instant::now();
    within(60, "room again", async || wire.put("again", "x").await.is_ok().then_some(())).await;
    println!("puts pass again {:.1?} after the compaction", begin.elapsed());
    // A member may still be behind with what was written and deleted in a few seconds, and tell so by a timeout.
    for port in &ports {
        let begin = Instant::now();
        within(interop::cluster::SETTLED_SECONDS, "a member that has caught up", async || {
            Wire::lazy(*port).get("again").await.is_ok().then_some(())
        })
        .await;
        println!("the member at {port} answers after {:.1?}", begin.elapsed());
    }
    cluster.assert_equal().await;
}
