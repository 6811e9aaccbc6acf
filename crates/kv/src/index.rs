//! The current keys in order, counted.
//!
//! An [`Index`] maps every current key to its [`Meta`]. It is a sequence of [`Block`]s of at most 256 keys each; beside them lies
//! one array with their lengths, so that the rank of a key (how many are smaller) is the sum of a short array of small
//! numbers, and the count of a span is the difference of two ranks. A block keeps the bytes of its keys together: a key
//! costs its bytes and one fixed entry, and no allocation of its own.

mod block;
#[cfg(test)]
mod tests;

use block::Block;

use crate::{event::Revision, limits::BLOCK_KEYS_MIN};

/// What is known of a current key without its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) create: i64,
    pub(crate) main: i64,
    pub(crate) version: i64,
    pub(crate) lease: i64,
    pub(crate) sub: u32,
    pub(crate) value_len: u32,
}

impl Meta {
    /// Where the version was written.
    pub(crate) fn modified(&self) -> Revision {
        Revision { main: self.main, sub: i64::from(self.sub) }
    }
}

/// A place in the index: a block and a position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    block: usize,
    at: usize,
}

/// The ordered, counted map of the current keys.
#[derive(Debug, Default)]
pub(crate) struct Index {
    blocks: Vec<Block>,
    /// Length of each block, apart from them so that a rank touches little memory.
    lengths: Vec<u32>,
    keys: usize,
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.keys
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Meta> {
        let block = self.blocks.get(self.block_of(key)?)?;
        block.find(key).ok().map(|at| block.meta(at))
    }

    /// Inserts or replaces; answers what was there.
    pub(crate) fn insert(&mut self, key: &[u8], meta: Meta) -> Option<Meta> {
        let Some(number) = self.block_of(key) else {
            self.blocks.push(Block::with_one(key, meta));
            self.lengths.push(1);
            self.keys += 1;
            return None;
        };
        let block = &mut self.blocks[number];
        match block.find(key) {
            Ok(at) => Some(block.replace(at, meta)),
            Err(at) => {
                if let Some(right) = block.insert(at, key, meta) {
                    self.lengths.insert(number + 1, right.len_u32());
                    self.blocks.insert(number + 1, right);
                }
                self.lengths[number] = self.blocks[number].len_u32();
                self.keys += 1;
                None
            }
        }
    }

    /// Removes; answers what was there.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Meta> {
        let number = self.block_of(key)?;
        let at = self.blocks[number].find(key).ok()?;
        let meta = self.blocks[number].remove(at);
        self.lengths[number] -= 1;
        self.keys -= 1;
        self.join_small(number);
        Some(meta)
    }

    /// How many keys are smaller than `key`.
    pub(crate) fn rank(&self, key: &[u8]) -> usize {
        let Some(number) = self.block_of(key) else { return 0 };
        let at = self.blocks[number].find(key).unwrap_or_else(|at| at);
        self.before(number) + at
    }

    /// The keys from rank `from` on, ascending, `most` at most.
    pub(crate) fn at_rank(&self, from: usize, most: usize) -> impl Iterator<Item = (&[u8], Meta)> {
        let mut place = self.place(from);
        (0..most).map_while(move |_| {
            let block = self.blocks.get(place.block)?;
            let item = (block.key(place.at), block.meta(place.at));
            place.at += 1;
            if place.at == block.len() {
                place = Place { block: place.block + 1, at: 0 };
            }
            Some(item)
        })
    }

    fn before(&self, block: usize) -> usize {
        self.lengths[..block].iter().map(|length| *length as usize).sum()
    }

    fn place(&self, rank: usize) -> Place {
        let mut left = rank;
        for (block, length) in self.lengths.iter().enumerate() {
            let length = *length as usize;
            if left < length {
                return Place { block, at: left };
            }
            left -= length;
        }
        Place { block: self.blocks.len(), at: 0 }
    }

    /// The block that holds `key` if any does: the last that begins at or before it, or the first.
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        if self.blocks.is_empty() {
            return None;
        }
        let after = self.blocks.partition_point(|block| block.first() <= key);
        Some(after.saturating_sub(1))
    }

    fn join_small(&mut self, number: usize) {
        if self.blocks[number].len() == 0 {
            self.blocks.remove(number);
            self.lengths.remove(number);
            return;
        }
        if self.blocks[number].len() >= BLOCK_KEYS_MIN {
            return;
        }
        let fits = |left: usize| left + 1 < self.blocks.len() && self.blocks[left].can_join(&self.blocks[left + 1]);
        let left = match number.checked_sub(1) {
            Some(left) if fits(left) => left,
            _ if fits(number) => number,
            _ => return,
        };
        let right = self.blocks.remove(left + 1);
        self.lengths.remove(left + 1);
        self.blocks[left].join(&right);
        self.lengths[left] = self.blocks[left].len_u32();
    }
}
