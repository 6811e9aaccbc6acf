//! Three members in three racks, and real clients that say in which one they stand (KIP-392): what they read comes from the member in
//! their rack, each record once and in order, also while that member is killed and comes back.

use interop::cluster::{Cluster, Plan, within};
use interop::kafka_clients::kafka_clients;
use interop::kafka_peer::{java, kafka_libraries};
use interop::ledger::{book::Book, link::Link};
use interop::peers::repository;
use interop::server::unused_port;
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use kafka_wire::{ErrorCode, Message};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const TOPIC: &str = "racks";
/// How long a client may go without a new record: longer than it takes to notice that a member is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Records of one round.
const ROUND: usize = 20_000;

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// Members in the racks `r1`, `r2` and `r3`, with one shard, and the Kafka doors that they keep.
struct Racks {
    cluster: Cluster,
    doors: Vec<u16>,
    leader: usize,
    /// Records that were acknowledged so far.
    written: usize,
}

impl Racks {
    async fn start() -> Self {
        let arguments = ["--journal-segment", "16MiB", "--settle", "1MiB", "--shards", "1", "--kafka-rebalance-delay", "0s"];
        let mut cluster = Cluster::prepare(3, &Plan { arguments: &arguments, secret: true, ..Plan::default() }).await;
        let doors: Vec<u16> = (0..3).map(|_| unused_port()).collect();
        for (i, server) in cluster.servers.iter_mut().enumerate() {
            let own = ["--kafka".to_owned(), format!("127.0.0.1:{}", doors[i]), "--rack".to_owned(), format!("r{}", i + 1)];
            server.settings_mut().arguments.extend(own);
            server.spawn();
        }
        cluster.wait_ready().await;
        let leader = steady_leader(&cluster).await;
        cluster.servers[leader].ctl(&["topic", "create", TOPIC, "--partitions", "1"]).expect("is created");
        Self { cluster, doors, leader, written: 0 }
    }

    /// The member so many places behind the leader.
    fn member(&self, behind: usize) -> usize {
        (self.leader + behind) % 3
    }

    fn bootstrap(&self) -> String {
        let doors: Vec<String> = self.doors.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        doors.join(",")
    }

    /// Writes a round of records, each with its number in it, over some seconds if it is not to be done at once. All of them are
    /// acknowledged when the process ends well.
    fn write(&mut self, is_slow: bool) -> Child {
        let mut command = Command::new("timeout");
        let options = ["-t", TOPIC, "-p", "0", "-X", "enable.idempotence=true", "-X", "linger.ms=5"];
        command.args(["120", "kcat", "-P", "-b", &self.bootstrap()]).args(options);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("kcat can be run");
        let mut input = child.stdin.take().expect("it is piped");
        let numbers = self.written..self.written + ROUND;
        self.written = numbers.end;
        thread::spawn(move || {
            for first in numbers.step_by(500) {
                let mut lines = String::new();
                (first..first + 500).for_each(|number| writeln!(lines, "{}", value(number)).expect("a text takes it"));
                input.write_all(lines.as_bytes()).expect("kcat reads on");
                thread::sleep(Duration::from_millis(if is_slow { 250 } else { 0 }));
            }
        });
        child
    }

    fn write_now(&mut self) {
        acknowledged(self.write(false));
    }

    /// One of a member's counters; none while it does not run.
    fn counter(&self, member: usize, name: &str) -> f64 {
        self.cluster.servers[member].metric(&format!("manifold_kafka_{name}_total")).unwrap_or(0.0)
    }

    /// Bytes that the leader gave to consumers.
    fn given_by_leader(&self) -> f64 {
        self.counter(self.leader, "fetched_bytes")
    }

    /// Bytes that a member gave to consumers without leading.
    fn given_by_follower(&self, member: usize) -> f64 {
        self.counter(member, "follower_fetched_bytes")
    }
}

/// Leadership moves to where it belongs in the first seconds.
async fn steady_leader(cluster: &Cluster) -> usize {
    let (mut leader, mut since) = (cluster.leader().await, Instant::now());
    while since.elapsed() < Duration::from_secs(8) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = cluster.leader().await;
        if now != leader {
            (leader, since) = (now, Instant::now());
        }
    }
    leader
}

fn value(number: usize) -> String {
    format!("{number} {}", "x".repeat(100 + number % 200))
}

/// Bytes of the values of so many records, from the first one on.
fn bytes_of(records: usize) -> f64 {
    (0..records).map(|number| value(number).len()).sum::<usize>() as f64
}

fn acknowledged(mut writing: Child) {
    let status = writing.wait().expect("our own child can be waited for");
    assert!(status.success(), "not every record was acknowledged: {status}");
}

/// A client that reads the partition from its start and prints `OFFSET VALUE`, or the value alone.
struct Reading {
    client: Child,
    lines: Receiver<String>,
    has_offsets: bool,
    read: usize,
}

impl Reading {
    /// By librdkafka. That of kcat is often too old to go back to the leader when the member in its rack is gone.
    fn along(racks: &Racks, rack: &str) -> Self {
        let mut command = Command::new(repository().join("interop/clients/run"));
        command.args(["along", "--bootstrap", &racks.bootstrap(), "--topic", TOPIC, "--rack", rack]);
        Self::start(command, true)
    }

    fn start(mut command: Command, has_offsets: bool) -> Self {
        let mut client = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the client can be run");
        let output = BufReader::new(client.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { client, lines, has_offsets, read: 0 }
    }

    /// Holds the next records against what was written, until so many were read in all.
    fn read_up_to(&mut self, count: usize) {
        while self.read < count {
            let line = self.lines.recv_timeout(SILENCE).unwrap_or_else(|error| panic!("{} read, then: {error}", self.read));
            let value = value(self.read);
            let expected = if self.has_offsets { format!("{} {value}", self.read) } else { value };
            assert_eq!(line, expected, "after {} records", self.read);
            self.read += 1;
        }
    }

    /// Nothing comes twice at the end.
    fn end(mut self) {
        assert_eq!(self.lines.recv_timeout(Duration::from_secs(1)), Err(RecvTimeoutError::Timeout), "there is no more");
        self.kill();
    }

    fn kill(&mut self) {
        // It may have ended by itself: then there is nothing to kill, and waiting collects it.
        let _ = self.client.kill();
        self.client.wait().expect("our own child can be waited for");
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A consumer in each rack, and two in none: each byte comes from where it should.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_read_from_the_member_in_their_rack() {
    let _turn = turn().await;
    if !kafka_clients("what real clients read in their rack") {
        return;
    }
    let mut racks = Racks::start().await;
    racks.write_now();
    let bytes = bytes_of(ROUND);
    for member in [racks.member(1), racks.member(2)] {
        let mut reading = Reading::along(&racks, &format!("r{}", member + 1));
        reading.read_up_to(ROUND);
        reading.end();
        assert_eq!(racks.given_by_leader(), 0.0, "the leader only said where to read");
        assert!(racks.given_by_follower(member) >= bytes, "{}", racks.given_by_follower(member));
        assert!(racks.counter(racks.leader, "fetch_referrals") > 0.0, "it did say so");
    }
    let before = [racks.member(1), racks.member(2)].map(|member| racks.counter(member, "fetched_bytes"));
    for (number, rack) in [format!("r{}", racks.leader + 1), "elsewhere".to_owned(), String::new()].iter().enumerate() {
        let mut reading = Reading::along(&racks, rack);
        reading.read_up_to(ROUND);
        reading.end();
        assert!(racks.given_by_leader() >= (number + 1) as f64 * bytes, "the leader served {rack:?}");
    }
    let after = [racks.member(1), racks.member(2)].map(|member| racks.counter(member, "fetched_bytes"));
    assert_eq!((after, racks.given_by_follower(racks.leader)), (before, 0.0), "nobody else did");
}

/// The member in the consumer's rack is killed while it reads along with a producer, comes back, and serves it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_record_is_read_once_and_in_order_while_the_member_of_the_rack_is_killed() {
    let _turn = turn().await;
    if !kafka_clients("what real clients read in their rack") {
        return;
    }
    let mut racks = Racks::start().await;
    let near = racks.member(1);
    racks.write_now();
    let mut reading = Reading::along(&racks, &format!("r{}", near + 1));
    reading.read_up_to(ROUND);
    let writing = racks.write(true);
    reading.read_up_to(ROUND + ROUND / 4);
    assert!(racks.given_by_follower(near) >= bytes_of(ROUND + ROUND / 4), "what was read came from the rack");
    assert_eq!(racks.given_by_leader(), 0.0, "and nothing from elsewhere");
    racks.cluster.servers[near].kill();
    acknowledged(writing);
    reading.read_up_to(2 * ROUND);
    assert!(racks.given_by_leader() > 0.0, "the leader went on");
    racks.cluster.spawn(near);
    racks.cluster.servers[near].wait_ready().await;
    within(90, "the consumer reads from its rack again", async || {
        racks.write_now();
        reading.read_up_to(racks.written);
        (racks.given_by_follower(near) > 0.0).then_some(())
    })
    .await;
    let leader = racks.given_by_leader();
    racks.write_now();
    reading.read_up_to(racks.written);
    reading.end();
    assert_eq!(racks.given_by_leader(), leader, "and from nowhere else");
}

/// Java's consumer, as a member of a group: what it commits, it commits with the coordinator, and what it reads comes from its rack.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javas_consumer_reads_from_its_rack() {
    let _turn = turn().await;
    if !kafka_clients("what Java's consumer reads in its rack") {
        return;
    }
    let Some(libraries) = kafka_libraries("what Java's consumer reads in its rack") else { return };
    let mut racks = Racks::start().await;
    let near = racks.member(2);
    racks.write_now();
    let mut command = java(libraries);
    command.args(["org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", &racks.bootstrap()]);
    command.args(["--topic", TOPIC, "--from-beginning", "--group", "g"]);
    command.args(["--command-property", &format!("client.rack=r{}", near + 1)]);
    let mut reading = Reading::start(command, false);
    reading.read_up_to(ROUND);
    assert_eq!(racks.given_by_leader(), 0.0, "the leader only said where to read");
    assert!(racks.given_by_follower(near) >= bytes_of(ROUND));
    let writing = racks.write(true);
    reading.read_up_to(ROUND + ROUND / 4);
    racks.cluster.servers[near].kill();
    acknowledged(writing);
    reading.read_up_to(2 * ROUND);
    assert!(racks.given_by_leader() > 0.0, "the leader went on");
    reading.end();
}

/// Two of three are killed: the third one hears of no leader any more, and says so instead of what it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hears_of_no_leader_serves_nobody() {
    /// The newest version that names topics by name.
    const FETCH: i16 = 12;
    let _turn = turn().await;
    if !kafka_clients("what a member says that was left alone") {
        return;
    }
    let mut racks = Racks::start().await;
    racks.write_now();
    let left = racks.member(1);
    let book = Arc::new(Book::new(TOPIC, "none", 1, 3));
    let mut link = Link::open(&format!("127.0.0.1:{}", racks.doors[left]), &book).await.expect("it serves");
    let partitions = vec![FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() }];
    let topics = vec![FetchTopic { topic: TOPIC.into(), partitions, ..FetchTopic::default() }];
    let request = FetchRequest { topics, ..FetchRequest::default() };
    let mut ask = async || {
        let body = link.ask(FETCH, &request).await.expect("is answered");
        let answer = FetchResponse::decode(&body, FETCH).expect("can be read");
        let told = &answer.responses[0].partitions[0];
        (told.error_code, told.records.map_or(0, <[u8]>::len) > 0)
    };
    assert_eq!(ask().await, (0, true), "while there is a leader");
    for member in [racks.member(2), racks.leader] {
        racks.cluster.servers[member].kill();
    }
    let lost = (ErrorCode::NotLeaderOrFollower as i16, false);
    within(30, "it sends its consumers away", async || (ask().await == lost).then_some(())).await;
}
