//! Reading parts of a topic.

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap};

use hdrhistogram::Histogram;
use kafka_wire::{
    ErrorCode,
    batch::{Batch, Batches},
    messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
};
use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    kafka::{Connection, Topic, name_of},
    ledger::{Audit, Producer, Verdict},
    limits::{ASKED_EVERY, FETCH_BYTES_MAX, FETCH_WAIT_MS, INFLATED_BYTES_MAX, STALLED},
    monitor::Live,
    report::latencies,
};

pub(crate) const FETCH_VERSION: i16 = 11;
/// Bytes of one partition in one answer, unless it is said otherwise: what Kafka's consumers ask for.
pub(crate) const PARTITION_BYTES: i32 = 1 << 20;

/// A part of a partition, from one offset to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// Who takes what is read.
pub(crate) trait Sink {
    /// The next record of a partition.
    fn take(&self, partition: i32, offset: i64, value: Option<&[u8]>);
    /// A batch whose CRC is wrong came; its records follow.
    fn crc_wrong(&self);
    /// Whether reading may end before its spans do.
    fn enough(&self) -> bool;
}

/// What one reader did.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) records: u64,
    /// Bytes of values.
    pub(crate) bytes: u64,
    /// Microseconds of each fetch.
    pub(crate) latency: Histogram<u64>,
    /// Whether it came to the end of its spans.
    pub(crate) complete: bool,
}

/// One reader on one connection.
pub(crate) struct Reader<'a> {
    pub(crate) topic: &'a Topic,
    pub(crate) partition_bytes: i32,
    pub(crate) live: &'a Live,
}

impl Reader<'_> {
    /// Reads all of `spans`, which `leader` leads, and shows every record to `sink`.
    pub(crate) async fn read(&self, leader: &str, spans: &[Span], sink: &dyn Sink) -> Result<Reading> {
        let mut connection = Connection::open(leader).await?;
        let mut open: Vec<Span> = spans.iter().filter(|span| span.from < span.to).copied().collect();
        let mut reading = Reading { records: 0, bytes: 0, latency: latencies(), complete: false };
        let mut progressed = Instant::now();
        while !open.is_empty() && !sink.enough() {
            let now = Instant::now();
            let answer = connection.ask(&self.question(&open), FETCH_VERSION).await?;
            let told: FetchResponse<'_> = answer.read()?;
            reading.latency.saturating_record((now.elapsed().as_micros() as u64).max(1));
            let before = reading.records;
            let refused = self.take(&told, &mut open, sink, &mut reading)?;
            Live::add(&self.live.read, reading.records - before);
            if reading.records > before {
                progressed = Instant::now();
            } else if progressed.elapsed() > STALLED {
                let Span { partition, from, to } = open[0];
                let why = refused.map_or_else(|| "nothing more comes".to_owned(), name_of);
                return Err(Error::failed(format!(
                    "reading {} stopped at partition {partition}, offset {from} of {to}: {why}",
                    self.topic.name
                )));
            } else if refused.is_some() {
                sleep(ASKED_EVERY).await;
            }
            open.retain(|span| span.from < span.to);
            // A broker fills an answer in the order of the question: nobody is to be the last one always.
            if !open.is_empty() {
                open.rotate_left(1);
            }
        }
        reading.complete = open.is_empty();
        Ok(reading)
    }

    fn question(&self, open: &[Span]) -> FetchRequest<'_> {
        let partition = |span: &Span| FetchPartition {
            partition: span.partition,
            fetch_offset: span.from,
            partition_max_bytes: self.partition_bytes,
            ..FetchPartition::default()
        };
        let partitions = open.iter().map(partition).collect();
        let topic = FetchTopic { topic: Cow::Borrowed(&self.topic.name), partitions, ..FetchTopic::default() };
        FetchRequest {
            max_wait_ms: FETCH_WAIT_MS,
            min_bytes: 1,
            max_bytes: FETCH_BYTES_MAX,
            topics: vec![topic],
            ..FetchRequest::default()
        }
    }

    /// Takes what came, and moves the spans behind it. Gives the code of a refusal that may pass.
    fn take(&self, told: &FetchResponse<'_>, open: &mut [Span], sink: &dyn Sink, reading: &mut Reading) -> Result<Option<i16>> {
        let mut refused = Some(told.error_code).filter(|code| *code != 0);
        let mut places: BTreeMap<i32, &mut Span> = open.iter_mut().map(|span| (span.partition, span)).collect();
        for data in told.responses.iter().flat_map(|topic| &topic.partitions) {
            let Some(span) = places.get_mut(&data.partition_index) else { continue };
            if data.error_code != 0 {
                if !ErrorCode::from_code(data.error_code).is_some_and(ErrorCode::is_retriable) {
                    let (name, code) = (&self.topic.name, name_of(data.error_code));
                    return Err(Error::failed(format!("partition {} of {name} cannot be read: {code}", data.partition_index)));
                }
                refused = Some(data.error_code);
            }
            for batch in Batches::new(data.records.unwrap_or_default()) {
                let batch = batch.map_err(|fault| Error::failed(format!("a batch that was fetched is damaged: {fault}")))?;
                take_batch(&batch, span, sink, reading)?;
            }
        }
        Ok(refused)
    }
}

/// Shows the records of a batch that lie in the span.
fn take_batch(batch: &Batch<'_>, span: &mut Span, sink: &dyn Sink, reading: &mut Reading) -> Result {
    if !batch.crc_is_right() {
        sink.crc_wrong();
    }
    if !batch.is_control() {
        let content = batch.inflate(INFLATED_BYTES_MAX);
        let content = content.map_err(|fault| Error::failed(format!("a batch cannot be inflated: {fault}")))?;
        for record in batch.records(&content) {
            let record = record.map_err(|fault| Error::failed(format!("a record cannot be read: {fault}")))?;
            if (span.from..span.to).contains(&record.offset) {
                sink.take(span.partition, record.offset, record.value);
                reading.records += 1;
                reading.bytes += record.value.map_or(0, <[u8]>::len) as u64;
            }
        }
    }
    span.from = span.from.max(batch.last_offset() + 1);
    Ok(())
}

/// Reads everything from `from` to what is the end now, by partition, and holds it against what was sent.
pub(crate) async fn read_back(topic: &Topic, from: &[i64], live: &Live, producers: Vec<Producer>) -> Result<Verdict> {
    let to = crate::kafka::offsets(topic, crate::kafka::LATEST).await?;
    let reader = Reader { topic, partition_bytes: PARTITION_BYTES, live };
    let audit = RefCell::new(Audit::new(producers));
    for (leader, partitions) in topic.by_leader() {
        let span = |partition: &i32| {
            let place = *partition as usize;
            Span { partition: *partition, from: from[place], to: to[place] }
        };
        let spans: Vec<Span> = partitions.iter().map(span).collect();
        reader.read(leader, &spans, &audit).await?;
    }
    Ok(audit.into_inner().finish(true))
}

impl Sink for RefCell<Audit> {
    fn take(&self, partition: i32, offset: i64, value: Option<&[u8]>) {
        self.borrow_mut().take(partition, offset, value);
    }

    fn crc_wrong(&self) {
        self.borrow_mut().crc_wrong();
    }

    fn enough(&self) -> bool {
        false
    }
}
