//! Answers: what a call came to, and gRPC's framing of it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use prost::Message;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};
use tonic::{Code, Status};

use super::method::Method;
use crate::{
    Metrics,
    limits::{ANSWER_BYTES_MAX, GATHERED_BYTES, UNTAKEN_BYTES_PER_CONNECTION},
    pb,
};

/// Bytes before a message: flag and length.
pub(crate) const PREFIX_BYTES: usize = 5;

/// Encoded messages, one by one.
pub(crate) type Encoded = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// What a call came to.
pub(crate) enum Reply {
    /// It is no gRPC.
    NotFound,
    /// A refusal: the status travels in the head, and nothing follows.
    Refused(Status),
    /// One small message, which is encoded when it is written, and its length.
    Small(Answer, usize),
    /// One large message behind its prefix.
    Large(Bytes),
    /// Messages as they come.
    Messages(Box<Outgoing>),
}

/// A message that has not been encoded yet.
pub(crate) enum Answer {
    Range(pb::RangeResponse),
    Put(pb::PutResponse),
    Txn(pb::TxnResponse),
    /// That of a method which is not frequent.
    Other(Box<dyn Encode + Send>),
}

/// What can be encoded, whatever its type.
pub(crate) trait Encode {
    fn len(&self) -> usize;
    fn write(&self, out: &mut Vec<u8>);
}

impl<M: Message> Encode for M {
    fn len(&self) -> usize {
        self.encoded_len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.encode_raw(out);
    }
}

impl Answer {
    pub(crate) fn other(message: impl Message + 'static) -> Answer {
        Answer::Other(Box::new(message))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Answer::Range(message) => message.encoded_len(),
            Answer::Put(message) => message.encoded_len(),
            Answer::Txn(message) => message.encoded_len(),
            Answer::Other(message) => message.len(),
        }
    }

    /// Appends prefix and message, whose length is `len`.
    pub(crate) fn write(&self, len: usize, out: &mut Vec<u8>) {
        put_prefix(out, len);
        match self {
            Answer::Range(message) => message.encode_raw(out),
            Answer::Put(message) => message.encode_raw(out),
            Answer::Txn(message) => message.encode_raw(out),
            Answer::Other(message) => message.write(out),
        }
    }
}

impl From<pb::RangeResponse> for Answer {
    fn from(message: pb::RangeResponse) -> Answer {
        Answer::Range(message)
    }
}

impl From<pb::PutResponse> for Answer {
    fn from(message: pb::PutResponse) -> Answer {
        Answer::Put(message)
    }
}

impl From<pb::TxnResponse> for Answer {
    fn from(message: pb::TxnResponse) -> Answer {
        Answer::Txn(message)
    }
}

/// A piece of an answer that has many messages.
pub(crate) enum Piece {
    Data(Bytes),
    End(Status),
}

/// What ends a stream of messages that does not end by itself.
pub(crate) struct Ending {
    /// The client's deadline.
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
    /// The door closes, or what the stream requires is lost.
    pub(crate) over: Pin<Box<dyn Future<Output = Status> + Send>>,
}

/// A stream of messages on its way out.
pub(crate) struct Outgoing {
    stream: Encoded,
    ending: Ending,
    /// A large message whose prefix went out before it.
    next: Option<Bytes>,
    /// The status that the stream ended with, once it did.
    ended: Option<Status>,
    counted: Counted,
}

/// Counts a call's end once, as cancelled if nothing else is said before it is dropped.
pub(crate) struct Counted {
    metrics: Arc<Metrics>,
    method: Method,
    code: Code,
}

/// Counts messages that arrive for a call.
pub(crate) struct Arrivals {
    metrics: Arc<Metrics>,
    method: Method,
}

impl Arrivals {
    pub(crate) fn count(&self, bytes: usize) {
        self.metrics.received(self.method, bytes);
    }
}

impl Counted {
    pub(crate) fn start(metrics: Arc<Metrics>, method: Method) -> Self {
        metrics.started(method);
        Self { metrics, method, code: Code::Cancelled }
    }

    pub(crate) fn end(&mut self, code: Code) {
        self.code = code;
    }

    /// What counts the messages that arrive for this call.
    pub(crate) fn arrivals(&self) -> Arrivals {
        Arrivals { metrics: self.metrics.clone(), method: self.method }
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.metrics.sent(self.method, bytes);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.handled(self.method, self.code);
    }
}

/// Room for large answers that a connection's client has not taken yet, in KiB. Small ones do not count.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// KiB of untaken answers on one connection.
const ROOM_KIB: u32 = (UNTAKEN_BYTES_PER_CONNECTION / 1024) as u32;

impl Default for Room {
    fn default() -> Self {
        Room(Arc::new(Semaphore::new(ROOM_KIB as usize)))
    }
}

impl Room {
    /// Waits until the client has taken enough of what it was answered before. Whoever asks for more than there is at all has
    /// the room alone.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes <= GATHERED_BYTES {
            return None;
        }
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(ROOM_KIB).min(ROOM_KIB);
        self.0.clone().acquire_many_owned(kib).await.ok()
    }
}

/// An answer of one message, or a refusal. A large one is encoded only when there is room for it.
pub(crate) async fn unary(outcome: Result<Answer, Status>, room: &Room, mut counted: Counted) -> Reply {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(status) => return refusal(status, counted),
    };
    let len = answer.len();
    if len <= GATHERED_BYTES {
        return small(answer, len, counted);
    }
    let held = room.take(len).await;
    match frame(&answer, len) {
        Ok(framed) => {
            counted.sent(len);
            counted.end(Code::Ok);
            Reply::Large(Bytes::from_owner(Held { framed, _room: held }))
        }
        Err(status) => refusal(status, counted),
    }
}

/// An answer of one small message.
pub(crate) fn small(answer: Answer, len: usize, mut counted: Counted) -> Reply {
    counted.sent(len);
    counted.end(Code::Ok);
    Reply::Small(answer, len)
}

/// A large message, and its room until all of it was taken or given up.
struct Held {
    framed: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.framed
    }
}

/// An answer of many messages.
pub(crate) fn messages(stream: Encoded, ending: Ending, counted: Counted) -> Reply {
    Reply::Messages(Box::new(Outgoing { stream, ending, next: None, ended: None, counted }))
}

/// A refusal of a call.
pub(crate) fn refusal(status: Status, mut counted: Counted) -> Reply {
    counted.end(status.code());
    Reply::Refused(status)
}

/// A message behind its flag and length.
fn frame(answer: &Answer, len: usize) -> Result<Vec<u8>, Status> {
    if len > ANSWER_BYTES_MAX {
        let text = format!("grpc: trying to send message larger than max ({len} vs. {ANSWER_BYTES_MAX})");
        return Err(Status::resource_exhausted(text));
    }
    let mut out = Vec::with_capacity(PREFIX_BYTES + len);
    answer.write(len, &mut out);
    Ok(out)
}

fn put_prefix(out: &mut impl BufMut, len: usize) {
    out.put_u8(0);
    out.put_u32(u32::try_from(len).expect("answers are bounded far below 4 GiB"));
}

/// gRPC's encoding of a status text: visible ASCII stands for itself, but for the percent sign.
pub(crate) fn percent_encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

impl Outgoing {
    /// The next piece: all small messages that are ready, or the prefix of a large one, or the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Piece> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Piece::Data(next));
        }
        let mut gathered = BytesMut::new();
        while self.ended.is_none() {
            match self.stream.poll_next_unpin(cx) {
                Poll::Pending if gathered.is_empty() => match self.ending.poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(status) => self.ended = Some(status),
                },
                Poll::Pending => break,
                Poll::Ready(None) => self.ended = Some(Status::ok("")),
                Poll::Ready(Some(Err(status))) => self.ended = Some(status),
                Poll::Ready(Some(Ok(message))) => {
                    self.counted.sent(message.len());
                    put_prefix(&mut gathered, message.len());
                    if message.len() > GATHERED_BYTES {
                        self.next = Some(message);
                        break;
                    }
                    gathered.extend_from_slice(&message);
                    if gathered.len() > GATHERED_BYTES {
                        break;
                    }
                }
            }
        }
        if !gathered.is_empty() {
            return Poll::Ready(Piece::Data(gathered.freeze()));
        }
        let status = self.ended.clone().unwrap_or_else(|| Status::ok(""));
        self.counted.end(status.code());
        Poll::Ready(Piece::End(status))
    }
}

impl Ending {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if let Poll::Ready(status) = self.over.as_mut().poll(cx) {
            return Poll::Ready(status);
        }
        let is_late = self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready());
        if is_late { Poll::Ready(late()) } else { Poll::Pending }
    }
}

/// The client's deadline has passed.
pub(crate) fn late() -> Status {
    Status::deadline_exceeded("context deadline exceeded")
}

#[cfg(test)]
mod tests;
