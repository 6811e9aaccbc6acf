//! A producer in one partition.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    fields::{Reader, VERSION, put_position},
    identity::Position,
    links::Link,
    sequences::Sequences,
    slab::Slot,
};

/// A producer as DescribeProducers shows it (KIP-664).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerInfo {
    /// Its id.
    pub id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The sequence of its last record.
    pub last_sequence: i32,
    /// The greatest timestamp of its last batch.
    pub last_timestamp: i64,
    /// When it last wrote, by the entry's time.
    pub last_write_ms: u64,
}

/// What is remembered of a producer in one partition.
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) sequences: Sequences,
    /// The time of the entry with its last batch.
    pub(crate) written_ms: u64,
    /// Where that batch's command stands: the order in which producers were last heard of.
    pub(crate) written: Position,
    /// The partition's.
    pub(crate) partition: Slot,
    /// The table holds a record of it.
    pub(crate) is_stored: bool,
    /// Among all producers, the longest idle one first.
    pub(crate) age: Link,
    /// Among those of the partition.
    pub(crate) home: Link,
}

impl Producer {
    pub(crate) fn new(id: i64, partition: Slot) -> Producer {
        Producer {
            id,
            sequences: Sequences::default(),
            written_ms: 0,
            written: Position::default(),
            partition,
            is_stored: false,
            age: Link::default(),
            home: Link::default(),
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        out.put_u64_le(self.written_ms);
        put_position(self.written, out);
        self.sequences.encode(out);
    }

    pub(crate) fn decode(id: i64, partition: Slot, record: Bytes) -> Result<Producer> {
        let mut reader = Reader::new(record, "the record of a producer")?;
        let (written_ms, written) = (reader.u64()?, reader.position()?);
        let sequences = Sequences::decode(&mut reader)?;
        reader.end(Producer { sequences, written_ms, written, is_stored: true, ..Producer::new(id, partition) })
    }

    pub(crate) fn info(&self) -> ProducerInfo {
        let last = self.sequences.last().copied().unwrap_or_default();
        ProducerInfo {
            id: self.id,
            epoch: self.sequences.epoch(),
            last_sequence: last.last_sequence(),
            last_timestamp: last.timestamp,
            last_write_ms: self.written_ms,
        }
    }
}
