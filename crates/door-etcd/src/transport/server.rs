//! Accepting connections and serving them within limits.

use std::{convert::Infallible, io, sync::Arc};

use gate::{Guarded, Porch};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use replica::Node;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{arrival::Arrival, dispatch::Dispatch, reply::Room};
use crate::{Context, DoorOptions, Metrics, limits, watch::WatchBudget};

/// Serves etcd's clients on the porch until `stop` completes, then lets requests in flight finish for a while.
///
/// # Errors
/// A listener that is broken, or a key space that does not exist.
pub async fn serve(
    mut porch: Porch,
    options: Arc<DoorOptions>,
    node: Node,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (serving, state) = watch::channel(true);
    let context = Context::new(node, options, state).map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    let (cut, _) = watch::channel(false);
    let connections = Connections { context: Arc::new(context), metrics, graceful: GracefulShutdown::new(), cut: cut.clone() };
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = porch.accept() => connections.spawn(accepted?),
        }
    }
    drop(porch);
    // A receiver that is gone asked for nothing.
    let _ = serving.send(false);
    let _ = timeout(limits::CLOSE_GRACE, connections.graceful.shutdown()).await;
    let _ = cut.send(true);
    Ok(())
}

/// The connections of one door.
struct Connections {
    context: Arc<Context>,
    metrics: Arc<Metrics>,
    graceful: GracefulShutdown,
    /// Says `true` when connections that are still open are dropped.
    cut: watch::Sender<bool>,
}

impl Connections {
    fn spawn(&self, stream: Guarded) {
        let dispatch = Dispatch {
            context: self.context.clone(),
            metrics: self.metrics.clone(),
            budget: Arc::new(Semaphore::new(limits::UNFINISHED_BYTES_PER_CONNECTION)),
            room: Room::default(),
            watches: WatchBudget::new(limits::WATCHES_PER_CONNECTION_MAX),
        };
        let served = connection(stream, dispatch, self.graceful.watcher());
        let mut cut = self.cut.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = served => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
        });
    }
}

async fn connection(stream: Guarded, dispatch: Dispatch, watcher: Watcher) {
    let builder = builder(dispatch.context.options.streams_max);
    let dispatch = Arc::new(dispatch);
    let service = service_fn(move |request| {
        let dispatch = dispatch.clone();
        async move { Ok::<_, Infallible>(dispatch.answer(request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(Arrival::new(stream)), service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error = &*error, "a client's connection ended");
    }
}

fn builder(streams_max: u32) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams_max)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_frame_size(limits::FRAME_BYTES_MAX)
        .max_header_list_size(limits::HEADER_LIST_BYTES_MAX)
        .max_send_buf_size(limits::SEND_BUFFER_BYTES_MAX)
        .max_pending_accept_reset_streams(limits::PENDING_ACCEPT_RESETS_MAX)
        .max_local_error_reset_streams(limits::LOCAL_ERROR_RESETS_MAX)
        .keep_alive_interval(limits::KEEPALIVE_INTERVAL)
        .keep_alive_timeout(limits::KEEPALIVE_TIMEOUT);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(gate::limits::HTTP_HEAD_TIMEOUT)
        .max_headers(gate::limits::HTTP_HEADERS_MAX)
        .keep_alive(false);
    builder
}
