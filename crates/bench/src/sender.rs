//! One connection that sends batches as fast as its bounds allow, or on schedule.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    rc::Rc,
    time::{Duration, SystemTime},
};

use hdrhistogram::Histogram;
use kafka_wire::{Message, messages::produce::ProduceResponse};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    arguments::Limit,
    error::Result,
    kafka::{Connection, name_of},
    ledger::{Fate, Producer},
    limits::{GRACE, REFUSED_PAUSE},
    monitor::Live,
    pace::Pace,
    report::latencies,
    template::{PRODUCE_VERSION, Patch, Shape, Template},
};

/// Bytes that are written at once at most.
const WRITE_BYTES: usize = 256 << 10;
/// The status of a server that has too much under way (RFC 6585, section 4).
const TOO_MANY_REQUESTS: u16 = 429;

/// What is sent, over all connections.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) shape: Shape,
    pub(crate) connections: usize,
    pub(crate) in_flight: usize,
    pub(crate) idempotent: bool,
    pub(crate) limit: Limit,
    /// Records a second; as fast as it goes otherwise.
    pub(crate) rate: Option<f64>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) producers: Vec<Producer>,
    /// Microseconds of each batch.
    pub(crate) latency: Histogram<u64>,
    pub(crate) errors: BTreeMap<String, u64>,
    /// Records that were acknowledged, or sent where nobody answers.
    pub(crate) done: u64,
    /// Bytes of their payloads.
    pub(crate) bytes: u64,
    /// Records that were due before the end and not sent.
    pub(crate) behind: u64,
    /// What requests over HTTP were answered.
    pub(crate) answers: Answers,
    pub(crate) seconds: f64,
    /// When the last one was done.
    pub(crate) last: Option<Instant>,
}

/// Requests over HTTP by what they were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) done: u64,
    /// The server has too much under way.
    pub(crate) too_many: u64,
    /// Anything else, or nothing.
    pub(crate) other: u64,
}

impl Answers {
    /// One more with this status; 0 if there was no answer.
    pub(crate) fn count(&mut self, status: u16) {
        match status {
            200..300 => self.done += 1,
            TOO_MANY_REQUESTS => self.too_many += 1,
            _ => self.other += 1,
        }
    }

    fn add(&mut self, other: Answers) {
        self.done += other.done;
        self.too_many += other.too_many;
        self.other += other.other;
    }
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            producers: Vec::new(),
            latency: latencies(),
            errors: BTreeMap::new(),
            done: 0,
            bytes: 0,
            behind: 0,
            answers: Answers::default(),
            seconds: 0.0,
            last: None,
        }
    }
}

impl Sent {
    /// What all connections did since `begin`, once they have ended.
    pub(crate) async fn of(tasks: Vec<JoinHandle<Sent>>, begin: Instant) -> Sent {
        let mut all = Sent::default();
        for task in tasks {
            match task.await {
                Ok(sent) => all.add(sent),
                Err(error) => *all.errors.entry(format!("a connection's task ended: {error}")).or_default() += 1,
            }
        }
        all.finish(begin);
        all
    }

    /// Nothing more is done of what began then.
    pub(crate) fn finish(&mut self, begin: Instant) {
        self.seconds = self.last.map_or_else(|| begin.elapsed(), |last| last.duration_since(begin)).as_secs_f64();
    }

    /// Adds what another connection did.
    pub(crate) fn add(&mut self, other: Sent) {
        self.producers.extend(other.producers);
        self.latency.add(other.latency).expect("the bounds are the same");
        for (text, count) in other.errors {
            *self.errors.entry(text).or_default() += count;
        }
        self.done += other.done;
        self.bytes += other.bytes;
        self.behind += other.behind;
        self.answers.add(other.answers);
        self.last = self.last.max(other.last);
    }
}

/// A batch that has no answer yet.
struct InFlight {
    id: i32,
    unit: usize,
    partition: i32,
    records: u32,
    bytes: u64,
    since: Instant,
}

/// The connection.
pub(crate) struct Sender {
    connection: Connection,
    producer: Producer,
    whole: Template,
    /// The last batch, where the count is no multiple.
    rest: Option<Template>,
    index: usize,
    acks: i16,
    in_flight_max: usize,
    partitions: Vec<i32>,
    /// Which of them is next, and of each the sequence that follows.
    turn: usize,
    sequences: Vec<i32>,
    identity: Option<(i64, i16)>,
    /// Whether sequences have to begin anew, after a refusal.
    renew: bool,
    refused: bool,
    left: u64,
    pace: Pace,
    open: VecDeque<InFlight>,
    out: Vec<u8>,
    sent: Sent,
    live: Rc<Live>,
}

impl Sender {
    /// Encodes the templates, and takes an identity if there is to be one.
    pub(crate) async fn new(
        load: &Load,
        mut connection: Connection,
        producer: Producer,
        partitions: Vec<i32>,
        index: usize,
        live: Rc<Live>,
    ) -> Result<Sender> {
        let (records, connections) = (load.shape.records(), load.connections as u64);
        let share = |count: u64| count / connections + u64::from((index as u64) < count % connections);
        let left = load.limit.count.map_or(u64::MAX, share);
        let of = |records| Template::new(&load.shape, producer.id(), records);
        let over = if load.limit.count.is_some() { (left % u64::from(records)) as u32 } else { 0 };
        let rest = (over > 0).then(|| of(over));
        let identity = if load.idempotent { Some(connection.producer_id().await?) } else { None };
        Ok(Sender {
            whole: of(records)?,
            rest: rest.transpose()?,
            connection,
            producer,
            index,
            acks: load.shape.acks,
            in_flight_max: load.in_flight,
            turn: index % partitions.len(),
            sequences: vec![0; partitions.len()],
            partitions,
            identity,
            renew: false,
            refused: false,
            left,
            pace: Pace::free(),
            open: VecDeque::new(),
            out: Vec::new(),
            sent: Sent::default(),
            live,
        })
    }

    /// Sets the clock. Connections take their turns within the gap.
    pub(crate) fn begin(&mut self, load: &Load, begin: Instant) {
        let gap = load.rate.map(|rate| Duration::from_secs_f64(f64::from(self.whole.records()) / rate));
        self.pace = Pace::new(begin, load.limit.time, gap).turns(self.index, load.connections);
    }

    /// Sends until its end, and waits for the answers.
    pub(crate) async fn run(mut self) -> Sent {
        if let Err(error) = self.play().await {
            *self.sent.errors.entry(error.to_string()).or_default() += (self.open.len() as u64).max(1);
        }
        self.sent.behind = self.pace.behind().saturating_mul(self.whole.records().into()).min(self.left);
        self.sent.producers.push(self.producer);
        self.sent
    }

    async fn play(&mut self) -> io::Result<()> {
        loop {
            self.fill();
            if !self.out.is_empty() {
                let stuck = || Err(io::Error::new(io::ErrorKind::TimedOut, "the server takes nothing"));
                timeout(GRACE, self.connection.write(&self.out)).await.unwrap_or_else(|_| stuck())?;
                self.out.clear();
            }
            if !self.open.is_empty() {
                self.receive().await?;
            } else if self.is_finished() {
                return self.settle().await;
            } else if self.renew {
                self.identity = Some(self.connection.producer_id().await.map_err(io::Error::other)?);
                self.sequences.fill(0);
                self.renew = false;
            } else if self.pace.is_scheduled() {
                self.pace.wait().await;
            } else {
                // Without answers only the socket slows it down; others want their turn.
                tokio::task::yield_now().await;
            }
            if std::mem::take(&mut self.refused) {
                sleep(REFUSED_PAUSE).await;
            }
        }
    }

    fn is_finished(&self) -> bool {
        self.left == 0 || self.pace.is_over()
    }

    /// Without answers: the broker has taken everything once it answers another question.
    async fn settle(&mut self) -> io::Result<()> {
        if self.acks == 0 {
            self.connection.producer_id().await.map_err(io::Error::other)?;
            self.sent.last = Some(Instant::now());
        }
        Ok(())
    }

    /// Writes the batches that may be sent now.
    fn fill(&mut self) {
        while self.open.len() < self.in_flight_max && self.out.len() < WRITE_BYTES && !self.renew && self.left > 0 {
            let Some(since) = self.pace.turn() else { return };
            self.push(since);
        }
    }

    fn push(&mut self, since: Instant) {
        let short = self.left < self.whole.records().into();
        let template = if short { self.rest.as_mut().unwrap_or(&mut self.whole) } else { &mut self.whole };
        let (records, bytes) = (template.records(), template.payload_bytes());
        let (partition, sequence) = (self.partitions[self.turn], &mut self.sequences[self.turn]);
        let id = self.connection.next_id();
        let now_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
        let patch = Patch {
            correlation_id: id,
            partition,
            serial: self.producer.next_serial(),
            now_ms,
            identity: self.identity.map(|(id, epoch)| (id, epoch, *sequence)),
        };
        self.out.extend_from_slice(template.patched(patch));
        // Sequences begin at 0 again behind the greatest (KIP-98).
        *sequence = sequence.wrapping_add(records as i32) & i32::MAX;
        let unit = self.producer.send(partition, records);
        self.turn = (self.turn + 1) % self.partitions.len();
        self.left -= u64::from(records).min(self.left);
        if self.acks == 0 {
            self.count(records, bytes);
        } else {
            self.open.push_back(InFlight { id, unit, partition, records, bytes, since });
        }
    }

    fn count(&mut self, records: u32, bytes: u64) {
        self.sent.done += u64::from(records);
        self.sent.bytes += bytes;
        Live::add(&self.live.done, records.into());
    }

    /// Waits for answers, until the next batch is due if one may be sent.
    async fn receive(&mut self) -> io::Result<()> {
        let scheduled = self.pace.is_scheduled() && self.open.len() < self.in_flight_max && !self.renew && !self.is_finished();
        let until = if scheduled { self.pace.due() } else { Instant::now() + GRACE };
        match timeout_at(until, self.connection.read()).await {
            Err(_) if scheduled => return Ok(()),
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
            Ok(read) => read?,
        }
        while let Some((id, body)) = self.connection.take()? {
            self.answer(id, &body)?;
        }
        Ok(())
    }

    fn answer(&mut self, id: i32, body: &[u8]) -> io::Result<()> {
        let foreign = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let told = ProduceResponse::decode(body, PRODUCE_VERSION)
            .map_err(|error| foreign(format!("an answer cannot be read: {error}")))?;
        let batch = self.open.pop_front().filter(|batch| batch.id == id);
        let batch = batch.ok_or_else(|| foreign("an answer belongs to no request".to_owned()))?;
        let partition = told.responses.first().and_then(|topic| topic.partition_responses.first());
        let partition = partition.filter(|partition| partition.index == batch.partition);
        let partition = partition.ok_or_else(|| foreign("an answer says nothing of its partition".to_owned()))?;
        let now = Instant::now();
        if partition.error_code == 0 {
            self.producer.settle(batch.unit, batch.partition, Fate::Acknowledged(partition.base_offset));
            self.sent.latency.saturating_record((now.duration_since(batch.since).as_micros() as u64).max(1));
            self.sent.last = Some(now);
            self.count(batch.records, batch.bytes);
        } else {
            self.producer.settle(batch.unit, batch.partition, Fate::Refused);
            *self.sent.errors.entry(name_of(partition.error_code)).or_default() += 1;
            Live::add(&self.live.refused, batch.records.into());
            self.refused = true;
            // What follows in the sequence is refused, too: it begins anew under another identity.
            self.renew = self.identity.is_some();
        }
        Ok(())
    }
}
