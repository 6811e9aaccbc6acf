use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kafka_wire::{batch, frame::Request, messages::produce::TopicProduceResponse};

use super::*;
use crate::ctl::streams::{
    client::tests::metadata,
    scripted::{Scripted, answer},
};

#[test]
fn the_summary_says_what_is_missing() {
    let mut tally = Tally {
        start: Instant::now() - Duration::from_secs(2),
        taken: 30,
        acknowledged: 0,
        bytes: 0,
        latencies: Latencies::new(),
        partitions: BTreeMap::new(),
    };
    let batch = Batch { partition: 1, bytes: Vec::new(), records: 20, content_bytes: 4_000_000, since: Instant::now() };
    tally.note(&batch);
    let summary = tally.summary("orders", true);
    let text = summary.to_text();
    assert!(
        text.starts_with("30 records for orders, 20 acknowledged: 3.8 MiB in 2.0 s, 10 records/s, 2.00 MB/s, p50 "),
        "{text}"
    );
    assert_eq!(serde_json::to_value(&summary).unwrap()["partitions"]["1"], 20);
    tally.acknowledged = 30;
    assert!(tally.summary("orders", true).to_text().contains("all acknowledged"));
}

#[test]
fn a_duplicate_is_there() {
    let told = |code: ErrorCode| PartitionProduceResponse { error_code: code as i16, ..PartitionProduceResponse::default() };
    assert!(verdict("a", &told(ErrorCode::None)).is_ok());
    assert!(verdict("a", &told(ErrorCode::DuplicateSequenceNumber)).is_ok());
    assert!(!verdict("a", &told(ErrorCode::OutOfOrderSequenceNumber)).unwrap_err().is_transient());
    assert!(verdict("a", &told(ErrorCode::NotLeaderOrFollower)).unwrap_err().is_transient());
}

/// What the broker saw of one batch: partition, producer, base sequence, records.
type Seen = (i32, i64, i32, i32);

/// A broker that answers each Produce with the next code of a script; none: it closes the connection. Afterwards all is well.
fn broker(script: Vec<Option<ErrorCode>>, seen: Arc<Mutex<Vec<Seen>>>) -> Client {
    let mut script = script.into_iter();
    let port = Arc::new(Mutex::new(0));
    let told = port.clone();
    let scripted = Scripted::start(&[], move |request: &Request<'_>| match request.api.key {
        ApiKey::Metadata => Some(answer(request, &metadata([1, 1], &[(1, *told.lock().unwrap())]))),
        ApiKey::InitProducerId => Some(answer(
            request,
            &InitProducerIdResponse { producer_id: 7, producer_epoch: 0, ..InitProducerIdResponse::default() },
        )),
        _ => {
            let asked: ProduceRequest<'_> = request.decode().unwrap();
            assert_eq!(asked.acks, ACKS_ALL);
            let code = script.next().unwrap_or(Some(ErrorCode::None));
            let mut partition_responses = Vec::new();
            for data in &asked.topic_data[0].partition_data {
                let batch = batch::Batch::split(data.records.unwrap()).unwrap().unwrap().0;
                seen.lock().unwrap().push((data.index, batch.producer_id(), batch.base_sequence(), batch.count()));
                let error_code = code.map_or(0, |code| code as i16);
                partition_responses.push(PartitionProduceResponse { index: data.index, error_code, ..Default::default() });
            }
            let responses =
                vec![TopicProduceResponse { name: Cow::Borrowed("orders"), partition_responses, ..Default::default() }];
            code.map(|_| answer(request, &ProduceResponse { responses, ..ProduceResponse::default() }))
        }
    });
    *port.lock().unwrap() = scripted.port;
    Client::connect(scripted.address).unwrap()
}

fn run(script: Vec<Option<ErrorCode>>, idempotent: bool) -> (Summary, Outcome, Vec<Seen>) {
    let seen = Arc::<Mutex<Vec<Seen>>>::default();
    let mut client = broker(script, seen.clone());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a\nb\nc\n").unwrap();
    let options = Options {
        topic: "orders".to_owned(),
        file: Some(file.path().to_owned()),
        key_separator: None,
        partition: Some(1),
        codec: Codec::Gzip,
        headers: Vec::new(),
        idempotent,
    };
    let (summary, outcome) = produce(&mut client, options).unwrap();
    let seen = seen.lock().unwrap().clone();
    (summary, outcome, seen)
}

/// A connection that breaks before the acknowledgement, and a leader that moved: the same batch comes again, and once more.
#[test]
fn a_batch_comes_again_as_it_was() {
    let script = vec![None, Some(ErrorCode::NotLeaderOrFollower), Some(ErrorCode::DuplicateSequenceNumber)];
    let (summary, outcome, seen) = run(script, true);
    assert_eq!(outcome, Ok(()));
    assert_eq!((summary.records, summary.acknowledged), (3, 3));
    assert_eq!(seen, [(1, 7, 0, 3); 3]);
}

/// Without an id nobody could tell a batch that comes again.
#[test]
fn without_idempotence_nothing_is_sent_twice() {
    let (summary, outcome, seen) = run(vec![None], false);
    let failure = outcome.unwrap_err();
    assert!(failure.message.starts_with("3 of 3 records are not acknowledged: "), "{}", failure.message);
    assert!(failure.message.contains("whether it was done is not known"), "{}", failure.message);
    assert_eq!((summary.acknowledged, seen), (0, vec![(1, -1, -1, 3)]));
}

#[test]
fn what_does_not_pass_is_told_with_its_code() {
    let (summary, outcome, seen) = run(vec![Some(ErrorCode::MessageTooLarge)], true);
    let failure = outcome.unwrap_err();
    assert!(
        failure.message.contains("max.message.bytes") && failure.message.ends_with("(MESSAGE_TOO_LARGE)"),
        "{}",
        failure.message
    );
    assert_eq!((summary.acknowledged, seen.len()), (0, 1));
}
