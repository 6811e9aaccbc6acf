//! A batch: the commands that travel together as one entry. `docs/formats/batch.md` draws it.

use base::{Error, KeyspaceId, Kind, NodeId, Result};
use bytes::{Buf, BufMut, Bytes};
use config::StoreId;

use crate::level::is_next;

/// A batch that the shard's leader made.
const VERSION: u8 = 1;
/// A batch that another node made and the leader proposed: it says who waits for its answers.
const VERSION_FORWARDED: u8 = 2;
/// What the build after this one writes, at a level of formats of its own: for tests that run both together.
const VERSION_NEXT: u8 = 3;
/// The level of formats from which on batches carry commands for streams.
pub(crate) const LEVEL_STREAMS: u32 = 2;
/// The same of commands for configuration stores.
pub(crate) const LEVEL_STORES: u32 = 3;
/// In front of the versions above, in the next build's.
const NEXT_BYTES: usize = 1;
/// Version, time, number of commands.
const HEAD_BYTES: usize = 1 + 8 + 4;
/// Node and sequence behind a forwarded batch's time.
const ORIGIN_BYTES: usize = 8 + 8;
/// Where the time is.
const TIME: std::ops::Range<usize> = 1..9;
/// Target, key space or store, length.
const COMMAND_HEAD_BYTES: usize = 1 + 4 + 4;

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The cluster machine of shard 0.
    Cluster,
    /// A key space of this shard.
    Keyspace(KeyspaceId),
    /// The streams of this shard.
    Streams,
    /// A configuration store of this shard.
    Store(StoreId),
}

/// Who forwarded a batch and waits until it is applied there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) node: NodeId,
    /// Never used again by that node, over restarts either.
    pub(crate) sequence: u64,
}

/// A batch, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) time_ms: u64,
    pub(crate) origin: Option<Origin>,
    pub(crate) items: Vec<Item>,
}

/// One command of a batch, still encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) target: Target,
    pub(crate) command: Bytes,
    /// The byte of the batch at which the command begins.
    pub(crate) position: u32,
}

/// A command of a batch, decoded.
pub(crate) enum Read {
    Cluster(cluster::Command),
    Keyspace(KeyspaceId, kv::Command),
    /// With the byte of the batch at which it begins.
    Streams(u32, stream::Command),
    Store(StoreId, config::Command),
}

/// A batch whose commands are decoded, too.
pub(crate) struct Readable {
    pub(crate) time_ms: u64,
    pub(crate) origin: Option<Origin>,
    pub(crate) items: Vec<Read>,
}

/// Decodes a batch and all of its commands.
///
/// # Errors
/// `Unsupported` if another build wrote it, `Corrupt` if none did.
pub(crate) fn read(data: Bytes) -> Result<Readable> {
    let Batch { time_ms, origin, items } = decode(data)?;
    let read = |item: Item| match item.target {
        Target::Cluster => cluster::Command::decode(item.command).map(Read::Cluster),
        Target::Keyspace(id) => kv::Command::decode(item.command).map(|command| Read::Keyspace(id, command)),
        Target::Streams => stream::Command::decode(item.command).map(|command| Read::Streams(item.position, command)),
        Target::Store(id) => config::Command::decode(item.command).map(|command| Read::Store(id, command)),
    };
    Ok(Readable { time_ms, origin, items: items.into_iter().map(read).collect::<Result<_>>()? })
}

/// Bytes that a command of this length takes in a batch.
pub(crate) fn item_bytes(command: usize) -> usize {
    COMMAND_HEAD_BYTES + command
}

/// Encodes a batch at a level of formats. `time_ms` is the leader's wall clock; a batch that is to be forwarded gets it when it
/// is there.
pub(crate) fn encode<'a>(
    level: u32,
    time_ms: u64,
    origin: Option<Origin>,
    items: impl ExactSizeIterator<Item = (Target, &'a [u8])>,
    bytes: usize,
) -> Bytes {
    let mut out = Vec::with_capacity(NEXT_BYTES + HEAD_BYTES + ORIGIN_BYTES + bytes);
    if level > cluster::LEVEL {
        out.put_u8(VERSION_NEXT);
    }
    out.put_u8(if origin.is_some() { VERSION_FORWARDED } else { VERSION });
    out.put_u64_le(time_ms);
    if let Some(Origin { node, sequence }) = origin {
        out.put_u64_le(node);
        out.put_u64_le(sequence);
    }
    out.put_u32_le(u32::try_from(items.len()).expect("a batch is bounded by its bytes, so its count fits"));
    for (target, command) in items {
        let (kind, id) = match target {
            Target::Cluster => (0, 0),
            Target::Keyspace(id) => (1, id.0),
            Target::Streams => (2, 0),
            Target::Store(id) => (3, id.0),
        };
        out.put_u8(kind);
        out.put_u32_le(id);
        out.put_u32_le(u32::try_from(command.len()).expect("a command is bounded at the door"));
        out.put_slice(command);
    }
    Bytes::from(out)
}

/// Gives the batch that `from` forwarded the leader's time. It is read to its end: what cannot be applied must not be proposed.
pub(crate) fn stamp(data: Bytes, from: NodeId, time_ms: u64) -> Result<Bytes> {
    let batch = read(data.clone()).map_err(|why| match why.kind {
        // A newer build sent it.
        Kind::Unsupported => why,
        _ => Error::new(Kind::Invalid, "a forwarded batch cannot be read"),
    })?;
    if batch.origin.is_none_or(|origin| origin.node != from) {
        return Err(Error::new(Kind::Invalid, "a forwarded batch is another node's"));
    }
    let mut data = data.to_vec();
    let at = if data[0] == VERSION_NEXT { NEXT_BYTES } else { 0 };
    data[at + TIME.start..at + TIME.end].copy_from_slice(&time_ms.to_le_bytes());
    Ok(data.into())
}

/// Decodes a batch; its commands share `data`.
pub(crate) fn decode(mut data: Bytes) -> Result<Batch> {
    let whole = data.len();
    let damaged = || Error::new(Kind::Corrupt, "a log entry's batch is damaged: restore this node from a backup or its peers");
    let mut version = data.try_get_u8().map_err(|_| damaged())?;
    if is_next() && version == VERSION_NEXT {
        version = data.try_get_u8().map_err(|_| damaged())?;
    }
    if version != VERSION && version != VERSION_FORWARDED {
        return Err(Error::new(
            Kind::Unsupported,
            format!("a log entry has batch version {version}, this build reads {VERSION} and {VERSION_FORWARDED}"),
        ));
    }
    let mut number = || data.try_get_u64_le().map_err(|_| damaged());
    let time_ms = number()?;
    let origin = if version == VERSION_FORWARDED { Some(Origin { node: number()?, sequence: number()? }) } else { None };
    let count = data.try_get_u32_le().map_err(|_| damaged())? as usize;
    let mut items = Vec::with_capacity(count.min(data.len() / COMMAND_HEAD_BYTES));
    for _ in 0..count {
        if data.len() < COMMAND_HEAD_BYTES {
            return Err(damaged());
        }
        let target = match (data.get_u8(), data.get_u32_le()) {
            (0, 0) => Target::Cluster,
            (1, id) => Target::Keyspace(KeyspaceId(id)),
            (2, 0) => Target::Streams,
            (3, id) => Target::Store(StoreId(id)),
            _ => return Err(damaged()),
        };
        let len = data.get_u32_le() as usize;
        if len > data.len() {
            return Err(damaged());
        }
        let position = u32::try_from(whole - data.len()).map_err(|_| damaged())?;
        items.push(Item { target, command: data.split_to(len), position });
    }
    if data.is_empty() { Ok(Batch { time_ms, origin, items }) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: u32 = cluster::LEVEL_FIRST;

    /// The examples of `docs/formats/batch.md`, byte for byte.
    #[test]
    fn encodes_the_drawings() {
        let item = |position| Item { target: Target::Keyspace(KeyspaceId(1)), command: Bytes::from_static(b"ab"), position };
        let items = [item(22)];
        let pairs = || items.iter().map(|item| (item.target, &item.command[..]));
        let data = encode(LEVEL, 0x0102, None, pairs(), item_bytes(2));
        let drawing = [1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b'];
        assert_eq!(&data[..], drawing);
        assert_eq!(decode(data).unwrap(), Batch { time_ms: 0x0102, origin: None, items: items.to_vec() });

        let origin = Some(Origin { node: 0xa1, sequence: 7 });
        let data = encode(LEVEL, 0, origin, pairs(), item_bytes(2));
        let mut drawing = vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        drawing.extend([1, 1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b']);
        assert_eq!(&data[..], drawing);
    }

    /// A leader proposes only what it can apply itself. (A batch was once checked for its frame alone, and a command that the leader
    /// could not read was answered as an error by each replica that could not, and applied by those that could.)
    #[test]
    fn a_leader_stamps_what_it_can_read() {
        let origin = Some(Origin { node: 0xa1, sequence: 7 });
        let forward = |command: &[u8], origin| {
            let items = [(Target::Cluster, command), (Target::Cluster, command)];
            encode(LEVEL, 0, origin, items.into_iter(), 0)
        };
        let command = cluster::Command::Drain { id: 1, drained: true }.encode();
        let stamped = decode(stamp(forward(&command, origin), 0xa1, 0x0102).unwrap()).unwrap();
        assert_eq!((stamped.time_ms, stamped.origin, stamped.items.len()), (0x0102, origin, 2));
        assert_eq!(stamp(forward(&command, origin), 0xa2, 9).unwrap_err().kind, Kind::Invalid, "another node's");
        assert_eq!(stamp(forward(&command, None), 0xa1, 9).unwrap_err().kind, Kind::Invalid, "nobody's");
        assert_eq!(stamp(forward(b"ab", origin), 0xa1, 9).unwrap_err().kind, Kind::Unsupported, "a later version");
        assert_eq!(stamp(forward(&command[..3], origin), 0xa1, 9).unwrap_err().kind, Kind::Invalid, "cut");
        let mut next = forward(&command, origin).to_vec();
        next[0] = 9;
        assert_eq!(stamp(next.into(), 0xa1, 9).unwrap_err().kind, Kind::Unsupported, "a later batch");
    }

    #[test]
    fn refuses_what_is_cut_longer_or_of_another_version() {
        for (origin, count) in [(None, 9), (Some(Origin { node: 1, sequence: 2 }), 25)] {
            let items = [(Target::Cluster, &b"x"[..]), (Target::Keyspace(KeyspaceId(3)), &b""[..])];
            let whole = encode(LEVEL, 7, origin, items.into_iter(), 32);
            for cut in 0..whole.len() {
                assert!(decode(whole.slice(..cut)).is_err(), "cut at {cut}");
            }
            let mut longer = whole.to_vec();
            longer.push(0);
            assert!(decode(Bytes::from(longer)).is_err());
            let mut other = whole.to_vec();
            other[0] = 9;
            assert!(decode(Bytes::from(other)).unwrap_err().message.contains("version 9"));
            let mut huge = whole.to_vec();
            huge[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(decode(Bytes::from(huge)).is_err());
        }
    }
}
