//! One thread, virtual time, one seed: whatever runs here runs the same way every time.
//!
//! Tasks that are ready are polled in an order drawn from the seed; when none is ready, time jumps to the next timer. Tasks
//! belong to a group, which their children inherit. A group has a clock of its own, may be held up, and is ended whole between
//! two polls, as a power cut would.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use replica::runtime::{Executor, Task};

use crate::{clock::NodeClock, dice::Dice, events::Events};

/// Tasks that live and die together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(pub u32);

/// What the run itself does; also whatever runs outside of a task.
pub const STAGE: Group = Group(0);
/// Clients.
pub const CLIENTS: Group = Group(1);
/// Messages on their way.
pub const WIRES: Group = Group(2);

struct Entry {
    group: Group,
    task: Option<Task>,
    waker: Arc<TaskWaker>,
}

/// Tasks that were woken. Shared with wakers, which must be `Send` although everything stays on one thread.
#[derive(Default)]
struct Ready {
    queue: Mutex<Vec<u64>>,
}

struct TaskWaker {
    id: u64,
    /// It is in the queue, or held up.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Relaxed) {
            self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    at: Duration,
    order: u64,
}

/// A task's panic.
#[derive(Clone, Debug)]
pub struct Panic {
    /// Whose task it was.
    pub group: Group,
    /// What it said.
    pub message: String,
}

/// The executor. Used by one thread only.
pub struct World {
    dice: Dice,
    now: Cell<Duration>,
    next_task: Cell<u64>,
    next_timer: Cell<u64>,
    current: Cell<Group>,
    tasks: RefCell<BTreeMap<u64, Entry>>,
    ready: Arc<Ready>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    sleepers: RefCell<BTreeMap<u64, Waker>>,
    clocks: RefCell<BTreeMap<Group, NodeClock>>,
    /// Groups that are not polled, and their tasks that were woken meanwhile.
    held: RefCell<BTreeMap<Group, Vec<u64>>>,
    panics: RefCell<Vec<Panic>>,
    trace: Cell<u64>,
    polls: Cell<u64>,
    /// Polls since time went on.
    polls_now: Cell<u64>,
    events: Events,
}

/// So many polls at one moment are no work but a circle.
const POLLS_AT_ONCE_MAX: u64 = 5_000_000;

impl World {
    /// A world whose every draw follows from `seed`.
    pub fn new(seed: u64) -> Arc<World> {
        #[expect(clippy::arc_with_non_send_sync, reason = "the executor trait wants an Arc; it never leaves its thread")]
        Arc::new(World {
            dice: Dice::new(seed),
            now: Cell::default(),
            next_task: Cell::default(),
            next_timer: Cell::default(),
            current: Cell::new(STAGE),
            tasks: RefCell::default(),
            ready: Arc::default(),
            timers: RefCell::default(),
            sleepers: RefCell::default(),
            clocks: RefCell::default(),
            held: RefCell::default(),
            panics: RefCell::default(),
            trace: Cell::new(seed),
            polls: Cell::default(),
            polls_now: Cell::default(),
            events: Events::default(),
        })
    }

    /// The world's dice.
    pub fn dice(&self) -> &Dice {
        &self.dice
    }

    /// True time, which no node knows.
    pub fn now(&self) -> Duration {
        self.now.get()
    }

    /// What happened lately.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Writes an event down, for whoever reads a failure.
    pub fn tell(&self, event: impl Into<String>) {
        self.events.push(self.now.get(), event.into());
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

    /// Panics of tasks so far. Each ended its group, as it ends a process.
    pub fn panics(&self) -> Vec<Panic> {
        self.panics.borrow().clone()
    }

    /// Gives a group a clock. Without one it goes by true time.
    pub fn set_clock(&self, group: Group, clock: NodeClock) {
        self.clocks.borrow_mut().insert(group, clock);
    }

    /// Lets a group's time of day jump.
    pub fn jump_wall_clock(&self, group: Group, by_ms: i64) {
        if let Some(clock) = self.clocks.borrow_mut().get_mut(&group) {
            clock.jump_wall(by_ms);
        }
    }

    fn clock(&self, group: Group) -> NodeClock {
        self.clocks.borrow().get(&group).copied().unwrap_or_default()
    }

    /// The group of the task that is being polled.
    pub fn current(&self) -> Group {
        self.current.get()
    }

    /// Starts a task in a group.
    pub fn spawn_in(&self, group: Group, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_boxed(group, Box::pin(task));
    }

    fn spawn_boxed(&self, group: Group, task: Task) {
        let id = self.next_task.replace(self.next_task.get() + 1);
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(false), ready: self.ready.clone() });
        waker.wake_by_ref();
        self.tasks.borrow_mut().insert(id, Entry { group, task: Some(task), waker });
    }

    /// Ends every task of a group, at once.
    pub fn kill(&self, group: Group) {
        self.held.borrow_mut().remove(&group);
        let before = self.current.replace(group);
        loop {
            let dead: Vec<u64> =
                self.tasks.borrow().iter().filter(|(_, entry)| entry.group == group).map(|(id, _)| *id).collect();
            if dead.is_empty() {
                break;
            }
            for id in dead {
                // Dropped outside the borrow: a task's drop may wake or spawn others, which die in the next round.
                let entry = self.tasks.borrow_mut().remove(&id);
                drop(entry);
            }
        }
        self.current.set(before);
        self.clocks.borrow_mut().remove(&group);
    }

    /// Stops polling a group's tasks; the world goes on without them.
    pub fn hold(&self, group: Group) {
        self.held.borrow_mut().entry(group).or_default();
    }

    /// Polls a group's tasks again.
    pub fn release(&self, group: Group) {
        if let Some(woken) = self.held.borrow_mut().remove(&group) {
            self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(woken);
        }
    }

    /// Runs until `done` says so, or nothing can happen any more. `false` in the latter case.
    ///
    /// # Panics
    /// When tasks wake each other without end while time stands still.
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
        Some(queue.swap_remove(chosen))
    }

    fn poll(&self, id: u64) {
        let Some((mut task, waker, group)) = self.take(id) else { return };
        self.polls.set(self.polls.get() + 1);
        let polls_now = self.polls_now.get() + 1;
        self.polls_now.set(polls_now);
        assert!(polls_now < POLLS_AT_ONCE_MAX, "tasks wake each other without end at {:?}", self.now.get());
        self.note(id);
        self.note(u64::try_from(self.now.get().as_nanos()).expect("simulated time is short"));
        self.current.set(group);
        let outcome = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut Context::from_waker(&waker))));
        match outcome {
            Ok(Poll::Pending) => {
                let mut tasks = self.tasks.borrow_mut();
                match tasks.get_mut(&id) {
                    Some(entry) => entry.task = Some(task),
                    // It ended its own group.
                    None => {
                        drop(tasks);
                        drop(task);
                    }
                }
            }
            Ok(Poll::Ready(())) => {
                let entry = self.tasks.borrow_mut().remove(&id);
                drop((entry, task));
            }
            Err(payload) => self.panicked(group, &*payload),
        }
        self.current.set(STAGE);
    }

    /// The task with this id, unless it is gone or held up.
    fn take(&self, id: u64) -> Option<(Task, Waker, Group)> {
        let mut tasks = self.tasks.borrow_mut();
        let entry = tasks.get_mut(&id)?;
        if let Some(woken) = self.held.borrow_mut().get_mut(&entry.group) {
            woken.push(id);
            return None;
        }
        entry.waker.queued.store(false, Relaxed);
        Some((entry.task.take()?, Waker::from(entry.waker.clone()), entry.group))
    }

    fn panicked(&self, group: Group, payload: &(dyn Any + Send)) {
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no text").to_owned();
        self.tell(format!("a task of {group:?} panicked: {message}"));
        self.panics.borrow_mut().push(Panic { group, message });
        self.kill(group);
    }

    /// Lets time jump to the next timer and wakes whom it is for.
    fn advance(&self) -> bool {
        let Some(Reverse(next)) = self.timers.borrow_mut().pop() else { return false };
        if next.at > self.now.get() {
            self.now.set(next.at);
            self.polls_now.set(0);
        }
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

/// The world as the hall's runtime sees it: who asks is told by the clock of the group that is being polled.
pub struct WorldExecutor(pub Arc<World>);

impl Executor for WorldExecutor {
    fn spawn(&self, task: Task) {
        self.0.spawn_boxed(self.0.current.get(), task);
    }

    fn now(&self) -> Duration {
        self.0.clock(self.0.current.get()).monotonic(self.0.now.get())
    }

    fn wall_ms(&self) -> u64 {
        self.0.clock(self.0.current.get()).wall_ms(self.0.now.get())
    }

    fn sleep_until(&self, deadline: Duration) -> Task {
        let at = self.0.clock(self.0.current.get()).true_time(deadline);
        Box::pin(SimulatedSleep { at, timer: None })
    }

    fn random_u64(&self) -> u64 {
        self.0.dice.next()
    }
}

/// Sleeps on the world that the polling thread belongs to: the future itself holds nothing that is not `Send`.
struct SimulatedSleep {
    /// By true time; rates do not change while a process runs.
    at: Duration,
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

/// The world of this thread. Not to be held over an `await`, since it stays on its thread and tasks must be `Send`.
///
/// # Panics
/// Outside of [`inhabit`].
pub fn world() -> Arc<World> {
    WORLD.with_borrow(Clone::clone).expect("only called by what runs in a world")
}

/// Whether this thread has a world.
pub fn is_inhabited() -> bool {
    WORLD.with_borrow(Option::is_some)
}

impl Future for SimulatedSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = world();
        if world.now.get() >= self.at {
            return Poll::Ready(());
        }
        let at = self.at;
        let timer = *self.timer.get_or_insert_with(|| world.start_timer(at));
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

    #[test]
    fn a_group_has_its_own_time() {
        let world = World::new(1);
        let seen = Arc::new(Mutex::new(Vec::new()));
        inhabit(&world, || {
            world.set_clock(Group(7), NodeClock::new(Duration::ZERO, Duration::from_secs(3), 1100, 0));
            let (told, name) = (seen.clone(), Group(7));
            world.spawn_in(name, async move {
                runtime::sleep(Duration::from_millis(1100)).await;
                let (mine, wall) = (runtime::now(), runtime::wall_ms());
                told.lock().unwrap().push((mine, wall, super::world().now()));
            });
            world.run(|| false);
        });
        let (mine, wall, truth) = seen.lock().unwrap()[0];
        assert_eq!((mine, truth), (Duration::from_millis(4100), Duration::from_secs(1)));
        assert_eq!(wall, crate::clock::WALL_START_MS + 1100);
    }

    #[test]
    fn who_is_held_up_sees_what_came_afterwards() {
        let world = World::new(1);
        let seen = Arc::new(Mutex::new(Vec::new()));
        inhabit(&world, || {
            let told = seen.clone();
            world.spawn_in(Group(7), async move {
                for _ in 0..2 {
                    runtime::sleep(Duration::from_secs(1)).await;
                    told.lock().unwrap().push(super::world().now().as_secs());
                }
            });
            world.spawn_in(STAGE, async {
                runtime::sleep(Duration::from_millis(500)).await;
                super::world().hold(Group(7));
                runtime::sleep(Duration::from_secs(5)).await;
                super::world().release(Group(7));
            });
            world.run(|| false);
        });
        assert_eq!(*seen.lock().unwrap(), [5, 6]);
    }

    #[test]
    fn a_panic_ends_its_group_and_is_told() {
        let world = World::new(1);
        inhabit(&world, || {
            world.spawn_in(Group(7), async { panic!("as planned") });
            world.spawn_in(Group(7), std::future::pending());
            world.run(|| false);
        });
        assert_eq!(world.panics().len(), 1);
        assert!(world.tasks.borrow().is_empty());
    }
}
