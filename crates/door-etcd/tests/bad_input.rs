//! What hostile or broken peers send, and that nobody else notices.

#![allow(clippy::unwrap_used, reason = "a test")]

mod house;

use std::time::{Duration, Instant};

use door_etcd::pb;
use house::{House, put};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Request};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// A Put's head in HPACK, nothing indexed but `:method POST` and `:scheme http`.
fn head(path: &str) -> Vec<u8> {
    let mut out = vec![0x83, 0x86];
    for (name, value) in [(":path", path), (":authority", "x"), ("content-type", "application/grpc"), ("te", "trailers")] {
        out.push(0);
        out.push(u8::try_from(name.len()).unwrap());
        out.extend_from_slice(name.as_bytes());
        out.push(u8::try_from(value.len()).unwrap());
        out.extend_from_slice(value.as_bytes());
    }
    out
}

async fn connect(house: &House) -> TcpStream {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(&SETTINGS).await.unwrap();
    stream
}

/// Reads until the other side closes; what it said.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut out)).await.expect("the connection should be closed");
    out
}

async fn is_served(house: &House) {
    let mut client = house.client().await;
    let begin = Instant::now();
    timeout(Duration::from_secs(5), client.put("served", "yes")).await.unwrap().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_is_answered_and_closed() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(b"POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    let answer = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    is_served(&house).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_half_a_preface_end_after_ten_seconds() {
    let house = House::open().await;
    let begin = Instant::now();
    let mut waiting = Vec::new();
    for sent in [&b""[..], b"PRI * HT", b"POST / HTTP/1.1\r\nhos"] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        waiting.push(tokio::spawn(async move { rest(&mut stream).await }));
    }
    is_served(&house).await;
    for waiting in waiting {
        waiting.await.unwrap();
    }
    let took = begin.elapsed().as_secs();
    assert!((9..=13).contains(&took), "{took} s");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_is_closed() {
    let house = House::open().await;
    for noise in [&[0xff; 100][..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[0; 64]] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        stream.shutdown().await.unwrap();
        rest(&mut stream).await;
    }
    is_served(&house).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_resets_closes_its_connection_only() {
    let house = House::open().await;
    let mut stream = connect(&house).await;
    let (mut reading, mut writing) = stream.split();
    let flood = async {
        for n in 0..50_000_u32 {
            let mut both = frame(1, 4, n * 2 + 1, &head("/etcdserverpb.KV/Put"));
            both.extend(frame(3, 0, n * 2 + 1, &8_u32.to_be_bytes()));
            if writing.write_all(&both).await.is_err() {
                return n;
            }
        }
        50_000
    };
    let listen = async {
        let mut said = Vec::new();
        let _ = timeout(Duration::from_secs(20), reading.read_to_end(&mut said)).await;
        said
    };
    let (sent, said) = tokio::join!(flood, listen);
    assert!(sent < 50_000, "the flood was never stopped");
    // GOAWAY (7) with ENHANCE_YOUR_CALM (11), if it still got through.
    let calm = said.windows(17).any(|frame| frame[3] == 7 && frame[13..17] == [0, 0, 0, 11]);
    assert!(calm || said.len() < 100_000);
    is_served(&house).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_allowed_are_refused_and_endless_headers_end() {
    let house = House::open().await;
    let mut stream = connect(&house).await;
    for n in 0..400_u32 {
        stream.write_all(&frame(1, 4, n * 2 + 1, &head("/etcdserverpb.Watch/Watch"))).await.unwrap();
    }
    let mut said = vec![0; 1 << 20];
    let mut refused = 0;
    let counting = async {
        let mut kept = Vec::new();
        while refused < 150 {
            let read = stream.read(&mut said).await.unwrap();
            assert!(read > 0);
            kept.extend_from_slice(&said[..read]);
            refused = kept.windows(13).filter(|w| w[..5] == [0, 0, 4, 3, 0] && w[9..] == [0, 0, 0, 7]).count();
        }
    };
    timeout(Duration::from_secs(10), counting).await.unwrap();

    let mut stream = connect(&house).await;
    let mut flood = frame(1, 0, 1, &head("/etcdserverpb.KV/Put"));
    for _ in 0..2000 {
        let mut field = vec![0, 7];
        field.extend(b"x-field");
        field.push(100);
        field.extend([b'v'; 100]);
        flood.extend(frame(9, 0, 1, &field));
    }
    let _ = stream.write_all(&flood).await;
    rest(&mut stream).await;
    is_served(&house).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_protobuf_is_an_error_of_its_stream_and_the_connection_lives() {
    let house = House::open().await;
    let mut client = house.client().await;
    // A message that is no PutRequest: field 1 as a number.
    let wrong = pb::LeaseGrantRequest { ttl: 5, id: 6 };
    let status = client.call::<_, pb::PutResponse>("/etcdserverpb.KV/Put", wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let mut txn = pb::TxnRequest::default();
    for _ in 0..200 {
        let inner = pb::request_op::Request::RequestTxn(txn);
        txn = pb::TxnRequest { success: vec![pb::RequestOp { request: Some(inner) }], ..pb::TxnRequest::default() };
    }
    let status = client.txn(txn).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    client.put("k", "v").await.unwrap();
    let mut named = Request::new(put("k", "v"));
    named.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());
    assert!(client.call_with::<_, pb::PutResponse>("/etcdserverpb.KV/Put", named).await.is_err());
    client.put("k", "v").await.unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_closed_and_others_are_served() {
    let house = House::open().await;
    let mut client = house.client().await;
    for n in 0..20 {
        client.put(&format!("large{n}"), vec![b'v'; 1 << 20]).await.unwrap();
    }
    let mut stream = connect(&house).await;
    // Windows that never run out: what is not read piles up in the socket.
    let mut asks = frame(8, 0, 0, &0x7fff_0000_u32.to_be_bytes());
    asks.extend(frame(4, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]));
    let message = b"\0\0\0\0\x06\x0a\x01\0\x12\x01\0";
    for n in 0..3 {
        asks.extend(frame(1, 4, n * 2 + 1, &head("/etcdserverpb.KV/Range")));
        asks.extend(frame(0, 1, n * 2 + 1, message));
    }
    stream.write_all(&asks).await.unwrap();
    is_served(&house).await;
    // The write deadline is 10 s.
    tokio::time::sleep(Duration::from_secs(13)).await;
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    let ended = timeout(Duration::from_secs(20), async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(read) => taken += read,
            }
        }
    });
    ended.await.expect("the connection should be closed");
    assert!(taken < 30 << 20, "{taken} bytes came although nobody took them in time");
    is_served(&house).await;
    house.close().await;
}
