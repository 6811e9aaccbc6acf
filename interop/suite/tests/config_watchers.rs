//! A thousand who watch a configuration store on three nodes, while its leader is killed and another node restarts: each sees each
//! change once, in order, and misses none.

use interop::cluster::{Cluster, Plan};
use interop::store::{Client, Follower, KeyFile, position, trail};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const WATCHERS: usize = 1_000;
/// Changes between two events in the life of the cluster.
const CHANGES: u64 = 60;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_is_seen_once_over_a_kill_and_a_restart() {
    more_files();
    let keys = KeyFile::new();
    let arguments = ["--import-keys", keys.path()];
    let mut cluster = Cluster::start(3, &Plan { arguments: &arguments, ..Plan::default() }).await;
    let clients: Vec<Client> = cluster.servers.iter().map(|server| Client::new(server.http_port())).collect();
    let mut serial = 0;
    write(&clients, &mut serial).await;
    let watchers: Vec<Follower> =
        (0..WATCHERS).map(|number| Follower::start(clients.clone(), number, "namespace=watched")).collect();
    write(&clients, &mut serial).await;
    let leader = leader(&clients).await;
    cluster.servers[leader].kill();
    write(&clients, &mut serial).await;
    cluster.servers[leader].restart().await;
    write(&clients, &mut serial).await;
    let other = (leader + 1) % 3;
    assert!(cluster.servers[other].stop(30).is_some_and(|status| status.success()), "it stops when it is told to");
    write(&clients, &mut serial).await;
    cluster.servers[other].restart().await;
    write(&clients, &mut serial).await;

    let expected: Vec<u64> = trail(clients[0], "namespace=watched").await.iter().map(position).collect();
    assert!(expected.len() as u64 >= 6 * CHANGES, "{} changes", expected.len());
    let last = expected.last().copied().unwrap_or(0);
    for (number, watcher) in watchers.into_iter().enumerate() {
        let seen = watcher.finish(last, PATIENCE).await;
        assert!(seen == expected, "watcher {number} saw {} of {} changes, or others", seen.len(), expected.len());
    }
}

/// Writes through whichever node takes it. What has no answer may have been done, and is one change more.
async fn write(clients: &[Client], serial: &mut u64) {
    for _ in 0..CHANGES {
        let begin = Instant::now();
        loop {
            let client = clients[usize::try_from(*serial % 3).expect("small")];
            *serial += 1;
            let path = format!("/api/v1/namespaces/watched/config/k{}", *serial % 11);
            let headers = [("Content-Type", "application/json"), ("Prefer", "forward")];
            let body = json!({ "value": serial.to_string() }).to_string();
            if client.try_ask("PUT", &path, &headers, body.as_bytes()).await.is_ok_and(|answer| answer.status == 200) {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "nobody takes a write");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn leader(clients: &[Client]) -> usize {
    let begin = Instant::now();
    loop {
        for (index, client) in clients.iter().enumerate() {
            let ready = client.try_ask("GET", "/health/ready", &[], b"").await;
            if ready.is_ok_and(|ready| ready.json()["cluster"]["role"] == "leader") {
                return index;
            }
        }
        assert!(begin.elapsed() < PATIENCE, "nobody leads");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A watcher is a connection here.
fn more_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a limit can be raised to its maximum");
}
