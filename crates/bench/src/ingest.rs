//! Records over HTTP, many in a request, and the proof that they are there.

use std::rc::Rc;

use serde_json::{Map, json};
use tokio::time::Instant;

use crate::{
    address::Addresses,
    arguments::Ingest,
    error::{Error, Result},
    fetch,
    kafka::{self, LATEST, Topic},
    ledger::Producer,
    limits::BODY_BYTES_MAX,
    monitor::{Live, watched},
    poster::{Body, Poster, Rules},
    process::Target,
    report::{Report, UNPROVED},
    resources::{Meter, own_cpu_seconds},
    sender::Sent,
};

/// Details that have columns of their own: a ramp's rows differ in them.
const COLUMNS: [&str; 4] = ["connections", "answers_2xx", "too_many_requests", "answers_other"];

/// One run.
pub(crate) async fn run(o: &Ingest, target: &Target, number: u32) -> Result<Report> {
    let addresses = Addresses { allow_remote: o.run.allow_remote };
    addresses.check(&target.http)?;
    kafka::on_topic(&addresses, &target.kafka, &o.place, async |topic| measure(o, target, number, topic, &addresses).await).await
}

async fn measure(o: &Ingest, target: &Target, number: u32, topic: &Topic, addresses: &Addresses) -> Result<Report> {
    let from = kafka::offsets(topic, LATEST).await?;
    let live = Rc::new(Live::default());
    let posters = connect(o, target, topic, &live).await?;
    let (meter, client) = (Meter::begin(&target.pids)?, own_cpu_seconds());
    let mut sent = watched("ingest, records", &live, Some(&meter), post(o, posters)).await;
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let answers = sent.answers;
    let producers = std::mem::take(&mut sent.producers);
    let verdict = match o.run.no_verify {
        true => None,
        false => {
            let topic = kafka::again(addresses, &target.kafka, topic).await?;
            Some(watched("reading back", &live, None, fetch::read_back(&topic, &from, &live, producers)).await?)
        }
    };
    Ok(Report {
        operation: "ingest",
        unit: "records acknowledged",
        target: target.name.to_owned(),
        address: target.http.clone(),
        run: number,
        seconds: sent.seconds,
        done: sent.done,
        bytes: sent.bytes,
        latency: sent.latency,
        latency_of: "request",
        errors: sent.errors,
        server,
        client_cpu_seconds,
        verdict,
        unproved: UNPROVED,
        broken: Vec::new(),
        details: Map::from_iter([
            ("partitions".to_owned(), json!(topic.partitions())),
            ("connections".to_owned(), json!(o.connections)),
            ("batch_records".to_owned(), json!(o.batch_records)),
            ("record_bytes".to_owned(), json!(o.record_size)),
            ("answers_2xx".to_owned(), json!(answers.done)),
            ("too_many_requests".to_owned(), json!(answers.too_many)),
            ("answers_other".to_owned(), json!(answers.other)),
        ]),
        columns: &COLUMNS,
    })
}

async fn connect(o: &Ingest, target: &Target, topic: &Topic, live: &Rc<Live>) -> Result<Vec<Poster>> {
    let run = rand::random::<u64>() << 16;
    let mut posters = Vec::new();
    for index in 0..o.connections {
        let producer = Producer::new(run | index, 1);
        let body = Body::new(&topic.name, &target.http, producer.id(), o.batch_records, o.record_size as usize);
        if body.body_bytes() > BODY_BYTES_MAX {
            return Err(Error::usage(format!(
                "one request would have {} bytes, and {BODY_BYTES_MAX} is what the door takes: lower --batch-records or --record-size",
                body.body_bytes()
            )));
        }
        posters.push(Poster::open(&target.http, body, producer, topic.partitions(), live.clone()).await?);
    }
    Ok(posters)
}

async fn post(o: &Ingest, posters: Vec<Poster>) -> Sent {
    let begin = Instant::now();
    let limit = o.run.limit(o.records);
    let (connections, each) = (o.connections, u64::from(o.batch_records));
    let tasks: Vec<_> = (0..)
        .zip(posters)
        .map(|(index, poster)| {
            let requests = limit.count.map_or(u64::MAX, |records| {
                let all = records.div_ceil(each);
                all / connections + u64::from(index < all % connections)
            });
            let rules = Rules { requests, end: limit.time.map(|time| begin + time) };
            tokio::task::spawn_local(poster.run(rules))
        })
        .collect();
    Sent::of(tasks, begin).await
}
