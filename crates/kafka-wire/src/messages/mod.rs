// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! Kafka 4.3's messages between clients and brokers, one file an API.

#![allow(clippy::field_reassign_with_default, reason = "a message is read into its defaults, which other versions keep")]

use crate::api::Api;

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
pub mod alter_replica_log_dirs;
pub mod alter_share_group_offsets;
pub mod alter_user_scram_credentials;
pub mod api_versions;
pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod create_acls;
pub mod create_delegation_token;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_acls;
pub mod delete_groups;
pub mod delete_records;
pub mod delete_share_group_offsets;
pub mod delete_topics;
pub mod describe_acls;
pub mod describe_client_quotas;
pub mod describe_cluster;
pub mod describe_configs;
pub mod describe_delegation_token;
pub mod describe_groups;
pub mod describe_log_dirs;
pub mod describe_producers;
pub mod describe_quorum;
pub mod describe_share_group_offsets;
pub mod describe_topic_partitions;
pub mod describe_transactions;
pub mod describe_user_scram_credentials;
pub mod elect_leaders;
pub mod end_txn;
pub mod expire_delegation_token;
pub mod fetch;
pub mod find_coordinator;
pub mod header;
pub mod heartbeat;
pub mod incremental_alter_configs;
pub mod init_producer_id;
pub mod join_group;
pub mod leave_group;
pub mod list_config_resources;
pub mod list_groups;
pub mod list_offsets;
pub mod list_partition_reassignments;
pub mod list_transactions;
pub mod metadata;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod offset_for_leader_epoch;
pub mod produce;
pub mod renew_delegation_token;
pub mod sasl_authenticate;
pub mod sasl_handshake;
pub mod share_acknowledge;
pub mod share_fetch;
pub mod share_group_describe;
pub mod share_group_heartbeat;
pub mod streams_group_describe;
pub mod streams_group_heartbeat;
pub mod sync_group;
pub mod txn_offset_commit;
pub mod update_features;
pub mod write_txn_markers;

/// Which question a request asks (KIP-35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {
    /// `Produce`, versions 3 to 13.
    Produce = 0,
    /// `Fetch`, versions 4 to 18.
    Fetch = 1,
    /// `ListOffsets`, versions 1 to 11.
    ListOffsets = 2,
    /// `Metadata`, versions 0 to 13.
    Metadata = 3,
    /// `OffsetCommit`, versions 2 to 10.
    OffsetCommit = 8,
    /// `OffsetFetch`, versions 1 to 10.
    OffsetFetch = 9,
    /// `FindCoordinator`, versions 0 to 6.
    FindCoordinator = 10,
    /// `JoinGroup`, versions 0 to 9.
    JoinGroup = 11,
    /// `Heartbeat`, versions 0 to 4.
    Heartbeat = 12,
    /// `LeaveGroup`, versions 0 to 5.
    LeaveGroup = 13,
    /// `SyncGroup`, versions 0 to 5.
    SyncGroup = 14,
    /// `DescribeGroups`, versions 0 to 6.
    DescribeGroups = 15,
    /// `ListGroups`, versions 0 to 5.
    ListGroups = 16,
    /// `SaslHandshake`, versions 0 to 1.
    SaslHandshake = 17,
    /// `ApiVersions`, versions 0 to 4.
    ApiVersions = 18,
    /// `CreateTopics`, versions 2 to 7.
    CreateTopics = 19,
    /// `DeleteTopics`, versions 1 to 6.
    DeleteTopics = 20,
    /// `DeleteRecords`, versions 0 to 2.
    DeleteRecords = 21,
    /// `InitProducerId`, versions 0 to 5.
    InitProducerId = 22,
    /// `OffsetForLeaderEpoch`, versions 2 to 4.
    OffsetForLeaderEpoch = 23,
    /// `AddPartitionsToTxn`, versions 0 to 5.
    AddPartitionsToTxn = 24,
    /// `AddOffsetsToTxn`, versions 0 to 4.
    AddOffsetsToTxn = 25,
    /// `EndTxn`, versions 0 to 5.
    EndTxn = 26,
    /// `WriteTxnMarkers`, versions 1 to 2.
    WriteTxnMarkers = 27,
    /// `TxnOffsetCommit`, versions 0 to 5.
    TxnOffsetCommit = 28,
    /// `DescribeAcls`, versions 1 to 3.
    DescribeAcls = 29,
    /// `CreateAcls`, versions 1 to 3.
    CreateAcls = 30,
    /// `DeleteAcls`, versions 1 to 3.
    DeleteAcls = 31,
    /// `DescribeConfigs`, versions 1 to 4.
    DescribeConfigs = 32,
    /// `AlterConfigs`, versions 0 to 2.
    AlterConfigs = 33,
    /// `AlterReplicaLogDirs`, versions 1 to 2.
    AlterReplicaLogDirs = 34,
    /// `DescribeLogDirs`, versions 1 to 5.
    DescribeLogDirs = 35,
    /// `SaslAuthenticate`, versions 0 to 2.
    SaslAuthenticate = 36,
    /// `CreatePartitions`, versions 0 to 3.
    CreatePartitions = 37,
    /// `CreateDelegationToken`, versions 1 to 3.
    CreateDelegationToken = 38,
    /// `RenewDelegationToken`, versions 1 to 2.
    RenewDelegationToken = 39,
    /// `ExpireDelegationToken`, versions 1 to 2.
    ExpireDelegationToken = 40,
    /// `DescribeDelegationToken`, versions 1 to 3.
    DescribeDelegationToken = 41,
    /// `DeleteGroups`, versions 0 to 2.
    DeleteGroups = 42,
    /// `ElectLeaders`, versions 0 to 2.
    ElectLeaders = 43,
    /// `IncrementalAlterConfigs`, versions 0 to 1.
    IncrementalAlterConfigs = 44,
    /// `AlterPartitionReassignments`, versions 0 to 1.
    AlterPartitionReassignments = 45,
    /// `ListPartitionReassignments`, versions 0 to 0.
    ListPartitionReassignments = 46,
    /// `OffsetDelete`, versions 0 to 0.
    OffsetDelete = 47,
    /// `DescribeClientQuotas`, versions 0 to 1.
    DescribeClientQuotas = 48,
    /// `AlterClientQuotas`, versions 0 to 1.
    AlterClientQuotas = 49,
    /// `DescribeUserScramCredentials`, versions 0 to 0.
    DescribeUserScramCredentials = 50,
    /// `AlterUserScramCredentials`, versions 0 to 0.
    AlterUserScramCredentials = 51,
    /// `DescribeQuorum`, versions 0 to 2.
    DescribeQuorum = 55,
    /// `UpdateFeatures`, versions 0 to 2.
    UpdateFeatures = 57,
    /// `DescribeCluster`, versions 0 to 2.
    DescribeCluster = 60,
    /// `DescribeProducers`, versions 0 to 0.
    DescribeProducers = 61,
    /// `DescribeTransactions`, versions 0 to 0.
    DescribeTransactions = 65,
    /// `ListTransactions`, versions 0 to 2.
    ListTransactions = 66,
    /// `ConsumerGroupHeartbeat`, versions 0 to 1.
    ConsumerGroupHeartbeat = 68,
    /// `ConsumerGroupDescribe`, versions 0 to 1.
    ConsumerGroupDescribe = 69,
    /// `ListConfigResources`, versions 0 to 1.
    ListConfigResources = 74,
    /// `DescribeTopicPartitions`, versions 0 to 0.
    DescribeTopicPartitions = 75,
    /// `ShareGroupHeartbeat`, versions 1 to 1.
    ShareGroupHeartbeat = 76,
    /// `ShareGroupDescribe`, versions 1 to 1.
    ShareGroupDescribe = 77,
    /// `ShareFetch`, versions 1 to 2.
    ShareFetch = 78,
    /// `ShareAcknowledge`, versions 1 to 2.
    ShareAcknowledge = 79,
    /// `StreamsGroupHeartbeat`, versions 0 to 0.
    StreamsGroupHeartbeat = 88,
    /// `StreamsGroupDescribe`, versions 0 to 0.
    StreamsGroupDescribe = 89,
    /// `DescribeShareGroupOffsets`, versions 0 to 1.
    DescribeShareGroupOffsets = 90,
    /// `AlterShareGroupOffsets`, versions 0 to 0.
    AlterShareGroupOffsets = 91,
    /// `DeleteShareGroupOffsets`, versions 0 to 0.
    DeleteShareGroupOffsets = 92,
}

impl ApiKey {
    /// The key that is written as `code`.
    pub const fn from_code(code: i16) -> Option<ApiKey> {
        match code {
            0 => Some(ApiKey::Produce),
            1 => Some(ApiKey::Fetch),
            2 => Some(ApiKey::ListOffsets),
            3 => Some(ApiKey::Metadata),
            8 => Some(ApiKey::OffsetCommit),
            9 => Some(ApiKey::OffsetFetch),
            10 => Some(ApiKey::FindCoordinator),
            11 => Some(ApiKey::JoinGroup),
            12 => Some(ApiKey::Heartbeat),
            13 => Some(ApiKey::LeaveGroup),
            14 => Some(ApiKey::SyncGroup),
            15 => Some(ApiKey::DescribeGroups),
            16 => Some(ApiKey::ListGroups),
            17 => Some(ApiKey::SaslHandshake),
            18 => Some(ApiKey::ApiVersions),
            19 => Some(ApiKey::CreateTopics),
            20 => Some(ApiKey::DeleteTopics),
            21 => Some(ApiKey::DeleteRecords),
            22 => Some(ApiKey::InitProducerId),
            23 => Some(ApiKey::OffsetForLeaderEpoch),
            24 => Some(ApiKey::AddPartitionsToTxn),
            25 => Some(ApiKey::AddOffsetsToTxn),
            26 => Some(ApiKey::EndTxn),
            27 => Some(ApiKey::WriteTxnMarkers),
            28 => Some(ApiKey::TxnOffsetCommit),
            29 => Some(ApiKey::DescribeAcls),
            30 => Some(ApiKey::CreateAcls),
            31 => Some(ApiKey::DeleteAcls),
            32 => Some(ApiKey::DescribeConfigs),
            33 => Some(ApiKey::AlterConfigs),
            34 => Some(ApiKey::AlterReplicaLogDirs),
            35 => Some(ApiKey::DescribeLogDirs),
            36 => Some(ApiKey::SaslAuthenticate),
            37 => Some(ApiKey::CreatePartitions),
            38 => Some(ApiKey::CreateDelegationToken),
            39 => Some(ApiKey::RenewDelegationToken),
            40 => Some(ApiKey::ExpireDelegationToken),
            41 => Some(ApiKey::DescribeDelegationToken),
            42 => Some(ApiKey::DeleteGroups),
            43 => Some(ApiKey::ElectLeaders),
            44 => Some(ApiKey::IncrementalAlterConfigs),
            45 => Some(ApiKey::AlterPartitionReassignments),
            46 => Some(ApiKey::ListPartitionReassignments),
            47 => Some(ApiKey::OffsetDelete),
            48 => Some(ApiKey::DescribeClientQuotas),
            49 => Some(ApiKey::AlterClientQuotas),
            50 => Some(ApiKey::DescribeUserScramCredentials),
            51 => Some(ApiKey::AlterUserScramCredentials),
            55 => Some(ApiKey::DescribeQuorum),
            57 => Some(ApiKey::UpdateFeatures),
            60 => Some(ApiKey::DescribeCluster),
            61 => Some(ApiKey::DescribeProducers),
            65 => Some(ApiKey::DescribeTransactions),
            66 => Some(ApiKey::ListTransactions),
            68 => Some(ApiKey::ConsumerGroupHeartbeat),
            69 => Some(ApiKey::ConsumerGroupDescribe),
            74 => Some(ApiKey::ListConfigResources),
            75 => Some(ApiKey::DescribeTopicPartitions),
            76 => Some(ApiKey::ShareGroupHeartbeat),
            77 => Some(ApiKey::ShareGroupDescribe),
            78 => Some(ApiKey::ShareFetch),
            79 => Some(ApiKey::ShareAcknowledge),
            88 => Some(ApiKey::StreamsGroupHeartbeat),
            89 => Some(ApiKey::StreamsGroupDescribe),
            90 => Some(ApiKey::DescribeShareGroupOffsets),
            91 => Some(ApiKey::AlterShareGroupOffsets),
            92 => Some(ApiKey::DeleteShareGroupOffsets),
            _ => None,
        }
    }
}

/// Every API that there is a codec for, by key.
pub const APIS: [Api; 67] = [
    Api { key: ApiKey::Produce, name: "Produce", min: 3, max: 13, flexible_from: 9 },
    Api { key: ApiKey::Fetch, name: "Fetch", min: 4, max: 18, flexible_from: 12 },
    Api { key: ApiKey::ListOffsets, name: "ListOffsets", min: 1, max: 11, flexible_from: 6 },
    Api { key: ApiKey::Metadata, name: "Metadata", min: 0, max: 13, flexible_from: 9 },
    Api { key: ApiKey::OffsetCommit, name: "OffsetCommit", min: 2, max: 10, flexible_from: 8 },
    Api { key: ApiKey::OffsetFetch, name: "OffsetFetch", min: 1, max: 10, flexible_from: 6 },
    Api { key: ApiKey::FindCoordinator, name: "FindCoordinator", min: 0, max: 6, flexible_from: 3 },
    Api { key: ApiKey::JoinGroup, name: "JoinGroup", min: 0, max: 9, flexible_from: 6 },
    Api { key: ApiKey::Heartbeat, name: "Heartbeat", min: 0, max: 4, flexible_from: 4 },
    Api { key: ApiKey::LeaveGroup, name: "LeaveGroup", min: 0, max: 5, flexible_from: 4 },
    Api { key: ApiKey::SyncGroup, name: "SyncGroup", min: 0, max: 5, flexible_from: 4 },
    Api { key: ApiKey::DescribeGroups, name: "DescribeGroups", min: 0, max: 6, flexible_from: 5 },
    Api { key: ApiKey::ListGroups, name: "ListGroups", min: 0, max: 5, flexible_from: 3 },
    Api { key: ApiKey::SaslHandshake, name: "SaslHandshake", min: 0, max: 1, flexible_from: i16::MAX },
    Api { key: ApiKey::ApiVersions, name: "ApiVersions", min: 0, max: 4, flexible_from: 3 },
    Api { key: ApiKey::CreateTopics, name: "CreateTopics", min: 2, max: 7, flexible_from: 5 },
    Api { key: ApiKey::DeleteTopics, name: "DeleteTopics", min: 1, max: 6, flexible_from: 4 },
    Api { key: ApiKey::DeleteRecords, name: "DeleteRecords", min: 0, max: 2, flexible_from: 2 },
    Api { key: ApiKey::InitProducerId, name: "InitProducerId", min: 0, max: 5, flexible_from: 2 },
    Api { key: ApiKey::OffsetForLeaderEpoch, name: "OffsetForLeaderEpoch", min: 2, max: 4, flexible_from: 4 },
    Api { key: ApiKey::AddPartitionsToTxn, name: "AddPartitionsToTxn", min: 0, max: 5, flexible_from: 3 },
    Api { key: ApiKey::AddOffsetsToTxn, name: "AddOffsetsToTxn", min: 0, max: 4, flexible_from: 3 },
    Api { key: ApiKey::EndTxn, name: "EndTxn", min: 0, max: 5, flexible_from: 3 },
    Api { key: ApiKey::WriteTxnMarkers, name: "WriteTxnMarkers", min: 1, max: 2, flexible_from: 1 },
    Api { key: ApiKey::TxnOffsetCommit, name: "TxnOffsetCommit", min: 0, max: 5, flexible_from: 3 },
    Api { key: ApiKey::DescribeAcls, name: "DescribeAcls", min: 1, max: 3, flexible_from: 2 },
    Api { key: ApiKey::CreateAcls, name: "CreateAcls", min: 1, max: 3, flexible_from: 2 },
    Api { key: ApiKey::DeleteAcls, name: "DeleteAcls", min: 1, max: 3, flexible_from: 2 },
    Api { key: ApiKey::DescribeConfigs, name: "DescribeConfigs", min: 1, max: 4, flexible_from: 4 },
    Api { key: ApiKey::AlterConfigs, name: "AlterConfigs", min: 0, max: 2, flexible_from: 2 },
    Api { key: ApiKey::AlterReplicaLogDirs, name: "AlterReplicaLogDirs", min: 1, max: 2, flexible_from: 2 },
    Api { key: ApiKey::DescribeLogDirs, name: "DescribeLogDirs", min: 1, max: 5, flexible_from: 2 },
    Api { key: ApiKey::SaslAuthenticate, name: "SaslAuthenticate", min: 0, max: 2, flexible_from: 2 },
    Api { key: ApiKey::CreatePartitions, name: "CreatePartitions", min: 0, max: 3, flexible_from: 2 },
    Api { key: ApiKey::CreateDelegationToken, name: "CreateDelegationToken", min: 1, max: 3, flexible_from: 2 },
    Api { key: ApiKey::RenewDelegationToken, name: "RenewDelegationToken", min: 1, max: 2, flexible_from: 2 },
    Api { key: ApiKey::ExpireDelegationToken, name: "ExpireDelegationToken", min: 1, max: 2, flexible_from: 2 },
    Api { key: ApiKey::DescribeDelegationToken, name: "DescribeDelegationToken", min: 1, max: 3, flexible_from: 2 },
    Api { key: ApiKey::DeleteGroups, name: "DeleteGroups", min: 0, max: 2, flexible_from: 2 },
    Api { key: ApiKey::ElectLeaders, name: "ElectLeaders", min: 0, max: 2, flexible_from: 2 },
    Api { key: ApiKey::IncrementalAlterConfigs, name: "IncrementalAlterConfigs", min: 0, max: 1, flexible_from: 1 },
    Api { key: ApiKey::AlterPartitionReassignments, name: "AlterPartitionReassignments", min: 0, max: 1, flexible_from: 0 },
    Api { key: ApiKey::ListPartitionReassignments, name: "ListPartitionReassignments", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::OffsetDelete, name: "OffsetDelete", min: 0, max: 0, flexible_from: i16::MAX },
    Api { key: ApiKey::DescribeClientQuotas, name: "DescribeClientQuotas", min: 0, max: 1, flexible_from: 1 },
    Api { key: ApiKey::AlterClientQuotas, name: "AlterClientQuotas", min: 0, max: 1, flexible_from: 1 },
    Api { key: ApiKey::DescribeUserScramCredentials, name: "DescribeUserScramCredentials", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::AlterUserScramCredentials, name: "AlterUserScramCredentials", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::DescribeQuorum, name: "DescribeQuorum", min: 0, max: 2, flexible_from: 0 },
    Api { key: ApiKey::UpdateFeatures, name: "UpdateFeatures", min: 0, max: 2, flexible_from: 0 },
    Api { key: ApiKey::DescribeCluster, name: "DescribeCluster", min: 0, max: 2, flexible_from: 0 },
    Api { key: ApiKey::DescribeProducers, name: "DescribeProducers", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::DescribeTransactions, name: "DescribeTransactions", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::ListTransactions, name: "ListTransactions", min: 0, max: 2, flexible_from: 0 },
    Api { key: ApiKey::ConsumerGroupHeartbeat, name: "ConsumerGroupHeartbeat", min: 0, max: 1, flexible_from: 0 },
    Api { key: ApiKey::ConsumerGroupDescribe, name: "ConsumerGroupDescribe", min: 0, max: 1, flexible_from: 0 },
    Api { key: ApiKey::ListConfigResources, name: "ListConfigResources", min: 0, max: 1, flexible_from: 0 },
    Api { key: ApiKey::DescribeTopicPartitions, name: "DescribeTopicPartitions", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::ShareGroupHeartbeat, name: "ShareGroupHeartbeat", min: 1, max: 1, flexible_from: 1 },
    Api { key: ApiKey::ShareGroupDescribe, name: "ShareGroupDescribe", min: 1, max: 1, flexible_from: 1 },
    Api { key: ApiKey::ShareFetch, name: "ShareFetch", min: 1, max: 2, flexible_from: 1 },
    Api { key: ApiKey::ShareAcknowledge, name: "ShareAcknowledge", min: 1, max: 2, flexible_from: 1 },
    Api { key: ApiKey::StreamsGroupHeartbeat, name: "StreamsGroupHeartbeat", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::StreamsGroupDescribe, name: "StreamsGroupDescribe", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::DescribeShareGroupOffsets, name: "DescribeShareGroupOffsets", min: 0, max: 1, flexible_from: 0 },
    Api { key: ApiKey::AlterShareGroupOffsets, name: "AlterShareGroupOffsets", min: 0, max: 0, flexible_from: 0 },
    Api { key: ApiKey::DeleteShareGroupOffsets, name: "DeleteShareGroupOffsets", min: 0, max: 0, flexible_from: 0 },
];
