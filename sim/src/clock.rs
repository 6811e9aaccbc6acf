//! A node's clocks: as fast as they are made, and apart from true time.

use std::time::Duration;

/// Where simulated time starts on the wall clock.
pub const WALL_START_MS: u64 = 1_700_000_000_000;

/// The clocks of one process. By default they show true time.
#[derive(Clone, Copy, Debug)]
pub struct NodeClock {
    /// True time at which the process began.
    begin: Duration,
    /// What its monotonic clock showed then.
    base: Duration,
    /// Thousandths of true time.
    rate: u32,
    wall_offset_ms: i64,
}

impl Default for NodeClock {
    fn default() -> Self {
        NodeClock::new(Duration::ZERO, Duration::ZERO, 1000, 0)
    }
}

impl NodeClock {
    /// Clocks of a process that began at `begin`, when its monotonic clock showed `base`.
    pub fn new(begin: Duration, base: Duration, rate: u32, wall_offset_ms: i64) -> NodeClock {
        NodeClock { begin, base, rate, wall_offset_ms }
    }

    fn nanos(self, now: Duration) -> u128 {
        now.saturating_sub(self.begin).as_nanos() * u128::from(self.rate) / 1000
    }

    /// What the monotonic clock shows at a true time.
    pub fn monotonic(self, now: Duration) -> Duration {
        self.base + duration(self.nanos(now))
    }

    /// The true time at which the monotonic clock will show `deadline`.
    pub fn true_time(self, deadline: Duration) -> Duration {
        let nanos = deadline.saturating_sub(self.base).as_nanos().saturating_mul(1000);
        self.begin.saturating_add(duration(nanos.div_ceil(u128::from(self.rate))))
    }

    /// What the wall clock shows at a true time.
    pub fn wall_ms(self, now: Duration) -> u64 {
        let since = u64::try_from(self.nanos(now) / 1_000_000).expect("simulated time is short");
        let begin = u64::try_from(self.begin.as_millis()).expect("simulated time is short");
        (WALL_START_MS + begin + since).saturating_add_signed(self.wall_offset_ms)
    }

    pub(crate) fn jump_wall(&mut self, by_ms: i64) {
        self.wall_offset_ms += by_ms;
    }
}

fn duration(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
