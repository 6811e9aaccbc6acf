//! Histories of the configuration store as kcat reads them: what HTTP shows, from the first record on, woken, resumed after a kill, on each
//! node the same; and by nobody who may not.

use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use interop::cluster::{Cluster, Plan};
use interop::server::{memory_folder, unused_port};
use interop::store::{Client, KeyFile};
use interop::{Server, Settings};
use serde_json::{Value, json};
use tokio::time::sleep;

const NAMESPACE: &str = "/api/v1/namespaces/teams%2Fa_b";
const AUDIT: &str = "audit.teams_2fa_5fb";
const CONFIG: &str = "config.teams_2fa_5fb";
const PASSWORD: &str = "open-sesame";

/// One test at a time: one of them starts three nodes.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// Whether kcat is there.
fn has_kcat() -> bool {
    let is_there = Command::new("kcat").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(is_there || std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out");
    if !is_there {
        eprintln!("LEFT OUT: kcat is missing");
    }
    is_there
}

/// Who asks Kafka doors, as whom.
#[derive(Clone)]
struct Kcat {
    doors: String,
    user: &'static str,
}

/// A record as kcat prints it.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    offset: u64,
    time_ms: u64,
    key: Option<String>,
    headers: String,
    /// Null for a tombstone.
    value: Value,
}

impl Kcat {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["60", "kcat", "-b", &self.doors, "-X", "security.protocol=sasl_plaintext"]);
        command.args(["-X", "sasl.mechanism=SCRAM-SHA-256", "-X", &format!("sasl.username={}", self.user)]);
        command.args(["-X", &format!("sasl.password={PASSWORD}")]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::block_in_place(|| command.output()).expect("kcat can be run")
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("kcat can be run")
    }

    /// All records of a history.
    fn all(&self, topic: &str) -> Vec<Got> {
        let output = self.run(&["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", FORMAT]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        got(&output)
    }
}

const FORMAT: &str = "%o\t%T\t%K\t%k\t%h\t%S\t%s\n";

fn got(output: &Output) -> Vec<Got> {
    let text = String::from_utf8(output.stdout.clone()).expect("it is text");
    let line = |line: &str| {
        let parts: Vec<&str> = line.splitn(7, '\t').collect();
        let [offset, time_ms, key_bytes, key, headers, value_bytes, value] = parts[..] else { panic!("{line}") };
        Got {
            offset: offset.parse().expect("a number"),
            time_ms: time_ms.parse().expect("a number"),
            key: (key_bytes != "-1").then(|| key.to_owned()),
            headers: headers.to_owned(),
            value: if value_bytes == "-1" { Value::Null } else { serde_json::from_str(value).expect("JSON") },
        }
    };
    text.lines().map(line).collect()
}

/// Users on a node: alice reads the namespace, bob everything that a grant for topics can give.
fn users(server: &Server) {
    let file = memory_folder().join(format!("manifold-interop-{}.password", std::process::id()));
    std::fs::write(&file, PASSWORD).expect("there is room");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    let path = file.to_str().expect("a plain name");
    for name in ["alice", "bob"] {
        server.ctl(&["user", "add", name, "--password-file", path]).expect("is added");
    }
    std::fs::remove_file(&file).expect("it is ours");
    let grants = [
        ["--principal", "alice", "--operation", "read", "--namespace", "teams/a_b", "--group", "readers"].as_slice(),
        ["--principal", "bob", "--operation", "all", "--topic", "*"].as_slice(),
    ];
    for grant in grants {
        server.ctl(&[&["acl", "add"], grant].concat()).expect("is granted");
    }
}

async fn ready(client: Client) {
    let begin = Instant::now();
    loop {
        let known = client.try_ask("GET", "/api/v1/namespaces", &[], b"").await;
        if known.is_ok_and(|known| known.status == 200) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "it is not ready");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn write(client: Client, key: &str, value: &str) {
    let path = format!("{NAMESPACE}/config/{key}?comment=why%20not");
    let body = json!({ "value": value }).to_string();
    let headers = [("Content-Type", "application/json"), ("Prefer", "forward")];
    let answer = client.ask("PUT", &path, &headers, body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Some hundred changes of every kind, in transactions and one by one.
async fn fill(client: Client) {
    for round in 0..6 {
        let step = |number: usize| json!({ "op": "put", "namespace": "teams/a_b", "key": format!("k/{number}"), "value": round * number });
        let steps: Vec<Value> = (0..100).map(step).collect();
        let headers = [("Content-Type", "application/json"), ("Prefer", "forward")];
        let answer = client.ask("POST", "/api/v1/txn", &headers, json!({ "then": steps }).to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    write(client, "text", "a\n\"b\"\tä").await;
    write(client, "large", &"x".repeat(100_000)).await;
    client.ask("DELETE", &format!("{NAMESPACE}/config/text"), &[("Prefer", "forward")], b"").await;
    // An attempt that is refused is in the trail as well, a moment later.
    let denied = client.with(interop::store::VIEWER).ask("DELETE", &format!("{NAMESPACE}/config/large"), &[], b"").await;
    assert_eq!(denied.status, 403);
    let begin = Instant::now();
    while trail(client).await.last().is_none_or(|last| last["action"] != "access.refused") {
        assert!(begin.elapsed() < Duration::from_secs(30), "it is not in the trail");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The namespace's audit trail over HTTP, oldest first.
async fn trail(client: Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{NAMESPACE}/audit?order=oldest&limit=200{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        all.extend(page.json().as_array().expect("an array").clone());
        let Some(next) = page.field("x-next-cursor") else { return all };
        cursor = format!("&cursor={next}");
    }
}

/// What a watch from the beginning on is told of keys.
async fn changes(client: Client) -> Vec<Value> {
    let last = trail(client).await.last().map_or(0, |last| last["position"].as_u64().expect("a position"));
    let (mut all, mut since) = (Vec::new(), 0);
    loop {
        let page =
            client.ask("GET", &format!("/api/v1/watch?namespace=teams%2Fa_b&since={since}&wait=0s"), &[], b"").await.json();
        let events = page["events"].as_array().expect("events").clone();
        since = page["position"].as_u64().expect("a position");
        if events.is_empty() && since >= last {
            return all;
        }
        all.extend(
            events.into_iter().filter(|event| event["action"].as_str().is_some_and(|action| action.starts_with("config."))),
        );
    }
}

/// Every record is what HTTP tells, in that order, at offsets without a gap.
fn assert_told(read: &[Got], told: &[Value], has_tombstones: bool) {
    assert_eq!(read.len(), told.len());
    for (offset, (got, told)) in read.iter().zip(told).enumerate() {
        let is_gone = has_tombstones && told["action"] == "config.deleted";
        assert_eq!(got.offset, offset as u64);
        assert_eq!(got.value, if is_gone { Value::Null } else { told.clone() });
        assert_eq!(got.key.as_deref(), told["key"].as_str());
        let headers = format!("action={},position={}", told["action"].as_str().expect("a name"), told["position"]);
        assert_eq!(got.headers, headers);
    }
    assert!(read.is_sorted_by_key(|got| got.time_ms) && read[0].time_ms > 1_700_000_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_read_woken_and_resumed_by_kcat() {
    let _turn = turn().await;
    if !has_kcat() {
        return;
    }
    let keys = KeyFile::new();
    let door = format!("127.0.0.1:{}", unused_port());
    let arguments =
        ["--import-keys", keys.path(), "--kafka", &door, "--kafka-sasl", "required", "--kafka-rebalance-delay", "100ms"];
    let mut server = Server::start(Settings::manifold().with_arguments(&arguments)).await;
    let client = Client::new(server.http_port());
    ready(client).await;
    users(&server);
    fill(client).await;
    let alice = Kcat { doors: door.clone(), user: "alice" };
    let (audit, config) = (alice.all(AUDIT), alice.all(CONFIG));
    assert_told(&audit, &trail(client).await, false);
    assert_told(&config, &changes(client).await, true);
    assert_eq!((audit.len(), config.len(), config[602].value.is_null()), (605, 603, true));
    assert_eq!(config[601].value["omitted"], "large");
    println!("kcat reads {} records of the trail and {} changes as HTTP shows them", audit.len(), config.len());

    // By time, and the last ones.
    let since = config[300].time_ms;
    let output = alice.run(&["-C", "-t", CONFIG, "-o", &format!("s@{since}"), "-e", "-q", "-f", FORMAT]);
    let from = config.iter().position(|got| got.time_ms >= since).expect("one is");
    assert_eq!(got(&output), config[from..]);
    assert_eq!(got(&alice.run(&["-C", "-t", CONFIG, "-o", "-3", "-e", "-q", "-f", FORMAT])), config[600..]);

    // Who waits is woken: a fetch would wait for 50 s.
    let waits = ["-C", "-t", CONFIG, "-o", "end", "-c", "1", "-q", "-f", FORMAT, "-X", "fetch.wait.max.ms=50000"];
    let waiting = alice.spawn(&waits);
    let waiting = tokio::task::spawn_blocking(|| waiting.wait_with_output().expect("our own child can be waited for"));
    let mut written = 0;
    while !waiting.is_finished() {
        write(client, "awaited", &format!("value {written}")).await;
        written += 1;
        sleep(Duration::from_millis(100)).await;
    }
    let woken = got(&waiting.await.expect("it does not panic"));
    assert_eq!((woken.len(), woken[0].key.as_deref()), (1, Some("awaited")));

    // A group goes on behind what it committed, though the node was killed.
    let group = |count: &str| {
        let options = ["-G", "readers", "-c", count, "-q", "-f", FORMAT, "-X", "auto.offset.reset=earliest", AUDIT];
        let output = alice.run(&options);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        got(&output)
    };
    let first = group("250");
    server.kill();
    server.restart().await;
    ready(client).await;
    let second = group("300");
    assert_eq!((first.len(), second.len()), (250, 300));
    assert_eq!([first, second].concat(), audit[..550], "each once, in order");
    assert_eq!(alice.all(CONFIG)[..603], config, "and all is where it was");

    // Nobody writes, and bob reads nothing.
    let before = alice.all(AUDIT);
    let mut forging = alice.command(&["-P", "-t", AUDIT, "-X", "message.timeout.ms=5000"]);
    let mut forging = forging.stdin(Stdio::piped()).spawn().expect("kcat can be run");
    forging.stdin.take().expect("it is piped").write_all(b"forged\n").expect("it listens");
    let forged = tokio::task::block_in_place(|| forging.wait_with_output()).expect("our own child can be waited for");
    let complaint = String::from_utf8_lossy(&forged.stderr).into_owned();
    assert!(complaint.contains("Invalid topic"), "{complaint}");
    assert_eq!(alice.all(AUDIT), before);
    let bob = Kcat { doors: door, user: "bob" };
    for topic in [AUDIT, CONFIG, "config.nowhere"] {
        let output = bob.run(&["-C", "-t", topic, "-o", "beginning", "-e", "-q"]);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.stdout.is_empty() && complaint.contains("Topic authorization failed"), "{topic}: {complaint}");
    }
    let listed = |kcat: &Kcat| String::from_utf8_lossy(&kcat.run(&["-L"]).stdout).into_owned();
    assert!(listed(&alice).contains(CONFIG) && !listed(&bob).contains("teams"));
}

/// Three nodes: whoever leads, the same records stand at the same offsets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_the_same_on_every_node() {
    let _turn = turn().await;
    if !has_kcat() {
        return;
    }
    let keys = KeyFile::new();
    let arguments = ["--import-keys", keys.path(), "--kafka-sasl", "required"];
    let mut cluster = Cluster::prepare(3, &Plan { arguments: &arguments, secret: true, ..Plan::default() }).await;
    let mut doors = Vec::new();
    for server in &mut cluster.servers {
        let door = format!("127.0.0.1:{}", unused_port());
        server.settings_mut().arguments.extend(["--kafka".to_owned(), door.clone()]);
        doors.push(door);
        server.spawn();
    }
    cluster.wait_ready().await;
    let clients: Vec<Client> = cluster.servers.iter().map(|server| Client::new(server.http_port())).collect();
    for client in &clients {
        ready(*client).await;
    }
    users(&cluster.servers[0]);
    fill(clients[0]).await;
    let alice = Kcat { doors: doors.join(","), user: "alice" };
    let before = (alice.all(AUDIT), alice.all(CONFIG));
    assert_told(&before.0, &trail(clients[1]).await, false);
    assert_told(&before.1, &changes(clients[2]).await, true);
    for _ in 0..2 {
        let leader = cluster.leader().await;
        cluster.servers[leader].kill();
        let survivor = (leader + 1) % 3;
        ready(clients[survivor]).await;
        assert_eq!((alice.all(AUDIT), alice.all(CONFIG)), before, "after {leader} was killed");
        cluster.spawn(leader);
        cluster.servers[leader].wait_ready().await;
        ready(clients[leader]).await;
    }
    write(clients[0], "later", "value").await;
    let after = alice.all(CONFIG);
    assert_eq!((after.len(), &after[..603]), (604, &before.1[..]));
}
