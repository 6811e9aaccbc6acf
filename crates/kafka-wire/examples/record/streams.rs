//! Groups of Kafka Streams (KIP-1071).

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        streams_group_describe::{StreamsGroupDescribeRequest, StreamsGroupDescribeResponse},
        streams_group_heartbeat::{
            KeyValue, RequestEndpoint, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, Subtopology, TopicInfo,
            Topology,
        },
    },
};

use crate::stage::{Stage, TOPIC, expect, until, versions};

const GROUP: &str = "streamers";

pub(crate) fn record(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::StreamsGroupHeartbeat) {
        let mut beat = joining();
        let answer = stage.open.ask(version, &beat);
        let response = answer.read::<StreamsGroupHeartbeatResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        beat.member_epoch = response.member_epoch;
        beat.topology = None;
        until("the member has tasks", || {
            let answer = stage.open.ask(version, &beat);
            let response = answer.read::<StreamsGroupHeartbeatResponse<'_>>();
            expect(response.error_code, ErrorCode::None);
            beat.member_epoch = response.member_epoch;
            response.active_tasks.is_some_and(|tasks| !tasks.is_empty())
        });
    }
    for version in versions(ApiKey::StreamsGroupDescribe) {
        let group_ids = vec![GROUP.into(), "absent".into()];
        let answer = stage.open.ask(version, &StreamsGroupDescribeRequest { group_ids, include_authorized_operations: true });
        let response = answer.read::<StreamsGroupDescribeResponse<'_>>();
        assert_eq!(response.groups.iter().map(|group| group.members.len()).sum::<usize>(), 1);
    }
}

/// A member with a topology of one part that reads a topic and keeps a state.
fn joining() -> StreamsGroupHeartbeatRequest<'static> {
    let setting = KeyValue { key: "cleanup.policy".into(), value: "compact".into() };
    let changelog = TopicInfo {
        name: "streamers-state-changelog".into(),
        partitions: 0,
        replication_factor: 1,
        topic_configs: vec![setting],
    };
    let part = Subtopology {
        subtopology_id: "0".into(),
        source_topics: vec![TOPIC.into()],
        state_changelog_topics: vec![changelog],
        ..Subtopology::default()
    };
    StreamsGroupHeartbeatRequest {
        group_id: GROUP.into(),
        member_id: "AAAAAAAAAAAAAAAAAAAAAQ".into(),
        rebalance_timeout_ms: 30_000,
        topology: Some(Topology { epoch: 0, subtopologies: vec![part] }),
        active_tasks: Some(vec![]),
        standby_tasks: Some(vec![]),
        warmup_tasks: Some(vec![]),
        process_id: Some("process".into()),
        user_endpoint: Some(RequestEndpoint { host: "127.0.0.1".into(), port: 27189 }),
        client_tags: Some(vec![KeyValue { key: "zone".into(), value: "a".into() }]),
        ..StreamsGroupHeartbeatRequest::default()
    }
}
