//! The keys and records of a key space in its shard's table. `docs/formats/kv.md` draws them.
//!
//! Table keys are big-endian so that they sort; records are little-endian. Every decoder answers `None` for bytes that no
//! encoder wrote.

use base::KeyspaceId;
use bytes::{BufMut, Bytes, BytesMut};

use crate::{event::Revision, index::Meta};

/// Where a version was written, as stored: revision and place within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    pub(crate) main: i64,
    pub(crate) sub: u32,
}

impl At {
    pub(crate) fn of(meta: &Meta) -> At {
        At { main: meta.main, sub: meta.sub }
    }

    pub(crate) fn revision(self) -> Revision {
        Revision { main: self.main, sub: i64::from(self.sub) }
    }
}

const CURRENT: u8 = b'c';
const VERSION: u8 = b'v';
const SUPERSEDED: u8 = b'i';
const SETTLED: u8 = b's';
const LEASE: u8 = b'l';
const MARK: u8 = b'm';

/// Makes the table keys of one key space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    space: [u8; 4],
}

/// Bytes of a table key before what names a record within its family.
const PREFIX: usize = 5;

impl Keys {
    pub(crate) fn new(id: KeyspaceId) -> Keys {
        Keys { space: id.0.to_be_bytes() }
    }

    fn start(self, family: u8, room: usize) -> BytesMut {
        let mut key = BytesMut::with_capacity(PREFIX + room);
        key.put_slice(&self.space);
        key.put_u8(family);
        key
    }

    fn family(self, family: u8) -> (Bytes, Bytes) {
        (self.start(family, 0).freeze(), self.start(family + 1, 0).freeze())
    }

    fn named(self, family: u8, name: &[u8]) -> Bytes {
        let mut key = self.start(family, name.len());
        key.put_slice(name);
        key.freeze()
    }

    /// Metadata of a current key.
    pub(crate) fn current(self, key: &[u8]) -> Bytes {
        self.named(CURRENT, key)
    }

    /// All of them.
    pub(crate) fn currents(self) -> (Bytes, Bytes) {
        self.family(CURRENT)
    }

    /// The change at `at`.
    pub(crate) fn version(self, at: At) -> Bytes {
        let mut key = self.start(VERSION, 12);
        key.put_i64(at.main);
        key.put_u32(at.sub);
        key.freeze()
    }

    /// All changes of `[from, to)`.
    pub(crate) fn versions(self, from: i64, to: i64) -> (Bytes, Bytes) {
        (self.version(At { main: from, sub: 0 }), self.version(At { main: to, sub: 0 }))
    }

    /// Every change.
    pub(crate) fn all_versions(self) -> (Bytes, Bytes) {
        self.family(VERSION)
    }

    /// The superseded version of `key` at `at`.
    pub(crate) fn superseded(self, key: &[u8], at: At) -> Bytes {
        let mut out = self.superseded_start(key);
        out.put_i64(at.main);
        out.put_u32(at.sub);
        out.freeze()
    }

    fn superseded_start(self, key: &[u8]) -> BytesMut {
        let mut out = self.start(SUPERSEDED, key.len() + 2 + 12);
        for byte in key {
            out.put_u8(*byte);
            if *byte == 0 {
                out.put_u8(0xff);
            }
        }
        out.put_slice(&[0, 0]);
        out
    }

    /// The superseded versions of the keys `[from, to)`; without `to` to the last key.
    pub(crate) fn superseded_span(self, from: &[u8], to: Option<&[u8]>) -> (Bytes, Bytes) {
        let end = match to {
            Some(to) => self.superseded_start(to).freeze(),
            None => self.family(SUPERSEDED).1,
        };
        (self.superseded_start(from).freeze(), end)
    }

    /// The superseded versions of one key written at or before `at`.
    pub(crate) fn superseded_upto(self, key: &[u8], at: At) -> (Bytes, Bytes) {
        let from = self.superseded_start(key).freeze();
        (from, self.superseded(key, At { main: at.main, sub: at.sub.saturating_add(1) }))
    }

    /// The value that `key` had at the reclaim floor.
    pub(crate) fn settled(self, key: &[u8]) -> Bytes {
        self.named(SETTLED, key)
    }

    pub(crate) fn lease(self, id: i64) -> Bytes {
        self.named(LEASE, &(id ^ i64::MIN).to_be_bytes())
    }

    pub(crate) fn leases(self) -> (Bytes, Bytes) {
        self.family(LEASE)
    }

    pub(crate) fn mark(self, name: &str) -> Bytes {
        self.named(MARK, name.as_bytes())
    }
}

/// What follows the prefix of a table key.
pub(crate) fn name_of(table_key: &Bytes) -> Option<Bytes> {
    (table_key.len() >= PREFIX).then(|| table_key.slice(PREFIX..))
}

/// The place that a change's table key names.
pub(crate) fn version_at(table_key: &Bytes) -> Option<At> {
    at_of(table_key.get(PREFIX..)?)
}

fn at_of(bytes: &[u8]) -> Option<At> {
    let bytes: [u8; 12] = bytes.try_into().ok()?;
    let (main, sub) = bytes.split_at(8);
    Some(At { main: i64::from_be_bytes(main.try_into().ok()?), sub: u32::from_be_bytes(sub.try_into().ok()?) })
}

/// The lease that a table key names.
pub(crate) fn lease_id(table_key: &Bytes) -> Option<i64> {
    let bytes: [u8; 8] = table_key.get(PREFIX..)?.try_into().ok()?;
    Some(i64::from_be_bytes(bytes) ^ i64::MIN)
}

/// The key and place that a superseded version's table key names.
pub(crate) fn superseded_of(table_key: &Bytes) -> Option<(Bytes, At)> {
    let escaped = table_key.get(PREFIX..table_key.len().checked_sub(14)?)?;
    let at = at_of(table_key.get(table_key.len() - 12..)?)?;
    if !escaped.contains(&0) {
        return Some((table_key.slice(PREFIX..table_key.len() - 14), at));
    }
    let mut key = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(byte) = rest.next() {
        key.push(*byte);
        if *byte == 0 && rest.next() != Some(&0xff) {
            return None;
        }
    }
    Some((key.into(), at))
}

/// Reads little-endian fields off the front of a slice.
struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn at(&mut self) -> Option<At> {
        Some(At { main: self.i64()?, sub: self.u32()? })
    }

    fn end<T>(&self, value: T) -> Option<T> {
        self.rest.is_empty().then_some(value)
    }
}

fn put_at(out: &mut impl BufMut, at: At) {
    out.put_i64_le(at.main);
    out.put_u32_le(at.sub);
}

/// A current key's metadata, and where its value is written if not at its last change.
pub(crate) fn encode_current(meta: &Meta, origin: Option<At>) -> Bytes {
    let mut out = BytesMut::with_capacity(52);
    for field in [meta.create, meta.main, meta.version, meta.lease] {
        out.put_i64_le(field);
    }
    out.put_u32_le(meta.sub);
    out.put_u32_le(meta.value_len);
    if let Some(origin) = origin {
        put_at(&mut out, origin);
    }
    out.freeze()
}

pub(crate) fn decode_current(record: &[u8]) -> Option<(Meta, Option<At>)> {
    let mut fields = Fields { rest: record };
    let (create, main, version, lease) = (fields.i64()?, fields.i64()?, fields.i64()?, fields.i64()?);
    let meta = Meta { create, main, version, lease, sub: fields.u32()?, value_len: fields.u32()? };
    let origin = if fields.rest.is_empty() { None } else { Some(fields.at()?) };
    fields.end((meta, origin))
}

/// Where the value of a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Here.
    Value(Bytes),
    /// The version kept the value that was written at this place.
    Origin(At),
    /// Nowhere: the key was deleted.
    Tombstone,
}

/// One change of one key: written once, at apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) key: Bytes,
    /// The state before, if there was one and an earlier revision left it.
    pub(crate) prev: Option<At>,
    pub(crate) create: i64,
    pub(crate) version: i64,
    pub(crate) lease: i64,
    pub(crate) value_len: u32,
    pub(crate) content: Content,
}

const KIND_VALUE: u8 = 0;
const KIND_ORIGIN: u8 = 1;
const KIND_TOMBSTONE: u8 = 2;
/// Bytes before a version's key, without the origin.
const VERSION_HEAD: usize = 45;

impl Version {
    pub(crate) fn encode(&self) -> Bytes {
        let value: &[u8] = if let Content::Value(value) = &self.content { value } else { &[] };
        let mut out = BytesMut::with_capacity(VERSION_HEAD + 12 + self.key.len() + value.len());
        out.put_u8(match self.content {
            Content::Value(_) => KIND_VALUE,
            Content::Origin(_) => KIND_ORIGIN,
            Content::Tombstone => KIND_TOMBSTONE,
        });
        put_at(&mut out, self.prev.unwrap_or_default());
        for field in [self.create, self.version, self.lease] {
            out.put_i64_le(field);
        }
        out.put_u32_le(self.value_len);
        out.put_u32_le(u32::try_from(self.key.len()).expect("a key is shorter than 4 GiB"));
        out.put_slice(&self.key);
        match &self.content {
            Content::Value(value) => out.put_slice(value),
            Content::Origin(origin) => put_at(&mut out, *origin),
            Content::Tombstone => {}
        }
        out.freeze()
    }

    /// Slices of `record` are shared.
    pub(crate) fn decode(record: &Bytes) -> Option<Version> {
        let mut fields = Fields { rest: record };
        let [kind] = fields.take()?;
        let prev = fields.at()?;
        let (create, version, lease) = (fields.i64()?, fields.i64()?, fields.i64()?);
        let (value_len, key_len) = (fields.u32()?, fields.u32()? as usize);
        let value_at = VERSION_HEAD.checked_add(key_len)?;
        if value_at > record.len() {
            return None;
        }
        let mut tail = Fields { rest: &record[value_at..] };
        let content = match kind {
            KIND_VALUE if tail.rest.len() == value_len as usize => Content::Value(record.slice(value_at..)),
            KIND_ORIGIN => {
                let origin = tail.at()?;
                tail.end(Content::Origin(origin))?
            }
            KIND_TOMBSTONE => tail.end(Content::Tombstone)?,
            _ => return None,
        };
        let key = record.slice(VERSION_HEAD..value_at);
        Some(Version { key, prev: (prev.main != 0).then_some(prev), create, version, lease, value_len, content })
    }

    pub(crate) fn meta(&self, at: At) -> Meta {
        Meta {
            create: self.create,
            main: at.main,
            version: self.version,
            lease: self.lease,
            sub: at.sub,
            value_len: self.value_len,
        }
    }
}

/// A superseded version: the revision that replaced it, and its metadata (its place is in the table key).
pub(crate) fn encode_superseded(end: i64, meta: &Meta) -> Bytes {
    let mut out = BytesMut::with_capacity(36);
    for field in [end, meta.create, meta.version, meta.lease] {
        out.put_i64_le(field);
    }
    out.put_u32_le(meta.value_len);
    out.freeze()
}

pub(crate) fn decode_superseded(record: &[u8], at: At) -> Option<(i64, Meta)> {
    let mut fields = Fields { rest: record };
    let (end, create, version, lease) = (fields.i64()?, fields.i64()?, fields.i64()?, fields.i64()?);
    let meta = Meta { create, main: at.main, version, lease, sub: at.sub, value_len: fields.u32()? };
    fields.end((end, meta))
}

/// The value of a key at the reclaim floor: which version that was and where its value was first written.
pub(crate) struct Settled {
    pub(crate) at: At,
    pub(crate) origin: At,
    pub(crate) value: Bytes,
}

impl Settled {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(24 + self.value.len());
        put_at(&mut out, self.at);
        put_at(&mut out, self.origin);
        out.put_slice(&self.value);
        out.freeze()
    }

    pub(crate) fn decode(record: &Bytes) -> Option<Settled> {
        let mut fields = Fields { rest: record };
        Some(Settled { at: fields.at()?, origin: fields.at()?, value: record.slice(24..) })
    }
}

pub(crate) fn encode_lease(ttl: i64, remaining: i64) -> Bytes {
    let mut out = BytesMut::with_capacity(16);
    out.put_i64_le(ttl);
    out.put_i64_le(remaining);
    out.freeze()
}

pub(crate) fn decode_lease(record: &[u8]) -> Option<(i64, i64)> {
    let mut fields = Fields { rest: record };
    let (ttl, remaining) = (fields.i64()?, fields.i64()?);
    fields.end((ttl, remaining))
}

/// The compaction mark, and what was written and superseded up to it since the key space began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compaction {
    pub(crate) revision: i64,
    pub(crate) written: u64,
    pub(crate) superseded: u64,
}

impl Compaction {
    pub(crate) fn encode(self) -> Bytes {
        let mut out = BytesMut::with_capacity(24);
        out.put_i64_le(self.revision);
        out.put_u64_le(self.written);
        out.put_u64_le(self.superseded);
        out.freeze()
    }

    pub(crate) fn decode(record: &[u8]) -> Option<Compaction> {
        let mut fields = Fields { rest: record };
        let revision = fields.i64()?;
        let (written, superseded) = (u64::from_le_bytes(fields.take()?), u64::from_le_bytes(fields.take()?));
        fields.end(Compaction { revision, written, superseded })
    }
}

pub(crate) fn encode_alarms(alarms: impl Iterator<Item = (u64, i32)>) -> Bytes {
    let mut out = BytesMut::new();
    for (member, alarm) in alarms {
        out.put_u64_le(member);
        out.put_i32_le(alarm);
    }
    out.freeze()
}

pub(crate) fn decode_alarms(record: &[u8]) -> Option<Vec<(u64, i32)>> {
    let mut fields = Fields { rest: record };
    let mut alarms = Vec::new();
    while !fields.rest.is_empty() {
        alarms.push((u64::from_le_bytes(fields.take()?), i32::from_le_bytes(fields.take()?)));
    }
    Some(alarms)
}
