//! DescribeTopicPartitions: topics page by page (KIP-966).

use std::{borrow::Cow, collections::BTreeSet, ops::Bound, sync::Arc};

use cluster::catalogue::{Topic, check_name};
use kafka_wire::{
    ErrorCode, Uuid,
    messages::{
        ApiKey,
        describe_topic_partitions::{
            DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
            DescribeTopicPartitionsResponseTopic, ResponseCursor,
        },
        metadata::MetadataResponsePartition,
    },
};

use super::metadata;
use crate::{
    limits::DESCRIBED_PARTITIONS_MAX,
    topics::Topics,
    transport::{Answer, Call, Context, malformed},
};

/// Where a page begins.
struct Start<'r> {
    topic: &'r str,
    partition: usize,
}

pub(crate) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeTopicPartitionsRequest<'_>>() else { return malformed() };
    let topics = &context.door.topics;
    let mut response = DescribeTopicPartitionsResponse::default();
    let start = match &request.cursor {
        None => Start { topic: "", partition: 0 },
        Some(cursor) => match usize::try_from(cursor.partition_index) {
            Ok(partition) => Start { topic: &cursor.topic_name, partition },
            Err(_) => {
                let each = request.topics.iter().map(|asked| missing(&asked.name, ErrorCode::InvalidRequest));
                response.topics = each.collect();
                return call.answer(&response);
            }
        },
    };
    let limit = usize::try_from(request.response_partition_limit).unwrap_or(1).clamp(1, DESCRIBED_PARTITIONS_MAX);
    let names: BTreeSet<String> = match request.topics.is_empty() {
        true => {
            let seen = |name: &str| context.authority.topic(ApiKey::DescribeTopicPartitions, name).is_ok();
            let (all, histories) = (topics.all(), context.histories());
            all.iter().filter(|topic| seen(&topic.name)).chain(&histories).map(|topic| topic.name.to_string()).collect()
        }
        false => request.topics.iter().map(|asked| asked.name.to_string()).collect(),
    };
    fill(&context, names.range::<str, _>((Bound::Included(start.topic), Bound::Unbounded)), &start, limit, &mut response);
    call.answer(&response)
}

/// Adds topics until the page is full; then where the next one begins.
fn fill<'n>(
    context: &Context,
    names: impl Iterator<Item = &'n String>,
    start: &Start<'_>,
    limit: usize,
    response: &mut DescribeTopicPartitionsResponse<'static>,
) {
    let topics = &context.door.topics;
    let mut left = limit;
    for name in names {
        let first = if name == start.topic { start.partition } else { 0 };
        if left == 0 {
            response.next_cursor = Some(ResponseCursor { topic_name: Cow::Owned(name.clone()), partition_index: 0 });
            return;
        }
        let topic = match context.find(ApiKey::DescribeTopicPartitions, name) {
            Ok(topic) => topic,
            Err(code) => {
                let is_unknown = code == ErrorCode::UnknownTopicOrPartition;
                let is_none = is_unknown && check_name(name).is_err();
                response.topics.push(missing(name, if is_none { ErrorCode::InvalidTopicException } else { code }));
                continue;
            }
        };
        let end = topic.partitions().min(first.saturating_add(left));
        response.topics.push(page(topics, &topic, first..end));
        left -= end.saturating_sub(first);
        if end < topic.partitions() {
            let partition_index = i32::try_from(end).unwrap_or(i32::MAX);
            response.next_cursor = Some(ResponseCursor { topic_name: Cow::Owned(name.clone()), partition_index });
            return;
        }
    }
}

fn missing(name: &str, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'static> {
    DescribeTopicPartitionsResponseTopic {
        error_code: code as i16,
        name: Some(Cow::Owned(name.to_owned())),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

fn page(topics: &Topics, topic: &Arc<Topic>, numbers: std::ops::Range<usize>) -> DescribeTopicPartitionsResponseTopic<'static> {
    let partition = |index: usize| {
        let MetadataResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            offline_replicas,
        } = metadata::partition(topics, topic, index);
        DescribeTopicPartitionsResponsePartition {
            error_code,
            partition_index,
            leader_id,
            leader_epoch,
            replica_nodes,
            isr_nodes,
            // A quorum elects: nobody is kept apart who could lead with less than what was acknowledged. The Java client takes
            // a list for granted that the protocol lets be null.
            eligible_leader_replicas: Some(Vec::new()),
            last_known_elr: Some(Vec::new()),
            offline_replicas,
        }
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: 0,
        name: Some(Cow::Owned(topic.name.to_string())),
        topic_id: Uuid(topic.id),
        is_internal: topic.internal,
        partitions: numbers.map(partition).collect(),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}
