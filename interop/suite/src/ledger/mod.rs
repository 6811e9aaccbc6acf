//! The ledger of the Kafka door: a load of producers, consumers and a group, whose outcome is checked record by record.
//!
//! Every record says whose it is, which one, and a hash of itself ([`record`]). Idempotent producers ([`producer`]) repeat as Java's
//! client does, and are replaced now and then with everything that they have under way. Consumers ([`reader`]) follow the leaders and
//! check while they read: offsets are dense, no record comes twice, a producer's serials ascend, the high watermark never falls, and all
//! of them see the same at each offset. Two members of a classic group ([`member`]) read, commit, and are told what was committed.
//! Everybody writes into one [`book`], which holds every entry against the others at once.
//!
//! At the end, when what was broken is healed, [`Load::finish`] waits until all is acknowledged and reads every partition from its start:
//! what was acknowledged is there once, at its offset; what never was is there at most once.

pub mod book;
pub mod limits;
pub mod link;
pub mod member;
pub mod producer;
pub mod reader;
pub mod record;
pub mod routes;

use crate::Server;
use crate::cluster::{ctl_json, within};
use book::{Book, Report};
use kafka_wire::messages::create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse};
use kafka_wire::{ErrorCode, Message};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::timeout;

const CREATE_TOPICS: i16 = 5;

/// How much load.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Partitions of the topic.
    pub partitions: usize,
    /// Producers; each writes to two partitions.
    pub producers: u64,
    /// Consumers that read everything.
    pub consumers: u64,
    /// Members of the group.
    pub members: u64,
}

/// What the tests run.
pub const USUAL: Size = Size { partitions: 4, producers: 4, consumers: 2, members: 2 };

/// A load that runs.
#[derive(Debug)]
pub struct Load {
    /// What is known of it.
    pub book: Arc<Book>,
    producers: JoinSet<()>,
    others: JoinSet<()>,
}

/// The port of a server's Kafka door.
pub async fn door(server: &Server) -> u16 {
    within(20, "a Kafka door", async || {
        let status = ctl_json(server, &["status"]);
        status["doors"]["kafka"].as_str()?.rsplit(':').next()?.parse().ok()
    })
    .await
}

/// Creates a topic.
pub async fn create_topic(book: &Arc<Book>) {
    within(20, "a topic", async || {
        let address = format!("127.0.0.1:{}", book.doors().first()?);
        let mut link = link::Link::open(&address, book).await?;
        let topic = CreatableTopic {
            name: book.topic.as_str().into(),
            num_partitions: book.partitions(),
            replication_factor: -1,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let answer = link.ask(CREATE_TOPICS, &request).await?;
        let answer = CreateTopicsResponse::decode(&answer, CREATE_TOPICS).ok()?;
        let code = ErrorCode::from_code(answer.topics.first()?.error_code);
        matches!(code, Some(ErrorCode::None | ErrorCode::TopicAlreadyExists)).then_some(())
    })
    .await;
}

impl Load {
    /// Begins on servers that serve.
    pub async fn start(servers: &[Server], size: Size, seed: u64) -> Self {
        let book = Arc::new(Book::new("ledger", "ledger-group", size.partitions, servers.len()));
        for (member, server) in servers.iter().enumerate() {
            book.set_door(member, Some(door(server).await));
        }
        create_topic(&book).await;
        let (mut producers, mut others) = (JoinSet::new(), JoinSet::new());
        for number in 0..size.producers {
            let first = number as usize % size.partitions;
            let mut partitions = vec![first as i32, ((first + 1) % size.partitions) as i32];
            partitions.dedup();
            producers.spawn(producer::produce(book.clone(), partitions, seed.wrapping_mul(1_000) + number));
        }
        for number in 0..size.consumers {
            others.spawn(reader::consume(book.clone(), number));
        }
        for number in 0..size.members {
            others.spawn(member::take_part(book.clone(), number));
        }
        Self { book, producers, others }
    }

    /// A member was started anew: its door may be elsewhere.
    pub async fn restarted(&self, member: usize, server: &Server) {
        self.book.set_door(member, Some(door(server).await));
    }

    /// Panics if a promise was broken.
    pub fn assert_sound(&self) {
        self.book.assert_sound();
    }

    /// Waits until everything is acknowledged and the group has resumed, ends, and reads everything anew. Faults must be healed.
    pub async fn finish(mut self) -> Report {
        let (_, group) = self.book.resumed(Instant::now()).await;
        assert!(group < limits::SETTLE, "the group resumed after {group:?}");
        self.book.stops.store(true, Relaxed);
        join(&mut self.producers, "producers got everything acknowledged").await;
        // Consumers get what is new.
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.book.ends.store(true, Relaxed);
        join(&mut self.others, "consumers ended").await;
        let records = reader::Reader::new(&self.book, "the audit".to_owned(), 9, true).everything().await;
        let mut sums = (0, 0);
        for (partition, records) in records.iter().enumerate() {
            let (acknowledged, other) = self.book.audit(partition as i32, records);
            sums = (sums.0 + acknowledged, sums.1 + other);
        }
        member::audit(&self.book).await;
        self.book.assert_sound();
        self.book.report(sums)
    }
}

async fn join(tasks: &mut JoinSet<()>, what: &str) {
    let all = async {
        while let Some(done) = tasks.join_next().await {
            done.expect("a client does not panic");
        }
    };
    assert!(timeout(limits::SETTLE, all).await.is_ok(), "not within {:?}: {what}", limits::SETTLE);
}
