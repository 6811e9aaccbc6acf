//! What all nodes hang on.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Weak},
    time::Duration,
};

use base::{ClusterId, NodeId};
use parking_lot::Mutex;
use replica::{
    network::{Channel, Network, NetworkMaker, Reception, Standing},
    runtime,
};
use tokio::sync::mpsc;

use super::{
    connection::{Connection, Frame, Lost, Side},
    link::{Link, Passage, Weather},
    node::SimulatedNetwork,
};
use crate::executor::{Group, WIRES, is_inhabited, world};

/// How a process ends, as its peers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The kernel lives on and resets its connections.
    Reset,
    /// The host is gone: nothing answers until it is back.
    Silent,
}

/// Who listens at an address.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) node: NodeId,
    pub(super) cluster: ClusterId,
    pub(super) group: Group,
    pub(super) reception: Weak<dyn Reception>,
}

/// A dial on its way.
#[derive(Clone)]
pub(super) struct Hello {
    pub(super) from: Door,
    pub(super) to: NodeId,
    pub(super) channel: Channel,
    pub(super) address: String,
    pub(super) reply: mpsc::UnboundedSender<Result<Arc<Connection>, Lost>>,
}

struct Inner {
    weather: Weather,
    links: BTreeMap<(NodeId, NodeId), Link>,
    /// With what keeps their receptions alive.
    doors: BTreeMap<String, (Door, Arc<dyn Reception>)>,
    /// Nodes whose host has no power.
    dark: BTreeSet<NodeId>,
    connections: BTreeMap<u64, Arc<Connection>>,
    next: u64,
}

/// What all nodes hang on. Cheap to clone.
#[derive(Clone)]
pub struct Wires {
    inner: Arc<Mutex<Inner>>,
    stream_credit: usize,
}

impl Wires {
    /// Wires on which a stream's sender may have so many bytes on the way.
    pub fn new(weather: Weather, stream_credit: usize) -> Wires {
        let inner = Inner {
            weather,
            links: BTreeMap::new(),
            doors: BTreeMap::new(),
            dark: BTreeSet::new(),
            connections: BTreeMap::new(),
            next: 1,
        };
        Wires { inner: Arc::new(Mutex::new(inner)), stream_credit }
    }

    /// Makes the network of the process whose tasks are `group`, which listens at `address`.
    pub fn maker(&self, address: &str, group: Group) -> NetworkMaker {
        let (wires, address) = (self.clone(), address.to_owned());
        Box::new(move |identity, reception| {
            let (node, cluster) = (identity.node_id, identity.cluster_id);
            let door = Door { node, cluster, group, reception: Arc::downgrade(&reception) };
            wires.inner.lock().doors.insert(address.clone(), (door.clone(), reception));
            Ok(Arc::new(SimulatedNetwork::new(wires, address, door)) as Arc<dyn Network>)
        })
    }

    pub(super) fn stream_credit(&self) -> usize {
        self.stream_credit
    }

    pub(super) fn weather(&self) -> Weather {
        self.inner.lock().weather
    }

    /// Changes what happens to every message from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.inner.lock().weather = weather;
    }

    /// The host of `node` is there again.
    pub fn power_on(&self, node: NodeId) {
        self.inner.lock().dark.remove(&node);
    }

    /// The process whose tasks are `group` is about to be killed. Before its tasks are: what they let go of then must not look
    /// like an orderly end.
    pub fn crash(&self, node: NodeId, group: Group, how: Crash) {
        let mut closed = Vec::new();
        let ends: Vec<(Arc<Connection>, Side)> = {
            let mut inner = self.inner.lock();
            closed.extend(inner.doors.extract_if(.., |_, (door, _)| door.group == group));
            if how == Crash::Silent {
                inner.dark.insert(node);
            }
            let all = inner.connections.values();
            all.flat_map(|connection| Side::BOTH.map(|side| (connection.clone(), side)))
                .filter(|(connection, side)| connection.group(*side) == group)
                .collect()
        };
        for (connection, side) in ends {
            connection.lose(side, &Lost::new(io::ErrorKind::ConnectionAborted, "this process ended"), how == Crash::Reset);
        }
        drop(closed);
    }

    /// Cuts these directions. Each cut is mended on its own.
    pub fn cut(&self, directions: &[(NodeId, NodeId)]) {
        let mut inner = self.inner.lock();
        for direction in directions {
            inner.links.entry(*direction).or_default().cuts += 1;
        }
    }

    /// Mends what [`Wires::cut`] cut. What waited comes through a little later.
    pub fn mend(&self, directions: &[(NodeId, NodeId)]) {
        {
            let mut inner = self.inner.lock();
            for direction in directions {
                let link = inner.links.entry(*direction).or_default();
                link.cuts = link.cuts.saturating_sub(1);
            }
        }
        let waiting: Vec<Arc<Connection>> = self.inner.lock().connections.values().cloned().collect();
        for connection in waiting {
            for side in Side::BOTH.into_iter().filter(|side| connection.has_waiting(*side)) {
                let at = world().now() + Duration::from_millis(world().dice().below(400));
                connection.clone().pump_at(side, at);
            }
        }
    }

    /// Lets nothing through from `from` to `to` before this time.
    pub fn clog(&self, from: NodeId, to: NodeId, until: Duration) {
        self.inner.lock().links.entry((from, to)).or_default().clogged = until;
    }

    /// Opens everything that was clogged. Cuts are mended by who made them.
    pub fn unclog(&self) {
        self.inner.lock().links.values_mut().for_each(|link| link.clogged = Duration::ZERO);
    }

    /// Breaks one connection, if there is one: both ends learn of it, or one does, and the other when that reset arrives.
    pub fn reset_one(&self) {
        let connections: Vec<Arc<Connection>> = self.inner.lock().connections.values().cloned().collect();
        if connections.is_empty() {
            return;
        }
        let world = world();
        let chosen = usize::try_from(world.dice().below(connections.len() as u64)).unwrap_or(0);
        let lost = Lost::new(io::ErrorKind::ConnectionReset, "the connection was reset");
        let side = Side::BOTH[usize::from(world.dice().below(2) == 0)];
        connections[chosen].lose(side, &lost, true);
        if world.dice().below(2) == 0 {
            connections[chosen].lose(side.other(), &lost, false);
        }
    }

    pub(super) fn passage(&self, from: NodeId, to: NodeId) -> Passage {
        let link = self.inner.lock().links.get(&(from, to)).copied().unwrap_or_default();
        link.passage(world().now())
    }

    pub(super) fn is_dark(&self, node: NodeId) -> bool {
        self.inner.lock().dark.contains(&node)
    }

    pub(super) fn forget(&self, connection: u64) {
        let forgotten = self.inner.lock().connections.remove(&connection);
        drop(forgotten);
    }

    /// Whether anything is open with `node`, seen from the process whose tasks are `group`.
    pub(super) fn is_open(&self, group: Group, node: NodeId) -> bool {
        self.inner.lock().connections.values().any(|connection| {
            Side::BOTH
                .into_iter()
                .any(|side| connection.group(side) == group && connection.node(side.other()) == node && connection.is_open(side))
        })
    }

    /// Ends everything that the process whose tasks are `group` has open, with `node` or with all.
    pub(super) fn hang_up(&self, group: Group, node: Option<NodeId>) {
        let connections: Vec<Arc<Connection>> = self.inner.lock().connections.values().cloned().collect();
        for connection in connections {
            for side in Side::BOTH {
                let meant = node.is_none_or(|node| connection.node(side.other()) == node);
                if connection.group(side) == group && meant {
                    connection.lose(side, &Lost::new(io::ErrorKind::NotConnected, "this side hung up"), true);
                }
            }
        }
    }

    pub(super) fn close_door(&self, address: &str, group: Group) {
        let mut inner = self.inner.lock();
        let is_ours = inner.doors.get(address).is_some_and(|(door, _)| door.group == group);
        let closed = is_ours.then(|| inner.doors.remove(address));
        drop(inner);
        drop(closed);
    }

    /// Waits until a message from `from` to `to` has travelled; `false` if it got lost.
    async fn travel(&self, from: NodeId, to: NodeId) -> bool {
        let (delay, is_lost) = {
            let (world, weather) = (world(), self.weather());
            (weather.travel(world.dice()), world.dice().below(1000) < weather.loss)
        };
        runtime::sleep(delay).await;
        loop {
            match self.passage(from, to) {
                Passage::Open => return !is_lost,
                Passage::Clogged(until) => runtime::sleep_until(until).await,
                Passage::Cut => return false,
            }
        }
    }

    /// Sends a dial off. Whether anything answers is for the dialler to see.
    pub(super) fn send_hello(&self, hello: Hello) {
        let wires = self.clone();
        world().spawn_in(WIRES, async move {
            if wires.travel(hello.from.node, hello.to).await {
                wires.arrived(hello);
            }
        });
    }

    fn arrived(&self, hello: Hello) {
        let door = self.inner.lock().doors.get(&hello.address).map(|(door, _)| door.clone());
        match door {
            Some(door) => {
                let wires = self.clone();
                // The process answers when it comes to it.
                world().spawn_in(door.group, async move { wires.answer(hello, door) });
            }
            None if self.is_dark(hello.to) => {}
            None => self.reply(hello, Err(Lost::new(io::ErrorKind::ConnectionRefused, "nobody listens there"))),
        }
    }

    fn answer(&self, hello: Hello, door: Door) {
        let denied = |text| Err(Lost::new(io::ErrorKind::PermissionDenied, text));
        let outcome = if door.cluster != hello.from.cluster {
            denied("the peer refused (wrong_cluster)")
        } else if door.node != hello.to {
            denied("the peer refused (wrong_node)")
        } else {
            match door.reception.upgrade().map(|reception| reception.standing(hello.from.node)) {
                Some(Standing::Member) => Ok(self.connect(&hello, door)),
                Some(Standing::Removed) => denied("the peer refused (removed)"),
                Some(Standing::Unknown) => denied("the peer refused (unknown)"),
                None => denied("the peer ends"),
            }
        };
        self.reply(hello, outcome);
    }

    fn connect(&self, hello: &Hello, door: Door) -> Arc<Connection> {
        let mut inner = self.inner.lock();
        let id = inner.next;
        inner.next += 1;
        let connection = Connection::new(id, hello.channel, self.clone(), [hello.from.clone(), door]);
        inner.connections.insert(id, connection.clone());
        drop(inner);
        connection.keep(Side::Accepted);
        connection
    }

    fn reply(&self, hello: Hello, outcome: Result<Arc<Connection>, Lost>) {
        let wires = self.clone();
        world().spawn_in(WIRES, async move {
            if !wires.travel(hello.to, hello.from.node).await {
                // A connection that only one end knows of ends when that end has heard nothing for long enough.
                return;
            }
            let connection = outcome.as_ref().ok().cloned();
            let taken = hello.reply.send(outcome).is_ok();
            if let Some(connection) = connection {
                if taken && connection.is_open(Side::Dialled) {
                    connection.keep(Side::Dialled);
                } else {
                    connection.lose(Side::Dialled, &Lost::new(io::ErrorKind::TimedOut, "the dialler gave up"), true);
                }
            }
        });
    }
}

/// A frame travels from `from` to the other side of its connection.
pub(super) fn carry(connection: &Arc<Connection>, from: Side, frame: Frame) {
    // What is let go of after the run travels nowhere.
    if !is_inhabited() {
        return;
    }
    if frame.is_loose() { carry_loosely(connection, from, frame) } else { carry_in_order(connection, from, frame) }
}

fn carry_in_order(connection: &Arc<Connection>, from: Side, frame: Frame) {
    let world = world();
    let weather = connection.wires().weather();
    let mut at = world.now() + weather.travel(world.dice());
    if world.dice().below(1000) < weather.loss {
        at += weather.resend(world.dice());
    }
    let at = connection.enqueue(from, at, frame);
    connection.clone().pump_at(from, at);
}

fn carry_loosely(connection: &Arc<Connection>, from: Side, frame: Frame) {
    let world = world();
    let weather = connection.wires().weather();
    let throws = |thousandths| world.dice().below(1000) < thousandths;
    if connection.channel() == Channel::Small
        && let Some(copy) = frame.copy_of_call()
    {
        if throws(weather.duplication) {
            send_loose(connection, from, copy.clone().into(), weather.travel(world.dice()));
        }
        if throws(weather.replay)
            && let Some(earlier) = connection.earlier_call(world.dice())
        {
            let late = Duration::from_millis(world.dice().below(5000));
            send_loose(connection, from, earlier.into(), weather.travel(world.dice()) + late);
        }
        connection.remember_call(copy);
    }
    if !throws(weather.loss) {
        send_loose(connection, from, frame, weather.travel(world.dice()));
    }
}

fn send_loose(connection: &Arc<Connection>, from: Side, frame: Frame, delay: Duration) {
    let connection = connection.clone();
    world().spawn_in(WIRES, async move {
        runtime::sleep(delay).await;
        loop {
            let (here, there) = (connection.node(from), connection.node(from.other()));
            match connection.wires().passage(here, there) {
                Passage::Open => return connection.arrive(from.other(), frame),
                Passage::Clogged(until) => runtime::sleep_until(until).await,
                Passage::Cut => {
                    // As TCP would: it waits for the mending, or the connection does not last so long.
                    if world().dice().below(2) == 0 {
                        connection.enqueue(from, Duration::ZERO, frame);
                    }
                    return;
                }
            }
        }
    });
}
