//! Configuration stores killed with SIGKILL again and again, on one node and on three, while clients write, change two keys at once,
//! and import: what was acknowledged is there, once; what was refused is not; transactions and imports are whole; each change has one
//! record in the audit trail, which checkpoints saved before each kill prove; and one who watches all of it sees each change once.
//!
//! An *insert* creates a key of its own, so that it is there in its first version or not at all. A *pair* is two keys that one
//! transaction sets to the same serial, if both are as their only writer left them. An *import* gives many keys one value. Without
//! an answer, or with 504, a change may be there or not, now or later. With 503 it must never be there.
//!
//! `KILLS` sets how many kills (20, half of them on one node), `INTEROP_SEED` their moments.

use interop::cluster::{Cluster, Plan};
use interop::peers::repository;
use interop::random::Random;
use interop::store::{Answer, Client, Follower, KeyFile, position, trail};
use interop::{Server, Settings};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Clients that insert.
const WRITERS: u64 = 6;
/// Clients with a pair each.
const PAIRS: u64 = 3;
/// Keys of an import.
const IMPORTED: usize = 600;
/// One insert in this many has a value of several chunks.
const LARGE_EVERY: u64 = 60;
/// Acknowledgements that a kill has on average, or the kills prove little.
const ACKS_EACH: u64 = 100;
/// The longest load before a kill, and while a member is dead.
const LOAD_MS_MAX: u64 = 1_200;
const PATIENCE: Duration = Duration::from_secs(60);

/// What clients know of what they wrote.
#[derive(Default)]
struct Diary {
    serial: AtomicU64,
    /// Acknowledged inserts, by namespace and key: their positions.
    inserted: Mutex<BTreeMap<(String, String), u64>>,
    /// What was answered with 503.
    refused: Mutex<BTreeSet<(String, String)>>,
    /// The last acknowledged serial of each pair, its position, and the last serial that was asked for.
    pairs: Mutex<BTreeMap<u64, (u64, u64, u64)>>,
    imported: Mutex<Imported>,
    acknowledged: AtomicU64,
    unknown: AtomicU64,
}

/// Values that the import's keys may have.
#[derive(Clone, Default)]
struct Imported {
    /// Whether the first one was acknowledged. Those behind it were not, and may be there.
    is_acknowledged: bool,
    possible: Vec<String>,
}

enum Outcome {
    /// With its position.
    Done(u64),
    Refused,
    Unknown,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("not poisoned")
}

impl Diary {
    fn outcome(&self, answer: &io::Result<Answer>) -> Outcome {
        let Ok(answer) = answer else {
            self.unknown.fetch_add(1, Relaxed);
            return Outcome::Unknown;
        };
        match answer.status {
            200 => {
                self.acknowledged.fetch_add(1, Relaxed);
                let position = answer.field("etag").or_else(|| answer.field("manifold-position"));
                let position = position.and_then(|text| text.trim_matches('"').parse().ok());
                let position = position.or_else(|| answer.json()["position"].as_u64());
                Outcome::Done(position.unwrap_or_else(|| panic!("no position in {}\n{}", answer.head, answer.text())))
            }
            503 | 429 => Outcome::Refused,
            504 => {
                self.unknown.fetch_add(1, Relaxed);
                Outcome::Unknown
            }
            _ => panic!("{}: {}", answer.head, answer.text()),
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not {v:?}")))
}

/// The value that belongs to a serial.
fn value(serial: u64) -> String {
    let times = if serial.is_multiple_of(LARGE_EVERY) { 30_000 } else { 12 };
    format!("{serial:08}-").repeat(times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node() {
    run(1, number("KILLS", 20).div_ceil(2), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes() {
    run(3, number("KILLS", 20) / 2, 2).await;
}

/// One test at a time.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

async fn run(nodes: usize, kills: u64, salt: u64) {
    let _turn = turn().await;
    let seed = number("INTEROP_SEED", 1);
    println!(
        "seed {seed}; again: INTEROP_SEED={seed} KILLS={} cargo test --profile sim -p interop --test config_kills",
        kills * 2
    );
    let mut random = Random::new(seed ^ salt << 32);
    let keys = KeyFile::new();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let audit_key = folder.path().join("audit.key");
    write_private(&audit_key, &"5a".repeat(32));
    let audit_key = audit_key.to_str().expect("a plain name");
    let small = ["--settle", "1MiB", "--journal-segment", "16MiB", "--import-keys", keys.path(), "--audit-key", audit_key];
    let under = std::env::temp_dir();
    let mut servers = if nodes == 1 {
        vec![Server::start(Settings::manifold().under(&under).with_arguments(&small)).await]
    } else {
        Cluster::start(nodes, &Plan { arguments: &small, under: Some(&under), ..Plan::default() }).await.servers
    };
    let clients: Vec<Client> = servers.iter().map(|server| Client::new(server.http_port())).collect();
    all_ready(&clients).await;
    let diary = Arc::new(Diary::default());
    let watcher = Follower::start(clients.clone(), 0, "");
    let mut checkpoints = vec![];
    for kill in 0..kills {
        let stop = Arc::new(AtomicBool::new(false));
        let load = load(&clients, &diary, &stop, &mut random);
        sleep(Duration::from_millis(random.below(LOAD_MS_MAX) + 100)).await;
        let victim = victim(&clients, &mut random).await;
        servers[victim].kill();
        if nodes > 1 {
            sleep(Duration::from_millis(random.below(LOAD_MS_MAX))).await;
            servers[victim].spawn();
            servers[victim].wait_ready().await;
        }
        stop.store(true, Relaxed);
        let ended = timeout(PATIENCE, load.join_all()).await;
        ended.unwrap_or_else(|_| panic!("clients hang after kill {kill}"));
        if nodes == 1 {
            servers[victim].spawn();
            servers[victim].wait_ready().await;
        }
        all_ready(&clients).await;
        let client = *random.pick(&clients);
        check(client, &diary, &mut random).await;
        let file = folder.path().join(format!("checkpoint-{kill}"));
        let note = client.ask("GET", "/api/v1/audit/checkpoint", &[("Accept", "text/plain")], b"").await;
        std::fs::write(&file, note.body).expect("a file can be written");
        checkpoints.push(file);
    }
    let records = trail(clients[0], "").await;
    let last = records.last().map_or(0, position);
    let seen = watcher.finish(last, PATIENCE).await;
    hold(&records, &diary, &seen);
    for client in &clients {
        read_back(*client, &diary).await;
    }
    let verifier = clients[0].get("/api/v1/audit/checkpoint").await.json()["verifier"].as_str().expect("a verifier").to_owned();
    prove(&servers[0], folder.path(), &checkpoints, &verifier);
    let (acknowledged, unknown) = (diary.acknowledged.load(Relaxed), diary.unknown.load(Relaxed));
    println!("{nodes} nodes: {kills} kills, {acknowledged} acknowledged, {unknown} unknown, {} records", records.len());
    assert!(acknowledged >= kills * ACKS_EACH, "only {acknowledged} acknowledgements in {kills} kills");
}

/// Whom to kill: the leader half of the time.
async fn victim(clients: &[Client], random: &mut Random) -> usize {
    if random.chance(50) {
        for (index, client) in clients.iter().enumerate() {
            if client.get("/health/ready").await.json()["cluster"]["role"] == "leader" {
                return index;
            }
        }
    }
    usize::try_from(random.below(clients.len() as u64)).expect("small")
}

async fn all_ready(clients: &[Client]) {
    for client in clients {
        let begin = Instant::now();
        while !client.try_ask("GET", "/api/v1/namespaces?limit=1", &[], b"").await.is_ok_and(|answer| answer.status == 200) {
            assert!(begin.elapsed() < PATIENCE, "the node at {} does not serve", client.port);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

fn load(clients: &[Client], diary: &Arc<Diary>, stop: &Arc<AtomicBool>, random: &mut Random) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let mut writer =
        || Writer { clients: clients.to_vec(), diary: diary.clone(), stop: stop.clone(), random: Random::new(random.bits()) };
    for number in 0..WRITERS {
        tasks.spawn(writer().insert(number));
    }
    for number in 0..PAIRS {
        tasks.spawn(writer().pair(number));
    }
    tasks.spawn(writer().import());
    tasks
}

/// A client that writes through any node.
struct Writer {
    clients: Vec<Client>,
    diary: Arc<Diary>,
    stop: Arc<AtomicBool>,
    random: Random,
}

impl Writer {
    async fn ask(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> io::Result<Answer> {
        let mut headers = vec![("Content-Type", "application/json"), ("Prefer", "forward")];
        headers.extend(more);
        let client = *self.random.pick(&self.clients);
        timeout(PATIENCE, client.try_ask(method, path, &headers, body.as_bytes())).await.expect("an answer, or an end")
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Relaxed)
    }

    async fn insert(mut self, writer: u64) {
        let namespace = format!("w{writer}");
        while self.goes_on() {
            let serial = self.diary.serial.fetch_add(1, Relaxed);
            let name = (namespace.clone(), format!("k{serial:08}"));
            let path = format!("/api/v1/namespaces/{namespace}/config/{}", name.1);
            let answer = self.ask("PUT", &path, &[("If-None-Match", "*")], &json!({ "value": value(serial) }).to_string()).await;
            match self.diary.outcome(&answer) {
                Outcome::Done(position) => {
                    lock(&self.diary.inserted).insert(name, position);
                }
                Outcome::Refused => {
                    lock(&self.diary.refused).insert(name);
                    sleep(Duration::from_millis(20)).await;
                }
                Outcome::Unknown => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// What a pair is now: its serial and position.
    async fn look(&mut self, namespace: &str) -> Option<(u64, u64)> {
        let list = self.ask("GET", &format!("/api/v1/namespaces/{namespace}/config"), &[], "").await.ok()?;
        match list.status {
            404 => Some((0, 0)),
            200 => Some(pair_of(&list.json())),
            _ => None,
        }
    }

    async fn pair(mut self, writer: u64) {
        let namespace = format!("p{writer}");
        let mut state = None;
        while self.goes_on() {
            let Some((serial, position)) = state else {
                state = self.look(&namespace).await;
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let condition = |key: &str| match position {
                0 => json!({ "namespace": namespace, "key": key, "exists": false }),
                _ => json!({ "namespace": namespace, "key": key, "version": serial }),
            };
            let put = |key: &str| json!({ "op": "put", "namespace": namespace, "key": key, "value": (serial + 1).to_string() });
            let body = json!({ "if": [condition("left"), condition("right")], "then": [put("left"), put("right")] });
            let asked = lock(&self.diary.pairs).entry(writer).or_default().2.max(serial + 1);
            lock(&self.diary.pairs).entry(writer).or_default().2 = asked;
            let answer = self.ask("POST", "/api/v1/txn", &[], &body.to_string()).await;
            // What was unknown was done after it was looked at.
            if answer.as_ref().is_ok_and(|answer| answer.status == 412) {
                state = None;
                continue;
            }
            state = match self.diary.outcome(&answer) {
                Outcome::Done(position) => {
                    lock(&self.diary.pairs).insert(writer, (serial + 1, position, asked));
                    Some((serial + 1, position))
                }
                Outcome::Refused => state,
                Outcome::Unknown => None,
            };
        }
    }

    async fn import(mut self) {
        while self.goes_on() {
            let round = format!("round {}", self.diary.serial.fetch_add(1, Relaxed));
            let line = |key: usize| json!({ "namespace": "i", "key": format!("{key:05}"), "value": round }).to_string();
            let body: String = (0..IMPORTED).map(|key| line(key) + "\n").collect();
            lock(&self.diary.imported).possible.push(round.clone());
            let answer = self.ask("POST", "/api/v1/import?format=jsonl", &[], &body).await;
            match self.diary.outcome(&answer) {
                Outcome::Done(_) => {
                    *lock(&self.diary.imported) = Imported { is_acknowledged: true, possible: vec![round] };
                }
                Outcome::Refused => {
                    lock(&self.diary.imported).possible.pop();
                }
                Outcome::Unknown => {}
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The serial and the position of a pair whose list this is.
fn pair_of(list: &Value) -> (u64, u64) {
    let entries = list.as_array().expect("an array");
    assert_eq!(entries.len(), 2, "half of a pair: {list}");
    let serial = |entry: &Value| entry["value"].as_str().and_then(|text| text.parse().ok()).expect("a serial");
    let (left, right): (u64, u64) = (serial(&entries[0]), serial(&entries[1]));
    assert_eq!(left, right, "a torn transaction: {list}");
    assert_eq!(
        (entries[0]["version"].as_u64(), entries[1]["version"].as_u64()),
        (Some(left), Some(left)),
        "applied twice: {list}"
    );
    (left, entries.iter().map(position).max().unwrap_or(0))
}

/// All keys of a namespace at one moment, without their values if these may be large.
async fn list(client: Client, namespace: &str, query: &str) -> Value {
    let answer = client.get(&format!("/api/v1/namespaces/{namespace}/config?{query}")).await;
    match answer.status {
        404 => json!([]),
        200 => answer.json(),
        _ => panic!("{}: {}", answer.head, answer.text()),
    }
}

/// After a kill: what is there now, as one node says it.
async fn check(client: Client, diary: &Diary, random: &mut Random) {
    let inserted = lock(&diary.inserted).clone();
    let refused = lock(&diary.refused).clone();
    let mut there = BTreeMap::new();
    for writer in 0..WRITERS {
        let namespace = format!("w{writer}");
        for entry in list(client, &namespace, "values=0").await.as_array().expect("an array") {
            assert_eq!(entry["version"], 1, "applied twice: {entry}");
            let key = entry["key"].as_str().expect("a name").to_owned();
            there.insert((namespace.clone(), key), position(entry));
        }
    }
    for (name, position) in &inserted {
        assert_eq!(there.get(name), Some(position), "{name:?} was acknowledged");
    }
    let wrong: Vec<_> = refused.iter().filter(|name| there.contains_key(*name)).collect();
    assert!(wrong.is_empty(), "refused, and there: {wrong:?}");
    let names: Vec<(String, String)> = there.keys().cloned().collect();
    for _ in 0..names.len().min(20) {
        one_value(client, random.pick(&names)).await;
    }
    let pairs = lock(&diary.pairs).clone();
    for (writer, (acknowledged, _, asked)) in pairs {
        let list = list(client, &format!("p{writer}"), "").await;
        let serial = if list == json!([]) { 0 } else { pair_of(&list).0 };
        assert!((acknowledged..=asked).contains(&serial), "the pair {writer} is {serial}, of {acknowledged} to {asked}");
    }
    let all = list(client, "i", "").await;
    let values: BTreeSet<&str> = all.as_array().expect("an array").iter().filter_map(|one| one["value"].as_str()).collect();
    let Imported { is_acknowledged, possible } = lock(&diary.imported).clone();
    assert!(values.len() <= 1, "a torn import: {values:?}");
    if let Some(value) = values.first() {
        assert_eq!(all.as_array().map(Vec::len), Some(IMPORTED));
        assert!(possible.iter().any(|one| one == value), "{value} is none of {possible:?}");
    } else {
        assert!(!is_acknowledged, "no import is there, of {possible:?}");
    }
}

async fn one_value(client: Client, (namespace, key): &(String, String)) {
    let read = client.get(&format!("/api/v1/namespaces/{namespace}/config/{key}")).await;
    let serial: u64 = key[1..].parse().expect("a serial");
    assert!(read.json()["value"] == value(serial).as_str(), "{namespace}/{key} is another value");
}

/// Everything that was acknowledged, read from the state of one node itself.
async fn read_back(client: Client, diary: &Diary) {
    let inserted = lock(&diary.inserted).clone();
    let names: Vec<_> = inserted.keys().cloned().collect();
    let mut tasks = JoinSet::new();
    for part in names.chunks(names.len().div_ceil(8).max(1)) {
        let part = part.to_vec();
        tasks.spawn(async move {
            for name in part {
                one_value(client, &name).await;
            }
        });
    }
    tasks.join_all().await;
}

/// Each change has one record, each record is of a change, and whoever watched saw each of them once.
fn hold(records: &[Value], diary: &Diary, seen: &[u64]) {
    let positions: Vec<u64> = records.iter().map(position).collect();
    assert!(positions.iter().copied().eq(1..=records.len() as u64), "positions are not one after the other");
    assert!(seen == positions, "a watch saw {} of {} changes, or others", seen.len(), positions.len());
    let mut created: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let mut changes: BTreeMap<(String, String), u64> = BTreeMap::new();
    for record in records {
        let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let name = (text("namespace"), text("key"));
        match &*text("action") {
            "config.created" => created.entry(name.clone()).or_default().push(position(record)),
            "config.updated" | "namespace.created" => {}
            other => panic!("nobody did {other}: {record}"),
        }
        *changes.entry(name).or_default() += 1;
    }
    for (name, position) in lock(&diary.inserted).iter() {
        assert_eq!(created.get(name), Some(&vec![*position]), "{name:?} has not one record, where it was acknowledged");
        assert_eq!(changes.get(name), Some(&1), "{name:?} was changed later");
    }
    let refused = lock(&diary.refused);
    let wrong: Vec<_> = refused.iter().filter(|name| changes.contains_key(*name)).collect();
    assert!(wrong.is_empty(), "refused, and recorded: {wrong:?}");
    for (writer, (acknowledged, position, asked)) in lock(&diary.pairs).iter() {
        for key in ["left", "right"] {
            let count = changes.get(&(format!("p{writer}"), key.to_owned())).copied().unwrap_or(0);
            assert!(
                (*acknowledged..=*asked).contains(&count),
                "{count} records of the pair {writer}, of {acknowledged} to {asked}"
            );
        }
        let at = |position: u64| position.checked_sub(1).and_then(|index| records.get(usize::try_from(index).ok()?));
        let is_there = *acknowledged == 0 || at(*position).is_some_and(|record| record["namespace"] == format!("p{writer}"));
        assert!(is_there, "no record of the pair {writer} at {position}");
    }
}

/// The trail holds against every checkpoint that was saved, as the server's own program and another one find.
fn prove(server: &Server, folder: &Path, checkpoints: &[PathBuf], verifier: &str) {
    let export = folder.join("trail.jsonl");
    let text = |path: &Path| path.to_str().expect("a plain name").to_owned();
    server.ctl(&["audit", "export", &text(&export)]).expect("it is exported");
    let files: Vec<String> = checkpoints.iter().map(|path| text(path)).collect();
    let mut arguments = vec!["audit".to_owned(), "verify".to_owned(), text(&export)];
    arguments.extend(files.clone());
    arguments.extend(["--key".to_owned(), verifier.to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    server.ctl(&arguments).expect("our own program finds it right");
    let program = repository().join("interop/contract/verify_audit.py");
    let told = Command::new("python3").arg(program).arg(&export).args(&files).args(["--key", verifier]).output();
    let told = told.expect("this test needs python3");
    let shown = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "another program finds it wrong: {shown}{}", String::from_utf8_lossy(&told.stderr));
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("a file can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it can be made private");
}
