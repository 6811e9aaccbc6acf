//! Writes random sequences: few keys, so that everything collides with everything.

use super::streams::WATCH_STREAMS;
use crate::random::Random;
use crate::wire::pb;
use bytes::Bytes;
use pb::compare::{CompareResult, CompareTarget, TargetUnion};
use pb::request_op::Request;

/// The whole universe of keys. With the two that are written elsewhere it has twelve: etcd sorts no more than that in
/// an order that is defined where two are equal.
const KEYS: [&[u8]; 10] = [b"a", b"a/1", b"a/2", b"b", b"b/1", b"b\0", b"c", b"d", b"\xc3\xa9", b"\xff"];
/// Lease ids that are granted and used; the last is never granted.
const LEASES: [i64; 6] = [1, 2, 3, 77, i64::MAX, 404];
/// Reads that are in flight at once.
const READS_MAX: u64 = 6;
/// How deep transactions are nested.
const DEPTH_MAX: u32 = 3;
/// Watchers a stream may have before no more are created on it.
const WATCHERS_MAX: usize = 8;

/// One request of the sequence.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "named after the calls")]
pub enum Call {
    Range(pb::RangeRequest),
    RangeStream(pb::RangeRequest),
    Put(pb::PutRequest),
    Delete(pb::DeleteRangeRequest),
    Txn(pb::TxnRequest),
    Compact(pb::CompactionRequest),
    Grant(pb::LeaseGrantRequest),
    Revoke(pb::LeaseRevokeRequest),
    KeepAlive(pb::LeaseKeepAliveRequest),
    TimeToLive(pb::LeaseTimeToLiveRequest),
    Leases,
}

/// One step of the sequence.
#[derive(Debug, Clone)]
pub enum Step {
    /// One request that may change something, alone.
    Write(Call),
    /// Requests that change nothing, all in flight at once.
    Reads(Vec<Call>),
    /// Creates a watcher on stream number `stream`.
    Watch {
        /// Which stream; the next unused number opens one.
        stream: usize,
        /// The request.
        create: pb::WatchCreateRequest,
    },
    /// Cancels a watcher, known or unknown.
    Cancel {
        /// Which stream.
        stream: usize,
        /// Which watcher of it.
        watch_id: i64,
    },
    /// Lets every watcher catch up, and compares what they got.
    Settle,
}

impl Step {
    /// How many requests it sends.
    pub fn requests(&self) -> usize {
        match self {
            Self::Write(_) | Self::Watch { .. } | Self::Cancel { .. } => 1,
            Self::Reads(calls) => calls.len(),
            Self::Settle => 0,
        }
    }
}

/// What the author knows about where the sequence has got to.
#[derive(Debug, Clone)]
pub struct View {
    /// The store's revision.
    pub revision: i64,
    /// The last compacted revision, or 0.
    pub compacted: i64,
    /// The living watchers of each shared stream.
    pub watchers: Vec<Vec<i64>>,
    /// How many streams there are.
    pub streams: usize,
}

/// Writes the sequence of one seed.
#[derive(Debug, Clone)]
pub struct Author {
    random: Random,
    compact_next: Option<pb::CompactionRequest>,
    serial: u64,
}

impl Author {
    /// The author of `seed`'s sequence.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), compact_next: None, serial: 0 }
    }

    /// The next step.
    pub fn next(&mut self, view: &View) -> Step {
        if let Some(request) = self.compact_next.take() {
            return Step::Write(Call::Compact(request));
        }
        match self.random.below(1000) {
            0..260 => Step::Write(Call::Put(self.put())),
            260..330 => Step::Write(Call::Delete(self.delete())),
            330..480 => {
                let mut txn = self.txn(view, 0);
                if deletes(&txn) {
                    keep_nothing(&mut txn);
                }
                Step::Write(Call::Txn(txn))
            }
            480..800 => Step::Reads((0..1 + self.random.below(READS_MAX)).map(|_| self.read(view)).collect()),
            800..900 => Step::Write(self.lease()),
            900..930 => self.watch(view),
            930..942 => self.cancel(view),
            942..950 => {
                // Watchers on their way through history must not race with the compaction of it.
                self.compact_next = Some(self.compact(view));
                Step::Settle
            }
            950..956 => Step::Settle,
            _ => Step::Write(Call::Put(self.put())),
        }
    }

    fn key(&mut self) -> Bytes {
        match self.random.below(60) {
            0 => Bytes::new(),
            1 => Bytes::from_static(b"\0"),
            _ => Bytes::from_static(self.random.pick::<&'static [u8]>(&KEYS)),
        }
    }

    fn range_end(&mut self) -> Bytes {
        match self.random.below(10) {
            0..4 => Bytes::new(),
            4 | 5 => Bytes::from_static(b"\0"),
            6 => Bytes::from_static(b"a0"),
            7 => Bytes::from_static(b"b0"),
            _ => Bytes::from_static(self.random.pick::<&'static [u8]>(&KEYS)),
        }
    }

    /// A revision: mostly "now", else any that could matter.
    fn revision(&mut self, view: &View) -> i64 {
        match self.random.below(16) {
            0..9 => 0,
            9..13 => self.random.between(view.compacted.max(1), view.revision),
            13 => view.compacted + self.random.between(-1, 1),
            14 => view.revision + self.random.between(0, 2),
            _ => *self.random.pick(&[-1, 1, i64::MAX, i64::MIN]),
        }
    }

    /// A bound on create or mod revisions, mostly absent.
    fn bound(&mut self, view: &View) -> i64 {
        if self.random.chance(88) { 0 } else { self.random.between(-1, view.revision + 1) }
    }

    fn range(&mut self, view: &View) -> pb::RangeRequest {
        let limit = if self.random.chance(60) { 0 } else { *self.random.pick(&[1, 1, 2, 3, 5, 100, -1]) };
        let sort = self.random.chance(40);
        pb::RangeRequest {
            key: self.key(),
            range_end: self.range_end(),
            limit,
            revision: self.revision(view),
            sort_order: if sort { self.enumerated(2) } else { 0 },
            sort_target: if sort { self.enumerated(4) } else { 0 },
            serializable: self.random.chance(30),
            keys_only: self.random.chance(15),
            count_only: self.random.chance(10),
            min_mod_revision: self.bound(view),
            max_mod_revision: self.bound(view),
            min_create_revision: self.bound(view),
            max_create_revision: self.bound(view),
        }
    }

    /// A range to stream. Without an order but with a sort target etcd sorts each chunk and goes on after the chunk's
    /// last key in that order, so that its answer has holes: nobody needs to repeat that.
    fn range_stream(&mut self, view: &View) -> pb::RangeRequest {
        let request = self.range(view);
        if request.sort_order == 0 { pb::RangeRequest { sort_target: 0, ..request } } else { request }
    }

    /// A value of an enumeration, once in a while one that does not exist.
    fn enumerated(&mut self, last: i64) -> i32 {
        let number = if self.random.chance(3) { *self.random.pick(&[-1, 9, 1 << 20]) } else { self.random.between(0, last) };
        number as i32
    }

    fn put(&mut self) -> pb::PutRequest {
        self.serial += 1;
        let ignore_value = self.random.chance(6);
        let ignore_lease = self.random.chance(6);
        let length = if self.random.chance(5) { 300 } else { self.random.below(12) as usize };
        let mut value = format!("{:x}", self.serial).into_bytes();
        value.resize(length, b'.');
        if ignore_value && self.random.chance(85) {
            value.clear();
        }
        let lease = if self.random.chance(if ignore_lease { 15 } else { 25 }) { self.lease_id() } else { 0 };
        pb::PutRequest {
            key: self.key(),
            value: value.into(),
            lease,
            prev_kv: self.random.chance(25),
            ignore_value,
            ignore_lease,
        }
    }

    fn delete(&mut self) -> pb::DeleteRangeRequest {
        let range_end = if self.random.chance(60) { Bytes::new() } else { self.range_end() };
        pb::DeleteRangeRequest { key: self.key(), range_end, prev_kv: self.random.chance(40) }
    }

    fn txn(&mut self, view: &View, depth: u32) -> pb::TxnRequest {
        if depth == 0 && self.random.chance(1) {
            return self.long_txn();
        }
        let most = if depth == 0 { 4 } else { 3 };
        let compare = (0..self.random.below(4)).map(|_| self.compare(view)).collect();
        let success = (0..self.random.below(most + 1)).map(|_| self.op(view, depth)).collect();
        let failure = (0..self.random.below(most)).map(|_| self.op(view, depth)).collect();
        pb::TxnRequest { compare, success, failure }
    }

    /// One with as many operations or compares as are allowed, or one more.
    fn long_txn(&mut self) -> pb::TxnRequest {
        let count = 127 + self.random.below(3);
        let get = |n: u64| pb::RequestOp {
            request: Some(Request::RequestRange(pb::RangeRequest {
                key: vec![b'a' + (n % 4) as u8].into(),
                ..Default::default()
            })),
        };
        let compare = pb::Compare { key: Bytes::from_static(b"a"), ..Default::default() };
        match self.random.below(3) {
            0 => pb::TxnRequest { success: (0..count).map(get).collect(), ..Default::default() },
            1 => pb::TxnRequest { failure: (0..count).map(get).collect(), ..Default::default() },
            _ => pb::TxnRequest { compare: vec![compare; count as usize], ..Default::default() },
        }
    }

    fn op(&mut self, view: &View, depth: u32) -> pb::RequestOp {
        let request = match self.random.below(20) {
            0..9 => Request::RequestPut(self.put()),
            9..13 => Request::RequestRange(self.range(view)),
            13..16 => Request::RequestDeleteRange(self.delete()),
            _ if depth < DEPTH_MAX => Request::RequestTxn(self.txn(view, depth + 1)),
            _ => Request::RequestRange(pb::RangeRequest { key: self.key(), ..Default::default() }),
        };
        pb::RequestOp { request: Some(request) }
    }

    fn compare(&mut self, view: &View) -> pb::Compare {
        let target = self.random.between(0, 4) as i32;
        // Now and then the value belongs to another target than the one named.
        let given = if self.random.chance(4) { self.random.between(0, 4) as i32 } else { target };
        let target_union = match CompareTarget::try_from(given) {
            Ok(CompareTarget::Version) => Some(TargetUnion::Version(self.random.between(0, 3))),
            Ok(CompareTarget::Create) => Some(TargetUnion::CreateRevision(self.past(view))),
            Ok(CompareTarget::Mod) => Some(TargetUnion::ModRevision(self.past(view))),
            Ok(CompareTarget::Value) => Some(TargetUnion::Value(format!("{:x}", self.random.below(self.serial + 1)).into())),
            Ok(CompareTarget::Lease) => Some(TargetUnion::Lease(if self.random.chance(50) { 0 } else { self.lease_id() })),
            Err(_) => None,
        };
        let range_end = if self.random.chance(70) { Bytes::new() } else { self.range_end() };
        let result = self.random.between(0, CompareResult::NotEqual as i64) as i32;
        pb::Compare { result, target, key: self.key(), range_end, target_union }
    }

    fn past(&mut self, view: &View) -> i64 {
        if self.random.chance(40) { 0 } else { self.random.between(0, view.revision) }
    }

    fn read(&mut self, view: &View) -> Call {
        match self.random.below(20) {
            0..14 => Call::Range(self.range(view)),
            14..17 => Call::RangeStream(self.range_stream(view)),
            17 => Call::TimeToLive(pb::LeaseTimeToLiveRequest { id: self.lease_id(), keys: self.random.chance(60) }),
            18 => Call::Leases,
            _ => Call::Txn(self.read_only_txn(view)),
        }
    }

    fn read_only_txn(&mut self, view: &View) -> pb::TxnRequest {
        let compare = (0..self.random.below(3)).map(|_| self.compare(view)).collect();
        let range = |author: &mut Self| pb::RequestOp { request: Some(Request::RequestRange(author.range(view))) };
        let success = (0..self.random.below(3)).map(|_| range(self)).collect();
        let failure = (0..self.random.below(3)).map(|_| range(self)).collect();
        pb::TxnRequest { compare, success, failure }
    }

    fn lease_id(&mut self) -> i64 {
        *self.random.pick(&LEASES)
    }

    fn lease(&mut self) -> Call {
        match self.random.below(10) {
            0..5 => {
                // Nothing expires while a sequence runs; id 0 would be drawn by the server.
                let id = *self.random.pick(&LEASES[..LEASES.len() - 1]);
                let ttl = match self.random.below(12) {
                    0 => *self.random.pick(&[9_000_000_001, i64::MAX]),
                    1 => 9_000_000_000,
                    _ => self.random.between(3_000, 5_000),
                };
                Call::Grant(pb::LeaseGrantRequest { id, ttl })
            }
            5 | 6 => Call::Revoke(pb::LeaseRevokeRequest { id: self.lease_id() }),
            7 | 8 => Call::KeepAlive(pb::LeaseKeepAliveRequest { id: self.lease_id() }),
            _ => Call::TimeToLive(pb::LeaseTimeToLiveRequest { id: self.lease_id(), keys: true }),
        }
    }

    fn compact(&mut self, view: &View) -> pb::CompactionRequest {
        let revision = match self.random.below(10) {
            0 => view.compacted + self.random.between(-1, 0),
            1 => view.revision + self.random.between(0, 1),
            2 => self.random.between(-1, 0),
            _ => self.random.between(view.compacted, view.revision),
        };
        pb::CompactionRequest { revision, physical: self.random.chance(50) }
    }

    fn watch(&mut self, view: &View) -> Step {
        let start_revision = match self.random.below(12) {
            0..4 => 0,
            4..8 => self.random.between(view.compacted.max(1), view.revision),
            8 | 9 => view.revision + self.random.between(1, 20),
            10 => self.random.between(0, view.compacted),
            _ => *self.random.pick(&[-1, view.revision, view.compacted]),
        };
        let shared: Vec<usize> =
            (0..WATCH_STREAMS).filter(|s| view.watchers.get(*s).is_none_or(|w| w.len() < WATCHERS_MAX)).collect();
        let doomed = (1..view.compacted).contains(&start_revision);
        if shared.is_empty() && !doomed {
            return self.cancel(view);
        }
        let stream = if doomed { view.streams } else { *self.random.pick(&shared) };
        // Not -1: etcd takes it, and then its events cannot be told from progress.
        let watch_id = if self.random.chance(15) { *self.random.pick(&[1, 2, 3, 50, -7]) } else { 0 };
        let filters =
            if self.random.chance(25) { (0..1 + self.random.below(2)).map(|_| self.enumerated(1)).collect() } else { vec![] };
        let create = pb::WatchCreateRequest {
            key: self.key(),
            range_end: self.range_end(),
            start_revision,
            progress_notify: self.random.chance(20),
            filters,
            prev_kv: self.random.chance(40),
            watch_id,
            fragment: self.random.chance(25),
        };
        Step::Watch { stream, create }
    }

    fn cancel(&mut self, view: &View) -> Step {
        let stream = self.random.below(WATCH_STREAMS as u64) as usize;
        let living = view.watchers.get(stream).map_or(&[][..], Vec::as_slice);
        let watch_id = if living.is_empty() || self.random.chance(15) { 999 } else { *self.random.pick(living) };
        Step::Cancel { stream, watch_id }
    }
}

fn ops(txn: &pb::TxnRequest) -> impl Iterator<Item = &Request> {
    txn.success.iter().chain(&txn.failure).filter_map(|op| op.request.as_ref())
}

/// Whether a transaction deletes anything, at any depth.
fn deletes(txn: &pb::TxnRequest) -> bool {
    ops(txn).any(|op| match op {
        Request::RequestDeleteRange(_) => true,
        Request::RequestTxn(inner) => deletes(inner),
        _ => false,
    })
}

/// Lets no put of a transaction keep the value or the lease that its key has. Where the same transaction deleted the key
/// (a range to the end of all keys is not seen as an overlap), that ends etcd's process.
fn keep_nothing(txn: &mut pb::TxnRequest) {
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        match &mut op.request {
            Some(Request::RequestPut(put)) => (put.ignore_value, put.ignore_lease) = (false, false),
            Some(Request::RequestTxn(inner)) => keep_nothing(inner),
            _ => {}
        }
    }
}
