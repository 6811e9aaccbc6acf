//! `ctl produce`: lines become records.

use std::{borrow::Cow, collections::BTreeMap, path::PathBuf, thread::sleep, time::Instant};

use kafka_wire::{
    ApiKey, ErrorCode,
    batch::Codec,
    messages::{
        init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
        produce::{PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData},
    },
};
use serde::Serialize;

use super::{
    client::{Client, leader_of, patiently},
    fault::Fault,
    interrupt::Interrupt,
    latency::Latencies,
    limits::{REQUEST_TIMEOUT_MS, RETRY_FOR, RETRY_WAIT_MAX, RETRY_WAIT_MIN},
    lines::{Line, Lines},
    round::{Batch, Identity, Round, Shape},
};
use crate::{
    config::readable,
    ctl::progress,
    exit::{Code, Failure, Outcome},
};

/// Later versions name topics by their ids.
const PRODUCE_NEWEST: i16 = 12;
const INIT_PRODUCER_ID_NEWEST: i16 = 4;
/// All replicas: Manifold answers 1 like this, too.
const ACKS_ALL: i16 = -1;

/// What is produced, and how.
pub(super) struct Options {
    pub(super) topic: String,
    pub(super) file: Option<PathBuf>,
    pub(super) key_separator: Option<String>,
    pub(super) partition: Option<i32>,
    pub(super) codec: Codec,
    pub(super) headers: Vec<(String, String)>,
    pub(super) idempotent: bool,
}

/// What became of it.
#[derive(Serialize)]
pub(super) struct Summary {
    topic: String,
    /// Lines that were taken.
    records: u64,
    acknowledged: u64,
    /// Of the keys and values that were acknowledged.
    bytes: u64,
    seconds: f64,
    records_per_second: f64,
    megabytes_per_second: f64,
    /// From when a batch began to its acknowledgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    idempotent: bool,
    /// Acknowledged records by partition.
    partitions: BTreeMap<i32, u64>,
}

impl Summary {
    pub(super) fn to_text(&self) -> String {
        let Summary { topic, records, acknowledged, seconds, .. } = self;
        let count = if records == acknowledged { "all".to_owned() } else { acknowledged.to_string() };
        format!(
            "{records} records for {topic}, {count} acknowledged: {} in {seconds:.1} s, {}\n",
            readable(self.bytes),
            self.pace()
        )
    }

    fn pace(&self) -> String {
        let latency = match (self.p50_ms, self.p99_ms) {
            (Some(p50), Some(p99)) => format!(", p50 {p50:.1} ms, p99 {p99:.1} ms"),
            _ => String::new(),
        };
        format!("{:.0} records/s, {:.2} MB/s{latency}", self.records_per_second, self.megabytes_per_second)
    }
}

struct Tally {
    start: Instant,
    taken: u64,
    acknowledged: u64,
    bytes: u64,
    latencies: Latencies,
    partitions: BTreeMap<i32, u64>,
}

impl Tally {
    fn note(&mut self, batch: &Batch) {
        self.acknowledged += batch.records;
        self.bytes += batch.content_bytes;
        self.latencies.note(batch.since.elapsed(), batch.records);
        *self.partitions.entry(batch.partition).or_default() += batch.records;
    }

    fn summary(&self, topic: &str, idempotent: bool) -> Summary {
        let seconds = self.start.elapsed().as_secs_f64();
        let rate = |count: u64| count as f64 / seconds.max(0.001);
        Summary {
            topic: topic.to_owned(),
            records: self.taken,
            acknowledged: self.acknowledged,
            bytes: self.bytes,
            seconds,
            records_per_second: rate(self.acknowledged),
            megabytes_per_second: rate(self.bytes) / 1e6,
            p50_ms: self.latencies.quantile(0.5),
            p99_ms: self.latencies.quantile(0.99),
            idempotent,
            partitions: self.partitions.clone(),
        }
    }
}

/// Sends every line. What was acknowledged is told whatever happens; the failure says why not all was.
pub(super) fn produce(client: &mut Client, options: Options) -> Outcome<(Summary, Outcome)> {
    let topic = patiently(|| client.topic(&options.topic))?;
    let Options { topic: name, file, key_separator, partition, codec, headers, idempotent } = options;
    topic.chosen(partition)?;
    let partitions = topic.partitions.iter().map(|partition| partition.index).collect();
    let shape = Shape { key_separator, partition, codec, headers, partitions };
    let identity = if idempotent { Some(identity(client)?) } else { None };
    let tally = Tally {
        start: Instant::now(),
        taken: 0,
        acknowledged: 0,
        bytes: 0,
        latencies: Latencies::new(),
        partitions: BTreeMap::new(),
    };
    let interrupt = Interrupt::listen()?;
    let mut producer = Producer { client, topic: name, leaders: topic.leaders(), identity, tally, interrupt };
    let outcome = producer.run(&mut Lines::read(file)?, &shape);
    let summary = producer.tally.summary(&producer.topic, producer.identity.is_some());
    let missing = summary.records - summary.acknowledged;
    let outcome = outcome.map_err(|failure| {
        let told =
            if missing == 0 { String::new() } else { format!("{missing} of {} records are not acknowledged: ", summary.records) };
        Failure::new(failure.code, format!("{told}{}", failure.message))
    });
    Ok((summary, outcome))
}

/// An id of its own, by which brokers know a batch that comes again (KIP-98).
fn identity(client: &mut Client) -> Outcome<Identity> {
    if !client.serves(ApiKey::InitProducerId) {
        let message = "the server gives no producer ids; --no-idempotence produces without, which may repeat or lose records";
        return Err(Failure::new(Code::Failed, message));
    }
    let question =
        InitProducerIdRequest { transaction_timeout_ms: i32::MAX, producer_id: -1, producer_epoch: -1, transactional_id: None };
    patiently(|| {
        let answer = client.ask(&question, INIT_PRODUCER_ID_NEWEST)?;
        let told: InitProducerIdResponse = answer.read()?;
        Fault::check(told.error_code, None, "no producer id is given")?;
        Ok(Identity { id: told.producer_id, epoch: told.producer_epoch, sequences: BTreeMap::new() })
    })
}

struct Producer<'c> {
    client: &'c mut Client,
    topic: String,
    leaders: BTreeMap<i32, Option<i32>>,
    identity: Option<Identity>,
    tally: Tally,
    interrupt: Interrupt,
}

impl Producer<'_> {
    fn run(&mut self, lines: &mut Lines, shape: &Shape) -> Outcome {
        let mut progress = progress::Line::new();
        let mut round = Round::new(shape);
        loop {
            let gathered = self.gather(lines, &mut round);
            // What was taken is sent, also when the input broke behind it.
            if !round.is_empty() {
                let batches = round.finish(self.identity.as_mut());
                self.deliver(batches)?;
                let tally = &self.tally;
                progress.show(|| format!("{} records, {}", tally.acknowledged, tally.summary("", true).pace()));
            }
            if gathered? {
                return Ok(());
            }
            if self.interrupt.is_asked() {
                return Err(Failure::new(Code::Failed, "it was interrupted; lines that were not taken are not sent"));
            }
        }
    }

    /// Takes the lines that are at hand, after a moment of waiting for the first; true: they were the last ones.
    fn gather(&mut self, lines: &mut Lines, round: &mut Round<'_>) -> Outcome<bool> {
        while !round.is_full() {
            match lines.next(round.is_empty())? {
                Line::End => return Ok(true),
                Line::Later => break,
                Line::Some(line) if round.take(&line) => self.tally.taken += 1,
                Line::Some(line) => {
                    lines.put_back(line);
                    break;
                }
            }
        }
        Ok(false)
    }

    /// Sends batches until all are acknowledged. At most one batch of a partition is on its way, so that order holds.
    fn deliver(&mut self, mut batches: Vec<Batch>) -> Outcome {
        let start = Instant::now();
        let mut wait = RETRY_WAIT_MIN;
        loop {
            let fault = match self.attempt(&mut batches) {
                None => return Ok(()),
                Some(fault) => fault,
            };
            if !fault.is_transient() || start.elapsed() >= RETRY_FOR {
                return Err(fault.into());
            }
            if self.interrupt.is_asked() {
                return Err(Failure::new(Code::Failed, format!("it was interrupted; last, {}", Failure::from(fault).message)));
            }
            sleep(wait);
            wait = (wait * 2).min(RETRY_WAIT_MAX);
            // Whoever cannot be asked now may be asked the next time.
            if let Ok(topic) = self.client.topic(&self.topic) {
                self.leaders = topic.leaders();
            }
        }
    }

    /// Sends to all leaders at once, and keeps what was not acknowledged, with a reason. A fault that does not pass comes first.
    fn attempt(&mut self, batches: &mut Vec<Batch>) -> Option<Fault> {
        let mut faults = Vec::new();
        let mut by_leader: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (place, batch) in batches.iter().enumerate() {
            match leader_of(&self.leaders, &self.topic, batch.partition) {
                Ok(leader) => by_leader.entry(leader).or_default().push(place),
                Err(fault) => faults.push(fault),
            }
        }
        let mut asked = Vec::new();
        for (leader, places) in by_leader {
            let sent = self
                .client
                .broker(leader)
                .and_then(|broker| broker.send(&question(&self.topic, batches, &places), PRODUCE_NEWEST));
            match sent {
                Ok(()) => asked.push(leader),
                Err(fault) => faults.push(fault),
            }
        }
        let mut done = Vec::new();
        for leader in asked {
            if let Err(fault) = self.answered(leader, &mut done, &mut faults) {
                self.client.forget(leader);
                // Without an identity a batch that comes again is there twice.
                faults.push(if self.identity.is_some() { fault } else { fault.once() });
            }
        }
        for batch in batches.iter().filter(|batch| done.contains(&batch.partition)) {
            self.tally.note(batch);
        }
        batches.retain(|batch| !done.contains(&batch.partition));
        if batches.is_empty() {
            return None;
        }
        faults.sort_by_key(Fault::is_transient);
        Some(faults.into_iter().next().unwrap_or_else(|| Fault::failed("a broker did not answer for every partition")))
    }

    /// Reads one broker's answer.
    fn answered(&mut self, leader: i32, done: &mut Vec<i32>, faults: &mut Vec<Fault>) -> Result<(), Fault> {
        let answer = self.client.broker(leader)?.receive()?;
        let told: ProduceResponse<'_> = answer.read()?;
        for partition in told.responses.iter().flat_map(|topic| &topic.partition_responses) {
            match verdict(&self.topic, partition) {
                Ok(()) => done.push(partition.index),
                Err(fault) if self.identity.is_some() => faults.push(fault),
                Err(fault) => faults.push(fault.once()),
            }
        }
        Ok(())
    }
}

fn question<'b>(topic: &'b str, batches: &'b [Batch], places: &[usize]) -> ProduceRequest<'b> {
    let data = |place: &usize| PartitionProduceData { index: batches[*place].partition, records: Some(&batches[*place].bytes) };
    let partition_data = places.iter().map(data).collect();
    let topic_data = vec![TopicProduceData { name: Cow::Borrowed(topic), partition_data, ..TopicProduceData::default() }];
    ProduceRequest { transactional_id: None, acks: ACKS_ALL, timeout_ms: REQUEST_TIMEOUT_MS, topic_data }
}

/// Whether a batch is there. A duplicate is: it came before, and its acknowledgement was lost.
fn verdict(topic: &str, told: &PartitionProduceResponse<'_>) -> Result<(), Fault> {
    if told.error_code == ErrorCode::DuplicateSequenceNumber as i16 {
        return Ok(());
    }
    Fault::check(told.error_code, told.error_message.as_ref(), format_args!("{topic}, partition {}", told.index))
}

#[cfg(test)]
mod tests;
