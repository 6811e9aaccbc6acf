// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Fills every message by chance, with what its version has.

#![allow(clippy::field_reassign_with_default, reason = "what a version does not have keeps its default")]

use kafka_wire::messages::*;

use crate::chance::{Chance, Fill};

macro_rules! every_message {
    ($run:ident) => {
        $run!(
            header::RequestHeader,
            header::ResponseHeader,
            produce::ProduceRequest,
            produce::ProduceResponse,
            fetch::FetchRequest,
            fetch::FetchResponse,
            list_offsets::ListOffsetsRequest,
            list_offsets::ListOffsetsResponse,
            metadata::MetadataRequest,
            metadata::MetadataResponse,
            offset_commit::OffsetCommitRequest,
            offset_commit::OffsetCommitResponse,
            offset_fetch::OffsetFetchRequest,
            offset_fetch::OffsetFetchResponse,
            find_coordinator::FindCoordinatorRequest,
            find_coordinator::FindCoordinatorResponse,
            join_group::JoinGroupRequest,
            join_group::JoinGroupResponse,
            heartbeat::HeartbeatRequest,
            heartbeat::HeartbeatResponse,
            leave_group::LeaveGroupRequest,
            leave_group::LeaveGroupResponse,
            sync_group::SyncGroupRequest,
            sync_group::SyncGroupResponse,
            describe_groups::DescribeGroupsRequest,
            describe_groups::DescribeGroupsResponse,
            list_groups::ListGroupsRequest,
            list_groups::ListGroupsResponse,
            sasl_handshake::SaslHandshakeRequest,
            sasl_handshake::SaslHandshakeResponse,
            api_versions::ApiVersionsRequest,
            api_versions::ApiVersionsResponse,
            create_topics::CreateTopicsRequest,
            create_topics::CreateTopicsResponse,
            delete_topics::DeleteTopicsRequest,
            delete_topics::DeleteTopicsResponse,
            delete_records::DeleteRecordsRequest,
            delete_records::DeleteRecordsResponse,
            init_producer_id::InitProducerIdRequest,
            init_producer_id::InitProducerIdResponse,
            offset_for_leader_epoch::OffsetForLeaderEpochRequest,
            offset_for_leader_epoch::OffsetForLeaderEpochResponse,
            add_partitions_to_txn::AddPartitionsToTxnRequest,
            add_partitions_to_txn::AddPartitionsToTxnResponse,
            add_offsets_to_txn::AddOffsetsToTxnRequest,
            add_offsets_to_txn::AddOffsetsToTxnResponse,
            end_txn::EndTxnRequest,
            end_txn::EndTxnResponse,
            write_txn_markers::WriteTxnMarkersRequest,
            write_txn_markers::WriteTxnMarkersResponse,
            txn_offset_commit::TxnOffsetCommitRequest,
            txn_offset_commit::TxnOffsetCommitResponse,
            describe_acls::DescribeAclsRequest,
            describe_acls::DescribeAclsResponse,
            create_acls::CreateAclsRequest,
            create_acls::CreateAclsResponse,
            delete_acls::DeleteAclsRequest,
            delete_acls::DeleteAclsResponse,
            describe_configs::DescribeConfigsRequest,
            describe_configs::DescribeConfigsResponse,
            alter_configs::AlterConfigsRequest,
            alter_configs::AlterConfigsResponse,
            alter_replica_log_dirs::AlterReplicaLogDirsRequest,
            alter_replica_log_dirs::AlterReplicaLogDirsResponse,
            describe_log_dirs::DescribeLogDirsRequest,
            describe_log_dirs::DescribeLogDirsResponse,
            sasl_authenticate::SaslAuthenticateRequest,
            sasl_authenticate::SaslAuthenticateResponse,
            create_partitions::CreatePartitionsRequest,
            create_partitions::CreatePartitionsResponse,
            create_delegation_token::CreateDelegationTokenRequest,
            create_delegation_token::CreateDelegationTokenResponse,
            renew_delegation_token::RenewDelegationTokenRequest,
            renew_delegation_token::RenewDelegationTokenResponse,
            expire_delegation_token::ExpireDelegationTokenRequest,
            expire_delegation_token::ExpireDelegationTokenResponse,
            describe_delegation_token::DescribeDelegationTokenRequest,
            describe_delegation_token::DescribeDelegationTokenResponse,
            delete_groups::DeleteGroupsRequest,
            delete_groups::DeleteGroupsResponse,
            elect_leaders::ElectLeadersRequest,
            elect_leaders::ElectLeadersResponse,
            incremental_alter_configs::IncrementalAlterConfigsRequest,
            incremental_alter_configs::IncrementalAlterConfigsResponse,
            alter_partition_reassignments::AlterPartitionReassignmentsRequest,
            alter_partition_reassignments::AlterPartitionReassignmentsResponse,
            list_partition_reassignments::ListPartitionReassignmentsRequest,
            list_partition_reassignments::ListPartitionReassignmentsResponse,
            offset_delete::OffsetDeleteRequest,
            offset_delete::OffsetDeleteResponse,
            describe_client_quotas::DescribeClientQuotasRequest,
            describe_client_quotas::DescribeClientQuotasResponse,
            alter_client_quotas::AlterClientQuotasRequest,
            alter_client_quotas::AlterClientQuotasResponse,
            describe_user_scram_credentials::DescribeUserScramCredentialsRequest,
            describe_user_scram_credentials::DescribeUserScramCredentialsResponse,
            alter_user_scram_credentials::AlterUserScramCredentialsRequest,
            alter_user_scram_credentials::AlterUserScramCredentialsResponse,
            describe_quorum::DescribeQuorumRequest,
            describe_quorum::DescribeQuorumResponse,
            update_features::UpdateFeaturesRequest,
            update_features::UpdateFeaturesResponse,
            describe_cluster::DescribeClusterRequest,
            describe_cluster::DescribeClusterResponse,
            describe_producers::DescribeProducersRequest,
            describe_producers::DescribeProducersResponse,
            describe_transactions::DescribeTransactionsRequest,
            describe_transactions::DescribeTransactionsResponse,
            list_transactions::ListTransactionsRequest,
            list_transactions::ListTransactionsResponse,
            consumer_group_heartbeat::ConsumerGroupHeartbeatRequest,
            consumer_group_heartbeat::ConsumerGroupHeartbeatResponse,
            consumer_group_describe::ConsumerGroupDescribeRequest,
            consumer_group_describe::ConsumerGroupDescribeResponse,
            list_config_resources::ListConfigResourcesRequest,
            list_config_resources::ListConfigResourcesResponse,
            describe_topic_partitions::DescribeTopicPartitionsRequest,
            describe_topic_partitions::DescribeTopicPartitionsResponse,
            share_group_heartbeat::ShareGroupHeartbeatRequest,
            share_group_heartbeat::ShareGroupHeartbeatResponse,
            share_group_describe::ShareGroupDescribeRequest,
            share_group_describe::ShareGroupDescribeResponse,
            share_fetch::ShareFetchRequest,
            share_fetch::ShareFetchResponse,
            share_acknowledge::ShareAcknowledgeRequest,
            share_acknowledge::ShareAcknowledgeResponse,
            streams_group_heartbeat::StreamsGroupHeartbeatRequest,
            streams_group_heartbeat::StreamsGroupHeartbeatResponse,
            streams_group_describe::StreamsGroupDescribeRequest,
            streams_group_describe::StreamsGroupDescribeResponse,
            describe_share_group_offsets::DescribeShareGroupOffsetsRequest,
            describe_share_group_offsets::DescribeShareGroupOffsetsResponse,
            alter_share_group_offsets::AlterShareGroupOffsetsRequest,
            alter_share_group_offsets::AlterShareGroupOffsetsResponse,
            delete_share_group_offsets::DeleteShareGroupOffsetsRequest,
            delete_share_group_offsets::DeleteShareGroupOffsetsResponse,
        )
    };
}
pub(crate) use every_message;

impl Fill for header::RequestHeader<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.request_api_key = Fill::fill(chance, version);
        out.request_api_version = Fill::fill(chance, version);
        out.correlation_id = Fill::fill(chance, version);
        out.client_id = Fill::fill(chance, version);
        out
    }
}

impl Fill for header::ResponseHeader {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.correlation_id = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::ProduceRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.acks = Fill::fill(chance, version);
        out.timeout_ms = Fill::fill(chance, version);
        out.topic_data = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::TopicProduceData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 12 {
            out.name = Fill::fill(chance, version);
        }
        if version == 13 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partition_data = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::PartitionProduceData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.index = Fill::fill(chance, version);
        out.records = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::ProduceResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.responses = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        if version >= 10 {
            out.node_endpoints = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for produce::TopicProduceResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 12 {
            out.name = Fill::fill(chance, version);
        }
        if version == 13 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partition_responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::PartitionProduceResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.base_offset = Fill::fill(chance, version);
        out.log_append_time_ms = Fill::fill(chance, version);
        if version >= 5 {
            out.log_start_offset = Fill::fill(chance, version);
        }
        if version >= 8 {
            out.record_errors = Fill::fill(chance, version);
        }
        if version >= 8 {
            out.error_message = Fill::fill(chance, version);
        }
        if version >= 10 {
            out.current_leader = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for produce::BatchIndexAndErrorMessage<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.batch_index = Fill::fill(chance, version);
        out.batch_index_error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::LeaderIdAndEpoch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for produce::NodeEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.rack = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::FetchRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 12 {
            out.cluster_id = Fill::fill(chance, version);
        }
        if version <= 14 {
            out.replica_id = Fill::fill(chance, version);
        }
        if version >= 15 {
            out.replica_state = Fill::fill(chance, version);
        }
        out.max_wait_ms = Fill::fill(chance, version);
        out.min_bytes = Fill::fill(chance, version);
        out.max_bytes = Fill::fill(chance, version);
        out.isolation_level = Fill::fill(chance, version);
        if version >= 7 {
            out.session_id = Fill::fill(chance, version);
        }
        if version >= 7 {
            out.session_epoch = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        if version >= 7 {
            out.forgotten_topics_data = Fill::fill(chance, version);
        }
        if version >= 11 {
            out.rack_id = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for fetch::ReplicaState {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.replica_id = Fill::fill(chance, version);
        out.replica_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::FetchTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 12 {
            out.topic = Fill::fill(chance, version);
        }
        if version >= 13 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::FetchPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition = Fill::fill(chance, version);
        if version >= 9 {
            out.current_leader_epoch = Fill::fill(chance, version);
        }
        out.fetch_offset = Fill::fill(chance, version);
        if version >= 12 {
            out.last_fetched_epoch = Fill::fill(chance, version);
        }
        if version >= 5 {
            out.log_start_offset = Fill::fill(chance, version);
        }
        out.partition_max_bytes = Fill::fill(chance, version);
        if version >= 17 {
            out.replica_directory_id = Fill::fill(chance, version);
        }
        if version == 18 {
            out.high_watermark = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for fetch::ForgottenTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 12 {
            out.topic = Fill::fill(chance, version);
        }
        if version >= 13 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::FetchResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        if version >= 7 {
            out.error_code = Fill::fill(chance, version);
        }
        if version >= 7 {
            out.session_id = Fill::fill(chance, version);
        }
        out.responses = Fill::fill(chance, version);
        if version >= 16 {
            out.node_endpoints = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for fetch::FetchableTopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 12 {
            out.topic = Fill::fill(chance, version);
        }
        if version >= 13 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::PartitionData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.high_watermark = Fill::fill(chance, version);
        out.last_stable_offset = Fill::fill(chance, version);
        if version >= 5 {
            out.log_start_offset = Fill::fill(chance, version);
        }
        if version >= 12 {
            out.diverging_epoch = Fill::fill(chance, version);
        }
        if version >= 12 {
            out.current_leader = Fill::fill(chance, version);
        }
        if version >= 12 {
            out.snapshot_id = Fill::fill(chance, version);
        }
        out.aborted_transactions = Fill::fill(chance, version);
        if version >= 11 {
            out.preferred_read_replica = Fill::fill(chance, version);
        }
        out.records = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::EpochEndOffset {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.epoch = Fill::fill(chance, version);
        out.end_offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::LeaderIdAndEpoch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::SnapshotId {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.end_offset = Fill::fill(chance, version);
        out.epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::AbortedTransaction {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.producer_id = Fill::fill(chance, version);
        out.first_offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for fetch::NodeEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.rack = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_offsets::ListOffsetsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.replica_id = Fill::fill(chance, version);
        if version >= 2 {
            out.isolation_level = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        if version >= 10 {
            out.timeout_ms = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for list_offsets::ListOffsetsTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_offsets::ListOffsetsPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        if version >= 4 {
            out.current_leader_epoch = Fill::fill(chance, version);
        }
        out.timestamp = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_offsets::ListOffsetsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 2 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_offsets::ListOffsetsTopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_offsets::ListOffsetsPartitionResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.timestamp = Fill::fill(chance, version);
        out.offset = Fill::fill(chance, version);
        if version >= 4 {
            out.leader_epoch = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for metadata::MetadataRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = if version >= 1 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        if version >= 4 {
            out.allow_auto_topic_creation = Fill::fill(chance, version);
        }
        if (8..=10).contains(&version) {
            out.include_cluster_authorized_operations = Fill::fill(chance, version);
        }
        if version >= 8 {
            out.include_topic_authorized_operations = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for metadata::MetadataRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.name = if version >= 10 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        out
    }
}

impl Fill for metadata::MetadataResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.brokers = Fill::fill(chance, version);
        if version >= 2 {
            out.cluster_id = Fill::fill(chance, version);
        }
        if version >= 1 {
            out.controller_id = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        if (8..=10).contains(&version) {
            out.cluster_authorized_operations = Fill::fill(chance, version);
        }
        if version == 13 {
            out.error_code = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for metadata::MetadataResponseBroker<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        if version >= 1 {
            out.rack = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for metadata::MetadataResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.name = if version >= 12 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        if version >= 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        if version >= 1 {
            out.is_internal = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        if version >= 8 {
            out.topic_authorized_operations = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for metadata::MetadataResponsePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.partition_index = Fill::fill(chance, version);
        out.leader_id = Fill::fill(chance, version);
        if version >= 7 {
            out.leader_epoch = Fill::fill(chance, version);
        }
        out.replica_nodes = Fill::fill(chance, version);
        out.isr_nodes = Fill::fill(chance, version);
        if version >= 5 {
            out.offline_replicas = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for offset_commit::OffsetCommitRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.generation_id_or_member_epoch = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        if version >= 7 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        if version <= 4 {
            out.retention_time_ms = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_commit::OffsetCommitRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 9 {
            out.name = Fill::fill(chance, version);
        }
        if version == 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_commit::OffsetCommitRequestPartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.committed_offset = Fill::fill(chance, version);
        if version >= 6 {
            out.committed_leader_epoch = Fill::fill(chance, version);
        }
        out.committed_metadata = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_commit::OffsetCommitResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_commit::OffsetCommitResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 9 {
            out.name = Fill::fill(chance, version);
        }
        if version == 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_commit::OffsetCommitResponsePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 7 {
            out.group_id = Fill::fill(chance, version);
        }
        if version <= 7 {
            out.topics = if version >= 2 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        }
        if version >= 8 {
            out.groups = Fill::fill(chance, version);
        }
        if version >= 7 {
            out.require_stable = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for offset_fetch::OffsetFetchRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partition_indexes = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchRequestGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        if version >= 9 {
            out.member_id = Fill::fill(chance, version);
        }
        if version >= 9 {
            out.member_epoch = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchRequestTopics<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 9 {
            out.name = Fill::fill(chance, version);
        }
        if version == 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partition_indexes = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 3 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        if version <= 7 {
            out.topics = Fill::fill(chance, version);
        }
        if (2..=7).contains(&version) {
            out.error_code = Fill::fill(chance, version);
        }
        if version >= 8 {
            out.groups = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponsePartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.committed_offset = Fill::fill(chance, version);
        if version >= 5 {
            out.committed_leader_epoch = Fill::fill(chance, version);
        }
        out.metadata = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponseGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponseTopics<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 9 {
            out.name = Fill::fill(chance, version);
        }
        if version == 10 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_fetch::OffsetFetchResponsePartitions<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.committed_offset = Fill::fill(chance, version);
        out.committed_leader_epoch = Fill::fill(chance, version);
        out.metadata = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for find_coordinator::FindCoordinatorRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version <= 3 {
            out.key = Fill::fill(chance, version);
        }
        if version >= 1 {
            out.key_type = Fill::fill(chance, version);
        }
        if version >= 4 {
            out.coordinator_keys = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for find_coordinator::FindCoordinatorResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.error_code = Fill::fill(chance, version);
        }
        if (1..=3).contains(&version) {
            out.error_message = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.node_id = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.host = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.port = Fill::fill(chance, version);
        }
        if version >= 4 {
            out.coordinators = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for find_coordinator::Coordinator<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.key = Fill::fill(chance, version);
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for join_group::JoinGroupRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.session_timeout_ms = Fill::fill(chance, version);
        if version >= 1 {
            out.rebalance_timeout_ms = Fill::fill(chance, version);
        }
        out.member_id = Fill::fill(chance, version);
        if version >= 5 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        out.protocol_type = Fill::fill(chance, version);
        out.protocols = Fill::fill(chance, version);
        if version >= 8 {
            out.reason = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for join_group::JoinGroupRequestProtocol<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.metadata = Fill::fill(chance, version);
        out
    }
}

impl Fill for join_group::JoinGroupResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 2 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out.generation_id = Fill::fill(chance, version);
        if version >= 7 {
            out.protocol_type = Fill::fill(chance, version);
        }
        out.protocol_name = if version >= 7 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        out.leader = Fill::fill(chance, version);
        if version == 9 {
            out.skip_assignment = Fill::fill(chance, version);
        }
        out.member_id = Fill::fill(chance, version);
        out.members = Fill::fill(chance, version);
        out
    }
}

impl Fill for join_group::JoinGroupResponseMember<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        if version >= 5 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        out.metadata = Fill::fill(chance, version);
        out
    }
}

impl Fill for heartbeat::HeartbeatRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.generation_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        if version >= 3 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for heartbeat::HeartbeatResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for leave_group::LeaveGroupRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        if version <= 2 {
            out.member_id = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.members = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for leave_group::MemberIdentity<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.group_instance_id = Fill::fill(chance, version);
        if version == 5 {
            out.reason = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for leave_group::LeaveGroupResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        if version >= 3 {
            out.members = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for leave_group::MemberResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.group_instance_id = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for sync_group::SyncGroupRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.generation_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        if version >= 3 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        if version == 5 {
            out.protocol_type = Fill::fill(chance, version);
        }
        if version == 5 {
            out.protocol_name = Fill::fill(chance, version);
        }
        out.assignments = Fill::fill(chance, version);
        out
    }
}

impl Fill for sync_group::SyncGroupRequestAssignment<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for sync_group::SyncGroupResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        if version == 5 {
            out.protocol_type = Fill::fill(chance, version);
        }
        if version == 5 {
            out.protocol_name = Fill::fill(chance, version);
        }
        out.assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_groups::DescribeGroupsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.groups = Fill::fill(chance, version);
        if version >= 3 {
            out.include_authorized_operations = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_groups::DescribeGroupsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_groups::DescribedGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        if version == 6 {
            out.error_message = Fill::fill(chance, version);
        }
        out.group_id = Fill::fill(chance, version);
        out.group_state = Fill::fill(chance, version);
        out.protocol_type = Fill::fill(chance, version);
        out.protocol_data = Fill::fill(chance, version);
        out.members = Fill::fill(chance, version);
        if version >= 3 {
            out.authorized_operations = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_groups::DescribedGroupMember<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        if version >= 4 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        out.client_id = Fill::fill(chance, version);
        out.client_host = Fill::fill(chance, version);
        out.member_metadata = Fill::fill(chance, version);
        out.member_assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_groups::ListGroupsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 4 {
            out.states_filter = Fill::fill(chance, version);
        }
        if version == 5 {
            out.types_filter = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for list_groups::ListGroupsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_groups::ListedGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.protocol_type = Fill::fill(chance, version);
        if version >= 4 {
            out.group_state = Fill::fill(chance, version);
        }
        if version == 5 {
            out.group_type = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for sasl_handshake::SaslHandshakeRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.mechanism = Fill::fill(chance, version);
        out
    }
}

impl Fill for sasl_handshake::SaslHandshakeResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.mechanisms = Fill::fill(chance, version);
        out
    }
}

impl Fill for api_versions::ApiVersionsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 3 {
            out.client_software_name = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.client_software_version = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for api_versions::ApiVersionsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.api_keys = Fill::fill(chance, version);
        if version >= 1 {
            out.throttle_time_ms = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.supported_features = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.finalized_features_epoch = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.finalized_features = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.zk_migration_ready = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for api_versions::ApiVersion {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.api_key = Fill::fill(chance, version);
        out.min_version = Fill::fill(chance, version);
        out.max_version = Fill::fill(chance, version);
        out
    }
}

impl Fill for api_versions::SupportedFeatureKey<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.min_version = Fill::fill(chance, version);
        out.max_version = Fill::fill(chance, version);
        out
    }
}

impl Fill for api_versions::FinalizedFeatureKey<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.max_version_level = Fill::fill(chance, version);
        out.min_version_level = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreateTopicsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out.timeout_ms = Fill::fill(chance, version);
        out.validate_only = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreatableTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.num_partitions = Fill::fill(chance, version);
        out.replication_factor = Fill::fill(chance, version);
        out.assignments = Fill::fill(chance, version);
        out.configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreatableReplicaAssignment {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.broker_ids = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreatableTopicConfig<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreateTopicsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_topics::CreatableTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        if version == 7 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        if version >= 5 {
            out.topic_config_error_code = Fill::fill(chance, version);
        }
        if version >= 5 {
            out.num_partitions = Fill::fill(chance, version);
        }
        if version >= 5 {
            out.replication_factor = Fill::fill(chance, version);
        }
        if version >= 5 {
            out.configs = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for create_topics::CreatableTopicConfigs<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out.read_only = Fill::fill(chance, version);
        out.config_source = Fill::fill(chance, version);
        out.is_sensitive = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_topics::DeleteTopicsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version == 6 {
            out.topics = Fill::fill(chance, version);
        }
        if version <= 5 {
            out.topic_names = Fill::fill(chance, version);
        }
        out.timeout_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_topics::DeleteTopicState<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.topic_id = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_topics::DeleteTopicsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_topics::DeletableTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = if version == 6 { Fill::fill(chance, version) } else { Some(Fill::fill(chance, version)) };
        if version == 6 {
            out.topic_id = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        if version >= 5 {
            out.error_message = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for delete_records::DeleteRecordsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out.timeout_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_records::DeleteRecordsTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_records::DeleteRecordsPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_records::DeleteRecordsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_records::DeleteRecordsTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_records::DeleteRecordsPartitionResult {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.low_watermark = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for init_producer_id::InitProducerIdRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.transaction_timeout_ms = Fill::fill(chance, version);
        if version >= 3 {
            out.producer_id = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.producer_epoch = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for init_producer_id::InitProducerIdResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        if version == 6 {
            out.ongoing_txn_producer_id = Fill::fill(chance, version);
        }
        if version == 6 {
            out.ongoing_txn_producer_epoch = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for offset_for_leader_epoch::OffsetForLeaderEpochRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 3 {
            out.replica_id = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_for_leader_epoch::OffsetForLeaderTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_for_leader_epoch::OffsetForLeaderPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition = Fill::fill(chance, version);
        out.current_leader_epoch = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_for_leader_epoch::OffsetForLeaderEpochResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_for_leader_epoch::OffsetForLeaderTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_for_leader_epoch::EpochEndOffset {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.partition = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out.end_offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 4 {
            out.transactions = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.v3_and_below_transactional_id = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.v3_and_below_producer_id = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.v3_and_below_producer_epoch = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.v3_and_below_topics = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnTransaction<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.verify_only = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        if version >= 4 {
            out.error_code = Fill::fill(chance, version);
        }
        if version >= 4 {
            out.results_by_transaction = Fill::fill(chance, version);
        }
        if version <= 3 {
            out.results_by_topic_v3_and_below = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.topic_results = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.results_by_partition = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_partitions_to_txn::AddPartitionsToTxnPartitionResult {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.partition_error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_offsets_to_txn::AddOffsetsToTxnRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.group_id = Fill::fill(chance, version);
        out
    }
}

impl Fill for add_offsets_to_txn::AddOffsetsToTxnResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for end_txn::EndTxnRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.committed = Fill::fill(chance, version);
        out
    }
}

impl Fill for end_txn::EndTxnResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        if version == 5 {
            out.producer_id = Fill::fill(chance, version);
        }
        if version == 5 {
            out.producer_epoch = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for write_txn_markers::WriteTxnMarkersRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.markers = Fill::fill(chance, version);
        out
    }
}

impl Fill for write_txn_markers::WritableTxnMarker<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.transaction_result = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out.coordinator_epoch = Fill::fill(chance, version);
        if version == 2 {
            out.transaction_version = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for write_txn_markers::WritableTxnMarkerTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partition_indexes = Fill::fill(chance, version);
        out
    }
}

impl Fill for write_txn_markers::WriteTxnMarkersResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.markers = Fill::fill(chance, version);
        out
    }
}

impl Fill for write_txn_markers::WritableTxnMarkerResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.producer_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for write_txn_markers::WritableTxnMarkerTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for write_txn_markers::WritableTxnMarkerPartitionResult {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.group_id = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        if version >= 3 {
            out.generation_id = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.member_id = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.group_instance_id = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitRequestPartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.committed_offset = Fill::fill(chance, version);
        if version >= 2 {
            out.committed_leader_epoch = Fill::fill(chance, version);
        }
        out.committed_metadata = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for txn_offset_commit::TxnOffsetCommitResponsePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_acls::DescribeAclsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type_filter = Fill::fill(chance, version);
        out.resource_name_filter = Fill::fill(chance, version);
        out.pattern_type_filter = Fill::fill(chance, version);
        out.principal_filter = Fill::fill(chance, version);
        out.host_filter = Fill::fill(chance, version);
        out.operation = Fill::fill(chance, version);
        out.permission_type = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_acls::DescribeAclsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.resources = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_acls::DescribeAclsResource<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.pattern_type = Fill::fill(chance, version);
        out.acls = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_acls::AclDescription<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.principal = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.operation = Fill::fill(chance, version);
        out.permission_type = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_acls::CreateAclsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.creations = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_acls::AclCreation<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.resource_pattern_type = Fill::fill(chance, version);
        out.principal = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.operation = Fill::fill(chance, version);
        out.permission_type = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_acls::CreateAclsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_acls::AclCreationResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_acls::DeleteAclsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.filters = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_acls::DeleteAclsFilter<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type_filter = Fill::fill(chance, version);
        out.resource_name_filter = Fill::fill(chance, version);
        out.pattern_type_filter = Fill::fill(chance, version);
        out.principal_filter = Fill::fill(chance, version);
        out.host_filter = Fill::fill(chance, version);
        out.operation = Fill::fill(chance, version);
        out.permission_type = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_acls::DeleteAclsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.filter_results = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_acls::DeleteAclsFilterResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.matching_acls = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_acls::DeleteAclsMatchingAcl<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.pattern_type = Fill::fill(chance, version);
        out.principal = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.operation = Fill::fill(chance, version);
        out.permission_type = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_configs::DescribeConfigsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resources = Fill::fill(chance, version);
        out.include_synonyms = Fill::fill(chance, version);
        if version >= 3 {
            out.include_documentation = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_configs::DescribeConfigsResource<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.configuration_keys = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_configs::DescribeConfigsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_configs::DescribeConfigsResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_configs::DescribeConfigsResourceResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out.read_only = Fill::fill(chance, version);
        out.config_source = Fill::fill(chance, version);
        out.is_sensitive = Fill::fill(chance, version);
        out.synonyms = Fill::fill(chance, version);
        if version >= 3 {
            out.config_type = Fill::fill(chance, version);
        }
        if version >= 3 {
            out.documentation = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_configs::DescribeConfigsSynonym<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out.source = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_configs::AlterConfigsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resources = Fill::fill(chance, version);
        out.validate_only = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_configs::AlterConfigsResource<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_configs::AlterableConfig<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_configs::AlterConfigsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_configs::AlterConfigsResourceResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDirsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.dirs = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDir<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.path = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDirTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDirsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDirTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_replica_log_dirs::AlterReplicaLogDirPartitionResult {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_log_dirs::DescribeLogDirsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_log_dirs::DescribableLogDirTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_log_dirs::DescribeLogDirsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        if version >= 3 {
            out.error_code = Fill::fill(chance, version);
        }
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_log_dirs::DescribeLogDirsResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.log_dir = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        if version >= 4 {
            out.total_bytes = Fill::fill(chance, version);
        }
        if version >= 4 {
            out.usable_bytes = Fill::fill(chance, version);
        }
        if version == 5 {
            out.is_cordoned = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_log_dirs::DescribeLogDirsTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_log_dirs::DescribeLogDirsPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.partition_size = Fill::fill(chance, version);
        out.offset_lag = Fill::fill(chance, version);
        out.is_future_key = Fill::fill(chance, version);
        out
    }
}

impl Fill for sasl_authenticate::SaslAuthenticateRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.auth_bytes = Fill::fill(chance, version);
        out
    }
}

impl Fill for sasl_authenticate::SaslAuthenticateResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.auth_bytes = Fill::fill(chance, version);
        if version >= 1 {
            out.session_lifetime_ms = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for create_partitions::CreatePartitionsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out.timeout_ms = Fill::fill(chance, version);
        out.validate_only = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_partitions::CreatePartitionsTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.count = Fill::fill(chance, version);
        out.assignments = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_partitions::CreatePartitionsAssignment {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.broker_ids = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_partitions::CreatePartitionsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_partitions::CreatePartitionsTopicResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_delegation_token::CreateDelegationTokenRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version == 3 {
            out.owner_principal_type = Fill::fill(chance, version);
        }
        if version == 3 {
            out.owner_principal_name = Fill::fill(chance, version);
        }
        out.renewers = Fill::fill(chance, version);
        out.max_lifetime_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_delegation_token::CreatableRenewers<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.principal_type = Fill::fill(chance, version);
        out.principal_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for create_delegation_token::CreateDelegationTokenResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.principal_type = Fill::fill(chance, version);
        out.principal_name = Fill::fill(chance, version);
        if version == 3 {
            out.token_requester_principal_type = Fill::fill(chance, version);
        }
        if version == 3 {
            out.token_requester_principal_name = Fill::fill(chance, version);
        }
        out.issue_timestamp_ms = Fill::fill(chance, version);
        out.expiry_timestamp_ms = Fill::fill(chance, version);
        out.max_timestamp_ms = Fill::fill(chance, version);
        out.token_id = Fill::fill(chance, version);
        out.hmac = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for renew_delegation_token::RenewDelegationTokenRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.hmac = Fill::fill(chance, version);
        out.renew_period_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for renew_delegation_token::RenewDelegationTokenResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.expiry_timestamp_ms = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for expire_delegation_token::ExpireDelegationTokenRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.hmac = Fill::fill(chance, version);
        out.expiry_time_period_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for expire_delegation_token::ExpireDelegationTokenResponse {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.expiry_timestamp_ms = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_delegation_token::DescribeDelegationTokenRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.owners = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_delegation_token::DescribeDelegationTokenOwner<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.principal_type = Fill::fill(chance, version);
        out.principal_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_delegation_token::DescribeDelegationTokenResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.tokens = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_delegation_token::DescribedDelegationToken<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.principal_type = Fill::fill(chance, version);
        out.principal_name = Fill::fill(chance, version);
        if version == 3 {
            out.token_requester_principal_type = Fill::fill(chance, version);
        }
        if version == 3 {
            out.token_requester_principal_name = Fill::fill(chance, version);
        }
        out.issue_timestamp = Fill::fill(chance, version);
        out.expiry_timestamp = Fill::fill(chance, version);
        out.max_timestamp = Fill::fill(chance, version);
        out.token_id = Fill::fill(chance, version);
        out.hmac = Fill::fill(chance, version);
        out.renewers = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_delegation_token::DescribedDelegationTokenRenewer<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.principal_type = Fill::fill(chance, version);
        out.principal_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_groups::DeleteGroupsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.groups_names = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_groups::DeleteGroupsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_groups::DeletableGroupResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for elect_leaders::ElectLeadersRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version >= 1 {
            out.election_type = Fill::fill(chance, version);
        }
        out.topic_partitions = Fill::fill(chance, version);
        out.timeout_ms = Fill::fill(chance, version);
        out
    }
}

impl Fill for elect_leaders::TopicPartitions<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for elect_leaders::ElectLeadersResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        if version >= 1 {
            out.error_code = Fill::fill(chance, version);
        }
        out.replica_election_results = Fill::fill(chance, version);
        out
    }
}

impl Fill for elect_leaders::ReplicaElectionResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partition_result = Fill::fill(chance, version);
        out
    }
}

impl Fill for elect_leaders::PartitionResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_id = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for incremental_alter_configs::IncrementalAlterConfigsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resources = Fill::fill(chance, version);
        out.validate_only = Fill::fill(chance, version);
        out
    }
}

impl Fill for incremental_alter_configs::AlterConfigsResource<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out.configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for incremental_alter_configs::AlterableConfig<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.config_operation = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for incremental_alter_configs::IncrementalAlterConfigsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for incremental_alter_configs::AlterConfigsResourceResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.resource_type = Fill::fill(chance, version);
        out.resource_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::AlterPartitionReassignmentsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.timeout_ms = Fill::fill(chance, version);
        if version == 1 {
            out.allow_replication_factor_change = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::ReassignableTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::ReassignablePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.replicas = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::AlterPartitionReassignmentsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        if version == 1 {
            out.allow_replication_factor_change = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::ReassignableTopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_partition_reassignments::ReassignablePartitionResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_partition_reassignments::ListPartitionReassignmentsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.timeout_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_partition_reassignments::ListPartitionReassignmentsTopics<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partition_indexes = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_partition_reassignments::ListPartitionReassignmentsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_partition_reassignments::OngoingTopicReassignment<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_partition_reassignments::OngoingPartitionReassignment {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.replicas = Fill::fill(chance, version);
        out.adding_replicas = Fill::fill(chance, version);
        out.removing_replicas = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteRequestPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for offset_delete::OffsetDeleteResponsePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::DescribeClientQuotasRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.components = Fill::fill(chance, version);
        out.strict = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::ComponentData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity_type = Fill::fill(chance, version);
        out.match_type = Fill::fill(chance, version);
        out.r#match = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::DescribeClientQuotasResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.entries = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::EntryData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity = Fill::fill(chance, version);
        out.values = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::EntityData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity_type = Fill::fill(chance, version);
        out.entity_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_client_quotas::ValueData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.key = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::AlterClientQuotasRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entries = Fill::fill(chance, version);
        out.validate_only = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::RequestEntryData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity = Fill::fill(chance, version);
        out.ops = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::RequestEntityData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity_type = Fill::fill(chance, version);
        out.entity_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::OpData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.key = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out.remove = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::AlterClientQuotasResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.entries = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::ResponseEntryData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.entity = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_client_quotas::ResponseEntityData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.entity_type = Fill::fill(chance, version);
        out.entity_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_user_scram_credentials::DescribeUserScramCredentialsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.users = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_user_scram_credentials::UserName<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_user_scram_credentials::DescribeUserScramCredentialsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_user_scram_credentials::DescribeUserScramCredentialsResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.user = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.credential_infos = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_user_scram_credentials::CredentialInfo {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.mechanism = Fill::fill(chance, version);
        out.iterations = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_user_scram_credentials::AlterUserScramCredentialsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.deletions = Fill::fill(chance, version);
        out.upsertions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_user_scram_credentials::ScramCredentialDeletion<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.mechanism = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_user_scram_credentials::ScramCredentialUpsertion<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.mechanism = Fill::fill(chance, version);
        out.iterations = Fill::fill(chance, version);
        out.salt = Fill::fill(chance, version);
        out.salted_password = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_user_scram_credentials::AlterUserScramCredentialsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.results = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_user_scram_credentials::AlterUserScramCredentialsResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.user = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::DescribeQuorumRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::RequestTopicData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::RequestPartitionData {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::DescribeQuorumResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        if version == 2 {
            out.error_message = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        if version == 2 {
            out.nodes = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_quorum::ResponseTopicData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::ResponsePartitionData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        if version == 2 {
            out.error_message = Fill::fill(chance, version);
        }
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out.high_watermark = Fill::fill(chance, version);
        out.current_voters = Fill::fill(chance, version);
        out.observers = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::Node<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.listeners = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::Listener<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_quorum::ReplicaState {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.replica_id = Fill::fill(chance, version);
        if version == 2 {
            out.replica_directory_id = Fill::fill(chance, version);
        }
        out.log_end_offset = Fill::fill(chance, version);
        if version >= 1 {
            out.last_fetch_timestamp = Fill::fill(chance, version);
        }
        if version >= 1 {
            out.last_caught_up_timestamp = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for update_features::UpdateFeaturesRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.timeout_ms = Fill::fill(chance, version);
        out.feature_updates = Fill::fill(chance, version);
        if version >= 1 {
            out.validate_only = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for update_features::FeatureUpdateKey<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.feature = Fill::fill(chance, version);
        out.max_version_level = Fill::fill(chance, version);
        if version == 0 {
            out.allow_downgrade = Fill::fill(chance, version);
        }
        if version >= 1 {
            out.upgrade_type = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for update_features::UpdateFeaturesResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        if version <= 1 {
            out.results = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for update_features::UpdatableFeatureResult<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.feature = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_cluster::DescribeClusterRequest {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.include_cluster_authorized_operations = Fill::fill(chance, version);
        if version >= 1 {
            out.endpoint_type = Fill::fill(chance, version);
        }
        if version == 2 {
            out.include_fenced_brokers = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_cluster::DescribeClusterResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        if version >= 1 {
            out.endpoint_type = Fill::fill(chance, version);
        }
        out.cluster_id = Fill::fill(chance, version);
        out.controller_id = Fill::fill(chance, version);
        out.brokers = Fill::fill(chance, version);
        out.cluster_authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_cluster::DescribeClusterBroker<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.broker_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.rack = Fill::fill(chance, version);
        if version == 2 {
            out.is_fenced = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_producers::DescribeProducersRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_producers::TopicRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partition_indexes = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_producers::DescribeProducersResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_producers::TopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_producers::PartitionResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.active_producers = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_producers::ProducerState {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.last_sequence = Fill::fill(chance, version);
        out.last_timestamp = Fill::fill(chance, version);
        out.coordinator_epoch = Fill::fill(chance, version);
        out.current_txn_start_offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_transactions::DescribeTransactionsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_ids = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_transactions::DescribeTransactionsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.transaction_states = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_transactions::TransactionState<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.transactional_id = Fill::fill(chance, version);
        out.transaction_state = Fill::fill(chance, version);
        out.transaction_timeout_ms = Fill::fill(chance, version);
        out.transaction_start_time_ms = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.producer_epoch = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_transactions::TopicData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_transactions::ListTransactionsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.state_filters = Fill::fill(chance, version);
        out.producer_id_filters = Fill::fill(chance, version);
        if version >= 1 {
            out.duration_filter = Fill::fill(chance, version);
        }
        if version == 2 {
            out.transactional_id_pattern = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for list_transactions::ListTransactionsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.unknown_state_filters = Fill::fill(chance, version);
        out.transaction_states = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_transactions::TransactionState<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.transactional_id = Fill::fill(chance, version);
        out.producer_id = Fill::fill(chance, version);
        out.transaction_state = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.instance_id = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.rebalance_timeout_ms = Fill::fill(chance, version);
        out.subscribed_topic_names = Fill::fill(chance, version);
        if version == 1 {
            out.subscribed_topic_regex = Fill::fill(chance, version);
        }
        out.server_assignor = Fill::fill(chance, version);
        out.topic_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_heartbeat::RequestTopicPartitions {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_heartbeat::ConsumerGroupHeartbeatResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.heartbeat_interval_ms = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_heartbeat::Assignment {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_heartbeat::ResponseTopicPartitions {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_describe::ConsumerGroupDescribeRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_ids = Fill::fill(chance, version);
        out.include_authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_describe::ConsumerGroupDescribeResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_describe::DescribedGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.group_id = Fill::fill(chance, version);
        out.group_state = Fill::fill(chance, version);
        out.group_epoch = Fill::fill(chance, version);
        out.assignment_epoch = Fill::fill(chance, version);
        out.assignor_name = Fill::fill(chance, version);
        out.members = Fill::fill(chance, version);
        out.authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_describe::Member<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.instance_id = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.client_id = Fill::fill(chance, version);
        out.client_host = Fill::fill(chance, version);
        out.subscribed_topic_names = Fill::fill(chance, version);
        out.subscribed_topic_regex = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out.target_assignment = Fill::fill(chance, version);
        if version == 1 {
            out.member_type = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for consumer_group_describe::TopicPartitions<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for consumer_group_describe::Assignment<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_config_resources::ListConfigResourcesRequest {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        if version == 1 {
            out.resource_types = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for list_config_resources::ListConfigResourcesResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.config_resources = Fill::fill(chance, version);
        out
    }
}

impl Fill for list_config_resources::ConfigResource<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.resource_name = Fill::fill(chance, version);
        if version == 1 {
            out.resource_type = Fill::fill(chance, version);
        }
        out
    }
}

impl Fill for describe_topic_partitions::DescribeTopicPartitionsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topics = Fill::fill(chance, version);
        out.response_partition_limit = Fill::fill(chance, version);
        out.cursor = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::TopicRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::RequestCursor<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partition_index = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::DescribeTopicPartitionsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out.next_cursor = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::DescribeTopicPartitionsResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.name = Fill::fill(chance, version);
        out.topic_id = Fill::fill(chance, version);
        out.is_internal = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out.topic_authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::DescribeTopicPartitionsResponsePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.partition_index = Fill::fill(chance, version);
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out.replica_nodes = Fill::fill(chance, version);
        out.isr_nodes = Fill::fill(chance, version);
        out.eligible_leader_replicas = Fill::fill(chance, version);
        out.last_known_elr = Fill::fill(chance, version);
        out.offline_replicas = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_topic_partitions::ResponseCursor<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partition_index = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_heartbeat::ShareGroupHeartbeatRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.subscribed_topic_names = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_heartbeat::ShareGroupHeartbeatResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.heartbeat_interval_ms = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_heartbeat::Assignment {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_heartbeat::TopicPartitions {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::ShareGroupDescribeRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_ids = Fill::fill(chance, version);
        out.include_authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::ShareGroupDescribeResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::DescribedGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.group_id = Fill::fill(chance, version);
        out.group_state = Fill::fill(chance, version);
        out.group_epoch = Fill::fill(chance, version);
        out.assignment_epoch = Fill::fill(chance, version);
        out.assignor_name = Fill::fill(chance, version);
        out.members = Fill::fill(chance, version);
        out.authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::Member<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.client_id = Fill::fill(chance, version);
        out.client_host = Fill::fill(chance, version);
        out.subscribed_topic_names = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::TopicPartitions<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_group_describe::Assignment<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::ShareFetchRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.share_session_epoch = Fill::fill(chance, version);
        out.max_wait_ms = Fill::fill(chance, version);
        out.min_bytes = Fill::fill(chance, version);
        out.max_bytes = Fill::fill(chance, version);
        out.max_records = Fill::fill(chance, version);
        out.batch_size = Fill::fill(chance, version);
        if version == 2 {
            out.share_acquire_mode = Fill::fill(chance, version);
        }
        if version == 2 {
            out.is_renew_ack = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out.forgotten_topics_data = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::FetchTopic {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::FetchPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.acknowledgement_batches = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::AcknowledgementBatch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.first_offset = Fill::fill(chance, version);
        out.last_offset = Fill::fill(chance, version);
        out.acknowledge_types = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::ForgottenTopic {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::ShareFetchResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.acquisition_lock_timeout_ms = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out.node_endpoints = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::ShareFetchableTopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::PartitionData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.acknowledge_error_code = Fill::fill(chance, version);
        out.acknowledge_error_message = Fill::fill(chance, version);
        out.current_leader = Fill::fill(chance, version);
        out.records = Fill::fill(chance, version);
        out.acquired_records = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::LeaderIdAndEpoch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::AcquiredRecords {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.first_offset = Fill::fill(chance, version);
        out.last_offset = Fill::fill(chance, version);
        out.delivery_count = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_fetch::NodeEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.rack = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::ShareAcknowledgeRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.share_session_epoch = Fill::fill(chance, version);
        if version == 2 {
            out.is_renew_ack = Fill::fill(chance, version);
        }
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::AcknowledgeTopic {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::AcknowledgePartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.acknowledgement_batches = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::AcknowledgementBatch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.first_offset = Fill::fill(chance, version);
        out.last_offset = Fill::fill(chance, version);
        out.acknowledge_types = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::ShareAcknowledgeResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        if version == 2 {
            out.acquisition_lock_timeout_ms = Fill::fill(chance, version);
        }
        out.responses = Fill::fill(chance, version);
        out.node_endpoints = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::ShareAcknowledgeTopicResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::PartitionData<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.current_leader = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::LeaderIdAndEpoch {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.leader_id = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        out
    }
}

impl Fill for share_acknowledge::NodeEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.node_id = Fill::fill(chance, version);
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out.rack = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::StreamsGroupHeartbeatRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.endpoint_information_epoch = Fill::fill(chance, version);
        out.instance_id = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.rebalance_timeout_ms = Fill::fill(chance, version);
        out.topology = Fill::fill(chance, version);
        out.active_tasks = Fill::fill(chance, version);
        out.standby_tasks = Fill::fill(chance, version);
        out.warmup_tasks = Fill::fill(chance, version);
        out.process_id = Fill::fill(chance, version);
        out.user_endpoint = Fill::fill(chance, version);
        out.client_tags = Fill::fill(chance, version);
        out.task_offsets = Fill::fill(chance, version);
        out.task_end_offsets = Fill::fill(chance, version);
        out.shutdown_application = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::Topology<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.epoch = Fill::fill(chance, version);
        out.subtopologies = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::Subtopology<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.source_topics = Fill::fill(chance, version);
        out.source_topic_regex = Fill::fill(chance, version);
        out.state_changelog_topics = Fill::fill(chance, version);
        out.repartition_sink_topics = Fill::fill(chance, version);
        out.repartition_source_topics = Fill::fill(chance, version);
        out.copartition_groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::CopartitionGroup {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.source_topics = Fill::fill(chance, version);
        out.source_topic_regex = Fill::fill(chance, version);
        out.repartition_source_topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::KeyValue<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.key = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::TopicInfo<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out.replication_factor = Fill::fill(chance, version);
        out.topic_configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::RequestEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::TaskOffset<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.partition = Fill::fill(chance, version);
        out.offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::RequestTaskIds<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::StreamsGroupHeartbeatResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.heartbeat_interval_ms = Fill::fill(chance, version);
        out.acceptable_recovery_lag = Fill::fill(chance, version);
        out.task_offset_interval_ms = Fill::fill(chance, version);
        out.status = Fill::fill(chance, version);
        out.active_tasks = Fill::fill(chance, version);
        out.standby_tasks = Fill::fill(chance, version);
        out.warmup_tasks = Fill::fill(chance, version);
        out.endpoint_information_epoch = Fill::fill(chance, version);
        out.partitions_by_user_endpoint = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::EndpointToPartitions<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.user_endpoint = Fill::fill(chance, version);
        out.active_partitions = Fill::fill(chance, version);
        out.standby_partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::Status<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.status_code = Fill::fill(chance, version);
        out.status_detail = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::TopicPartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::ResponseTaskIds<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_heartbeat::ResponseEndpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::StreamsGroupDescribeRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_ids = Fill::fill(chance, version);
        out.include_authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::StreamsGroupDescribeResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::DescribedGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.group_id = Fill::fill(chance, version);
        out.group_state = Fill::fill(chance, version);
        out.group_epoch = Fill::fill(chance, version);
        out.assignment_epoch = Fill::fill(chance, version);
        out.topology = Fill::fill(chance, version);
        out.members = Fill::fill(chance, version);
        out.authorized_operations = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::Topology<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.epoch = Fill::fill(chance, version);
        out.subtopologies = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::Subtopology<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.source_topics = Fill::fill(chance, version);
        out.repartition_sink_topics = Fill::fill(chance, version);
        out.state_changelog_topics = Fill::fill(chance, version);
        out.repartition_source_topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::Member<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.member_id = Fill::fill(chance, version);
        out.member_epoch = Fill::fill(chance, version);
        out.instance_id = Fill::fill(chance, version);
        out.rack_id = Fill::fill(chance, version);
        out.client_id = Fill::fill(chance, version);
        out.client_host = Fill::fill(chance, version);
        out.topology_epoch = Fill::fill(chance, version);
        out.process_id = Fill::fill(chance, version);
        out.user_endpoint = Fill::fill(chance, version);
        out.client_tags = Fill::fill(chance, version);
        out.task_offsets = Fill::fill(chance, version);
        out.task_end_offsets = Fill::fill(chance, version);
        out.assignment = Fill::fill(chance, version);
        out.target_assignment = Fill::fill(chance, version);
        out.is_classic = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::Endpoint<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.host = Fill::fill(chance, version);
        out.port = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::TaskOffset<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.partition = Fill::fill(chance, version);
        out.offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::Assignment<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.active_tasks = Fill::fill(chance, version);
        out.standby_tasks = Fill::fill(chance, version);
        out.warmup_tasks = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::TaskIds<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.subtopology_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::KeyValue<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.key = Fill::fill(chance, version);
        out.value = Fill::fill(chance, version);
        out
    }
}

impl Fill for streams_group_describe::TopicInfo<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out.replication_factor = Fill::fill(chance, version);
        out.topic_configs = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsRequestGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.groups = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsResponseGroup<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for describe_share_group_offsets::DescribeShareGroupOffsetsResponsePartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.start_offset = Fill::fill(chance, version);
        out.leader_epoch = Fill::fill(chance, version);
        if version == 1 {
            out.lag = Fill::fill(chance, version);
        }
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsRequestPartition {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.start_offset = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.topic_id = Fill::fill(chance, version);
        out.partitions = Fill::fill(chance, version);
        out
    }
}

impl Fill for alter_share_group_offsets::AlterShareGroupOffsetsResponsePartition<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.partition_index = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_share_group_offsets::DeleteShareGroupOffsetsRequest<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.group_id = Fill::fill(chance, version);
        out.topics = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_share_group_offsets::DeleteShareGroupOffsetsRequestTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_share_group_offsets::DeleteShareGroupOffsetsResponse<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.throttle_time_ms = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out.responses = Fill::fill(chance, version);
        out
    }
}

impl Fill for delete_share_group_offsets::DeleteShareGroupOffsetsResponseTopic<'static> {
    fn fill(chance: &mut Chance, version: i16) -> Self {
        let mut out = Self::default();
        out.topic_name = Fill::fill(chance, version);
        out.topic_id = Fill::fill(chance, version);
        out.error_code = Fill::fill(chance, version);
        out.error_message = Fill::fill(chance, version);
        out
    }
}
