//! The directory of a store, and what its segments share: open files, files to be removed, and marks that were read.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use base::{Disk, Result};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    error::failed_io,
    format::Mark,
    key::{SegmentId, file_name},
    limits::{CACHED_MARKS_MAX, OPEN_FILES_MAX},
    segment::Segment,
};

/// What segments of one store share.
pub(crate) struct Yard {
    pub(crate) disk: Arc<dyn Disk>,
    /// Segments that have their file open, in the order in which they opened it.
    opened: Mutex<VecDeque<Weak<Segment>>>,
    /// Segments that are no part of the store any more and that nobody reads. Who writes next removes them: a reader does not
    /// wait for that.
    gone: Mutex<Vec<SegmentId>>,
    needed: Mutex<Needed>,
    marks: Mutex<MarksCache>,
    next_number: AtomicU64,
}

/// Segments whose files may not be removed though an earlier opening of them is gone.
#[derive(Default)]
struct Needed {
    /// Live ones.
    claimed: FxHashSet<SegmentId>,
    /// Those that were received, and how many wait for them to be adopted.
    held: FxHashMap<SegmentId, usize>,
}

impl Needed {
    fn contains(&self, id: SegmentId) -> bool {
        self.claimed.contains(&id) || self.held.contains_key(&id)
    }
}

impl Yard {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Arc<Yard> {
        Arc::new(Yard {
            disk,
            opened: Mutex::default(),
            gone: Mutex::default(),
            needed: Mutex::default(),
            marks: Mutex::default(),
            next_number: AtomicU64::new(0),
        })
    }

    /// A number that no other opening of a segment has: an id may come back after it was received a second time.
    pub(crate) fn take_number(&self) -> u64 {
        self.next_number.fetch_add(1, Relaxed)
    }

    /// Notes that `segment` opened its file, and closes the one that has been open for longest when there are too many.
    pub(crate) fn note_opened(&self, segment: &Arc<Segment>) {
        let mut closing = Vec::new();
        let mut opened = self.opened.lock();
        opened.push_back(Arc::downgrade(segment));
        while opened.len() > OPEN_FILES_MAX {
            closing.extend(opened.pop_front().and_then(|segment| segment.upgrade()));
        }
        drop(opened);
        closing.iter().for_each(|segment| segment.close());
    }

    /// Nobody reads `id` any more. A file that is needed again belongs to those who need it: they say so in their turn.
    pub(crate) fn note_gone(&self, id: SegmentId) {
        let needed = self.needed.lock();
        if !needed.contains(id) {
            self.gone.lock().push(id);
        }
    }

    /// The file of `id` is needed from now on.
    pub(crate) fn claim(&self, id: SegmentId) {
        self.needed.lock().claimed.insert(id);
    }

    /// Puts the file `from` in the place of `id`'s and holds it, in one step.
    pub(crate) fn hold_as(&self, id: SegmentId, from: &str) -> std::io::Result<()> {
        let mut needed = self.needed.lock();
        self.disk.rename(from, &file_name(id))?;
        *needed.held.entry(id).or_default() += 1;
        Ok(())
    }

    /// Holds the file of `id` if it was received and is held by others.
    pub(crate) fn hold_with_others(&self, id: SegmentId) -> bool {
        self.needed.lock().held.get_mut(&id).map(|count| *count += 1).is_some()
    }

    /// One of those who hold the file of `id` lets go of it: after the last one it stays only if it is live.
    pub(crate) fn let_go(&self, id: SegmentId) {
        let mut needed = self.needed.lock();
        let Some(count) = needed.held.get_mut(&id) else { return };
        *count -= 1;
        if *count == 0 {
            needed.held.remove(&id);
            drop(needed);
            self.note_gone(id);
        }
    }

    pub(crate) fn release(&self, id: SegmentId) {
        self.needed.lock().claimed.remove(&id);
    }

    pub(crate) fn is_needed(&self, id: SegmentId) -> bool {
        self.needed.lock().contains(id)
    }

    /// Removes the files that nobody reads any more. What cannot be removed is tried again next time.
    pub(crate) fn clear(&self) -> Result<()> {
        let mut gone = std::mem::take(&mut *self.gone.lock());
        let needed = self.needed.lock();
        while let Some(id) = gone.pop() {
            if needed.contains(id) {
                continue;
            }
            if let Err(error) = self.disk.remove(&file_name(id)) {
                if error.kind() == std::io::ErrorKind::NotFound {
                    continue;
                }
                gone.push(id);
                self.gone.lock().append(&mut gone);
                return Err(failed_io(id, &error));
            }
        }
        Ok(())
    }

    /// The marks of the run whose list begins at `at` in the opening `number`, read by `read` if they are not known.
    pub(crate) fn marks(&self, number: u64, at: u32, read: impl FnOnce() -> Result<Vec<Mark>>) -> Result<Arc<[Mark]>> {
        if let Some(marks) = self.marks.lock().lists.get(&(number, at)) {
            return Ok(marks.clone());
        }
        let marks: Arc<[Mark]> = read()?.into();
        self.marks.lock().insert((number, at), marks.clone());
        Ok(marks)
    }
}

/// Lists of marks, the oldest of which go when there are too many.
#[derive(Default)]
struct MarksCache {
    lists: FxHashMap<(u64, u32), Arc<[Mark]>>,
    order: VecDeque<(u64, u32)>,
    count: usize,
}

impl MarksCache {
    fn insert(&mut self, key: (u64, u32), marks: Arc<[Mark]>) {
        let count = marks.len();
        if self.lists.insert(key, marks).is_some() {
            return;
        }
        self.order.push_back(key);
        self.count += count;
        while self.count > CACHED_MARKS_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            self.count -= self.lists.remove(&oldest).map_or(0, |marks| marks.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use base::disk::MemoryDisk;

    use super::*;
    use crate::{PartitionKey, Store, batch::sample};

    #[test]
    fn no_more_files_are_open_than_may_be() {
        let store = Store::open(Arc::new(MemoryDisk::new()), Vec::new()).expect("opens");
        let key = PartitionKey::new(1, 1);
        let count = OPEN_FILES_MAX as i64 + 50;
        for offset in 0..count {
            let mut writer = store.writer(SegmentId { owner: 1, sequence: offset as u64 }).expect("begins");
            writer.push(key, offset, offset, 1, &sample(offset, 1, 1, 1, b"x")).expect("writes");
            let meta = writer.finish().expect("finishes").expect("has a run");
            store.adopt(&[meta], &[]).expect("adopts");
        }
        for round in 0..2 {
            let mut offset = 0;
            while offset < count {
                let chunks = store.read(key, offset, 1000, true).expect("reads");
                offset = chunks.last().expect("is settled").last_offset + 1;
            }
            assert_eq!(store.yard.opened.lock().len(), OPEN_FILES_MAX, "round {round}");
            let open = store.index.read().segments().filter(|segment| segment.is_open()).count();
            assert_eq!(open, OPEN_FILES_MAX, "round {round}");
        }
    }

    #[test]
    fn no_more_marks_are_kept_than_may_be() {
        let yard = Yard::new(Arc::new(MemoryDisk::new()));
        let mark = Mark { base_offset: 0, max_timestamp: 0, position: 0, check: 0 };
        let lists = 3 * CACHED_MARKS_MAX as u32 / 1000;
        for at in 0..lists {
            yard.marks(1, at, || Ok(vec![mark; 1000])).expect("reads");
            let marks = yard.marks.lock();
            let kept: usize = marks.lists.values().map(|list| list.len()).sum();
            assert_eq!((kept, marks.order.len()), (marks.count, marks.lists.len()));
            assert!(kept <= CACHED_MARKS_MAX);
        }
        let known = yard.marks(1, lists - 1, || panic!("is in memory")).expect("is known");
        assert_eq!(known.len(), 1000);
        assert_eq!(yard.marks(2, lists - 1, || Ok(Vec::new())).expect("reads").len(), 0, "another opening");
    }
}
