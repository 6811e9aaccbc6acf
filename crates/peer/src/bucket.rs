//! A rate limit in bytes a second.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How much may go out at once after a pause, as time at the full rate.
const BURST: Duration = Duration::from_millis(100);

/// A token bucket whose takers are served in the order of their coming.
#[derive(Debug)]
pub(crate) struct Bucket {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// 0: no limit.
    bytes_per_second: u64,
    /// When everything that was promised will have gone out at the rate.
    paid_until: Instant,
    /// Tells those who wait that the rate is another; replaced with each rate.
    changed: Arc<Notify>,
}

impl Bucket {
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self { state: Mutex::new(State { bytes_per_second, paid_until: Instant::now(), changed: Arc::default() }) }
    }

    /// Sets the rate; who waits by the old one counts anew.
    pub(crate) fn set(&self, bytes_per_second: u64) {
        let fresh = State { bytes_per_second, paid_until: Instant::now(), changed: Arc::default() };
        let old = std::mem::replace(&mut *self.state.lock(), fresh);
        // Those who looked at the old rate and do not wait yet find one permit between them, and pass it on.
        old.changed.notify_waiters();
        old.changed.notify_one();
    }

    /// Returns when `bytes` may go out.
    pub(crate) async fn take(&self, bytes: usize) {
        while let Some((begin, changed)) = self.promise(bytes) {
            tokio::select! {
                () = sleep_until(begin) => return,
                () = changed.notified() => changed.notify_one(),
            }
        }
    }

    /// When `bytes` may go out, if not now.
    fn promise(&self, bytes: usize) -> Option<(Instant, Arc<Notify>)> {
        let mut state = self.state.lock();
        if state.bytes_per_second == 0 {
            return None;
        }
        let now = Instant::now();
        let lasts = Duration::from_secs_f64(bytes as f64 / state.bytes_per_second as f64).min(Duration::from_secs(3600));
        let begin = state.paid_until.max(now.checked_sub(BURST).unwrap_or(now));
        state.paid_until = begin + lasts;
        (state.paid_until > now).then(|| (state.paid_until, state.changed.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_and_can_be_lifted() {
        let bucket = Arc::new(Bucket::new(1_000_000));
        let begin = Instant::now();
        for _ in 0..20 {
            bucket.take(100_000).await;
        }
        let took = begin.elapsed();
        assert!(took >= Duration::from_millis(1800) && took <= Duration::from_millis(2100), "{took:?}");

        bucket.set(1);
        let waiter = tokio::spawn({
            let bucket = bucket.clone();
            async move { bucket.take(1_000_000).await }
        });
        tokio::task::yield_now().await;
        bucket.set(0);
        let begin = Instant::now();
        waiter.await.unwrap();
        bucket.take(1 << 30).await;
        assert!(begin.elapsed() < Duration::from_millis(1));
    }
}
