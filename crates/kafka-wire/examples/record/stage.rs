//! What the steps share: the connection, the topic that most of them ask about, and small questions.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use kafka_wire::{
    ApiKey, ErrorCode, Uuid,
    batch::{BatchBuilder, Codec, Producer},
    messages::{
        create_topics::{CreatableTopic, CreateTopicsRequest, CreateTopicsResponse},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
    },
};

use crate::{broker::OPEN_PORT, golden::Golden, talker::Talker};

/// The topic that most steps ask about: two partitions.
pub(crate) const TOPIC: &str = "golden";
/// How long the broker may take for what it does in the background, in ms.
pub(crate) const TIMEOUT_MS: i32 = 20_000;
/// What stands in every record, so that a second recording has the same bytes.
const TIMESTAMP_MS: i64 = 1_750_000_000_000;
/// A coordinator that is asked for the first time makes its topic first.
const COORDINATOR: Duration = Duration::from_secs(30);

pub(crate) struct Stage<'g> {
    pub(crate) golden: &'g Golden,
    pub(crate) open: Talker<'g>,
    /// The id of [`TOPIC`].
    pub(crate) topic_id: Uuid,
}

impl<'g> Stage<'g> {
    /// Connects and makes [`TOPIC`].
    pub(crate) fn new(golden: &'g Golden) -> Self {
        let open = Talker::connect(OPEN_PORT, golden).expect("the broker listens");
        let mut stage = Self { golden, open, topic_id: Uuid::ZERO };
        stage.make_topic(TOPIC, 2);
        stage.topic_id = stage.id_of(TOPIC);
        stage
    }

    /// Makes a topic and waits until the broker knows it.
    pub(crate) fn make_topic(&mut self, name: &str, num_partitions: i32) {
        let topic = CreatableTopic { name: name.into(), num_partitions, replication_factor: 1, ..CreatableTopic::default() };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, validate_only: false };
        let answer = self.open.prepare(7, &request);
        expect(answer.read::<CreateTopicsResponse<'_>>().topics[0].error_code, ErrorCode::None);
        until("a topic is known", || !self.id_of(name).is_zero());
    }

    /// A topic's id, zero while it is not known.
    pub(crate) fn id_of(&mut self, name: &str) -> Uuid {
        let topic = MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request =
            MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let answer = self.open.prepare(12, &request);
        answer.read::<MetadataResponse<'_>>().topics[0].topic_id
    }
}

/// The versions of the table.
pub(crate) fn versions(key: ApiKey) -> RangeInclusive<i16> {
    key.api().min..=key.api().max
}

/// Holds an answer's error against the one that the step is about.
#[track_caller]
pub(crate) fn expect(code: i16, expected: ErrorCode) {
    let found = ErrorCode::ALL.iter().find(|known| known.code() == code);
    assert!(code == expected.code(), "{} was expected, and {code} came: {found:?}", expected.name());
}

/// Asks again until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + COORDINATOR;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {COORDINATOR:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A batch of two records.
pub(crate) fn batch(codec: Codec, producer: Option<Producer>) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec);
    if let Some(producer) = producer {
        builder = builder.producer(producer);
    }
    builder.push(TIMESTAMP_MS, Some(b"key"), Some(b"value"), &[("header", Some(b"h"))]);
    builder.push(TIMESTAMP_MS + 5, None, Some(b"second"), &[]);
    builder.finish()
}
