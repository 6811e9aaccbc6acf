//! The keys of a store's records in its shard's table. `docs/formats/config.md` draws them.
//!
//! Numbers in table keys are big-endian so that they sort. Texts that another part follows end with a zero byte, which none
//! contains.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    audit::{Action, NamespaceId},
    value::Hash,
};

/// A configuration store: a tenant's namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub u32);

const AUDIT: u8 = b'a';
const CURRENT: u8 = b'c';
const DEAD: u8 = b'd';
const TRIMMED: u8 = b'g';
const CHUNK: u8 = b'h';
const ANSWER: u8 = b'i';
const BY_KEY: u8 = b'k';
const TILE: u8 = b'l';
const MARK: u8 = b'm';
const BY_NAMESPACE: u8 = b'n';
const BY_ACTOR: u8 = b'o';
const BY_ACTION: u8 = b'p';
const PATH: u8 = b'q';
const HELD: u8 = b'r';
const CONFIG: u8 = b't';
const CHUNK_KNOWN: u8 = b'u';
const VERSION: u8 = b'v';
const IMPORT: u8 = b'w';
const PART: u8 = b'x';
const FINISHED: u8 = b'y';

/// Bytes of a table key before what names a record within its family.
const PREFIX: usize = 5;
/// Bytes of a namespace's id.
const ID_BYTES: usize = 12;

/// From one table key to before another.
pub(crate) type Span = (Bytes, Bytes);

/// Makes the table keys of one store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    store: [u8; 4],
}

impl Keys {
    /// Stores are numbered down from the last number but one: key spaces are numbered upwards, and the last number is the
    /// streams'.
    pub(crate) fn new(store: StoreId) -> Keys {
        Keys { store: (u32::MAX - 1).saturating_sub(store.0).to_be_bytes() }
    }

    fn start(self, family: u8, room: usize) -> BytesMut {
        let mut key = BytesMut::with_capacity(PREFIX + room);
        key.put_slice(&self.store);
        key.put_u8(family);
        key
    }

    fn family(self, family: u8) -> Span {
        (self.start(family, 0).freeze(), self.start(family + 1, 0).freeze())
    }

    fn numbered(self, family: u8, numbers: &[u64]) -> Bytes {
        let mut key = self.start(family, numbers.len() * 8);
        numbers.iter().for_each(|number| key.put_u64(*number));
        key.freeze()
    }

    fn of_namespace(self, family: u8, id: NamespaceId, room: usize) -> BytesMut {
        let mut key = self.start(family, ID_BYTES + room);
        key.put_u64(id.path);
        key.put_u32(id.generation);
        key
    }

    fn of_namespaces(self, family: u8, id: NamespaceId) -> Span {
        let next = NamespaceId { generation: id.generation.saturating_add(1), ..id };
        (self.of_namespace(family, id, 0).freeze(), self.of_namespace(family, next, 0).freeze())
    }

    fn of_key(self, family: u8, id: NamespaceId, key: &str, version: u64) -> Bytes {
        let mut out = self.of_namespace(family, id, key.len() + 9);
        out.put_slice(key.as_bytes());
        out.put_u8(0);
        out.put_u64(version);
        out.freeze()
    }

    pub(crate) fn audit(self, position: u64) -> Bytes {
        self.numbered(AUDIT, &[position])
    }

    pub(crate) fn all_audit(self) -> Span {
        self.family(AUDIT)
    }

    pub(crate) fn current(self, id: NamespaceId, key: &str) -> Bytes {
        let mut out = self.of_namespace(CURRENT, id, key.len());
        out.put_slice(key.as_bytes());
        out.freeze()
    }

    pub(crate) fn all_current(self) -> Span {
        self.family(CURRENT)
    }

    /// What goes with a namespace in one piece.
    pub(crate) fn dropped(self, id: NamespaceId) -> [Span; 2] {
        [self.of_namespaces(CURRENT, id), self.of_namespaces(VERSION, id)]
    }

    pub(crate) fn dead(self, id: NamespaceId) -> Bytes {
        self.of_namespace(DEAD, id, 0).freeze()
    }

    pub(crate) fn all_dead(self) -> Span {
        self.family(DEAD)
    }

    pub(crate) fn trimmed(self, path: u64) -> Bytes {
        self.numbered(TRIMMED, &[path])
    }

    pub(crate) fn all_trimmed(self) -> Span {
        self.family(TRIMMED)
    }

    fn hashed(self, family: u8, hash: &Hash) -> Bytes {
        let mut key = self.start(family, hash.len());
        key.put_slice(hash);
        key.freeze()
    }

    pub(crate) fn chunk(self, hash: &Hash) -> Bytes {
        self.hashed(CHUNK, hash)
    }

    pub(crate) fn chunk_known(self, hash: &Hash) -> Bytes {
        self.hashed(CHUNK_KNOWN, hash)
    }

    pub(crate) fn all_chunks_known(self) -> Span {
        self.family(CHUNK_KNOWN)
    }

    pub(crate) fn answer(self, position: u64) -> Bytes {
        self.numbered(ANSWER, &[position])
    }

    pub(crate) fn all_answers(self) -> Span {
        self.family(ANSWER)
    }

    pub(crate) fn tile(self, level: u8, index: u64) -> Bytes {
        let mut key = self.start(TILE, 9);
        key.put_u8(level);
        key.put_u64(index);
        key.freeze()
    }

    pub(crate) fn mark(self, name: &str) -> Bytes {
        let mut key = self.start(MARK, name.len());
        key.put_slice(name.as_bytes());
        key.freeze()
    }

    pub(crate) fn by_key(self, path: u64, key: &str, position: u64) -> Bytes {
        let mut out = self.start(BY_KEY, 17 + key.len());
        out.put_u64(path);
        out.put_slice(key.as_bytes());
        out.put_u8(0);
        out.put_u64(position);
        out.freeze()
    }

    pub(crate) fn by_actor(self, actor: &str, position: u64) -> Bytes {
        let mut key = self.start(BY_ACTOR, actor.len() + 9);
        key.put_slice(actor.as_bytes());
        key.put_u8(0);
        key.put_u64(position);
        key.freeze()
    }

    pub(crate) fn by_action(self, action: Action, position: u64) -> Bytes {
        let mut key = self.start(BY_ACTION, 9);
        key.put_u8(action.number());
        key.put_u64(position);
        key.freeze()
    }

    /// The place of a record among those of its path's audit trail.
    pub(crate) fn by_namespace(self, path: u64, ordinal: u64) -> Bytes {
        self.numbered(BY_NAMESPACE, &[path, ordinal])
    }

    /// The place of a change among those of its path's keys.
    pub(crate) fn config(self, path: u64, ordinal: u64) -> Bytes {
        self.numbered(CONFIG, &[path, ordinal])
    }

    pub(crate) fn path(self, path: &str) -> Bytes {
        let mut key = self.start(PATH, path.len());
        key.put_slice(path.as_bytes());
        key.freeze()
    }

    pub(crate) fn all_paths(self) -> Span {
        self.family(PATH)
    }

    /// The chunks of a version.
    pub(crate) fn held(self, id: NamespaceId, key: &str, version: u64) -> Bytes {
        self.of_key(HELD, id, key, version)
    }

    pub(crate) fn all_held(self) -> Span {
        self.family(HELD)
    }

    pub(crate) fn version(self, id: NamespaceId, key: &str, version: u64) -> Bytes {
        self.of_key(VERSION, id, key, version)
    }

    pub(crate) fn import(self, import: u64) -> Bytes {
        self.numbered(IMPORT, &[import])
    }

    pub(crate) fn all_imports(self) -> Span {
        self.family(IMPORT)
    }

    pub(crate) fn part(self, import: u64, part: u32) -> Bytes {
        let mut key = self.start(PART, 12);
        key.put_u64(import);
        key.put_u32(part);
        key.freeze()
    }

    /// An import that is done, by its last position.
    pub(crate) fn finished(self, position: u64) -> Bytes {
        self.numbered(FINISHED, &[position])
    }

    pub(crate) fn all_finished(self) -> Span {
        self.family(FINISHED)
    }

    pub(crate) fn all_parts(self) -> Span {
        self.family(PART)
    }
}

/// What follows the prefix of a table key.
pub(crate) fn name_of(table_key: &[u8]) -> Option<&[u8]> {
    table_key.get(PREFIX..)
}

/// The text that a table key names after its prefix.
pub(crate) fn text_of(table_key: &[u8]) -> Option<&str> {
    std::str::from_utf8(name_of(table_key)?).ok()
}

/// The number at the end of a table key.
pub(crate) fn last_number(table_key: &[u8]) -> Option<u64> {
    table_key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The number after the prefix.
pub(crate) fn first_number(table_key: &[u8]) -> Option<u64> {
    name_of(table_key)?.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The namespace that a table key names, and what follows it.
pub(crate) fn namespace_of(table_key: &[u8]) -> Option<(NamespaceId, &[u8])> {
    let (path, rest) = name_of(table_key)?.split_first_chunk::<8>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    Some((NamespaceId { path: u64::from_be_bytes(*path), generation: u32::from_be_bytes(*generation) }, rest))
}

/// The namespace, key and version that a table key names.
pub(crate) fn version_of(table_key: &[u8]) -> Option<(NamespaceId, &str, u64)> {
    let (id, rest) = namespace_of(table_key)?;
    let key = rest.get(..rest.len().checked_sub(9)?)?;
    Some((id, std::str::from_utf8(key).ok()?, last_number(rest)?))
}

/// The hash that a table key names.
pub(crate) fn hash_of(table_key: &[u8]) -> Option<Hash> {
    name_of(table_key)?.try_into().ok()
}

/// The import and the part that a table key names.
pub(crate) fn part_of(table_key: &[u8]) -> Option<(u64, u32)> {
    let (import, part) = name_of(table_key)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*import), u32::from_be_bytes(part.try_into().ok()?)))
}
