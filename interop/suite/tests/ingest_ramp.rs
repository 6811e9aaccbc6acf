//! Thousands of connections that post records, and what is left of them when they are gone: nothing.
//!
//! `RAMP_CONNECTIONS` says how many (8,000).

use interop::http::Http;
use interop::process::open_elsewhere;
use interop::{Server, Settings};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// After how long a node has to be at rest again.
const AT_REST: Duration = Duration::from_secs(5);
/// CPU seconds that it may use until then: closing a connection costs some microseconds.
const CPU_SECONDS_MAX: f64 = 2.0;
/// Connections that are made at once.
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_eight_thousand_connections() {
    let wanted = std::env::var("RAMP_CONNECTIONS").map_or(8_000, |text| text.parse().expect("RAMP_CONNECTIONS is a number"));
    let limit = getrlimit(Resource::Nofile);
    // Both sides, the server's by inheritance.
    let Some(room) = limit.maximum.is_none_or(|most| most >= wanted + 500).then_some(limit.maximum) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out");
        eprintln!("LEFT OUT: {wanted} connections: a process may only have {:?} files open here", limit.maximum);
        return;
    };
    setrlimit(Resource::Nofile, Rlimit { current: room, maximum: room }).expect("up to the hard limit");
    let server = Server::start(Settings::manifold()).await;
    let port = server.http_port();
    post(&mut Http::open(port).await.expect("a connection")).await;
    // What the start and the first record left open is what there is at rest; of its own files in its directory it may open another.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let open = || open_elsewhere(server.pid(), &server.data_dir()).expect("it runs");
    let before = open();

    let (begin, posted) = (Instant::now(), Arc::<AtomicU64>::default());
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut clients = JoinSet::new();
    for _ in 0..wanted {
        let (turns, posted) = (turns.clone(), posted.clone());
        clients.spawn(async move {
            let turn = turns.acquire_owned().await.expect("it is not closed");
            let mut http = Http::open(port).await.expect("a connection");
            post(&mut http).await;
            drop(turn);
            posted.fetch_add(1, Relaxed);
            http
        });
    }
    let mut connections = clients.join_all().await;
    let during = open();
    println!("{wanted} connections after {:.1?}: {during} files open, {before} before", begin.elapsed());
    assert!(during as u64 >= before as u64 + wanted, "all of them are open");
    // They are alive: each tenth posts again.
    for http in connections.iter_mut().step_by(10) {
        post(http).await;
    }
    let cpu = server.cpu_seconds();
    drop(connections);
    tokio::time::sleep(AT_REST).await;
    let used = server.cpu_seconds() - cpu;
    let after = open();
    println!("{AT_REST:?} after they closed: {after} files open, {used:.2} CPU seconds used");
    assert_eq!(after, before, "files are open that were not");
    assert!(used < CPU_SECONDS_MAX, "it used {used} CPU seconds for nothing");
    let records = server.metric("manifold_ingest_records_total").expect("a figure");
    assert_eq!(records as u64, 1 + wanted + wanted.div_ceil(10), "each post was one record");
}

async fn post(http: &mut Http) {
    let answer = http.post("/produce", r#"{"topic":"ramp","value":"v"}"#).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
}
