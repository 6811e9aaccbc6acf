//! A connection to a Kafka broker, and the few questions that a load has beside its load.
//!
//! All versions are the last before the flexible ones, or older: Kafka 2.3 to 4.x and Manifold have them, so none is negotiated.

use std::{borrow::Cow, collections::BTreeMap, io};

use bytes::{Buf, Bytes, BytesMut};
use kafka_wire::{
    ErrorCode, Message,
    frame::{self, SIZE_BYTES},
    messages::{
        create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse},
        delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse},
        init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
        list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    address::Addresses,
    arguments::Place,
    error::{Error, Result},
    limits::{ANSWER_BYTES_MAX, ANSWER_TIMEOUT, ASKED_EVERY, CONNECT_TIMEOUT, LEADERS_WITHIN, REQUEST_TIMEOUT_MS},
};

/// What brokers are told of this client.
pub(crate) const CLIENT_ID: &str = "manifold-bench";
/// The place behind the last record, and that of the first (ListOffsets).
pub(crate) const LATEST: i64 = -1;
pub(crate) const EARLIEST: i64 = -2;

const METADATA_VERSION: i16 = 5;
const CREATE_TOPICS_VERSION: i16 = 4;
const DELETE_TOPICS_VERSION: i16 = 3;
const LIST_OFFSETS_VERSION: i16 = 4;
const INIT_PRODUCER_ID_VERSION: i16 = 1;
const CORRELATION_BYTES: usize = 4;
const READ_BYTES: usize = 256 << 10;

/// The name of a code, or its number.
pub(crate) fn name_of(code: i16) -> String {
    ErrorCode::from_code(code).map_or_else(|| format!("error code {code}"), |code| code.name().to_owned())
}

fn check(code: i16, what: &str) -> Result {
    if code == 0 { Ok(()) } else { Err(Error::failed(format!("{what}: {}", name_of(code)))) }
}

/// An answer's body.
#[derive(Debug)]
pub(crate) struct Answer {
    bytes: Bytes,
    version: i16,
}

impl Answer {
    pub(crate) fn read<'a, M: Message<'a>>(&'a self) -> Result<M> {
        M::decode(&self.bytes, self.version).map_err(|error| Error::failed(format!("an answer cannot be read: {error}")))
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    address: String,
    input: BytesMut,
    last_id: i32,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Connection> {
        let silent = || io::Error::new(io::ErrorKind::TimedOut, "no answer");
        let socket = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await.unwrap_or_else(|_| Err(silent()));
        let socket = socket.and_then(|socket| socket.set_nodelay(true).map(|()| socket)).map_err(|error| {
            Error::unreachable(format!(
                "no Kafka door answers at {address}: {error}; start a node with \"manifold serve\", name another address with \
                 --bootstrap HOST:PORT, or add --start to have one started for the run"
            ))
        })?;
        Ok(Connection { socket, address: address.to_owned(), input: BytesMut::new(), last_id: 0 })
    }

    /// A number for the next request.
    pub(crate) fn next_id(&mut self) -> i32 {
        self.last_id = self.last_id.wrapping_add(1) & i32::MAX;
        self.last_id
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// Waits until more has come.
    pub(crate) async fn read(&mut self) -> io::Result<()> {
        self.input.reserve(READ_BYTES);
        match self.socket.read_buf(&mut self.input).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed by the server")),
            _ => Ok(()),
        }
    }

    /// Takes the next whole answer off what has come: the number of its request, and its body.
    pub(crate) fn take(&mut self) -> io::Result<Option<(i32, Bytes)>> {
        let Some(size) = self.input.first_chunk::<SIZE_BYTES>() else { return Ok(None) };
        let foreign = |why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("no answer of Kafka's protocol: {why}"));
        let size = frame::frame_bytes(*size, ANSWER_BYTES_MAX).map_err(|_| foreign("its size is wrong"))?;
        if size < CORRELATION_BYTES {
            return Err(foreign("it has no header"));
        }
        if self.input.len() < SIZE_BYTES + size {
            return Ok(None);
        }
        self.input.advance(SIZE_BYTES);
        let mut answer = self.input.split_to(size).freeze();
        Ok(Some((answer.get_i32(), answer)))
    }

    /// Asks one question and waits for its answer. Nothing else may be under way.
    pub(crate) async fn ask<'q, Q: Message<'q>>(&mut self, question: &Q, version: i16) -> Result<Answer> {
        let id = self.next_id();
        let mut bytes = Vec::new();
        frame::ask(id, version, Some(CLIENT_ID), question, &mut bytes)
            .map_err(|error| Error::failed(format!("a request cannot be encoded: {error}")))?;
        let exchange = async {
            self.write(&bytes).await?;
            loop {
                if let Some(answer) = self.take()? {
                    return Ok(answer);
                }
                self.read().await?;
            }
        };
        let silent = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()));
        let (answered, bytes) = timeout(ANSWER_TIMEOUT, exchange).await.unwrap_or_else(|_| Err(silent())).map_err(|error| {
            let address = &self.address;
            Error::unreachable(format!(
                "the connection to {address} broke: {error}; does a door for Kafka's clients listen there?"
            ))
        })?;
        if answered != id {
            return Err(Error::failed(format!("{} answered another request than was asked", self.address)));
        }
        Ok(Answer { bytes, version })
    }

    /// An identity for idempotence: id and epoch (KIP-98).
    pub(crate) async fn producer_id(&mut self) -> Result<(i64, i16)> {
        let question = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
        };
        let answer = self.ask(&question, INIT_PRODUCER_ID_VERSION).await?;
        let told: InitProducerIdResponse = answer.read()?;
        check(told.error_code, "no producer id is given")?;
        Ok((told.producer_id, told.producer_epoch))
    }
}

/// A topic, and who leads its partitions.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    /// By partition the address of its leader.
    pub(crate) leaders: Vec<String>,
    /// Whether this run made it.
    pub(crate) made: bool,
}

impl Topic {
    pub(crate) fn partitions(&self) -> i32 {
        self.leaders.len() as i32
    }

    /// The brokers that lead something, each with its partitions.
    pub(crate) fn by_leader(&self) -> BTreeMap<&str, Vec<i32>> {
        let mut found: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for (partition, leader) in (0..).zip(&self.leaders) {
            found.entry(leader).or_default().push(partition);
        }
        found
    }
}

/// Finds the topic or makes it, does `work` with it, and takes it away again if it was made.
pub(crate) async fn on_topic<T>(
    addresses: &Addresses,
    bootstrap: &str,
    place: &Place,
    work: impl AsyncFnOnce(&Topic) -> Result<T>,
) -> Result<T> {
    let topic = topic(addresses, bootstrap, place).await?;
    let outcome = work(&topic).await;
    let deleted = delete(bootstrap, &topic).await;
    outcome.and_then(|done| deleted.map(|()| done))
}

/// Finds the topic or makes it, and waits until all of its partitions are led.
async fn topic(addresses: &Addresses, bootstrap: &str, place: &Place) -> Result<Topic> {
    let mut connection = Connection::open(addresses.check(bootstrap)?).await?;
    let (name, named) = match &place.topic {
        Some(name) => (name.clone(), true),
        None => (format!("bench-{:016x}", rand::random::<u64>()), false),
    };
    let mut made = false;
    if !named || describe(&mut connection, &name).await?.is_none() {
        create(&mut connection, &name, place.partitions.unwrap_or(1)).await?;
        made = true;
    }
    let end = Instant::now() + LEADERS_WITHIN;
    let leaders = loop {
        if let Some(Told::Led(leaders)) = describe(&mut connection, &name).await? {
            break leaders;
        }
        if Instant::now() > end {
            return Err(Error::failed(format!(
                "not all partitions of topic {name} have a leader; is a majority of the nodes up?"
            )));
        }
        sleep(ASKED_EVERY).await;
    };
    for leader in &leaders {
        addresses.check(leader)?;
    }
    let count = leaders.len() as i32;
    if let Some(partitions) = place.partitions.filter(|partitions| *partitions != count) {
        return Err(Error::usage(format!(
            "topic {name} has {count} partitions, not {partitions}: leave --partitions out, or name another topic"
        )));
    }
    Ok(Topic { name, leaders, made: made && !named })
}

/// The same topic with those who lead it now: nodes may have failed since. Asks whoever of the cluster still answers.
pub(crate) async fn again(addresses: &Addresses, bootstrap: &str, topic: &Topic) -> Result<Topic> {
    let mut connection = any(bootstrap, topic).await?;
    let leaders = led(addresses, &mut connection, &topic.name).await?;
    if leaders.len() != topic.leaders.len() {
        return Err(Error::failed(format!(
            "topic {} has {} partitions now: somebody else changed it",
            topic.name,
            leaders.len()
        )));
    }
    Ok(Topic { leaders, ..topic.clone() })
}

/// A connection to the first broker, or to one that led a partition.
async fn any(bootstrap: &str, topic: &Topic) -> Result<Connection> {
    let mut first = Connection::open(bootstrap).await;
    for leader in topic.by_leader().into_keys() {
        if first.is_err()
            && let Ok(connection) = Connection::open(leader).await
        {
            first = Ok(connection);
        }
    }
    first
}

/// Waits until all partitions are led, by brokers that may be asked.
async fn led(addresses: &Addresses, connection: &mut Connection, name: &str) -> Result<Vec<String>> {
    let end = Instant::now() + LEADERS_WITHIN;
    loop {
        if let Some(Told::Led(leaders)) = describe(connection, name).await? {
            leaders.iter().try_for_each(|leader| addresses.check(leader).map(drop))?;
            return Ok(leaders);
        }
        if Instant::now() > end {
            return Err(Error::failed(format!(
                "not all partitions of topic {name} have a leader; is a majority of the nodes up?"
            )));
        }
        sleep(ASKED_EVERY).await;
    }
}

enum Told {
    /// It is there, and some partition is led by nobody yet.
    Waiting,
    Led(Vec<String>),
}

async fn describe(connection: &mut Connection, name: &str) -> Result<Option<Told>> {
    let topic = MetadataRequestTopic { name: Some(Cow::Borrowed(name)), ..MetadataRequestTopic::default() };
    let question = MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..MetadataRequest::default() };
    let answer = connection.ask(&question, METADATA_VERSION).await?;
    let told: MetadataResponse<'_> = answer.read()?;
    let place = |host: &str, port: i32| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let brokers: BTreeMap<i32, String> =
        told.brokers.iter().map(|broker| (broker.node_id, place(&broker.host, broker.port))).collect();
    let Some(topic) = told.topics.first() else { return Ok(None) };
    match ErrorCode::from_code(topic.error_code) {
        Some(ErrorCode::UnknownTopicOrPartition) => return Ok(None),
        Some(ErrorCode::LeaderNotAvailable) => return Ok(Some(Told::Waiting)),
        _ => check(topic.error_code, &format!("topic {name}"))?,
    }
    let leaders: BTreeMap<i32, Option<&String>> =
        topic.partitions.iter().map(|partition| (partition.partition_index, brokers.get(&partition.leader_id))).collect();
    let all: Option<Vec<String>> = leaders.into_values().map(|leader| leader.cloned()).collect();
    Ok(Some(all.filter(|leaders| !leaders.is_empty()).map_or(Told::Waiting, Told::Led)))
}

async fn create(connection: &mut Connection, name: &str, partitions: i32) -> Result {
    let topic = CreatableTopic {
        name: Cow::Borrowed(name),
        num_partitions: partitions,
        replication_factor: -1,
        ..CreatableTopic::default()
    };
    let question = CreateTopicsRequest { topics: vec![topic], timeout_ms: REQUEST_TIMEOUT_MS, validate_only: false };
    let answer = connection.ask(&question, CREATE_TOPICS_VERSION).await?;
    let told: CreateTopicsResponse<'_> = answer.read()?;
    for topic in &told.topics {
        let why = topic.error_message.as_deref().unwrap_or_default();
        check(topic.error_code, &format!("topic {name} is not made ({why})"))?;
    }
    Ok(())
}

/// Whether a broker is there and knows that it is.
pub(crate) async fn answers(address: &str) -> bool {
    let asked = async {
        let mut connection = Connection::open(address).await?;
        let question = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let answer = connection.ask(&question, METADATA_VERSION).await?;
        Ok::<_, Error>(!answer.read::<MetadataResponse<'_>>()?.brokers.is_empty())
    };
    asked.await.unwrap_or(false)
}

/// Takes away a topic that this run made.
async fn delete(bootstrap: &str, topic: &Topic) -> Result {
    if !topic.made {
        return Ok(());
    }
    let mut connection = any(bootstrap, topic).await?;
    let topic_names = vec![Cow::Borrowed(&topic.name[..])];
    let question = DeleteTopicsRequest { topics: Vec::new(), topic_names, timeout_ms: REQUEST_TIMEOUT_MS };
    let answer = connection.ask(&question, DELETE_TOPICS_VERSION).await?;
    let told: DeleteTopicsResponse<'_> = answer.read()?;
    told.responses.iter().try_for_each(|told| check(told.error_code, &format!("topic {} is not deleted", topic.name)))
}

/// An offset of each partition: [`LATEST`] or [`EARLIEST`]. A refusal that passes, as just after a topic was made, is waited for.
pub(crate) async fn offsets(topic: &Topic, timestamp: i64) -> Result<Vec<i64>> {
    let end = Instant::now() + LEADERS_WITHIN;
    loop {
        let mut found = vec![None; topic.leaders.len()];
        let refused = ask_offsets(topic, timestamp, &mut found).await?;
        match refused {
            None => {
                let missing = || Error::failed(format!("a broker does not tell the offsets of topic {}", topic.name));
                return found.into_iter().collect::<Option<_>>().ok_or_else(missing);
            }
            Some(code) if ErrorCode::from_code(code).is_some_and(ErrorCode::is_retriable) && Instant::now() < end => {
                sleep(ASKED_EVERY).await;
            }
            Some(code) => check(code, &format!("the offsets of {}", topic.name))?,
        }
    }
}

/// Asks every leader once; gives a code that refuses, if any does.
async fn ask_offsets(topic: &Topic, timestamp: i64, found: &mut [Option<i64>]) -> Result<Option<i16>> {
    for (leader, partitions) in topic.by_leader() {
        let mut connection = Connection::open(leader).await?;
        let wanted = |index: &i32| ListOffsetsPartition { partition_index: *index, timestamp, ..Default::default() };
        let topics =
            vec![ListOffsetsTopic { name: Cow::Borrowed(&topic.name), partitions: partitions.iter().map(wanted).collect() }];
        let question = ListOffsetsRequest { replica_id: -1, topics, ..ListOffsetsRequest::default() };
        let answer = connection.ask(&question, LIST_OFFSETS_VERSION).await?;
        let told: ListOffsetsResponse<'_> = answer.read()?;
        for partition in told.topics.iter().flat_map(|topic| &topic.partitions) {
            if partition.error_code != 0 {
                return Ok(Some(partition.error_code));
            }
            if let Some(place) = usize::try_from(partition.partition_index).ok().and_then(|index| found.get_mut(index)) {
                *place = Some(partition.offset);
            }
        }
    }
    Ok(None)
}
