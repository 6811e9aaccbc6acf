//! One connection to a broker: requests in a pipeline, answers in their order.

use super::book::Book;
use super::limits::{CONNECT, FRAME_BYTES_MAX, REQUEST};
use kafka_wire::Message;
use kafka_wire::frame::{SIZE_BYTES, ask, frame_bytes};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Who waits for which answer, the oldest first; `None` once the connection has ended.
type Waiting = Arc<Mutex<Option<VecDeque<(i32, usize, oneshot::Sender<Vec<u8>>)>>>>;

/// A connection. Dropping it closes it, and whoever waits for an answer gets none.
#[derive(Debug)]
pub struct Link {
    writer: OwnedWriteHalf,
    waiting: Waiting,
    next: i32,
    reading: JoinHandle<()>,
}

impl Link {
    /// Connects to `host:port`; `None` if nobody is there.
    pub async fn open(address: &str, book: &Arc<Book>) -> Option<Self> {
        let stream = timeout(CONNECT, TcpStream::connect(address)).await.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        let (reader, writer) = stream.into_split();
        let waiting: Waiting = Arc::new(Mutex::new(Some(VecDeque::new())));
        let reading = tokio::spawn(read(reader, waiting.clone(), book.clone()));
        Some(Self { writer, waiting, next: 0, reading })
    }

    /// Sends a request, and gives where its answer will come: the message without its header. `None` if the connection has ended.
    pub async fn send<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> Option<oneshot::Receiver<Vec<u8>>> {
        let mut bytes = Vec::new();
        self.next += 1;
        ask(self.next, version, Some("ledger"), message, &mut bytes).expect("the ledger asks what can be asked");
        let api = M::API.expect("a request belongs to an API").api();
        // An answer's header is its correlation id, and in flexible versions one byte that says that no tags follow.
        let header = 4 + usize::from(api.response_header_version(version) >= 1);
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().expect("not poisoned").as_mut()?.push_back((self.next, header, sender));
        timeout(REQUEST, self.writer.write_all(&bytes)).await.ok()?.ok()?;
        Some(receiver)
    }

    /// Sends a request and waits so long for its answer.
    pub async fn ask_within<'m, M: Message<'m>>(&mut self, wait: Duration, version: i16, message: &M) -> Option<Vec<u8>> {
        let answer = self.send(version, message).await?;
        timeout(wait, answer).await.ok()?.ok()
    }

    /// Sends a request and waits for its answer as long as a client usually does.
    pub async fn ask<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> Option<Vec<u8>> {
        self.ask_within(REQUEST, version, message).await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.reading.abort();
        self.waiting.lock().expect("not poisoned").take();
    }
}

async fn read(mut reader: OwnedReadHalf, waiting: Waiting, book: Arc<Book>) {
    while let Some(frame) = frame(&mut reader).await {
        // Whoever let the link go is asked nothing more; an answer that was on its way then is nobody's fault.
        let Some(next) = waiting.lock().expect("not poisoned").as_mut().map(VecDeque::pop_front) else { return };
        let Some((correlation, header, sender)) = next else {
            book.fault("an answer came that nobody had asked for".to_owned());
            break;
        };
        let said = frame.first_chunk().map_or(-1, |id| i32::from_be_bytes(*id));
        if said != correlation || frame.len() < header {
            book.fault(format!("the answer to request {correlation} says that it belongs to {said}"));
            break;
        }
        // Who gave up does not listen any more.
        let _ = sender.send(frame[header..].to_vec());
    }
    waiting.lock().expect("not poisoned").take();
}

async fn frame(reader: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut size = [0; SIZE_BYTES];
    reader.read_exact(&mut size).await.ok()?;
    let mut frame = vec![0; frame_bytes(size, FRAME_BYTES_MAX).ok()?];
    reader.read_exact(&mut frame).await.ok()?;
    Some(frame)
}
