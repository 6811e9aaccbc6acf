//! What the machine keeps in its table, one record for one key.

use base::{ClusterId, NodeId, Result};
use bytes::{BufMut, Bytes};

use crate::{
    KeyspaceEntry, Member, catalogue,
    codec::{Reader, V3, V4, V5, damaged, put_keyspace, put_member},
    principals,
};

/// Keys of the cluster machine begin with key space 0, which no key space has.
const PREFIX: [u8; 4] = [0; 4];
/// Where they end.
const PREFIX_END: [u8; 4] = [0, 0, 0, 1];

/// A record's kind is also the letter of its key.
const FOUNDED: u8 = b'f';
const MEMBER: u8 = b'm';
const KEYSPACE: u8 = b'k';
const REMOVED: u8 = b'r';
const LEVEL: u8 = b'l';

/// Kinds of version 1, where a record was its command.
const V1_FOUNDED: u8 = 1;
const V1_MEMBER: u8 = 2;
const V1_KEYSPACE: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Founded {
        cluster: ClusterId,
        data_shards: u32,
    },
    Member(Member),
    Keyspace(KeyspaceEntry),
    /// The removals are numbered, so that the oldest ones are forgotten first.
    Removed {
        sequence: u64,
        id: NodeId,
    },
    /// The level of formats that may be written.
    Level(u32),
    Catalogue(catalogue::Record),
    Principals(principals::Record),
}

/// The keys of all records, `[from, to)`.
pub(crate) fn keys() -> (Bytes, Bytes) {
    (Bytes::from_static(&PREFIX), Bytes::from_static(&PREFIX_END))
}

pub(crate) fn member_key(id: NodeId) -> Bytes {
    key(MEMBER, &id.to_be_bytes())
}

pub(crate) fn removed_key(sequence: u64) -> Bytes {
    key(REMOVED, &sequence.to_be_bytes())
}

pub(crate) fn key(letter: u8, rest: &[u8]) -> Bytes {
    let mut key = PREFIX.to_vec();
    key.put_u8(letter);
    key.put_slice(rest);
    Bytes::from(key)
}

impl Record {
    pub(crate) fn key(&self) -> Bytes {
        match self {
            Record::Founded { .. } => key(FOUNDED, &[]),
            Record::Member(member) => member_key(member.id),
            Record::Keyspace(entry) => key(KEYSPACE, entry.name.as_bytes()),
            Record::Removed { sequence, .. } => removed_key(*sequence),
            Record::Level(_) => key(LEVEL, &[]),
            Record::Catalogue(record) => record.key(),
            Record::Principals(record) => record.key(),
        }
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = match self {
            Record::Principals(principals::Record::Key(_)) => vec![V5],
            Record::Catalogue(_) | Record::Principals(_) => vec![V4],
            _ => vec![V3],
        };
        match self {
            Record::Founded { cluster, data_shards } => {
                out.put_u8(FOUNDED);
                out.put_u64_le(*cluster);
                out.put_u32_le(*data_shards);
            }
            Record::Member(member) => {
                out.put_u8(MEMBER);
                put_member(&mut out, member);
            }
            Record::Keyspace(entry) => {
                out.put_u8(KEYSPACE);
                put_keyspace(&mut out, entry);
            }
            Record::Removed { sequence, id } => {
                out.put_u8(REMOVED);
                out.put_u64_le(*sequence);
                out.put_u64_le(*id);
            }
            Record::Level(level) => {
                out.put_u8(LEVEL);
                out.put_u32_le(*level);
            }
            Record::Catalogue(record) => record.put(&mut out),
            Record::Principals(record) => record.put(&mut out),
        }
        Bytes::from(out)
    }

    /// Decodes; an unknown version is `Unsupported`; an unknown kind, or bytes too many or too few, are `Corrupt`.
    pub(crate) fn decode(data: Bytes) -> Result<Record> {
        let mut read = Reader::new(data)?;
        let kind = read.u8()?;
        let record = match (read.version, kind) {
            (1, V1_FOUNDED) | (2..=V3, FOUNDED) => Record::Founded { cluster: read.u64()?, data_shards: read.u32()? },
            (1, V1_MEMBER) | (2..=V3, MEMBER) => Record::Member(read.member()?),
            (1, V1_KEYSPACE) | (2..=V3, KEYSPACE) => Record::Keyspace(read.keyspace()?),
            (2..=V3, REMOVED) => Record::Removed { sequence: read.u64()?, id: read.u64()? },
            (V3, LEVEL) => Record::Level(read.u32()?),
            (V4, kind) if catalogue::Record::has(kind) => Record::Catalogue(catalogue::Record::read(kind, &mut read)?),
            (V5, principals::Record::KEY) => Record::Principals(principals::Record::read(kind, &mut read)?),
            (V4, kind) if principals::Record::has(kind) => Record::Principals(principals::Record::read(kind, &mut read)?),
            _ => return Err(damaged()),
        };
        read.end(record)
    }
}

#[cfg(test)]
mod tests;
