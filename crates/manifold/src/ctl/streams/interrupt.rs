//! Ctrl-C, where something is to be brought to its end first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    ctl::client,
    exit::{Code, Failure, Outcome},
};

/// What the process ends with at a second SIGINT: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// Whether somebody wants this to end. The first signal asks, the second one ends the process.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on.
    pub(super) fn listen() -> Outcome<Interrupt> {
        let runtime = client::runtime()?;
        let cannot = |error: std::io::Error| Failure::new(Code::System, format!("signals cannot be listened for: {error}"));
        let entered = runtime.enter();
        let mut interrupts = signal(SignalKind::interrupt()).map_err(cannot)?;
        let mut terminations = signal(SignalKind::terminate()).map_err(cannot)?;
        drop(entered);
        let interrupt = Interrupt::default();
        let wish = interrupt.clone();
        let listen = async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                if wish.0.swap(true, Ordering::Relaxed) {
                    std::process::exit(INTERRUPTED);
                }
            }
        };
        let listener = thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(listen));
        listener.map_err(cannot)?;
        Ok(interrupt)
    }

    /// Whether it was asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
