//! Three real processes, killed, stopped, cut off, replaced and restarted under load that is checked write by write
//! ([`interop::serials`]): every acknowledged write is on every member, none twice; no linearizable read is stale; every watch is
//! complete; in the end all members hash to the same.
//!
//! The tests take turns, since some of them measure. Longer runs:
//!
//! | variable | meaning | in `./check` |
//! |---|---|---|
//! | `CLUSTER_KILLS` | kills of a random member; 100 is the long run | 10 |
//! | `CLUSTER_STOPS` | leaders stopped for three seconds and woken | 2 |
//! | `CLUSTER_ROUNDS` | rounds of rolling restarts, and of partitions | 1 |
//! | `INTEROP_SEED` | where random choices begin | 1 |
//!
//! ```sh
//! CLUSTER_KILLS=100 cargo test --profile sim -p interop --test cluster kills -- --nocapture
//! ```

use interop::Server;
use interop::cluster::{
    Cluster, Plan, Secret, active, assert_equal, ctl_json, figures, invite, leads, name, put_until_acknowledged, settings, within,
};
use interop::proxy::Way;
use interop::random::Random;
use interop::serials::{Load, Size};
use interop::server::unused_port;
use interop::wire::{Wire, pb};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Small files: three members share a disk.
const SMALL: [&str; 2] = ["--journal-segment", "16MiB"];
/// A moderate load, so that the members and not the machine are measured.
const MODERATE: Size = Size { bound: 2, roaming: 3, pause: Duration::from_millis(5) };

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not {v:?}")))
}

/// The test's chance, and a word on how to see it again.
fn chance(test: &str) -> Random {
    let seed = number("INTEROP_SEED", 1);
    println!(
        "seed {seed}; to see it again: INTEROP_SEED={seed} cargo test --profile sim -p interop --test cluster {test} -- --nocapture"
    );
    Random::new(seed)
}

fn millis(random: &mut Random, low: i64, high: i64) -> Duration {
    Duration::from_millis(random.between(low, high) as u64)
}

/// A killed member comes back a moment later, again and again, most often the leader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing() {
    let _turn = turn().await;
    let kills = number("CLUSTER_KILLS", 10);
    let mut random = chance("kills");
    let plan = Plan { arguments: &SMALL, secret: true, ..Plan::default() };
    let mut cluster = Cluster::start(3, &plan).await;
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;
    let (mut first, mut all, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..kills {
        sleep(millis(&mut random, 300, 1_500)).await;
        let leader = cluster.leader().await;
        let victim = if random.chance(70) { leader } else { random.below(3) as usize };
        cluster.servers[victim].kill();
        let survivors: Vec<u16> = ports.iter().copied().enumerate().filter(|(i, _)| *i != victim).map(|(_, port)| port).collect();
        let (one, other) =
            tokio::join!(put_until_acknowledged(survivors[0], "after"), put_until_acknowledged(survivors[1], "after"));
        if victim == leader {
            first.push(one.min(other));
            all.push(one.max(other));
        }
        sleep(millis(&mut random, 0, 1_000)).await;
        let begin = Instant::now();
        cluster.spawn(victim);
        cluster.servers[victim].wait_ready().await;
        starts.push(begin.elapsed());
        load.assert_alive();
    }
    let report = load.finish().await;
    println!("{kills} kills: {report:?}");
    println!("from a leader's kill to a write acknowledged by one survivor: {}", figures(&mut first));
    println!("from a leader's kill to a write acknowledged by each survivor: {}", figures(&mut all));
    println!("from a start to the first answer: {}", figures(&mut starts));
    cluster.assert_equal().await;
    assert!(report.acknowledged >= kills * 100, "only {} acknowledged", report.acknowledged);
    assert!(report.compacted > 0, "compactions ran too");
}

/// Members found a cluster whenever they start; what is not one of them is told so, and harms nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn founding_takes_any_order_and_no_strangers() {
    let _turn = turn().await;
    let mut random = chance("founding");
    let plan = Plan { arguments: &SMALL, secret: true, ..Plan::default() };
    let begin = Instant::now();
    let at_once = Cluster::start(3, &plan).await;
    println!("all at once: {:.1?}", begin.elapsed());
    assert_truth(&at_once).await;
    drop(at_once);

    let mut cluster = Cluster::prepare(3, &plan).await;
    let begin = Instant::now();
    let mut order = vec![0, 1, 2];
    order.swap(2, random.below(3) as usize);
    order.swap(1, random.below(2) as usize);
    for member in order {
        cluster.spawn(member);
        sleep(millis(&mut random, 0, 1_500)).await;
    }
    cluster.wait_ready().await;
    println!("one after the other: {:.1?}", begin.elapsed());
    assert_truth(&cluster).await;

    let before = cluster.assert_equal().await;
    refuse_strangers(&cluster, &plan).await;
    assert_truth(&cluster).await;
    let after = cluster.assert_equal().await;
    assert_eq!(after - before, 3, "only the three writes of the check were done");
    replace_the_wiped(&mut cluster).await;
}

/// Every node serves, and what each says of the cluster is so.
async fn assert_truth(cluster: &Cluster) {
    let ports = cluster.ports();
    for (i, port) in ports.iter().enumerate() {
        Wire::lazy(*port).put(format!("from/{i}"), name(i)).await.expect("every member takes writes");
    }
    for port in &ports {
        for i in 0..ports.len() {
            let found =
                Wire::lazy(*port).get(format!("from/{i}")).await.expect("every member answers").expect("the key is there");
            assert_eq!(found.value, name(i));
        }
    }
    for server in &cluster.servers {
        // Reaching everyone and announcing oneself come a moment after serving.
        within(20, "a list of three active members that are reached", async || {
            let members = ctl_json(server, &["member", "list"]);
            let members = members.as_array().expect("a list");
            let is_so = members.len() == ports.len()
                && members.iter().all(|member| {
                    let index = (0..ports.len()).find(|i| member["name"] == name(*i));
                    index.is_some_and(|i| {
                        member["standing"] == "active"
                            && member["address"] == cluster.address(i)
                            && member["client_urls"][0] == cluster.servers[i].url()
                            && (member["this_node"] == true) == (cluster.servers[i].port == server.port)
                            && (member["this_node"] == true || member["reachable"] == true)
                    })
                });
            is_so.then_some(())
        })
        .await;
    }
    within(20, "one opinion on who leads each shard", async || {
        let all: Vec<_> = cluster.servers.iter().map(|server| ctl_json(server, &["status"])).collect();
        let leaders = |status: &serde_json::Value| -> Vec<_> {
            status["shards"]
                .as_array()
                .expect("shards")
                .iter()
                .map(|shard| (shard["leader"].clone(), shard["term"].clone()))
                .collect()
        };
        let first = leaders(&all[0]);
        let agreed = all.iter().all(|status| {
            let voters = status["shards"]
                .as_array()
                .expect("shards")
                .iter()
                .all(|shard| shard["voters"].as_array().is_some_and(|v| v.len() == all.len()));
            status["cluster_id"] == all[0]["cluster_id"] && leaders(status) == first && voters
        });
        let led = first.iter().enumerate().all(|(shard, (leader, _))| {
            let said: Vec<_> = all.iter().filter(|status| status["shards"][shard]["leading"] == true).collect();
            said.len() == 1 && said[0]["node_id"] == *leader
        });
        (agreed && led).then_some(())
    })
    .await;
}

/// Starts what does not belong to the cluster, and waits for the word that says why.
async fn refuse_strangers(cluster: &Cluster, plan: &Plan<'_>) {
    let secret = cluster.secret.as_ref().expect("the plan wants one");
    let wrong = Secret::new(&settings(plan));
    let list = cluster.list();
    // Who is told the list and another secret cannot even say hello.
    let stranger = stranger(plan, &["--name", "n3", "--cluster", &list, "--cluster-secret", wrong.path()]);
    wait_for_word(stranger, &["tls", "secret"]).await;
    // A name that is not on the list ends the process before it opens anything.
    let mut stranger = self::stranger(plan, &["--name", "n4", "--cluster", &list, "--cluster-secret", secret.path()]);
    let status = stranger.wait_exit(20).expect("a wrong name is noticed at once");
    assert_eq!(status.code(), Some(78), "{}", stranger.log_text());
    assert!(stranger.log_text().contains("there is no n4 among n1, n2, n3"), "{}", stranger.log_text());
    // A longer list is another cluster.
    let longer = format!("{list},n4=127.0.0.1:{}", unused_port());
    let stranger = self::stranger(plan, &["--name", "n4", "--cluster", &longer, "--cluster-secret", secret.path()]);
    wait_for_word(stranger, &["wrong_cluster"]).await;
}

fn stranger(plan: &Plan<'_>, arguments: &[&str]) -> Server {
    let mut settings = settings(plan).with_arguments(arguments);
    settings.peer_port = unused_port();
    let mut server = Server::prepare(settings);
    server.spawn();
    server
}

/// A refused stranger waits, says why and serves nothing.
async fn wait_for_word(mut stranger: Server, words: &[&str]) {
    within(20, "a word of why nobody speaks with this node", async || {
        assert!(stranger.exited().is_none(), "it gave up: {}", stranger.log_text());
        let text = stranger.log_text().to_lowercase();
        (text.contains("refused (") && words.iter().any(|word| text.contains(word))).then_some(())
    })
    .await;
    assert!(!interop::wire::answers(stranger.port).await, "a stranger serves");
    let said = stranger.log_text();
    let line = said.lines().find(|line| line.contains("refused (")).unwrap_or_default();
    println!("a stranger says: {}", line.split_once("  ").map_or(line, |(_, text)| text));
}

/// A member that comes back with an empty directory is refused, and may be replaced under the same name.
async fn replace_the_wiped(cluster: &mut Cluster) {
    let secret = cluster.secret.as_ref().expect("the plan wants one").path().to_owned();
    cluster.servers[2].kill();
    std::fs::remove_dir_all(cluster.servers[2].data_dir()).expect("its data can be removed");
    cluster.spawn(2);
    let status = cluster.servers[2].wait_exit(20).expect("a lost disk is noticed");
    let said = cluster.servers[2].log_text();
    assert!(said.contains("its disk was lost: replace it by a new member"), "{said}");
    // A service manager need not try again.
    assert_eq!(status.code(), Some(78), "{said}");
    let ports = cluster.ports();
    for port in &ports[..2] {
        Wire::lazy(*port).put("after", "the wipe").await.expect("the others serve");
    }
    cluster.servers[2].kill();
    let address = cluster.address(2).to_owned();
    let awaited = ctl_json(&cluster.servers[0], &["member", "replace", "n3", &format!("n3={address}")]);
    let ticket = awaited["ticket"].as_str().expect("a ticket").to_owned();
    // A directory that a refused start left names the lost member: it is not an empty one.
    std::fs::remove_dir_all(cluster.servers[2].data_dir()).expect("its data can be removed");
    let mut again = settings(&Plan { arguments: &SMALL, ..Plan::default() });
    again.peer_port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    again.arguments.extend(["--name", "n3", "--cluster-secret", &secret, "--join", &ticket].map(str::to_owned));
    *cluster.servers[2].settings_mut() = again;
    cluster.spawn(2);
    cluster.wait_ready().await;
    assert_truth(cluster).await;
    cluster.assert_equal().await;
}

/// A leader that sleeps for three seconds wakes up as a follower: it shows nothing old, confirms nothing and ends no lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_slept_leads_nobody_astray() {
    let _turn = turn().await;
    let stops = number("CLUSTER_STOPS", 2);
    let cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;
    let mut resumed = Vec::new();
    for _ in 0..stops {
        let leader = cluster.leader().await;
        let others: Vec<u16> = ports.iter().copied().enumerate().filter(|(i, _)| *i != leader).map(|(_, port)| port).collect();
        // One lease is kept alive by the others while the leader sleeps, the other only by words that wait at the sleeper's door.
        let kept = Lease::grant(others[0], 3).await;
        let waiting = Lease::grant(others[0], 5).await;
        let mut sleeper = Wire::lazy(ports[leader]);
        sleeper.get("a connection").await.expect("it leads");
        cluster.servers[leader].signal(Signal::STOP);
        let asleep = Instant::now();
        let writing = tokio::spawn(put_until_acknowledged(others[0], "meanwhile"));
        let keeping = tokio::spawn(keep_until(kept.id, others.clone(), asleep + Duration::from_secs(5)));
        let mut questions = Vec::new();
        while asleep.elapsed() < Duration::from_secs(3) {
            questions.push(tokio::spawn(ask_sleeper(sleeper.clone(), others[1])));
            sleep(Duration::from_millis(100)).await;
        }
        let mut asking = sleeper.clone();
        let late = tokio::spawn(async move { keep_alive(&mut asking, waiting.id).await });
        sleep(Duration::from_millis(100)).await;
        let awake = Instant::now();
        cluster.servers[leader].signal(Signal::CONT);
        resumed.push(writing.await.expect("writes go on"));
        for question in questions {
            question.await.expect("no stale answer");
        }
        let confirmed = late.await.expect("an answer");
        keeping.await.expect("a lease that is kept alive lives");
        assert!(kept.lives(others[1]).await, "a lease that was kept alive was ended");
        kept.revoke(others[0]).await;
        if let Some(ttl) = confirmed {
            waiting.assert_ends(others[1], awake, ttl).await;
        }
        load.assert_alive();
    }
    println!("from a leader's falling asleep to the next acknowledged write: {}", figures(&mut resumed));
    assert!(resumed.iter().all(|time| *time < Duration::from_secs(3)), "writes waited for the sleeper");
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
}

/// Writes elsewhere, then asks the sleeper: whenever it answers, it knows the write.
async fn ask_sleeper(mut sleeper: Wire, elsewhere: u16) {
    let Ok(Ok(written)) = timeout(Duration::from_secs(5), Wire::lazy(elsewhere).put("news", "x")).await else { return };
    if let Ok(Ok(found)) = timeout(Duration::from_secs(15), sleeper.get("news")).await {
        let shown = found.map_or(0, |kv| kv.mod_revision);
        assert!(shown >= written, "the woken leader showed revision {shown} of a key written at {written} before the question");
    }
}

/// A lease with a key on it.
#[derive(Clone, Copy)]
struct Lease {
    id: i64,
    ttl: i64,
}

impl Lease {
    async fn grant(port: u16, ttl: i64) -> Self {
        let mut wire = Wire::lazy(port);
        let granted = wire.lease.lease_grant(pb::LeaseGrantRequest { ttl, id: 0 }).await.expect("a lease").into_inner();
        let lease = Self { id: granted.id, ttl: granted.ttl };
        let put = pb::PutRequest { key: lease.key().into(), value: "held".into(), lease: lease.id, ..Default::default() };
        wire.kv.put(put).await.expect("a key on the lease");
        lease
    }

    fn key(&self) -> String {
        format!("lease/{:x}", self.id)
    }

    async fn lives(&self, port: u16) -> bool {
        let mut wire = Wire::lazy(port);
        within(20, "an answer about a lease's key", async || wire.get(self.key()).await.ok()).await.is_some()
    }

    async fn revoke(&self, port: u16) {
        Wire::lazy(port).lease.lease_revoke(pb::LeaseRevokeRequest { id: self.id }).await.expect("it is there to be revoked");
    }

    /// Confirmed not before `from` for `ttl` seconds: it does not end early, and at most five seconds and a failover late.
    async fn assert_ends(&self, port: u16, from: Instant, ttl: i64) {
        let ttl = Duration::from_secs(ttl as u64);
        let latest = ttl + Duration::from_secs(5) + FAILOVER;
        while self.lives(port).await {
            assert!(from.elapsed() < latest, "a lease of {ttl:?} still lives after {:?}", from.elapsed());
            sleep(Duration::from_millis(20)).await;
        }
        let lived = from.elapsed();
        println!("a lease of {ttl:?} ended {lived:.2?} after it was confirmed last");
        assert!(lived >= ttl, "a lease of {ttl:?} ended after {lived:?}");
    }
}

/// What a change of leader may take on a busy machine, where lateness has a bound.
const FAILOVER: Duration = Duration::from_secs(3);

/// Renews a lease by a stream of its own; the TTL, if the lease lives. No answer is none.
async fn keep_alive(wire: &mut Wire, id: i64) -> Option<i64> {
    let requests = tokio_stream::iter([pb::LeaseKeepAliveRequest { id }]);
    let answer = async { wire.lease.lease_keep_alive(requests).await?.into_inner().message().await };
    let answer = timeout(Duration::from_secs(15), answer).await.ok()?.ok()??;
    Some(answer.ttl).filter(|ttl| *ttl > 0)
}

/// Renews a lease twice a second, by one server after the other, until `end`.
async fn keep_until(id: i64, ports: Vec<u16>, end: Instant) {
    let mut turn = 0;
    while Instant::now() < end {
        let mut wire = Wire::lazy(ports[turn % ports.len()]);
        let _ = timeout(Duration::from_millis(900), keep_alive(&mut wire, id)).await;
        turn += 1;
        sleep(Duration::from_millis(400)).await;
    }
}

/// Leases belong to the cluster, whoever leads it and whoever asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_outlive_their_leader() {
    let _turn = turn().await;
    let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    let leader = cluster.leader().await;
    let (one, other) = ((leader + 1) % 3, (leader + 2) % 3);
    let lease = Lease::grant(ports[one], 4).await;
    let from = Instant::now();
    let idle = Lease::grant(ports[other], 4).await;
    keep_until(lease.id, vec![ports[other]], from + Duration::from_secs(2)).await;
    cluster.servers[leader].kill();
    let keeping = tokio::spawn(keep_until(lease.id, vec![ports[one], ports[other]], Instant::now() + Duration::from_secs(60)));
    // Half of it was over when its clock's keeper died: the next one gives it all of its time again, never less.
    idle.assert_ends(ports[one], from, idle.ttl).await;
    cluster.spawn(leader);
    cluster.servers[leader].wait_ready().await;
    assert!(!keeping.is_finished(), "it is kept alive until here");
    for port in &ports {
        assert!(lease.lives(*port).await, "a lease that was kept alive was ended");
        let left = Wire::lazy(*port).lease.lease_time_to_live(pb::LeaseTimeToLiveRequest { id: lease.id, keys: true }).await;
        let left = left.expect("every member knows it").into_inner();
        assert_eq!((left.granted_ttl, left.keys), (4, vec![lease.key().into_bytes().into()]));
        assert!((1..=4).contains(&left.ttl), "{} s left", left.ttl);
    }
    keeping.abort();
    // Nobody renews it any more, and its leader dies on the way.
    let mut wire = Wire::lazy(ports[one]);
    let (last, ttl) = within(20, "a last renewal", async || {
        let asked = Instant::now();
        keep_alive(&mut wire, lease.id).await.map(|ttl| (asked, ttl))
    })
    .await;
    let leader = cluster.leader().await;
    sleep(Duration::from_millis(1_500)).await;
    cluster.servers[leader].kill();
    lease.assert_ends(ports[(leader + 1) % 3], last, ttl).await;
    cluster.spawn(leader);
    cluster.servers[leader].wait_ready().await;
    cluster.assert_equal().await;
}

/// Members leave by SIGTERM and come back one after the other: a client that knows all of them notices nothing but time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_fail_nothing() {
    let _turn = turn().await;
    let rounds = number("CLUSTER_ROUNDS", 1);
    let mut cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, ..Plan::default() }).await;
    let ports = cluster.ports();
    let load = Load::start(&ports, MODERATE).await;
    let (sender, stop) = tokio::sync::watch::channel(false);
    let clients: Vec<_> = (0..6).map(|client| tokio::spawn(persist(client, ports.clone(), stop.clone()))).collect();
    for _ in 0..rounds {
        for (member, port) in ports.iter().copied().enumerate() {
            let led = leads(port).await;
            sleep(Duration::from_secs(1)).await;
            let begin = Instant::now();
            let status = cluster.servers[member].stop(30).expect("it stops when it is asked to");
            let stopped = begin.elapsed();
            assert_eq!(status.code(), Some(0), "{}", cluster.servers[member].log_tail());
            let begin = Instant::now();
            cluster.spawn(member);
            cluster.servers[member].wait_ready().await;
            println!(
                "{}, {}: stopped in {stopped:.2?}, served again after {:.2?}",
                name(member),
                if led { "leading" } else { "following" },
                begin.elapsed()
            );
        }
    }
    sleep(Duration::from_secs(1)).await;
    sender.send_replace(true);
    let (mut times, mut retried) = (Vec::new(), 0);
    for client in clients {
        let (of, again) = client.await.expect("no request fails on all members");
        times.extend(of);
        retried += again;
    }
    println!("requests: {}; {retried} went to another member", figures(&mut times));
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
}

/// Writes and reads by turns; each request goes to the next member when one fails, and must be done by the third. How long each
/// took, and how many went on.
async fn persist(client: usize, ports: Vec<u16>, stop: tokio::sync::watch::Receiver<bool>) -> (Vec<Duration>, usize) {
    let wires: Vec<Wire> = ports.iter().map(|port| Wire::lazy(*port)).collect();
    let (mut at, mut times, mut retried) = (client, Vec::new(), 0);
    while !*stop.borrow() {
        let begin = Instant::now();
        let key = format!("persistent/{client}/{}", times.len() / 2);
        let mut troubles = Vec::new();
        loop {
            let mut wire = wires[at % wires.len()].clone();
            let done = match times.len() % 2 {
                0 => wire.put(key.clone(), "x").await.map(|_| ()),
                _ => wire.get(key.clone()).await.map(|found| assert!(found.is_some(), "{key} was acknowledged and is not there")),
            };
            let Err(trouble) = done else { break };
            troubles.push(format!("{trouble} after {:?}", begin.elapsed()));
            assert!(troubles.len() < wires.len(), "no member did it: {troubles:?}");
            (at, retried) = (at + 1, retried + 1);
        }
        times.push(begin.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
    (times, retried)
}

/// One node grows to three, loses one for good, gets another in its place, and shrinks to one again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_grows_to_three_and_back() {
    let _turn = turn().await;
    grow_and_shrink(&SMALL, 200, 100).await;
}

/// The same with so much data that the log alone does not tell it any more: new members get the state itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_join_behind_a_trimmed_log() {
    let _turn = turn().await;
    grow_and_shrink(&["--journal-segment", "16MiB", "--settle", "1MiB"], 1_000, 60_000).await;
}

async fn grow_and_shrink(arguments: &[&str], keys: usize, value_bytes: usize) {
    let plan = Plan { arguments, ..Plan::default() };
    let secret = Secret::new(&settings(&plan));
    let node = |name: &str, more: &[&str]| {
        let mut settings =
            settings(&plan).with_arguments(&["--name", name, "--cluster-secret", secret.path()]).with_arguments(more);
        settings.peer_port = unused_port();
        (settings.peer_port, Server::prepare(settings))
    };
    let (_, mut one) = node("n1", &[]);
    one.spawn();
    one.wait_ready().await;
    fill(one.port, keys, value_bytes).await;
    let join = async |by: &Server, command: &[&str], name: &str| {
        let begin = Instant::now();
        let shared = settings(&plan).with_arguments(&["--cluster-secret", secret.path()]);
        let mut server = invite(by, command, name, shared);
        server.spawn();
        server.wait_ready().await;
        active(by, name).await;
        println!("{name} joined in {:.1?}", begin.elapsed());
        server
    };
    let two = join(&one, &["member", "add"], "n2").await;
    assert_equal(&[one.port, two.port]).await;
    let mut three = join(&one, &["member", "add"], "n3").await;
    assert_equal(&[one.port, two.port, three.port]).await;
    fill(three.port, 20, 100).await;

    three.kill();
    fill(two.port, keys / 2, value_bytes).await;
    let four = join(&two, &["member", "replace", "n3"], "n4").await;
    within(60, "a member that is gone", async || (!is_listed(&two, "n3")).then_some(())).await;
    let ports = [one.port, two.port, four.port];
    put_until_acknowledged(four.port, "by the new one").await;
    assert_equal(&ports).await;
    // The dead one comes back, and has no say.
    three.spawn();
    let status = three.wait_exit(30).and_then(|status| status.code());
    assert_eq!(status, Some(78), "{}", three.log_text());
    assert!(three.log_text().contains("was removed from the cluster"), "{}", three.log_text());

    let mut load = Load::start(&[two.port, four.port], Size { bound: 1, roaming: 2, pause: Duration::from_millis(5) }).await;
    one.ctl(&["member", "remove", "n1", "--yes"]).expect("a member may take itself out");
    within(60, "a member that is gone", async || (!is_listed(&two, "n1")).then_some(())).await;
    let status = one.wait_exit(30).and_then(|status| status.code());
    assert_eq!(status, Some(78), "{}", one.log_text());
    load.assert_alive();
    println!("{:?}", load.finish().await);
    assert_equal(&[two.port, four.port]).await;
    let revision = assert_equal(&[four.port]).await;
    four.ctl(&["member", "remove", "n2", "--yes"]).expect("the last but one goes");
    drop(two);
    put_until_acknowledged(four.port, "alone again").await;
    assert_eq!(assert_equal(&[four.port]).await, revision + 1);
    assert_eq!(Wire::lazy(four.port).list("fill/", 0).await.expect("it serves alone").count as usize, keys);
}

fn is_listed(by: &Server, name: &str) -> bool {
    ctl_json(by, &["member", "list"]).as_array().expect("a list").iter().any(|member| member["name"] == name)
}

/// Writes `keys` values; the same keys each time, so that there is a history.
async fn fill(port: u16, keys: usize, value_bytes: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..8 {
        let mut wire = Wire::lazy(port);
        tasks.spawn(async move {
            for key in (lane..keys).step_by(8) {
                wire.put(format!("fill/{key:06}"), "f".repeat(value_bytes)).await.expect("a write");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("it writes");
    }
}

/// Members that do not hear each other, in part or not at all: writes go on where a majority is, and nobody shows what is old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_stop_no_majority() {
    let _turn = turn().await;
    let rounds = number("CLUSTER_ROUNDS", 1);
    let cluster = Cluster::start(3, &Plan { arguments: &SMALL, secret: true, proxies: true, ..Plan::default() }).await;
    let wiring = cluster.wiring.as_ref().expect("the plan wants proxies");
    let ports = cluster.ports();
    let mut load = Load::start(&ports, MODERATE).await;
    let late = Duration::from_millis(700);
    type Harm<'a> = (&'a str, bool, &'a dyn Fn(usize, usize, usize));
    let harms: [Harm<'_>; 9] = [
        ("the leader is cut off", true, &|leader, _, _| wiring.isolate(leader, Way::Cut)),
        ("the leader's wires lose everything", true, &|leader, _, _| wiring.isolate(leader, Way::Stalled)),
        ("a follower is cut off", true, &|_, one, _| wiring.isolate(one, Way::Cut)),
        ("a follower's wires lose everything", true, &|_, one, _| wiring.isolate(one, Way::Stalled)),
        ("the leader is not heard by one", false, &|leader, one, _| wiring.set(leader, one, Way::Stalled)),
        ("the leader does not hear one", false, &|leader, one, _| wiring.set(one, leader, Way::Stalled)),
        ("the leader is heard by nobody", true, &|leader, one, other| {
            wiring.set(leader, one, Way::Stalled);
            wiring.set(leader, other, Way::Stalled);
        }),
        ("the leader hears nobody", true, &|leader, one, other| {
            wiring.set(one, leader, Way::Stalled);
            wiring.set(other, leader, Way::Stalled);
        }),
        ("a follower is 700 ms away", false, &|_, one, _| wiring.isolate(one, Way::Late(late / 2))),
    ];
    for round in 0..rounds as usize {
        for (what, alone, harm) in harms {
            let leader = cluster.leader().await;
            let (one, other) = ((leader + 1 + round % 2) % 3, (leader + 2 - round % 2) % 3);
            let begin = Instant::now();
            harm(leader, one, other);
            // `other` is on the side of the majority in all of them.
            let first = put_until_acknowledged(ports[other], "in spite of it").await;
            let mut slow = Vec::new();
            while begin.elapsed() < Duration::from_secs(3) || slow.len() < 10 {
                slow.push(put_until_acknowledged(ports[other], "in spite of it").await);
                sleep(Duration::from_millis(20)).await;
            }
            wiring.heal();
            let healed = Instant::now();
            for port in &ports {
                put_until_acknowledged(*port, "healed").await;
            }
            println!(
                "{what}: first write after {first:.2?}, then {}; healed in {:.2?}{}",
                figures(&mut slow),
                healed.elapsed(),
                if alone { "" } else { " (nobody was alone)" }
            );
            assert!(first < Duration::from_secs(5), "{what}: the majority waited {first:?}");
            load.assert_alive();
        }
    }
    println!("{:?}", load.finish().await);
    cluster.assert_equal().await;
}
