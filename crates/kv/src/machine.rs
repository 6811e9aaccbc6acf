//! The machine of one key space.
//!
//! Every current key's metadata lies in memory, in key order; values and superseded versions lie in the shard's [`Table`].
//! `apply` is called by one task in log order and reads no disk; reads run beside it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use base::{KeyspaceId, Result};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use table::{Change, Table};

use crate::{
    command::{Command, Entry, Reply},
    event::{Changes, Revision},
    leases::Lease,
    limits::{FOLD_LOOK_BYTES_MIN, RECLAIM_DEAD_BYTES_MAX},
    owed::Owed,
    pins::Pins,
    reclaim::Reclaim,
    record::Keys,
    request::{KeyValue, RangeReply, RangeRequest, Span, Txn, TxnReply},
    state::State,
    values::Values,
};

/// Budgets of one key space.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of settled values kept in memory.
    pub cache_bytes: u64,
    /// Bytes of superseded versions at which reclaiming is worth while whatever is alive; with less, twice as many as are alive.
    pub reclaim_bytes: u64,
    /// Values from this length on are looked up before reclaiming moves them: one that is dead further on is not worth it.
    pub fold_look_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { cache_bytes: 64 << 20, reclaim_bytes: RECLAIM_DEAD_BYTES_MAX, fold_look_bytes: FOLD_LOOK_BYTES_MIN }
    }
}

/// Whether a read may wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cold {
    /// It may: call it where blocking is allowed.
    Allow,
    /// It may not: `None` is answered when memory does not have everything.
    Refuse,
}

/// What apply says of one command.
pub struct Applied {
    /// The answer, perhaps with values still to be read; or the error that a client gets (texts are etcd's).
    pub reply: Result<Owed>,
    /// What changed, for watchers: at most one revision, except for an expiry of several leases.
    pub changes: Vec<Changes>,
    /// The key space's revision after the command: the one that the answer's header carries.
    pub revision: i64,
}

/// A lease as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseInfo {
    /// The lease.
    pub id: i64,
    /// Seconds granted.
    pub ttl: i64,
    /// Seconds remaining at the last checkpoint, or `ttl`.
    pub remaining: i64,
    /// Keys attached, ascending.
    pub keys: Vec<Bytes>,
}

/// What a settle carries to give space back: changes, ascending, and ranges `[from, to)` of table keys to drop.
pub type Reclaimable = (Vec<Change>, Vec<(Bytes, Bytes)>);

/// The state of a key space from one reading of its table to the next, with what stands beside it.
pub(crate) struct Inner {
    pub(crate) keys: Keys,
    /// Held: it reads the state that this was read from, even once that was replaced.
    pub(crate) table: Table,
    pub(crate) values: Values,
    pub(crate) state: RwLock<State>,
    pub(crate) pins: Arc<Pins>,
    pub(crate) reclaim: Mutex<Reclaim>,
    pub(crate) options: Options,
    pub(crate) is_disk_tight: AtomicBool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key space's state")
    }
}

/// What all clones of a machine share.
struct Shared {
    table: Table,
    /// A reader that waits for the disk takes it along, so that all that it reads is of one state.
    inner: RwLock<Arc<Inner>>,
}

/// One key space. Cheap to clone; all clones are one machine.
#[derive(Clone)]
pub struct Machine {
    shared: Arc<Shared>,
}

impl Machine {
    /// Loads what is settled in `table` (a scan of the current keys' metadata, not of values or history).
    ///
    /// # Errors
    /// `Corrupt` if a record cannot be read, and what the table answers.
    pub fn open(id: KeyspaceId, table: Table, options: Options) -> Result<Machine> {
        let inner = Inner::open(Keys::new(id), table.hold(), options)?;
        Ok(Machine { shared: Arc::new(Shared { table, inner: RwLock::new(Arc::new(inner)) }) })
    }

    /// Loads everything anew after the tree under the table was replaced, in place: all clones see it. Blocking, called between
    /// two applies.
    ///
    /// Whoever reads while this goes on reads the state before, and goes on doing so to the end of that read, answers still
    /// owed included. Until the last of them is done both states take their memory.
    ///
    /// # Errors
    /// As [`Machine::open`], and `Corrupt` if the new state is of an earlier revision.
    pub fn reload(&self) -> Result<()> {
        let inner = self.inner().reopen(self.shared.table.hold())?;
        let before = std::mem::replace(&mut *self.shared.inner.write(), Arc::new(inner));
        // Freed outside the lock: it may be large.
        drop(before);
        Ok(())
    }

    /// For reads that may wait.
    fn inner(&self) -> Arc<Inner> {
        self.shared.inner.read().clone()
    }

    /// For what is over at once.
    fn with<R>(&self, look: impl FnOnce(&Arc<Inner>) -> R) -> R {
        look(&self.shared.inner.read())
    }

    fn read<R>(&self, cold: Cold, read: impl FnOnce(&Inner) -> R) -> R {
        match cold {
            Cold::Refuse => self.with(|inner| read(inner)),
            Cold::Allow => read(&self.inner()),
        }
    }

    /// Applies one command. Called in log order by one task. Reads no disk, no clock, no randomness.
    pub fn apply(&self, entry: Entry, command: Command) -> Applied {
        self.with(|inner| inner.apply(&mut inner.state.write(), entry, command))
    }

    /// Applies the commands of one entry, in order, holding up readers once.
    pub fn apply_all(&self, entry: Entry, commands: impl IntoIterator<Item = Command>) -> Vec<Applied> {
        self.with(|inner| {
            let mut state = inner.state.write();
            commands.into_iter().map(|command| inner.apply(&mut state, entry, command)).collect()
        })
    }

    /// The current revision (1 when empty).
    pub fn revision(&self) -> i64 {
        self.with(|inner| inner.state.read().revision)
    }

    /// The compaction mark (0 when never compacted).
    pub fn compact_revision(&self) -> i64 {
        self.with(|inner| inner.state.read().compacted.max(0))
    }

    /// A read at the latest or at an old revision, with the revision that its header carries. Consistent at one revision
    /// however large, without holding up apply for long. `None`: see [`Cold::Refuse`].
    pub fn range(&self, request: &RangeRequest, cold: Cold) -> Option<Result<(RangeReply, i64)>> {
        self.read(cold, |inner| inner.range(request, cold))
    }

    /// The same in chunks for a stream: calls `chunk` with parts whose concatenation is the answer, each about `chunk_bytes`;
    /// only the last part has `more` and `count` set. Stops when `chunk` answers `false`.
    ///
    /// # Errors
    /// `OutOfRange` for a compacted or future revision.
    pub fn range_chunks(
        &self,
        request: &RangeRequest,
        chunk_bytes: usize,
        chunk: &mut dyn FnMut(RangeReply, i64) -> bool,
    ) -> Result<()> {
        self.inner().range_chunks(request, chunk_bytes, chunk)
    }

    /// Reads what an answer owes, from the state that it was given in. `Err(owed)`: it needs the disk and `cold` refuses it.
    ///
    /// # Errors
    /// The answer, to be asked again with [`Cold::Allow`].
    #[expect(clippy::result_large_err, reason = "what is owed moves back to the caller")]
    pub fn resolve(&self, owed: Owed, cold: Cold) -> std::result::Result<Result<Reply>, Owed> {
        match owed.state() {
            Some(inner) => inner.resolve(owed, cold),
            None => Ok(Ok(owed.into_reply())),
        }
    }

    /// Fills in the witnesses of all VALUE compares of `txn`, nested ones too. `None`: see [`Cold::Refuse`].
    pub fn witness(&self, txn: &mut Txn, cold: Cold) -> Option<Result<()>> {
        self.read(cold, |inner| inner.witness(txn, cold))
    }

    /// Whether an answer says that a witness no longer held, so that the transaction has to be proposed again.
    pub fn is_stale_witness(owed: &Owed) -> bool {
        owed.is_stale()
    }

    /// The changes of `[from, to]` in `span`, whole revisions, oldest first, about `bytes_max` of them but at least one revision
    /// if any; with the revision up to which the answer is complete. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` if `from` is compacted.
    pub fn history(&self, from: i64, to: i64, span: &Span, bytes_max: usize) -> Result<(Vec<Changes>, i64)> {
        self.inner().history(from, to, span, bytes_max)
    }

    /// The state of `key` as of `revision` (for `prev_kv`); `None` if it did not exist or is compacted. Blocking.
    ///
    /// # Errors
    /// What the table answers.
    pub fn previous(&self, key: &Bytes, revision: Revision) -> Result<Option<KeyValue>> {
        self.inner().previous(key, revision)
    }

    /// All lease ids, ascending.
    pub fn leases(&self) -> Vec<i64> {
        self.with(|inner| inner.state.read().leases.ids())
    }

    /// One lease.
    pub fn lease(&self, id: i64) -> Option<LeaseInfo> {
        let info = |lease: &Lease| LeaseInfo {
            id,
            ttl: lease.ttl,
            remaining: lease.left(),
            keys: lease.keys().map(Bytes::copy_from_slice).collect(),
        };
        self.with(|inner| inner.state.read().leases.get(id).map(info))
    }

    /// Seconds that a lease was granted and that it had left at the last checkpoint, without its keys.
    pub fn lease_remaining(&self, id: i64) -> Option<(i64, i64)> {
        self.with(|inner| inner.state.read().leases.get(id).map(|lease| (lease.ttl, lease.left())))
    }

    /// Alarms raised: `(member, alarm)`.
    pub fn alarms(&self) -> Vec<(u64, i32)> {
        self.with(|inner| inner.state.read().alarms.iter().map(|(alarm, member)| (*member, *alarm)).collect())
    }

    /// etcd's HashKV: a digest of all versions kept up to `revision` (0: the latest), whatever the layout on disk, with
    /// the revision hashed at and the compaction mark (-1 when never compacted, as etcd says it). Blocking.
    ///
    /// # Errors
    /// `OutOfRange` for a compacted or future revision.
    pub fn hash_kv(&self, revision: i64) -> Result<(u32, i64, i64)> {
        self.inner().hash_kv(revision)
    }

    /// Keys and their values' bytes as clients see them, for `dbSizeInUse` and metrics.
    pub fn size(&self) -> (u64, u64) {
        self.with(|inner| {
            let state = inner.state.read();
            (state.index.len() as u64, state.bytes)
        })
    }

    /// Called by the settle, between sealing and settling, where blocking is allowed: one slice (about `bytes_max`) of work
    /// that reclaims what compaction made unreachable: changes and ranges to drop that join this settle.
    ///
    /// # Errors
    /// What the table answers.
    pub fn reclaim(&self, bytes_max: usize) -> Result<Reclaimable> {
        self.inner().reclaim(bytes_max)
    }

    /// Called after the settle that carried [`Machine::reclaim`]'s answer is durable, and only then.
    pub fn reclaimed(&self) {
        self.with(|inner| inner.reclaimed());
    }

    /// Whether compaction left something to reclaim, so that a settle is worth doing although little is unsettled.
    pub fn wants_reclaim(&self) -> bool {
        self.with(|inner| inner.wants_reclaim())
    }

    /// A transaction that only reads (no operation of either branch writes, nested ones too): evaluated without the log at the
    /// latest revision, which is the second part. Errors as apply's checks. `None`: see [`Cold::Refuse`].
    pub fn read_txn(&self, txn: &Txn, cold: Cold) -> Option<Result<(TxnReply, i64)>> {
        self.read(cold, |inner| inner.read_txn(txn, cold))
    }

    /// Tells whether the disk is filling up, so that reclaiming pays earlier.
    pub fn set_disk_tight(&self, is_tight: bool) {
        self.with(|inner| inner.is_disk_tight.store(is_tight, Relaxed));
    }

    /// Asks the next settles to reclaim everything before the compaction mark, however little it is (a physical compaction).
    pub fn force_reclaim(&self) {
        self.with(|inner| inner.force_reclaim());
    }
}
