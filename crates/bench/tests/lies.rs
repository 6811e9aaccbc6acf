//! A broker that lies is found out: each lie makes the run fail, and the count says which it was.

use std::{
    borrow::Cow,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use bench::{Bench, Kind};
use clap::{Args, Command, FromArgMatches};
use kafka_wire::{
    ApiKey, ErrorCode,
    batch::{Batch, set_base_offset, set_max_timestamp},
    frame::{Request, respond},
    messages::{
        create_topics::{CreatableTopicResult, CreateTopicsResponse},
        fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData},
        list_offsets::{ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse},
        metadata::{MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
        produce::{PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse},
    },
};

const TOPIC: &str = "load";
/// The batch that is lied about, counted from 0.
const LIED_ABOUT: usize = 2;
/// Records of a batch, with the sizes below.
const BATCH_RECORDS: u64 = 8;

/// What the broker does with one batch that it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    None,
    Loses,
    AppendsTwice,
    Changes,
    Damages,
    Misplaces,
    Refuses,
}

/// One partition on one broker.
struct Broker {
    lie: Lie,
    port: u16,
    made: bool,
    next: i64,
    taken: usize,
    batches: Vec<Vec<u8>>,
}

impl Broker {
    fn start(lie: Lie) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let broker = Broker { lie, port: address.port(), made: false, next: 0, taken: 0, batches: Vec::new() };
        let broker = Arc::new(Mutex::new(broker));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let broker = broker.clone();
                std::thread::spawn(move || serve(stream, &broker));
            }
        });
        address.to_string()
    }

    /// Appends a batch, or does what the lie is; gives its offset and a code.
    fn append(&mut self, records: &[u8]) -> (i64, i16) {
        let mut batch = records.to_vec();
        let count = i64::from(Batch::split(records).expect("sound").expect("whole").0.count());
        let lie = if self.taken == LIED_ABOUT { self.lie } else { Lie::None };
        self.taken += 1;
        if lie == Lie::Refuses {
            return (-1, ErrorCode::NotEnoughReplicas.code());
        }
        let last = batch.len() - 2;
        match lie {
            Lie::Changes => {
                batch[last] ^= 1;
                let now = Batch::split(&batch).expect("sound").expect("whole").0.max_timestamp();
                set_max_timestamp(&mut batch, now);
            }
            Lie::Damages => batch[last] ^= 1,
            _ => {}
        }
        let offset = self.next;
        for _ in 0..if lie == Lie::AppendsTwice { 2 } else { 1 } {
            set_base_offset(&mut batch, self.next);
            self.next += count;
            if lie != Lie::Loses {
                self.batches.push(batch.clone());
            }
        }
        (if lie == Lie::Misplaces { offset + 1 } else { offset }, 0)
    }

    fn from(&self, offset: i64) -> Vec<u8> {
        let wanted = |batch: &&Vec<u8>| Batch::split(batch).expect("sound").expect("whole").0.last_offset() >= offset;
        self.batches.iter().filter(wanted).flatten().copied().collect()
    }

    fn answer(&mut self, request: &Request<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let (id, version) = (request.correlation_id, request.version);
        let name = Cow::Borrowed(TOPIC);
        let written = match request.api.key {
            ApiKey::Metadata => {
                let brokers = vec![MetadataResponseBroker {
                    node_id: 1,
                    host: "127.0.0.1".into(),
                    port: self.port.into(),
                    ..Default::default()
                }];
                let partitions = vec![MetadataResponsePartition { partition_index: 0, leader_id: 1, ..Default::default() }];
                let error_code = if self.made { 0 } else { ErrorCode::UnknownTopicOrPartition.code() };
                let topics = vec![MetadataResponseTopic { error_code, name: Some(name), partitions, ..Default::default() }];
                respond(id, version, &MetadataResponse { brokers, topics, ..Default::default() }, &mut out)
            }
            ApiKey::CreateTopics => {
                self.made = true;
                let topics = vec![CreatableTopicResult { name, ..Default::default() }];
                respond(id, version, &CreateTopicsResponse { topics, ..Default::default() }, &mut out)
            }
            ApiKey::ListOffsets => {
                let partitions = vec![ListOffsetsPartitionResponse { offset: self.next, ..Default::default() }];
                let topics = vec![ListOffsetsTopicResponse { name, partitions }];
                respond(id, version, &ListOffsetsResponse { topics, ..Default::default() }, &mut out)
            }
            ApiKey::Produce => {
                let asked: ProduceRequest<'_> = request.decode().expect("a Produce request");
                let (base_offset, error_code) = self.append(asked.topic_data[0].partition_data[0].records.expect("a batch"));
                let partition_responses = vec![PartitionProduceResponse { base_offset, error_code, ..Default::default() }];
                let responses = vec![TopicProduceResponse { name, partition_responses, ..Default::default() }];
                respond(id, version, &ProduceResponse { responses, ..Default::default() }, &mut out)
            }
            ApiKey::Fetch => {
                let asked: FetchRequest<'_> = request.decode().expect("a Fetch request");
                let records = self.from(asked.topics[0].partitions[0].fetch_offset);
                let partitions = vec![PartitionData { records: Some(&records), high_watermark: self.next, ..Default::default() }];
                let responses = vec![FetchableTopicResponse { topic: name, partitions, ..Default::default() }];
                respond(id, version, &FetchResponse { responses, ..Default::default() }, &mut out)
            }
            other => panic!("{other:?} is not asked"),
        };
        written.expect("an answer can be written");
        out
    }
}

fn serve(mut stream: TcpStream, broker: &Mutex<Broker>) {
    let mut size = [0; 4];
    // The client's end ends it.
    while stream.read_exact(&mut size).is_ok() {
        let mut frame = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut frame).expect("the rest of a request");
        let request = Request::parse(&frame).expect("a request");
        let answer = broker.lock().expect("nobody panicked").answer(&request);
        stream.write_all(&answer).expect("the client is there");
    }
}

/// Ten batches to a broker that lies; what is complained of.
fn complaint(lie: Lie) -> Option<String> {
    let address = Broker::start(lie);
    let command = Bench::augment_args(Command::new("bench"));
    let arguments = ["bench", "produce", "--bootstrap", &address, "--topic", TOPIC, "--records", "80", "--json"];
    let sizes = ["--record-size", "100", "--batch-bytes", "1000", "--connections", "1"];
    let matches = command.try_get_matches_from(arguments.into_iter().chain(sizes)).expect("the arguments are right");
    let bench = Bench::from_arg_matches(&matches).expect("the arguments are right");
    bench::run(&bench, "test").err().map(|error| {
        assert_eq!(error.kind, Kind::Failed, "{error}");
        error.message
    })
}

#[test]
fn an_honest_broker_is_believed_and_a_refusal_is_no_lie() {
    assert_eq!(complaint(Lie::None), None);
    assert_eq!(complaint(Lie::Refuses), None);
}

#[test]
fn each_lie_is_found_out_and_named() {
    let all = BATCH_RECORDS;
    for (lie, told) in [
        (Lie::Loses, format!("lost {all}, duplicated 0, changed 0, foreign 0, disordered 0")),
        (Lie::AppendsTwice, format!("lost 0, duplicated {all}, changed 0, foreign 0, disordered 0")),
        (Lie::Changes, "lost 1, duplicated 0, changed 1, foreign 0, disordered 0".to_owned()),
        (Lie::Damages, "lost 1, duplicated 0, changed 1, foreign 0, disordered 0, batches with a wrong CRC 1".to_owned()),
        (Lie::Misplaces, format!("lost 0, duplicated 0, changed 0, foreign 0, disordered {all}")),
    ] {
        let complaint = complaint(lie).unwrap_or_default();
        assert!(complaint.contains(&told), "{lie:?}: {complaint}");
    }
}
