//! What the connections of one porch count.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use tokio::{sync::Semaphore, time::Instant};

use crate::limits;

/// Why the porch ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too many were open.
    Full,
    /// It said nothing after connecting, or after its handshake.
    Silent,
    /// It took nothing of what it was owed.
    Stalled,
    /// Its TLS handshake was not done in time.
    SlowHandshake,
    /// It spoke plain text where TLS is spoken.
    PlainText,
    /// It spoke TLS where plain text is spoken.
    TlsToPlain,
    /// Its certificate is of an unknown authority, expired, revoked or not for clients.
    Certificate,
    /// It showed no certificate where one is required.
    NoCertificate,
    /// It speaks no version of TLS that is still good.
    Version,
    /// It does not take this server's certificate.
    Untrusted,
    /// Its TLS handshake failed otherwise.
    Handshake,
}

impl Reason {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Full,
        Self::Silent,
        Self::Stalled,
        Self::SlowHandshake,
        Self::PlainText,
        Self::TlsToPlain,
        Self::Certificate,
        Self::NoCertificate,
        Self::Version,
        Self::Untrusted,
        Self::Handshake,
    ];

    /// The word in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Silent => "silent",
            Self::Stalled => "stalled",
            Self::SlowHandshake => "tls_slow",
            Self::PlainText => "tls_plain_text",
            Self::TlsToPlain => "tls_to_plain",
            Self::Certificate => "tls_certificate",
            Self::NoCertificate => "tls_no_certificate",
            Self::Version => "tls_version",
            Self::Untrusted => "tls_untrusted",
            Self::Handshake => "tls_other",
        }
    }
}

/// What the connections of one porch share with it.
pub(crate) struct Shared {
    pub(crate) open: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) secured: AtomicU64,
    pub(crate) handshakes: Semaphore,
    refused: [AtomicU64; Reason::ALL.len()],
    /// When a refusal was last logged.
    logged: Mutex<Option<Instant>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            open: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            secured: AtomicU64::new(0),
            handshakes: Semaphore::new(limits::HANDSHAKES_MAX),
            refused: Default::default(),
            logged: Mutex::new(None),
        }
    }
}

impl Shared {
    pub(crate) fn refuse(&self, reason: Reason) {
        count(&self.refused[reason as usize]);
    }

    /// Whether a refusal may be logged now; more than one in [`limits::REFUSALS_LOGGED_EVERY`] would let strangers fill the log.
    pub(crate) fn may_log(&self) -> bool {
        let now = Instant::now();
        let mut logged = self.logged.lock();
        let due = logged.is_none_or(|last| now.saturating_duration_since(last) >= limits::REFUSALS_LOGGED_EVERY);
        if due {
            *logged = Some(now);
        }
        due
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A handle on a porch's counters that outlives the porch. Cheap to clone.
#[derive(Clone, Default)]
pub struct Counts(pub(crate) Arc<Shared>);

impl Counts {
    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// TLS handshakes that were completed so far.
    #[must_use]
    pub fn secured(&self) -> u64 {
        self.0.secured.load(Ordering::Relaxed)
    }

    /// Connections ended by the porch for one reason so far.
    #[must_use]
    pub fn refused_for(&self, reason: Reason) -> u64 {
        self.0.refused[reason as usize].load(Ordering::Relaxed)
    }

    /// Connections ended by the porch so far, by the reason's name.
    #[must_use]
    pub fn refused(&self) -> [(&'static str, u64); Reason::ALL.len()] {
        Reason::ALL.map(|reason| (reason.name(), self.refused_for(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_counter_and_name() {
        let counts = Counts::default();
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "ALL is in order");
            for _ in 0..=place {
                counts.0.refuse(reason);
            }
        }
        let refused = counts.refused();
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(refused[place], (reason.name(), place as u64 + 1));
        }
        let names: std::collections::BTreeSet<_> = refused.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }

    #[tokio::test(start_paused = true)]
    async fn one_refusal_a_second_is_logged() {
        let shared = Shared::default();
        assert!(shared.may_log());
        assert!(!shared.may_log());
        tokio::time::advance(limits::REFUSALS_LOGGED_EVERY / 2).await;
        assert!(!shared.may_log());
        tokio::time::advance(limits::REFUSALS_LOGGED_EVERY / 2).await;
        assert!(shared.may_log() && !shared.may_log());
    }
}
