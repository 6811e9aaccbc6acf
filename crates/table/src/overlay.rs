//! What changed since the last settle: the newest value of each changed key, in memory.

use std::collections::BTreeMap;

use bytes::Bytes;

/// Changed keys; `None` is a deletion.
pub(crate) type Changes = BTreeMap<Bytes, Option<Bytes>>;

/// The active overlay and its size.
#[derive(Default)]
pub(crate) struct Overlay {
    pub(crate) changes: Changes,
    pub(crate) bytes: u64,
}

impl Overlay {
    pub(crate) fn set(&mut self, key: Bytes, value: Option<Bytes>) {
        let key_bytes = key.len() as u64;
        self.bytes += value.as_ref().map_or(0, |v| v.len() as u64);
        match self.changes.insert(key, value) {
            Some(before) => self.bytes -= before.map_or(0, |v| v.len() as u64),
            None => self.bytes += key_bytes,
        }
    }
}
