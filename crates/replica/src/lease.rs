//! Lease deadlines. They run on the leader's monotonic clock; what they lead to goes through the log, with the leader's term,
//! so that a leader that slept and was replaced ends nothing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use kv::Command;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use crate::{
    consensus::Group,
    keyspace::Keyspace,
    lanes::Lane,
    limits::{
        LEASE_CHECKPOINT_MS, LEASE_EXPIRY_MS, LEASE_TICK_MS, LEASES_PER_CHECKPOINT, LEASES_PER_EXPIRY_MAX, LEASES_PER_EXPIRY_MIN,
    },
    runtime,
};

#[derive(Clone, Copy)]
struct Running {
    deadline: Duration,
    ttl: i64,
    checkpointed: bool,
}

#[derive(Default)]
struct Clocks {
    running: HashMap<i64, Running, FxBuildHasher>,
    order: BTreeSet<(Duration, i64)>,
    /// The term in which the deadlines were set; another one sets them anew.
    term: u64,
}

/// The deadlines of one key space's leases. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct LeaseClock {
    clocks: Arc<Mutex<Clocks>>,
}

/// What the leader's clock says of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// This long.
    Time(Duration),
    /// The deadline has passed; its end is on the way through the log.
    Over,
    /// No such lease.
    Unknown,
}

impl Clocks {
    fn set(&mut self, id: i64, ttl: i64, deadline: Duration, checkpointed: bool) {
        if let Some(before) = self.running.insert(id, Running { deadline, ttl, checkpointed }) {
            self.order.remove(&(before.deadline, id));
        }
        self.order.insert((deadline, id));
    }

    /// Gives every lease its remaining time again, from now: never early.
    fn set_all(&mut self, machine: &kv::Machine) {
        let now = runtime::now();
        for id in machine.leases() {
            if let Some((ttl, remaining)) = machine.lease_remaining(id) {
                self.set(id, ttl, now + seconds(remaining), remaining < ttl);
            }
        }
    }
}

fn seconds(ttl: i64) -> Duration {
    Duration::from_secs(u64::try_from(ttl).unwrap_or(0))
}

impl LeaseClock {
    /// A lease was granted: called by apply.
    pub(crate) fn granted(&self, id: i64, ttl: i64) {
        self.clocks.lock().set(id, ttl, runtime::now() + seconds(ttl), false);
    }

    /// A lease ended: called by apply.
    pub(crate) fn ended(&self, id: i64) {
        let mut clocks = self.clocks.lock();
        if let Some(before) = clocks.running.remove(&id) {
            clocks.order.remove(&(before.deadline, id));
        }
    }

    /// Renews; the lease's TTL in seconds. Also says whether a recorded remaining time has to be taken back.
    pub(crate) fn renew(&self, id: i64) -> Result<(i64, bool), Left> {
        let now = runtime::now();
        let mut clocks = self.clocks.lock();
        let Some(lease) = clocks.running.get(&id).copied() else { return Err(Left::Unknown) };
        if lease.deadline <= now {
            return Err(Left::Over);
        }
        clocks.set(id, lease.ttl, now + seconds(lease.ttl), false);
        Ok((lease.ttl, lease.checkpointed))
    }

    /// How long a lease has left.
    pub(crate) fn left(&self, id: i64) -> Left {
        let clocks = self.clocks.lock();
        match clocks.running.get(&id) {
            None => Left::Unknown,
            Some(lease) => match lease.deadline.checked_sub(runtime::now()) {
                Some(left) if !left.is_zero() => Left::Time(left),
                _ => Left::Over,
            },
        }
    }

    /// A new leader sets every lease's deadline anew.
    pub(crate) fn begin_term(&self, term: u64, machine: &kv::Machine) {
        let mut clocks = self.clocks.lock();
        if clocks.term == term {
            return;
        }
        clocks.term = term;
        clocks.set_all(machine);
    }

    /// The machine's state was replaced: its leases are the ones there are, each with its remaining time from now. Those that
    /// ended in between, or were granted anew under the same id, are not known any more.
    pub(crate) fn restart(&self, machine: &kv::Machine) {
        let mut fresh = Clocks::default();
        fresh.set_all(machine);
        let before = {
            let mut clocks = self.clocks.lock();
            fresh.term = clocks.term;
            std::mem::replace(&mut *clocks, fresh)
        };
        // Freed outside the lock: it may be large.
        drop(before);
    }

    fn number_over(&self) -> usize {
        let now = runtime::now();
        self.clocks.lock().order.range(..=(now, i64::MAX)).count()
    }

    fn over(&self, most: usize) -> Vec<i64> {
        let now = runtime::now();
        self.clocks.lock().order.iter().take_while(|(deadline, _)| *deadline <= now).take(most).map(|(_, id)| *id).collect()
    }

    /// What leases have left that have more than that: whole seconds, rounded up, since no lease may end early. Those that have
    /// all of their time left begin with it anyway.
    fn checkpoints(&self, more_than: Duration) -> Vec<(i64, i64)> {
        let now = runtime::now();
        let mut clocks = self.clocks.lock();
        let mut out = Vec::new();
        for (id, lease) in &mut clocks.running {
            let left = lease.deadline.saturating_sub(now);
            let rounded = i64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
            if left > more_than && rounded < lease.ttl {
                lease.checkpointed = true;
                out.push((*id, rounded));
            }
        }
        out.sort_unstable();
        out
    }
}

/// The task that looks at the deadlines while this node leads.
pub(crate) async fn run(keyspace: Keyspace, group: Group) {
    let mut next_checkpoint = runtime::now() + Duration::from_millis(LEASE_CHECKPOINT_MS);
    loop {
        runtime::sleep(Duration::from_millis(LEASE_TICK_MS)).await;
        let status = group.status();
        if keyspace.is_stopped() {
            return;
        }
        if !status.leading {
            continue;
        }
        let clock = keyspace.lease_clock();
        clock.begin_term(status.term, keyspace.machine());
        expire(&keyspace, clock, status.term).await;
        if runtime::now() >= next_checkpoint {
            next_checkpoint = runtime::now() + Duration::from_millis(LEASE_CHECKPOINT_MS);
            checkpoint(&keyspace, Duration::from_millis(LEASE_CHECKPOINT_MS), status.term).await;
        }
    }
}

async fn expire(keyspace: &Keyspace, clock: &LeaseClock, term: u64) {
    let backlog = clock.number_over();
    let mut part = LEASES_PER_EXPIRY_MIN;
    loop {
        let ids = clock.over(part);
        if ids.is_empty() {
            return;
        }
        // One at a time, so that an avalanche of expiries leaves room for everyone else's writes. An overload or a
        // change of leader is met again at the next tick.
        let (first, begin) = (ids[0], runtime::now());
        let proposed = keyspace.propose(Lane::Urgent, Command::LeaseExpire { term, ids }).await;
        if proposed.is_err() || clock.left(first) != Left::Unknown {
            return;
        }
        part = expiry_part(backlog, runtime::now().saturating_sub(begin));
    }
}

/// Parts as small as still end the whole backlog in time, since each holds up everyone else's writes for as long as it applies.
fn expiry_part(backlog: usize, took: Duration) -> usize {
    let parts = u128::from(LEASE_EXPIRY_MS) * 1000 / took.as_micros().max(1);
    let part = backlog as u128 / parts.max(1) + 1;
    usize::try_from(part).unwrap_or(usize::MAX).clamp(LEASES_PER_EXPIRY_MIN, LEASES_PER_EXPIRY_MAX)
}

/// Records what leases have left that have more than that, so that the next leader does not begin with all of their time. Once
/// before a leader hands over, and every few minutes for those that live long.
pub(crate) async fn checkpoint(keyspace: &Keyspace, more_than: Duration, term: u64) {
    for part in keyspace.lease_clock().checkpoints(more_than).chunks(LEASES_PER_CHECKPOINT) {
        let command = Command::LeaseCheckpoint { term, remaining: part.to_vec() };
        if keyspace.propose(Lane::Urgent, command).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_avalanche_ends_in_small_parts_and_in_time() {
        let fast = expiry_part(100_000, Duration::from_millis(2));
        assert_eq!(fast, 81, "1,250 parts of 2 ms");
        let slow = expiry_part(100_000, Duration::from_millis(25));
        assert_eq!(slow, 1001, "a hundred parts of 25 ms");
        assert_eq!(expiry_part(10, Duration::from_millis(25)), LEASES_PER_EXPIRY_MIN);
        assert_eq!(expiry_part(10_000_000, Duration::from_secs(10)), LEASES_PER_EXPIRY_MAX);
    }

    #[test]
    fn what_is_left_is_rounded_up_and_only_told_if_it_says_something() {
        let clock = LeaseClock::default();
        let left = |milliseconds| runtime::now() + Duration::from_millis(milliseconds);
        for (id, ttl, deadline) in [(1, 10, left(3_500)), (2, 10, left(9_500)), (3, 10, Duration::ZERO), (4, 10, left(500))] {
            clock.clocks.lock().set(id, ttl, deadline, false);
        }
        assert_eq!(clock.checkpoints(Duration::ZERO), [(1, 4), (4, 1)]);
        assert_eq!(clock.checkpoints(Duration::from_secs(2)), [(1, 4)]);
        assert_eq!(clock.renew(1), Ok((10, true)), "what was recorded is taken back");
        assert_eq!(clock.renew(2), Ok((10, false)));
    }
}
