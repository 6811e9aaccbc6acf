//! What fuzzers feed: the engine as functions over bytes. Bad bytes give an error, never a panic and never more memory than they
//! are worth.

use bytes::BytesMut;

use crate::{Connection, Event, PREFACE, Settings, hpack::Decoder};

/// Reads one header block with a fresh table. Answers how many fields came out before the end or an error.
pub fn header_block(data: &[u8]) -> usize {
    let mut count = 0;
    let _ = Decoder::new().decode(data, |_| count += 1);
    count
}

/// Plays frames that arrive in pieces of the first byte's length, behind a preface, and answers every request as soon as its head
/// came. Answers how many requests there were.
pub fn connection(data: &[u8]) -> usize {
    let Some((size, data)) = data.split_first() else { return 0 };
    let mut connection = Connection::new(Settings { known_fields: &[("a", "b")], ..Settings::default() });
    let (mut input, mut requests) = (BytesMut::from(&PREFACE[..]), 0);
    for piece in data.chunks(usize::from(*size).max(1)) {
        input.extend_from_slice(piece);
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Request { stream, .. } => {
                    requests += 1;
                    play(&mut connection, stream, requests);
                }
                Event::Data { stream, data, .. } => connection.release(stream, data.len()),
                _ => {}
            }
        }
        connection.pump();
        let written = connection.output().len() / 2;
        connection.written(written);
    }
    requests
}

/// Answers in one of several ways.
fn play(connection: &mut Connection, stream: u32, number: usize) {
    let fields: &[(&[u8], &[u8])] = &[(b"a", b"b")];
    match number % 4 {
        0 => connection.reset(stream, crate::Code::CANCEL),
        1 => {
            connection.answer(stream, fields, 3, |out| out.extend_from_slice(b"abc"), fields);
        }
        2 => {
            connection.respond(stream, 200, fields, false);
            connection.send(stream, bytes::Bytes::from(vec![7; 100_000]));
            connection.finish(stream, fields);
        }
        // Left open.
        _ => {
            connection.respond(stream, 404, &[], false);
            connection.capacity(stream);
        }
    }
}
