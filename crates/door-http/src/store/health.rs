//! Whether this node can serve the store, as clients of the store ask it.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::BoxFuture};
use replica::runtime;

use super::{call::Call, json};
use crate::problem::Problem;

/// Ready is who knows a leader: then reads are answered here, and writes here or there.
pub(crate) fn ready(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let leader = call.door.leader_base(&call.store);
        let is_known = call.store.leader().is_some();
        let role = if call.store.leads() { "leader" } else { "follower" };
        Ok(answer(is_known, role, is_known, leader.as_deref(), call.store.term()))
    }
    .boxed()
}

/// The answer of a node that is not open yet.
pub(crate) fn not_open() -> Response {
    answer(false, "follower", false, None, 0)
}

fn answer(is_ready: bool, role: &str, is_known: bool, leader: Option<&str>, term: u64) -> Response {
    let mut out = vec![b'{'];
    json::text(&mut out, "status", if is_ready { "ready" } else { "not_ready" });
    json::time(&mut out, "timestamp", runtime::wall_ms());
    json::name(&mut out, "cluster");
    out.push(b'{');
    json::text(&mut out, "role", role);
    json::flag(&mut out, "leaderKnown", is_known);
    match leader {
        Some(leader) => json::text(&mut out, "leader", leader),
        None => json::null(&mut out, "leader"),
    }
    json::number(&mut out, "term", term);
    out.extend_from_slice(b"}}");
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], Body::from(out)).into_response()
}
