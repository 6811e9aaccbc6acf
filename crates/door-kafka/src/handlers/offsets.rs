//! Offsets that groups keep: OffsetCommit, OffsetFetch, OffsetDelete.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use cluster::{catalogue::Topic, principals::Resource};
use kafka_wire::{
    ErrorCode, Uuid,
    messages::{
        ApiKey,
        offset_commit::{
            OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitResponse, OffsetCommitResponsePartition,
            OffsetCommitResponseTopic,
        },
        offset_delete::{OffsetDeleteRequest, OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
        offset_fetch::{
            OffsetFetchRequest, OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
            OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
        },
    },
};
use replica::Lane;
use stream::{Command, Committed, OFFSET_METADATA_BYTES_MAX, OffsetCommit, OffsetItem, PartitionId, Refusal, TopicId};

use crate::{
    authorization::denied,
    coordination::now_ms,
    errors,
    groups::{Commit, subscriptions},
    repeated::distinct,
    topics::Topics,
    transport::{Answer, Call, Context, malformed},
};

/// From these versions on topics are named by their ids.
const COMMIT_IDS_FROM: i16 = 10;
const FETCH_IDS_FROM: i16 = 10;
/// From this version on several groups are asked for at once (KIP-709).
const GROUPS_FROM: i16 = 8;

pub(crate) async fn commit(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<OffsetCommitRequest<'_>>() else { return malformed() };
    let topics = &context.door.topics;
    let by_id = call.version >= COMMIT_IDS_FROM;
    let group = context.authority.group(ApiKey::OffsetCommit, &request.group_id);
    let mut items = Vec::new();
    let mut response = OffsetCommitResponse::default();
    for asked in &request.topics {
        let topic = if by_id { topics.readable_by_id(asked.topic_id.0) } else { topics.readable(&asked.name) };
        let allowed = match &topic {
            Some(topic) => context.allowed(ApiKey::OffsetCommit, topic),
            // An id that nobody has is no topic that somebody could keep back.
            None if by_id => Ok(()),
            None => context.topic(ApiKey::OffsetCommit, &asked.name),
        };
        let allowed = group.and(allowed);
        let unknown = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for wanted in &asked.partitions {
            let item = allowed.and_then(|()| item(topics, topic.as_ref().ok_or(unknown)?, wanted));
            let error_code = item.as_ref().err().map_or(0, |code| *code as i16);
            items.extend(item.ok());
            partitions.push(OffsetCommitResponsePartition { partition_index: wanted.partition_index, error_code });
        }
        response.topics.push(OffsetCommitResponseTopic { name: asked.name.clone(), topic_id: asked.topic_id, partitions });
    }
    if group.is_err() {
        return call.answer(&response);
    }
    if let Err(code) = store(&context, &call, &request, items).await {
        let all = response.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        all.filter(|partition| partition.error_code == 0).for_each(|partition| partition.error_code = code as i16);
    }
    call.answer(&response)
}

fn item(topics: &Topics, topic: &Arc<Topic>, wanted: &OffsetCommitRequestPartition<'_>) -> Result<OffsetItem, ErrorCode> {
    let place = topics.place(topic, wanted.partition_index)?;
    let metadata = wanted.committed_metadata.as_deref().unwrap_or_default();
    if metadata.len() > OFFSET_METADATA_BYTES_MAX {
        return Err(ErrorCode::OffsetMetadataTooLarge);
    }
    Ok(OffsetItem {
        partition: place.id,
        offset: wanted.committed_offset,
        leader_epoch: wanted.committed_leader_epoch,
        metadata: Bytes::copy_from_slice(metadata.as_bytes()),
    })
}

/// Whether the coordinator takes it, and then whether it is durable.
async fn store(
    context: &Context,
    call: &Call,
    request: &OffsetCommitRequest<'_>,
    items: Vec<OffsetItem>,
) -> Result<(), ErrorCode> {
    let commit = Commit {
        version: call.version,
        group_id: &request.group_id,
        generation: request.generation_id_or_member_epoch,
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        transactional: false,
    };
    let seat = context.door.coordination.seat(&request.group_id).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let submitted = {
        let mut serving = seat.serving()?;
        serving.coordinator().commit(now_ms(), &commit).map_err(errors::wire)?;
        if items.is_empty() {
            return Ok(());
        }
        let command = Command::OffsetCommit(OffsetCommit {
            term: serving.term,
            group: Bytes::copy_from_slice(request.group_id.as_bytes()),
            generation: request.generation_id_or_member_epoch,
            member: Bytes::copy_from_slice(request.member_id.as_bytes()),
            instance: request.group_instance_id.as_ref().map(|id| Bytes::copy_from_slice(id.as_bytes())),
            retention_ms: request.retention_time_ms,
            offsets: items,
        });
        seat.shard.submit(Lane::Normal, &command).map_err(|error| errors::of_error(&error))?
    };
    match submitted.await.map_err(|error| errors::of_error(&error))? {
        Ok(_) => {
            // The group may have been forgotten meanwhile, with the last of its older offsets.
            seat.follow(&request.group_id);
            Ok(())
        }
        Err(Refusal::Fenced) => Err(ErrorCode::NotCoordinator),
        Err(refusal) => Err(errors::of_refusal(refusal)),
    }
}

/// A topic by its name or id, and partitions of it.
type AskedTopic<'r> = (Cow<'r, str>, Uuid, Vec<i32>);

/// A group's offsets that are asked for: of these topics and partitions, or all of them.
struct Asked<'r> {
    group: Cow<'r, str>,
    topics: Option<Vec<AskedTopic<'r>>>,
}

struct Answered {
    name: String,
    id: Uuid,
    partitions: Vec<OffsetFetchResponsePartitions<'static>>,
}

pub(crate) async fn fetch(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<OffsetFetchRequest<'_>>() else { return malformed() };
    let by_id = call.version >= FETCH_IDS_FROM;
    if call.version < GROUPS_FROM {
        let topics = request
            .topics
            .as_ref()
            .map(|topics| topics.iter().map(|topic| (topic.name.clone(), Uuid::ZERO, topic.partition_indexes.clone())).collect());
        let asked = Asked { group: request.group_id.clone(), topics };
        let (topics, error_code) = match fetch_one(&context, &asked, by_id).await {
            Ok(topics) => (topics, 0),
            Err(code) => (refused(&asked, code), code as i16),
        };
        let plain = |one: OffsetFetchResponsePartitions<'static>| OffsetFetchResponsePartition {
            partition_index: one.partition_index,
            committed_offset: one.committed_offset,
            committed_leader_epoch: one.committed_leader_epoch,
            metadata: one.metadata,
            error_code: one.error_code,
        };
        let topics = topics.into_iter().map(|topic| OffsetFetchResponseTopic {
            name: Cow::Owned(topic.name),
            partitions: topic.partitions.into_iter().map(plain).collect(),
        });
        let error_code = if call.version >= 2 { error_code } else { 0 };
        return call.answer(&OffsetFetchResponse { topics: topics.collect(), error_code, ..OffsetFetchResponse::default() });
    }
    let mut groups = Vec::with_capacity(request.groups.len());
    for group in &request.groups {
        let topics = group.topics.as_ref().map(|topics| {
            topics.iter().map(|topic| (topic.name.clone(), topic.topic_id, topic.partition_indexes.clone())).collect()
        });
        let asked = Asked { group: group.group_id.clone(), topics };
        let (topics, error_code) = match fetch_one(&context, &asked, by_id).await {
            Ok(topics) => (topics, 0),
            Err(code) => (Vec::new(), code as i16),
        };
        let topics = topics.into_iter().map(|topic| OffsetFetchResponseTopics {
            name: Cow::Owned(topic.name),
            topic_id: topic.id,
            partitions: topic.partitions,
        });
        groups.push(OffsetFetchResponseGroup { group_id: group.group_id.clone(), topics: topics.collect(), error_code });
    }
    call.answer(&OffsetFetchResponse { groups, ..OffsetFetchResponse::default() })
}

fn nothing(partition_index: i32, code: ErrorCode) -> OffsetFetchResponsePartitions<'static> {
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        metadata: Some(Cow::Borrowed("")),
        error_code: code as i16,
    }
}

fn refused(asked: &Asked<'_>, code: ErrorCode) -> Vec<Answered> {
    let topic = |(name, id, partitions): &(Cow<'_, str>, Uuid, Vec<i32>)| Answered {
        name: name.to_string(),
        id: *id,
        partitions: partitions.iter().map(|index| nothing(*index, code)).collect(),
    };
    asked.topics.iter().flatten().map(topic).collect()
}

async fn fetch_one(context: &Context, asked: &Asked<'_>, by_id: bool) -> Result<Vec<Answered>, ErrorCode> {
    let topics = &context.door.topics;
    let may = |topic: &Topic| context.allowed(ApiKey::OffsetFetch, topic);
    context.authority.group(ApiKey::OffsetFetch, &asked.group)?;
    let seat = context.door.coordination.seat(&asked.group).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    drop(seat.serving()?);
    // What was committed before this was asked is told.
    seat.shard.barrier().await.map_err(|error| errors::of_error(&error))?;
    let kept: BTreeMap<PartitionId, Committed> =
        seat.shard.machine().offsets(asked.group.as_bytes(), None).unwrap_or_default().into_iter().collect();
    let told = |index: i32, committed: &Committed| OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: committed.offset,
        committed_leader_epoch: committed.leader_epoch,
        metadata: Some(Cow::Owned(String::from_utf8_lossy(&committed.metadata).into_owned())),
        error_code: 0,
    };
    let Some(wanted) = &asked.topics else {
        let mut all: BTreeMap<u128, Answered> = BTreeMap::new();
        for (id, committed) in &kept {
            // Offsets of a topic that was deleted are on their way out.
            let Some(topic) = topics.readable_by_id(id.topic.0).filter(|topic| may(topic).is_ok()) else { continue };
            let index = i32::try_from(id.partition).unwrap_or(i32::MAX);
            let entry = all.entry(topic.id).or_insert_with(|| Answered {
                name: topic.name.to_string(),
                id: Uuid(topic.id),
                partitions: Vec::new(),
            });
            entry.partitions.push(told(index, committed));
        }
        return Ok(all.into_values().collect());
    };
    let topic = |(name, id, partitions): &(Cow<'_, str>, Uuid, Vec<i32>)| {
        let topic = if by_id { topics.readable_by_id(id.0) } else { topics.readable(name) };
        let allowed = match &topic {
            Some(topic) => may(topic),
            None => context.topic(ApiKey::OffsetFetch, name),
        };
        let one = |index: &i32| match &topic {
            Some(_) if allowed.is_err() => nothing(*index, denied(Resource::Topic)),
            None if !by_id && allowed.is_err() => nothing(*index, denied(Resource::Topic)),
            None if by_id => nothing(*index, ErrorCode::UnknownTopicId),
            None => nothing(*index, ErrorCode::None),
            Some(topic) => {
                let partition = u32::try_from(*index).unwrap_or(u32::MAX);
                let committed = kept.get(&PartitionId { topic: TopicId(topic.id), partition });
                committed.map_or_else(|| nothing(*index, ErrorCode::None), |committed| told(*index, committed))
            }
        };
        Answered { name: name.to_string(), id: *id, partitions: distinct(partitions, |index| *index).map(one).collect() }
    };
    Ok(wanted.iter().map(topic).collect())
}

pub(crate) async fn delete(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<OffsetDeleteRequest<'_>>() else { return malformed() };
    let refused = |code: ErrorCode| OffsetDeleteResponse { error_code: code as i16, ..OffsetDeleteResponse::default() };
    if let Err(code) = context.authority.group(ApiKey::OffsetDelete, &request.group_id) {
        return call.answer(&refused(code));
    }
    let Some(seat) = context.door.coordination.seat(&request.group_id) else {
        return call.answer(&refused(ErrorCode::CoordinatorNotAvailable));
    };
    let subscribed = {
        let mut serving = match seat.serving() {
            Ok(serving) => serving,
            Err(code) => return call.answer(&refused(code)),
        };
        match serving.coordinator().describe(&request.group_id) {
            Some(group) if !group.members.is_empty() && group.protocol_type != "consumer" => {
                return call.answer(&refused(ErrorCode::NonEmptyGroup));
            }
            Some(group) => {
                let subscribed = group.members.iter().map(|member| subscriptions(&member.metadata).unwrap_or_default());
                subscribed.flatten().collect::<Vec<_>>()
            }
            None if seat.shard.machine().has_group(request.group_id.as_bytes()) => Vec::new(),
            None => return call.answer(&refused(ErrorCode::GroupIdNotFound)),
        }
    };
    let mut gone = Vec::new();
    let mut response = OffsetDeleteResponse::default();
    for asked in &request.topics {
        let topic = context.find(ApiKey::OffsetDelete, &asked.name);
        let is_subscribed = subscribed.iter().any(|name| *name == asked.name);
        let one = |wanted: &kafka_wire::messages::offset_delete::OffsetDeleteRequestPartition| {
            let place =
                topic.as_ref().map_err(|code| *code).and_then(|topic| context.door.topics.place(topic, wanted.partition_index));
            let error = match place {
                Ok(_) if is_subscribed => ErrorCode::GroupSubscribedToTopic,
                Ok(place) => {
                    gone.push(place.id);
                    ErrorCode::None
                }
                Err(code) => code,
            };
            OffsetDeleteResponsePartition { partition_index: wanted.partition_index, error_code: error as i16 }
        };
        let partitions = asked.partitions.iter().map(one).collect();
        response.topics.push(OffsetDeleteResponseTopic { name: asked.name.clone(), partitions });
    }
    if !gone.is_empty() {
        let group = Bytes::copy_from_slice(request.group_id.as_bytes());
        let command = Command::OffsetDelete { group, partitions: gone };
        let outcome = match seat.shard.submit(Lane::Normal, &command) {
            Ok(submitted) => submitted.await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(refusal)) => return call.answer(&refused(errors::of_refusal(refusal))),
            Err(error) => return call.answer(&refused(errors::of_error(&error))),
        }
    }
    call.answer(&response)
}
