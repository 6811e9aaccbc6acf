//! One server that is measured: the real Kafka, or the binary under test with its Kafka door.

use interop::kafka_peer::{KafkaPeer, KafkaSettings};
use interop::kafka_tools::KafkaTools;
use interop::server::unused_port;
use interop::{Server, Settings};
use std::path::Path;

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

/// A running server. Dropping it kills it and removes its data.
pub(crate) struct Subject {
    server: Running,
    libraries: std::path::PathBuf,
    bootstrap: String,
}

enum Running {
    Kafka(KafkaPeer),
    Manifold(Box<Server>),
}

impl Subject {
    /// Starts a server on empty data under a folder; `properties` are Kafka's alone, since ours fsyncs whatever it acknowledges.
    pub(crate) async fn start(kind: Kind, libraries: &Path, under: &Path, properties: &[(&str, &str)]) -> Self {
        let (server, bootstrap) = match kind {
            Kind::Kafka => {
                let mut settings = KafkaSettings::new(libraries);
                settings.under = under.to_owned();
                let settings = properties.iter().fold(settings, |settings, (name, value)| settings.with(name, value));
                let peer = KafkaPeer::start(settings);
                let bootstrap = peer.bootstrap();
                (Running::Kafka(peer), bootstrap)
            }
            Kind::Manifold => {
                let address = format!("127.0.0.1:{}", unused_port());
                let settings = Settings::manifold().with_arguments(&["--kafka", &address]).under(under);
                (Running::Manifold(Box::new(Server::start(settings).await)), address)
            }
        };
        Self { server, libraries: libraries.to_owned(), bootstrap }
    }

    /// Kafka's load tools against it.
    pub(crate) fn tools(&self) -> KafkaTools<'_> {
        KafkaTools { libraries: &self.libraries, bootstrap: &self.bootstrap }
    }

    /// CPU seconds that its process has used so far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        match &self.server {
            Running::Kafka(peer) => peer.cpu_seconds(),
            Running::Manifold(server) => server.cpu_seconds(),
        }
    }
}
