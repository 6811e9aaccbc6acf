//! Transactions: all compares first, then all checks, then the operations.

use base::Result;

use crate::{
    apply::{check_put, delete_span, put_one},
    error::{compacted, future_revision},
    index::Meta,
    owed::Debts,
    request::{Compare, CompareTarget, Comparison, Operation, OperationReply, RangeReply, RangeRequest, Txn, TxnReply, Witness},
    select::select,
    state::{State, is_one_key},
    writer::Writer,
};

/// Which branch a transaction takes, and the transactions inside that branch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) holds: bool,
    pub(crate) inner: Vec<Path>,
}

/// A witness does not say what the state now is.
#[derive(Debug)]
pub(crate) struct Stale;

/// The operations of the branch taken.
pub(crate) fn branch(txn: &Txn, holds: bool) -> &[Operation] {
    if holds { &txn.success } else { &txn.failure }
}

/// Evaluates every compare on the way, nested ones too, against the state before the transaction.
pub(crate) fn decide(state: &State, txn: &Txn) -> std::result::Result<Path, Stale> {
    let mut holds = true;
    for compare in &txn.compare {
        if !compare_holds(state, compare)? {
            holds = false;
            break;
        }
    }
    let mut inner = Vec::new();
    for operation in branch(txn, holds) {
        if let Operation::Txn(txn) = operation {
            inner.push(decide(state, txn)?);
        }
    }
    Ok(Path { holds, inner })
}

fn compare_holds(state: &State, compare: &Compare) -> std::result::Result<bool, Stale> {
    if let CompareTarget::Value { witness, .. } = &compare.target {
        return value_holds(state, compare, witness.as_ref());
    }
    if is_one_key(&compare.span) {
        return Ok(holds_for(compare, &state.index.get(&compare.span.key).unwrap_or_default()));
    }
    let ranks = state.ranks(&compare.span);
    if ranks.is_empty() {
        return Ok(holds_for(compare, &Meta::default()));
    }
    Ok(state.index.at_rank(ranks.start, ranks.len()).all(|(_, meta)| holds_for(compare, &meta)))
}

fn value_holds(state: &State, compare: &Compare, witness: Option<&Witness>) -> std::result::Result<bool, Stale> {
    let ranks = state.ranks(&compare.span);
    if ranks.is_empty() {
        return Ok(false);
    }
    let greatest = state.index.at_rank(ranks.start, ranks.len()).map(|(_, meta)| meta.main).max().unwrap_or(0);
    match witness {
        Some(seen) if seen.count == ranks.len() as u64 && seen.mod_revision == greatest => Ok(seen.holds),
        _ => Err(Stale),
    }
}

/// Whether a compare of anything but the value holds for a key; a missing one counts as all zero.
pub(crate) fn holds_for(compare: &Compare, meta: &Meta) -> bool {
    let (has, wanted) = match &compare.target {
        CompareTarget::Version(wanted) => (meta.version, wanted),
        CompareTarget::Create(wanted) => (meta.create, wanted),
        CompareTarget::Mod(wanted) => (meta.main, wanted),
        CompareTarget::Lease(wanted) => (meta.lease, wanted),
        CompareTarget::Value { .. } => return false,
    };
    satisfies(compare.comparison, has.cmp(wanted))
}

pub(crate) fn satisfies(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Greater => order.is_gt(),
        Comparison::Less => order.is_lt(),
    }
}

/// Everything that could fail, checked against the state before the transaction.
pub(crate) fn check(state: &State, txn: &Txn, path: &Path) -> Result<()> {
    let mut inner = path.inner.iter();
    for operation in branch(txn, path.holds) {
        match operation {
            Operation::Range(range) => check_range(state, range)?,
            Operation::Put(put) => check_put(state, put)?,
            Operation::Delete(_) => {}
            Operation::Txn(txn) => check(state, txn, inner.next().expect("a path has every transaction of its branch"))?,
        }
    }
    Ok(())
}

/// Unlike a range alone, one inside a transaction may not name a negative revision once there is a compaction mark.
fn check_range(state: &State, range: &RangeRequest) -> Result<()> {
    match range.revision {
        0 => Ok(()),
        revision if revision > state.revision => Err(future_revision()),
        revision if revision < state.compacted => Err(compacted()),
        _ => Ok(()),
    }
}

pub(crate) fn execute(writer: &mut Writer<'_>, txn: &Txn, path: &Path, debts: &mut Debts<'_>) -> TxnReply {
    let mut inner = path.inner.iter();
    let mut replies = Vec::new();
    for operation in branch(txn, path.holds) {
        replies.push(match operation {
            Operation::Range(range) => OperationReply::Range(read(writer, range, debts)),
            Operation::Put(put) => OperationReply::Put(put_one(writer, put, debts)),
            Operation::Delete(delete) => OperationReply::Delete(delete_span(writer, delete, debts)),
            Operation::Txn(txn) => {
                let path = inner.next().expect("a path has every transaction of its branch");
                OperationReply::Txn(execute(writer, txn, path, debts))
            }
        });
    }
    TxnReply { succeeded: path.holds, replies }
}

fn read(writer: &Writer<'_>, range: &RangeRequest, debts: &mut Debts<'_>) -> RangeReply {
    let is_latest = range.revision <= 0 || (range.revision == writer.state.revision && !writer.has_written());
    if is_latest { debts.range(range, select(writer.state, range)) } else { debts.old_range(range, range.revision) }
}

/// Whether a transaction could put anything: what etcd counts as its cost.
pub(crate) fn puts(txn: &Txn) -> bool {
    txn.success.iter().chain(&txn.failure).any(|operation| match operation {
        Operation::Put(_) => true,
        Operation::Txn(txn) => puts(txn),
        Operation::Range(_) | Operation::Delete(_) => false,
    })
}
