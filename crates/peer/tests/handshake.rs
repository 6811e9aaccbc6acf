//! Who is let in, who is not, and what both sides say about it.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{sync::atomic::Ordering, time::Duration};

use common::{ECHO, Node, node, node_with, options, soon, until};
use peer::{Channel, Options, Refusal, Standing, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// `one` dials `two` and is refused: both count the reason, and the dialling side says why.
async fn refused(one: &Node, two: &Node, reason: Refusal, text: &str) {
    one.board.set_address(2, two.board.local_addr().to_string());
    let error = one.refused(2).await;
    assert!(error.contains(text), "{error}");
    assert!(one.board.trouble(2).unwrap().contains(text));
    until("both sides count", || one.board.counts().refused_for(reason) >= 1 && two.board.counts().refused_for(reason) >= 1)
        .await;
    assert!(!one.board.reachable(2) && !two.board.reachable(1));
    assert!(two.doer.bodies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_cluster_is_refused() {
    let (one, two) = (node_with(Options { cluster: 0xbad, ..options(1) }).await, node(2).await);
    refused(&one, &two, Refusal::WrongCluster, "belongs to cluster bad and this node to cluster c1").await;
}

#[tokio::test]
async fn a_node_at_another_s_address_is_refused() {
    let (one, three) = (node(1).await, node(3).await);
    refused(&one, &three, Refusal::WrongNode, "node 2 was dialled and this is node 3").await;
    one.board.set_address(1, one.board.local_addr().to_string());
    assert!(one.refused(1).await.contains("dialled itself"));
}

#[tokio::test]
async fn removed_members_are_refused_by_either_side() {
    let (one, two) = (node(1).await, node(2).await);
    two.roll.set(1, Standing::Removed);
    refused(&one, &two, Refusal::Removed, "node 1 was removed from the cluster").await;
    let (one, two) = (node(1).await, node(2).await);
    one.roll.set(2, Standing::Removed);
    refused(&one, &two, Refusal::Removed, "node 2 was removed from the cluster").await;
}

#[tokio::test]
async fn unknown_nodes_come_in_only_while_awaited() {
    let (one, two) = (node(1).await, node(2).await);
    two.roll.set(1, Standing::Unknown);
    refused(&one, &two, Refusal::Unknown, "node 1 is not a member").await;
    two.roll.1.store(true, Ordering::Relaxed);
    soon(async { while one.ask(2, Channel::Small, ECHO, "x").await.is_err() {} }).await;
    assert_eq!(one.board.trouble(2), None);
}

#[tokio::test]
async fn versions_are_agreed_on_or_refused() {
    let speaks = |id, versions| node_with(Options { versions, ..options(id) });
    for (older, newer, chosen) in [(1..=1, 1..=2, 1), (1..=2, 2..=3, 2), (2..=4, 1..=4, 4)] {
        let (one, two) = (speaks(1, older).await, speaks(2, newer).await);
        one.knows(&two);
        two.knows(&one);
        one.ask(2, Channel::Small, ECHO, "x").await.unwrap();
        two.ask(1, Channel::Bulk, ECHO, "x").await.unwrap();
        assert_eq!((one.board.version(2), two.board.version(1)), (Some(chosen), Some(chosen)));
        assert_eq!(two.doer.requests.lock().unwrap()[0].version, chosen);
    }
    let (one, two) = (speaks(1, 1..=2).await, speaks(2, 3..=4).await);
    refused(&one, &two, Refusal::Version, "the peer speaks versions 1 to 2 and this node 3 to 4; upgrade the older one").await;
}

#[tokio::test]
async fn a_rolling_upgrade_keeps_all_connected() {
    let speaks = |id, versions| node_with(Options { versions, ..options(id) });
    let old = speaks(1, 1..=1).await;
    let mut two = speaks(2, 1..=1).await;
    for versions in [1..=1, 1..=2] {
        two.board.shutdown().await;
        two = speaks(2, versions).await;
        old.knows(&two);
        two.knows(&old);
        // The first may be caught by the end of the former connection.
        soon(async { while old.ask(2, Channel::Small, ECHO, "x").await.is_err() {} }).await;
        two.ask(1, Channel::Small, ECHO, "x").await.unwrap();
        assert_eq!(old.board.version(2), Some(1));
    }
}

/// What `two` answers to a stranger's bytes.
async fn answer(two: &Node, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(two.board.local_addr()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn what_is_no_handshake_is_told_so() {
    let two = node(2).await;
    let told = answer(&two, b"GET / HTTP/1.1\r\n\r\n").await;
    assert!(String::from_utf8_lossy(&told).contains("this is a port for Manifold's nodes"), "{told:?}");
    let long = [b"MANIPEER\x01\0".as_slice(), &(limits::HANDSHAKE_BYTES_MAX as u16 + 1).to_le_bytes()].concat();
    assert!(String::from_utf8_lossy(&answer(&two, &long).await).contains("too long"));
    assert_eq!(two.board.counts().refused_for(Refusal::Malformed), 2);
}

#[tokio::test]
async fn a_stranger_who_says_nothing_is_not_waited_for() {
    let two = node_with(Options { handshake_timeout: Duration::from_millis(100), ..options(2) }).await;
    let one = node(1).await;
    // More than may shake hands at once: the others wait in the kernel's queue, and members come in when their time is over.
    let mut strangers = Vec::new();
    for _ in 0..limits::HANDSHAKES_MAX + 10 {
        strangers.push(TcpStream::connect(two.board.local_addr()).await.unwrap());
    }
    one.knows(&two);
    let begin = Instant::now();
    one.ask(2, Channel::Small, ECHO, "x").await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
    until("they are counted", || two.board.counts().refused_for(Refusal::Timeout) >= limits::HANDSHAKES_MAX as u64).await;
}

#[tokio::test]
async fn a_peer_that_accepts_and_says_nothing_is_given_up() {
    let one = node_with(Options { handshake_timeout: Duration::from_millis(100), ..options(1) }).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    one.board.set_address(2, silent.local_addr().unwrap().to_string());
    assert!(one.refused(2).await.contains("took too long"));
    assert_eq!(one.board.counts().refused_for(Refusal::Timeout), 1);
}

#[tokio::test]
async fn a_peer_that_dials_anew_replaces_its_former_connection() {
    let two = node(2).await;
    let (former, latter) = (node(1).await, node(1).await);
    for one in [&former, &latter] {
        one.knows(&two);
        one.ask(2, Channel::Small, ECHO, "x").await.unwrap();
    }
    until("the former is closed", || !former.board.reachable(2)).await;
    assert!(latter.board.reachable(2) && two.board.reachable(1));
}
