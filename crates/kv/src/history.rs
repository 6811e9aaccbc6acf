//! What happened: changes in the order of revisions, and earlier states.

use base::Result;
use bytes::Bytes;
use table::Direction;

use crate::{
    bugs::{Bug, planted},
    error::{compacted, damaged},
    event::{Changes, Event, EventKind, Revision},
    index::Meta,
    limits::HISTORY_WINDOW_REVISIONS,
    machine::Inner,
    read::read_superseded,
    record::{At, Content, Version, version_at},
    request::{KeyValue, Span},
    select::key_value,
    state::contains,
};

impl Inner {
    pub(crate) fn history(&self, from: i64, to: i64, span: &Span, bytes_max: usize) -> Result<(Vec<Changes>, i64)> {
        let from = from.max(1);
        let (last, _pin) = {
            let state = self.state.read();
            if from < state.compacted {
                return Err(compacted());
            }
            // A change is there while the revision before it is pinned.
            (state.revision.min(to), self.pins.pin(from - 1))
        };
        let (mut changes, mut bytes): (Vec<Changes>, usize) = (Vec::new(), 0);
        if last < from {
            return Ok((changes, from - 1));
        }
        let loses_first = planted(Bug::ChangeAtMarkLost) && from == self.state.read().compacted;
        let mut window = from + i64::from(loses_first);
        while window <= last {
            // In windows, since the table gathers what it has in memory of a range.
            let end = window.saturating_add(HISTORY_WINDOW_REVISIONS).min(last.saturating_add(1));
            let (first, beyond) = self.keys.versions(window, end);
            for pair in self.table.range(first, beyond, Direction::Forward) {
                let (table_key, record) = pair?;
                let (at, version) = read_version(&table_key, &record)?;
                if changes.last().is_some_and(|last| last.revision != at.main) && bytes >= bytes_max {
                    return Ok((changes, at.main - 1));
                }
                if contains(span, &version.key) {
                    let event = self.event(at, version)?;
                    bytes += event.kv.key.len() + event.kv.value.len();
                    append(&mut changes, at.main, event);
                }
            }
            window = end;
        }
        Ok((changes, last))
    }

    fn event(&self, at: At, version: Version) -> Result<Event> {
        let prev = version.prev.map(At::revision);
        let value = match &version.content {
            Content::Tombstone => {
                let kv = KeyValue { key: version.key, mod_revision: at.main, ..KeyValue::default() };
                return Ok(Event { kind: EventKind::Delete, kv, prev, prev_kv: None, is_value_cold: false });
            }
            Content::Value(value) => value.clone(),
            Content::Origin(origin) => self.values.find(&version.key, *origin)?,
        };
        let kv = key_value(version.key.clone(), &version.meta(at), value);
        Ok(Event { kind: EventKind::Put, kv, prev, prev_kv: None, is_value_cold: false })
    }

    pub(crate) fn previous(&self, key: &Bytes, revision: Revision) -> Result<Option<KeyValue>> {
        let at = At { main: revision.main, sub: u32::try_from(revision.sub).unwrap_or(u32::MAX - 1) };
        let (current, mark, _pin) = {
            let state = self.state.read();
            let mark = state.compacted;
            (state.index.get(key), mark, self.pins.pin(mark.max(0)))
        };
        let found = match current.filter(|meta| At::of(meta) <= at) {
            Some(meta) => Some(meta),
            None => self.superseded_before(key, at, mark)?,
        };
        let Some(meta) = found else { return Ok(None) };
        let value = self.values.load(key, &meta)?;
        Ok(Some(key_value(key.clone(), &meta, value)))
    }

    /// The superseded version that was there at `at`, unless it is compacted.
    fn superseded_before(&self, key: &Bytes, at: At, mark: i64) -> Result<Option<Meta>> {
        let (from, to) = self.keys.superseded_upto(key, at);
        let Some(last) = self.table.range(from, to, Direction::Backward).next() else { return Ok(None) };
        let (table_key, record) = last?;
        let (_, end, meta) = read_superseded(&table_key, &record)?;
        // As in etcd, the state before the change at revision `end` is read at the revision before that.
        Ok((end > at.main && end > mark).then_some(meta))
    }
}

fn append(changes: &mut Vec<Changes>, revision: i64, mut event: Event) {
    match changes.last_mut() {
        Some(last) if last.revision == revision => {
            // Changed a second time in one transaction: the state before is the one before the transaction.
            let first = last.events.iter().rev().find(|first| first.kv.key == event.kv.key);
            event.prev = event.prev.or_else(|| first?.prev);
            last.events.push(event);
        }
        _ => changes.push(Changes { revision, events: vec![event] }),
    }
}

pub(crate) fn read_version(table_key: &Bytes, record: &Bytes) -> Result<(At, Version)> {
    version_at(table_key).zip(Version::decode(record)).ok_or_else(|| damaged("the record of a change cannot be read"))
}
