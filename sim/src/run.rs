//! One run: nodes, clients, faults and a quiet end, all from one seed.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use base::disk::Ending;
use replica::runtime;

use crate::{
    clients::{self, Desk},
    cluster::Cluster,
    diary::Diary,
    executor::{CLIENTS, STAGE, WIRES, World, inhabit},
    faults::Faults,
    inspector::Inspector,
    liveness,
    matrix::Matrix,
    network::Crash,
    oracle,
    plan::Plan,
    stores, streams, watchers,
};

/// Within how long nodes are started at first.
const FIRST_STARTS_MS: u64 = 1_000;
/// Members that take one group from each other.
const GROUP_MEMBERS: u64 = 2;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// A digest of every step.
    pub trace: u64,
    /// Simulated time in all.
    pub simulated: Duration,
    /// Tasks polled.
    pub polls: u64,
    /// Operations begun, refused, and of unknown outcome.
    pub operations: (u64, u64, u64),
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Linearizable reads that were answered.
    pub reads: usize,
    /// Starts of nodes.
    pub starts: u32,
    /// Leaders that there were.
    pub leaders: u64,
    /// States of two nodes that were compared.
    pub comparisons: u64,
    /// Changes that watchers saw.
    pub seen: usize,
    /// How long the nodes took to serve after the last fault.
    pub recovery: Duration,
    /// Meetings of operations and faults.
    pub cells: Vec<Vec<u64>>,
    /// What does not fit together; empty when all does.
    pub complaints: Vec<String>,
    /// For a failure: the last events.
    pub events: Vec<String>,
    /// For a failure: what each node said of itself in the end.
    pub nodes: Vec<String>,
}

/// What the last act found.
#[derive(Default)]
struct Ended {
    recovery: Duration,
    complaints: Vec<String>,
}

/// Runs a plan.
pub fn run(plan: &Plan) -> Report {
    let world = World::new(plan.seed);
    inhabit(&world, || Run::new(plan.clone()).perform(&world))
}

struct Run {
    plan: Plan,
    cluster: Cluster,
    desk: Desk,
    inspector: Inspector,
    matrix: Matrix,
}

impl Run {
    fn new(plan: Plan) -> Run {
        let cluster = Cluster::new(&plan);
        let matrix = Matrix::default();
        let desk = Desk {
            cluster: cluster.clone(),
            diary: Arc::new(Mutex::new(Diary::default())),
            streams: Arc::default(),
            stores: Arc::default(),
            matrix: matrix.clone(),
            until: plan.busy,
            kept_revisions: plan.kept_revisions,
            think_ms: plan.think_ms,
        };
        Run { inspector: Inspector::new(cluster.clone()), plan, cluster, desk, matrix }
    }

    fn perform(self, world: &Arc<World>) -> Report {
        let ended = Arc::new(Mutex::new(Ended::default()));
        let is_over = Arc::new(AtomicBool::new(false));
        self.start(world);
        world.spawn_in(STAGE, last_act(self.plan.busy, self.desk.clone(), ended.clone(), is_over.clone()));
        let went_on = world.run(|| is_over.load(Relaxed) || !world.panics().is_empty());
        let ended = std::mem::take(&mut *ended.lock().unwrap_or_else(PoisonError::into_inner));
        let mut complaints: Vec<String> =
            world.panics().iter().map(|panic| format!("{:?} panicked: {}", panic.group, panic.message)).collect();
        if !went_on {
            complaints.push("nothing happens any more".to_owned());
        }
        complaints.extend(self.inspector.complaints());
        complaints.extend(ended.complaints);
        self.report(world, ended.recovery, complaints)
    }

    fn start(&self, world: &Arc<World>) {
        for house in self.cluster.houses() {
            let (house, pause) = (house.clone(), Duration::from_millis(world.dice().below(FIRST_STARTS_MS)));
            world.spawn_in(STAGE, async move {
                runtime::sleep(pause).await;
                house.start();
            });
        }
        world.spawn_in(STAGE, self.inspector.clone().run());
        Faults::new(self.cluster.clone(), self.matrix.clone(), self.plan.clone()).start();
        let nodes = self.cluster.houses().len();
        for number in 0..nodes {
            world.spawn_in(CLIENTS, watchers::watcher(self.desk.clone(), Some(number)));
        }
        world.spawn_in(CLIENTS, watchers::watcher(self.desk.clone(), None));
        for _ in 0..self.plan.producers {
            world.spawn_in(CLIENTS, streams::producer(self.desk.clone()));
            world.spawn_in(CLIENTS, streams::consumer(self.desk.clone()));
        }
        for number in 0..GROUP_MEMBERS {
            world.spawn_in(CLIENTS, streams::member(self.desk.clone(), number));
        }
        for number in 0..self.plan.configurers {
            world.spawn_in(CLIENTS, stores::client(self.desk.clone(), number));
        }
        for number in 0..self.plan.bound_clients + self.plan.roaming_clients {
            let at = usize::try_from(number).expect("a handful of clients") % nodes;
            let bound_to = (number < self.plan.bound_clients).then_some(at);
            world.spawn_in(CLIENTS, clients::client(self.desk.clone(), number, bound_to));
        }
    }

    fn report(self, world: &Arc<World>, recovery: Duration, complaints: Vec<String>) -> Report {
        let nodes = self.cluster.describe();
        // Ends everything, so that nothing keeps itself alive in a circle.
        let starts = self.cluster.houses().iter().map(|house| house.starts()).sum();
        for house in self.cluster.houses() {
            house.crash(Ending::NothingLost, Crash::Reset);
        }
        [CLIENTS, STAGE, WIRES].into_iter().for_each(|group| world.kill(group));
        let diary = self.desk.diary();
        let (comparisons, leaders) = self.inspector.counts();
        Report {
            trace: world.trace(),
            simulated: world.now(),
            polls: world.polls(),
            operations: (diary.begun, diary.refused, diary.unknown),
            acknowledged: diary.writes.iter().filter(|write| write.revision.is_some()).count(),
            reads: diary.reads.len(),
            starts,
            leaders,
            comparisons,
            seen: diary.sights.iter().map(|sight| sight.seen.len()).sum(),
            recovery,
            cells: self.matrix.cells(),
            complaints,
            events: world.events().lines(),
            nodes,
        }
    }
}

/// After the busy time: no faults, everybody serves, everybody agrees, and the diaries are read.
async fn last_act(busy: Duration, desk: Desk, ended: Arc<Mutex<Ended>>, is_over: Arc<AtomicBool>) {
    runtime::sleep_until(busy).await;
    liveness::heal(&desk.cluster);
    let recovery = liveness::serve_everywhere(&desk).await;
    let state = liveness::agree(&desk).await;
    let streams = streams::judge(&desk).await;
    let stores = stores::judge(&desk).await;
    let complaints = oracle::judge(&desk.diary(), &state).into_iter().chain(streams).chain(stores).collect();
    *ended.lock().unwrap_or_else(PoisonError::into_inner) = Ended { recovery, complaints };
    is_over.store(true, Relaxed);
}
