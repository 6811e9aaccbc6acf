//! Keeping the pace of a slow disk.
//!
//! A disk that is sold by its writes a second lets a burst through and then stalls until it is paid for: a fifth of all clients
//! would wait for that stall, with small writes before it. So the journal's writes follow each other no faster than the disk takes
//! them in the long run, and what comes meanwhile, of whatever shard and from whatever node, joins the next one. Nothing is held up
//! on a disk that does not stall, nor after a pause: only the distance between two writes counts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::limits::{PACE_BUSY_US, PACE_INTERVAL_MAX_US, PACE_INTERVAL_MIN_US, PACE_REST_BYTES, PACE_STALL_MIN_US};

/// Share of the distance between writes that one more observation moves the mean by.
const MEAN_SHARE: f64 = 1.0 / 32.0;
/// A stall takes so many times what a write usually takes.
const STALL_FACTOR: f64 = 4.0;
/// What a stall does to the distance that is kept, and every write without one.
const AFTER_STALL: f64 = 1.1;
const AFTER_WRITE: f64 = 0.999;

/// The distance that is kept at present, for those who feed the journal or write beside it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    interval_us: Arc<AtomicU64>,
}

impl Pace {
    /// The distance between two writes; `None` on a disk that does not stall.
    pub fn interval(&self) -> Option<Duration> {
        let interval = self.interval_us.load(Relaxed);
        (interval >= PACE_INTERVAL_MIN_US).then(|| Duration::from_micros(interval))
    }

    /// How long whoever settles rests after so many bytes: as long as the log needs for as many, so that settling keeps up with
    /// it, and the log's writes find the disk free in between.
    pub fn rest(&self, bytes: u64) -> Option<Duration> {
        let writes = u32::try_from(bytes.div_ceil(PACE_REST_BYTES)).unwrap_or(u32::MAX);
        Some(self.interval()? * writes)
    }
}

/// The writer's view of it.
pub(crate) struct Pacer {
    shared: Pace,
    /// When records were first seen to wait for the next write.
    arrival: Option<Duration>,
    last_start: Option<Duration>,
    last_end: Duration,
    was_busy: bool,
    /// Distance between writes while records wait.
    mean_us: f64,
    /// What a write usually takes.
    usual_us: f64,
    interval_us: f64,
}

impl Pacer {
    pub(crate) fn new(shared: Pace) -> Pacer {
        Pacer {
            shared,
            arrival: None,
            last_start: None,
            last_end: Duration::ZERO,
            was_busy: false,
            mean_us: 0.0,
            usual_us: 0.0,
            interval_us: 0.0,
        }
    }

    /// Records wait at `now`: when the next write may start; `None`: at once.
    pub(crate) fn earliest(&mut self, now: Duration) -> Option<Duration> {
        self.arrival.get_or_insert(now);
        let interval =
            (self.interval_us >= PACE_INTERVAL_MIN_US as f64).then(|| Duration::from_micros(self.interval_us as u64))?;
        self.last_start.map(|last| last + interval).filter(|earliest| *earliest > now)
    }

    /// A write starts.
    pub(crate) fn started(&mut self, now: Duration) {
        let arrival = self.arrival.take().unwrap_or(now);
        let is_busy = arrival.saturating_sub(self.last_end) <= Duration::from_micros(PACE_BUSY_US);
        if let Some(last) = self.last_start.replace(now)
            && is_busy
        {
            let distance = now.saturating_sub(last).as_micros() as f64;
            self.mean_us += (distance - self.mean_us) * if self.was_busy { MEAN_SHARE } else { 1.0 };
            self.was_busy = true;
        }
    }

    /// The write that started last is durable.
    pub(crate) fn done(&mut self, now: Duration) {
        let Some(start) = self.last_start else { return };
        self.last_end = now;
        let took = now.saturating_sub(start).as_micros() as f64;
        if self.usual_us == 0.0 {
            self.usual_us = took;
        }
        let stall_us = self.usual_us * STALL_FACTOR;
        let stalled = took >= PACE_STALL_MIN_US as f64 && took >= stall_us && self.was_busy;
        self.usual_us += (took.min(stall_us) - self.usual_us) * MEAN_SHARE;
        self.interval_us = match stalled {
            true => (self.interval_us * AFTER_STALL).max(self.mean_us).min(PACE_INTERVAL_MAX_US as f64),
            false => self.interval_us * AFTER_WRITE,
        };
        self.shared.interval_us.store(self.interval_us as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs writes one behind the other over a disk that takes so many at once, and then none until its window of so many
    /// microseconds is over; says how many of them waited for that for long.
    fn run(pacer: &mut Pacer, now: &mut Duration, writes: u32, credit: u32, window_us: u64) -> u32 {
        let (mut tokens, mut stalls) = (credit, 0);
        let mut window = *now + Duration::from_micros(window_us);
        for _ in 0..writes {
            *now = pacer.earliest(*now).unwrap_or(*now);
            pacer.started(*now);
            while *now >= window {
                window += Duration::from_micros(window_us);
                tokens = credit;
            }
            if tokens == 0 {
                stalls += u32::from((window - *now).as_micros() >= u128::from(PACE_STALL_MIN_US));
                *now = window;
            } else {
                tokens -= 1;
            }
            *now += Duration::from_micros(500);
            pacer.done(*now);
        }
        stalls
    }

    #[test]
    fn a_disk_that_stalls_is_kept_from_it() {
        let mut pacer = Pacer::new(Pace::default());
        let mut now = Duration::from_secs(1);
        let first = run(&mut pacer, &mut now, 100, 5, 100_000);
        assert!(first > 3, "it stalls as long as nobody knows it: {first}");
        run(&mut pacer, &mut now, 1_000, 5, 100_000);
        let begin = now;
        let later = run(&mut pacer, &mut now, 1_000, 5, 100_000);
        assert!(later < 10, "{later} of 1,000 writes stalled");
        let rate = 1_000.0 / (now - begin).as_secs_f64();
        assert!(rate > 40.0, "the disk would take 50 a second, and got {rate}");
    }

    #[test]
    fn a_disk_that_is_just_slow_or_hiccups_is_not_held_up() {
        let mut pacer = Pacer::new(Pace::default());
        let mut now = Duration::from_secs(1);
        for write in 0..1_000 {
            assert_eq!(pacer.earliest(now), None, "write {write}");
            pacer.started(now);
            now += Duration::from_micros(if write % 100 == 99 { 60_000 } else { 300 });
            pacer.done(now);
        }
        for _ in 0..1_000 {
            pacer.started(now);
            now += Duration::from_millis(30);
            pacer.done(now);
        }
        // Batches follow a disk whose every flush is slow by themselves: what is kept is less than what it takes anyway.
        assert_eq!(pacer.earliest(now), None, "at {now:?}");
    }

    #[test]
    fn writes_that_come_one_at_a_time_are_not_held_up_by_a_stall() {
        let pace = Pace::default();
        let mut pacer = Pacer::new(pace.clone());
        let mut now = Duration::from_secs(1);
        for write in 0..1_000 {
            now += Duration::from_millis(8);
            assert_eq!(pacer.earliest(now), None, "write {write}");
            pacer.started(now);
            now += Duration::from_micros(if write % 5 == 4 { 60_000 } else { 300 });
            pacer.done(now);
        }
        assert_eq!((pace.interval(), pace.rest(1 << 20)), (None, None));
    }
}
