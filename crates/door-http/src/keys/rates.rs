//! How often keys are used. Each node counts for itself: a key that is used through three of them may be used three times as often.

use std::{collections::HashMap, time::Duration};

use cluster::principals::keys::{KeyId, Rate};
use parking_lot::Mutex;

/// Keys whose use is remembered before those are forgotten that have rested long enough.
const REMEMBERED: usize = 1_024;

/// When each key's allowance would be whole again: the generic cell rate algorithm (ITU-T I.371).
#[derive(Default)]
pub(super) struct Rates(Mutex<HashMap<KeyId, Duration>>);

impl Rates {
    /// Takes one request off a key's allowance at this time. If there is none left, how long to wait for it.
    pub(super) fn take(&self, key: KeyId, rate: Rate, now: Duration) -> Result<(), Duration> {
        let interval = Duration::from_secs(1) / rate.per_second.max(1);
        let ahead_max = interval.saturating_mul(rate.burst.saturating_sub(1));
        let mut whole_at = self.0.lock();
        if whole_at.len() >= REMEMBERED && !whole_at.contains_key(&key) {
            whole_at.retain(|_, at| *at > now);
        }
        let at = whole_at.entry(key).or_insert(now);
        let begins = (*at).max(now);
        let ahead = begins - now;
        if ahead > ahead_max {
            return Err(ahead - ahead_max);
        }
        *at = begins + interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_used_at_its_rate_and_in_bursts() {
        let (rates, key) = (Rates::default(), KeyId(1));
        let rate = Rate { per_second: 10, burst: 3 };
        let at = Duration::from_millis;
        for _ in 0..3 {
            rates.take(key, rate, at(0)).unwrap();
        }
        assert_eq!(rates.take(key, rate, at(0)), Err(at(100)));
        assert_eq!(rates.take(key, rate, at(60)), Err(at(40)));
        rates.take(key, rate, at(100)).unwrap();
        assert_eq!(rates.take(key, rate, at(100)), Err(at(100)));
        rates.take(KeyId(2), rate, at(100)).unwrap();
        let taken = (1_000..11_000).filter(|ms| rates.take(key, rate, at(*ms)).is_ok()).count();
        assert_eq!(taken, 3 + 99, "the burst, and then ten a second");
    }

    #[test]
    fn who_has_rested_is_forgotten() {
        let rates = Rates::default();
        let rate = Rate { per_second: 1_000, burst: 1 };
        for id in 0..10 * u64::try_from(REMEMBERED).unwrap() {
            rates.take(KeyId(id), rate, Duration::from_millis(2 * id)).unwrap();
        }
        assert!(rates.0.lock().len() <= REMEMBERED);
    }
}
