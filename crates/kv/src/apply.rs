//! Applying one command.

use std::sync::Arc;

use base::{Error, Result};

use crate::{
    bugs::{Bug, planted},
    command::{Command, Entry, Reply},
    error::{
        compacted, corrupt_cluster, future_revision, key_not_found, key_too_long, lease_exists, lease_not_found,
        lease_ttl_too_large, no_space,
    },
    event::Changes,
    index::Meta,
    leases::Lease,
    limits::{KEY_BYTES_MAX, LEASE_TTL_SECONDS_MAX, LEASE_TTL_SECONDS_MIN},
    machine::{Applied, Inner},
    owed::{Debts, Owed},
    reclaim,
    record::{encode_alarms, encode_lease},
    request::{DeleteReply, DeleteRequest, PutReply, PutRequest, Txn},
    state::{CORRUPT, NOSPACE, State},
    txn,
    writer::Writer,
};

impl Inner {
    pub(crate) fn apply(self: &Arc<Self>, state: &mut State, entry: Entry, command: Command) -> Applied {
        let mut changes = Vec::new();
        let reply = match refusal(state, &command) {
            Some(error) => Err(error),
            None => self.execute(state, entry, command, &mut changes),
        };
        Applied { reply, changes, revision: state.revision }
    }

    fn execute(self: &Arc<Self>, state: &mut State, entry: Entry, command: Command, changes: &mut Vec<Changes>) -> Result<Owed> {
        match command {
            Command::Put(put) => self.apply_put(state, &put, changes),
            Command::Delete(delete) => Ok(self.apply_delete(state, &delete, changes)),
            Command::Txn(txn) => self.apply_txn(state, &txn, changes),
            Command::LeaseGrant { id, ttl } => self.grant(state, id, ttl).map(Owed::ready),
            Command::LeaseRevoke { id } => {
                let ended = self.end_lease(state, id, changes);
                ended.then(|| Owed::ready(Reply::Done)).ok_or_else(lease_not_found)
            }
            Command::LeaseExpire { term, ids } => {
                if term == entry.id.term || planted(Bug::ExpiryWithoutTerm) {
                    for id in ids {
                        self.end_lease(state, id, changes);
                    }
                }
                Ok(Owed::ready(Reply::Done))
            }
            Command::LeaseCheckpoint { term, remaining } => {
                if term == entry.id.term {
                    self.checkpoint(state, &remaining);
                }
                Ok(Owed::ready(Reply::Done))
            }
            Command::Compact { revision } => self.compact(state, revision).map(Owed::ready),
            Command::Alarm { member, alarm, raise } => Ok(Owed::ready(self.alarm(state, member, alarm, raise))),
        }
    }

    fn apply_put(self: &Arc<Self>, state: &mut State, put: &PutRequest, changes: &mut Vec<Changes>) -> Result<Owed> {
        check_put(state, put)?;
        let mut debts = Debts::new(self, state.revision);
        let mut writer = Writer::new(self, state);
        let reply = put_one(&mut writer, put, &mut debts);
        changes.extend(writer.finish());
        Ok(debts.owe(Reply::Put(reply)))
    }

    fn apply_delete(self: &Arc<Self>, state: &mut State, delete: &DeleteRequest, changes: &mut Vec<Changes>) -> Owed {
        let mut debts = Debts::new(self, state.revision);
        let mut writer = Writer::new(self, state);
        let reply = delete_span(&mut writer, delete, &mut debts);
        changes.extend(writer.finish());
        debts.owe(Reply::Delete(reply))
    }

    fn apply_txn(self: &Arc<Self>, state: &mut State, txn: &Txn, changes: &mut Vec<Changes>) -> Result<Owed> {
        let Ok(path) = txn::decide(state, txn) else { return Ok(Owed::stale()) };
        txn::check(state, txn, &path)?;
        let mut debts = Debts::new(self, state.revision);
        let mut writer = Writer::new(self, state);
        let reply = txn::execute(&mut writer, txn, &path, &mut debts);
        changes.extend(writer.finish());
        Ok(debts.owe(Reply::Txn(reply)))
    }

    fn grant(&self, state: &mut State, id: i64, ttl: i64) -> Result<Reply> {
        if id == 0 {
            return Err(lease_not_found());
        }
        if ttl > LEASE_TTL_SECONDS_MAX {
            return Err(lease_ttl_too_large());
        }
        if state.leases.contains(id) {
            return Err(lease_exists());
        }
        let ttl = ttl.max(LEASE_TTL_SECONDS_MIN);
        state.leases.insert(id, Lease::new(ttl, 0));
        self.table.put(self.keys.lease(id), encode_lease(ttl, 0));
        Ok(Reply::LeaseGrant { id, ttl })
    }

    /// Deletes a lease and its keys, ascending, at one revision. Answers whether there was such a lease.
    fn end_lease(&self, state: &mut State, id: i64, changes: &mut Vec<Changes>) -> bool {
        let Some(lease) = state.leases.remove(id) else { return false };
        self.table.delete(self.keys.lease(id));
        let mut writer = Writer::new(self, state);
        let mut keys: Vec<&[u8]> = lease.keys().collect();
        plant_order(&mut keys);
        for key in keys {
            if let Some(before) = writer.state.index.get(key) {
                writer.delete(&bytes::Bytes::copy_from_slice(key), before);
            }
        }
        changes.extend(writer.finish());
        true
    }

    fn checkpoint(&self, state: &mut State, remaining: &[(i64, i64)]) {
        for (id, left) in remaining {
            if let Some(lease) = state.leases.get_mut(*id) {
                lease.remaining = *left;
                self.table.put(self.keys.lease(*id), encode_lease(lease.ttl, lease.remaining));
            }
        }
    }

    fn compact(&self, state: &mut State, revision: i64) -> Result<Reply> {
        if revision <= state.compacted {
            return Err(compacted());
        }
        if revision > state.revision {
            return Err(future_revision());
        }
        state.compacted = revision;
        let mark = state.space.upto(revision, state.revision);
        // What was written and superseded up to here is counted since the last start, on each replica for itself.
        self.table.put_own(self.keys.mark(reclaim::COMPACTED), mark.encode(), &revision.to_le_bytes());
        self.reclaim.lock().compacted(mark);
        Ok(Reply::Done)
    }

    fn alarm(&self, state: &mut State, member: u64, alarm: i32, raise: bool) -> Reply {
        if raise && alarm != 0 {
            state.alarms.insert((alarm, member));
        } else if !raise {
            state.alarms.retain(|(raised, of)| (alarm != 0 && *raised != alarm) || (member != 0 && *of != member));
        }
        let alarms: Vec<(u64, i32)> = state.alarms.iter().map(|(alarm, member)| (*member, *alarm)).collect();
        self.table.put(self.keys.mark(reclaim::ALARMS), encode_alarms(alarms.iter().copied()));
        Reply::Alarms(alarms)
    }
}

/// Why an alarm forbids a command.
fn refusal(state: &State, command: &Command) -> Option<Error> {
    if state.alarms.is_empty() {
        return None;
    }
    let (changes, grows) = match command {
        Command::Put(_) | Command::LeaseGrant { .. } => (true, true),
        Command::Txn(txn) => (true, txn::puts(txn)),
        Command::Delete(_) | Command::LeaseRevoke { .. } | Command::Compact { .. } => (true, false),
        Command::LeaseExpire { .. } | Command::LeaseCheckpoint { .. } | Command::Alarm { .. } => (false, false),
    };
    if changes && state.has_alarm(CORRUPT) {
        return Some(corrupt_cluster());
    }
    (grows && state.has_alarm(NOSPACE)).then(no_space)
}

/// etcd's checks of a put before anything is written, and that the table can hold the key.
pub(crate) fn check_put(state: &State, put: &PutRequest) -> Result<()> {
    if put.key.len() > KEY_BYTES_MAX {
        return Err(key_too_long());
    }
    if put.lease != 0 && !state.leases.contains(put.lease) {
        return Err(lease_not_found());
    }
    if (put.ignore_value || put.ignore_lease) && state.index.get(&put.key).is_none() {
        return Err(key_not_found());
    }
    Ok(())
}

pub(crate) fn put_one(writer: &mut Writer<'_>, put: &PutRequest, debts: &mut Debts<'_>) -> PutReply {
    let before: Option<Meta> = writer.state.index.get(&put.key);
    let prev_kv = before.filter(|_| put.prev_kv).map(|before| debts.pair(put.key.clone(), &before));
    writer.put(put, before);
    PutReply { prev_kv }
}

pub(crate) fn delete_span(writer: &mut Writer<'_>, delete: &DeleteRequest, debts: &mut Debts<'_>) -> DeleteReply {
    let items = writer.state.items_of(&delete.span);
    let mut reply = DeleteReply { deleted: i64::try_from(items.len()).expect("keys fit into memory"), prev_kvs: Vec::new() };
    if delete.prev_kv {
        reply.prev_kvs = items.iter().map(|(key, before)| debts.pair(key.clone(), before)).collect();
    }
    for (key, before) in &items {
        writer.delete(key, *before);
    }
    reply
}

/// The planted bug that takes the order from a hash map.
fn plant_order(keys: &mut Vec<&[u8]>) {
    if planted(Bug::HashOrder) {
        let unordered: std::collections::HashSet<&[u8]> = keys.drain(..).collect();
        keys.extend(unordered);
    }
}
