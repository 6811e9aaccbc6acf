//! Configuration stores: the machine of a tenant's namespaces, who waits for its positions, and what its leader sees to.
//!
//! A store lies in one data shard, and everything in it is a record of that shard's table: it settles, is digested, sent to a new
//! replica and read again at a start with the rest of it. Beside the table the machine keeps in memory what apply decides by; where
//! another state takes the place of this one that is read anew.
//!
//! Apply tells nobody of a new position itself. It wakes one task, which wakes those who wait: ten thousand of them cost apply
//! nothing, and positions that come while they are woken are told as one.
//!
//! A large value goes ahead of the command that writes it, in chunks ([`ConfigStore::put_value`]); an import becomes visible by many
//! small commands, which the leader proposes, and what else changes the store waits for that meanwhile.

mod news;
mod store;
mod toll;
mod upkeep;
mod values;
mod words;

use std::sync::Arc;

use base::{Result, ShardId};
use config::{Command, Entry, Machine, Options, StoreId};
use table::Table;
use tokio::sync::Notify;

use crate::{
    bugs::{Bug, planted},
    runtime,
};

pub use news::Positions;
pub use store::{ConfigStore, StoreStatus};

/// The store that every cluster has.
pub const DEFAULT: StoreId = StoreId(0);

/// Where it lies: in the last data shard, so that with several of them it does not share one with the default key space. A cluster's
/// data shards are counted once, when it is founded.
pub(crate) fn shard_of_default(data_shards: u32) -> ShardId {
    ShardId(data_shards)
}

/// What stores are opened with. In the simulator, whose imports are small and whose days are short, they go in as many slices, and are
/// forgotten as soon, as large ones are elsewhere.
pub(crate) fn options(cache_bytes: u64) -> Options {
    let options = Options { cache_bytes, ..Options::default() };
    if !runtime::is_simulated() {
        return options;
    }
    Options { import_slice_items: 3, chunk_expiry_ms: 60_000, import_expiry_ms: 60_000, ..options }
}

/// A store as its shard applies to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    machine: Machine,
    moved: Arc<Notify>,
}

impl Store {
    /// Reads what is settled in `table`.
    ///
    /// # Errors
    /// `Corrupt` if a record is not what was written, `Unsupported` if another build wrote it.
    pub(crate) fn open(id: StoreId, table: Table, options: Options) -> Result<Store> {
        Ok(Store { machine: Machine::open(id, table, options)?, moved: Arc::default() })
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    pub(crate) fn apply(&self, entry: Entry, command: Command) -> Result<config::Reply> {
        let applied = self.machine.apply(entry, command);
        self.moved.notify_one();
        applied.reply
    }

    /// The table holds another state.
    pub(crate) fn restart(&self) -> Result<()> {
        if !planted(Bug::StoreNotReloaded) {
            self.machine.reload()?;
        }
        self.moved.notify_one();
        Ok(())
    }

    /// The shard ends: whoever waits is told so.
    pub(crate) fn close(&self) {
        self.moved.notify_one();
    }

    /// Completes when something was applied since the last time.
    async fn moved(&self) {
        self.moved.notified().await;
    }
}

#[cfg(test)]
mod tests;
