//! Where versions are found: a cache, the table's overlay, the tree.

use std::sync::Arc;

use base::Result;
use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use table::{Table, Warm};

use crate::{limits::CACHE_ENTRY_BYTES, machine::Cold, record::Version};

#[derive(Clone)]
struct ByBytes;

impl Weighter<Bytes, Bytes> for ByBytes {
    fn weight(&self, name: &Bytes, record: &Bytes) -> u64 {
        (name.len() + record.len()) as u64 + CACHE_ENTRY_BYTES
    }
}

/// The records of versions, by their table keys. What a version says never changes.
#[derive(Clone)]
pub(crate) struct Values {
    cache: Arc<Cache<Bytes, Bytes, ByBytes, rustc_hash::FxBuildHasher>>,
}

impl Values {
    pub(crate) fn new(cache_bytes: u64) -> Values {
        let items = usize::try_from(cache_bytes / 512).unwrap_or(usize::MAX).max(64);
        Values { cache: Arc::new(Cache::with(items, cache_bytes, ByBytes, rustc_hash::FxBuildHasher, Default::default())) }
    }

    /// Keeps a record, which has a buffer of its own.
    pub(crate) fn remember(&self, name: Bytes, record: Bytes) {
        self.cache.insert(name, record);
    }

    /// A version; `Ok(None)`: it is not kept any more. `None`: only the disk knows, and `cold` refuses it.
    pub(crate) fn load(&self, table: &Table, name: &Bytes, cold: Cold) -> Option<Result<Option<Version>>> {
        // The table first: a version that was dropped may be in the cache still.
        let record = match (table.get_warm(name), cold) {
            (Warm::Found(record), _) => Some(record),
            (Warm::Absent, _) => None,
            (Warm::Cold, cold) => match (self.cache.get(name), cold) {
                (Some(record), _) => Some(record),
                (None, Cold::Refuse) => return None,
                (None, Cold::Allow) => match table.get(name) {
                    Ok(record) => record.map(|record| self.taken(name, &record)),
                    Err(error) => return Some(Err(error)),
                },
            },
        };
        Some(record.map(Version::decode).transpose())
    }

    fn taken(&self, name: &Bytes, record: &Bytes) -> Bytes {
        let own = Bytes::copy_from_slice(record);
        self.cache.insert(name.clone(), own.clone());
        own
    }

    /// A version was dropped.
    pub(crate) fn forget(&self, name: &Bytes) {
        self.cache.remove(name);
    }
}
