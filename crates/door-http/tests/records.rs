//! Records over HTTP, with a node of its own behind real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use cluster::{
    Command,
    catalogue::{self, ConfigChange},
};
use door_http::{
    Ingest, IngestOptions, NodeHouse, limits, public,
    server::{self, Malformed},
};
use gate::Porch;
use kafka_wire::batch::{BatchBuilder, Codec};
use replica::{Lane, Node, NodeOptions, PeerOptions, Start, hold, streams::Topics};
use serde_json::{Value, json};
use tempfile::TempDir;

struct House {
    node: Node,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    _dir: TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.head, self.body))
    }

    /// The status, and the problem's name, which the body must have.
    fn problem(&self) -> (u16, String) {
        assert!(self.head.contains("application/problem+json"), "{}\n{}", self.head, self.body);
        let body = self.json();
        assert_eq!(body["status"], self.status, "the body says what the status says");
        assert!(!body["detail"].as_str().unwrap().is_empty() && !body["title"].as_str().unwrap().is_empty());
        (self.status, body["type"].as_str().unwrap().trim_start_matches("urn:manifold:problem:").to_owned())
    }
}

impl House {
    fn open() -> House {
        House::open_with(IngestOptions::default())
    }

    fn open_with(options: IngestOptions) -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let dir = TempDir::new().unwrap();
        let node_options = node_options(&dir);
        let (node, address) = runtime.block_on(async {
            let held = hold(&node_options, &Start::Alone).unwrap();
            let node = Node::open(held, node_options, PeerOptions::default(), None).await.unwrap();
            let ingest = Ingest::new(node.clone(), options);
            let house = Arc::new(NodeHouse::new(node.clone(), node.keyspace("default").unwrap()));
            let router = public::router(house, vec![ingest.collector()]).merge(ingest.router());
            let porch = Porch::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), 1_000);
            let address = porch.local_addr().unwrap();
            tokio::spawn(server::serve(porch, router, Malformed::default(), std::future::pending(), Duration::ZERO));
            (node, address)
        });
        House { node, address, runtime, _dir: dir }
    }

    fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // A refused request may be answered before all of it was sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer, but {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if head.to_lowercase().contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
        Answer { status, head: head.to_owned(), body }
    }

    fn ask(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> Answer {
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{kind}Content-Length: {}\r\n\r\n", body.len());
        self.send(&[head.as_bytes(), body].concat())
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "", b"")
    }

    fn post(&self, target: &str, body: &Value) -> Answer {
        self.ask("POST", target, "application/json", body.to_string().as_bytes())
    }

    fn lines(&self, target: &str, lines: &str) -> Answer {
        self.ask("POST", target, "application/x-ndjson", lines.as_bytes())
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.get("/metrics").body;
        let found = text.lines().find_map(|sample| sample.strip_prefix(line)?.strip_prefix(' ')?.parse().ok());
        found.unwrap_or_else(|| panic!("{line} is not in\n{text}"))
    }

    fn records(&self, topic: &str, partition: u32) -> Vec<Value> {
        let answer = self.get(&format!("/topics/{topic}/partitions/{partition}/records"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["records"].as_array().unwrap().clone()
    }

    fn values(&self, topic: &str, partition: u32) -> Vec<Value> {
        self.records(topic, partition).into_iter().map(|record| record["value"].clone()).collect()
    }
}

fn node_options(dir: &TempDir) -> NodeOptions {
    NodeOptions {
        data_dir: dir.path().to_owned(),
        name: "n1".to_owned(),
        data_shards: 2,
        journal_segment_bytes: 4 << 20,
        settle_bytes: 16 << 20,
        value_cache_bytes: 16 << 20,
        watch_ring_bytes: 1 << 20,
        admission_bytes: 64 << 20,
        admission_commands: 10_000,
        quota_bytes: 0,
        scrub_every: Duration::ZERO,
        scrub_bytes_per_second: 0,
    }
}

fn unchunked(mut body: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        out.push_str(&rest[..size]);
        body = &rest[size + 2..];
        if size == 0 {
            break;
        }
    }
    out
}

#[test]
fn a_record_is_acknowledged_with_its_place_and_read_again() {
    let house = House::open();
    let record = json!({"topic": "a", "key": "k", "value": "v", "headers": {"h": "1"}, "timestamp": 1_700_000_000_000_u64});
    let answer = house.post("/produce", &record);
    let expected = json!({"topic": "a", "partition": 0, "offset": 0, "timestamp": 1_700_000_000_000_u64});
    assert_eq!((answer.status, answer.json()), (200, expected));
    let answer = house.post("/produce", &json!({"topic": "a", "value": null, "key": {"base64": "/wA="}}));
    assert_eq!(answer.json()["offset"], 1);
    assert!(answer.json()["timestamp"].as_u64().unwrap() > 1_700_000_000_000, "it is now");
    let read = house.get("/topics/a/partitions/0/records").json();
    let first = json!({"offset": 0, "timestamp": 1_700_000_000_000_u64, "key": "k", "value": "v", "headers": [["h", "1"]]});
    assert_eq!(read["records"][0], first);
    assert_eq!(read["records"][1]["key"], json!({"base64": "/wA="}));
    assert_eq!(read["records"][1]["value"], Value::Null);
    assert_eq!((&read["log_start"], &read["log_end"], &read["next"]), (&json!(0), &json!(2), &json!(2)));
}

#[test]
fn a_key_goes_where_the_java_client_puts_it() {
    let house = House::open();
    assert_eq!(house.ask("PUT", "/topics/k", "", b"{\"partitions\":10}").status, 201);
    // murmur2("abc") is 479470107, murmur2("21") is -973932308 with the sign bit cleared 1173551340.
    for (key, partition) in [("abc", 7), ("21", 0)] {
        let answer = house.post("/produce", &json!({"topic": "k", "key": key, "value": ""})).json();
        assert_eq!(answer["partition"], partition, "{key}");
    }
    let given = house.post("/produce", &json!({"topic": "k", "key": "abc", "partition": 3, "value": ""})).json();
    assert_eq!(given["partition"], 3, "what is given wins");
}

#[test]
fn records_without_a_key_share_a_batch_and_requests_take_turns() {
    let house = House::open();
    house.ask("PUT", "/topics/t", "", b"{\"partitions\":3}");
    let mut turns = Vec::new();
    for _ in 0..3 {
        let answer =
            house.post("/produce/batch", &json!({"records": [{"topic": "t", "value": "1"}, {"topic": "t", "value": "2"}]}));
        let records = answer.json()["records"].as_array().unwrap().clone();
        assert_eq!(records[0]["partition"], records[1]["partition"]);
        turns.push(records[0]["partition"].as_u64().unwrap());
    }
    turns.sort_unstable();
    assert_eq!(turns, [0, 1, 2]);
}

#[test]
fn answers_are_in_the_order_of_records_whatever_became_of_them() {
    let house = House::open();
    house.ask("PUT", "/topics/t", "", b"{\"partitions\":2}");
    let records = json!({"records": [
        {"topic": "t", "partition": 1, "value": "a"},
        {"topic": "t", "partition": 9, "value": "b"},
        {"topic": "t", "partition": 0, "value": "c"},
        {"topic": "no such/name", "value": "d"},
        {"topic": "t", "partition": 1, "value": "e"},
        {"value": "f"},
    ]});
    let answer = house.post("/produce/batch", &records);
    let body = answer.json();
    assert_eq!((answer.status, &body["acknowledged"], &body["failed"]), (207, &json!(3), &json!(3)));
    let statuses: Vec<u64> = body["records"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 404, 200, 400, 200, 400]);
    assert_eq!(body["records"][4], json!({"status": 200, "topic": "t", "partition": 1, "offset": 1}));
    assert_eq!((house.values("t", 1), house.values("t", 0)), (vec![json!("a"), json!("e")], vec![json!("c")]));

    let none = house.post("/produce/batch", &json!({"records": [{"topic": "t", "partition": 9, "value": "b"}]}));
    assert_eq!(none.problem(), (404, "unknown-partition".to_owned()));
    assert_eq!(none.json()["records"][0]["status"], 404);
    assert_eq!(house.post("/produce/batch", &json!({"records": []})).status, 200);
}

#[test]
fn lines_are_streamed_past_the_bound_of_bodies() {
    let house = House::open();
    let line = format!("{{\"topic\":\"s\",\"value\":\"{}\"}}\n", "x".repeat(1_000));
    let count = 2 * limits::RECORDS_BODY_BYTES_MAX / line.len();
    let answer = house.lines("/produce/batch", &line.repeat(count));
    assert_eq!(answer.status, 200, "{}", &answer.body[..200.min(answer.body.len())]);
    let body = answer.json();
    assert_eq!((&body["acknowledged"], body["records"].as_array().unwrap().len()), (&json!(count), count));
    assert!(body["records"].as_array().unwrap().iter().enumerate().all(|(at, one)| one["offset"] == at));

    let as_json = format!("{{\"records\":[{}]}}", vec![line.trim_end(); count].join(","));
    let answer = house.ask("POST", "/produce/batch", "application/json", as_json.as_bytes());
    assert_eq!(answer.problem(), (413, "too-large".to_owned()));
    assert_eq!(house.metric("manifold_ingest_under_way_bytes"), 0);
}

#[test]
fn a_stream_without_a_length_is_read_and_its_connection_ends() {
    let house = House::open();
    let line = "{\"topic\":\"c\",\"value\":\"v\"}\n";
    let head = "POST /produce/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n";
    // Two records over three chunks; what follows is no request any more.
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunks = [chunk(&line[..5]), chunk(&line[5..]), chunk(line), "0\r\n\r\n".to_owned()].concat();
    let answer = house.send(format!("{head}\r\n{chunks}GET /version HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    assert_eq!((answer.status, answer.json()["acknowledged"].as_u64()), (200, Some(2)));
    assert!(answer.head.to_lowercase().contains("connection: close"));
    assert!(!answer.body.contains("etcdserver"), "the second request is not answered");

    let both = house.send(format!("{head}Content-Length: 5\r\n\r\n{chunks}GET /version HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    assert!(!both.body.contains("etcdserver"), "what was smuggled is not answered");
    let elsewhere = head.replace("POST /produce/batch", "PUT /topics/c");
    assert_eq!(house.send(format!("{elsewhere}\r\n{chunks}").as_bytes()).status, 400);
}

#[test]
fn a_bad_line_costs_itself_and_names_its_place() {
    let house = House::open();
    let long = format!("{{\"topic\":\"l\",\"value\":\"{}\"}}", "x".repeat(limits::LINE_BYTES_MAX));
    let lines = format!(
        "{{\"topic\":\"l\",\"value\":\"1\"}}\n{{\"topic\":\"l\" \"value\"}}\n\n{long}\n{{\"topic\":\"l\",\"value\":\"2\"}}"
    );
    let answer = house.lines("/produce/batch", &lines);
    let body = answer.json();
    assert_eq!(answer.status, 207);
    let statuses: Vec<u64> = body["records"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 400, 413, 200]);
    assert_eq!((&body["records"][1]["line"], &body["records"][1]["column"]), (&json!(2), &json!(14)));
    assert_eq!(body["records"][2]["line"], 4);
    assert_eq!(house.values("l", 0), ["1", "2"]);
    assert_eq!(house.lines("/produce/batch", "{\n").problem().0, 400);
}

#[test]
fn a_body_that_breaks_off_gives_what_was_whole() {
    let house = House::open();
    let head =
        "POST /produce/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    let line = "{\"topic\":\"b\",\"value\":\"whole\"}\n";
    let broken = format!("{head}{:x}\r\n{line}\r\nZZ\r\n", line.len());
    let answer = house.send(broken.as_bytes());
    assert_eq!((answer.status, answer.json()["acknowledged"].as_u64()), (207, Some(1)), "{}", answer.body);
    assert_eq!(answer.json()["rest"]["status"], 400);
    assert_eq!(house.values("b", 0), ["whole"]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place_and_appends_nothing() {
    let house = House::open();
    for (body, column) in [
        (r#"{"records":[{"topic":"x","value":"1"},{"topic":"x","value":1}]}"#, true),
        (r#"{"records":[{"topic":"x","value":"1"}"#, true),
        (r#"{"records":[{"topic":"x","value":"\ud800"}]}"#, true),
        (r#"{"records":[{"topic":"x","value":"1","value":"2"}]}"#, true),
        (r#"{"records":[{"topic":"x","value":"1","valeu":"2"}]}"#, true),
        (r#"{"records":[{"topic":"x","value":NaN}]}"#, true),
        (r#"{"records":[{"topic":"x","value":"1"}]} trailing"#, true),
        ("", true),
    ] {
        let answer = house.ask("POST", "/produce/batch", "application/json", body.as_bytes());
        assert_eq!(answer.problem(), (400, "malformed".to_owned()), "{body}");
        assert_eq!(answer.json()["column"].is_u64(), column, "{body}");
    }
    let deep = format!("{{\"records\":{}", "[".repeat(100_000));
    assert_eq!(house.ask("POST", "/produce/batch", "application/json", deep.as_bytes()).problem().0, 400);
    let digits = format!("{{\"topic\":\"x\",\"value\":\"\",\"timestamp\":{}}}", "9".repeat(1 << 20));
    assert_eq!(house.ask("POST", "/produce", "application/json", digits.as_bytes()).problem().0, 400);
    let many = format!("{{\"records\":[{}]}}", vec![r#"{"topic":"x","value":""}"#; limits::RECORDS_IN_JSON_MAX + 1].join(","));
    assert_eq!(house.ask("POST", "/produce/batch", "application/json", many.as_bytes()).problem(), (413, "too-large".to_owned()));
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"] {
        assert_eq!(house.ask("POST", "/produce", kind, b"{}").problem(), (415, "media-type".to_owned()), "{kind}");
    }
    assert_eq!(house.get("/topics/x").problem(), (404, "unknown-topic".to_owned()), "nothing came into being");
}

#[test]
fn a_record_is_held_against_its_topics_bound_to_the_byte() {
    let house = House::open();
    let wanted = json!({"configs": {"max.message.bytes": 200}});
    assert_eq!(house.ask("PUT", "/topics/small", "", wanted.to_string().as_bytes()).status, 201);
    let with = |bytes: usize| house.post("/produce", &json!({"topic": "small", "value": "x".repeat(bytes)}));
    let most = (1..200).rev().find(|bytes| with(*bytes).status == 200).unwrap();
    let refused = with(most + 1);
    assert_eq!(refused.problem(), (413, "too-large".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("201 bytes"), "{}", refused.body);
    let many: Vec<Value> = (0..20).map(|_| json!({"topic": "small", "value": "x".repeat(50)})).collect();
    let answer = house.post("/produce/batch", &json!({"records": many}));
    assert_eq!((answer.status, answer.json()["acknowledged"].as_u64()), (200, Some(20)), "several batches");
    assert_eq!(house.values("small", 0).len(), 21);
}

#[test]
fn topics_are_made_listed_described_and_deleted() {
    let house = House::open();
    let wanted = json!({"partitions": 4, "configs": {"retention.ms": 1000, "message.timestamp.type": "LogAppendTime"}});
    let made = house.ask("PUT", "/topics/a.b", "application/json", wanted.to_string().as_bytes());
    assert_eq!((made.status, made.json()["partitions"].as_array().unwrap().len()), (201, 4));
    assert_eq!(house.ask("PUT", "/topics/a.b", "", wanted.to_string().as_bytes()).status, 200, "it is there already");
    assert_eq!(house.ask("PUT", "/topics/a.b", "", b"{\"partitions\":5}").problem(), (409, "conflict".to_owned()));
    for (body, name) in [
        (&br#"{"partitions":0}"#[..], "invalid-setting"),
        (br#"{"partitions":100001}"#, "invalid-setting"),
        (br#"{"configs":{"cleanup.policy":"compact"}}"#, "invalid-setting"),
        (br#"{"configs":{"retention.ms":true}}"#, "invalid-setting"),
        (br#"{"replicas":3}"#, "malformed"),
    ] {
        assert_eq!(house.ask("PUT", "/topics/c", "", body).problem(), (400, name.to_owned()));
    }
    for name in ["a%20b", "%2e%2e", "..%2f..", "%00", &"x".repeat(250)] {
        assert_eq!(house.ask("PUT", &format!("/topics/{name}"), "", b"").problem(), (400, "invalid-topic".to_owned()), "{name}");
    }
    let at_append = house.post("/produce", &json!({"topic": "a.b", "partition": 2, "value": "v", "timestamp": 5}));
    assert_eq!(at_append.json(), json!({"topic": "a.b", "partition": 2, "offset": 0}), "the time is the server's");
    assert!(house.records("a.b", 2)[0]["timestamp"].as_u64().unwrap() > 5);
    let described = house.get("/topics/a.b").json();
    assert_eq!(described["configs"]["retention.ms"], "1000");
    let leader = format!("{:x}", house.node.node_id());
    let third = json!({"partition": 2, "leader": leader, "log_start": 0, "log_end": 1});
    assert_eq!(described["partitions"][2], third);
    let listed = house.get("/topics").json();
    assert_eq!(listed, json!({"topics": [{"topic": "a.b", "partitions": 4, "internal": false}]}));
    assert_eq!(house.ask("DELETE", "/topics/a.b", "", b"").status, 204);
    assert_eq!(house.ask("DELETE", "/topics/a.b", "", b"").problem(), (404, "unknown-topic".to_owned()));
    assert_eq!(house.get("/topics").json(), json!({"topics": []}));
}

#[test]
fn settings_mean_what_they_mean_to_kafkas_clients() {
    let house = House::open();
    let make = |name: &str, configs: Value| {
        house.ask("PUT", &format!("/topics/{name}"), "", json!({ "configs": configs }).to_string().as_bytes())
    };
    let made = make("kept", json!({"compression.type": "producer", "preallocate": false, "retention.ms": " 5 "}));
    assert_eq!((made.status, made.json()["configs"].clone()), (201, json!({"retention.ms": " 5 "})), "what is so is not kept");
    for (configs, detail) in [
        (json!({"retention.sm": 1}), "Unknown topic config name: retention.sm"),
        (
            json!({"preallocate": true}),
            "Invalid value true for configuration preallocate: This server supports no other value than false",
        ),
        (
            json!({"max.message.bytes": 1_u64 << 31}),
            "Invalid value 2147483648 for configuration max.message.bytes: Not a number of type INT",
        ),
        (
            json!({"min.insync.replicas": 2}),
            "Invalid value 2 for configuration min.insync.replicas: This server keeps no more than 1",
        ),
    ] {
        let refused = make("refused", configs);
        assert_eq!(refused.problem(), (400, "invalid-setting".to_owned()));
        assert_eq!(refused.json()["detail"], detail);
    }
}

#[test]
fn records_of_a_time_that_the_topic_does_not_take_are_refused() {
    let house = House::open();
    let wanted = json!({"configs": {"message.timestamp.before.max.ms": 60_000}});
    assert_eq!(house.ask("PUT", "/topics/timely", "", wanted.to_string().as_bytes()).status, 201);
    let now = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let at = |timestamp: u64| house.post("/produce", &json!({"topic": "timely", "value": "v", "timestamp": timestamp}));
    for timestamp in [now - 120_000, now + 7_200_000] {
        assert_eq!(at(timestamp).problem(), (400, "invalid-timestamp".to_owned()));
    }
    assert_eq!((at(now - 30_000).status, at(now + 1_800_000).status), (200, 200));
    assert_eq!(house.values("timely", 0).len(), 2);
}

#[test]
fn what_the_cluster_was_told_counts_for_topics_that_say_nothing() {
    let house = House::open();
    let tell = |set: &[(&str, &str)], seen| {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let change = ConfigChange { seen, set, ..ConfigChange::default() };
        let command = Command::Catalogue(catalogue::Command::AlterBrokerConfig { change });
        house.runtime.block_on(house.node.change_cluster(&command)).unwrap();
    };
    let record = json!({"topic": "plain", "value": "x".repeat(300), "timestamp": 1_700_000_000_000_u64});
    assert_eq!(house.post("/produce", &record).status, 200);
    tell(&[("message.max.bytes", "200")], 0);
    assert_eq!(house.post("/produce", &record).problem(), (413, "too-large".to_owned()));
    let answer = house.post("/produce", &json!({"topic": "plain", "value": "v", "timestamp": 5}));
    assert_eq!(answer.json()["timestamp"], 5);
    tell(&[("log.message.timestamp.type", "LogAppendTime")], 1);
    let answer = house.post("/produce", &json!({"topic": "plain", "value": "v", "timestamp": 5}));
    assert_eq!((answer.status, answer.json().get("timestamp").cloned()), (200, None), "the time is the server's");
}

#[test]
fn topics_come_into_being_only_if_that_is_set() {
    let house = House::open_with(IngestOptions { auto_create: false, ..IngestOptions::default() });
    let record = json!({"topic": "t", "value": "v"});
    assert_eq!(house.post("/produce", &record).problem(), (404, "unknown-topic".to_owned()));
    let house = House::open_with(IngestOptions { partitions: 5, ..IngestOptions::default() });
    assert_eq!(house.post("/produce", &record).status, 200);
    assert_eq!(house.get("/topics").json()["topics"][0]["partitions"], 5);
}

#[test]
fn a_topics_own_route_takes_one_record_many_and_raw_bytes() {
    let house = House::open();
    assert_eq!(house.post("/topics/r/records", &json!({"value": "one"})).json()["offset"], 0);
    let many = house.post("/topics/r/records", &json!({"records": [{"value": "two"}, {"topic": "r", "value": "three"}]}));
    assert_eq!((many.status, many.json()["acknowledged"].as_u64()), (200, Some(2)));
    assert_eq!(house.lines("/topics/r/records", "{\"value\":\"four\"}\n").status, 200);
    let raw = house.ask("POST", "/topics/r/records?key=k&partition=0&timestamp=7", "application/octet-stream", b"\xff\x00");
    assert_eq!((raw.status, raw.json()["offset"].as_u64()), (200, Some(4)));
    let last = json!({"offset": 4, "timestamp": 7, "key": "k", "value": {"base64": "/wA="}, "headers": []});
    assert_eq!(house.records("r", 0)[4], last);
    let other = house.post("/topics/r/records", &json!({"topic": "q", "value": ""}));
    assert_eq!(other.problem(), (400, "malformed".to_owned()));
    for target in ["/topics/r/records?part=0", "/topics/r/records?partition=x", "/topics/r/records?timestamp=-1"] {
        assert_eq!(house.ask("POST", target, "application/octet-stream", b"").problem().0, 400, "{target}");
    }
    assert_eq!(house.post("/topics/r/records?partition=0", &json!({"value": ""})).problem().0, 400);
    for body in [json!({}), json!({"records": [{"valu": 1}]}), json!({"key": "k"})] {
        assert_eq!(house.post("/topics/r/records", &body).problem().0, 400, "{body}");
    }
    let large = vec![b'x'; limits::LINE_BYTES_MAX + 1];
    assert_eq!(house.ask("POST", "/topics/r/records", "application/octet-stream", &large).problem().0, 413);
}

#[test]
fn a_reader_waits_for_records_and_is_told_where_to_go_on() {
    let house = House::open();
    house.ask("PUT", "/topics/w", "", b"");
    let begin = Instant::now();
    let empty = house.get("/topics/w/partitions/0/records?timeout_ms=200").json();
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert_eq!((&empty["records"], &empty["next"]), (&json!([]), &json!(0)));
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| house.get("/topics/w/partitions/0/records?timeout_ms=20000"));
        while house.metric("manifold_topic_reads_waiting") == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        house.post("/produce", &json!({"topic": "w", "value": "came"}));
        reader.join().unwrap()
    });
    assert!(begin.elapsed() < Duration::from_secs(15), "it did not wait for the time to be over");
    assert_eq!(read.json()["records"][0]["value"], "came");
    assert_eq!(house.metric("manifold_topic_reads_waiting"), 0);

    for value in ["b", "c"] {
        house.post("/produce", &json!({"topic": "w", "value": value}));
    }
    let part = house.get("/topics/w/partitions/0/records?offset=1&max_bytes=1").json();
    assert_eq!((part["records"].as_array().unwrap().len(), &part["next"]), (1, &json!(2)), "at least one");
    let head = "GET /topics/w/partitions/0/records?offset=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: application/x-ndjson\r\n\r\n";
    let lines = house.send(head.as_bytes());
    assert!(lines.head.contains("manifold-next-offset: 3") && lines.head.contains("manifold-log-end: 3"), "{}", lines.head);
    let values: Vec<Value> =
        lines.body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["value"].clone()).collect();
    assert_eq!(values, ["b", "c"]);
    assert_eq!(house.metric("manifold_topic_read_records_total"), 4);
    assert!(house.metric("manifold_topic_read_bytes_total") > 100);
    for (target, status) in [
        ("/topics/w/partitions/0/records?offset=4", 416),
        ("/topics/w/partitions/0/records?offset=-1", 416),
        ("/topics/w/partitions/0/records?offset=x", 400),
        ("/topics/w/partitions/1/records", 404),
        ("/topics/w/partitions/x/records", 400),
        ("/topics/v/partitions/0/records", 404),
    ] {
        assert_eq!(house.get(target).problem().0, status, "{target}");
    }
    assert_eq!(house.get("/topics/w/partitions/0/records?offset=4").json()["log_end"], 3);
}

#[test]
fn what_a_kafka_client_compressed_is_read_from_the_middle_too() {
    let house = House::open();
    house.ask("PUT", "/topics/z", "", b"");
    let mut builder = BatchBuilder::new(Codec::Gzip);
    for value in ["a", "b", "c"] {
        builder.push(5, None, Some(value.as_bytes()), &[("h", None)]);
    }
    let topics = Topics::new(house.node.clone());
    let place = topics.place(&topics.topic("z").unwrap(), 0).unwrap();
    let command = stream::Command::Append { term: 0, partition: place.id, batch: builder.finish().into() };
    house.runtime.block_on(async { place.shard.submit(Lane::Normal, &command).unwrap().await.unwrap().unwrap() });
    let read = house.get("/topics/z/partitions/0/records?offset=1").json();
    let expected = json!([
        {"offset": 1, "timestamp": 5, "key": null, "value": "b", "headers": [["h", null]]},
        {"offset": 2, "timestamp": 5, "key": null, "value": "c", "headers": [["h", null]]},
    ]);
    assert_eq!(read["records"], expected);
}

#[test]
fn over_its_bound_a_node_takes_nothing_and_says_when_to_come_back() {
    let bytes = limits::REQUEST_OVERHEAD_BYTES + 1_000;
    let house = House::open_with(IngestOptions { under_way_bytes_max: bytes, ..IngestOptions::default() });
    let record = |bytes: usize| json!({"topic": "p", "value": "x".repeat(bytes)});
    assert_eq!(house.post("/produce", &record(900)).status, 200);
    let refused = house.post("/produce", &record(1_000));
    assert_eq!(refused.problem(), (429, "pressure".to_owned()));
    assert!(refused.head.to_lowercase().contains("retry-after: "), "{}", refused.head);
    assert!(refused.json()["detail"].as_str().unwrap().contains(&bytes.to_string()), "the bound is named");
    for target in ["/produce/batch", "/produce/fire/batch"] {
        assert_eq!(house.post(target, &json!({"records": [record(1_000)]})).problem(), (429, "pressure".to_owned()));
        assert_eq!(house.lines(target, &record(1_000).to_string()).problem(), (429, "pressure".to_owned()));
    }
    assert_eq!(house.values("p", 0).len(), 1);
    assert_eq!(house.metric("manifold_ingest_refused_total{reason=\"pressure\"}"), 5);
    assert_eq!(house.metric("manifold_ingest_under_way_bytes"), 0, "what was refused gave its share back");
    assert_eq!(house.metric("manifold_ingest_fire_delivered_total"), 0);
}

#[test]
fn what_is_under_way_is_shown_while_a_body_comes_in() {
    let house = House::open();
    let mut stream = TcpStream::connect(house.address).unwrap();
    let head = "POST /produce HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let begin = Instant::now();
    while house.metric("manifold_ingest_under_way_bytes") != limits::REQUEST_OVERHEAD_BYTES as u64 + 1 {
        assert!(begin.elapsed() < Duration::from_secs(10), "what came in is not counted, or what did not come in is");
    }
    drop(stream);
    while house.metric("manifold_ingest_under_way_bytes") != 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "a connection that is gone keeps its share");
    }
}

#[test]
fn what_is_fired_is_counted_when_it_is_delivered_or_lost() {
    let house = House::open();
    let answer =
        house.post("/produce/fire/batch", &json!({"records": [{"topic": "f", "value": "1"}, {"topic": "f", "value": "2"}]}));
    assert_eq!((answer.status, answer.json()), (202, json!({"accepted": 2})));
    assert_eq!(house.lines("/produce/fire/batch", "{\"topic\":\"f\",\"value\":\"3\"}").status, 202);
    let begin = Instant::now();
    while house.metric("manifold_ingest_fire_delivered_total") < 3 {
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
    assert_eq!((house.values("f", 0).len(), house.metric("manifold_ingest_fire_lost_total")), (3, 0));
    let part = house.lines("/produce/fire/batch", "{\"topic\":\"f\",\"value\":\"4\"}\nnonsense");
    assert_eq!((part.status, part.json()["accepted"].as_u64(), part.json()["refused"].as_u64()), (207, Some(1), Some(1)));
    let none = house.lines("/produce/fire/batch", "nonsense");
    assert_eq!((none.problem().0, none.json()["accepted"].as_u64()), (400, Some(0)));
    assert_eq!(house.metric("manifold_ingest_records_total{route=\"fire\",outcome=\"accepted\"}"), 4);
}

#[test]
fn without_its_node_nothing_is_acknowledged_and_what_was_accepted_is_accounted_for() {
    let house = House::open();
    assert_eq!(house.post("/produce", &json!({"topic": "g", "value": "before"})).status, 200);
    let fire = json!({"records": [{"topic": "g", "value": "x".repeat(100_000)}]});
    std::thread::scope(|scope| {
        let firing = scope.spawn(|| while house.post("/produce/fire/batch", &fire).status == 202 {});
        std::thread::sleep(Duration::from_millis(200));
        house.runtime.block_on(house.node.shutdown()).unwrap();
        firing.join().unwrap();
    });
    assert_eq!(house.post("/produce", &json!({"topic": "g", "value": "after"})).problem(), (503, "unavailable".to_owned()));
    let accepted = house.metric("manifold_ingest_records_total{route=\"fire\",outcome=\"accepted\"}");
    let came_to_an_end = || {
        let ends = ["manifold_ingest_fire_delivered_total", "manifold_ingest_fire_lost_total"];
        ends.iter().map(|name| house.metric(name)).sum::<u64>()
    };
    let begin = Instant::now();
    while came_to_an_end() != accepted {
        assert!(begin.elapsed() < Duration::from_secs(10), "{accepted} were accepted, {} came to an end", came_to_an_end());
    }
    assert!(accepted > 0);
}

#[test]
fn requests_and_records_are_counted_by_route_and_outcome() {
    let house = House::open();
    let record = json!({"topic": "m", "value": "v"});
    house.post("/produce", &record);
    house.post("/produce/batch", &json!({"records": [record, record, {"topic": "m", "partition": 7, "value": ""}]}));
    house.post("/topics/m/records", &json!({"value": "v"}));
    house.post("/produce", &json!({}));
    for (metric, value) in [
        ("manifold_ingest_requests_total{route=\"produce\"}", 2),
        ("manifold_ingest_requests_total{route=\"batch\"}", 1),
        ("manifold_ingest_requests_total{route=\"topic\"}", 1),
        ("manifold_ingest_records_total{route=\"produce\",outcome=\"acknowledged\"}", 1),
        ("manifold_ingest_records_total{route=\"batch\",outcome=\"acknowledged\"}", 2),
        ("manifold_ingest_records_total{route=\"batch\",outcome=\"refused\"}", 1),
        ("manifold_ingest_records_total{route=\"topic\",outcome=\"acknowledged\"}", 1),
        ("manifold_ingest_bytes_total{route=\"topic\"}", 13),
        ("manifold_ingest_bytes_total{route=\"produce\"}", record.to_string().len() as u64 + 2),
        ("manifold_ingest_refused_total{reason=\"unknown-partition\"}", 1),
        ("manifold_ingest_refused_total{reason=\"malformed\"}", 1),
    ] {
        assert_eq!(house.metric(metric), value, "{metric}");
    }
}
