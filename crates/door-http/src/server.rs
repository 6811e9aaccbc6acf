//! Serving a router: hyper over guarded connections, with limits on every part of a request's head.

use std::{
    convert::Infallible,
    future::ready,
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router, body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Either},
};
use gate::{Porch, limits};
use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::UnixListener,
    sync::watch,
};

use crate::{lines::Strict, store::ConfigDoor, visitor::Visitor};

/// How often requests could not even be read. Cheap to clone.
#[derive(Clone, Default)]
pub struct Malformed(Arc<AtomicU64>);

impl Malformed {
    /// Connections closed because of what they sent, so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves `router` on the porch until `stop` completes, then lets requests in flight finish for at most `grace`.
pub fn serve(
    porch: Porch,
    rooms: impl Into<Rooms>,
    malformed: Malformed,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> BoxFuture<'static, io::Result<()>> {
    // Boxes keep the door's code in this crate: what is awaited, or generic, is compiled where it is used.
    serve_until(porch, Connections::new(rooms.into(), malformed), Box::pin(stop), grace)
}

fn serve_until(
    porch: Porch,
    connections: Connections,
    stop: BoxFuture<'static, ()>,
    grace: Duration,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(accept(porch, connections, stop, grace))
}

async fn accept(mut porch: Porch, connections: Connections, mut stop: BoxFuture<'static, ()>, grace: Duration) -> io::Result<()> {
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = porch.accept() => {
                let arrival = accepted?;
                let visitor = Visitor { address: Some(arrival.address().ip().to_canonical()) };
                connections.spawn(arrival.enter(), visitor);
            }
        }
    }
    drop(porch);
    connections.finish(grace).await;
    Ok(())
}

/// Serves `router` on a Unix socket, as [`serve`] does.
pub fn serve_unix(
    listener: UnixListener,
    rooms: impl Into<Rooms>,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> BoxFuture<'static, io::Result<()>> {
    serve_unix_until(listener, Connections::new(rooms.into(), Malformed::default()), Box::pin(stop), grace)
}

fn serve_unix_until(
    listener: UnixListener,
    connections: Connections,
    stop: BoxFuture<'static, ()>,
    grace: Duration,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(accept_unix(listener, connections, stop, grace))
}

async fn accept_unix(
    listener: UnixListener,
    connections: Connections,
    mut stop: BoxFuture<'static, ()>,
    grace: Duration,
) -> io::Result<()> {
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.spawn(ready(Ok(stream)), Visitor::default()),
                // The owner of the data directory is the only one who can bring this about; waiting keeps it from spinning.
                Err(error) => {
                    tracing::warn!(%error, "the administrative socket cannot accept");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    connections.finish(grace).await;
    Ok(())
}

/// What a listener's new connections are served by: the lobby, until the house opens. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    lobby: Served,
    house: Arc<OnceLock<Served>>,
}

/// What answers requests.
#[derive(Clone)]
struct Served {
    router: TowerToHyperService<Router>,
    /// What does not need the router.
    store: Option<ConfigDoor>,
}

impl Served {
    fn new(router: Router, store: Option<ConfigDoor>) -> Served {
        Served { router: TowerToHyperService::new(router.layer(from_fn(check))), store }
    }

    fn answer(
        &self,
        mut request: hyper::Request<Incoming>,
        visitor: Visitor,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        match &self.store {
            Some(store) if ConfigDoor::takes(request.uri().path()) => {
                let (store, request) = (store.clone(), request.map(body::Body::new));
                Either::Left(checked(request, async move |request| store.answer(request, visitor).await).map(Ok))
            }
            _ => {
                request.extensions_mut().insert(visitor);
                Either::Right(self.router.call(request))
            }
        }
    }
}

impl Rooms {
    /// Only the lobby so far; see [`crate::lobby`].
    pub fn lobby(router: Router) -> Self {
        Self { lobby: Served::new(router, None), house: Arc::default() }
    }

    /// From now on new connections come to `house`. The first one stays. What the store takes goes there and by no route, if it is
    /// given here.
    pub fn open(&self, house: Router, store: Option<ConfigDoor>) {
        self.house.get_or_init(|| Served::new(house, store));
    }

    fn current(&self) -> Served {
        self.house.get().unwrap_or(&self.lobby).clone()
    }
}

impl From<Router> for Rooms {
    fn from(router: Router) -> Self {
        Self::lobby(router)
    }
}

/// The connections of one listener.
struct Connections {
    http: http1::Builder,
    rooms: Rooms,
    open: GracefulShutdown,
    /// Says `true` when nobody enters any more.
    leaving: watch::Sender<bool>,
    malformed: Malformed,
}

impl Connections {
    fn new(rooms: Rooms, malformed: Malformed) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits::HTTP_HEAD_TIMEOUT)
            .max_headers(limits::HTTP_HEADERS_MAX)
            .max_buf_size(limits::HTTP_HEAD_BYTES_MAX);
        Self { http, rooms, open: GracefulShutdown::new(), leaving: watch::Sender::new(false), malformed }
    }

    /// `entering` does what comes before the first byte of HTTP.
    fn spawn<S>(&self, entering: impl Future<Output = io::Result<S>> + Send + 'static, visitor: Visitor)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let served = self.rooms.current();
        let service = service_fn(move |request| served.answer(request, visitor));
        let (http, open, malformed) = (self.http.clone(), self.open.watcher(), self.malformed.clone());
        let mut leaving = self.leaving.subscribe();
        tokio::spawn(async move {
            let entered = tokio::select! {
                biased;
                entered = entering => entered,
                // Nobody waits for an answer yet.
                _ = leaving.wait_for(|leaving| *leaving) => return,
            };
            let Ok(stream) = entered else { return };
            let connection = open.watch(http.serve_connection(TokioIo::new(Strict::new(stream)), service));
            if let Err(error) = connection.await
                && (error.is_parse() || error.is_parse_too_large())
            {
                malformed.0.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    async fn finish(self, grace: Duration) {
        self.leaving.send_replace(true);
        // What is still running after the grace ends with the runtime.
        let _ = tokio::time::timeout(grace, self.open.shutdown()).await;
    }
}

/// What every request must pass before its route.
///
/// A body of unknown length is how requests are smuggled past a proxy, together with a declared length, so it is refused except
/// where records or values are streamed; there its connection ends with its answer, and nothing that follows is taken for a request.
async fn check(request: Request, next: Next) -> Response {
    checked(request, async |request| next.run(request).await).await
}

async fn checked(request: Request, answer: impl AsyncFnOnce(Request) -> Response) -> Response {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let takes_records = takes_records(&request);
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let has_length = request.headers().contains_key(header::CONTENT_LENGTH);
    let refusal = if target > limits::HTTP_TARGET_BYTES_MAX {
        Some((StatusCode::URI_TOO_LONG, "the request's target is too long\n"))
    } else if is_chunked && (has_length || !takes_records) {
        Some((
            StatusCode::BAD_REQUEST,
            "no route but those of records and of the configuration store takes a body of unknown length\n",
        ))
    } else if !takes_records && request.body().size_hint().lower() > limits::HTTP_BODY_BYTES_MAX {
        Some((StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large\n"))
    } else {
        None
    };
    if refusal.is_none() && !is_chunked {
        return answer(request).await;
    }
    let mut response = match refusal {
        None => answer(request).await,
        Some(refusal) => refusal.into_response(),
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Whether the route takes records, or values of the configuration store, whose bodies have limits of their own.
fn takes_records(request: &Request) -> bool {
    let path = request.uri().path();
    let is_of_topic = path.strip_prefix("/topics/").is_some_and(|rest| rest.ends_with("/records"));
    let is_of_store = path.starts_with("/api/v1/") && !path.starts_with("/api/v1/keys");
    match *request.method() {
        Method::POST => matches!(path, "/produce" | "/produce/batch" | "/produce/fire/batch") || is_of_topic || is_of_store,
        Method::PUT => is_of_store,
        _ => false,
    }
}
