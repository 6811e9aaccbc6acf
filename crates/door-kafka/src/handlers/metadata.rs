//! Metadata and DescribeCluster: who there is, which topics, and who leads their partitions.

use std::{borrow::Cow, sync::Arc};

use cluster::catalogue::Topic;
use kafka_wire::{
    ErrorCode, Uuid,
    messages::{
        ApiKey,
        describe_cluster::{DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse},
        metadata::{
            MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseBroker, MetadataResponsePartition,
            MetadataResponseTopic,
        },
    },
};

use crate::{
    brokers::number,
    histories::is_history,
    operations,
    repeated::distinct,
    topics::Topics,
    transport::{Answer, Call, Context, malformed},
};

/// From this version on no topics named means all; before, none means all (KIP-4).
const NULL_IS_ALL_FROM: i16 = 1;
pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<MetadataRequest<'_>>() else { return malformed() };
    let (topics, authority) = (&context.door.topics, &*context.authority);
    let is_all = match &request.topics {
        None => true,
        Some(named) => named.is_empty() && call.version < NULL_IS_ALL_FROM,
    };
    if is_all || request.topics.as_ref().is_some_and(|named| !named.is_empty()) {
        topics.await_leaders().await;
    }
    let mut told = Vec::new();
    if is_all {
        let all = topics.all();
        let seen = all.iter().filter(|topic| authority.topic(ApiKey::Metadata, &topic.name).is_ok());
        told.extend(seen.map(|topic| describe(&context, topic, request.include_topic_authorized_operations)));
        told.extend(histories(&context, request.include_topic_authorized_operations));
    } else {
        let creates = request.allow_auto_topic_creation && context.door.options.auto_create;
        let create = creates.then_some(context.door.options.partitions);
        let named_topics = request.topics.as_deref().unwrap_or_default();
        for asked in distinct(named_topics, |asked| (asked.topic_id, asked.name.as_deref())) {
            told.push(named(&context, asked, create, request.include_topic_authorized_operations).await);
        }
    }
    let brokers = topics.brokers().into_iter().map(|broker| MetadataResponseBroker {
        node_id: broker.number(),
        port: i32::from(broker.port),
        host: Cow::Owned(broker.host),
        rack: broker.rack.map(Cow::Owned),
    });
    call.answer(&MetadataResponse {
        brokers: brokers.collect(),
        cluster_id: Some(Cow::Owned(cluster_id(topics))),
        controller_id: number(topics.controller()),
        topics: told,
        cluster_authorized_operations: operations::of_cluster(authority, request.include_cluster_authorized_operations),
        ..MetadataResponse::default()
    })
}

fn cluster_id(topics: &Topics) -> String {
    format!("{:016x}", topics.node().cluster_id())
}

async fn named(
    context: &Context,
    asked: &MetadataRequestTopic<'_>,
    create: Option<u32>,
    operations: bool,
) -> MetadataResponseTopic<'static> {
    let (topics, authority) = (&context.door.topics, &*context.authority);
    // The Java client sends an empty name beside an id.
    let is_by_id = asked.topic_id != Uuid::default();
    let missing = |code: ErrorCode| MetadataResponseTopic {
        error_code: code as i16,
        name: asked.name.as_ref().filter(|_| !is_by_id).map(|name| Cow::Owned(name.to_string())),
        topic_id: asked.topic_id,
        topic_authorized_operations: operations::NOT_ASKED,
        ..MetadataResponseTopic::default()
    };
    let Some(name) = asked.name.as_ref().filter(|_| !is_by_id) else {
        return match topics.readable_by_id(asked.topic_id.0) {
            // A name is not told to who may not see it.
            Some(topic) => match context.allowed(ApiKey::Metadata, &topic) {
                Ok(()) => describe(context, &topic, operations),
                Err(code) => missing(code),
            },
            None => missing(ErrorCode::UnknownTopicId),
        };
    };
    if cluster::catalogue::check_name(name).is_err() {
        return missing(ErrorCode::InvalidTopicException);
    }
    if config::topics::is_reserved(name) {
        // What histories are called is never created: a namespace may come, or a topic of an earlier build be there.
        return match context.find(ApiKey::Metadata, name) {
            Ok(topic) => describe(context, &topic, operations),
            Err(code) => missing(code),
        };
    }
    if let Err(code) = authority.topic(ApiKey::Metadata, name) {
        return missing(code);
    }
    // Who may not create it is told so, and only if it is not there.
    if create.is_some()
        && topics.topic(name).is_none()
        && let Err(code) = authority.create(name)
    {
        return missing(code);
    }
    match topics.find_or_create(name, create).await {
        Ok(topic) => describe(context, &topic, operations),
        Err(code) => missing(code),
    }
}

/// One partition of a topic: who holds it, and who leads.
pub(super) fn partition(topics: &Topics, topic: &Arc<Topic>, index: usize) -> MetadataResponsePartition {
    let partition_index = i32::try_from(index).unwrap_or(i32::MAX);
    let place = match topics.place(topic, partition_index) {
        Ok(place) => place,
        Err(code) => {
            let error_code = code as i16;
            return MetadataResponsePartition {
                error_code,
                partition_index,
                leader_id: -1,
                ..MetadataResponsePartition::default()
            };
        }
    };
    let (leader, replicas) = (place.leader(), place.shard.replicas());
    let numbers: Vec<i32> = replicas.voters.iter().map(|node| number(*node)).collect();
    let offline = replicas.unreachable.iter().map(|node| number(*node)).collect::<Vec<_>>();
    MetadataResponsePartition {
        error_code: if leader.number < 0 { ErrorCode::LeaderNotAvailable } else { ErrorCode::None } as i16,
        partition_index,
        leader_id: leader.number,
        leader_epoch: leader.epoch,
        isr_nodes: numbers.iter().filter(|node| !offline.contains(node)).copied().collect(),
        replica_nodes: numbers,
        offline_replicas: offline,
    }
}

fn describe(context: &Context, topic: &Arc<Topic>, operations: bool) -> MetadataResponseTopic<'static> {
    let topics = &context.door.topics;
    MetadataResponseTopic {
        error_code: 0,
        name: Some(Cow::Owned(topic.name.to_string())),
        topic_id: Uuid(topic.id),
        is_internal: topic.internal,
        partitions: (0..topic.partitions()).map(|index| partition(topics, topic, index)).collect(),
        topic_authorized_operations: match is_history(topic) {
            true => operations::of_history(operations),
            false => operations::of_topic(&context.authority, operations, &topic.name),
        },
    }
}

/// Histories that who asks may read. All lie in one shard: who holds and leads it is looked up once.
fn histories(context: &Context, operations: bool) -> Vec<MetadataResponseTopic<'static>> {
    let found = context.histories();
    let Some(first) = found.first() else { return Vec::new() };
    let partitions = vec![partition(&context.door.topics, first, 0)];
    let describe = |topic: &Arc<Topic>| MetadataResponseTopic {
        error_code: 0,
        name: Some(Cow::Owned(topic.name.to_string())),
        topic_id: Uuid(topic.id),
        is_internal: topic.internal,
        partitions: partitions.clone(),
        topic_authorized_operations: operations::of_history(operations),
    };
    found.iter().map(describe).collect()
}

pub(crate) async fn describe_cluster(context: Context, call: Call) -> Answer {
    /// Brokers; the other kind, controllers, has no endpoints of its own here.
    const BROKERS: i8 = 1;
    let Some(request) = call.decode::<DescribeClusterRequest>() else { return malformed() };
    let topics = &context.door.topics;
    let mut response = DescribeClusterResponse {
        endpoint_type: request.endpoint_type,
        cluster_id: Cow::Owned(cluster_id(topics)),
        controller_id: number(topics.controller()),
        cluster_authorized_operations: operations::of_cluster(&context.authority, request.include_cluster_authorized_operations),
        ..DescribeClusterResponse::default()
    };
    if request.endpoint_type == BROKERS {
        let broker = |broker: crate::brokers::Broker| DescribeClusterBroker {
            broker_id: broker.number(),
            port: i32::from(broker.port),
            host: Cow::Owned(broker.host),
            rack: broker.rack.map(Cow::Owned),
            ..DescribeClusterBroker::default()
        };
        response.brokers = topics.brokers().into_iter().map(broker).collect();
    } else {
        response.error_code = ErrorCode::MismatchedEndpointType as i16;
        response.error_message = Some(Cow::Borrowed("this is a broker: it lists brokers (endpoint type 1)"));
    }
    call.answer(&response)
}
