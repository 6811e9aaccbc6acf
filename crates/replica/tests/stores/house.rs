//! Nodes in this process, each on a runtime of its own, so that one can end in the midst of things while the others go on.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use base::Kind;
use bytes::Bytes;
use config::{At, Command, Content, Context, Expect, Operation, Put, Reply, Stored, Transaction, Value, ValueType, Who, Written};
use replica::{ConfigStore, Lane, Node, NodeOptions, PeerOptions, Start, hold};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, time::Instant};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A node's place: its directory and its port outlive it.
pub(crate) struct House {
    dir: TempDir,
    name: String,
    address: Option<SocketAddr>,
    start: Start,
    pub(crate) settle_bytes: u64,
    running: Option<(Runtime, Node)>,
}

pub(crate) fn node_options(dir: &Path, name: &str, settle_bytes: u64) -> NodeOptions {
    NodeOptions {
        data_dir: dir.to_owned(),
        name: name.to_owned(),
        data_shards: 1,
        journal_segment_bytes: 4 << 20,
        settle_bytes,
        value_cache_bytes: 16 << 20,
        watch_ring_bytes: 1 << 20,
        admission_bytes: 64 << 20,
        admission_commands: 10_000,
        quota_bytes: 0,
        scrub_every: Duration::ZERO,
        scrub_bytes_per_second: 0,
    }
}

async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address")
}

impl House {
    pub(crate) fn place(name: &str, address: Option<SocketAddr>, start: Start) -> House {
        let dir = TempDir::new().expect("a directory");
        House { dir, name: name.to_owned(), address, start, settle_bytes: 16 << 20, running: None }
    }

    /// One node.
    pub(crate) async fn alone() -> House {
        let mut house = House::place("n1", None, Start::Alone);
        house.open().await;
        house
    }

    /// Three nodes that found a cluster together.
    pub(crate) async fn three(settle_bytes: u64) -> Vec<House> {
        let mut members = BTreeMap::new();
        for number in 1..=3 {
            members.insert(format!("n{number}"), free_address().await);
        }
        let known = members.iter().map(|(name, address)| (name.clone(), address.to_string())).collect();
        let start = Start::Found { members: known, token: "t".to_owned() };
        let place = |(name, address): (&String, &SocketAddr)| House::place(name, Some(*address), start.clone());
        let mut houses: Vec<House> = members.iter().map(place).collect();
        houses.iter_mut().for_each(|house| house.settle_bytes = settle_bytes);
        futures_util::future::join_all(houses.iter_mut().map(House::open)).await;
        houses
    }

    /// A node that the cluster of `member` lets in.
    pub(crate) async fn join(member: &House, name: &str) -> House {
        let address = free_address().await;
        let ticket = member.node().add_member(name.to_owned(), address.to_string()).await.expect("it may come");
        let mut house = House::place(name, Some(address), Start::Join(ticket));
        house.open().await;
        house
    }

    pub(crate) fn node(&self) -> &Node {
        &self.running.as_ref().expect("it runs").1
    }

    pub(crate) fn store(&self) -> ConfigStore {
        self.node().config_store().expect("a node that serves has one")
    }

    /// Starts the node on what its directory holds.
    pub(crate) async fn open(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let options = node_options(self.dir.path(), &self.name, self.settle_bytes);
        let (start, address) = (self.start.clone(), self.address);
        let opening = runtime.spawn(async move {
            let peers = PeerOptions { start, ..PeerOptions::default() };
            let listener = match address {
                Some(address) => Some(TcpListener::bind(address).await.expect("its port is free")),
                None => None,
            };
            let give_up = Instant::now() + PATIENCE;
            let held = loop {
                match hold(&options, &peers.start) {
                    // Who was killed may not have let go of it yet.
                    Err(error) if error.kind == Kind::Conflict && Instant::now() < give_up => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    outcome => break outcome.expect("the directory is this node's"),
                }
            };
            Node::open(held, options, peers, listener).await.expect("the node starts")
        });
        let node = opening.await.expect("nobody ends it");
        self.running = Some((runtime, node));
    }

    /// Ends the node between two moments: its tasks are dropped where they are.
    pub(crate) fn kill(&mut self) {
        let (runtime, node) = self.running.take().expect("it runs");
        runtime.shutdown_background();
        drop(node);
    }

    /// Ends the node in good order.
    pub(crate) async fn stop(&mut self) {
        let (runtime, node) = self.running.take().expect("it runs");
        runtime.spawn(async move { node.shutdown().await }).await.expect("nobody ends it").expect("it stops");
        runtime.shutdown_background();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

/// Asks again until it is so.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < give_up, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn context() -> Context {
    let who = Who { principal: "ann".to_owned(), ..Who::default() };
    Context { who, comment: "a test".to_owned(), ..Context::default() }
}

pub(crate) fn put(namespace: &str, key: &str, value: Value) -> Operation {
    Operation::Put(Put {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        value_type: ValueType::Binary,
        value,
        expect: Expect::Any,
        creates_namespace: true,
        restores: 0,
    })
}

pub(crate) fn text(value: &str) -> Value {
    Value::Inline(Bytes::copy_from_slice(value.as_bytes()))
}

pub(crate) async fn write(store: &ConfigStore, operations: Vec<Operation>) -> base::Result<Written> {
    let transaction = Transaction { context: context(), operations, ..Transaction::default() };
    match store.propose(Lane::Normal, &Command::Write(transaction)).await? {
        Reply::Written(written) => Ok(written),
        other => panic!("{other:?}"),
    }
}

/// Writes one key, however long it takes until somebody leads.
pub(crate) async fn set(store: &ConfigStore, namespace: &str, key: &str, value: &str) -> Written {
    until("a write", async || write(store, vec![put(namespace, key, text(value))]).await.ok()).await
}

pub(crate) async fn get(store: &ConfigStore, namespace: &str, key: &str) -> base::Result<Stored> {
    let (namespace, key) = (namespace.to_owned(), key.to_owned());
    store.read(move |machine, cold| machine.get(&namespace, &key, At::Latest, cold)).await.map(|(stored, _)| stored)
}

/// The whole value of what was read.
pub(crate) async fn value_of(store: &ConfigStore, stored: &Stored) -> Bytes {
    let chunks = match &stored.content {
        Content::Inline(value) => return value.clone(),
        Content::Chunks(chunks) => chunks.clone(),
        other => panic!("{other:?}"),
    };
    let machine = store.machine().clone();
    let whole = tokio::task::spawn_blocking(move || {
        let piece = |hash| machine.chunk(hash).expect("reads").expect("is kept");
        chunks.iter().map(piece).collect::<Vec<_>>().concat()
    });
    let whole = whole.await.expect("reads");
    assert_eq!((config::sha256(&whole), whole.len() as u64), (stored.hash, stored.bytes));
    whole.into()
}

/// Everything there is to compare: position, root, counts, and every key of a namespace.
pub(crate) async fn state(store: &ConfigStore, namespace: &str) -> (u64, config::value::Hash, config::Counts, Vec<Stored>) {
    let machine = store.machine().clone();
    let query = config::ListQuery { namespace: namespace.to_owned(), ..config::ListQuery::default() };
    let look = move || {
        let position = machine.position();
        let root = machine.root(position).expect("reads");
        let page = machine.list(&query, config::Cold::Allow).expect("may read").expect("reads");
        (position, root, machine.counts(), page.items)
    };
    tokio::task::spawn_blocking(look).await.expect("reads")
}
