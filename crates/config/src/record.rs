//! The records of a store in its shard's table, but for those of the audit trail. `docs/formats/config.md` draws them.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    codec::{context, put_context, put_settings, settings},
    command::{Changed, Written},
    fields::{Reader, VERSION, flags, put_count, put_short},
    request::{Context, Settings},
    value::{Hash, Value, ValueType},
};

/// What memory holds of a key: its newest version, and which ones there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// Of its last change.
    pub(crate) position: u64,
    /// Of the change that created it, after the last deletion if it was deleted.
    pub(crate) created: u64,
    pub(crate) version: u64,
    /// The first version that is kept.
    pub(crate) first: u64,
    pub(crate) time_ms: u64,
    pub(crate) bytes: u64,
    pub(crate) value_type: ValueType,
    pub(crate) is_deleted: bool,
    pub(crate) hash: Hash,
}

impl Meta {
    fn encode(&self, out: &mut Vec<u8>) {
        let numbers = [self.position, self.created, self.version, self.first, self.time_ms, self.bytes];
        numbers.iter().for_each(|number| out.put_u64_le(*number));
        out.put_u8(self.value_type.number());
        out.put_u8(u8::from(self.is_deleted));
        out.put_slice(&self.hash);
    }

    fn decode(reader: &mut Reader) -> Result<Meta> {
        let [position, created, version] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let [first, time_ms, bytes] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let value_type = reader.value_type()?;
        let [is_deleted] = reader.flags()?;
        Ok(Meta { position, created, version, first, time_ms, bytes, value_type, is_deleted, hash: reader.hash()? })
    }
}

/// A key as it is, and as it was before an import that nobody sees yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) meta: Meta,
    pub(crate) before: Option<Box<Meta>>,
}

impl Slot {
    /// The key as of the last visible position.
    pub(crate) fn at(&self, visible: u64) -> Option<&Meta> {
        if self.meta.position <= visible { Some(&self.meta) } else { self.before.as_deref() }
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(84 + if self.before.is_some() { 82 } else { 0 });
        out.put_u8(VERSION);
        out.put_u8(u8::from(self.before.is_some()));
        self.meta.encode(&mut out);
        self.before.iter().for_each(|before| before.encode(&mut out));
        out.into()
    }

    pub(crate) fn decode(record: Bytes) -> Result<Slot> {
        let mut reader = Reader::new(record, "the record of a key")?;
        let [has_before] = reader.flags()?;
        let meta = Meta::decode(&mut reader)?;
        let before = if has_before { Some(Box::new(Meta::decode(&mut reader)?)) } else { None };
        reader.end(Slot { meta, before })
    }
}

/// What a version holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Value(Value),
    Deleted,
}

/// A version of a key: written once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) position: u64,
    pub(crate) created: u64,
    pub(crate) time_ms: u64,
    pub(crate) restored: u64,
    pub(crate) value_type: ValueType,
    pub(crate) hash: Hash,
    pub(crate) author: String,
    pub(crate) comment: String,
    pub(crate) held: Held,
}

const INLINE: u8 = 0;
const CHUNKS: u8 = 1;
const DELETED: u8 = 2;

/// A version on its way into the table, whose texts and value lie elsewhere.
pub(crate) struct Draft<'a> {
    pub(crate) position: u64,
    pub(crate) created: u64,
    pub(crate) time_ms: u64,
    pub(crate) restored: u64,
    pub(crate) value_type: ValueType,
    pub(crate) hash: Hash,
    pub(crate) author: &'a str,
    pub(crate) comment: &'a str,
    /// `None`: the key is deleted.
    pub(crate) value: Option<&'a Value>,
}

impl Draft<'_> {
    pub(crate) fn encode(&self) -> Bytes {
        let inline = match self.value {
            Some(Value::Inline(value)) => value.len(),
            _ => 0,
        };
        let mut out = Vec::with_capacity(71 + self.author.len() + self.comment.len() + inline);
        out.put_u8(VERSION);
        out.put_u8(match self.value {
            Some(Value::Inline(_)) => INLINE,
            Some(Value::Chunks { .. }) => CHUNKS,
            None => DELETED,
        });
        out.put_u8(self.value_type.number());
        let numbers = [self.position, self.created, self.time_ms, self.restored];
        numbers.iter().for_each(|number| out.put_u64_le(*number));
        out.put_slice(&self.hash);
        put_short(self.author, &mut out);
        put_short(self.comment, &mut out);
        match self.value {
            Some(Value::Inline(value)) => out.put_slice(value),
            Some(Value::Chunks { chunks, bytes, .. }) => {
                out.put_u64_le(*bytes);
                put_count(chunks.len(), &mut out);
                chunks.iter().for_each(|chunk| out.put_slice(chunk));
            }
            None => {}
        }
        out.into()
    }
}

impl Version {
    /// The value shares `record`.
    pub(crate) fn decode(record: Bytes) -> Result<Version> {
        let mut reader = Reader::new(record, "a version of a key")?;
        let kind = reader.u8()?;
        let value_type = reader.value_type()?;
        let [position, created, time_ms, restored] = [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
        let hash = reader.hash()?;
        let (author, comment) = (reader.short()?, reader.short()?);
        let held = match kind {
            INLINE => Held::Value(Value::Inline(reader.rest())),
            CHUNKS => Held::Value(Value::Chunks { bytes: reader.u64()?, chunks: reader.hashes()?, hash }),
            DELETED => Held::Deleted,
            _ => return Err(crate::error::damaged("a version of a key holds something unknown")),
        };
        reader.end(Version { position, created, time_ms, restored, value_type, hash, author, comment, held })
    }
}

/// A path that was used, and the namespace that it names now, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathRecord {
    pub(crate) id: u64,
    /// Of the last namespace that it named.
    pub(crate) generation: u32,
    pub(crate) state: Option<NamespaceState>,
}

/// What a namespace is, without its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamespaceState {
    pub(crate) description: String,
    pub(crate) owner: String,
    pub(crate) settings: Settings,
    pub(crate) version: u64,
    pub(crate) created: u64,
    pub(crate) created_ms: u64,
    pub(crate) updated: u64,
    pub(crate) updated_ms: u64,
}

impl NamespaceState {
    /// What its hash in the audit trail is of.
    pub(crate) fn encode_told(&self, out: &mut Vec<u8>) {
        put_short(&self.description, out);
        put_short(&self.owner, out);
        put_settings(&self.settings, out);
    }
}

impl PathRecord {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.put_u8(u8::from(self.state.is_some()));
        out.put_u64_le(self.id);
        out.put_u32_le(self.generation);
        if let Some(state) = &self.state {
            let numbers = [state.version, state.created, state.created_ms, state.updated, state.updated_ms];
            numbers.iter().for_each(|number| out.put_u64_le(*number));
            state.encode_told(&mut out);
        }
        out.into()
    }

    pub(crate) fn decode(record: Bytes) -> Result<PathRecord> {
        let mut reader = Reader::new(record, "the record of a namespace")?;
        let [is_there] = reader.flags()?;
        let (id, generation) = (reader.u64()?, reader.u32()?);
        let state = if is_there { Some(namespace_state(&mut reader)?) } else { None };
        reader.end(PathRecord { id, generation, state })
    }
}

fn namespace_state(reader: &mut Reader) -> Result<NamespaceState> {
    let [version, created, created_ms] = [reader.u64()?, reader.u64()?, reader.u64()?];
    let [updated, updated_ms] = [reader.u64()?, reader.u64()?];
    let (description, owner) = (reader.short()?, reader.short()?);
    let settings = settings(reader)?;
    Ok(NamespaceState { description, owner, settings, version, created, created_ms, updated, updated_ms })
}

/// Of a chunk: its bytes, and since when nothing points at it, if nothing does.
pub(crate) fn encode_chunk(bytes: u32, time_ms: u64) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u32_le(bytes);
    out.put_u64_le(time_ms);
    out.into()
}

pub(crate) fn decode_chunk(record: Bytes) -> Result<(u32, u64)> {
    let mut reader = Reader::new(record, "what is known of a chunk")?;
    let chunk = (reader.u32()?, reader.u64()?);
    reader.end(chunk)
}

pub(crate) fn encode_held(chunks: &[Hash]) -> Bytes {
    let mut out = vec![VERSION];
    put_count(chunks.len(), &mut out);
    chunks.iter().for_each(|chunk| out.put_slice(chunk));
    out.into()
}

pub(crate) fn decode_held(record: Bytes) -> Result<Vec<Hash>> {
    let mut reader = Reader::new(record, "the chunks of a version")?;
    let chunks = reader.hashes()?;
    reader.end(chunks)
}

/// A number by itself: a position, an ordinal, a count.
pub(crate) fn encode_number(number: u64) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64_le(number);
    out.into()
}

pub(crate) fn decode_number(record: Bytes) -> Result<u64> {
    let mut reader = Reader::new(record, "a number of a configuration store")?;
    let number = reader.u64()?;
    reader.end(number)
}

/// An answer that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) principal: String,
    pub(crate) key: String,
    /// SHA-256 of what was asked.
    pub(crate) request: Hash,
    pub(crate) written: Written,
}

impl Answer {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        put_short(&self.principal, &mut out);
        put_short(&self.key, &mut out);
        out.put_slice(&self.request);
        [self.written.first, self.written.last, self.written.time_ms].iter().for_each(|number| out.put_u64_le(*number));
        put_count(self.written.changes.len(), &mut out);
        for change in &self.written.changes {
            out.put_u64_le(change.position);
            out.put_u64_le(change.version);
        }
        out.into()
    }

    pub(crate) fn decode(record: Bytes) -> Result<Answer> {
        let mut reader = Reader::new(record, "an answer that was remembered")?;
        let (principal, key, request) = (reader.short()?, reader.short()?, reader.hash()?);
        let [first, last, time_ms] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let change = |reader: &mut Reader| Ok(Changed { position: reader.u64()?, version: reader.u64()? });
        let changes = (0..reader.count(16)?).map(|_| change(&mut reader)).collect::<Result<_>>()?;
        let written = Written { first, last, time_ms, changes, is_repeated: true };
        reader.end(Answer { principal, key, request, written })
    }
}

pub(crate) fn encode_import(begun_ms: u64, who: &Context) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64_le(begun_ms);
    put_context(who, &mut out);
    out.into()
}

pub(crate) fn decode_import(record: Bytes) -> Result<(u64, Context)> {
    let mut reader = Reader::new(record, "the head of an import")?;
    let import = (reader.u64()?, context(&mut reader)?);
    reader.end(import)
}

/// How far the import is that is being made visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Publishing {
    pub(crate) import: u64,
    /// Whether everything was checked, so that it is being written.
    pub(crate) is_writing: bool,
    /// The position before its first one.
    pub(crate) before: u64,
    /// The next item.
    pub(crate) part: u32,
    pub(crate) item: u32,
    /// Items that are written.
    pub(crate) ready: u64,
    /// All of them.
    pub(crate) items: u64,
}

impl Publishing {
    pub(crate) fn encode(self) -> Bytes {
        let mut out = vec![VERSION];
        out.put_u8(flags(&[self.is_writing]));
        out.put_u32_le(self.part);
        out.put_u32_le(self.item);
        [self.import, self.before, self.ready, self.items].iter().for_each(|number| out.put_u64_le(*number));
        out.into()
    }

    pub(crate) fn decode(record: Bytes) -> Result<Publishing> {
        let mut reader = Reader::new(record, "the import that is being made visible")?;
        let [is_writing] = reader.flags()?;
        let (part, item) = (reader.u32()?, reader.u32()?);
        let [import, before, ready, items] = [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
        reader.end(Publishing { import, is_writing, before, part, item, ready, items })
    }
}

/// An import that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) import: u64,
    pub(crate) items: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Finished {
    pub(crate) fn encode(self) -> Bytes {
        let mut out = vec![VERSION];
        [self.import, self.items, self.first, self.last].iter().for_each(|number| out.put_u64_le(*number));
        out.into()
    }

    pub(crate) fn decode(record: Bytes) -> Result<Finished> {
        let mut reader = Reader::new(record, "an import that is done")?;
        let [import, items, first, last] = [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
        reader.end(Finished { import, items, first, last })
    }
}
