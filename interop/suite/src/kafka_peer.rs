//! The real Apache Kafka: fetched, started on ports and folders of its own, and ended by its own process ids.

use crate::peers::repository;
use crate::server::{memory_folder, unused_port};
use crate::{kafka_wire, process};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A Java process and its tables need this long at most, also while others use the machine.
const READY: Duration = Duration::from_secs(120);
/// How often a starting broker is asked.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// The folder of jars that `interop/peers/build-kafka` fetches, fetched on first use; `None`, with a plain word about what is left
/// out, where Java or Maven is missing. With `CI=true` that is a failure instead.
pub fn kafka_libraries(left_out: &str) -> Option<&'static Path> {
    static FETCHED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FETCHED.get_or_init(fetch) {
        Ok(folder) => Some(folder),
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out: {why}");
            eprintln!("LEFT OUT: {left_out}: {why}");
            None
        }
    }
}

fn fetch() -> Result<PathBuf, String> {
    let folder = repository().join("interop/peers");
    let status = Command::new(folder.join("build-kafka")).status();
    match status.map_err(|e| format!("interop/peers/build-kafka cannot be run: {e}"))?.code() {
        Some(0) => Ok(folder.join("bin/kafka/libs")),
        Some(3) => Err("Java or Maven is not installed".into()),
        code => panic!("interop/peers/build-kafka failed ({code:?}); its output is above"),
    }
}

/// A `java` that has Kafka's jars on its class path and prints warnings to standard error; the class and its arguments come after.
pub fn java(libraries: &Path) -> Command {
    let mut command = Command::new("java");
    let log = repository().join("interop/peers/kafka/log4j2.properties");
    command.arg(format!("-Dlog4j2.configurationFile={}", log.display()));
    command.arg("-cp").arg(libraries.join("*")).stdin(Stdio::null());
    command
}

/// Who may use the client port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// Its password, for PLAIN and for SCRAM.
    pub password: String,
}

/// How brokers are started.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// The folder of jars.
    pub libraries: PathBuf,
    /// How many brokers; each is a controller too. 1 or 3.
    pub brokers: u16,
    /// Lines of `server.properties` after those that every start has: they win.
    pub properties: Vec<(String, String)>,
    /// Where data directories are made; a folder in memory unless said otherwise.
    pub under: PathBuf,
    /// MiB of heap, the least and the most.
    pub heap_mebibytes: u32,
    /// The only user, over PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; without one nobody is asked.
    pub login: Option<Login>,
    /// The first broker's client port; 0: any.
    pub port: u16,
}

impl KafkaSettings {
    /// One broker with Kafka's defaults, in memory, that lets groups begin at once.
    pub fn new(libraries: &Path) -> Self {
        Self {
            libraries: libraries.to_owned(),
            brokers: 1,
            properties: vec![],
            under: memory_folder(),
            heap_mebibytes: 1024,
            login: None,
            port: 0,
        }
    }

    /// The same with one more property.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.into(), value.into()));
        self
    }
}

/// Running brokers with their data. Dropping them kills the processes and removes the data.
#[derive(Debug)]
pub struct KafkaPeer {
    settings: KafkaSettings,
    folder: PathBuf,
    nodes: Vec<Node>,
}

/// Each broker has three listeners: one for clients, one for the other brokers and for this harness, one for controllers.
#[derive(Debug)]
struct Node {
    client: u16,
    internal: u16,
    controller: u16,
    child: Option<Child>,
}

impl KafkaPeer {
    /// Formats empty storage, starts the brokers, and waits until each of them knows all of them.
    pub fn start(settings: KafkaSettings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = settings.under.join(format!("manifold-kafka-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for test data can be made");
        let node = |n: u16| Node {
            client: if n == 0 && settings.port != 0 { settings.port } else { unused_port() },
            internal: unused_port(),
            controller: unused_port(),
            child: None,
        };
        let nodes = (0..settings.brokers).map(node).collect();
        let mut peer = Self { settings, folder, nodes };
        for index in 0..peer.nodes.len() {
            peer.format(index);
        }
        for index in 0..peer.nodes.len() {
            peer.spawn(index);
        }
        for index in 0..peer.nodes.len() {
            peer.wait_ready(index);
        }
        peer
    }

    /// `host:port` of every broker, with commas between them.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.client)).collect::<Vec<_>>().join(",")
    }

    /// The folder of jars.
    pub fn libraries(&self) -> &Path {
        &self.settings.libraries
    }

    /// The folder of all brokers' data.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Process ids of the brokers that run.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().filter_map(|node| Some(node.child.as_ref()?.id())).collect()
    }

    /// CPU seconds that all running brokers have used so far.
    pub fn cpu_seconds(&self) -> f64 {
        self.pids().into_iter().filter_map(process::cpu_seconds).sum()
    }

    /// Resident bytes of all running brokers.
    pub fn resident_bytes(&self) -> u64 {
        self.pids().into_iter().filter_map(process::resident_bytes).sum()
    }

    /// Kills one broker with SIGKILL and waits until it is gone. Its data stays.
    pub fn kill(&mut self, index: usize) {
        if let Some(mut child) = self.nodes[index].child.take() {
            // It may have ended by itself: then there is nothing to kill, and waiting collects it.
            let _ = child.kill();
            child.wait().expect("our own child can be waited for");
        }
    }

    /// Starts a killed broker on its data and waits until it knows the others.
    pub fn restart(&mut self, index: usize) {
        self.kill(index);
        self.spawn(index);
        self.wait_ready(index);
    }

    /// The last lines that a broker printed.
    pub fn log_tail(&self, index: usize) -> String {
        let text = fs::read(self.file(index, "log")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned()
    }

    fn file(&self, index: usize, name: &str) -> PathBuf {
        self.folder.join(format!("node-{}-{name}", index + 1))
    }

    fn format(&self, index: usize) {
        let file = self.file(index, "properties");
        fs::write(&file, self.properties(index)).expect("the properties can be written");
        let mut command = java(&self.settings.libraries);
        // All brokers of one cluster bear one id; which one does not matter.
        command.args(["kafka.tools.StorageTool", "format", "-t", "bWFuaWZvbGQtcGVlcg", "-c"]).arg(&file);
        if let Some(Login { user, password }) = &self.settings.login {
            for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                command.args(["--add-scram", &format!("{mechanism}=[name={user},password={password}]")]);
            }
        }
        let output = command.output().expect("java can be run");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "storage could not be formatted: {}{text}", String::from_utf8_lossy(&output.stdout));
    }

    fn properties(&self, index: usize) -> String {
        let voters: Vec<String> =
            self.nodes.iter().enumerate().map(|(n, node)| format!("{}@127.0.0.1:{}", n + 1, node.controller)).collect();
        let node = &self.nodes[index];
        let (client, internal) = (node.client, node.internal);
        let client_protocol = if self.settings.login.is_some() { "SASL_PLAINTEXT" } else { "PLAINTEXT" };
        let replicas = self.nodes.len();
        let mut text = format!(
            "process.roles=broker,controller\n\
             node.id={}\n\
             controller.quorum.voters={}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=INTERNAL\n\
             listener.security.protocol.map=CLIENT:{client_protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             listeners=CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{}\n\
             advertised.listeners=CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal}\n\
             log.dirs={}\n\
             offsets.topic.replication.factor={replicas}\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={}\n\
             share.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr={}\n\
             group.initial.rebalance.delay.ms=0\n",
            index + 1,
            voters.join(","),
            node.controller,
            self.file(index, "data").display(),
            replicas.div_ceil(2),
            replicas.div_ceil(2),
        );
        if let Some(login) = &self.settings.login {
            text.push_str(&login_properties(login));
        }
        for (name, value) in &self.settings.properties {
            let _ = writeln!(text, "{name}={value}");
        }
        text
    }

    fn spawn(&mut self, index: usize) {
        let log = File::options().create(true).append(true).open(self.file(index, "log")).expect("the log file can be made");
        let error = log.try_clone().expect("a file handle can be copied");
        // The heap and the collector that Kafka's own start script gives a broker.
        let heap = self.settings.heap_mebibytes;
        let mut command = Command::new("java");
        command.args([&format!("-Xms{heap}m"), &format!("-Xmx{heap}m"), "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]);
        command.args(["-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"]);
        command.args(java(&self.settings.libraries).get_args());
        command.arg("kafka.Kafka").arg(self.file(index, "properties"));
        command.stdin(Stdio::null()).stdout(log).stderr(error);
        self.nodes[index].child = Some(command.spawn().expect("java can be started"));
    }

    fn wait_ready(&mut self, index: usize) {
        let end = Instant::now() + READY;
        let known = |node: &Node| kafka_wire::brokers(node.internal).unwrap_or(0);
        while known(&self.nodes[index]) < self.nodes.len() {
            let child = self.nodes[index].child.as_mut().expect("it was started");
            if let Some(status) = child.try_wait().expect("our own child can be asked") {
                panic!("a Kafka broker ended at its start ({status}):\n{}", self.log_tail(index));
            }
            assert!(Instant::now() < end, "a Kafka broker did not answer within {READY:?}:\n{}", self.log_tail(index));
            std::thread::sleep(ASKED_EVERY);
        }
    }
}

impl Drop for KafkaPeer {
    fn drop(&mut self) {
        for index in 0..self.nodes.len() {
            self.kill(index);
            if std::thread::panicking() {
                eprintln!("the end of what Kafka broker {} printed:\n{}", index + 1, self.log_tail(index));
            }
        }
        // What cannot be removed is left to its owner.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn login_properties(login: &Login) -> String {
    let Login { user, password } = login;
    let module = "org.apache.kafka.common.security";
    format!(
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
         listener.name.client.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{user}=\"{password}\";\n\
         listener.name.client.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;\n\
         listener.name.client.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;\n"
    )
}
