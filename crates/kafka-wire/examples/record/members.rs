//! Offsets of groups, and groups of the newer protocol (KIP-848).

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        consumer_group_describe::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse},
        consumer_group_heartbeat::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, RequestTopicPartitions},
        offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse},
        offset_delete::{OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic, OffsetDeleteResponse},
        offset_fetch::{
            OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics, OffsetFetchResponse,
        },
    },
};

use crate::stage::{Stage, TOPIC, expect, versions};

/// A group without members, whose offsets an administrator sets.
const GROUP: &str = "golden-offsets";

pub(crate) fn offsets(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::OffsetCommit) {
        let part = |partition_index| OffsetCommitRequestPartition {
            partition_index,
            committed_offset: 1,
            committed_leader_epoch: if version < 6 { -1 } else { 0 },
            committed_metadata: (partition_index == 0).then(|| "meta".into()),
        };
        let mut topic = OffsetCommitRequestTopic { partitions: vec![part(0), part(1)], ..OffsetCommitRequestTopic::default() };
        if version < 10 {
            topic.name = TOPIC.into();
        } else {
            topic.topic_id = stage.topic_id;
        }
        let request = OffsetCommitRequest { group_id: GROUP.into(), topics: vec![topic], ..OffsetCommitRequest::default() };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<OffsetCommitResponse<'_>>();
        assert!(response.topics[0].partitions.iter().all(|part| part.error_code == 0));
        let strange = OffsetCommitRequest {
            generation_id_or_member_epoch: 4,
            member_id: "nobody".into(),
            group_instance_id: (version >= 7).then(|| "instance".into()),
            ..request
        };
        let answer = stage.open.ask(version, &strange);
        assert_ne!(answer.read::<OffsetCommitResponse<'_>>().topics[0].partitions[0].error_code, 0);
    }
    for version in versions(ApiKey::OffsetFetch) {
        offset_fetch(stage, version);
    }
    for version in versions(ApiKey::OffsetDelete) {
        let partitions = vec![OffsetDeleteRequestPartition { partition_index: 1 }];
        let topics = vec![OffsetDeleteRequestTopic { name: TOPIC.into(), partitions }];
        let answer = stage.open.ask(version, &OffsetDeleteRequest { group_id: GROUP.into(), topics });
        let response = answer.read::<OffsetDeleteResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        expect(response.topics[0].partitions[0].error_code, ErrorCode::None);
    }
}

/// Of named partitions, one of which has none; then, where the version can, of all.
fn offset_fetch(stage: &mut Stage<'_>, version: i16) {
    let mut request = OffsetFetchRequest { require_stable: version >= 7, ..OffsetFetchRequest::default() };
    if version < 8 {
        request.group_id = GROUP.into();
        request.topics = Some(vec![OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0, 5] }]);
    } else {
        let mut topic = OffsetFetchRequestTopics { partition_indexes: vec![0, 5], ..OffsetFetchRequestTopics::default() };
        if version < 10 {
            topic.name = TOPIC.into();
        } else {
            topic.topic_id = stage.topic_id;
        }
        let group =
            OffsetFetchRequestGroup { group_id: GROUP.into(), topics: Some(vec![topic]), ..OffsetFetchRequestGroup::default() };
        let all = OffsetFetchRequestGroup { topics: None, ..group.clone() };
        request.groups = vec![group, OffsetFetchRequestGroup { group_id: "absent".into(), ..all.clone() }];
        let groups = vec![all];
        stage.open.ask(version, &OffsetFetchRequest { groups, topics: Some(vec![]), ..request.clone() });
        request.topics = Some(vec![]);
    }
    let answer = stage.open.ask(version, &request);
    let response = answer.read::<OffsetFetchResponse<'_>>();
    let offsets: Vec<_> = if version < 8 {
        response.topics[0].partitions.iter().map(|part| part.committed_offset).collect()
    } else {
        response.groups[0].topics[0].partitions.iter().map(|part| part.committed_offset).collect()
    };
    assert_eq!(offsets, [1, -1]);
    if (2..8).contains(&version) {
        let answer = stage.open.ask(version, &OffsetFetchRequest { topics: None, ..request });
        expect(answer.read::<OffsetFetchResponse<'_>>().error_code, ErrorCode::None);
    }
}

/// A member joins, is assigned, is described and leaves.
pub(crate) fn record(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::ConsumerGroupHeartbeat) {
        let group = format!("consumers-{version}");
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: (&*group).into(),
            // From version 1 on the member says who it is (KIP-1082).
            member_id: if version < 1 { "" } else { "AAAAAAAAAAAAAAAAAAAAAQ" }.into(),
            rack_id: Some("rack-a".into()),
            rebalance_timeout_ms: 45_000,
            subscribed_topic_names: Some(vec![TOPIC.into()]),
            subscribed_topic_regex: (version >= 1).then(|| "gold.*".into()),
            server_assignor: Some("uniform".into()),
            topic_partitions: Some(vec![]),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ConsumerGroupHeartbeatResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        request.member_id = response.member_id.expect("a member is told who it is").into_owned().into();
        request.member_epoch = response.member_epoch;
        let owned = RequestTopicPartitions { topic_id: stage.topic_id, partitions: vec![0, 1] };
        request.topic_partitions = Some(vec![owned]);
        let answer = stage.open.ask(version, &request);
        expect(answer.read::<ConsumerGroupHeartbeatResponse<'_>>().error_code, ErrorCode::None);

        let describe = ConsumerGroupDescribeRequest {
            group_ids: vec![(&*group).into(), "absent".into()],
            include_authorized_operations: true,
        };
        let answer = stage.open.ask(version, &describe);
        let response = answer.read::<ConsumerGroupDescribeResponse<'_>>();
        assert_eq!(response.groups.iter().map(|group| group.members.len()).sum::<usize>(), 1);
        // -1 is the epoch of who leaves.
        request.member_epoch = -1;
        let answer = stage.open.ask(version, &request);
        expect(answer.read::<ConsumerGroupHeartbeatResponse<'_>>().error_code, ErrorCode::None);
    }
}
