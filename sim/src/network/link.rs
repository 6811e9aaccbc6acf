//! One direction between two nodes.

use std::time::Duration;

use crate::dice::Dice;

/// What the wires do to every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Mean time of a message on its way, in microseconds.
    pub delay_us: u64,
    /// Messages lost, in thousandths. What is ordered is sent again.
    pub loss: u64,
    /// Small calls that arrive twice, in thousandths.
    pub duplication: u64,
    /// Small calls upon which an earlier one arrives again, in thousandths.
    pub replay: u64,
}

impl Weather {
    /// Nothing goes wrong, and nothing takes long.
    pub const FAIR: Weather = Weather { delay_us: 300, loss: 0, duplication: 0, replay: 0 };

    /// How long one message travels: around the mean, now and then several times as long.
    pub(super) fn travel(&self, dice: &Dice) -> Duration {
        let usual = self.delay_us / 2 + dice.below(self.delay_us.max(1));
        let slow = if dice.below(100) == 0 { dice.below(self.delay_us * 4 + 1) } else { 0 };
        Duration::from_micros(usual + slow)
    }

    /// After how long a lost segment is sent again.
    pub(super) fn resend(&self, dice: &Dice) -> Duration {
        Duration::from_millis(200 << dice.below(2)) + self.travel(dice)
    }
}

/// Whether something gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    Open,
    /// Not before this time.
    Clogged(Duration),
    Cut,
}

/// One direction between two nodes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    /// Partitions that this direction lies across.
    pub(super) cuts: u32,
    pub(super) clogged: Duration,
}

impl Link {
    pub(super) fn passage(self, now: Duration) -> Passage {
        if self.cuts > 0 {
            Passage::Cut
        } else if self.clogged > now {
            Passage::Clogged(self.clogged)
        } else {
            Passage::Open
        }
    }
}
