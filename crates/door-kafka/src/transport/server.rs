//! Accepting connections until the door closes.

use std::{future::Future, io, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use gate::Porch;
use replica::runtime;
use tokio::task::JoinSet;

use super::connection::Connection;
use crate::{Door, security};

/// Serves connections until `stopped` completes; then those that are open may finish what is under way, for `grace`.
///
/// # Errors
/// When the listener itself is broken.
pub fn serve(
    porch: Porch,
    door: Door,
    stopped: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> BoxFuture<'static, io::Result<()>> {
    // Boxes keep the door's code in this crate: what is awaited, or generic, is compiled where it is used.
    serve_until(porch, door, Box::pin(stopped), grace)
}

fn serve_until(porch: Porch, door: Door, stopped: BoxFuture<'static, ()>, grace: Duration) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(accept(porch, door, stopped, grace))
}

async fn accept(mut porch: Porch, door: Door, mut stopped: BoxFuture<'static, ()>, grace: Duration) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    // It ends with the door.
    drop(runtime::spawn(security::watch(Arc::downgrade(&door.shared))));
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            accepted = porch.accept() => {
                let (arrival, door, stopping) = (accepted?, door.clone(), stopping.clone());
                connections.spawn(async move {
                    // Why somebody does not come in is counted at the porch.
                    let Ok(stream) = arrival.enter().await else { return };
                    Connection::serve(stream, door, stopping).await;
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(porch);
    stop.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Who does not come to an end in time is cut off.
    tokio::select! {
        biased;
        () = ended => {}
        () = runtime::sleep(grace) => {}
    }
    Ok(())
}
