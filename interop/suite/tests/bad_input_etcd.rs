//! Bad requests to the etcd door, and floods of HTTP/2 frames.
//!
//! Where the text of an answer matters, the real etcd is asked the same (and both are printed); where the limit is ours
//! alone, our own answer is held. Floods are bounded in bytes and time.

use bytes::{BufMut, Bytes};
use interop::frames::{self, Raw};
use interop::peers::peers;
use interop::wire::{Wire, fault, pb};
use interop::{Server, Settings};
use prost::Message;
use std::time::{Duration, Instant};
use tonic::Code;

/// etcd's limit of one request.
const REQUEST_BYTES_MAX: usize = 1536 * 1024;
/// Watches that one connection may have, in all its streams.
const WATCHES_PER_CONNECTION_MAX: u64 = 100_000;
/// The longest message that etcd receives: half a MiB more.
const MESSAGE_BYTES_MAX: usize = REQUEST_BYTES_MAX + (512 << 10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long each flood lasts at most.
const FLOOD: Duration = Duration::from_secs(2);
/// Bytes each flood sends at most.
const FLOOD_BYTES_MAX: usize = 64 << 20;

async fn ours() -> (Server, Wire) {
    let server = Server::start(Settings::subject()).await;
    let wire = Wire::lazy(server.port);
    (server, wire)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_limit_is_etcds_from_both_sides() {
    let (_server, mut wire) = ours().await;
    let too_large = (Code::InvalidArgument, "etcdserver: request is too large".to_owned());
    for length in [REQUEST_BYTES_MAX - 200, REQUEST_BYTES_MAX - 100] {
        wire.put("k", vec![b'x'; length]).await.expect("just under the limit");
    }
    let before = wire.list("", 0).await.expect("served").header.expect("a header").revision;
    let refused = async |wire: &mut Wire, length: usize| {
        let put = pb::PutRequest { key: "k".into(), value: vec![b'x'; length].into(), ..Default::default() };
        let op = pb::RequestOp { request: Some(pb::request_op::Request::RequestPut(put.clone())) };
        let alone = wire.kv.put(put).await.expect_err("over the limit");
        let within = wire.kv.txn(pb::TxnRequest { success: vec![op], ..Default::default() }).await.expect_err("over the limit");
        [fault(&alone), fault(&within)]
    };
    for length in [REQUEST_BYTES_MAX, REQUEST_BYTES_MAX + 1, MESSAGE_BYTES_MAX - 40] {
        assert_eq!(refused(&mut wire, length).await, [too_large.clone(), too_large.clone()], "a value of {length} bytes");
    }
    // From here on etcd, and so ours, does not even receive the message.
    for length in [MESSAGE_BYTES_MAX + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 16 << 20] {
        for (code, text) in refused(&mut wire, length).await {
            assert_eq!(code, Code::ResourceExhausted, "a value of {length} bytes: {text}");
            assert!(text.starts_with("grpc: received message larger than max ("), "{text}");
        }
    }
    let after = wire.list("", 0).await.expect("served").header.expect("a header").revision;
    assert_eq!(before, after, "the store is untouched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_size_that_passes_is_etcds() {
    let Some(peers) = peers("the comparison of size limits") else { return };
    let (one, two) = tokio::join!(Server::start(Settings::etcd(peers)), Server::start(Settings::subject()));
    let mut last = Vec::new();
    for server in [&one, &two] {
        let mut wire = Wire::lazy(server.port);
        let (mut under, mut over) = (REQUEST_BYTES_MAX - 300, REQUEST_BYTES_MAX + 10);
        while over - under > 1 {
            let middle = under.midpoint(over);
            let taken = wire.put("k", vec![b'x'; middle]).await.is_ok();
            if taken { under = middle } else { over = middle }
        }
        last.push(under);
    }
    println!("the longest value that passes: {last:?}");
    // etcd's envelope carries an id whose length is chance.
    assert!(last[0].abs_diff(last[1]) <= 3, "etcd takes {} bytes, ours {}", last[0], last[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_etcd_refuses_are_refused_with_its_words() {
    let (_server, mut wire) = ours().await;
    let get = |key: &'static str| pb::RequestOp {
        request: Some(pb::request_op::Request::RequestRange(pb::RangeRequest { key: key.into(), ..Default::default() })),
    };
    let put = |key: &'static str| pb::RequestOp {
        request: Some(pb::request_op::Request::RequestPut(pb::PutRequest { key: key.into(), ..Default::default() })),
    };
    let txn = |success| pb::TxnRequest { success, ..Default::default() };
    wire.kv.txn(txn(vec![get("a"); 128])).await.expect("128 operations are allowed");
    let many = wire.kv.txn(txn(vec![get("a"); 129])).await.expect_err("129 are not");
    assert_eq!(fault(&many), (Code::InvalidArgument, "etcdserver: too many operations in txn request".into()));
    let twice = wire.kv.txn(txn(vec![put("a"), put("a")])).await.expect_err("one key twice");
    assert_eq!(fault(&twice), (Code::InvalidArgument, "etcdserver: duplicate key given in txn request".into()));
    let empty = wire.put("", "x").await.expect_err("no key");
    assert_eq!(fault(&empty), (Code::InvalidArgument, "etcdserver: key is not provided".into()));
    let future = wire.list("a", 1 << 40).await.expect_err("the future");
    assert_eq!(fault(&future), (Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision".into()));
    for _ in 0..5 {
        wire.put("a", "x").await.expect("served");
    }
    wire.kv.compact(pb::CompactionRequest { revision: 4, physical: true }).await.expect("compacted");
    let past = wire.list("a", 2).await.expect_err("the compacted past");
    assert_eq!(fault(&past), (Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_ends_etcd_is_answered() {
    use pb::request_op::Request;
    // The delete reaches to the end of all keys, which etcd does not see as an overlap with the put; then the put looks
    // for a value that is gone, and etcd 3.7.3 panics at apply, on every member and at every start.
    let server = Server::start(Settings::manifold()).await;
    let mut wire = Wire::lazy(server.port);
    wire.put("k", "before").await.expect("served");
    for (ignore_value, ignore_lease) in [(true, false), (false, true)] {
        let delete = pb::DeleteRangeRequest { key: "a".into(), range_end: Bytes::from_static(b"\0"), ..Default::default() };
        let put = pb::PutRequest { key: "k".into(), ignore_value, ignore_lease, ..Default::default() };
        let ops = [Request::RequestDeleteRange(delete), Request::RequestPut(put)];
        let success = ops.into_iter().map(|op| pb::RequestOp { request: Some(op) }).collect();
        let answer = wire.kv.txn(pb::TxnRequest { success, ..Default::default() }).await;
        println!("{answer:?}");
        match answer {
            Ok(done) => assert_eq!(done.into_inner().responses.len(), 2),
            Err(status) => {
                assert_eq!(status.code(), Code::InvalidArgument, "{status}");
                assert_eq!(wire.get("k").await.expect("served").map(|kv| kv.value), Some("before".into()), "nothing was done");
            }
        }
        wire.put("k", "before").await.expect("it goes on");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_limits_are_etcds() {
    let peer = peers("the comparison of lease limits");
    let mut answers = Vec::new();
    let settings = peer.map(Settings::etcd).into_iter().chain([Settings::subject()]);
    for settings in settings {
        let server = Server::start(settings).await;
        let mut wire = Wire::lazy(server.port);
        let mut story = Vec::new();
        for (id, ttl) in [(1, 0), (2, -1), (3, i64::MIN), (4, i64::MAX), (5, 9_000_000_000), (6, 9_000_000_001), (7, 1), (8, 3)] {
            let answer = wire.lease.lease_grant(pb::LeaseGrantRequest { id, ttl }).await;
            story.push(match answer {
                Ok(granted) => format!("ttl {ttl}: granted {}", granted.into_inner().ttl),
                Err(status) => format!("ttl {ttl}: {:?}", fault(&status)),
            });
        }
        let alive = wire.lease.lease_keep_alive(tokio_stream::once(pb::LeaseKeepAliveRequest { id: 404 })).await;
        let alive = alive.expect("an unknown lease is no error").into_inner().message().await;
        story.push(format!("keepalive of an unknown lease: {:?}", alive.map(|a| a.map(|a| a.ttl)).map_err(|s| fault(&s))));
        answers.push(story);
    }
    println!("{answers:#?}");
    assert!(answers.iter().all(|a| a == &answers[0]), "{answers:#?}");
}

/// Bytes that are no message, each with what it is.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    let mut deep = Vec::new();
    for _ in 0..10_000 {
        // A transaction whose only operation is a transaction: fields 2 and 4, lengths of five bytes.
        let mut outer = vec![];
        for (tag, inner) in [(0x22u8, deep), (0x12, Vec::new())] {
            let body = if tag == 0x22 { inner } else { std::mem::take(&mut outer) };
            outer = vec![tag];
            prost::encoding::encode_varint(body.len() as u64, &mut outer);
            outer.extend(body);
        }
        deep = outer;
        if deep.len() > 1 << 20 {
            break;
        }
    }
    let mut unknown = pb::PutRequest { key: "unknown".into(), ..Default::default() }.encode_to_vec();
    unknown.put_slice(&[0xfa, 0x3f, 3, b'a', b'b', b'c']);
    vec![
        ("a truncated varint", vec![0x0a, 0xff]),
        ("a varint without an end", [vec![0x18], vec![0xff; 11]].concat()),
        ("a length past the end", vec![0x0a, 0x7f, b'a']),
        ("a length of 2^63", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        ("a group", vec![0x0b, 0x0c]),
        ("a group without an end", vec![0x0b]),
        ("wire type 7", vec![0x0f]),
        ("field number 0", vec![0x02, 0x01, 0x00]),
        ("a string where a number belongs", vec![0x1a, 0x01, 0x61]),
        ("transactions nested 10,000 deep", deep),
        ("an unknown field", unknown),
    ]
}

/// Sends each piece of garbage on one connection and gives the gRPC status of each; after each a good request must pass.
fn play_garbage(port: u16) -> Vec<String> {
    let mut raw = Raw::http2(port).expect("accepted");
    let mut stream = 1;
    let mut story = Vec::new();
    let good = pb::RangeRequest { key: "good".into(), ..Default::default() }.encode_to_vec();
    for (what, bytes) in garbage() {
        let method = if what.starts_with("transactions") { "Txn" } else { "Put" };
        raw.send_request(stream, &format!("/etcdserverpb.KV/{method}"), &[], &bytes).expect("sent");
        let status = raw.status(stream, ANSWER).expect("the connection lives");
        story.push(format!("{what}: {status}"));
        stream += 2;
        raw.send_request(stream, "/etcdserverpb.KV/Range", &[], &good).expect("the connection lives");
        let after = raw.status(stream, ANSWER).expect("the connection lives");
        assert!(after.starts_with('0'), "after {what} the same connection serves no more: {after}");
        stream += 2;
    }
    story
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_its_own_stream_alone() {
    let (server, mut wire) = ours().await;
    let port = server.port;
    let story = tokio::task::spawn_blocking(move || play_garbage(port)).await.expect("no panic");
    println!("{story:#?}");
    for line in &story[..story.len() - 1] {
        let code = line.split_once(": ").map_or("", |l| l.1).split(' ').next().unwrap_or_default();
        assert!(["3", "12", "13"].contains(&code), "{line}");
    }
    assert!(story.last().is_some_and(|l| l.ends_with(": 0 ")), "unknown fields are ignored: {story:?}");
    assert!(wire.get("unknown").await.expect("served").is_some(), "and what is known is done");
    assert_eq!(wire.list("", 0).await.expect("served").count, 1, "nothing else reached the store");
    if let Some(peers) = peers("etcd's answers to garbage") {
        let etcd = Server::start(Settings::etcd(peers)).await;
        let port = etcd.port;
        println!("etcd: {:#?}", tokio::task::spawn_blocking(move || play_garbage(port)).await.expect("no panic"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lying_message_heads_and_compression_are_refused() {
    let (server, mut wire) = ours().await;
    let port = server.port;
    let story = tokio::task::spawn_blocking(move || {
        let put = pb::PutRequest { key: "lie".into(), ..Default::default() }.encode_to_vec();
        let mut story = Vec::new();
        let whole = frames::grpc_message(&put);
        let mut longer = whole.clone();
        longer[4] += 10;
        let mut huge = whole.clone();
        huge[1..5].fill(0xff);
        let mut shorter = whole.clone();
        shorter[4] -= 1;
        let mut compressed = whole.clone();
        compressed[0] = 1;
        let twice = [whole.clone(), whole.clone()].concat();
        let cases = [
            ("longer", longer),
            ("huge", huge),
            ("shorter", shorter),
            ("compressed", compressed),
            ("twice", twice),
            ("none", vec![]),
        ];
        for (what, body) in cases {
            let mut raw = Raw::http2(port).expect("accepted");
            let more: &[(&str, &str)] = if what == "compressed" { &[("grpc-encoding", "gzip")] } else { &[] };
            let block = frames::request_headers("/etcdserverpb.KV/Put", more);
            raw.send_frame(frames::HEADERS, frames::END_HEADERS, 1, &block).expect("sent");
            raw.send_frame(frames::DATA, frames::END_STREAM, 1, &body).expect("sent");
            story.push((what, raw.status(1, ANSWER).unwrap_or_else(|e| e.to_string())));
        }
        story
    });
    let story = story.await.expect("no panic");
    println!("{story:?}");
    assert!(story.iter().all(|(_, status)| !status.starts_with('0')), "{story:?}");
    assert!(wire.get("lie").await.expect("served").is_none(), "nothing reached the store");
}

/// Plays a flood on a connection of its own while a healthy client is served, and holds what it costs.
async fn flood(name: &'static str, send: impl FnMut(&mut Raw, u32) -> std::io::Result<usize> + Send + 'static) {
    let (server, mut wire) = ours().await;
    wire.put("healthy", "x").await.expect("served");
    let (memory, cpu, port) = (server.resident_bytes(), server.cpu_seconds(), server.port);
    let begin = Instant::now();
    let mut send = send;
    let attack = std::thread::spawn(move || {
        let mut raw = Raw::http2(port).expect("accepted");
        raw.socket.set_write_timeout(Some(FLOOD)).expect("a time");
        let (mut sent, mut count) = (0, 0);
        let end = loop {
            if begin.elapsed() > FLOOD || sent > FLOOD_BYTES_MAX {
                break "it was let on".to_owned();
            }
            match send(&mut raw, count) {
                Ok(bytes) => sent += bytes,
                Err(e) => break format!("ended by the server: {e}"),
            }
            count += 1;
        };
        (count, sent, end, raw)
    });
    let (mut slowest, mut most) = (Duration::ZERO, memory);
    while !attack.is_finished() {
        let sent = Instant::now();
        wire.put("healthy", "x").await.expect("a healthy client is served");
        slowest = slowest.max(sent.elapsed());
        most = most.max(server.resident_bytes());
    }
    let (count, sent, end, raw) = attack.join().expect("no panic");
    let seconds = begin.elapsed().as_secs_f64();
    let used = server.cpu_seconds() - cpu;
    let grew = most.saturating_sub(memory) >> 20;
    println!(
        "{name}: {count} sends, {} KiB, {end}; {seconds:.1} s, {used:.2} s of CPU, grew {grew} MiB, slowest put {slowest:?}",
        sent >> 10
    );
    // The healthy client's own puts cost CPU too: hence both cores, and a little more on a busy machine.
    assert!(used < 2.0 * seconds + 0.5, "{name} cost {used} s of CPU in {seconds} s");
    assert!(grew < 128, "{name} made the server grow by {grew} MiB");
    assert!(slowest < Duration::from_secs(2), "{name} made a put take {slowest:?}");
    drop(raw);
    wire.put("after", "x").await.expect("served afterwards");
}

fn send_all(raw: &mut Raw, bytes: &[u8]) -> std::io::Result<usize> {
    raw.send(bytes)?;
    // What the server says (GOAWAY, acknowledgements) is read, so that it does not pile up here.
    raw.socket.set_nonblocking(true)?;
    let mut buffer = [0; 65_536];
    while let Ok(n @ 1..) = std::io::Read::read(&mut raw.socket, &mut buffer) {
        let _ = n;
    }
    raw.socket.set_nonblocking(false)?;
    Ok(bytes.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_requests_that_are_reset() {
    flood("HEADERS and RST_STREAM", |raw, count| {
        let block = frames::request_headers("/etcdserverpb.KV/Range", &[]);
        let mut out = Vec::new();
        for n in 0..200 {
            let stream = 1 + 2 * (count * 200 + n);
            out.extend(frames::frame(frames::HEADERS, frames::END_HEADERS, stream, &block));
            out.extend(frames::frame(frames::RST_STREAM, 0, stream, &8u32.to_be_bytes()));
        }
        send_all(raw, &out)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_continuation_frames() {
    flood("CONTINUATION", |raw, count| {
        let mut out = Vec::new();
        if count == 0 {
            out.extend(frames::frame(frames::HEADERS, 0, 1, &frames::request_headers("/etcdserverpb.KV/Range", &[])));
        }
        let mut block = Vec::new();
        frames::literal(&mut block, b"x-filler", &[b'a'; 1000]);
        for _ in 0..50 {
            out.extend(frames::frame(frames::CONTINUATION, 0, 1, &block));
        }
        send_all(raw, &out)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_settings() {
    flood("SETTINGS", |raw, _| send_all(raw, &frames::frame(frames::SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]).repeat(500))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_pings() {
    flood("PING", |raw, _| send_all(raw, &frames::frame(frames::PING, 0, 0, &[7; 8]).repeat(500))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_streams_that_never_end() {
    flood("100,000 open streams", |raw, count| {
        let block = frames::request_headers("/etcdserverpb.KV/Put", &[]);
        let mut out = Vec::new();
        for n in 0..200u32 {
            if count * 200 + n < 100_000 {
                out.extend(frames::frame(frames::HEADERS, frames::END_HEADERS, 1 + 2 * (count * 200 + n), &block));
            }
        }
        if out.is_empty() {
            std::thread::sleep(Duration::from_millis(50));
        }
        send_all(raw, &out)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_requests_under_a_window_of_zero() {
    flood("zero window", |raw, count| {
        let mut out = Vec::new();
        if count == 0 {
            out.extend(frames::frame(frames::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
        }
        let block = frames::request_headers("/etcdserverpb.KV/Range", &[]);
        let all = pb::RangeRequest { key: Bytes::from_static(b"\0"), range_end: Bytes::from_static(b"\0"), ..Default::default() };
        let body = frames::grpc_message(&all.encode_to_vec());
        for n in 0..100u32 {
            let stream = 1 + 2 * (count * 100 + n);
            out.extend(frames::frame(frames::HEADERS, frames::END_HEADERS, stream, &block));
            out.extend(frames::frame(frames::DATA, frames::END_STREAM, stream, &body));
        }
        send_all(raw, &out)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_watches_meet_a_limit() {
    let server = Server::start(Settings::manifold()).await;
    let mut wire = Wire::lazy(server.port);
    wire.put("w/0", "x").await.expect("served");
    let (before, port) = (server.resident_bytes(), server.port);
    let attack = std::thread::spawn(move || {
        let mut raw = Raw::http2(port).expect("accepted");
        raw.send_frame(frames::SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]).expect("sent");
        raw.send_frame(frames::WINDOW_UPDATE, 0, 0, &0x7fff_0000u32.to_be_bytes()).expect("sent");
        raw.send_frame(frames::HEADERS, frames::END_HEADERS, 1, &frames::request_headers("/etcdserverpb.Watch/Watch", &[]))
            .expect("sent");
        let mut reader = clone_of(&raw);
        // Window updates pace the sender: one connection window of creations, then as the server takes them.
        let (mut window, mut sent, mut told) = (65_535i64, 0u64, Told::default());
        let end = Instant::now() + Duration::from_secs(25);
        while sent < 1_000_000 && Instant::now() < end {
            let create = pb::WatchCreateRequest { key: format!("w/{}", sent % 1000).into(), ..Default::default() };
            let create = pb::watch_request::RequestUnion::CreateRequest(create);
            let message = frames::grpc_message(&pb::WatchRequest { request_union: Some(create) }.encode_to_vec());
            if window > message.len() as i64 {
                window -= message.len() as i64;
                if raw.send_frame(frames::DATA, 0, 1, &message).is_err() {
                    return (sent, "closed by the server".to_owned());
                }
                sent += 1;
                if !sent.is_multiple_of(64) {
                    continue;
                }
            }
            while let Ok(Some(frame)) = reader.read_frame(Duration::from_micros(200)) {
                match frame.kind {
                    frames::WINDOW_UPDATE if frame.stream == 0 => {
                        window += i64::from(u32::from_be_bytes(frame.payload[..4].try_into().expect("four bytes")));
                    }
                    frames::DATA => told.take(&frame.payload),
                    frames::HEADERS if frame.flags & frames::END_STREAM != 0 => return (sent, "the stream was ended".into()),
                    frames::RST_STREAM | frames::GOAWAY => return (sent, format!("{frame:?}")),
                    _ => {}
                }
            }
        }
        (sent, format!("let on, {} watches granted, {} refused: {:?}", told.granted, told.refused, told.reason))
    });
    let mut most = 0;
    while !attack.is_finished() {
        wire.put("w/0", "y").await.expect("a healthy client is served");
        most = most.max(server.resident_bytes());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (sent, end) = attack.join().expect("no panic");
    let grew = most.saturating_sub(before) >> 20;
    println!("{sent} watches asked for: {end}; grew by {grew} MiB");
    assert!(sent > WATCHES_PER_CONNECTION_MAX, "too few were asked for to meet the limit: {sent}");
    assert!(!end.contains(", 0 refused"), "more than {WATCHES_PER_CONNECTION_MAX} watches on one connection: {end}");
    assert!(grew < 512, "the watches of one connection cost {grew} MiB");
    wire.put("after", "x").await.expect("served afterwards");
}

/// What a watch stream answered to creations.
#[derive(Default)]
struct Told {
    unread: Vec<u8>,
    granted: u64,
    refused: u64,
    reason: String,
}

impl Told {
    fn take(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        let mut rest = &self.unread[..];
        while let Some((head, body)) = rest.split_first_chunk::<5>() {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let Some((message, after)) = body.split_at_checked(length) else { break };
            let answer = pb::WatchResponse::decode(message).expect("an answer");
            self.granted += u64::from(answer.created && !answer.canceled);
            self.refused += u64::from(answer.canceled);
            if answer.canceled {
                self.reason = answer.cancel_reason;
            }
            rest = after;
        }
        let read = self.unread.len() - rest.len();
        self.unread.drain(..read);
    }
}

fn clone_of(raw: &Raw) -> Raw {
    Raw::over(raw.socket.try_clone().expect("a socket can be shared"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_that_never_reads_costs_no_memory() {
    let server = Server::start(Settings::manifold()).await;
    let mut wire = Wire::lazy(server.port);
    wire.put("n/0", "x").await.expect("served");
    let mut raw = Raw::http2(server.port).expect("accepted");
    raw.send_frame(frames::HEADERS, frames::END_HEADERS, 1, &frames::request_headers("/etcdserverpb.Watch/Watch", &[]))
        .expect("sent");
    let create = pb::WatchCreateRequest { key: "n/".into(), range_end: "n0".into(), ..Default::default() };
    let create = pb::watch_request::RequestUnion::CreateRequest(create);
    let message = frames::grpc_message(&pb::WatchRequest { request_union: Some(create) }.encode_to_vec());
    raw.send_frame(frames::DATA, 0, 1, &message).expect("sent");
    for n in 0..200 {
        wire.put(format!("n/{}", n % 10), vec![b'x'; 1 << 20]).await.expect("served");
    }
    let before = server.resident_bytes();
    for n in 0..300 {
        wire.put(format!("n/{}", n % 10), vec![b'x'; 1 << 20]).await.expect("served");
    }
    let grew = server.resident_bytes().saturating_sub(before) >> 20;
    println!("300 MiB of events that nobody reads: grew by {grew} MiB");
    assert!(grew < 200, "a watch that takes nothing made the server grow by {grew} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_over_everything_do_not_hold_up_others() {
    let (server, mut wire) = ours().await;
    for part in 0..200 {
        let put = |n: u32| {
            let put =
                pb::PutRequest { key: format!("r/{part:03}/{n:03}").into(), value: vec![b'v'; 512].into(), ..Default::default() };
            pb::RequestOp { request: Some(pb::request_op::Request::RequestPut(put)) }
        };
        wire.kv.txn(pb::TxnRequest { success: (0..100).map(put).collect(), ..Default::default() }).await.expect("served");
    }
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let mut wire = Wire::lazy(server.port);
            tokio::spawn(async move {
                for _ in 0..4 {
                    let request = pb::RangeRequest {
                        key: Bytes::from_static(b"\0"),
                        range_end: Bytes::from_static(b"\0"),
                        sort_order: pb::range_request::SortOrder::Descend.into(),
                        sort_target: pb::range_request::SortTarget::Value.into(),
                        ..Default::default()
                    };
                    let answer = wire.kv.range(request).await.expect("served").into_inner();
                    assert!(answer.kvs.len() >= 20_000, "all keys come");
                }
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while readers.iter().any(|r| !r.is_finished()) {
        let sent = Instant::now();
        wire.put("other", "x").await.expect("served");
        slowest = slowest.max(sent.elapsed());
    }
    for reader in readers {
        reader.await.expect("no panic");
    }
    println!("slowest put beside four sorted readers of everything: {slowest:?}");
    assert!(slowest < Duration::from_secs(3), "a put took {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_answers_too_many_requests_at_once() {
    let settings = Settings::manifold().with_arguments(&["--admission-commands", "16"]);
    let server = Server::start(settings).await;
    let wires: Vec<Wire> = (0..8).map(|_| Wire::lazy(server.port)).collect();
    let mut tasks = Vec::new();
    for n in 0..4000u32 {
        let mut wire = wires[n as usize % wires.len()].clone();
        tasks.push(tokio::spawn(async move { (n, wire.put(format!("q/{n}"), n.to_string()).await) }));
    }
    let (mut taken, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.expect("no panic") {
            (n, Ok(_)) => taken.push(n),
            (_, Err(status)) => {
                assert_eq!(fault(&status), (Code::ResourceExhausted, "etcdserver: too many requests".into()));
                refused += 1;
            }
        }
    }
    println!("{} taken, {refused} refused", taken.len());
    assert!(refused > 0, "a queue of 16 was filled by 4,000 puts at once");
    let mut wire = wires[0].clone();
    let held = wire.list("q/", 0).await.expect("served").kvs;
    assert_eq!(held.len(), taken.len(), "what was refused is not there, what was taken is");
    wire.cluster.member_list(pb::MemberListRequest { linearizable: true }).await.expect("members are told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_quota_writes_are_refused_reads_and_deletes_pass() {
    let server = Server::start(Settings::manifold().with_arguments(&["--quota", "8MiB"])).await;
    let mut wire = Wire::lazy(server.port);
    let mut refused = None;
    for n in 0..64 {
        if let Err(status) = wire.put(format!("quota/{n}"), vec![b'x'; 1 << 18]).await {
            refused = Some((n, fault(&status)));
            break;
        }
    }
    let (held, status) = refused.expect("8 MiB of quota do not take 16 MiB");
    assert_eq!(status, (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded".into()));
    assert!(held >= 16, "half of the quota can be used: {held} values of 256 KiB");
    assert_eq!(wire.list("quota/", 0).await.expect("reads pass").count, held);
    let alarms = wire.maintenance.alarm(pb::AlarmRequest::default()).await.expect("alarms are told").into_inner().alarms;
    assert_eq!(alarms.iter().map(|a| a.alarm()).collect::<Vec<_>>(), [pb::AlarmType::Nospace]);
    let all = pb::DeleteRangeRequest { key: "quota/".into(), range_end: "quota0".into(), ..Default::default() };
    wire.kv.delete_range(all).await.expect("deletes pass");
    let revision = wire.list("", 0).await.expect("served").header.expect("a header").revision;
    wire.kv.compact(pb::CompactionRequest { revision, physical: true }).await.expect("compactions pass");
    // A quota's alarm is taken back by hand, as with etcd.
    let disarm = pb::AlarmRequest {
        action: pb::alarm_request::AlarmAction::Deactivate.into(),
        member_id: alarms[0].member_id,
        alarm: pb::AlarmType::Nospace.into(),
    };
    wire.maintenance.alarm(disarm).await.expect("it can be taken back");
    let begin = Instant::now();
    while let Err(status) = wire.put("again", "x").await {
        assert!(begin.elapsed() < Duration::from_secs(15), "no room after everything was deleted: {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
