//! Servers that are started for a run, each on an empty directory, and ended by their own process ids.

use std::{
    fmt,
    fs::{self, File},
    io::Write,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    limits::{ASKED_EVERY, NODE_CONNECTIONS_MAX, NODE_READY, PEER_READY},
};

/// What a node logs when its doors are open, with their addresses.
const READY: &str = "ready to serve client requests";
/// Of a log, what is shown when a start fails.
const LOG_TAIL_BYTES: usize = 2_000;
const HEAP: [&str; 2] = ["-Xms1g", "-Xmx1g"];
/// Any id will do: it tells this storage from others.
const KAFKA_CLUSTER_ID: &str = "bWFuaWZvbGQtYmVuY2g0Mg";

/// What lets a load into the configuration store. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    /// None of what cannot stand in a header.
    pub(crate) fn new(text: &str) -> Result<ApiKey> {
        let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let wrong = || Error::usage("the API key is not of printable ASCII characters without spaces: give another --api-key");
        is_one.then(|| ApiKey(text.to_owned())).ok_or_else(wrong)
    }

    fn drawn() -> ApiKey {
        ApiKey(format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

/// Whom a load goes to.
#[derive(Debug)]
pub(crate) struct Target {
    /// `manifold`, `peer`, `etcd` or `kafka`.
    pub(crate) name: &'static str,
    pub(crate) kafka: String,
    pub(crate) http: String,
    pub(crate) etcd: String,
    pub(crate) pids: Vec<u32>,
    pub(crate) api_key: Option<ApiKey>,
    /// They end when the run is over.
    processes: Vec<Process>,
}

impl Target {
    /// One that runs already.
    pub(crate) fn running(name: &'static str, kafka: &str, http: &str, etcd: &str, pids: &[u32]) -> Target {
        let (kafka, http, etcd) = (kafka.to_owned(), http.to_owned(), etcd.to_owned());
        Target { name, kafka, http, etcd, pids: pids.to_vec(), api_key: None, processes: Vec::new() }
    }

    fn of(name: &'static str, processes: Vec<Process>, [kafka, http, etcd]: [String; 3]) -> Target {
        let pids = processes.iter().map(|process| process.child.id()).collect();
        Target { name, kafka, http, etcd, pids, api_key: None, processes }
    }

    /// Whether it was started for the run, and its data goes with it.
    pub(crate) fn is_ours(&self) -> bool {
        !self.processes.is_empty()
    }

    /// Whether it is etcd itself, which has other doors.
    pub(crate) fn is_etcd(&self) -> bool {
        self.name == "etcd"
    }

    /// How many were started.
    pub(crate) fn nodes(&self) -> usize {
        self.processes.len()
    }

    /// This very program as a node.
    pub(crate) async fn own(under: &Path) -> Result<Target> {
        let folder = Folder::new(under, "node")?;
        let mut command = node(&folder)?;
        command.args(["--peer", "off"]);
        let mut process = Process::spawn(command, folder)?;
        let doors = process.doors(Instant::now() + NODE_READY).await?;
        Ok(Target::of("manifold", vec![process], doors))
    }

    /// So many nodes of one cluster, on this machine, with an API key that may do everything.
    pub(crate) async fn own_store(under: &Path, count: u32) -> Result<Target> {
        let key = ApiKey::drawn();
        let peers: Vec<String> = (0..count).map(|_| unused()).collect::<Result<_>>()?;
        let list: Vec<String> = (1..).zip(&peers).map(|(number, peer)| format!("n{number}={peer}")).collect();
        let mut processes = Vec::new();
        for (number, peer) in (1..).zip(&peers) {
            let folder = Folder::new(under, "node")?;
            let file = folder.path.join("keys");
            write_key(&file, &key).map_err(|error| Error::failed(format!("{} cannot be written: {error}", file.display())))?;
            let mut command = node(&folder)?;
            command.arg("--import-keys").arg(file).args(["--connections-max", &NODE_CONNECTIONS_MAX.to_string()]);
            // One shard of data, so that the configuration store lies in the one that snapshots are of.
            command.args(["--shards", "1"]);
            match count {
                1 => command.args(["--peer", "off"]),
                _ => command.args(["--name", &format!("n{number}"), "--peer", peer, "--cluster", &list.join(",")]),
            };
            processes.push(Process::spawn(command, folder)?);
        }
        let (end, mut doors) = (Instant::now() + NODE_READY, Vec::new());
        for process in &mut processes {
            doors.push(process.doors(end).await?);
        }
        let first = doors.into_iter().next().unwrap_or_default();
        Ok(Target { api_key: Some(key), ..Target::of("manifold", processes, first) })
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
        Ok(Target::of("etcd", vec![process], [String::new(), String::new(), client]))
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
        Ok(Target::of("kafka", vec![process], [client, String::new(), String::new()]))
    }
}

/// This very program as a node in a folder, with doors at free ports and the settings of nobody else.
fn node(folder: &Folder) -> Result<Command> {
    let program =
        std::env::current_exe().map_err(|error| Error::failed(format!("this program does not find itself: {error}")))?;
    let mut command = Command::new(program);
    command.arg("serve");
    for door in ["--etcd", "--kafka", "--http"] {
        command.args([door, "127.0.0.1:0"]);
    }
    command.arg("--data-dir").arg(folder.path.join("data"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MANIFOLD_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// Writes a file that only its owner reads.
fn write_key(file: &Path, key: &ApiKey) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(file, "bench {} admin", key.text())
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

    /// Where a node's doors for Kafka, HTTP and etcd are, once they are open.
    async fn doors(&mut self, end: Instant) -> Result<[String; 3]> {
        loop {
            if let Some(line) = self.log().lines().find(|line| line.contains(READY)) {
                return Ok(["kafka", "http", "etcd"].map(|door| field(line, door)));
            }
            self.still_starting(end)?;
            sleep(ASKED_EVERY).await;
        }
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
    fn a_key_is_for_its_owner_and_never_shown() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new(&std::env::temp_dir(), "test").expect("a directory");
        let (file, key) = (folder.path.join("keys"), ApiKey::drawn());
        write_key(&file, &key).expect("it can be written");
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&file).expect("it is there"), format!("bench {} admin\n", key.text()));
        assert!(!format!("{key:?}").contains(key.text()) && ApiKey::drawn() != key);
        for wrong in ["", "a b", "a\r\nX: y", "\u{e4}"] {
            let refused = ApiKey::new(wrong).expect_err(wrong);
            assert!(refused.message.contains("--api-key"), "{refused}");
        }
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
