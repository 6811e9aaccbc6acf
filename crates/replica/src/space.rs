//! When to look at the disk's space, and what was seen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

use crate::limits::SPACE_LOOK_BYTES;

/// Counts what goes into the journal, so that whoever watches the disk's space looks again before much was written.
#[derive(Debug, Default)]
pub(crate) struct SpaceMeter {
    bytes: AtomicU64,
    due: Notify,
    /// Whether a member's disk is so full that nothing shall grow.
    is_full: AtomicBool,
}

impl SpaceMeter {
    /// So many bytes are being written.
    pub(crate) fn add(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes as u64, Relaxed);
        if before / SPACE_LOOK_BYTES != (before + bytes as u64) / SPACE_LOOK_BYTES {
            self.due.notify_one();
        }
    }

    /// NOSPACE is raised somewhere, or nowhere any more.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Relaxed);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Relaxed)
    }

    /// Completes when enough was written since the last time.
    pub(crate) async fn due(&self) {
        self.due.notified().await;
    }
}
