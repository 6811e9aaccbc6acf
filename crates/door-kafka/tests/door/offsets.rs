//! Offsets that groups keep: when they go.

use std::{borrow::Cow, time::Duration};

use base::ShardId;
use kafka_wire::{
    Message,
    messages::{
        delete_topics::{DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse},
        join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse},
        leave_group::{LeaveGroupRequest, LeaveGroupResponse},
        list_groups::{ListGroupsRequest, ListGroupsResponse},
        offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse},
        offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic, OffsetFetchResponse},
        sync_group::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse},
    },
};
use tokio::time::{sleep, timeout};

use crate::house::{Client, House};

/// Who commits: a member of a generation, or nobody.
type Who<'w> = Option<(i32, &'w str)>;

/// Commits offset 5 of partition 0, to be kept for `retention_ms`, or as long as is usual (-1).
async fn commit(client: &mut Client, group: &str, who: Who<'_>, topic: &str, retention_ms: i64) {
    let partition = OffsetCommitRequestPartition { committed_offset: 5, ..OffsetCommitRequestPartition::default() };
    let topics =
        vec![OffsetCommitRequestTopic { name: topic.into(), partitions: vec![partition], ..OffsetCommitRequestTopic::default() }];
    let (generation_id_or_member_epoch, member_id) = who.unwrap_or((-1, ""));
    let request = OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch,
        member_id: member_id.into(),
        retention_time_ms: retention_ms,
        topics,
        ..OffsetCommitRequest::default()
    };
    let body = client.ask(4, &request).await;
    let answer = OffsetCommitResponse::decode(&body, 4).unwrap();
    assert_eq!(answer.topics[0].partitions[0].error_code, 0, "{answer:?}");
}

/// What a group keeps of partition 0; -1: nothing.
async fn kept(client: &mut Client, group: &str, topic: &str) -> i64 {
    let topics = Some(vec![OffsetFetchRequestTopic { name: topic.into(), partition_indexes: vec![0] }]);
    let request = OffsetFetchRequest { group_id: group.into(), topics, ..OffsetFetchRequest::default() };
    let body = client.ask(5, &request).await;
    let answer = OffsetFetchResponse::decode(&body, 5).unwrap();
    assert_eq!((answer.error_code, answer.topics[0].partitions[0].error_code), (0, 0), "{answer:?}");
    answer.topics[0].partitions[0].committed_offset
}

async fn groups(client: &mut Client) -> Vec<String> {
    let body = client.ask(4, &ListGroupsRequest::default()).await;
    let answer = ListGroupsResponse::decode(&body, 4).unwrap();
    let mut names: Vec<String> = answer.groups.iter().map(|group| group.group_id.to_string()).collect();
    names.sort();
    names
}

/// Becomes the only member of a group, subscribed to `topic`. Its generation and id.
async fn join(client: &mut Client, group: &str, topic: &str) -> (i32, String) {
    let mut metadata = vec![0, 0, 0, 0, 0, 1, 0, u8::try_from(topic.len()).unwrap()];
    metadata.extend_from_slice(topic.as_bytes());
    metadata.extend([0xff; 4]);
    let request = JoinGroupRequest {
        group_id: group.into(),
        session_timeout_ms: 30_000,
        rebalance_timeout_ms: 30_000,
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: Cow::Owned(metadata) }],
        ..JoinGroupRequest::default()
    };
    let body = client.ask(3, &request).await;
    let joined = JoinGroupResponse::decode(&body, 3).unwrap();
    assert_eq!(joined.error_code, 0, "{joined:?}");
    let (generation, member) = (joined.generation_id, joined.member_id.to_string());
    let assignment = SyncGroupRequestAssignment { member_id: member.as_str().into(), assignment: Cow::Borrowed(&[]) };
    let request = SyncGroupRequest {
        group_id: group.into(),
        generation_id: generation,
        member_id: member.as_str().into(),
        assignments: vec![assignment],
        ..SyncGroupRequest::default()
    };
    let body = client.ask(3, &request).await;
    assert_eq!(SyncGroupResponse::decode(&body, 3).unwrap().error_code, 0);
    (generation, member)
}

async fn leave(client: &mut Client, group: &str, member: &str) {
    let request = LeaveGroupRequest { group_id: group.into(), member_id: member.into(), ..LeaveGroupRequest::default() };
    let body = client.ask(2, &request).await;
    assert_eq!(LeaveGroupResponse::decode(&body, 2).unwrap().error_code, 0);
}

async fn delete(client: &mut Client, name: &str) {
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() }],
        timeout_ms: 5_000,
        ..DeleteTopicsRequest::default()
    };
    let body = client.ask(6, &request).await;
    assert_eq!(DeleteTopicsResponse::decode(&body, 6).unwrap().responses[0].error_code, 0);
}

/// The log could let offsets expire, and nobody ever asked it to: they stayed for ever, and so did groups that nobody uses.
#[tokio::test(flavor = "multi_thread")]
async fn offsets_expire_and_groups_without_any_are_not_listed() {
    let house = House::open().await;
    let mut client = house.client().await;
    for topic in ["t", "u"] {
        client.create(topic, 1, &[]).await;
    }
    // Nobody is a member: by the time that was said with the commit, or the usual one.
    commit(&mut client, "short", None, "t", 1).await;
    commit(&mut client, "both", None, "t", 1).await;
    commit(&mut client, "both", None, "u", -1).await;
    // A member that reads t keeps what it has of it, however old, and nothing else.
    let (generation, member) = join(&mut client, "read", "t").await;
    commit(&mut client, "read", Some((generation, &member)), "t", 1).await;
    commit(&mut client, "read", Some((generation, &member)), "u", 1).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!((kept(&mut client, "short", "t").await, groups(&mut client).await.len()), (5, 3), "nobody has looked yet");
    house.door.expire_offsets().await;
    assert_eq!((kept(&mut client, "short", "t").await, kept(&mut client, "both", "t").await), (-1, -1));
    assert_eq!(kept(&mut client, "both", "u").await, 5);
    assert_eq!((kept(&mut client, "read", "t").await, kept(&mut client, "read", "u").await), (5, -1));
    assert_eq!(groups(&mut client).await, ["both", "read"]);

    leave(&mut client, "read", &member).await;
    house.door.expire_offsets().await;
    assert_eq!((kept(&mut client, "read", "t").await, groups(&mut client).await), (-1, vec!["both".to_owned()]));
    // A name that is free again.
    commit(&mut client, "read", None, "t", -1).await;
    house.door.expire_offsets().await;
    assert_eq!((kept(&mut client, "read", "t").await, groups(&mut client).await.len()), (5, 2));
    house.close().await;
}

/// A deleted topic was dropped where its partitions lay. Groups in other shards kept their offsets of it for ever, and who was away when it was
/// deleted has to let them go, too.
#[tokio::test(flavor = "multi_thread")]
async fn offsets_of_a_deleted_topic_go_in_every_shard() {
    let house = House::open().await;
    let mut client = house.client().await;
    client.create("gone", 1, &[]).await;
    client.create("here", 1, &[]).await;
    let names: Vec<String> = (0..8).map(|number| format!("group-{number}")).collect();
    for name in &names {
        commit(&mut client, name, None, "gone", -1).await;
        commit(&mut client, name, None, "here", -1).await;
    }
    let shards = [1, 2].map(|shard| house.node.stream_shard(ShardId(shard)).unwrap());
    let topics = || shards.iter().map(|shard| shard.machine().offset_topics().len()).collect::<Vec<_>>();
    assert_eq!(topics(), [2, 2], "the groups are in both shards, each topic in one");
    delete(&mut client, "gone").await;
    client.create("gone", 1, &[]).await;
    for name in &names {
        assert_eq!(kept(&mut client, name, "gone").await, -1, "another topic of the same name has none of its offsets");
    }
    assert_eq!(topics(), [2, 2], "nobody has looked yet");
    let keeping = tokio::spawn(door_kafka::housekeeping(house.node.clone()));
    let gone = async {
        while topics() != [1, 1] {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), gone).await.expect("they go");
    keeping.abort();
    for name in &names {
        assert_eq!((kept(&mut client, name, "here").await, kept(&mut client, name, "gone").await), (5, -1));
    }
    house.close().await;
}
