//! Commands as bytes. `docs/formats/stream.md` draws them. A command that was decoded shares the buffer it came in.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    command::{Command, OffsetCommit, OffsetItem},
    error::damaged,
    fields::{PARTITION_BYTES, POSITION_BYTES, Reader, VERSION, put_bytes, put_count, put_optional, put_partition, put_position},
    group::GroupState,
};

const APPEND: u8 = 1;
const TRIM: u8 = 2;
const DROP: u8 = 3;
const ALLOCATE_PRODUCERS: u8 = 4;
const GROUP_STORE: u8 = 5;
const OFFSET_COMMIT: u8 = 6;
const OFFSET_DELETE: u8 = 7;
const GROUP_DELETE: u8 = 8;
const EXPIRE_OFFSETS: u8 = 9;

/// Bytes of an append before its batch, which ends it: a batch lies so far behind its command's position.
pub(crate) const APPEND_HEAD_BYTES: u32 = 30;
/// Least bytes of an offset to keep; see the drawing.
const OFFSET_ITEM_BYTES_MIN: usize = PARTITION_BYTES + 16;

impl Command {
    /// Appends the encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        match self {
            Command::Append { term, partition, batch } => {
                out.put_u8(APPEND);
                out.put_u64_le(*term);
                put_partition(*partition, out);
                out.put_slice(batch);
            }
            Command::Trim { partition, log_start } => {
                out.put_u8(TRIM);
                put_partition(*partition, out);
                out.put_i64_le(*log_start);
            }
            Command::Drop { topic, partitions } => {
                out.put_u8(DROP);
                out.put_u128_le(topic.0);
                out.put_u8(u8::from(partitions.is_some()));
                if let Some(partitions) = partitions {
                    put_count(partitions.len(), out);
                    partitions.iter().for_each(|partition| out.put_u32_le(*partition));
                }
            }
            Command::AllocateProducers { count } => {
                out.put_u8(ALLOCATE_PRODUCERS);
                out.put_u32_le(*count);
            }
            Command::GroupStore { term, group, state } => {
                out.put_u8(GROUP_STORE);
                out.put_u64_le(*term);
                put_bytes(group, out);
                state.encode(out);
            }
            Command::OffsetCommit(commit) => {
                out.put_u8(OFFSET_COMMIT);
                encode_commit(commit, out);
            }
            Command::OffsetDelete { group, partitions } => {
                out.put_u8(OFFSET_DELETE);
                put_bytes(group, out);
                put_count(partitions.len(), out);
                partitions.iter().for_each(|partition| put_partition(*partition, out));
            }
            Command::GroupDelete { group } => {
                out.put_u8(GROUP_DELETE);
                put_bytes(group, out);
            }
            Command::ExpireOffsets { term, group, retention_ms, offsets } => {
                out.put_u8(EXPIRE_OFFSETS);
                out.put_u64_le(*term);
                put_bytes(group, out);
                out.put_u64_le(*retention_ms);
                put_count(offsets.len(), out);
                for (partition, position) in offsets {
                    put_partition(*partition, out);
                    put_position(*position, out);
                }
            }
        }
    }

    /// Decodes one command; slices of `data` are shared, not copied.
    ///
    /// # Errors
    /// `Unsupported`: a version of another build; `Corrupt`: an unknown kind, or bytes that no encoder wrote.
    pub fn decode(data: Bytes) -> Result<Command> {
        let mut reader = Reader::new(data, "a stream command")?;
        let command = decode_command(&mut reader)?;
        reader.end(command)
    }
}

fn encode_commit(commit: &OffsetCommit, out: &mut Vec<u8>) {
    out.put_u64_le(commit.term);
    put_bytes(&commit.group, out);
    out.put_i32_le(commit.generation);
    put_bytes(&commit.member, out);
    put_optional(commit.instance.as_ref(), out);
    out.put_i64_le(commit.retention_ms);
    put_count(commit.offsets.len(), out);
    for item in &commit.offsets {
        put_partition(item.partition, out);
        out.put_i64_le(item.offset);
        out.put_i32_le(item.leader_epoch);
        put_bytes(&item.metadata, out);
    }
}

fn many<T>(reader: &mut Reader, least: usize, one: impl Fn(&mut Reader) -> Result<T>) -> Result<Vec<T>> {
    (0..reader.count(least)?).map(|_| one(reader)).collect()
}

fn decode_command(reader: &mut Reader) -> Result<Command> {
    Ok(match reader.u8()? {
        // Whether it is a batch is apply's to say, as of everything that a client sent.
        APPEND => Command::Append { term: reader.u64()?, partition: reader.partition()?, batch: reader.rest() },
        TRIM => Command::Trim { partition: reader.partition()?, log_start: reader.i64()? },
        DROP => {
            let topic = reader.topic()?;
            let partitions = if reader.flag()? { Some(many(reader, 4, |reader| reader.u32())?) } else { None };
            Command::Drop { topic, partitions }
        }
        ALLOCATE_PRODUCERS => Command::AllocateProducers { count: reader.u32()? },
        GROUP_STORE => Command::GroupStore { term: reader.u64()?, group: reader.bytes()?, state: GroupState::decode(reader)? },
        OFFSET_COMMIT => Command::OffsetCommit(decode_commit(reader)?),
        OFFSET_DELETE => {
            let group = reader.bytes()?;
            Command::OffsetDelete { group, partitions: many(reader, PARTITION_BYTES, Reader::partition)? }
        }
        GROUP_DELETE => Command::GroupDelete { group: reader.bytes()? },
        EXPIRE_OFFSETS => {
            let (term, group, retention_ms) = (reader.u64()?, reader.bytes()?, reader.u64()?);
            let offset = |reader: &mut Reader| Ok((reader.partition()?, reader.position()?));
            let offsets = many(reader, PARTITION_BYTES + POSITION_BYTES, offset)?;
            Command::ExpireOffsets { term, group, retention_ms, offsets }
        }
        _ => return Err(damaged("a stream command is of an unknown kind")),
    })
}

fn decode_commit(reader: &mut Reader) -> Result<OffsetCommit> {
    Ok(OffsetCommit {
        term: reader.u64()?,
        group: reader.bytes()?,
        generation: reader.i32()?,
        member: reader.bytes()?,
        instance: reader.optional()?,
        retention_ms: reader.i64()?,
        offsets: many(reader, OFFSET_ITEM_BYTES_MIN, decode_item)?,
    })
}

fn decode_item(reader: &mut Reader) -> Result<OffsetItem> {
    Ok(OffsetItem {
        partition: reader.partition()?,
        offset: reader.i64()?,
        leader_epoch: reader.i32()?,
        metadata: reader.bytes()?,
    })
}

/// Takes any bytes; what it accepts must encode to the same bytes.
///
/// # Panics
/// If a command that was decoded encodes to other bytes: that is what a fuzzer looks for.
pub fn fuzz(data: &[u8]) {
    if let Ok(command) = Command::decode(Bytes::copy_from_slice(data)) {
        let mut again = Vec::new();
        command.encode(&mut again);
        assert_eq!(again, data, "an encoding is not unique");
    }
}
