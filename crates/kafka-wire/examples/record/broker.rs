//! The real broker: started on empty data, ended by its own process id.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kafka_wire::messages::metadata::{MetadataRequest, MetadataResponse};

use crate::{golden::Golden, talker::Talker};

/// Where nobody has to sign in. Fixed, as all ports here, so that a second recording has the same bytes, and far from those that
/// people give to servers of their own, whose clients would be recorded as others.
pub(crate) const OPEN_PORT: u16 = 27181;
/// Where clients sign in.
pub(crate) const SASL_PORT: u16 = 27182;
/// Where the broker talks to itself.
const INTERNAL_PORT: u16 = 27183;
const CONTROLLER_PORT: u16 = 27184;
/// What the broker tells clients that do not sign in: there the proxy listens.
pub(crate) const PROXY_PORT: u16 = 27185;
/// Who may sign in, and the password.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "alice-secret";
/// A Java process and its tables need this long at most, also while others use the machine.
const READY: Duration = Duration::from_secs(120);

/// A running broker with its data. Dropping it kills the process and removes the data.
pub(crate) struct Broker {
    folder: PathBuf,
    child: Child,
}

impl Broker {
    /// Formats storage, starts the broker and waits until it answers.
    pub(crate) fn start(libraries: &Path, log_settings: &Path) -> Self {
        assert!(libraries.is_dir(), "{} is missing: interop/peers/build-kafka fetches it", libraries.display());
        let folder = std::env::temp_dir().join("kafka-wire-golden");
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let settings = folder.join("server.properties");
        fs::write(&settings, properties(&folder)).expect("the folder was just made");
        let java = || {
            let mut command = Command::new("java");
            command.arg("-Xmx768m").arg(format!("-Dlog4j2.configurationFile={}", log_settings.display()));
            command.arg("-cp").arg(libraries.join("*")).stdin(Stdio::null());
            command
        };
        let mut format = java();
        format.args(["kafka.tools.StorageTool", "format", "-t", "bWFuaWZvbGQtcGVlcg", "-c"]).arg(&settings);
        format.args(["--add-scram", &format!("SCRAM-SHA-256=[name={USER},password={PASSWORD}]")]);
        let output = format.output().expect("java is on the PATH");
        assert!(output.status.success(), "storage could not be formatted: {}", String::from_utf8_lossy(&output.stderr));
        let log = File::create(folder.join("log")).expect("the folder was just made");
        let mut start = java();
        start.arg("kafka.Kafka").arg(&settings).stdout(Stdio::null()).stderr(log);
        let broker = Self { child: start.spawn().expect("java is on the PATH"), folder };
        broker.wait_ready();
        broker
    }

    /// The directories that it keeps partitions in.
    pub(crate) fn directories(&self) -> [PathBuf; 2] {
        directories(&self.folder)
    }

    fn wait_ready(&self) {
        let (end, unseen) = (Instant::now() + READY, Golden::default());
        loop {
            if let Ok(mut talker) = Talker::connect(OPEN_PORT, &unseen) {
                let answer = talker.prepare(12, &MetadataRequest::default());
                if !answer.read::<MetadataResponse<'_>>().brokers.is_empty() {
                    return;
                }
            }
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "the broker did not answer within {READY:?}:\n{}", log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill, and waiting collects it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("the end of what the broker printed:\n{}", log.get(log.len().saturating_sub(4_000)..).unwrap_or(&log));
        }
        // What cannot be removed is found by the next start, which says so.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn directories(folder: &Path) -> [PathBuf; 2] {
    [folder.join("data-a"), folder.join("data-b")]
}

fn properties(folder: &Path) -> String {
    let [first, second] = directories(folder);
    let module = "org.apache.kafka.common.security";
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         broker.rack=rack-a\n\
         controller.quorum.voters=1@127.0.0.1:{CONTROLLER_PORT}\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=INTERNAL\n\
         listener.security.protocol.map=OPEN:PLAINTEXT,SASL:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         listeners=OPEN://127.0.0.1:{OPEN_PORT},SASL://127.0.0.1:{SASL_PORT},INTERNAL://127.0.0.1:{INTERNAL_PORT},\
         CONTROLLER://127.0.0.1:{CONTROLLER_PORT}\n\
         advertised.listeners=OPEN://127.0.0.1:{PROXY_PORT},SASL://127.0.0.1:{SASL_PORT},INTERNAL://127.0.0.1:{INTERNAL_PORT}\n\
         log.dirs={},{}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=2\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.num.partitions=2\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.num.partitions=2\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
         super.users=User:ANONYMOUS;User:{USER}\n\
         delegation.token.secret.key=golden\n\
         sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256\n\
         listener.name.sasl.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";\n\
         listener.name.sasl.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;\n",
        first.display(),
        second.display(),
    )
}
