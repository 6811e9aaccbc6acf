//! Answers that apply could not finish without the disk.
//!
//! Apply knows every key's metadata but not every value. It leaves the values that memory lacks, and reads at old
//! revisions, as debts: [`Debts`] gathers them while an answer is put together, in the order in which its key-value pairs
//! appear, and [`Owed`] carries them with a pin that keeps what they need. [`Inner::resolve`] pays them.

use std::sync::Arc;

use base::Result;
use bytes::Bytes;

use crate::{
    command::Reply,
    index::Meta,
    machine::{Cold, Inner},
    pins::Pin,
    request::{KeyValue, OperationReply, RangeReply, RangeRequest, TxnReply},
    select::{Selected, finish_by_value, has_leases, is_by_value, key_value, needs_values},
};

/// A value that an answer lacks.
#[derive(Debug)]
struct Debt {
    /// Which of the answer's key-value pairs.
    place: usize,
    meta: Meta,
}

/// What is left to do for one range of an answer.
#[derive(Debug)]
struct Unfinished {
    /// Which of the answer's ranges.
    place: usize,
    request: RangeRequest,
    /// Read at this revision; otherwise order by value.
    at: Option<i64>,
}

/// An answer that may still owe values, which are read after apply under a pinned revision.
#[derive(Debug)]
pub struct Owed {
    reply: Reply,
    values: Vec<Debt>,
    ranges: Vec<Unfinished>,
    /// Where what is owed is read, if anything is.
    state: Option<(Arc<Inner>, Pin)>,
    stale: bool,
}

impl Owed {
    pub(crate) fn ready(reply: Reply) -> Owed {
        Owed { reply, values: Vec::new(), ranges: Vec::new(), state: None, stale: false }
    }

    /// Nothing was done, since a witness no longer held.
    pub(crate) fn stale() -> Owed {
        Owed { stale: true, ..Owed::ready(Reply::Done) }
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }

    /// The answer, of which nothing is owed.
    pub(crate) fn into_reply(self) -> Reply {
        self.reply
    }

    pub(crate) fn state(&self) -> Option<Arc<Inner>> {
        self.state.as_ref().map(|(inner, _)| inner.clone())
    }
}

/// Gathers what an answer lacks while it is put together.
pub(crate) struct Debts<'a> {
    inner: &'a Arc<Inner>,
    pairs: usize,
    ranges: usize,
    values: Vec<Debt>,
    unfinished: Vec<Unfinished>,
    /// The lowest revision at which everything owed can be read.
    lowest: i64,
}

impl<'a> Debts<'a> {
    /// `revision`: the current one before the command.
    pub(crate) fn new(inner: &'a Arc<Inner>, revision: i64) -> Debts<'a> {
        Debts { inner, pairs: 0, ranges: 0, values: Vec::new(), unfinished: Vec::new(), lowest: revision }
    }

    /// The next pair of the answer, with its value if memory has it.
    pub(crate) fn pair(&mut self, key: Bytes, meta: &Meta) -> KeyValue {
        let value = self.inner.values.warm(meta);
        if value.is_none() {
            self.values.push(Debt { place: self.pairs, meta: *meta });
        }
        self.pairs += 1;
        key_value(key, meta, value.unwrap_or_default())
    }

    /// The next range of the answer, from what was selected for it.
    pub(crate) fn range(&mut self, request: &RangeRequest, selected: Selected) -> RangeReply {
        let mut reply = RangeReply { kvs: Vec::with_capacity(selected.items.len()), more: selected.more, count: 0 };
        reply.count = i64::try_from(selected.count).expect("keys fit into memory");
        for (key, mut meta) in selected.items {
            if !has_leases(request) {
                meta.lease = 0;
            }
            reply.kvs.push(if needs_values(request) {
                self.pair(key, &meta)
            } else {
                self.pairs += 1;
                key_value(key, &meta, Bytes::new())
            });
        }
        if is_by_value(request) {
            self.unfinished.push(Unfinished { place: self.ranges, request: request.clone(), at: None });
        }
        self.ranges += 1;
        reply
    }

    /// The next range of the answer, all of which is read later at `revision`.
    pub(crate) fn old_range(&mut self, request: &RangeRequest, revision: i64) -> RangeReply {
        self.unfinished.push(Unfinished { place: self.ranges, request: request.clone(), at: Some(revision) });
        self.ranges += 1;
        self.lowest = self.lowest.min(revision);
        RangeReply::default()
    }

    pub(crate) fn owe(self, reply: Reply) -> Owed {
        let owes = !self.values.is_empty() || !self.unfinished.is_empty();
        let state = owes.then(|| (self.inner.clone(), self.inner.pins.pin(self.lowest)));
        Owed { reply, values: self.values, ranges: self.unfinished, state, stale: false }
    }
}

/// One part of an answer.
enum Part<'a> {
    Pair(&'a mut KeyValue),
    Range(&'a mut RangeReply),
}

/// Calls `look` for the pairs and the ranges of an answer in the order in which apply made them; a range comes after its pairs.
fn visit<'a>(reply: &'a mut Reply, look: &mut dyn FnMut(Part<'a>)) {
    match reply {
        Reply::Put(put) => put.prev_kv.iter_mut().for_each(|kv| look(Part::Pair(kv))),
        Reply::Delete(delete) => delete.prev_kvs.iter_mut().for_each(|kv| look(Part::Pair(kv))),
        Reply::Txn(txn) => visit_txn(txn, look),
        Reply::LeaseGrant { .. } | Reply::Done | Reply::Alarms(_) => {}
    }
}

fn visit_txn<'a>(txn: &'a mut TxnReply, look: &mut dyn FnMut(Part<'a>)) {
    for reply in &mut txn.replies {
        match reply {
            OperationReply::Range(range) => look(Part::Range(range)),
            OperationReply::Put(put) => put.prev_kv.iter_mut().for_each(|kv| look(Part::Pair(kv))),
            OperationReply::Delete(delete) => delete.prev_kvs.iter_mut().for_each(|kv| look(Part::Pair(kv))),
            OperationReply::Txn(inner) => visit_txn(inner, look),
        }
    }
}

/// The pairs of an answer that are owed a value, in the order of the debts.
fn owed_pairs<'a>(reply: &'a mut Reply, debts: &[Debt]) -> Vec<&'a mut KeyValue> {
    let (mut pairs, mut place, mut debts) = (Vec::with_capacity(debts.len()), 0, debts.iter().peekable());
    let mut pair = |kv: &'a mut KeyValue| {
        if debts.next_if(|debt| debt.place == place).is_some() {
            pairs.push(kv);
        }
        place += 1;
    };
    visit(reply, &mut |part| match part {
        Part::Pair(kv) => pair(kv),
        Part::Range(range) => range.kvs.iter_mut().for_each(&mut pair),
    });
    pairs
}

impl Inner {
    #[expect(clippy::result_large_err, reason = "what is owed moves back to the caller")]
    pub(crate) fn resolve(&self, mut owed: Owed, cold: Cold) -> std::result::Result<Result<Reply>, Owed> {
        let ranges = match self.read_old_ranges(&owed, cold) {
            Some(Ok(ranges)) => ranges,
            Some(Err(error)) => return Ok(Err(error)),
            None => return Err(owed),
        };
        if cold == Cold::Refuse && owed.values.iter().any(|debt| self.values.warm(&debt.meta).is_none()) {
            return Err(owed);
        }
        for (pair, debt) in owed_pairs(&mut owed.reply, &owed.values).into_iter().zip(&owed.values) {
            match self.values.warm(&debt.meta).map_or_else(|| self.values.load(&pair.key, &debt.meta), Ok) {
                Ok(value) => pair.value = value,
                Err(error) => return Ok(Err(error)),
            }
        }
        let (mut place, mut unfinished) = (0, owed.ranges.into_iter().zip(ranges).peekable());
        visit(&mut owed.reply, &mut |part| {
            let Part::Range(range) = part else { return };
            if let Some((todo, read)) = unfinished.next_if(|(todo, _)| todo.place == place) {
                match read {
                    Some(read) => *range = read,
                    None => finish_by_value(&todo.request, range),
                }
            }
            place += 1;
        });
        Ok(Ok(owed.reply))
    }

    /// The ranges at old revisions; `None` in their row for those that only want ordering.
    fn read_old_ranges(&self, owed: &Owed, cold: Cold) -> Option<Result<Vec<Option<RangeReply>>>> {
        let mut read = Vec::with_capacity(owed.ranges.len());
        for todo in &owed.ranges {
            read.push(match todo.at {
                None => None,
                Some(_) if cold == Cold::Refuse => return None,
                Some(at) => match self.range_pinned(&todo.request, at) {
                    Ok(reply) => Some(reply),
                    Err(error) => return Some(Err(error)),
                },
            });
        }
        Some(Ok(read))
    }
}
