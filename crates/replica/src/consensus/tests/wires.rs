//! Three replicas whose messages travel as bytes.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::*;
use crate::network::{BoxFuture, CallError, Channel, Message, Network, Receiver, Receiving, Sender, Sending, kind};

/// Brings messages from node to node, and counts them by kind and channel.
#[derive(Default)]
struct Exchange {
    groups: Mutex<BTreeMap<NodeId, Group>>,
    seen: Mutex<BTreeMap<(u8, Channel), usize>>,
}

/// One node's way into it.
struct End {
    exchange: Arc<Exchange>,
}

struct Pipe<T>(T);

impl Exchange {
    fn group(&self, to: NodeId, message: Message, channel: Channel) -> io::Result<Group> {
        *self.seen.lock().entry((message.kind, channel)).or_default() += 1;
        self.groups.lock().get(&to).cloned().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn count(&self, kind: u8, channel: Channel) -> usize {
        self.seen.lock().get(&(kind, channel)).copied().unwrap_or(0)
    }
}

impl Network for End {
    fn call(
        &self,
        to: NodeId,
        channel: Channel,
        message: Message,
        body: Bytes,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let group = self.exchange.group(to, message, channel);
        Box::pin(async move {
            let group = group.map_err(CallError::NotSent)?;
            let answer = within(timeout, group.answer(message.kind, body)).await;
            let answer = answer.ok_or_else(|| CallError::Unknown(io::ErrorKind::TimedOut.into()))?;
            answer.expect("groups only ask what groups answer").map_err(CallError::Answered)
        })
    }

    fn open(&self, to: NodeId, channel: Channel, message: Message) -> BoxFuture<'static, io::Result<(Sender, Receiver)>> {
        let group = self.exchange.group(to, message, channel);
        Box::pin(async move {
            let group = group?;
            let (there, from_here) = mpsc::channel::<Bytes>(4);
            let (here, from_there) = mpsc::channel::<Bytes>(4);
            runtime::spawn(async move {
                group.attend(message.kind, Box::new(Pipe(from_here)), Box::new(Pipe(here))).await;
            });
            Ok((Box::new(Pipe(there)) as Sender, Box::new(Pipe(from_there)) as Receiver))
        })
    }

    fn set_address(&self, _node: NodeId, _address: &str) {}

    fn remove(&self, _node: NodeId) {}

    fn is_reachable(&self, _node: NodeId) -> bool {
        true
    }

    fn round_trip(&self, _node: NodeId) -> Option<Duration> {
        None
    }

    fn local_address(&self) -> Option<String> {
        None
    }

    fn trouble(&self, _node: NodeId) -> Option<String> {
        None
    }

    fn shutdown(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Sending for Pipe<mpsc::Sender<Bytes>> {
    fn send(&mut self, body: Bytes) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move { self.0.send(body).await.map_err(|_| io::ErrorKind::BrokenPipe.into()) })
    }

    fn finish(self: Box<Self>) {}
}

impl Receiving for Pipe<mpsc::Receiver<Bytes>> {
    fn next(&mut self) -> BoxFuture<'_, Option<io::Result<Bytes>>> {
        Box::pin(async move { self.0.recv().await.map(Ok) })
    }
}

/// A node whose disk can be told to stand still.
struct Node {
    group: Group,
    ledger: Arc<Ledger>,
    stands_still: Arc<AtomicBool>,
}

async fn three() -> (Arc<Exchange>, BTreeMap<NodeId, Node>) {
    let exchange = Arc::<Exchange>::default();
    let mut nodes = BTreeMap::new();
    for id in 1..=3 {
        let options = Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 1 << 18, reserve_bytes: 0 };
        let (journal, mut writer) = Journal::open(Arc::new(MemoryDisk::new()), options).expect("the journal opens");
        let stands_still = Arc::new(AtomicBool::new(false));
        let gate = stands_still.clone();
        thread::spawn(move || {
            while let Ok(wrote) = writer.write() {
                while gate.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                if writer.sync().is_err() {
                    return;
                }
                if !wrote {
                    thread::sleep(Duration::from_micros(200));
                }
            }
        });
        let ledger = Arc::new(Ledger::default());
        let network = Arc::new(End { exchange: exchange.clone() });
        let group = Group::start(SHARD, id, id as usize, journal, ledger.clone(), Some(network)).await.expect("the group starts");
        exchange.groups.lock().insert(id, group.clone());
        nodes.insert(id, Node { group, ledger, stands_still });
    }
    for node in nodes.values() {
        node.group.initialize(&[1, 2, 3]).await.expect("all begin alike");
    }
    (exchange, nodes)
}

async fn leader(nodes: &BTreeMap<NodeId, Node>) -> NodeId {
    let mut leader = None;
    until("there is a leader", || {
        leader = nodes.iter().find(|(_, node)| node.group.status().leading).map(|(id, _)| *id);
        leader.is_some()
    })
    .await;
    leader.expect("was just seen")
}

#[tokio::test]
async fn groups_understand_each_other_in_bytes() {
    let (exchange, nodes) = three().await;
    let leading = leader(&nodes).await;
    for number in 0..40 {
        in_time(nodes[&leading].group.propose(text(&format!("line {number}")))).await.expect("it is applied");
    }
    let lines = nodes[&leading].ledger.lines();
    assert_eq!(lines.len(), 40);
    until("all replicas hold the same", || nodes.values().all(|node| node.ledger.lines() == lines)).await;
    assert!(exchange.count(kind::VOTE, Channel::Small) > 0);
    assert!(exchange.count(kind::APPEND, Channel::Bulk) > 0);

    let next = nodes.keys().copied().find(|id| *id != leading).expect("there are three");
    nodes[&leading].group.transfer(next).await.expect("it is told");
    until("leadership has moved", || nodes[&next].group.status().leading).await;
    assert!(exchange.count(kind::TRANSFER, Channel::Small) > 0);
}

/// A leader's word must not wait behind entries, so it takes a channel of its own. That openraft asks for it as a stream of one
/// known request is not promised by its interface: if this fails after an update, look at `Wires::append`.
#[tokio::test]
async fn a_leaders_word_goes_by_the_channel_for_small_messages() {
    let (exchange, nodes) = three().await;
    leader(&nodes).await;
    let before = exchange.count(kind::HEARTBEAT, Channel::Small);
    until("heartbeats are sent", || exchange.count(kind::HEARTBEAT, Channel::Small) >= before + 6).await;
    assert_eq!(exchange.count(kind::HEARTBEAT, Channel::Bulk), 0);
    let streams = exchange.count(kind::APPEND, Channel::Bulk);
    assert!(streams < 20, "entries take few streams, not one each: {streams}");
}

/// openraft lets a heartbeat's answer wait until the follower has written what came before it, so that slow disks of followers
/// kept a leader from reading, though nothing that a read needs is on them.
#[tokio::test]
async fn a_follower_whose_disk_stands_still_still_confirms_its_leader() {
    let (_, nodes) = three().await;
    let leading = leader(&nodes).await;
    in_time(nodes[&leading].group.propose(text("before"))).await.expect("it is applied");
    // Whoever follows has its leader's vote on disk by now.
    until("all have it", || nodes.values().all(|node| node.ledger.lines().len() == 1)).await;
    for (_, node) in nodes.iter().filter(|(id, _)| **id != leading) {
        node.stands_still.store(true, Relaxed);
    }
    let stuck = nodes[&leading].group.clone();
    let stuck = runtime::spawn(async move { stuck.propose(text("stuck")).await });
    runtime::sleep(Duration::from_millis(50)).await;
    for _ in 0..5 {
        let begin = runtime::now();
        within(Duration::from_secs(1), nodes[&leading].group.barrier()).await.expect("in time").expect("a quorum confirms");
        assert!(runtime::now() - begin < Duration::from_secs(1));
        runtime::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(nodes[&leading].ledger.lines().len(), 1, "nothing is acknowledged that only one disk has");
    for node in nodes.values() {
        node.stands_still.store(false, Relaxed);
    }
    in_time(stuck).await.expect("the task lives").expect("now it is applied");
}
