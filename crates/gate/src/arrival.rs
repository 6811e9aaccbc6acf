//! A connection that was accepted and has not entered: its handshake is still to come.

use std::{io, net::SocketAddr};

use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::{
    Guarded, Peer, Tls, TlsPeer,
    counts::{Reason, Shared, count},
    limits,
    socket::Socket,
    tls::{ClientCertificate, refusal},
};

/// What the first byte of every TLS connection is: a record of the handshake (RFC 8446, section 5.1).
pub(crate) const TLS_HANDSHAKE: u8 = 0x16;

/// An accepted connection. [`Arrival::enter`] belongs into the connection's own task: nobody else may wait for its handshake.
///
/// Dropping it gives its place on the porch back.
pub struct Arrival {
    socket: Socket,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Arrival {
    pub(crate) fn new(socket: Socket, address: SocketAddr, tls: Option<Tls>) -> Self {
        Self { socket, address, tls }
    }

    /// Where it comes from.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does the TLS handshake, if the door has TLS, within [`limits::HANDSHAKE_TIMEOUT`].
    ///
    /// # Errors
    /// Why the client is turned away. It is counted and, now and then, logged already.
    pub async fn enter(self) -> io::Result<Guarded> {
        let Self { socket, address, tls } = self;
        let Some(tls) = tls else { return Ok(Guarded::plain(socket, Peer { address, tls: None })) };
        let porch = socket.porch().clone();
        match timeout(limits::HANDSHAKE_TIMEOUT, secure(socket, address, &tls, &porch)).await {
            Ok(entered) => entered,
            Err(_) => Err(refuse(&porch, address, Reason::SlowHandshake, "the client does not get done with its TLS handshake")),
        }
    }
}

async fn secure(socket: Socket, address: SocketAddr, tls: &Tls, porch: &Shared) -> io::Result<Guarded> {
    match socket.first_byte().await? {
        // Whoever only looks whether the port is open is no failure.
        None => return Err(io::ErrorKind::UnexpectedEof.into()),
        Some(TLS_HANDSHAKE) => {}
        Some(_) => {
            let text = "the client speaks plain text, and this door speaks TLS: it needs an https:// address and the authority's certificate";
            return Err(refuse(porch, address, Reason::PlainText, text));
        }
    }
    // Only who has begun to speak has a turn: the silent hold nobody up.
    let _turn = porch.handshakes.acquire().await.expect("it is never closed");
    let stream = match TlsAcceptor::from(tls.config()).accept(socket).await {
        Ok(stream) => stream,
        Err(error) => return Err(failed(porch, address, error)),
    };
    count(&porch.secured);
    let session = stream.get_ref().1;
    let leaf = session.peer_certificates().and_then(<[_]>::first);
    let certificate = leaf.map(ClientCertificate::read).transpose();
    let certificate = certificate.map_err(|error| refuse(porch, address, Reason::Certificate, &error))?;
    let peer = TlsPeer {
        server_name: session.server_name().map(str::to_ascii_lowercase),
        protocol: session.alpn_protocol().map(<[u8]>::to_vec),
        certificate,
    };
    Ok(Guarded::secured(stream, Peer { address, tls: Some(peer) }))
}

fn failed(porch: &Shared, address: SocketAddr, error: io::Error) -> io::Error {
    match refusal::of(&error) {
        Some((reason, text)) => refuse(porch, address, reason, &text),
        None => {
            porch.refuse(Reason::Handshake);
            error
        }
    }
}

/// Counts a client that is turned away, and logs it unless another one was logged just now.
pub(crate) fn refuse(porch: &Shared, address: SocketAddr, reason: Reason, text: &str) -> io::Error {
    porch.refuse(reason);
    if porch.may_log() {
        tracing::warn!(client = %address, reason = reason.name(), "a connection is refused: {text}");
    }
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}
