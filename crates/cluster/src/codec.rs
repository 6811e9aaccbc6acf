//! Pieces of bytes that commands and records share. `docs/formats/cluster.md` draws them.

use std::collections::BTreeMap;

use base::{Error, KeyspaceId, Kind, Result, ShardId};
use bytes::{Buf, BufMut, Bytes};

use crate::{KeyspaceEntry, Member, MemberStanding};

/// The version of what builds of level 1 read: members, levels, key spaces. It is still written, so that they go on reading it.
pub(crate) const V3: u8 = 3;
/// The version of what came with level 2.
pub(crate) const V4: u8 = 4;
/// The version of what came with level 3.
pub(crate) const V5: u8 = 5;
/// The oldest and the newest version this build reads.
const VERSION_MIN: u8 = 1;
const VERSION_MAX: u8 = V5;

/// Bytes of a member whose texts are empty.
const MEMBER_BYTES_MIN: usize = 8 + 8 + 1 + 1 + 4 + 4 + 4;
/// Bytes of an empty text.
const TEXT_BYTES_MIN: usize = 4;
const SHARD_BYTES: usize = 4;

const JOINING: u8 = 0;
const ACTIVE: u8 = 1;
const LEAVING: u8 = 2;

pub(crate) fn damaged() -> Error {
    Error::new(Kind::Corrupt, "a record of the cluster's own state is damaged: restore this node from a backup or its peers")
}

/// Reads what [`put_u8`](BufMut::put_u8) and the functions below wrote, in the version that stands first.
pub(crate) struct Reader {
    pub(crate) version: u8,
    data: Bytes,
}

impl Reader {
    /// Reads the version; one that this build does not know is `Unsupported`.
    pub(crate) fn new(mut data: Bytes) -> Result<Reader> {
        let version = data.try_get_u8().map_err(|_| damaged())?;
        if (VERSION_MIN..=VERSION_MAX).contains(&version) {
            return Ok(Reader { version, data });
        }
        let reads = format!("this build reads {VERSION_MIN} to {VERSION_MAX}: run the one that wrote it, or a later one");
        let text = format!("a cluster record has version {version}, {reads}");
        Err(Error::new(Kind::Unsupported, text))
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.data.try_get_u8().map_err(|_| damaged())
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.data.try_get_u16_le().map_err(|_| damaged())
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.data.try_get_u32_le().map_err(|_| damaged())
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.data.try_get_u64_le().map_err(|_| damaged())
    }

    pub(crate) fn u128(&mut self) -> Result<u128> {
        self.data.try_get_u128_le().map_err(|_| damaged())
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        String::from_utf8(self.bytes()?.into()).map_err(|_| damaged())
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes> {
        let len = match self.version {
            1 => usize::from(self.data.try_get_u16_le().map_err(|_| damaged())?),
            _ => usize::try_from(self.u32()?).map_err(|_| damaged())?,
        };
        if len > self.data.len() { Err(damaged()) } else { Ok(self.data.split_to(len)) }
    }

    pub(crate) fn array<const BYTES: usize>(&mut self) -> Result<[u8; BYTES]> {
        let mut array = [0; BYTES];
        self.data.try_copy_to_slice(&mut array).map_err(|_| damaged())?;
        Ok(array)
    }

    /// A count of things of at least `bytes_min` each, believed only as far as there are bytes for them.
    pub(crate) fn count(&mut self, bytes_min: usize) -> Result<usize> {
        let count = usize::try_from(self.u32()?).map_err(|_| damaged())?;
        if count > self.data.len() / bytes_min { Err(damaged()) } else { Ok(count) }
    }

    pub(crate) fn texts(&mut self) -> Result<Vec<String>> {
        let count = self.count(TEXT_BYTES_MIN)?;
        (0..count).map(|_| self.text()).collect()
    }

    pub(crate) fn shards(&mut self) -> Result<Vec<ShardId>> {
        let count = self.count(SHARD_BYTES)?;
        (0..count).map(|_| self.u32().map(ShardId)).collect()
    }

    /// Pairs of texts, the first ones strictly ascending.
    pub(crate) fn pairs(&mut self) -> Result<BTreeMap<String, String>> {
        let count = self.count(2 * TEXT_BYTES_MIN)?;
        let pairs = (0..count).map(|_| Ok((self.text()?, self.text()?))).collect::<Result<Vec<_>>>()?;
        if pairs.is_sorted_by(|a, b| a.0 < b.0) { Ok(pairs.into_iter().collect()) } else { Err(damaged()) }
    }

    pub(crate) fn member(&mut self) -> Result<Member> {
        let id = self.u64()?;
        if self.version == 1 {
            return Ok(Member::new(id, self.text()?, "", MemberStanding::Active));
        }
        let incarnation = self.u64()?;
        let standing = match self.u8()? {
            JOINING => MemberStanding::Joining,
            ACTIVE => MemberStanding::Active,
            LEAVING => MemberStanding::Leaving,
            _ => return Err(damaged()),
        };
        let drained = self.flag()?;
        let level = if self.version == 2 { 0 } else { self.u32()? };
        let (name, address, client_urls) = (self.text()?, self.text()?, self.texts()?);
        Ok(Member { id, name, address, client_urls, incarnation, standing, drained, level })
    }

    pub(crate) fn members(&mut self) -> Result<Vec<Member>> {
        let count = self.count(MEMBER_BYTES_MIN)?;
        (0..count).map(|_| self.member()).collect()
    }

    pub(crate) fn keyspace(&mut self) -> Result<KeyspaceEntry> {
        let (id, shard) = (KeyspaceId(self.u32()?), ShardId(self.u32()?));
        Ok(KeyspaceEntry { id, name: self.text()?, shard })
    }

    /// Gives `value`, unless bytes are left.
    pub(crate) fn end<T>(self, value: T) -> Result<T> {
        if self.data.is_empty() { Ok(value) } else { Err(damaged()) }
    }
}

pub(crate) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.put_u32_le(u32::try_from(count).expect("what comes in one request is far below 4 GiB"));
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.put_slice(bytes);
}

pub(crate) fn put_shards(out: &mut Vec<u8>, shards: &[ShardId]) {
    put_count(out, shards.len());
    shards.iter().for_each(|shard| out.put_u32_le(shard.0));
}

pub(crate) fn put_pairs(out: &mut Vec<u8>, pairs: &BTreeMap<String, String>) {
    put_count(out, pairs.len());
    for (name, value) in pairs {
        put_text(out, name);
        put_text(out, value);
    }
}

pub(crate) fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    put_count(out, texts.len());
    texts.iter().for_each(|text| put_text(out, text));
}

pub(crate) fn put_member(out: &mut Vec<u8>, member: &Member) {
    let Member { id, name, address, client_urls, incarnation, standing, drained, level } = member;
    out.put_u64_le(*id);
    out.put_u64_le(*incarnation);
    out.put_u8(match standing {
        MemberStanding::Joining => JOINING,
        MemberStanding::Active => ACTIVE,
        MemberStanding::Leaving => LEAVING,
    });
    out.put_u8(u8::from(*drained));
    out.put_u32_le(*level);
    put_text(out, name);
    put_text(out, address);
    put_texts(out, client_urls);
}

pub(crate) fn put_members(out: &mut Vec<u8>, members: &[Member]) {
    put_count(out, members.len());
    members.iter().for_each(|member| put_member(out, member));
}

pub(crate) fn put_keyspace(out: &mut Vec<u8>, entry: &KeyspaceEntry) {
    out.put_u32_le(entry.id.0);
    out.put_u32_le(entry.shard.0);
    put_text(out, &entry.name);
}
