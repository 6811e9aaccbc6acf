//! Requests of the tests that press a Kafka door, and how they read back what is there.

use crate::Server;
use crate::ledger::{self, book::Book, link::Link, reader::Reader};
use kafka_wire::batch::{BatchBuilder, Codec, Producer};
use kafka_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use kafka_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};
use kafka_wire::{Message, frame};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The version of Produce that is sent.
pub const PRODUCE: i16 = 9;
/// The version of Fetch that is sent.
pub const FETCH: i16 = 12;

/// A new topic on the first of some servers, and who knows where they are.
pub async fn topic(servers: &[&Server], name: &str, partitions: usize) -> Arc<Book> {
    let book = Arc::new(Book::new(name, "none", partitions, servers.len()));
    for (member, server) in servers.iter().enumerate() {
        book.set_door(member, Some(ledger::door(server).await));
    }
    ledger::create_topic(&book).await;
    book
}

/// Where the first door is.
pub fn address(book: &Book) -> String {
    format!("127.0.0.1:{}", book.doors()[0])
}

/// A connection to the first door.
pub async fn link(book: &Arc<Book>) -> Link {
    Link::open(&address(book), book).await.expect("the door takes a connection")
}

/// A batch of these values, written now.
pub fn batch<'v>(producer: Option<Producer>, values: impl IntoIterator<Item = &'v [u8]>) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as i64;
    let mut builder = BatchBuilder::new(Codec::None);
    if let Some(producer) = producer {
        builder = builder.producer(producer);
    }
    for value in values {
        builder.push(now, None, Some(value), &[]);
    }
    builder.finish()
}

/// A request with one batch.
pub fn produce<'a>(topic: &'a str, partition: i32, acks: i16, batch: &'a [u8]) -> ProduceRequest<'a> {
    let data = PartitionProduceData { index: partition, records: Some(batch) };
    let topic = TopicProduceData { name: topic.into(), partition_data: vec![data], ..TopicProduceData::default() };
    ProduceRequest { transactional_id: None, acks, timeout_ms: 30_000, topic_data: vec![topic] }
}

/// The code and the base offset that the one batch of a request was answered.
pub fn produced(answer: &[u8]) -> (i16, i64) {
    let answer = ProduceResponse::decode(answer, PRODUCE).expect("an answer to Produce");
    let partition = &answer.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

/// A request for as much of one partition as there is, without waiting.
pub fn fetch(topic: &str, partition: i32, offset: i64, bytes_max: i32) -> FetchRequest<'_> {
    let wanted = FetchPartition { partition, fetch_offset: offset, partition_max_bytes: bytes_max, ..FetchPartition::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![wanted], ..FetchTopic::default() };
    FetchRequest { max_bytes: bytes_max, topics: vec![topic], ..FetchRequest::default() }
}

/// A request's bytes, its size before it.
pub fn bytes<'m, M: Message<'m>>(correlation: i32, version: i16, message: &M) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::ask(correlation, version, Some("load"), message, &mut bytes).expect("the load asks what can be asked");
    bytes
}

/// The values of all records of each partition.
pub async fn values(book: &Arc<Book>) -> Vec<Vec<Vec<u8>>> {
    let values = Reader::new(book, "the audit".to_owned(), 1, false).values().await;
    book.assert_sound();
    values
}
