//! Reading keys and namespaces as they are.

use std::ops::Bound;

use base::Result;
use bytes::Bytes;

use crate::{
    audit::NamespaceId,
    error::{damaged, no_key, no_namespace},
    limits::LIST_ATTEMPTS,
    machine::{Cold, Inner, Machine},
    record::{Held, Meta, Version},
    request::Settings,
    state::{Namespace, Path, State},
    value::{Hash, Value, ValueType},
    versions::At,
};

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
    pub(crate) fn of(key: &str, number: u64, version: Version) -> Stored {
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
    /// What keys take in memory, about.
    pub key_bytes: u64,
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
        Counts {
            namespaces: state.namespaces,
            keys: state.keys,
            chunks: state.chunks.size(),
            imports,
            key_bytes: state.key_bytes,
        }
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
}

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(name) => Bound::Included(name),
        Bound::Excluded(name) => Bound::Excluded(name),
        Bound::Unbounded => Bound::Unbounded,
    }
}
