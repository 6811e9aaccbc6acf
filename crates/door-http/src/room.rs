//! How many bytes may be under way on this node.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    limits::ROOM_TIMEOUT,
    problem::{Problem, Reason},
};

/// A bound on bytes, shared by all requests. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    bytes_max: usize,
    what: &'static str,
}

/// Bytes of the room, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Room {
    /// `what` names the bound to clients.
    pub(crate) fn new(bytes_max: usize, what: &'static str) -> Room {
        Room { free: Arc::new(Semaphore::new(bytes_max)), bytes_max, what }
    }

    pub(crate) fn used(&self) -> usize {
        self.bytes_max - self.free.available_permits()
    }

    /// Takes bytes if they are free.
    pub(crate) fn take(&self, bytes: usize) -> Result<Share, Problem> {
        let permits = self.permits(bytes)?;
        self.free.clone().try_acquire_many_owned(permits).map(Share).map_err(|_| self.full())
    }

    /// Takes bytes, and waits a while if they are not free.
    pub(crate) async fn wait(&self, bytes: usize) -> Result<Share, Problem> {
        let permits = self.permits(bytes)?;
        match tokio::time::timeout(ROOM_TIMEOUT, self.free.clone().acquire_many_owned(permits)).await {
            Ok(Ok(permit)) => Ok(Share(permit)),
            _ => Err(self.full()),
        }
    }

    fn permits(&self, bytes: usize) -> Result<u32, Problem> {
        u32::try_from(bytes).ok().filter(|_| bytes <= self.bytes_max).ok_or_else(|| self.full())
    }

    fn full(&self) -> Problem {
        let Room { bytes_max, what, .. } = self;
        Problem::new(Reason::Pressure, format!("{what} ({bytes_max}) is reached: slow down and repeat; nothing of this was done"))
    }
}

impl Share {
    /// Cuts so many bytes off, if there are as many.
    pub(crate) fn split(&mut self, bytes: usize) -> Option<Share> {
        self.0.split(bytes).map(Share)
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: Share) {
        self.0.merge(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let room = Room::new(100, "the bound");
        let mut share = room.take(60).expect("is free");
        assert_eq!(room.take(41).expect_err("is full").reason, Reason::Pressure);
        share.add(room.take(40).expect("is free"));
        assert_eq!(room.used(), 100);
        assert!(share.split(101).is_none());
        drop(share.split(30));
        assert_eq!(room.used(), 70);
        drop(share);
        assert_eq!(room.used(), 0);
        assert!(room.take(101).expect_err("never fits").detail.contains("the bound (100)"));
    }
}
