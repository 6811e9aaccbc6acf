//! Share groups (KIP-932).

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        alter_share_group_offsets::{
            AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
            AlterShareGroupOffsetsResponse,
        },
        delete_share_group_offsets::{
            DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsRequestTopic, DeleteShareGroupOffsetsResponse,
        },
        describe_share_group_offsets::{
            DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup, DescribeShareGroupOffsetsRequestTopic,
            DescribeShareGroupOffsetsResponse,
        },
        incremental_alter_configs::{
            AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        },
        share_acknowledge::{self, AcknowledgePartition, AcknowledgeTopic, ShareAcknowledgeRequest, ShareAcknowledgeResponse},
        share_fetch::{AcquiredRecords, FetchPartition, FetchTopic, ShareFetchRequest, ShareFetchResponse},
        share_group_describe::{ShareGroupDescribeRequest, ShareGroupDescribeResponse},
        share_group_heartbeat::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse},
    },
};

use crate::{
    configs::GROUP_SETTINGS,
    stage::{Stage, TOPIC, expect, until, versions},
};

const GROUP: &str = "sharers";

pub(crate) fn record(stage: &mut Stage<'_>) {
    from_the_beginning(stage);
    for version in versions(ApiKey::ShareFetch) {
        live(stage, version);
    }
    offsets(stage);
}

/// Share groups begin at the end unless told otherwise.
fn from_the_beginning(stage: &mut Stage<'_>) {
    let config = AlterableConfig { name: "share.auto.offset.reset".into(), config_operation: 0, value: Some("earliest".into()) };
    let resource = AlterConfigsResource { resource_type: GROUP_SETTINGS, resource_name: GROUP.into(), configs: vec![config] };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
    let answer = stage.open.prepare(1, &request);
    expect(answer.read::<IncrementalAlterConfigsResponse<'_>>().responses[0].error_code, ErrorCode::None);
}

/// A member joins, fetches, acknowledges and leaves. ShareGroupHeartbeat and ShareGroupDescribe have one version.
fn live(stage: &mut Stage<'_>, version: i16) {
    let member = format!("AAAAAAAAAAAAAAAAAAAAB{version}");
    let mut beat = ShareGroupHeartbeatRequest {
        group_id: GROUP.into(),
        member_id: (&*member).into(),
        member_epoch: 0,
        rack_id: Some("rack-a".into()),
        subscribed_topic_names: Some(vec![TOPIC.into()]),
    };
    let answer = stage.open.ask(1, &beat);
    let response = answer.read::<ShareGroupHeartbeatResponse<'_>>();
    expect(response.error_code, ErrorCode::None);
    beat.member_epoch = response.member_epoch;
    beat.subscribed_topic_names = None;
    until("the member is assigned", || {
        let answer = stage.open.prepare(1, &beat);
        let response = answer.read::<ShareGroupHeartbeatResponse<'_>>();
        beat.member_epoch = response.member_epoch;
        response.assignment.is_some_and(|assignment| !assignment.topic_partitions.is_empty())
    });
    let describe = ShareGroupDescribeRequest { group_ids: vec![GROUP.into()], include_authorized_operations: true };
    let answer = stage.open.ask(1, &describe);
    assert_eq!(answer.read::<ShareGroupDescribeResponse<'_>>().groups[0].members.len(), 1);

    let acquired = fetch(stage, version, &member);
    acknowledge(stage, version, &member, acquired);
    beat.member_epoch = -1;
    let answer = stage.open.ask(1, &beat);
    expect(answer.read::<ShareGroupHeartbeatResponse<'_>>().error_code, ErrorCode::None);
}

/// The first records, and how far the session has come.
fn fetch(stage: &mut Stage<'_>, version: i16, member: &str) -> (AcquiredRecords, i32) {
    let part = |partition_index| FetchPartition { partition_index, ..FetchPartition::default() };
    let mut request = ShareFetchRequest {
        group_id: Some(GROUP.into()),
        member_id: Some(member.into()),
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: 300,
        max_records: 2,
        batch_size: 2,
        topics: vec![FetchTopic { topic_id: stage.topic_id, partitions: vec![part(0), part(1)] }],
        ..ShareFetchRequest::default()
    };
    // What a share group has acquired is known to its partitions' leaders only after a while.
    let mut found = None;
    until("records are acquired", || {
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ShareFetchResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        request.share_session_epoch += 1;
        request.topics = vec![];
        let parts = response.responses.iter().flat_map(|topic| &topic.partitions);
        found = parts.filter(|part| part.partition_index == 0).find_map(|part| part.acquired_records.first().cloned());
        found.is_some()
    });
    (found.expect("it was waited for"), request.share_session_epoch)
}

fn acknowledge(stage: &mut Stage<'_>, version: i16, member: &str, (acquired, epoch): (AcquiredRecords, i32)) {
    let batches = vec![share_acknowledge::AcknowledgementBatch {
        first_offset: acquired.first_offset,
        last_offset: acquired.first_offset,
        // Accept.
        acknowledge_types: vec![1],
    }];
    let partitions = vec![AcknowledgePartition { partition_index: 0, acknowledgement_batches: batches }];
    let request = ShareAcknowledgeRequest {
        group_id: Some(GROUP.into()),
        member_id: Some(member.into()),
        share_session_epoch: epoch,
        is_renew_ack: false,
        topics: vec![AcknowledgeTopic { topic_id: stage.topic_id, partitions }],
    };
    let answer = stage.open.ask(version, &request);
    let response = answer.read::<ShareAcknowledgeResponse<'_>>();
    expect(response.error_code, ErrorCode::None);
    expect(response.responses[0].partitions[0].error_code, ErrorCode::None);
}

/// Once nobody is in the group.
fn offsets(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DescribeShareGroupOffsets) {
        let topic = DescribeShareGroupOffsetsRequestTopic { topic_name: TOPIC.into(), partitions: vec![0] };
        for topics in [Some(vec![topic]), None] {
            let group = DescribeShareGroupOffsetsRequestGroup { group_id: GROUP.into(), topics };
            let answer = stage.open.ask(version, &DescribeShareGroupOffsetsRequest { groups: vec![group] });
            let response = answer.read::<DescribeShareGroupOffsetsResponse<'_>>();
            expect(response.groups[0].error_code, ErrorCode::None);
            assert!(!response.groups[0].topics.is_empty());
        }
    }
    for version in versions(ApiKey::AlterShareGroupOffsets) {
        let partitions = vec![AlterShareGroupOffsetsRequestPartition { partition_index: 0, start_offset: 1 }];
        let topics = vec![AlterShareGroupOffsetsRequestTopic { topic_name: TOPIC.into(), partitions }];
        let answer = stage.open.ask(version, &AlterShareGroupOffsetsRequest { group_id: GROUP.into(), topics });
        let response = answer.read::<AlterShareGroupOffsetsResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        expect(response.responses[0].partitions[0].error_code, ErrorCode::None);
    }
    for version in versions(ApiKey::DeleteShareGroupOffsets) {
        let topics = vec![DeleteShareGroupOffsetsRequestTopic { topic_name: TOPIC.into() }];
        let answer = stage.open.ask(version, &DeleteShareGroupOffsetsRequest { group_id: GROUP.into(), topics });
        let response = answer.read::<DeleteShareGroupOffsetsResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        expect(response.responses[0].error_code, ErrorCode::None);
    }
}
