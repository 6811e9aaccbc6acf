//! Three nodes on this machine, ours or the real etcd's, each on a folder of its own.

use crate::rows::{Figures, WRITE_IOPS};
use crate::storm::{number, storm_at};
use interop::disks::Throttle;
use interop::{Kind, Settings, process, wire};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NODES: usize = 3;
/// The nodes have to serve within this time.
const READY: Duration = Duration::from_secs(60);

/// Three running nodes. Dropping them kills them and removes their data.
pub(crate) struct Trio {
    children: Vec<Child>,
    folders: Vec<PathBuf>,
    ports: Vec<u16>,
}

impl Trio {
    pub(crate) async fn start(settings: &Settings) -> Trio {
        let (ports, peers) = (unused_ports(), unused_ports());
        let mut trio = Trio { children: Vec::new(), folders: Vec::new(), ports: ports.clone() };
        for node in 0..NODES {
            let folder = settings.under.join(format!("manifold-trio-{}-{node}", std::process::id()));
            fs::create_dir_all(&folder).expect("the folder for data can be made");
            let log = File::create(folder.join("log")).expect("the log file can be made");
            let mut command = Command::new(&settings.binary);
            arguments(&mut command, settings.kind, node, &folder, &ports, &peers);
            command.env_remove("MANIFOLD_BIN").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            trio.children
                .push(command.spawn().unwrap_or_else(|e| panic!("{} cannot be started: {e}", settings.binary.display())));
            trio.folders.push(folder);
        }
        let end = Instant::now() + READY;
        for port in &trio.ports {
            while !wire::answers(*port).await {
                assert!(Instant::now() < end, "three nodes did not serve after {READY:?}; their logs are in {:?}", trio.folders);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        trio
    }

    /// Puts over all three nodes; server CPU is that of all of them together.
    pub(crate) fn put(&self, binary: &Path, part: u64) -> Result<Figures, String> {
        let n = 100_000 / part;
        let before = self.cpu_seconds();
        let line = storm_at(binary, &self.addresses(), &format!("--op put -n {n} --keys {n} --conns 9 --streams 28 --verify"))?;
        let cpu = (self.cpu_seconds() - before) / number(&line, &["ok"]) * 1e6;
        Ok(vec![
            ("three nodes, put 256 B: a second", number(&line, &["per_second"])),
            ("three nodes, put: CPU of all nodes, us", cpu),
            ("three nodes, put: p99, us", number(&line, &["p99_us"])),
        ])
    }

    /// The same on disks with few writes a second, each node with a disk's worth of its own.
    pub(crate) fn iops(&self, binary: &Path, part: u64) -> Result<Figures, String> {
        let groups: Vec<Throttle> = self
            .children
            .iter()
            .zip(&self.folders)
            .map(|(child, folder)| Throttle::of(child.id(), folder))
            .collect::<Result<_, _>>()?;
        for group in &groups {
            group.slow_down(WRITE_IOPS)?;
        }
        let seconds = 20.max(60 / part).min(30);
        let arguments = format!("--op put --value 4096 --conns 9 --streams 22 -n 1000000 --keys 1000000 --seconds {seconds}");
        let line = storm_at(binary, &self.addresses(), &arguments)?;
        Ok(vec![
            ("three nodes, put 4 KiB, 150 writes a second each: a second", number(&line, &["per_second"])),
            ("three nodes, slow disks: p99, us", number(&line, &["p99_us"])),
        ])
    }

    fn addresses(&self) -> String {
        self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    fn cpu_seconds(&self) -> f64 {
        self.children.iter().map(|child| process::cpu_seconds(child.id()).expect("it runs")).sum()
    }
}

impl Drop for Trio {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        for folder in &self.folders {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn arguments(command: &mut Command, kind: Kind, node: usize, folder: &Path, ports: &[u16], peers: &[u16]) {
    let name = format!("n{node}");
    let data = folder.join("data");
    match kind {
        Kind::Etcd => {
            let (client, peer) = (format!("http://127.0.0.1:{}", ports[node]), format!("http://127.0.0.1:{}", peers[node]));
            let all: Vec<String> = peers.iter().enumerate().map(|(n, port)| format!("n{n}=http://127.0.0.1:{port}")).collect();
            command.arg("--data-dir").arg(data).args(["--name", &name, "--log-level", "warn"]);
            command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
            command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
            command.args(["--initial-cluster", &all.join(",")]);
        }
        Kind::Manifold => {
            let all: Vec<String> = peers.iter().enumerate().map(|(n, port)| format!("n{n}=127.0.0.1:{port}")).collect();
            command.arg("serve").arg("--data-dir").arg(data).args(["--name", &name, "--http", "off", "--shards", "1"]);
            command.args([
                "--etcd",
                &format!("127.0.0.1:{}", ports[node]),
                "--peer",
                &format!("127.0.0.1:{}", peers[node]),
                "--kafka",
                "off",
            ]);
            command.args(["--cluster", &all.join(",")]);
        }
    }
}

/// Ports that nobody uses now.
fn unused_ports() -> Vec<u16> {
    let held: Vec<TcpListener> = (0..NODES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free")).collect();
    held.iter().map(|listener| listener.local_addr().expect("it is bound").port()).collect()
}
