//! `manifold bench`: load that is cheaper than what it measures, and the proof that what was acknowledged is there.
//!
//! Requests are encoded once for each connection and patched before each send, so that a record costs the client a hash, some
//! digits and its share of a CRC. Every record is unique: it says who sent it and which one it is, with a hash over all of its bytes
//! (`payload`). After a write everything is read back and held against the `ledger`: a record that was acknowledged and is
//! lost, there twice, changed, or elsewhere than was said makes the run fail.
//!
//! | operation | door | what is done |
//! |---|---|---|
//! | `produce` | Kafka | batches, closed loop or on schedule |
//! | `consume` | Kafka | fetches of a topic that is there or filled before |
//! | `end-to-end` | Kafka | one record at a time, from its send to its receipt |
//! | `ingest` | HTTP | posts of many records, read back through the Kafka door |
//! | `put`, `get`, `txn`, `list`, `watch` | etcd | the engine of `storm` |
//! | `config` | HTTP | the configuration store: writes, reads, the audit trail, lists, watches, imports, snapshots |
//!
//! Latencies of a load on schedule count from the moment at which something was due, so a server that stands still is seen in them.
//! One thread does all of it: a load that needs more than one core measures the client.
//!
//! This room knows no other than the protocols' bytes: it is a client like any other, and measures a node, an etcd and a Kafka in the
//! same way. It sends to this machine only, unless it is allowed to do otherwise, and always ends by itself.

mod address;
mod arguments;
mod config;
mod consume;
mod end_to_end;
mod error;
mod etcd;
mod fetch;
mod http;
mod ingest;
mod kafka;
mod ledger;
mod limits;
mod monitor;
mod pace;
mod payload;
mod poster;
mod process;
mod produce;
mod report;
mod resources;
mod sender;
mod template;

use std::io::{self, Write};

pub use arguments::Bench;
use arguments::{Against, Command, PeerKind, Run};
pub use error::{Error, Kind, Result};
use process::Target;
use report::{Comparison, Report};
use tokio::task::LocalSet;

/// Does what the command line asks and prints it to stdout. `version` is what reports say of this program.
///
/// An error is also what was found out: [`Kind::Failed`] if the server did not hold its word.
pub fn run(bench: &Bench, version: &str) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::failed(format!("the system gives no timers or sockets: {error}")))?;
    let interrupted = || {
        Error::failed(
            "it was interrupted; what it started is ended, and topics or keys of a node that it did not start are left there",
        )
    };
    raise_descriptor_limit();
    LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            done = all_runs(&bench.command, version) => done,
            // Dropping the runs ends what they started.
            _ = tokio::signal::ctrl_c() => Err(interrupted()),
        }
    })
}

/// Connections are file descriptors, and the usual soft limit is far below what may be asked for. A node that is started has the same.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Where it cannot be raised, the connection that is one too many says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// All runs, in turn.
async fn all_runs(command: &Command, version: &str) -> Result {
    let (run, alone) = (command.run(), Against::default());
    let against = command.against().unwrap_or(&alone);
    command.check(against)?;
    let compared = against.against.is_some() || against.peer.is_some();
    let (stages, mut reports) = (command.stages(), Vec::<Report>::new());
    for number in 1..=run.runs {
        for peer in [false, true].into_iter().take(1 + usize::from(compared)) {
            let target = if peer { command.peer(run, against).await? } else { command.target(run).await? };
            if let Some(complaint) = command.warm(&target).await? {
                return Err(Error::failed(format!("while warming up, {complaint}")));
            }
            for stage in &stages {
                let report = stage.measure(&target, number).await?;
                if run.json {
                    print(&format!("{}\n", report.to_json(version)))?;
                }
                reports.push(report);
            }
        }
    }
    // Stages differ on purpose.
    let comparison = if stages.len() > 1 { None } else { Comparison::of(&reports) };
    print(&conclusion(run, &reports, comparison.as_ref()))?;
    let complaints: Vec<String> = reports.iter().filter_map(Report::complaint).collect();
    if complaints.is_empty() { Ok(()) } else { Err(Error::failed(complaints.join("\n"))) }
}

/// What is printed when all runs are done.
fn conclusion(run: &Run, reports: &[Report], comparison: Option<&Comparison>) -> String {
    if run.json {
        return comparison.map(|comparison| format!("{}\n", comparison.to_json())).unwrap_or_default();
    }
    let Some(first) = reports.first() else { return String::new() };
    let mut text = if run.markdown { report::markdown(reports) } else { report::text(reports) };
    text += &format!("\n{}: {}; latencies of each {}\n", first.operation, first.unit, first.latency_of);
    reports.iter().for_each(|report| text += &report.notes());
    if let Some(comparison) = comparison {
        text += &format!("\n{}", comparison.to_text());
    }
    if report::build() != "release" {
        text += "\nThis program is not optimised: its figures say that it works, not how fast anything is.\n";
    }
    text
}

fn print(text: &str) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read as much as they wanted is not a failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

impl Command {
    fn run(&self) -> &Run {
        match self {
            Command::Produce(o) => &o.run,
            Command::Consume(o) => &o.run,
            Command::EndToEnd(o) => &o.run,
            Command::Ingest(o) => &o.run,
            Command::Put(o) | Command::Get(o) | Command::Txn(o) | Command::List(o) | Command::Watch(o) => &o.run,
            Command::Config(o) => &o.run,
        }
    }

    /// None where there is no peer.
    fn against(&self) -> Option<&Against> {
        match self {
            Command::Produce(o) => Some(&o.against),
            Command::Consume(o) => Some(&o.against),
            Command::EndToEnd(o) => Some(&o.against),
            Command::Ingest(_) => None,
            Command::Put(o) | Command::Get(o) | Command::Txn(o) | Command::List(o) | Command::Watch(o) => Some(&o.against),
            Command::Config(o) => Some(&o.against),
        }
    }

    /// Whether the peer to compare with is etcd.
    fn is_etcd(&self) -> bool {
        use Command::{Config, Get, List, Put, Txn, Watch};
        matches!(self, Put(_) | Get(_) | Txn(_) | List(_) | Watch(_) | Config(_))
    }

    /// What can be told before anything is started.
    fn check(&self, against: &Against) -> Result {
        let wanted = if self.is_etcd() { PeerKind::Etcd } else { PeerKind::Kafka };
        match against.peer {
            Some(peer) if peer != wanted => {
                let (peer, wanted) = (format!("{peer:?}").to_lowercase(), format!("{wanted:?}").to_lowercase());
                Err(Error::usage(format!("{peer} does not do that: the peer of this operation is --peer {wanted}")))
            }
            _ => match self {
                Command::Produce(o) => o.batches.check(),
                Command::Consume(o) => o.batches.check(),
                Command::Config(o) => o.check(),
                _ => Ok(()),
            },
        }
    }

    /// Ours: one that is started, or the one at the addresses that are given.
    async fn target(&self, run: &Run) -> Result<Target> {
        match self {
            Command::Config(o) if run.start => return Target::own_store(&run.under, o.nodes).await,
            _ if run.start => return Target::own(&run.under).await,
            _ => {}
        }
        let (kafka, http, etcd) = match self {
            Command::Produce(o) => (&o.place.bootstrap[..], "", ""),
            Command::Consume(o) => (&o.place.bootstrap[..], "", ""),
            Command::EndToEnd(o) => (&o.place.bootstrap[..], "", ""),
            Command::Ingest(o) => (&o.place.bootstrap[..], &o.http[..], ""),
            Command::Put(o) | Command::Get(o) | Command::Txn(o) | Command::List(o) | Command::Watch(o) => {
                ("", "", &o.endpoint[..])
            }
            Command::Config(o) => ("", &o.http[..], ""),
        };
        self.let_in(Target::running("manifold", kafka, http, etcd, &run.pid))
    }

    async fn peer(&self, run: &Run, against: &Against) -> Result<Target> {
        let program = against.peer_program.as_deref();
        match against.peer {
            Some(PeerKind::Etcd) => Target::etcd(program, &run.under).await,
            Some(PeerKind::Kafka) => Target::kafka(program, &run.under).await,
            None => {
                let address = against.against.as_deref().unwrap_or_default();
                self.let_in(Target::running("peer", address, address, address, &against.against_pid))
            }
        }
    }

    /// With the API key that is given, where one is needed.
    fn let_in(&self, mut target: Target) -> Result<Target> {
        if let Command::Config(o) = self {
            target.api_key = o.api_key()?;
        }
        Ok(target)
    }

    /// Warms a target up, if that is wanted; gives what it did not hold.
    async fn warm(&self, target: &Target) -> Result<Option<String>> {
        match self.warm_up() {
            Some(command) => Ok(command.measure(target, 0).await?.complaint()),
            None => Ok(None),
        }
    }

    async fn measure(&self, target: &Target, number: u32) -> Result<Report> {
        match self {
            Command::Produce(o) => produce::run(o, target, number).await,
            Command::Consume(o) => consume::run(o, target, number).await,
            Command::EndToEnd(o) => end_to_end::run(o, target, number).await,
            Command::Ingest(o) => ingest::run(o, target, number).await,
            Command::Put(o) => etcd::run(o, "put", target, number).await,
            Command::Get(o) => etcd::run(o, "get", target, number).await,
            Command::Txn(o) => etcd::run(o, "txn", target, number).await,
            Command::List(o) => etcd::run(o, "list", target, number).await,
            Command::Watch(o) => etcd::run(o, "watch", target, number).await,
            Command::Config(o) => config::run(o, target, number).await,
        }
    }
}
