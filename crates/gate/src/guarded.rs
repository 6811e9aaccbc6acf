//! One admitted connection, with its deadlines.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use crate::{limits, porch::Shared};

/// A TCP connection that ends by itself when the client is silent at first or stops taking what it is owed.
///
/// Dropping it gives its place on the porch back.
pub struct Guarded {
    stream: TcpStream,
    peer: SocketAddr,
    /// Runs until the first byte came.
    silence: Option<Pin<Box<Sleep>>>,
    /// Runs while a write waits for the client.
    stall: Option<Pin<Box<Sleep>>>,
    porch: Arc<Shared>,
}

impl Guarded {
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr, porch: Arc<Shared>) -> Self {
        Self { stream, peer, silence: Some(Box::pin(sleep(limits::FIRST_BYTE_TIMEOUT))), stall: None, porch }
    }

    /// Who is on the other side.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Passes a write's outcome on, unless it has been waiting for the client for too long.
    fn watch_stall<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(limits::WRITE_STALL_TIMEOUT)));
        if stall.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        count(&self.porch.stalled);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.silence = None;
            return read;
        }
        let Some(silence) = self.silence.as_mut() else { return Poll::Pending };
        if silence.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Keeps the timer from being polled after it was ready.
        silence.as_mut().reset(Instant::now() + limits::FIRST_BYTE_TIMEOUT);
        count(&self.porch.silent);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client said nothing")))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch_stall(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch_stall(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.porch.open.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
