//! Servers that are started for a run, each on an empty directory, and ended by their own process ids.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    limits::{ASKED_EVERY, NODE_READY, PEER_READY},
};

/// What a node logs when its doors are open, with their addresses.
const READY: &str = "ready to serve client requests";
/// Of a log, what is shown when a start fails.
const LOG_TAIL_BYTES: usize = 2_000;
const HEAP: [&str; 2] = ["-Xms1g", "-Xmx1g"];
/// Any id will do: it tells this storage from others.
const KAFKA_CLUSTER_ID: &str = "bWFuaWZvbGQtYmVuY2g0Mg";

/// Whom a load goes to.
#[derive(Debug)]
pub(crate) struct Target {
    /// `manifold`, `peer`, `etcd` or `kafka`.
    pub(crate) name: &'static str,
    pub(crate) kafka: String,
    pub(crate) http: String,
    pub(crate) etcd: String,
    pub(crate) pids: Vec<u32>,
    /// Ends it when the run is over.
    _process: Option<Process>,
}

impl Target {
    /// One that runs already.
    pub(crate) fn running(name: &'static str, kafka: &str, http: &str, etcd: &str, pids: &[u32]) -> Target {
        let (kafka, http, etcd) = (kafka.to_owned(), http.to_owned(), etcd.to_owned());
        Target { name, kafka, http, etcd, pids: pids.to_vec(), _process: None }
    }

    fn of(name: &'static str, process: Process, [kafka, http, etcd]: [String; 3]) -> Target {
        Target { name, kafka, http, etcd, pids: vec![process.child.id()], _process: Some(process) }
    }

    /// This very program as a node.
    pub(crate) async fn own(under: &Path) -> Result<Target> {
        let program =
            std::env::current_exe().map_err(|error| Error::failed(format!("this program does not find itself: {error}")))?;
        let folder = Folder::new(under, "node")?;
        let mut command = Command::new(program);
        command.arg("serve");
        for door in ["--etcd", "--kafka", "--http"] {
            command.args([door, "127.0.0.1:0"]);
        }
        command.args(["--peer", "off", "--data-dir"]).arg(folder.path.join("data"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MANIFOLD_")) {
            command.env_remove(name);
        }
        let mut process = Process::spawn(command, folder)?;
        let end = Instant::now() + NODE_READY;
        loop {
            if let Some(line) = process.log().lines().find(|line| line.contains(READY)) {
                let doors = ["kafka", "http", "etcd"].map(|door| field(line, door));
                return Ok(Target::of("manifold", process, doors));
            }
            process.still_starting(end)?;
            sleep(ASKED_EVERY).await;
        }
    }

    /// etcd alone.
    pub(crate) async fn etcd(program: Option<&Path>, under: &Path) -> Result<Target> {
        let folder = Folder::new(under, "etcd")?;
        let (client, peer) = (unused()?, unused()?);
        let (client_url, peer_url) = (format!("http://{client}"), format!("http://{peer}"));
        let mut command = Command::new(program.unwrap_or(Path::new("etcd")));
        command.args(["--name", "bench", "--log-level", "error", "--data-dir"]).arg(folder.path.join("data"));
        command.args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url]);
        command.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        command.args(["--initial-cluster", &format!("bench={peer_url}")]);
        let mut process = Process::spawn(command, folder)?;
        let end = Instant::now() + PEER_READY;
        while !crate::etcd::answers(&client).await {
            process.still_starting(end)?;
            sleep(ASKED_EVERY).await;
        }
        Ok(Target::of("etcd", process, [String::new(), String::new(), client]))
    }

    /// One Kafka broker that is its own controller, from the directory of its jars.
    pub(crate) async fn kafka(libraries: Option<&Path>, under: &Path) -> Result<Target> {
        let libraries = libraries.filter(|libraries| libraries.is_dir()).ok_or_else(|| {
            Error::usage(
                "--peer kafka needs --peer-program DIR, the directory of Kafka's jars: \"libs\" of a release of Apache Kafka",
            )
        })?;
        let folder = Folder::new(under, "kafka")?;
        let (client, controller) = (unused()?, unused()?);
        let properties = folder.path.join("server.properties");
        let text = kafka_properties(&client, &controller, &folder.path.join("data"));
        fs::write(&properties, text)
            .map_err(|error| Error::failed(format!("{} cannot be written: {error}", properties.display())))?;
        let java = || {
            let mut command = Command::new("java");
            command.args(HEAP).args(["-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true"]);
            command.arg("-cp").arg(libraries.join("*"));
            command
        };
        let mut format = java();
        format.args(["kafka.tools.StorageTool", "format", "-t", KAFKA_CLUSTER_ID, "-c"]).arg(&properties);
        let output = format.stdin(Stdio::null()).output().map_err(|error| not_started(&format, &error))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(Error::failed(format!("Kafka's storage cannot be formatted: {}", tail(&text))));
        }
        let mut command = java();
        command.arg("kafka.Kafka").arg(&properties);
        let mut process = Process::spawn(command, folder)?;
        let end = Instant::now() + PEER_READY;
        while !crate::kafka::answers(&client).await {
            process.still_starting(end)?;
            sleep(ASKED_EVERY).await;
        }
        Ok(Target::of("kafka", process, [client, String::new(), String::new()]))
    }
}

fn kafka_properties(client: &str, controller: &str, data: &Path) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         listeners=PLAINTEXT://{client},CONTROLLER://{controller}\n\
         advertised.listeners=PLAINTEXT://{client}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n",
        data.display()
    )
}

/// A directory of its own, which is removed with what is in it.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(under: &Path, what: &str) -> Result<Folder> {
        let name = format!("manifold-bench-{what}-{:08x}", rand::random::<u32>());
        let under = std::path::absolute(under).unwrap_or_else(|_| under.to_owned());
        let path = under.join(name);
        fs::create_dir(&path).map_err(|error| {
            let why = format!("no directory can be made under {}: {error}; --under DIR names another place", under.display());
            Error::usage(why)
        })?;
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to its owner.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A process that ends with this value.
#[derive(Debug)]
struct Process {
    child: Child,
    folder: Folder,
}

impl Process {
    fn spawn(mut command: Command, folder: Folder) -> Result<Process> {
        let log = folder.path.join("log");
        let cannot = |error: std::io::Error| Error::failed(format!("{} cannot be written: {error}", log.display()));
        let file = File::create(&log).map_err(cannot)?;
        let both = file.try_clone().map_err(cannot)?;
        let spawned = command.stdin(Stdio::null()).stdout(file).stderr(both).spawn();
        let child = spawned.map_err(|error| not_started(&command, &error))?;
        Ok(Process { child, folder })
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path.join("log")).unwrap_or_default()).into_owned()
    }

    /// An error if it ended already, or takes too long.
    fn still_starting(&mut self, end: Instant) -> Result {
        let ended = self.child.try_wait().map_err(|error| Error::failed(format!("a child process cannot be asked: {error}")))?;
        if ended.is_none() && Instant::now() < end {
            return Ok(());
        }
        let why = ended.map_or_else(|| "does not serve in time".to_owned(), |status| format!("ended at its start ({status})"));
        Err(Error::failed(format!("what was started for the run {why}; the end of its log:\n{}", tail(&self.log()))))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; its data is thrown away, so nothing is lost by a kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn not_started(command: &Command, error: &std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy().into_owned();
    Error::usage(format!("{program} cannot be started: {error}; --peer-program names another one"))
}

/// The value of a field in a line of a node's log.
fn field(line: &str, name: &str) -> String {
    let value = line.split(&format!(" {name}=")).nth(1).unwrap_or_default();
    value.split(' ').next().unwrap_or_default().trim_matches('"').to_owned()
}

fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(LOG_TAIL_BYTES);
    text.get(from..).or_else(|| text.get(text.ceil_char_boundary(from)..)).unwrap_or_default().trim_end()
}

/// An address on this machine that nobody listens at. Somebody may take it before it is used, which then shows at the start.
fn unused() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.to_string()).map_err(|error| Error::failed(format!("no port is free: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_found_in_the_log() {
        let line = r#"INFO ready to serve client requests etcd="127.0.0.1:1" kafka="127.0.0.1:2" http="127.0.0.1:3""#;
        assert_eq!(
            ["kafka", "http", "etcd", "peer"].map(|name| field(line, name)),
            ["127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:1", ""]
        );
    }

    #[test]
    fn what_is_started_is_gone_with_its_directory() {
        let folder = Folder::new(&std::env::temp_dir(), "test").expect("a directory");
        let path = folder.path.clone();
        let mut command = Command::new("sleep");
        command.arg("60");
        let mut process = Process::spawn(command, folder).expect("it starts");
        assert!(process.still_starting(Instant::now() + PEER_READY).is_ok());
        let late = process.still_starting(Instant::now()).expect_err("it is too late");
        assert!(late.message.contains("in time"), "{late}");
        let pid = process.child.id();
        drop(process);
        assert!(!path.exists() && !Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let folder = Folder::new(&std::env::temp_dir(), "test").expect("a directory");
        let refused = Process::spawn(Command::new("/no/such/program"), folder).expect_err("it is not there");
        assert!(refused.message.contains("--peer-program"), "{refused}");
        let missing = Folder::new(Path::new("/no/such/directory"), "test").expect_err("it is not there");
        assert!(missing.message.contains("--under"), "{missing}");
    }
}
