//! What is answered while the node is not open yet: it reads what it has, waits for a quorum, or is rebuilt from its peers.
//!
//! Whoever asks learns that the process lives and that it does not serve, and why. Connections end with their answer, so that the
//! next request of the same client meets the node.

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    admin::Failure,
    public::{Health, version},
};

/// The public port's lobby. `stage` says what the node is doing.
pub fn public(stage: &'static str) -> Router {
    let not_ready = move || async move { (StatusCode::SERVICE_UNAVAILABLE, format!("[-]{stage}\nreadyz check failed\n")) };
    let unhealthy = move || async move {
        let health = Health::of(Some(format!("RECOVERING: {stage}")));
        (StatusCode::SERVICE_UNAVAILABLE, Json(health))
    };
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/version", get(version))
        .route("/health", get(unhealthy))
        .route("/health/ready", get(async || crate::store::not_open()))
        .route("/readyz", get(not_ready))
        .fallback(move || async move { (StatusCode::SERVICE_UNAVAILABLE, format!("recovering: {stage}\n")) });
    closing(router)
}

/// The administrative socket's lobby.
pub fn administrative(stage: &'static str) -> Router {
    let error = move || async move {
        let failure = Failure { error: format!("it is recovering: {stage}; ask again in a moment") };
        (StatusCode::SERVICE_UNAVAILABLE, Json(failure)).into_response()
    };
    closing(Router::new().fallback(error))
}

fn closing(router: Router) -> Router {
    router.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }))
}
