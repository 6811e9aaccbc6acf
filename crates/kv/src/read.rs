//! Ranges at the latest and at old revisions.
//!
//! The fast path selects keys under one hold of the lock and answers from memory. Anything larger or older is read at a fixed
//! revision under a pin, in slices: the lock is held for about a thousand keys at a time, and what changed since that
//! revision is found among the superseded versions.

use base::Result;
use bytes::Bytes;
use table::Direction;

use crate::{
    error::damaged,
    index::Meta,
    limits::{CHUNK_KEYS, SLICE_KEYS, WARM_KEYS_MAX},
    machine::{Cold, Inner},
    record::{At, decode_superseded, superseded_of},
    request::{KeyValue, RangeReply, RangeRequest, Span},
    select::{
        Selected, arrange, cost, finish_by_value, has_leases, is_by_value, is_in_key_order, key_value, limit_of, needs_values,
        passes, select, wanted,
    },
    state::{Item, State, end_of, is_one_key},
};

/// What a walk over keys is told after each.
pub(crate) enum Walk {
    On,
    Stop,
}

/// Some neighbouring current keys, and the first key after them.
struct Slice {
    items: Vec<Item>,
    next: Option<Bytes>,
    /// Nothing changed since the revision that is read.
    is_exact: bool,
}

impl Inner {
    pub(crate) fn range(&self, request: &RangeRequest, cold: Cold) -> Option<Result<(RangeReply, i64)>> {
        let state = self.state.read();
        let header = state.revision;
        let at = match state.readable(request.revision) {
            Ok(at) => at,
            Err(error) => return Some(Err(error)),
        };
        let is_quick = cost(&state, request) <= WARM_KEYS_MAX && (at == state.revision || is_unchanged_key(&state, request, at));
        if !is_quick && cold == Cold::Refuse {
            return None;
        }
        let selected = is_quick.then(|| select(&state, request));
        let pin = (cold == Cold::Allow).then(|| self.pins.pin(at));
        drop(state);
        let reply = match selected {
            Some(selected) => self.fill(request, selected, cold)?,
            None => self.range_pinned(request, at),
        };
        drop(pin);
        Some(reply.map(|reply| (reply, header)))
    }

    /// The answer with values. `None`: memory lacks one, and the disk is refused; else the caller holds a pin.
    pub(crate) fn fill(&self, request: &RangeRequest, selected: Selected, cold: Cold) -> Option<Result<RangeReply>> {
        let count = i64::try_from(selected.count).expect("keys fit into memory");
        let mut reply = RangeReply { kvs: Vec::with_capacity(selected.items.len()), more: selected.more, count };
        for (key, mut meta) in selected.items {
            let value = if !needs_values(request) {
                Bytes::new()
            } else if let Some(value) = self.values.warm(&meta) {
                value
            } else if cold == Cold::Refuse {
                return None;
            } else {
                match self.values.load(&key, &meta) {
                    Ok(value) => value,
                    Err(error) => return Some(Err(error)),
                }
            };
            if !has_leases(request) {
                meta.lease = 0;
            }
            reply.kvs.push(key_value(key, &meta, value));
        }
        if is_by_value(request) {
            finish_by_value(request, &mut reply);
        }
        Some(Ok(reply))
    }

    fn fill_cold(&self, request: &RangeRequest, selected: Selected) -> Result<RangeReply> {
        self.fill(request, selected, Cold::Allow).expect("a read that may wait for the disk has an answer")
    }

    /// A range at a revision under a pin that the caller holds.
    pub(crate) fn range_pinned(&self, request: &RangeRequest, at: i64) -> Result<RangeReply> {
        let known = self.count_now(&request.span, at);
        if let (Some(count), true) = (known, request.count_only) {
            return self.fill_cold(request, Selected { count, ..Selected::default() });
        }
        let most = if request.count_only { 0 } else { wanted(request) };
        let (mut items, mut count) = (Vec::new(), 0);
        self.walk(at, &request.span, &mut |key, meta| {
            count += 1;
            if items.len() < most {
                items.push((key, meta));
            }
            Ok(if known.is_some() && items.len() >= most { Walk::Stop } else { Walk::On })
        })?;
        self.fill_cold(request, arrange(request, items, known.unwrap_or(count)))
    }

    pub(crate) fn range_chunks(
        &self,
        request: &RangeRequest,
        chunk_bytes: usize,
        chunk: &mut dyn FnMut(RangeReply, i64) -> bool,
    ) -> Result<()> {
        let (header, at, _pin) = {
            let state = self.state.read();
            let at = state.readable(request.revision)?;
            (state.revision, at, self.pins.pin(at))
        };
        let mut parts = Parts { inner: self, request, chunk_bytes, chunk, header, part: RangeReply::default(), bytes: 0 };
        if !is_in_key_order(request) || request.count_only {
            let whole = self.range_pinned(request, at)?;
            if parts.tell(whole.kvs) {
                parts.end(whole.count, whole.more);
            }
            return Ok(());
        }
        parts.stream(at)
    }

    /// How many keys `span` holds, if `at` is still the latest revision.
    fn count_now(&self, span: &Span, at: i64) -> Option<usize> {
        let state = self.state.read();
        (state.revision == at).then(|| state.count(span))
    }

    /// Calls `each` for every key of `span` as it was at `at`, ascending, with no lock held. The caller holds a pin.
    pub(crate) fn walk(&self, at: i64, span: &Span, each: &mut dyn FnMut(Bytes, Meta) -> Result<Walk>) -> Result<()> {
        if is_one_key(span) {
            if let Some(meta) = self.key_at(&span.key, at)? {
                each(span.key.clone(), meta)?;
            }
            return Ok(());
        }
        let mut from = span.key.clone();
        loop {
            let slice = self.slice(&from, span, at);
            let items = if slice.is_exact {
                slice.items
            } else {
                let end = slice.next.as_deref().or(end_of(span));
                merge(slice.items, self.superseded(&from, end, at)?, at)
            };
            for (key, meta) in items {
                if let Walk::Stop = each(key, meta)? {
                    return Ok(());
                }
            }
            match slice.next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    fn slice(&self, from: &Bytes, span: &Span, at: i64) -> Slice {
        let state = self.state.read();
        let rest = state.ranks(&Span { key: from.clone(), range_end: span.range_end.clone() });
        let cut = rest.end.min(rest.start + SLICE_KEYS);
        let mut items = state.items(rest.start..(cut + 1).min(rest.end));
        let next = (items.len() > SLICE_KEYS).then(|| items.pop()).flatten();
        Slice { items, next: next.map(|(key, _)| Bytes::copy_from_slice(&key)), is_exact: state.revision == at }
    }

    /// The superseded versions of the keys `[from, to)` that were current at `at`, ascending.
    fn superseded(&self, from: &[u8], to: Option<&[u8]>, at: i64) -> Result<Vec<Item>> {
        if to.is_some_and(|to| to <= from) {
            return Ok(Vec::new());
        }
        let (from, to) = self.keys.superseded_span(from, to);
        let mut items = Vec::new();
        for pair in self.table.range(from, to, Direction::Forward) {
            let (table_key, record) = pair?;
            let (key, end, meta) = read_superseded(&table_key, &record)?;
            if meta.main <= at && end > at {
                items.push((key, meta));
            }
        }
        Ok(items)
    }

    /// One key as it was at `at`. The caller holds a pin.
    pub(crate) fn key_at(&self, key: &Bytes, at: i64) -> Result<Option<Meta>> {
        let current = self.state.read().index.get(key);
        if let Some(meta) = current
            && meta.main <= at
        {
            return Ok(Some(meta));
        }
        let (from, to) = self.keys.superseded_upto(key, At { main: at, sub: u32::MAX - 1 });
        let Some(last) = self.table.range(from, to, Direction::Backward).next() else { return Ok(None) };
        let (table_key, record) = last?;
        let (_, end, meta) = read_superseded(&table_key, &record)?;
        Ok((end > at).then_some(meta))
    }
}

/// Whether a request names one key that has not changed since `at`.
fn is_unchanged_key(state: &State, request: &RangeRequest, at: i64) -> bool {
    is_one_key(&request.span) && state.index.get(&request.span.key).is_some_and(|meta| meta.main <= at)
}

pub(crate) fn read_superseded(table_key: &Bytes, record: &Bytes) -> Result<(Bytes, i64, Meta)> {
    superseded_of(table_key)
        .and_then(|(key, at)| decode_superseded(record, at).map(|(end, meta)| (key, end, meta)))
        .ok_or_else(|| damaged("the record of a superseded version cannot be read"))
}

/// Current keys that are as they were at `at`, and superseded versions of that moment. A key that was superseded between
/// the two readings is in both, as the same version.
fn merge(current: Vec<Item>, superseded: Vec<Item>, at: i64) -> Vec<Item> {
    let mut merged = Vec::with_capacity(current.len() + superseded.len());
    let mut old = superseded.into_iter().peekable();
    for item in current.into_iter().filter(|(_, meta)| meta.main <= at) {
        while let Some(before) = old.next_if(|(key, _)| *key < item.0) {
            merged.push(before);
        }
        old.next_if(|(key, _)| *key == item.0);
        merged.push(item);
    }
    merged.extend(old);
    merged
}

/// Cuts an answer into parts.
struct Parts<'a> {
    inner: &'a Inner,
    request: &'a RangeRequest,
    chunk_bytes: usize,
    chunk: &'a mut dyn FnMut(RangeReply, i64) -> bool,
    header: i64,
    part: RangeReply,
    bytes: usize,
}

impl Parts<'_> {
    /// Reads the values of some keys into the part at hand. `false`: nobody listens any more.
    fn take(&mut self, items: Vec<Item>) -> Result<bool> {
        let reply = self.inner.fill_cold(self.request, Selected { items, ..Selected::default() })?;
        Ok(self.tell(reply.kvs))
    }

    fn tell(&mut self, kvs: Vec<KeyValue>) -> bool {
        for kv in kvs {
            if self.bytes >= self.chunk_bytes && !self.part.kvs.is_empty() {
                self.bytes = 0;
                if !(self.chunk)(std::mem::take(&mut self.part), self.header) {
                    return false;
                }
            }
            self.bytes += kv.key.len() + kv.value.len();
            self.part.kvs.push(kv);
        }
        true
    }

    fn end(mut self, count: i64, more: bool) {
        self.part.count = count;
        self.part.more = more;
        (self.chunk)(self.part, self.header);
    }

    /// Key order: reads and tells as it goes.
    fn stream(mut self, at: i64) -> Result<()> {
        let known = self.inner.count_now(&self.request.span, at);
        let (limit, mut passed, mut count, mut waiting) = (limit_of(self.request), 0, 0, Vec::new());
        let mut listened = true;
        let (inner, request) = (self.inner, self.request);
        inner.walk(at, &request.span, &mut |key, meta| {
            count += 1;
            if passes(request, &meta) {
                passed += 1;
                if passed <= limit {
                    waiting.push((key, meta));
                }
            }
            if waiting.len() >= CHUNK_KEYS {
                listened = self.take(std::mem::take(&mut waiting))?;
            }
            Ok(if !listened || (known.is_some() && passed > limit) { Walk::Stop } else { Walk::On })
        })?;
        if listened && self.take(waiting)? {
            let count = i64::try_from(known.unwrap_or(count)).expect("keys fit into memory");
            self.end(count, passed > limit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_found_twice_is_told_once() {
        let item = |key: &'static str, main| (Bytes::from(key), Meta { main, ..Meta::default() });
        let current = vec![item("b", 2), item("c", 9), item("d", 3)];
        let superseded = vec![item("a", 1), item("b", 2), item("c", 4), item("e", 5)];
        let merged = merge(current, superseded, 5);
        assert_eq!(merged, [item("a", 1), item("b", 2), item("c", 4), item("d", 3), item("e", 5)]);
    }
}
