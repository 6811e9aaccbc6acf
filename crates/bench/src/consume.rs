//! Records out of a topic, as fast as they come.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use serde_json::{Map, json};
use tokio::time::Instant;

use crate::{
    address::Addresses,
    arguments::{Consume, Limit},
    error::{Error, Result},
    fetch::{Reader, Reading, Sink, Span},
    kafka::{self, EARLIEST, LATEST, Topic},
    ledger::{Audit, Producer},
    monitor::{Live, watched},
    process::Target,
    produce,
    report::{Report, UNPROVED, latencies},
    resources::{Meter, own_cpu_seconds},
    sender::Load,
    template::Shape,
};

/// Records that an empty topic is filled with.
const FILLED_RECORDS: u64 = 100_000;

/// One run.
pub(crate) async fn run(o: &Consume, target: &Target, number: u32) -> Result<Report> {
    o.batches.check()?;
    let addresses = Addresses { allow_remote: o.run.allow_remote };
    kafka::on_topic(&addresses, &target.kafka, &o.place, async |topic| measure(o, target, number, topic).await).await
}

async fn measure(o: &Consume, target: &Target, number: u32, topic: &Topic) -> Result<Report> {
    let from = kafka::offsets(topic, EARLIEST).await?;
    let mut to = kafka::offsets(topic, LATEST).await?;
    let mut producers = None;
    if from == to {
        producers = Some(fill(o, topic).await?);
        to = kafka::offsets(topic, LATEST).await?;
    }
    let filled = producers.is_some();
    let shared = Rc::new(Shared {
        audit: RefCell::new(producers.map_or_else(Audit::of_strangers, Audit::new)),
        read: Cell::new(0),
        records_max: o.records.unwrap_or(u64::MAX),
        until: Cell::new(None),
    });
    let live = Rc::new(Live::default());
    let (meter, client) = (Meter::begin(&target.pids)?, own_cpu_seconds());
    let begin = Instant::now();
    shared.until.set(o.run.limit(Some(0)).time.map(|time| begin + time));
    let read = watched("consume, records", &live, Some(&meter), read(o, topic, &from, &to, &shared, &live)).await;
    let seconds = begin.elapsed().as_secs_f64();
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let reading = read?;
    let Some(shared) = Rc::into_inner(shared) else { return Err(Error::failed("a reader is left over")) };
    let verdict = shared.audit.into_inner().finish(reading.complete);
    Ok(Report {
        operation: "consume",
        unit: "records received",
        target: target.name.to_owned(),
        address: target.kafka.clone(),
        run: number,
        seconds,
        done: reading.records,
        bytes: reading.bytes,
        latency: reading.latency,
        latency_of: "fetch",
        errors: Default::default(),
        server,
        client_cpu_seconds,
        verdict: (!o.run.no_verify).then_some(verdict),
        unproved: UNPROVED,
        broken: Vec::new(),
        columns: &[],
        details: Map::from_iter([
            ("partitions".to_owned(), json!(topic.partitions())),
            ("connections".to_owned(), json!(o.connections)),
            ("filled".to_owned(), json!(filled)),
            ("complete".to_owned(), json!(reading.complete)),
        ]),
    })
}

/// Fills the topic, and gives what was sent.
async fn fill(o: &Consume, topic: &Topic) -> Result<Vec<Producer>> {
    let load = Load {
        shape: Shape {
            topic: topic.name.clone(),
            acks: o.batches.acks,
            record_bytes: o.batches.record_size as usize,
            batch_bytes: o.batches.batch_bytes as usize,
        },
        connections: (o.connections as usize).max(topic.by_leader().len()),
        in_flight: o.batches.in_flight as usize,
        idempotent: o.batches.idempotent,
        limit: Limit { count: Some(o.records.unwrap_or(FILLED_RECORDS)), time: None },
        rate: None,
    };
    let live = Rc::new(Live::default());
    let senders = produce::connect(&load, topic, &live).await?;
    let sent = watched("filling, records", &live, None, produce::send(&load, senders)).await;
    if let Some((error, count)) = sent.errors.first_key_value() {
        return Err(Error::failed(format!("the topic cannot be filled: {count} times {error}")));
    }
    Ok(sent.producers)
}

/// What the readers share.
struct Shared {
    audit: RefCell<Audit>,
    read: Cell<u64>,
    records_max: u64,
    until: Cell<Option<Instant>>,
}

impl Sink for Shared {
    fn take(&self, partition: i32, offset: i64, value: Option<&[u8]>) {
        self.read.set(self.read.get() + 1);
        self.audit.borrow_mut().take(partition, offset, value);
    }

    fn crc_wrong(&self) {
        self.audit.borrow_mut().crc_wrong();
    }

    fn enough(&self) -> bool {
        self.read.get() >= self.records_max || self.until.get().is_some_and(|until| Instant::now() >= until)
    }
}

/// Reads with as many connections as are wanted and of use: each has some partitions of one broker.
async fn read(o: &Consume, topic: &Topic, from: &[i64], to: &[i64], shared: &Rc<Shared>, live: &Rc<Live>) -> Result<Reading> {
    let leaders = topic.by_leader();
    let each = (o.connections as usize).div_ceil(leaders.len());
    let mut tasks = Vec::new();
    for (leader, partitions) in leaders {
        for first in 0..each.min(partitions.len()) {
            let spans: Vec<Span> = partitions
                .iter()
                .skip(first)
                .step_by(each)
                .map(|partition| {
                    let place = *partition as usize;
                    Span { partition: *partition, from: from[place], to: to[place] }
                })
                .collect();
            let (topic, leader, shared, live) = (topic.clone(), leader.to_owned(), shared.clone(), live.clone());
            let partition_bytes = o.fetch_bytes;
            tasks.push(tokio::task::spawn_local(async move {
                Reader { topic: &topic, partition_bytes, live: &live }.read(&leader, &spans, &*shared).await
            }));
        }
    }
    let mut all = Reading { records: 0, bytes: 0, latency: latencies(), complete: true };
    for task in tasks {
        let one = task.await.map_err(|error| Error::failed(format!("a reader ended: {error}")))??;
        all.records += one.records;
        all.bytes += one.bytes;
        all.complete &= one.complete;
        all.latency.add(one.latency).expect("the bounds are the same");
    }
    Ok(all)
}
