//! Looks at all nodes again and again while they run: one leader per term, nothing goes back, equal states at equal places.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::{NodeId, ShardId};
use replica::{Keyspace, Node, NodeStatus, node::DEFAULT_KEYSPACE, runtime};

use crate::{
    cluster::{Cluster, tell},
    house::House,
    streams::Progress,
};

/// How often it looks, by true time.
const LOOK: Duration = Duration::from_millis(50);
/// How often it compares whole states. Digests of all changes the nodes compare themselves, more often: one that is told that it
/// differs ends the run.
const COMPARE: Duration = Duration::from_secs(4);
/// Places whose states are remembered.
const STATES_KEPT: usize = 4096;

/// How far a shard is on one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    term: u64,
    applied: Option<u64>,
    committed: Option<u64>,
}

/// What has to be equal on all replicas that applied the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDigest {
    hash: (u32, i64, i64),
    compacted: i64,
    leases: Vec<(i64, Option<(i64, i64)>)>,
    alarms: Vec<(u64, i32)>,
}

impl StateDigest {
    /// The digest of a key space as it is.
    pub fn of(keyspace: &Keyspace) -> Result<StateDigest, String> {
        let machine = keyspace.machine();
        let hash = machine.hash_kv(0).map_err(|error| format!("the state cannot be digested: {error}"))?;
        let leases = machine.leases().into_iter().map(|id| (id, machine.lease_remaining(id))).collect();
        Ok(StateDigest { hash, compacted: machine.compact_revision(), leases, alarms: machine.alarms() })
    }
}

#[derive(Default)]
struct Known {
    leaders: BTreeMap<(ShardId, u64), NodeId>,
    /// By node, its start, and shard.
    places: BTreeMap<(NodeId, u32, ShardId), Place>,
    /// How far streams are, by node and its start.
    streams: BTreeMap<(NodeId, u32), Vec<i64>>,
    /// How far they were by the last word of each term's leader.
    leading: BTreeMap<u64, Vec<i64>>,
    states: BTreeMap<u64, (NodeId, StateDigest)>,
    complaints: Vec<String>,
    comparisons: u64,
    leader_changes: u64,
    next_comparison: Duration,
}

/// Looks at all nodes. Cheap to clone.
#[derive(Clone)]
pub struct Inspector {
    cluster: Cluster,
    known: Arc<Mutex<Known>>,
}

impl Inspector {
    /// An inspector that has seen nothing yet.
    pub fn new(cluster: Cluster) -> Inspector {
        Inspector { cluster, known: Arc::default() }
    }

    /// Looks until the run ends.
    pub async fn run(self) {
        loop {
            runtime::sleep(LOOK).await;
            self.look();
        }
    }

    /// What it found wrong.
    pub fn complaints(&self) -> Vec<String> {
        self.known().complaints.clone()
    }

    /// How often states were compared, and how many leaders there were.
    pub fn counts(&self) -> (u64, u64) {
        let known = self.known();
        (known.comparisons, known.leader_changes)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        let mut running = Vec::new();
        for house in self.cluster.houses() {
            let Some((node, start)) = house.node() else { continue };
            let status = node.status();
            self.known().check(house, &node, start, &status);
            running.push((house, node, status));
        }
        self.compare(&running);
    }

    /// Compares the states of nodes that applied equally much of the key space's shard.
    fn compare(&self, running: &[(&House, Node, NodeStatus)]) {
        let mut known = self.known();
        if runtime::now() < known.next_comparison {
            return;
        }
        let places: Vec<Option<u64>> = running.iter().map(|(_, _, status)| applied(status)).collect();
        let meets = |at: usize| {
            let place = places[at]?;
            let is_met = known.states.contains_key(&place) || places.iter().filter(|other| **other == Some(place)).count() > 1;
            is_met.then_some(place)
        };
        let met: Vec<(usize, u64)> = (0..running.len()).filter_map(|at| Some((at, meets(at)?))).collect();
        if met.is_empty() {
            return;
        }
        known.next_comparison = runtime::now() + COMPARE;
        for (at, place) in met {
            let (house, node, _) = &running[at];
            let state = node.keyspace(DEFAULT_KEYSPACE).map_err(|error| error.to_string());
            match state.and_then(|keyspace| StateDigest::of(&keyspace)) {
                Ok(state) => known.compare_state(house, place, state),
                Err(error) => known.complaints.push(format!("{}: {error}", house.name())),
            }
        }
    }
}

/// How far the shard of the key space is.
fn applied(status: &NodeStatus) -> Option<u64> {
    let entry = status.keyspaces.iter().find(|entry| entry.name == DEFAULT_KEYSPACE)?;
    status.shards.iter().find(|shard| shard.shard == entry.shard)?.group.applied
}

impl Known {
    fn check(&mut self, house: &House, node: &Node, start: u32, status: &NodeStatus) {
        self.check_streams(house, node, start);
        let floor = house.floor();
        for shard in &status.shards {
            let id = shard.shard;
            let leads = shard.group.leading.then_some(status.node_id);
            for leader in [shard.group.leader, leads].into_iter().flatten() {
                self.check_leader(house, id, shard.group.term, leader);
            }
            let committed = node.journal().state(id).committed.map(|id| id.index);
            let place = Place { term: shard.group.term, applied: shard.group.applied, committed };
            match self.places.insert((status.node_id, start, id), place) {
                Some(before) => self.check_way(house, id, before, place),
                None if floor.get(&id).is_some_and(|floor| place.applied < Some(*floor)) => self.complaints.push(format!(
                    "{} started with {:?} applied of {id}, and {:?} were settled",
                    house.name(),
                    place.applied,
                    floor.get(&id)
                )),
                None => {}
            }
        }
    }

    fn check_streams(&mut self, house: &House, node: &Node, start: u32) {
        let Some(now) = Progress::of(node) else { return };
        let before = self.streams.insert((house.node_id(), start), now.places.clone());
        if let Some(before) = before.filter(|before| !now.reaches(before)) {
            self.complaints.push(format!("streams of {} went back from {before:?} to {now:?}", house.name()));
        }
        let Some(term) = now.leads else { return };
        // One who does not know yet that it leads no more may be behind those of later terms.
        if let Some((led, before)) = self.leading.range(..=term).find(|(_, before)| !now.reaches(before)) {
            self.complaints.push(format!("{} leads with {now:?}, and in term {led} streams were {before:?}", house.name()));
        }
        self.leading.insert(term, now.places);
    }

    fn check_leader(&mut self, house: &House, shard: ShardId, term: u64, leader: NodeId) {
        match self.leaders.insert((shard, term), leader) {
            None => {
                self.leader_changes += 1;
                tell(format!("{leader:x} leads {shard} in term {term}"));
            }
            Some(other) if other != leader => self
                .complaints
                .push(format!("{} says that {leader:x} leads {shard} in term {term}, and {other:x} did", house.name())),
            Some(_) => {}
        }
    }

    fn check_way(&mut self, house: &House, shard: ShardId, before: Place, now: Place) {
        if now.term < before.term || now.applied < before.applied || now.committed < before.committed {
            self.complaints.push(format!("{shard} of {} went back from {before:?} to {now:?}", house.name()));
        }
    }

    fn compare_state(&mut self, house: &House, place: u64, state: StateDigest) {
        match self.states.get(&place) {
            Some((other, known)) if *known != state => {
                self.complaints.push(format!("at index {place} {} holds {state:?}, and {other:x} held {known:?}", house.name()))
            }
            Some(_) => self.comparisons += 1,
            None => {
                self.states.insert(place, (house.node_id(), state));
                if self.states.len() > STATES_KEPT {
                    self.states.pop_first();
                }
            }
        }
    }
}
