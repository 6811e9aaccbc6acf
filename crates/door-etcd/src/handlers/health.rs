//! The gRPC health checking protocol. The empty name, the whole server, is the only service it knows.

use base::{Error, Kind, Result};
use futures_util::{Stream, stream};

use super::Context;
use crate::pb::grpc::health::v1::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus};

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn serving(serves: bool) -> HealthCheckResponse {
    answer(if serves { ServingStatus::Serving } else { ServingStatus::NotServing })
}

/// Whether the door serves.
///
/// # Errors
/// `NotFound` for a service it does not know.
pub fn check(context: &Context, request: &HealthCheckRequest) -> Result<HealthCheckResponse> {
    if request.service.is_empty() {
        Ok(serving(*context.serving.borrow()))
    } else {
        Err(Error::new(Kind::NotFound, "unknown service"))
    }
}

/// Whether the door serves, now and at each change.
pub fn watch(context: &Context, request: &HealthCheckRequest) -> impl Stream<Item = HealthCheckResponse> + Send + use<> {
    let known = request.service.is_empty();
    stream::unfold((context.serving.clone(), true), move |(mut state, first)| async move {
        if !first {
            if !known {
                std::future::pending::<()>().await;
            }
            state.changed().await.ok()?;
        }
        let now = *state.borrow_and_update();
        let status = if known { serving(now) } else { answer(ServingStatus::ServiceUnknown) };
        Some((status, (state, false)))
    })
}
