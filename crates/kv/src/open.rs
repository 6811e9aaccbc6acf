//! Loading a key space from what is settled.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use base::{Error, Kind, Result};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use table::{Direction, Table};

use crate::{
    bugs::{Bug, planted},
    error::damaged,
    leases::Lease,
    machine::{Inner, Options},
    pins::Pins,
    reclaim::{self, Reclaim},
    record::{At, Compaction, Keys, decode_alarms, decode_current, decode_lease, lease_id, name_of, version_at},
    state::{NEVER, State},
    values::Values,
};

impl Inner {
    pub(crate) fn open(keys: Keys, table: Table, options: Options) -> Result<Inner> {
        let values = Values::new(keys, table.clone(), options.cache_bytes);
        Inner::load(keys, table, values, options)
    }

    /// The same key space, read from `table` after its tree was replaced. Values that were read before are kept: what a revision
    /// wrote never changes.
    pub(crate) fn reopen(&self, table: Table) -> Result<Inner> {
        let fresh = Inner::load(self.keys, table.clone(), self.values.over(table), self.options.clone())?;
        let (before, now) = (self.state.read().revision, fresh.state.read().revision);
        if now < before {
            let message = format!("the state that replaced a key space is at revision {now}, and {before} was known before it");
            return Err(Error::new(Kind::Corrupt, message));
        }
        fresh.is_disk_tight.store(self.is_disk_tight.load(Relaxed), Relaxed);
        fresh.reclaim.lock().keep_target(&self.reclaim.lock());
        Ok(fresh)
    }

    fn load(keys: Keys, table: Table, values: Values, options: Options) -> Result<Inner> {
        let mut state = State::default();
        let floor = read_mark(&table, keys, reclaim::FLOOR)?;
        let compaction = read_mark(&table, keys, reclaim::COMPACTED)?;
        state.compacted = compaction.map_or(NEVER, |mark| mark.revision);
        state.space.written = compaction.map_or(0, |mark| mark.written);
        state.space.superseded = compaction.map_or(0, |mark| mark.superseded);
        let floor = floor.unwrap_or_default();
        let reclaimed = if planted(Bug::RevisionForgotten) { 1 } else { floor.revision };
        state.revision = last_revision(&table, keys)?.unwrap_or(1).max(reclaimed).max(1);
        load_alarms(&table, keys, &mut state)?;
        load_leases(&table, keys, &mut state)?;
        load_currents(&table, keys, &mut state)?;
        Ok(Inner {
            keys,
            values,
            table,
            state: RwLock::new(state),
            pins: std::sync::Arc::new(Pins::default()),
            reclaim: Mutex::new(Reclaim::new(floor, compaction)),
            is_disk_tight: AtomicBool::new(false),
            options,
        })
    }
}

fn read_mark(table: &Table, keys: Keys, name: &str) -> Result<Option<Compaction>> {
    let Some(record) = table.get(&keys.mark(name))? else { return Ok(None) };
    Compaction::decode(&record).map(Some).ok_or_else(|| damaged("a mark of a key space cannot be read"))
}

fn last_revision(table: &Table, keys: Keys) -> Result<Option<i64>> {
    let (from, to) = keys.all_versions();
    let Some(last) = table.range(from, to, Direction::Backward).next() else { return Ok(None) };
    let (key, _) = last?;
    version_at(&key).map(|at| Some(at.main)).ok_or_else(|| damaged("the key of a change cannot be read"))
}

fn load_alarms(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    if let Some(record) = table.get(&keys.mark(reclaim::ALARMS))? {
        let alarms = decode_alarms(&record).ok_or_else(|| damaged("the alarms of a key space cannot be read"))?;
        state.alarms = alarms.into_iter().map(|(member, alarm)| (alarm, member)).collect();
    }
    Ok(())
}

fn load_leases(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    let (from, to) = keys.leases();
    for pair in table.range(from, to, Direction::Forward) {
        let (key, record) = pair?;
        let lease = lease_id(&key).zip(decode_lease(&record));
        let (id, (ttl, remaining)) = lease.ok_or_else(|| damaged("a lease cannot be read"))?;
        state.leases.insert(id, Lease::new(ttl, remaining));
    }
    Ok(())
}

fn load_currents(table: &Table, keys: Keys, state: &mut State) -> Result<()> {
    let (from, to) = keys.currents();
    for pair in table.range(from, to, Direction::Forward) {
        let (table_key, record) = pair?;
        let current: Option<(Bytes, _)> = name_of(&table_key).zip(decode_current(&record));
        let (key, (meta, origin)) = current.ok_or_else(|| damaged("the metadata of a key cannot be read"))?;
        state.index.insert(&key, meta);
        state.bytes += key.len() as u64 + u64::from(meta.value_len);
        if meta.lease != 0 {
            state.leases.reattach(&key, 0, meta.lease);
        }
        if let Some(origin) = origin {
            state.origins.insert(At::of(&meta), origin);
        }
    }
    Ok(())
}
