//! Accepting connections and serving them within limits.

use std::{io, sync::Arc};

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use gate::{Arrival, Guarded, Porch};
use replica::{Keyspace, Node};
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use super::{
    connection::Connection,
    dispatch::Dispatch,
    hello::{Hello, hello},
    old,
    reply::Room,
};
use crate::{Context, DoorOptions, Metrics, limits, watch::WatchBudget};

/// Serves etcd's clients on the porch until `stop` completes, then lets requests in flight finish for a while.
///
/// # Errors
/// A listener that is broken, or a key space that does not exist.
pub fn serve(
    porch: Porch,
    options: Arc<DoorOptions>,
    node: Node,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> BoxFuture<'static, io::Result<()>> {
    // Boxes keep the door's code in this crate: what is awaited, or generic, is compiled where it is used.
    serve_until(porch, options, node, metrics, Box::pin(stop))
}

fn serve_until(
    porch: Porch,
    options: Arc<DoorOptions>,
    node: Node,
    metrics: Arc<Metrics>,
    stop: BoxFuture<'static, ()>,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(accept(porch, options, node, metrics, stop))
}

async fn accept(
    mut porch: Porch,
    options: Arc<DoorOptions>,
    node: Node,
    metrics: Arc<Metrics>,
    mut stop: BoxFuture<'static, ()>,
) -> io::Result<()> {
    let (serving, state) = watch::channel(true);
    let context = Context::new(node, options, state).map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    let (lost, leaderless) = watch::channel(false);
    let looking = look_for_leader(context.keyspace.clone(), lost);
    let context = Context { leaderless, ..context };
    let (cut, _) = watch::channel(false);
    let connections = Connections { context: Arc::new(context), metrics, cut: cut.clone() };
    let mut looking = std::pin::pin!(looking);
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = &mut looking => {}
            accepted = porch.accept() => connections.spawn(accepted?),
        }
    }
    drop(porch);
    // A receiver that is gone asked for nothing.
    let _ = serving.send(false);
    // Every connection listens to `cut` until it is over.
    let _ = timeout(limits::CLOSE_GRACE, cut.closed()).await;
    let _ = cut.send(true);
    Ok(())
}

/// One look for all streams that require a leader.
async fn look_for_leader(keyspace: Keyspace, lost: watch::Sender<bool>) {
    let mut in_vain = 0;
    loop {
        sleep(limits::LEADER_LOOK).await;
        in_vain = if keyspace.is_led() { 0 } else { in_vain + 1 };
        let is_lost = in_vain >= limits::LEADERLESS_LOOKS_MAX;
        lost.send_if_modified(|known| std::mem::replace(known, is_lost) != is_lost);
    }
}

/// The connections of one door.
struct Connections {
    context: Arc<Context>,
    metrics: Arc<Metrics>,
    /// Says `true` when connections that are still open are dropped.
    cut: watch::Sender<bool>,
}

impl Connections {
    fn spawn(&self, arrival: Arrival) {
        let dispatch = Dispatch {
            context: self.context.clone(),
            metrics: self.metrics.clone(),
            budget: Arc::new(Semaphore::new(limits::UNFINISHED_BYTES_PER_CONNECTION)),
            room: Room::default(),
            watches: WatchBudget::new(limits::WATCHES_PER_CONNECTION_MAX),
        };
        let mut cut = self.cut.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = connection(arrival, dispatch) => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
        });
    }
}

async fn connection(arrival: Arrival, dispatch: Dispatch) {
    let mut serving = dispatch.context.serving.clone();
    let outcome = tokio::select! {
        greeted = greet(arrival, &dispatch.metrics) => greeted,
        // Nobody waits for an answer yet.
        _ = serving.wait_for(|serving| !serving) => return,
    };
    let outcome = match outcome {
        Ok(Some((stream, read))) => Connection::new(stream, read, Arc::new(dispatch), Dispatch::work).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a client's connection ended");
    }
}

/// Finds out what a client speaks. HTTP/2 is given back with what was read; everything else is dealt with here.
async fn greet(arrival: Arrival, metrics: &Metrics) -> io::Result<Option<(Guarded, BytesMut)>> {
    let mut stream = arrival.enter().await?;
    match hello(&mut stream).await? {
        Hello::Http2(read) => Ok(Some((stream, read))),
        Hello::Other(read) => old::serve(stream, read, metrics).await.map(|()| None).map_err(io::Error::other),
    }
}
