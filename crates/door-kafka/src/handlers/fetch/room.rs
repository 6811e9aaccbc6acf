//! How many bytes of answers a node has under way.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{FETCH_BYTES_MAX, FETCH_SHARE, FETCH_SHARE_BYTES_MIN, FETCHES_BYTES_MAX};

/// A bound on bytes of Fetch answers, shared by all connections. Cheap to clone.
///
/// An answer may take a part of what is free: the more is under way, the smaller answers get, and only when almost nothing is free
/// they wait. So a few clients that take nothing do not keep everybody else from their records.
#[derive(Clone, Debug)]
pub(crate) struct FetchRoom(Arc<Semaphore>);

/// Bytes of the room, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Default for FetchRoom {
    fn default() -> FetchRoom {
        FetchRoom(Arc::new(Semaphore::new(FETCHES_BYTES_MAX)))
    }
}

impl FetchRoom {
    /// Bytes under way.
    pub(crate) fn used(&self) -> usize {
        FETCHES_BYTES_MAX - self.0.available_permits()
    }

    /// Room for an answer that would take so many bytes, or for less.
    pub(super) async fn take(&self, bytes: usize) -> Share {
        let part = (self.0.available_permits() / FETCH_SHARE).max(FETCH_SHARE_BYTES_MIN);
        self.take_whole(bytes.min(FETCH_BYTES_MAX).clamp(FETCH_SHARE_BYTES_MIN, part)).await
    }

    /// Room for so many bytes; all of it where there is not so much.
    pub(super) async fn take_whole(&self, bytes: usize) -> Share {
        let permits = u32::try_from(bytes.min(FETCHES_BYTES_MAX)).unwrap_or(u32::MAX);
        let taken = self.0.clone().acquire_many_owned(permits).await;
        Share(taken.expect("nobody closes the room"))
    }
}

impl Share {
    pub(super) fn bytes(&self) -> usize {
        self.0.num_permits()
    }

    /// Whether there is no larger one.
    pub(super) fn is_all(&self) -> bool {
        self.bytes() == FETCHES_BYTES_MAX
    }

    /// Gives back what is more than these bytes.
    pub(super) fn keep(&mut self, bytes: usize) {
        drop(self.0.split(self.bytes().saturating_sub(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn answers_get_smaller_before_they_wait() {
        let room = FetchRoom::default();
        let (mut shares, mut last) = (Vec::new(), usize::MAX);
        while let Some(share) = room.take(usize::MAX).now_or_never() {
            assert!((FETCH_SHARE_BYTES_MIN..=last).contains(&share.bytes()) && shares.len() < 10_000);
            last = share.bytes();
            shares.push(share);
        }
        assert_eq!((last, shares[0].bytes()), (FETCH_SHARE_BYTES_MIN, FETCHES_BYTES_MAX / FETCH_SHARE));
        assert!(shares.len() > 50 && room.used() > FETCHES_BYTES_MAX - FETCH_SHARE_BYTES_MIN, "{} fit", shares.len());
        let waits = room.take(1);
        shares[0].keep(7);
        assert_eq!((waits.await.bytes(), shares[0].bytes()), (FETCH_SHARE_BYTES_MIN, 7));
        shares.clear();
        assert_eq!(room.used(), 0);
        assert!(room.take_whole(usize::MAX).await.is_all(), "what is larger than the room takes all of it");
    }
}
