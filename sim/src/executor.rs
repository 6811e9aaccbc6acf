//! One thread, virtual time, one seed: whatever runs here runs the same way every time.
//!
//! Tasks that are ready are polled in an order drawn from the seed; when none is ready, time jumps to the next timer. Tasks
//! belong to a group, which their children inherit: a crash ends a whole group between two polls, as a power cut would.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use replica::runtime::{Executor, Task};

use crate::dice::Dice;

/// Tasks that live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(pub u32);

struct Entry {
    group: Group,
    task: Option<Task>,
    waker: Waker,
}

/// Ids of tasks that were woken. Shared with wakers, which must be `Send` although everything stays on one thread.
#[derive(Default)]
struct Ready {
    queue: Mutex<VecDeque<u64>>,
}

struct TaskWaker {
    id: u64,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut queue = self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.contains(&self.id) {
            queue.push_back(self.id);
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Duration,
    order: u64,
}

/// The executor. Used by one thread only.
pub struct World {
    dice: Dice,
    now: Cell<Duration>,
    /// The wall clock is virtual time plus this, which a fault may change.
    wall_offset_ms: Cell<i64>,
    next_task: Cell<u64>,
    next_timer: Cell<u64>,
    current: Cell<Group>,
    tasks: RefCell<BTreeMap<u64, Entry>>,
    ready: Arc<Ready>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    sleepers: RefCell<BTreeMap<u64, Waker>>,
    trace: Cell<u64>,
    polls: Cell<u64>,
}

/// Where simulated time starts on the wall clock.
const WALL_START_MS: u64 = 1_700_000_000_000;

impl World {
    /// A world whose every draw follows from `seed`.
    pub fn new(seed: u64) -> Arc<World> {
        #[expect(clippy::arc_with_non_send_sync, reason = "the executor trait wants an Arc; it never leaves its thread")]
        Arc::new(World {
            dice: Dice::new(seed),
            now: Cell::default(),
            wall_offset_ms: Cell::default(),
            next_task: Cell::default(),
            next_timer: Cell::default(),
            current: Cell::new(Group(0)),
            tasks: RefCell::default(),
            ready: Arc::default(),
            timers: RefCell::default(),
            sleepers: RefCell::default(),
            trace: Cell::new(seed),
            polls: Cell::default(),
        })
    }

    /// The world's dice.
    pub fn dice(&self) -> &Dice {
        &self.dice
    }

    /// Adds a word to the trace, which at the end tells whether two runs were the same.
    pub fn note(&self, word: u64) {
        self.trace.set((self.trace.get() ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(29));
    }

    /// A digest of everything that was noted and polled.
    pub fn trace(&self) -> u64 {
        self.trace.get()
    }

    /// How many times a task was polled.
    pub fn polls(&self) -> u64 {
        self.polls.get()
    }

    /// Lets the wall clock jump.
    pub fn jump_wall_clock(&self, by_ms: i64) {
        self.wall_offset_ms.set(self.wall_offset_ms.get() + by_ms);
    }

    /// Starts a task in a group.
    pub fn spawn_in(&self, group: Group, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.next_task.replace(self.next_task.get() + 1);
        let waker = Waker::from(Arc::new(TaskWaker { id, ready: self.ready.clone() }));
        waker.wake_by_ref();
        self.tasks.borrow_mut().insert(id, Entry { group, task: Some(Box::pin(task)), waker });
    }

    /// Ends every task of a group, at once.
    pub fn kill(&self, group: Group) {
        let dead: Vec<u64> = self.tasks.borrow().iter().filter(|(_, entry)| entry.group == group).map(|(id, _)| *id).collect();
        for id in dead {
            // Dropped outside the borrow: a task's drop may wake or spawn others.
            let entry = self.tasks.borrow_mut().remove(&id);
            drop(entry);
        }
    }

    /// Runs until `done` says so, or nothing can happen any more. `false` in the latter case.
    pub fn run(&self, mut done: impl FnMut() -> bool) -> bool {
        loop {
            if done() {
                return true;
            }
            match self.pick() {
                Some(id) => self.poll(id),
                None if self.advance() => {}
                None => return false,
            }
        }
    }

    fn pick(&self) -> Option<u64> {
        let mut queue = self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let count = queue.len() as u64;
        if count == 0 {
            return None;
        }
        let chosen = usize::try_from(self.dice.below(count)).expect("an index below a queue's length");
        queue.remove(chosen)
    }

    fn poll(&self, id: u64) {
        let taken =
            self.tasks.borrow_mut().get_mut(&id).and_then(|entry| Some((entry.task.take()?, entry.waker.clone(), entry.group)));
        let Some((mut task, waker, group)) = taken else { return };
        self.polls.set(self.polls.get() + 1);
        self.note(id);
        self.note(u64::try_from(self.now.get().as_nanos()).expect("simulated time is short"));
        self.current.set(group);
        let outcome = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks.borrow_mut();
        match outcome {
            Poll::Pending => {
                if let Some(entry) = tasks.get_mut(&id) {
                    entry.task = Some(task);
                }
            }
            Poll::Ready(()) => {
                let entry = tasks.remove(&id);
                drop(tasks);
                drop((entry, task));
            }
        }
    }

    /// Lets time jump to the next timer and wakes whom it is for.
    fn advance(&self) -> bool {
        let Some(Reverse(next)) = self.timers.borrow_mut().pop() else { return false };
        self.now.set(self.now.get().max(next.at));
        let sleeper = self.sleepers.borrow_mut().remove(&next.order);
        if let Some(waker) = sleeper {
            waker.wake();
        }
        true
    }

    fn start_timer(&self, at: Duration) -> u64 {
        let order = self.next_timer.replace(self.next_timer.get() + 1);
        self.timers.borrow_mut().push(Reverse(Timer { at, order }));
        order
    }
}

/// The world as the hall's runtime sees it.
pub struct WorldExecutor(pub Arc<World>);

impl Executor for WorldExecutor {
    fn spawn(&self, task: Task) {
        self.0.spawn_in(self.0.current.get(), task);
    }

    fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn wall_ms(&self) -> u64 {
        let virtual_ms = u64::try_from(self.0.now.get().as_millis()).expect("simulated time is short");
        (WALL_START_MS + virtual_ms).saturating_add_signed(self.0.wall_offset_ms.get())
    }

    fn sleep_until(&self, deadline: Duration) -> Task {
        Box::pin(SimulatedSleep { deadline, timer: None })
    }

    fn random_u64(&self) -> u64 {
        self.0.dice.next()
    }
}

/// Sleeps on the world that the polling thread belongs to: the future itself holds nothing that is not `Send`.
struct SimulatedSleep {
    deadline: Duration,
    timer: Option<u64>,
}

thread_local! {
    static WORLD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Makes `world` this thread's, for as long as `inside` runs: the hall's tasks spawn, sleep and draw in it.
pub fn inhabit<R>(world: &Arc<World>, inside: impl FnOnce() -> R) -> R {
    let before = WORLD.replace(Some(world.clone()));
    #[expect(clippy::arc_with_non_send_sync, reason = "the runtime's hook wants an Arc; it never leaves its thread")]
    let entered = replica::runtime::enter(Arc::new(WorldExecutor(world.clone())));
    let result = inside();
    drop(entered);
    WORLD.set(before);
    result
}

impl Future for SimulatedSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = WORLD.with_borrow(Clone::clone).expect("a simulated sleep is polled by its world");
        if world.now.get() >= self.deadline {
            return Poll::Ready(());
        }
        let deadline = self.deadline;
        let timer = *self.timer.get_or_insert_with(|| world.start_timer(deadline));
        world.sleepers.borrow_mut().insert(timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for SimulatedSleep {
    fn drop(&mut self) {
        if let (Some(timer), Some(world)) = (self.timer, WORLD.with_borrow(Clone::clone)) {
            world.sleepers.borrow_mut().remove(&timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use replica::runtime;

    use super::*;

    fn story(seed: u64) -> (u64, Vec<(u64, u64)>) {
        let world = World::new(seed);
        let log = Arc::new(Mutex::new(Vec::new()));
        inhabit(&world, || {
            for name in 0..8 {
                let log = log.clone();
                world.spawn_in(Group(0), async move {
                    for _ in 0..4 {
                        runtime::sleep(Duration::from_millis(1 + runtime::random_u64() % 5)).await;
                        let now = u64::try_from(runtime::now().as_millis()).unwrap();
                        log.lock().unwrap().push((now, name));
                    }
                });
            }
            assert!(!world.run(|| false), "it ends by itself");
        });
        let log = log.lock().unwrap().clone();
        (world.trace(), log)
    }

    #[test]
    fn one_seed_one_story() {
        assert_eq!(story(7), story(7));
        assert_ne!(story(7).0, story(8).0);
    }

    #[test]
    fn a_crash_ends_a_group_and_leaves_the_others() {
        let world = World::new(1);
        let seen = Arc::new(Mutex::new(Vec::new()));
        inhabit(&world, || {
            for group in [1, 2] {
                let seen = seen.clone();
                world.spawn_in(Group(group), async move {
                    // The child inherits the group.
                    runtime::spawn(async move {
                        runtime::sleep(Duration::from_secs(1)).await;
                        seen.lock().unwrap().push(group);
                    });
                });
            }
            world.run(|| world.polls() >= 4);
            world.kill(Group(1));
            world.run(|| false);
        });
        assert_eq!(*seen.lock().unwrap(), [2]);
    }
}
