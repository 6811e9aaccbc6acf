//! The machine of one shard's partitions, producers and groups.

use std::sync::Arc;

use base::{Error, Kind, Result, ShardId};
use parking_lot::{RwLock, RwLockReadGuard};
use table::Table;

use crate::{
    Refusal,
    apply::Apply,
    bugs::{Bug, planted},
    command::{Command, Entry, Reply},
    identity::PartitionId,
    limits::{GROUPS_BYTES_MAX, PRODUCER_EXPIRY_MS, PRODUCERS_MAX, SHARDS_MAX},
    open,
    settle::{self, Batches, Settling},
    state::State,
};

/// Settings of a shard's machine. They decide what apply does, so they are the same on all replicas.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Producers that are remembered, one for each partition that one writes to; at least one. Past it the longest idle one is
    /// forgotten.
    pub producers_max: usize,
    /// How long a producer is remembered that writes nothing, in ms.
    pub producer_expiry_ms: u64,
    /// Bytes of memory that all groups may take, offsets included.
    pub groups_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { producers_max: PRODUCERS_MAX, producer_expiry_ms: PRODUCER_EXPIRY_MS, groups_bytes_max: GROUPS_BYTES_MAX }
    }
}

/// The partitions that a command changed for those who read them: their end or their log start moved, or they are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Moved {
    /// None.
    #[default]
    Nothing,
    /// This one.
    Partition(PartitionId),
    /// These, which are gone.
    Partitions(Vec<PartitionId>),
}

impl Moved {
    /// The partitions.
    pub fn as_slice(&self) -> &[PartitionId] {
        match self {
            Moved::Nothing => &[],
            Moved::Partition(id) => std::slice::from_ref(id),
            Moved::Partitions(ids) => ids,
        }
    }
}

/// What apply says of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The answer. Of a refusal nothing remains.
    pub reply: std::result::Result<Reply, Refusal>,
    /// Whom to wake.
    pub moved: Moved,
}

struct Shared {
    shard: u32,
    table: Table,
    options: Options,
    state: RwLock<State>,
}

/// One shard's partitions, producers and groups. Cheap to clone; all clones are one machine.
#[derive(Clone)]
pub struct Machine {
    shared: Arc<Shared>,
}

impl Machine {
    /// Reads what is settled in `table`: all of it but the records of partitions, which lie in segments.
    ///
    /// # Errors
    /// `Invalid` for a shard that is beyond what producer ids can tell apart (32,767), `Corrupt` or `Unsupported` if a record
    /// cannot be read, and what the table answers.
    pub fn open(shard: ShardId, table: Table, options: Options) -> Result<Machine> {
        if shard.0 >= SHARDS_MAX {
            return Err(Error::new(Kind::Invalid, format!("{shard} is beyond the {SHARDS_MAX} that producer ids tell apart")));
        }
        let state = RwLock::new(open::read(&table)?);
        Ok(Machine { shared: Arc::new(Shared { shard: shard.0, table, options, state }) })
    }

    /// Reads everything anew after the tree under the table was replaced, in place: all clones see it. Blocking, called between
    /// two applies. A settle that began before has no meaning any more.
    ///
    /// # Errors
    /// As [`Machine::open`]; the machine is as it was then.
    pub fn reload(&self) -> Result<()> {
        let mut fresh = open::read(&self.shared.table)?;
        while planted(Bug::ProducersNotTakenOver)
            && let Some((slot, _)) = fresh.producers.oldest()
        {
            fresh.producers.remove(&mut fresh.partitions, slot);
        }
        let mut state = self.shared.state.write();
        fresh.reading = state.reading + 1;
        let before = std::mem::replace(&mut *state, fresh);
        drop(state);
        // Freed outside the lock: it may be large.
        drop(before);
        Ok(())
    }

    /// Applies one command. Called in log order by one task. Reads no disk, no clock, no randomness.
    pub fn apply(&self, entry: Entry, command: Command) -> Applied {
        let Shared { shard, table, options, state } = &*self.shared;
        let mut state = state.write();
        let apply = Apply { state: &mut state, table, options, shard: *shard, entry, moved: Moved::default() };
        apply.apply(command)
    }

    /// Puts what changed into the table. Called right before the table is sealed, between the same two applies and by the task
    /// that applies: what is sealed without it is not the state of any entry.
    pub fn flush(&self) {
        self.flush_some(usize::MAX);
    }

    /// Puts at most `count` records that changed into the table, and answers how many are left. Called between other applies
    /// before, it leaves less to [`Machine::flush`], which holds them up.
    pub fn flush_some(&self, count: usize) -> usize {
        self.shared.state.write().flush(&self.shared.table, count)
    }

    /// Begins a settle of everything up to the entry `upto`, which is the one that the table is sealed at: the batches, by
    /// partition and offset, without those that lie before a log start by now. They stay in the index until
    /// [`Machine::settled`]. One settle at a time.
    pub fn begin_settle(&self, upto: u64) -> (Vec<Batches>, Settling) {
        settle::begin(&self.shared.state, upto)
    }

    /// Called after the segments with these batches, and the table as sealed, are durable, and only then: takes the batches out
    /// of the index.
    pub fn settled(&self, settling: Settling) {
        settle::end(&self.shared.state, &settling);
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.shared.state.read()
    }
}
