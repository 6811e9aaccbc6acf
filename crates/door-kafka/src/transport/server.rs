//! Accepting connections until the door closes.

use std::{future::Future, io, sync::Arc, time::Duration};

use gate::Porch;
use replica::runtime;
use tokio::task::JoinSet;

use super::connection::Connection;
use crate::{Door, security};

/// Serves connections until `stopped` completes; then those that are open may finish what is under way, for `grace`.
///
/// # Errors
/// When the listener itself is broken.
pub async fn serve(mut porch: Porch, door: Door, stopped: impl Future<Output = ()>, grace: Duration) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    // It ends with the door.
    drop(runtime::spawn(security::watch(Arc::downgrade(&door.shared))));
    tokio::pin!(stopped);
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
