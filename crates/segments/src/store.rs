//! The store: the live segments of one shard, as the last commit names them.

use std::sync::Arc;

use base::{Disk, Error, Kind, Result};
use parking_lot::{Mutex, RwLock};

use crate::{
    error::{conflict, failed_io},
    index::Index,
    key::{PartitionKey, SegmentId, file_name, is_ours, segment_of},
    meta::SegmentMeta,
    segment::Segment,
    writer::Writer,
    yard::Yard,
};

/// The live segments of one shard. Many readers; those who write, merge and adopt take turns by the caller's doing.
///
/// The caller commits first and lets the store know then, so that a crash in between leaves what the commit says.
pub struct Store {
    pub(crate) yard: Arc<Yard>,
    pub(crate) index: RwLock<Index>,
    /// Held while the set of segments changes.
    changing: Mutex<()>,
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Live segments.
    pub segments: usize,
    /// Runs in them, dead ones included, without those of dropped partitions.
    pub runs: usize,
    /// Bytes of the files of live segments.
    pub disk_bytes: u64,
    /// Bytes of memory that the index takes.
    pub index_bytes: usize,
}

/// What is settled of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first offset that is served: not below the log start.
    pub first_offset: i64,
    /// The last offset.
    pub last_offset: i64,
    /// How many runs are served.
    pub runs: usize,
    /// Their bytes. Of a run that the log start cuts in two, all bytes count until a plan has looked into it.
    pub bytes: u64,
    /// The greatest timestamp of the oldest run, in ms.
    pub oldest_timestamp: i64,
}

impl Store {
    /// Opens the segments `live`, which the last commit names, in `disk`'s directory, and removes segments that it does not name:
    /// those were written or received by a process that died before its commit. Reads run tables, no batches.
    ///
    /// Partitions have no log start and none is dropped until the caller says so: [`Store::set_log_start`],
    /// [`Store::retain_partitions`].
    ///
    /// # Errors
    /// `Corrupt` if a segment is missing or is not the one that was committed, `Unsupported` if another build wrote it: nothing is
    /// removed then. `Unavailable` if the disk refused.
    pub fn open(disk: Arc<dyn Disk>, live: Vec<SegmentMeta>) -> Result<Store> {
        let yard = Yard::new(disk);
        let mut ids: Vec<SegmentId> = live.iter().map(|meta| meta.id).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(conflict(pair[0], "is named twice"));
        }
        let mut index = Index::default();
        for meta in live {
            let (segment, table) = Segment::open(&yard, meta)?;
            index.load(&segment, &table);
        }
        index.loaded();
        let failed = |error: std::io::Error| failed_io("directory", &error);
        for name in yard.disk.list().map_err(failed)? {
            let is_live = segment_of(&name).is_some_and(|id| ids.binary_search(&id).is_ok());
            if is_ours(&name) && !is_live {
                yard.disk.remove(&name).map_err(failed)?;
            }
        }
        ids.iter().for_each(|id| yard.claim(*id));
        Ok(Store { yard, index: RwLock::new(index), changing: Mutex::new(()) })
    }

    /// Begins a segment with what a settle takes out of the journal.
    ///
    /// # Errors
    /// `Conflict` if there is a live segment of that id; `Unavailable` if the disk refused.
    pub fn writer(&self, id: SegmentId) -> Result<Writer> {
        self.begin(id, 0)
    }

    pub(crate) fn begin(&self, id: SegmentId, generation: u32) -> Result<Writer> {
        if self.yard.is_needed(id) {
            return Err(conflict(id, "is there already: a number is used once"));
        }
        Writer::begin(self.yard.disk.clone(), id, generation)
    }

    /// Makes a commit visible to readers: `added` are live from now on and `removed` are not, all at once. Files of removed
    /// segments go when nobody reads them any more, at the next change or [`Store::clear`].
    ///
    /// # Errors
    /// `Conflict` if a removed one is not live or an added one is; `Corrupt` if an added one is not what the commit says. Nothing
    /// was changed then, and the commit does not fit the store: the node is to open it anew.
    pub fn adopt(&self, added: &[SegmentMeta], removed: &[SegmentId]) -> Result<()> {
        let _changing = self.changing.lock();
        for id in removed {
            if !self.is_live(*id) {
                return Err(conflict(id, "is to be removed and is not live"));
            }
        }
        for (at, meta) in added.iter().enumerate() {
            let is_again = added[..at].iter().any(|other| other.id == meta.id);
            if is_again || (self.is_live(meta.id) && !removed.contains(&meta.id)) {
                return Err(conflict(meta.id, "is to be added and is live already"));
            }
        }
        let opened = added.iter().map(|meta| Segment::open(&self.yard, *meta)).collect::<Result<Vec<_>>>()?;
        let tables: Vec<_> = removed.iter().map(|id| (*id, self.segment(*id).and_then(|segment| segment.table().ok()))).collect();
        let gone = self.index.write().change(&opened, &tables);
        removed.iter().for_each(|id| self.yard.release(*id));
        added.iter().for_each(|meta| self.yard.claim(meta.id));
        gone.iter().for_each(|segment| segment.retire());
        drop(gone);
        // What cannot be removed now is tried again, and goes at the next start at the latest.
        let _ = self.yard.clear();
        Ok(())
    }

    /// Removes the file of a segment that was written or received and is not to be committed after all.
    ///
    /// # Errors
    /// `Conflict` if it is live; `Unavailable` if the disk refused.
    pub fn discard(&self, id: SegmentId) -> Result<()> {
        if self.is_live(id) {
            return Err(conflict(id, "is live"));
        }
        self.yard.release(id);
        let is_there = self.yard.disk.list().map_err(|error| failed_io(id, &error))?.contains(&file_name(id));
        if is_there { self.yard.disk.remove(&file_name(id)).map_err(|error| failed_io(id, &error)) } else { Ok(()) }
    }

    /// Removes files that are no part of the store any more and that nobody reads.
    ///
    /// # Errors
    /// `Unavailable` if the disk refused; it is tried again next time.
    pub fn clear(&self) -> Result<()> {
        self.yard.clear()
    }

    /// Batches of `partition` below `offset` are not to be read any more, and their bytes are dead. A log start never moves back.
    /// Merging takes it at its word, so it is said after its commit.
    pub fn set_log_start(&self, partition: PartitionKey, offset: i64) {
        self.index.write().set_log_start(partition, offset);
    }

    /// All of `partition` is dead, and whatever comes of it later too: a partition's id does not come back. Said after its commit.
    pub fn drop_partition(&self, partition: PartitionKey) {
        self.index.write().drop_partition(partition);
    }

    /// Drops every partition that has settled runs and that `exists` does not know: after opening, a store may hold some of
    /// partitions that were dropped long ago.
    pub fn retain_partitions(&self, mut exists: impl FnMut(&PartitionKey) -> bool) {
        let mut index = self.index.write();
        let dropped: Vec<PartitionKey> =
            index.partitions().filter(|(_, partition)| !partition.all().is_empty()).map(|(key, _)| *key).collect();
        for key in dropped.into_iter().filter(|key| !exists(key)) {
            index.drop_partition(key);
        }
    }

    /// The live segments, by id.
    pub fn live(&self) -> Vec<SegmentMeta> {
        let mut live: Vec<SegmentMeta> = self.index.read().segments().map(|segment| segment.meta).collect();
        live.sort_unstable_by_key(|meta| meta.id);
        live
    }

    /// Whether a segment is live.
    pub fn is_live(&self, id: SegmentId) -> bool {
        self.index.read().segment(id).is_some()
    }

    /// What is settled of a partition; `None` if nothing is, or nothing any more.
    pub fn extent(&self, partition: PartitionKey) -> Option<Extent> {
        let index = self.index.read();
        let partition = index.partition(&partition)?;
        let (first, last) = (partition.served().first()?, partition.served().last()?);
        let bytes: u64 = partition.served().iter().map(|run| u64::from(run.length)).sum();
        Some(Extent {
            first_offset: first.base_offset.max(partition.log_start()),
            last_offset: last.last_offset,
            runs: partition.served().len(),
            bytes: bytes - u64::from(partition.cut().unwrap_or(0)),
            oldest_timestamp: first.max_timestamp,
        })
    }

    /// Bytes of batches that are settled of a partition and served, counted as in [`Extent`].
    pub fn bytes(&self, partition: PartitionKey) -> u64 {
        self.extent(partition).map_or(0, |extent| extent.bytes)
    }

    /// The smallest settled offset of `partition` that is not below `offset` (nor below its log start).
    pub fn next_settled(&self, partition: PartitionKey, offset: i64) -> Option<i64> {
        let index = self.index.read();
        let partition = index.partition(&partition)?;
        let offset = offset.max(partition.log_start());
        let at = partition.served().partition_point(|run| run.last_offset < offset);
        partition.served().get(at).map(|run| run.base_offset.max(offset))
    }

    /// What the store holds.
    pub fn stats(&self) -> Stats {
        let index = self.index.read();
        let (index_bytes, runs) = index.size();
        let disk_bytes = index.segments().map(|segment| segment.meta.length).sum();
        Stats { segments: index.segments().count(), runs, disk_bytes, index_bytes }
    }

    pub(crate) fn segment(&self, id: SegmentId) -> Option<Arc<Segment>> {
        self.index.read().segment(id).cloned()
    }

    pub(crate) fn live_segment(&self, id: SegmentId) -> Result<Arc<Segment>> {
        self.segment(id).ok_or_else(|| Error::new(Kind::NotFound, format!("segment {id} is not live")))
    }
}
