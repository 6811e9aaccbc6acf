//! Batches into a topic, over several connections, and the proof that they are there.

use std::rc::Rc;

use serde_json::{Map, json};

use crate::{
    address::Addresses,
    arguments::Produce,
    error::{Error, Result},
    fetch,
    kafka::{self, Connection, LATEST, Topic},
    ledger::Producer,
    monitor::{Live, watched},
    process::Target,
    report::{Report, UNPROVED},
    resources::{Meter, own_cpu_seconds},
    sender::{Load, Sender, Sent},
    template::Shape,
};

/// One run.
pub(crate) async fn run(o: &Produce, target: &Target, number: u32) -> Result<Report> {
    o.batches.check()?;
    let addresses = Addresses { allow_remote: o.run.allow_remote };
    kafka::on_topic(&addresses, &target.kafka, &o.place, async |topic| measure(o, target, number, topic, &addresses).await).await
}

async fn measure(o: &Produce, target: &Target, number: u32, topic: &Topic, addresses: &Addresses) -> Result<Report> {
    let load = Load {
        shape: Shape {
            topic: topic.name.clone(),
            acks: o.batches.acks,
            record_bytes: o.batches.record_size as usize,
            batch_bytes: o.batches.batch_bytes as usize,
        },
        connections: o.connections as usize,
        in_flight: o.batches.in_flight as usize,
        idempotent: o.batches.idempotent,
        limit: o.run.limit(o.records),
        rate: o.rate,
    };
    let from = kafka::offsets(topic, LATEST).await?;
    let live = Rc::new(Live::default());
    let senders = connect(&load, topic, &live).await?;
    let (meter, client) = (Meter::begin(&target.pids)?, own_cpu_seconds());
    let sent = watched("produce, records", &live, Some(&meter), send(&load, senders)).await;
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let verdict = match o.run.no_verify {
        true => None,
        false => {
            let topic = kafka::again(addresses, &target.kafka, topic).await?;
            Some(watched("reading back", &live, None, fetch::read_back(&topic, &from, &live, sent.producers)).await?)
        }
    };
    let mut details = Map::from_iter([
        ("partitions".to_owned(), json!(topic.partitions())),
        ("connections".to_owned(), json!(load.connections)),
        ("in_flight".to_owned(), json!(load.in_flight)),
        ("acks".to_owned(), json!(load.shape.acks)),
        ("idempotent".to_owned(), json!(load.idempotent)),
        ("record_bytes".to_owned(), json!(load.shape.record_bytes)),
        ("batch_records".to_owned(), json!(load.shape.records())),
    ]);
    if let Some(rate) = load.rate {
        details.insert("rate".to_owned(), json!(rate));
        details.insert("due_but_not_sent".to_owned(), json!(sent.behind));
    }
    Ok(Report {
        operation: "produce",
        unit: if load.shape.acks == 0 { "records sent, not acknowledged" } else { "records acknowledged" },
        target: target.name.to_owned(),
        address: target.kafka.clone(),
        run: number,
        seconds: sent.seconds,
        done: sent.done,
        bytes: sent.bytes,
        latency: sent.latency,
        latency_of: if load.rate.is_some() { "batch, from when it was due" } else { "batch, from its send" },
        errors: sent.errors,
        server,
        client_cpu_seconds,
        verdict,
        unproved: UNPROVED,
        broken: Vec::new(),
        details,
        columns: &[],
    })
}

/// Opens the connections: each goes to one broker and to the partitions that it leads.
pub(crate) async fn connect(load: &Load, topic: &Topic, live: &Rc<Live>) -> Result<Vec<Sender>> {
    let leaders: Vec<_> = topic.by_leader().into_iter().collect();
    if load.connections < leaders.len() {
        let count = leaders.len();
        return Err(Error::usage(format!(
            "{count} brokers lead partitions of topic {}: --connections is at least {count}",
            topic.name
        )));
    }
    let run = rand::random::<u64>() << 16;
    let mut senders = Vec::new();
    for index in 0..load.connections {
        let (leader, partitions) = &leaders[index % leaders.len()];
        let connection = Connection::open(leader).await?;
        let producer = Producer::new(run | index as u64, load.shape.records().into());
        senders.push(Sender::new(load, connection, producer, partitions.clone(), index, live.clone()).await?);
    }
    Ok(senders)
}

/// Lets all of them send.
pub(crate) async fn send(load: &Load, senders: Vec<Sender>) -> Sent {
    let begin = tokio::time::Instant::now();
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            sender.begin(load, begin);
            tokio::task::spawn_local(sender.run())
        })
        .collect();
    Sent::of(tasks, begin).await
}
