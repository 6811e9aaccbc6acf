//! Every API that is served, in every version that is advertised, is answered with what that version can be read as.

use std::collections::BTreeSet;

use crate::house::{Client, House};
use kafka_wire::{
    ApiKey, Message, Uuid,
    batch::{BatchBuilder, Codec},
    messages::{
        alter_configs::{self, AlterConfigsRequest, AlterConfigsResponse},
        alter_partition_reassignments::{
            AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition, ReassignableTopic,
        },
        alter_user_scram_credentials::{
            AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse, ScramCredentialDeletion,
        },
        api_versions::{ApiVersionsRequest, ApiVersionsResponse},
        create_acls::{AclCreation, CreateAclsRequest, CreateAclsResponse},
        create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic},
        create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse},
        delete_acls::{DeleteAclsFilter, DeleteAclsRequest, DeleteAclsResponse},
        delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse},
        delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsResponse, DeleteRecordsTopic},
        delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse},
        describe_acls::{DescribeAclsRequest, DescribeAclsResponse},
        describe_client_quotas::{ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse},
        describe_cluster::{DescribeClusterRequest, DescribeClusterResponse},
        describe_configs::{DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse},
        describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse},
        describe_log_dirs::{DescribeLogDirsRequest, DescribeLogDirsResponse},
        describe_producers::{self, DescribeProducersRequest, DescribeProducersResponse},
        describe_topic_partitions::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse},
        describe_user_scram_credentials::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse, UserName},
        elect_leaders::{ElectLeadersRequest, ElectLeadersResponse, TopicPartitions},
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
        find_coordinator::{FindCoordinatorRequest, FindCoordinatorResponse},
        heartbeat::{HeartbeatRequest, HeartbeatResponse},
        incremental_alter_configs::{self, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse},
        init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
        join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse},
        leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity},
        list_config_resources::{ListConfigResourcesRequest, ListConfigResourcesResponse},
        list_groups::{ListGroupsRequest, ListGroupsResponse},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        list_partition_reassignments::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
        offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse},
        offset_delete::{OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic, OffsetDeleteResponse},
        offset_fetch::{
            OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics, OffsetFetchResponse,
        },
        offset_for_leader_epoch::{
            OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetForLeaderTopic,
        },
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
        sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse},
        sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse},
        sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse},
    },
};

const TOPIC: &str = "t";

/// Asks all versions of one API, each with a request that says nothing and with those of `$some`, and checks each answer.
macro_rules! every {
    ($asked:ident, $client:expr, $request:ty, $response:ty, |$version:ident| $some:expr $(, |$answer:ident| $check:expr)?) => {{
        let api = <$request>::API.unwrap().api();
        assert!($asked.insert(api.key), "{} is asked twice", api.name);
        for $version in api.min..=api.max {
            // Produce says with nothing that it wants no answer.
            if api.key != ApiKey::Produce {
                let body = $client.ask($version, &<$request>::default()).await;
                let decoded = <$response>::decode(&body, $version);
                assert!(decoded.is_ok(), "{} {}, nothing asked: {decoded:?}", api.name, $version);
            }
            let request: $request = $some;
            let body = $client.ask($version, &request).await;
            let decoded = <$response>::decode(&body, $version);
            assert!(decoded.is_ok(), "{} {}: {decoded:?}", api.name, $version);
            $({
                let $answer = decoded.unwrap();
                assert!($check, "{} {}: {:?}", api.name, $version, $answer);
            })?
        }
    }};
}

fn batch() -> Vec<u8> {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(1_790_000_000_000, Some(b"k"), Some(b"v"), &[]);
    batch.finish()
}

async fn streams(client: &mut Client, id: Uuid, asked: &mut BTreeSet<ApiKey>) {
    let batch = &batch();
    let name_until = |version: i16, last: i16| if version <= last { TOPIC.into() } else { "".into() };
    let id_from = |version: i16, first: i16| if version >= first { id } else { Uuid::ZERO };
    every!(
        asked,
        client,
        ProduceRequest<'_>,
        ProduceResponse<'_>,
        |version| ProduceRequest {
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![TopicProduceData {
                name: name_until(version, 12),
                topic_id: id_from(version, 13),
                partition_data: vec![PartitionProduceData { index: 0, records: Some(batch) }],
            }],
            ..ProduceRequest::default()
        },
        |answer| answer.responses[0].partition_responses[0].error_code == 0
    );
    every!(
        asked,
        client,
        FetchRequest<'_>,
        FetchResponse<'_>,
        |version| FetchRequest {
            max_wait_ms: 10_000,
            min_bytes: 1,
            session_epoch: -1,
            topics: vec![FetchTopic {
                topic: name_until(version, 12),
                topic_id: id_from(version, 13),
                partitions: vec![FetchPartition { partition: 0, partition_max_bytes: 1 << 20, ..FetchPartition::default() }],
            }],
            ..FetchRequest::default()
        },
        |answer| answer.responses[0].partitions[0].records.is_some_and(|records| records.len() > batch.len())
    );
    every!(
        asked,
        client,
        ListOffsetsRequest<'_>,
        ListOffsetsResponse<'_>,
        |_version| ListOffsetsRequest {
            topics: vec![ListOffsetsTopic {
                name: TOPIC.into(),
                partitions: vec![ListOffsetsPartition { partition_index: 0, timestamp: -1, ..ListOffsetsPartition::default() }],
            }],
            ..ListOffsetsRequest::default()
        },
        |answer| answer.topics[0].partitions[0].offset == 11
    );
    every!(
        asked,
        client,
        OffsetForLeaderEpochRequest<'_>,
        OffsetForLeaderEpochResponse<'_>,
        |_version| OffsetForLeaderEpochRequest {
            topics: vec![OffsetForLeaderTopic {
                topic: TOPIC.into(),
                partitions: vec![OffsetForLeaderPartition { partition: 0, leader_epoch: 0, current_leader_epoch: -1 }],
            }],
            ..OffsetForLeaderEpochRequest::default()
        },
        |answer| answer.topics[0].partitions[0].error_code == 0
    );
    every!(
        asked,
        client,
        InitProducerIdRequest<'_>,
        InitProducerIdResponse,
        |_version| InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: 1_000,
            ..InitProducerIdRequest::default()
        },
        |answer| answer.error_code == 0 && answer.producer_id >= 0
    );
    every!(
        asked,
        client,
        DeleteRecordsRequest<'_>,
        DeleteRecordsResponse<'_>,
        |_version| DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: TOPIC.into(),
                partitions: vec![DeleteRecordsPartition { partition_index: 0, offset: 1 }],
            }],
            timeout_ms: 1_000,
        },
        |answer| answer.topics[0].partitions[0].low_watermark == 1
    );
}

async fn groups(client: &mut Client, id: Uuid, asked: &mut BTreeSet<ApiKey>) {
    every!(
        asked,
        client,
        FindCoordinatorRequest<'_>,
        FindCoordinatorResponse<'_>,
        |version| FindCoordinatorRequest {
            key: if version < 4 { "g".into() } else { "".into() },
            coordinator_keys: if version < 4 { Vec::new() } else { vec!["g".into(), "h".into()] },
            ..FindCoordinatorRequest::default()
        },
        |answer| answer.error_code == 0 && answer.coordinators.iter().all(|found| found.error_code == 0)
    );
    // Of every version a group of its own: the member that it gives an id to, joins, is led, commits and leaves.
    every!(
        asked,
        client,
        JoinGroupRequest<'_>,
        JoinGroupResponse<'_>,
        |version| JoinGroupRequest {
            group_id: format!("join{version}").into(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: if version >= 1 { 30_000 } else { -1 },
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: b"m".as_slice().into() }],
            ..JoinGroupRequest::default()
        },
        |answer| matches!(answer.error_code, 0 | 79) && !answer.member_id.is_empty()
    );
    let (member, generation) = joined(client, "g").await;
    every!(
        asked,
        client,
        SyncGroupRequest<'_>,
        SyncGroupResponse<'_>,
        |version| SyncGroupRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member.clone().into(),
            protocol_type: (version >= 5).then_some("consumer".into()),
            protocol_name: (version >= 5).then_some("range".into()),
            assignments: vec![SyncGroupRequestAssignment {
                member_id: member.clone().into(),
                assignment: b"a".as_slice().into()
            }],
            ..SyncGroupRequest::default()
        },
        |answer| answer.error_code == 0 && *answer.assignment == *b"a"
    );
    every!(
        asked,
        client,
        HeartbeatRequest<'_>,
        HeartbeatResponse,
        |_version| HeartbeatRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member.clone().into(),
            ..HeartbeatRequest::default()
        },
        |answer| answer.error_code == 0
    );
    every!(
        asked,
        client,
        OffsetCommitRequest<'_>,
        OffsetCommitResponse<'_>,
        |version| OffsetCommitRequest {
            group_id: "g".into(),
            generation_id_or_member_epoch: generation,
            member_id: member.clone().into(),
            topics: vec![OffsetCommitRequestTopic {
                name: if version < 10 { TOPIC.into() } else { "".into() },
                topic_id: if version < 10 { Uuid::ZERO } else { id },
                partitions: vec![OffsetCommitRequestPartition { committed_offset: 5, ..OffsetCommitRequestPartition::default() }],
            }],
            ..OffsetCommitRequest::default()
        },
        |answer| answer.topics[0].partitions[0].error_code == 0
    );
    every!(
        asked,
        client,
        OffsetFetchRequest<'_>,
        OffsetFetchResponse<'_>,
        |version| {
            let topic = OffsetFetchRequestTopic { name: TOPIC.into(), partition_indexes: vec![0, 1] };
            let topics = OffsetFetchRequestTopics {
                name: if version < 10 { TOPIC.into() } else { "".into() },
                topic_id: if version < 10 { Uuid::ZERO } else { id },
                partition_indexes: vec![0, 1],
            };
            let group = OffsetFetchRequestGroup {
                group_id: "g".into(),
                topics: Some(vec![topics]),
                ..OffsetFetchRequestGroup::default()
            };
            OffsetFetchRequest {
                group_id: if version < 8 { "g".into() } else { "".into() },
                topics: if version < 8 { Some(vec![topic]) } else { Some(Vec::new()) },
                groups: if version < 8 { Vec::new() } else { vec![group] },
                ..OffsetFetchRequest::default()
            }
        },
        |answer| if answer.groups.is_empty() {
            answer.topics[0].partitions[0].committed_offset == 5
        } else {
            answer.groups[0].topics[0].partitions[0].committed_offset == 5
        }
    );
    every!(
        asked,
        client,
        DescribeGroupsRequest<'_>,
        DescribeGroupsResponse<'_>,
        |_version| DescribeGroupsRequest { groups: vec!["g".into(), "nobody".into()], ..DescribeGroupsRequest::default() },
        |answer| answer.groups[0].members.len() == 1 && answer.groups[1].group_state == "Dead"
    );
    every!(
        asked,
        client,
        ListGroupsRequest<'_>,
        ListGroupsResponse<'_>,
        |version| ListGroupsRequest {
            states_filter: if version >= 4 { vec!["Stable".into()] } else { Vec::new() },
            types_filter: if version >= 5 { vec!["classic".into()] } else { Vec::new() },
        },
        |answer| answer.groups.iter().any(|group| group.group_id == "g")
    );
    every!(
        asked,
        client,
        OffsetDeleteRequest<'_>,
        OffsetDeleteResponse<'_>,
        |_version| OffsetDeleteRequest {
            group_id: "g".into(),
            topics: vec![OffsetDeleteRequestTopic {
                name: TOPIC.into(),
                partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
            }],
        },
        |answer| answer.topics[0].partitions[0].error_code == 0
    );
    every!(
        asked,
        client,
        LeaveGroupRequest<'_>,
        LeaveGroupResponse<'_>,
        |version| LeaveGroupRequest {
            group_id: "g".into(),
            member_id: if version < 3 { "nobody".into() } else { "".into() },
            members: if version < 3 {
                Vec::new()
            } else {
                vec![MemberIdentity { member_id: "nobody".into(), ..MemberIdentity::default() }]
            },
        },
        |answer| answer.error_code == 25 || answer.members[0].error_code == 25
    );
    every!(
        asked,
        client,
        DeleteGroupsRequest<'_>,
        DeleteGroupsResponse<'_>,
        |_version| DeleteGroupsRequest { groups_names: vec!["g".into(), "nobody".into()] },
        |answer| answer.results[0].error_code == 68 && answer.results[1].error_code == 69
    );
}

/// Joins a group of one; the member's id and the generation.
async fn joined(client: &mut Client, group: &str) -> (String, i32) {
    let mut member = String::new();
    loop {
        let request = JoinGroupRequest {
            group_id: group.into(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            member_id: member.clone().into(),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: b"m".as_slice().into() }],
            ..JoinGroupRequest::default()
        };
        let body = client.ask(9, &request).await;
        let answer = JoinGroupResponse::decode(&body, 9).unwrap();
        match answer.error_code {
            0 => return (member, answer.generation_id),
            // The cluster may not have chosen a coordinator yet; MEMBER_ID_REQUIRED gives the id.
            79 => member = answer.member_id.to_string(),
            code => panic!("join: {code}"),
        }
    }
}

async fn topics(client: &mut Client, asked: &mut BTreeSet<ApiKey>) {
    every!(
        asked,
        client,
        CreateTopicsRequest<'_>,
        CreateTopicsResponse<'_>,
        |version| CreateTopicsRequest {
            topics: vec![CreatableTopic {
                name: format!("created{version}").into(),
                num_partitions: 1,
                replication_factor: 1,
                ..CreatableTopic::default()
            }],
            ..CreateTopicsRequest::default()
        },
        |answer| answer.topics[0].error_code == 0
    );
    every!(
        asked,
        client,
        CreatePartitionsRequest<'_>,
        CreatePartitionsResponse<'_>,
        |version| CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic { name: "created2".into(), count: 2 + i32::from(version), assignments: None }],
            ..CreatePartitionsRequest::default()
        },
        |answer| answer.results[0].error_code == 0
    );
    every!(
        asked,
        client,
        DeleteTopicsRequest<'_>,
        DeleteTopicsResponse<'_>,
        |version| DeleteTopicsRequest {
            topic_names: if version < 6 { vec![format!("created{}", version + 1).into()] } else { Vec::new() },
            topics: if version < 6 {
                Vec::new()
            } else {
                vec![DeleteTopicState { name: Some("created7".into()), ..DeleteTopicState::default() }]
            },
            ..DeleteTopicsRequest::default()
        },
        |answer| answer.responses[0].error_code == 0
    );
    every!(
        asked,
        client,
        MetadataRequest<'_>,
        MetadataResponse<'_>,
        |version| MetadataRequest {
            topics: Some(vec![MetadataRequestTopic { name: Some(TOPIC.into()), ..MetadataRequestTopic::default() }]),
            allow_auto_topic_creation: version < 4,
            ..MetadataRequest::default()
        },
        |answer| answer.topics[0].error_code == 0 && answer.topics[0].partitions.len() == 2 && answer.brokers.len() == 1
    );
    every!(
        asked,
        client,
        DescribeClusterRequest,
        DescribeClusterResponse<'_>,
        |version| DescribeClusterRequest { include_fenced_brokers: version >= 2, ..DescribeClusterRequest::default() },
        |answer| answer.error_code == 0 && answer.brokers.len() == 1
    );
    every!(
        asked,
        client,
        ApiVersionsRequest<'_>,
        ApiVersionsResponse<'_>,
        |version| ApiVersionsRequest {
            client_software_name: if version >= 3 { "a".into() } else { "".into() },
            client_software_version: if version >= 3 { "1".into() } else { "".into() },
        },
        |answer| answer.error_code == 0 && !answer.api_keys.is_empty()
    );
}

async fn administration(client: &mut Client, node: i32, asked: &mut BTreeSet<ApiKey>) {
    let resource = |kind: i8, name: String| DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: None,
    };
    every!(
        asked,
        client,
        DescribeConfigsRequest<'_>,
        DescribeConfigsResponse<'_>,
        |version| DescribeConfigsRequest {
            resources: vec![
                resource(2, TOPIC.to_owned()),
                resource(4, node.to_string()),
                resource(4, String::new()),
                resource(2, "no name".to_owned()),
            ],
            include_synonyms: true,
            include_documentation: version >= 3,
        },
        |answer| answer.results.iter().map(|result| result.error_code).collect::<Vec<_>>() == [0, 0, 0, 17]
            && answer.results[0].configs.len() > 30
    );
    every!(
        asked,
        client,
        AlterConfigsRequest<'_>,
        AlterConfigsResponse<'_>,
        |_version| AlterConfigsRequest {
            resources: vec![alter_configs::AlterConfigsResource {
                resource_type: 2,
                resource_name: TOPIC.into(),
                configs: vec![alter_configs::AlterableConfig { name: "retention.ms".into(), value: Some("86400000".into()) }],
            }],
            ..AlterConfigsRequest::default()
        },
        |answer| answer.responses[0].error_code == 0
    );
    every!(
        asked,
        client,
        IncrementalAlterConfigsRequest<'_>,
        IncrementalAlterConfigsResponse<'_>,
        |_version| IncrementalAlterConfigsRequest {
            resources: vec![incremental_alter_configs::AlterConfigsResource {
                resource_type: 4,
                resource_name: "".into(),
                configs: vec![incremental_alter_configs::AlterableConfig {
                    name: "log.retention.ms".into(),
                    config_operation: 0,
                    value: Some("86400000".into()),
                }],
            }],
            ..IncrementalAlterConfigsRequest::default()
        },
        |answer| answer.responses[0].error_code == 0
    );
    every!(
        asked,
        client,
        ListConfigResourcesRequest,
        ListConfigResourcesResponse<'_>,
        |version| ListConfigResourcesRequest { resource_types: if version >= 1 { vec![2, 4, 32] } else { Vec::new() } },
        |answer| answer.error_code == 0
    );
    every!(
        asked,
        client,
        DescribeLogDirsRequest<'_>,
        DescribeLogDirsResponse<'_>,
        |_version| DescribeLogDirsRequest { topics: None },
        |answer| answer.results[0].topics.iter().any(|topic| topic.partitions.iter().any(|one| one.partition_size > 0))
    );
    every!(
        asked,
        client,
        DescribeProducersRequest<'_>,
        DescribeProducersResponse<'_>,
        |_version| DescribeProducersRequest {
            topics: vec![describe_producers::TopicRequest { name: TOPIC.into(), partition_indexes: vec![0, 99] }],
        },
        |answer| answer.topics[0].partitions[0].error_code == 0 && answer.topics[0].partitions[1].error_code == 3
    );
    every!(
        asked,
        client,
        DescribeTopicPartitionsRequest<'_>,
        DescribeTopicPartitionsResponse<'_>,
        |_version| {
            DescribeTopicPartitionsRequest { response_partition_limit: 1, ..DescribeTopicPartitionsRequest::default() }
        },
        // The Java client fell over a null there, and could describe no topic.
        |answer| answer.topics.len() == 1
            && answer.next_cursor.is_some()
            && answer.topics[0].partitions[0].eligible_leader_replicas == Some(vec![])
            && answer.topics[0].partitions[0].last_known_elr == Some(vec![])
    );
    every!(
        asked,
        client,
        ElectLeadersRequest<'_>,
        ElectLeadersResponse<'_>,
        |version| ElectLeadersRequest {
            election_type: i8::from(version >= 1),
            topic_partitions: Some(vec![TopicPartitions { topic: TOPIC.into(), partitions: vec![0, 99] }]),
            ..ElectLeadersRequest::default()
        },
        |answer| answer.replica_election_results[0].partition_result[0].error_code == 84
    );
    every!(
        asked,
        client,
        AlterPartitionReassignmentsRequest<'_>,
        AlterPartitionReassignmentsResponse<'_>,
        |_version| {
            let wanted = |partition_index, replicas| ReassignablePartition { partition_index, replicas };
            let partitions = vec![wanted(0, None), wanted(0, Some(vec![node])), wanted(1, Some(vec![1, 2, 3]))];
            AlterPartitionReassignmentsRequest {
                topics: vec![ReassignableTopic { name: TOPIC.into(), partitions }],
                ..AlterPartitionReassignmentsRequest::default()
            }
        },
        |answer| answer.responses[0].partitions.iter().map(|one| one.error_code).collect::<Vec<_>>() == [85, 0, 39]
    );
    every!(
        asked,
        client,
        ListPartitionReassignmentsRequest<'_>,
        ListPartitionReassignmentsResponse<'_>,
        |_version| { ListPartitionReassignmentsRequest { topics: None, ..ListPartitionReassignmentsRequest::default() } },
        |answer| answer.error_code == 0 && answer.topics.is_empty()
    );
    every!(
        asked,
        client,
        DescribeClientQuotasRequest<'_>,
        DescribeClientQuotasResponse<'_>,
        |_version| DescribeClientQuotasRequest {
            components: vec![ComponentData { entity_type: "user".into(), match_type: 2, r#match: None }],
            strict: false,
        },
        |answer| answer.error_code == 35
    );
}

/// Where nobody signs in and nothing is held against grants.
async fn security(client: &mut Client, asked: &mut BTreeSet<ApiKey>) {
    const SECURITY_DISABLED: i16 = 54;
    const ILLEGAL_SASL_STATE: i16 = 34;
    every!(
        asked,
        client,
        SaslHandshakeRequest<'_>,
        SaslHandshakeResponse<'_>,
        |_version| SaslHandshakeRequest { mechanism: "PLAIN".into() },
        |answer| answer.error_code == ILLEGAL_SASL_STATE
    );
    every!(
        asked,
        client,
        SaslAuthenticateRequest<'_>,
        SaslAuthenticateResponse<'_>,
        |_version| SaslAuthenticateRequest { auth_bytes: b"\0a\0b".as_slice().into() },
        |answer| answer.error_code == ILLEGAL_SASL_STATE
    );
    every!(
        asked,
        client,
        DescribeAclsRequest<'_>,
        DescribeAclsResponse<'_>,
        |version| DescribeAclsRequest {
            resource_type_filter: 1,
            pattern_type_filter: if version >= 1 { 1 } else { 3 },
            operation: 1,
            permission_type: 1,
            ..DescribeAclsRequest::default()
        },
        |answer| answer.error_code == SECURITY_DISABLED
    );
    every!(
        asked,
        client,
        CreateAclsRequest<'_>,
        CreateAclsResponse<'_>,
        |_version| CreateAclsRequest {
            creations: vec![AclCreation {
                resource_type: 2,
                resource_name: TOPIC.into(),
                resource_pattern_type: 3,
                principal: "User:a".into(),
                host: "*".into(),
                operation: 3,
                permission_type: 3,
            }],
        },
        |answer| answer.results[0].error_code == SECURITY_DISABLED
    );
    every!(
        asked,
        client,
        DeleteAclsRequest<'_>,
        DeleteAclsResponse<'_>,
        |version| DeleteAclsRequest {
            filters: vec![DeleteAclsFilter {
                resource_type_filter: 1,
                pattern_type_filter: if version >= 1 { 1 } else { 3 },
                operation: 1,
                permission_type: 1,
                ..DeleteAclsFilter::default()
            }],
        },
        |answer| answer.filter_results[0].error_code == SECURITY_DISABLED
    );
    every!(
        asked,
        client,
        DescribeUserScramCredentialsRequest<'_>,
        DescribeUserScramCredentialsResponse<'_>,
        |_version| DescribeUserScramCredentialsRequest { users: Some(vec![UserName { name: "a".into() }]) },
        |answer| answer.error_code == SECURITY_DISABLED
    );
    every!(
        asked,
        client,
        AlterUserScramCredentialsRequest<'_>,
        AlterUserScramCredentialsResponse<'_>,
        |_version| AlterUserScramCredentialsRequest {
            deletions: vec![ScramCredentialDeletion { name: "a".into(), mechanism: 1 }],
            upsertions: Vec::new(),
        },
        |answer| answer.results[0].error_code == SECURITY_DISABLED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_served_api_is_answered_in_every_advertised_version() {
    let house = House::open().await;
    let mut client = house.client().await;
    let id = client.create(TOPIC, 2, &[]).await;
    let (_, node) = client.metadata(TOPIC).await;
    let mut asked = BTreeSet::new();
    Box::pin(streams(&mut client, id, &mut asked)).await;
    Box::pin(groups(&mut client, id, &mut asked)).await;
    Box::pin(topics(&mut client, &mut asked)).await;
    Box::pin(administration(&mut client, node, &mut asked)).await;
    Box::pin(security(&mut client, &mut asked)).await;
    let body = client.ask(4, &ApiVersionsRequest { client_software_name: "a".into(), client_software_version: "1".into() }).await;
    let versions = ApiVersionsResponse::decode(&body, 4).unwrap();
    let advertised: BTreeSet<ApiKey> = versions.api_keys.iter().map(|api| ApiKey::from_code(api.api_key).unwrap()).collect();
    assert_eq!(advertised, asked, "what is advertised is what is asked here");
    for api in &versions.api_keys {
        let row = ApiKey::from_code(api.api_key).unwrap().api();
        assert_eq!((api.min_version, api.max_version), (row.advertised_min(), row.max), "{}", row.name);
    }
    house.close().await;
}

/// A request of an API that is not advertised, or of a version that is not, ends the connection; one that is advertised does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_advertised_is_not_served() {
    let house = House::open().await;
    let mut client = house.client().await;
    let body = client.ask(0, &ApiVersionsRequest::default()).await;
    let versions = ApiVersionsResponse::decode(&body, 0).unwrap();
    let advertised: BTreeSet<i16> = versions.api_keys.iter().map(|api| api.api_key).collect();
    let head = |key: i16, version: i16| {
        // A client id, and room for the tags of a flexible header.
        let mut out = vec![0, 0, 0, 11];
        [key, version].iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
        out.extend_from_slice(&[0, 0, 0, 1, 0xff, 0xff, 0]);
        out
    };
    for api in kafka_wire::messages::APIS {
        if api.key == ApiKey::ApiVersions {
            continue;
        }
        let (key, mut client) = (api.key.code(), house.client().await);
        if !advertised.contains(&key) {
            assert!(client.is_closed_by(&head(key, api.max)).await, "{}", api.name);
        }
        let mut client = house.client().await;
        assert!(client.is_closed_by(&head(key, api.max + 1)).await, "{} {}", api.name, api.max + 1);
    }
    house.close().await;
}
