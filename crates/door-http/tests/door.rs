//! The door over real sockets, with a house whose state a test sets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use base::{Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use cluster::principals::{self, Grant, Grantee, Operation, Pattern, Permission, Resource, User};
use door_http::{
    Directory, House, KeyspaceFigures, Membership,
    admin::{self, Context, Doors, Protection},
    lobby, public,
    server::{self, Malformed},
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use gate::{Porch, limits};
use replica::{
    NodeStatus, PeerStatus, ShardStatus, Ticket,
    consensus::GroupStatus,
    stores::{DEFAULT, StoreStatus},
};

#[derive(Clone, Default)]
struct TestHouse(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    alarms: Vec<(u64, i32)>,
    leaderless: bool,
    barrier_error: Option<&'static str>,
    learner: bool,
    /// What was asked about members, in order.
    asked: Vec<String>,
}

impl TestHouse {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }
}

fn shard(number: u32, state: &State) -> ShardStatus {
    let group = GroupStatus {
        term: 2,
        leader: (!state.leaderless).then_some(0xa1),
        leading: !state.leaderless,
        last: Some(9),
        applied: Some(8),
        voters: if state.learner { vec![7] } else { vec![0xa1] },
        learners: if state.learner { vec![0xa1] } else { Vec::new() },
        is_joint: false,
        leader_changes: 3,
    };
    status_of(ShardId(number), group)
}

fn status_of(shard: ShardId, group: GroupStatus) -> ShardStatus {
    ShardStatus {
        shard,
        group,
        settled: Some(4),
        settles: 1,
        waiting: 0,
        unsettled_bytes: 100,
        tree_bytes: 4096,
        segment_bytes: 0,
    }
}

impl House for TestHouse {
    fn status(&self) -> NodeStatus {
        let state = self.0.lock().unwrap();
        NodeStatus {
            cluster_id: 0xc1,
            node_id: 0xa1,
            name: "te\"st".to_owned(),
            shards: vec![shard(0, &state), shard(1, &state)],
            members: members(),
            keyspaces: Vec::new(),
            stores: vec![StoreStatus { store: DEFAULT, shard: ShardId(1), position: 42, counts: Default::default() }],
            level: 1,
            scrub: replica::scrub::ScrubStatus::default(),
            journal_bytes: 1 << 20,
            space: None,
            peers: vec![
                PeerStatus { id: 0xb2, reachable: false, round_trip_us: None, trouble: Some("refused".to_owned()) },
                PeerStatus { id: 0xc3, reachable: true, round_trip_us: Some(1500), trouble: None },
            ],
        }
    }

    fn figures(&self) -> KeyspaceFigures {
        KeyspaceFigures { revision: 12, compact_revision: 3, keys: 5, bytes: 500, leases: 1, watches: 7, watch_streams: 2 }
    }

    fn alarms(&self) -> Vec<(u64, i32)> {
        self.0.lock().unwrap().alarms.clone()
    }

    fn linearizable_read(&self) -> BoxFuture<'_, Result<()>> {
        let error = self.0.lock().unwrap().barrier_error;
        async move { error.map_or(Ok(()), |text| Err(Error::new(Kind::Unavailable, text))) }.boxed()
    }

    fn serializable_read(&self) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

/// This node, and one that is awaited.
fn members() -> Vec<cluster::Member> {
    let member = |id, name: &str, address: &str, standing| {
        let client_urls = vec!["http://a:1".to_owned()];
        cluster::Member { client_urls, ..cluster::Member::new(id, name, address, standing) }
    };
    vec![
        member(0xa1, "test", "10.0.0.1:7480", cluster::MemberStanding::Active),
        member(0xb2, "new", "10.0.0.2:7480", cluster::MemberStanding::Joining),
    ]
}

impl TestHouse {
    fn note<T: Send + 'static>(&self, what: String, answer: Result<T>) -> BoxFuture<'_, Result<T>> {
        self.set(|state| state.asked.push(what));
        async move { answer }.boxed()
    }
}

fn ticket(node_id: NodeId) -> Ticket {
    Ticket { cluster_id: 0xc1, node_id, peers: [("00a1".to_owned(), "10.0.0.1:7480".to_owned())].into() }
}

impl Membership for TestHouse {
    fn add(&self, name: String, address: String) -> BoxFuture<'_, Result<Ticket>> {
        let answer = if name == "test" { Err(Error::new(Kind::Conflict, "test is there")) } else { Ok(ticket(0xd4)) };
        self.note(format!("add {name} {address}"), answer)
    }

    fn replace(&self, dead: NodeId, name: String, address: String) -> BoxFuture<'_, Result<Ticket>> {
        self.note(format!("replace {dead:x} {name} {address}"), Ok(ticket(0xd4)))
    }

    fn ticket(&self, member: NodeId) -> Result<Ticket> {
        if member == 0xb2 { Ok(ticket(member)) } else { Err(Error::new(Kind::NotFound, "nobody is awaited")) }
    }

    fn remove(&self, member: NodeId) -> BoxFuture<'_, Result<()>> {
        self.note(format!("remove {member:x}"), Ok(()))
    }

    fn update(&self, member: NodeId, address: String) -> BoxFuture<'_, Result<()>> {
        self.note(format!("update {member:x} {address}"), Ok(()))
    }

    fn drain(&self, member: NodeId, drained: bool) -> BoxFuture<'_, Result<()>> {
        self.note(format!("drain {member:x} {drained}"), Ok(()))
    }

    fn raise_level(&self, level: u32) -> BoxFuture<'_, Result<()>> {
        self.note(format!("level {level}"), Ok(()))
    }

    fn start_scrub(&self) {
        drop(self.note("scrub".to_owned(), Ok(())));
    }

    fn move_leader(&self, shard: Option<ShardId>, to: NodeId) -> BoxFuture<'_, Result<()>> {
        self.note(format!("lead {to:x} {shard:?}"), Ok(()))
    }
}

impl Directory for TestHouse {
    fn users(&self) -> Vec<User> {
        let user = |is_admin| User {
            name: "alice".to_owned(),
            enabled: true,
            is_admin,
            created_ms: 1,
            changed_ms: 1,
            credentials: std::collections::BTreeMap::new(),
        };
        vec![user(true)]
    }

    fn look(&self, _look: &mut dyn FnMut(&principals::Principals)) {}

    fn grants(&self) -> Vec<Grant> {
        // As earlier builds took them.
        let grant = |host: &str| Grant {
            resource: Resource::Topic,
            pattern: Pattern::Literal,
            name: "old".to_owned(),
            grantee: Grantee::User("bob".to_owned()),
            host: host.to_owned(),
            operation: Operation::Read,
            permission: Permission::Deny,
        };
        ["0::1", "::0:1", "desk"].map(grant).to_vec()
    }

    fn change(&self, command: principals::Command) -> BoxFuture<'_, Result<()>> {
        self.note(format!("{command:?}"), Ok(()))
    }
}

/// Serves the public router; the runtime must be kept.
fn open(house: &TestHouse) -> (tokio::runtime::Runtime, SocketAddr, Malformed) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let malformed = Malformed::default();
    let router = public::router(Arc::new(house.clone()), Vec::new());
    let counter = malformed.clone();
    let address = runtime.block_on(async {
        let porch = Porch::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), 100);
        let address = porch.local_addr().unwrap();
        tokio::spawn(server::serve(porch, router, counter, std::future::pending(), Duration::ZERO));
        address
    });
    (runtime, address, malformed)
}

/// Sends bytes and reads until the server closes (the request must ask for that, or be refused).
fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // A refused request may be answered, and the connection reset, before all of it was sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(address: SocketAddr, target: &str) -> (u16, String) {
    let answer = exchange(address, format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn status_line(answer: &str) -> &str {
    answer.lines().next().unwrap_or("closed without an answer")
}

#[test]
fn health_speaks_as_etcd_does() {
    let house = TestHouse::default();
    let (_runtime, address, _) = open(&house);
    // What follows is for clients of the configuration store.
    let health = || {
        let (status, body) = get(address, "/health");
        let (etcd, store) = body.split_once(",\"status\":\"").unwrap();
        assert!(
            store.starts_with(if status == 200 { "healthy" } else { "unhealthy" }) && store.contains("\"timestamp\":\"20"),
            "{body}"
        );
        (status, format!("{etcd}}}"))
    };
    assert_eq!(health(), (200, "{\"health\":\"true\",\"reason\":\"\"}".to_owned()));
    house.set(|state| state.alarms = vec![(0xa1, 1)]);
    assert_eq!(health(), (503, "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}".to_owned()));
    assert_eq!(get(address, "/health?exclude=NOSPACE").0, 200);
    assert_eq!(get(address, "/health?exclude=CORRUPT").0, 503);
    house.set(|state| state.alarms.clear());
    house.set(|state| state.barrier_error = Some("etcdserver: request timed out"));
    let refused = "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: request timed out\"}";
    assert_eq!(health(), (503, refused.to_owned()));
    assert_eq!(get(address, "/health?serializable=true").0, 200);
    house.set(|state| state.leaderless = true);
    assert_eq!(health().1, "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}");
    assert_eq!(get(address, "/health?serializable=true").0, 200);
}

#[test]
fn probes_name_each_check() {
    let house = TestHouse::default();
    let (_runtime, address, _) = open(&house);
    assert_eq!(get(address, "/livez"), (200, "ok\n".to_owned()));
    assert_eq!(get(address, "/livez?verbose"), (200, "[+]serializable_read ok\nok\n".to_owned()));
    let all = "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n";
    assert_eq!(get(address, "/readyz?verbose"), (200, all.to_owned()));

    house.set(|state| {
        state.barrier_error = Some("no leader");
        state.alarms = vec![(1, 2)];
        state.learner = true;
    });
    let (status, body) = get(address, "/readyz");
    let expected = "[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n\
                    [-]linearizable_read failed: no leader\n[-]non_learner failed: local node is a learner\n/readyz check failed\n";
    assert_eq!((status, body.as_str()), (503, expected));
    house.set(|state| state.leaderless = true);
    let answer = "[-]linearizable_read failed: etcdserver: no leader\n/readyz/linearizable_read check failed\n";
    assert_eq!(get(address, "/readyz/linearizable_read"), (503, answer.to_owned()));
    house.set(|state| state.leaderless = false);
    assert_eq!(get(address, "/readyz/serializable_read").0, 200);
    assert_eq!(get(address, "/readyz/linearizable_read").0, 503);
    assert_eq!(get(address, "/readyz?exclude=linearizable_read&exclude=data_corruption&exclude=non_learner").0, 200);
    assert_eq!(get(address, "/livez").0, 200);
}

#[test]
fn version_has_the_fields_that_clients_read() {
    let (_runtime, address, _) = open(&TestHouse::default());
    let (status, body) = get(address, "/version");
    let version: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &version["etcdserver"], &version["etcdcluster"]), (200, &"3.7.3".into(), &"3.7.0".into()));
}

#[test]
fn metrics_are_well_formed_and_true() {
    let (_runtime, address, _) = open(&TestHouse::default());
    let (status, text) = get(address, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "etcd_server_has_leader 1",
        "etcd_server_is_leader 1",
        "etcd_server_id{server_id=\"a1\"} 1",
        "etcd_debugging_mvcc_keys_total 5",
        "etcd_debugging_mvcc_watcher_total 7",
        "etcd_debugging_mvcc_current_revision 12",
        "etcd_mvcc_db_total_size_in_bytes 4196",
        "etcd_server_leader_changes_seen_total 3",
        "etcd_network_known_peers{Local=\"a1\",Remote=\"b2\"} 1",
        "etcd_network_active_peers{Local=\"a1\",Remote=\"b2\"} 0",
        "manifold_peer_reachable{peer=\"c3\"} 1",
        "manifold_peer_round_trip_seconds{peer=\"c3\"} 0.0015",
        "manifold_shard_leader{shard=\"1\",leader=\"a1\"} 1",
        "manifold_shard_has_leader{shard=\"0\"} 1",
        "manifold_shard_learner{shard=\"0\"} 0",
        "manifold_shard_voters{shard=\"0\"} 1",
        "manifold_shard_applied_index{shard=\"1\"} 8",
        "manifold_config_position{store=\"0\"} 42",
        "manifold_config_keys{store=\"0\"} 0",
        "manifold_build_info{version=\"0.1.0\",name=\"te\\\"st\"} 1",
    ] {
        assert!(text.lines().any(|present| present == line), "{line} is missing from\n{text}");
    }
    assert!(text.contains("process_resident_memory_bytes ") && text.contains("process_cpu_seconds_total "));
    let mut families = std::collections::HashSet::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap();
            assert!(families.insert(family), "{family} is there twice");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(name, family, "a sample stands outside its family");
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        }
    }
}

#[test]
fn administration_is_not_on_the_public_port() {
    let (_runtime, address, _) = open(&TestHouse::default());
    for target in ["/v1/status", "/v1/members", "/v1/members/add", "/v1/leader", "/v1/snapshot", "/", "/debug/vars"] {
        assert_eq!(get(address, target).0, 404, "{target}");
    }
    assert!(exchange(address, b"POST /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 405"));
}

/// What the table of bad inputs says of the HTTP door's request heads: each one just inside and just outside its limit.
#[test]
fn heads_beyond_their_limits_are_refused() {
    let (_runtime, address, malformed) = open(&TestHouse::default());
    let target = |bytes: usize| format!("/health?{}", "x".repeat(bytes - "/health?".len()));
    assert_eq!(get(address, &target(limits::HTTP_TARGET_BYTES_MAX)).0, 200);
    assert_eq!(get(address, &target(limits::HTTP_TARGET_BYTES_MAX + 1)).0, 414);
    assert_eq!(get(address, &target(64 * 1024)).0, 414);

    let headers = |number: usize| {
        let fields: String = (0..number - 2).map(|field| format!("x-{field}: y\r\n")).collect();
        format!("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")
    };
    assert_eq!(status_line(&exchange(address, headers(limits::HTTP_HEADERS_MAX).as_bytes())), "HTTP/1.1 200 OK");
    let refused = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(status_line(&exchange(address, headers(limits::HTTP_HEADERS_MAX + 1).as_bytes())), refused);
    assert_eq!(status_line(&exchange(address, headers(1_000).as_bytes())), refused);
    let large = format!("GET /health HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let answer = exchange(address, large.as_bytes());
    assert!(answer.is_empty() || answer.starts_with(refused), "{}", status_line(&answer));
    assert!(malformed.total() >= 3, "{}", malformed.total());
    assert_eq!(get(address, "/health").0, 200, "others are served as before");
}

#[test]
fn bodies_that_could_smuggle_a_request_are_refused_and_the_connection_closed() {
    let (_runtime, address, _) = open(&TestHouse::default());
    let smuggled = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
    let cases = [
        ("both lengths", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("both lengths, the other way round", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        ("two different lengths", "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd"),
        ("a length that is no number", "Content-Length: +4\r\n\r\nabcd"),
        ("an encoding that is not chunked", "Transfer-Encoding: identity\r\n\r\n"),
        ("a bad chunk size", "Transfer-Encoding: chunked\r\n\r\nZZ\r\nabcd\r\n"),
        ("a folded header", "x: a\r\n b\r\n\r\n"),
        ("a space before the colon", "x : a\r\n\r\n"),
        ("a control character", "x: a\0b\r\n\r\n"),
    ];
    for (case, rest) in cases {
        let answer = exchange(address, format!("GET /health HTTP/1.1\r\nHost: x\r\n{rest}{smuggled}").as_bytes());
        assert_eq!(status_line(&answer), "HTTP/1.1 400 Bad Request", "{case}");
        assert!(!answer.contains("etcdserver"), "{case}: the second request was answered");
    }
    let large = format!("GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", limits::HTTP_BODY_BYTES_MAX + 1);
    assert_eq!(status_line(&exchange(address, large.as_bytes())), "HTTP/1.1 413 Payload Too Large");
}

#[test]
fn a_head_that_never_ends_and_a_silent_connection_are_closed_in_time() {
    let (_runtime, address, _) = open(&TestHouse::default());
    let start = Instant::now();
    let silent = std::thread::spawn(move || exchange(address, b""));
    let slow = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        for byte in b"GET /health HTTP/1.1\r\nHost: a-long-name-that-comes-slowly".iter() {
            if stream.write_all(&[*byte]).is_err() || matches!(stream.read(&mut [0; 1]), Ok(0)) {
                return start.elapsed();
            }
        }
        panic!("a slow head was waited for");
    });
    assert_eq!(silent.join().unwrap(), "");
    let slow = slow.join().unwrap();
    assert!((Duration::from_secs(9)..Duration::from_secs(14)).contains(&slow), "{slow:?}");
    assert!(start.elapsed() < Duration::from_secs(16));
}

fn ask_socket(dir: &std::path::Path, route: &str) -> String {
    ask_socket_with(dir, &format!("GET {route} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
}

/// Posts JSON: status and the JSON that was answered.
fn tell_socket(dir: &std::path::Path, route: &str, body: &str) -> (u16, serde_json::Value) {
    let head = format!("POST {route} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n");
    let answer = ask_socket_with(dir, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).expect(body))
}

fn ask_socket_with(dir: &std::path::Path, request: &str) -> String {
    let (_directory, path) = admin::short_path(&dir.join(admin::SOCKET)).unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Serves the administrative router in `dir`; the runtime must be kept.
fn open_admin(dir: &std::path::Path, house: &TestHouse) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let backup: admin::Backup = Arc::new(|| {
        let parts = [Ok(Bytes::from_static(b"part one, ")), Ok(Bytes::from_static(b"part two"))];
        async move { Ok(stream::iter(parts).boxed()) }.boxed()
    });
    let (membership, directory) = (Arc::new(house.clone()), Arc::new(house.clone()));
    let (house, protection) = (Arc::new(house.clone()), Protection::Secret);
    let context = Context { house, membership, directory, backup, doors: Doors::default(), protection, since: Instant::now() };
    runtime.block_on(async {
        let listener = admin::bind(dir).unwrap();
        tokio::spawn(server::serve_unix(listener, admin::router(context), std::future::pending(), Duration::ZERO));
    });
    runtime
}

#[test]
fn the_administrative_socket_is_for_its_owner_and_streams_the_backup() {
    let scratch = tempfile::tempdir().unwrap();
    // Longer than a socket's address may be.
    let dir = scratch.path().join("d".repeat(120));
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join(admin::SOCKET), "left by an earlier process").unwrap();

    let _runtime = open_admin(&dir, &TestHouse::default());

    let mode = std::fs::metadata(dir.join(admin::SOCKET)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left in the directory");

    let answer = ask_socket(&dir, "/v1/status");
    let status: admin::Status = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((status.node_id.as_str(), status.shards.len(), status.keyspace.revision), ("a1", 2, 12));
    assert_eq!((status.protection, status.members.len()), (Protection::Secret, 2));
    let answer = ask_socket(&dir, "/v1/snapshot");
    assert!(answer.contains("x-estimated-bytes: 500\r\n"), "{answer}");
    assert!(answer.contains("part one, ") && answer.ends_with("part two\r\n0\r\n\r\n"), "{answer}");
}

#[test]
fn members_are_listed_as_the_asked_node_sees_them() {
    let scratch = tempfile::tempdir().unwrap();
    let _runtime = open_admin(scratch.path(), &TestHouse::default());
    let answer = ask_socket(scratch.path(), "/v1/members");
    let own = "{\"id\":\"a1\",\"name\":\"test\",\"standing\":\"active\",\"learner\":false,\"drained\":false,\
               \"address\":\"10.0.0.1:7480\",\"client_urls\":[\"http://a:1\"],\"this_node\":true,\"reachable\":null,\
               \"round_trip_us\":null,\"trouble\":null,\"level\":0,\"leads\":2,\"shards\":2}";
    let new = "{\"id\":\"b2\",\"name\":\"new\",\"standing\":\"joining\",\"learner\":false,\"drained\":false,\
               \"address\":\"10.0.0.2:7480\",\"client_urls\":[\"http://a:1\"],\"this_node\":false,\"reachable\":false,\
               \"round_trip_us\":null,\"trouble\":\"refused\",\"level\":0,\"leads\":0,\"shards\":2}";
    assert!(answer.ends_with(&format!("\r\n\r\n[{own},{new}]")), "{answer}");
}

#[test]
fn users_and_grants_are_made_and_passwords_are_not_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let house = TestHouse::default();
    let _runtime = open_admin(scratch.path(), &house);
    let tell = |route: &str, body: &str| tell_socket(scratch.path(), route, body).0;
    assert!(ask_socket(scratch.path(), "/v1/users").contains(r#""name":"alice","enabled":true,"admin":true,"mechanisms":[]"#));
    assert_eq!(tell("/v1/users/add", r#"{"name":"alice","password":"wonder"}"#), 409);
    assert_eq!(tell("/v1/users/add", r#"{"name":"","password":"wonder"}"#), 400);
    assert_eq!(tell("/v1/users/add", r#"{"name":"bob","password":""}"#), 400);
    for route in ["/v1/users/password", "/v1/users/remove", "/v1/users/disable", "/v1/users/enable"] {
        assert_eq!(tell(route, r#"{"name":"bob","password":"builder"}"#), 404);
    }
    assert!(house.0.lock().unwrap().asked.is_empty(), "nothing was changed");

    assert_eq!(tell("/v1/users/add", r#"{"name":"bob","admin":true,"password":"builder"}"#), 200);
    assert_eq!(tell("/v1/users/password", r#"{"name":"alice","password":"wonder"}"#), 200);
    assert_eq!(tell("/v1/users/remove", r#"{"name":"alice"}"#), 200);
    let acl = r#"{"principal":"User:bob","host":"*","permission":"allow","operation":"read","resource":"topic","pattern":"literal","name":"t"}"#;
    assert_eq!(tell("/v1/acls/add", acl), 200);
    assert_eq!(tell("/v1/acls/remove", acl), 404, "it is not there");
    let asked = house.0.lock().unwrap().asked.clone();
    let kinds: Vec<&str> = asked.iter().map(|asked| asked.split_whitespace().next().unwrap()).collect();
    let expected = ["SetUser", "SetCredential", "SetCredential", "SetCredential", "SetCredential", "RemoveUser", "AddGrants"];
    assert_eq!(kinds, expected);
    assert!(asked[0].contains("\"bob\", enabled: true, is_admin: true"), "{}", asked[0]);
    assert!(asked.iter().all(|asked| !asked.contains("builder") && !asked.contains("wonder")));
}

/// Whom nobody wanted to come in any more could only be removed, with all that they sign in with.
#[test]
fn a_user_is_disabled_and_stays_what_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    let house = TestHouse::default();
    let _runtime = open_admin(scratch.path(), &house);
    for (route, expected) in [
        ("/v1/users/disable", r#"SetUser { name: "alice", enabled: false, is_admin: true"#),
        ("/v1/users/enable", r#"SetUser { name: "alice", enabled: true, is_admin: true"#),
    ] {
        assert_eq!(tell_socket(scratch.path(), route, r#"{"name":"alice"}"#).0, 200);
        let asked = house.0.lock().unwrap().asked.clone();
        assert!(asked.last().unwrap().starts_with(expected), "{asked:?}");
    }
    assert_eq!(house.0.lock().unwrap().asked.len(), 2, "and nothing else is changed");
}

/// Any text was taken for a grant's host and compared byte for byte, so that a denial could miss whom it meant. What is no address
/// is refused now, and what was taken before is still found when it is to go, however its address is written.
#[test]
fn a_grants_host_is_an_address() {
    let scratch = tempfile::tempdir().unwrap();
    let house = TestHouse::default();
    let _runtime = open_admin(scratch.path(), &house);
    let tell = |route: &str, host: &str| {
        let body = format!(
            r#"{{"principal":"User:bob","host":"{host}","permission":"deny","operation":"read","resource":"topic","pattern":"literal","name":"old"}}"#
        );
        tell_socket(scratch.path(), route, &body).0
    };
    assert_eq!((tell("/v1/acls/add", "desk"), tell("/v1/acls/add", "10.0.0.0/8")), (400, 400));
    assert_eq!(tell("/v1/acls/remove", "chair"), 404);
    assert!(house.0.lock().unwrap().asked.is_empty(), "nothing was changed");
    assert_eq!(tell("/v1/acls/add", "::ffff:10.0.0.1"), 200);
    assert_eq!((tell("/v1/acls/remove", "desk"), tell("/v1/acls/remove", "::1")), (200, 200));
    let asked = house.0.lock().unwrap().asked.clone();
    assert!(asked[0].contains(r#"host: "10.0.0.1""#), "{}", asked[0]);
    assert!(asked[1].starts_with("RemoveGrants") && asked[1].contains(r#"host: "desk""#), "{}", asked[1]);
    assert!(asked[2].contains(r#"host: "0::1""#) && asked[2].contains(r#"host: "::0:1""#), "{}", asked[2]);
}

#[test]
fn changes_of_members_reach_the_cluster_and_refusals_say_why() {
    let scratch = tempfile::tempdir().unwrap();
    let house = TestHouse::default();
    let _runtime = open_admin(scratch.path(), &house);
    let tell = |route: &str, body: &str| tell_socket(scratch.path(), route, body);

    let (status, added) = tell("/v1/members/add", r#"{"name":"n4","address":"10.0.0.4:7480"}"#);
    let ticket = "manifold-join-1:00000000000000c1:00000000000000d4:00a1=10.0.0.1:7480";
    let expected = serde_json::json!({
        "id": "d4", "name": "n4", "address": "10.0.0.4:7480", "ticket": ticket, "protection": "secret",
    });
    assert_eq!((status, added), (200, expected.clone()));
    assert_eq!(tell("/v1/members/replace", r#"{"dead":"b2","name":"n4","address":"10.0.0.4:7480"}"#), (200, expected));
    let (status, again) = tell("/v1/members/ticket", r#"{"member":"b2"}"#);
    assert_eq!((status, &again["name"], &again["address"]), (200, &"new".into(), &"10.0.0.2:7480".into()));
    for (route, body) in [
        ("/v1/members/remove", r#"{"member":"b2"}"#),
        ("/v1/members/update", r#"{"member":"b2","address":"c:1"}"#),
        ("/v1/members/drain", r#"{"member":"a1","drained":true}"#),
        ("/v1/leader", r#"{"to":"a1","shard":1}"#),
        ("/v1/leader", r#"{"to":"a1"}"#),
        ("/v1/level", r#"{"level":2}"#),
        ("/v1/scrub", "{}"),
    ] {
        assert_eq!(tell(route, body), (200, serde_json::json!({})), "{route}");
    }
    let asked = house.0.lock().unwrap().asked.clone();
    let expected = [
        "add n4 10.0.0.4:7480",
        "replace b2 n4 10.0.0.4:7480",
        "remove b2",
        "update b2 c:1",
        "drain a1 true",
        "lead a1 Some(ShardId(1))",
        "lead a1 None",
        "level 2",
        "scrub",
    ];
    assert_eq!(asked, expected);

    for (route, body, status, error) in [
        ("/v1/members/add", r#"{"name":"test","address":"a:1"}"#, 409, "test is there"),
        ("/v1/members/ticket", r#"{"member":"a1"}"#, 404, "nobody is awaited"),
        ("/v1/members/remove", r#"{"member":"n2"}"#, 400, "\"n2\" is no member's id; an id is hexadecimal"),
        ("/v1/members/remove", "{", 400, "Failed to parse the request body as JSON"),
        ("/v1/members/drain", r#"{"member":"a1"}"#, 400, "missing field `drained`"),
    ] {
        let (found, answer) = tell(route, body);
        assert!(found == status && answer["error"].as_str().unwrap().contains(error), "{route} {body}: {found} {answer}");
    }
}

/// Clients used to hang, and probes to be refused, while a node read what it had or waited for others.
#[test]
fn a_node_that_recovers_says_so_until_it_serves() {
    let scratch = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let public = server::Rooms::lobby(lobby::public("it is being read"));
    let administrative = server::Rooms::lobby(lobby::administrative("it is being read"));
    let address = runtime.block_on(async {
        let porch = Porch::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), 100);
        let address = porch.local_addr().unwrap();
        tokio::spawn(server::serve(porch, public.clone(), Malformed::default(), std::future::pending(), Duration::ZERO));
        let listener = admin::bind(scratch.path()).unwrap();
        tokio::spawn(server::serve_unix(listener, administrative.clone(), std::future::pending(), Duration::ZERO));
        address
    });
    // Without a word of ours the connection ends with the answer: the next one may meet the node.
    let ask = |target: &str| exchange(address, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    assert!(ask("/livez").starts_with("HTTP/1.1 200"), "{}", ask("/livez"));
    assert!(ask("/version").contains("\"etcdserver\":\"3.7.3\""));
    let answer = ask("/health");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("connection: close"), "{answer}");
    assert!(
        answer.contains("{\"health\":\"false\",\"reason\":\"RECOVERING: it is being read\",\"status\":\"unhealthy\""),
        "{answer}"
    );
    assert!(ask("/readyz").ends_with("[-]it is being read\nreadyz check failed\n"));
    assert!(ask("/metrics").starts_with("HTTP/1.1 503"));
    let answer = ask_socket(scratch.path(), "/v1/status");
    assert!(answer.contains("503") && answer.contains("it is recovering: it is being read"), "{answer}");

    public.open(public::router(Arc::new(TestHouse::default()), Vec::new()), None);
    assert_eq!(get(address, "/health").0, 200);
}
