//! Settling: in the background, what changed in memory moves into the shard's tree, so that the journal can be trimmed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base::{EntryId, Error, Kind, Result, ShardId};
use journal::Journal;
use tokio::sync::{Mutex, Notify};

use crate::{
    consensus::{Group, StateMachine as _},
    lanes::stopped,
    limits::{
        IDLE_SETTLE_MS, IDLE_SETTLE_PART, JOURNAL_PRESSURE_FACTOR, MERGE_UNSETTLED_FACTOR, RECLAIM_SLICE_BYTES, SETTLE_TICK_MS,
        UNSETTLED_FACTOR_MAX,
    },
    runtime,
    shard::ShardState,
};

/// Steps of merging after one settle, so that a settle always ends and the next one does not wait long.
const MERGE_STEPS_MAX: usize = 8;
/// Merging writes new files before it removes old ones, so with less free space than this beside what is unsettled it would
/// fill the disk that NOSPACE keeps a reserve of; settling and dropping go on.
const MERGE_ROOM_BYTES_MIN: u64 = 32 << 20;

/// Since when nothing was applied.
struct Quiet {
    applied: Option<EntryId>,
    since: Duration,
}

struct Inner {
    state: Arc<ShardState>,
    group: Group,
    journal: Journal,
    settle_bytes: u64,
    /// One settle at a time on this node, whichever shard.
    turn: Arc<Mutex<()>>,
    closed: AtomicBool,
    wake: Notify,
    /// Told when a settle gave its overlay's memory back.
    eased: Notify,
    settles: AtomicU64,
}

/// Settles one shard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Settler {
    inner: Arc<Inner>,
}

impl Settler {
    /// `turn` is shared by all shards of the node: settling is sequential.
    pub(crate) fn new(
        state: Arc<ShardState>,
        group: Group,
        journal: Journal,
        settle_bytes: u64,
        turn: Arc<Mutex<()>>,
    ) -> Settler {
        let inner = Inner {
            state,
            group,
            journal,
            settle_bytes,
            turn,
            closed: AtomicBool::new(false),
            wake: Notify::new(),
            eased: Notify::new(),
            settles: AtomicU64::new(0),
        };
        Settler { inner: Arc::new(inner) }
    }

    /// Runs until closed; an error means that what is on disk has to be read again: the process must end.
    pub(crate) async fn run(&self) -> Result<()> {
        let mut quiet = Quiet { applied: None, since: runtime::now() };
        loop {
            tokio::select! {
                biased;
                () = runtime::sleep(Duration::from_millis(SETTLE_TICK_MS)) => {}
                () = self.inner.wake.notified() => {}
            }
            if self.inner.closed.load(Relaxed) {
                return Ok(());
            }
            if self.is_due() || self.is_idle(&mut quiet) {
                self.settle().await?;
            } else {
                // Memory may have been given back by other means than a settle: what was unsettled was replaced as a whole.
                self.inner.eased.notify_waiters();
            }
        }
    }

    /// Settles everything applied before the call. Returns once it is durable.
    pub(crate) async fn settle(&self) -> Result<()> {
        let _turn = self.inner.turn.lock().await;
        if self.inner.closed.load(Relaxed) {
            return Err(stopped());
        }
        let inner = self.inner.clone();
        let mark = runtime::spawn_blocking(move || inner.settle_now()).await?;
        self.inner.settles.fetch_add(1, Relaxed);
        match mark.applied {
            Some(upto) => self.inner.group.settled(upto).await,
            None => Ok(()),
        }
    }

    /// Completes when little enough is unsettled for more to be proposed, or when no settle will come any more.
    pub(crate) async fn room(&self) {
        loop {
            let eased = self.inner.eased.notified();
            let unsettled = self.inner.state.table().unsettled_memory();
            if unsettled < self.inner.settle_bytes.saturating_mul(UNSETTLED_FACTOR_MAX) || self.inner.closed.load(Relaxed) {
                return;
            }
            self.wake();
            eased.await;
        }
    }

    /// How many settles this shard has done since the start.
    pub(crate) fn settles(&self) -> u64 {
        self.inner.settles.load(Relaxed)
    }

    /// Looks again at once whether to settle.
    pub(crate) fn wake(&self) {
        self.inner.wake.notify_one();
    }

    pub(crate) fn close(&self) {
        self.inner.closed.store(true, Relaxed);
        self.wake();
        self.inner.eased.notify_waiters();
    }

    fn is_due(&self) -> bool {
        let unsettled = self.inner.state.table().unsettled_memory();
        if unsettled >= self.inner.settle_bytes || self.wants_reclaim() {
            return true;
        }
        let (owner, bytes) = self.inner.journal.pressure();
        self.inner.state.is_ahead_of_tree()
            && owner == Some(self.shard())
            && bytes >= self.inner.settle_bytes.saturating_mul(JOURNAL_PRESSURE_FACTOR)
    }

    /// A shard that has been quiet for a while gives back the memory of what it has not settled.
    fn is_idle(&self, quiet: &mut Quiet) -> bool {
        let (applied, now) = (self.inner.state.mark().applied, runtime::now());
        if quiet.applied != applied {
            *quiet = Quiet { applied, since: now };
        }
        let is_quiet = now.saturating_sub(quiet.since) >= Duration::from_millis(IDLE_SETTLE_MS);
        is_quiet && self.inner.state.table().unsettled_memory() >= self.inner.settle_bytes / IDLE_SETTLE_PART
    }

    fn wants_reclaim(&self) -> bool {
        self.inner.state.spaces().iter().any(|space| space.machine.wants_reclaim())
    }

    fn shard(&self) -> ShardId {
        self.inner.state.shard
    }
}

impl Inner {
    fn settle_now(&self) -> Result<table::Mark> {
        let sealed = self.state.seal();
        let (sealed, mark) = sealed.ok_or_else(|| Error::new(Kind::Conflict, "another settle of this shard is not done"))?;
        let (mut extra, mut dropped) = (Vec::new(), Vec::new());
        let spaces = self.state.spaces();
        for space in &spaces {
            let (changes, ranges) = space.machine.reclaim(RECLAIM_SLICE_BYTES)?;
            extra.extend(changes);
            dropped.extend(ranges);
        }
        extra.sort_by(|a, b| a.0.cmp(&b.0));
        let is_settled = self.state.table().settle(sealed, extra, &dropped)?;
        self.eased.notify_waiters();
        if !is_settled {
            // A newer state was put into the place of all this, and is durable.
            return Ok(self.state.snapshot().mark().clone());
        }
        for space in &spaces {
            space.machine.reclaimed();
        }
        for _ in 0..MERGE_STEPS_MAX {
            let unsettled = self.state.table().unsettled_bytes();
            let room = self.journal.space().map_or(u64::MAX, |space| space.free).saturating_sub(unsettled);
            let memory = self.state.table().unsettled_memory();
            let is_behind = memory >= self.settle_bytes.saturating_mul(MERGE_UNSETTLED_FACTOR);
            if room < MERGE_ROOM_BYTES_MIN || is_behind || !self.state.table().tree().maintain(room)? {
                break;
            }
        }
        Ok(mark)
    }
}

#[cfg(test)]
mod tests;
