//! Batches that lie in the journal only.

use base::{Error, Kind, Result, ShardId};
use bytes::Bytes;
use journal::Journal;
use rustc_hash::FxHashMap;
use stream::BatchRef;

use crate::{
    consensus::offline::{Logged, look},
    limits::STREAM_READ_BYTES,
};

/// Where a batch has its base offset and its leader epoch: neither is covered by its CRC.
const BASE_OFFSET: std::ops::Range<usize> = 0..8;
const LEADER_EPOCH: std::ops::Range<usize> = 12..16;
/// Up to there a batch is written anew when it is served.
pub(crate) const PATCHED_BYTES: usize = LEADER_EPOCH.end;

/// The journal of one shard. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    journal: Journal,
    shard: ShardId,
}

/// Entries, by their index.
#[derive(Default)]
pub(crate) struct Entries(FxHashMap<u64, Bytes>);

impl Log {
    pub(crate) fn new(journal: Journal, shard: ShardId) -> Log {
        Log { journal, shard }
    }

    /// The batches of these entries, as far as memory has them.
    pub(crate) fn warm(&self, indexes: impl Iterator<Item = u64>) -> Result<Entries> {
        let mut entries = Entries::default();
        for index in indexes {
            if !entries.0.contains_key(&index) {
                let Some(payload) = self.journal.recent(self.shard, index) else { break };
                entries.add(index, payload)?;
            }
        }
        Ok(entries)
    }

    /// The batches of these entries, ascending, from memory or the disk. Those that were trimmed are left out.
    ///
    /// # Errors
    /// `Corrupt` if the journal is damaged, `Unavailable` if the disk refuses.
    pub(crate) fn read(&self, indexes: &[u64]) -> Result<Entries> {
        let mut entries = Entries::default();
        let Some(last) = indexes.last() else { return Ok(entries) };
        let mut at = 0;
        while let Some(from) = indexes.get(at) {
            let found = self.journal.read(self.shard, *from, last + 1, STREAM_READ_BYTES).map_err(unreadable)?;
            let Some(end) = found.last().map(|entry| entry.id.index) else { break };
            for entry in found {
                at += indexes[at..].partition_point(|index| *index < entry.id.index);
                if indexes.get(at) == Some(&entry.id.index) {
                    entries.add(entry.id.index, entry.payload)?;
                }
            }
            at += indexes[at..].partition_point(|index| *index <= end);
        }
        Ok(entries)
    }
}

fn unreadable(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::InvalidData => Error::new(Kind::Corrupt, format!("the journal is damaged: {error}")),
        _ => Error::new(Kind::Unavailable, format!("the journal cannot be read: {error}")),
    }
}

impl Entries {
    fn add(&mut self, index: u64, payload: Bytes) -> Result<()> {
        if let Logged::Batch(batch) = look(payload)? {
            self.0.insert(index, batch);
        }
        Ok(())
    }

    /// A batch as it was proposed; `None` if its entry is not among these.
    pub(crate) fn batch(&self, place: &BatchRef) -> Option<Bytes> {
        let entry = self.0.get(&place.index)?;
        let (from, length) = (place.position as usize, place.length as usize);
        (from + length <= entry.len()).then(|| entry.slice(from..from + length))
    }
}

/// What a batch begins with when it is served: its own first bytes, with the offset and the epoch that apply gave it.
pub(crate) fn patched(batch: &[u8], place: &BatchRef, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(&batch[..PATCHED_BYTES]);
    let head = &mut out[at..];
    head[BASE_OFFSET].copy_from_slice(&place.base_offset.to_be_bytes());
    head[LEADER_EPOCH].copy_from_slice(&place.leader_epoch.to_be_bytes());
}
