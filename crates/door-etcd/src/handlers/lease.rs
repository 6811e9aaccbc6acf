//! Leases: keys that end with their owner.

use base::{Error, Kind, Result};
use futures_util::{Stream, StreamExt, stream};
use kv::{Command, Reply};
use replica::Lane;

use super::{Context, unexpected};
use crate::{limits::LEASE_TTL_SECONDS_MAX, pb};

/// Creates a lease; for id 0 one is drawn.
///
/// # Errors
/// As etcd's: too large a TTL, an id in use.
pub async fn grant(context: &Context, request: pb::LeaseGrantRequest) -> Result<pb::LeaseGrantResponse> {
    if request.ttl > LEASE_TTL_SECONDS_MAX {
        return Err(Error::new(Kind::OutOfRange, "etcdserver: too large lease TTL"));
    }
    let command = Command::LeaseGrant { id: request.id, ttl: request.ttl };
    match context.keyspace.propose(Lane::Urgent, command).await? {
        (Reply::LeaseGrant { id, ttl }, revision) => {
            Ok(pb::LeaseGrantResponse { header: Some(context.header_at(revision)), id, ttl, error: String::new() })
        }
        _ => Err(unexpected()),
    }
}

/// Ends a lease and deletes its keys, at one revision.
///
/// # Errors
/// `NotFound` with etcd's text.
pub async fn revoke(context: &Context, request: pb::LeaseRevokeRequest) -> Result<pb::LeaseRevokeResponse> {
    let (_, revision) = context.keyspace.propose(Lane::Urgent, Command::LeaseRevoke { id: request.id }).await?;
    Ok(pb::LeaseRevokeResponse { header: Some(context.header_at(revision)) })
}

/// Renews one lease; a TTL of 0 says that there is none. The header is made before, so that a lease never seems to have lived
/// on at the revision that ended it.
///
/// # Errors
/// `Unavailable` where this node does not lead.
pub async fn renew(context: &Context, request: pb::LeaseKeepAliveRequest) -> Result<pb::LeaseKeepAliveResponse> {
    let header = Some(context.header());
    let ttl = context.keyspace.keep_alive(request.id).await?.unwrap_or(0);
    Ok(pb::LeaseKeepAliveResponse { header, id: request.id, ttl })
}

/// Renews leases as they are asked for, answers in the order of the questions; ends with the first error.
pub fn keep_alive<C, I, E>(context: C, incoming: I) -> impl Stream<Item = Result<pb::LeaseKeepAliveResponse, E>> + Send
where
    C: AsRef<Context> + Send + 'static,
    I: Stream<Item = Result<pb::LeaseKeepAliveRequest, E>> + Send + 'static,
    E: From<Refused> + Send + 'static,
{
    stream::unfold(Some((context, Box::pin(incoming))), |state| async move {
        let (context, mut incoming) = state?;
        let answer = match incoming.next().await? {
            Ok(request) => renew(context.as_ref(), request).await.map_err(|error| E::from(Refused(error))),
            Err(error) => Err(error),
        };
        let next = answer.is_ok().then_some((context, incoming));
        Some((answer, next))
    })
}

/// An error of ours on its way into a transport's.
pub struct Refused(pub Error);

/// What is left of a lease, and its keys if asked for; a TTL of -1 says that there is none.
///
/// # Errors
/// `Unavailable` while the node stops.
pub async fn time_to_live(context: &Context, request: pb::LeaseTimeToLiveRequest) -> Result<pb::LeaseTimeToLiveResponse> {
    context.keyspace.barrier().await?;
    let known = context.keyspace.machine().lease(request.id);
    let header = Some(context.header());
    let remaining = context.keyspace.remaining(request.id).await?;
    let Some((lease, ttl)) = known.zip(remaining) else {
        return Ok(pb::LeaseTimeToLiveResponse { header, id: request.id, ttl: -1, granted_ttl: 0, keys: Vec::new() });
    };
    let keys = if request.keys { lease.keys } else { Vec::new() };
    Ok(pb::LeaseTimeToLiveResponse { header, id: request.id, ttl, granted_ttl: lease.ttl, keys })
}

/// All leases.
///
/// # Errors
/// `Unavailable` while the node stops.
pub async fn leases(context: &Context, _request: pb::LeaseLeasesRequest) -> Result<pb::LeaseLeasesResponse> {
    context.keyspace.barrier().await?;
    let leases = context.keyspace.machine().leases().into_iter().map(|id| pb::LeaseStatus { id }).collect();
    Ok(pb::LeaseLeasesResponse { header: Some(context.header()), leases })
}
