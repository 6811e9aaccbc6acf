//! The lines that are sent together: one batch for each partition.

use std::{collections::BTreeMap, time::Instant};

use kafka_wire::batch::{BatchBuilder, Codec, Producer};

use super::{
    limits::{BATCH_BYTES, ROUND_BYTES},
    partitioner::partition_of,
    place::wall_ms,
};

/// Bytes of a record beside its key, its value and its headers, at most.
const RECORD_OVERHEAD_BYTES: usize = 64;

/// How lines become records.
pub(super) struct Shape {
    pub(super) key_separator: Option<String>,
    /// None: by the key's hash, and without a key one partition after the other.
    pub(super) partition: Option<i32>,
    pub(super) codec: Codec,
    pub(super) headers: Vec<(String, String)>,
    /// The topic's partitions, ascending.
    pub(super) partitions: Vec<i32>,
}

/// Who produces, and the next sequence in each partition.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) id: i64,
    pub(super) epoch: i16,
    pub(super) sequences: BTreeMap<i32, i32>,
}

/// A batch on its way.
pub(super) struct Batch {
    pub(super) partition: i32,
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    /// Bytes of keys and values.
    pub(super) content_bytes: u64,
    /// When its first line was taken.
    pub(super) since: Instant,
}

struct Open {
    builder: BatchBuilder,
    content_bytes: u64,
    since: Instant,
}

/// Batches that still grow.
pub(super) struct Round<'s> {
    shape: &'s Shape,
    open: BTreeMap<i32, Open>,
    bytes: usize,
    /// Counts batches of lines without keys, over all rounds.
    turn: usize,
}

impl<'s> Round<'s> {
    pub(super) fn new(shape: &'s Shape) -> Round<'s> {
        Round { shape, open: BTreeMap::new(), bytes: 0, turn: 0 }
    }

    /// Whether nothing was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether enough was taken.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= ROUND_BYTES
    }

    /// Takes a line, unless its batch is full: then it belongs into the next round.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        let (key, value) = self.shape.split(line);
        let headers: usize = self.shape.headers.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
        let bytes = line.len() + headers + RECORD_OVERHEAD_BYTES;
        let Some(partition) = self.partition(key, bytes) else { return false };
        let new = || Open { builder: BatchBuilder::new(self.shape.codec), content_bytes: 0, since: Instant::now() };
        let open = self.open.entry(partition).or_insert_with(new);
        let headers: Vec<(&str, Option<&[u8]>)> =
            self.shape.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_bytes()))).collect();
        open.builder.push(wall_ms(), key, Some(value), &headers);
        open.content_bytes += (key.map_or(0, <[u8]>::len) + value.len()) as u64;
        self.bytes += bytes;
        true
    }

    /// Where a record of so many bytes goes, if its batch has room.
    fn partition(&mut self, key: Option<&[u8]>, bytes: usize) -> Option<i32> {
        let all = &self.shape.partitions;
        let has_room =
            |partition: &i32| self.open.get(partition).is_none_or(|open| open.builder.record_bytes() + bytes <= BATCH_BYTES);
        match (self.shape.partition, key) {
            (Some(partition), _) => Some(partition).filter(has_room),
            (None, Some(key)) => all.get(partition_of(key, all.len())).copied().filter(has_room),
            (None, None) => {
                // Large batches are worth more than an even spread: the next partition comes when one is full, or was sent.
                let turns = (0..all.len()).map(|step| self.turn + step);
                let turn = turns.into_iter().find(|turn| has_room(&all[turn % all.len()]))?;
                self.turn = turn;
                Some(all[turn % all.len()])
            }
        }
    }

    /// The batches, numbered if somebody counts; the next round begins empty.
    pub(super) fn finish(&mut self, mut identity: Option<&mut Identity>) -> Vec<Batch> {
        self.bytes = 0;
        self.turn = self.turn.wrapping_add(1);
        let finished = std::mem::take(&mut self.open).into_iter().map(|(partition, open)| {
            let records = open.builder.count();
            let builder = match &mut identity {
                None => open.builder,
                Some(identity) => open.builder.producer(identity.next(partition, records)),
            };
            let (content_bytes, since) = (open.content_bytes, open.since);
            Batch { partition, bytes: builder.finish(), records: u64::from(records), content_bytes, since }
        });
        finished.collect()
    }
}

impl Identity {
    /// What a batch of so many records carries. Sequences begin at 0 again after 2,147,483,647.
    fn next(&mut self, partition: i32, records: u32) -> Producer {
        let next = self.sequences.entry(partition).or_default();
        let base_sequence = *next;
        *next = (next.cast_unsigned().wrapping_add(records) & 0x7fff_ffff).cast_signed();
        Producer { id: self.id, epoch: self.epoch, base_sequence, transactional: false }
    }
}

impl Shape {
    /// A line's key and value. A line without the separator has no key.
    fn split<'l>(&self, line: &'l [u8]) -> (Option<&'l [u8]>, &'l [u8]) {
        let Some(separator) = self.key_separator.as_ref().map(String::as_bytes) else { return (None, line) };
        match line.windows(separator.len().max(1)).position(|window| window == separator) {
            Some(at) => (Some(&line[..at]), &line[at + separator.len()..]),
            None => (None, line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_wire::batch::Batch as Stored;

    fn shape(partitions: i32) -> Shape {
        let partitions = (0..partitions).collect();
        Shape { key_separator: Some("::".to_owned()), partition: None, codec: Codec::Lz4, headers: Vec::new(), partitions }
    }

    #[test]
    fn lines_are_split_at_the_first_separator() {
        let shape = shape(1);
        assert_eq!(shape.split(b"a::b::c"), (Some(&b"a"[..]), &b"b::c"[..]));
        assert_eq!(shape.split(b"::b"), (Some(&b""[..]), &b"b"[..]));
        assert_eq!(shape.split(b"a:b"), (None, &b"a:b"[..]));
    }

    #[test]
    fn batches_of_a_partition_are_numbered_without_a_gap() {
        let shape = Shape { partition: Some(3), ..shape(5) };
        let mut identity = Identity { id: 7, epoch: 1, sequences: BTreeMap::from([(3, i32::MAX - 1)]) };
        let mut round = Round::new(&shape);
        let mut bases = Vec::new();
        for records in [1, 3, 2] {
            assert!((0..records).all(|_| round.take(b"k::v")));
            let batches = round.finish(Some(&mut identity));
            let stored = Stored::split(&batches[0].bytes).unwrap().unwrap().0;
            assert!(stored.crc_is_right() && round.is_empty() && batches.len() == 1);
            assert_eq!((stored.producer_id(), stored.producer_epoch(), stored.count()), (7, 1, records));
            assert_eq!((batches[0].partition, batches[0].content_bytes), (3, 2 * records as u64));
            bases.push(stored.base_sequence());
        }
        assert_eq!(bases, [i32::MAX - 1, i32::MAX, 2]);
    }

    #[test]
    fn a_key_stays_with_its_partition_and_lines_without_one_take_turns() {
        let shape = shape(4);
        let mut round = Round::new(&shape);
        assert!((0..100).all(|_| round.take(b"key::v")));
        assert_eq!(round.finish(None).len(), 1);
        let mut turns = Vec::new();
        for _ in 0..4 {
            assert!((0..10).all(|_| round.take(b"v")));
            turns.extend(round.finish(None).iter().map(|batch| (batch.partition, batch.records)));
        }
        turns.sort_unstable();
        assert_eq!(turns, [(0, 10), (1, 10), (2, 10), (3, 10)]);
    }

    #[test]
    fn a_batch_is_full_before_it_is_too_large_for_a_topic() {
        let shape = Shape { partition: Some(0), codec: Codec::None, ..shape(1) };
        let mut round = Round::new(&shape);
        let line = vec![b'x'; 1_000];
        while round.take(&line) {}
        let batch = round.finish(None).remove(0);
        assert!((900 << 10..1_048_588).contains(&batch.bytes.len()), "{}", batch.bytes.len());
        assert!(round.take(&vec![b'x'; 2 << 20]), "a record alone is sent, and the broker decides");
        assert!(!round.take(b"y"));
    }
}
