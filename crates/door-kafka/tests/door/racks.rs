//! Consumers and the racks of brokers (KIP-392), among three nodes.

use std::time::{Duration, Instant};

use kafka_wire::{
    ErrorCode, Message, Uuid,
    batch::{BatchBuilder, Codec},
    messages::{
        delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic},
        describe_cluster::{DescribeClusterRequest, DescribeClusterResponse},
        describe_configs::{DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse},
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, PartitionData, ReplicaState},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
        offset_for_leader_epoch::{
            OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetForLeaderTopic,
        },
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};
use tokio::time::sleep;

use crate::house::{Client, House, Site};

const TOPIC: &str = "t";
/// The newest version of Fetch that names topics by name.
const BY_NAME: i16 = 12;
const NOT_AVAILABLE: i16 = ErrorCode::OffsetNotAvailable as i16;
const NOT_LEADER: i16 = ErrorCode::NotLeaderOrFollower as i16;
const OUT_OF_RANGE: i16 = ErrorCode::OffsetOutOfRange as i16;

/// Who stands where.
const RACKS: [&str; 3] = ["a", "b", "c"];

/// A topic of one partition, its leader, the next two, and where they stand.
struct Three {
    houses: Vec<House>,
    leader: usize,
    epoch: i32,
    id: Uuid,
}

/// What one fetch of one partition says.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    error: i16,
    preferred: i32,
    high_watermark: i64,
    bytes: usize,
}

/// A fetch of all that there is from an offset on, without waiting.
fn fetch(offset: i64) -> FetchRequest<'static> {
    let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topics = vec![FetchTopic { topic: TOPIC.into(), partitions: vec![partition], ..FetchTopic::default() }];
    FetchRequest { topics, min_bytes: 1, ..FetchRequest::default() }
}

fn from_rack(rack: &'static str, offset: i64) -> FetchRequest<'static> {
    FetchRequest { rack_id: rack.into(), ..fetch(offset) }
}

/// By a client that knows this epoch of the leader, and read what it has in that one.
fn in_epochs(offset: i64, leader: i32, last_fetched: i32) -> FetchRequest<'static> {
    let mut request = fetch(offset);
    (request.topics[0].partitions[0].current_leader_epoch, request.topics[0].partitions[0].last_fetched_epoch) =
        (leader, last_fetched);
    request
}

async fn ask(client: &mut Client, version: i16, request: FetchRequest<'_>) -> Told {
    let body = client.ask(version, &request).await;
    let answer = FetchResponse::decode(&body, version).unwrap();
    let PartitionData { error_code, preferred_read_replica, high_watermark, records, diverging_epoch, .. } =
        &answer.responses[0].partitions[0];
    assert_eq!(diverging_epoch.end_offset, -1, "nobody's log is another one");
    let bytes = records.map_or(0, <[u8]>::len);
    Told { error: *error_code, preferred: *preferred_read_replica, high_watermark: *high_watermark, bytes }
}

async fn produce(client: &mut Client, id: Uuid) -> usize {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(1_790_000_000_000, None, Some(b"value"), &[]);
    let batch = batch.finish();
    let part = PartitionProduceData { index: 0, records: Some(&batch) };
    let topic = TopicProduceData { topic_id: id, partition_data: vec![part], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() };
    let body = client.ask(13, &request).await;
    assert_eq!(ProduceResponse::decode(&body, 13).unwrap().responses[0].partition_responses[0].error_code, 0);
    batch.len()
}

async fn metadata(client: &mut Client) -> Vec<u8> {
    let topic = MetadataRequestTopic { name: Some(TOPIC.into()), ..MetadataRequestTopic::default() };
    client
        .ask(12, &MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..MetadataRequest::default() })
        .await
}

fn racks<'b>(brokers: impl Iterator<Item = (i32, Option<&'b str>)>) -> Vec<(i32, String)> {
    let mut racks: Vec<_> = brokers.map(|(id, rack)| (id, rack.unwrap_or("none").to_owned())).collect();
    racks.sort_unstable();
    racks
}

/// Asks again until it is so.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < give_up, "not in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

impl Three {
    async fn open() -> Three {
        let houses = House::open_three(RACKS).await;
        let mut client = houses[0].client().await;
        until("all have said where they are", async || {
            let body = metadata(&mut client).await;
            (MetadataResponse::decode(&body, 12).unwrap().brokers.len() == 3).then_some(())
        })
        .await;
        let id = client.create(TOPIC, 1, &[]).await;
        // Leadership moves to where it belongs in the first seconds.
        let (mut leader, mut since) = ((0, 0), Instant::now());
        while since.elapsed() < Duration::from_secs(8) {
            let body = metadata(&mut client).await;
            let told = &MetadataResponse::decode(&body, 12).unwrap().topics[0].partitions[0];
            if leader != (told.leader_id, told.leader_epoch) || told.leader_id < 0 {
                (leader, since) = ((told.leader_id, told.leader_epoch), Instant::now());
            }
            sleep(Duration::from_millis(50)).await;
        }
        let place = houses.iter().position(|house| number(house) == leader.0).unwrap();
        Three { houses, leader: place, epoch: leader.1, id }
    }

    /// The house that is so many behind the leader's.
    fn house(&self, behind: usize) -> &House {
        &self.houses[(self.leader + behind) % 3]
    }

    fn rack(&self, behind: usize) -> &'static str {
        RACKS[(self.leader + behind) % 3]
    }

    async fn close(self) {
        for house in self.houses {
            house.close().await;
        }
    }
}

/// The number that clients know it by.
fn number(house: &House) -> i32 {
    i32::try_from(house.node.node_id() & 0x7fff_ffff).unwrap()
}

async fn everybody_is_told_where_brokers_stand(three: &Three) {
    let expected = racks(three.houses.iter().map(number).zip(RACKS.into_iter().map(Some)));
    for house in &three.houses {
        let mut client = house.client().await;
        let body = metadata(&mut client).await;
        let told = MetadataResponse::decode(&body, 12).unwrap();
        assert_eq!(racks(told.brokers.iter().map(|one| (one.node_id, one.rack.as_deref()))), expected);
        let request = DescribeClusterRequest { endpoint_type: 1, ..DescribeClusterRequest::default() };
        let body = client.ask(1, &request).await;
        let told = DescribeClusterResponse::decode(&body, 1).unwrap();
        assert_eq!(racks(told.brokers.iter().map(|one| (one.broker_id, one.rack.as_deref()))), expected);
        assert_eq!(rack_config(&mut client, number(house)).await.as_deref(), expected_rack(&expected, number(house)));
    }
    // Who does not lead says who does, and where everybody stands.
    let mut client = three.house(1).client().await;
    let mut request = fetch(0);
    request.topics[0].topic_id = three.id;
    request.replica_state = ReplicaState { replica_id: 7, replica_epoch: 1 };
    let body = client.ask(16, &request).await;
    let told = FetchResponse::decode(&body, 16).unwrap();
    assert_eq!(told.responses[0].partitions[0].error_code, NOT_LEADER, "it copies the log");
    assert_eq!(racks(told.node_endpoints.iter().map(|one| (one.node_id, one.rack.as_deref()))), expected);
    let part = PartitionProduceData { index: 0, records: Some(b"") };
    let topic = TopicProduceData { topic_id: three.id, partition_data: vec![part], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 1_000, topic_data: vec![topic], ..ProduceRequest::default() };
    let body = client.ask(13, &request).await;
    let told = ProduceResponse::decode(&body, 13).unwrap();
    assert_eq!(racks(told.node_endpoints.iter().map(|one| (one.node_id, one.rack.as_deref()))), expected);
}

fn expected_rack(racks: &[(i32, String)], number: i32) -> Option<&str> {
    racks.iter().find(|(id, _)| *id == number).map(|(_, rack)| rack.as_str())
}

async fn rack_config(client: &mut Client, broker: i32) -> Option<String> {
    let resource = DescribeConfigsResource {
        resource_type: 4,
        resource_name: broker.to_string().into(),
        configuration_keys: Some(vec!["broker.rack".into()]),
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() };
    let body = client.ask(4, &request).await;
    let answer = DescribeConfigsResponse::decode(&body, 4).unwrap();
    answer.results[0].configs[0].value.as_ref().map(ToString::to_string)
}

async fn the_leader_sends_consumers_to_their_rack(three: &Three, bytes: usize) {
    let mut leader = three.house(0).client().await;
    let own = Told { error: 0, preferred: -1, high_watermark: 2, bytes: 2 * bytes };
    for behind in [1, 2] {
        let elsewhere = Told { error: 0, preferred: number(three.house(behind)), high_watermark: 2, bytes: 0 };
        // It may take a moment until the leader knows that they have everything.
        until("a follower is named", async || {
            (ask(&mut leader, BY_NAME, from_rack(three.rack(behind), 0)).await == elsewhere).then_some(())
        })
        .await;
        for version in [11, BY_NAME] {
            assert_eq!(ask(&mut leader, version, from_rack(three.rack(behind), 0)).await, elsewhere);
        }
        // At once, however long the consumer would wait.
        let patient = FetchRequest { max_wait_ms: 60_000, min_bytes: 1 << 20, ..from_rack(three.rack(behind), 2) };
        let asked = Instant::now();
        assert_eq!(ask(&mut leader, BY_NAME, patient).await, elsewhere);
        assert!(asked.elapsed() < Duration::from_secs(30), "it was not kept waiting");
        let beyond = ask(&mut leader, BY_NAME, from_rack(three.rack(behind), 3)).await;
        assert_eq!((beyond.error, beyond.preferred), (OUT_OF_RANGE, -1), "nobody has that");
        let copying = FetchRequest { replica_id: 7, ..from_rack(three.rack(behind), 0) };
        assert_eq!(ask(&mut leader, BY_NAME, copying).await, own, "who copies the log is sent nowhere");
    }
    for rack in ["", three.rack(0), "elsewhere"] {
        assert_eq!(ask(&mut leader, BY_NAME, from_rack(rack, 0)).await, own, "{rack:?}");
    }
    assert_eq!(ask(&mut leader, 10, fetch(0)).await, own, "a version without racks");
    let counts = three.house(0).door.counts();
    assert!(counts.fetch_referrals >= 8, "{counts:?}");
    assert_eq!(counts.follower_fetched_bytes, 0);
}

async fn a_session_is_told_as_well(three: &Three) {
    let mut leader = three.house(0).client().await;
    let begin = FetchRequest { session_epoch: 0, ..from_rack(three.rack(0), 2) };
    let body = leader.ask(BY_NAME, &begin).await;
    let session_id = FetchResponse::decode(&body, BY_NAME).unwrap().session_id;
    let mut wanted = from_rack(three.rack(1), 0);
    (wanted.session_id, wanted.session_epoch) = (session_id, 1);
    let told = ask(&mut leader, BY_NAME, wanted).await;
    assert_eq!(told.preferred, number(three.house(1)));
    let again = FetchRequest { session_id, session_epoch: 2, topics: Vec::new(), ..from_rack(three.rack(1), 0) };
    assert_eq!(ask(&mut leader, BY_NAME, again).await.preferred, number(three.house(1)), "until it goes there");
}

async fn a_follower_serves_what_is_applied(three: &Three, bytes: usize) {
    let epoch = three.epoch;
    for behind in [1, 2] {
        let house = three.house(behind);
        let mut client = house.client().await;
        let all = Told { error: 0, preferred: -1, high_watermark: 2, bytes: 2 * bytes };
        until("it has applied both", async || (ask(&mut client, BY_NAME, fetch(0)).await == all).then_some(())).await;
        assert_eq!(ask(&mut client, 11, from_rack(three.rack(behind), 0)).await, all);
        assert_eq!(ask(&mut client, BY_NAME, from_rack(three.rack(0), 0)).await, all, "whatever rack: only leaders send");
        let error = async |client: &mut Client, version, request| ask(client, version, request).await.error;
        assert_eq!(error(&mut client, 10, fetch(0)).await, NOT_LEADER, "its client does not know of followers");
        assert_eq!(error(&mut client, BY_NAME, FetchRequest { replica_id: 7, ..fetch(0) }).await, NOT_LEADER, "it copies");
        // The same checks as with the leader.
        assert_eq!(ask(&mut client, BY_NAME, in_epochs(0, epoch, epoch)).await, all);
        assert_eq!(error(&mut client, BY_NAME, in_epochs(0, epoch - 1, -1)).await, ErrorCode::FencedLeaderEpoch as i16);
        assert_eq!(error(&mut client, BY_NAME, in_epochs(0, epoch + 1, -1)).await, ErrorCode::UnknownLeaderEpoch as i16);
        // What it lacks its leader may have, also for one that would be told of another log by the leader.
        let at_end = Told { bytes: 0, ..all };
        assert_eq!(ask(&mut client, BY_NAME, fetch(2)).await, at_end);
        assert_eq!(error(&mut client, BY_NAME, fetch(3)).await, NOT_AVAILABLE);
        assert_eq!(error(&mut client, BY_NAME, in_epochs(3, epoch, epoch)).await, NOT_AVAILABLE);
        let counts = house.door.counts();
        assert_eq!((counts.follower_fetched_bytes, counts.fetch_referrals), (counts.fetched_bytes, 0));
        assert!(counts.follower_fetched_bytes >= 3 * 2 * bytes as u64);
    }
}

async fn what_only_leaders_know_they_alone_say(three: &Three) {
    let mut client = three.house(1).client().await;
    let partitions = vec![ListOffsetsPartition { timestamp: -1, ..ListOffsetsPartition::default() }];
    let topics = vec![ListOffsetsTopic { name: TOPIC.into(), partitions }];
    let body = client.ask(7, &ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() }).await;
    assert_eq!(ListOffsetsResponse::decode(&body, 7).unwrap().topics[0].partitions[0].error_code, NOT_LEADER);
    let partitions = vec![OffsetForLeaderPartition { leader_epoch: 0, current_leader_epoch: -1, partition: 0 }];
    let topics = vec![OffsetForLeaderTopic { topic: TOPIC.into(), partitions }];
    let body = client.ask(4, &OffsetForLeaderEpochRequest { replica_id: -1, topics }).await;
    assert_eq!(OffsetForLeaderEpochResponse::decode(&body, 4).unwrap().topics[0].partitions[0].error_code, NOT_LEADER);
}

/// A poll at a follower is woken by what the follower applies, with a session and without.
async fn a_follower_wakes_who_waits(three: &Three, bytes: usize) {
    let (mut producer, mut client) = (three.house(0).client().await, three.house(2).client().await);
    let waiting = |offset| FetchRequest { max_wait_ms: 60_000, ..fetch(offset) };
    let later = async |producer: &mut Client| {
        sleep(Duration::from_millis(200)).await;
        produce(producer, three.id).await
    };
    let asked = Instant::now();
    let (woken, _) = tokio::join!(ask(&mut client, BY_NAME, waiting(2)), later(&mut producer));
    assert_eq!(woken, Told { error: 0, preferred: -1, high_watermark: 3, bytes });
    let body = client.ask(BY_NAME, &FetchRequest { session_epoch: 0, ..fetch(3) }).await;
    let session_id = FetchResponse::decode(&body, BY_NAME).unwrap().session_id;
    let poll = FetchRequest { session_id, session_epoch: 1, topics: Vec::new(), ..waiting(3) };
    let (woken, _) = tokio::join!(ask(&mut client, BY_NAME, poll), later(&mut producer));
    assert_eq!(woken, Told { error: 0, preferred: -1, high_watermark: 4, bytes });
    assert!(asked.elapsed() < Duration::from_secs(50), "they were woken and did not give up");
}

async fn below_the_log_start_is_out_of_range_everywhere(three: &Three) {
    let mut leader = three.house(0).client().await;
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 1 }];
    let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions }];
    leader.ask(2, &DeleteRecordsRequest { topics, timeout_ms: 5_000 }).await;
    let told = ask(&mut leader, BY_NAME, from_rack(three.rack(1), 0)).await;
    assert_eq!((told.error, told.preferred), (OUT_OF_RANGE, -1));
    let mut client = three.house(1).client().await;
    until("it is trimmed here, too", async || (ask(&mut client, BY_NAME, fetch(0)).await.error == OUT_OF_RANGE).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_are_served_in_their_rack() {
    let three = Three::open().await;
    everybody_is_told_where_brokers_stand(&three).await;
    let mut producer = three.house(0).client().await;
    produce(&mut producer, three.id).await;
    let bytes = produce(&mut producer, three.id).await;
    the_leader_sends_consumers_to_their_rack(&three, bytes).await;
    a_session_is_told_as_well(&three).await;
    a_follower_serves_what_is_applied(&three, bytes).await;
    what_only_leaders_know_they_alone_say(&three).await;
    a_follower_wakes_who_waits(&three, bytes).await;
    below_the_log_start_is_out_of_range_everywhere(&three).await;
    three.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_gone_is_named_no_more() {
    let mut three = Three::open().await;
    let mut leader = three.house(0).client().await;
    let bytes = produce(&mut leader, three.id).await;
    let (gone, stays) = (three.rack(1), three.rack(2));
    for rack in [gone, stays] {
        until("a follower is named", async || (ask(&mut leader, BY_NAME, from_rack(rack, 0)).await.preferred >= 0).then_some(()))
            .await;
    }
    let place = (three.leader + 1) % 3;
    three.houses.remove(place).close().await;
    until("the leader serves its consumers itself", async || {
        (ask(&mut leader, BY_NAME, from_rack(gone, 0)).await.bytes == bytes).then_some(())
    })
    .await;
    assert!(ask(&mut leader, BY_NAME, from_rack(stays, 0)).await.preferred >= 0, "the other one is there");
    drop(leader);
    three.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_moved_says_so_when_it_starts() {
    let mut site = Site::alone();
    for rack in [Some("a"), Some("zone 2/b?c"), None] {
        site.rack = rack;
        let house = House::open_at(site, door_kafka::limits::PRODUCE_BYTES_MAX).await;
        let mut client = house.client().await;
        until("it has said where it stands", async || {
            let body = metadata(&mut client).await;
            let told = MetadataResponse::decode(&body, 12).unwrap();
            told.brokers.first().is_some_and(|broker| broker.rack.as_deref() == rack).then_some(())
        })
        .await;
        assert_eq!(rack_config(&mut client, number(&house)).await.as_deref(), rack);
        drop(client);
        site = Site { dir: house.close().await, ..Site::alone() };
    }
}
