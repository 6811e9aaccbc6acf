//! The keys and some of the records in the shard's table. `docs/formats/stream.md` draws them.
//!
//! Table keys are big-endian so that they sort; records are little-endian and begin with a version.

use base::Result;
use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    fields::{Reader, VERSION, put_bytes, put_position},
    group::{Committed, GroupState},
    identity::{PartitionId, TopicId},
};

/// Keys begin with the last number of a key space, which no key space has: the table is shared with key spaces.
const PREFIX: [u8; 4] = [0xff; 4];

const PARTITION: u8 = b'p';
const PRODUCER: u8 = b'i';
const GROUP: u8 = b'g';
const OFFSET: u8 = b'o';
const COUNTER: u8 = b'n';

/// Bytes of a key before what names a record within its family.
const PREFIX_BYTES: usize = 5;

fn start(family: u8, room: usize) -> BytesMut {
    let mut key = BytesMut::with_capacity(PREFIX_BYTES + room);
    key.put_slice(&PREFIX);
    key.put_u8(family);
    key
}

fn family(family: u8) -> (Bytes, Bytes) {
    (start(family, 0).freeze(), start(family + 1, 0).freeze())
}

fn put_partition(id: PartitionId, key: &mut BytesMut) {
    key.put_u128(id.topic.0);
    key.put_u32(id.partition);
}

pub(crate) fn partition_key(id: PartitionId) -> Bytes {
    let mut key = start(PARTITION, 20);
    put_partition(id, &mut key);
    key.freeze()
}

pub(crate) fn partitions() -> (Bytes, Bytes) {
    family(PARTITION)
}

pub(crate) fn producer_key(id: PartitionId, producer: i64) -> Bytes {
    let mut key = start(PRODUCER, 28);
    put_partition(id, &mut key);
    key.put_i64(producer);
    key.freeze()
}

pub(crate) fn producers() -> (Bytes, Bytes) {
    family(PRODUCER)
}

pub(crate) fn group_key(group: &[u8]) -> Bytes {
    let mut key = start(GROUP, group.len());
    key.put_slice(group);
    key.freeze()
}

pub(crate) fn groups() -> (Bytes, Bytes) {
    family(GROUP)
}

pub(crate) fn offset_key(group: &[u8], id: PartitionId) -> Bytes {
    let mut key = start(OFFSET, 2 + group.len() + 20);
    key.put_u16(u16::try_from(group.len()).expect("a group's name is bounded"));
    key.put_slice(group);
    put_partition(id, &mut key);
    key.freeze()
}

pub(crate) fn offsets() -> (Bytes, Bytes) {
    family(OFFSET)
}

pub(crate) fn counter_key() -> Bytes {
    start(COUNTER, 0).freeze()
}

/// Reads the parts of a table key.
struct Name<'a> {
    rest: &'a [u8],
}

impl<'a> Name<'a> {
    fn new(key: &'a [u8]) -> Option<Name<'a>> {
        key.get(PREFIX_BYTES..).map(|rest| Name { rest })
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(head)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn partition(&mut self) -> Option<PartitionId> {
        let topic = TopicId(u128::from_be_bytes(self.number()?));
        Some(PartitionId { topic, partition: u32::from_be_bytes(self.number()?) })
    }

    fn end<T>(&self, value: T) -> Option<T> {
        self.rest.is_empty().then_some(value)
    }
}

pub(crate) fn partition_of(key: &[u8]) -> Option<PartitionId> {
    let mut name = Name::new(key)?;
    let id = name.partition()?;
    name.end(id)
}

pub(crate) fn producer_of(key: &[u8]) -> Option<(PartitionId, i64)> {
    let mut name = Name::new(key)?;
    let producer = (name.partition()?, i64::from_be_bytes(name.number()?));
    name.end(producer)
}

pub(crate) fn group_of(key: &[u8]) -> Option<&[u8]> {
    key.get(PREFIX_BYTES..)
}

pub(crate) fn offset_of(key: &[u8]) -> Option<(&[u8], PartitionId)> {
    let mut name = Name::new(key)?;
    let length = u16::from_be_bytes(name.number()?);
    let offset = (name.take(usize::from(length))?, name.partition()?);
    name.end(offset)
}

pub(crate) fn encode_group(stored_ms: u64, state: &GroupState) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64_le(stored_ms);
    state.encode(&mut out);
    out.into()
}

/// The state shares `record`.
pub(crate) fn decode_group(record: Bytes) -> Result<(u64, GroupState)> {
    let mut reader = Reader::new(record, "the record of a group")?;
    let group = (reader.u64()?, GroupState::decode(&mut reader)?);
    reader.end(group)
}

pub(crate) fn encode_offset(committed: &Committed) -> Bytes {
    let mut out = Vec::with_capacity(45 + committed.metadata.len());
    out.put_u8(VERSION);
    out.put_i64_le(committed.offset);
    out.put_i32_le(committed.leader_epoch);
    out.put_u64_le(committed.time_ms);
    out.put_i64_le(committed.retention_ms);
    put_position(committed.position, &mut out);
    put_bytes(&committed.metadata, &mut out);
    out.into()
}

/// The metadata has its own memory.
pub(crate) fn decode_offset(record: Bytes) -> Result<Committed> {
    let mut reader = Reader::new(record, "the record of an offset")?;
    let committed = Committed {
        offset: reader.i64()?,
        leader_epoch: reader.i32()?,
        time_ms: reader.u64()?,
        retention_ms: reader.i64()?,
        position: reader.position()?,
        metadata: Bytes::copy_from_slice(&reader.bytes()?),
    };
    reader.end(committed)
}

pub(crate) fn encode_counter(next: u64) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64_le(next);
    out.into()
}

pub(crate) fn decode_counter(record: Bytes) -> Result<u64> {
    let mut reader = Reader::new(record, "the counter of producer ids")?;
    let next = reader.u64()?;
    reader.end(next)
}
