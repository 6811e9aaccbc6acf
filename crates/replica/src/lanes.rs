//! Lanes: where commands wait to be proposed. Admission is by bytes and commands; a full lane is answered at once, not buffered.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base::{Error, Kind, Result};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{
    batch::{self, Target},
    consensus::Reply,
    limits::{BATCH_BYTES_MAX, LANE_SHARE_BYTES, PASSED_OVER_MAX, REQUEST_TIMEOUT_MS, URGENT_ADMISSION_FACTOR},
    runtime,
};

/// Which queue a command waits in. Lanes drain by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Leases, locks, elections, membership.
    Urgent,
    /// Most of it.
    Normal,
    /// Large and patient.
    Bulk,
}

/// A command that waits, and who waits for its answer.
pub(crate) struct Pending {
    pub(crate) target: Target,
    pub(crate) command: Bytes,
    pub(crate) answer: oneshot::Sender<Result<Reply>>,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    pub(crate) bytes: usize,
    pub(crate) commands: usize,
}

#[derive(Default)]
struct Queues {
    lanes: [VecDeque<Pending>; 3],
    /// In how many batches in a row nothing of a lane went although something waited in it.
    passed_over: [u32; 3],
    bytes: usize,
    commands: usize,
    closed: bool,
}

struct Inner {
    admission: Admission,
    queues: Mutex<Queues>,
    waiting: Notify,
}

/// The lanes of one shard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes {
    inner: Arc<Inner>,
}

impl Lanes {
    pub(crate) fn new(admission: Admission) -> Lanes {
        Lanes { inner: Arc::new(Inner { admission, queues: Mutex::default(), waiting: Notify::new() }) }
    }

    /// Queues a command, or refuses it at once.
    pub(crate) fn submit(&self, lane: Lane, target: Target, command: Bytes) -> Result<oneshot::Receiver<Result<Reply>>> {
        let factor = if lane == Lane::Urgent { URGENT_ADMISSION_FACTOR } else { 1 };
        let Admission { bytes, commands } = self.inner.admission;
        self.queue(lane, target, command, Admission { bytes: bytes * factor, commands: commands * factor })
    }

    /// Queues a command however much waits: for those who bound themselves what they have on its way.
    pub(crate) fn submit_patiently(
        &self,
        lane: Lane,
        target: Target,
        command: Bytes,
    ) -> Result<oneshot::Receiver<Result<Reply>>> {
        self.queue(lane, target, command, Admission { bytes: usize::MAX, commands: usize::MAX })
    }

    fn queue(
        &self,
        lane: Lane,
        target: Target,
        command: Bytes,
        admission: Admission,
    ) -> Result<oneshot::Receiver<Result<Reply>>> {
        let (answer, answered) = oneshot::channel();
        let size = batch::item_bytes(command.len());
        let mut queues = self.inner.queues.lock();
        if queues.closed {
            return Err(stopped());
        }
        if queues.commands >= admission.commands || queues.bytes + size > admission.bytes {
            return Err(Error::new(Kind::Overloaded, "etcdserver: too many requests"));
        }
        queues.bytes += size;
        queues.commands += 1;
        queues.lanes[lane as usize].push_back(Pending { target, command, answer });
        drop(queues);
        self.inner.waiting.notify_one();
        Ok(answered)
    }

    /// Waits until something waits; `false` once the lanes are closed and empty.
    pub(crate) async fn some(&self) -> bool {
        loop {
            let notified = self.inner.waiting.notified();
            {
                let queues = self.inner.queues.lock();
                if queues.commands > 0 {
                    return true;
                }
                if queues.closed {
                    return false;
                }
            }
            notified.await;
        }
    }

    /// Takes what goes into the next batch: each lane its share first, then whoever has more. A command that fits beside no others
    /// goes before them when it was passed over some times. Commands whose caller gave up are dropped here: they were never
    /// proposed.
    pub(crate) fn take(&self) -> Vec<Pending> {
        let mut queues = self.inner.queues.lock();
        let mut taken = Vec::with_capacity(queues.commands.min(1024));
        let mut bytes = 0;
        let waiting = queues.lengths();
        if let Some(lane) = queues.passed_over.iter().position(|batches| *batches >= PASSED_OVER_MAX) {
            queues.drain_lane(lane, 0, &mut bytes, &mut taken);
        }
        for (lane, share) in LANE_SHARE_BYTES.into_iter().enumerate() {
            let room = bytes + share;
            queues.drain_lane(lane, room.min(BATCH_BYTES_MAX), &mut bytes, &mut taken);
        }
        for lane in 0..LANE_SHARE_BYTES.len() {
            queues.drain_lane(lane, BATCH_BYTES_MAX, &mut bytes, &mut taken);
        }
        queues.note_passed_over(waiting);
        taken
    }

    /// Commands and bytes that wait.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let queues = self.inner.queues.lock();
        (queues.commands, queues.bytes)
    }

    /// Whether nothing more is taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.inner.queues.lock().closed
    }

    /// Refuses what comes from now on; what waits is still proposed.
    pub(crate) fn close(&self) {
        self.inner.queues.lock().closed = true;
        self.inner.waiting.notify_one();
    }
}

impl Queues {
    fn lengths(&self) -> [usize; 3] {
        [self.lanes[0].len(), self.lanes[1].len(), self.lanes[2].len()]
    }

    fn note_passed_over(&mut self, before: [usize; 3]) {
        let after = self.lengths();
        for (lane, batches) in self.passed_over.iter_mut().enumerate() {
            *batches = if after[lane] > 0 && after[lane] == before[lane] { *batches + 1 } else { 0 };
        }
    }

    fn drain_lane(&mut self, lane: usize, room: usize, bytes: &mut usize, taken: &mut Vec<Pending>) {
        while let Some(next) = self.lanes[lane].front() {
            let size = batch::item_bytes(next.command.len());
            let given_up = next.answer.is_closed();
            if !given_up && *bytes + size > room && !taken.is_empty() {
                return;
            }
            let next = self.lanes[lane].pop_front().expect("its front was just seen under the same lock");
            self.bytes -= size;
            self.commands -= 1;
            if !given_up {
                *bytes += size;
                taken.push(next);
            }
        }
    }
}

/// Waits for a command's answer as long as a request may take. One that comes too late to be proposed never will be; of one that
/// was proposed nobody can say what becomes of it.
pub(crate) async fn in_time(answered: oneshot::Receiver<Result<Reply>>) -> Result<Reply> {
    tokio::select! {
        biased;
        answer = answered => answer.unwrap_or_else(|_| Err(stopped())),
        () = runtime::sleep(Duration::from_millis(REQUEST_TIMEOUT_MS)) => Err(timed_out()),
    }
}

/// etcd's answer to a request that took too long.
pub(crate) fn timed_out() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: request timed out")
}

/// The answer while the node stops.
pub(crate) fn stopped() -> Error {
    Error::new(Kind::Unavailable, "etcdserver: server stopped")
}

#[cfg(test)]
mod tests {
    use base::KeyspaceId;

    use super::*;

    const TARGET: Target = Target::Keyspace(KeyspaceId(1));

    fn lanes(bytes: usize, commands: usize) -> Lanes {
        Lanes::new(Admission { bytes, commands })
    }

    fn command(len: usize) -> Bytes {
        Bytes::from(vec![b'x'; len])
    }

    #[test]
    fn a_full_lane_refuses_at_once_and_the_urgent_one_has_room_left() {
        let lanes = lanes(1 << 20, 2);
        let _a = lanes.submit(Lane::Normal, TARGET, command(1)).unwrap();
        let _b = lanes.submit(Lane::Bulk, TARGET, command(1)).unwrap();
        assert_eq!(lanes.submit(Lane::Normal, TARGET, command(1)).unwrap_err().kind, Kind::Overloaded);
        let _c = lanes.submit(Lane::Urgent, TARGET, command(1)).unwrap();
        let _d = lanes.submit(Lane::Urgent, TARGET, command(1)).unwrap();
        assert_eq!(lanes.submit(Lane::Urgent, TARGET, command(1)).unwrap_err().kind, Kind::Overloaded);
        assert_eq!(lanes.take().len(), 4);
        assert_eq!(lanes.depth(), (0, 0));
    }

    #[test]
    fn admission_counts_bytes() {
        let lanes = lanes(100, 1000);
        let _a = lanes.submit(Lane::Normal, TARGET, command(80)).unwrap();
        assert_eq!(lanes.submit(Lane::Normal, TARGET, command(80)).unwrap_err().kind, Kind::Overloaded);
    }

    #[test]
    fn a_batch_is_bounded_and_every_lane_has_its_turn() {
        let lanes = lanes(64 << 20, 100_000);
        let mut waiting = Vec::new();
        for lane in [Lane::Bulk, Lane::Normal, Lane::Urgent] {
            for _ in 0..32 {
                waiting.push(lanes.submit(lane, TARGET, command(64 << 10)).unwrap());
            }
        }
        let first = lanes.take();
        let bytes: usize = first.iter().map(|p| batch::item_bytes(p.command.len())).sum();
        assert!(bytes <= BATCH_BYTES_MAX);
        let (left, _) = lanes.depth();
        assert_eq!(left, 96 - first.len());
        // Each lane moved: 7 of half a MiB, 5 of three eighths, 1 of one eighth.
        assert!(first.len() >= 13, "{}", first.len());
    }

    #[test]
    fn one_command_larger_than_a_batch_still_travels() {
        let lanes = lanes(64 << 20, 10);
        let _a = lanes.submit(Lane::Bulk, TARGET, command(3 << 20)).unwrap();
        assert_eq!(lanes.take().len(), 1);
    }

    /// A command as large as a batch fits beside no other, and waited for a moment in which nothing else did: under a steady load
    /// of small ones it was answered after seven seconds that nobody knew.
    #[test]
    fn a_large_command_has_its_turn_however_many_small_ones_there_are() {
        let lanes = lanes(64 << 20, 10_000);
        let _large = lanes.submit(Lane::Bulk, TARGET, command(1 << 20)).unwrap();
        let mut waiting = Vec::new();
        let batches = (0..10).position(|_| {
            waiting.push(lanes.submit(Lane::Urgent, TARGET, command(10)).unwrap());
            waiting.push(lanes.submit(Lane::Normal, TARGET, command(10)).unwrap());
            let taken = lanes.take();
            assert!(!taken.is_empty());
            taken.iter().any(|pending| pending.command.len() == 1 << 20)
        });
        assert_eq!(batches, Some(PASSED_OVER_MAX as usize), "after as many batches of others");
        assert_eq!(lanes.take().len(), 2, "and those that came last wait for one batch");
    }

    #[test]
    fn who_gave_up_is_not_proposed() {
        let lanes = lanes(1 << 20, 10);
        drop(lanes.submit(Lane::Normal, TARGET, command(1)).unwrap());
        let _kept = lanes.submit(Lane::Normal, TARGET, command(2)).unwrap();
        let taken = lanes.take();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].command.len(), 2);
    }
}
