//! Who may what, over the wire: each API without its grant and with it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, in real time")]

mod house;

use std::{borrow::Cow, time::Duration};

use cluster::principals::{Command, Grant, Grantee, Operation, Pattern, Permission, Resource};
use gate::scram::Hash;
use house::{Client, House, sasl};
use kafka_wire::{
    ErrorCode,
    message::Message,
    messages::{
        ApiKey,
        alter_user_scram_credentials::*,
        create_acls::*,
        create_partitions::*,
        create_topics::*,
        delete_acls::*,
        delete_groups::*,
        delete_records::*,
        delete_topics::*,
        describe_acls::*,
        describe_groups::*,
        describe_user_scram_credentials::*,
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
        find_coordinator::*,
        heartbeat::*,
        init_producer_id::*,
        join_group::*,
        leave_group::*,
        list_groups::*,
        list_offsets::*,
        metadata::*,
        offset_commit as commit, offset_delete as forget, offset_fetch as fetched, offset_for_leader_epoch as epochs,
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
        sync_group::*,
    },
};

const TOPIC: i16 = ErrorCode::TopicAuthorizationFailed as i16;
const GROUP: i16 = ErrorCode::GroupAuthorizationFailed as i16;
const CLUSTER: i16 = ErrorCode::ClusterAuthorizationFailed as i16;

fn orders<'a>() -> Cow<'a, str> {
    Cow::Borrowed("orders")
}

fn readers<'a>() -> Cow<'a, str> {
    Cow::Borrowed("readers")
}

/// Asks, and gives one code of the answer.
macro_rules! code {
    ($client:ident, $version:literal, $request:expr, $Response:ty, $answer:ident => $code:expr) => {{
        let body = $client.ask($version, &$request).await.expect("an answer");
        let $answer = <$Response>::decode(&body, $version).unwrap();
        $code
    }};
}

/// What the topic `orders` is answered with.
async fn ask_topic(client: &mut Client, api: ApiKey) -> i16 {
    match api {
        ApiKey::Produce => {
            let partition_data = vec![PartitionProduceData { index: 0, records: None }];
            let topic_data = vec![TopicProduceData { name: orders(), partition_data, ..TopicProduceData::default() }];
            let request = ProduceRequest { acks: -1, timeout_ms: 1000, topic_data, ..ProduceRequest::default() };
            code!(client, 9, request, ProduceResponse<'_>, answer => answer.responses[0].partition_responses[0].error_code)
        }
        ApiKey::Fetch => {
            let partitions = vec![FetchPartition { partition_max_bytes: 1, ..FetchPartition::default() }];
            let topics = vec![FetchTopic { topic: orders(), partitions, ..FetchTopic::default() }];
            let request = FetchRequest { max_bytes: 1, session_epoch: -1, topics, ..FetchRequest::default() };
            code!(client, 12, request, FetchResponse<'_>, answer => answer.responses[0].partitions[0].error_code)
        }
        ApiKey::ListOffsets => {
            let partitions = vec![ListOffsetsPartition { current_leader_epoch: -1, timestamp: -1, partition_index: 0 }];
            let request = ListOffsetsRequest {
                topics: vec![ListOffsetsTopic { name: orders(), partitions }],
                ..ListOffsetsRequest::default()
            };
            code!(client, 5, request, ListOffsetsResponse<'_>, answer => answer.topics[0].partitions[0].error_code)
        }
        ApiKey::Metadata => {
            let topics = Some(vec![MetadataRequestTopic { name: Some(orders()), ..MetadataRequestTopic::default() }]);
            let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..MetadataRequest::default() };
            code!(client, 9, request, MetadataResponse<'_>, answer => answer.topics[0].error_code)
        }
        ApiKey::OffsetForLeaderEpoch => {
            let partitions = vec![epochs::OffsetForLeaderPartition::default()];
            let topics = vec![epochs::OffsetForLeaderTopic { topic: orders(), partitions }];
            let request = epochs::OffsetForLeaderEpochRequest { topics, ..epochs::OffsetForLeaderEpochRequest::default() };
            code!(client, 3, request, epochs::OffsetForLeaderEpochResponse<'_>,
                answer => answer.topics[0].partitions[0].error_code)
        }
        ApiKey::CreateTopics => {
            let topic = CreatableTopic { name: orders(), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
            let request = CreateTopicsRequest { topics: vec![topic], validate_only: true, timeout_ms: 1000 };
            code!(client, 5, request, CreateTopicsResponse<'_>, answer => answer.topics[0].error_code)
        }
        ApiKey::DeleteTopics => {
            let request = DeleteTopicsRequest { topic_names: vec![orders()], ..DeleteTopicsRequest::default() };
            code!(client, 5, request, DeleteTopicsResponse<'_>, answer => answer.responses[0].error_code)
        }
        ApiKey::CreatePartitions => {
            let topic = CreatePartitionsTopic { name: orders(), count: 2, assignments: None };
            let request = CreatePartitionsRequest { topics: vec![topic], validate_only: true, timeout_ms: 1000 };
            code!(client, 2, request, CreatePartitionsResponse<'_>, answer => answer.results[0].error_code)
        }
        ApiKey::DeleteRecords => {
            let topic = DeleteRecordsTopic { name: orders(), partitions: vec![DeleteRecordsPartition::default()] };
            let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 1000 };
            code!(client, 2, request, DeleteRecordsResponse<'_>, answer => answer.topics[0].partitions[0].error_code)
        }
        ApiKey::OffsetCommit => {
            let partitions = vec![commit::OffsetCommitRequestPartition::default()];
            let topics = vec![commit::OffsetCommitRequestTopic { name: orders(), partitions, ..Default::default() }];
            let request = commit::OffsetCommitRequest {
                group_id: readers(),
                generation_id_or_member_epoch: -1,
                topics,
                ..commit::OffsetCommitRequest::default()
            };
            code!(client, 8, request, commit::OffsetCommitResponse<'_>, answer => answer.topics[0].partitions[0].error_code)
        }
        ApiKey::OffsetFetch => {
            let topics = Some(vec![fetched::OffsetFetchRequestTopic { name: orders(), partition_indexes: vec![0] }]);
            let request = fetched::OffsetFetchRequest { group_id: readers(), topics, ..Default::default() };
            code!(client, 5, request, fetched::OffsetFetchResponse<'_>, answer => match answer.error_code {
                0 => answer.topics[0].partitions[0].error_code,
                code => code,
            })
        }
        ApiKey::OffsetDelete => {
            let partitions = vec![forget::OffsetDeleteRequestPartition::default()];
            let topics = vec![forget::OffsetDeleteRequestTopic { name: orders(), partitions }];
            let request = forget::OffsetDeleteRequest { group_id: readers(), topics };
            code!(client, 0, request, forget::OffsetDeleteResponse<'_>, answer => match answer.error_code {
                0 => answer.topics[0].partitions[0].error_code,
                code => code,
            })
        }
        _ => panic!("{api:?} is about no topic"),
    }
}

/// What the group `readers` is answered with.
async fn ask_group(client: &mut Client, api: ApiKey) -> i16 {
    let (group_id, name) = (readers(), || vec![readers()]);
    match api {
        ApiKey::FindCoordinator => {
            let request = FindCoordinatorRequest { key: group_id, ..FindCoordinatorRequest::default() };
            code!(client, 3, request, FindCoordinatorResponse<'_>, answer => answer.error_code)
        }
        ApiKey::JoinGroup => {
            let request = JoinGroupRequest { group_id, session_timeout_ms: 10_000, ..JoinGroupRequest::default() };
            code!(client, 5, request, JoinGroupResponse<'_>, answer => answer.error_code)
        }
        ApiKey::SyncGroup => {
            let request = SyncGroupRequest { group_id, ..SyncGroupRequest::default() };
            code!(client, 3, request, SyncGroupResponse<'_>, answer => answer.error_code)
        }
        ApiKey::Heartbeat => {
            let request = HeartbeatRequest { group_id, ..HeartbeatRequest::default() };
            code!(client, 3, request, HeartbeatResponse, answer => answer.error_code)
        }
        ApiKey::LeaveGroup => {
            let request = LeaveGroupRequest { group_id, ..LeaveGroupRequest::default() };
            code!(client, 2, request, LeaveGroupResponse<'_>, answer => answer.error_code)
        }
        ApiKey::DescribeGroups => {
            let request = DescribeGroupsRequest { groups: name(), ..DescribeGroupsRequest::default() };
            code!(client, 5, request, DescribeGroupsResponse<'_>, answer => answer.groups[0].error_code)
        }
        ApiKey::DeleteGroups => {
            let request = DeleteGroupsRequest { groups_names: name() };
            code!(client, 2, request, DeleteGroupsResponse<'_>, answer => answer.results[0].error_code)
        }
        _ => panic!("{api:?} is about no group"),
    }
}

/// What the cluster is answered with.
async fn ask_cluster(client: &mut Client, api: ApiKey) -> i16 {
    match api {
        ApiKey::InitProducerId => {
            let request = InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() };
            code!(client, 1, request, InitProducerIdResponse, answer => answer.error_code)
        }
        ApiKey::DescribeAcls => {
            let request = DescribeAclsRequest {
                resource_type_filter: 1,
                pattern_type_filter: 1,
                resource_name_filter: None,
                principal_filter: None,
                host_filter: None,
                operation: 1,
                permission_type: 1,
            };
            code!(client, 2, request, DescribeAclsResponse<'_>, answer => answer.error_code)
        }
        ApiKey::CreateAcls => create_acl(client, "bob", 3).await,
        ApiKey::DeleteAcls => delete_acls(client, "bob").await.0,
        ApiKey::DescribeUserScramCredentials => {
            let request = DescribeUserScramCredentialsRequest { users: None };
            code!(client, 0, request, DescribeUserScramCredentialsResponse<'_>, answer => answer.error_code)
        }
        ApiKey::AlterUserScramCredentials => alter(client, "bob", 4096, 64).await,
        _ => panic!("{api:?} is not about the cluster"),
    }
}

async fn create_acl(client: &mut Client, name: &str, operation: i8) -> i16 {
    create_acl_from(client, name, operation, 3, "*").await
}

/// With a permission, 2 to deny and 3 to allow, and a host.
async fn create_acl_from(client: &mut Client, name: &str, operation: i8, permission_type: i8, host: &str) -> i16 {
    let creation = AclCreation {
        resource_type: 2,
        resource_name: orders(),
        resource_pattern_type: 3,
        principal: Cow::Owned(format!("User:{name}")),
        host: Cow::Owned(host.to_owned()),
        operation,
        permission_type,
    };
    let request = CreateAclsRequest { creations: vec![creation] };
    code!(client, 2, request, CreateAclsResponse<'_>, answer => answer.results[0].error_code)
}

/// The code, and how many are gone.
async fn delete_acls(client: &mut Client, name: &str) -> (i16, usize) {
    delete_acls_from(client, name, None).await
}

async fn delete_acls_from(client: &mut Client, name: &str, host: Option<&str>) -> (i16, usize) {
    let filter = DeleteAclsFilter {
        resource_type_filter: 2,
        pattern_type_filter: 2,
        resource_name_filter: Some(orders()),
        principal_filter: Some(Cow::Owned(format!("User:{name}"))),
        host_filter: host.map(|host| Cow::Owned(host.to_owned())),
        operation: 1,
        permission_type: 1,
    };
    let request = DeleteAclsRequest { filters: vec![filter] };
    code!(client, 2, request, DeleteAclsResponse<'_>, answer => {
        (answer.filter_results[0].error_code, answer.filter_results[0].matching_acls.len())
    })
}

/// Gives a user a credential by SHA-512, of the password `wonder` with this salt.
async fn alter(client: &mut Client, name: &str, iterations: i32, salt: usize) -> i16 {
    let salt = vec![1; salt];
    let mut salted = vec![0; 64];
    let rounds = std::num::NonZeroU32::new(u32::try_from(iterations).unwrap().max(1)).unwrap();
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, b"wonder", &mut salted);
    let upsertion = ScramCredentialUpsertion {
        name: Cow::Owned(name.to_owned()),
        mechanism: 2,
        iterations,
        salt: Cow::Owned(salt),
        salted_password: Cow::Owned(salted),
    };
    let request = AlterUserScramCredentialsRequest { deletions: Vec::new(), upsertions: vec![upsertion] };
    code!(client, 0, request, AlterUserScramCredentialsResponse<'_>, answer => answer.results[0].error_code)
}

/// Topics that are listed.
async fn listed(client: &mut Client) -> Vec<String> {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    code!(client, 9, request, MetadataResponse<'_>, answer => {
        answer.topics.iter().map(|topic| topic.name.as_ref().unwrap().to_string()).collect()
    })
}

/// A house with the topic `orders` and a user without grants.
async fn house() -> House {
    let house = House::open(sasl(None, true)).await;
    house.user("root", "toor", true).await;
    house.user("alice", "wonder", false).await;
    let mut root = house.client_of("root", "toor").await;
    let topic = CreatableTopic { name: orders(), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
    let request = CreateTopicsRequest { topics: vec![topic], validate_only: false, timeout_ms: 5000 };
    assert_eq!(code!(root, 5, request, CreateTopicsResponse<'_>, answer => answer.topics[0].error_code), 0);
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_for_those_whom_they_are_granted_to() {
    use Operation::{Alter, Create, Delete, Describe, Read, Write};
    let house = house().await;
    let mut alice = house.client_of("alice", "wonder").await;
    assert_eq!(listed(&mut alice).await, [""; 0], "what may not be seen is left out");
    for (api, operation) in [
        (ApiKey::Metadata, Describe),
        (ApiKey::ListOffsets, Describe),
        (ApiKey::OffsetForLeaderEpoch, Describe),
        (ApiKey::Fetch, Read),
        (ApiKey::Produce, Write),
        (ApiKey::CreateTopics, Create),
        (ApiKey::CreatePartitions, Alter),
        (ApiKey::DeleteRecords, Delete),
        (ApiKey::DeleteTopics, Delete),
    ] {
        let expected = if matches!(api, ApiKey::ListOffsets | ApiKey::OffsetForLeaderEpoch) { 0 } else { TOPIC };
        assert_eq!(ask_topic(&mut alice, api).await, if api == ApiKey::DeleteTopics { 0 } else { expected }, "{api:?}");
        house.grant("alice", operation, Resource::Topic, "orders").await;
        if api != ApiKey::DeleteTopics {
            assert_ne!(ask_topic(&mut alice, api).await, TOPIC, "{api:?} with {operation:?}, on the same connection");
        }
        if api == ApiKey::Metadata {
            assert_eq!(listed(&mut alice).await, ["orders"]);
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_topic_may_do_nothing_with_it() {
    let house = house().await;
    let mut alice = house.client_of("alice", "wonder").await;
    house.grant("alice", Operation::Read, Resource::Group, "readers").await;
    house.grant("alice", Operation::Delete, Resource::Group, "readers").await;
    for api in [
        ApiKey::Metadata,
        ApiKey::ListOffsets,
        ApiKey::OffsetForLeaderEpoch,
        ApiKey::Fetch,
        ApiKey::Produce,
        ApiKey::CreateTopics,
        ApiKey::CreatePartitions,
        ApiKey::DeleteRecords,
        ApiKey::DeleteTopics,
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
    ] {
        assert_eq!(ask_topic(&mut alice, api).await, TOPIC, "{api:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_for_those_whom_they_are_granted_to() {
    use Operation::{Delete, Describe, Read};
    let house = house().await;
    let mut alice = house.client_of("alice", "wonder").await;
    house.grant("alice", Read, Resource::Topic, "orders").await;
    let all = [
        (ApiKey::FindCoordinator, Describe),
        (ApiKey::DescribeGroups, Describe),
        (ApiKey::OffsetFetch, Describe),
        (ApiKey::JoinGroup, Read),
        (ApiKey::SyncGroup, Read),
        (ApiKey::Heartbeat, Read),
        (ApiKey::LeaveGroup, Read),
        (ApiKey::OffsetCommit, Read),
        (ApiKey::DeleteGroups, Delete),
        (ApiKey::OffsetDelete, Delete),
    ];
    let is_of_topic = |api| matches!(api, ApiKey::OffsetFetch | ApiKey::OffsetCommit | ApiKey::OffsetDelete);
    for (api, _) in all {
        let code = if is_of_topic(api) { ask_topic(&mut alice, api).await } else { ask_group(&mut alice, api).await };
        assert_eq!(code, GROUP, "{api:?}");
    }
    for (api, operation) in all {
        house.grant("alice", operation, Resource::Group, "readers").await;
        let code = if is_of_topic(api) { ask_topic(&mut alice, api).await } else { ask_group(&mut alice, api).await };
        assert!(code != GROUP && code != TOPIC, "{api:?} with {operation:?}: {code}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_for_those_whom_it_is_granted_to() {
    use Operation::{Alter, Describe, IdempotentWrite};
    let house = house().await;
    let mut alice = house.client_of("alice", "wonder").await;
    let all = [
        (ApiKey::InitProducerId, IdempotentWrite),
        (ApiKey::DescribeAcls, Describe),
        (ApiKey::DescribeUserScramCredentials, Describe),
        (ApiKey::CreateAcls, Alter),
        (ApiKey::DeleteAcls, Alter),
        (ApiKey::AlterUserScramCredentials, Alter),
    ];
    for (api, _) in all {
        assert_eq!(ask_cluster(&mut alice, api).await, CLUSTER, "{api:?}");
    }
    for (api, operation) in all {
        house.grant("alice", operation, Resource::Cluster, "kafka-cluster").await;
        assert_eq!(ask_cluster(&mut alice, api).await, 0, "{api:?} with {operation:?}");
    }
    // Who may write to any topic may do so idempotently.
    house.user("writer", "pen", false).await;
    let mut writer = house.client_of("writer", "pen").await;
    assert_eq!(ask_cluster(&mut writer, ApiKey::InitProducerId).await, CLUSTER);
    house.grant("writer", Operation::Write, Resource::Topic, "orders").await;
    assert_eq!(ask_cluster(&mut writer, ApiKey::InitProducerId).await, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_may_not_be_seen_are_not_listed() {
    let house = house().await;
    let mut root = house.client_of("root", "toor").await;
    assert_eq!(ask_topic(&mut root, ApiKey::OffsetCommit).await, 0);
    let mut alice = house.client_of("alice", "wonder").await;
    let mut count = [0; 3];
    for (at, client) in [(0, &mut root), (1, &mut alice)] {
        count[at] = code!(client, 3, ListGroupsRequest::default(), ListGroupsResponse<'_>, answer => answer.groups.len());
    }
    house.grant("alice", Operation::Describe, Resource::Group, "readers").await;
    count[2] = code!(alice, 3, ListGroupsRequest::default(), ListGroupsResponse<'_>, answer => answer.groups.len());
    assert_eq!(count, [1, 0, 1]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_credentials_are_managed_by_kafkas_calls() {
    let house = house().await;
    let mut root = house.client_of("root", "toor").await;
    assert_eq!(create_acl(&mut root, "alice", 3).await, 0);
    assert_eq!(create_acl(&mut root, "alice", 1).await, ErrorCode::InvalidRequest as i16, "any operation is none");
    let mut alice = house.client_of("alice", "wonder").await;
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, 0);
    assert_eq!(delete_acls(&mut root, "alice").await, (0, 1));
    assert_eq!(delete_acls(&mut root, "alice").await, (0, 0));
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, TOPIC, "at once");

    let unacceptable = ErrorCode::UnacceptableCredential as i16;
    assert_eq!(alter(&mut root, "bob", 4095, 16).await, unacceptable);
    assert_eq!(alter(&mut root, "bob", 16_385, 16).await, unacceptable);
    assert_eq!(alter(&mut root, "", 4096, 16).await, unacceptable);
    assert_eq!(alter(&mut root, "bob", 4096, 16).await, 0);
    let mut bob = house.client().await;
    assert_eq!(bob.sign_in(Hash::Sha512, "bob", "wonder").await, Ok(0), "by the password that was salted");
    let deletion = || ScramCredentialDeletion { name: Cow::Borrowed("bob"), mechanism: 2 };
    for expected in [0, ErrorCode::ResourceNotFound as i16] {
        let request = AlterUserScramCredentialsRequest { deletions: vec![deletion()], upsertions: Vec::new() };
        let code = code!(root, 0, request, AlterUserScramCredentialsResponse<'_>, answer => answer.results[0].error_code);
        assert_eq!(code, expected);
    }
    house.close().await;
}

/// Hosts of grants were any text, compared byte for byte: a denial from a name, or from an address in another form than the one
/// that the server writes, let through whom it was meant for.
#[tokio::test(flavor = "multi_thread")]
async fn a_denial_holds_however_its_host_is_written_and_a_name_is_refused() {
    let house = house().await;
    house.grant("alice", Operation::Read, Resource::Topic, "orders").await;
    let mut root = house.client_of("root", "toor").await;
    let mut alice = house.client_of("alice", "wonder").await;
    for host in ["localhost", "127.0.0.0/8", "", "127.0.0.1:9092"] {
        let refused = ErrorCode::InvalidRequest as i16;
        assert_eq!(create_acl_from(&mut root, "alice", 3, 2, host).await, refused, "{host}");
    }
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, 0);
    assert_eq!(create_acl_from(&mut root, "alice", 3, 2, "0:0:0:0:0:0:0:1").await, 0);
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, 0, "they come from elsewhere");
    assert_eq!(create_acl_from(&mut root, "alice", 3, 2, "::ffff:127.0.0.1").await, 0);
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, TOPIC);
    assert_eq!(delete_acls_from(&mut root, "alice", Some("::FFFF:7f00:1")).await, (0, 1), "nor has a filter to spell it so");
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, 0);

    // What an earlier build took is there still, and can be taken away.
    let old = Grant {
        resource: Resource::Topic,
        pattern: Pattern::Literal,
        name: orders().into_owned(),
        grantee: Grantee::User("alice".to_owned()),
        host: "desk.example.org".to_owned(),
        operation: Operation::Read,
        permission: Permission::Deny,
    };
    house.change(Command::AddGrants { grants: vec![old] }).await;
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, TOPIC, "nobody knows whom it means");
    assert_eq!(delete_acls_from(&mut root, "alice", Some("desk.example.org")).await, (0, 1));
    assert_eq!(ask_topic(&mut alice, ApiKey::Fetch).await, 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_grants_are_off_nothing_is_denied_and_nothing_managed() {
    let house = House::open(sasl(None, false)).await;
    house.user("alice", "wonder", false).await;
    let mut alice = house.client_of("alice", "wonder").await;
    assert_eq!(ask_topic(&mut alice, ApiKey::CreateTopics).await, 0);
    for api in [ApiKey::DescribeAcls, ApiKey::CreateAcls, ApiKey::DeleteAcls, ApiKey::AlterUserScramCredentials] {
        assert_eq!(ask_cluster(&mut alice, api).await, ErrorCode::SecurityDisabled as i16, "{api:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_is_gone_with_the_next_request() {
    let house = house().await;
    let mut root = house.client_of("root", "toor").await;
    assert_eq!(ask_topic(&mut root, ApiKey::Fetch).await, 0);
    house.change(Command::SetUser { name: "root".to_owned(), enabled: true, is_admin: false, time_ms: 2 }).await;
    assert_eq!(ask_topic(&mut root, ApiKey::Fetch).await, TOPIC);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(ask_topic(&mut root, ApiKey::Fetch).await, TOPIC, "the connection stays");
    house.close().await;
}
