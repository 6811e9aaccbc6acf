//! The command line of `manifold bench`.

mod config;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum, value_parser};

pub(crate) use self::config::{Config, Listed, Workload};
use crate::{
    error::{Error, Result},
    limits::{
        BATCH_BYTES_MAX, CONNECTIONS_MAX, IN_FLIGHT_IDEMPOTENT_MAX, IN_FLIGHT_MAX, PARTITIONS_MAX, RECORD_BYTES_MAX,
        REQUEST_RECORDS_MAX, RUNS_MAX, SECONDS_DEFAULT,
    },
    payload::HEAD_BYTES,
};

const CONNECTIONS: u64 = CONNECTIONS_MAX as u64;
const IN_FLIGHT: u64 = IN_FLIGHT_MAX as u64;

/// `manifold bench …`
#[derive(Args, Debug)]
pub struct Bench {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Command {
    /// Records into a topic, in batches that are encoded once and patched; then all of them are read back
    #[command(after_help = "Examples:\n  \
        manifold bench produce --start                                  everything by itself, in this directory\n  \
        manifold bench produce --partitions 12 --connections 8          a node that runs already\n  \
        manifold bench produce --rate 20000 --seconds 60                open loop: latencies from when each batch was due\n  \
        manifold bench produce --start --peer kafka --peer-program kafka/libs --runs 3\n                                                                  \
        three runs of each in turn, and the ratio\n  \
        manifold bench produce --pid \"$(pidof manifold)\" --json         CPU, memory and bytes written of the server, as JSON\n\n\
        Ends with code 1 if a record that was acknowledged is lost, there twice, changed or out of order.")]
    Produce(Produce),
    /// Records out of a topic: one that is there, or one that is filled before
    #[command(after_help = "Examples:\n  \
        manifold bench consume --start --records 200000                 filled first, then read\n  \
        manifold bench consume --topic load --connections 4             what \"bench produce --topic load\" left there\n\n\
        Each record's hash and each batch's CRC are checked.")]
    Consume(Consume),
    /// One producer, one consumer, one record a batch: from the send to the receipt
    #[command(after_help = "Examples:\n  \
        manifold bench end-to-end --start                               the next is sent when the last was received\n  \
        manifold bench end-to-end --rate 500 --seconds 30               on schedule, whatever was received")]
    EndToEnd(EndToEnd),
    /// Records over HTTP: POSTs of many records each, whose statuses are all read
    #[command(after_help = "Examples:\n  \
        manifold bench ingest --start\n  \
        manifold bench ingest --http 127.0.0.1:8480 --connections 64 --batch-records 100\n  \
        manifold bench ingest --start --ramp 500,2000,8000 --batch-records 1    more users from stage to stage\n\n\
        What was acknowledged is read back through the Kafka door. 429 is honoured by its Retry-After and counted.")]
    Ingest(Ingest),
    /// Puts of unique keys and values through the etcd door; then all of them are read back
    #[command(after_help = "Examples:\n  \
        manifold bench put --start --requests 100000\n  \
        manifold bench put --connections 1 --in-flight 1 --seconds 10   one client, one at a time\n  \
        manifold bench put --start --peer etcd --runs 3                 against the etcd that is found in PATH")]
    Put(Etcd),
    /// Linearizable gets of random keys, which are put before
    #[command(after_help = "Example:\n  manifold bench get --start --keys 10000 --seconds 10")]
    Get(Etcd),
    /// Transactions of a compare and a put; then all keys are read back
    #[command(after_help = "Example:\n  manifold bench txn --start --requests 50000")]
    Txn(Etcd),
    /// Lists of many keys from a random one on, which are put before
    #[command(after_help = "Example:\n  manifold bench list --start --keys 100000 --limit 500")]
    List(Etcd),
    /// Watchers that all receive every event, and puts; events are counted and their order is checked
    #[command(after_help = "Example:\n  manifold bench watch --start --watchers 1000 --connections 10 --requests 2000")]
    Watch(Etcd),
    /// The configuration store over HTTP: writes, reads, the audit trail, lists, watches, imports, snapshots
    #[command(after_help = "Examples:\n  \
        manifold bench config --start                                   writes, then all of them and the audit trail are read back\n  \
        manifold bench config --workload read --start --consistency local\n  \
        manifold bench config --workload audit --start --keys 1000000   pages of the trail of so many writes\n  \
        manifold bench config --workload watch --start --watchers 10000 from the send of a change until the last one has it\n  \
        manifold bench config --workload import --start --keys 100000\n  \
        manifold bench config --start --nodes 3                         three nodes; the load goes to the leader\n  \
        manifold bench config --start --peer etcd --runs 3              against the etcd that is found in PATH, over its JSON gateway\n  \
        MANIFOLD_API_KEY=\"$(cat root.key)\" manifold bench config       a node that runs already\n\n\
        Ends with code 1 if a write that was acknowledged is lost, changed, or not exactly once in the audit trail, and if a watcher\n\
        missed a change.")]
    Config(Box<Config>),
}

/// What all runs have.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Start this very program as a node on an empty directory for each run, and end it afterwards
    #[arg(long)]
    pub(crate) start: bool,
    /// Where directories of what is started are made: on the disk that is to be measured
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) under: PathBuf,
    /// How many runs; with a peer each has as many, in turn
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(RUNS_MAX)))]
    pub(crate) runs: u32,
    /// Stop sending after so many seconds [default: 10, or until all is sent where a number is given]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: Option<u64>,
    /// Load for so many seconds before each run, which is read back and not measured: for what is slow when it is new
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=3_600))]
    pub(crate) warm_up: Option<u64>,
    /// Process id of a server whose CPU, memory and bytes written are told; several times for several nodes
    #[arg(long, value_name = "PID", conflicts_with = "start")]
    pub(crate) pid: Vec<u32>,
    /// Do not read back what was acknowledged; nothing is proved then
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// One JSON object a line for each run, and one for the comparison
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// A table in Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Send to addresses that are not this machine's own, too
    #[arg(long)]
    pub(crate) allow_remote: bool,
}

/// Whom it is compared with.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Against {
    /// A peer that runs already: the same load goes to both in turn
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) against: Option<String>,
    /// Process id of that peer
    #[arg(long, value_name = "PID", requires = "against")]
    pub(crate) against_pid: Vec<u32>,
    /// Start a peer for each of its runs, on an empty directory on this machine, and end it afterwards
    #[arg(long, value_enum, conflicts_with = "against")]
    pub(crate) peer: Option<PeerKind>,
    /// The etcd program [default: the one in PATH], or the directory of Kafka's jars
    #[arg(long, value_name = "PATH", requires = "peer")]
    pub(crate) peer_program: Option<PathBuf>,
}

/// A peer that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeerKind {
    /// etcd, for put, get, txn, list and watch, and for config's writes and reads.
    Etcd,
    /// Apache Kafka with Java, for produce, consume and end-to-end.
    Kafka,
}

/// The Kafka door and its topic.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The Kafka door
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092", conflicts_with = "start")]
    pub(crate) bootstrap: String,
    /// The topic, which stays; left out: a new one for each run, which is deleted afterwards
    #[arg(long, value_name = "NAME")]
    pub(crate) topic: Option<String>,
    /// Partitions of a topic that is made [default: 1]; one that is there has to have as many
    #[arg(long, value_name = "N", value_parser = value_parser!(i32).range(1..=i64::from(PARTITIONS_MAX)))]
    pub(crate) partitions: Option<i32>,
}

/// What is produced.
#[derive(Args, Clone, Debug)]
pub(crate) struct Batches {
    /// Bytes of each record's value, at least 48: it says who sent it, which one it is, and a hash
    #[arg(long, value_name = "BYTES", default_value_t = 256, value_parser = value_parser!(u32).range(HEAD_BYTES as i64..=RECORD_BYTES_MAX as i64))]
    pub(crate) record_size: u32,
    /// Bytes of a batch at most; one record at least is in it
    #[arg(long, value_name = "BYTES", default_value_t = 16_384, value_parser = value_parser!(u32).range(1..=BATCH_BYTES_MAX as i64))]
    pub(crate) batch_bytes: u32,
    /// Batches in flight on each connection
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u64).range(1..=IN_FLIGHT))]
    pub(crate) in_flight: u64,
    /// Who has to have a batch before it is acknowledged: -1 all, 1 the leader, 0 nobody answers
    #[arg(long, value_name = "ACKS", default_value_t = -1, allow_hyphen_values = true, value_parser = value_parser!(i16).range(-1..=1))]
    pub(crate) acks: i16,
    /// Number the batches, so that one that comes again is not appended twice (KIP-98)
    #[arg(long)]
    pub(crate) idempotent: bool,
}

/// `manifold bench produce`
#[derive(Args, Clone, Debug)]
pub(crate) struct Produce {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) against: Against,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) batches: Batches,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) connections: u64,
    /// Stop after so many records
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) records: Option<u64>,
    /// Records a second over all connections, sent on schedule whatever the answers do
    #[arg(long, value_name = "RECORDS_PER_SECOND", value_parser = rate)]
    pub(crate) rate: Option<f64>,
}

/// `manifold bench consume`
#[derive(Args, Clone, Debug)]
pub(crate) struct Consume {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) against: Against,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) batches: Batches,
    /// Connections; no more than there are partitions are used
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) connections: u64,
    /// Stop after so many records; an empty topic is filled with them before [default: all of them; 100000 into an empty topic]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) records: Option<u64>,
    /// Bytes of one partition in one answer
    #[arg(long, value_name = "BYTES", default_value_t = crate::fetch::PARTITION_BYTES, value_parser = value_parser!(i32).range(1..))]
    pub(crate) fetch_bytes: i32,
}

/// `manifold bench end-to-end`
#[derive(Args, Clone, Debug)]
pub(crate) struct EndToEnd {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) against: Against,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Bytes of each record's value, at least 48
    #[arg(long, value_name = "BYTES", default_value_t = 256, value_parser = value_parser!(u32).range(HEAD_BYTES as i64..=RECORD_BYTES_MAX as i64))]
    pub(crate) record_size: u32,
    /// As for produce
    #[arg(long, value_name = "ACKS", default_value_t = -1, allow_hyphen_values = true, value_parser = value_parser!(i16).range(-1..=1))]
    pub(crate) acks: i16,
    /// Stop after so many records
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) records: Option<u64>,
    /// Records a second, sent on schedule
    #[arg(long, value_name = "RECORDS_PER_SECOND", value_parser = rate)]
    pub(crate) rate: Option<f64>,
}

/// `manifold bench ingest`
#[derive(Args, Clone, Debug)]
pub(crate) struct Ingest {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The HTTP door
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8480", conflicts_with = "start")]
    pub(crate) http: String,
    /// Bytes of each record's value, at least 48
    #[arg(long, value_name = "BYTES", default_value_t = 256, value_parser = value_parser!(u32).range(HEAD_BYTES as i64..=RECORD_BYTES_MAX as i64))]
    pub(crate) record_size: u32,
    /// Records of one request
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=REQUEST_RECORDS_MAX as i64))]
    pub(crate) batch_records: u32,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) connections: u64,
    /// Stop after so many records, rounded up to whole requests
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) records: Option<u64>,
    /// Stages on the same node, each with so many connections and a row of its own
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', conflicts_with_all = ["connections", "records"], value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) ramp: Vec<u64>,
}

/// `manifold bench put | get | txn | list | watch`
#[derive(Args, Clone, Debug)]
pub(crate) struct Etcd {
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) against: Against,
    /// The etcd door
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2379", conflicts_with = "start")]
    pub(crate) endpoint: String,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u64).range(1..=CONNECTIONS))]
    pub(crate) connections: u64,
    /// Requests in flight on each connection
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = value_parser!(u64).range(1..=IN_FLIGHT))]
    pub(crate) in_flight: u64,
    /// Stop after so many requests
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1 << 32))]
    pub(crate) requests: Option<u64>,
    /// Keys that reads draw from; writes make a new key each
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=1 << 32))]
    pub(crate) keys: u64,
    /// Bytes of each value
    #[arg(long, value_name = "BYTES", default_value_t = 256, value_parser = value_parser!(u64).range(8..=storm::options::VALUE_BYTES_MAX as u64))]
    pub(crate) value_size: u64,
    /// Keys of one list
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u64).range(1..=100_000))]
    pub(crate) limit: u64,
    /// Watchers, spread over the connections
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u64).range(1..=100_000))]
    pub(crate) watchers: u64,
    /// Requests a second over all connections, sent on schedule whatever the answers do
    #[arg(long, value_name = "REQUESTS_PER_SECOND", value_parser = rate)]
    pub(crate) rate: Option<f64>,
}

fn rate(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.001..=1e9).contains(&rate) => Ok(rate),
        _ => Err("is no number from 0.001 to 1000000000".to_owned()),
    }
}

/// Where sending ends, by the count or by the clock; one of them always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: Option<u64>,
    pub(crate) time: Option<Duration>,
}

impl Command {
    /// The same load for some seconds, whatever the count is; none if there is no warming up.
    pub(crate) fn warm_up(&self) -> Option<Command> {
        let mut command = self.clone();
        let (run, count) = match &mut command {
            Command::Produce(o) => (&mut o.run, &mut o.records),
            Command::Consume(o) => (&mut o.run, &mut o.records),
            Command::EndToEnd(o) => (&mut o.run, &mut o.records),
            Command::Ingest(o) => (&mut o.run, &mut o.records),
            Command::Put(o) | Command::Get(o) | Command::Txn(o) | Command::List(o) | Command::Watch(o) => {
                (&mut o.run, &mut o.requests)
            }
            Command::Config(o) => {
                o.run.seconds = Some(o.run.warm_up?);
                o.warm();
                return Some(command);
            }
        };
        run.seconds = Some(run.warm_up?);
        // An empty topic is filled with the count, and watchers watch so many puts: it stays there, and time ends it earlier.
        if !matches!(self, Command::Consume(_) | Command::Watch(_)) {
            *count = None;
        }
        Some(command)
    }

    /// What is measured one after another on the same target: the stages of a ramp, or the load itself.
    pub(crate) fn stages(&self) -> Vec<Command> {
        match self {
            Command::Ingest(o) if !o.ramp.is_empty() => {
                let stage = |connections: &u64| Command::Ingest(Ingest { connections: *connections, ..o.clone() });
                o.ramp.iter().map(stage).collect()
            }
            load => vec![load.clone()],
        }
    }
}

impl Run {
    /// What ends sending: the count, the seconds, or ten seconds.
    pub(crate) fn limit(&self, count: Option<u64>) -> Limit {
        let seconds = self.seconds.or_else(|| count.is_none().then_some(SECONDS_DEFAULT));
        Limit { count, time: seconds.map(Duration::from_secs) }
    }
}

impl Batches {
    /// What the arguments say of each other.
    pub(crate) fn check(&self) -> Result {
        if self.idempotent && self.in_flight > IN_FLIGHT_IDEMPOTENT_MAX as u64 {
            return Err(Error::usage(format!(
                "--in-flight is at most {IN_FLIGHT_IDEMPOTENT_MAX} with --idempotent: a broker knows no more of the last batches"
            )));
        }
        if self.idempotent && self.acks != -1 {
            return Err(Error::usage(
                "--idempotent needs --acks -1: who is not told what became of a batch cannot number the next",
            ));
        }
        Ok(())
    }
}
