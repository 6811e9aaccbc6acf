//! The changes of one revision: into the table, the index, the leases and the events, in one place.

use bytes::Bytes;

use crate::{
    event::{Changes, Event, EventKind},
    index::Meta,
    machine::Inner,
    record::{At, Content, Version, encode_current, encode_superseded},
    request::{KeyValue, PutRequest},
    select::key_value,
    state::State,
};

/// Writes at the revision after the current one; [`Writer::finish`] makes it the current one if anything was written.
pub(crate) struct Writer<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) state: &'a mut State,
    revision: i64,
    events: Vec<Event>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(inner: &'a Inner, state: &'a mut State) -> Writer<'a> {
        let revision = state.revision.checked_add(1).expect("fewer than 2^63 revisions");
        Writer { inner, state, revision, events: Vec::new() }
    }

    pub(crate) fn has_written(&self) -> bool {
        !self.events.is_empty()
    }

    fn next_at(&self) -> At {
        let sub = u32::try_from(self.events.len()).expect("fewer than 2^32 changes fit into a command");
        At { main: self.revision, sub }
    }

    /// Writes one key; `before` is its state now.
    pub(crate) fn put(&mut self, put: &PutRequest, before: Option<Meta>) {
        let at = self.next_at();
        let origin = before.filter(|_| put.ignore_value).map(|before| self.origin(&before));
        let lease = match before {
            Some(before) if put.ignore_lease => before.lease,
            _ => put.lease,
        };
        let value_len = match before {
            Some(before) if put.ignore_value => before.value_len,
            _ => u32::try_from(put.value.len()).expect("a value is shorter than 4 GiB"),
        };
        let meta = Meta {
            create: before.map_or(self.revision, |before| before.create),
            main: at.main,
            version: before.map_or(0, |before| before.version).checked_add(1).expect("fewer than 2^63 changes of a key"),
            lease,
            sub: at.sub,
            value_len,
        };
        let content = origin.map_or_else(|| Content::Value(put.value.clone()), Content::Origin);
        let kept = before.filter(|_| put.ignore_value).and_then(|before| self.inner.values.warm(&before));
        let record = self.supersede(&put.key, before, &meta, content);
        self.inner.table.put(self.inner.keys.current(&put.key), encode_current(&meta, origin));
        if let Some(origin) = origin {
            self.state.origins.insert(at, origin);
        }
        let value = if origin.is_some() { kept } else { Some(record.slice(record.len() - value_len as usize..)) };
        if let Some(value) = &value {
            self.inner.values.remember(at, value.clone());
        }
        self.state.index.insert(&put.key, meta);
        self.state.bytes += put.key.len() as u64 + u64::from(value_len);
        self.state.leases.reattach(&put.key, before.map_or(0, |before| before.lease), lease);
        let prev_kv = before.and_then(|before| self.cached(&put.key, before));
        let is_value_cold = value.is_none();
        let kv = key_value(put.key.clone(), &meta, value.unwrap_or_default());
        self.tell(EventKind::Put, kv, before, prev_kv, is_value_cold);
    }

    /// Deletes one key, whose state is `before`.
    pub(crate) fn delete(&mut self, key: &Bytes, before: Meta) {
        let at = self.next_at();
        let meta = Meta { main: at.main, sub: at.sub, ..Meta::default() };
        let prev_kv = self.cached(key, before);
        self.supersede(key, Some(before), &meta, Content::Tombstone);
        self.inner.table.delete(self.inner.keys.current(key));
        self.state.index.remove(key);
        self.state.leases.reattach(key, before.lease, 0);
        let kv = KeyValue { key: key.clone(), mod_revision: at.main, ..KeyValue::default() };
        self.tell(EventKind::Delete, kv, Some(before), prev_kv, false);
    }

    /// Makes what was written the current revision.
    pub(crate) fn finish(self) -> Option<Changes> {
        if self.events.is_empty() {
            return None;
        }
        self.state.revision = self.revision;
        self.state.space.sample(self.revision);
        Some(Changes { revision: self.revision, events: self.events })
    }

    /// Where the value of a current version was written.
    fn origin(&self, meta: &Meta) -> At {
        let at = At::of(meta);
        self.state.origins.get(&at).copied().unwrap_or(at)
    }

    fn cached(&self, key: &Bytes, meta: Meta) -> Option<KeyValue> {
        let value = self.inner.values.cached(&meta)?;
        Some(key_value(key.clone(), &meta, value))
    }

    /// Writes the record of a change and turns the state before into a superseded version. Answers the record.
    fn supersede(&mut self, key: &Bytes, before: Option<Meta>, meta: &Meta, content: Content) -> Bytes {
        let (inner, at) = (self.inner, At::of(meta));
        // What the same revision wrote is never seen from outside, so it is no earlier state.
        let prev = before.filter(|before| before.main != at.main);
        let is_tombstone = content == Content::Tombstone;
        let record = Version {
            key: key.clone(),
            prev: prev.map(|prev| At::of(&prev)),
            create: meta.create,
            version: meta.version,
            lease: meta.lease,
            value_len: meta.value_len,
            content,
        }
        .encode();
        inner.table.put(inner.keys.version(at), record.clone());
        self.state.space.written += record.len() as u64;
        if is_tombstone {
            self.state.space.superseded += record.len() as u64;
        }
        if let Some(prev) = prev {
            inner.table.put(inner.keys.superseded(key, At::of(&prev)), encode_superseded(at.main, &prev));
        }
        if let Some(before) = before {
            let bytes = key.len() as u64 + u64::from(before.value_len);
            self.state.space.superseded += bytes;
            self.state.bytes -= bytes;
            self.state.origins.remove(&At::of(&before));
        }
        record
    }

    fn tell(&mut self, kind: EventKind, kv: KeyValue, before: Option<Meta>, prev_kv: Option<KeyValue>, is_value_cold: bool) {
        let (prev, prev_kv) = match before {
            // Changed a second time in one transaction: the state before is the one before the transaction.
            Some(before) if before.main == self.revision => {
                self.told(&kv.key).map_or((None, None), |first| (first.prev, first.prev_kv.clone()))
            }
            before => (before.map(|before| before.modified()), prev_kv),
        };
        self.events.push(Event { kind, kv, prev, prev_kv, is_value_cold });
    }

    /// What this transaction did to a key already.
    fn told(&self, key: &Bytes) -> Option<&Event> {
        self.events.iter().rev().find(|event| event.kv.key == *key)
    }
}
