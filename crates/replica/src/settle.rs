//! Settling: in the background, what changed in memory moves into the shard's tree, so that the journal can be trimmed.

use std::{
    collections::VecDeque,
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
        IDLE_SETTLE_MS, IDLE_SETTLE_PART, JOURNAL_HELD_BYTES_MIN, JOURNAL_HELD_FACTOR, JOURNAL_PRESSURE_FACTOR, LOG_KEPT_FACTOR,
        MERGE_UNSETTLED_FACTOR, OVERDUE_LOOK_MS, RECLAIM_SLICE_BYTES, SETTLE_TICK_MS, UNSETTLED_FACTOR_APPLY,
        UNSETTLED_FACTOR_MAX,
    },
    runtime,
    shard::ShardState,
    streams::{Log, Written},
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
    kept: parking_lot::Mutex<Kept>,
}

/// What of the log is kept although it is settled.
#[derive(Default)]
struct Kept {
    /// Bytes settled since the start.
    total: u64,
    /// Settled entries up to which the log was not purged, with `total` at that time.
    marks: VecDeque<(EntryId, u64)>,
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
        state.set_unsettled_max(settle_bytes.saturating_mul(UNSETTLED_FACTOR_APPLY));
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
            kept: parking_lot::Mutex::default(),
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
                self.inner.state.ease();
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
        let bytes = self.inner.state.unsettled_disk_bytes();
        let mark = runtime::spawn_blocking(move || inner.settle_now()).await?;
        self.inner.settles.fetch_add(1, Relaxed);
        let Some(upto) = mark.applied else { return Ok(()) };
        let purge = self.purgeable(upto, bytes);
        self.inner.group.settled(purge, self.overdue()).await
    }

    /// Up to where the log can go. Alone: up to what is settled. With peers some of it is kept, so that one that was away for a
    /// moment gets entries and not the whole state, and what a peer needs that takes over a snapshot; but no shard may keep the
    /// journal from being trimmed for ever.
    fn purgeable(&self, settled: EntryId, bytes: u64) -> Option<EntryId> {
        let status = self.inner.group.status();
        let mut kept = self.inner.kept.lock();
        kept.total += bytes;
        if status.voters.len() + status.learners.len() <= 1 || self.pins_journal() {
            kept.marks.clear();
            return Some(settled);
        }
        let total = kept.total;
        kept.marks.push_back((settled, total));
        let most = self.inner.settle_bytes.saturating_mul(LOG_KEPT_FACTOR);
        let held = self.inner.group.held(settled.index).unwrap_or(u64::MAX);
        let mut purge = None;
        while kept.marks.front().is_some_and(|(id, upto)| total - upto >= most && id.index <= held) {
            purge = kept.marks.pop_front().map(|(id, _)| id);
        }
        purge
    }

    /// Completes when little enough is unsettled for more to be proposed, or when no settle will come any more.
    pub(crate) async fn room(&self) {
        loop {
            let eased = self.inner.eased.notified();
            let unsettled = self.inner.state.unsettled();
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
        self.inner.state.set_unsettled_max(u64::MAX);
        self.wake();
        self.inner.eased.notify_waiters();
    }

    /// Completes when there is enough for the next settle.
    async fn overdue(&self) {
        while self.inner.state.unsettled() < self.inner.settle_bytes {
            runtime::sleep(Duration::from_millis(OVERDUE_LOOK_MS)).await;
        }
    }

    fn is_due(&self) -> bool {
        let unsettled = self.inner.state.unsettled();
        if unsettled >= self.inner.settle_bytes || self.wants_reclaim() {
            return true;
        }
        (self.inner.state.is_ahead_of_tree() || !self.inner.kept.lock().marks.is_empty()) && self.pins_journal()
    }

    /// Whether this shard has the oldest entry of a journal that has grown large.
    fn pins_journal(&self) -> bool {
        let (owner, bytes) = self.inner.journal.pressure();
        let most = |factor| self.inner.settle_bytes.saturating_mul(factor);
        let is_held = || bytes < most(JOURNAL_HELD_FACTOR).max(JOURNAL_HELD_BYTES_MIN) && self.is_held();
        owner == Some(self.shard()) && bytes >= most(JOURNAL_PRESSURE_FACTOR) && !is_held()
    }

    /// Whether a peer needs entries that are settled.
    fn is_held(&self) -> bool {
        self.inner.state.mark().applied.is_some_and(|applied| self.inner.group.held(applied.index).is_some())
    }

    /// A shard that has been quiet for a while gives back the memory of what it has not settled.
    fn is_idle(&self, quiet: &mut Quiet) -> bool {
        let (applied, now) = (self.inner.state.mark().applied, runtime::now());
        if quiet.applied != applied {
            *quiet = Quiet { applied, since: now };
        }
        let is_quiet = now.saturating_sub(quiet.since) >= Duration::from_millis(IDLE_SETTLE_MS);
        let has_merged = self.inner.state.streams().is_some_and(|streams| streams.has_merged());
        is_quiet && (has_merged || self.inner.state.unsettled() >= self.inner.settle_bytes / IDLE_SETTLE_PART)
    }

    fn wants_reclaim(&self) -> bool {
        let state = &self.inner.state;
        state.spaces().iter().any(|space| space.machine.wants_reclaim())
            || state.stores().iter().any(|store| store.machine().wants_reclaim())
    }

    fn shard(&self) -> ShardId {
        self.inner.state.shard
    }
}

impl Inner {
    fn settle_now(&self) -> Result<table::Mark> {
        let sealed = self.state.seal();
        let (sealed, mark, settling) =
            sealed.ok_or_else(|| Error::new(Kind::Conflict, "another settle of this shard is not done"))?;
        let streams = self.state.streams().zip(settling);
        let log = Log::new(self.journal.clone(), self.state.shard);
        let written = streams.as_ref().map(|(streams, settling)| streams.write(settling, &log)).transpose()?;
        if matches!(written, Some(None)) {
            return Ok(self.overtaken());
        }
        let written = written.flatten();
        let (mut extra, mut dropped) = (Vec::new(), Vec::new());
        let spaces = self.state.spaces();
        for space in &spaces {
            let (changes, ranges) = space.machine.reclaim(RECLAIM_SLICE_BYTES)?;
            extra.extend(changes);
            dropped.extend(ranges);
        }
        let stores = self.state.stores();
        for store in &stores {
            let (changes, ranges) = store.machine().reclaim()?;
            extra.extend(changes);
            dropped.extend(ranges);
        }
        extra.extend(written.iter().flat_map(Written::changes));
        extra.sort_by(|a, b| a.0.cmp(&b.0));
        let is_settled = self.state.table().settle(sealed, extra, &dropped)?;
        if let (Some((streams, settling)), Some(written)) = (streams, written) {
            if is_settled { streams.committed(settling, &written)? } else { streams.abandoned(&written)? }
        }
        if !is_settled {
            return Ok(self.overtaken());
        }
        self.eased.notify_waiters();
        self.state.ease();
        for space in &spaces {
            space.machine.reclaimed();
        }
        stores.iter().for_each(|store| store.machine().reclaimed());
        for _ in 0..MERGE_STEPS_MAX {
            let unsettled = self.state.unsettled_disk_bytes();
            let room = self.journal.space().map_or(u64::MAX, |space| space.free).saturating_sub(unsettled);
            let is_behind = self.state.unsettled() >= self.settle_bytes.saturating_mul(MERGE_UNSETTLED_FACTOR);
            if room < MERGE_ROOM_BYTES_MIN || is_behind {
                break;
            }
            let has_merged = self.state.streams().map_or(Ok(false), |streams| streams.merge(room))?;
            if !self.state.table().tree().maintain(room)? || has_merged {
                break;
            }
        }
        Ok(mark)
    }

    /// A newer state was put into the place of what was being settled, and is durable: its mark.
    fn overtaken(&self) -> table::Mark {
        self.eased.notify_waiters();
        self.state.ease();
        self.state.snapshot().mark().clone()
    }
}

#[cfg(test)]
mod tests;
