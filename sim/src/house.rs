//! One node in the world: what survives a crash (disks, trees, the wall clock), and what does not.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{
    Disk, NodeId, Result, ShardId,
    disk::{Ending, Fault, MemoryDisk},
};
use journal::{Pace, Writer};
use replica::{
    Failure, Identity, Keyspace, Node, NodeParts, Start, Ticket,
    rebuild::{self, Order},
    runtime,
};
use table::{Interrupted, MemoryTree, Tree};
use tokio::sync::{Notify, oneshot};

use crate::{
    clock::NodeClock,
    dice::Dice,
    executor::{Group, world},
    network::{Crash, Wires},
    setup::{self, Setup},
};

/// What a write and a sync cost in simulated time.
const WRITE_TIME_US: u64 = 80;
const SYNC_TIME_US: u64 = 400;
/// A node's tasks; each start has a group of its own.
const FIRST_GROUP: u32 = 100;
const GROUPS_A_NODE: u32 = 1_000_000;

type Trees = Arc<Mutex<BTreeMap<ShardId, Arc<MemoryTree>>>>;
/// Where the segments of each data shard lie.
type SegmentDisks = Arc<Mutex<BTreeMap<ShardId, MemoryDisk>>>;

/// What a node loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Its journal.
    Journal,
    /// Its settled trees.
    Trees,
    /// Both.
    Both,
}

struct State {
    /// Who it is; another one after it was rebuilt.
    identity: Identity,
    /// Whether it lost what it had and was not rebuilt yet.
    is_lost: bool,
    /// What it was let in with, if it is no founder.
    ticket: Option<Ticket>,
    disk: MemoryDisk,
    trees: Trees,
    segments: SegmentDisks,
    is_up: bool,
    node: Option<Node>,
    keyspace: Option<Keyspace>,
    starts: u32,
    failure: Option<String>,
    /// Thousandths of true time.
    clock_rate: u32,
    wall_offset_ms: i64,
    /// What was settled at the last crash: a start that shows less has lost it.
    floor: BTreeMap<ShardId, u64>,
}

/// How fast the disk is at present.
#[derive(Clone, Copy, Debug)]
struct DiskSpeed {
    slower: u64,
    stalled_until: Duration,
}

struct Inner {
    number: usize,
    setup: Arc<Setup>,
    wires: Wires,
    state: Mutex<State>,
    speed: Arc<Mutex<DiskSpeed>>,
    /// Told at every start, failure and crash.
    changed: Notify,
}

/// A node that can be crashed and started again. Cheap to clone.
#[derive(Clone)]
pub struct House {
    inner: Arc<Inner>,
}

/// A node's process while it serves.
#[derive(Clone)]
pub struct Serving {
    /// Its key space.
    pub keyspace: Keyspace,
    /// The number of its start.
    pub start: u32,
    group: Group,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl House {
    /// A node that was never started: number `number` of those in `setup`.
    pub fn new(number: usize, setup: Arc<Setup>, wires: Wires) -> House {
        let state = State {
            identity: setup.identities[number].clone(),
            is_lost: false,
            ticket: None,
            disk: MemoryDisk::new(),
            trees: Trees::default(),
            segments: SegmentDisks::default(),
            is_up: false,
            node: None,
            keyspace: None,
            starts: 0,
            failure: None,
            clock_rate: 1000,
            wall_offset_ms: 0,
            floor: BTreeMap::new(),
        };
        let speed = Arc::new(Mutex::new(DiskSpeed { slower: 1, stalled_until: Duration::ZERO }));
        House { inner: Arc::new(Inner { number, setup, wires, state: Mutex::new(state), speed, changed: Notify::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.setup.names[self.inner.number]
    }

    /// Its id.
    pub fn node_id(&self) -> NodeId {
        self.state().identity.node_id
    }

    fn group_of(&self, start: u32) -> Group {
        let number = u32::try_from(self.inner.number).expect("a handful of nodes");
        Group(FIRST_GROUP + GROUPS_A_NODE * number + start)
    }

    /// Sets how fast its clocks run from the next start on, in thousandths of true time.
    pub fn set_clock_rate(&self, rate: u32) {
        self.state().clock_rate = rate;
    }

    /// Lets its time of day jump.
    pub fn jump_wall_clock(&self, by_ms: i64) {
        let start = {
            let mut state = self.state();
            state.wall_offset_ms += by_ms;
            state.starts
        };
        world().jump_wall_clock(self.group_of(start), by_ms);
    }

    /// Starts the node's tasks from what the disks hold, unless it runs.
    pub fn start(&self) {
        let world = world();
        let (group, disk, trees, start) = {
            let mut state = self.state();
            if state.is_up {
                return;
            }
            state.is_up = true;
            state.starts += 1;
            let group = self.group_of(state.starts);
            // A process's monotonic clock begins anywhere.
            let base = Duration::from_millis(world.dice().below(1_000_000));
            world.set_clock(group, NodeClock::new(world.now(), base, state.clock_rate, state.wall_offset_ms));
            (group, state.disk.clone(), state.trees.clone(), state.starts)
        };
        world.tell(format!("{} starts for the {start}. time", self.name()));
        self.inner.wires.power_on(self.node_id());
        let house = self.clone();
        world.spawn_in(group, async move {
            if let Err(error) = house.begin_anew(group, &disk, &trees).await {
                return house.fail(format!("the node is not rebuilt: {error}"));
            }
            let (parts, ticket) = (house.parts(group, &disk, trees), house.state().ticket.clone());
            match setup::open(&house.inner.setup, house.inner.number, ticket, parts).await {
                Ok((node, keyspace)) => {
                    {
                        let mut state = house.state();
                        state.node = Some(node.clone());
                        state.keyspace = Some(keyspace);
                    }
                    crate::executor::world().tell(format!("{} serves", house.name()));
                    house.inner.changed.notify_waiters();
                    let why = node.failed().await;
                    house.fail(why.to_string());
                }
                Err(error) => house.fail(format!("the node does not start: {error}")),
            }
        });
    }

    fn parts(&self, group: Group, disk: &MemoryDisk, trees: Trees) -> NodeParts {
        let setup = &self.inner.setup;
        let identity = {
            let mut state = self.state();
            if let Ok(Some(known)) = Identity::load(disk) {
                state.identity = known;
            }
            state.identity.clone()
        };
        let (seed, speed) = (world().dice().next(), self.inner.speed.clone());
        let segments = self.state().segments.clone();
        let open_segments = move |shard| Ok(Arc::new(lock(&segments).entry(shard).or_default().clone()) as Arc<dyn Disk>);
        let open_tree = move |shard| Ok(lock(&trees).entry(shard).or_default().clone() as Arc<dyn Tree>);
        NodeParts {
            home: Arc::new(disk.clone()) as Arc<dyn Disk>,
            journal_disk: Arc::new(disk.clone()) as Arc<dyn Disk>,
            trees: Arc::new(open_tree),
            segments: Arc::new(open_segments),
            identity,
            pace: Pace::default(),
            drive: Box::new(move |writer, failure| {
                runtime::spawn(drive(writer, failure, Dice::new(seed), speed));
            }),
            network: (setup.names.len() > 1).then(|| self.inner.wires.maker(&setup.address(self.inner.number), group)),
        }
    }

    /// What a data directory does when it is opened: a node that lost its data takes another place first.
    async fn begin_anew(&self, group: Group, disk: &MemoryDisk, trees: &Trees) -> Result<()> {
        let Some(order) = Order::load(disk)? else { return Ok(()) };
        let (is_lost, known) = {
            let state = self.state();
            (state.is_lost, state.identity.clone())
        };
        let old = Identity::load(disk)?.unwrap_or(known);
        if order.is_taken(&old) {
            self.state().identity = old;
            self.state().is_lost = false;
            return order.end(disk);
        }
        assert!(is_lost, "{} believes that it lost its data, and nobody took it: {}", self.name(), order.why);
        world().tell(format!("{} is rebuilt: {}", self.name(), order.why));
        let others = rebuild::load_book(disk)?.unwrap_or_default();
        let address = self.inner.setup.address(self.inner.number);
        let maker = self.inner.wires.maker(&address, group);
        order.ask(&old, self.name(), &address, &others, maker).await?;
        self.wipe(disk, trees);
        let identity = order.take(disk, &old, &others)?;
        let mut state = self.state();
        state.identity = identity;
        state.is_lost = false;
        Ok(())
    }

    fn wipe(&self, disk: &MemoryDisk, trees: &Trees) {
        lose_journal(disk);
        lock(trees).clear();
        let mut state = self.state();
        lock(&state.segments).clear();
        state.floor.clear();
    }

    /// Makes a node that is down a new one, which the cluster awaits: nothing is left of what it was.
    ///
    /// # Panics
    /// If it runs.
    pub fn move_in(&self, ticket: Ticket) {
        let mut state = self.state();
        assert!(!state.is_up, "{} is made anew while it runs", self.name());
        state.identity = Identity::begin(&Start::Join(ticket.clone()), self.name()).expect("who joins needs no list");
        state.ticket = Some(ticket);
        state.is_lost = false;
        state.disk = MemoryDisk::new();
        state.trees = Trees::default();
        state.segments = SegmentDisks::default();
        state.floor.clear();
    }

    /// Where its peers reach it.
    pub fn address(&self) -> String {
        self.inner.setup.address(self.inner.number)
    }

    /// Takes away what a node that is down has stored. Its papers stay.
    pub fn lose(&self, what: Loss) {
        let (disk, trees) = {
            let mut state = self.state();
            state.is_lost = true;
            (state.disk.clone(), state.trees.clone())
        };
        if what != Loss::Trees {
            lose_journal(&disk);
        }
        if what != Loss::Journal {
            lock(&trees).clear();
            lock(&self.state().segments).clear();
        }
        self.state().floor.clear();
    }

    fn fail(&self, why: String) {
        world().tell(format!("{} gives up: {why}", self.name()));
        self.state().failure.get_or_insert(why);
        self.inner.changed.notify_waiters();
    }

    /// Ends the process between two polls; what was not synced meets its fate. `false` if it was not running.
    pub fn crash(&self, ending: Ending, how: Crash) -> bool {
        let world = world();
        let (group, gone) = {
            let mut state = self.state();
            if !std::mem::take(&mut state.is_up) {
                return false;
            }
            state.failure = None;
            (self.group_of(state.starts), (state.node.take(), state.keyspace.take()))
        };
        world.tell(format!("{} crashes: {ending:?}, {how:?}", self.name()));
        self.inner.wires.crash(self.node_id(), group, how);
        world.kill(group);
        drop(gone);
        let seed = world.dice().next();
        {
            let mut state = self.state();
            state.disk = state.disk.crash(ending, seed);
            let images: BTreeMap<ShardId, Arc<MemoryTree>> =
                lock(&state.trees).iter().map(|(shard, tree)| (*shard, tree.crash_image())).collect();
            for (shard, tree) in &images {
                if let Some(applied) = tree.snapshot().mark().applied {
                    state.floor.insert(*shard, applied.index);
                }
            }
            state.trees = Arc::new(Mutex::new(images));
            let segments = lock(&state.segments).iter().map(|(shard, disk)| (*shard, disk.crash(ending, seed))).collect();
            state.segments = Arc::new(Mutex::new(segments));
        }
        self.inner.changed.notify_waiters();
        true
    }

    /// Stops polling the process; the world goes on. Gives the number of the start that was stopped.
    pub fn hold(&self) -> u32 {
        let start = self.state().starts;
        world().hold(self.group_of(start));
        start
    }

    /// Lets a process that was held go on, if it is still that one.
    pub fn release(&self, start: u32) {
        world().release(self.group_of(start));
    }

    /// Lets a later write or sync of the journal's disk fail.
    pub fn inject(&self, fault: Fault) {
        self.state().disk.inject(fault);
    }

    /// Lets the next settle of one shard fail, as if the process was killed within it.
    pub fn interrupt_settle(&self, leaves: Interrupted) {
        let trees: Vec<Arc<MemoryTree>> = lock(&self.state().trees).values().cloned().collect();
        if let Some(tree) = trees.last() {
            tree.interrupt_next_settle(leaves);
        }
    }

    /// Makes the disk so many times slower; 1 is its usual speed.
    pub fn slow_disk(&self, times: u64) {
        lock(&self.inner.speed).slower = times;
    }

    /// Lets nothing become durable before this time.
    pub fn stall_disk(&self, until: Duration) {
        lock(&self.inner.speed).stalled_until = until;
    }

    /// Takes every fault of its disks away.
    pub fn heal(&self) {
        self.slow_disk(1);
        self.stall_disk(Duration::ZERO);
        let (disk, trees) = {
            let state = self.state();
            (state.disk.clone(), state.trees.clone())
        };
        disk.heal();
        lock(&trees).values().for_each(|tree| tree.heal());
    }

    /// What the node said when it could no longer keep its word.
    pub fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// Completes when the running process has given up.
    pub async fn failed(&self) {
        loop {
            let changed = self.inner.changed.notified();
            if self.state().failure.is_some() {
                return;
            }
            changed.await;
        }
    }

    /// Whether its process runs, serving or not yet.
    pub fn is_up(&self) -> bool {
        self.state().is_up
    }

    /// How often the node was started.
    pub fn starts(&self) -> u32 {
        self.state().starts
    }

    /// The node, while it serves, with the number of its start.
    pub fn node(&self) -> Option<(Node, u32)> {
        let state = self.state();
        Some((state.node.clone()?, state.starts))
    }

    /// What was settled at the last crash.
    pub fn floor(&self) -> BTreeMap<ShardId, u64> {
        self.state().floor.clone()
    }

    /// The process, if it serves.
    pub fn serving_now(&self) -> Option<Serving> {
        let state = self.state();
        let keyspace = state.keyspace.clone()?;
        Some(Serving { keyspace, start: state.starts, group: self.group_of(state.starts) })
    }

    /// The process, once it serves.
    pub async fn serving(&self) -> Serving {
        loop {
            let changed = self.inner.changed.notified();
            if let Some(serving) = self.serving_now() {
                return serving;
            }
            changed.await;
        }
    }

    /// Runs `work` inside the process, by its clocks and at its speed, as a door would: it ends when nobody waits for it any
    /// more. `None`: the process ended before.
    pub async fn within<T: Send + 'static>(
        &self,
        serving: &Serving,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (mut answer, answered) = oneshot::channel();
        self.spawn_within(serving, async move {
            let outcome = tokio::select! {
                biased;
                outcome = work => Some(outcome),
                () = answer.closed() => None,
            };
            if let Some(outcome) = outcome {
                // Who asked may have gone in the same moment.
                let _ = answer.send(outcome);
            }
        });
        answered.await.ok()
    }

    /// Starts a task inside the process; dropped at once if that is over.
    pub fn spawn_within(&self, serving: &Serving, task: impl Future<Output = ()> + Send + 'static) {
        let is_current = {
            let state = self.state();
            state.is_up && state.starts == serving.start
        };
        if is_current {
            world().spawn_in(serving.group, task);
        }
    }
}

fn lose_journal(disk: &MemoryDisk) {
    let names = disk.list().unwrap_or_default();
    for name in names.iter().filter(|name| !["node", "peers", "rebuild"].contains(&name.as_str())) {
        disk.remove(name).expect("a disk that nobody uses removes what it listed");
    }
}

/// The journal's writer as a task: a write and a sync take simulated time, and a crash may fall between them.
async fn drive(mut writer: Writer, failure: Failure, dice: Dice, speed: Arc<Mutex<DiskSpeed>>) {
    loop {
        let wrote = match writer.write() {
            Ok(wrote) => wrote,
            Err(error) => return failure.report(format!("a write of the journal failed: {error}")),
        };
        if !wrote {
            if let Err(error) = wait(&mut writer).await {
                return failure.report(format!("an idle journal could not be closed: {error}"));
            }
            continue;
        }
        let (now, DiskSpeed { slower, stalled_until }) = (world().now(), *lock(&speed));
        let write_us = (WRITE_TIME_US + dice.below(WRITE_TIME_US)) * slower;
        let sync_us = (SYNC_TIME_US + dice.below(SYNC_TIME_US)) * slower;
        let stall = stalled_until.saturating_sub(now);
        runtime::sleep(Duration::from_micros(write_us + sync_us) + stall).await;
        if let Err(error) = writer.sync() {
            return failure.report(format!("a sync of the journal failed: {error}"));
        }
    }
}

/// Waits for records. A journal that is quiet for long enough closes what it wrote.
async fn wait(writer: &mut Writer) -> io::Result<()> {
    let quiet = {
        let records = poll_fn(|context| writer.poll_waiting(context));
        tokio::select! {
            biased;
            () = records => false,
            () = runtime::sleep(Duration::from_millis(journal::limits::IDLE_MS)) => true,
        }
    };
    if quiet { writer.idle() } else { Ok(()) }
}
