//! An idempotent producer that does what Java's does: five requests under way on a connection, retries with the same sequence, the
//! earliest first and alone.

use super::book::Book;
use super::limits::{BACKOFF, BATCH_RECORDS_MAX, IN_FLIGHT, LIFE_ACKNOWLEDGEMENTS, PACE, PADDING_BYTES_MAX, REQUEST};
use super::link::Link;
use super::record::{Entry, content};
use super::routes::Routes;
use crate::random::Random;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use kafka_wire::batch::{BatchBuilder, Codec, Producer as Identity};
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_wire::messages::produce::{PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData};
use kafka_wire::{ErrorCode, Message};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::time::{sleep, timeout};

const PRODUCE: i16 = 9;
const INIT_PRODUCER_ID: i16 = 4;

/// A batch that is not acknowledged yet.
struct Batch {
    sequence: i32,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    attempts: u32,
    is_under_way: bool,
    /// It was sent while an earlier one was not acknowledged.
    is_behind: bool,
    history: Vec<String>,
}

/// One partition that this producer writes to.
struct Lane {
    partition: i32,
    sequence: i32,
    serial: u64,
    queue: VecDeque<Batch>,
    rests_until: Instant,
}

/// What came of a request.
struct Landed {
    broker: i32,
    connection: u64,
    lane: usize,
    sequence: i32,
    sent: Instant,
    answer: Option<Vec<u8>>,
}

struct Connection {
    link: Link,
    number: u64,
    under_way: usize,
}

/// One life of a producer.
struct Producer {
    book: Arc<Book>,
    random: Random,
    name: u64,
    identity: (i64, i16),
    routes: Routes,
    is_lost: bool,
    connections: HashMap<i32, Connection>,
    numbers: u64,
    lanes: Vec<Lane>,
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    acknowledged: u64,
}

/// Produces until the book says stop, and until all of it is acknowledged. Every life but the last is cut short.
pub async fn produce(book: Arc<Book>, partitions: Vec<i32>, seed: u64) {
    let mut random = Random::new(seed);
    loop {
        let mut producer = Producer::begin(&book, &partitions, random.bits()).await;
        let acknowledgements = random.below(2 * LIFE_ACKNOWLEDGEMENTS) + 50;
        if producer.live(acknowledgements).await {
            return;
        }
    }
}

impl Producer {
    async fn begin(book: &Arc<Book>, partitions: &[i32], seed: u64) -> Self {
        let mut routes = Routes::new(book, seed);
        let identity = loop {
            if let Some(identity) = identify(book, &mut routes).await {
                break identity;
            }
            sleep(BACKOFF).await;
        };
        let lane = |partition: &i32| Lane {
            partition: *partition,
            sequence: 0,
            serial: 0,
            queue: VecDeque::new(),
            rests_until: Instant::now(),
        };
        Self {
            book: book.clone(),
            random: Random::new(seed),
            name: book.new_producer(),
            identity,
            routes,
            is_lost: true,
            connections: HashMap::new(),
            numbers: 0,
            lanes: partitions.iter().map(lane).collect(),
            flights: FuturesUnordered::new(),
            acknowledged: 0,
        }
    }

    /// Whether everything was acknowledged that there will be.
    async fn live(&mut self, acknowledgements: u64) -> bool {
        loop {
            let stops = self.book.stops.load(Relaxed);
            if stops && self.lanes.iter().all(|lane| lane.queue.is_empty()) {
                return true;
            }
            if self.is_lost {
                self.routes.refresh().await;
                self.is_lost = false;
            }
            for lane in 0..self.lanes.len() {
                self.feed(lane, stops).await;
            }
            if !stops && self.acknowledged >= acknowledgements {
                // What was sent just now is never heard of again.
                return false;
            }
            if let Ok(Some(landed)) = timeout(PACE, self.flights.next()).await {
                self.landed(landed);
                // A while for others to come in the same turn.
                sleep(PACE).await;
                while let Some(Some(landed)) = futures_util::FutureExt::now_or_never(self.flights.next()) {
                    self.landed(landed);
                }
            }
        }
    }

    /// Sends what may be sent of a partition, and makes a new batch if there is room.
    async fn feed(&mut self, at: usize, stops: bool) {
        loop {
            let lane = &mut self.lanes[at];
            if lane.rests_until > Instant::now() {
                return;
            }
            let waits = lane.queue.iter().position(|batch| !batch.is_under_way);
            let Some((broker, address, _)) = self.routes.leader(lane.partition) else {
                self.lanes[at].rests_until = Instant::now() + BACKOFF;
                self.is_lost = true;
                return;
            };
            let address = address.to_owned();
            if self.connections.get(&broker).is_some_and(|connection| connection.under_way >= IN_FLIGHT) {
                return;
            }
            let next = match waits {
                // Repeated alone, and only as the earliest.
                Some(place) if self.lanes[at].queue[place].attempts > 0 && place > 0 => return,
                Some(place) => place,
                None if stops || self.lanes[at].queue.len() >= IN_FLIGHT => return,
                None => {
                    self.gather(at);
                    self.lanes[at].queue.len() - 1
                }
            };
            if !self.send(at, next, broker, &address).await {
                self.lanes[at].rests_until = Instant::now() + BACKOFF;
                self.is_lost = true;
                return;
            }
        }
    }

    fn gather(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let count = self.random.below(BATCH_RECORDS_MAX) + 1;
        let (id, epoch) = self.identity;
        let codec = *self.random.pick(&[Codec::None, Codec::None, Codec::Lz4, Codec::Snappy]);
        let identity = Identity { id, epoch, base_sequence: lane.sequence, transactional: false };
        let mut builder = BatchBuilder::new(codec).producer(identity);
        let mut entries = Vec::new();
        // What is older than the retention would be dropped.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as i64;
        for _ in 0..count {
            let entry = Entry { producer: self.name, serial: lane.serial };
            let padding = self.random.below(PADDING_BYTES_MAX);
            let value = content(entry, lane.partition, padding, &mut self.random);
            builder.push(now, None, Some(&value), &[]);
            entries.push(entry);
            lane.serial += 1;
        }
        let (sequence, bytes) = (lane.sequence, builder.finish());
        lane.sequence += count as i32;
        let (attempts, is_under_way, is_behind, history) = (0, false, false, Vec::new());
        lane.queue.push_back(Batch { sequence, entries, bytes, attempts, is_under_way, is_behind, history });
    }

    async fn send(&mut self, at: usize, place: usize, broker: i32, address: &str) -> bool {
        if !self.connections.contains_key(&broker) {
            let Some(link) = Link::open(address, &self.book).await else { return false };
            self.numbers += 1;
            self.connections.insert(broker, Connection { link, number: self.numbers, under_way: 0 });
        }
        let connection = self.connections.get_mut(&broker).expect("it is there by now");
        let lane = &mut self.lanes[at];
        let batch = &mut lane.queue[place];
        let data = PartitionProduceData { index: lane.partition, records: Some(&batch.bytes) };
        let topic =
            TopicProduceData { name: self.book.topic.as_str().into(), partition_data: vec![data], ..TopicProduceData::default() };
        let timeout_ms = REQUEST.as_millis() as i32;
        let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms, topic_data: vec![topic] };
        let Some(answer) = connection.link.send(PRODUCE, &request).await else {
            self.connections.remove(&broker);
            return false;
        };
        let sent = Instant::now();
        if batch.attempts > 0 {
            self.book.retried();
        }
        batch.attempts += 1;
        batch.history.push(format!("{} to {broker}", batch.attempts));
        (batch.is_under_way, batch.is_behind) = (true, place > 0);
        connection.under_way += 1;
        let (number, sequence) = (connection.number, batch.sequence);
        self.flights.push(Box::pin(async move {
            // The broker answers a timeout by itself; what is later than that is a broken connection.
            let answer = timeout(REQUEST + BACKOFF, answer).await.ok().and_then(Result::ok);
            Landed { broker, connection: number, lane: at, sequence, sent, answer }
        }));
        true
    }

    fn landed(&mut self, landed: Landed) {
        let is_current = |connection: &&mut Connection| connection.number == landed.connection;
        if let Some(connection) = self.connections.get_mut(&landed.broker).filter(is_current) {
            connection.under_way -= 1;
            if landed.answer.is_none() {
                self.connections.remove(&landed.broker);
            }
        }
        let outcome = landed.answer.as_deref().map_or(Ok(None), |answer| read(answer).map(Some));
        let (code, base_offset) = match outcome {
            Ok(Some(answered)) => answered,
            Ok(None) => (ErrorCode::NetworkException, -1),
            Err(what) => return self.book.fault(what),
        };
        let lane = &mut self.lanes[landed.lane];
        let Some(place) = lane.queue.iter().position(|batch| batch.sequence == landed.sequence) else {
            return self.book.fault(format!("{} of {} was answered twice", landed.sequence, self.name));
        };
        let batch = &mut lane.queue[place];
        batch.is_under_way = false;
        batch.history.push(code.name().to_owned());
        match code {
            ErrorCode::None | ErrorCode::DuplicateSequenceNumber => {
                let offset = if code == ErrorCode::None { base_offset } else { -1 };
                self.book.acknowledge(lane.partition, offset, &batch.entries, landed.sent);
                lane.queue.remove(place);
                self.acknowledged += 1;
            }
            ErrorCode::OutOfOrderSequenceNumber if batch.is_behind => lane.rests_until = Instant::now() + BACKOFF,
            _ if code.is_retriable() => {
                lane.rests_until = Instant::now() + BACKOFF;
                self.is_lost = true;
            }
            _ => {
                let (partition, sequence, history) = (lane.partition, batch.sequence, batch.history.join(", "));
                let rest: Vec<String> =
                    lane.queue.iter().map(|batch| format!("{}: {}", batch.sequence, batch.history.join(", "))).collect();
                self.book.fault(format!(
                    "sequence {sequence} of producer {} (id {}) in {partition}, the earliest one, was refused: {history}; \
                     unacknowledged: {rest:?}",
                    self.name, self.identity.0
                ));
                lane.rests_until = Instant::now() + 10 * BACKOFF;
            }
        }
    }
}

async fn identify(book: &Arc<Book>, routes: &mut Routes) -> Option<(i64, i16)> {
    let mut link = Link::open(&routes.somebody()?, book).await?;
    let request =
        InitProducerIdRequest { transactional_id: None, transaction_timeout_ms: -1, ..InitProducerIdRequest::default() };
    let answer = link.ask(INIT_PRODUCER_ID, &request).await?;
    let answer = InitProducerIdResponse::decode(&answer, INIT_PRODUCER_ID).ok()?;
    match ErrorCode::from_code(answer.error_code) {
        Some(ErrorCode::None) => Some((answer.producer_id, answer.producer_epoch)),
        Some(code) if code.is_retriable() => None,
        code => {
            book.fault(format!("InitProducerId was refused with {code:?}"));
            None
        }
    }
}

fn read(answer: &[u8]) -> Result<(ErrorCode, i64), String> {
    let answer = ProduceResponse::decode(answer, PRODUCE).map_err(|error| format!("an answer to Produce: {error:?}"))?;
    let partition = answer.responses.first().and_then(|topic| topic.partition_responses.first());
    let partition = partition.ok_or("an answer to Produce without the partition")?;
    let code = ErrorCode::from_code(partition.error_code).ok_or(format!("an unknown error {}", partition.error_code))?;
    Ok((code, partition.base_offset))
}
