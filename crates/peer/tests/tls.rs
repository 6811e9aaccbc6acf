//! TLS between nodes: by a shared secret, by files, and what is turned away.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{fs, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use common::{COUNT, ECHO, Node, node, node_with, options, soon, until};
use peer::{Channel, ClusterSecret, Options, Refusal, Security};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn secured(id: u64, security: Security) -> Node {
    node_with(Options { security, ..options(id) }).await
}

async fn with_secret(id: u64, secret: &ClusterSecret) -> Node {
    secured(id, Security::Secret(secret.clone())).await
}

async fn refused_by_tls(one: &Node, two: &Node) {
    one.knows(two);
    let error = one.refused(2).await;
    assert!(error.contains("same cluster secret") || error.contains("TLS on both sides"), "{error}");
    let (here, there) = (one.board.counts(), two.board.counts());
    let count = |reason| here.refused_for(reason) + there.refused_for(reason);
    assert!(count(Refusal::Tls) >= 1, "{here:?} {there:?}");
    assert!(two.doer.bodies.lock().unwrap().is_empty() && !two.board.reachable(1));
}

#[tokio::test]
async fn nodes_with_the_secret_talk_on_every_channel() {
    let secret = ClusterSecret::generate();
    let (one, two) = (with_secret(1, &secret).await, with_secret(2, &secret).await);
    one.knows(&two);
    two.knows(&one);
    for channel in Channel::ALL {
        let body = Bytes::from(vec![channel as u8; channel.frame_bytes_max()]);
        assert_eq!(one.ask(2, channel, ECHO, body.clone()).await.unwrap(), body);
        assert!(two.ask(1, channel, ECHO, "back").await.is_ok());
    }
    let (mut outgoing, mut incoming) = one.board.open(2, Channel::Bulk, ECHO, 0).await.unwrap();
    for size in [1, 100_000, 1 << 20] {
        outgoing.send(vec![9; size].into()).await.unwrap();
        assert_eq!(soon(incoming.next()).await.unwrap().unwrap().len(), size);
    }
    let counts = one.board.counts();
    assert_eq!(counts.refused.iter().map(|(_, count)| count).sum::<u64>(), 0);
}

#[tokio::test]
async fn another_secret_or_none_is_refused_on_both_sides() {
    let secret = ClusterSecret::generate();
    let two = with_secret(2, &secret).await;
    let other = with_secret(1, &ClusterSecret::generate()).await;
    refused_by_tls(&other, &two).await;
    until("both count", || {
        other.board.counts().refused_for(Refusal::Tls) > 0 && two.board.counts().refused_for(Refusal::Tls) > 0
    })
    .await;
    refused_by_tls(&node(1).await, &two).await;
    refused_by_tls(&with_secret(1, &secret).await, &node(2).await).await;
    assert!(with_secret(1, &secret).await.board.counts().refused.iter().all(|(_, count)| *count == 0));
}

#[tokio::test]
async fn nothing_is_readable_on_the_wire() {
    let secret = ClusterSecret::generate();
    let (one, two) = (with_secret(1, &secret).await, with_secret(2, &secret).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    one.board.set_address(2, listener.local_addr().unwrap().to_string());
    let target = two.board.local_addr();
    let listening = tokio::spawn(async move {
        let (from, _) = listener.accept().await.unwrap();
        let ((mut from, mut back), (mut there, mut to)) =
            (from.into_split(), TcpStream::connect(target).await.unwrap().into_split());
        tokio::spawn(async move { tokio::io::copy(&mut there, &mut back).await });
        let (mut seen, mut buffer) = (Vec::new(), vec![0; 4096]);
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            seen.extend_from_slice(&buffer[..count]);
            to.write_all(&buffer[..count]).await.unwrap();
        }
        seen
    });
    let body = "nobody else shall read this";
    one.ask(2, Channel::Small, ECHO, body).await.unwrap();
    one.board.shutdown().await;
    let seen = soon(listening).await.unwrap();
    assert!(seen.len() > 500);
    for text in [body, "MANIPEER", "node-1"] {
        assert!(!seen.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}

/// A certificate authority of its own.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = pem("CERTIFICATE", params.self_signed(&key).unwrap().der());
        Self(Issuer::new(params, key), own)
    }

    /// Writes files for one node.
    fn write(&self, folder: &Path) {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let leaf = CertificateParams::new(vec!["node.example".to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        fs::write(folder.join("ca.pem"), &self.1).unwrap();
        fs::write(folder.join("cert.pem"), pem("CERTIFICATE", leaf.der())).unwrap();
        fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &key.serialize_der())).unwrap();
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

async fn with_files(id: u64, folder: &Path) -> Node {
    let file = |name| folder.join(name);
    secured(id, Security::Files { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") }).await
}

#[tokio::test]
async fn files_are_used_and_read_again_when_they_change() {
    let (first, second) = (Authority::new(), Authority::new());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    folders.iter().for_each(|folder| first.write(folder.path()));
    let (one, two) = (with_files(1, folders[0].path()).await, with_files(2, folders[1].path()).await);
    one.knows(&two);
    one.ask(2, Channel::Small, ECHO, "x").await.unwrap();

    // A node of another authority is turned away.
    let other = tempfile::tempdir().unwrap();
    second.write(other.path());
    stranger_is_refused(&with_files(5, other.path()).await, &two).await;

    // Bad files leave the former ones in use, and are told once.
    fs::write(folders[1].path().join("cert.pem"), "not a certificate at all").unwrap();
    for channel in [Channel::Bulk, Channel::Forward] {
        one.ask(2, channel, ECHO, "x").await.unwrap();
    }
    assert_eq!(two.board.counts().bad_files, 1);

    // Both move to another authority; what is open goes on, and new connections use it.
    let (mut outgoing, _incoming) = one.board.open(2, Channel::Bulk, COUNT, 0).await.unwrap();
    folders.iter().for_each(|folder| second.write(folder.path()));
    one.ask(2, Channel::Snapshot, ECHO, "x").await.unwrap();
    outgoing.send(Bytes::from_static(b"x")).await.unwrap();
    let third = with_files(3, other.path()).await;
    third.knows(&two);
    third.ask(2, Channel::Small, ECHO, "x").await.unwrap();
    let left_behind = tempfile::tempdir().unwrap();
    first.write(left_behind.path());
    let behind = with_files(4, left_behind.path()).await;
    stranger_is_refused(&behind, &two).await;
    assert_eq!((one.board.counts().bad_files, two.board.counts().bad_files), (0, 1));
}

async fn stranger_is_refused(one: &Node, two: &Node) {
    let before = two.board.counts().refused_for(Refusal::Tls);
    one.knows(two);
    assert!(one.refused(2).await.contains("TLS failed"));
    until("it is counted", || two.board.counts().refused_for(Refusal::Tls) > before).await;
    assert!(!two.board.reachable(one.id));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    Authority::new().write(folder.path());
    let (ca, cert, key) = (folder.path().join("ca.pem"), folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let start = async || {
        let security = Security::Files { ca: ca.clone(), cert: cert.clone(), key: key.clone() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let roll = std::sync::Arc::<common::Roll>::default();
        let hand = std::sync::Arc::new(common::Hand(std::sync::Arc::default()));
        peer::Switchboard::start(Options { security, ..options(1) }, listener, roll, hand).err().unwrap().to_string()
    };
    // A key that is not the certificate's.
    let stranger = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    fs::write(&key, pem("PRIVATE KEY", &stranger.serialize_der())).unwrap();
    assert!(start().await.contains("cert.pem"));
    fs::write(&key, "").unwrap();
    assert!(start().await.contains("key.pem"));
    fs::write(&ca, "").unwrap();
    assert!(start().await.contains("ca.pem: it holds no certificate"));
    fs::remove_file(&ca).unwrap();
    assert!(start().await.contains("ca.pem"));
}

#[tokio::test]
async fn a_stranger_in_the_middle_of_tls_is_not_waited_for() {
    let secret = ClusterSecret::generate();
    let quick = Options { security: Security::Secret(secret), handshake_timeout: Duration::from_millis(100), ..options(2) };
    let two = node_with(quick).await;
    let mut stream = TcpStream::connect(two.board.local_addr()).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    until("it is given up", || two.board.counts().refused_for(Refusal::Timeout) == 1).await;
}
