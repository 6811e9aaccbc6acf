//! Idempotent producers that live for one batch, far more than are remembered: what a node keeps of them is bounded.
//! The test has a million of them, five times what a shard remembers.

use interop::kafka_load::{PRODUCE, batch, link, produce, produced, topic};
use interop::ledger::book::Book;
use interop::{Server, Settings};
use kafka_wire::Message;
use kafka_wire::batch::Producer;
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const MIB: u64 = 1 << 20;
const INIT_PRODUCER_ID: i16 = 4;
/// Connections, and requests in flight on each.
const CONNECTIONS: usize = 4;
const PIPELINE: usize = 500;
/// Producers that a shard remembers (`stream`: `PRODUCERS_MAX`), and what each takes at most.
const PRODUCERS_MAX: u64 = 200_000;
const PRODUCER_BYTES: u64 = 400;
/// What a node takes beside producers while it works: changes that are not settled, the journal's tail, what the allocator keeps.
const HOUSE_BYTES: u64 = 64 * MIB;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_short_lived_producers_cost_no_more_than_those_remembered() {
    live_and_die(1_000_000, 10).await;
}

/// So many producers, in so many equal steps after each of which memory is looked at.
async fn live_and_die(producers: u64, steps: u64) {
    let arguments = ["--journal-segment", "16MiB", "--settle", "4MiB", "--value-cache", "1MiB", "--shards", "1"];
    let server = Server::start(Settings::manifold().with_arguments(&arguments)).await;
    let book = topic(&[&server], "brief", 1).await;
    let before = server.resident_bytes();
    let (begin, each) = (Instant::now(), producers / steps);
    let mut resident = Vec::new();
    let mut last = None;
    for step in 1..=steps {
        let mut clients = JoinSet::new();
        for _ in 0..CONNECTIONS {
            clients.spawn(some(book.clone(), each as usize / CONNECTIONS));
        }
        while let Some(done) = clients.join_next().await {
            last = Some(done.expect("a client does not panic"));
        }
        let grew = server.resident_bytes().saturating_sub(before);
        let lived = step * each;
        println!("{lived} producers after {:.1?}: memory grew by {:.1} MiB", begin.elapsed(), grew as f64 / MIB as f64);
        let limit = HOUSE_BYTES + lived.min(PRODUCERS_MAX) * PRODUCER_BYTES;
        assert!(grew <= limit, "after {lived} producers memory grew by {} MiB, and may by {}", grew / MIB, limit / MIB);
        resident.push((lived, grew));
    }
    // Once as many lived as are remembered, it stands still, but for what a settle takes while it runs: those that came since would
    // take far more.
    let full: Vec<u64> = resident.iter().filter(|(lived, _)| *lived > PRODUCERS_MAX).map(|(_, grew)| *grew).collect();
    if let (Some(first), Some(last)) = (full.first(), full.last()) {
        assert!(*last <= first + 48 * MIB, "it goes on growing: {resident:?}");
    }
    // Whoever wrote last is remembered: its batch is the one that is there.
    let (producer, offset) = last.expect("there were some");
    let mut link = link(&book).await;
    let again = batch(Some(producer), [&b"x"[..]]);
    let answer = link.ask(PRODUCE, &produce("brief", 0, -1, &again)).await.expect("an answer");
    assert_eq!(produced(&answer), (0, offset), "a repeated batch is not appended again");
    book.assert_sound();
}

/// So many producers on one connection, each with its id and one batch; the last one, and where its batch is.
async fn some(book: Arc<Book>, producers: usize) -> (Producer, i64) {
    let mut link = link(&book).await;
    let mut last = None;
    for at in (0..producers).step_by(PIPELINE) {
        let count = PIPELINE.min(producers - at);
        let mut answers = Vec::with_capacity(count);
        let request =
            InitProducerIdRequest { transactional_id: None, transaction_timeout_ms: -1, ..InitProducerIdRequest::default() };
        for _ in 0..count {
            answers.push(link.send(INIT_PRODUCER_ID, &request).await.expect("it can be sent"));
        }
        let mut identities = Vec::with_capacity(count);
        for answer in answers {
            let answer = tokio::time::timeout(Duration::from_secs(30), answer).await.expect("in time").expect("an answer");
            let answer = InitProducerIdResponse::decode(&answer, INIT_PRODUCER_ID).expect("an answer to InitProducerId");
            assert_eq!(answer.error_code, 0);
            let (id, epoch) = (answer.producer_id, answer.producer_epoch);
            identities.push(Producer { id, epoch, base_sequence: 0, transactional: false });
        }
        let mut answers = Vec::with_capacity(count);
        for identity in identities {
            let batch = batch(Some(identity), [&b"x"[..]]);
            let answer = link.send(PRODUCE, &produce("brief", 0, -1, &batch)).await.expect("it can be sent");
            answers.push((identity, answer));
        }
        for (identity, answer) in answers {
            let answer = tokio::time::timeout(Duration::from_secs(30), answer).await.expect("in time").expect("an answer");
            let (code, offset) = produced(&answer);
            assert_eq!(code, 0, "it is acknowledged");
            last = Some((identity, offset));
        }
    }
    last.expect("there is one at least")
}
