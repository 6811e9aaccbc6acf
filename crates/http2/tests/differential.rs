//! The engine against the `h2` crate as a client, over pipes that cut bytes where chance wants.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use h2::client;
use http::{HeaderMap, Request, Response};
use http2::{Connection, Event, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A small generator of its own, so that a failure repeats.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn bytes(&mut self, bytes_max: u64) -> Bytes {
        let length = self.below(bytes_max + 1);
        let seed = self.below(256);
        (0..length).map(|at| (at.wrapping_mul(31) + seed).to_le_bytes()[0]).collect::<Vec<u8>>().into()
    }
}

/// Answers each request with its own body, turned over, in pieces of chance's size; the path comes back as a field.
async fn echo(mut pipe: DuplexStream, mut chance: Chance) {
    let settings = Settings { known_fields: &[("x-known", "yes")], ..Settings::default() };
    let mut connection = Connection::new(settings);
    let mut input = BytesMut::new();
    let mut bodies: HashMap<u32, (Bytes, Vec<u8>)> = HashMap::new();
    loop {
        while let Some(event) = connection.receive(&mut input) {
            let done = match event {
                Event::Request { stream, request, end } => {
                    bodies.insert(stream, (request.path, Vec::new()));
                    end.then_some(stream)
                }
                Event::Data { stream, data, end } => {
                    bodies.get_mut(&stream).unwrap().1.extend_from_slice(&data);
                    connection.release(stream, data.len());
                    end.then_some(stream)
                }
                Event::Closed(fault) => panic!("{fault}"),
                _ => None,
            };
            if let Some((stream, (path, body))) = done.and_then(|stream| Some((stream, bodies.remove(&stream)?))) {
                answer(&mut connection, stream, &path, body, &mut chance);
            }
        }
        connection.pump();
        while !connection.output().is_empty() {
            let count = 1 + usize::try_from(chance.below(connection.output().len() as u64)).unwrap();
            pipe.write_all(&connection.output()[..count]).await.unwrap();
            connection.written(count);
            connection.pump();
        }
        let mut piece = vec![0; 1 + usize::try_from(chance.below(5000)).unwrap()];
        match pipe.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => input.extend_from_slice(&piece[..read]),
        }
    }
}

fn answer(connection: &mut Connection, stream: u32, path: &[u8], mut body: Vec<u8>, chance: &mut Chance) {
    body.reverse();
    let fields: &[(&[u8], &[u8])] = &[(b"x-path", path), (b"x-known", b"yes")];
    let trailers: &[(&[u8], &[u8])] = &[(b"x-known", b"yes"), (b"x-length", body.len().to_string().leak().as_bytes())];
    if chance.below(2) == 0 {
        assert!(connection.answer(stream, fields, body.len(), |out| out.extend_from_slice(&body), trailers));
        return;
    }
    assert!(connection.respond(stream, 200, fields, false));
    let mut rest = Bytes::from(body);
    while !rest.is_empty() {
        let count = 1 + usize::try_from(chance.below(rest.len() as u64)).unwrap();
        connection.send(stream, rest.split_to(count));
    }
    assert!(connection.finish(stream, trailers));
}

/// One request of h2's; what came back.
async fn ask(mut sender: client::SendRequest<Bytes>, path: String, body: Bytes) -> (Response<()>, Vec<u8>, HeaderMap) {
    let request = Request::post(format!("http://host{path}")).header("x-known", "yes").header("x-one", &path).body(()).unwrap();
    sender = sender.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(request, body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(body, true).unwrap();
    }
    let (head, mut incoming) = response.await.unwrap().into_parts();
    let mut data = Vec::new();
    while let Some(piece) = incoming.data().await {
        let piece = piece.unwrap();
        data.extend_from_slice(&piece);
        incoming.flow_control().release_capacity(piece.len()).unwrap();
    }
    (Response::from_parts(head, ()), data, incoming.trailers().await.unwrap().unwrap())
}

async fn run(seed: u64) {
    let mut chance = Chance(seed);
    let (near, far) = duplex(1 + usize::try_from(chance.below(20_000)).unwrap());
    let server = tokio::spawn(echo(far, chance.clone()));
    let mut builder = client::Builder::new();
    builder.initial_window_size(1 + u32::try_from(chance.below(200_000)).unwrap());
    builder.header_table_size([0, 80, 4096][usize::try_from(chance.below(3)).unwrap()]);
    let (sender, connection) = builder.handshake::<_, Bytes>(near).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut asked = Vec::new();
    for number in 0..40 {
        let body = chance.bytes(if number % 8 == 0 { 300_000 } else { 300 });
        let path = format!("/{seed}/{number}");
        asked.push((path.clone(), body.clone(), tokio::spawn(ask(sender.clone(), path, body))));
    }
    for (path, body, answer) in asked {
        let (head, data, trailers) = answer.await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!((head.status().as_u16(), head.headers()["x-path"].to_str().unwrap()), (200, &path[..]), "seed {seed}");
        assert!(data.iter().rev().eq(body.iter()), "seed {seed}: the body of {path}");
        assert_eq!(trailers["x-length"].to_str().unwrap(), body.len().to_string(), "seed {seed}");
        assert_eq!(trailers["x-known"], "yes");
    }
    drop(sender);
    driven.await.unwrap().unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn h2_understands_every_answer_and_is_understood() {
    for seed in 0..60 {
        run(seed).await;
    }
}
