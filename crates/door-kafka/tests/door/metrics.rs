//! Every counter moves when what it counts happens.

use crate::house::House;
use kafka_wire::{
    batch::{BatchBuilder, Codec},
    messages::{
        fetch::{FetchPartition, FetchRequest, FetchTopic},
        produce::{PartitionProduceData, ProduceRequest, TopicProduceData},
    },
};

fn produce<'r>(topic: kafka_wire::Uuid, partition: i32, records: &'r [u8]) -> ProduceRequest<'r> {
    let part = PartitionProduceData { index: partition, records: Some(records) };
    let data = TopicProduceData { topic_id: topic, partition_data: vec![part], ..TopicProduceData::default() };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![data], ..ProduceRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_counter_moves() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 1, &[]).await;
    let mut batch = BatchBuilder::new(Codec::None);
    (0..3).for_each(|_| batch.push(1_790_000_000_000, None, Some(b"v"), &[]));
    let batch = batch.finish();
    let before = house.door.counts();
    client.ask(13, &produce(topic, 0, &batch)).await;
    client.ask(13, &produce(topic, 9, &batch)).await;
    let produced = house.door.counts();
    let (records, bytes) = (3, batch.len() as u64);
    assert_eq!(
        (produced.produced_records - before.produced_records, produced.produced_bytes - before.produced_bytes),
        (records, bytes)
    );
    let api = produced.apis.iter().find(|api| api.api == "Produce").unwrap();
    assert_eq!((api.requests, api.errors.as_slice()), (2, [("UNKNOWN_TOPIC_OR_PARTITION", 1)].as_slice()));
    assert!(produced.received_bytes - before.received_bytes > 2 * bytes && produced.sent_bytes - before.sent_bytes > 50);

    let partition = FetchPartition { fetch_offset: 1, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topics = vec![FetchTopic { topic_id: topic, partitions: vec![partition], ..FetchTopic::default() }];
    client.ask(13, &FetchRequest { session_epoch: 0, topics, ..FetchRequest::default() }).await;
    let fetched = house.door.counts();
    assert_eq!(
        (fetched.fetched_records, fetched.fetched_bytes),
        (2, bytes),
        "the first was not asked for, its batch comes whole"
    );
    assert_eq!((fetched.sessions, fetched.session_partitions, fetched.session_evictions), (1, 1, 0));
    client.ask(13, &FetchRequest { session_epoch: 5, session_id: 7, ..FetchRequest::default() }).await;
    let api = house.door.counts().apis.into_iter().find(|api| api.api == "Fetch").unwrap();
    assert_eq!((api.requests, api.errors), (2, vec![("FETCH_SESSION_ID_NOT_FOUND", 1)]));

    assert!(client.is_closed_by(b"GET / HTTP/1.1\r\n\r\n").await);
    assert_eq!(house.door.counts().refused, 1);
    house.close().await;
}
