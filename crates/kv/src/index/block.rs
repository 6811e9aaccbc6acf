//! A run of neighbouring keys, their bytes kept together.

use super::Meta;
use crate::limits::BLOCK_KEYS_MAX;

#[derive(Clone, Copy, Debug)]
struct Entry {
    meta: Meta,
    offset: u32,
    length: u32,
}

/// At most [`BLOCK_KEYS_MAX`] keys, ascending.
#[derive(Debug)]
pub(super) struct Block {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Bytes of removed keys still in `bytes`.
    dead: usize,
}

impl Block {
    pub(super) fn with_one(key: &[u8], meta: Meta) -> Block {
        let mut block = Block { entries: Vec::new(), bytes: Vec::new(), dead: 0 };
        block.push(key, meta);
        block
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn len_u32(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("a block is small")
    }

    pub(super) fn first(&self) -> &[u8] {
        self.key(0)
    }

    pub(super) fn key(&self, at: usize) -> &[u8] {
        let entry = &self.entries[at];
        &self.bytes[entry.offset as usize..][..entry.length as usize]
    }

    pub(super) fn meta(&self, at: usize) -> Meta {
        self.entries[at].meta
    }

    /// `Ok`: the key's position; `Err`: where it would be.
    pub(super) fn find(&self, key: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| self.bytes[entry.offset as usize..][..entry.length as usize].cmp(key))
    }

    pub(super) fn replace(&mut self, at: usize, meta: Meta) -> Meta {
        std::mem::replace(&mut self.entries[at].meta, meta)
    }

    /// Inserts before position `at`. A full block keeps its left part and answers the right one.
    pub(super) fn insert(&mut self, at: usize, key: &[u8], meta: Meta) -> Option<Block> {
        if self.entries.len() < BLOCK_KEYS_MAX {
            let entry = self.store(key, meta);
            self.entries.insert(at, entry);
            return None;
        }
        // Keys that arrive in order fill their blocks.
        let cut = if at == self.entries.len() { at } else { self.entries.len() / 2 };
        if cut == self.entries.len() {
            return Some(Block::with_one(key, meta));
        }
        let mut right = self.split(cut);
        let overflow = if at <= cut { self.insert(at, key, meta) } else { right.insert(at - cut, key, meta) };
        debug_assert!(overflow.is_none(), "half a block has room");
        Some(right)
    }

    pub(super) fn remove(&mut self, at: usize) -> Meta {
        let entry = self.entries.remove(at);
        self.dead += entry.length as usize;
        if self.dead * 2 > self.bytes.len() {
            *self = self.copy(0..self.entries.len());
        }
        entry.meta
    }

    pub(super) fn can_join(&self, right: &Block) -> bool {
        self.len() + right.len() <= BLOCK_KEYS_MAX * 3 / 4
    }

    pub(super) fn join(&mut self, right: &Block) {
        for at in 0..right.len() {
            self.push(right.key(at), right.meta(at));
        }
    }

    fn split(&mut self, cut: usize) -> Block {
        let right = self.copy(cut..self.entries.len());
        *self = self.copy(0..cut);
        right
    }

    fn copy(&self, which: std::ops::Range<usize>) -> Block {
        let bytes = self.entries[which.clone()].iter().map(|entry| entry.length as usize).sum();
        let mut block = Block { entries: Vec::with_capacity(which.len()), bytes: Vec::with_capacity(bytes), dead: 0 };
        for at in which {
            block.push(self.key(at), self.meta(at));
        }
        block
    }

    fn push(&mut self, key: &[u8], meta: Meta) {
        let entry = self.store(key, meta);
        self.entries.push(entry);
    }

    fn store(&mut self, key: &[u8], meta: Meta) -> Entry {
        let spare = self.bytes.capacity() - self.bytes.len();
        if spare < key.len() {
            self.bytes.reserve_exact(key.len().max(self.bytes.len() / 4));
        }
        let offset = u32::try_from(self.bytes.len()).expect("256 keys of a few megabytes at most");
        let length = u32::try_from(key.len()).expect("a key is shorter than 4 GiB");
        self.bytes.extend_from_slice(key);
        Entry { meta, offset, length }
    }
}
