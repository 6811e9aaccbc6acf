//! Where the hall's tasks run: on tokio, or in the simulator.
//!
//! Everything in this crate that spawns, sleeps, reads a clock or draws a number does it through this module, openraft
//! included (see [`Hall`]). Without further ado that is tokio and the machine's clocks. A thread that called [`enter`] hands all
//! of it to an [`Executor`] instead: the simulator's, whose every answer follows from one seed.
//!
//! tokio's channels, `Notify` and `Mutex` serve both, since they wake in the order of arrival; its `watch` does not, so that
//! one is ours ([`watch`]). `tokio::select!` draws lots unless it says `biased`, so here it always does.

use std::{
    cell::RefCell,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use base::{Clock as _, clock::SystemClock};
use rand::Rng as _;

use crate::limits::BACKGROUND_NICENESS;

mod hall;
mod instant;
mod join;
#[cfg(test)]
mod tests;
pub mod watch;

pub use hall::{Dice, Hall, LockOf, Oneshot, Queue, Timeout};
pub use instant::Instant;
pub use join::{JoinHandle, Lost};

/// A task, ready to be polled.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs tasks on a time and a randomness of its own.
pub trait Executor: 'static {
    /// Runs `task` beside the others.
    fn spawn(&self, task: Task);

    /// Time since an arbitrary start; never goes back.
    fn now(&self) -> Duration;

    /// Milliseconds since the Unix epoch; may jump either way.
    fn wall_ms(&self) -> u64;

    /// Completes when [`Executor::now`] has reached `deadline`.
    fn sleep_until(&self, deadline: Duration) -> Task;

    /// 64 random bits.
    fn random_u64(&self) -> u64;
}

thread_local! {
    static EXECUTOR: RefCell<Option<Arc<dyn Executor>>> = const { RefCell::new(None) };
}

/// Until it is dropped, this thread belongs to an executor.
pub struct Entered {
    before: Option<Arc<dyn Executor>>,
    /// The guard must be dropped on the thread that it speaks of.
    _stays: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        EXECUTOR.set(self.before.take());
    }
}

/// Hands this thread to `executor` until the guard is dropped.
#[must_use]
pub fn enter(executor: Arc<dyn Executor>) -> Entered {
    Entered { before: EXECUTOR.replace(Some(executor)), _stays: PhantomData }
}

fn entered() -> Option<Arc<dyn Executor>> {
    EXECUTOR.with_borrow(Clone::clone)
}

pub(crate) fn system_clock() -> &'static SystemClock {
    static CLOCK: OnceLock<SystemClock> = OnceLock::new();
    CLOCK.get_or_init(SystemClock::default)
}

/// Whether this thread belongs to an executor other than tokio.
pub fn is_simulated() -> bool {
    EXECUTOR.with_borrow(Option::is_some)
}

/// Runs `future` as a task. Dropping the handle leaves the task running.
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    match entered() {
        None => JoinHandle::tokio(tokio::spawn(future)),
        Some(executor) => {
            let (task, handle) = JoinHandle::simulated(future);
            executor.spawn(task);
            handle
        }
    }
}

/// Time since an arbitrary start; never goes back. For deadlines.
pub fn now() -> Duration {
    entered().map_or_else(|| system_clock().monotonic(), |executor| executor.now())
}

/// Milliseconds since the Unix epoch by the wall clock. May jump either way; never used for safety.
pub fn wall_ms() -> u64 {
    entered().map_or_else(|| system_clock().wall_ms(), |executor| executor.wall_ms())
}

/// 64 random bits.
#[expect(clippy::disallowed_methods, reason = "this is the one place where the machine's randomness is drawn")]
pub fn random_u64() -> u64 {
    entered().map_or_else(|| rand::rng().next_u64(), |executor| executor.random_u64())
}

/// Waits for `duration`.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(now().saturating_add(duration))
}

#[cfg(test)]
thread_local! {
    /// Sleeps begun on this thread, for tests that want to know that nobody wakes for nothing.
    pub(crate) static SLEEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Waits until [`now`] has reached `deadline`.
#[expect(clippy::disallowed_methods, reason = "this is the one place where tokio's timers are started")]
pub fn sleep_until(deadline: Duration) -> Sleep {
    #[cfg(test)]
    SLEEPS.set(SLEEPS.get() + 1);
    match entered() {
        None => {
            let left = deadline.saturating_sub(system_clock().monotonic());
            Sleep(if left < SPIN_MAX {
                Sleeping::Spinning(deadline)
            } else {
                Sleeping::Tokio(Box::pin(tokio::time::sleep(left)))
            })
        }
        Some(executor) => Sleep(Sleeping::Simulated(executor.sleep_until(deadline))),
    }
}

/// Completes at its deadline.
pub struct Sleep(Sleeping);

/// tokio's timers wake at whole milliseconds. When flushes follow closely openraft waits for a microsecond before it hands
/// one on, so what is shorter than this lets the other tasks run until the time has come.
const SPIN_MAX: Duration = Duration::from_micros(20);

enum Sleeping {
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Spinning(Duration),
    Simulated(Task),
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Sleeping::Tokio(sleep) => sleep.as_mut().poll(context),
            Sleeping::Spinning(deadline) if system_clock().monotonic() >= *deadline => Poll::Ready(()),
            Sleeping::Spinning(_) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Sleeping::Simulated(sleep) => sleep.as_mut().poll(context),
        }
    }
}

/// Runs `work` where it may block: on a thread of its own, in the simulator at once. A panic in it continues in the caller.
pub async fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if is_simulated() {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being torn down, and with it the task that asks.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Runs work that may block and that nobody waits for: behind everything else that wants the processor. A panic in it continues in
/// the caller.
pub async fn spawn_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    if is_simulated() {
        return work();
    }
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let run = move || {
        // On Linux this is the thread's alone, and what it starts inherits it. Where it is refused, the work is merely not behind.
        let _ = rustix::process::setpriority_process(None, BACKGROUND_NICENESS);
        let _ = sender.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
    };
    if let Err(error) = std::thread::Builder::new().name("background".to_owned()).spawn(run) {
        panic!("cannot start a thread: {error}");
    }
    match receiver.await {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => unreachable!("a thread that ends has sent what came of its work"),
    }
}

/// The clocks of whatever runs the calling task, for those that want a [`base::Clock`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl base::Clock for Clock {
    fn wall_ms(&self) -> u64 {
        wall_ms()
    }

    fn monotonic(&self) -> Duration {
        now()
    }
}

/// The randomness of whatever runs the calling task, for those that want a [`base::Rng`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Rng;

impl base::Rng for Rng {
    fn next_u64(&self) -> u64 {
        random_u64()
    }
}
