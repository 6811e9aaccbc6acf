//! Which chunks there are, and what points at them: versions, and imports that are staged.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use table::Table;

use crate::{
    audit::NamespaceId,
    error::missing_chunk,
    keys::Keys,
    record::{encode_chunk, encode_held},
    value::{Hash, Value},
};

struct Chunk {
    /// How many versions and staged items point at it.
    holders: u64,
    bytes: u32,
    /// Since when nothing does.
    time_ms: u64,
}

/// A version, by its namespace, key and number.
pub(crate) type VersionName = (NamespaceId, Box<str>, u64);

/// The chunks of a store. Their bytes lie in the table.
#[derive(Default)]
pub(crate) struct Chunks {
    known: FxHashMap<Hash, Chunk>,
    /// Of all of them.
    bytes: u64,
    /// Those that nothing points at, by the time since when.
    idle: BTreeSet<(u64, Hash)>,
    /// The chunks of each version that has any.
    held: BTreeMap<VersionName, Vec<Hash>>,
}

impl Chunks {
    /// Read from the table: nothing points at it yet.
    pub(crate) fn load(&mut self, hash: Hash, bytes: u32, time_ms: u64) {
        self.bytes += u64::from(bytes);
        self.known.insert(hash, Chunk { holders: 0, bytes, time_ms });
        self.idle.insert((time_ms, hash));
    }

    /// Read from the table.
    pub(crate) fn load_held(&mut self, name: VersionName, chunks: Vec<Hash>) {
        chunks.iter().for_each(|chunk| self.hold(chunk));
        self.held.insert(name, chunks);
    }

    /// Whether it was not there before.
    pub(crate) fn put(&mut self, hash: Hash, bytes: u32, time_ms: u64, table: &Table, keys: Keys) -> bool {
        let is_new = !self.known.contains_key(&hash);
        if is_new {
            self.bytes += u64::from(bytes);
        }
        let chunk = self.known.entry(hash).or_insert(Chunk { holders: 0, bytes, time_ms });
        if chunk.holders == 0 {
            self.idle.remove(&(chunk.time_ms, hash));
            chunk.time_ms = time_ms;
            self.idle.insert((time_ms, hash));
            table.put(keys.chunk_known(&hash), encode_chunk(chunk.bytes, time_ms));
        }
        is_new
    }

    /// Whether all chunks of a value are there and add up to it.
    pub(crate) fn check(&self, value: &Value) -> base::Result<()> {
        let Value::Chunks { chunks, bytes, .. } = value else { return Ok(()) };
        let mut sum = 0;
        for chunk in chunks {
            sum += self.known.get(chunk).map(|chunk| u64::from(chunk.bytes)).ok_or_else(|| missing_chunk(chunk))?;
        }
        if sum == *bytes { Ok(()) } else { Err(crate::error::invalid("the chunks do not add up to the length of the value")) }
    }

    /// One more points at it. It is there: that was checked.
    pub(crate) fn hold(&mut self, hash: &Hash) {
        if let Some(chunk) = self.known.get_mut(hash) {
            chunk.holders += 1;
            if chunk.holders == 1 {
                self.idle.remove(&(chunk.time_ms, *hash));
            }
        }
    }

    /// One less does.
    pub(crate) fn release(&mut self, hash: &Hash, time_ms: u64, table: &Table, keys: Keys) {
        if let Some(chunk) = self.known.get_mut(hash) {
            chunk.holders -= 1;
            if chunk.holders == 0 {
                chunk.time_ms = time_ms;
                self.idle.insert((time_ms, *hash));
                table.put(keys.chunk_known(hash), encode_chunk(chunk.bytes, time_ms));
            }
        }
    }

    /// A version points at these.
    pub(crate) fn hold_version(&mut self, id: NamespaceId, key: &str, version: u64, chunks: &[Hash], table: &Table, keys: Keys) {
        if !chunks.is_empty() {
            table.put(keys.held(id, key, version), encode_held(chunks));
            self.load_held((id, key.into(), version), chunks.to_vec());
        }
    }

    /// A version is gone.
    pub(crate) fn release_version(&mut self, name: &VersionName, time_ms: u64, table: &Table, keys: Keys) {
        if let Some(chunks) = self.held.remove(name) {
            table.delete(keys.held(name.0, &name.1, name.2));
            chunks.iter().for_each(|chunk| self.release(chunk, time_ms, table, keys));
        }
    }

    pub(crate) fn has_versions(&self) -> bool {
        !self.held.is_empty()
    }

    /// The first version of a namespace that has chunks.
    pub(crate) fn first_of(&self, id: NamespaceId) -> Option<&VersionName> {
        self.held.range((id, Box::default(), 0)..).next().map(|(name, _)| name).filter(|name| name.0 == id)
    }

    /// Every namespace that has a version with chunks.
    pub(crate) fn namespaces(&self) -> BTreeSet<NamespaceId> {
        self.held.keys().map(|(id, ..)| *id).collect()
    }

    /// Forgets one that nothing has pointed at since `upto_ms` or before. Answers whether there was one.
    pub(crate) fn sweep(&mut self, upto_ms: u64, table: &Table, keys: Keys) -> bool {
        let Some((_, hash)) = self.idle.first().copied().filter(|(time_ms, _)| *time_ms <= upto_ms) else { return false };
        self.idle.pop_first();
        if let Some(gone) = self.known.remove(&hash) {
            self.bytes -= u64::from(gone.bytes);
        }
        table.delete(keys.chunk(&hash));
        table.delete(keys.chunk_known(&hash));
        true
    }

    /// How many there are, and their bytes; those that nothing points at included.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.known.len() as u64, self.bytes)
    }

    /// Since when the oldest of those has been left that nothing points at.
    pub(crate) fn oldest_idle(&self) -> Option<u64> {
        self.idle.first().map(|(time_ms, _)| *time_ms)
    }
}
