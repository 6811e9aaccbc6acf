//! The TCP connection under everything: it has a place on the porch, and a client that takes nothing loses it.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{
    counts::{Reason, Shared},
    limits,
};

/// A TCP connection that fails when its client stops taking what it is owed. TLS lies above it, so what counts is what the kernel
/// took, not what was encrypted.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Runs while a write waits for the client.
    stall: Option<Pin<Box<Sleep>>>,
    porch: Arc<Shared>,
}

impl Socket {
    /// Takes a place on the porch, and gives it back when dropped.
    pub(crate) fn new(stream: TcpStream, porch: Arc<Shared>) -> Self {
        porch.open.fetch_add(1, Ordering::Relaxed);
        Self { stream, stall: None, porch }
    }

    pub(crate) fn porch(&self) -> &Arc<Shared> {
        &self.porch
    }

    /// The first byte that the client sends, which stays to be read; `None` if it left without one.
    pub(crate) async fn first_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        Ok((self.stream.peek(&mut byte).await? == 1).then_some(byte[0]))
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
        // Keeps the timer from being polled after it was ready.
        self.stall = None;
        self.porch.refuse(Reason::Stalled);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
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

impl Drop for Socket {
    fn drop(&mut self) {
        self.porch.open.fetch_sub(1, Ordering::Relaxed);
    }
}
