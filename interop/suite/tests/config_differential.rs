//! The configuration store beside a model of it: long random sequences of writes, conditions, rollbacks, transactions, imports and
//! deletions, reads of now and of the past in between, and kills, also in the middle of a request. Every answer is the model's, and in
//! the end so are the export, the versions, the audit trail, and what a watch from the beginning tells.
//!
//! `INTEROP_SEED=7 STEPS=5000 cargo test --profile sim -p interop --test config_differential -- --nocapture`

use std::collections::BTreeMap;
use std::time::Duration;

use interop::random::Random;
use interop::store::{Answer, Client, KeyFile, position, trail};
use interop::{Server, Settings};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const NAMESPACES: [&str; 3] = ["a", "teams/b", "c"];
const KEYS: [&str; 6] = ["k", "limit", "x/y", "\u{e4}", "k k", "z"];

/// A key's version; no value: it was deleted.
#[derive(Clone, Debug)]
struct Version {
    number: u64,
    position: u64,
    value: Option<String>,
}

/// What a watch tells of a change: its action, namespace and key, and the new value.
type Told = (&'static str, String, Option<String>, Option<String>);

/// A namespace that is there: since which position, and its keys.
#[derive(Clone, Debug, Default)]
struct Namespace {
    since: u64,
    keys: BTreeMap<String, Vec<Version>>,
}

/// What the store is.
#[derive(Clone, Debug, Default)]
struct Model {
    namespaces: BTreeMap<String, Namespace>,
    /// By position, from 1.
    told: Vec<Told>,
}

impl Model {
    fn position(&self) -> u64 {
        self.told.len() as u64
    }

    fn last(&self, namespace: &str, key: &str) -> Option<&Version> {
        self.namespaces.get(namespace)?.keys.get(key)?.last()
    }

    fn live(&self, namespace: &str, key: &str) -> Option<&Version> {
        self.last(namespace, key).filter(|version| version.value.is_some())
    }

    fn put(&mut self, namespace: &str, key: &str, value: Option<&str>) {
        if !self.namespaces.contains_key(namespace) {
            self.told.push(("namespace.created", namespace.to_owned(), None, None));
            self.namespaces.insert(namespace.to_owned(), Namespace { since: self.position(), ..Namespace::default() });
        }
        let number = self.last(namespace, key).map_or(1, |last| last.number + 1);
        let action = match (value, self.live(namespace, key)) {
            (None, _) => "config.deleted",
            (Some(_), None) => "config.created",
            (Some(_), Some(_)) => "config.updated",
        };
        self.told.push((action, namespace.to_owned(), Some(key.to_owned()), value.map(str::to_owned)));
        let version = Version { number, position: self.position(), value: value.map(str::to_owned) };
        let keys = &mut self.namespaces.get_mut(namespace).expect("it is there").keys;
        keys.entry(key.to_owned()).or_default().push(version);
    }

    /// Does it, and says what is answered: the status.
    fn apply(&mut self, ask: &Ask) -> u16 {
        match ask {
            Ask::Put { namespace, key, value, expect } => {
                let live = self.live(namespace, key).map(|version| version.position);
                let holds = match expect {
                    Expect::Any => true,
                    Expect::Position(position) => live == Some(*position),
                    Expect::Absent => live.is_none(),
                };
                if holds {
                    self.put(namespace, key, Some(value));
                }
                if holds { 200 } else { 412 }
            }
            Ask::Delete { namespace, key } => {
                let is_there = self.live(namespace, key).is_some();
                if is_there {
                    self.put(namespace, key, None);
                }
                if is_there { 204 } else { 404 }
            }
            Ask::DeleteNamespace { namespace } => {
                let is_there = self.namespaces.remove(namespace).is_some();
                if is_there {
                    self.told.push(("namespace.deleted", namespace.clone(), None, None));
                }
                if is_there { 204 } else { 404 }
            }
            Ask::Rollback { namespace, key, version } => {
                let versions = self.namespaces.get(namespace).and_then(|there| there.keys.get(key));
                let found = versions.and_then(|versions| versions.iter().find(|old| old.number == *version));
                let Some(found) = found else { return 404 };
                // A deletion is nothing to go back to.
                let Some(value) = found.value.clone() else { return 400 };
                self.put(namespace, key, Some(&value));
                200
            }
            Ask::Transaction { condition: (namespace, key, exists), puts } => {
                if self.live(namespace, key).is_some() != *exists {
                    return 412;
                }
                puts.iter().for_each(|(namespace, key, value)| self.put(namespace, key, Some(value)));
                200
            }
            Ask::Import { namespace, items } => {
                items.iter().for_each(|(key, value)| self.put(namespace, key, Some(value)));
                200
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Expect {
    Any,
    Position(u64),
    Absent,
}

/// A change that is asked for.
#[derive(Clone, Debug)]
enum Ask {
    Put { namespace: String, key: String, value: String, expect: Expect },
    Delete { namespace: String, key: String },
    DeleteNamespace { namespace: String },
    Rollback { namespace: String, key: String, version: u64 },
    Transaction { condition: (String, String, bool), puts: Vec<(String, String, String)> },
    Import { namespace: String, items: Vec<(String, String)> },
}

fn text(random: &mut Random) -> String {
    let length = *random.pick(&[0, 3, 40, 900, 70_000]);
    let of = ["a", "Z", "\"", "\\", "\n", "\u{e9}", "\u{1f600}", " ", "0"];
    let salt = format!("{:x} ", random.bits());
    salt + &(0..length / 3).map(|_| *random.pick(&of)).collect::<String>()
}

impl Ask {
    fn random(random: &mut Random, model: &Model) -> Ask {
        let (namespace, key) = ((*random.pick(&NAMESPACES)).to_owned(), (*random.pick(&KEYS)).to_owned());
        match random.below(100) {
            0..45 => {
                let now = model.live(&namespace, &key).map_or(1, |version| version.position);
                let expect = match random.below(6) {
                    0 => Expect::Position(now),
                    1 => Expect::Position(now + random.below(3)),
                    2 => Expect::Absent,
                    _ => Expect::Any,
                };
                Ask::Put { namespace, key, value: text(random), expect }
            }
            45..60 => Ask::Delete { namespace, key },
            60..63 => Ask::DeleteNamespace { namespace },
            63..75 => Ask::Rollback { namespace, key, version: 1 + random.below(6) },
            75..90 => {
                let condition = (namespace, key, random.chance(70));
                let mut puts: Vec<_> = NAMESPACES.into_iter().flat_map(|namespace| KEYS.map(|key| (namespace, key))).collect();
                puts.retain(|_| random.chance(20));
                if puts.is_empty() {
                    puts.push((NAMESPACES[0], KEYS[0]));
                }
                let puts =
                    puts.into_iter().map(|(namespace, key)| (namespace.to_owned(), key.to_owned(), text(random))).collect();
                Ask::Transaction { condition, puts }
            }
            _ => {
                let count = *random.pick(&[1, 7, 1_500]);
                let mut items: Vec<_> = (0..count).map(|number| (format!("i{number}"), format!("{:x}", random.bits()))).collect();
                items.push((key, text(random)));
                Ask::Import { namespace, items }
            }
        }
    }

    async fn send(self, client: Client) -> std::io::Result<Answer> {
        let json = [("Content-Type", "application/json")];
        match self {
            Ask::Put { namespace, key, value, expect } => {
                let position = |position| [json[0], ("If-Match", position)];
                let body = json!({ "value": value }).to_string();
                let path = path(&namespace, &key);
                match expect {
                    Expect::Any => client.try_ask("PUT", &path, &json, body.as_bytes()).await,
                    Expect::Absent => client.try_ask("PUT", &path, &[json[0], ("If-None-Match", "*")], body.as_bytes()).await,
                    Expect::Position(at) => client.try_ask("PUT", &path, &position(&format!("\"{at}\"")), body.as_bytes()).await,
                }
            }
            Ask::Delete { namespace, key } => client.try_ask("DELETE", &path(&namespace, &key), &[], b"").await,
            Ask::DeleteNamespace { namespace } => {
                client.try_ask("DELETE", &format!("/api/v1/namespaces/{}", encoded(&namespace)), &[], b"").await
            }
            Ask::Rollback { namespace, key, version } => {
                let body = json!({ "toVersion": version }).to_string();
                client.try_ask("POST", &format!("{}/rollback", path(&namespace, &key)), &json, body.as_bytes()).await
            }
            Ask::Transaction { condition: (namespace, key, exists), puts } => {
                let put = |(namespace, key, value)| json!({ "op": "put", "namespace": namespace, "key": key, "value": value, "type": "string" });
                let then: Vec<Value> = puts.into_iter().map(put).collect();
                let body = json!({ "if": [{ "namespace": namespace, "key": key, "exists": exists }], "then": then }).to_string();
                client.try_ask("POST", "/api/v1/txn", &json, body.as_bytes()).await
            }
            Ask::Import { namespace, items } => {
                let line = |(key, value)| {
                    json!({ "namespace": namespace, "key": key, "value": value, "type": "string" }).to_string() + "\n"
                };
                let body: String = items.into_iter().map(line).collect();
                client.try_ask("POST", "/api/v1/import?format=jsonl", &[], body.as_bytes()).await
            }
        }
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

fn path(namespace: &str, key: &str) -> String {
    format!("/api/v1/namespaces/{}/config/{}", encoded(namespace), encoded(key))
}

fn shown(answer: &Answer) -> u64 {
    let number = answer.field("manifold-position").unwrap_or_else(|| panic!("no position in {}", answer.head));
    number.parse().expect("a number")
}

/// The store's position, once the node serves.
async fn now(client: Client) -> u64 {
    let begin = Instant::now();
    loop {
        match client.try_ask("GET", "/api/v1/namespaces?limit=1", &[], b"").await {
            Ok(answer) if answer.status == 200 => return shown(&answer),
            _ => {}
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "the node does not serve again");
        sleep(Duration::from_millis(10)).await;
    }
}

/// One read, of now or of the past.
async fn read(client: Client, model: &Model, random: &mut Random) {
    let (namespace, key) = (*random.pick(&NAMESPACES), *random.pick(&KEYS));
    let there = model.namespaces.get(namespace);
    let versions = there.and_then(|there| there.keys.get(key)).map_or(&[][..], Vec::as_slice);
    let (query, wanted) = match (random.below(3), there) {
        (0, Some(there)) if !versions.is_empty() => {
            let at = there.since + random.below(model.position() - there.since + 1);
            (format!("?at={at}"), versions.iter().rev().find(|version| version.position <= at))
        }
        (1, _) if !versions.is_empty() => {
            let version = random.pick(versions);
            (format!("?at=v{}", version.number), Some(version))
        }
        _ => (String::new(), versions.last()),
    };
    let path = format!("{}{query}", path(namespace, key));
    let answer = client.get(&path).await;
    match wanted.and_then(|version| Some((version, version.value.as_ref()?))) {
        None => assert_eq!(answer.status, 404, "{path}: {}", answer.text()),
        Some((version, value)) => {
            let told = answer.json();
            assert_eq!((answer.status, told["value"].as_str()), (200, Some(value.as_str())), "{path}");
            assert_eq!((position(&told), told["version"].as_u64()), (version.position, Some(version.number)), "{path}");
            assert_eq!(answer.field("etag"), Some(format!("\"{}\"", version.position).as_str()), "{path}");
        }
    }
}

/// All of it, as it is in the end.
async fn compare(client: Client, model: &Model) {
    let export = client.get("/api/v1/export?format=jsonl").await.text();
    let line = |line: &str| -> Value { serde_json::from_str(line).expect("a line is JSON") };
    let given: Vec<(String, String, String)> = export
        .lines()
        .map(line)
        .map(|item| {
            let text = |name: &str| item[name].as_str().expect("a text").to_owned();
            (text("namespace"), text("key"), text("value"))
        })
        .collect();
    let live = model.namespaces.iter().flat_map(|(namespace, there)| {
        let values = there.keys.iter().filter_map(|(key, versions)| Some((key.clone(), versions.last()?.value.clone()?)));
        values.map(move |(key, value)| (namespace.clone(), key, value))
    });
    assert!(given == live.collect::<Vec<_>>(), "the export is another one");
    for (namespace, there) in &model.namespaces {
        for (key, versions) in there.keys.iter().filter(|(key, _)| KEYS.contains(&key.as_str())) {
            let told = client.get(&format!("{}/versions?limit=1000", path(namespace, key))).await.json();
            let told = told.as_array().expect("an array").iter();
            let told: Vec<_> = told.map(|one| (one["version"].as_u64(), position(one), one["deleted"].as_bool())).collect();
            let kept = versions.iter().rev().take(told.len());
            let wanted: Vec<_> = kept.map(|one| (Some(one.number), one.position, Some(one.value.is_none()))).collect();
            assert_eq!(told, wanted, "{namespace} {key}");
        }
    }
    let records = trail(client, "").await;
    let of_trail: Vec<u64> = records.iter().map(position).collect();
    assert_eq!(of_trail, (1..=model.position()).collect::<Vec<_>>(), "a record for each change");
    let (mut since, mut events) = (0, Vec::new());
    while since < model.position() {
        let told = client.get(&format!("/api/v1/watch?wait=5s&since={since}")).await.json();
        since = position(&told);
        events.extend(told["events"].as_array().expect("an array").iter().cloned());
    }
    assert_eq!(events.len(), model.told.len(), "each change is told once");
    for (number, (event, (action, namespace, key, value))) in events.iter().zip(&model.told).enumerate() {
        let record = &records[number];
        let told = (event["action"].as_str(), event["namespace"].as_str(), event["key"].as_str(), position(event));
        assert_eq!(told, (Some(*action), Some(namespace.as_str()), key.as_deref(), number as u64 + 1));
        assert_eq!((record["action"].as_str(), record["key"].as_str()), (Some(*action), key.as_deref()));
        if event["omitted"].is_null() {
            let shown = event.get("value").and_then(Value::as_str);
            assert_eq!(shown, value.as_deref().filter(|_| key.is_some()), "at {}", number + 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_answers_what_the_model_says() {
    let number = |name: &str, otherwise| std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"));
    let (seed, steps) = (number("INTEROP_SEED", 1), number("STEPS", 600));
    println!(
        "seed {seed}; again: INTEROP_SEED={seed} STEPS={steps} cargo test --profile sim -p interop --test config_differential"
    );
    let mut random = Random::new(seed);
    let keys = KeyFile::new();
    let arguments = ["--import-keys", keys.path(), "--settle", "1MiB", "--journal-segment", "16MiB"];
    let mut server = Server::start(Settings::manifold().with_arguments(&arguments)).await;
    let client = Client::new(server.http_port());
    let (mut model, mut kills, mut cut) = (Model::default(), 0, 0);
    now(client).await;
    for step in 0..steps {
        if random.chance(40) {
            read(client, &model, &mut random).await;
            continue;
        }
        let ask = Ask::random(&mut random, &model);
        let mut after = model.clone();
        let status = after.apply(&ask);
        let sending = tokio::spawn(ask.clone().send(client));
        let is_killed = random.chance(4);
        if is_killed {
            let most = if matches!(ask, Ask::Import { .. }) { 60_000 } else { 900 };
            sleep(Duration::from_micros(random.below(most))).await;
            server.kill();
            kills += 1;
        }
        match sending.await.expect("it does not panic") {
            Ok(answer) => {
                assert_eq!(answer.status, status, "step {step}, {ask:?}: {}", answer.text());
                if status < 300 {
                    assert_eq!(shown(&answer), after.position(), "step {step}, {ask:?}");
                }
                model = after;
                if is_killed {
                    server.restart().await;
                }
            }
            Err(error) => {
                assert!(is_killed, "step {step}, {ask:?}: {error}");
                server.restart().await;
                cut += 1;
                model = settled(client, model, after).await;
            }
        }
        if is_killed {
            assert_eq!(now(client).await, model.position(), "step {step}: {ask:?} is acknowledged, and is there");
        }
    }
    println!("{steps} steps, {} changes, {kills} kills, {cut} of them before the answer", model.position());
    compare(client, &model).await;
}

/// Which of the two it is, of a change that was cut off. One that is being made visible becomes so soon.
async fn settled(client: Client, before: Model, after: Model) -> Model {
    let begin = Instant::now();
    loop {
        let position = now(client).await;
        if position == after.position() {
            return after;
        }
        assert_eq!(position, before.position(), "neither before nor after the change: torn");
        if begin.elapsed() > Duration::from_secs(1) {
            return before;
        }
        sleep(Duration::from_millis(50)).await;
    }
}
