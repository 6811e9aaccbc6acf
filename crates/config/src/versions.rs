//! What a key was: its versions, by number, position and time, and their values.

use base::{Error, Kind, Result};
use bytes::Bytes;

use crate::{
    audit::NamespaceId,
    error::{damaged, no_key, no_namespace},
    limits::PAGE_MAX,
    machine::{Cold, Inner, Machine},
    read::{Content, Stored},
    record::Meta,
    request::{Expect, Operation, Put},
    value::{Hash, Value},
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

impl Inner {
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

    /// A key of which versions are kept, deleted or not, and the last visible position.
    pub(crate) fn history_of(&self, namespace: &str, key: &str) -> Result<(NamespaceId, Meta, u64)> {
        let state = self.read();
        let (path, there) = state.namespace(namespace).ok_or_else(|| no_namespace(namespace))?;
        let meta = there.keys.get(key).and_then(|slot| slot.at(state.visible)).ok_or_else(|| no_key(namespace, key))?;
        Ok((path.namespace_id(), meta.clone(), state.visible))
    }

    #[expect(clippy::too_many_arguments, reason = "a key's name, what is known of it, and what is asked")]
    pub(crate) fn earlier(
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

/// What a search found; `None`: it needs the disk.
type Searched = Option<Result<Option<Stored>>>;

fn not_kept(namespace: &str, key: &str, first: u64) -> Error {
    let message = format!("the key {key} in {namespace} keeps its versions from {first} on: what you ask for is older, and gone");
    Error::new(Kind::OutOfRange, message)
}

impl Machine {
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

    /// The write that brings the value of an earlier version back, as a new version. Blocking. If its chunks are dropped before
    /// it is applied, it is refused and can be asked for again.
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
