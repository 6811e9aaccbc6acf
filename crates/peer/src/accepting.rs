//! The door for peers: accepts, shakes hands, and starts what was admitted.

use std::{io, sync::Arc};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    connection::Connection,
    error::Lost,
    handshake::{self, Failed},
    limits,
    refusal::{Refusal, Refused},
    shared::Shared,
    start,
};

/// Accepts peers until told to stop or until the listener is broken. Handshakes that are under way end with it.
pub(crate) async fn run(shared: Arc<Shared>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut handshakes = JoinSet::new();
    loop {
        while handshakes.try_join_next().is_some() {}
        if handshakes.len() >= limits::HANDSHAKES_MAX {
            // Each ends within its time. The kernel's queue holds the others back.
            tokio::select! {
                _ = handshakes.join_next() => continue,
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, address)) => {
                let shared = shared.clone();
                handshakes.spawn(async move {
                    if let Err(failed) = admit(&shared, stream).await {
                        shared.count_failed(&failed);
                        tracing::debug!("a connection from {address} was not admitted: {failed}");
                    }
                });
            }
            // The peer was gone before it was accepted, or descriptors are lacking, which others' ends will mend.
            Err(error) => {
                tracing::debug!("accepting a peer failed: {error}");
                sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn admit(shared: &Arc<Shared>, stream: TcpStream) -> Result<(), Failed> {
    stream.set_nodelay(true)?;
    let shaken = async {
        let mut wire = shared.tls.accept(stream).await?;
        let terms = handshake::welcome(shared, &mut wire).await?;
        Ok::<_, Failed>((terms, wire))
    };
    let shaken = timeout(shared.options.handshake_timeout, shaken).await;
    let (terms, wire) = shaken.map_err(|_| Failed::Refused(Refused::here(Refusal::Timeout, "the handshake took too long")))??;
    let connection = Arc::new(Connection::new(terms, shared.clone()));
    if let Some(former) = shared.keep(connection.clone()) {
        former.close(Lost::new(io::ErrorKind::ConnectionReset, "the peer dialled anew"));
    }
    start(&connection, wire);
    // Nobody may be waiting for it.
    let _ = shared.arrivals.send(connection.terms.peer);
    Ok(())
}
