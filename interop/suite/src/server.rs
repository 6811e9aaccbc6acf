//! One server process: the binary under test, or the real etcd.

use crate::namespaces::{self, Place};
use crate::peers::{Peers, repository};
use crate::random::Random;
use crate::{process, wire};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A server has to answer within this time after its start.
pub const READY_SECONDS: u64 = 60;

/// A server that stands still takes a connection and does not answer.
const METRICS_PATIENCE: Duration = Duration::from_secs(2);

/// Where ports for servers are taken from: Linux gives those from 32768 on to the near ends of connections.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The real etcd.
    Etcd,
    /// The binary under test.
    Manifold,
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which program.
    pub kind: Kind,
    /// The program's file.
    pub binary: PathBuf,
    /// Where data directories are made; a folder in memory unless said otherwise.
    pub under: PathBuf,
    /// More arguments, after those that every start has.
    pub arguments: Vec<String>,
    /// More environment variables.
    pub environment: Vec<(String, String)>,
    /// The port for other nodes; 0: any.
    pub peer_port: u16,
    /// The host that it runs on, if that is not this one.
    pub place: Option<Place>,
}

impl Settings {
    /// The binary under test: `MANIFOLD_BIN`, or the workspace's, built if it is missing.
    pub fn manifold() -> Self {
        Self {
            kind: Kind::Manifold,
            binary: manifold_binary().to_owned(),
            under: memory_folder(),
            arguments: vec![],
            environment: vec![],
            peer_port: 0,
            place: None,
        }
    }

    /// The real etcd.
    pub fn etcd(peers: &Peers) -> Self {
        Self { kind: Kind::Etcd, binary: peers.etcd.clone(), ..Self::manifold() }
    }

    /// What the tests look at: the real etcd where `INTEROP_SUBJECT=etcd` asks for it (to prove the harness), else ours.
    pub fn subject() -> Self {
        match std::env::var("INTEROP_SUBJECT").as_deref() {
            Ok("etcd") => {
                Self::etcd(crate::peers::peers("everything").expect("INTEROP_SUBJECT=etcd needs the real etcd, and so Go"))
            }
            _ => Self::manifold(),
        }
    }

    /// The same with one more environment variable.
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same with more arguments.
    pub fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|a| (*a).to_owned()));
        self
    }

    /// The same with its data under `folder`.
    pub fn under(mut self, folder: &Path) -> Self {
        self.under = folder.to_owned();
        self
    }
}

/// A running (or just killed) server with its data directory. Dropping it kills the process and removes the data.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    folder: PathBuf,
    /// Not beside the data, whose disk a test may fill or break.
    log: PathBuf,
    child: Option<Child>,
    /// The port of the etcd door.
    pub port: u16,
    second_port: u16,
    keep: bool,
}

impl Server {
    /// Starts a server on an empty data directory and waits until it answers.
    pub async fn start(settings: Settings) -> Self {
        let mut server = Self::prepare(settings);
        server.spawn();
        server.wait_ready().await;
        server
    }

    /// A server with its folder and ports chosen, not yet started.
    pub fn prepare(settings: Settings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = settings.under.join(format!("manifold-interop-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for test data can be made");
        let log = memory_folder().join(format!("manifold-interop-{}-{number}.log", std::process::id()));
        Self { settings, folder, log, child: None, port: unused_port(), second_port: unused_port(), keep: false }
    }

    /// Starts the process without waiting for an answer; the ports and the data stay the same over restarts.
    pub fn spawn(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("the log file can be made");
        let error = log.try_clone().expect("a file handle can be copied");
        self.spawn_with(Stdio::from(log), Stdio::from(error));
    }

    /// The same with the standard outputs given.
    pub fn spawn_with(&mut self, out: Stdio, error: Stdio) {
        assert!(self.child.is_none(), "it is running already");
        let child = self.command().stdin(Stdio::null()).stdout(out).stderr(error).spawn();
        self.child = Some(child.unwrap_or_else(|e| panic!("{} cannot be started: {e}", self.settings.binary.display())));
    }

    /// The command line that starts this server.
    pub fn command(&self) -> Command {
        let mut command = match &self.settings.place {
            None => Command::new(&self.settings.binary),
            Some(Place { namespace, .. }) => {
                // It becomes the server's process in the end.
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(&self.settings.binary);
                command
            }
        };
        let data = self.data_dir();
        match self.settings.kind {
            Kind::Etcd => {
                let (client, peer) = (self.url(), format!("http://127.0.0.1:{}", self.second_port));
                command.arg("--data-dir").arg(data).args(["--name", "default", "--log-level", "warn"]);
                command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
                command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
                command.args(["--initial-cluster", &format!("default={peer}")]);
            }
            Kind::Manifold => {
                let (etcd, peer) = match &self.settings.place {
                    None => (format!("127.0.0.1:{}", self.port), format!("127.0.0.1:{}", self.settings.peer_port)),
                    Some(Place { address, .. }) => {
                        (format!("{address}:{}", namespaces::ETCD), format!("{address}:{}", namespaces::PEER))
                    }
                };
                let http = format!("127.0.0.1:{}", self.second_port);
                command.arg("serve").arg("--data-dir").arg(data);
                command.args(["--etcd", &etcd, "--http", &http, "--peer", &peer]);
                if !self.settings.arguments.iter().any(|argument| argument == "--kafka") {
                    command.args(["--kafka", "127.0.0.1:0"]);
                }
            }
        }
        // The server says a word about variables that look like its own.
        command.env_remove("MANIFOLD_BIN");
        command.args(&self.settings.arguments).envs(self.settings.environment.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Waits until the server answers a linearizable read; panics with the log's end when it does not.
    pub async fn wait_ready(&mut self) {
        let end = Instant::now() + Duration::from_secs(READY_SECONDS);
        while !wire::answers(self.port).await {
            if let Some(status) = self.exited() {
                panic!("the server ended at its start ({status}):\n{}", self.log_tail());
            }
            assert!(Instant::now() < end, "no answer after {READY_SECONDS} s:\n{}", self.log_tail());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills the process with SIGKILL and waits until it is gone. The data stays.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself: then there is nothing to kill, and waiting collects it.
            let _ = child.kill();
            child.wait().expect("our own child can be waited for");
        }
    }

    /// Asks the process to end with SIGTERM and waits at most `seconds` for it.
    pub fn stop(&mut self, seconds: u64) -> Option<ExitStatus> {
        let status = {
            self.signal(rustix::process::Signal::TERM);
            self.wait_exit(seconds)
        };
        self.kill();
        status
    }

    /// Sends `signal` to the process.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid() as i32).expect("a process id is not zero");
        rustix::process::kill_process(pid, signal).expect("our own child takes our signals");
    }

    /// Waits at most `seconds` until the process has ended by itself.
    pub fn wait_exit(&mut self, seconds: u64) -> Option<ExitStatus> {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(status) = self.exited() {
                return Some(status);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How it ended, if it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().expect("our own child can be asked")
    }

    /// Kills the process, starts it on the same data and waits until it answers. Gives the time to the first answer.
    pub async fn restart(&mut self) -> Duration {
        self.kill();
        let begin = Instant::now();
        self.spawn();
        self.wait_ready().await;
        begin.elapsed()
    }

    /// How it is started; a change takes effect at the next start.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Whether it was started and not ended by this test.
    pub fn is_started(&self) -> bool {
        self.child.is_some()
    }

    /// `manifold ctl` with this node's data directory: what it printed, or why it failed.
    pub fn ctl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(&self.settings.binary);
        command.arg("ctl").args(arguments).arg("--data-dir").arg(self.data_dir()).env_remove("MANIFOLD_BIN");
        let output = command.stdin(Stdio::null()).output().expect("the binary can be run");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// What the process has printed so far, over all its starts.
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it was started").id()
    }

    /// The child itself, for a test that gave it pipes.
    pub fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it was started")
    }

    /// Which program this is.
    pub fn kind(&self) -> Kind {
        self.settings.kind
    }

    /// `http://host:port` of the etcd door.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `host:port` of the etcd door.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port of the HTTP door, or of etcd's, where its figures are.
    pub fn http_port(&self) -> u16 {
        if self.settings.kind == Kind::Etcd { self.port } else { self.second_port }
    }

    /// What `/metrics` says; `None` while nobody answers.
    pub fn metrics(&self) -> Option<String> {
        metrics(self.http_port())
    }

    /// One figure of the server's `/metrics`; the sum over its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = self.metrics()?;
        let of = |line: &str| {
            let rest = line.strip_prefix(name)?;
            (rest.starts_with([' ', '{'])).then(|| rest.rsplit(' ').next()?.trim().parse::<f64>().ok())?
        };
        text.lines().filter_map(of).fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What the process printed.
    pub fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    /// The last lines that the process printed.
    pub fn log_tail(&self) -> String {
        let text = fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned()
    }

    /// CPU seconds used so far.
    pub fn cpu_seconds(&self) -> f64 {
        process::cpu_seconds(self.pid()).expect("it runs")
    }

    /// Resident bytes.
    pub fn resident_bytes(&self) -> u64 {
        process::resident_bytes(self.pid()).expect("it runs")
    }

    /// Leaves the data where it is when this is dropped, and says where.
    pub fn keep_data(&mut self) -> &Path {
        self.keep = true;
        &self.folder
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the end of what the {:?} server printed:\n{}", self.settings.kind, self.log_tail());
        }
        if !self.keep {
            // What cannot be removed (a read-only mount in a test of that) is left to its owner.
            let _ = fs::remove_dir_all(&self.folder);
            let _ = fs::remove_file(&self.log);
        }
    }
}

/// What `/metrics` on this port of 127.0.0.1 says; `None` if nobody answers.
pub fn metrics(port: u16) -> Option<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(METRICS_PATIENCE)).ok()?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    text.starts_with("HTTP/1.1 200 ").then_some(text)
}

/// A folder in memory where the machine has one, so that a peer's fsync does not set the pace.
pub fn memory_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// A port that nothing listens on, and that no other call in this process was given. It lies below those that the system gives
/// to the near ends of connections: while a server is down, somebody who dials it again and again must not come to own its port.
pub fn unused_port() -> u16 {
    static GIVEN: Mutex<Option<(Random, HashSet<u16>)>> = Mutex::new(None);
    let mut given = GIVEN.lock().expect("nobody panics while holding it");
    let (random, given) = given.get_or_insert_with(|| (Random::new(u64::from(std::process::id())), HashSet::new()));
    loop {
        let port = random.between(i64::from(PORTS.start), i64::from(PORTS.end - 1)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.insert(port) {
            return port;
        }
    }
}

/// The binary under test. Built with this test's own profile when it is missing, so that `cargo test -p interop` works alone.
fn manifold_binary() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        // `INTEROP_BIN` is one that was built along with the tests: building it again alone takes minutes, since what it leans
        // on is then built with other features.
        if let Some(path) = ["MANIFOLD_BIN", "INTEROP_BIN"].iter().find_map(|name| std::env::var(name).ok()) {
            return path.into();
        }
        // A test runs from target/<profile>/deps/.
        let test = std::env::current_exe().expect("a program knows its own file");
        let profile_folder = test.parent().and_then(Path::parent).expect("a test lies in target/<profile>/deps");
        let profile = match profile_folder.file_name().and_then(|n| n.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", "manifold", "--profile", profile, "--target-dir"])
            .arg(profile_folder.parent().expect("a profile lies in the target folder"))
            .current_dir(repository())
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "the manifold binary could not be built");
        profile_folder.join("manifold")
    })
}
