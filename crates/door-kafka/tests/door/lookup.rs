//! Records are found by their time.

use kafka_wire::{
    Message,
    batch::{BatchBuilder, Codec},
    messages::{
        delete_records::{DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};

use crate::house::{Client, House};

const TOPIC: &str = "times";

async fn produce(client: &mut Client, topic: kafka_wire::Uuid, timestamps: &[i64]) {
    let mut batch = BatchBuilder::new(Codec::None);
    timestamps.iter().for_each(|timestamp| batch.push(*timestamp, None, Some(b"v"), &[]));
    let records = batch.finish();
    let part = PartitionProduceData { index: 0, records: Some(&records) };
    let topic = TopicProduceData { topic_id: topic, partition_data: vec![part], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() };
    let body = client.ask(13, &request).await;
    assert_eq!(ProduceResponse::decode(&body, 13).unwrap().responses[0].partition_responses[0].error_code, 0);
}

async fn trim(client: &mut Client, offset: i64) {
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset }];
    let topics = vec![DeleteRecordsTopic { name: TOPIC.into(), partitions }];
    client.ask(2, &DeleteRecordsRequest { topics, timeout_ms: 5_000 }).await;
}

/// The offset and the time of the first record at or after a time; (-1, -1): there is none.
async fn find(client: &mut Client, timestamp: i64) -> (i64, i64) {
    let partitions = vec![ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() }];
    let topics = vec![ListOffsetsTopic { name: TOPIC.into(), partitions }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
    let body = client.ask(7, &request).await;
    let answer = ListOffsetsResponse::decode(&body, 7).unwrap();
    let part = &answer.topics[0].partitions[0];
    assert_eq!(part.error_code, 0);
    (part.offset, part.timestamp)
}

/// A trim into the middle of a batch made all its records unfindable: it was read from its first record on, which was gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_found_in_what_a_trim_left_of_a_batch() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create(TOPIC, 1, &[]).await;
    produce(&mut client, topic, &[300, 100, 150]).await;
    produce(&mut client, topic, &[200]).await;
    assert_eq!(find(&mut client, 120).await, (0, 300));
    trim(&mut client, 1).await;
    assert_eq!(find(&mut client, 50).await, (1, 100));
    assert_eq!(find(&mut client, 120).await, (2, 150));
    assert_eq!(find(&mut client, 160).await, (3, 200), "in a later batch");
    assert_eq!(find(&mut client, 250).await, (-1, -1), "the one that was so late is gone");
    house.close().await;
}

/// The greatest timestamp ever appended was looked for, also when its record was trimmed: nothing was found then (KIP-734 asks for
/// the greatest among the records that there are).
#[tokio::test(flavor = "multi_thread")]
async fn the_greatest_timestamp_is_that_of_a_record_that_is_left() {
    const MAX_TIMESTAMP: i64 = -3;
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create(TOPIC, 1, &[]).await;
    assert_eq!(find(&mut client, MAX_TIMESTAMP).await, (-1, -1));
    produce(&mut client, topic, &[900, 100, 300]).await;
    produce(&mut client, topic, &[200, 250]).await;
    produce(&mut client, topic, &[50, 250, 40]).await;
    assert_eq!(find(&mut client, MAX_TIMESTAMP).await, (0, 900));
    for (log_start, greatest) in [(1, (2, 300)), (3, (4, 250)), (5, (6, 250)), (7, (7, 40)), (8, (-1, -1))] {
        trim(&mut client, log_start).await;
        assert_eq!(find(&mut client, MAX_TIMESTAMP).await, greatest, "log start {log_start}");
    }
    house.close().await;
}
