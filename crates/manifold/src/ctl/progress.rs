//! What a person sees while something takes its time.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often the line is drawn anew.
const INTERVAL: Duration = Duration::from_millis(200);

/// One line on stderr, drawn over and over, when that is a terminal.
pub(super) struct Line {
    drawn: Option<Instant>,
    visible: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { drawn: None, visible: io::stderr().is_terminal() }
    }

    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        if !self.visible || self.drawn.is_some_and(|drawn| drawn.elapsed() < INTERVAL) {
            return;
        }
        self.drawn = Some(Instant::now());
        // Progress that cannot be drawn is not worth failing for.
        let _ = write!(io::stderr(), "\r{}\x1b[K", text());
    }
}

impl Drop for Line {
    /// Whatever comes next begins on a clean line.
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
