//! One node in the world: what survives a crash (disks, trees, identity), and what does not.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::{
    Disk, Result, ShardId,
    disk::{Ending, Fault, MemoryDisk},
};
use journal::Writer;
use replica::{Failure, Identity, Keyspace, Node, NodeOptions, NodeParts, Pace, node::DEFAULT_KEYSPACE, runtime};
use table::{MemoryTree, Tree};
use tokio::sync::Notify;

use crate::executor::{Group, World};

/// Small numbers, so that a short run recycles segments and settles often.
const SEGMENT_BYTES: u64 = 64 << 10;
const SETTLE_BYTES: u64 = 24 << 10;
/// What a write and a sync cost in simulated time.
const WRITE_TIME_US: u64 = 80;
const SYNC_TIME_US: u64 = 400;
/// How often an idle writer looks for work, in simulated time.
const IDLE_LOOK: Duration = Duration::from_micros(500);

/// The node's tasks; each start has a group of its own.
const FIRST_GROUP: u32 = 100;

type Trees = Arc<Mutex<BTreeMap<ShardId, Arc<MemoryTree>>>>;

struct State {
    disk: MemoryDisk,
    trees: Trees,
    keyspace: Option<Keyspace>,
    starts: u32,
    failure: Option<String>,
}

/// A node that can be crashed and started again. Cheap to clone.
#[derive(Clone)]
pub struct House {
    state: Arc<Mutex<State>>,
    /// Told at every start and every crash.
    changed: Arc<Notify>,
    data_shards: u32,
}

impl House {
    /// A node that was never started.
    pub fn new(data_shards: u32) -> House {
        let state = State { disk: MemoryDisk::new(), trees: Trees::default(), keyspace: None, starts: 0, failure: None };
        House { state: Arc::new(Mutex::new(state)), changed: Arc::new(Notify::new()), data_shards }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the node's tasks from what the disks hold.
    pub fn start(&self, world: &Arc<World>) {
        let (group, parts) = {
            let mut state = self.state();
            state.starts += 1;
            (Group(FIRST_GROUP + state.starts), parts(&state.disk, state.trees.clone(), world.dice().next()))
        };
        let (house, options) = (self.clone(), options(self.data_shards));
        world.spawn_in(group, async move {
            let outcome = open(parts, options).await;
            match outcome {
                Ok((node, keyspace)) => {
                    house.state().keyspace = Some(keyspace);
                    house.changed.notify_waiters();
                    let why = node.failed().await;
                    house.fail(why);
                }
                Err(error) => house.fail(format!("the node does not start: {error}")),
            }
        });
    }

    fn fail(&self, why: String) {
        self.state().failure.get_or_insert(why);
    }

    /// Ends the node between two polls; what was not synced meets its fate.
    pub fn crash(&self, world: &World, ending: Ending) {
        let group = {
            let mut state = self.state();
            state.keyspace = None;
            state.failure = None;
            Group(FIRST_GROUP + state.starts)
        };
        world.kill(group);
        let seed = world.dice().next();
        {
            let mut state = self.state();
            state.disk = state.disk.crash(ending, seed);
            let images = state
                .trees
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .map(|(shard, tree)| (*shard, tree.crash_image()))
                .collect();
            state.trees = Arc::new(Mutex::new(images));
        }
        self.changed.notify_waiters();
    }

    /// Lets a later write or sync of the journal's disk fail.
    pub fn inject(&self, fault: Fault) {
        self.state().disk.inject(fault);
    }

    /// What the node said when it could no longer keep its word.
    pub fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// The key space, while the node serves.
    pub fn keyspace(&self) -> Option<Keyspace> {
        self.state().keyspace.clone()
    }

    /// How often the node was started.
    pub fn starts(&self) -> u32 {
        self.state().starts
    }

    /// The key space, once the node serves, with the number of the start it belongs to.
    pub async fn serving(&self) -> (Keyspace, u32) {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if let Some(keyspace) = state.keyspace.clone() {
                    return (keyspace, state.starts);
                }
            }
            changed.await;
        }
    }

    /// Completes when the start with this number is over.
    pub async fn over(&self, start: u32) {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if state.starts != start || state.keyspace.is_none() {
                    return;
                }
            }
            changed.await;
        }
    }
}

async fn open(parts: NodeParts, options: NodeOptions) -> Result<(Node, Keyspace)> {
    let node = Node::open_with(parts, options).await?;
    let keyspace = node.keyspace(DEFAULT_KEYSPACE)?;
    Ok((node, keyspace))
}

fn options(data_shards: u32) -> NodeOptions {
    NodeOptions {
        data_dir: PathBuf::new(),
        name: "sim".to_owned(),
        data_shards,
        journal_segment_bytes: SEGMENT_BYTES,
        settle_bytes: SETTLE_BYTES,
        value_cache_bytes: 16 << 10,
        watch_ring_bytes: 16 << 10,
        admission_bytes: 1 << 20,
        admission_commands: 1000,
        quota_bytes: 0,
    }
}

fn parts(disk: &MemoryDisk, trees: Trees, seed: u64) -> NodeParts {
    NodeParts {
        journal_disk: Arc::new(disk.clone()) as Arc<dyn Disk>,
        trees: Arc::new(move |shard| {
            let mut trees = trees.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(trees.entry(shard).or_default().clone() as Arc<dyn Tree>)
        }),
        identity: Identity { cluster_id: 0xc1, node_id: 0xa1 },
        pace: Pace::default(),
        drive: Box::new(move |writer, failure| {
            runtime::spawn(drive(writer, failure, seed));
        }),
    }
}

/// The journal's writer as a task: a write and a sync take simulated time, and a crash may fall between them.
async fn drive(mut writer: Writer, failure: Failure, seed: u64) {
    let pace = crate::dice::Dice::new(seed);
    loop {
        let wrote = match writer.write() {
            Ok(wrote) => wrote,
            Err(error) => return failure.report(format!("a write of the journal failed: {error}")),
        };
        if !wrote {
            runtime::sleep(IDLE_LOOK).await;
            continue;
        }
        runtime::sleep(Duration::from_micros(WRITE_TIME_US + pace.below(WRITE_TIME_US))).await;
        if let Err(error) = writer.sync() {
            return failure.report(format!("a sync of the journal failed: {error}"));
        }
        runtime::sleep(Duration::from_micros(SYNC_TIME_US + pace.below(SYNC_TIME_US))).await;
    }
}
