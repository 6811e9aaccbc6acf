//! What is measured: the real Kafka, or the binary under test with its Kafka door; one server, or several nodes on this machine.

use interop::cluster::{Cluster, Plan};
use interop::kafka_peer::{KafkaPeer, KafkaSettings};
use interop::kafka_tools::KafkaTools;
use interop::server::unused_port;
use interop::{Server, Settings, process};
use std::path::{Path, PathBuf};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The real Apache Kafka.
    Kafka,
    /// The binary under test: `MANIFOLD_BIN`, or the workspace's.
    Manifold,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Manifold => "ours",
        }
    }
}

/// A running server, or several that belong together. Dropping it kills their processes and removes their data.
pub(crate) struct Subject {
    nodes: Running,
    libraries: std::path::PathBuf,
    bootstrap: String,
}

enum Running {
    Kafka(KafkaPeer),
    Manifold(Vec<Server>),
}

impl Subject {
    /// Starts `nodes` (1 or 3) on empty data under a folder; `properties` are Kafka's alone, since ours fsyncs whatever it
    /// acknowledges.
    pub(crate) async fn start(kind: Kind, nodes: u16, libraries: &Path, under: &Path, properties: &[(&str, &str)]) -> Self {
        let (nodes, bootstrap) = match kind {
            Kind::Kafka => {
                let mut settings = KafkaSettings::new(libraries);
                settings.brokers = nodes;
                settings.under = under.to_owned();
                let settings = properties.iter().fold(settings, |settings, (name, value)| settings.with(name, value));
                let peer = KafkaPeer::start(settings);
                let bootstrap = peer.bootstrap();
                (Running::Kafka(peer), bootstrap)
            }
            Kind::Manifold => {
                let doors: Vec<String> = (0..nodes).map(|_| format!("127.0.0.1:{}", unused_port())).collect();
                (Running::Manifold(manifold(under, &doors).await), doors.join(","))
            }
        };
        Self { nodes, libraries: libraries.to_owned(), bootstrap }
    }

    /// Kafka's load tools against it.
    pub(crate) fn tools(&self) -> KafkaTools<'_> {
        KafkaTools { libraries: &self.libraries, bootstrap: &self.bootstrap }
    }

    /// CPU seconds that all its processes together have used so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        match &self.nodes {
            Running::Kafka(peer) => peer.cpu_seconds(),
            Running::Manifold(servers) => servers.iter().map(Server::cpu_seconds).sum(),
        }
    }

    /// Bytes that all its processes together have caused to be written so far.
    pub(crate) fn written_bytes(&self) -> u64 {
        let pids = match &self.nodes {
            Running::Kafka(peer) => peer.pids(),
            Running::Manifold(servers) => servers.iter().map(Server::pid).collect(),
        };
        pids.into_iter().filter_map(process::written_bytes).sum()
    }

    /// Where the first server's data is.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.nodes {
            Running::Kafka(peer) => peer.folder().to_owned(),
            Running::Manifold(servers) => servers[0].data_dir(),
        }
    }

    /// Kills the first server and starts it again on its data.
    pub(crate) async fn restart(&mut self) {
        match &mut self.nodes {
            Running::Kafka(peer) => peer.restart(0),
            Running::Manifold(servers) => drop(servers[0].restart().await),
        }
    }
}

/// One server for each Kafka door; several are members of one cluster, without a secret, as Kafka's brokers speak plainly, too.
async fn manifold(under: &Path, doors: &[String]) -> Vec<Server> {
    if let [door] = doors {
        return vec![Server::start(Settings::manifold().with_arguments(&["--kafka", door]).under(under)).await];
    }
    let mut cluster = Cluster::prepare(doors.len(), &Plan { under: Some(under), ..Plan::default() }).await;
    for (server, door) in cluster.servers.iter_mut().zip(doors) {
        server.settings_mut().arguments.extend(["--kafka".to_owned(), door.clone()]);
        server.spawn();
    }
    cluster.wait_ready().await;
    cluster.servers
}
