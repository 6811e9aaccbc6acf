//! Bugs that can be planted, so that the simulator proves that its alarms ring. Without the feature `planted-bugs`, none
//! exists and the questions are answered at compile time.

/// A bug of watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A watch that is taken up again begins at what was seen last.
    RepeatsLast,
}

#[cfg(feature = "planted-bugs")]
mod planted {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a bug into the watches that begin on this thread from now on; `None` heals.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    pub(crate) fn planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use planted::plant;
#[cfg(feature = "planted-bugs")]
pub(crate) use planted::planted;

#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_bug: Bug) -> bool {
    false
}
