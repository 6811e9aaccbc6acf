//! Who is let in by keys and passwords, with a node of its own behind real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cluster::{
    Command,
    principals::{self, Credential, Grant, Grantee, Mechanism, Operation as Granted, Pattern, Permission, Resource},
};
use door_http::{
    NodeHouse, Visitor,
    keys::{self, Caller, Doorkeeper, Operation, Refusal, import, read_fixed_keys},
    public,
    server::{self, Malformed},
};
use gate::{
    Porch,
    scram::{Hash, Keys},
};
use replica::{Node, NodeOptions, PeerOptions, Start, hold};
use serde_json::{Value, json};
use tempfile::TempDir;

const ADMIN: &str = "confman_dev_abc123";
const READER: &str = "confman_dev_reader";

struct House {
    node: Node,
    doorkeeper: Doorkeeper,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    _dir: TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    #[track_caller]
    fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}\n{}", self.head, self.body);
        self.body
    }

    /// The status, the problem's name, and what it says.
    #[track_caller]
    fn problem(&self) -> (u16, String, String) {
        assert!(self.head.contains("application/problem+json"), "{}\n{}", self.head, self.body);
        assert_eq!(self.body["status"], self.status);
        let text = |member: &str| self.body[member].as_str().unwrap().to_owned();
        (self.status, text("type").trim_start_matches("urn:manifold:problem:").to_owned(), text("detail"))
    }

    #[track_caller]
    fn is(&self, status: u16, name: &str, said: &str) {
        let (found, kind, detail) = self.problem();
        assert!(found == status && kind == name && detail.contains(said), "{found} {kind}: {detail}");
        let has_challenge = self.head.to_lowercase().contains("www-authenticate: bearer");
        assert_eq!(has_challenge, status == 401, "{}", self.head);
    }
}

impl House {
    fn open() -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let dir = TempDir::new().unwrap();
        let options = NodeOptions {
            data_dir: dir.path().to_owned(),
            name: "n1".to_owned(),
            data_shards: 1,
            journal_segment_bytes: 4 << 20,
            settle_bytes: 16 << 20,
            value_cache_bytes: 16 << 20,
            watch_ring_bytes: 1 << 20,
            admission_bytes: 64 << 20,
            admission_commands: 10_000,
            quota_bytes: 0,
            scrub_every: Duration::ZERO,
            scrub_bytes_per_second: 0,
        };
        let (node, address, doorkeeper) = runtime.block_on(async {
            let held = hold(&options, &Start::Alone).unwrap();
            let node = Node::open(held, options, PeerOptions::default(), None).await.unwrap();
            let doorkeeper = Doorkeeper::new(Arc::new(node.clone()));
            let house = Arc::new(NodeHouse::new(node.clone(), node.keyspace("default").unwrap()));
            let router = public::router(house, vec![doorkeeper.collector()]).merge(keys::router(doorkeeper.clone()));
            let porch = Porch::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), 1_000);
            let address = porch.local_addr().unwrap();
            tokio::spawn(server::serve(porch, router, Malformed::default(), std::future::pending(), Duration::ZERO));
            (node, address, doorkeeper)
        });
        House { node, doorkeeper, address, runtime, _dir: dir }
    }

    /// With the keys of the reference's suite.
    fn with_keys() -> House {
        let house = House::open();
        house.import(&format!("admin {ADMIN} admin\nreader {READER} viewer\n"));
        house
    }

    fn import(&self, text: &str) -> keys::Imported {
        self.runtime.block_on(import(&self.node, &read_fixed_keys(text).unwrap())).unwrap()
    }

    fn change(&self, command: principals::Command) {
        self.runtime.block_on(self.node.change_cluster(&Command::Principals(command))).unwrap();
    }

    fn ask(&self, method: &str, target: &str, headers: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string);
        let kind = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        let body = body.unwrap_or_default();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{kind}{headers}");
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
    }

    fn whoami(&self, headers: &str) -> Answer {
        self.ask("GET", "/api/v1/keys/whoami", headers, None)
    }

    fn get(&self, target: &str, key: &str) -> Answer {
        self.ask("GET", target, &with(key), None)
    }

    fn post(&self, target: &str, key: &str, body: Value) -> Answer {
        self.ask("POST", target, &with(key), Some(&body))
    }

    /// Makes a key; its id and text.
    #[track_caller]
    fn make(&self, by: &str, body: Value) -> (String, String) {
        let made = self.post("/api/v1/keys", by, body).ok();
        (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
    }

    fn caller(&self, key: &str) -> Caller {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("x-api-key", key.parse().unwrap());
        self.runtime.block_on(self.doorkeeper.authenticate(&headers, Visitor::default())).unwrap()
    }

    fn user(&self, name: &str, password: &str, is_admin: bool) {
        self.change(principals::Command::SetUser { name: name.to_owned(), enabled: true, is_admin, time_ms: 7 });
        let keys = Keys::derive(Hash::Sha512, password.as_bytes(), b"salt", 4_096).unwrap();
        let credential = Credential {
            mechanism: Mechanism::ScramSha512,
            iterations: 4_096,
            salt: Bytes::from_static(b"salt"),
            stored_key: Bytes::copy_from_slice(keys.stored_key()),
            server_key: Bytes::copy_from_slice(keys.server_key()),
        };
        self.change(principals::Command::SetCredential { name: name.to_owned(), credential, time_ms: 7 });
    }

    fn grant(&self, name: &str, pattern: Pattern, who: &str, operation: Granted, permission: Permission) {
        let grant = Grant {
            resource: Resource::Namespace,
            pattern,
            name: name.to_owned(),
            grantee: Grantee::User(who.to_owned()),
            host: "*".to_owned(),
            operation,
            permission,
        };
        self.change(principals::Command::AddGrants { grants: vec![grant] });
    }

    fn metric(&self, reason: &str) -> u64 {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let line = format!("manifold_http_callers_refused_total{{reason=\"{reason}\"}} ");
        text.lines().find_map(|sample| sample.strip_prefix(&line)?.parse().ok()).unwrap()
    }
}

fn with(key: &str) -> String {
    format!("X-Api-Key: {key}\r\n")
}

fn basic(name: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")))
}

fn permitted(answer: &Value) -> Vec<(String, String)> {
    let list = answer["permitted"].as_array().unwrap().iter();
    let text = |one: &Value| one.as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    list.map(|one| (one["operation"].as_str().unwrap().to_owned(), text(&one["namespaces"]))).collect()
}

#[test]
fn without_keys_the_door_is_shut_and_says_how_to_open_it() {
    let house = House::open();
    for headers in ["", "X-Api-Key: confman_dev_abc123\r\n", "Authorization: Bearer confman_dev_abc123\r\n"] {
        house.whoami(headers).is(401, "unauthenticated", "manifold ctl key create NAME --role admin");
    }
    assert_eq!(house.metric("no_keys"), 3);
    house.user("ann", "wonder", true);
    house.whoami("").is(401, "unauthenticated", "send an API key");
    assert_eq!(house.whoami(&basic("ann", "wonder")).status, 200);
}

#[test]
fn a_key_is_sent_in_either_header() {
    let house = House::with_keys();
    for headers in [with(ADMIN), format!("Authorization: Bearer {ADMIN}\r\n"), format!("authorization: bearer  {ADMIN}\r\n")] {
        let said = house.whoami(&headers).ok();
        assert_eq!(
            (&said["principal"], &said["key"]["prefix"], &said["address"]),
            (&json!("admin"), &json!("conf"), &json!("127.0.0.1"))
        );
        assert!(!said.to_string().contains(ADMIN));
        let all = ["read", "audit", "write", "publish", "manage", "keys", "operate"];
        assert_eq!(permitted(&said), all.map(|operation| (operation.to_owned(), "*".to_owned())));
    }
    let twice = with(ADMIN) + &with(READER);
    for (headers, said) in [
        ("", "send an API key as X-Api-Key"),
        ("X-Api-Key: confman_dev_abc12\r\n", "no such API key"),
        ("X-Api-Key: \r\n", "empty or too long"),
        ("Authorization: Bearer\r\n", "empty or too long"),
        ("Authorization: Digest abc\r\n", "is Bearer with an API key, or Basic"),
        ("Authorization: Basic !!!\r\n", "in Base64"),
        (&*twice, "several headers X-Api-Key"),
        (&*format!("X-Api-Key: {}\r\n", "x".repeat(4_097)), "empty or too long"),
    ] {
        house.whoami(headers).is(401, "unauthenticated", said);
    }
    assert_eq!(house.metric("unknown"), 1);
}

#[test]
fn a_key_is_made_shown_once_rotated_and_revoked() {
    let house = House::with_keys();
    let body = json!({"name": "ci", "role": "editor", "namespaces": ["/teams/a/", "teams/b"], "expiresInSeconds": 60});
    let answer = house.post("/api/v1/keys", ADMIN, body.clone());
    assert!(answer.status == 201 && answer.head.to_lowercase().contains("cache-control: no-store"), "{}", answer.head);
    let made = answer.ok();
    let (id, first) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(first.starts_with(&format!("mfk_{id}_")) && made["owner"] == "admin" && made["role"] == "editor", "{made}");
    assert_eq!((&made["namespaces"], &made["state"]), (&json!(["teams/a", "teams/b"]), &json!("good")));
    house.post("/api/v1/keys", ADMIN, body).is(409, "conflict", "there is a key \"ci\" already");

    let said = house.whoami(&with(first)).ok();
    let places = "teams/a teams/a/* teams/b teams/b/*";
    assert_eq!(permitted(&said), ["read", "audit", "write"].map(|operation| (operation.to_owned(), places.to_owned())));

    let list = house.get("/api/v1/keys", ADMIN).ok();
    assert_eq!((&list["count"], &list["next"]), (&json!(3), &Value::Null));
    assert!(!list.to_string().contains(first) && !list.to_string().contains(ADMIN), "{list}");
    let page = house.get("/api/v1/keys?limit=2", ADMIN).ok();
    let rest = house.get(&format!("/api/v1/keys?limit=2&cursor={}", page["next"].as_str().unwrap()), ADMIN).ok();
    let ids = |page: &Value| page["keys"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>();
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&list));
    assert_eq!(house.get(&format!("/api/v1/keys/{id}"), ADMIN).ok()["name"], "ci");

    let rotated = house.post(&format!("/api/v1/keys/{id}/rotate"), ADMIN, json!({"graceSeconds": 60})).ok();
    let second = rotated["key"].as_str().unwrap();
    assert!(second != first && rotated["formerUntil"].is_string());
    assert_eq!((house.whoami(&with(first)).status, house.whoami(&with(second)).status), (200, 200));
    let rotated = house.ask("POST", &format!("/api/v1/keys/{id}/rotate"), &with(ADMIN), None).ok();
    let third = rotated["key"].as_str().unwrap();
    house.whoami(&with(second)).is(401, "unauthenticated", "was rotated");
    house.whoami(&with(first)).is(401, "unauthenticated", "no such API key");

    let caller = house.caller(third);
    assert!(house.doorkeeper.renew(&caller).is_ok());
    let version = house.doorkeeper.version();
    let revoked = house.ask("POST", &format!("/api/v1/keys/{id}/revoke"), &with(ADMIN), None).ok();
    assert_eq!(revoked["state"], "revoked");
    house.whoami(&with(third)).is(401, "unauthenticated", "was revoked");
    assert!(house.doorkeeper.version() > version);
    assert_eq!(house.doorkeeper.renew(&caller).unwrap_err(), Refusal::Revoked, "who stays is told to go");
    house.post(&format!("/api/v1/keys/{id}/rotate"), ADMIN, json!({})).is(409, "conflict", "revoked");
}

#[test]
fn bodies_and_ids_that_are_none_are_refused() {
    let house = House::with_keys();
    for (body, status, name, said) in [
        (json!({"name": "x"}), 400, "malformed", "missing field `role`"),
        (json!({"name": "x", "role": "viewer", "more": 1}), 400, "malformed", "unknown field `more`"),
        (json!({"name": "x", "role": "boss"}), 400, "invalid", "one of viewer, editor, publisher, admin"),
        (json!({"name": "", "role": "viewer"}), 400, "invalid", "1 to 128 bytes"),
        (json!({"name": "x", "role": "viewer", "operations": ["write"]}), 400, "invalid", "has not the operation write"),
        (json!({"name": "x", "role": "viewer", "namespaces": ["a b"]}), 400, "invalid", "no path of a namespace"),
        (json!({"name": "x", "role": "viewer", "expiresAt": "soon"}), 400, "invalid", "2027-01-31T00:00:00Z"),
        (json!({"name": "x", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"}), 400, "invalid", "expired already"),
        (json!({"name": "x", "role": "viewer", "rate": {"perSecond": 0}}), 400, "invalid", "at least 1"),
    ] {
        house.post("/api/v1/keys", ADMIN, body).is(status, name, said);
    }
    let plain = house.ask("POST", "/api/v1/keys", &with(ADMIN), None);
    plain.is(415, "media-type", "application/json");
    for id in ["x", "0000000000000000", "00000000000000ff", "%2e%2e"] {
        house.get(&format!("/api/v1/keys/{id}"), ADMIN).is(404, "not-found", "no such key");
        house.post(&format!("/api/v1/keys/{id}/rotate"), ADMIN, json!({})).is(404, "not-found", "no such key");
    }
    let made = house.make(ADMIN, json!({"name": "x", "role": "viewer"}));
    let late = json!({"graceSeconds": 40 * 24 * 60 * 60});
    house.post(&format!("/api/v1/keys/{}/rotate", made.0), ADMIN, late).is(400, "invalid", "30 days");
}

/// Whoever may make keys could otherwise make one that may do everything.
#[test]
fn a_key_makes_sees_and_changes_no_key_that_may_do_more() {
    let house = House::with_keys();
    for target in ["/api/v1/keys", "/api/v1/keys/00000000000000ff"] {
        house.get(target, READER).is(403, "denied", "the key \"reader\" has no right to \"keys\"");
    }
    house.post("/api/v1/keys", READER, json!({"name": "x", "role": "viewer"})).is(403, "denied", "has no right to \"keys\"");

    let (team_id, team) = house.make(ADMIN, json!({"name": "team", "role": "admin", "namespaces": ["teams/a"]}));
    let (root_id, _) = house.make(ADMIN, json!({"name": "root", "role": "viewer"}));
    let (_, below) = house.make(&team, json!({"name": "below", "role": "editor", "namespaces": ["teams/a/b"]}));
    assert_eq!(permitted(&house.whoami(&with(&below)).ok())[0].1, "teams/a/b teams/a/b/*");
    for body in [
        json!({"name": "x", "role": "viewer"}),
        json!({"name": "x", "role": "viewer", "namespaces": ["teams"]}),
        json!({"name": "x", "role": "viewer", "namespaces": ["teams/ab"]}),
    ] {
        house.post("/api/v1/keys", &team, body).is(403, "denied", "");
    }
    let other = json!({"name": "x", "role": "viewer", "namespaces": ["teams/a"], "owner": "root"});
    house.post("/api/v1/keys", &team, other).is(403, "denied", "for other principals");
    let seen = house.get("/api/v1/keys", &team).ok();
    let names: Vec<&str> = seen["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert!(names.len() == 2 && names.contains(&"team") && names.contains(&"below"), "{names:?}");
    house.post(&format!("/api/v1/keys/{root_id}/rotate"), &team, json!({})).is(404, "not-found", "");
    house.post(&format!("/api/v1/keys/{root_id}/revoke"), &team, json!({})).is(404, "not-found", "");

    let (_, narrow) = house.make(ADMIN, json!({"name": "narrow", "role": "admin", "operations": ["keys", "read"]}));
    house.post("/api/v1/keys", &narrow, json!({"name": "x", "role": "viewer"})).is(403, "denied", "no more than itself");
    house.make(&narrow, json!({"name": "y", "role": "viewer", "operations": ["read"]}));
    house.post(&format!("/api/v1/keys/{team_id}/rotate"), &narrow, json!({})).is(404, "not-found", "");
}

#[test]
fn what_a_key_may_do_is_its_role_its_scopes_and_no_denial() {
    let house = House::with_keys();
    let may = |key: &str, operation, namespace: Option<&str>| house.doorkeeper.may(&house.caller(key), operation, namespace);
    assert!(may(READER, Operation::Read, None) && may(READER, Operation::Audit, Some("a")));
    assert!(!may(READER, Operation::Write, Some("a")) && !may(READER, Operation::Manage, Some("a")));
    assert!(may(ADMIN, Operation::Operate, None) && may(ADMIN, Operation::Manage, Some("a")));
    let caller = house.caller(READER);
    let refusal = house.doorkeeper.require(&caller, Operation::Write, Some("a")).unwrap_err();
    assert!(matches!(refusal, Refusal::Denied { operation: Operation::Write, .. }), "{refusal:?}");

    let owned = json!({"name": "robot", "role": "editor", "owner": "ann"});
    let (_, robot) = house.make(ADMIN, owned);
    assert!(may(&robot, Operation::Write, Some("secrets/db")) && may(&robot, Operation::Read, None));
    house.grant("secrets/", Pattern::Prefixed, "ann", Granted::All, Permission::Deny);
    assert!(!may(&robot, Operation::Write, Some("secrets/db")) && may(&robot, Operation::Write, Some("teams")));
    assert!(!may(&robot, Operation::Read, None), "all together are denied if one is");
    assert!(house.doorkeeper.may_somewhere(&house.caller(&robot), Operation::Read));
    let said = house.whoami(&with(&robot)).ok();
    assert_eq!(said["permitted"][0], json!({"operation": "read", "namespaces": ["*"], "except": ["secrets/*"]}));

    house.user("ann", "wonder", false);
    house.change(principals::Command::SetUser { name: "ann".to_owned(), enabled: false, is_admin: false, time_ms: 8 });
    house.whoami(&with(&robot)).is(401, "unauthenticated", "disabled");
}

#[test]
fn users_come_in_by_their_passwords_and_may_do_what_is_granted() {
    let house = House::with_keys();
    house.user("ann", "won:der", false);
    house.user("root", "toor-toor", true);
    for (name, password) in [("ann", "wonder"), ("bob", "won:der"), ("", "")] {
        house.whoami(&basic(name, password)).is(401, "unauthenticated", "the password is wrong");
    }
    let said = house.whoami(&basic("ann", "won:der")).ok();
    assert_eq!((&said["principal"], &said["key"], permitted(&said)), (&json!("ann"), &Value::Null, Vec::new()));
    house.ask("GET", "/api/v1/keys", &basic("ann", "won:der"), None).is(403, "denied", "the user \"ann\" has no right");

    house.grant("teams/", Pattern::Prefixed, "ann", Granted::Read, Permission::Allow);
    house.grant("teams/a", Pattern::Literal, "ann", Granted::Write, Permission::Allow);
    let said = house.whoami(&basic("ann", "won:der")).ok();
    let expected = [("read", "teams/*"), ("audit", "teams/*"), ("write", "teams/a")];
    assert_eq!(permitted(&said), expected.map(|(operation, place)| (operation.to_owned(), place.to_owned())));
    let mut headers = axum::http::HeaderMap::new();
    let sign_in =
        |headers: &axum::http::HeaderMap| house.runtime.block_on(house.doorkeeper.authenticate(headers, Visitor::default()));
    headers.insert("authorization", basic("ann", "won:der").trim().split_once(": ").unwrap().1.parse().unwrap());
    let ann = sign_in(&headers).unwrap();
    let may = |operation, namespace: Option<&str>| house.doorkeeper.may(&ann, operation, namespace);
    assert!(may(Operation::Read, Some("teams/b")) && may(Operation::Write, Some("teams/a")));
    assert!(!may(Operation::Write, Some("teams/b")) && !may(Operation::Read, Some("other")) && !may(Operation::Read, None));
    assert!(house.doorkeeper.may_somewhere(&ann, Operation::Write));
    assert!(!house.doorkeeper.may_somewhere(&ann, Operation::Manage));

    let all = house.whoami(&basic("root", "toor-toor")).ok();
    assert_eq!(permitted(&all).len(), 7);
    let made = house.ask("POST", "/api/v1/keys", &basic("root", "toor-toor"), Some(&json!({"name": "x", "role": "admin"})));
    assert_eq!(made.ok()["owner"], "root");

    // A password that was right is remembered, but not longer than its user has it.
    let many = Instant::now();
    for _ in 0..200 {
        sign_in(&headers).unwrap();
    }
    assert!(many.elapsed() < Duration::from_millis(500), "{:?}", many.elapsed());
    house.user("ann", "another", false);
    assert_eq!(sign_in(&headers).unwrap_err(), Refusal::Password);
    assert_eq!(house.doorkeeper.renew(&ann).unwrap_err(), Refusal::Password);
}

#[test]
fn a_key_with_a_rate_is_told_when_to_come_back() {
    let house = House::with_keys();
    let rate = json!({"name": "slow", "role": "viewer", "rate": {"perSecond": 1, "burst": 3}});
    let (_, slow) = house.make(ADMIN, rate);
    let answers: Vec<Answer> = (0..5).map(|_| house.whoami(&with(&slow))).collect();
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((3..=4).contains(&taken), "{taken}");
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    refused.is(429, "too-often", "come back in 1 s");
    assert!(refused.head.to_lowercase().contains("retry-after: 1"), "{}", refused.head);
    assert_eq!(refused.body["retryAfter"], 1);
    assert_eq!(house.whoami(&with(ADMIN)).status, 200, "others are not held up");
    assert_eq!(house.metric("too_often"), 5 - u64::try_from(taken).unwrap());
}

#[test]
fn a_file_is_imported_once_and_again() {
    let house = House::open();
    let text = format!("admin {ADMIN} admin\nreader {READER} viewer\n");
    assert_eq!(house.import(&text).changed, ["admin", "reader"]);
    let again = house.import(&text);
    assert_eq!((again.changed.len(), again.unchanged), (0, 2));
    let narrower = house.import(&format!("reader {READER} viewer teams/a\n"));
    assert_eq!((narrower.changed, narrower.unchanged), (vec!["reader".to_owned()], 0));
    assert_eq!(permitted(&house.whoami(&with(READER)).ok())[0].1, "teams/a teams/a/*");
    let id = house.whoami(&with(READER)).ok()["key"]["id"].as_str().unwrap().to_owned();
    house.ask("POST", &format!("/api/v1/keys/{id}/revoke"), &with(ADMIN), None).ok();
    let refused = house.import(&text).refused;
    assert!(refused.len() == 1 && refused[0].1.contains("a file does not bring it back"), "{refused:?}");
    house.whoami(&with(READER)).is(401, "unauthenticated", "revoked");
}
