//! Transactions that only read, and what the proposer of a VALUE compare looks at.

use base::{Error, Kind, Result};

use crate::{
    index::Meta,
    machine::{Cold, Inner},
    request::{Compare, CompareTarget, Operation, OperationReply, RangeReply, RangeRequest, Txn, TxnReply, Witness},
    select::{cost, select},
    state::State,
    txn::{Path, branch, check, holds_for, satisfies},
};

/// Reads a range for a transaction; `None`: memory lacks something, and the disk is refused.
type Look<'a> = &'a dyn Fn(&RangeRequest) -> Option<Result<RangeReply>>;

/// Takes the good out of `Option<Result<T>>`, and leaves the function otherwise.
macro_rules! known {
    ($answer:expr) => {
        match $answer {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Some(Err(error)),
            None => return None,
        }
    };
}

impl Inner {
    pub(crate) fn read_txn(&self, txn: &Txn, cold: Cold) -> Option<Result<(TxnReply, i64)>> {
        let state = self.state.read();
        let revision = state.revision;
        if cold == Cold::Refuse {
            let path = known!(decide(txn, &|request| self.look(&state, request)));
            if let Err(error) = check(&state, txn, &path) {
                return Some(Err(error));
            }
            let reply = known!(execute(txn, &path, &|request| self.look(&state, request)));
            return Some(Ok((reply, revision)));
        }
        // Whatever is readable now stays readable.
        let _pin = self.pins.pin(state.compacted.max(0));
        let mark = state.compacted;
        drop(state);
        let at_latest = |request: &RangeRequest| {
            let at = if request.revision <= 0 { revision } else { request.revision };
            Some(self.range_pinned(request, at))
        };
        let path = known!(decide(txn, &at_latest));
        // The checks name no keys, only the two revisions.
        let then = State { revision, compacted: mark, ..State::default() };
        if let Err(error) = check(&then, txn, &path) {
            return Some(Err(error));
        }
        let reply = known!(execute(txn, &path, &at_latest));
        Some(Ok((reply, revision)))
    }

    /// A range from memory under the lock.
    fn look(&self, state: &State, request: &RangeRequest) -> Option<Result<RangeReply>> {
        let is_latest = request.revision <= 0 || request.revision == state.revision;
        let is_small = cost(state, request) <= crate::limits::WARM_KEYS_MAX;
        if is_latest && is_small { self.fill(request, select(state, request), Cold::Refuse) } else { None }
    }

    pub(crate) fn witness(&self, txn: &mut Txn, cold: Cold) -> Option<Result<()>> {
        for compare in &mut txn.compare {
            if let CompareTarget::Value { .. } = compare.target {
                let seen = known!(self.see(compare, cold));
                if let CompareTarget::Value { witness, .. } = &mut compare.target {
                    *witness = Some(seen);
                }
            }
        }
        for operation in txn.success.iter_mut().chain(&mut txn.failure) {
            if let Operation::Txn(inner) = operation {
                known!(self.witness(inner, cold));
            }
        }
        Some(Ok(()))
    }

    fn see(&self, compare: &Compare, cold: Cold) -> Option<Result<Witness>> {
        let request = RangeRequest { span: compare.span.clone(), ..RangeRequest::default() };
        let (reply, _) = known!(self.range(&request, cold));
        Some(Ok(Witness {
            count: reply.kvs.len() as u64,
            mod_revision: reply.kvs.iter().map(|kv| kv.mod_revision).max().unwrap_or(0),
            holds: holds_for_all(compare, &reply),
        }))
    }
}

fn decide(txn: &Txn, look: Look<'_>) -> Option<Result<Path>> {
    let mut holds = true;
    for compare in &txn.compare {
        // Reading keys alone leaves leases out.
        let needs_more = matches!(compare.target, CompareTarget::Value { .. } | CompareTarget::Lease(_));
        let request = RangeRequest { span: compare.span.clone(), keys_only: !needs_more, ..RangeRequest::default() };
        if !holds_for_all(compare, &known!(look(&request))) {
            holds = false;
            break;
        }
    }
    let mut inner = Vec::new();
    for operation in branch(txn, holds) {
        if let Operation::Txn(txn) = operation {
            inner.push(known!(decide(txn, look)));
        }
    }
    Some(Ok(Path { holds, inner }))
}

/// Whether a compare holds for every pair read; without any, a VALUE compare does not and others see zeros.
fn holds_for_all(compare: &Compare, reply: &RangeReply) -> bool {
    if let CompareTarget::Value { value, .. } = &compare.target {
        return !reply.kvs.is_empty() && reply.kvs.iter().all(|kv| satisfies(compare.comparison, kv.value.cmp(value)));
    }
    if reply.kvs.is_empty() {
        return holds_for(compare, &Meta::default());
    }
    reply.kvs.iter().all(|kv| {
        let meta =
            Meta { create: kv.create_revision, main: kv.mod_revision, version: kv.version, lease: kv.lease, ..Meta::default() };
        holds_for(compare, &meta)
    })
}

fn execute(txn: &Txn, path: &Path, look: Look<'_>) -> Option<Result<TxnReply>> {
    let mut inner = path.inner.iter();
    let mut replies = Vec::new();
    for operation in branch(txn, path.holds) {
        replies.push(match operation {
            Operation::Range(range) => OperationReply::Range(known!(look(range))),
            Operation::Txn(txn) => {
                let path = inner.next().expect("a path has every transaction of its branch");
                OperationReply::Txn(known!(execute(txn, path, look)))
            }
            Operation::Put(_) | Operation::Delete(_) => {
                let message = "a transaction that writes was given to a reader: propose it instead";
                return Some(Err(Error::new(Kind::Invalid, message)));
            }
        });
    }
    Some(Ok(TxnReply { succeeded: path.holds, replies }))
}
