//! Neighbouring blocks of keys.

use super::{Meta, run::Run};
use crate::limits::{BLOCK_KEYS_MAX, BLOCK_KEYS_MIN};

/// A block: some neighbouring keys.
pub(super) type Block = Run<Meta>;

/// Neighbouring blocks, each under a key that is at most its first and greater than all before it.
#[derive(Debug, Default)]
pub(super) struct Group {
    blocks: Run<Box<Block>>,
    /// The length of each block, apart from them so that a rank touches little memory.
    lengths: Vec<u32>,
    keys: usize,
}

fn length_of(block: &Block) -> u32 {
    u32::try_from(block.len()).expect("a block is small")
}

/// Where to split what is full, so that keys that arrive in order leave full blocks behind.
fn cut(length: usize, at: usize) -> usize {
    if at == length { length } else { length / 2 }
}

impl Group {
    pub(super) fn with_one(key: &[u8], meta: Meta) -> Group {
        let mut block = Block::default();
        block.insert(0, key, meta);
        let mut group = Group { keys: 1, lengths: vec![1], ..Group::default() };
        group.blocks.insert(0, key, Box::new(block));
        group
    }

    pub(super) fn first(&self) -> &[u8] {
        self.blocks.key(0)
    }

    /// Keys.
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    /// Blocks.
    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    pub(super) fn block(&self, number: usize) -> &Block {
        self.blocks.get(number)
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<Meta> {
        let block = self.blocks.get(self.blocks.at_most(key));
        block.find(key).ok().map(|at| *block.get(at))
    }

    pub(super) fn rank(&self, key: &[u8]) -> usize {
        let number = self.blocks.at_most(key);
        let before: usize = self.lengths[..number].iter().map(|length| *length as usize).sum();
        before + self.blocks.get(number).find(key).unwrap_or_else(|at| at)
    }

    /// The block and the position in it of the key of this rank.
    pub(super) fn place(&self, rank: usize) -> (usize, usize) {
        let mut left = rank;
        for (block, length) in self.lengths.iter().enumerate() {
            let length = *length as usize;
            if left < length {
                return (block, left);
            }
            left -= length;
        }
        (self.lengths.len(), 0)
    }

    /// Inserts or replaces. Answers what was there, and a right part if the group had to be split.
    pub(super) fn insert(&mut self, key: &[u8], meta: Meta) -> (Option<Meta>, Option<Group>) {
        if key < self.first() {
            self.blocks.lower_first(key);
        }
        let number = self.blocks.at_most(key);
        let block = self.blocks.get_mut(number);
        let at = match block.find(key) {
            Ok(at) => return (Some(std::mem::replace(block.get_mut(at), meta)), None),
            Err(at) => at,
        };
        self.keys += 1;
        if block.len() < BLOCK_KEYS_MAX {
            block.insert(at, key, meta);
            self.lengths[number] += 1;
            return (None, None);
        }
        let cut = cut(block.len(), at);
        let mut right = block.split(cut);
        if at < cut || (at == cut && right.len() > 0) {
            block.insert(at, key, meta);
        } else {
            right.insert(at - cut, key, meta);
        }
        self.lengths[number] = length_of(block);
        self.lengths.insert(number + 1, length_of(&right));
        let first = right.key(0).to_vec();
        self.blocks.insert(number + 1, &first, Box::new(right));
        (None, (self.len() > BLOCK_KEYS_MAX).then(|| self.split(number + 1)))
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Meta> {
        let number = self.blocks.at_most(key);
        let block = self.blocks.get_mut(number);
        let meta = block.remove(block.find(key).ok()?);
        self.lengths[number] -= 1;
        self.keys -= 1;
        self.join_small(number);
        Some(meta)
    }

    pub(super) fn can_join(&self, right: &Group) -> bool {
        self.len().min(right.len()) < BLOCK_KEYS_MIN && self.len() + right.len() <= BLOCK_KEYS_MAX * 3 / 4
    }

    /// Appends a group whose keys are all greater.
    pub(super) fn join(&mut self, right: Group) {
        self.blocks.join(right.blocks);
        self.lengths.extend(right.lengths);
        self.keys += right.keys;
    }

    fn split(&mut self, grown: usize) -> Group {
        let cut = cut(self.len() - 1, grown);
        let blocks = self.blocks.split(cut);
        let lengths = self.lengths.split_off(cut);
        let keys = lengths.iter().map(|length| *length as usize).sum();
        self.keys -= keys;
        Group { blocks, lengths, keys }
    }

    /// Joins a block that became small with a neighbour. The left one's place in the order stays.
    fn join_small(&mut self, number: usize) {
        if self.lengths[number] as usize >= BLOCK_KEYS_MIN {
            return;
        }
        let fits = |left: usize| {
            left + 1 < self.len() && (self.lengths[left] + self.lengths[left + 1]) as usize <= BLOCK_KEYS_MAX * 3 / 4
        };
        let left = match number.checked_sub(1) {
            Some(left) if fits(left) => left,
            _ if fits(number) => number,
            _ => return,
        };
        let right = self.blocks.remove(left + 1);
        self.blocks.get_mut(left).join(*right);
        self.lengths[left] += self.lengths.remove(left + 1);
    }
}
