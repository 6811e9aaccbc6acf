//! How much useless work the other side may ask for (RFC 9113, section 10.5).

use crate::{
    Fault,
    limits::{FAULTS_MAX, RESETS_MAX, USELESS_FRAMES_MAX, USELESS_FRAMES_PER_DATA},
};

/// Budgets that useless frames use up.
pub(crate) struct Calm {
    frames: u32,
    resets: u32,
    faults: u32,
}

impl Calm {
    pub(crate) fn new() -> Self {
        Self { frames: USELESS_FRAMES_MAX, resets: RESETS_MAX, faults: FAULTS_MAX }
    }

    /// Fills all budgets: time has passed.
    pub(crate) fn rest(&mut self) {
        *self = Self::new();
    }

    /// A frame of data went either way.
    pub(crate) fn data(&mut self) {
        self.frames = (self.frames + USELESS_FRAMES_PER_DATA).min(USELESS_FRAMES_MAX);
    }

    /// An answer was given.
    pub(crate) fn answered(&mut self) {
        self.data();
        self.resets = (self.resets + 1).min(RESETS_MAX);
    }

    pub(crate) fn useless_frame(&mut self) -> Result<(), Fault> {
        spend(&mut self.frames, "too many frames that bring nothing")
    }

    pub(crate) fn reset(&mut self) -> Result<(), Fault> {
        spend(&mut self.resets, "too many streams taken back")
    }

    pub(crate) fn fault(&mut self) -> Result<(), Fault> {
        spend(&mut self.faults, "too many faults")
    }
}

fn spend(budget: &mut u32, text: &'static str) -> Result<(), Fault> {
    *budget = budget.checked_sub(1).ok_or(Fault::calm(text))?;
    Ok(())
}
