//! What goes on beside the load: the servers' memory is looked at, and a person sees that it goes on.

use std::{
    cell::Cell,
    future::Future,
    io::{self, IsTerminal, Write},
    pin::pin,
    time::Instant,
};

use tokio::{
    select,
    time::{MissedTickBehavior, interval},
};

use crate::{limits::LOOKED_EVERY, resources::Meter};

/// Counters that a load moves on.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// What was acknowledged or received.
    pub(crate) done: Cell<u64>,
    /// What was refused.
    pub(crate) refused: Cell<u64>,
    /// What was read back.
    pub(crate) read: Cell<u64>,
}

impl Live {
    pub(crate) fn add(counter: &Cell<u64>, count: u64) {
        counter.set(counter.get() + count);
    }
}

/// Does `work`; meanwhile looks at the memory, and draws a line on stderr where that is a terminal.
pub(crate) async fn watched<T>(what: &str, live: &Live, meter: Option<&Meter>, work: impl Future<Output = T>) -> T {
    let (start, visible) = (Instant::now(), io::stderr().is_terminal());
    let mut tick = interval(LOOKED_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = pin!(work);
    loop {
        select! {
            done = &mut work => {
                if visible {
                    // A line that cannot be drawn is not worth failing for.
                    let _ = write!(io::stderr(), "\r\x1b[K");
                }
                return done;
            }
            _ = tick.tick() => {
                meter.inspect(|meter| meter.look());
                if visible {
                    let _ = write!(io::stderr(), "\r{}\x1b[K", line(what, live, start.elapsed().as_secs_f64()));
                }
            }
        }
    }
}

fn line(what: &str, live: &Live, seconds: f64) -> String {
    let (done, refused, read) = (live.done.get(), live.refused.get(), live.read.get());
    let refused = if refused > 0 { format!(", {refused} refused") } else { String::new() };
    let read = if read > 0 { format!(", {read} read") } else { String::new() };
    format!("{what}: {done} in {seconds:.0} s{refused}{read}")
}
