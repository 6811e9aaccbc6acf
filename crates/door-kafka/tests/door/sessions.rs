//! Fetch sessions over a connection (KIP-227).

use std::time::{Duration, Instant};

use crate::house::{Client, House};
use kafka_wire::{
    Message, Uuid,
    batch::{BatchBuilder, Codec},
    messages::{
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic},
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};

const VERSION: i16 = 13;

/// What an answer says: the error, the session, and of each partition its number, its error, its end and its bytes.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    error: i16,
    session: i32,
    partitions: Vec<(i32, i16, i64, usize)>,
}

struct Consumer<'c> {
    client: &'c mut Client,
    topic: Uuid,
    min_bytes: i32,
    wait_ms: i32,
    max_bytes: i32,
}

impl Consumer<'_> {
    async fn fetch(&mut self, session: (i32, i32), wanted: &[(i32, i64)], forgotten: &[i32]) -> Told {
        let partition = |(partition, fetch_offset): &(i32, i64)| FetchPartition {
            partition: *partition,
            fetch_offset: *fetch_offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topics = vec![FetchTopic {
            topic_id: self.topic,
            partitions: wanted.iter().map(partition).collect(),
            ..FetchTopic::default()
        }];
        let forgotten = ForgottenTopic { topic_id: self.topic, partitions: forgotten.to_vec(), ..ForgottenTopic::default() };
        let request = FetchRequest {
            max_wait_ms: self.wait_ms,
            min_bytes: self.min_bytes,
            max_bytes: self.max_bytes,
            session_id: session.0,
            session_epoch: session.1,
            topics: if wanted.is_empty() { Vec::new() } else { topics },
            forgotten_topics_data: if forgotten.partitions.is_empty() { Vec::new() } else { vec![forgotten] },
            rack_id: "elsewhere".into(),
            ..FetchRequest::default()
        };
        let body = self.client.ask(VERSION, &request).await;
        told(&body)
    }
}

fn told(body: &[u8]) -> Told {
    let answer = FetchResponse::decode(body, VERSION).unwrap();
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions).map(|one| {
        assert_eq!(one.preferred_read_replica, -1, "nobody stands in that rack");
        (one.partition_index, one.error_code, one.high_watermark, one.records.map_or(0, <[u8]>::len))
    });
    Told { error: answer.error_code, session: answer.session_id, partitions: partitions.collect() }
}

async fn produce(client: &mut Client, topic: Uuid, partition: i32) -> usize {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.push(1_790_000_000_000, None, Some(b"value"), &[]);
    let batch = batch.finish();
    let part = PartitionProduceData { index: partition, records: Some(&batch) };
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData { topic_id: topic, partition_data: vec![part], ..TopicProduceData::default() }],
        ..ProduceRequest::default()
    };
    let body = client.ask(13, &request).await;
    assert_eq!(ProduceResponse::decode(&body, 13).unwrap().responses[0].partition_responses[0].error_code, 0);
    batch.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_told_what_is_new_and_woken_by_it() {
    let house = House::open().await;
    let (mut client, mut producer) = (house.client().await, house.client().await);
    let topic = client.create("s", 4, &[]).await;
    let bytes = produce(&mut producer, topic, 1).await;
    let mut consumer = Consumer { client: &mut client, topic, min_bytes: 1, wait_ms: 0, max_bytes: 1 << 20 };
    let begun = consumer.fetch((0, 0), &[(0, 0), (1, 0), (2, 0), (3, 0)], &[]).await;
    let id = begun.session;
    assert!(id > 0 && begun.error == 0);
    assert_eq!(
        begun.partitions,
        [(0, 0, 0, 0), (1, 0, 1, bytes), (2, 0, 0, 0), (3, 0, 0, 0)],
        "a full fetch is answered in full"
    );
    assert_eq!((house.door.counts().sessions, house.door.counts().session_partitions), (1, 4));

    let again = consumer.fetch((id, 1), &[], &[]).await;
    assert_eq!(again.partitions, [(1, 0, 1, bytes)], "what was not taken is given again");
    let taken = consumer.fetch((id, 2), &[(1, 1)], &[]).await;
    assert_eq!((taken.error, taken.partitions), (0, vec![]), "nothing is new");

    // A poll that waits is woken by what moves, and told of that alone.
    consumer.wait_ms = 30_000;
    let since = Instant::now();
    let (woken, _) = tokio::join!(consumer.fetch((id, 3), &[], &[]), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        produce(&mut producer, topic, 2).await
    });
    assert_eq!(woken.partitions, [(2, 0, 1, bytes)]);
    assert!(since.elapsed() < Duration::from_secs(20), "it was woken and did not give up");

    // What moves between two polls is heard as well.
    produce(&mut producer, topic, 3).await;
    produce(&mut producer, topic, 0).await;
    let both = consumer.fetch((id, 4), &[(2, 1)], &[]).await;
    assert_eq!(both.partitions, [(0, 0, 1, bytes), (3, 0, 1, bytes)], "in the order of the session");

    // What is forgotten is neither read nor told, even if it moves.
    consumer.wait_ms = 300;
    produce(&mut producer, topic, 1).await;
    let less = consumer.fetch((id, 5), &[(0, 1), (3, 1)], &[1]).await;
    assert_eq!((less.error, less.partitions), (0, vec![]));
    assert_eq!(house.door.counts().session_partitions, 3);
    let stale = consumer.fetch((id, 5), &[], &[]).await;
    assert_eq!((stale.error, stale.partitions), (71, vec![]), "INVALID_FETCH_SESSION_EPOCH");
    let closed = consumer.fetch((id, -1), &[(1, 0)], &[]).await;
    assert_eq!((closed.session, closed.partitions.len(), house.door.counts().sessions), (0, 1, 0));
    let gone = consumer.fetch((id, 6), &[], &[]).await;
    assert_eq!((gone.error, gone.partitions), (70, vec![]), "FETCH_SESSION_ID_NOT_FOUND");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn min_bytes_and_max_bytes_hold_over_all_partitions_of_a_session() {
    let house = House::open().await;
    let (mut client, mut producer) = (house.client().await, house.client().await);
    let topic = client.create("s", 3, &[]).await;
    let mut consumer = Consumer { client: &mut client, topic, min_bytes: 1, wait_ms: 0, max_bytes: 1 << 20 };
    let id = consumer.fetch((0, 0), &[(0, 0), (1, 0), (2, 0)], &[]).await.session;
    let bytes = produce(&mut producer, topic, 0).await;
    // One batch is not enough: it waits for the second.
    (consumer.min_bytes, consumer.wait_ms) = (i32::try_from(2 * bytes).unwrap(), 30_000);
    let (both, _) = tokio::join!(consumer.fetch((id, 1), &[], &[]), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        produce(&mut producer, topic, 2).await
    });
    assert_eq!(both.partitions, [(0, 0, 1, bytes), (2, 0, 1, bytes)]);
    // Room for one: the first gives it, whatever its size, and then stands behind the others.
    produce(&mut producer, topic, 1).await;
    (consumer.min_bytes, consumer.wait_ms, consumer.max_bytes) = (1, 0, 1);
    let mut first = Vec::new();
    for epoch in 2..5 {
        let told = consumer.fetch((id, epoch), &[], &[]).await;
        first.extend(told.partitions.iter().filter(|one| one.3 > 0).map(|one| one.0));
    }
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2], "nobody starves");
    house.close().await;
}

/// A topic that comes into being, one that goes, and one of the same name: the session is told each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_hears_of_topics_that_come_and_go() {
    let house = House::open().await;
    let mut client = house.client().await;
    let by_name = |session: (i32, i32), wanted: &[i32]| FetchRequest {
        max_wait_ms: 0,
        session_id: session.0,
        session_epoch: session.1,
        topics: match wanted {
            [] => Vec::new(),
            all => {
                let partition = |partition: &i32| FetchPartition { partition: *partition, ..FetchPartition::default() };
                vec![FetchTopic {
                    topic: "late".into(),
                    partitions: all.iter().map(partition).collect(),
                    ..FetchTopic::default()
                }]
            }
        },
        ..FetchRequest::default()
    };
    let ask = async |client: &mut Client, request: FetchRequest<'_>| {
        let body = client.ask(12, &request).await;
        let answer = FetchResponse::decode(&body, 12).unwrap();
        let codes: Vec<i16> = answer.responses.iter().flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect();
        (answer.session_id, codes)
    };
    let (id, codes) = ask(&mut client, by_name((0, 0), &[0])).await;
    assert_eq!(codes, [3]);
    assert_eq!(ask(&mut client, by_name((id, 1), &[])).await, (id, vec![3]), "an error is told until it is gone");
    client.create("late", 1, &[]).await;
    assert_eq!(ask(&mut client, by_name((id, 2), &[])).await, (id, vec![0]));
    assert_eq!(ask(&mut client, by_name((id, 3), &[])).await, (id, vec![]));
    let delete = kafka_wire::messages::delete_topics::DeleteTopicsRequest {
        topic_names: vec!["late".into()],
        ..kafka_wire::messages::delete_topics::DeleteTopicsRequest::default()
    };
    client.ask(1, &delete).await;
    assert_eq!(ask(&mut client, by_name((id, 4), &[])).await, (id, vec![3]));
    client.create("late", 1, &[]).await;
    assert_eq!(ask(&mut client, by_name((id, 5), &[])).await, (id, vec![0]));
    house.close().await;
}

/// Ten thousand partitions: the first poll looks at all of them, the next ones at those that moved.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_partitions_are_one_session() {
    const COUNT: i32 = 10_000;
    let house = House::open().await;
    let (mut client, mut producer) = (house.client().await, house.client().await);
    let topic = client.create("wide", COUNT, &[]).await;
    let mut consumer = Consumer { client: &mut client, topic, min_bytes: 1, wait_ms: 0, max_bytes: 1 << 20 };
    let wanted: Vec<(i32, i64)> = (0..COUNT).map(|partition| (partition, 0)).collect();
    let begun = consumer.fetch((0, 0), &wanted, &[]).await;
    assert_eq!((begun.error, begun.partitions.len()), (0, 10_000));
    assert_eq!(consumer.fetch((begun.session, 1), &[], &[]).await.partitions, []);
    let bytes = produce(&mut producer, topic, 7_777).await;
    assert_eq!(consumer.fetch((begun.session, 2), &[], &[]).await.partitions, [(7_777, 0, 1, bytes)]);
    house.close().await;
}
