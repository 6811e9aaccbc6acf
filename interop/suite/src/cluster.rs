//! Several servers that are members of one cluster.

use crate::namespaces::{self, Hosts};
use crate::proxy::Wiring;
use crate::server::{memory_folder, unused_port};
use crate::wire::{Wire, pb};
use crate::{Server, Settings};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// What must come true in a cluster that is left alone comes true within this time, on a busy machine, too.
pub const SETTLED_SECONDS: u64 = 30;
/// One attempt at a write.
const ATTEMPT: Duration = Duration::from_secs(2);

/// The secret of a cluster, in a file made by `manifold ctl secret new`. Dropping it removes the file.
#[derive(Debug)]
pub struct Secret(PathBuf);

impl Secret {
    /// Makes a new one.
    pub fn new(settings: &Settings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = memory_folder().join(format!("manifold-interop-{}-{number}.secret", std::process::id()));
        let output = Command::new(&settings.binary).args(["ctl", "secret", "new"]).arg(&file).output();
        let output = output.expect("the binary can be run");
        assert!(output.status.success(), "no secret was made: {output:?}");
        Self(file)
    }

    /// The file's name.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("the folders of tests have plain names")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a test wants of a cluster before it is started.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// More arguments of every member.
    pub arguments: &'a [&'a str],
    /// Where data directories are made; in memory if not given.
    pub under: Option<&'a Path>,
    /// A folder for each member's data instead, on disks of their own.
    pub disks: Vec<&'a Path>,
    /// Hosts of their own for the members.
    pub hosts: Option<&'a Hosts>,
    /// Whether members speak under a secret.
    pub secret: bool,
    /// Whether what they say passes proxies.
    pub proxies: bool,
}

/// Members of one cluster, each its own process. They are called `n1`, `n2` and so on.
#[derive(Debug)]
pub struct Cluster {
    /// The members.
    pub servers: Vec<Server>,
    /// What lies between them, if the plan wanted it.
    pub wiring: Option<Wiring>,
    /// Their secret, if the plan wanted it.
    pub secret: Option<Secret>,
    members: BTreeMap<String, String>,
}

/// `n1` for 0 and so on.
pub fn name(index: usize) -> String {
    format!("n{}", index + 1)
}

/// A part of the settings that all members share.
pub fn settings(plan: &Plan<'_>) -> Settings {
    let mut settings = Settings::manifold().with_arguments(plan.arguments);
    if let Some(under) = plan.under {
        settings = settings.under(under);
    }
    settings
}

impl Cluster {
    /// Members that are configured and not started.
    pub async fn prepare(members: usize, plan: &Plan<'_>) -> Self {
        let ports: Vec<u16> = (0..members).map(|_| unused_port()).collect();
        let wiring = if plan.proxies { Some(Wiring::start(&ports).await) } else { None };
        let reached: Vec<u16> = wiring.as_ref().map_or_else(|| ports.clone(), |wiring| wiring.ports().to_vec());
        let address = |i: usize, port: u16| match plan.hosts {
            None => format!("127.0.0.1:{port}"),
            Some(hosts) => format!("{}:{}", hosts.place(i).address, namespaces::PEER),
        };
        let addresses: BTreeMap<String, String> =
            reached.iter().enumerate().map(|(i, port)| (name(i), address(i, *port))).collect();
        let secret = plan.secret.then(|| Secret::new(&settings(plan)));
        let list = list(&addresses);
        let servers = (0..members).map(|i| {
            let own = ["--name", &name(i), "--cluster", &list, "--peer-advertise", &addresses[&name(i)]];
            let mut settings = settings(plan).with_arguments(&own);
            if let Some(secret) = &secret {
                settings = settings.with_arguments(&["--cluster-secret", secret.path()]);
            }
            settings.peer_port = ports[i];
            if let Some(disk) = plan.disks.get(i) {
                settings = settings.under(disk);
            }
            settings.place = plan.hosts.map(|hosts| hosts.place(i));
            let mut server = Server::prepare(settings);
            if let Some(hosts) = plan.hosts {
                server.port = hosts.port(i);
            }
            server
        });
        Self { servers: servers.collect(), wiring, secret, members: addresses }
    }

    /// Members that serve.
    pub async fn start(members: usize, plan: &Plan<'_>) -> Self {
        let mut cluster = Self::prepare(members, plan).await;
        for i in 0..members {
            cluster.spawn(i);
        }
        cluster.wait_ready().await;
        cluster
    }

    /// What `--cluster` says.
    pub fn list(&self) -> String {
        list(&self.members)
    }

    /// Where peers reach a member.
    pub fn address(&self, index: usize) -> &str {
        &self.members[&name(index)]
    }

    /// Starts a member's process without waiting for it.
    pub fn spawn(&mut self, index: usize) {
        self.servers[index].spawn();
        if let Some(wiring) = &self.wiring {
            wiring.belongs(index, self.servers[index].pid());
        }
    }

    /// Waits until every member answers.
    pub async fn wait_ready(&mut self) {
        for server in &mut self.servers {
            if server.is_started() {
                server.wait_ready().await;
            }
        }
    }

    /// The ports of all etcd doors.
    pub fn ports(&self) -> Vec<u16> {
        self.servers.iter().map(|server| server.port).collect()
    }

    /// The member that leads the data by its own word, and the term.
    pub async fn leader(&self) -> usize {
        within(SETTLED_SECONDS, "a member that leads", async || {
            for (i, server) in self.servers.iter().enumerate().filter(|(_, server)| server.is_started()) {
                if leads(server.port).await {
                    return Some(i);
                }
            }
            None
        })
        .await
    }

    /// Some member that does not lead.
    pub async fn follower(&self) -> usize {
        (self.leader().await + 1) % self.servers.len()
    }

    /// Every member holds the same, down to the history; gives the revision.
    pub async fn assert_equal(&self) -> i64 {
        assert_equal(&self.ports()).await
    }
}

fn list(members: &BTreeMap<String, String>) -> String {
    let entries: Vec<String> = members.iter().map(|(name, address)| format!("{name}={address}")).collect();
    entries.join(",")
}

/// Whether the server says that it leads itself.
pub async fn leads(port: u16) -> bool {
    let mut wire = Wire::lazy(port);
    let asked = timeout(Duration::from_millis(500), wire.maintenance.status(pb::StatusRequest {})).await;
    let Ok(Ok(status)) = asked else { return false };
    let status = status.into_inner();
    status.leader != 0 && status.leader == status.header.unwrap_or_default().member_id
}

/// A new member that `ctl COMMAND NAME=ADDRESS` on a member let in, with the settings that all of them share; it is not started yet.
pub fn invite(by: &Server, command: &[&str], name: &str, settings: Settings) -> Server {
    let port = unused_port();
    let entry = format!("{name}=127.0.0.1:{port}");
    let awaited = ctl_json(by, &[command, &[entry.as_str()]].concat());
    let ticket = awaited["ticket"].as_str().expect("a ticket").to_owned();
    let mut settings = settings.with_arguments(&["--name", name, "--join", &ticket]);
    settings.peer_port = port;
    Server::prepare(settings)
}

/// Waits until a member is listed as active.
pub async fn active(by: &Server, name: &str) {
    within(60, "a member that has joined", async || has_standing(by, name, "active").then_some(())).await;
}

/// Whether the member list on `by` says that of a member.
pub fn has_standing(by: &Server, name: &str, standing: &str) -> bool {
    let members = ctl_json(by, &["member", "list"]);
    members.as_array().expect("a list").iter().any(|member| member["name"] == name && member["standing"] == standing)
}

/// What `manifold ctl ARGUMENTS --json` answers on a member.
pub fn ctl_json(server: &Server, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let text = server.ctl(&arguments).unwrap_or_else(|error| panic!("ctl {arguments:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("ctl {arguments:?} gives no JSON ({error}): {text}"))
}

/// All servers hold the same, down to the history; gives the revision. Nobody may write meanwhile.
pub async fn assert_equal(ports: &[u16]) -> i64 {
    let mut hashes = Vec::new();
    for port in ports {
        let mut wire = Wire::lazy(*port);
        // A linearizable read: what was acknowledged has been applied here.
        wire.get("anything").await.unwrap_or_else(|error| panic!("port {port} does not answer: {error}"));
        let hash = wire.maintenance.hash_kv(pb::HashKvRequest { revision: 0 }).await.expect("a hash").into_inner();
        hashes.push((hash.hash_revision, hash.compact_revision, hash.hash));
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "members differ (revision, compacted, hash): {hashes:?}");
    hashes[0].0
}

/// Asks again and again until there is an answer; panics after `seconds`.
pub async fn within<T>(seconds: u64, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "not within {seconds} s: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Puts `key` until that is acknowledged; gives how long that took.
pub async fn put_until_acknowledged(port: u16, key: &str) -> Duration {
    let begin = Instant::now();
    let mut wire = Wire::lazy(port);
    while !matches!(timeout(ATTEMPT, wire.put(key.to_owned(), "x")).await, Ok(Ok(_))) {
        assert!(begin.elapsed() < Duration::from_secs(SETTLED_SECONDS), "no write was acknowledged for {SETTLED_SECONDS} s");
        sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}

/// Times in order, as one line.
pub fn figures(times: &mut [Duration]) -> String {
    if times.is_empty() {
        return "none".to_owned();
    }
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    format!("p50 {:.2?}, p99 {:.2?}, max {:.2?} of {}", at(50), at(99), times[times.len() - 1], times.len())
}
