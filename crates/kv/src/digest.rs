//! One number that equals on all replicas that applied the same log.

use base::Result;
use table::Direction;

use crate::{history::read_version, index::Meta, machine::Inner, read::Walk, record::Content, request::Span};

/// Digests fields in order; every field is preceded by its length, so that no two histories read alike.
struct Digest(u32);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, &(bytes.len() as u64).to_le_bytes());
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    fn add_state(&mut self, kind: u8, key: &[u8], meta: &Meta, value: &[u8]) {
        self.add(&[kind]);
        self.add(key);
        for number in [meta.create, meta.main, i64::from(meta.sub), meta.version, meta.lease] {
            self.add(&number.to_le_bytes());
        }
        self.add(value);
    }
}

impl Inner {
    /// Digests the state at the compaction mark in the order of keys, then every change after it.
    pub(crate) fn hash_kv(&self, revision: i64) -> Result<(u32, i64, i64)> {
        let (at, mark, _pin) = {
            let state = self.state.read();
            let at = state.readable(revision)?;
            (at, state.compacted, self.pins.pin(state.compacted.max(0)))
        };
        let mut digest = Digest(0);
        if mark > 0 {
            let everything = Span { key: vec![0].into(), range_end: vec![0].into() };
            self.walk(mark, &everything, &mut |key, meta| {
                digest.add_state(0, &key, &meta, &self.values.load(&key, &meta)?);
                Ok(Walk::On)
            })?;
        }
        let (from, to) = self.keys.versions(mark.max(0) + 1, at.saturating_add(1));
        for pair in self.table.range(from, to, Direction::Forward) {
            let (table_key, record) = pair?;
            let (place, version) = read_version(&table_key, &record)?;
            let meta = version.meta(place);
            match &version.content {
                Content::Value(value) => digest.add_state(1, &version.key, &meta, value),
                Content::Origin(origin) => digest.add_state(1, &version.key, &meta, &self.values.find(&version.key, *origin)?),
                Content::Tombstone => digest.add_state(2, &version.key, &meta, &[]),
            }
        }
        Ok((digest.0, at, mark))
    }
}
