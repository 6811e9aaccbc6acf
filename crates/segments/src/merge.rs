//! Does what a plan says: moves runs into a new segment, in steps.

use std::collections::VecDeque;

use base::{Error, Kind, Result};

use crate::{
    key::{PartitionKey, SegmentId},
    limits::READ_BYTES,
    meta::SegmentMeta,
    plan::{Plan, PlanOptions, RunShape, SegmentShape, Shape, plan},
    run::{Blocks, Placed, Run},
    store::Store,
    writer::Writer,
};

/// A run that is to be moved, from its log start on.
struct Source {
    partition: PartitionKey,
    log_start: i64,
    placed: Placed,
}

/// A merge under way. Given up by dropping it: its file is removed.
pub struct Merger {
    writer: Writer,
    /// Runs that are still to be moved.
    sources: VecDeque<Source>,
    /// The blocks of the first one, and which of them is next.
    open: Option<(Blocks, usize)>,
    /// The partition that was written last, and the offset behind its last batch.
    written: Option<(PartitionKey, i64)>,
    merged: Merged,
}

/// What a merge came to: to be committed, then adopted; or its new segment discarded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The new segment; `None` if there was nothing to move.
    pub added: Option<SegmentMeta>,
    /// Segments that are not needed any more.
    pub removed: Vec<SegmentId>,
    /// As in its plan.
    pub removals: u64,
}

impl Store {
    /// What to merge next; an empty plan when there is nothing to do. May read lists of blocks.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn plan(&self, options: &PlanOptions) -> Result<Plan> {
        Ok(plan(&self.shape()?, options))
    }

    /// The store as plans see it.
    ///
    /// # Errors
    /// As [`Store::read`]: how much of a long run is dead stands in its list of blocks.
    pub fn shape(&self) -> Result<Shape> {
        self.look_up_cuts()?;
        let index = self.index.read();
        let mut shape = Shape { removals: index.removals(), ..Shape::default() };
        // By slot: the place in the shape.
        let mut places = Vec::new();
        for segment in index.slots() {
            places.push(shape.segments.len() as u32);
            let Some(segment) = segment else { continue };
            let meta = &segment.meta;
            let (data_bytes, generation) = (meta.data_bytes, meta.generation);
            shape.segments.push(SegmentShape { id: meta.id, data_bytes, generation });
        }
        for (key, partition) in index.partitions() {
            let mut cut = partition.cut().unwrap_or(0);
            for run in partition.served() {
                let live_bytes = u64::from(run.length - std::mem::take(&mut cut));
                let Run { base_offset, last_offset, .. } = *run;
                let segment = places[run.segment as usize];
                shape.runs.push(RunShape { partition: *key, base_offset, last_offset, live_bytes, segment });
            }
        }
        drop(index);
        shape.runs.sort_unstable_by_key(|run| (run.partition, run.base_offset));
        Ok(shape)
    }

    /// Looks up how much of each first run lies below its partition's log start, where that is not known.
    fn look_up_cuts(&self) -> Result<()> {
        let index = self.index.read();
        let unknown = index.partitions().filter(|(_, partition)| partition.cut().is_none());
        let unknown: Vec<(PartitionKey, i64, Placed)> = unknown
            .filter_map(|(key, partition)| Some((*key, partition.log_start(), index.place(partition.served().first()?)?)))
            .collect();
        drop(index);
        for (key, log_start, placed) in unknown {
            let blocks = placed.blocks()?;
            let cut = blocks.get(blocks.containing(log_start)).position;
            self.index.write().note_cut(&key, &placed.run, log_start, cut);
        }
        Ok(())
    }

    /// Begins the merge of `plan` into the new segment `id`.
    ///
    /// # Errors
    /// `Conflict` if the store is not any more what the plan was made for, or `id` is taken; `Unavailable` if the disk refused.
    pub fn merge(&self, plan: &Plan, id: SegmentId) -> Result<Merger> {
        let mut sources = VecDeque::with_capacity(plan.moved.len());
        let merged = Merged { added: None, removed: plan.removed.clone(), removals: plan.removals };
        {
            let index = self.index.read();
            if index.removals() != plan.removals {
                return Err(outdated(id));
            }
            for moved in &plan.moved {
                let partition = index.partition(&moved.partition);
                // A partition that was dropped since has no runs any more: nothing of it is to be moved.
                let Some(partition) = partition.filter(|partition| !partition.all().is_empty()) else { continue };
                let runs = partition.all().iter().filter(|run| run.base_offset == moved.base_offset);
                let placed = runs.filter_map(|run| index.place(run)).find(|placed| placed.segment.id() == moved.segment);
                let placed = placed.ok_or_else(|| outdated(moved.segment))?;
                sources.push_back(Source { partition: moved.partition, log_start: partition.log_start(), placed });
            }
        }
        let writer = self.begin(id, plan.generation)?;
        Ok(Merger { writer, sources, open: None, written: None, merged })
    }

    /// Whether a merge may be committed: no segment was taken out of the store since it was planned. If one was, the new segment is to
    /// be discarded.
    pub fn fits(&self, merged: &Merged) -> bool {
        self.index.read().removals() == merged.removals
    }
}

fn outdated(id: SegmentId) -> Error {
    Error::new(Kind::Conflict, format!("segment {id}: the store has changed since the merge was planned, plan it anew"))
}

impl Merger {
    /// Moves about `bytes` bytes more, at least one block; whether anything is left to do.
    ///
    /// # Errors
    /// `Corrupt` if what is to be moved is not what was written: damage is never moved on. `Unavailable` if the disk refused.
    pub fn step(&mut self, bytes: u64) -> Result<bool> {
        let mut left = bytes.max(1);
        while left > 0 && !self.sources.is_empty() {
            left = left.saturating_sub(self.advance(left)?);
        }
        Ok(!self.sources.is_empty())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// Moves the next blocks; how many bytes were read.
    fn advance(&mut self, bytes: u64) -> Result<u64> {
        let Some(source) = self.sources.front() else { return Ok(0) };
        // Runs may overlap by what the log start has made of them: no offset is written twice.
        let written = self.written.filter(|(partition, _)| *partition == source.partition).map_or(0, |(_, next)| next);
        let from = source.log_start.max(written);
        if source.placed.run.last_offset < from {
            self.close_source();
            return Ok(0);
        }
        let (blocks, at) = match self.open.take() {
            Some(open) => open,
            None => {
                let blocks = source.placed.blocks()?;
                let at = blocks.containing(from);
                (blocks, at)
            }
        };
        let group = blocks.group(at, bytes.min(READ_BYTES.into()));
        let next = group.end;
        let checked = source.placed.read(&blocks, group)?;
        let start = checked.batches.partition_point(|found| found.head.last_offset < from);
        if let (Some(first), Some(last)) = (checked.batches.get(start), checked.batches.last()) {
            let latest = checked.batches[start..].iter().map(|found| found.head.max_timestamp).max().unwrap_or(i64::MIN);
            let (base_offset, last_offset) = (first.head.base_offset, last.head.last_offset);
            self.writer.push(source.partition, base_offset, last_offset, latest, &checked.bytes[first.at..])?;
            self.written = Some((source.partition, last_offset + 1));
        }
        let read = checked.bytes.len() as u64;
        if next < blocks.count() {
            self.open = Some((blocks, next));
        } else {
            self.close_source();
        }
        Ok(read)
    }

    fn close_source(&mut self) {
        self.open = None;
        self.sources.pop_front();
    }

    /// Moves what is left and makes the new segment durable. It is not live before it is committed and adopted.
    ///
    /// # Errors
    /// As [`Merger::step`].
    pub fn finish(mut self) -> Result<Merged> {
        while self.step(u64::MAX)? {}
        let Merger { writer, mut merged, .. } = self;
        merged.added = writer.finish()?;
        Ok(merged)
    }
}
