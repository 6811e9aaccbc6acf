//! The cluster: what it serves, where it keeps partitions, quotas, the controllers' quorum, features.

use kafka_wire::{
    ApiKey, ErrorCode,
    messages::{
        alter_client_quotas::{AlterClientQuotasRequest, AlterClientQuotasResponse, OpData, RequestEntityData, RequestEntryData},
        alter_partition_reassignments::{
            AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ReassignablePartition, ReassignableTopic,
        },
        alter_replica_log_dirs::{
            AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse,
        },
        api_versions::{ApiVersionsRequest, ApiVersionsResponse},
        describe_client_quotas::{ComponentData, DescribeClientQuotasRequest, DescribeClientQuotasResponse},
        describe_cluster::{DescribeClusterRequest, DescribeClusterResponse},
        describe_log_dirs::{DescribableLogDirTopic, DescribeLogDirsRequest, DescribeLogDirsResponse},
        describe_quorum::{DescribeQuorumRequest, DescribeQuorumResponse, RequestPartitionData, RequestTopicData},
        elect_leaders::{ElectLeadersRequest, ElectLeadersResponse, TopicPartitions},
        list_partition_reassignments::{
            ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, ListPartitionReassignmentsTopics,
        },
        update_features::{FeatureUpdateKey, UpdateFeaturesRequest, UpdateFeaturesResponse},
    },
};

use crate::{
    broker::Broker,
    stage::{Stage, TIMEOUT_MS, TOPIC, expect, until, versions},
};

pub(crate) fn record(stage: &mut Stage<'_>, broker: &Broker) {
    what_is_served(stage);
    directories(stage, broker);
    placement(stage);
    quotas(stage);
    quorum(stage);
}

fn what_is_served(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::ApiVersions) {
        let request = if version < 3 {
            ApiVersionsRequest::default()
        } else {
            ApiVersionsRequest { client_software_name: "golden".into(), client_software_version: "1.0".into() }
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<ApiVersionsResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        assert!(response.api_keys.len() > 50);
    }
    for version in versions(ApiKey::DescribeCluster) {
        let request = DescribeClusterRequest {
            include_cluster_authorized_operations: true,
            endpoint_type: 1,
            include_fenced_brokers: version >= 2,
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DescribeClusterResponse<'_>>();
        expect(response.error_code, ErrorCode::None);
        assert_eq!(response.brokers.len(), 1);
        if version >= 1 {
            // A broker is not asked for controllers (KIP-919).
            let answer = stage.open.ask(version, &DescribeClusterRequest { endpoint_type: 2, ..request });
            expect(answer.read::<DescribeClusterResponse<'_>>().error_code, ErrorCode::MismatchedEndpointType);
        }
    }
}

fn directories(stage: &mut Stage<'_>, broker: &Broker) {
    for version in versions(ApiKey::AlterReplicaLogDirs) {
        let [first, second] = broker.directories().map(|folder| folder.display().to_string());
        let path = if version % 2 == 0 { first } else { second };
        let topic = |name: &'static str| AlterReplicaLogDirTopic { name: name.into(), partitions: vec![0] };
        let topics = vec![topic("made-4"), topic("absent")];
        let dirs = vec![AlterReplicaLogDir { path: path.into(), topics }];
        let answer = stage.open.ask(version, &AlterReplicaLogDirsRequest { dirs });
        for result in &answer.read::<AlterReplicaLogDirsResponse<'_>>().results {
            let is_absent = result.topic_name == "absent";
            let expected = if is_absent { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::None };
            expect(result.partitions[0].error_code, expected);
        }
    }
    for version in versions(ApiKey::DescribeLogDirs) {
        let topics = vec![DescribableLogDirTopic { topic: TOPIC.into(), partitions: vec![0, 1] }];
        let answer = stage.open.ask(version, &DescribeLogDirsRequest { topics: Some(topics) });
        let response = answer.read::<DescribeLogDirsResponse<'_>>();
        assert_eq!(response.results.len(), 2);
        assert!(response.results.iter().any(|result| !result.topics.is_empty()));
    }
}

fn placement(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::ElectLeaders) {
        let topic = |topic: &'static str| TopicPartitions { topic: topic.into(), partitions: vec![0] };
        let topic_partitions = Some(vec![topic(TOPIC), topic("absent")]);
        let request = ElectLeadersRequest { election_type: 0, topic_partitions, timeout_ms: TIMEOUT_MS };
        let answer = stage.open.ask(version, &request);
        for result in &answer.read::<ElectLeadersResponse<'_>>().replica_election_results {
            let is_absent = result.topic == "absent";
            let expected = if is_absent { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::ElectionNotNeeded };
            expect(result.partition_result[0].error_code, expected);
        }
        // Null: all partitions, of which none needs an election.
        let request = ElectLeadersRequest { election_type: 0, topic_partitions: None, timeout_ms: TIMEOUT_MS };
        let answer = stage.open.ask(version, &request);
        expect(answer.read::<ElectLeadersResponse<'_>>().error_code, ErrorCode::None);
    }
    for version in versions(ApiKey::AlterPartitionReassignments) {
        let part = |partition_index, replicas| ReassignablePartition { partition_index, replicas };
        let partitions = vec![part(0, Some(vec![1])), part(1, None)];
        let request = AlterPartitionReassignmentsRequest {
            timeout_ms: TIMEOUT_MS,
            allow_replication_factor_change: version < 1,
            topics: vec![ReassignableTopic { name: TOPIC.into(), partitions }],
        };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<AlterPartitionReassignmentsResponse<'_>>();
        for part in &response.responses[0].partitions {
            let is_first = part.partition_index == 0;
            expect(part.error_code, if is_first { ErrorCode::None } else { ErrorCode::NoReassignmentInProgress });
        }
    }
    for version in versions(ApiKey::ListPartitionReassignments) {
        let topic = ListPartitionReassignmentsTopics { name: TOPIC.into(), partition_indexes: vec![0] };
        for topics in [None, Some(vec![topic])] {
            let answer = stage.open.ask(version, &ListPartitionReassignmentsRequest { timeout_ms: TIMEOUT_MS, topics });
            expect(answer.read::<ListPartitionReassignmentsResponse<'_>>().error_code, ErrorCode::None);
        }
    }
}

fn quotas(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::AlterClientQuotas) {
        let entity = |entity_type: &'static str, name: Option<&'static str>| RequestEntityData {
            entity_type: entity_type.into(),
            entity_name: name.map(Into::into),
        };
        let op = |key: &'static str, value, remove| OpData { key: key.into(), value, remove };
        let entry = RequestEntryData {
            entity: vec![entity("user", Some("bob")), entity("client-id", None)],
            ops: vec![op("request_percentage", 12.5, false), op("producer_byte_rate", 0.0, true)],
        };
        let answer = stage.open.ask(version, &AlterClientQuotasRequest { entries: vec![entry], validate_only: false });
        expect(answer.read::<AlterClientQuotasResponse<'_>>().entries[0].error_code, ErrorCode::None);
    }
    for version in versions(ApiKey::DescribeClientQuotas) {
        let component = |entity_type: &'static str, match_type, name: Option<&'static str>| ComponentData {
            entity_type: entity_type.into(),
            match_type,
            r#match: name.map(Into::into),
        };
        // The name, and the default's own.
        let components = vec![component("user", 0, Some("bob")), component("client-id", 1, None)];
        let request = DescribeClientQuotasRequest { components, strict: true };
        until("the quota is known", || {
            let answer = stage.open.prepare(version, &request);
            answer.read::<DescribeClientQuotasResponse<'_>>().entries.is_some_and(|entries| !entries.is_empty())
        });
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<DescribeClientQuotasResponse<'_>>();
        assert!(response.entries.is_some_and(|entries| entries[0].values.len() == 1));
    }
}

fn quorum(stage: &mut Stage<'_>) {
    for version in versions(ApiKey::DescribeQuorum) {
        let partitions = vec![RequestPartitionData { partition_index: 0 }];
        let topics = vec![RequestTopicData { topic_name: "__cluster_metadata".into(), partitions }];
        let answer = stage.open.ask(version, &DescribeQuorumRequest { topics });
        let response = answer.read::<DescribeQuorumResponse<'_>>();
        assert_eq!(response.topics[0].partitions[0].current_voters.len(), 1);
    }
    for version in versions(ApiKey::UpdateFeatures) {
        // Version 0 knew no kinds of upgrades, but whether it may go down.
        let update = FeatureUpdateKey { feature: "group.version".into(), max_version_level: 1, ..FeatureUpdateKey::default() };
        let request =
            UpdateFeaturesRequest { timeout_ms: TIMEOUT_MS, feature_updates: vec![update], validate_only: version >= 1 };
        let answer = stage.open.ask(version, &request);
        let response = answer.read::<UpdateFeaturesResponse<'_>>();
        assert_eq!(response.error_code, 0, "version {version}: {response:?}");
    }
}
