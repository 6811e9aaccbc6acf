//! Which error codes an answer carries.

use kafka_wire::messages as m;

/// An answer whose error codes can be counted.
pub(crate) trait Codes {
    /// Every code in it, of success too.
    fn codes(&self) -> Vec<i16>;
}

macro_rules! codes {
    ($($file:ident::$response:ident $(<$life:lifetime>)? : |$answer:ident| $codes:expr;)+) => {$(
        impl Codes for m::$file::$response $(<$life>)? {
            fn codes(&self) -> Vec<i16> {
                let $answer = self;
                $codes
            }
        }
    )+};
}

/// The codes of things in a list.
macro_rules! of {
    ($list:expr) => {
        $list.iter().map(|one| one.error_code).collect()
    };
    ($list:expr, $inner:ident) => {
        $list.iter().flat_map(|one| one.$inner.iter().map(|inner| inner.error_code)).collect()
    };
}

codes! {
    produce::ProduceResponse<'_>: |answer| of!(answer.responses, partition_responses);
    list_offsets::ListOffsetsResponse<'_>: |answer| of!(answer.topics, partitions);
    metadata::MetadataResponse<'_>: |answer| of!(answer.topics);
    offset_commit::OffsetCommitResponse<'_>: |answer| of!(answer.topics, partitions);
    offset_fetch::OffsetFetchResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.groups);
        codes.push(answer.error_code);
        codes
    };
    find_coordinator::FindCoordinatorResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.coordinators);
        codes.push(answer.error_code);
        codes
    };
    join_group::JoinGroupResponse<'_>: |answer| vec![answer.error_code];
    heartbeat::HeartbeatResponse: |answer| vec![answer.error_code];
    leave_group::LeaveGroupResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.members);
        codes.push(answer.error_code);
        codes
    };
    sync_group::SyncGroupResponse<'_>: |answer| vec![answer.error_code];
    describe_groups::DescribeGroupsResponse<'_>: |answer| of!(answer.groups);
    list_groups::ListGroupsResponse<'_>: |answer| vec![answer.error_code];
    delete_groups::DeleteGroupsResponse<'_>: |answer| of!(answer.results);
    offset_delete::OffsetDeleteResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.topics, partitions);
        codes.push(answer.error_code);
        codes
    };
    create_topics::CreateTopicsResponse<'_>: |answer| of!(answer.topics);
    delete_topics::DeleteTopicsResponse<'_>: |answer| of!(answer.responses);
    delete_records::DeleteRecordsResponse<'_>: |answer| of!(answer.topics, partitions);
    init_producer_id::InitProducerIdResponse: |answer| vec![answer.error_code];
    offset_for_leader_epoch::OffsetForLeaderEpochResponse<'_>: |answer| of!(answer.topics, partitions);
    describe_configs::DescribeConfigsResponse<'_>: |answer| of!(answer.results);
    alter_configs::AlterConfigsResponse<'_>: |answer| of!(answer.responses);
    incremental_alter_configs::IncrementalAlterConfigsResponse<'_>: |answer| of!(answer.responses);
    list_config_resources::ListConfigResourcesResponse<'_>: |answer| vec![answer.error_code];
    describe_log_dirs::DescribeLogDirsResponse<'_>: |answer| of!(answer.results);
    create_partitions::CreatePartitionsResponse<'_>: |answer| of!(answer.results);
    elect_leaders::ElectLeadersResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.replica_election_results, partition_result);
        codes.push(answer.error_code);
        codes
    };
    alter_partition_reassignments::AlterPartitionReassignmentsResponse<'_>: |answer| of!(answer.responses, partitions);
    list_partition_reassignments::ListPartitionReassignmentsResponse<'_>: |answer| vec![answer.error_code];
    describe_client_quotas::DescribeClientQuotasResponse<'_>: |answer| vec![answer.error_code];
    describe_producers::DescribeProducersResponse<'_>: |answer| of!(answer.topics, partitions);
    describe_topic_partitions::DescribeTopicPartitionsResponse<'_>: |answer| of!(answer.topics);
    describe_acls::DescribeAclsResponse<'_>: |answer| vec![answer.error_code];
    create_acls::CreateAclsResponse<'_>: |answer| of!(answer.results);
    delete_acls::DeleteAclsResponse<'_>: |answer| of!(answer.filter_results);
    describe_user_scram_credentials::DescribeUserScramCredentialsResponse<'_>: |answer| {
        let mut codes: Vec<i16> = of!(answer.results);
        codes.push(answer.error_code);
        codes
    };
    alter_user_scram_credentials::AlterUserScramCredentialsResponse<'_>: |answer| of!(answer.results);
    describe_cluster::DescribeClusterResponse<'_>: |answer| vec![answer.error_code];
}
