//! Where the batches of a partition lie that are in the journal only.

use std::collections::VecDeque;

/// One batch in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchRef {
    /// Of its first record.
    pub base_offset: i64,
    /// Of its last record.
    pub last_offset: i64,
    /// Its greatest timestamp, in ms since 1970.
    pub max_timestamp: i64,
    /// The shard's entry that holds it.
    pub index: u64,
    /// The byte of the entry's payload at which it begins.
    pub position: u32,
    /// Its bytes.
    pub length: u32,
    /// The CRC-32C that it carries.
    pub crc: u32,
    /// The leader epoch under which it was written, which replaces the one it carries when it is served.
    pub leader_epoch: i32,
}

/// What leaving the index gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Freed {
    /// Of batches.
    pub(crate) bytes: u64,
    /// Of the index itself.
    pub(crate) memory: u64,
}

/// The batches that are not settled, without gaps between their offsets.
#[derive(Default)]
pub(crate) struct Index {
    batches: VecDeque<BatchRef>,
}

impl Index {
    /// Adds the batch behind the last one. Answers the bytes of memory that this took.
    pub(crate) fn push(&mut self, batch: BatchRef) -> u64 {
        let before = self.memory();
        self.batches.push_back(batch);
        self.memory() - before
    }

    pub(crate) fn memory(&self) -> u64 {
        (self.batches.capacity() * size_of::<BatchRef>()) as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &BatchRef> {
        self.batches.iter()
    }

    pub(crate) fn first(&self) -> Option<&BatchRef> {
        self.batches.front()
    }

    /// The batches from the one that holds `offset` on.
    pub(crate) fn from(&self, offset: i64) -> impl Iterator<Item = &BatchRef> {
        let at = self.batches.partition_point(|batch| batch.last_offset < offset);
        let holds = self.batches.get(at).is_some_and(|batch| batch.base_offset <= offset);
        self.batches.range(if holds { at } else { self.batches.len() }..)
    }

    /// Forgets the first batches as long as they are `gone`.
    pub(crate) fn forget(&mut self, gone: impl Fn(&BatchRef) -> bool) -> Freed {
        let before = self.memory();
        let count = self.batches.partition_point(gone);
        let bytes = self.batches.drain(..count).map(|batch| u64::from(batch.length)).sum();
        if self.batches.len() * 4 < self.batches.capacity() {
            self.batches.shrink_to(self.batches.len() * 2);
        }
        Freed { bytes, memory: before - self.memory() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::default();
        let mut memory = 0;
        for number in 0..100 {
            let base_offset = 10 + 3 * number;
            let batch = BatchRef { base_offset, last_offset: base_offset + 2, length: 7, ..BatchRef::default() };
            memory += index.push(batch);
        }
        assert_eq!(memory, index.memory());
        index
    }

    #[test]
    fn a_run_begins_with_the_batch_that_holds_the_offset() {
        let index = index();
        for (offset, base) in [(9, None), (10, Some(10)), (12, Some(10)), (13, Some(13)), (309, Some(307)), (310, None)] {
            assert_eq!(index.from(offset).next().map(|batch| batch.base_offset), base, "offset {offset}");
        }
        assert_eq!(index.from(11).count(), 100);
    }

    #[test]
    fn what_is_forgotten_gives_its_memory_back() {
        let mut index = index();
        let before = index.memory();
        let freed = index.forget(|batch| batch.last_offset < 300);
        assert_eq!((freed.bytes, index.first().map(|batch| batch.base_offset)), (96 * 7, Some(298)));
        assert!(index.memory() < before / 8);
        assert_eq!(freed.memory, before - index.memory());
        index.forget(|_| true);
        assert_eq!((index.memory(), index.is_empty()), (0, true));
    }
}
