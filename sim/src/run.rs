//! One run: a node, clients, faults and a quiet end, all from one seed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::disk::{Ending, Fault};
use bytes::Bytes;
use kv::{Cold, KeyValue, RangeRequest, Span};
use replica::runtime;

use crate::{
    clients::{self, Desk},
    diary::Diary,
    executor::{Group, World, inhabit},
    house::House,
    oracle,
};

/// Clients and the run's own tasks.
const OUTSIDE: Group = Group(1);
/// errno of an I/O error.
const EIO: i32 = 5;
/// Time for the node to come back and for every lease to end.
const QUIET: Duration = Duration::from_secs(40);
/// What a crash may do to what was not synced; rot of synced bytes is another test's matter, since one node refuses it.
const ENDINGS: [Ending; 7] = [
    Ending::NothingLost,
    Ending::UnsyncedLost,
    Ending::Torn512,
    Ending::Torn4096,
    Ending::Reordered,
    Ending::Zeroed,
    Ending::Stale,
];

/// What is wanted of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Everything follows from it.
    pub seed: u64,
    /// Simulated time under faults.
    pub busy: Duration,
    /// Clients, besides the watcher.
    pub clients: u64,
    /// Data shards of the node.
    pub data_shards: u32,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// A digest of every step.
    pub trace: u64,
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Starts of the node.
    pub starts: u32,
    /// Changes that the watcher saw.
    pub seen: usize,
    /// What does not fit together; empty when all does.
    pub complaints: Vec<String>,
}

/// Runs a plan.
pub fn run(plan: Plan) -> Report {
    let world = World::new(plan.seed);
    inhabit(&world, || {
        let house = House::new(plan.data_shards);
        let diary = Arc::new(Mutex::new(Diary::default()));
        let desk = Desk { house: house.clone(), diary: diary.clone(), until: plan.busy };
        house.start(&world);
        world.spawn_in(OUTSIDE, clients::watcher(desk.clone()));
        for number in 0..plan.clients {
            world.spawn_in(OUTSIDE, clients::client(desk.clone(), number));
        }
        faults(&world, &house, plan.busy);
        let end = runtime::now() + QUIET;
        until(&world, &house, end);
        let mut diary = diary.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let state = final_state(&house, &mut diary);
        let complaints = oracle::judge(&diary, &state);
        let acknowledged = diary.writes.iter().filter(|write| write.revision.is_some()).count();
        Report { trace: world.trace(), acknowledged, starts: house.starts(), seen: diary.seen.len(), complaints }
    })
}

/// Lets faults happen until the busy time is over.
fn faults(world: &Arc<World>, house: &House, busy: Duration) {
    let dice = world.dice();
    while runtime::now() < busy {
        let next = (runtime::now() + Duration::from_millis(200 + dice.below(6000))).min(busy);
        until(world, house, next);
        match dice.below(10) {
            0..6 => crash(world, house),
            6 => house.inject(Fault::Write(EIO)),
            7 => house.inject(Fault::Sync(EIO)),
            // Time of day means nothing for safety, so it may say what it likes.
            _ => world.jump_wall_clock(i64::try_from(dice.below(7_200_000)).unwrap_or(0) - 3_600_000),
        }
    }
}

/// Lets the world run until a time; a node that gave up is ended and started again, as a service manager would.
fn until(world: &Arc<World>, house: &House, time: Duration) {
    let alarm = Arc::new(Mutex::new(false));
    let rung = alarm.clone();
    world.spawn_in(OUTSIDE, async move {
        runtime::sleep_until(time).await;
        *rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
    });
    let is_over = || *alarm.lock().unwrap_or_else(PoisonError::into_inner);
    while !is_over() {
        world.run(|| is_over() || house.failure().is_some());
        if house.failure().is_some() {
            crash(world, house);
        }
    }
}

fn crash(world: &Arc<World>, house: &House) {
    let dice = world.dice();
    let ending = ENDINGS[usize::try_from(dice.below(ENDINGS.len() as u64)).expect("an index below a length")];
    house.crash(world, ending);
    house.start(world);
}

fn final_state(house: &House, diary: &mut Diary) -> Vec<KeyValue> {
    let Some(keyspace) = house.keyspace() else {
        diary.complaints.push(format!("the node does not serve in the end: {:?}", house.failure()));
        return Vec::new();
    };
    let everything = Span { key: Bytes::from_static(b"\0"), range_end: Bytes::from_static(b"\0") };
    let request = RangeRequest { span: everything, ..RangeRequest::default() };
    match keyspace.machine().range(&request, Cold::Allow) {
        Some(Ok((reply, _))) => reply.kvs,
        other => {
            diary.complaints.push(format!("the final read was answered {:?}", other.map(|answer| answer.err())));
            Vec::new()
        }
    }
}
