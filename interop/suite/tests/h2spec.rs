//! The HTTP/2 engine before h2spec, which asks a server about every rule of RFC 9113's predecessors that a client can try.
//!
//! The engine stands here in a plain web server of its own: what h2spec looks for is an answer with data once a request is
//! complete, which a gRPC door does not give to strangers.

use bytes::{Bytes, BytesMut};
use http2::{Connection, Event, Settings};
use interop::peers::{peers, repository};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

/// Answers every complete request with a little data.
fn serve(mut socket: TcpStream) -> std::io::Result<()> {
    let mut connection = Connection::new(Settings::default());
    let (mut input, mut buffer) = (BytesMut::new(), vec![0; 65_536]);
    loop {
        while let Some(event) = connection.receive(&mut input) {
            match event {
                Event::Request { stream, end: true, .. } => answer(&mut connection, stream),
                Event::Data { stream, data, end } => {
                    connection.release(stream, data.len());
                    if end {
                        answer(&mut connection, stream);
                    }
                }
                _ => {}
            }
        }
        connection.pump();
        while !connection.output().is_empty() {
            let written = socket.write(connection.output())?;
            connection.written(written);
            connection.pump();
        }
        if connection.is_over() {
            return Ok(());
        }
        match socket.read(&mut buffer)? {
            0 => return Ok(()),
            read => input.extend_from_slice(&buffer[..read]),
        }
    }
}

fn answer(connection: &mut Connection, stream: u32) {
    connection.respond(stream, 200, &[(b"content-type", b"text/plain")], false);
    connection.send(stream, Bytes::from_static(b"a little data"));
    connection.finish(stream, &[]);
}

#[test]
fn h2spec_finds_nothing() {
    if peers("h2spec").is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            // A client that leaves in the middle is part of the game.
            std::thread::spawn(move || drop(serve(socket)));
        }
    });
    let output = Command::new(repository().join("interop/peers/bin/h2spec")).args(["-port", &port.to_string()]).output();
    let output = output.expect("it was built");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "h2spec found something; see above");
    assert!(text.contains("0 failed"), "it has come to its end");
}
