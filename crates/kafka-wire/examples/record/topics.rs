//! Topics: made, described, grown, removed.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        create_partitions::{
            CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
        },
        create_topics::{
            CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
        },
        delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse},
        describe_topic_partitions::{
            DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, RequestCursor, TopicRequest,
        },
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
    },
};

use crate::stage::{Stage, TIMEOUT_MS, TOPIC, expect, until, versions};

pub(crate) fn record(stage: &mut Stage<'_>) {
    create_topics(stage);
    metadata(stage);
    create_partitions(stage);
    describe_topic_partitions(stage);
}

fn made(version: i16) -> String {
    format!("made-{version}")
}

fn create_topics(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::CreateTopics) {
        let name = made(version);
        let config = CreatableTopicConfig { name: "retention.ms".into(), value: Some("60000".into()) };
        let counted = CreatableTopic {
            name: (&*name).into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: vec![config],
            ..CreatableTopic::default()
        };
        let placed = CreatableTopic {
            name: format!("{name}-placed").into(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: vec![CreatableReplicaAssignment { partition_index: 0, broker_ids: vec![1] }],
            ..CreatableTopic::default()
        };
        let refused = CreatableTopic { name: "a/b".into(), ..counted.clone() };
        let topics = vec![counted, placed, refused];
        let answer = stage.open.ask(version, &CreateTopicsRequest { topics, timeout_ms: TIMEOUT_MS, validate_only: false });
        let mut codes: Vec<_> = answer.read::<CreateTopicsResponse<'_>>().topics.iter().map(|topic| topic.error_code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [0, 0, ErrorCode::InvalidTopicException.code()]);
        until("a topic is known", || !stage.id_of(&name).is_zero());
    }
}

fn metadata(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::Metadata) {
        let named = |name: &'static str| MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest {
            topics: Some(vec![named(TOPIC), named("auto")]),
            allow_auto_topic_creation: version < 4,
            include_cluster_authorized_operations: (8..=10).contains(&version),
            include_topic_authorized_operations: version >= 8,
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<MetadataResponse<'_>>();
        let found = response.topics.iter().find(|topic| topic.name.as_deref() == Some(TOPIC)).expect("it was asked for");
        expect(found.error_code, ErrorCode::None);
        assert_eq!((response.brokers.len(), found.partitions.len()), (1, 2));
        if version >= 12 {
            let by_id = MetadataRequestTopic { topic_id: stage.topic_id, name: None };
            let answer = stage.open.ask(version, &MetadataRequest { topics: Some(vec![by_id]), ..MetadataRequest::default() });
            expect(answer.read::<MetadataResponse<'_>>().topics[0].error_code, ErrorCode::None);
        }
        // No topics: an empty list, which meant all of them in version 0.
        if version >= 1 {
            let answer = stage.open.ask(version, &MetadataRequest { topics: Some(vec![]), ..MetadataRequest::default() });
            assert!(answer.read::<MetadataResponse<'_>>().topics.is_empty());
        }
    }
    let answer = stage.open.ask(1, &MetadataRequest { topics: None, ..MetadataRequest::default() });
    assert!(answer.read::<MetadataResponse<'_>>().topics.len() > 2, "null means all topics");
}

fn create_partitions(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::CreatePartitions) {
        let name = format!("grown-{version}");
        stage.make_topic(&name, 1);
        let more = |count, assignments| CreatePartitionsTopic { name: (&*name).into(), count, assignments };
        let placed = vec![CreatePartitionsAssignment { broker_ids: vec![1] }, CreatePartitionsAssignment { broker_ids: vec![1] }];
        for (topic, validate_only, code) in [
            (more(3, Some(placed)), true, ErrorCode::None),
            (more(2, None), false, ErrorCode::None),
            (more(1, None), false, ErrorCode::InvalidPartitions),
        ] {
            let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, validate_only };
            let answer = stage.open.ask(version, &request);
            expect(answer.read::<CreatePartitionsResponse<'_>>().results[0].error_code, code);
        }
    }
}

fn describe_topic_partitions(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DescribeTopicPartitions) {
        let first = DescribeTopicPartitionsRequest {
            topics: vec![TopicRequest { name: TOPIC.into() }, TopicRequest { name: "grown-0".into() }],
            response_partition_limit: 1,
            cursor: None,
        };
        let answer = stage.open.ask(version, &first);
        assert!(answer.read::<DescribeTopicPartitionsResponse<'_>>().next_cursor.is_some(), "there is more");
        let cursor = Some(RequestCursor { topic_name: "grown-0".into(), partition_index: 1 });
        let answer = stage.open.ask(version, &DescribeTopicPartitionsRequest { cursor, response_partition_limit: 5, ..first });
        let response = answer.read::<DescribeTopicPartitionsResponse<'_>>();
        assert!(response.next_cursor.is_none() && !response.topics.is_empty());
    }
}

/// The last step.
pub(crate) fn remove(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DeleteTopics) {
        let names = [format!("{}-placed", made(version)), "absent".into()];
        let mut request = DeleteTopicsRequest { timeout_ms: TIMEOUT_MS, ..DeleteTopicsRequest::default() };
        if version < 6 {
            request.topic_names = names.iter().map(|name| name.into()).collect();
        } else {
            let id = stage.id_of(&made(version));
            request.topics = vec![DeleteTopicState { name: None, topic_id: id }];
            let named = names.iter().map(|name| DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() });
            request.topics.extend(named);
        }
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DeleteTopicsResponse<'_>>();
        for result in &response.responses {
            let is_absent = result.name.as_deref().is_some_and(|name| name == "absent" || name == "made-1-placed");
            expect(result.error_code, if is_absent { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::None });
        }
    }
}
