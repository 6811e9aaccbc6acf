//! From a request to whoever answers it.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use kafka_wire::{
    ErrorCode,
    frame::{Request, respond},
    message::Message,
    messages::ApiKey,
};

use super::codes::Codes;
use crate::{
    Door,
    authorization::{self, Authority},
    coordination::Serving,
    door::Shared,
    handlers::fetch::Share,
    handlers::{
        api_versions, configs, describe_producers, fetch, groups, init_producer_id, list_offsets, log_dirs, metadata,
        offset_for_leader_epoch, offsets, placement, produce, quotas, records, topic_partitions, topics,
    },
    security,
};

/// What goes back.
pub(crate) enum Answer {
    /// This, whole.
    Pieces(Vec<Bytes>),
    /// The same with records, whose room is given back when it is written.
    Records(Vec<Bytes>, Share),
    /// Nothing: the client said that it wants none.
    None,
    /// This, whole, and nothing more: the connection ends, for this reason.
    Last(Vec<Bytes>, String),
    /// Nothing more: the connection ends, for this reason.
    Close(String),
}

/// An answer on its way.
pub(crate) type Answering = BoxFuture<'static, Answer>;

/// A request that was begun.
pub(crate) struct Begun {
    pub(crate) answering: Answering,
    /// Whether the next request may begin before this one is answered.
    pub(crate) lets_next: bool,
}

/// What every handler is given beside its request.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) door: Arc<Shared>,
    pub(crate) peer: SocketAddr,
    /// Who asks, and what they may do.
    pub(crate) authority: Arc<Authority>,
}

impl Context {
    /// The coordinator of a group that a request may have to do with.
    ///
    /// # Errors
    /// `GROUP_AUTHORIZATION_FAILED`, or why there is none here.
    pub(crate) fn serving(&self, api: ApiKey, group: &str) -> Result<Serving<'_>, ErrorCode> {
        self.authority.group(api, group)?;
        self.door.coordination.serving(group)
    }
}

/// A request, owned.
pub(crate) struct Call {
    frame: Bytes,
    pub(crate) version: i16,
    correlation_id: i32,
    key: ApiKey,
    door: Arc<Shared>,
}

impl Call {
    /// The request, in its own bytes.
    pub(crate) fn request(&self) -> Option<Request<'_>> {
        Request::parse(&self.frame).ok()
    }

    /// Its body as a message; `None` if it is none of this version.
    pub(crate) fn decode<'a, M: Message<'a>>(&'a self) -> Option<M> {
        let request = self.request()?;
        let decoded = request.decode();
        decoded
            .inspect_err(|error| {
                tracing::debug!(api = request.api.name, version = self.version, %error, "a request's body cannot be read");
            })
            .ok()
    }

    /// What the client calls itself.
    pub(crate) fn client_id(&self) -> &str {
        self.request().and_then(|request| request.client_id).unwrap_or_default()
    }

    /// An answer to it.
    pub(crate) fn answer<'m, M: Message<'m> + Codes>(&self, message: &M) -> Answer {
        self.tells(message.codes());
        let mut out = Vec::new();
        match respond(self.correlation_id, self.version, message, &mut out) {
            Ok(()) => Answer::Pieces(vec![Bytes::from(out)]),
            Err(error) => Answer::Close(format!("an answer cannot be written: {error}")),
        }
    }

    /// Counts the codes of an answer.
    pub(crate) fn tells(&self, codes: impl IntoIterator<Item = i16>) {
        codes.into_iter().filter(|code| *code != 0).for_each(|code| self.door.metrics.told(self.key, code));
    }

    /// Part of the request as bytes of their own, not copied.
    pub(crate) fn slice(&self, part: &[u8]) -> Bytes {
        self.frame.slice_ref(part)
    }

    pub(crate) fn correlation_id(&self) -> i32 {
        self.correlation_id
    }
}

/// Bytes that are not what they should be.
pub(crate) fn malformed() -> Answer {
    Answer::Close("the request's body cannot be read".to_owned())
}

/// Begins a request. What it needs in order, it has taken when this returns.
///
/// # Errors
/// Why the connection has to end.
pub(crate) async fn begin(door: &Door, peer: SocketAddr, authority: Arc<Authority>, frame: Bytes) -> Result<Begun, String> {
    let request = Request::parse(&frame).map_err(|error| format!("the request's header cannot be read: {error}"))?;
    let (api, version, correlation_id) = (request.api, request.version, request.correlation_id);
    let context = Context { door: door.shared.clone(), peer, authority };
    let key = api.key;
    let is_served = api_versions::serves(key) && api.has(version);
    if is_served || key == ApiKey::ApiVersions {
        door.shared.metrics.requested(key);
    }
    let call = Call { frame, version, correlation_id, key, door: door.shared.clone() };
    if key == ApiKey::ApiVersions {
        return Ok(last(Box::pin(api_versions::answer(context, call))));
    }
    if !is_served {
        return Err(format!("{} version {version} is not served", api.name));
    }
    if !authorization::is_enforced(key) && !context.authority.is_for_all() {
        return Err(format!("{} is for administrators alone", api.name));
    }
    Ok(match key {
        ApiKey::Produce => Begun { answering: produce::begin(context, call).await, lets_next: true },
        ApiKey::Fetch => last(Box::pin(fetch::answer(context, call))),
        ApiKey::Metadata => last(Box::pin(metadata::answer(context, call))),
        ApiKey::ListOffsets => last(Box::pin(list_offsets::answer(context, call))),
        ApiKey::InitProducerId => last(Box::pin(init_producer_id::answer(context, call))),
        ApiKey::OffsetForLeaderEpoch => last(Box::pin(offset_for_leader_epoch::answer(context, call))),
        ApiKey::FindCoordinator => last(Box::pin(groups::find(context, call))),
        ApiKey::JoinGroup => last(Box::pin(groups::join(context, call))),
        ApiKey::SyncGroup => last(Box::pin(groups::sync(context, call))),
        ApiKey::Heartbeat => last(Box::pin(groups::heartbeat(context, call))),
        ApiKey::LeaveGroup => last(Box::pin(groups::leave(context, call))),
        ApiKey::DescribeGroups => last(Box::pin(groups::describe(context, call))),
        ApiKey::ListGroups => last(Box::pin(groups::list(context, call))),
        ApiKey::DeleteGroups => last(Box::pin(groups::delete(context, call))),
        ApiKey::OffsetCommit => last(Box::pin(offsets::commit(context, call))),
        ApiKey::OffsetFetch => last(Box::pin(offsets::fetch(context, call))),
        ApiKey::OffsetDelete => last(Box::pin(offsets::delete(context, call))),
        ApiKey::CreateTopics => last(Box::pin(topics::create(context, call))),
        ApiKey::DeleteTopics => last(Box::pin(topics::delete(context, call))),
        ApiKey::CreatePartitions => last(Box::pin(topics::grow(context, call))),
        ApiKey::DeleteRecords => last(Box::pin(records::delete(context, call))),
        ApiKey::DescribeConfigs => last(Box::pin(configs::describe(context, call))),
        ApiKey::AlterConfigs => last(Box::pin(configs::alter_wholly(context, call))),
        ApiKey::IncrementalAlterConfigs => last(Box::pin(configs::alter_incrementally(context, call))),
        ApiKey::ListConfigResources => last(Box::pin(configs::list(context, call))),
        ApiKey::DescribeLogDirs => last(Box::pin(log_dirs::describe(context, call))),
        ApiKey::DescribeProducers => last(Box::pin(describe_producers::answer(context, call))),
        ApiKey::DescribeTopicPartitions => last(Box::pin(topic_partitions::describe(context, call))),
        ApiKey::ElectLeaders => last(Box::pin(placement::elect(context, call))),
        ApiKey::AlterPartitionReassignments => last(Box::pin(placement::reassign(context, call))),
        ApiKey::ListPartitionReassignments => last(Box::pin(placement::list_reassignments(context, call))),
        ApiKey::DescribeClientQuotas => last(Box::pin(quotas::describe(context, call))),
        ApiKey::DescribeCluster => last(Box::pin(metadata::describe_cluster(context, call))),
        key if security::serves(key) => last(security::answer(key, context, call)),
        _ => return Err(format!("{} is not served", api.name)),
    })
}

fn last(answering: Answering) -> Begun {
    Begun { answering, lets_next: false }
}
