//! The rows: what is done to one server, or to three nodes, in one run, and which figures that gives.

use crate::cold;
use crate::subject::{Kind, Subject};
use interop::kafka_tools::{Load, Produced, Topic};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// All rows, in order.
pub(crate) const ROWS: &[&str] =
    &["produce-default", "produce-128k", "produce-flush", "produce-100k", "consume", "consume-cold", "end-to-end", "three"];

/// Bytes of each record's value.
const RECORD_BYTES: u32 = 256;
/// Records of one run as fast as they go; a fifth as many before them do not count.
const RECORDS: u64 = 1_000_000;
/// Records of one run when each batch is on disk before it is acknowledged.
const FLUSHED_RECORDS: u64 = 200_000;
/// Records a second of the row that looks at latencies.
const STEADY: u64 = 100_000;
/// Records sent one at a time.
const ROUND_TRIPS: u64 = 5_000;
/// Records of the row that reads what no memory holds any more, and partitions of its topic.
const COLD_RECORDS: u64 = 8_000_000;
const COLD_PARTITIONS: u16 = 16;
/// Settling and merging are over once a server has written nothing for so long; and how long that is waited for at most.
const QUIET: Duration = Duration::from_secs(15);
const QUIET_WAIT_MAX: Duration = Duration::from_secs(120);
/// Nodes of the row that has several, partitions of its topics, and copies of each.
const NODES: u16 = 3;
/// What a producer is told for its large batches.
const LARGE_BATCHES: &[&str] = &["batch.size=131072", "linger.ms=10"];

/// How much is measured, and with what.
pub(crate) struct Bench {
    /// The folder of Kafka's jars.
    pub(crate) libraries: &'static Path,
    /// Where data is kept.
    pub(crate) under: PathBuf,
    /// The load is divided by this.
    pub(crate) part: u64,
}

pub(crate) type Figures = Vec<(&'static str, f64)>;

impl Bench {
    /// One run of one row. What went wrong is printed, and its figures are left out.
    pub(crate) async fn run(&self, row: &str, kind: Kind) -> Figures {
        // The default leaves writing to the kernel; this is what Kafka does where it is told to keep what ours promises.
        let properties: &[(&str, &str)] = if row == "produce-flush" { &[("log.flush.interval.messages", "1")] } else { &[] };
        let nodes = if row == "three" { NODES } else { 1 };
        let mut subject = Subject::start(kind, nodes, self.libraries, &self.under, properties).await;
        let figures = match row {
            "produce-default" => self.produce_default(&subject),
            "produce-128k" => self.produce_large_batches(&subject),
            "produce-flush" => self.produce_flush(&subject),
            "produce-100k" => self.produce_steady(&subject),
            "consume" => self.consume(&subject),
            "consume-cold" => self.consume_cold(&mut subject).await,
            "end-to-end" => self.end_to_end(&subject),
            "three" => self.three(&subject),
            other => Err(format!("no row is named {other:?}")),
        };
        figures.unwrap_or_else(|e| {
            eprintln!("{row}: {e}");
            Vec::new()
        })
    }

    fn load(&self, records: u64, properties: &[&str]) -> Load {
        let counted = records / self.part;
        let mut all = vec!["acks=all".to_owned()];
        all.extend(properties.iter().map(|property| (*property).to_owned()));
        Load {
            topic: "bench".into(),
            records: counted + counted / 5,
            warmup: counted / 5,
            record_bytes: RECORD_BYTES,
            per_second_max: None,
            properties: all,
        }
    }

    fn produce_default(&self, subject: &Subject) -> Result<Figures, String> {
        let (done, cpu) = produce(subject, &self.load(RECORDS, &[]))?;
        Ok(vec![
            ("produce 256 B, acks=all: records a second", done.per_second),
            ("produce: MiB a second", done.mebibytes_per_second),
            ("produce: p99, ms", done.p99_ms),
            ("produce: server CPU, us", cpu),
        ])
    }

    fn produce_large_batches(&self, subject: &Subject) -> Result<Figures, String> {
        let (done, cpu) = produce(subject, &self.load(RECORDS, LARGE_BATCHES))?;
        Ok(vec![
            ("produce in batches of 128 KiB: records a second", done.per_second),
            ("the same: p99, ms", done.p99_ms),
            ("the same: server CPU, us", cpu),
        ])
    }

    fn produce_flush(&self, subject: &Subject) -> Result<Figures, String> {
        let (small, small_cpu) = produce(subject, &self.load(FLUSHED_RECORDS, &[]))?;
        let (large, large_cpu) = produce(subject, &self.load(RECORDS, LARGE_BATCHES))?;
        Ok(vec![
            ("produce, on disk when acknowledged: records a second", small.per_second),
            ("on disk: p99, ms", small.p99_ms),
            ("on disk: server CPU, us", small_cpu),
            ("produce in batches of 128 KiB, on disk when acknowledged: records a second", large.per_second),
            ("128 KiB, on disk: p99, ms", large.p99_ms),
            ("128 KiB, on disk: server CPU, us", large_cpu),
        ])
    }

    fn produce_steady(&self, subject: &Subject) -> Result<Figures, String> {
        let mut load = self.load(RECORDS, &[]);
        load.per_second_max = Some(STEADY);
        let (done, cpu) = produce(subject, &load)?;
        Ok(vec![
            ("produce at 100,000 a second: records a second", done.per_second),
            ("at 100,000: p50, ms", done.p50_ms),
            ("at 100,000: p95, ms", done.p95_ms),
            ("at 100,000: p99, ms", done.p99_ms),
            ("at 100,000: p99.9, ms", done.p999_ms),
            ("at 100,000: server CPU, us", cpu),
        ])
    }

    fn consume(&self, subject: &Subject) -> Result<Figures, String> {
        let load = self.load(RECORDS, LARGE_BATCHES);
        subject.tools().produce(&load)?;
        // Once so that both ends are compiled, once that counts.
        subject.tools().consume(&load.topic, "warmup", load.records)?;
        let before = subject.cpu_seconds();
        let done = subject.tools().consume(&load.topic, "counted", load.records)?;
        Ok(vec![
            ("consume 256 B: records a second", done.fetched_per_second),
            ("consume: server CPU, us", (subject.cpu_seconds() - before) / done.records * 1e6),
        ])
    }

    /// What was written is forgotten by the server, which starts anew, and by the kernel; then it is read once by Kafka's tool and,
    /// forgotten again, by the disk alone.
    async fn consume_cold(&self, subject: &mut Subject) -> Result<Figures, String> {
        let load = self.load(COLD_RECORDS, LARGE_BATCHES);
        let topic = Topic { name: load.topic.clone(), partitions: COLD_PARTITIONS, replicas: 1, configs: Vec::new() };
        subject.tools().create(&topic)?;
        let before = subject.written_bytes();
        subject.tools().produce(&load)?;
        let written = settled_bytes(subject).await - before;
        // After the start, since that may read what was written.
        subject.restart().await;
        let folder = subject.folder();
        let told = |e| format!("the files of {} cannot be read cold: {e}", folder.display());
        cold::forget(&folder).map_err(told)?;
        let done = subject.tools().consume(&load.topic, "cold", load.records)?;
        let disk = cold::disk_speed(&folder).map_err(told)?;
        let mebibytes = done.fetched_per_second * f64::from(RECORD_BYTES) / f64::from(1 << 20);
        Ok(vec![
            ("consume 256 B that no memory holds, 16 partitions: records a second", done.fetched_per_second),
            ("the same: MiB a second of values", mebibytes),
            ("the disk alone, the same files: MiB a second", disk),
            ("written by the server per byte of values", written as f64 / (load.records * u64::from(RECORD_BYTES)) as f64),
        ])
    }

    fn end_to_end(&self, subject: &Subject) -> Result<Figures, String> {
        let records = ROUND_TRIPS / self.part;
        subject.tools().end_to_end("bench", records / 5, RECORD_BYTES)?;
        let done = subject.tools().end_to_end("bench", records, RECORD_BYTES)?;
        Ok(vec![
            ("one at a time, sent to arrived: mean, ms", done.average_ms),
            ("one at a time: p99, ms", done.p99_ms),
            ("one at a time: p99.9, ms", done.p999_ms),
        ])
    }

    /// Both loads on the same nodes, each into a topic of its own. Of three copies two are asked for: that is the quorum ours has.
    fn three(&self, subject: &Subject) -> Result<Figures, String> {
        let (small, mut large) = (self.load(RECORDS, &[]), self.load(RECORDS, LARGE_BATCHES));
        large.topic = "bench-large".into();
        for load in [&small, &large] {
            let configs = vec!["min.insync.replicas=2".into()];
            subject.tools().create(&Topic { name: load.topic.clone(), partitions: NODES, replicas: NODES, configs })?;
        }
        let (small, small_cpu) = produce(subject, &small)?;
        let (large, large_cpu) = produce(subject, &large)?;
        Ok(vec![
            ("three nodes, produce 256 B, acks=all: records a second", small.per_second),
            ("three nodes, produce: p99, ms", small.p99_ms),
            ("three nodes, produce: CPU of all nodes, us", small_cpu),
            ("three nodes, produce in batches of 128 KiB: records a second", large.per_second),
            ("three nodes, 128 KiB: p99, ms", large.p99_ms),
            ("three nodes, 128 KiB: CPU of all nodes, us", large_cpu),
        ])
    }
}

/// What was measured, and the CPU microseconds a record of all nodes together, those of the beginning included.
fn produce(subject: &Subject, load: &Load) -> Result<(Produced, f64), String> {
    let before = subject.cpu_seconds();
    let done = subject.tools().produce(load)?;
    Ok((done, (subject.cpu_seconds() - before) / load.records as f64 * 1e6))
}

/// Bytes that the server has written in all once it writes no more.
async fn settled_bytes(subject: &Subject) -> u64 {
    let begin = Instant::now();
    let (mut written, mut since) = (subject.written_bytes(), Instant::now());
    while since.elapsed() < QUIET && begin.elapsed() < QUIET_WAIT_MAX {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = subject.written_bytes();
        // A record of the time now and then is not settling.
        if now - written > 1 << 20 {
            (written, since) = (now, Instant::now());
        }
    }
    subject.written_bytes()
}
