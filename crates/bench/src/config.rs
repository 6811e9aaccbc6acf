//! Load on the configuration store over HTTP: requests that are encoded once and patched, and the proof of what they did.
//!
//! | workload | what is asked | what is proved |
//! |---|---|---|
//! | `write` | a PUT of a new key and a new value | each is there, at its position, and once in the audit trail |
//! | `read` | a GET of a random key | each answer is what was written |
//! | `audit`, `list` | the same page again | the first one is right, the others are the same |
//! | `watch` | changes of one key, one after the other | each watcher has each of them once, in order |
//! | `import` | one import of all keys | nobody saw a part of it; all of it is exported again |
//! | `snapshot` | a snapshot, while half of the connections write and half read | as for `write` and `read` |
//!
//! A key's name says who wrote it and which one it is, and so does its value ([`payload`](crate::payload)). For the
//! [`ledger`](crate::ledger) a connection is a producer, a namespace is a partition, and a position is an offset.

mod answer;
mod import;
mod load;
mod pages;
mod place;
mod reads;
mod request;
mod snapshot;
mod trail;
mod watch;
mod writes;

use std::rc::Rc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use self::{
    load::{Answer, Ask, Load, play},
    place::{Dialect, Place},
    reads::Keys,
    watch::Crowd,
};
use crate::{
    arguments::{Config, Listed, Workload},
    error::{Error, Result},
    http::Head,
    ledger::Producer,
    limits::ANSWER_TIMEOUT,
    monitor::{Live, watched},
    process::Target,
    report::{Report, UNPROVED},
    resources::{Meter, own_cpu_seconds},
    sender::Sent,
};

/// One run.
pub(crate) async fn run(o: &Config, target: &Target, number: u32) -> Result<Report> {
    let mut place = Place::find(o, target).await?;
    // What lies in one namespace is one trail, and one list, and one key is in one.
    if matches!((o.workload, o.of), (Workload::Audit | Workload::Watch, _) | (Workload::List, Listed::Keys)) {
        place.namespaces = 1;
    }
    let place = Rc::new(place);
    let bench = Bench { o, target, number, place: place.clone(), live: Rc::default() };
    let report = match o.workload {
        Workload::Write => bench.write().await,
        Workload::Read => bench.read().await,
        Workload::Audit | Workload::List => bench.pages().await,
        Workload::Watch => bench.watch().await,
        Workload::Import => bench.import().await,
        Workload::Snapshot => bench.snapshot().await,
    };
    // What was started for the run is thrown away, but for what warmed it up.
    if number == 0 || !target.is_ours() {
        delete(o, &place).await?;
    }
    report
}

/// One run, as all workloads see it.
struct Bench<'a> {
    o: &'a Config,
    target: &'a Target,
    number: u32,
    place: Rc<Place>,
    live: Rc<Live>,
}

impl Bench<'_> {
    fn load(&self) -> Load {
        let time = self.o.run.limit(self.o.requests).time;
        Load { time, rate: self.o.rate, live: self.live.clone(), window: Rc::default() }
    }

    /// Does what is measured, and begins the report with what it cost.
    async fn measured<T>(&self, what: &str, work: impl Future<Output = Result<T>>) -> Result<(T, Report)> {
        let (meter, client) = (Meter::begin(&self.target.pids)?, own_cpu_seconds());
        let done = watched(what, &self.live, Some(&meter), work).await;
        let (server, client_cpu_seconds) = (meter.end(), own_cpu_seconds() - client);
        let latency_of = if self.o.rate.is_some() { "request, from when it was due" } else { "request, from its send" };
        let mut details = Map::from_iter([
            ("connections".to_owned(), json!(self.o.connections)),
            ("value_bytes".to_owned(), json!(self.o.value_size)),
            ("namespaces".to_owned(), json!(self.place.namespaces)),
        ]);
        if self.target.is_ours() {
            details.insert("nodes".to_owned(), json!(self.target.nodes()));
        }
        let sent = Sent::default();
        let report = Report {
            operation: self.o.workload.operation(),
            unit: "requests",
            target: self.target.name.to_owned(),
            address: self.place.address.clone(),
            run: self.number,
            seconds: sent.seconds,
            done: sent.done,
            bytes: sent.bytes,
            latency: sent.latency,
            latency_of,
            errors: sent.errors,
            server,
            client_cpu_seconds,
            verdict: None,
            unproved: UNPROVED,
            broken: Vec::new(),
            details,
            columns: &[],
        };
        Ok((done?, report))
    }

    /// Puts into a report what was sent.
    fn with(&self, report: Report, sent: Sent) -> Report {
        let mut details = report.details;
        if let Some(rate) = self.o.rate {
            details.insert("rate".to_owned(), json!(rate));
            details.insert("due_but_not_sent".to_owned(), json!(sent.behind));
        }
        for (name, count) in [
            ("answers_2xx", sent.answers.done),
            ("too_many_requests", sent.answers.too_many),
            ("answers_other", sent.answers.other),
        ] {
            details.insert(name.to_owned(), json!(count));
        }
        let Sent { seconds, done, bytes, latency, errors, .. } = sent;
        Report { seconds, done, bytes, latency, errors, details, ..report }
    }

    /// Keys to read, written before.
    async fn filled(&self, keys: u64) -> Result<Vec<Producer>> {
        watched("filling", &self.live, None, writes::fill(self.o, &self.place, keys, &self.live)).await
    }

    async fn write(&self) -> Result<Report> {
        let load = self.load();
        let work = writes::write(self.o, &self.place, &load);
        let ((sent, producers), report) = self.measured("config write", work).await?;
        let mut report = Report { unit: "writes acknowledged", ..self.with(report, sent) };
        self.prove(producers, &mut report).await?;
        Ok(report)
    }

    /// Reads back what was written, and the trail, unless that is not wanted.
    async fn prove(&self, producers: Vec<Producer>, report: &mut Report) -> Result {
        if self.o.run.no_verify {
            return Ok(());
        }
        let proof = watched("reading back", &self.live, None, writes::prove(self.o, &self.place, producers, &self.live)).await?;
        report.verdict = Some(proof.verdict);
        report.broken.extend(proof.broken);
        report.details.insert("audit_records".to_owned(), json!(proof.audited));
        Ok(())
    }

    async fn read(&self) -> Result<Report> {
        let keys = Keys::new(self.filled(self.o.keys).await?);
        let load = self.load();
        let ((sent, found), report) = self.measured("config read", reads::read(self.o, &self.place, &keys, &load)).await?;
        let mut report = self.with(report, sent);
        report.details.insert("keys".to_owned(), json!(self.o.keys));
        report.details.insert("consistency".to_owned(), json!(self.o.consistency.name()));
        report.verdict = (!self.o.run.no_verify).then_some(found);
        Ok(report)
    }

    async fn pages(&self) -> Result<Report> {
        let keys = if self.o.of == Listed::Namespaces { self.o.keys.max(self.place.namespaces) } else { self.o.keys };
        let producers = self.filled(keys).await?;
        let load = self.load();
        let work = pages::ask(self.o, &self.place, &producers, &load);
        let ((sent, found), report) = self.measured(self.o.workload.operation(), work).await?;
        let mut report = self.with(report, sent);
        report.details.insert("keys".to_owned(), json!(keys));
        report.verdict = (!self.o.run.no_verify).then_some(found);
        Ok(report)
    }

    async fn watch(&self) -> Result<Report> {
        let crowd = watched("opening watches", &self.live, None, Crowd::gather(self.o, &self.place, &self.live)).await?;
        let (delivered, report) = self.measured("config watch, events", crowd.publish(self.o, &self.place)).await?;
        let mut report = Report {
            unit: "events received",
            latency_of: if self.o.rate.is_some() {
                "change, from when it was due until the last watcher has it"
            } else {
                "change, from its send until the last watcher has it"
            },
            ..self.with(report, delivered.sent)
        };
        report.details.remove("connections");
        report.details.insert("watchers".to_owned(), json!(delivered.watchers));
        report.details.insert("changes".to_owned(), json!(delivered.published));
        let put_ms = |quantile| delivered.put.value_at_quantile(quantile) as f64 / 1e3;
        report.details.insert("put_p50_ms".to_owned(), json!(put_ms(0.5)));
        report.details.insert("put_p99_ms".to_owned(), json!(put_ms(0.99)));
        if !self.o.run.no_verify {
            report.broken = delivered.broken;
            report.unproved = "every watcher got every change once, in order";
        }
        Ok(report)
    }

    async fn import(&self) -> Result<Report> {
        let work = import::import(self.o, &self.place, &self.live);
        let ((sent, producer, looks), report) = self.measured("config import, keys", work).await?;
        let mut report = Report { unit: "keys imported", latency_of: "import, from its first byte to its answer", ..report };
        report = self.with(report, sent);
        for name in ["answers_2xx", "too_many_requests", "answers_other", "connections"] {
            report.details.remove(name);
        }
        report.details.insert("looks_meanwhile".to_owned(), json!(looks.count));
        if !self.o.run.no_verify && report.done > 0 {
            let verify = import::verify(&self.place, producer, &self.live);
            report.verdict = Some(watched("reading back", &self.live, None, verify).await?);
            report.broken.extend(looks.complaint(&self.place, self.o.keys));
        }
        Ok(report)
    }

    async fn snapshot(&self) -> Result<Report> {
        let keys = Keys::new(self.filled(self.o.keys).await?);
        let load = self.load();
        let work = snapshot::take(self.o, &self.place, &keys, &load);
        let (beside, report) = self.measured("config snapshot", work).await?;
        let mut report = self.with(report, beside.sent);
        let (before, meanwhile) = beside.window.longest_ms();
        let figures: [(&str, Value); 5] = [
            ("keys", json!(self.o.keys)),
            ("snapshot_bytes", json!(beside.taken.bytes)),
            ("snapshot_ms", json!(beside.taken.milliseconds)),
            ("longest_before_ms", json!((before * 1e3).round() / 1e3)),
            ("longest_meanwhile_ms", json!((meanwhile * 1e3).round() / 1e3)),
        ];
        report.details.extend(figures.map(|(name, value)| (name.to_owned(), value)));
        report.columns = &["snapshot_bytes", "snapshot_ms", "longest_before_ms", "longest_meanwhile_ms"];
        self.prove(beside.written, &mut report).await?;
        if !self.o.run.no_verify && beside.found.faults() > 0 {
            report.broken.push(format!("of what was read meanwhile: {}", beside.found.to_text()));
        }
        Ok(report)
    }
}

/// One connection that deletes namespaces.
struct Deleting {
    place: Rc<Place>,
    request: Vec<u8>,
    next: u64,
    step: u64,
}

impl Ask for Deleting {
    fn next(&mut self) -> Option<&[u8]> {
        let namespace = self.next;
        if namespace >= self.place.namespaces {
            return None;
        }
        self.next += self.step;
        self.request = self.place.head("DELETE", &self.place.resource(namespace), "", Some(0)).into_bytes();
        Some(&self.request)
    }

    fn take(&mut self, head: &Head, body: &[u8]) -> Answer {
        match head.status {
            200 | 204 | 404 => Answer::Done(0),
            status => {
                // Once more.
                self.next -= self.step;
                Answer::Refused(answer::refusal(status, body))
            }
        }
    }
}

/// Deletes what the run wrote.
async fn delete(o: &Config, place: &Rc<Place>) -> Result {
    let failed = |why: String| Error::failed(format!("the keys of the run, {}/*, could not be deleted: {why}", place.root()));
    if place.dialect == Dialect::Gateway {
        // All that begin so: a zero comes right behind a slash.
        let (from, to) = (format!("{}/", place.root()), format!("{}0", place.root()));
        let body = json!({ "key": STANDARD.encode(from), "range_end": STANDARD.encode(to) }).to_string();
        let (head, body) = place.ask("POST", "/v3/kv/deleterange", "", body.as_bytes(), ANSWER_TIMEOUT).await?;
        return if head.status == 200 { Ok(()) } else { Err(failed(answer::refusal(head.status, &body))) };
    }
    let step = o.connections.min(place.namespaces);
    let deleting = |next| Deleting { place: place.clone(), request: Vec::new(), next, step };
    let load = Load { time: Some(2 * ANSWER_TIMEOUT), ..Load::default() };
    let (sent, asks) = play(place, &load, (0..step).map(deleting).collect()).await?;
    match asks.iter().all(|ask| ask.next >= place.namespaces) {
        true => Ok(()),
        false => Err(failed(sent.errors.into_keys().next_back().unwrap_or_else(|| "it takes too long".to_owned()))),
    }
}
