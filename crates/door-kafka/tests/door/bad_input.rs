//! What is wrong is refused where it is wrong, costs little, and leaves everybody else alone.

use std::time::Duration;

use crate::house::{Client, House};
use kafka_wire::{
    Message, Uuid,
    batch::{BatchBuilder, Codec, Producer, set_max_timestamp},
    messages::{
        api_versions::{ApiVersionsRequest, ApiVersionsResponse},
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
        list_groups::ListGroupsRequest,
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
        offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse},
        produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};
use tokio::io::AsyncWriteExt;

const TIMESTAMP: i64 = 1_790_000_000_000;

/// A request's header and what follows it, with its size before it.
fn framed(key: i16, version: i16, rest: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(10 + rest.len()).unwrap().to_be_bytes().to_vec();
    [key, version].iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&[0xff, 0xff]);
    out.extend_from_slice(rest);
    out
}

fn batch(values: &[&[u8]]) -> Vec<u8> {
    let mut batch = BatchBuilder::new(Codec::None);
    values.iter().for_each(|value| batch.push(TIMESTAMP, None, Some(value), &[]));
    batch.finish()
}

fn produced(id: i64, epoch: i16, base_sequence: i32) -> Vec<u8> {
    let mut batch = BatchBuilder::new(Codec::None).producer(Producer { id, epoch, base_sequence, transactional: false });
    batch.push(TIMESTAMP, None, Some(b"v"), &[]);
    batch.finish()
}

/// Produces one batch to each partition from 0 on; of each the error and the base offset.
async fn produce(client: &mut Client, topic: Uuid, batches: &[&[u8]]) -> Vec<(i16, i64)> {
    let part = |(index, records): (usize, &&'_ [u8])| (i32::try_from(index).unwrap(), records.to_vec());
    let owned: Vec<(i32, Vec<u8>)> = batches.iter().enumerate().map(part).collect();
    let parts = owned.iter().map(|(index, records)| PartitionProduceData { index: *index, records: Some(records) });
    let topic = TopicProduceData { topic_id: topic, partition_data: parts.collect(), ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..ProduceRequest::default() };
    let body = client.ask(13, &request).await;
    let answer = ProduceResponse::decode(&body, 13).unwrap();
    answer.responses[0].partition_responses.iter().map(|part| (part.error_code, part.base_offset)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_ends_its_connection_and_no_other() {
    let house = House::open().await;
    let mut bystander = house.client().await;
    let metadata = |rest: &[u8]| framed(3, 9, rest);
    let tags = |count: u8, tags: &[u8]| {
        let mut rest = vec![count];
        rest.extend_from_slice(tags);
        rest
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a negative size", vec![0xff, 0xff, 0xff, 0xfe]),
        ("no bytes", vec![0; 4]),
        ("three bytes", vec![0, 0, 0, 3, 1, 2, 3]),
        ("2 GiB", vec![0x7f, 0xff, 0xff, 0xff]),
        ("more than 100 MiB", (100u32 << 20 | 1).to_be_bytes().to_vec()),
        ("an API that is not known", framed(9_999, 0, &[])),
        ("an API that is not served", framed(24, 0, &[])),
        ("a version that is not known", framed(3, 99, &[0, 0])),
        ("a version below zero", framed(3, -1, &[])),
        ("a body that is cut", framed(3, 1, &[0, 0, 0, 2, 0, 5, b'a'])),
        ("a count below zero", framed(3, 1, &(-2i32).to_be_bytes())),
        ("a count of two billion", framed(3, 1, &i32::MAX.to_be_bytes())),
        ("a varint of six bytes", metadata(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 1])),
        ("a text longer than what is left", framed(3, 1, &[0, 0, 0, 1, 0x7f, 0xff, b'a'])),
        ("a null that may not be", framed(3, 1, &[0, 0, 0, 1, 0xff, 0xff])),
        ("a tag that comes twice", metadata(&tags(2, &[7, 1, 0, 7, 1, 0]))),
        ("a million tags that are not there", metadata(&[0xc0, 0x84, 0x3d])),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        ("TLS", vec![0x16, 3, 1, 0, 0xf4, 1]),
    ];
    let count = cases.len() as u64;
    for (what, bytes) in cases {
        let mut client = house.client().await;
        assert!(client.is_closed_by(&bytes).await, "{what}");
        bystander.ask(0, &ListGroupsRequest::default()).await;
    }
    // TLS is turned away, and counted, before the door looks at it.
    assert_eq!(house.door.counts().refused, count - 1, "each is counted");
    house.close().await;
}

/// One name, said again and again in a small request, was answered with as many whole topics.
#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_same_again_makes_no_answer_longer() {
    let house = House::open().await;
    let mut client = house.client().await;
    let name = "t".repeat(100);
    client.create(&name, 100, &[]).await;
    let topics = vec![MetadataRequestTopic { name: Some(name.as_str().into()), ..MetadataRequestTopic::default() }; 10_000];
    let request = MetadataRequest { topics: Some(topics), ..MetadataRequest::default() };
    let body = client.ask(9, &request).await;
    assert_eq!(MetadataResponse::decode(&body, 9).unwrap().topics.len(), 1);
    house.close().await;
}

/// Java's client puts a byte behind some bodies; Kafka does not look at what it has not asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_a_body_is_not_looked_at() {
    let house = House::open().await;
    assert!(!house.client().await.is_closed_by(&framed(16, 0, &[1])).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_client_finds_out_what_there_is() {
    let house = House::open().await;
    let mut client = house.client().await;
    client.stream.write_all(&framed(18, 99, b"\0whatever")).await.unwrap();
    let frame = client.frame().await.unwrap();
    let answer = ApiVersionsResponse::decode(&frame[4..], 0).unwrap();
    assert_eq!((answer.error_code, answer.api_keys.is_empty()), (35, false));
    let named = ApiVersionsRequest { client_software_name: "a b".into(), client_software_version: "1".into() };
    let body = client.ask(3, &named).await;
    assert_eq!(ApiVersionsResponse::decode(&body, 3).unwrap().error_code, 42);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_batch_is_refused_and_the_others_of_its_request_are_not() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 2, &[]).await;
    let good = batch(&[b"a", b"b"]);
    let changed = |place: usize, value: u8| {
        let mut bad = good.clone();
        bad[place] = value;
        bad
    };
    // Changes that are covered by the CRC get a right one.
    let sealed = |place: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[place..place + bytes.len()].copy_from_slice(bytes);
        let max = i64::from_be_bytes(bad[35..43].try_into().unwrap());
        set_max_timestamp(&mut bad, max);
        bad
    };
    let cases: Vec<(&str, Vec<u8>, i16)> = vec![
        ("a wrong CRC", changed(17, good[17] ^ 1), 2),
        ("magic 0", changed(16, 0), 87),
        ("magic 1", changed(16, 1), 87),
        ("magic 3", changed(16, 3), 2),
        ("a count that is not that of the records", sealed(57, &3i32.to_be_bytes()), 87),
        ("offsets that are not those of the records", sealed(23, &7i32.to_be_bytes()), 87),
        ("two batches", [good.clone(), good.clone()].concat(), 87),
        ("no batch", Vec::new(), 87),
        ("a cut batch", good[..good.len() - 1].to_vec(), 87),
        ("a batch that is too large", batch(&[&vec![b'x'; 1 << 20]]), 10),
    ];
    let mut end = 0;
    for (what, bad, code) in cases {
        let answer = produce(&mut client, topic, &[&bad, &good]).await;
        assert_eq!(answer, [(code, -1), (0, end)], "{what}");
        end += 2;
    }
    assert_eq!(fetch(&mut client, topic, &[(0, 0, 1 << 20)], 1 << 20).await, (0, vec![(0, 0)]), "nothing was appended");
    // A bomb: a few KiB that inflate to five hundred times what a batch may be.
    let narrow = client.create("narrow", 2, &[("max.message.bytes", "4000")]).await;
    let mut bomb = BatchBuilder::new(Codec::Gzip);
    bomb.push(TIMESTAMP, None, Some(&vec![0; 2 << 20]), &[]);
    let bomb = bomb.finish();
    assert!(bomb.len() < 4_000);
    assert_eq!(produce(&mut client, narrow, &[&bomb, &good]).await, [(10, -1), (0, 0)]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn producers_out_of_order_are_told_so() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 1, &[]).await;
    let mut send = async |epoch: i16, sequence: i32| produce(&mut client, topic, &[&produced(77, epoch, sequence)]).await[0];
    assert_eq!(send(1, 0).await, (0, 0));
    assert_eq!(send(1, 1).await, (0, 1));
    assert_eq!(send(1, 1).await, (0, 1), "a replay gets its offset again");
    assert_eq!(send(1, 3).await, (45, -1), "OUT_OF_ORDER_SEQUENCE_NUMBER");
    assert_eq!(send(0, 2).await, (47, -1), "INVALID_PRODUCER_EPOCH");
    assert_eq!(send(1, 2).await, (0, 2));
    house.close().await;
}

/// Fetches partitions from offsets with bytes at most; the error of the request, and of each partition the error and the bytes.
async fn fetch(client: &mut Client, topic: Uuid, wanted: &[(i32, i64, i32)], max_bytes: i32) -> (i16, Vec<(i16, usize)>) {
    let partition = |(partition, fetch_offset, partition_max_bytes): &(i32, i64, i32)| FetchPartition {
        partition: *partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: *partition_max_bytes,
        ..FetchPartition::default()
    };
    let topics =
        vec![FetchTopic { topic_id: topic, partitions: wanted.iter().map(partition).collect(), ..FetchTopic::default() }];
    let request = FetchRequest { max_wait_ms: 0, max_bytes, session_epoch: -1, topics, ..FetchRequest::default() };
    let body = client.ask(13, &request).await;
    let answer = FetchResponse::decode(&body, 13).unwrap();
    let parts = answer.responses.iter().flat_map(|topic| &topic.partitions);
    (answer.error_code, parts.map(|one| (one.error_code, one.records.map_or(0, <[u8]>::len))).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_beside_the_log_are_told_so_and_the_first_batch_always_comes() {
    let house = House::open().await;
    let mut client = house.client().await;
    let topic = client.create("t", 10_000, &[]).await;
    let good = batch(&[b"a"]);
    let size = good.len();
    assert_eq!(produce(&mut client, topic, &[&good, &good]).await, [(0, 0), (0, 0)]);
    let (all, none) = (1 << 20, 0);
    assert_eq!(fetch(&mut client, topic, &[(0, 2, all)], all).await.1, [(1, 0)], "beyond the end");
    assert_eq!(fetch(&mut client, topic, &[(0, -7, all)], all).await.1, [(1, 0)], "below zero");
    assert_eq!(fetch(&mut client, topic, &[(0, 0, none), (1, 0, none)], none).await.1, [(0, size), (0, 0)]);
    assert_eq!(fetch(&mut client, topic, &[(0, 0, i32::MIN)], all).await.1, [(4, 0)], "INVALID_FETCH_SIZE");
    assert_eq!(fetch(&mut client, topic, &[(0, 0, all)], i32::MIN).await.1, [(4, 0)]);
    assert_eq!(fetch(&mut client, topic, &[(-1, 0, all), (10_000, 0, all)], all).await.1, [(3, 0), (3, 0)]);
    assert_eq!(fetch(&mut client, Uuid(7), &[(0, 0, all)], all).await.1, [(100, 0)]);
    let many: Vec<(i32, i64, i32)> = (0..10_000).map(|partition| (partition, 0, all)).collect();
    let (error, answers) = fetch(&mut client, topic, &many, all).await;
    assert_eq!((error, answers.len(), answers.iter().filter(|one| one.1 == size).count()), (0, 10_000, 2));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_comes_with_no_more_text_than_is_kept() {
    let house = House::open().await;
    let mut client = house.client().await;
    client.create("t", 1, &[]).await;
    for (bytes, code) in [(4_096, 0), (4_097, 12)] {
        let partition = OffsetCommitRequestPartition {
            committed_metadata: Some("x".repeat(bytes).into()),
            ..OffsetCommitRequestPartition::default()
        };
        let topic =
            OffsetCommitRequestTopic { name: "t".into(), partitions: vec![partition], ..OffsetCommitRequestTopic::default() };
        let request = OffsetCommitRequest { group_id: "g".into(), topics: vec![topic], ..OffsetCommitRequest::default() };
        let body = client.ask(8, &request).await;
        assert_eq!(OffsetCommitResponse::decode(&body, 8).unwrap().topics[0].partitions[0].error_code, code, "{bytes}");
    }
    house.close().await;
}

/// Whoever sends and never reads is not read either after a while, and others are served.
#[tokio::test(flavor = "multi_thread")]
async fn who_never_reads_is_not_read_any_more() {
    let house = House::open().await;
    let (mut deaf, mut other) = (house.client().await, house.client().await);
    other.create("wide", 1_000, &[]).await;
    let mut out = Vec::new();
    kafka_wire::frame::ask(1, 12, None, &MetadataRequest { topics: None, ..MetadataRequest::default() }, &mut out).unwrap();
    let before = house.door.counts().received_bytes;
    let flood = async {
        for _ in 0..10_000 {
            if deaf.stream.write_all(&out).await.is_err() {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(3), flood).await;
    let taken = (house.door.counts().received_bytes - before) / out.len() as u64;
    assert!(taken < 5_000, "{taken} requests were taken though no answer was");
    other.ask(0, &ListGroupsRequest::default()).await;
    house.close().await;
}

/// Requests of one connection that come at once and are larger than all the room, each by itself and together: each gets its turn.
#[tokio::test(flavor = "multi_thread")]
async fn producers_wait_for_room_and_get_it() {
    let house = House::open_with(100).await;
    let mut client = house.client().await;
    let topic = client.create("t", 1, &[]).await;
    let good = batch(&[b"a"]);
    let part = PartitionProduceData { index: 0, records: Some(&good) };
    let data = TopicProduceData { topic_id: topic, partition_data: vec![part], ..TopicProduceData::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 10_000, topic_data: vec![data], ..ProduceRequest::default() };
    let mut out = Vec::new();
    for number in 0..20 {
        kafka_wire::frame::ask(number, 13, None, &request, &mut out).unwrap();
    }
    client.stream.write_all(&out).await.unwrap();
    for number in 0..20i32 {
        let frame = client.frame().await.unwrap();
        let answer = ProduceResponse::decode(&frame[5..], 13).unwrap();
        let part = &answer.responses[0].partition_responses[0];
        assert_eq!((&frame[..4], part.error_code, part.base_offset), (&number.to_be_bytes()[..], 0, i64::from(number)));
    }
    assert!(house.door.counts().produce_waits > 0);
    house.close().await;
}
