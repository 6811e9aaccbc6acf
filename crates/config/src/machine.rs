//! The machine of one configuration store.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use base::Result;
use parking_lot::{RwLock, RwLockReadGuard};
use table::{Change, Table};

use crate::{
    apply::Apply,
    command::{Command, Entry, Reply},
    keys::{Keys, StoreId},
    limits::{ANSWER_EXPIRY_MS, ANSWERS_MAX, CHUNK_EXPIRY_MS, IMPORT_EXPIRY_MS, IMPORT_SLICE_ITEMS, STAGED_BYTES_MAX},
    open,
    state::State,
    values::Values,
};

/// Budgets of one store. All but the cache decide what apply does, so they are the same on all replicas.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of versions kept in memory.
    pub cache_bytes: u64,
    /// Bytes of memory that staged imports may take together.
    pub staged_bytes_max: u64,
    /// Answers that are remembered for requests that come again.
    pub answers_max: usize,
    /// How long they are remembered, in ms.
    pub answer_expiry_ms: u64,
    /// How long a chunk is kept that nothing points at, in ms.
    pub chunk_expiry_ms: u64,
    /// How long an import may take from its beginning to its commit, in ms.
    pub import_expiry_ms: u64,
    /// Items of an import that one command checks or writes; at least one.
    pub import_slice_items: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cache_bytes: 64 << 20,
            staged_bytes_max: STAGED_BYTES_MAX,
            answers_max: ANSWERS_MAX,
            answer_expiry_ms: ANSWER_EXPIRY_MS,
            chunk_expiry_ms: CHUNK_EXPIRY_MS,
            import_expiry_ms: IMPORT_EXPIRY_MS,
            import_slice_items: IMPORT_SLICE_ITEMS,
        }
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The answer. Of a refusal nothing remains.
    pub reply: Result<Reply>,
    /// The positions that can be read from now on, for those who watch.
    pub visible: Range<u64>,
}

/// What a settle carries to give space back: changes, ascending, and ranges `[from, to)` of table keys to drop.
pub type Reclaimable = (Vec<Change>, Vec<(bytes::Bytes, bytes::Bytes)>);

/// The state from one reading of the table to the next, with what stands beside it.
pub(crate) struct Inner {
    pub(crate) keys: Keys,
    /// Held: it reads the state that this was read from, even once that was replaced.
    pub(crate) table: Table,
    pub(crate) values: Values,
    pub(crate) state: RwLock<State>,
    pub(crate) options: Options,
    /// Keys of namespaces that are gone, settled or not, which no settle dropped yet.
    pub(crate) droppable: AtomicU64,
    /// How many of them the settle under way drops.
    pub(crate) dropping: AtomicU64,
}

struct Shared {
    table: Table,
    /// A reader takes it along, so that all that it reads is of one state.
    inner: RwLock<Arc<Inner>>,
}

/// One configuration store. Cheap to clone; all clones are one machine.
#[derive(Clone)]
pub struct Machine {
    shared: Arc<Shared>,
}

impl Machine {
    /// Loads what is settled in `table`: every key's metadata, not values.
    ///
    /// # Errors
    /// `Corrupt` or `Unsupported` if a record cannot be read, and what the table answers.
    pub fn open(store: StoreId, table: Table, options: Options) -> Result<Machine> {
        let values = Values::new(options.cache_bytes);
        let inner = load(Keys::new(store), table.hold(), values, options)?;
        Ok(Machine { shared: Arc::new(Shared { table, inner: RwLock::new(Arc::new(inner)) }) })
    }

    /// Loads everything anew after the tree under the table was replaced, in place: all clones see it. Blocking, called between
    /// two applies. Whoever reads meanwhile goes on reading the state before.
    ///
    /// # Errors
    /// As [`Machine::open`]; the machine is as it was then.
    pub fn reload(&self) -> Result<()> {
        let before = self.inner();
        let inner = load(before.keys, self.shared.table.hold(), before.values.clone(), before.options.clone())?;
        let replaced = std::mem::replace(&mut *self.shared.inner.write(), Arc::new(inner));
        // Freed outside the lock: it may be large.
        drop((before, replaced));
        Ok(())
    }

    /// Applies one command. Called in log order by one task. Reads no disk, no clock, no randomness.
    pub fn apply(&self, entry: Entry, command: Command) -> Applied {
        let inner = self.inner();
        let mut state = inner.state.write();
        inner.apply(&mut state, entry, command)
    }

    /// Applies the commands of one entry, in order, holding up readers once.
    pub fn apply_all(&self, entry: Entry, commands: impl IntoIterator<Item = Command>) -> Vec<Applied> {
        let inner = self.inner();
        let mut state = inner.state.write();
        commands.into_iter().map(|command| inner.apply(&mut state, entry, command)).collect()
    }

    /// Called by the settle, between sealing and settling, where blocking is allowed: what gives the space of deleted namespaces
    /// back, to join this settle.
    ///
    /// # Errors
    /// What the table answers.
    pub fn reclaim(&self) -> Result<Reclaimable> {
        self.inner().reclaim()
    }

    /// Called after the settle that carried [`Machine::reclaim`]'s answer is durable, and only then.
    pub fn reclaimed(&self) {
        let inner = self.inner();
        let dropped = inner.dropping.swap(0, Relaxed);
        inner.droppable.fetch_sub(dropped.min(inner.droppable.load(Relaxed)), Relaxed);
    }

    /// Whether a settle is worth doing although little is unsettled.
    pub fn wants_reclaim(&self) -> bool {
        self.inner().droppable.load(Relaxed) >= crate::limits::DROP_KEYS_MIN
    }

    pub(crate) fn inner(&self) -> Arc<Inner> {
        self.shared.inner.read().clone()
    }
}

fn load(keys: Keys, table: Table, values: Values, options: Options) -> Result<Inner> {
    let (state, droppable) = open::read(&table, keys)?;
    let droppable = AtomicU64::new(droppable);
    Ok(Inner { keys, table, values, state: RwLock::new(state), options, droppable, dropping: AtomicU64::new(0) })
}

impl Inner {
    fn apply(&self, state: &mut State, entry: Entry, command: Command) -> Applied {
        let from = state.visible + 1;
        let time_ms = state.time_ms.max(entry.time_ms);
        let mut apply = Apply { state, inner: self, time_ms };
        let reply = apply.apply(command);
        Applied { reply, visible: from..apply.state.visible + 1 }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }
}
