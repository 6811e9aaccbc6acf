//! The configuration store over HTTP. `docs/config.md` has the shapes.
//!
//! A request's way: its route is found in one table (`table`), which is also what `/openapi.json` is made from; whoever sends it is
//! identified and asked for their rights (`admission`); then the route's handler answers. A write goes to the node that leads the
//! store: others answer 307 with the leader's address, unless the client prefers to be forwarded for. A read is answered by any node,
//! by default after a barrier, so that it shows everything that was acknowledged before it.
//!
//! Watchers (`watch`) are woken by one task that reads each change once, whatever their number.

mod admission;
mod audit;
mod call;
mod entries;
mod health;
mod history;
mod json;
mod leader;
mod list;
mod namespaces;
mod openapi;
mod path;
mod proofs;
mod routes;
mod schemas;
mod snapshot;
mod table;
mod time;
mod transaction;
mod transfer;
mod watch;
mod yaml;

use std::sync::{Arc, OnceLock};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::any,
};
use base::Result;
use bytes::Bytes;
use config::checkpoint::Signer;
use replica::{ConfigStore, Node, runtime};
use tokio::sync::Semaphore;

pub(crate) use self::health::not_open;
pub use self::leader::url;
use self::{
    admission::Admission,
    call::Call,
    path::Query,
    routes::{Found, Route},
    watch::Hub,
};
use crate::{
    admin::Backup,
    body::{Pieces, throw_away},
    keys::{Caller, Doorkeeper},
    limits::{STORE_BYTES_MAX, STORE_READS_BYTES_MAX, STORE_WATCHERS_MAX, VALUE_BODY_BYTES_MAX, WATCH_READERS_MAX},
    metrics::{Collector, Exposition, Type},
    problem::{Problem, Reason},
    room::Room,
    visitor::Visitor,
};

/// Finds a request in logs, and in the audit trail.
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The member of a problem that names the methods of a route.
const ALLOWED: &str = "allow";

/// How the store is opened to clients.
#[derive(Clone)]
pub struct StoreOptions {
    /// Whether everybody may read all keys at `/api/v1/configs`.
    pub open_configs: bool,
    /// Who signs the audit trail's checkpoints here.
    pub signing: Signing,
    /// Takes a backup of the node.
    pub backup: Backup,
}

/// Who signs checkpoints, and how the log is called in them.
#[derive(Clone)]
pub struct Signing {
    /// The name of the log, unique to it.
    pub origin: String,
    /// The key.
    pub signer: Arc<dyn Signer>,
}

/// The configuration store's routes. Cheap to clone.
#[derive(Clone)]
pub struct ConfigDoor(Arc<Shared>);

/// Marks a request that came by the administrative socket.
#[derive(Clone, Copy)]
struct Operator;

/// What all requests share.
pub(crate) struct Shared {
    node: Node,
    store: OnceLock<ConfigStore>,
    options: StoreOptions,
    admission: Admission,
    routes: &'static [Route],
    /// For bodies.
    room: Room,
    /// For large answers.
    reads: Room,
    /// Places for those who watch and wait; each takes one.
    watchers: Room,
    /// Turns for watchers who read from history.
    readers: Semaphore,
    /// The turn of who takes a snapshot.
    snapshots: Semaphore,
    hub: OnceLock<Arc<Hub>>,
}

impl ConfigDoor {
    /// Of a node that serves. `doorkeeper` knows who may come in.
    pub fn new(node: Node, doorkeeper: Doorkeeper, options: StoreOptions) -> ConfigDoor {
        ConfigDoor(Arc::new(Shared {
            node,
            store: OnceLock::new(),
            options,
            admission: Admission::new(doorkeeper),
            routes: table::routes(),
            room: Room::new(STORE_BYTES_MAX, "the bound on bytes under way to the configuration store on this node"),
            reads: Room::new(STORE_READS_BYTES_MAX, "the bound on bytes under way from the configuration store on this node"),
            watchers: Room::new(STORE_WATCHERS_MAX, "the bound on watches of the configuration store on this node"),
            readers: Semaphore::new(WATCH_READERS_MAX),
            snapshots: Semaphore::new(1),
            hub: OnceLock::new(),
        }))
    }

    /// Its routes, for the public port.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for root in ["/api/{*rest}", "/health/ready", "/openapi.json", "/swagger/v1/swagger.json"] {
            router = router.route(root, any(answer));
        }
        router.with_state(self.clone())
    }

    /// Whether a request is surely the store's: [`ConfigDoor::answer`] may be asked then, without a router.
    pub(crate) fn takes(path: &str) -> bool {
        path.starts_with("/api/v1/namespaces/")
    }

    /// Answers a request that it [takes](ConfigDoor::takes), from the public port. A router and what goes with it were 4 of
    /// the 30 us that a read took.
    pub(crate) async fn answer(self, request: Request, visitor: Visitor) -> Response {
        answer_to(self, request, visitor, false).await
    }

    /// Its routes, for the administrative socket: whoever may open it may do everything, and is served by this node whoever leads.
    pub fn administrative(&self) -> Router {
        self.router().layer(Extension(Operator))
    }

    /// Ends all watches, so that nobody waits for them when the node stops.
    pub fn close(&self) {
        if let Some(hub) = self.0.hub.get() {
            hub.close();
        }
    }

    /// What it adds to `/metrics`.
    pub fn collector(&self) -> Collector {
        let shared = self.0.clone();
        Arc::new(move |out: &mut Exposition| {
            let watchers = shared.hub.get().map_or(0, |hub| hub.count());
            let gauge = Type::Gauge;
            out.single("manifold_config_watchers", gauge, "Watches and waits on the configuration store.", watchers);
            let help = "Bytes under way to the configuration store.";
            out.single("manifold_config_under_way_bytes", gauge, help, shared.room.used());
            let help = "Bytes of large answers of the configuration store.";
            out.single("manifold_config_reads_bytes", gauge, help, shared.reads.used());
            let help = "Refused attempts that are not in the audit trail, since there were too many.";
            out.single("manifold_config_refusals_not_audited_total", Type::Counter, help, shared.admission.not_audited());
        })
    }

    /// Those who watch.
    fn hub(&self, store: &ConfigStore) -> &Arc<Hub> {
        self.0.hub.get_or_init(|| Hub::start(store.clone()))
    }

    fn store(&self) -> Result<ConfigStore> {
        if let Some(store) = self.0.store.get() {
            return Ok(store.clone());
        }
        let store = self.0.node.config_store()?;
        Ok(self.0.store.get_or_init(|| store).clone())
    }
}

/// Answers a request that came by a router.
async fn answer(State(door): State<ConfigDoor>, request: Request) -> Response {
    let visitor = request.extensions().get().copied().unwrap_or_default();
    let is_operator = request.extensions().get::<Operator>().is_some();
    answer_to(door, request, visitor, is_operator).await
}

/// Answers a request, whatever comes of it.
async fn answer_to(door: ConfigDoor, request: Request, visitor: Visitor, is_operator: bool) -> Response {
    let (head, body) = request.into_parts();
    let request_id = correlation_id(&head.headers);
    let (mut rest, expects) = (Some(body), head.headers.contains_key(header::EXPECT));
    let known = is_operator.then(Caller::operator);
    let begun = door.begin(&head.method, &head.uri, &head.headers, (visitor, known), &request_id).await;
    let outcome = match begun {
        Err(problem) => Err(problem),
        Ok((route, parts, query, caller)) => {
            let (headers, uri) = (head.headers, head.uri);
            match door.store() {
                Err(error) => Err(call::of_read(&error)),
                Ok(store) => {
                    let (request_id, body) = (request_id.clone(), parking_lot::Mutex::new(rest.take()));
                    let mut call = Call { door, store, is_operator, parts, query, headers, uri, caller, request_id, body };
                    let outcome = (route.handler)(&mut call).await;
                    rest = call.body.into_inner();
                    outcome
                }
            }
        }
    };
    // A connection that is closed before its body was read takes the answer with it. Who waits to be asked for it does not send it.
    let is_wanted = |body: &Body| {
        let declared = http_body::Body::size_hint(body).lower();
        !http_body::Body::is_end_stream(body) && !expects && declared <= VALUE_BODY_BYTES_MAX as u64
    };
    if let Some(body) = rest.filter(is_wanted) {
        throw_away(&mut Pieces::new(body), VALUE_BODY_BYTES_MAX).await;
    }
    let mut response = outcome.unwrap_or_else(of_problem);
    response.headers_mut().insert(CORRELATION_ID, request_id);
    response
}

fn of_problem(problem: Problem) -> Response {
    let allowed = problem.more.get(ALLOWED).and_then(|allowed| HeaderValue::try_from(allowed.as_str()?).ok());
    let mut response = problem.into_response();
    if let Some(allowed) = allowed {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// Names every request, and its answer: for routes that are not the store's.
pub(crate) async fn correlate(request: Request, next: Next) -> Response {
    let request_id = correlation_id(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().insert(CORRELATION_ID, request_id);
    response
}

type Begun = (&'static Route, Vec<String>, Query, Option<Caller>);

impl ConfigDoor {
    /// What a request is, and whether it may be.
    async fn begin(
        &self,
        method: &Method,
        uri: &axum::http::Uri,
        headers: &HeaderMap,
        (visitor, known): (Visitor, Option<Caller>),
        request_id: &HeaderValue,
    ) -> std::result::Result<Begun, Problem> {
        let (route, taken) = match routes::find(self.0.routes, method, uri.path()) {
            Found::Route(route, taken) => (route, taken),
            Found::Nothing => {
                return Err(Problem::new(
                    Reason::UnknownRoute,
                    "there is nothing at this path: /openapi.json lists what there is",
                ));
            }
            Found::Method(methods) => {
                let methods: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
                return Err(Problem::new(Reason::Method, format!("this path takes {}", methods.join(", ")))
                    .with(ALLOWED, methods.join(", ")));
            }
        };
        let decoded = |part: &str| {
            let wrong = || path::malformed("the path has something else than two digits behind a percent sign, or is not UTF-8");
            path::decode(part).map(std::borrow::Cow::into_owned).ok_or_else(wrong)
        };
        let parts: Vec<String> = taken.into_iter().map(decoded).collect::<std::result::Result<_, _>>()?;
        let caller = match known {
            Some(operator) => Some(operator),
            None => self.admit(route, &parts, headers, visitor, request_id).await?,
        };
        check_names(route, &parts)?;
        Ok((route, parts, Query::parse(uri.query(), route.query)?, caller))
    }
}

/// Whether namespace and key can be some.
fn check_names(route: &Route, parts: &[String]) -> std::result::Result<(), Problem> {
    if !route.path.starts_with("/api/v1/namespaces/{ns}") {
        return Ok(());
    }
    let checks = [config::check_namespace as fn(&str) -> Result<()>, config::check_key];
    for (check, part) in checks.iter().zip(parts) {
        check(part).map_err(|error| Problem::new(Reason::Invalid, error.message))?;
        // They would be lost on the way: clients and proxies resolve them, however they are encoded.
        if matches!(part.as_str(), "." | "..") || part.starts_with("../") || part.contains("/../") || part.ends_with("/..") {
            return Err(Problem::new(Reason::Invalid, "no key is \"..\", or has it as a part: clients resolve it away"));
        }
    }
    Ok(())
}

/// What the client calls its request, or a new name for it.
fn correlation_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(&CORRELATION_ID).filter(|id| {
        (1..=config::ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(|byte| (b'!'..=b'~').contains(byte))
    });
    given.cloned().unwrap_or_else(|| {
        let drawn = (u128::from(runtime::random_u64()) << 64) | u128::from(runtime::random_u64());
        let digits: Vec<u8> = (0..32).rev().map(|place| b"0123456789abcdef"[(drawn >> (4 * place)) as usize & 15]).collect();
        HeaderValue::from_maybe_shared(Bytes::from(digits)).expect("digits are visible")
    })
}

/// Without a body.
pub(crate) fn no_content() -> Response {
    axum::http::StatusCode::NO_CONTENT.into_response()
}

/// The time as it is written.
pub(crate) fn now() -> String {
    time::text(runtime::wall_ms())
}
