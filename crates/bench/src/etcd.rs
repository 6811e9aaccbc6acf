//! Load on the etcd door, by the engine of `storm`.

use serde_json::{Map, json};
use storm::{
    Outcome,
    message::Ask,
    options::{Operation, Options},
    run::{read_back, run as play, serials},
    watch::watch,
};

use crate::{
    address::Addresses,
    arguments::Etcd,
    error::{Error, Result},
    ledger::Verdict,
    limits::GRACE,
    monitor::{Live, watched},
    process::Target,
    report::{Report, UNPROVED},
    resources::{Meter, own_cpu_seconds},
};

/// Seconds of a run that ends by its count.
const SECONDS_MAX: u64 = 86_400;
/// Requests of a run that ends by the clock.
const REQUESTS_MAX: u64 = 1 << 32;
/// Puts of a run of watchers for which nothing is said.
const WATCHED_PUTS: u64 = 2_000;
/// Seconds that what comes before and after a run may take.
const BESIDE_SECONDS: u64 = 600;

/// Whether an etcd is there that answers a linearizable get.
pub(crate) async fn answers(address: &str) -> bool {
    let one = Options { conns: 1, streams: 1, seconds: 1, ..options_for(address, "bench-probe/") };
    !play(&one, Ask::Get, [0], false).await.0.acknowledged.is_empty()
}

/// One run.
pub(crate) async fn run(o: &Etcd, operation: &'static str, target: &Target, number: u32) -> Result<Report> {
    Addresses { allow_remote: o.run.allow_remote }.check(&target.etcd)?;
    if !answers(&target.etcd).await {
        return Err(Error::unreachable(format!(
            "no etcd door answers at {}: start a node with \"manifold serve\", name another address with --endpoint HOST:PORT, or \
             add --start to have one started for the run",
            target.etcd
        )));
    }
    let options = options(o, operation, target);
    let outcome = if operation == "watch" {
        watchers(o, &options, target, number).await
    } else {
        requests(o, operation, &options, target, number).await
    };
    let beside = beside(&options);
    let (deleted, _) = play(&beside, Ask::DeleteAll, [0], false).await;
    let report = outcome?;
    match deleted.errors.first() {
        Some((error, _)) => {
            Err(Error::failed(format!("the keys of the run, {}*, could not be deleted: {error}", options.prefix)))
        }
        None => Ok(report),
    }
}

fn options(o: &Etcd, operation: &str, target: &Target) -> Options {
    let limit = o.run.limit(o.requests.or((operation == "watch").then_some(WATCHED_PUTS)));
    let writes = matches!(operation, "put" | "txn" | "watch");
    let n = limit.count.unwrap_or(REQUESTS_MAX);
    Options {
        conns: o.connections as usize,
        streams: o.in_flight as usize,
        n,
        seconds: limit.time.map_or(SECONDS_MAX, |time| time.as_secs()),
        // A key is written once, so that reading it back is exact.
        keys: if writes { n } else { o.keys },
        value: o.value_size as usize,
        limit: o.limit,
        rate: o.rate,
        watchers: o.watchers as usize,
        pid: target.pids.clone(),
        ..options_for(&target.etcd, &format!("bench-{:016x}/", rand::random::<u64>()))
    }
}

fn options_for(address: &str, prefix: &str) -> Options {
    Options {
        addr: vec![address.to_owned()],
        op: Operation::Put,
        conns: 1,
        streams: 1,
        n: 1,
        seconds: BESIDE_SECONDS,
        keys: 1,
        value: 8,
        prefix: prefix.to_owned(),
        limit: 1,
        same_value: false,
        rate: None,
        watchers: 0,
        ttl: 0,
        verify: false,
        acks: None,
        pid: Vec::new(),
    }
}

/// What is asked before and after a run, as fast as it goes.
fn beside(options: &Options) -> Options {
    Options { rate: None, seconds: BESIDE_SECONDS, ..options.clone() }
}

async fn requests(o: &Etcd, operation: &'static str, options: &Options, target: &Target, number: u32) -> Result<Report> {
    let ask = match operation {
        "get" => Ask::Get,
        "txn" => Ask::Txn,
        "list" => Ask::List,
        _ => Ask::Put,
    };
    let (reads, verifies) = (matches!(ask, Ask::Get | Ask::List), !o.run.no_verify);
    let live = Live::default();
    if reads {
        let (filled, _) = watched("filling", &live, None, play(&beside(options), Ask::Put, 0..options.keys, false)).await;
        if let Some((error, count)) = filled.errors.first() {
            return Err(Error::failed(format!("the keys cannot be put: {count} times {error}")));
        }
    }
    let checks = verifies && ask == Ask::Get;
    let (meter, client) = (Meter::begin(&target.pids)?, own_cpu_seconds());
    let (outcome, seconds) = watched(operation, &live, Some(&meter), play(options, ask, serials(options, ask), checks)).await;
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let verdict = match ask {
        Ask::Put | Ask::Txn if verifies => {
            let found = watched("reading back", &live, None, read_back(&beside(options), &outcome.acknowledged)).await;
            // A key that cannot be read is not proved to be there.
            let lost = found.missing + found.unread;
            Some(verdict(&outcome, found.held, lost, found.wrong - found.missing))
        }
        Ask::Get if verifies => {
            let held = outcome.acknowledged.len() as u64 - outcome.mismatched;
            Some(verdict(&outcome, held, outcome.missing, outcome.mismatched - outcome.missing))
        }
        _ => None,
    };
    let bytes = if reads { outcome.bytes } else { outcome.acknowledged.len() as u64 * options.value as u64 };
    let mut details = details(options);
    if ask == Ask::List {
        details.insert("limit".to_owned(), json!(options.limit));
    }
    if reads {
        details.insert("keys".to_owned(), json!(options.keys));
    }
    Ok(Report {
        operation,
        unit: "requests",
        target: target.name.to_owned(),
        address: target.etcd.clone(),
        run: number,
        seconds: without_grace(seconds, options),
        done: outcome.acknowledged.len() as u64,
        bytes,
        latency: outcome.latency,
        latency_of: if options.rate.is_some() { "request, from when it was due" } else { "request, from its send" },
        errors: outcome.errors.into_iter().collect(),
        server,
        client_cpu_seconds,
        verdict,
        unproved: if ask == Ask::List { "answers are counted and not looked into" } else { UNPROVED },
        broken: Vec::new(),
        details,
        columns: &[],
    })
}

/// A run that nobody answered any more ends late: that is no time in which something was done.
fn without_grace(seconds: f64, options: &Options) -> f64 {
    let sent_within = options.seconds as f64;
    if seconds > sent_within + GRACE.as_secs_f64() { sent_within } else { seconds }
}

fn verdict(outcome: &Outcome, held: u64, lost: u64, changed: u64) -> Verdict {
    Verdict { read: held + changed, acknowledged: outcome.acknowledged.len() as u64, held, lost, changed, ..Verdict::default() }
}

fn details(options: &Options) -> Map<String, serde_json::Value> {
    Map::from_iter([
        ("connections".to_owned(), json!(options.conns)),
        ("in_flight".to_owned(), json!(options.streams)),
        ("value_bytes".to_owned(), json!(options.value)),
        ("rate".to_owned(), json!(options.rate)),
    ])
}

async fn watchers(o: &Etcd, options: &Options, target: &Target, number: u32) -> Result<Report> {
    let (live, meter, client) = (Live::default(), Meter::begin(&target.pids)?, own_cpu_seconds());
    let found = watched("watch", &live, Some(&meter), watch(options)).await;
    let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
    let mut broken = Vec::new();
    if !o.run.no_verify {
        let wanted = options.watchers;
        let mut note = |count: u64, what: &str| {
            if count > 0 {
                broken.push(format!("{count} {what}"))
            }
        };
        note((wanted - found.watchers.min(wanted)) as u64, "watches were not created");
        note(found.watchers_short as u64, "watchers did not get as many events as puts were acknowledged");
        note(found.disordered, "events came out of order");
        note(found.errors.len() as u64, "watch connections failed");
    }
    let mut details = details(options);
    details.insert("watchers".to_owned(), json!(found.watchers));
    details.insert("wanted".to_owned(), json!(found.wanted));
    let (puts, put_seconds) = found.puts;
    details.insert("puts".to_owned(), json!(puts.acknowledged.len()));
    let errors = puts.errors.into_iter().chain(found.errors.into_iter().map(|error| (format!("watch: {error}"), 1)));
    Ok(Report {
        operation: "watch",
        unit: "events received",
        target: target.name.to_owned(),
        address: target.etcd.clone(),
        run: number,
        seconds: found.seconds.unwrap_or(put_seconds),
        done: found.delivered,
        bytes: found.delivered * options.value as u64,
        latency: puts.latency,
        latency_of: "put, while watchers watch",
        errors: errors.collect(),
        server,
        client_cpu_seconds,
        verdict: None,
        unproved: if o.run.no_verify { UNPROVED } else { "every watcher got every event, in order" },
        broken,
        details,
        columns: &[],
    })
}
