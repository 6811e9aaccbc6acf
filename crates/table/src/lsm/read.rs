//! A snapshot: a version that is held. Its reads take no lock that a settle or a merge holds.

use std::{collections::VecDeque, ops::Bound, sync::Arc};

use base::Result;
use bytes::Bytes;
use lsm_tree::{InternalValue, UserKey, merge::BoxedIterator, merge::Merger, mvcc_stream::MvccStream};

use super::{
    error::failed,
    version::{Placed, Version},
};
use crate::{Direction, Mark, Pair, Snapshot};

/// A version that is held.
pub(super) struct Moment(pub(super) Arc<Version>);

impl Snapshot for Moment {
    fn mark(&self) -> &Mark {
        &self.0.mark
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.0.get(key)
    }

    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        Box::new(Range::new(self.0.clone(), &from, &to, direction))
    }

    fn detached_range(
        &self,
        from: Bytes,
        to: Bytes,
        direction: Direction,
    ) -> Option<Box<dyn Iterator<Item = Result<Pair>> + Send>> {
        Some(Box::new(Range::new(self.0.clone(), &from, &to, direction)))
    }
}

type Records = MvccStream<Merger<BoxedIterator<'static>>>;

/// The pairs of a range of one version. Ends after an error.
struct Range {
    records: Option<Records>,
    direction: Direction,
    version: Arc<Version>,
}

impl Range {
    fn new(version: Arc<Version>, from: &Bytes, to: &Bytes, direction: Direction) -> Range {
        let runs = version.runs().filter_map(|run| {
            let tables = overlapping(run, from, to);
            (!tables.is_empty()).then(|| Box::new(RunRange::new(tables, from, to)) as BoxedIterator<'static>)
        });
        let records = (from < to).then(|| MvccStream::new(Merger::new(runs.collect())));
        Range { records, direction, version }
    }

    fn pair(&self, record: InternalValue) -> Option<Pair> {
        let is_there = !record.is_tombstone() && !self.version.hides(&record.key.user_key, record.key.seqno);
        is_there.then(|| (Bytes::from(record.key.user_key), Bytes::from(record.value)))
    }
}

impl Iterator for Range {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        loop {
            let records = self.records.as_mut()?;
            let record = match self.direction {
                Direction::Forward => records.next(),
                Direction::Backward => records.next_back(),
            };
            match record {
                Some(Ok(record)) => {
                    if let Some(pair) = self.pair(record) {
                        return Some(Ok(pair));
                    }
                }
                Some(Err(error)) => {
                    // What comes after damage would lack what could not be read.
                    self.records = None;
                    return Some(Err(failed(error)));
                }
                None => {
                    self.records = None;
                    return None;
                }
            }
        }
    }
}

fn overlapping(run: &[Placed], from: &[u8], to: &[u8]) -> VecDeque<Placed> {
    let start = run.partition_point(|table| table.last()[..] < *from);
    let rest = &run[start..];
    let count = rest.partition_point(|table| table.first()[..] < *to);
    rest[..count].iter().cloned().collect()
}

/// The records of a range of one run, table by table.
struct RunRange {
    tables: VecDeque<Placed>,
    from: UserKey,
    to: UserKey,
    front: Option<BoxedIterator<'static>>,
    back: Option<BoxedIterator<'static>>,
}

impl RunRange {
    fn new(tables: VecDeque<Placed>, from: &Bytes, to: &Bytes) -> RunRange {
        RunRange { tables, from: UserKey::from(from.clone()), to: UserKey::from(to.clone()), front: None, back: None }
    }

    fn open(&self, table: &Placed) -> BoxedIterator<'static> {
        let from = if table.trim[..] > self.from[..] { UserKey::from(table.trim.clone()) } else { self.from.clone() };
        let bounds = (Bound::Included(from), Bound::Excluded(self.to.clone()));
        Box::new(table.file.table.range(bounds))
    }
}

impl Iterator for RunRange {
    type Item = lsm_tree::Result<InternalValue>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.front.as_mut().and_then(Iterator::next) {
                return Some(record);
            }
            let Some(table) = self.tables.pop_front() else { return self.back.as_mut()?.next() };
            self.front = Some(self.open(&table));
        }
    }
}

impl DoubleEndedIterator for RunRange {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.back.as_mut().and_then(DoubleEndedIterator::next_back) {
                return Some(record);
            }
            let Some(table) = self.tables.pop_back() else { return self.front.as_mut()?.next_back() };
            self.back = Some(self.open(&table));
        }
    }
}
