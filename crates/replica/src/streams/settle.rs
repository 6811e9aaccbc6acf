//! Settling: from the journal into a segment, and small segments into larger ones.

use base::{Kind, Result};
use segments::{Piece, PlanOptions, Retention, SegmentId, SegmentMeta};
use stream::PartitionId;
use table::Change;

use super::{
    Streams, key,
    log::{Log, PATCHED_BYTES, patched},
    names,
};
use crate::{
    bugs::{Bug, planted},
    runtime,
};

/// What a settle takes, as it was between two applies.
pub(crate) struct Settling {
    batches: Vec<(PartitionId, Vec<stream::BatchRef>)>,
    pub(super) token: stream::Settling,
    /// Every partition and its log start.
    starts: Vec<(PartitionId, i64)>,
    /// Of the state that it was taken out of.
    generation: u64,
}

/// What was written for a settle, and becomes part of the state with its commit.
pub(crate) struct Written {
    pub(super) added: Vec<SegmentMeta>,
    pub(super) removed: Vec<SegmentId>,
}

impl Written {
    /// What the tree's commit has to carry.
    pub(crate) fn changes(&self) -> Vec<Change> {
        names::changes(&self.added, &self.removed)
    }
}

impl Streams {
    /// Takes what is to settle: everything up to entry `upto`. Called right before the table is sealed, between the same two applies.
    pub(crate) fn seal(&self, upto: u64) -> Settling {
        self.machine.flush();
        let (batches, token) = self.machine.begin_settle(upto);
        Settling { batches, token, starts: self.starts(), generation: *self.generation.lock() }
    }

    /// Every partition and its log start.
    pub(super) fn starts(&self) -> Vec<(PartitionId, i64)> {
        self.machine.partitions().into_iter().map(|(id, info)| (id, info.log_start)).collect()
    }

    /// Writes a segment with it. Durable when this returns, and named by nobody. `None`: another state took the place of the one
    /// that is being settled, and what was to be settled may be gone from the log.
    ///
    /// # Errors
    /// `Corrupt` if the journal is damaged, `Unavailable` if the disk refuses: the process must end.
    pub(crate) fn write(&self, settling: &Settling, log: &Log) -> Result<Option<Written>> {
        match self.write_all(settling, log) {
            Err(error) if self.is_overtaken(settling) => {
                tracing::info!(%error, "what was being settled was replaced by another state meanwhile");
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    fn is_overtaken(&self, settling: &Settling) -> bool {
        *self.generation.lock() != settling.generation
    }

    fn write_all(&self, settling: &Settling, log: &Log) -> Result<Written> {
        let merged = self.merged.lock().take();
        let mut written = Written { added: Vec::new(), removed: Vec::new() };
        if let Some(merged) = merged {
            if self.store.fits(&merged) {
                written = Written { added: merged.added.into_iter().collect(), removed: merged.removed };
            } else if let Some(meta) = merged.added {
                self.store.discard(meta.id)?;
            }
        }
        written.added.extend(self.write_segment(settling, log)?);
        Ok(written)
    }

    fn write_segment(&self, settling: &Settling, log: &Log) -> Result<Option<SegmentMeta>> {
        if settling.batches.is_empty() {
            return Ok(None);
        }
        let mut indexes: Vec<u64> = settling.batches.iter().flat_map(|(_, batches)| batches).map(|batch| batch.index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        let entries = log.read(&indexes)?;
        let mut writer = self.store.writer(self.segment_id())?;
        let mut bytes = Vec::new();
        for (partition, batches) in &settling.batches {
            for place in batches {
                let batch = entries.batch(place).ok_or_else(|| missing(place.index))?;
                bytes.clear();
                patched(&batch, place, &mut bytes);
                bytes.extend_from_slice(&batch[PATCHED_BYTES..]);
                writer.push(key(*partition), place.base_offset, place.last_offset, place.max_timestamp, &bytes)?;
            }
        }
        writer.finish()
    }

    /// Never one that any node wrote before: drawn anew for each.
    fn segment_id(&self) -> SegmentId {
        SegmentId { owner: self.owner, sequence: runtime::random_u64() }
    }

    /// The commit is durable: what was settled is read from segments now.
    ///
    /// # Errors
    /// `Corrupt` or `Conflict` if the segments are not as the commit says: the process must end.
    pub(crate) fn committed(&self, settling: Settling, written: &Written) -> Result<()> {
        let generation = self.generation.lock();
        if *generation != settling.generation {
            return self.abandoned(written);
        }
        self.store.adopt(&written.added, &written.removed)?;
        self.machine.settled(settling.token);
        self.show(&settling.starts);
        Ok(())
    }

    /// Another state took the place of the one that was being settled: what was written for it is of no use.
    pub(crate) fn abandoned(&self, written: &Written) -> Result<()> {
        written.added.iter().try_for_each(|meta| match self.store.discard(meta.id) {
            Err(error) if error.kind != Kind::Conflict => Err(error),
            _ => Ok(()),
        })
    }

    /// Tells the segments which partitions there are and where they begin, once that is committed.
    pub(super) fn show(&self, starts: &[(PartitionId, i64)]) {
        for (id, start) in starts {
            self.store.set_log_start(key(*id), *start);
        }
        let known: rustc_hash::FxHashSet<_> = starts.iter().map(|(id, _)| key(*id)).collect();
        self.store.retain_partitions(|key| known.contains(key));
    }

    /// Merges what is worth it, and leaves it to the next settle to commit. Whether there is something to commit. Nothing is merged
    /// of a state that another one takes the place of meanwhile.
    ///
    /// # Errors
    /// `Corrupt` if what was settled is damaged, `Unavailable` if the disk refuses.
    pub(crate) fn merge(&self, room: u64) -> Result<bool> {
        if self.has_merged() {
            return Ok(true);
        }
        let options = PlanOptions { bytes_max: PlanOptions::default().bytes_max.min(room / 2), ..PlanOptions::default() };
        let plan = self.store.plan(&options)?;
        if plan.moved.is_empty() && plan.removed.is_empty() {
            return Ok(false);
        }
        let merged = match self.store.merge(&plan, self.segment_id()) {
            Err(error) if error.kind == Kind::Conflict => return Ok(false),
            merger => merger?.finish()?,
        };
        *self.merged.lock() = Some(merged);
        Ok(true)
    }

    /// The log start of a partition that keeps to `retention`: over what is settled, and then over what is not. While a settle ends,
    /// rather too little goes than too much.
    pub(crate) fn retention_cut(&self, partition: PartitionId, retention: Retention) -> Result<Option<i64>> {
        let info = self.machine.partition(partition).filter(|info| info.log_start < info.end);
        let Some(info) = info else { return Ok(None) };
        // A settle shows its segment before it leaves the index, so what lies before the index, seen first, is in segments; and what
        // is in both counts once, here.
        let unsettled: Vec<stream::BatchRef> = self.machine.run(partition, info.unsettled_start, u64::MAX);
        let until = unsettled.first().map_or(i64::MAX, |batch| batch.base_offset);
        let piece = |batch: &stream::BatchRef| Piece {
            last_offset: batch.last_offset,
            max_timestamp: batch.max_timestamp,
            bytes: batch.length.into(),
        };
        let unsettled: Vec<Piece> = unsettled.iter().map(piece).collect();
        let waiting: u64 = unsettled.iter().map(|piece| piece.bytes).sum();
        let waiting = if planted(Bug::RetentionCountsTwice) { 2 * waiting } else { waiting };
        let settled = Retention { bytes_max: retention.bytes_max.map(|bytes| bytes.saturating_sub(waiting)), ..retention };
        let cut = self.store.retention_cut(key(partition), until, settled)?;
        // What is not settled can go only when all that lies before it has gone.
        let is_all = info.log_start >= until || cut == Some(until);
        Ok(if is_all { segments::retention_cut(&unsettled, retention).or(cut) } else { cut })
    }

    /// Whether a merge waits to be committed.
    pub(crate) fn has_merged(&self) -> bool {
        self.merged.lock().is_some()
    }
}

fn missing(index: u64) -> base::Error {
    base::Error::new(Kind::Corrupt, format!("entry {index} holds batches that are not settled, and is not in the journal"))
}
