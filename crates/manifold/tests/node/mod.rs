//! The real binary, started for a test and ended with it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a start may take on a machine that is busy with other tests.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running node on free ports.
pub(crate) struct Node {
    child: Child,
    scratch: Option<TempDir>,
    data_dir: PathBuf,
    log: Arc<Mutex<String>>,
    pub(crate) etcd: String,
    pub(crate) http: String,
    pub(crate) peer: String,
}

impl Node {
    /// Starts a node on a new directory, with more arguments after the usual ones.
    pub(crate) fn start(arguments: &[&str]) -> Node {
        let scratch = tempfile::tempdir().unwrap();
        let data_dir = scratch.path().join("data");
        let mut node = Node::start_on(&data_dir, arguments);
        node.scratch = Some(scratch);
        node
    }

    /// Starts a node on a directory that outlives it.
    pub(crate) fn start_on(data_dir: &Path, arguments: &[&str]) -> Node {
        let mut child = command(data_dir).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = Arc::<Mutex<String>>::default();
        let copy = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = copy.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let data_dir = data_dir.to_owned();
        let (etcd, http, peer) = Default::default();
        let mut node = Node { child, scratch: None, data_dir, log, etcd, http, peer };
        let ready = node.wait_for_line("ready to serve client requests");
        let field = |name: &str| {
            let value = ready.split(&format!("{name}=")).nth(1).unwrap_or_default();
            value.split(' ').next().unwrap_or_default().trim_matches('"').to_owned()
        };
        (node.etcd, node.http, node.peer) = (field("etcd"), field("http"), field("peer"));
        node
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log has a line with this text.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < START_TIMEOUT, "no \"{text}\" ({ended:?}) in\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < START_TIMEOUT, "the node does not end\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// One GET on the HTTP door: status and body.
    pub(crate) fn get(&self, target: &str) -> (u16, String) {
        get(&self.http, target)
    }

    /// The same with a header more.
    pub(crate) fn get_with(&self, target: &str, header: &str) -> (u16, String) {
        get_with(&self.http, target, header)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `manifold ctl` on this node.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        run(&[&["ctl", "--data-dir", self.data_dir.to_str().unwrap()], arguments].concat())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn get(address: &str, target: &str) -> (u16, String) {
    get_with(address, target, "Accept: */*")
}

fn get_with(address: &str, target: &str, header: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The binary, free of the environment's settings.
pub(crate) fn manifold() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manifold"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MANIFOLD_")) {
        command.env_remove(name);
    }
    command
}

/// `serve` on free ports.
pub(crate) fn command(data_dir: &Path) -> Command {
    let mut command = manifold();
    command
        .args([
            "serve",
            "--etcd",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--peer",
            "127.0.0.1:0",
            "--kafka",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(data_dir);
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    manifold().args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
