//! One record at a time: from its send to its receipt by somebody who waits for it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use hdrhistogram::Histogram;
use kafka_wire::{Message, messages::produce::ProduceResponse};
use serde_json::{Map, json};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use crate::{
    address::Addresses,
    arguments::EndToEnd,
    error::{Error, Result},
    fetch::{PARTITION_BYTES, Reader, Sink, Span},
    kafka::{self, Connection, LATEST, Topic, name_of},
    ledger::{Audit, Fate, Producer},
    limits::GRACE,
    monitor::{Live, watched},
    pace::Pace,
    payload,
    process::Target,
    report::{Report, UNPROVED, latencies},
    resources::{Meter, own_cpu_seconds},
    template::{PRODUCE_VERSION, Patch, Shape, Template},
};

/// The partition that is used.
const PARTITION: i32 = 0;

/// A consumer that gets nothing for a minute gives up.
const RATE_MIN: f64 = 0.1;

/// One run.
pub(crate) async fn run(o: &EndToEnd, target: &Target, number: u32) -> Result<Report> {
    if o.rate.is_some_and(|rate| rate < RATE_MIN) {
        return Err(Error::usage(format!("--rate is at least {RATE_MIN} records a second from end to end")));
    }
    let addresses = Addresses { allow_remote: o.run.allow_remote };
    kafka::on_topic(&addresses, &target.kafka, &o.place, async |topic| measure(o, target, number, topic).await).await
}

async fn measure(o: &EndToEnd, target: &Target, number: u32, topic: &Topic) -> Result<Report> {
    let from = kafka::offsets(topic, LATEST).await?[PARTITION as usize];
    let leader = &topic.leaders[PARTITION as usize];
    let (live, meeting) = (Live::default(), Meeting::new());
    let (meter, client) = (Meter::begin(&target.pids)?, own_cpu_seconds());
    let begin = Instant::now();
    let reader = Reader { topic, partition_bytes: PARTITION_BYTES, live: &live };
    let spans = [Span { partition: PARTITION, from, to: i64::MAX }];
    let work = async {
        let sending = async {
            let sent = send(o, topic, leader, &meeting, &live).await;
            meeting.end.set(Some(Instant::now() + GRACE));
            sent
        };
        tokio::join!(sending, reader.read(leader, &spans, &meeting))
    };
    let (sent, read) = watched("end-to-end, records", &live, Some(&meter), work).await;
    let seconds = meeting.last.get().map_or_else(|| begin.elapsed(), |last| last.duration_since(begin)).as_secs_f64();
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let (producer, errors) = sent?;
    read?;
    let mut audit = Audit::new(vec![producer]);
    let Meeting { received, latency, crc_wrong, .. } = meeting;
    let received = received.into_inner();
    received.iter().for_each(|(partition, offset, value)| audit.take(*partition, *offset, Some(value)));
    (0..crc_wrong.get()).for_each(|_| audit.crc_wrong());
    let (latency, done) = (latency.into_inner(), received.len() as u64);
    Ok(Report {
        operation: "end-to-end",
        unit: "records received",
        target: target.name.to_owned(),
        address: target.kafka.clone(),
        run: number,
        seconds,
        done,
        bytes: done * u64::from(o.record_size),
        latency,
        latency_of: if o.rate.is_some() {
            "record, from when it was due to its receipt"
        } else {
            "record, from its send to its receipt"
        },
        errors,
        server,
        client_cpu_seconds,
        verdict: (!o.run.no_verify).then(|| audit.finish(true)),
        unproved: UNPROVED,
        broken: Vec::new(),
        details: Map::from_iter([("acks".to_owned(), json!(o.acks)), ("record_bytes".to_owned(), json!(o.record_size))]),
        columns: &[],
    })
}

/// What sender and receiver know of each other.
struct Meeting {
    /// By serial, when it was sent or due.
    since: RefCell<Vec<Instant>>,
    received: RefCell<Vec<(i32, i64, Vec<u8>)>>,
    latency: RefCell<Histogram<u64>>,
    crc_wrong: Cell<u64>,
    last: Cell<Option<Instant>>,
    arrived: Notify,
    /// Set when all is sent: how long to wait for the rest.
    end: Cell<Option<Instant>>,
}

impl Meeting {
    fn new() -> Self {
        Self {
            since: RefCell::default(),
            received: RefCell::default(),
            latency: RefCell::new(latencies()),
            crc_wrong: Cell::default(),
            last: Cell::default(),
            arrived: Notify::new(),
            end: Cell::default(),
        }
    }
}

impl Sink for Meeting {
    fn take(&self, partition: i32, offset: i64, value: Option<&[u8]>) {
        let (now, value) = (Instant::now(), value.unwrap_or_default());
        let serial = payload::read(value).and_then(|stamp| usize::try_from(stamp.serial).ok());
        if let Some(since) = serial.and_then(|serial| self.since.borrow().get(serial).copied()) {
            self.latency.borrow_mut().saturating_record((now.duration_since(since).as_micros() as u64).max(1));
        }
        self.received.borrow_mut().push((partition, offset, value.to_vec()));
        self.last.set(Some(now));
        self.arrived.notify_one();
    }

    fn crc_wrong(&self) {
        self.crc_wrong.set(self.crc_wrong.get() + 1);
    }

    fn enough(&self) -> bool {
        let all = self.received.borrow().len() >= self.since.borrow().len();
        self.end.get().is_some_and(|end| all || Instant::now() >= end)
    }
}

/// Sends one record after the other: the next one is due by the clock, or sent when the last was received.
async fn send(
    o: &EndToEnd,
    topic: &Topic,
    leader: &str,
    meeting: &Meeting,
    live: &Live,
) -> Result<(Producer, BTreeMap<String, u64>)> {
    let shape = Shape { topic: topic.name.clone(), acks: o.acks, record_bytes: o.record_size as usize, batch_bytes: 1 };
    let mut connection = Connection::open(leader).await?;
    let mut producer = Producer::new(rand::random(), 1);
    let mut template = Template::new(&shape, producer.id(), 1)?;
    let limit = o.run.limit(o.records);
    let gap = o.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
    let mut pace = Pace::new(Instant::now(), limit.time, gap);
    let mut errors = BTreeMap::new();
    let mut left = limit.count.unwrap_or(u64::MAX);
    while left > 0 {
        pace.wait().await;
        let Some(since) = pace.turn() else { break };
        left -= 1;
        meeting.since.borrow_mut().push(since);
        match exchange(&mut connection, &mut producer, &mut template, o.acks).await? {
            0 => Live::add(&live.done, 1),
            code => {
                *errors.entry(name_of(code)).or_default() += 1;
                // It will not arrive.
                continue;
            }
        }
        while gap.is_none()
            && meeting.received.borrow().len() < meeting.since.borrow().len() - errors.values().sum::<u64>() as usize
        {
            let late = |_| {
                Error::failed("a record that was acknowledged did not reach the consumer: is the topic written to by others?")
            };
            timeout(GRACE, meeting.arrived.notified()).await.map_err(late)?;
        }
    }
    Ok((producer, errors))
}

/// Sends one record and waits for its answer, if there is to be one; gives its code.
async fn exchange(connection: &mut Connection, producer: &mut Producer, template: &mut Template, acks: i16) -> Result<i16> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let serial = producer.next_serial();
    let (unit, id) = (producer.send(PARTITION, 1), connection.next_id());
    let patch = Patch { correlation_id: id, partition: PARTITION, serial, now_ms: now.as_millis() as i64, identity: None };
    let broken = |error: std::io::Error| Error::unreachable(format!("the producer's connection broke: {error}"));
    connection.write(template.patched(patch)).await.map_err(broken)?;
    if acks == 0 {
        return Ok(0);
    }
    let (answered, body) = loop {
        if let Some(answer) = connection.take().map_err(broken)? {
            break answer;
        }
        let silent = |_| Error::failed("a record was not answered in time");
        timeout(GRACE, connection.read()).await.map_err(silent)?.map_err(broken)?;
    };
    let unreadable = || Error::failed("an answer to a record cannot be read");
    let told = ProduceResponse::decode(&body, PRODUCE_VERSION).map_err(|_| unreadable())?;
    let partition = told.responses.first().and_then(|topic| topic.partition_responses.first());
    let partition = partition.filter(|_| answered == id).ok_or_else(unreadable)?;
    let fate = if partition.error_code == 0 { Fate::Acknowledged(partition.base_offset) } else { Fate::Refused };
    producer.settle(unit, PARTITION, fate);
    Ok(partition.error_code)
}
