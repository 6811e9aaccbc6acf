//! Reading keys, their versions, and namespaces.

use std::ops::Bound;

use base::{Error, Kind, Result};
use bytes::Bytes;

use crate::{
    audit::NamespaceId,
    error::{damaged, no_key, no_namespace},
    limits::{LIST_ATTEMPTS, PAGE_MAX},
    machine::{Cold, Inner, Machine},
    record::{Held, Meta, Version},
    request::{Expect, Operation, Put, Settings},
    state::{Namespace, Path, State},
    value::{Hash, Value, ValueType},
};

/// Which of a key's versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The current one.
    #[default]
    Latest,
    /// This one.
    Version(u64),
    /// The one at this position.
    Position(u64),
    /// The one at this time in ms.
    Time(u64),
}

/// What a version holds, as far as it was asked for and is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A value.
    Inline(Bytes),
    /// A large value: its chunks, in order; see [`Machine::chunk`].
    Chunks(Vec<Hash>),
    /// Nothing: the key was deleted.
    Deleted,
    /// The version is not kept any more.
    Gone,
    /// It was not asked for.
    Omitted,
}

impl From<Held> for Content {
    fn from(held: Held) -> Content {
        match held {
            Held::Value(Value::Inline(value)) => Content::Inline(value),
            Held::Value(Value::Chunks { chunks, .. }) => Content::Chunks(chunks),
            Held::Deleted => Content::Deleted,
        }
    }
}

/// A version of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The key.
    pub key: String,
    /// Which version of it.
    pub version: u64,
    /// Of the change that made it: the ETag.
    pub position: u64,
    /// Of the change that created the key.
    pub created: u64,
    /// When it was made, in ms.
    pub time_ms: u64,
    /// Of the value.
    pub value_type: ValueType,
    /// Bytes of the value.
    pub bytes: u64,
    /// SHA-256 of the value; zeros for a deletion.
    pub hash: Hash,
    /// The principal that made it; empty where the content is omitted.
    pub author: String,
    /// Why; empty where the content is omitted.
    pub comment: String,
    /// The version whose value it has again, for a rollback; 0 otherwise.
    pub restored: u64,
    /// The value.
    pub content: Content,
}

impl Stored {
    fn of(key: &str, number: u64, version: Version) -> Stored {
        let bytes = match &version.held {
            Held::Value(value) => value.bytes(),
            Held::Deleted => 0,
        };
        Stored {
            key: key.to_owned(),
            version: number,
            position: version.position,
            created: version.created,
            time_ms: version.time_ms,
            value_type: version.value_type,
            bytes,
            hash: version.hash,
            author: version.author,
            comment: version.comment,
            restored: version.restored,
            content: version.held.into(),
        }
    }

    fn without_content(key: &str, meta: &Meta) -> Stored {
        Stored {
            key: key.to_owned(),
            version: meta.version,
            position: meta.position,
            created: meta.created,
            time_ms: meta.time_ms,
            value_type: meta.value_type,
            bytes: meta.bytes,
            hash: meta.hash,
            author: String::new(),
            comment: String::new(),
            restored: 0,
            content: Content::Omitted,
        }
    }
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// Its path.
    pub path: String,
    /// What tells it from earlier ones of the same path.
    pub id: NamespaceId,
    /// What it is for.
    pub description: String,
    /// Whose it is.
    pub owner: String,
    /// See there.
    pub settings: Settings,
    /// Counts its own changes, not those of its keys.
    pub version: u64,
    /// Position and time in ms of its creation.
    pub created: (u64, u64),
    /// Position and time in ms of its own last change.
    pub updated: (u64, u64),
    /// How many keys there are.
    pub keys: u64,
}

impl NamespaceInfo {
    fn of(name: &str, path: &Path, namespace: &Namespace) -> NamespaceInfo {
        let state = &namespace.state;
        NamespaceInfo {
            path: name.to_owned(),
            id: path.namespace_id(),
            description: state.description.clone(),
            owner: state.owner.clone(),
            settings: state.settings,
            version: state.version,
            created: (state.created, state.created_ms),
            updated: (state.updated, state.updated_ms),
            keys: namespace.live,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// Where the next page begins: hand it in as `after`. `None`: this is the end.
    pub next: Option<String>,
    /// How many there are in all, whatever the prefix.
    pub count: u64,
    /// The position that it shows.
    pub position: u64,
}

/// What to list of a namespace's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// The namespace.
    pub namespace: String,
    /// What their names begin with.
    pub prefix: String,
    /// Where the page before ended.
    pub after: Option<String>,
    /// At most so many; 0: all of them, at one moment.
    pub limit: usize,
    /// Without values, authors and comments, which takes no disk.
    pub omits_content: bool,
}

/// How many things there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Namespaces.
    pub namespaces: u64,
    /// Keys.
    pub keys: u64,
    /// Chunks of large values, and their bytes.
    pub chunks: (u64, u64),
    /// Imports under way, and what they take in memory.
    pub imports: (u64, u64),
}

/// A key as a reader found it, whose version is to be loaded.
struct Found {
    name: Bytes,
    key: String,
    meta: Meta,
}

/// What to read, or what cannot be.
type Wanted = Result<Vec<Option<Found>>>;

fn names(prefix: &str, after: Option<&str>) -> (Bound<String>, Bound<String>) {
    let from = match after {
        Some(after) if after >= prefix => Bound::Excluded(after.to_owned()),
        _ => Bound::Included(prefix.to_owned()),
    };
    (from, Bound::Unbounded)
}

impl Inner {
    fn found(&self, state: &State, namespace: &str, key: &str) -> Option<Found> {
        let meta = state.key(namespace, key)?.clone();
        let id = state.paths.get(namespace)?.namespace_id();
        Some(Found { name: self.keys.version(id, key, meta.version), key: key.to_owned(), meta })
    }

    /// Loads what `want` finds. What was found may be dropped before it is loaded: then it looks again, and in the end while no
    /// change can be made.
    fn load_found<T>(
        &self,
        cold: Cold,
        want: impl Fn(&State) -> Result<(T, Wanted)>,
    ) -> Option<Result<(T, Vec<Option<Stored>>)>> {
        for attempt in 0.. {
            let state = self.read();
            let (beside, wanted) = match want(&state).and_then(|(beside, wanted)| Ok((beside, wanted?))) {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            let lock = (attempt >= LIST_ATTEMPTS).then_some(state);
            match self.load_all(wanted, cold)? {
                Ok(Some(stored)) => return Some(Ok((beside, stored))),
                Ok(None) if lock.is_none() => {}
                Ok(None) => return Some(Err(damaged("a version that is kept is missing"))),
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }

    /// `Ok(None)`: one of them is not there any more.
    fn load_all(&self, wanted: Vec<Option<Found>>, cold: Cold) -> Option<Result<Option<Vec<Option<Stored>>>>> {
        let mut stored = Vec::with_capacity(wanted.len());
        for found in wanted {
            let Some(found) = found else {
                stored.push(None);
                continue;
            };
            match self.values.load(&self.table, &found.name, cold)? {
                Ok(Some(version)) => stored.push(Some(Stored::of(&found.key, found.meta.version, version))),
                Ok(None) => return Some(Ok(None)),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(Some(stored)))
    }

    pub(crate) fn content_of(&self, id: NamespaceId, key: &str, version: u64) -> Result<Content> {
        if version == 0 {
            return Ok(Content::Deleted);
        }
        // What is dropped by a settle, or is in the cache, is there a little longer than it is kept.
        let is_kept = {
            let state = self.read();
            let path = state.named.get(&id.path).and_then(|name| state.paths.get(name)).filter(|path| path.namespace_id() == id);
            let slot = path.and_then(|path| path.namespace.as_ref()).and_then(|namespace| namespace.keys.get(key));
            slot.is_some_and(|slot| slot.meta.first <= version)
        };
        if !is_kept {
            return Ok(Content::Gone);
        }
        let name = self.keys.version(id, key, version);
        let loaded = self.values.load(&self.table, &name, Cold::Allow).unwrap_or(Ok(None))?;
        Ok(loaded.map_or(Content::Gone, |version| version.held.into()))
    }

    fn load_version(&self, id: NamespaceId, key: &str, number: u64, cold: Cold) -> Option<Result<Option<Stored>>> {
        let loaded = self.values.load(&self.table, &self.keys.version(id, key, number), cold)?;
        Some(loaded.map(|version| version.map(|version| Stored::of(key, number, version))))
    }

    /// The last version that `is_before` says of that it was there already, searched among those that are kept.
    fn search(&self, id: NamespaceId, key: &str, meta: &Meta, cold: Cold, is_before: impl Fn(&Stored) -> bool) -> Searched {
        let (mut low, mut high, mut found) = (meta.first, meta.version + 1, None);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.load_version(id, key, middle, cold)? {
                Ok(Some(stored)) if is_before(&stored) => (low, found) = (middle + 1, Some(stored)),
                Ok(Some(_)) => high = middle,
                // Dropped meanwhile: so were those before.
                Ok(None) => low = middle + 1,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(found))
    }
}

/// What a search found; `None`: it needs the disk.
type Searched = Option<Result<Option<Stored>>>;

fn not_kept(namespace: &str, key: &str, first: u64) -> Error {
    let message = format!("the key {key} in {namespace} keeps its versions from {first} on: what you ask for is older, and gone");
    Error::new(Kind::OutOfRange, message)
}

impl Machine {
    /// The last position that can be read: what a read token and a watch begin from.
    #[expect(clippy::misnamed_getters, reason = "what is not visible yet has no position for anybody")]
    pub fn position(&self) -> u64 {
        self.inner().read().visible
    }

    /// How many things there are. They are counted as they change.
    pub fn counts(&self) -> Counts {
        let inner = self.inner();
        let state = inner.read();
        let imports = (state.imports.len() as u64, state.staged_bytes);
        Counts { namespaces: state.namespaces, keys: state.keys, chunks: state.chunks.size(), imports }
    }

    /// A key, with the position at which it was read. `None`: see [`Cold::Refuse`].
    ///
    /// # Errors
    /// `NotFound`; `OutOfRange` for a version that is not kept any more, or a position that is not there yet.
    pub fn get(&self, namespace: &str, key: &str, at: At, cold: Cold) -> Option<Result<(Stored, u64)>> {
        let inner = self.inner();
        if at == At::Latest {
            let want = |state: &State| {
                let found = inner.found(state, namespace, key).ok_or_else(|| match state.namespace(namespace) {
                    Some(_) => no_key(namespace, key),
                    None => no_namespace(namespace),
                });
                Ok((state.visible, found.map(|found| vec![Some(found)])))
            };
            let loaded = inner.load_found(cold, want)?;
            return Some(loaded.and_then(|(position, mut stored)| {
                let stored = stored.pop().flatten().ok_or_else(|| damaged("a version that is kept is missing"))?;
                Ok((stored, position))
            }));
        }
        let (id, meta, visible) = match inner.history_of(namespace, key) {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        Some(inner.earlier(namespace, key, id, &meta, visible, at, cold)?.map(|stored| (stored, visible)))
    }

    /// Several keys at one moment, in their order, with the position of that moment. `None`: see [`Cold::Refuse`].
    ///
    /// # Errors
    /// What the table answers. Keys that are not there are `None`.
    pub fn get_many(&self, keys: &[(String, String)], cold: Cold) -> Option<Result<(Vec<Option<Stored>>, u64)>> {
        let inner = self.inner();
        let want = |state: &State| {
            let found = keys.iter().map(|(namespace, key)| inner.found(state, namespace, key)).collect();
            Ok((state.visible, Ok(found)))
        };
        Some(inner.load_found(cold, want)?.map(|(position, stored)| (stored, position)))
    }

    /// Keys of a namespace in order, at one moment. `None`: see [`Cold::Refuse`].
    ///
    /// # Errors
    /// `NotFound` for a namespace that is not there.
    pub fn list(&self, query: &ListQuery, cold: Cold) -> Option<Result<Page<Stored>>> {
        let inner = self.inner();
        let want = |state: &State| {
            let (path, namespace) = state.namespace(&query.namespace).ok_or_else(|| no_namespace(&query.namespace))?;
            let id = path.namespace_id();
            let limit = if query.limit == 0 { usize::MAX } else { query.limit };
            let (mut found, mut bare, mut next) = (Vec::new(), Vec::new(), None);
            let bounds = names(&query.prefix, query.after.as_deref());
            let slots = namespace.keys.range::<str, _>((as_str(&bounds.0), as_str(&bounds.1)));
            let slots = slots.take_while(|(key, _)| key.starts_with(&query.prefix));
            let live = slots.filter_map(|(key, slot)| Some((key, slot.at(state.visible).filter(|meta| !meta.is_deleted)?)));
            for (key, meta) in live {
                if found.len().max(bare.len()) == limit {
                    next = found.last().map(|found: &Option<Found>| found.as_ref().map(|found| found.key.clone()));
                    next = next.or_else(|| bare.last().map(|stored: &Stored| Some(stored.key.clone())));
                    break;
                }
                if query.omits_content {
                    bare.push(Stored::without_content(key, meta));
                } else {
                    let name = inner.keys.version(id, key, meta.version);
                    found.push(Some(Found { name, key: key.to_string(), meta: meta.clone() }));
                }
            }
            let page = Page { items: bare, next: next.flatten(), count: namespace.live, position: state.visible };
            Ok((page, Ok(found)))
        };
        let loaded = inner.load_found(cold, want)?;
        Some(loaded.map(|(mut page, stored)| {
            page.items.extend(stored.into_iter().flatten());
            page
        }))
    }

    /// A namespace.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn namespace(&self, path: &str) -> Result<NamespaceInfo> {
        let inner = self.inner();
        let state = inner.read();
        let found = state.namespace(path).ok_or_else(|| no_namespace(path))?;
        Ok(NamespaceInfo::of(path, found.0, found.1))
    }

    /// Namespaces in the order of their paths; `limit` 0: all of them. A prefix is of text, not of whole parts.
    pub fn namespaces(&self, prefix: &str, after: Option<&str>, limit: usize) -> Page<NamespaceInfo> {
        let inner = self.inner();
        let state = inner.read();
        let limit = if limit == 0 { usize::MAX } else { limit };
        let bounds = names(prefix, after);
        let paths = state.paths.range::<str, _>((as_str(&bounds.0), as_str(&bounds.1)));
        let paths = paths.take_while(|(name, _)| name.starts_with(prefix));
        let mut there = paths.filter_map(|(name, path)| Some(NamespaceInfo::of(name, path, path.at(state.visible)?)));
        let items: Vec<NamespaceInfo> = there.by_ref().take(limit).collect();
        let next = there.next().and_then(|_| items.last().map(|last| last.path.clone()));
        Page { items, next, count: state.namespaces, position: state.visible }
    }

    /// Versions of a key, the newest first, those before `before` if that is given, at most 1,000; also of a key that is deleted.
    /// The second part tells whether older ones are kept. Blocking.
    ///
    /// # Errors
    /// `NotFound` for a key of which nothing is kept.
    pub fn versions(&self, namespace: &str, key: &str, before: Option<u64>, limit: usize) -> Result<(Vec<Stored>, bool)> {
        let inner = self.inner();
        let (id, meta, _) = inner.history_of(namespace, key)?;
        let end = before.map_or(meta.version + 1, |before| before.min(meta.version + 1));
        let mut versions = Vec::new();
        for number in (meta.first..end).rev().take(limit.clamp(1, PAGE_MAX)) {
            // What was dropped meanwhile was the end of the list.
            let Some(stored) = inner.load_version(id, key, number, Cold::Allow).unwrap_or(Ok(None))? else { break };
            versions.push(stored);
        }
        let is_more = versions.last().is_some_and(|last| last.version > meta.first);
        Ok((versions, is_more))
    }

    /// The bytes of a chunk; `None` if it is not there. Blocking.
    ///
    /// # Errors
    /// `Corrupt` if it is not what its name says, and what the table answers.
    pub fn chunk(&self, hash: &Hash) -> Result<Option<Bytes>> {
        let inner = self.inner();
        let chunk = inner.table.get(&inner.keys.chunk(hash))?;
        match chunk {
            Some(bytes) if crate::value::sha256(&bytes) != *hash => Err(damaged("a chunk is not what its name says")),
            chunk => Ok(chunk),
        }
    }

    /// A value in one piece, checked against its hash. Blocking.
    ///
    /// # Errors
    /// `NotFound` where there is none, `OutOfRange` where it is not kept any more, `Corrupt` if it is not what was written.
    pub fn value(&self, stored: &Stored) -> Result<Bytes> {
        let gone = || Error::new(Kind::OutOfRange, "the value is not kept any more: read a newer version");
        let bytes = match &stored.content {
            Content::Inline(value) => return Ok(value.clone()),
            Content::Chunks(chunks) => {
                let mut whole =
                    Vec::with_capacity(usize::try_from(stored.bytes.min(crate::limits::VALUE_BYTES_MAX)).unwrap_or(0));
                for chunk in chunks {
                    whole.extend_from_slice(&self.chunk(chunk)?.ok_or_else(gone)?);
                }
                whole
            }
            Content::Deleted => return Err(Error::new(Kind::NotFound, "the key was deleted, and this version has no value")),
            Content::Gone | Content::Omitted => return Err(gone()),
        };
        if crate::value::sha256(&bytes) != stored.hash {
            return Err(damaged("a value in chunks is not what was written"));
        }
        Ok(bytes.into())
    }

    /// The write that brings the value of an earlier version back, as a new version. Blocking. If its chunks are dropped before it
    /// is applied, it is refused and can be asked for again.
    ///
    /// # Errors
    /// As [`Machine::get`] of that version; `Invalid` if that version is a deletion.
    pub fn rollback(&self, namespace: &str, key: &str, version: u64, expect: Expect) -> Result<Operation> {
        let found = self.get(namespace, key, At::Version(version), Cold::Allow);
        let (stored, _) = found.unwrap_or_else(|| Err(damaged("a read that may wait did not")))?;
        let value = match stored.content {
            Content::Inline(value) => Value::Inline(value),
            Content::Chunks(chunks) => Value::Chunks { chunks, bytes: stored.bytes, hash: stored.hash },
            _ => return Err(crate::error::invalid("that version is a deletion: delete the key to have it again")),
        };
        Ok(Operation::Put(Put {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            value_type: stored.value_type,
            value,
            expect,
            creates_namespace: false,
            restores: version,
        }))
    }
}

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(name) => Bound::Included(name),
        Bound::Excluded(name) => Bound::Excluded(name),
        Bound::Unbounded => Bound::Unbounded,
    }
}

impl Inner {
    /// A key of which versions are kept, deleted or not, and the last visible position.
    fn history_of(&self, namespace: &str, key: &str) -> Result<(NamespaceId, Meta, u64)> {
        let state = self.read();
        let (path, there) = state.namespace(namespace).ok_or_else(|| no_namespace(namespace))?;
        let meta = there.keys.get(key).and_then(|slot| slot.at(state.visible)).ok_or_else(|| no_key(namespace, key))?;
        Ok((path.namespace_id(), meta.clone(), state.visible))
    }

    #[expect(clippy::too_many_arguments, reason = "a key's name, what is known of it, and what is asked")]
    fn earlier(
        &self,
        namespace: &str,
        key: &str,
        id: NamespaceId,
        meta: &Meta,
        visible: u64,
        at: At,
        cold: Cold,
    ) -> Option<Result<Stored>> {
        let found = match at {
            At::Position(position) if position > visible => {
                let message = format!("position {position} is not there yet, and {visible} is the last one: repeat later");
                return Some(Err(Error::new(Kind::OutOfRange, message)));
            }
            At::Version(version) if version > meta.version => return Some(Err(no_key(namespace, key))),
            At::Version(version) if version < meta.first => return Some(Err(not_kept(namespace, key, meta.first))),
            At::Version(version) => self.load_version(id, key, version, cold)?,
            At::Latest => self.load_version(id, key, meta.version, cold)?,
            At::Position(position) => self.search(id, key, meta, cold, |stored| stored.position <= position)?,
            At::Time(time_ms) => self.search(id, key, meta, cold, |stored| stored.time_ms <= time_ms)?,
        };
        Some(found.and_then(|found| match found {
            Some(stored) if stored.content == Content::Deleted && !matches!(at, At::Version(_)) => Err(no_key(namespace, key)),
            Some(stored) => Ok(stored),
            None if meta.first == 1 && !matches!(at, At::Version(_)) => Err(no_key(namespace, key)),
            None => Err(not_kept(namespace, key, meta.first)),
        }))
    }
}
