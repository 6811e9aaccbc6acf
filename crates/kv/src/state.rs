//! What a key space holds in memory: every current key's metadata, leases, marks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::Result;
use bytes::{Bytes, BytesMut};

use crate::{
    error::{compacted, future_revision},
    index::{Index, Meta},
    leases::Leases,
    limits::SPACE_SAMPLE_BYTES,
    record::{At, Compaction},
    request::Span,
};

/// A key and the metadata of one of its versions.
pub(crate) type Item = (Bytes, Meta);

/// The compaction mark of a key space that was never compacted. etcd's: a compaction at revision 0 is then still allowed.
pub(crate) const NEVER: i64 = -1;

/// NOSPACE, and CORRUPT, as etcd numbers them.
pub(crate) const NOSPACE: i32 = 1;
pub(crate) const CORRUPT: i32 = 2;

pub(crate) struct State {
    pub(crate) index: Index,
    pub(crate) leases: Leases,
    pub(crate) revision: i64,
    pub(crate) compacted: i64,
    /// `(alarm, member)`.
    pub(crate) alarms: BTreeSet<(i32, u64)>,
    /// Current versions that kept an earlier value: where it was written.
    pub(crate) origins: BTreeMap<At, At>,
    /// Bytes of the current keys and their values.
    pub(crate) bytes: u64,
    pub(crate) space: Space,
}

impl Default for State {
    fn default() -> State {
        State {
            index: Index::default(),
            leases: Leases::default(),
            revision: 1,
            compacted: NEVER,
            alarms: BTreeSet::new(),
            origins: BTreeMap::new(),
            bytes: 0,
            space: Space::default(),
        }
    }
}

/// How many bytes of changes were written, and how many of them are superseded: what decides when to reclaim.
#[derive(Default)]
pub(crate) struct Space {
    pub(crate) written: u64,
    pub(crate) superseded: u64,
    samples: VecDeque<Compaction>,
}

impl Space {
    /// What was written and superseded up to `revision`, about.
    pub(crate) fn upto(&mut self, revision: i64, current: i64) -> Compaction {
        let now = Compaction { revision, written: self.written, superseded: self.superseded };
        if revision >= current {
            self.samples.clear();
            return now;
        }
        let mut found = None;
        while self.samples.front().is_some_and(|sample| sample.revision <= revision) {
            found = self.samples.pop_front();
        }
        let Some(found) = found else { return Compaction { revision, written: 0, superseded: 0 } };
        Compaction { revision, ..found }
    }

    pub(crate) fn sample(&mut self, revision: i64) {
        let last = self.samples.back().map_or(0, |sample| sample.written);
        if self.written.saturating_sub(last) >= SPACE_SAMPLE_BYTES {
            self.samples.push_back(Compaction { revision, written: self.written, superseded: self.superseded });
        }
    }
}

impl State {
    /// The revision that a read asks for: 0 or less is the latest.
    pub(crate) fn readable(&self, revision: i64) -> Result<i64> {
        if revision > self.revision {
            return Err(future_revision());
        }
        if revision <= 0 {
            return Ok(self.revision);
        }
        if revision < self.compacted {
            return Err(compacted());
        }
        Ok(revision)
    }

    pub(crate) fn has_alarm(&self, alarm: i32) -> bool {
        self.alarms.range((alarm, 0)..=(alarm, u64::MAX)).next().is_some()
    }

    /// The ranks of the current keys in `span`.
    pub(crate) fn ranks(&self, span: &Span) -> std::ops::Range<usize> {
        if is_one_key(span) {
            return match self.index.get(&span.key) {
                Some(_) => {
                    let rank = self.index.rank(&span.key);
                    rank..rank + 1
                }
                None => 0..0,
            };
        }
        let from = self.index.rank(&span.key);
        let to = end_of(span).map_or(self.index.len(), |end| self.index.rank(end));
        from..to.max(from)
    }

    /// How many current keys `span` holds.
    pub(crate) fn count(&self, span: &Span) -> usize {
        if is_one_key(span) { usize::from(self.index.get(&span.key).is_some()) } else { self.ranks(span).len() }
    }

    /// Current keys by rank, their bytes in one buffer.
    pub(crate) fn items(&self, ranks: std::ops::Range<usize>) -> Vec<Item> {
        let most = ranks.len();
        let bytes = self.index.at_rank(ranks.start, most).map(|(key, _)| key.len()).sum();
        let mut buffer = BytesMut::with_capacity(bytes);
        let mut items = Vec::with_capacity(most);
        for (key, meta) in self.index.at_rank(ranks.start, most) {
            buffer.extend_from_slice(key);
            items.push((buffer.split().freeze(), meta));
        }
        items
    }

    /// All current keys in `span`.
    pub(crate) fn items_of(&self, span: &Span) -> Vec<Item> {
        if is_one_key(span) {
            return self.index.get(&span.key).map(|meta| (span.key.clone(), meta)).into_iter().collect();
        }
        self.items(self.ranks(span))
    }
}

pub(crate) fn is_one_key(span: &Span) -> bool {
    span.range_end.is_empty()
}

/// The first key beyond a span of several keys; `None` if it has no end.
pub(crate) fn end_of(span: &Span) -> Option<&[u8]> {
    if span.range_end[..] == [0] { None } else { Some(&span.range_end) }
}

pub(crate) fn contains(span: &Span, key: &[u8]) -> bool {
    if is_one_key(span) {
        return key == &span.key[..];
    }
    key >= &span.key[..] && end_of(span).is_none_or(|end| key < end)
}
