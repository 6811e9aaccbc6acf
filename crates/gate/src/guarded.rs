//! One admitted connection, with its deadlines, in plain text or over TLS.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use crate::{
    Peer,
    arrival::{TLS_HANDSHAKE, refuse},
    counts::{Reason, Shared},
    limits,
    socket::Socket,
};

/// A connection that ends by itself when the client is silent at first or stops taking what it is owed. What is written may be
/// held back by TLS until it is flushed.
///
/// Dropping it gives its place on the porch back.
pub struct Guarded {
    stream: Stream,
    peer: Peer,
    /// Runs until the first byte came; behind TLS, the first one after the handshake.
    silence: Option<Pin<Box<Sleep>>>,
}

/// What carries the bytes.
enum Stream {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Guarded {
    pub(crate) fn plain(socket: Socket, peer: Peer) -> Self {
        Self::new(Stream::Plain(socket), peer)
    }

    pub(crate) fn secured(stream: TlsStream<Socket>, peer: Peer) -> Self {
        Self::new(Stream::Tls(Box::new(stream)), peer)
    }

    fn new(stream: Stream, peer: Peer) -> Self {
        Self { stream, peer, silence: Some(Box::pin(sleep(limits::FIRST_BYTE_TIMEOUT))) }
    }

    /// Who is on the other side.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    fn porch(&self) -> &Shared {
        match &self.stream {
            Stream::Plain(socket) => socket.porch(),
            Stream::Tls(stream) => stream.get_ref().0.porch(),
        }
    }

    /// The first bytes have come. A client that speaks TLS to a plain door would only be told that its bytes are bad.
    fn begin(&mut self, read: &[u8]) -> io::Result<()> {
        self.silence = None;
        if matches!(self.stream, Stream::Plain(_)) && read.first() == Some(&TLS_HANDSHAKE) {
            let text =
                "the client speaks TLS, and this door speaks plain text: it needs an http:// address, or the door certificates";
            return Err(refuse(self.porch(), self.peer.address, Reason::TlsToPlain, text));
        }
        Ok(())
    }

    fn watch_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(silence) = self.silence.as_mut() else { return Poll::Pending };
        ready!(silence.as_mut().poll(cx));
        // Keeps the timer from being polled after it was ready.
        silence.as_mut().reset(Instant::now() + limits::FIRST_BYTE_TIMEOUT);
        self.porch().refuse(Reason::Silent);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client said nothing")))
    }
}

impl Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => poll_records(stream, cx, buf),
        }
    }
}

/// Reads as many records as there are. One call to TLS gives one, and a client that sends many requests at once may put each into
/// its own; doors answer together what came together.
fn poll_records(stream: &mut TlsStream<Socket>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    let before = buf.filled().len();
    loop {
        let had = buf.filled().len();
        let read = Pin::new(&mut *stream).poll_read(cx, buf);
        let has_more = matches!(read, Poll::Ready(Ok(()))) && buf.filled().len() > had && buf.remaining() > 0;
        if has_more {
            continue;
        }
        // What came before an end or a fault is taken first: both come again.
        return if buf.filled().len() > before { Poll::Ready(Ok(())) } else { read };
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match self.stream.poll_read(cx, buf) {
            Poll::Ready(Ok(())) if self.silence.is_some() => Poll::Ready(self.begin(&buf.filled()[before..])),
            Poll::Pending => self.watch_silence(cx),
            read => read,
        }
    }
}

/// Passes a call on to whichever stream it is.
macro_rules! with_stream {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().stream {
            Stream::Plain(socket) => {
                let $stream = Pin::new(socket);
                $call
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(socket) => socket.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => stream.poll_shutdown(cx))
    }
}
