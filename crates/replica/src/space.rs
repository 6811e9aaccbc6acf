//! When to look at the disk's space.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

use crate::limits::SPACE_LOOK_BYTES;

/// Counts what goes into the journal, so that whoever watches the disk's space looks again before much was written.
#[derive(Debug, Default)]
pub(crate) struct SpaceMeter {
    bytes: AtomicU64,
    due: Notify,
}

impl SpaceMeter {
    /// So many bytes are being written.
    pub(crate) fn add(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes as u64, Relaxed);
        if before / SPACE_LOOK_BYTES != (before + bytes as u64) / SPACE_LOOK_BYTES {
            self.due.notify_one();
        }
    }

    /// Completes when enough was written since the last time.
    pub(crate) async fn due(&self) {
        self.due.notified().await;
    }
}
