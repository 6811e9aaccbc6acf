//! Idempotent producers in every codec, and what is read of them.

use crate::report::{PATIENCE, Run, Said, digest};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::Mutex;
use std::time::Instant;

/// The settings of a producer that repeats nothing.
const IDEMPOTENT: (&str, &str) = ("enable.idempotence", "true");

/// Where each record came to lie, in the order of the acknowledgements: partition and offset, or the error.
#[derive(Default)]
struct Deliveries(Mutex<Vec<Result<(i32, i64), String>>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        let place = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.to_string()),
        };
        self.0.lock().expect("nobody panics while holding it").push(place);
    }
}

/// Sends records, one to each partition in turn, and waits until all of them were answered.
pub fn send(
    run: &Run,
    topic: &str,
    partitions: i32,
    values: &[Vec<u8>],
    settings: &[(&str, &str)],
) -> KafkaResult<Vec<Result<(i32, i64), String>>> {
    let config = run.config(settings);
    let producer: ThreadedProducer<Deliveries> = config.create_with_context(Deliveries::default())?;
    for (partition, value) in (0..partitions).cycle().zip(values) {
        let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(partition).payload(&value[..]);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(PATIENCE)?;
    Ok(std::mem::take(&mut *producer.context().0.lock().expect("nobody panics while holding it")))
}

/// So many records of a topic, from its start.
fn read(run: &Run, topic: &str, partitions: i32, count: usize) -> KafkaResult<Vec<OwnedMessage>> {
    let consumer: BaseConsumer = run.config(&[("group.id", "unused"), ("check.crcs", "true")]).create()?;
    let mut from = TopicPartitionList::new();
    for partition in 0..partitions {
        from.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&from)?;
    let (begin, mut found) = (Instant::now(), Vec::new());
    while found.len() < count && begin.elapsed() < PATIENCE {
        if let Some(message) = consumer.poll(PATIENCE) {
            found.push(message?.detach());
        }
    }
    Ok(found)
}

fn values(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("value {number} of a run of values").into_bytes()).collect()
}

fn payload(message: &OwnedMessage) -> &[u8] {
    message.payload().unwrap_or_default()
}

fn errors(sent: &[Result<(i32, i64), String>]) -> Vec<&String> {
    sent.iter().filter_map(|place| place.as_ref().err()).collect()
}

pub fn codecs(run: &Run) -> Said {
    let mut said = Vec::new();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = run.topic(&format!("-{codec}"), 1)?;
        let sent = send(run, &topic, 1, &values(500), &[IDEMPOTENT, ("compression.type", codec), ("linger.ms", "50")])?;
        let found = read(run, &topic, 1, 500)?;
        let (first, last) = (sent.first().cloned(), sent.last().cloned());
        said.push(format!("{codec} errors {:?} from {first:?} to {last:?}", errors(&sent)));
        said.push(format!("{codec} read {} {}", found.len(), digest(found.iter().map(payload))));
    }
    Ok(said)
}

pub fn sequences(run: &Run) -> Said {
    let topic = run.topic("", 4)?;
    let settings = [IDEMPOTENT, ("batch.num.messages", "7"), ("linger.ms", "0")];
    let sent = send(run, &topic, 4, &values(2_000), &settings)?;
    let mut said = vec![format!("errors {:?}", errors(&sent))];
    let found = read(run, &topic, 4, 2_000)?;
    for partition in 0..4 {
        let offsets: Vec<i64> = sent.iter().flatten().filter(|(of, _)| *of == partition).map(|(_, offset)| *offset).collect();
        let is_dense = offsets.iter().copied().eq(0..offsets.len() as i64);
        let read = found.iter().filter(|message| message.partition() == partition);
        said.push(format!("{partition} acknowledged {} in order {is_dense} {}", offsets.len(), digest(read.map(payload))));
    }
    let large = vec![vec![b'x'; 2_000_000]];
    let refused = send(run, &topic, 1, &large, &[IDEMPOTENT, ("message.max.bytes", "8000000")])?;
    said.push(format!("two megabytes {:?}", errors(&refused)));
    let nowhere: Result<_, KafkaError> = send(run, "a name with spaces", 1, &values(1), &[("message.timeout.ms", "3000")]);
    said.push(format!("a bad name {:?}", nowhere.map(|sent| errors(&sent).into_iter().cloned().collect::<Vec<_>>())));
    Ok(said)
}
