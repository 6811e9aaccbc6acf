//! Stands before the broker and records what clients ask and are answered.

use std::{
    collections::VecDeque,
    io::{self, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Mutex,
    thread::Scope,
};

use kafka_wire::frame::SIZE_BYTES;

use crate::{
    broker::{OPEN_PORT, PROXY_PORT},
    golden::Golden,
    talker::read_frame,
};

/// What a broker takes by default (`socket.request.max.bytes`), and more than the clients' largest fetch.
const FRAME_BYTES_MAX: u32 = 100 << 20;

/// Takes connections for the client `who` until one comes while `is_over`.
pub(crate) fn serve<'s, 'e>(scope: &'s Scope<'s, 'e>, golden: &'e Golden, who: &'e str, is_over: &'e Mutex<bool>) {
    let listener = TcpListener::bind(("127.0.0.1", PROXY_PORT)).expect("the proxy's port is free");
    scope.spawn(move || {
        for client in listener.incoming() {
            if *is_over.lock().expect("nobody panics while holding it") {
                return;
            }
            let client = client.expect("a listener on 127.0.0.1 accepts");
            scope.spawn(move || {
                // A client that goes, or a broker that ends a connection, is no concern of the recording.
                let _ = carry(golden, who, &client);
                let _ = client.shutdown(Shutdown::Both);
            });
        }
    });
}

/// Wakes [`serve`], so that it ends.
pub(crate) fn end(is_over: &Mutex<bool>) {
    *is_over.lock().expect("nobody panics while holding it") = true;
    let _ = TcpStream::connect(("127.0.0.1", PROXY_PORT));
}

/// Carries both directions of one connection. A broker answers in the order of the requests.
fn carry(golden: &Golden, who: &str, client: &TcpStream) -> io::Result<()> {
    let broker = TcpStream::connect(("127.0.0.1", OPEN_PORT))?;
    let asked: Mutex<VecDeque<Vec<u8>>> = Mutex::default();
    std::thread::scope(|scope| {
        let answers = scope.spawn(|| {
            let carried = carry_answers(golden, who, &broker, client, &asked);
            let _ = client.shutdown(Shutdown::Both);
            carried
        });
        let carried = carry_requests(client, &broker, &asked);
        let _ = broker.shutdown(Shutdown::Write);
        answers.join().expect("carrying does not panic").and(carried)
    })
}

fn carry_requests(mut client: &TcpStream, mut broker: &TcpStream, asked: &Mutex<VecDeque<Vec<u8>>>) -> io::Result<()> {
    loop {
        let request = read_frame(&mut client, FRAME_BYTES_MAX)?;
        asked.lock().expect("nobody panics while holding it").push_back(request.clone());
        broker.write_all(&request)?;
    }
}

fn carry_answers(
    golden: &Golden,
    who: &str,
    mut broker: &TcpStream,
    mut client: &TcpStream,
    asked: &Mutex<VecDeque<Vec<u8>>>,
) -> io::Result<()> {
    loop {
        let response = read_frame(&mut broker, FRAME_BYTES_MAX)?;
        let mut asked = asked.lock().expect("nobody panics while holding it");
        // Who produces with acks=0 gets no answer, so that the next one is that of a later request.
        let answered = asked.iter().position(|request| is_answer(request, &response));
        if let Some(request) = answered.and_then(|place| asked.drain(..=place).next_back()) {
            golden.keep(who, &request, &response);
        }
        drop(asked);
        client.write_all(&response)?;
    }
}

/// Whether the correlation id is the request's, which has an API key and a version before it.
fn is_answer(request: &[u8], response: &[u8]) -> bool {
    let asked = request.get(SIZE_BYTES + 4..SIZE_BYTES + 8);
    asked.is_some() && asked == response.get(SIZE_BYTES..SIZE_BYTES + 4)
}
