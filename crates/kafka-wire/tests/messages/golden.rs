//! What a real Apache Kafka 4.3.0 was asked and answered, as `tests/golden/` keeps it: read whole, and written again as the same bytes.

use std::{collections::BTreeSet, fs, path::Path};

use kafka_wire::{
    Api, ApiKey, Message,
    batch::{Batches, Rules, validate},
    error::Kind,
    frame::{Request, SIZE_BYTES, split_frame},
    hot::{
        fetch::{FetchAnswer, FetchPartitionAnswer, FetchTopicAnswer},
        produce::Produce,
    },
    messages::{
        APIS,
        api_versions::ApiVersionsResponse,
        fetch::{EpochEndOffset, FetchResponse, LeaderIdAndEpoch},
        header::{RequestHeader, ResponseHeader},
        produce::ProduceRequest,
    },
};

use crate::{
    cases::{Case, cases},
    oracle::{Other, others},
};

/// Who asked with this crate's own messages; all others are clients of their own.
const OURS: &str = "kafka-wire";
/// No frame is larger: the recording leaves larger ones out, and ours are small.
const FRAME_BYTES_MAX: u32 = 1 << 16;
/// What the correlation id of every request of ours is.
const CORRELATION_ID: i32 = 7;

/// One line of a file.
struct Frame {
    api: &'static Api,
    version: i16,
    is_request: bool,
    who: String,
    /// With the size.
    bytes: Vec<u8>,
}

impl Frame {
    fn parse(api: &'static Api, line: &str) -> Frame {
        let words: Vec<&str> = line.split(' ').collect();
        let [version, what, who, hex] = words[..] else { panic!("{}: not four words: {line}", api.name) };
        let version = version.strip_prefix('v').and_then(|version| version.parse().ok()).expect("a version comes first");
        let is_request = match what {
            "request" => true,
            "response" => false,
            _ => panic!("{}: {what} is neither", api.name),
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit");
        let pair = |pair: &[u8]| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).unwrap();
        assert!(hex.len().is_multiple_of(2), "{}: half a byte", api.name);
        Frame { api, version, is_request, who: who.into(), bytes: hex.as_bytes().chunks(2).map(pair).collect() }
    }

    /// Where it comes from, for a failure.
    fn place(&self) -> String {
        let what = if self.is_request { "request" } else { "response" };
        format!("{} v{} {what} of {}", self.api.name, self.version, self.who)
    }

    /// The body, after the header was held against what is written again for it.
    fn body(&self) -> &[u8] {
        let (frame, rest) = split_frame(&self.bytes, FRAME_BYTES_MAX).unwrap().unwrap_or_else(|| panic!("{}", self.place()));
        assert!(rest.is_empty(), "{}: bytes follow the frame", self.place());
        let mut again = Vec::new();
        if self.is_request {
            let request = Request::parse(frame).unwrap();
            assert_eq!((request.api, request.version), (self.api, self.version), "{}", self.place());
            let (head, body) = frame.split_at(frame.len() - request.body.len());
            let version = self.api.request_header_version(self.version);
            RequestHeader::decode(head, version).unwrap().encode(version, &mut again).unwrap();
            assert_eq!(head, again, "{}: its header", self.place());
            body
        } else {
            let version = self.api.response_header_version(self.version);
            let (head, body) = frame.split_at(if version >= 1 { 5 } else { 4 });
            ResponseHeader::decode(head, version).unwrap().encode(version, &mut again).unwrap();
            assert_eq!(head, again, "{}: its header", self.place());
            body
        }
    }

    fn message(&self) -> String {
        format!("{}{}", self.api.name, if self.is_request { "Request" } else { "Response" })
    }
}

/// All that was recorded, file after file. A file's name is that of an API.
fn frames() -> Vec<Frame> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut frames = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let api = APIS.iter().find(|api| api.name == name).unwrap_or_else(|| panic!("{name} is no API"));
        let text = fs::read_to_string(&path).unwrap();
        frames.extend(text.lines().filter(|line| !line.starts_with('#')).map(|line| Frame::parse(api, line)));
    }
    frames
}

/// Each frame with what reads and writes it.
fn every_frame(mut check: impl FnMut(&Frame, &Case, &Other)) {
    let (cases, others) = (cases(), others());
    for frame in frames() {
        let place = cases.iter().position(|case| case.name == frame.message()).unwrap();
        check(&frame, &cases[place], &others[place]);
    }
}

/// The table has every API that any door serves, so that none can be served without bytes of the real Kafka.
#[test]
fn every_version_of_the_table_was_recorded_both_ways() {
    let found: BTreeSet<_> =
        frames().iter().filter(|frame| frame.who == OURS).map(|frame| (frame.api.key, frame.version, frame.is_request)).collect();
    let wanted = APIS.iter().flat_map(|api| (api.min..=api.max).map(move |version| (api.key, version)));
    let wanted: BTreeSet<_> = wanted.flat_map(|(key, version)| [(key, version, true), (key, version, false)]).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "not recorded: {missing:?}");
    let unknown: Vec<_> = found.difference(&wanted).collect();
    assert!(unknown.is_empty(), "no such versions: {unknown:?}");
}

#[test]
fn other_clients_were_recorded_too() {
    let frames = frames();
    let clients: BTreeSet<_> = frames.iter().filter(|frame| frame.who != OURS).map(|frame| &*frame.who).collect();
    for client in ["kafka-java", "franz-go", "librdkafka", "aiokafka"] {
        assert!(clients.iter().any(|found| found.starts_with(client)), "{client} is not among {clients:?}");
    }
}

#[test]
fn what_kafka_was_asked_and_answered_is_read_and_written_as_the_same_bytes() {
    every_frame(|frame, case, _| {
        let body = frame.body();
        assert_eq!((case.decode)(body, frame.version), Ok(()), "{}: {body:02x?}", frame.place());
        assert_eq!((case.again)(body, frame.version).as_deref(), Some(body), "{}", frame.place());
        if frame.who == OURS {
            let at = if frame.is_request { SIZE_BYTES + 4 } else { SIZE_BYTES };
            assert_eq!(frame.bytes[at..at + 4], CORRELATION_ID.to_be_bytes(), "{}", frame.place());
        }
    });
}

#[test]
fn another_codec_reads_and_writes_the_same_of_what_kafka_was_asked_and_answered() {
    let mut compared = 0;
    every_frame(|frame, _, other| {
        if other.versions.as_ref().is_some_and(|versions| versions.contains(&frame.version)) {
            let body = frame.body();
            assert_eq!((other.again)(body, frame.version).as_deref(), Ok(body), "{}", frame.place());
            compared += 1;
        }
    });
    assert!(compared > 1_000, "only {compared} frames were compared");
}

#[test]
fn what_kafka_was_asked_and_answered_does_no_harm_when_damaged() {
    every_frame(|frame, case, _| {
        let body = frame.body();
        for length in 0..body.len() {
            let read = (case.decode)(&body[..length], frame.version);
            assert!(read.is_err(), "{} cut to {length} bytes is read", frame.place());
        }
        let longer = [body, &[0]].concat();
        assert_eq!((case.decode)(&longer, frame.version), Err(Kind::Trailing), "{}", frame.place());
        let mut damaged = body.to_vec();
        for at in 0..body.len() {
            for flipped in [0x01, 0x80, 0xff] {
                damaged[at] ^= flipped;
                let Some(once) = (case.again)(&damaged, frame.version) else {
                    damaged[at] ^= flipped;
                    continue;
                };
                // Unknown tags are gone and lengths are shortest, so that once more changes nothing.
                assert_eq!((case.again)(&once, frame.version).as_ref(), Some(&once), "{}: {damaged:?}", frame.place());
                damaged[at] ^= flipped;
            }
        }
    });
}

/// What a broker has besides, for controllers, for other brokers and for who operates them: UnregisterBroker, AddRaftVoter,
/// RemoveRaftVoter, and the five calls that keep the state of share groups.
const WITHOUT_A_CODEC: [i16; 8] = [64, 80, 81, 83, 84, 85, 86, 87];

#[test]
fn the_table_has_the_versions_that_kafka_says_it_has() {
    let frames = frames();
    let is_answer = |frame: &&Frame| frame.api.key == ApiKey::ApiVersions && !frame.is_request && frame.who == OURS;
    for frame in frames.iter().filter(is_answer) {
        let response = ApiVersionsResponse::decode(frame.body(), frame.version).unwrap();
        let said: Vec<_> = response.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version)).collect();
        let (known, unknown): (Vec<_>, Vec<_>) = said.iter().partition(|(key, _, _)| ApiKey::from_code(*key).is_some());
        let table: Vec<_> = APIS.iter().map(|api| (api.key.code(), api.advertised_min(), api.max)).collect();
        assert_eq!(known, table, "{}", frame.place());
        assert_eq!(unknown.iter().map(|(key, _, _)| *key).collect::<Vec<_>>(), WITHOUT_A_CODEC, "{}", frame.place());
    }
}

#[test]
fn produce_is_walked_as_kafka_was_asked_it() {
    let mut walked = 0;
    every_frame(|frame, _, _| {
        if frame.api.key != ApiKey::Produce || !frame.is_request {
            return;
        }
        let decoded = ProduceRequest::decode(frame.body(), frame.version).unwrap();
        let walk = Produce::parse(frame.body(), frame.version).unwrap();
        let expected = decoded.topic_data.iter().flat_map(|topic| {
            let parts = topic.partition_data.iter();
            parts.map(|part| (&*topic.name, topic.topic_id, part.index, part.records))
        });
        let found = walk.entries().map(|entry| (entry.name, entry.id, entry.partition.index, entry.partition.records));
        assert!(found.eq(expected), "{}", frame.place());
        walked += 1;
    });
    assert!(walked >= 11, "only {walked} requests were walked");
}

/// The same answer as it is written by hand.
fn by_hand<'a>(response: &FetchResponse<'a>) -> FetchAnswer<'a> {
    let partition = |part: &kafka_wire::messages::fetch::PartitionData<'a>| FetchPartitionAnswer {
        index: part.partition_index,
        error_code: part.error_code,
        high_watermark: part.high_watermark,
        last_stable_offset: part.last_stable_offset,
        log_start_offset: part.log_start_offset,
        diverging_epoch: Some(part.diverging_epoch.clone()).filter(|epoch| *epoch != EpochEndOffset::default()),
        current_leader: Some(part.current_leader.clone()).filter(|leader| *leader != LeaderIdAndEpoch::default()),
        aborted_transactions: part.aborted_transactions.clone(),
        preferred_read_replica: part.preferred_read_replica,
        records: part.records.map(|records| records.to_vec().into()).into_iter().collect(),
    };
    let topics = response.responses.iter().map(|topic| FetchTopicAnswer {
        name: topic.topic.clone(),
        id: topic.topic_id,
        partitions: topic.partitions.iter().map(partition).collect(),
    });
    FetchAnswer {
        throttle_time_ms: response.throttle_time_ms,
        error_code: response.error_code,
        session_id: response.session_id,
        topics: topics.collect(),
        node_endpoints: response.node_endpoints.clone(),
    }
}

#[test]
fn fetch_is_written_as_kafka_answered_it_and_its_batches_are_good() {
    let (mut answers, mut batches) = (0, 0);
    every_frame(|frame, _, _| {
        if frame.api.key != ApiKey::Fetch || frame.is_request {
            return;
        }
        let response = FetchResponse::decode(frame.body(), frame.version).unwrap();
        let correlation_id = i32::from_be_bytes(frame.bytes[SIZE_BYTES..SIZE_BYTES + 4].try_into().unwrap());
        let pieces = by_hand(&response).encode(correlation_id, frame.version).unwrap();
        assert_eq!(pieces.concat(), frame.bytes, "{}", frame.place());
        answers += 1;
        for part in response.responses.iter().flat_map(|topic| &topic.partitions) {
            // The last batch may be cut off where the client's limit was.
            for batch in Batches::new(part.records.unwrap_or_default()).map_while(Result::ok) {
                assert!(batch.crc_is_right(), "{}", frame.place());
                batches += 1;
                if batch.is_control() {
                    continue;
                }
                let rules = Rules {
                    batch_bytes_max: 1 << 16,
                    inflated_bytes_max: 1 << 16,
                    compacted: false,
                    zstd: true,
                    timestamps: None,
                };
                validate(batch.bytes(), &rules).unwrap_or_else(|fault| panic!("{}: {fault:?}", frame.place()));
            }
        }
    });
    assert!(answers > 30 && batches > 30, "only {answers} answers with {batches} batches");
}
