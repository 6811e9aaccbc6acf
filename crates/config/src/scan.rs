//! Reading the history in order: the audit trail by what it was about, watches, and the records of one namespace by their
//! numbers.
//!
//! Each page looks at a bounded number of index entries, so its cost does not grow with history; a page may be empty and not the
//! last.

use std::sync::Arc;

use base::{Error, Kind, Result};
use bytes::Bytes;
use table::Direction;

use crate::{
    audit::{Action, Record},
    error::{damaged, invalid},
    keys::last_number,
    limits::{EXAMINED_MAX, PAGE_MAX},
    machine::{Inner, Machine},
    read::Content,
    record::decode_number,
};

/// Which end of the history comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest record.
    #[default]
    NewestFirst,
    /// The oldest record.
    OldestFirst,
}

/// What to show of the audit trail. Everything given must hold of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// The path of its namespace.
    pub namespace: Option<String>,
    /// Its key; goes with a namespace.
    pub key: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// Not before this time, in ms.
    pub from_ms: Option<u64>,
    /// Not after this time, in ms.
    pub to_ms: Option<u64>,
    /// In which order.
    pub order: Order,
    /// The cursor of the page before.
    pub after: Option<u64>,
    /// Records at most: 1 to 1,000.
    pub limit: usize,
    /// With values, where the namespace let them be shown.
    pub with_values: bool,
}

/// A record, and the values of its versions if they were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// The record.
    pub record: Record,
    /// The value before; [`Content::Deleted`] if there was none.
    pub before: Content,
    /// The value after; [`Content::Deleted`] if there is none.
    pub after: Content,
}

/// A page of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// In the order asked for.
    pub records: Vec<Audited>,
    /// The cursor for the next page; `None`: there is nothing more.
    pub next: Option<u64>,
}

/// Which changes to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// Those of a namespace.
    Namespace(String),
    /// Those of namespaces whose path is this or begins with this and a slash.
    Below(String),
    /// Those of a key, its namespace's deletion included.
    Key(String, String),
    /// Those of keys of a namespace whose names begin with a text, and the namespace's deletion.
    Keys(String, String),
}

impl Filter {
    fn takes(&self, record: &Record) -> bool {
        let is_end = record.action == Action::NamespaceDeleted;
        let is_key = |takes: &dyn Fn(&str) -> bool| is_end || record.key.as_deref().is_some_and(takes);
        record.is_change()
            && match self {
                Filter::All => true,
                Filter::Namespace(path) => record.namespace == *path,
                Filter::Below(path) => {
                    let rest = record.namespace.strip_prefix(path.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                }
                Filter::Key(path, key) => record.namespace == *path && is_key(&|name| name == key),
                Filter::Keys(path, prefix) => record.namespace == *path && is_key(&|name| name.starts_with(prefix.as_str())),
            }
    }

    fn namespace(&self) -> Option<&str> {
        match self {
            Filter::All | Filter::Below(_) => None,
            Filter::Namespace(path) | Filter::Key(path, _) | Filter::Keys(path, _) => Some(path),
        }
    }
}

/// A change, and the value after it if it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The record of it.
    pub record: Record,
    /// The value after.
    pub content: Content,
}

/// Changes in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Ascending by position.
    pub events: Vec<Event>,
    /// Everything up to this position was looked at: where to go on from.
    pub through: u64,
}

/// Which of a namespace's records, as a topic shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// All of its audit trail: `audit.<namespace>`.
    Audit,
    /// Changes of its keys, and its deletion: `config.<namespace>`.
    Config,
}

/// Positions in an order, some with their records.
type Positions<'a> = Box<dyn Iterator<Item = Result<(u64, Option<Bytes>)>> + 'a>;

impl Inner {
    pub(crate) fn record(&self, position: u64) -> Result<Record> {
        let record = self.table.get(&self.keys.audit(position))?;
        Record::decode(record.ok_or_else(|| damaged("a record of the audit trail is missing"))?)
    }

    /// The first position whose record is of `time_ms` or later; the one after `last` if none is.
    fn first_since(&self, time_ms: u64, last: u64) -> Result<u64> {
        let is_before = |position| Ok(self.record(position)?.time_ms < time_ms);
        partition(1, last + 1, is_before)
    }

    /// The positions of `[from, to]` that an index knows, in an order.
    fn positions(&self, query: &AuditQuery, from: u64, to: u64) -> Result<Positions<'_>> {
        let direction = match query.order {
            Order::NewestFirst => Direction::Backward,
            Order::OldestFirst => Direction::Forward,
        };
        let keys = self.keys;
        let path = match query.namespace.as_deref() {
            None => None,
            Some(name) => {
                let state = self.read();
                let Some(path) = state.paths.get(name) else { return Ok(Box::new(std::iter::empty())) };
                Some((path.id, path.audit_end))
            }
        };
        let by = |first: Bytes, end: Bytes| -> Positions<'_> {
            let unreadable = || damaged("an index of the audit trail cannot be read");
            let named = move |pair: Result<(Bytes, Bytes)>| Ok((last_number(&pair?.0).ok_or_else(unreadable)?, None));
            Box::new(self.table.range(first, end, direction).map(named))
        };
        Ok(match (path, query) {
            (Some((path, _)), AuditQuery { key: Some(key), .. }) => {
                by(keys.by_key(path, key, from), keys.by_key(path, key, to + 1))
            }
            (Some((path, end)), _) => {
                let ordinal =
                    |position| partition(0, end, |ordinal| Ok(self.position_at(path, Topic::Audit, ordinal)? < position));
                let (first, end) = (keys.by_namespace(path, ordinal(from)?), keys.by_namespace(path, ordinal(to + 1)?));
                Box::new(self.table.range(first, end, direction).map(|pair| Ok((decode_number(pair?.1)?, None))))
            }
            (None, AuditQuery { actor: Some(actor), .. }) => by(keys.by_actor(actor, from), keys.by_actor(actor, to + 1)),
            (None, AuditQuery { action: Some(action), .. }) => by(keys.by_action(*action, from), keys.by_action(*action, to + 1)),
            (None, _) => {
                let whole = |pair: Result<(Bytes, Bytes)>| {
                    let (table_key, record) = pair?;
                    let position = last_number(&table_key).ok_or_else(|| damaged("a record of the audit trail has no number"))?;
                    Ok((position, Some(record)))
                };
                Box::new(self.table.range(keys.audit(from), keys.audit(to + 1), direction).map(whole))
            }
        })
    }

    /// The number of a path, and how many records its topic has; `None` if the path was never used.
    fn topic_end(&self, path: &str, topic: Topic) -> Option<(u64, u64)> {
        let state = self.read();
        let path = state.paths.get(path).filter(|path| path.is_seen())?;
        Some((
            path.id,
            match topic {
                Topic::Audit => path.audit_end - path.hidden.audit,
                Topic::Config => path.config_end - path.hidden.config,
            },
        ))
    }

    fn position_at(&self, path: u64, topic: Topic, ordinal: u64) -> Result<u64> {
        let name = match topic {
            Topic::Audit => self.keys.by_namespace(path, ordinal),
            Topic::Config => self.keys.config(path, ordinal),
        };
        decode_number(self.table.get(&name)?.ok_or_else(|| damaged("the place of a record is missing"))?)
    }

    fn topic_records(&self, path: &str, topic: Topic, offset: u64, limit: usize) -> Result<impl Iterator<Item = Result<Record>>> {
        let (id, end) = self.topic_end(path, topic).unwrap_or((0, 0));
        if offset > end {
            return Err(Error::new(Kind::OutOfRange, format!("the records of {path} end at {end}, before {offset}")));
        }
        let most = end.min(offset.saturating_add(limit.clamp(1, PAGE_MAX) as u64));
        Ok((offset..most).map(move |ordinal| self.record(self.position_at(id, topic, ordinal)?)))
    }

    /// Records in order, those that `takes` takes, at most `limit` of them. The second part is the last position that was looked
    /// at, unless everything was.
    fn scan(
        &self,
        query: &AuditQuery,
        from: u64,
        to: u64,
        takes: &dyn Fn(&Record) -> bool,
    ) -> Result<(Vec<Record>, Option<u64>)> {
        let mut records = Vec::new();
        if from > to {
            return Ok((records, None));
        }
        let mut looked_at = None;
        for (examined, found) in self.positions(query, from, to)?.enumerate() {
            if records.len() == query.limit.clamp(1, PAGE_MAX) || examined == EXAMINED_MAX {
                return Ok((records, looked_at));
            }
            let (position, record) = found?;
            looked_at = Some(position);
            let record = match record {
                Some(record) => Record::decode(record)?,
                None => self.record(position)?,
            };
            if takes(&record) {
                records.push(record);
            }
        }
        Ok((records, None))
    }

    fn audited(&self, record: Record, with_values: bool) -> Result<Audited> {
        let (mut before, mut after) = (Content::Omitted, Content::Omitted);
        if let Some(key) = record.key.as_deref().filter(|_| with_values && record.shows_values && record.is_change()) {
            before = self.content_of(record.namespace_id, key, record.replaced)?;
            after = self.content_after(&record, key)?;
        }
        Ok(Audited { record, before, after })
    }

    fn content_after(&self, record: &Record, key: &str) -> Result<Content> {
        if record.action == Action::ConfigDeleted {
            return Ok(Content::Deleted);
        }
        self.content_of(record.namespace_id, key, record.version)
    }

    fn event(&self, record: Record, with_values: bool) -> Result<Event> {
        let content = match record.key.as_deref() {
            Some(key) if with_values && record.is_change() => self.content_after(&record, key)?,
            _ => Content::Omitted,
        };
        Ok(Event { record, content })
    }
}

/// The first number of `[from, to)` of which `is_before` does not hold, or `to`. It holds of all before that.
fn partition(mut from: u64, mut to: u64, is_before: impl Fn(u64) -> Result<bool>) -> Result<u64> {
    while from < to {
        let middle = from + (to - from) / 2;
        if is_before(middle)? { from = middle + 1 } else { to = middle }
    }
    Ok(from)
}

impl Machine {
    /// One record of the audit trail. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` for a position that is not there.
    pub fn audit_record(&self, position: u64, with_values: bool) -> Result<Audited> {
        let inner = self.inner();
        let visible = inner.read().visible;
        if position == 0 || position > visible {
            let message = format!("the audit trail has the records 1 to {visible}, and no record {position}");
            return Err(Error::new(Kind::OutOfRange, message));
        }
        inner.audited(inner.record(position)?, with_values)
    }

    /// A page of the audit trail. Blocking.
    ///
    /// # Errors
    /// `Invalid` for a key without a namespace.
    pub fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        if query.key.is_some() && query.namespace.is_none() {
            return Err(invalid("a key lies in a namespace: name it too"));
        }
        let inner = self.inner();
        let visible = inner.read().visible;
        let (mut from, mut to) = (1, visible);
        if let Some(time_ms) = query.from_ms {
            from = inner.first_since(time_ms, visible)?;
        }
        if let Some(time_ms) = query.to_ms {
            to = inner.first_since(time_ms.saturating_add(1), visible)? - 1;
        }
        match (query.after, query.order) {
            (None, _) => {}
            (Some(after), Order::NewestFirst) => to = to.min(after.saturating_sub(1)),
            (Some(after), Order::OldestFirst) => from = from.max(after.saturating_add(1)),
        }
        let takes = |record: &Record| {
            let is = |wanted: &Option<String>, value: Option<&str>| wanted.as_deref().is_none_or(|wanted| value == Some(wanted));
            is(&query.namespace, Some(&record.namespace))
                && is(&query.key, record.key.as_deref())
                && is(&query.actor, Some(&record.who[0]))
                && query.action.is_none_or(|action| record.action == action)
        };
        let (records, next) = inner.scan(query, from, to, &takes)?;
        let audited = |record| inner.audited(record, query.with_values);
        Ok(AuditPage { records: records.into_iter().map(audited).collect::<Result<_>>()?, next })
    }

    /// Changes after a position, oldest first, at most `limit` (1,000) of them. Resuming from [`Events::through`] misses nothing
    /// and repeats nothing. Changes of one transaction follow each other; [`Record::closes`] tells the last one. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` for a position that is not there yet: this node is behind, or the position is of another store.
    pub fn events(&self, after: u64, filter: &Filter, limit: usize, with_values: bool) -> Result<Events> {
        let inner = self.inner();
        let visible = inner.read().visible;
        if after > visible {
            let message =
                format!("position {after} is not there yet, and {visible} is the last one: repeat later, or begin from there");
            return Err(Error::new(Kind::OutOfRange, message));
        }
        let namespace = filter.namespace().map(str::to_owned);
        let query = AuditQuery { namespace, order: Order::OldestFirst, limit, ..AuditQuery::default() };
        let (records, looked_at) = inner.scan(&query, after + 1, visible, &|record| filter.takes(record))?;
        let event = |record| inner.event(record, with_values);
        let events = records.into_iter().map(event).collect::<Result<_>>()?;
        Ok(Events { events, through: looked_at.unwrap_or(visible) })
    }

    /// How many records a namespace's topic has; `None` if the path was never used.
    pub fn topic_end(&self, path: &str, topic: Topic) -> Option<u64> {
        self.inner().topic_end(path, topic).map(|(_, end)| end)
    }

    /// The path of this number, if it was ever used as far as can be seen.
    pub fn topic_path(&self, number: u64) -> Option<Arc<str>> {
        let inner = self.inner();
        let state = inner.read();
        let name = state.named.get(&number)?.clone();
        state.paths.get(&name).filter(|path| path.is_seen()).map(|_| name)
    }

    /// The number of a path that was ever used as far as can be seen.
    pub fn topic_number(&self, path: &str) -> Option<u64> {
        self.inner().topic_end(path, Topic::Audit).map(|(number, _)| number)
    }

    /// All paths that were ever used as far as can be seen, with their numbers, in order.
    pub fn topic_paths(&self) -> Vec<(Arc<str>, u64)> {
        let inner = self.inner();
        let state = inner.read();
        state.paths.iter().filter(|(_, path)| path.is_seen()).map(|(name, path)| (name.clone(), path.id)).collect()
    }

    /// Records of a namespace's topic from an offset on, at most `limit` (1,000): the first one has that offset, and the others
    /// follow without a gap. Offsets go on when a namespace is deleted and created again. Blocking.
    ///
    /// # Errors
    /// `OutOfRange` for an offset beyond the end.
    pub fn topic(&self, path: &str, topic: Topic, offset: u64, limit: usize, with_values: bool) -> Result<Vec<Event>> {
        let inner = self.inner();
        let event = |record: Record| {
            let is_shown = with_values && (topic == Topic::Config || record.shows_values);
            inner.event(record, is_shown)
        };
        inner.topic_records(path, topic, offset, limit)?.map(|record| event(record?)).collect()
    }

    /// The same of its audit trail, as [`Machine::audit`] shows it.
    ///
    /// # Errors
    /// `OutOfRange` for an offset beyond the end.
    pub fn audit_topic(&self, path: &str, offset: u64, limit: usize, with_values: bool) -> Result<Vec<Audited>> {
        let inner = self.inner();
        let records = inner.topic_records(path, Topic::Audit, offset, limit)?;
        records.map(|record| inner.audited(record?, with_values)).collect()
    }

    /// Up to which record of a namespace's topic was written before this time, in ms: its offset for a time. Blocking.
    ///
    /// # Errors
    /// What the table answers.
    pub fn topic_offset_at(&self, path: &str, topic: Topic, time_ms: u64) -> Result<u64> {
        let inner = self.inner();
        let Some((id, end)) = inner.topic_end(path, topic) else { return Ok(0) };
        partition(0, end, |ordinal| Ok(inner.record(inner.position_at(id, topic, ordinal)?)?.time_ms < time_ms))
    }
}
