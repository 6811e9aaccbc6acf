//! What etcd refuses before anything is proposed, with etcd's texts (`api/v3rpc/key.go`).

use std::collections::{BTreeMap, HashSet};

use base::{Error, Kind, Result};
use bytes::Bytes;

use crate::{
    limits::ENVELOPE_BYTES,
    pb::{self, range_request, request_op::Request as Op},
};

fn invalid(text: &'static str) -> Error {
    Error::new(Kind::Invalid, text)
}

fn has_key(key: &Bytes) -> Result<()> {
    if key.is_empty() { Err(invalid("etcdserver: key is not provided")) } else { Ok(()) }
}

/// A request that goes through the log is at most so large; `bytes` is its encoding's length.
pub fn size(bytes: usize, bytes_max: usize) -> Result<()> {
    if bytes + ENVELOPE_BYTES > bytes_max { Err(invalid("etcdserver: request is too large")) } else { Ok(()) }
}

/// A read names a key and known sort options.
pub fn range(request: &pb::RangeRequest) -> Result<()> {
    has_key(&request.key)?;
    let order = range_request::SortOrder::try_from(request.sort_order);
    let target = range_request::SortTarget::try_from(request.sort_target);
    if order.is_err() || target.is_err() { Err(invalid("etcdserver: invalid sort option")) } else { Ok(()) }
}

/// A streamed read is in key order and without revision filters.
pub fn range_stream(request: &pb::RangeRequest) -> Result<()> {
    use range_request::{SortOrder, SortTarget};
    range(request)?;
    let by_key = request.sort_order() == SortOrder::None
        || (request.sort_target() == SortTarget::Key && request.sort_order() == SortOrder::Ascend);
    if !by_key {
        return Err(Error::new(Kind::Unsupported, "RangeStream does not support custom sort orders"));
    }
    let filters = [request.min_mod_revision, request.max_mod_revision, request.min_create_revision, request.max_create_revision];
    if filters != [0; 4] {
        return Err(Error::new(Kind::Unsupported, "RangeStream does not support revision filters"));
    }
    Ok(())
}

/// A write names a key, and gives nothing that it also asks to keep.
pub fn put(request: &pb::PutRequest) -> Result<()> {
    has_key(&request.key)?;
    if request.ignore_value && !request.value.is_empty() {
        return Err(invalid("etcdserver: value is provided"));
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(invalid("etcdserver: lease is provided"));
    }
    Ok(())
}

/// A deletion names a key.
pub fn delete(request: &pb::DeleteRangeRequest) -> Result<()> {
    has_key(&request.key)
}

/// What a member's peer URLs say: `host:port`. A member of ours has one.
pub fn peer_urls(urls: &[String]) -> Result<String> {
    let [url] = urls else { return Err(invalid_urls()) };
    let rest = url.trim();
    let rest = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("https://")).ok_or_else(invalid_urls)?;
    let (host, port) = rest.rsplit_once(':').ok_or_else(invalid_urls)?;
    let (bare, is_bracketed) = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(bare) => (bare, true),
        None => (host, false),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || (is_bracketed && b":%".contains(&byte));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0);
    if bare.is_empty() || !bare.bytes().all(is_host) || !is_port { Err(invalid_urls()) } else { Ok(rest.to_owned()) }
}

fn invalid_urls() -> Error {
    invalid("etcdserver: given member URLs are invalid")
}

/// A transaction: its operations one by one, their number along every path, and that no key is changed twice.
pub fn txn(request: &pb::TxnRequest, ops_max: usize) -> Result<()> {
    operations(request, ops_max)?;
    changed(&request.success)?;
    changed(&request.failure)?;
    Ok(())
}

fn operations(request: &pb::TxnRequest, ops_max: usize) -> Result<()> {
    let ops = request.compare.len().max(request.success.len()).max(request.failure.len());
    if ops > ops_max {
        return Err(invalid("etcdserver: too many operations in txn request"));
    }
    request.compare.iter().try_for_each(|compare| has_key(&compare.key))?;
    request.success.iter().chain(&request.failure).try_for_each(|operation| match &operation.request {
        Some(Op::RequestRange(inner)) => range(inner),
        Some(Op::RequestPut(inner)) => put(inner),
        Some(Op::RequestDeleteRange(inner)) => delete(inner),
        Some(Op::RequestTxn(inner)) => operations(inner, ops_max - ops),
        None => Err(invalid("etcdserver: key not found")),
    })
}

/// What a list of operations changes: keys written, and spans deleted.
#[derive(Default)]
struct Changed {
    puts: HashSet<Bytes>,
    deletes: Deletes,
}

/// Spans deleted, merged where they touch: start to end.
#[derive(Default)]
struct Deletes(BTreeMap<Bytes, Bytes>);

impl Deletes {
    /// An end of one zero byte is taken as it stands, as etcd does here: such a deletion overlaps nothing.
    fn add(&mut self, request: &pb::DeleteRangeRequest) {
        let end = if request.range_end.is_empty() {
            let mut next = request.key.to_vec();
            next.push(0);
            Bytes::from(next)
        } else {
            request.range_end.clone()
        };
        self.insert(request.key.clone(), end);
    }

    fn insert(&mut self, mut from: Bytes, mut to: Bytes) {
        if to <= from {
            return;
        }
        while let Some((start, end)) = self.0.range(..=to.clone()).next_back().map(|(start, end)| (start.clone(), end.clone())) {
            if end < from {
                break;
            }
            self.0.remove(&start);
            from = from.min(start);
            to = to.max(end);
        }
        self.0.insert(from, to);
    }

    fn hold(&self, key: &Bytes) -> bool {
        self.0.range(..=key.clone()).next_back().is_some_and(|(_, end)| key < end)
    }
}

/// Walks a branch as etcd's `checkIntervals` does: this level's deletions first, then the branches inside, of which only one
/// will run, then this level's writes. A key written twice, or written where something is deleted, is refused.
fn changed(operations: &[pb::RequestOp]) -> Result<Changed> {
    let mut all = Changed::default();
    for operation in operations {
        if let Some(Op::RequestDeleteRange(delete)) = &operation.request {
            all.deletes.add(delete);
        }
    }
    for operation in operations {
        if let Some(Op::RequestTxn(inner)) = &operation.request {
            let (then, otherwise) = (changed(&inner.success)?, changed(&inner.failure)?);
            all.merge(then, otherwise)?;
        }
    }
    for operation in operations {
        if let Some(Op::RequestPut(put)) = &operation.request {
            all.write(put.key.clone(), None)?;
        }
    }
    Ok(all)
}

impl Changed {
    /// Notes a write. That a key was written before is harmless if it was only in the branch that does not run with this one.
    fn write(&mut self, key: Bytes, other_branch: Option<&HashSet<Bytes>>) -> Result<()> {
        let twice = self.puts.contains(&key) && !other_branch.is_some_and(|other| other.contains(&key));
        if twice || self.deletes.hold(&key) {
            return Err(invalid("etcdserver: duplicate key given in txn request"));
        }
        self.puts.insert(key);
        Ok(())
    }

    fn merge(&mut self, then: Changed, otherwise: Changed) -> Result<()> {
        for key in &then.puts {
            self.write(key.clone(), None)?;
        }
        for key in otherwise.puts {
            self.write(key, Some(&then.puts))?;
        }
        for (from, to) in then.deletes.0.into_iter().chain(otherwise.deletes.0) {
            self.deletes.insert(from, to);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
