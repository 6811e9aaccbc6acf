//! A batch: the commands that travel together as one entry. `docs/formats/batch.md` draws it.

use base::{Error, KeyspaceId, Kind, Result};
use bytes::{Buf, BufMut, Bytes};

/// The version this build writes and the only one it reads.
const VERSION: u8 = 1;
/// Version, time, number of commands.
const HEAD_BYTES: usize = 1 + 8 + 4;
/// Target, key space, length.
const COMMAND_HEAD_BYTES: usize = 1 + 4 + 4;

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The cluster machine of shard 0.
    Cluster,
    /// A key space of this shard.
    Keyspace(KeyspaceId),
}

/// One command of a batch, still encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) target: Target,
    pub(crate) command: Bytes,
}

/// Bytes that a command of this length takes in a batch.
pub(crate) fn item_bytes(command: usize) -> usize {
    COMMAND_HEAD_BYTES + command
}

/// Encodes a batch. `time_ms` is the leader's wall clock.
pub(crate) fn encode<'a>(time_ms: u64, items: impl ExactSizeIterator<Item = (Target, &'a [u8])>, bytes: usize) -> Bytes {
    let mut out = Vec::with_capacity(HEAD_BYTES + bytes);
    out.put_u8(VERSION);
    out.put_u64_le(time_ms);
    out.put_u32_le(u32::try_from(items.len()).expect("a batch is bounded by its bytes, so its count fits"));
    for (target, command) in items {
        let (kind, id) = match target {
            Target::Cluster => (0, 0),
            Target::Keyspace(id) => (1, id.0),
        };
        out.put_u8(kind);
        out.put_u32_le(id);
        out.put_u32_le(u32::try_from(command.len()).expect("a command is bounded at the door"));
        out.put_slice(command);
    }
    Bytes::from(out)
}

/// Decodes a batch: its time and its commands, which share `data`.
pub(crate) fn decode(mut data: Bytes) -> Result<(u64, Vec<Item>)> {
    let damaged = || Error::new(Kind::Corrupt, "a log entry's batch is damaged: restore this node from a backup or its peers");
    if data.is_empty() {
        return Err(damaged());
    }
    let version = data.get_u8();
    if version != VERSION {
        return Err(Error::new(Kind::Corrupt, format!("a log entry has batch version {version}, this build reads {VERSION}")));
    }
    let time_ms = data.try_get_u64_le().map_err(|_| damaged())?;
    let count = data.try_get_u32_le().map_err(|_| damaged())? as usize;
    let mut items = Vec::with_capacity(count.min(data.len() / COMMAND_HEAD_BYTES));
    for _ in 0..count {
        if data.len() < COMMAND_HEAD_BYTES {
            return Err(damaged());
        }
        let target = match (data.get_u8(), data.get_u32_le()) {
            (0, 0) => Target::Cluster,
            (1, id) => Target::Keyspace(KeyspaceId(id)),
            _ => return Err(damaged()),
        };
        let len = data.get_u32_le() as usize;
        if len > data.len() {
            return Err(damaged());
        }
        items.push(Item { target, command: data.split_to(len) });
    }
    if data.is_empty() { Ok((time_ms, items)) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `docs/formats/batch.md`, byte for byte.
    #[test]
    fn encodes_the_drawing() {
        let data = encode(0x0102, [(Target::Keyspace(KeyspaceId(1)), &b"ab"[..])].into_iter(), item_bytes(2));
        let drawing = [1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b'];
        assert_eq!(&data[..], drawing);
        let (time_ms, items) = decode(data).unwrap();
        assert_eq!(time_ms, 0x0102);
        assert_eq!(items, [Item { target: Target::Keyspace(KeyspaceId(1)), command: Bytes::from_static(b"ab") }]);
    }

    #[test]
    fn refuses_what_is_cut_longer_or_of_another_version() {
        let whole = encode(7, [(Target::Cluster, &b"x"[..]), (Target::Keyspace(KeyspaceId(3)), &b""[..])].into_iter(), 32);
        for cut in 0..whole.len() {
            assert!(decode(whole.slice(..cut)).is_err(), "cut at {cut}");
        }
        let mut longer = whole.to_vec();
        longer.push(0);
        assert!(decode(Bytes::from(longer)).is_err());
        let mut other = whole.to_vec();
        other[0] = 2;
        assert!(decode(Bytes::from(other)).unwrap_err().message.contains("version 2"));
        let mut huge = whole.to_vec();
        huge[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(Bytes::from(huge)).is_err());
    }
}
