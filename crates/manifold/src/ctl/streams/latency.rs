//! How long things took, in memory that does not grow.

use std::time::Duration;

/// Buckets for each doubling: a quantile is at most a sixteenth too high.
const STEPS: u32 = 16;
const BUCKETS: usize = 64 * STEPS as usize;

/// A histogram of times in microseconds.
pub(super) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
}

impl Latencies {
    pub(super) fn new() -> Latencies {
        Latencies { buckets: vec![0; BUCKETS], count: 0 }
    }

    /// Notes that so many took so long.
    pub(super) fn note(&mut self, took: Duration, count: u64) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket(micros)] += count;
        self.count += count;
    }

    /// The time within which this share of all, from 0 to 1, was done, in ms; none if there was nothing.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let place = self.buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(upper(place) as f64 / 1_000.0)
    }
}

/// Below 16 each number has its own; above, the four bits after the leading one choose.
fn bucket(micros: u64) -> usize {
    if micros < u64::from(STEPS) {
        return micros as usize;
    }
    let shift = 59 - micros.leading_zeros();
    (shift as usize + 1) * STEPS as usize + (micros >> shift) as usize - STEPS as usize
}

/// The greatest number in a bucket.
fn upper(bucket: usize) -> u64 {
    let (row, step) = (bucket / STEPS as usize, (bucket % STEPS as usize) as u64);
    if row == 0 {
        return step;
    }
    let shift = row - 1;
    let first = u128::from(u64::from(STEPS) + step) << shift;
    u64::try_from(first + (1_u128 << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_what_they_say() {
        for micros in
            (0..70).flat_map(|power| [1_u64 << (power % 64), (1 << (power % 64)) - 1, 3 << (power % 62)]).chain([u64::MAX])
        {
            let place = bucket(micros);
            assert!(upper(place) >= micros && (place == 0 || upper(place - 1) < micros), "{micros}");
            assert!(upper(place) - micros <= micros / 16, "{micros}");
        }
    }

    #[test]
    fn quantiles_are_near() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.quantile(0.5), None);
        for ms in 1..=1_000 {
            latencies.note(Duration::from_millis(ms), 1);
        }
        latencies.note(Duration::from_secs(9), 0);
        let near = |share: f64, ms: f64| (ms..ms * 1.07).contains(&latencies.quantile(share).unwrap());
        assert!(near(0.5, 500.0) && near(0.99, 990.0) && near(1.0, 1_000.0) && near(0.0, 1.0));
    }
}
