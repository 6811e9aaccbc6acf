//! Kafka's own tools for loads and topics, run against any address, and the figures that they print.

use crate::kafka_peer::java;
use std::path::Path;
use std::process::Command;

/// What `ProducerPerformance` measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Produced {
    /// Records acknowledged.
    pub records: f64,
    /// Records a second.
    pub per_second: f64,
    /// MiB of values a second (the tool says MB and divides by 2^20).
    pub mebibytes_per_second: f64,
    /// The mean time from send to acknowledgement.
    pub average_ms: f64,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 95 of 100 took no longer.
    pub p95_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// 999 of 1,000 took no longer.
    pub p999_ms: f64,
}

/// What `ConsumerPerformance` measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Consumed {
    /// Records read.
    pub records: f64,
    /// Records a second, joining the group included.
    pub per_second: f64,
    /// MiB a second, joining the group included.
    pub mebibytes_per_second: f64,
    /// Records a second once the group had been joined.
    pub fetched_per_second: f64,
}

/// What `EndToEndLatency` measured: one record at a time, from its sending to its arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundTrips {
    /// The mean.
    pub average_ms: f64,
    /// Half of them took no longer; whole milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took no longer; whole milliseconds.
    pub p99_ms: f64,
    /// 999 of 1,000 took no longer; whole milliseconds.
    pub p999_ms: f64,
}

/// How much a producer sends, and how.
#[derive(Debug, Clone)]
pub struct Load {
    /// The topic; it is made by the first record where the server does that.
    pub topic: String,
    /// Records, those of the beginning included.
    pub records: u64,
    /// Records of the beginning that do not count: both ends are still being compiled.
    pub warmup: u64,
    /// Bytes of a value; each is random letters.
    pub record_bytes: u32,
    /// Records a second at most; `None`: as fast as it goes.
    pub per_second_max: Option<u64>,
    /// Properties of the producer, as `name=value`.
    pub properties: Vec<String>,
}

/// A topic that is made before it is used.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: u16,
    /// How many nodes hold each partition.
    pub replicas: u16,
    /// Its settings, as `name=value`.
    pub configs: Vec<String>,
}

/// The tools against one server, or against all nodes of one cluster.
#[derive(Debug, Clone, Copy)]
pub struct KafkaTools<'a> {
    /// The folder of jars.
    pub libraries: &'a Path,
    /// `host:port`, several with commas.
    pub bootstrap: &'a str,
}

impl KafkaTools<'_> {
    /// Makes a topic. The error holds what the tool said.
    pub fn create(&self, topic: &Topic) -> Result<(), String> {
        let mut command = self.tool("TopicCommand");
        command.args(["--bootstrap-server", self.bootstrap, "--create", "--topic", &topic.name]);
        command.args(["--partitions", &topic.partitions.to_string(), "--replication-factor", &topic.replicas.to_string()]);
        for config in &topic.configs {
            command.args(["--config", config]);
        }
        output(&mut command).map(drop)
    }

    /// Sends a load. The error holds what the tool said.
    pub fn produce(&self, load: &Load) -> Result<Produced, String> {
        let mut command = self.tool("ProducerPerformance");
        command.args(["--bootstrap-server", self.bootstrap, "--topic", &load.topic]);
        command.args(["--num-records", &load.records.to_string(), "--warmup-records", &load.warmup.to_string()]);
        command.args(["--record-size", &load.record_bytes.to_string()]);
        command.args(["--throughput", &load.per_second_max.map_or("-1".into(), |n| n.to_string())]);
        if !load.properties.is_empty() {
            command.arg("--command-property").args(&load.properties);
        }
        let text = output(&mut command)?;
        produced(&text).ok_or(text)
    }

    /// Reads so many records of a topic from its beginning, as the only member of a group. The error holds what the tool said.
    pub fn consume(&self, topic: &str, group: &str, records: u64) -> Result<Consumed, String> {
        let mut command = self.tool("ConsumerPerformance");
        command.args(["--bootstrap-server", self.bootstrap, "--topic", topic, "--group", group]);
        command.args(["--num-records", &records.to_string(), "--timeout", "60000"]);
        let text = output(&mut command)?;
        consumed(&text).ok_or(text)
    }

    /// Sends records one at a time and waits for each to arrive. The error holds what the tool said.
    pub fn end_to_end(&self, topic: &str, records: u64, record_bytes: u32) -> Result<RoundTrips, String> {
        let mut command = self.tool("EndToEndLatency");
        command.args(["--bootstrap-server", self.bootstrap, "--topic", topic, "--producer-acks", "all"]);
        command.args(["--num-records", &records.to_string(), "--record-size", &record_bytes.to_string()]);
        let text = output(&mut command)?;
        round_trips(&text).ok_or(text)
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = java(self.libraries);
        // The heap that Kafka's own script gives its load tools; it comes before the class.
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new("java");
        command.arg("-Xmx512m").args(arguments).arg(format!("org.apache.kafka.tools.{name}"));
        command
    }
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("java cannot be run: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(text + &String::from_utf8_lossy(&output.stderr)) }
}

/// The last line that gives percentiles: after a beginning that does not count, it is about the rest alone.
fn produced(text: &str) -> Option<Produced> {
    let line = text.lines().rev().find(|line| line.contains("99.9th"))?;
    let before = |word: &str| number_before(line, word);
    Some(Produced {
        records: line.split_whitespace().next()?.parse().ok()?,
        per_second: before(" records/sec")?,
        mebibytes_per_second: before(" MB/sec")?,
        average_ms: before(" ms avg latency")?,
        p50_ms: before(" ms 50th")?,
        p95_ms: before(" ms 95th")?,
        p99_ms: before(" ms 99th")?,
        p999_ms: before(" ms 99.9th")?,
    })
}

/// The fields of the last line, in the order of the heading: start, end, MB, MB a second, records, records a second, milliseconds of
/// joining, milliseconds of fetching, MB a second of fetching, records a second of fetching.
fn consumed(text: &str) -> Option<Consumed> {
    let fields: Vec<&str> = text.lines().next_back()?.split(", ").collect();
    let field = |n: usize| fields.get(n)?.trim().parse().ok();
    Some(Consumed { mebibytes_per_second: field(3)?, records: field(4)?, per_second: field(5)?, fetched_per_second: field(9)? })
}

fn round_trips(text: &str) -> Option<RoundTrips> {
    let average = text.lines().find(|line| line.starts_with("Avg latency"))?;
    let percentiles = text.lines().find(|line| line.starts_with("Percentiles"))?;
    let behind = |word: &str| {
        let rest = percentiles.split_once(word)?.1;
        rest.split(',').next()?.trim().parse().ok()
    };
    Some(RoundTrips {
        average_ms: number_before(average, " ms")?,
        p50_ms: behind("50th =")?,
        p99_ms: behind("99th =")?,
        p999_ms: behind("99.9th =")?,
    })
}

/// The number that stands directly before a word.
fn number_before(line: &str, word: &str) -> Option<f64> {
    let before = line.split_once(word)?.0;
    before.rsplit([' ', '(']).next()?.parse().ok()
}

#[cfg(test)]
mod tests;
