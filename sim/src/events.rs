//! What happened lately, for whoever reads a failure.

use std::{cell::RefCell, collections::VecDeque, time::Duration};

/// Events kept.
const KEPT: usize = 200;

/// The last events of a run.
#[derive(Default)]
pub struct Events {
    last: RefCell<VecDeque<(Duration, String)>>,
}

impl Events {
    pub(crate) fn push(&self, at: Duration, event: String) {
        let mut last = self.last.borrow_mut();
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back((at, event));
    }

    /// One line for each, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.last.borrow().iter().map(|(at, event)| format!("{:>11.6} {event}", at.as_secs_f64())).collect()
    }
}
