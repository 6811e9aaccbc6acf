//! Every figure of `/metrics` moves when everything is used: a counter that nobody moves says nothing, and reads like good news.
//!
//! One cluster grows from one member to three, works at all doors, and loses its quorum; other nodes have TLS, users, and a log that
//! nobody reads. All of them are looked at all the time. What cannot move in a few minutes is named in [`STILL`].

use interop::cluster::{Secret, active, ctl_json, invite, leads, within};
use interop::frames::Raw;
use interop::http::Http;
use interop::kafka_load::{FETCH, PRODUCE, address, batch, bytes, fetch, link, produce, produced, topic};
use interop::ledger::{self, Load, Size, book::Book};
use interop::moves::Watcher;
use interop::peers::repository;
use interop::store::{ADMIN, Client, KeyFile, Watch};
use interop::wire::{Wire, pb, prefix_end};
use interop::{Server, Settings};
use kafka_wire::messages::sasl_authenticate::SaslAuthenticateRequest;
use kafka_wire::messages::sasl_handshake::SaslHandshakeRequest;
use std::io::Write;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt;

/// Families whose labels are always the same: each of their samples has to move.
const EACH: [&str; 5] = [
    "manifold_ingest_requests_total",
    "manifold_ingest_records_total",
    "manifold_ingest_bytes_total",
    "manifold_kafka_sign_ins_total",
    "manifold_connections_accepted_total",
];

/// What cannot move here, and why.
const STILL: [(&str, &str); 16] = [
    ("etcd_server_id", "who a node is"),
    ("etcd_server_version", "what the build answers as"),
    ("etcd_cluster_version", "what the build answers as"),
    ("manifold_build_info", "which build it is"),
    ("process_start_time_seconds", "when the process began"),
    ("process_max_fds", "a limit, raised before the first look"),
    ("os_fd_limit", "a limit, raised before the first look"),
    ("manifold_disk_total_bytes", "how large the file system is"),
    ("manifold_kafka_fetch_session_evictions_total", "a fetch session is safe from others for two minutes"),
    ("manifold_kafka_fetch_referrals_total", "these members have no racks; `kafka_racks` holds them against what was read"),
    ("manifold_kafka_follower_fetched_bytes_total", "the same"),
    (
        "manifold_ingest_records_total{route=\"produce\",outcome=\"accepted\"}",
        "only what is fired is answered before it is durable",
    ),
    ("manifold_ingest_records_total{route=\"batch\",outcome=\"accepted\"}", "the same"),
    ("manifold_ingest_records_total{route=\"topic\",outcome=\"accepted\"}", "the same"),
    ("manifold_ingest_records_total{route=\"fire\",outcome=\"acknowledged\"}", "what is fired is counted as delivered or lost"),
    ("manifold_ingest_records_total{route=\"fire\",outcome=\"unknown\"}", "the same"),
];

const SMALL: [&str; 6] = ["--journal-segment", "16MiB", "--settle", "4MiB", "--shards", "1"];
/// For how long a gauge is held up, so that somebody looks meanwhile.
const HELD: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_moves_when_everything_is_used() {
    let watcher = Watcher::start(&EACH);
    a_cluster(&watcher).await;
    who_may_come_in(&watcher).await;
    certificates_and_a_log_that_nobody_reads(&watcher).await;
    let moves = watcher.finish();
    let mut faults = moves.faults(&STILL);
    let manual = std::fs::read_to_string(repository().join("docs/operating.md")).expect("the manual is there");
    let named = manual.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let figures =
        named.filter(|word| ["manifold_", "etcd_", "grpc_server_", "process_"].iter().any(|start| word.starts_with(start)));
    faults
        .extend(figures.filter(|name| !moves.is_known(name)).map(|name| format!("the manual names {name}, which is not there")));
    println!("{} figures, of which {} stand still", moves.count_known(), STILL.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// It grows to three members, all doors are used, and two of them die.
async fn a_cluster(watcher: &Watcher) {
    let secret = Secret::new(&Settings::manifold());
    let keys = KeyFile::new();
    let shared = Settings::manifold().with_arguments(&SMALL).with_arguments(&["--cluster-secret", secret.path()]);
    let mut one = Server::prepare(shared.clone().with_arguments(&["--name", "n1", "--import-keys", keys.path()]));
    one.settings_mut().peer_port = interop::server::unused_port();
    one.spawn();
    one.wait_ready().await;
    watcher.add(one.http_port());
    // What it shows at rest.
    sleep(HELD).await;
    use_etcd(&one).await;
    let mut servers = vec![one];
    for name in ["n2", "n3"] {
        let mut server = invite(&servers[0], &["member", "add"], name, shared.clone());
        watcher.add(server.http_port());
        server.spawn();
        server.wait_ready().await;
        active(&servers[0], name).await;
        servers.push(server);
    }
    let load = Load::start(&servers, Size { partitions: 2, producers: 2, consumers: 1, members: 2 }, 1).await;
    load.book.resumed(std::time::Instant::now()).await;
    println!("{:?}", load.finish().await);
    let leader = within(20, "a leader", async || {
        for (place, server) in servers.iter().enumerate() {
            if leads(server.port).await {
                return Some(place);
            }
        }
        None
    })
    .await;
    servers.swap(0, leader);
    use_kafka(&servers[0]).await;
    use_http(&servers[0]).await;
    use_config(&servers[0]).await;
    servers[0].ctl(&["snapshot", "save", &format!("{}.backup", servers[0].data_dir().display())]).expect("a backup");
    servers[1].kill();
    servers[2].kill();
    without_a_quorum(&servers[0]).await;
}

async fn use_etcd(server: &Server) {
    let mut wire = Wire::lazy(server.port);
    let create = pb::WatchCreateRequest { key: "moves/".into(), range_end: prefix_end(b"moves/"), ..Default::default() };
    let create = pb::watch_request::RequestUnion::CreateRequest(create);
    let asked = tokio_stream::once(pb::WatchRequest { request_union: Some(create) }).chain(tokio_stream::pending());
    let mut events = wire.watch.watch(asked).await.expect("a watch").into_inner();
    // More than a settle takes.
    for number in 0..80 {
        wire.put(format!("moves/{number}"), vec![b'x'; 100 << 10]).await.expect("a put");
    }
    assert!(events.next().await.is_some(), "the watch tells something");
    assert!(wire.get("moves/1").await.expect("a get").is_some());
    let lease = pb::LeaseGrantRequest { ttl: 60, ..Default::default() };
    let lease = wire.lease.lease_grant(lease).await.expect("a lease").into_inner().id;
    sleep(HELD).await;
    wire.lease.lease_revoke(pb::LeaseRevokeRequest { id: lease }).await.expect("it can be revoked");
    wire.kv.txn(pb::TxnRequest::default()).await.expect("a transaction");
    wire.kv.compact(pb::CompactionRequest { revision: 10, physical: false }).await.expect("a compaction");
    drop(events);
    // A method that does not exist, and a request that is no gRPC.
    let mut stranger = Raw::http2(server.port).expect("a connection");
    stranger.send_request(1, "/etcdserverpb.KV/Nothing", &[], b"").expect("it can be sent");
    let status = stranger.status(1, Duration::from_secs(5)).expect("a status");
    assert!(status.starts_with("12 "), "Unimplemented: {status}");
    Http::open(server.port).await.expect("a connection").get("/version").await.expect("an answer");
}

async fn use_kafka(server: &Server) {
    let book = topic(&[server], "kafka", 1).await;
    let mut link = link(&book).await;
    // A session, which goes when it is said to.
    let mut begin = fetch("kafka", 0, 0, 1 << 20);
    begin.session_epoch = 0;
    link.ask(FETCH, &begin).await.expect("a session");
    sleep(HELD).await;
    let nowhere = produce("nowhere", 0, -1, &[]);
    let mut request = nowhere.clone();
    request.topic_data[0].name = "no such topic, since no name has spaces".into();
    assert_eq!(produced(&link.ask(PRODUCE, &request).await.expect("an answer")).0, 3, "UNKNOWN_TOPIC_OR_PARTITION");
    // No API has this number: the connection is closed.
    let mut stranger = TcpStream::connect(("127.0.0.1", ledger::door(server).await)).expect("a connection");
    stranger.write_all(&[0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).expect("it can be sent");
    more_than_may_be_under_way(&book).await;
    // Somebody who asks for more than a socket holds, and takes nothing.
    let mut deaf = TcpStream::connect(address(&book)).expect("a connection");
    deaf.write_all(&bytes(1, FETCH, &fetch("kafka", 0, 0, i32::MAX))).expect("it can be sent");
    sleep(HELD).await;
}

/// More bytes of Produce requests at once than a node has under way: some wait.
async fn more_than_may_be_under_way(book: &Arc<Book>) {
    let value = vec![b'x'; 900 << 10];
    let batch = batch(None, [&value[..]]);
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        let (book, batch) = (book.clone(), batch.clone());
        clients.spawn(async move {
            let mut link = link(&book).await;
            let mut answers = Vec::new();
            for _ in 0..32 {
                answers.push(link.send(PRODUCE, &produce("kafka", 0, -1, &batch)).await.expect("it can be sent"));
            }
            for answer in answers {
                let answer = timeout(Duration::from_secs(60), answer).await.expect("in time").expect("an answer");
                assert_eq!(produced(&answer).0, 0);
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client does not panic");
    }
}

/// The routes that take records, with what each of them takes for one record of the topic `http`.
const ROUTES: [(&str, &str); 4] = [
    ("/produce", r#"{"topic":"http","value":"v"}"#),
    ("/produce/batch", r#"{"records":[{"topic":"http","value":"v"}]}"#),
    ("/produce/fire/batch", r#"{"records":[{"topic":"http","value":"v"}]}"#),
    ("/topics/http/records", r#"{"records":[{"value":"v"}]}"#),
];

async fn use_http(server: &Server) {
    let mut http = Http::open(server.http_port()).await.expect("a connection");
    let reading = {
        assert_eq!(http.ask("PUT", "/topics/http", "application/json", b"{}").await.expect("an answer").status, 201);
        let mut http = Http::open(server.http_port()).await.expect("a connection");
        tokio::spawn(async move { http.get("/topics/http/partitions/0/records?offset=0&timeout_ms=20000").await })
    };
    sleep(HELD).await;
    for (path, body) in ROUTES {
        let answer = http.post(path, body).await.expect("an answer");
        assert!([200, 202].contains(&answer.status), "{answer:?}");
        // There is no such partition.
        let wrong = body.replace("\"value\"", "\"partition\":99,\"value\"");
        let answer = http.post(path, &wrong).await.expect("an answer");
        assert!([202, 404].contains(&answer.status), "{answer:?}");
    }
    let read = reading.await.expect("it does not panic").expect("an answer");
    assert!(!read.json()["records"].as_array().expect("records").is_empty(), "{read:?}");
    // A body that comes in two pieces is under way meanwhile.
    let (head, tail) = ROUTES[0].1.split_at(10);
    let length = ROUTES[0].1.len();
    let head =
        format!("POST /produce HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{head}");
    http.send(head.as_bytes()).await.expect("it can be sent");
    sleep(HELD).await;
    http.send(tail.as_bytes()).await.expect("it can be sent");
    assert_eq!(http.answer().await.expect("an answer").status, 200);
    let mut stranger = Http::open(server.http_port()).await.expect("a connection");
    stranger.send(b"no request line\r\n\r\n").await.expect("it can be sent");
    // Whatever is said to it, the connection ends.
    while stranger.answer().await.is_ok() {}
}

/// The configuration store: keys, a large value, an import that takes its time, watchers, and callers who are not let in.
async fn use_config(server: &Server) {
    let client = Client::new(server.http_port());
    // More attempts than the trail takes at once.
    let mut strangers = JoinSet::new();
    for _ in 0..100 {
        strangers.spawn(client.with("wrong-key-000").try_ask("GET", "/api/v1/namespaces", &[], b""));
    }
    for answer in strangers.join_all().await {
        assert_eq!(answer.expect("an answer").status, 401);
    }
    assert_eq!(client.put("/api/v1/namespaces/moves/config/small", r#"{"value":"v"}"#).await.status, 200);
    let mut watch = Watch::open(client, "namespace=moves", None).await.expect("a stream");
    let large = serde_json::json!({ "value": "v".repeat(7 << 20) }).to_string();
    let (head, tail) = large.split_at(large.len() / 2);
    let mut slow = begun(server, "PUT", "/api/v1/namespaces/moves/config/large", large.len(), head).await;
    sleep(HELD).await;
    slow.send(tail.as_bytes()).await.expect("it can be sent");
    assert_eq!(slow.answer().await.expect("an answer").status, 200);
    assert!(watch.next().await.is_ok(), "the watch tells something");
    // Somebody who asks for more than a socket holds, and takes nothing.
    let deaf = begun(server, "GET", "/api/v1/namespaces/moves/config/large", 0, "").await;
    let line = |number: u32| serde_json::json!({ "namespace": "moved", "key": format!("{number:05}"), "value": "v" }).to_string();
    let lines: String = (0..9_000).map(|number| line(number) + "\n").collect();
    let (head, tail) = lines.split_at(lines.len() / 2);
    let mut slow = begun(server, "POST", "/api/v1/import", lines.len(), head).await;
    sleep(HELD).await;
    slow.send(tail.as_bytes()).await.expect("it can be sent");
    assert_eq!(slow.answer().await.expect("an answer").status, 200);
    drop(deaf);
    sleep(HELD).await;
}

/// A request of an administrator whose body begins with `start`; the rest is sent later.
async fn begun(server: &Server, method: &str, path: &str, length: usize, start: &str) -> Http {
    let mut http = Http::open(server.http_port()).await.expect("a connection");
    let fields = format!("Host: h\r\nX-Api-Key: {ADMIN}\r\nContent-Type: application/json\r\nContent-Length: {length}");
    http.send(format!("{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n{start}").as_bytes()).await.expect("it can be sent");
    http
}

/// Nothing can be acknowledged any more: what was taken is unknown, what was fired is lost.
async fn without_a_quorum(server: &Server) {
    let mut clients = JoinSet::new();
    for (path, body) in ROUTES {
        let mut http = Http::open(server.http_port()).await.expect("a connection");
        clients.spawn(async move {
            let answer = http.post(path, body).await.expect("an answer");
            assert!([202, 503, 504].contains(&answer.status), "{path}: {answer:?}");
        });
    }
    for client in 0..20 {
        let mut wire = Wire::lazy(server.port);
        clients.spawn(async move {
            let put = timeout(Duration::from_secs(20), wire.put(format!("lost/{client}"), "x")).await;
            assert!(put.expect("an answer").is_err(), "nothing is acknowledged");
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client does not panic");
    }
    let is_lost = async || (server.metric("manifold_ingest_fire_lost_total")? > 0.0).then_some(());
    within(20, "what was fired is lost", is_lost).await;
    let is_led = async || (server.metric("manifold_shard_has_leader")? == 0.0).then_some(());
    within(20, "nobody leads", is_led).await;
    sleep(HELD).await;
}

/// A node where clients of Kafka have to sign in.
async fn who_may_come_in(watcher: &Watcher) {
    let server = Server::start(Settings::manifold().with_arguments(&["--kafka-sasl", "required"])).await;
    watcher.add(server.http_port());
    let password = server.data_dir().with_file_name("password");
    write_private(&password, "wonder\n");
    server
        .ctl(&["user", "add", "alice", "--password-file", password.to_str().expect("a plain name")])
        .expect("a user can be made");
    let book = Arc::new(Book::new("none", "none", 1, 1));
    book.set_door(0, Some(ledger::door(&server).await));
    let mut clients = JoinSet::new();
    for client in 0..40 {
        let book = book.clone();
        clients.spawn(async move {
            let mut link = link(&book).await;
            let handshake = SaslHandshakeRequest { mechanism: "PLAIN".into() };
            link.ask(1, &handshake).await.expect("it takes PLAIN");
            let words: &[u8] = if client % 2 == 0 { b"\0alice\0wonder" } else { b"\0alice\0blunder" };
            // Who does not get in is answered, and then the connection ends.
            link.ask(2, &SaslAuthenticateRequest { auth_bytes: words.into() }).await.expect("an answer");
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("a client does not panic");
    }
    sleep(HELD).await;
}

/// A node with TLS at its Kafka door, whose log goes into pipes that are full.
async fn certificates_and_a_log_that_nobody_reads(watcher: &Watcher) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    certify(&cert, &key);
    let text = |path: &PathBuf| path.to_str().expect("a plain name").to_owned();
    let arguments = ["--tls-cert", &text(&cert), "--tls-key", &text(&key), "--etcd-tls", "off", "--http-tls", "off"];
    let settings = Settings::manifold().with_arguments(&arguments).with_arguments(&["--log-level", "trace,openraft=trace"]);
    let mut server = Server::prepare(settings);
    let [(_out, out), (_error, error)] = [full_pipe(), full_pipe()];
    server.spawn_with(Stdio::from(out), Stdio::from(error));
    watcher.add(server.http_port());
    server.wait_ready().await;
    // On a busy machine the first look came after the only handshake, and the counter stood at one for ever.
    watcher.await_look(server.http_port());
    let kafka = ledger::door(&server).await;
    // What it says after the handshake is no request of Kafka's.
    let asked = Command::new("curl")
        .args(["-sS", "--max-time", "10", "--cacert", &text(&cert), &format!("https://localhost:{kafka}/")])
        .output()
        .expect("this test needs curl");
    assert!(!asked.status.success(), "{asked:?}");
    // And one in plain text.
    let mut stranger = TcpStream::connect(("127.0.0.1", kafka)).expect("a connection");
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it can be sent");
    write_private(&key, "nothing");
    let at_least = async |name: &str| within(30, name, async || (server.metric(name)? >= 1.0).then_some(())).await;
    at_least("manifold_tls_files_unusable_total").await;
    certify(&cert, &key);
    at_least("manifold_tls_files_renewed_total").await;
    let mut wire = Wire::lazy(server.port);
    within(60, "log lines are dropped", async || {
        for _ in 0..50 {
            wire.put("talk", "of it").await.expect("a put");
        }
        (server.metric("manifold_log_lines_dropped_total")? >= 1.0).then_some(())
    })
    .await;
    sleep(HELD).await;
    let status = ctl_json(&server, &["status"]);
    assert!(status.is_object(), "{status}");
}

/// A certificate for this machine that signs itself, and its key.
fn certify(cert: &Path, key: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate can be made");
    write_private(key, &made.signing_key.serialize_pem());
    write_private(cert, &made.cert.pem());
}

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("it can be made private");
}

/// A pipe that nobody reads, filled to the brim.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).expect("a flag of a pipe");
    while rustix::io::write(&writer, b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::empty()).expect("a flag of a pipe");
    (reader, writer)
}
