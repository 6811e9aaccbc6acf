//! Hosts of a test's own: a network namespace for each member, all on one switch, so that what is between them can be cut with
//! routes and slowed down with `tc`. Needs root. Clients come in through forwarders on loopback ports.
//!
//! Only this test's namespaces and one interface to them are made, and all of it is removed at the end.

use crate::server::unused_port;
use std::process::Command;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The port of the etcd door on every host.
pub const ETCD: u16 = 2379;
/// The port for other nodes on every host.
pub const PEER: u16 = 7480;

/// Some hosts on one switch.
#[derive(Debug)]
pub struct Hosts {
    tag: u32,
    count: usize,
    forwarders: Vec<(u16, JoinHandle<()>)>,
}

/// Where a server runs instead of here.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its network namespace.
    pub namespace: String,
    /// Its address there.
    pub address: String,
}

fn run(line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    match Command::new(program).args(words).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{line}: {error}")),
    }
}

impl Hosts {
    /// So many hosts, or a word of what was left out.
    pub async fn new(what: &str, count: usize) -> Option<Self> {
        let mut hosts = Self { tag: std::process::id() % 100_000, count, forwarders: Vec::new() };
        if let Err(why) = hosts.make() {
            eprintln!("LEFT OUT: {what}: network namespaces cannot be made here: {why}");
            return None;
        }
        for host in 0..count {
            hosts.forward(host).await;
        }
        Some(hosts)
    }

    fn make(&self) -> Result<(), String> {
        let (hub, tag) = (self.hub(), self.tag);
        run(&format!("ip netns add {hub}"))?;
        run(&format!("ip -n {hub} link add name switch type bridge"))?;
        run(&format!("ip -n {hub} link set dev switch up"))?;
        run(&format!("ip link add mf{tag}up type veth peer name uplink netns {hub}"))?;
        run(&format!("ip -n {hub} link set dev uplink master switch up"))?;
        run(&format!("ip address add {}/24 dev mf{tag}up", self.here()))?;
        run(&format!("ip link set dev mf{tag}up up"))?;
        for host in 0..self.count {
            let Place { namespace, address } = self.place(host);
            run(&format!("ip netns add {namespace}"))?;
            run(&format!("ip -n {namespace} link add eth0 type veth peer name port{host} netns {hub}"))?;
            run(&format!("ip -n {hub} link set dev port{host} master switch up"))?;
            run(&format!("ip -n {namespace} address add {address}/24 dev eth0"))?;
            run(&format!("ip -n {namespace} link set dev eth0 up"))?;
            run(&format!("ip -n {namespace} link set dev lo up"))?;
        }
        Ok(())
    }

    fn hub(&self) -> String {
        format!("manifold-{}-hub", self.tag)
    }

    fn here(&self) -> String {
        format!("10.213.{}.254", self.tag % 250)
    }

    /// Where a host is.
    pub fn place(&self, host: usize) -> Place {
        Place { namespace: format!("manifold-{}-{host}", self.tag), address: format!("10.213.{}.{}", self.tag % 250, host + 1) }
    }

    /// The loopback port behind which a host's etcd door is.
    pub fn port(&self, host: usize) -> u16 {
        self.forwarders[host].0
    }

    async fn forward(&mut self, host: usize) {
        let port = unused_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port that was free a moment ago");
        let address = self.place(host).address;
        let forwarder = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let address = address.clone();
                tokio::spawn(async move {
                    let connect = TcpStream::connect((address.as_str(), ETCD));
                    let Ok(Ok(mut far)) = tokio::time::timeout(Duration::from_secs(1), connect).await else { return };
                    // Either side may end it as it likes.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        self.forwarders.push((port, forwarder));
    }

    /// What `from` sends to `to` goes nowhere.
    pub fn cut(&self, from: usize, to: usize) {
        let (namespace, address) = (self.place(from).namespace, self.place(to).address);
        run(&format!("ip -n {namespace} route add blackhole {address}/32")).expect("a route can be added");
    }

    /// Cuts a host off from all others, but not from clients.
    pub fn isolate(&self, host: usize) {
        for other in (0..self.count).filter(|other| *other != host) {
            self.cut(host, other);
            self.cut(other, host);
        }
    }

    /// Takes all cuts away.
    pub fn mend(&self) {
        for from in 0..self.count {
            for to in 0..self.count {
                let (namespace, address) = (self.place(from).namespace, self.place(to).address);
                // Most of them are not there.
                let _ = run(&format!("ip -n {namespace} route del blackhole {address}/32"));
            }
        }
    }

    /// Everything that a host sends is late and partly lost; `None`: no longer. `false` if this kernel cannot do that.
    pub fn weather(&self, host: usize, netem: Option<&str>) -> bool {
        let namespace = self.place(host).namespace;
        let done = match netem {
            Some(netem) => run(&format!("tc -n {namespace} qdisc replace dev eth0 root netem {netem}")),
            None => run(&format!("tc -n {namespace} qdisc del dev eth0 root")),
        };
        if let Err(why) = &done {
            eprintln!("LEFT OUT: late and lost packets: {why}");
        }
        done.is_ok()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.forwarders.iter().for_each(|(_, forwarder)| forwarder.abort());
        for host in 0..self.count {
            let _ = run(&format!("ip netns delete {}", self.place(host).namespace));
        }
        let _ = run(&format!("ip link delete mf{}up", self.tag));
        let _ = run(&format!("ip netns delete {}", self.hub()));
    }
}
