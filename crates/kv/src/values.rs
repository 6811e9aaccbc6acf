//! Where values are found: the cache, the table's overlay, the tree.

use std::sync::Arc;

use base::Result;
use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use table::{Table, Warm};

use crate::{
    error::damaged,
    index::Meta,
    limits::{CACHE_ENTRY_BYTES, CACHE_SHARE_BYTES_MIN},
    record::{At, Content, Keys, Settled, Version},
};

#[derive(Clone)]
struct ByBytes;

impl Weighter<At, Bytes> for ByBytes {
    fn weight(&self, _at: &At, value: &Bytes) -> u64 {
        value.len() as u64 + CACHE_ENTRY_BYTES
    }
}

/// The values of a key space.
pub(crate) struct Values {
    keys: Keys,
    table: Table,
    cache: Arc<Cache<At, Bytes, ByBytes, rustc_hash::FxBuildHasher>>,
}

/// A value that its own buffer holds, unless it is so long that sharing costs little.
fn own(value: &Bytes) -> Bytes {
    if value.len() < CACHE_SHARE_BYTES_MIN { Bytes::copy_from_slice(value) } else { value.clone() }
}

impl Values {
    pub(crate) fn new(keys: Keys, table: Table, cache_bytes: u64) -> Values {
        let items = usize::try_from(cache_bytes / 512).unwrap_or(usize::MAX).max(64);
        let cache = Cache::with(items, cache_bytes, ByBytes, rustc_hash::FxBuildHasher, Default::default());
        Values { keys, table, cache: Arc::new(cache) }
    }

    /// The same values over another table of the same key space, in one cache.
    pub(crate) fn over(&self, table: Table) -> Values {
        Values { keys: self.keys, table, cache: self.cache.clone() }
    }

    /// Keeps a value that was just written; it must not share a large buffer.
    pub(crate) fn remember(&self, at: At, value: Bytes) {
        if !value.is_empty() {
            self.cache.insert(at, value);
        }
    }

    /// The value of the version that `meta` describes, if the cache has it.
    pub(crate) fn cached(&self, meta: &Meta) -> Option<Bytes> {
        if meta.value_len == 0 { Some(Bytes::new()) } else { self.cache.get(&At::of(meta)) }
    }

    /// The same, if memory has it.
    pub(crate) fn warm(&self, meta: &Meta) -> Option<Bytes> {
        self.cached(meta).or_else(|| self.unsettled(At::of(meta)))
    }

    fn unsettled(&self, at: At) -> Option<Bytes> {
        let Warm::Found(record) = self.table.get_warm(&self.keys.version(at)) else { return None };
        match Version::decode(&record)?.content {
            Content::Value(value) => Some(value),
            Content::Origin(origin) => self.cache.get(&origin).or_else(|| self.unsettled(origin)),
            Content::Tombstone => None,
        }
    }

    /// The value of the version of `key` that `meta` describes, wherever it is. The caller holds a pin at a revision at
    /// which that version is readable.
    pub(crate) fn load(&self, key: &[u8], meta: &Meta) -> Result<Bytes> {
        if let Some(value) = self.cached(meta) {
            return Ok(value);
        }
        let value = own(&self.find(key, At::of(meta))?);
        self.remember(At::of(meta), value.clone());
        Ok(value)
    }

    /// The value written at `at` for `key`, past the cache.
    pub(crate) fn find(&self, key: &[u8], at: At) -> Result<Bytes> {
        let mut place = at;
        // A version that kept its value points at the one that wrote it, in one step.
        for _ in 0..2 {
            let Some(record) = self.table.get(&self.keys.version(place))? else { break };
            let version = Version::decode(&record).ok_or_else(|| damaged("the record of a change cannot be read"))?;
            match version.content {
                Content::Value(value) => return Ok(value),
                Content::Origin(origin) => place = origin,
                Content::Tombstone => return Err(damaged("a deletion was found where a value should be")),
            }
        }
        // The floor has passed it: then the key's value at the floor is the one.
        let record = self.table.get(&self.keys.settled(key))?;
        let settled =
            record.as_ref().and_then(Settled::decode).ok_or_else(|| damaged("the value of a kept version is missing"))?;
        if settled.at == at || settled.origin == place {
            Ok(settled.value)
        } else {
            Err(damaged("the value of a kept version was replaced by another"))
        }
    }
}
