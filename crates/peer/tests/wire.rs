//! Hurt wires, dead peers and peers that moved.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use common::{CLUSTER, DEAF, ECHO, Hand, Mode, Proxy, node, node_with, options, soon, until};
use peer::{Channel, Options, Security, Standing, Switchboard};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

/// Bytes that the dialling side sends before its first frame, and those of a frame's head.
const HANDSHAKE_BYTES: usize = 12 + 36 + "node-1".len() + 4 + 16;
const HEAD_BYTES: usize = 28;

#[tokio::test]
async fn a_bit_flipped_anywhere_resets_the_connection_and_delivers_nothing_wrong() {
    // A flipped length in a handshake shows when what it promises does not come.
    let quick = |id| Options { handshake_timeout: Duration::from_millis(300), ..options(id) };
    let (one, two) = (node_with(quick(1)).await, node_with(quick(2)).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    let body = Bytes::from_static(b"what was sent");
    // Handshake, ping, call.
    let end = HANDSHAKE_BYTES + 2 * HEAD_BYTES + body.len();
    let mut broken = 0;
    for byte in 0..end {
        proxy.flip.store(byte * 8 + byte % 8, Ordering::Relaxed);
        one.board.remove(2);
        one.board.set_address(2, proxy.address.to_string());
        match one.ask(2, Channel::Small, ECHO, body.clone()).await {
            Ok(answer) => assert_eq!(answer, body),
            Err(_) => broken += 1,
        }
    }
    assert_eq!(broken, end, "a flipped bit was not noticed");
    assert!(two.doer.bodies.lock().unwrap().iter().all(|seen| *seen == body));
    let counts = two.board.counts();
    assert_eq!(counts.bad_frames, (2 * HEAD_BYTES + body.len()) as u64);
    assert!(counts.refused.iter().map(|(_, count)| count).sum::<u64>() >= HANDSHAKE_BYTES as u64 - 16, "{counts:?}");
}

#[tokio::test]
async fn a_wire_cut_anywhere_delivers_nothing() {
    let (one, two) = (node(1).await, node(2).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    let end = HANDSHAKE_BYTES + 2 * HEAD_BYTES + 5;
    for cut in 0..end {
        proxy.cut.store(cut, Ordering::Relaxed);
        one.board.remove(2);
        one.board.set_address(2, proxy.address.to_string());
        assert!(one.ask(2, Channel::Small, ECHO, "whole").await.is_err(), "cut after {cut} bytes");
    }
    assert!(two.doer.bodies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_silent_peer_is_noticed_and_its_connections_closed() {
    let quick = |id| Options { ping_interval: Duration::from_millis(50), silence_max: Duration::from_millis(200), ..options(id) };
    let (one, two) = (node_with(quick(1)).await, node_with(quick(2)).await);
    let proxy = Proxy::to(two.board.local_addr()).await;
    one.board.set_address(2, proxy.address.to_string());
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    // Idle for longer than silence may last: pings keep it open.
    sleep(Duration::from_millis(500)).await;
    assert!(one.board.reachable(2) && two.board.reachable(1));
    assert!(one.board.round_trip(2).is_some());
    assert_eq!(one.board.counts().dials, 1);
    proxy.mode.send_replace(Mode::Stall);
    let begin = Instant::now();
    until("both sides notice", || !one.board.reachable(2) && !two.board.reachable(1)).await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!((one.board.counts().silent, two.board.counts().silent), (1, 1));
}

#[tokio::test]
async fn a_peer_that_restarts_elsewhere_is_found_at_its_new_address() {
    let (one, two) = (node(1).await, node(2).await);
    one.knows(&two);
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    two.board.shutdown().await;
    until("the peer is gone", || !one.board.reachable(2)).await;
    assert!(one.ask(2, Channel::Small, ECHO, "x").await.is_err());
    let two = node(2).await;
    one.knows(&two);
    assert_eq!(one.ask(2, Channel::Small, ECHO, "again").await.unwrap(), "again");
    // Back at the same address it is found without anybody's help, once the rest is over.
    let address = two.board.local_addr();
    two.board.shutdown().await;
    let listener = TcpListener::bind(address).await.unwrap();
    let doer = two.doer.clone();
    let _two = Switchboard::start(options(2), listener, two.roll.clone(), std::sync::Arc::new(Hand(doer))).unwrap();
    soon(async { while one.ask(2, Channel::Small, ECHO, "back").await.is_err() {} }).await;
}

#[tokio::test]
async fn names_are_looked_up() {
    let (one, two) = (node(1).await, node(2).await);
    one.board.set_address(2, format!("localhost:{}", two.board.local_addr().port()));
    assert!(one.ask(2, Channel::Small, ECHO, "x").await.is_ok());
    one.board.set_address(3, "no-such-name.invalid:7480");
    assert!(one.refused(3).await.contains("no-such-name.invalid"));
}

#[tokio::test]
async fn a_member_that_is_removed_loses_its_connections() {
    let quick = |id| Options { ping_interval: Duration::from_millis(30), ..options(id) };
    let (one, two) = (node_with(quick(1)).await, node_with(quick(2)).await);
    one.knows(&two);
    one.ask(2, Channel::Small, ECHO, "up").await.unwrap();
    two.roll.set(1, Standing::Removed);
    until("it is cut off", || !two.board.reachable(1)).await;
    until("it notices", || !one.board.reachable(2)).await;
    assert!(one.refused(2).await.contains("removed"));
    one.board.remove(2);
    assert!(one.refused(2).await.contains("no address"));
}

#[tokio::test]
async fn plain_text_stays_on_this_machine() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let roll = std::sync::Arc::<common::Roll>::default();
    let hand = std::sync::Arc::new(Hand(std::sync::Arc::default()));
    let error = Switchboard::start(options(1), listener, roll, hand).err().unwrap();
    assert!(error.to_string().contains("give the nodes a cluster secret"), "{error}");
    let one = node(1).await;
    one.board.set_address(2, "192.0.2.1:7480");
    let begin = Instant::now();
    assert!(one.refused(2).await.contains("not a loopback address"));
    assert!(begin.elapsed() < Duration::from_secs(1), "it was not even dialled");
}

#[tokio::test]
async fn options_that_cannot_be_are_refused() {
    for wrong in [
        Options { node: 0, ..options(1) },
        Options { cluster: 0, ..options(1) },
        Options { versions: 0..=1, ..options(1) },
        Options { silence_max: Duration::from_secs(1), ..options(1) },
        Options { stream_credit_bytes: 10, ..options(1) },
        Options { security: Security::Files { ca: "/no".into(), cert: "/no".into(), key: "/no".into() }, ..options(1) },
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let roll = std::sync::Arc::<common::Roll>::default();
        assert!(Switchboard::start(wrong, listener, roll, std::sync::Arc::new(Hand(std::sync::Arc::default()))).is_err());
    }
}

/// A frame as the drawing has it.
fn frame(kind: u8, id: u64, length: u32, body: &[u8]) -> Vec<u8> {
    let mut out = length.to_le_bytes().to_vec();
    // Streams are opened to a handler that does not read.
    out.extend([kind, 0, if kind == 4 { DEAF } else { ECHO }, 0]);
    out.extend(id.to_le_bytes());
    out.extend([0; 4]);
    out.extend(crc32c::crc32c(&out).to_le_bytes());
    out.extend(crc32c::crc32c_append(crc32c::crc32c(&out), body).to_le_bytes());
    out.extend(body);
    out
}

/// Shakes hands as node 1 on `channel` and gives the bare stream, on which anything may be sent.
async fn rogue(to: &common::Node, channel: u8) -> TcpStream {
    let mut stream = TcpStream::connect(to.board.local_addr()).await.unwrap();
    let mut hello = b"MANIPEER\x01\0\x24\0\x01\0\x01\0\0\0".to_vec();
    hello.extend([channel, 0]);
    for id in [CLUSTER, 1, 2] {
        hello.extend(id.to_le_bytes());
    }
    hello.extend((1u32 << 20).to_le_bytes());
    hello.extend(crc32c::crc32c(&hello).to_le_bytes());
    stream.write_all(&hello).await.unwrap();
    let mut welcome = [0; 12 + 36 + "node-2".len() + 4];
    stream.read_exact(&mut welcome).await.unwrap();
    assert_eq!(welcome[8], 2);
    let mut ready = b"MANIPEER\x03\0\0\0".to_vec();
    ready.extend(crc32c::crc32c(&ready).to_le_bytes());
    stream.write_all(&ready).await.unwrap();
    stream
}

#[tokio::test]
async fn peers_that_do_not_keep_to_the_protocol_are_cut_off() {
    let two = node_with(Options { stream_credit_bytes: 64 * 1024, ..options(2) }).await;
    let open = frame(4, 1, 0, b"");
    let much = [open.clone(), frame(5, 1, 40_000, &[0; 40_000]).repeat(3)].concat();
    let cases = [
        ("an answer from the side that dialled", frame(2, 1, 1, b"x")),
        ("a failure from the side that dialled", frame(3, 1, 1, b"x")),
        ("a stream opened twice", [&open[..], &open[..]].concat()),
        ("credit that was not used", [&open[..], &frame(6, 1, 4, &[1, 0, 0, 0])].concat()),
        ("credit of three bytes", [&open[..], &frame(6, 1, 3, &[1, 0, 0])].concat()),
        ("more than the credit", much),
        ("two gigabytes", frame(1, 1, 1 << 31, b"")),
        ("noise", (0..100u8).collect()),
    ];
    for (number, (what, bytes)) in cases.into_iter().enumerate() {
        let mut stream = rogue(&two, 2).await;
        stream.write_all(&bytes).await.unwrap();
        let mut rest = Vec::new();
        let _ = soon(stream.read_to_end(&mut rest)).await;
        assert_eq!(two.board.counts().bad_frames, number as u64 + 1, "{what}");
    }
    // What is late or unknown is no breach.
    let mut stream = rogue(&two, 2).await;
    let late: Vec<u8> = [5, 6, 7, 8, 9, 11]
        .into_iter()
        .flat_map(|kind| frame(kind, 77, if kind == 6 { 4 } else { 0 }, if kind == 6 { &[1, 0, 0, 0] } else { b"" }))
        .collect();
    stream.write_all(&[late, frame(1, 2, 2, b"hi")].concat()).await.unwrap();
    until("it is served", || two.doer.bodies.lock().unwrap().iter().any(|body| body == "hi")).await;
}

#[tokio::test]
async fn a_peer_that_asks_and_takes_nothing_costs_bounded_memory() {
    let two = node(2).await;
    let mut stream = rogue(&two, 2).await;
    let call = frame(1, 1, 1 << 20, &vec![7; 1 << 20]);
    // It never reads: 64 MiB of answers are owed, then calls are refused before they are looked at.
    for _ in 0..200 {
        stream.write_all(&call).await.unwrap();
    }
    until("calls are refused", || two.board.counts().overloaded > 0).await;
    sleep(Duration::from_millis(100)).await;
    assert!(two.doer.bodies.lock().unwrap().len() < 150, "{}", two.doer.bodies.lock().unwrap().len());
    // More small calls than refusals are kept for: it is cut off.
    let small = frame(1, 1, 0, b"");
    let flood = async {
        while stream.write_all(&small.repeat(500)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon(flood).await;
    until("it is gone", || !two.board.reachable(1)).await;
}
