//! A version: the tables of one moment, with the mark they were settled with. It is never changed, only replaced.

use std::{cmp::Reverse, sync::Arc};

use base::Result;
use bytes::Bytes;
use lsm_tree::{SeqNo, table::filter::standard_bloom::Builder};

use super::{
    file::TableFile,
    manifest::{Entry, Hidden, Manifest, Place},
};
use crate::Mark;

/// A table within a version: a file, and from which key on it counts.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) file: Arc<TableFile>,
    pub(super) place: Place,
    pub(super) trim: Bytes,
}

impl Placed {
    pub(super) fn new(file: Arc<TableFile>, place: Place, trim: Bytes) -> Placed {
        Placed { file, place, trim }
    }

    /// The smallest key that it may hold.
    pub(super) fn first(&self) -> &Bytes {
        (&self.trim).max(&self.file.entry.first)
    }

    /// The greatest key that it may hold.
    pub(super) fn last(&self) -> &Bytes {
        &self.file.entry.last
    }

    pub(super) fn overlaps(&self, first: &[u8], last: &[u8]) -> bool {
        self.first()[..] <= *last && self.last()[..] >= *first
    }

    /// Whether some key of `[from, to)` may be in it.
    fn reaches_into(&self, from: &[u8], to: &[u8]) -> bool {
        self.first()[..] < *to && self.last()[..] >= *from
    }

    /// Young tables are ordered by this: all their records were settled at once.
    pub(super) fn rank(&self) -> SeqNo {
        self.file.entry.seqs.1
    }

    fn entry(&self) -> Entry {
        Entry { place: self.place, trim: self.trim.clone(), ..self.file.entry.clone() }
    }
}

/// Tables that overlap nowhere, by key.
pub(super) type Run = Arc<Vec<Placed>>;

/// The tables of one moment.
#[derive(Clone, Default)]
pub(super) struct Version {
    pub(super) mark: Mark,
    pub(super) hidden: Vec<Hidden>,
    /// Young tables: one run for each settle that left some, the newest first.
    pub(super) young: Vec<Run>,
    pub(super) bottom: Run,
}

impl Version {
    pub(super) fn new(mark: Mark, hidden: Vec<Hidden>, tables: Vec<Placed>) -> Version {
        let (mut young, mut bottom): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| table.place == Place::Young);
        bottom.sort_by(|a, b| a.first().cmp(b.first()));
        young.sort_by(|a, b| (Reverse(a.rank()), a.first()).cmp(&(Reverse(b.rank()), b.first())));
        let young = young.chunk_by(|a, b| a.rank() == b.rank()).map(|run| Arc::new(run.to_vec())).collect();
        Version { mark, hidden, young, bottom: Arc::new(bottom) }
    }

    /// Whether no two tables overlap that may not: bottom ones, or young ones of one settle.
    pub(super) fn is_ordered(&self) -> bool {
        let disjoint = |run: &Run| run.windows(2).all(|pair| pair[0].last() < pair[1].first());
        self.young.iter().chain([&self.bottom]).all(disjoint)
    }

    pub(super) fn manifest(&self, next_id: u64, next_seq: u64) -> Manifest {
        let tables = self.tables().map(Placed::entry).collect();
        Manifest { next_id, next_seq, mark: self.mark.clone(), hidden: self.hidden.clone(), tables }
    }

    /// The runs, the newest first: what an earlier one holds wins.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.young.iter().chain([&self.bottom])
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &Placed> {
        self.runs().flat_map(|run| run.iter())
    }

    /// The newest record of `key`, unless it is a deletion or was dropped.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        if key.is_empty() {
            return Ok(None);
        }
        let hash = Builder::get_hash(key);
        for run in self.runs() {
            let at = run.partition_point(|table| table.last()[..] < *key);
            let Some(table) = run.get(at).filter(|table| table.first()[..] <= *key) else { continue };
            if let Some(found) = table.file.get(key, hash)? {
                let is_there = !found.is_tombstone() && !self.hides(key, found.key.seqno);
                return Ok(is_there.then(|| Bytes::from(found.value)));
            }
        }
        Ok(None)
    }

    /// Whether the record of `key` with `seq` was dropped.
    pub(super) fn hides(&self, key: &[u8], seq: SeqNo) -> bool {
        self.hidden.iter().any(|hidden| seq < hidden.before && hidden.from[..] <= *key && *key < hidden.to[..])
    }

    /// Whether `key` comes after everything that lies in its family, which ends before `end`.
    pub(super) fn appends(&self, key: &[u8], end: Option<&[u8]>) -> bool {
        self.runs().all(|run| {
            let at = run.partition_point(|table| table.last()[..] < *key);
            run.get(at).is_none_or(|table| end.is_some_and(|end| table.first()[..] >= *end))
        })
    }

    /// The tables that a drop of these ranges leaves, and the ranges that still have to be hidden.
    pub(super) fn without(&self, dropped: &[(Bytes, Bytes)], before: SeqNo) -> (Vec<Placed>, Vec<Hidden>) {
        let mut hidden: Vec<Hidden> = self.hidden.clone();
        for (from, to) in dropped {
            hidden.retain(|old| old.from < *from || old.to > *to);
            hidden.push(Hidden { from: from.clone(), to: to.clone(), before });
        }
        let covered = |table: &Placed| {
            hidden.iter().any(|range| table.rank() < range.before && range.from <= *table.first() && *table.last() < range.to)
        };
        let left: Vec<Placed> = self.tables().filter(|table| !covered(table)).cloned().collect();
        hidden.retain(|range| left.iter().any(|table| table.is_touched_by(range)));
        (left, hidden)
    }
}

impl Placed {
    /// Whether records of it may be hidden by `range`.
    pub(super) fn is_touched_by(&self, range: &Hidden) -> bool {
        let entry = &self.file.entry;
        entry.seqs.0 < range.before && range.before > entry.clean && self.reaches_into(&range.from, &range.to)
    }
}

/// The first key after all that begin with `prefix`; `None` when there is none.
pub(super) fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}
