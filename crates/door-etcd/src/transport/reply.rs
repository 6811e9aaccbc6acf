//! gRPC's framing of an answer: messages as data frames, the status as trailers.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use prost::Message;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};
use tonic::{Code, Status};

use super::method::Method;
use crate::{
    Metrics,
    limits::{ANSWER_BYTES_MAX, GATHERED_BYTES, SLICE_BYTES, UNTAKEN_BYTES_PER_CONNECTION},
};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const CONTENT_TYPE_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// Bytes before a message: flag and length.
const PREFIX_BYTES: usize = 5;

/// Encoded messages, one by one.
pub(crate) type Encoded = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// The body of an answer.
pub(crate) enum Reply {
    /// Nothing.
    Empty,
    /// One message and the end.
    Message {
        data: Option<Bytes>,
        /// Held until the message is handed over.
        _room: Option<OwnedSemaphorePermit>,
    },
    /// Messages as they come.
    Messages(Box<Messages>),
}

/// What ends a stream of messages that does not end by itself.
pub(crate) struct Ending {
    /// The client's deadline.
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
    /// The door closes.
    pub(crate) closed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// A stream of messages on its way out.
pub(crate) struct Messages {
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

    fn sent(&self, bytes: usize) {
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
pub(crate) async fn unary<M: Message>(outcome: Result<M, Status>, room: &Room, mut counted: Counted) -> Response<Reply> {
    let framed = match outcome {
        Ok(message) => {
            let held = room.take(message.encoded_len()).await;
            frame(&message).map(|framed| (framed, held))
        }
        Err(status) => Err(status),
    };
    match framed {
        Ok((framed, held)) => {
            counted.sent(framed.len() - PREFIX_BYTES);
            counted.end(Code::Ok);
            answer(Reply::Message { data: Some(framed), _room: held })
        }
        Err(status) => refusal(&status, counted),
    }
}

/// An answer of many messages.
pub(crate) fn messages(stream: Encoded, ending: Ending, counted: Counted) -> Response<Reply> {
    answer(Reply::Messages(Box::new(Messages { stream, ending, next: None, ended: None, counted })))
}

/// A refusal: the status travels in the head, and nothing follows.
pub(crate) fn refusal(status: &Status, mut counted: Counted) -> Response<Reply> {
    counted.end(status.code());
    refused(status)
}

/// A refusal of something that is no method.
pub(crate) fn refused(status: &Status) -> Response<Reply> {
    let mut response = answer(Reply::Empty);
    put_status(response.headers_mut(), status);
    response
}

fn answer(reply: Reply) -> Response<Reply> {
    let mut response = Response::new(reply);
    response.headers_mut().insert(CONTENT_TYPE, CONTENT_TYPE_GRPC);
    response
}

/// A message behind its flag and length.
fn frame(message: &impl Message) -> Result<Bytes, Status> {
    let len = message.encoded_len();
    if len > ANSWER_BYTES_MAX {
        let text = format!("grpc: trying to send message larger than max ({len} vs. {ANSWER_BYTES_MAX})");
        return Err(Status::resource_exhausted(text));
    }
    let mut out = BytesMut::with_capacity(PREFIX_BYTES + len);
    put_prefix(&mut out, len);
    message.encode_raw(&mut out);
    Ok(out.freeze())
}

fn put_prefix(out: &mut BytesMut, len: usize) {
    out.put_u8(0);
    out.put_u32(u32::try_from(len).expect("answers are bounded far below 4 GiB"));
}

fn put_status(headers: &mut HeaderMap, status: &Status) {
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code() as i32));
    if !status.message().is_empty()
        && let Ok(message) = HeaderValue::try_from(percent_encoded(status.message()))
    {
        headers.insert(GRPC_MESSAGE, message);
    }
}

/// gRPC's encoding of a status text: visible ASCII stands for itself, but for the percent sign.
fn percent_encoded(text: &str) -> String {
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

fn trailers(status: &Status) -> Frame<Bytes> {
    let mut trailers = HeaderMap::with_capacity(2);
    put_status(&mut trailers, status);
    Frame::trailers(trailers)
}

impl Messages {
    /// The next frame: all small messages that are ready, or the prefix of a large one, or the status.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(Frame::data(next)));
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
            return Poll::Ready(Some(Frame::data(gathered.freeze())));
        }
        let Some(status) = &self.ended else { return Poll::Pending };
        self.counted.end(status.code());
        Poll::Ready(Some(trailers(status)))
    }
}

impl Ending {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if self.closed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Status::unavailable("etcdserver: server stopped"));
        }
        let over = self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready());
        if over { Poll::Ready(late()) } else { Poll::Pending }
    }
}

/// The client's deadline has passed.
pub(crate) fn late() -> Status {
    Status::deadline_exceeded("context deadline exceeded")
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        match this {
            Reply::Empty => Poll::Ready(None),
            Reply::Message { data, .. } => Poll::Ready(Some(Ok(match data.take() {
                Some(mut whole) if whole.len() > 2 * SLICE_BYTES => {
                    let slice = whole.split_to(SLICE_BYTES);
                    *data = Some(whole);
                    Frame::data(slice)
                }
                Some(rest) => Frame::data(rest),
                None => {
                    *this = Reply::Empty;
                    trailers(&Status::ok(""))
                }
            }))),
            Reply::Messages(messages) => {
                let Poll::Ready(frame) = messages.poll_next(cx) else { return Poll::Pending };
                if frame.as_ref().is_some_and(Frame::is_trailers) {
                    *this = Reply::Empty;
                }
                Poll::Ready(frame.map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Empty)
    }
}

#[cfg(test)]
mod tests;
