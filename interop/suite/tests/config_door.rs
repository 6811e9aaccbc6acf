//! The configuration store as its clients have it: the contract, conditions, watches over kills, three nodes, bad input and imports.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use interop::cluster::{Cluster, Plan};
use interop::store::{Answer, Client, EDITOR, KeyFile, SCOPED, VIEWER, Watch};
use interop::{Server, Settings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::{sleep, timeout};

/// One test at a time: some of them measure, or start three nodes.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// A node, and who asks it.
async fn one(keys: &KeyFile, arguments: &[&str]) -> (Server, Client) {
    let settings = Settings::manifold().with_arguments(&["--import-keys", keys.path()]).with_arguments(arguments);
    let server = Server::start(settings).await;
    let client = Client::new(server.http_port());
    ready(client).await;
    (server, client)
}

/// Waits until the node knows a leader and its keys.
async fn ready(client: Client) -> Value {
    let begin = Instant::now();
    loop {
        let answer = client.try_ask("GET", "/health/ready", &[], b"").await;
        let known = client.try_ask("GET", "/api/v1/namespaces?consistency=local", &[], b"").await;
        if let (Ok(answer), Ok(known)) = (answer, known)
            && (answer.status, known.status) == (200, 200)
        {
            return answer.json();
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "it is not ready");
        sleep(Duration::from_millis(20)).await;
    }
}

fn etag(answer: &Answer) -> u64 {
    answer.field("etag").unwrap_or_else(|| panic!("no ETag in {}", answer.head)).trim_matches('"').parse().expect("a position")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_kept() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (_server, client) = one(&keys, &[]).await;
    let nobody = client.with("");
    let health = nobody.get("/health").await;
    assert_eq!((health.status, health.json()["status"].as_str()), (200, Some("healthy")));
    let ready = nobody.get("/health/ready").await.json();
    assert_eq!((&ready["status"], &ready["cluster"]["role"]), (&json!("ready"), &json!("leader")));
    assert_eq!(ready["cluster"]["leader"], format!("http://127.0.0.1:{}", client.port));
    assert_eq!(nobody.get("/api/v1/namespaces").await.status, 401);
    assert_eq!(client.with("wrong-key-000").get("/api/v1/namespaces").await.problem(), "unauthenticated");
    assert_eq!(nobody.get("/api/v1/configs").await.status, 404, "only behind a flag");

    let put = client.put("/api/v1/namespaces/bench-small-001", "{}").await;
    assert_eq!((put.status, put.json()["path"].as_str()), (200, Some("bench-small-001")));
    assert_eq!(put.json()["owner"], "admin", "who made it");
    let entry = client.put("/api/v1/namespaces/bench-small-001/config/k", r#"{"value":"a\n\"b\" ä"}"#).await;
    assert_eq!(entry.status, 200, "{}", entry.text());
    let body = entry.json();
    assert_eq!(
        (&body["namespace"], &body["key"], &body["value"]),
        (&json!("bench-small-001"), &json!("k"), &json!("a\n\"b\" ä"))
    );
    assert_eq!((&body["type"], &body["version"], &body["updatedBy"]), (&json!("string"), &json!(1), &json!("admin")));
    assert_eq!(body["position"], etag(&entry));
    let read = client.get("/api/v1/namespaces/bench-small-001/config/k").await;
    assert_eq!(read.json(), body, "what was answered is what is read");
    let list = client.get("/api/v1/namespaces/bench-small-001/config").await;
    assert_eq!(list.json(), json!([body]), "a bare array");
    assert_eq!(client.get("/api/v1/namespaces").await.json()[0]["path"], "bench-small-001");

    assert_eq!(client.put("/api/v1/namespaces/implied/config/k", r#"{"value":"v"}"#).await.status, 200);
    let large = "x".repeat(3 << 20);
    let put = client.put("/api/v1/namespaces/implied/config/large", &json!({ "value": large }).to_string()).await;
    assert_eq!(put.status, 200, "{}", put.head);
    assert_eq!(client.get("/api/v1/namespaces/implied/config/large").await.json()["value"].as_str().map(str::len), Some(3 << 20));
    let all = client.get("/api/v1/namespaces/implied/config").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(all[1]["value"].as_str().map(str::len), Some(3 << 20), "also in a list");
    assert_eq!(client.delete("/api/v1/namespaces/implied").await.status, 204);
    assert_eq!(client.get("/api/v1/namespaces/implied/config/k").await.status, 404, "keys go with it");
    assert_eq!(client.delete("/api/v1/namespaces/bench-small-001/config/k").await.status, 204);
    assert_eq!(client.delete("/api/v1/namespaces/bench-small-001/config/k").await.problem(), "not-found");

    let audit = client.get("/api/v1/namespaces/bench-small-001/audit?limit=50").await.json();
    let shown: Vec<(&str, &Value, &Value)> = audit
        .as_array()
        .expect("a bare array")
        .iter()
        .map(|record| (record["action"].as_str().expect("a name"), &record["oldValue"], &record["newValue"]))
        .collect();
    let value = json!("a\n\"b\" ä");
    let null = Value::Null;
    assert_eq!(
        shown,
        [("config.deleted", &value, &null), ("config.created", &null, &value), ("namespace.created", &null, &null)],
        "the newest first"
    );
    assert!(audit[0]["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1")), "{audit}");
    let answer = client.ask("GET", "/api/v1/namespaces", &[("X-Correlation-Id", "mine")], b"").await;
    assert_eq!(answer.field("x-correlation-id"), Some("mine"));
    let described = nobody.get("/openapi.json").await.json();
    assert_eq!(described, nobody.get("/swagger/v1/swagger.json").await.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_keys_are_open_where_that_is_wanted() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (_server, client) = one(&keys, &["--http-open-configs", "on"]).await;
    client.put("/api/v1/namespaces/a%2Fb/config/k", r#"{"value":"v"}"#).await;
    let all = client.with("").get("/api/v1/configs").await.json();
    assert_eq!((&all[0]["ns"], &all[0]["key"], &all[0]["value"]), (&json!("a/b"), &json!("k"), &json!("v")));
    assert!(all[0].get("namespace").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_forms_and_the_past() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (_server, client) = one(&keys, &[]).await;
    let path = "/api/v1/namespaces/a/config/k";
    let write = async |headers: &[(&str, &str)], body: &str| client.ask("PUT", path, headers, body.as_bytes()).await;
    let first = write(&[("If-None-Match", "*")], r#"{"value":"one"}"#).await;
    assert_eq!(first.status, 200);
    assert_eq!(write(&[("If-None-Match", "*")], r#"{"value":"no"}"#).await.problem(), "precondition");
    let tag = first.field("etag").expect("a tag").to_owned();
    assert_eq!(client.ask("GET", path, &[("If-None-Match", &tag)], b"").await.status, 304);
    let second = write(&[("If-Match", &tag)], r#"{"value":{"two":2}}"#).await;
    assert_eq!((second.status, &second.json()["type"]), (200, &json!("json")));
    assert_eq!(write(&[("If-Match", &tag)], r#"{"value":"no"}"#).await.status, 412);
    assert_eq!(write(&[("If-Match", "garbage")], r#"{"value":"no"}"#).await.problem(), "malformed");
    assert_eq!(client.ask("DELETE", path, &[("If-Match", "\"1\"")], b"").await.status, 412);
    assert_eq!(client.get(path).await.json()["version"], 2, "what was refused changed nothing");

    let once = [("Idempotency-Key", "abc")];
    let third = write(&once, r#"{"value":"three"}"#).await;
    let again = write(&once, r#"{"value":"three"}"#).await;
    assert_eq!((again.field("etag"), again.field("idempotent-replayed")), (third.field("etag"), Some("true")));
    assert_eq!(write(&once, r#"{"value":"other"}"#).await.problem(), "conflict");

    let form = async |accept: &str| client.ask("GET", path, &[("Accept", accept)], b"").await;
    assert_eq!(form("text/plain").await.text(), "three");
    assert!(form("application/yaml").await.text().contains("value: \"three\"\n"));
    assert_eq!(form("application/octet-stream").await.field("manifold-version"), Some("3"));
    assert_eq!(form("image/png").await.problem(), "not-acceptable");
    for (at, version) in [("v1".to_owned(), 1), (etag(&second).to_string(), 2), ((etag(&third) - 1).to_string(), 2)] {
        assert_eq!(client.get(&format!("{path}?at={at}")).await.json()["version"], version, "{at}");
    }
    let time = client.get(&format!("{path}?at=v3")).await.json()["updatedAt"].as_str().expect("a time").to_owned();
    assert_eq!(client.get(&format!("{path}?at={time}")).await.json()["version"], 3);
    assert_eq!(client.get(&format!("{path}?at=yesterday")).await.status, 400);

    let versions = client.get(&format!("{path}/versions")).await.json();
    let numbers: Vec<u64> = versions.as_array().expect("an array").iter().filter_map(|one| one["version"].as_u64()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    let page = client.get(&format!("{path}/versions?limit=2")).await;
    let next = page.field("x-next-cursor").expect("there is more").to_owned();
    assert_eq!(client.get(&format!("{path}/versions?limit=2&cursor={next}")).await.json()[0]["version"], 1);
    let difference = client.get(&format!("{path}/diff?from=1&to=3")).await.json();
    assert!(difference["unified"].as_str().is_some_and(|text| text.contains("-one") && text.contains("+three")), "{difference}");
    let back = client.post(&format!("{path}/rollback"), r#"{"toVersion":2,"comment":"it was better"}"#).await;
    assert_eq!((back.status, &back.json()["version"], &back.json()["value"]), (200, &json!(4), &json!("{\"two\":2}")));
    let record = &client.get("/api/v1/audit?limit=1").await.json()[0];
    assert_eq!((&record["restored"], &record["comment"]), (&json!(2), &json!("it was better")));
    let patch = client.ask("GET", &format!("{path}/diff?from=2&to=4"), &[("Accept", "application/json-patch+json")], b"").await;
    assert_eq!(patch.json(), json!([]));

    // Several at once, or nothing.
    let position = etag(&back);
    let body = json!({
        "if": [{ "namespace": "a", "key": "k", "position": position }, { "namespace": "b", "exists": false }],
        "then": [
            { "op": "putNamespace", "namespace": "b", "description": "new" },
            { "op": "put", "namespace": "b", "key": "x", "value": 1.50 },
            { "op": "delete", "namespace": "a", "key": "k" },
        ],
    });
    let done = client.post("/api/v1/txn", &body.to_string()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["changes"].as_array().map(Vec::len), Some(3));
    assert_eq!(client.post("/api/v1/txn", &body.to_string()).await.problem(), "precondition");
    assert_eq!(client.get("/api/v1/namespaces/b/config/x").await.json()["type"], "number");
    assert_eq!(client.get(path).await.status, 404);
    assert_eq!(client.get("/api/v1/namespaces").await.field("x-total-count"), Some("2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_and_scopes_are_kept() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (_server, admin) = one(&keys, &[]).await;
    let (editor, viewer, scoped) = (admin.with(EDITOR), admin.with(VIEWER), admin.with(SCOPED));
    for path in ["teams%2Fa%2Feu", "teams%2Fb"] {
        assert_eq!(admin.put(&format!("/api/v1/namespaces/{path}/config/k"), r#"{"value":"v"}"#).await.status, 200);
    }
    assert_eq!(viewer.put("/api/v1/namespaces/teams%2Fb/config/k", r#"{"value":"no"}"#).await.problem(), "denied");
    assert_eq!(editor.put("/api/v1/namespaces/teams%2Fb", "{}").await.problem(), "denied");
    assert_eq!(editor.delete("/api/v1/namespaces/teams%2Fb").await.status, 403);
    assert_eq!(viewer.post("/api/v1/admin/snapshot", "").await.status, 403);
    let seen = scoped.get("/api/v1/namespaces").await.json();
    assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(seen[0]["path"], "teams/a/eu");
    assert_eq!(scoped.get("/api/v1/namespaces/teams%2Fb/config/k").await.status, 403);
    assert_eq!(scoped.get("/api/v1/audit").await.status, 403);
    assert_eq!(scoped.get("/api/v1/audit?namespace=teams%2Fa%2Feu").await.status, 200);
    assert!(Watch::open(scoped, "", None).await.is_err(), "not everything");
    assert!(Watch::open(scoped, "below=teams%2Fa", None).await.is_ok());
    let across = json!({ "then": [{ "op": "put", "namespace": "teams/b", "key": "x", "value": "no" }] });
    assert_eq!(scoped.post("/api/v1/txn", &across.to_string()).await.status, 403);
    let lines =
        "{\"namespace\":\"teams/a\",\"key\":\"x\",\"value\":\"1\"}\n{\"namespace\":\"teams/b\",\"key\":\"x\",\"value\":\"1\"}\n";
    assert_eq!(scoped.ask("POST", "/api/v1/import", &[], lines.as_bytes()).await.status, 403);
    assert_eq!(admin.get("/api/v1/namespaces/teams%2Fa/config/x").await.status, 404, "none of it");
    let exported = scoped.get("/api/v1/export").await.text();
    assert!(exported.contains("teams/a/eu") && !exported.contains("teams/b"), "{exported}");

    // What was refused is written down, a moment later.
    let begin = Instant::now();
    loop {
        let refused = admin.get("/api/v1/namespaces/teams%2Fb/audit?action=access.refused&limit=100").await.json();
        let is_there = refused.as_array().is_some_and(|records| {
            records.iter().any(|one| one["actor"] == "reader" && one["attempted"] == "config.updated" && one["key"] == "k")
        });
        if is_there {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{refused}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_refused_and_changes_nothing() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (_server, client) = one(&keys, &[]).await;
    let path = "/api/v1/namespaces/n/config/bad";
    let deep = format!(r#"{{"value":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let long = format!(r#"{{"value":{}}}"#, "1234567890".repeat(1 << 20));
    for (body, statuses) in [
        ("", &[400][..]),
        ("value=1", &[400]),
        (r#"{"value":"a"} {}"#, &[400]),
        (r#"{"value":"a","value":"b"}"#, &[400]),
        (r#"{"value":"\ud800"}"#, &[400]),
        (r#"{"value":NaN}"#, &[400]),
        (r#"{"value":1e400}"#, &[400]),
        (r#"{"value":null}"#, &[400]),
        (&deep, &[400]),
        (&long, &[400, 413]),
    ] {
        let answer = client.put(path, body).await;
        assert!(statuses.contains(&answer.status), "{} for {}", answer.status, &body[..body.len().min(40)]);
        answer.problem();
    }
    let over = format!(r#"{{"value":"{}x"}}"#, "a".repeat(8 << 20));
    assert_eq!(client.put(path, &over).await.problem(), "too-large");
    assert_eq!(client.ask("PUT", path, &[("Content-Type", "image/png")], b"x").await.problem(), "media-type");
    for key in ["..%2F", "%2e%2e", "a%2F..%2Fb", "a%00b", "a%C0%AFb", "a%C3", &"k".repeat(513)] {
        let answer = client.put(&format!("/api/v1/namespaces/n/config/{key}"), r#"{"value":"v"}"#).await;
        assert_eq!(answer.status, 400, "{key}: {}", answer.text());
    }
    for namespace in ["..%2Fetc", "a%00b", &"n".repeat(257), "a%20b"] {
        assert_eq!(client.put(&format!("/api/v1/namespaces/{namespace}"), "{}").await.status, 400, "{namespace}");
    }
    assert_eq!(client.get("/api/v1/nothing").await.problem(), "unknown-route");
    let method = client.delete("/api/v1/namespaces").await;
    assert_eq!((method.problem().as_str(), method.field("allow")), ("method", Some("GET")));
    assert_eq!(client.get(&format!("/health?{}", "a".repeat(64 << 10))).await.status, 414);

    let head = format!("PUT {path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\n", client.key);
    let smuggled = "\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    let declared = "\r\n{\"value\":\"v\"}";
    for (more, status) in [
        (format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n{smuggled}"), 400),
        (format!("Content-Length: 13\r\nContent-Length: 3\r\n{declared}"), 400),
        (format!("Transfer-Encoding: chunked\r\n\r\nxyz\r\n{declared}"), 400),
        (format!("Content-Length: 67108864\r\n{declared}"), 413),
    ] {
        let answer = client.raw(format!("{head}{more}").as_bytes()).await.unwrap_or_else(|error| panic!("{more}: {error}"));
        assert_eq!(answer.status, status, "{more}");
    }
    let slow = format!("{head}Content-Length: 100\r\n{declared}");
    assert_eq!(
        timeout(Duration::from_secs(20), client.raw(slow.as_bytes())).await.expect("in time").expect("an answer").status,
        408
    );
    assert_eq!(client.get(path).await.status, 404);
    assert_eq!(client.get("/api/v1/namespaces").await.json(), json!([]), "nothing came of any of it");
}

/// Writes keys until told to stop; gives how many were acknowledged.
async fn write(client: Client, namespace: &str, count: usize, from: usize) -> Vec<u64> {
    let mut positions = Vec::new();
    for number in from..from + count {
        let path = format!("/api/v1/namespaces/{namespace}/config/k{}", number % 7);
        let answer = client.put(&path, &json!({ "value": number.to_string() }).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        positions.push(etag(&answer));
    }
    positions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_resumes_exactly_over_kills() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (mut server, client) = one(&keys, &[]).await;
    let begin = client.put("/api/v1/namespaces/w", "{}").await.json()["position"].as_u64().expect("a position");
    let mut expected = Vec::new();
    let (mut got, mut last) = (Vec::new(), begin);
    for round in 0..4_usize {
        let mut watch = Watch::open(client, "namespace=w&since=0", Some(last)).await.expect("a stream");
        expected.extend(write(client, "w", 40, round * 80).await);
        // Some of it is seen before the kill, the rest after.
        while got.len() < expected.len() - 10 {
            let event = timeout(Duration::from_secs(10), watch.next()).await.expect("in time").expect("an event");
            assert_eq!(event.name, if got.len() < 7 { "config.created" } else { "config.updated" });
            got.push(event.id);
            last = event.id;
        }
        drop(watch);
        expected.extend(write(client, "w", 40, round * 80 + 40).await);
        server.kill();
        server.restart().await;
        ready(client).await;
    }
    let mut watch = Watch::open(client, "namespace=w", Some(last)).await.expect("a stream");
    while got.len() < expected.len() {
        let event = timeout(Duration::from_secs(10), watch.next()).await.expect("in time").expect("an event");
        got.push(event.id);
    }
    assert_eq!(got, expected, "each once, in order, none missed");

    // One key, a prefix, all; values; and the end of a namespace.
    let mut key = Watch::open(client, "namespace=w&key=k3", None).await.expect("a stream");
    let mut prefix = Watch::open(client, "namespace=w&prefix=k", None).await.expect("a stream");
    let mut all = Watch::open(client, "values=0", None).await.expect("a stream");
    client.put("/api/v1/namespaces/other/config/k3", r#"{"value":"elsewhere"}"#).await;
    client.put("/api/v1/namespaces/w/config/z", r#"{"value":"z"}"#).await;
    client.put("/api/v1/namespaces/w/config/k3", r#"{"value":"here"}"#).await;
    // Told while it is kept: a value that went with its namespace before is "gone".
    let event = key.next().await.expect("an event");
    assert_eq!((&event.data["key"], &event.data["value"]), (&json!("k3"), &json!("here")));
    client.delete("/api/v1/namespaces/w").await;
    assert_eq!(key.next().await.expect("an event").name, "namespace.deleted");
    assert_eq!(prefix.next().await.expect("an event").data["key"], "k3");
    assert_eq!(prefix.next().await.expect("an event").name, "namespace.deleted");
    let names = async |watch: &mut Watch| watch.next().await.expect("an event").name;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(names(&mut all).await);
    }
    assert_eq!(seen, ["namespace.created", "config.created", "config.created", "config.updated", "namespace.deleted"]);

    // The twin waits, and one who is ahead is told so.
    let position = client.get("/api/v1/watch?wait=1ms").await.json()["position"].as_u64().expect("a position");
    let path = format!("/api/v1/watch?namespace=late&since={position}&wait=20s");
    let waiting = tokio::spawn(async move { client.get(&path).await.json() });
    sleep(Duration::from_millis(100)).await;
    client.put("/api/v1/namespaces/late/config/k", r#"{"value":"v"}"#).await;
    let told = timeout(Duration::from_secs(5), waiting).await.expect("in time").expect("an answer");
    assert_eq!(told["events"][0]["action"], "namespace.created", "{told}");
    assert_eq!(client.get("/api/v1/watch?since=999999&wait=1s").await.problem(), "position");
    let tag = client.get("/api/v1/namespaces/late/config/k").await;
    let path = format!("/api/v1/namespaces/late/config/k?wait=20s&since={}", etag(&tag));
    let waiting = tokio::spawn(async move { client.get(&path).await.json() });
    sleep(Duration::from_millis(100)).await;
    client.put("/api/v1/namespaces/late/config/k", r#"{"value":"w"}"#).await;
    let told = timeout(Duration::from_secs(5), waiting).await.expect("in time").expect("an answer");
    assert_eq!(told["value"], "w");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_send_writes_to_the_leader() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let arguments = ["--import-keys", keys.path()];
    let cluster = Cluster::start(3, &Plan { arguments: &arguments, ..Plan::default() }).await;
    let clients: Vec<Client> = cluster.servers.iter().map(|server| Client::new(server.http_port())).collect();
    let mut roles = BTreeMap::new();
    for (index, client) in clients.iter().enumerate() {
        roles.insert(index, ready(*client).await);
    }
    let leaders: Vec<usize> =
        roles.iter().filter(|(_, ready)| ready["cluster"]["role"] == "leader").map(|(index, _)| *index).collect();
    assert_eq!(leaders.len(), 1, "{roles:?}");
    let (leader, follower) = (clients[leaders[0]], clients[(leaders[0] + 1) % 3]);
    let base = format!("http://127.0.0.1:{}", leader.port);
    assert!(roles.values().all(|ready| ready["cluster"]["leader"] == base.as_str()), "{roles:?}");

    let path = "/api/v1/namespaces/a%2Fb/config/k?x=1%2F2";
    for body in [r#"{"value":"v"}"#.to_owned(), json!({ "value": "v".repeat(1 << 20) }).to_string()] {
        let away = follower.put(path, &body).await;
        assert_eq!((away.status, away.field("location")), (307, Some(&*format!("{base}{path}"))));
    }
    assert_eq!(follower.get("/api/v1/namespaces").await.json(), json!([]), "nothing was done");
    assert_eq!(follower.with("wrong-key-000").put(path, "{}").await.status, 401, "before anything is told");
    let forwarded = follower.ask("PUT", path, &[("Prefer", "forward")], br#"{"value":"v"}"#).await;
    assert_eq!((forwarded.status, forwarded.field("preference-applied")), (200, Some("forward")), "{}", forwarded.text());
    for client in &clients {
        assert_eq!(client.get("/api/v1/namespaces/a%2Fb/config/k").await.json()["value"], "v", "linearizable on any node");
    }
    let audit = follower.get("/api/v1/namespaces/a%2Fb/audit").await.json();
    // The wrong key is a record of its own.
    let changes = audit.as_array().expect("an array").iter().filter(|one| one["action"] != "access.refused").count();
    assert_eq!(changes, 2, "each change once: {audit}");

    // Whoever watches a follower goes on elsewhere when it dies.
    let mut cluster = cluster;
    let mut watch = Watch::open(follower, "namespace=w", None).await.expect("a stream");
    let leader_index = leaders[0];
    let mut expected = write(leader, "w", 30, 0).await;
    let mut got = Vec::new();
    // The namespace came first.
    watch.next().await.expect("an event");
    while got.len() < 20 {
        got.push(watch.next().await.expect("an event").id);
    }
    cluster.servers[(leader_index + 1) % 3].kill();
    let mut watch = Watch::open(clients[(leader_index + 2) % 3], "namespace=w", got.last().copied()).await.expect("a stream");
    expected.extend(write(leader, "w", 30, 30).await);
    while got.len() < expected.len() {
        got.push(timeout(Duration::from_secs(10), watch.next()).await.expect("in time").expect("an event").id);
    }
    assert_eq!(got, expected);
    // Alone, nobody leads: that is said, and when to come back.
    cluster.servers[(leader_index + 2) % 3].kill();
    let begin = Instant::now();
    let refused = loop {
        let answer = leader.put("/api/v1/namespaces/w/config/k", r#"{"value":"lost?"}"#).await;
        if answer.status == 503 || begin.elapsed() > Duration::from_secs(30) {
            break answer;
        }
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(refused.problem(), "no-leader", "{}", refused.text());
    assert!(refused.field("retry-after").is_some());
    let read = leader.get("/api/v1/namespaces/w/config/k1").await;
    assert_eq!((read.status, read.field("retry-after")), (503, Some("2")), "{}", read.text());
    assert_eq!(leader.get("/api/v1/namespaces/w/config/k1?consistency=local").await.status, 200);
}

fn lines(count: usize, value: &str) -> String {
    (0..count)
        .map(|number| json!({ "namespace": "i", "key": format!("k{number:05}"), "value": value }).to_string() + "\n")
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_is_seen_whole_or_not_at_all() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (mut server, client) = one(&keys, &[]).await;
    let send = async |query: &str, body: &str| client.ask("POST", &format!("/api/v1/import?{query}"), &[], body.as_bytes()).await;
    let wrong = lines(3_000, "one") + "{\"namespace\":\"i\",\"key\":\"k00001\",\"value\":\"twice\"}\n";
    let refused = send("", &wrong).await;
    assert_eq!((refused.problem().as_str(), &refused.json()["line"]), ("invalid", &json!(3_001)));
    assert_eq!(client.get("/api/v1/namespaces/i").await.status, 404, "nothing of it");
    let dry = send("dryRun=1", &lines(3_000, "one")).await;
    assert_eq!((dry.status, &dry.json()["actions"]["config.created"]), (200, &json!(3_000)), "{}", dry.text());
    assert_eq!(client.get("/api/v1/namespaces/i").await.status, 404, "nothing yet");
    let done = send("", &lines(3_000, "one")).await;
    assert_eq!((done.status, &done.json()["items"]), (200, &json!(3_000)), "{}", done.text());

    // One who watches sees all of it; one who exports gets what can be imported.
    let exported = client.get("/api/v1/export?namespace=i").await.text();
    assert_eq!(exported.lines().count(), 3_000);
    let yaml = "j:\n  port: 8080\n  list: [a, 1]\n  name: some words\n";
    let done = client.ask("POST", "/api/v1/import", &[("Content-Type", "application/yaml")], yaml.as_bytes()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(client.get("/api/v1/namespaces/j/config/list").await.json()["value"], "[\"a\",1]");
    let again = client.get("/api/v1/export?namespace=j&format=yaml").await.text();
    assert_eq!(again, "\"j\":\n  \"list\": !json \"[\\\"a\\\",1]\"\n  \"name\": \"some words\"\n  \"port\": 8080\n");
    let replaced = send("mode=replace&namespace=j&format=env", "port=1\nOTHER=\"a b\"\n").await;
    assert_eq!((replaced.status, &replaced.json()["deleted"]), (200, &json!(2)), "{}", replaced.text());
    assert_eq!(client.get("/api/v1/export?namespace=j&format=env").await.text(), "OTHER=\"a b\"\nport=\"1\"\n");

    // Killed at some moment, it is there whole or not at all. One that was not answered may become visible later, in its turn.
    let mut possible = vec!["one".to_owned()];
    for round in 0..6_u64 {
        let value = format!("round {round}");
        let body = lines(3_000, &value);
        let importing = tokio::spawn(async move { client.try_ask("POST", "/api/v1/import", &[], body.as_bytes()).await });
        sleep(Duration::from_millis(15 * round)).await;
        server.kill();
        let acknowledged = importing.await.expect("it ends").is_ok_and(|answer| answer.status == 200);
        server.restart().await;
        ready(client).await;
        let all = client.get("/api/v1/namespaces/i/config").await.json();
        let values: std::collections::BTreeSet<&str> =
            all.as_array().expect("an array").iter().filter_map(|one| one["value"].as_str()).collect();
        if acknowledged {
            possible.clear();
        }
        possible.push(value);
        assert_eq!(values.len(), 1, "torn in round {round}: {values:?}");
        let seen = possible.iter().position(|one| values.contains(one.as_str()));
        let seen = seen.unwrap_or_else(|| panic!("round {round}: {values:?} is none of {possible:?}"));
        possible.drain(..seen);
        assert_eq!(all.as_array().map(Vec::len), Some(3_000));
    }
}

/// RFC 6962, section 2.1.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        several => {
            let split = several.len().next_power_of_two() / 2;
            node(&root(&several[..split]), &root(&several[split..]))
        }
    }
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::digest([&[1][..], left, right].concat()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 (RFC 4648, section 4).
fn decoded(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = digits.iter().position(|digit| *digit == byte).expect("Base64");
        bits = bits << 6 | u32::try_from(digit).expect("six bits");
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).expect("a byte"));
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trail_is_proved_by_its_own_records() {
    let _turn = turn().await;
    let keys = KeyFile::new();
    let (mut server, client) = one(&keys, &[]).await;
    write(client, "p", 20, 0).await;
    let early = client.get("/api/v1/audit/checkpoint").await.json();
    write(client, "p", 30, 20).await;
    let late = client.get("/api/v1/audit/checkpoint").await.json();
    let mut leaves: Vec<[u8; 32]> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/api/v1/audit?raw=1&order=oldest&limit=7{cursor}")).await;
        for record in page.json().as_array().expect("an array") {
            let bytes = decoded(record["record"].as_str().expect("its bytes"));
            leaves.push(Sha256::digest([&[0][..], &bytes].concat()).into());
            assert_eq!(record["leaf"], hex(leaves.last().expect("one")));
        }
        match page.field("x-next-cursor") {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let size = |checkpoint: &Value| usize::try_from(checkpoint["size"].as_u64().expect("a size")).expect("small");
    assert_eq!(leaves.len(), size(&late));
    assert_eq!(late["root"], hex(&root(&leaves)));
    assert_eq!(early["root"], hex(&root(&leaves[..size(&early)])), "it only grew");
    let proof = client.get(&format!("/api/v1/audit/consistency?from={}", size(&early))).await.json();
    assert_eq!((&proof["oldRoot"], &proof["newRoot"]), (&early["root"], &late["root"]));
    let proof = client.get("/api/v1/audit/proof/5").await.json();
    assert_eq!((&proof["leaf"], &proof["root"], &proof["index"]), (&json!(hex(&leaves[4])), &late["root"], &json!(4)));
    assert_eq!(client.get("/api/v1/audit/proof/99999").await.problem(), "position");
    let note = client.ask("GET", "/api/v1/audit/checkpoint", &[("Accept", "text/plain")], b"").await.text();
    assert!(note.starts_with("manifold/") && note.lines().last().is_some_and(|line| line.starts_with('\u{2014}')), "{note}");

    // The same key signs after a restart, and the snapshot tells what it is.
    server.kill();
    server.restart().await;
    ready(client).await;
    let after = client.get("/api/v1/audit/checkpoint").await.json();
    assert_eq!((&after["verifier"], &after["root"]), (&late["verifier"], &late["root"]));
    let snapshot = client.post("/api/v1/admin/snapshot", "").await;
    assert_eq!(snapshot.status, 200, "{}", snapshot.text());
    assert!(snapshot.json()["bytes"].as_u64().is_some_and(|bytes| bytes > 1_000), "{}", snapshot.text());
}
