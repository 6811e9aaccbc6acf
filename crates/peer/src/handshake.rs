//! The handshake over a wire: hello, welcome, ready; or a refusal from either side.

use std::{fmt, io};

use base::NodeId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Channel,
    connection::Terms,
    hello::{HEAD_BYTES, Hello, Message, malformed},
    refusal::{Refusal, Refused},
    shared::Shared,
    wire::{Duplex, Wire},
};

/// Why a handshake did not come to its end.
#[derive(Debug)]
pub(crate) enum Failed {
    /// One side did not want the other.
    Refused(Refused),
    /// The wire broke.
    Io(io::Error),
}

impl Failed {
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Refused(Refused { reason: Refusal::Timeout, .. }) => io::ErrorKind::TimedOut,
            Self::Refused(_) => io::ErrorKind::PermissionDenied,
            Self::Io(error) => error.kind(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<io::Error> for Failed {
    /// With TLS 1.3 a client hears only when it reads that its certificate was refused.
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Refused(tls_refused(tls)),
            None => Self::Io(error),
        }
    }
}

/// A refusal out of a TLS error, which says what to look at.
pub(crate) fn tls_refused(error: &(dyn fmt::Display + Sync)) -> Refused {
    let text = format!("TLS failed: {error}; do both nodes have the same cluster secret, or certificates of one authority?");
    Refused::here(Refusal::Tls, text)
}

/// The dialling side. On success frames may follow at once.
pub(crate) async fn greet(shared: &Shared, wire: &mut Wire, to: NodeId, channel: Channel) -> Result<Terms, Failed> {
    let identity = &shared.identity;
    send(wire.duplex(), &Message::Hello(identity.hello(to, channel, 0))).await?;
    let welcome = match receive(wire.duplex()).await? {
        Message::Welcome(welcome) => welcome,
        Message::Refuse(reason, text) => return Err(Refused { reason, text, by_peer: true }.into()),
        _ => return Err(refuse(wire, malformed("the peer answered a hello with something else")).await),
    };
    let judged = identity.judge_welcome(&welcome, to, channel, &*shared.roster);
    match judged.and_then(|version| shared.tls.check_identity(wire, identity.cluster, to).map(|()| version)) {
        Ok(version) => {
            send(wire.duplex(), &Message::Ready).await?;
            Ok(terms(&welcome, version, true))
        }
        Err(refused) => Err(refuse(wire, refused).await),
    }
}

/// The accepting side.
pub(crate) async fn welcome(shared: &Shared, wire: &mut Wire) -> Result<Terms, Failed> {
    let identity = &shared.identity;
    let hello = match receive(wire.duplex()).await {
        Ok(Message::Hello(hello)) => hello,
        Ok(_) => return Err(refuse(wire, malformed("a handshake begins with a hello")).await),
        Err(Failed::Refused(refused)) => return Err(refuse(wire, refused).await),
        Err(failed) => return Err(failed),
    };
    let judged = identity.judge_hello(&hello, &*shared.roster);
    let judged = judged.and_then(|version| shared.tls.check_identity(wire, identity.cluster, hello.node).map(|()| version));
    match judged.and_then(|version| shared.has_place(hello.node, hello.channel).map(|()| version)) {
        Ok(version) => {
            send(wire.duplex(), &Message::Welcome(identity.hello(hello.node, hello.channel, version))).await?;
            match receive(wire.duplex()).await? {
                Message::Ready => Ok(terms(&hello, version, false)),
                Message::Refuse(reason, text) => Err(Refused { reason, text, by_peer: true }.into()),
                _ => Err(malformed("the peer answered a welcome with something else").into()),
            }
        }
        Err(refused) => Err(refuse(wire, refused).await),
    }
}

fn terms(hello: &Hello, version: u16, dialled: bool) -> Terms {
    let Hello { node, name, channel, .. } = hello;
    tracing::debug!("connected with node {node:x} ({name:?}, {channel}, version {version})");
    // More credit than this is never of use, and tokio's semaphores count less than 2^29 at once.
    let credit = (hello.credit as usize).min(1 << 28);
    Terms { peer: hello.node, channel: hello.channel, version, credit, dialled }
}

/// Tells the other side why, as well as may be.
pub(crate) async fn refuse(wire: &mut Wire, refused: Refused) -> Failed {
    let _ = send(wire.duplex(), &Message::Refuse(refused.reason, refused.text.clone())).await;
    let _ = wire.duplex().shutdown().await;
    Failed::Refused(refused)
}

async fn send(wire: &mut dyn Duplex, message: &Message) -> io::Result<()> {
    wire.write_all(&message.encode()).await?;
    wire.flush().await
}

/// Takes no byte more than the message has: frames may follow it.
async fn receive(wire: &mut dyn Duplex) -> Result<Message, Failed> {
    let mut bytes = vec![0; HEAD_BYTES];
    wire.read_exact(&mut bytes).await.map_err(hung_up)?;
    let head = bytes.first_chunk().expect("the head was read whole");
    let rest = Message::rest(head)?;
    bytes.resize(HEAD_BYTES + rest, 0);
    wire.read_exact(&mut bytes[HEAD_BYTES..]).await.map_err(hung_up)?;
    Ok(Message::decode(&bytes)?)
}

fn hung_up(error: io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            let text =
                "the peer hung up during the handshake; does it speak the same protocol, with TLS on both sides or on none?";
            Failed::Io(io::Error::new(io::ErrorKind::UnexpectedEof, text))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests;
