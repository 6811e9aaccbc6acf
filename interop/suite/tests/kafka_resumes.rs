//! Java's clients as they come while the member that leads their partitions is killed, again and again: how long until every partition
//! takes records again and the group reads and commits again, and that each record is there once.
//!
//! `KAFKA_RESUMES` says how many kills there are, 5 in `./check`.
//!
//! ```sh
//! KAFKA_RESUMES=50 cargo test --profile sim -p interop --test kafka_resumes -- --nocapture
//! ```

use interop::cluster::{Cluster, Plan, figures, within};
use interop::kafka_clients::java_client;
use interop::peers::repository;
use interop::random::Random;
use interop::server::unused_port;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::sleep;

const TOPIC: &str = "resumes";
const PARTITIONS: usize = 6;
const MEMBERS: usize = 2;
/// A record in so many milliseconds.
const EVERY_MS: &str = "5";
/// How often a member of the group says that it is there.
const HEARTBEAT_MS: &str = "500";
/// However busy the machine is, clients have gone on by then.
const RESUMED_SECONDS: u64 = 30;

/// What the clients said.
#[derive(Debug, Default)]
struct Said {
    /// When the newest of what was acknowledged was sent, by partition, and of what the group read.
    acknowledged_up_to: [u64; PARTITIONS],
    read_up_to: [u64; PARTITIONS],
    /// When the newest commit that was acknowledged was sent, by member.
    committed_up_to: [u64; MEMBERS],
    /// Where each record lies.
    acknowledged: BTreeMap<u64, (usize, u64)>,
    /// What the group read, by partition and offset.
    read: BTreeMap<(usize, u64), u64>,
    /// Records that it read once more, and commits that were refused, which it leaves to the next.
    read_again: u64,
    refused: u64,
    /// Partitions of each member.
    assigned: [usize; MEMBERS],
    /// Records of the producer, once all of them were answered.
    sent: Option<u64>,
    faults: Vec<String>,
}

impl Said {
    /// Takes a line; `None` if it is none.
    fn hear(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let what = words.next()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        match what {
            "acknowledged" => {
                let (sent, partition, offset, value) = (number()?, number()? as usize, number()?, number()?);
                let newest = self.acknowledged_up_to.get_mut(partition)?;
                *newest = sent.max(*newest);
                if let Some(other) = self.acknowledged.insert(value, (partition, offset)) {
                    self.faults.push(format!("{line}: it was at {other:?}"));
                }
            }
            "read" => {
                let (_, sent, partition, offset, value) = (number()?, number()?, number()? as usize, number()?, number()?);
                let newest = self.read_up_to.get_mut(partition)?;
                *newest = sent.max(*newest);
                match self.read.insert((partition, offset), value) {
                    None => {}
                    Some(before) if before == value => self.read_again += 1,
                    Some(before) => self.faults.push(format!("{line}: it was {before}")),
                }
            }
            "committed" => {
                let (member, sent) = (number()? as usize, number()?);
                let newest = self.committed_up_to.get_mut(member)?;
                *newest = sent.max(*newest);
            }
            "refused" => self.refused += 1,
            "assigned" => {
                let (member, count) = (number()? as usize, number()? as usize);
                *self.assigned.get_mut(member)? = count;
            }
            "sent" => self.sent = Some(number()?),
            _ => return None,
        }
        Some(())
    }

    fn has_produced(&self, since: u64) -> bool {
        self.acknowledged_up_to.iter().all(|sent| *sent > since)
    }

    fn has_grouped(&self, since: u64) -> bool {
        self.read_up_to.iter().chain(&self.committed_up_to).all(|sent| *sent > since)
    }
}

/// The producer and the group.
struct Clients {
    process: Child,
    said: Arc<Mutex<Said>>,
}

impl Clients {
    fn start(doors: &[u16]) -> Self {
        let doors: Vec<String> = doors.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut command = Command::new(repository().join("interop/clients/run"));
        command.args(["resume", "--bootstrap", &doors.join(","), "--topic", TOPIC, "--partitions", &PARTITIONS.to_string()]);
        command.args(["--every-ms", EVERY_MS, "--heartbeat-ms", HEARTBEAT_MS]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the clients can be run");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let said = Arc::new(Mutex::new(Said::default()));
        let heard = said.clone();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if said.hear(&line).is_none() {
                    said.faults.push(line);
                }
            }
        });
        Self { process, said }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long after `since` all that holds of what they said.
    async fn until(&self, what: &str, since: Instant, holds: impl Fn(&Said) -> bool) -> Duration {
        while !holds(&self.said()) {
            assert!(self.said().faults.is_empty(), "{:?}", self.said().faults);
            assert!(since.elapsed().as_secs() < RESUMED_SECONDS, "not within {RESUMED_SECONDS} s: {what}");
            sleep(Duration::from_millis(2)).await;
        }
        since.elapsed()
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill, and waiting collects it.
        let _ = self.process.kill();
        self.process.wait().expect("our own child can be waited for");
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_millis() as u64
}

fn kills() -> u64 {
    std::env::var("KAFKA_RESUMES").map_or(5, |text| text.parse().unwrap_or_else(|_| panic!("KAFKA_RESUMES is {text:?}")))
}

async fn cluster(doors: &[u16]) -> Cluster {
    let arguments = ["--journal-segment", "16MiB", "--settle", "1MiB", "--kafka-rebalance-delay", "500ms"];
    let mut cluster = Cluster::prepare(doors.len(), &Plan { arguments: &arguments, secret: true, ..Plan::default() }).await;
    for (server, door) in cluster.servers.iter_mut().zip(doors) {
        server.settings_mut().arguments.extend(["--kafka".to_owned(), format!("127.0.0.1:{door}")]);
        server.spawn();
    }
    cluster.wait_ready().await;
    let partitions = PARTITIONS.to_string();
    let create = ["topic", "create", TOPIC, "--partitions", &partitions];
    within(20, "a topic", async || cluster.servers[0].ctl(&create).ok()).await;
    cluster
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javas_clients_go_on_when_the_leader_is_killed() {
    if !java_client("how soon Java's clients go on when a leader is killed") {
        return;
    }
    let doors: Vec<u16> = (0..3).map(|_| unused_port()).collect();
    let mut cluster = cluster(&doors).await;
    let clients = Clients::start(&doors);
    let shared = |said: &Said| said.assigned.iter().all(|count| *count == PARTITIONS / MEMBERS);
    clients.until("the group is shared", Instant::now(), shared).await;
    let (mut producer, mut group, mut more) = (Vec::new(), Vec::new(), Vec::new());
    let mut random = Random::new(1);
    for _ in 0..kills() {
        sleep(Duration::from_millis(random.between(800, 2_000) as u64)).await;
        let leader = cluster.leader().await;
        let (killed, since) = (Instant::now(), now_ms());
        cluster.servers[leader].kill();
        let produced = clients.until("every partition takes records", killed, |said| said.has_produced(since)).await;
        let grouped = clients.until("the group reads and commits", killed, |said| said.has_grouped(since)).await;
        println!("the producer goes on after {produced:.2?}, the group after {grouped:.2?}");
        producer.push(produced);
        group.push(grouped);
        more.push(grouped.saturating_sub(produced));
        cluster.spawn(leader);
        cluster.servers[leader].wait_ready().await;
    }
    finish(clients).await;
    println!("from a leader's kill to a record acknowledged in every partition: {}", figures(&mut producer));
    println!("from a leader's kill to a record read of every partition, and committed: {}", figures(&mut group));
    println!("the group after the producer: {}", figures(&mut more));
}

/// Each record was acknowledged once, lies where it was said to, and was read there; nothing else is there.
async fn finish(mut clients: Clients) {
    clients.process.stdin.as_mut().expect("it is piped").write_all(b"stop\n").expect("they listen");
    clients.until("all is acknowledged", Instant::now(), |said| said.sent.is_some()).await;
    let all = |said: &Said| said.sent.is_some_and(|sent| said.read.len() as u64 >= sent);
    clients.until("all is read", Instant::now(), all).await;
    // What should not be there would come now.
    sleep(Duration::from_millis(500)).await;
    let said = clients.said();
    let sent = said.sent.expect("was waited for");
    println!("{sent} records, {} of them read again; {} commits refused", said.read_again, said.refused);
    assert_eq!(said.faults, Vec::<String>::new());
    assert_eq!(said.acknowledged.len() as u64, sent, "each record is acknowledged");
    for (value, place) in &said.acknowledged {
        assert_eq!(said.read.get(place), Some(value), "{value} was acknowledged at {place:?}");
    }
    let values: BTreeSet<u64> = said.read.values().copied().collect();
    assert_eq!((values.len(), said.read.len() as u64), (said.read.len(), sent), "no record is there twice");
    for partition in 0..PARTITIONS {
        let offsets = said.read.range((partition, 0)..(partition + 1, 0)).map(|((_, offset), _)| *offset);
        assert!(offsets.enumerate().all(|(number, offset)| number as u64 == offset), "partition {partition} has a gap");
    }
}
