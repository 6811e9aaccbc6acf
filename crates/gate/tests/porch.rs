//! The porch against clients that behave badly, with time that is moved by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::time::Duration;

use gate::{Guarded, Porch, Reason, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn porch(connections_max: usize) -> (Porch, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let porch = Porch::new(listener, connections_max);
    let address = porch.local_addr().unwrap();
    (porch, address)
}

async fn enter(porch: &mut Porch) -> Guarded {
    let arrival = porch.accept().await.unwrap();
    arrival.enter().await.unwrap()
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once_and_a_place_comes_back() {
    let (mut porch, address) = porch(1).await;
    let counts = porch.counts();
    let _first = TcpStream::connect(address).await.unwrap();
    let admitted = enter(&mut porch).await;
    assert_eq!(counts.open(), 1);

    let mut second = TcpStream::connect(address).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), porch.accept()).await;
    assert!(waiting.is_err(), "the second connection must not be admitted");
    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0, "the second connection is closed");
    assert_eq!(counts.refused()[0], ("full", 1));

    drop(admitted);
    assert_eq!(counts.open(), 0);
    let _third = TcpStream::connect(address).await.unwrap();
    porch.accept().await.unwrap();
}

#[tokio::test]
async fn silence_after_connecting_ends_the_connection() {
    let (mut porch, address) = porch(8).await;
    let _client = TcpStream::connect(address).await.unwrap();
    let mut silent = enter(&mut porch).await;
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    let error = silent.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(before.elapsed() >= limits::FIRST_BYTE_TIMEOUT);
    assert_eq!(porch.counts().refused()[1], ("silent", 1));
}

#[tokio::test]
async fn a_client_that_spoke_may_be_silent_later() {
    let (mut porch, address) = porch(8).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let mut admitted = enter(&mut porch).await;
    client.write_all(b"x").await.unwrap();
    admitted.read_exact(&mut [0; 1]).await.unwrap();
    tokio::time::pause();
    let later = tokio::time::timeout(limits::FIRST_BYTE_TIMEOUT * 3, admitted.read(&mut [0; 8])).await;
    assert!(later.is_err(), "the connection must still be waiting");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let (mut porch, address) = porch(8).await;
    let _client = TcpStream::connect(address).await.unwrap();
    let mut admitted = enter(&mut porch).await;
    tokio::time::pause();
    let block = vec![7; 1 << 20];
    let error = loop {
        if let Err(error) = admitted.write_all(&block).await {
            break error;
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(porch.counts().refused()[2], ("stalled", 1));
}

#[tokio::test]
async fn tls_is_not_taken_for_what_a_plain_door_speaks() {
    let (mut porch, address) = porch(8).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let mut admitted = enter(&mut porch).await;
    client.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    let error = admitted.read(&mut [0; 8]).await.unwrap_err();
    assert!(error.to_string().contains("speaks TLS"), "{error}");
    assert_eq!(porch.counts().refused_for(Reason::TlsToPlain), 1);

    // Only the first byte tells.
    let mut client = TcpStream::connect(address).await.unwrap();
    let mut admitted = enter(&mut porch).await;
    client.write_all(b"G").await.unwrap();
    admitted.read_exact(&mut [0; 1]).await.unwrap();
    client.write_all(b"\x16").await.unwrap();
    admitted.read_exact(&mut [0; 1]).await.unwrap();
    assert_eq!(porch.counts().refused_for(Reason::TlsToPlain), 1);
}

#[tokio::test]
async fn a_flood_of_connects_is_paced() {
    let (mut porch, address) = porch(usize::MAX).await;
    let flood = tokio::spawn(async move {
        for _ in 0..limits::ACCEPTS_PER_SECOND_MAX + 50 {
            drop(TcpStream::connect(address).await);
        }
    });
    let start = std::time::Instant::now();
    for _ in 0..=limits::ACCEPTS_PER_SECOND_MAX {
        porch.accept().await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    flood.abort();
}
