//! A point of the monotonic time, as openraft wants it.

use std::{
    ops::{Add, AddAssign, Sub, SubAssign},
    time::Duration,
};

/// Where [`Instant`]s begin, so that subtracting a lease or a timeout right after the start does not end before the beginning.
const ORIGIN: Duration = Duration::from_secs(24 * 3600);

/// A point of the monotonic time of whatever runs the calling task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The same point as [`super::now`] counts it.
    pub(super) fn as_now(self) -> Duration {
        self.0.saturating_sub(ORIGIN)
    }
}

impl openraft::Instant for Instant {
    fn now() -> Self {
        Self(super::now() + ORIGIN)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub<Self> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
