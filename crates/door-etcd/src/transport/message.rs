//! gRPC's framing of a request: messages behind a flag and a length, taken out of HTTP/2's data frames.
//!
//! A message's size is checked before its bytes are waited for. One that came whole in one data frame is not copied. What is
//! unfinished counts against a budget that all streams of a connection share, so that a client cannot make this side hold more.

use std::{future::poll_fn, sync::Arc};

use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::Semaphore;
use tonic::Status;

use super::inbox::Inbox;

/// Bytes before a message: flag and length.
const PREFIX_BYTES: usize = 5;

/// A request's body.
pub(crate) enum Body {
    /// All of it is here, in one piece.
    Whole(Bytes),
    /// It is still coming, or came in pieces.
    Coming(Inbox),
}

/// The messages of one request.
pub(crate) struct Messages {
    /// What is still to come.
    inbox: Option<Inbox>,
    /// What came of the next message, prefix included.
    left: Bytes,
    bytes_max: usize,
    budget: Arc<Semaphore>,
}

impl Messages {
    pub(crate) fn new(body: Body, bytes_max: usize, budget: Arc<Semaphore>) -> Self {
        let (inbox, left) = match body {
            Body::Whole(left) => (None, left),
            Body::Coming(inbox) => (Some(inbox), Bytes::new()),
        };
        Self { inbox, left, bytes_max, budget }
    }

    /// Whether nothing has to be waited for.
    pub(crate) fn are_here(&self) -> bool {
        self.inbox.is_none()
    }

    /// The next message's bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        while self.left.len() < PREFIX_BYTES {
            let Some(more) = self.more().await else {
                return if self.left.is_empty() { Ok(None) } else { Err(cut()) };
            };
            self.left = join(&self.left, more);
        }
        let len = length(&self.left, self.bytes_max)?;
        if self.left.len() - PREFIX_BYTES < len {
            self.finish(len).await?;
        }
        self.left.advance(PREFIX_BYTES);
        Ok(Some(self.left.split_to(len)))
    }

    /// The one message of a unary request.
    pub(crate) async fn only(&mut self) -> Result<Bytes, Status> {
        let message = self.next().await?.ok_or_else(missing)?;
        let over = self.left.is_empty() && self.inbox.as_ref().is_none_or(Inbox::is_over);
        if !over && (!self.left.is_empty() || self.next().await?.is_some()) { Err(several()) } else { Ok(message) }
    }

    /// Waits for the rest of a message of which a part is there.
    async fn finish(&mut self, len: usize) -> Result<(), Status> {
        let permits = u32::try_from(len).unwrap_or(u32::MAX);
        let _held = self.budget.clone().acquire_many_owned(permits).await.map_err(|_| cut())?;
        let whole = PREFIX_BYTES + len;
        let mut gathered = BytesMut::with_capacity(whole);
        gathered.extend_from_slice(&self.left);
        self.left = Bytes::new();
        while gathered.len() < whole {
            gathered.extend_from_slice(&self.more().await.ok_or_else(cut)?);
        }
        self.left = gathered.freeze();
        Ok(())
    }

    async fn more(&mut self) -> Option<Bytes> {
        let inbox = self.inbox.as_ref()?;
        poll_fn(|cx| inbox.poll_take(cx)).await
    }
}

/// The one message of a request whose body is here as a whole.
pub(crate) fn only(mut body: Bytes, bytes_max: usize) -> Result<Bytes, Status> {
    if body.is_empty() {
        return Err(missing());
    }
    if body.len() < PREFIX_BYTES {
        return Err(cut());
    }
    let len = length(&body, bytes_max)?;
    body.advance(PREFIX_BYTES);
    match body.len().cmp(&len) {
        std::cmp::Ordering::Less => Err(cut()),
        std::cmp::Ordering::Equal => Ok(body),
        std::cmp::Ordering::Greater => Err(several()),
    }
}

/// The length that a message's prefix tells.
fn length(prefix: &[u8], bytes_max: usize) -> Result<usize, Status> {
    let mut prefix = &prefix[..PREFIX_BYTES];
    if prefix.get_u8() != 0 {
        return Err(Status::internal("grpc: compressed flag set with identity or empty encoding"));
    }
    let len = prefix.get_u32() as usize;
    if len > bytes_max {
        return Err(Status::resource_exhausted(format!("grpc: received message larger than max ({len} vs. {bytes_max})")));
    }
    Ok(len)
}

fn missing() -> Status {
    Status::internal("the request carries no message")
}

fn several() -> Status {
    Status::internal("the request carries more than one message")
}

fn cut() -> Status {
    Status::internal("the request ends within a message")
}

fn join(first: &Bytes, more: Bytes) -> Bytes {
    if first.is_empty() {
        return more;
    }
    let mut joined = BytesMut::with_capacity(first.len() + more.len());
    joined.extend_from_slice(first);
    joined.extend_from_slice(&more);
    joined.freeze()
}
