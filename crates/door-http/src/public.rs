//! The routes of the public port.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    Router,
    extract::{OriginalUri, Query, State},
    http::{StatusCode, header},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use crate::{
    ETCD_CLUSTER_VERSION, ETCD_VERSION,
    health::{self, Check},
    house::House,
    metrics::{self, Collector},
};

/// What the routes share.
#[derive(Clone)]
struct Hall {
    house: Arc<dyn House>,
    collectors: Arc<[Collector]>,
}

type Parameters = Query<HashMap<String, String>>;

/// The router: `/metrics`, `/health`, `/livez`, `/readyz` and their single checks, `/version`.
///
/// `collectors` add what other rooms measure to `/metrics`.
pub fn router(house: Arc<dyn House>, collectors: Vec<Collector>) -> Router {
    let hall = Hall { house, collectors: collectors.into() };
    let mut router =
        Router::new().route("/health", get(health)).route("/version", get(version)).route("/metrics", get(exposition));
    for (root, checks) in [("livez", health::LIVE), ("readyz", health::READY)] {
        router = router.route(&format!("/{root}"), get(move |state, uri, query| probe(checks, state, uri, query)));
        for check in checks {
            let one = std::slice::from_ref(check);
            let path = format!("/{root}/{}", check.name());
            router = router.route(&path, get(move |state, uri, query| probe(one, state, uri, query)));
        }
    }
    router.layer(from_fn(crate::store::correlate)).with_state(hall)
}

/// The shape of etcd's `/health`, and of what clients of the configuration store ask there.
#[derive(Serialize)]
pub(crate) struct Health {
    health: &'static str,
    reason: String,
    status: &'static str,
    timestamp: String,
}

impl Health {
    /// Healthy, unless there is a reason why not.
    pub(crate) fn of(reason: Option<String>) -> Health {
        let (health, status) = if reason.is_none() { ("true", "healthy") } else { ("false", "unhealthy") };
        let timestamp = crate::store::now();
        Health { health, reason: reason.unwrap_or_default(), status, timestamp }
    }
}

async fn health(State(hall): State<Hall>, OriginalUri(uri): OriginalUri, Query(query): Parameters) -> Response {
    let serializable = query.get("serializable").is_some_and(|value| value == "true");
    let reason = health::unhealthy(&*hall.house, serializable, &excluded(uri.query())).await;
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Health::of(reason))).into_response()
}

async fn probe(
    checks: &'static [Check],
    State(hall): State<Hall>,
    OriginalUri(uri): OriginalUri,
    Query(query): Parameters,
) -> Response {
    let (well, report) = health::run_all(checks, &excluded(uri.query()), &*hall.house).await;
    let path = uri.path();
    if !well {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{report}{path} check failed\n")).into_response();
    }
    if query.contains_key("verbose") { format!("{report}ok\n").into_response() } else { "ok\n".into_response() }
}

/// All values of the parameter `exclude`, which may be given several times.
fn excluded(query: Option<&str>) -> HashSet<String> {
    let parts = query.unwrap_or_default().split('&');
    parts.filter_map(|part| part.strip_prefix("exclude=")).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[derive(Serialize)]
pub(crate) struct Version {
    etcdserver: &'static str,
    etcdcluster: &'static str,
    storage: &'static str,
    manifold: &'static str,
}

pub(crate) async fn version() -> axum::Json<Version> {
    axum::Json(Version {
        etcdserver: ETCD_VERSION,
        etcdcluster: ETCD_CLUSTER_VERSION,
        storage: ETCD_CLUSTER_VERSION,
        manifold: env!("CARGO_PKG_VERSION"),
    })
}

async fn exposition(State(hall): State<Hall>) -> Response {
    let text = metrics::collect(&*hall.house, &hall.collectors);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
