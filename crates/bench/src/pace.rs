//! When the next thing is sent: as fast as the answers come, or on schedule whatever they do.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The clock of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Time between two, and when the next is due.
    gap: Option<Duration>,
    due: Instant,
    end: Option<Instant>,
}

impl Pace {
    /// As fast as it goes, without an end.
    pub(crate) fn free() -> Pace {
        Pace { gap: None, due: Instant::now(), end: None }
    }

    /// For so long, and with so much time between two if it goes by a schedule.
    pub(crate) fn new(begin: Instant, time: Option<Duration>, gap: Option<Duration>) -> Pace {
        Pace { gap, due: begin, end: time.map(|time| begin + time) }
    }

    /// One of several connections that take their turns within the gap.
    pub(crate) fn turns(self, index: usize, connections: usize) -> Pace {
        let Some(gap) = self.gap else { return self };
        Pace { gap: Some(gap * connections as u32), due: self.due + gap * index as u32, ..self }
    }

    pub(crate) fn is_scheduled(&self) -> bool {
        self.gap.is_some()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// Takes the next turn, if it has come, and answers from when its latency counts.
    pub(crate) fn turn(&mut self) -> Option<Instant> {
        let now = Instant::now();
        if self.end.is_some_and(|end| now >= end) {
            return None;
        }
        let Some(gap) = self.gap else { return Some(now) };
        let since = self.due;
        if now < since {
            return None;
        }
        self.due += gap;
        Some(since)
    }

    /// When the next one is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Waits until the next one is due or it is over.
    pub(crate) async fn wait(&self) {
        if self.is_scheduled() {
            sleep_until(self.end.map_or(self.due, |end| end.min(self.due))).await;
        }
    }

    /// How many were due before the end and never had their turn.
    pub(crate) fn behind(&self) -> u64 {
        match (self.gap, self.end) {
            (Some(gap), Some(end)) if self.due < end => {
                let turns = (end - self.due).as_nanos() / gap.as_nanos().max(1) + 1;
                u64::try_from(turns).unwrap_or(u64::MAX)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn turns_are_taken_when_they_are_due_and_counted_when_they_were_not() {
        let begin = Instant::now() - 10 * MS;
        let mut pace = Pace::new(begin, Some(1_000_000 * MS), Some(2 * MS)).turns(1, 2);
        let taken: Vec<_> = std::iter::from_fn(|| pace.turn()).take(3).map(|since| since - begin).collect();
        assert_eq!(taken, [2 * MS, 6 * MS, 10 * MS]);
        assert_eq!(pace.behind(), (1_000_000 - 14) / 4 + 1);
        let mut late = Pace::new(begin, Some(5 * MS), Some(2 * MS));
        assert!(late.is_over() && late.turn().is_none());
        assert_eq!(late.behind(), 3);
        let mut free = Pace::free();
        assert!(free.turn().is_some() && free.turn().is_some() && free.behind() == 0);
    }
}
