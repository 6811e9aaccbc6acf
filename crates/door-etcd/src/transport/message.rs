//! gRPC's framing of a request: messages behind a flag and a length, taken out of HTTP/2's data frames.
//!
//! A message's size is checked before its bytes are waited for. One that came whole in one data frame is not copied. What is
//! unfinished counts against a budget that all streams of a connection share, so that a client cannot make this side hold more.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tonic::Status;

/// Bytes before a message: flag and length.
const PREFIX_BYTES: usize = 5;

/// The messages of one request.
pub(crate) struct Messages<B> {
    body: B,
    /// What came of the next message, prefix included.
    left: Bytes,
    bytes_max: usize,
    budget: Arc<Semaphore>,
}

impl<B> Messages<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    pub(crate) fn new(body: B, bytes_max: usize, budget: Arc<Semaphore>) -> Self {
        Self { body, left: Bytes::new(), bytes_max, budget }
    }

    /// The next message's bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        while self.left.len() < PREFIX_BYTES {
            let Some(more) = self.frame().await? else {
                return if self.left.is_empty() { Ok(None) } else { Err(cut()) };
            };
            self.left = join(&self.left, more);
        }
        let len = self.length()?;
        if self.left.len() - PREFIX_BYTES < len {
            self.finish(len).await?;
        }
        self.left.advance(PREFIX_BYTES);
        Ok(Some(self.left.split_to(len)))
    }

    /// The one message of a unary request.
    pub(crate) async fn only(&mut self) -> Result<Bytes, Status> {
        let message = self.next().await?.ok_or_else(|| Status::internal("the request carries no message"))?;
        let more = !self.left.is_empty() || (!self.body.is_end_stream() && self.next().await?.is_some());
        if more { Err(Status::internal("the request carries more than one message")) } else { Ok(message) }
    }

    fn length(&self) -> Result<usize, Status> {
        let mut prefix = &self.left[..PREFIX_BYTES];
        if prefix.get_u8() != 0 {
            return Err(Status::internal("grpc: compressed flag set with identity or empty encoding"));
        }
        let len = prefix.get_u32() as usize;
        if len > self.bytes_max {
            let text = format!("grpc: received message larger than max ({len} vs. {})", self.bytes_max);
            return Err(Status::resource_exhausted(text));
        }
        Ok(len)
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
            gathered.extend_from_slice(&self.frame().await?.ok_or_else(cut)?);
        }
        self.left = gathered.freeze();
        Ok(())
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, Status> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| Status::cancelled(format!("the request broke off: {error}")))?;
            // Trailers say nothing to a gRPC server.
            if let Ok(data) = frame.into_data()
                && !data.is_empty()
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
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
