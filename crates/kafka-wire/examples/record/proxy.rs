//! Stands before the broker and records what clients ask and are answered.

use std::{
    collections::VecDeque,
    io::{self, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Mutex,
    thread::Scope,
};

use kafka_wire::{
    ApiKey,
    frame::{Request, SIZE_BYTES},
    messages::produce::ProduceRequest,
};

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
        let bytes = request.clone();
        if is_answered(&request) {
            asked.lock().expect("nobody panics while holding it").push_back(request);
        }
        broker.write_all(&bytes)?;
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
        let request = asked.lock().expect("nobody panics while holding it").pop_front();
        if let Some(request) = request {
            golden.keep(who, &request, &response);
        }
        client.write_all(&response)?;
    }
}

/// Who produces with acks=0 gets no answer.
fn is_answered(request: &[u8]) -> bool {
    let Ok(request) = Request::parse(&request[SIZE_BYTES..]) else { return true };
    let is_silent = |request: &Request<'_>| request.decode::<ProduceRequest<'_>>().is_ok_and(|produce| produce.acks == 0);
    request.api.key != ApiKey::Produce || !is_silent(&request)
}
