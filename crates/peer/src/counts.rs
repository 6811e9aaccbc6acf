//! What happened so far, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Channel, Refusal};

/// Counters of one node's transport since it started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) dials: AtomicU64,
    pub(crate) dials_failed: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) bad_frames: AtomicU64,
    pub(crate) silent: AtomicU64,
    pub(crate) overloaded: AtomicU64,
    pub(crate) bad_files: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    channels: [Traffic; Channel::ALL.len()],
}

#[derive(Debug, Default)]
struct Traffic {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Dials begun.
    pub dials: u64,
    /// Dials that did not become a connection.
    pub dials_failed: u64,
    /// Connections from peers that passed the handshake.
    pub accepted: u64,
    /// Handshakes refused, by either side, by reason.
    pub refused: [(Refusal, u64); Refusal::ALL.len()],
    /// Bytes read and bytes written, by channel, handshakes left out.
    pub bytes: [(Channel, u64, u64); Channel::ALL.len()],
    /// Connections reset because of bytes that no peer sends.
    pub bad_frames: u64,
    /// Connections closed because nothing came.
    pub silent: u64,
    /// Calls of peers answered `Overloaded` before they were looked at.
    pub overloaded: u64,
    /// Times that changed certificate files could not be used, and the former ones stayed.
    pub bad_files: u64,
}

impl Counts {
    /// How many handshakes were refused for `reason`.
    #[must_use]
    pub fn refused_for(&self, reason: Refusal) -> u64 {
        self.refused[reason.index()].1
    }
}

impl Counters {
    pub(crate) fn refused(&self, reason: Refusal) {
        count(&self.refused[reason.index()]);
    }

    pub(crate) fn read(&self, channel: Channel, bytes: usize) {
        self.channels[channel.index()].bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn written(&self, channel: Channel, bytes: usize) {
        self.channels[channel.index()].bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            dials: read(&self.dials),
            dials_failed: read(&self.dials_failed),
            accepted: read(&self.accepted),
            refused: Refusal::ALL.map(|reason| (reason, read(&self.refused[reason.index()]))),
            bytes: Channel::ALL.map(|channel| {
                let traffic = &self.channels[channel.index()];
                (channel, read(&traffic.bytes_in), read(&traffic.bytes_out))
            }),
            bad_frames: read(&self.bad_frames),
            silent: read(&self.silent),
            overloaded: read(&self.overloaded),
            bad_files: read(&self.bad_files),
        }
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
