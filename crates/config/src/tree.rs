//! The audit trail's Merkle tree in the table: tiles of 256 nodes, and what of them is not complete yet in memory.
//!
//! Level 0 of the tiles are the leaves' hashes; a node of the next level is the root of 256 below it. A complete tile is written
//! once, with its last node, so a record costs a put for each 256 of them; what is incomplete is reckoned from the records at the
//! start. A root, and each node of a proof, is reckoned from at most one tile for each level, which there are three of at 16
//! million records.

use base::{Error, Kind, Result};
use table::Table;

use crate::{
    error::damaged,
    keys::Keys,
    limits::{HASH_BYTES, TILE_LEVELS, TILE_NODES},
    merkle::{empty_root, node_hash, perfect_root},
    value::Hash,
};

/// What is not in complete tiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frontier {
    size: u64,
    /// Of each level: the nodes after its last complete tile.
    levels: Vec<Vec<Hash>>,
}

impl Frontier {
    /// Adds a leaf; tiles that it completes go into the table.
    pub(crate) fn append(&mut self, leaf: Hash, table: &Table, keys: Keys) {
        let (mut node, index) = (leaf, self.size);
        self.size += 1;
        for level in 0_u8.. {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[place];
            nodes.push(node);
            if nodes.len() < TILE_NODES as usize {
                return;
            }
            let tile = index >> (TILE_LEVELS * (u32::from(level) + 1));
            table.put(keys.tile(level, tile), nodes.concat().into());
            node = perfect_root(nodes);
            nodes.clear();
        }
    }

    /// What lies in memory of a tree of `size` leaves, all others of which are in complete tiles. `leaf` gives a leaf's hash.
    pub(crate) fn load(size: u64, table: &Table, keys: Keys, leaf: impl Fn(u64) -> Result<Hash>) -> Result<Frontier> {
        let mut frontier = Frontier { size, levels: Vec::new() };
        for level in 0_u8.. {
            let nodes = size.checked_shr(TILE_LEVELS * u32::from(level)).unwrap_or(0);
            if nodes == 0 {
                break;
            }
            let first = nodes / TILE_NODES * TILE_NODES;
            let node = |index: u64| match level.checked_sub(1) {
                None => leaf(index),
                Some(below) => read_tile(table, keys, below, index).map(|nodes| perfect_root(&nodes)),
            };
            frontier.levels.push((first..nodes).map(node).collect::<Result<_>>()?);
        }
        Ok(frontier)
    }
}

fn read_tile(table: &Table, keys: Keys, level: u8, index: u64) -> Result<Vec<Hash>> {
    let record = table.get(&keys.tile(level, index))?.ok_or_else(|| damaged("a tile of the audit trail's tree is missing"))?;
    let (nodes, rest) = record.as_chunks::<HASH_BYTES>();
    if nodes.len() != TILE_NODES as usize || !rest.is_empty() {
        return Err(damaged("a tile of the audit trail's tree has another length"));
    }
    Ok(nodes.to_vec())
}

/// The tree as of one moment, for reading. Blocking.
pub(crate) struct View<'a> {
    pub(crate) frontier: Frontier,
    pub(crate) table: &'a Table,
    pub(crate) keys: Keys,
}

impl View<'_> {
    fn known(&self, size: u64) -> Result<()> {
        if size <= self.frontier.size {
            return Ok(());
        }
        let message = format!("the audit trail has {} records, not {size}", self.frontier.size);
        Err(Error::new(Kind::OutOfRange, message))
    }

    /// The nodes of a tile, complete or not, as tlog-tiles serves them.
    pub(crate) fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>> {
        let complete = self.frontier.size.checked_shr(TILE_LEVELS * (u32::from(level) + 1)).unwrap_or(0);
        if index < complete {
            return read_tile(self.table, self.keys, level, index);
        }
        let nodes = self.frontier.levels.get(usize::from(level)).filter(|nodes| index == complete && !nodes.is_empty());
        nodes.cloned().ok_or_else(|| Error::new(Kind::OutOfRange, "the tree of the audit trail has no such tile"))
    }

    /// The root of the perfect tree over the leaves `[index << height, (index + 1) << height)`.
    fn node(&self, height: u32, index: u64) -> Result<Hash> {
        let level = u8::try_from(height / TILE_LEVELS).map_err(|_| damaged("a tree as high as no tree is"))?;
        let below = height % TILE_LEVELS;
        let first = index << below;
        let nodes = self.tile(level, first / TILE_NODES)?;
        let from = (first % TILE_NODES) as usize;
        let nodes =
            nodes.get(from..from + (1 << below)).ok_or_else(|| damaged("a tile of the audit trail's tree is too short"))?;
        Ok(perfect_root(nodes))
    }

    /// The root over the leaves `[from, to)`, where `from` is a multiple of the least power of two that holds them.
    fn range(&self, from: u64, to: u64) -> Result<Hash> {
        let count = to - from;
        if count == 0 {
            return Ok(empty_root());
        }
        if count.is_power_of_two() {
            return self.node(count.trailing_zeros(), from >> count.trailing_zeros());
        }
        let split = from + split_of(count);
        Ok(node_hash(&self.range(from, split)?, &self.range(split, to)?))
    }

    /// RFC 6962, section 2.1: MTH.
    pub(crate) fn root(&self, size: u64) -> Result<Hash> {
        self.known(size)?;
        self.range(0, size)
    }

    /// RFC 6962, section 2.1.1: PATH.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.known(size)?;
        if index >= size {
            return Err(Error::new(Kind::OutOfRange, format!("the tree of {size} records has no record {}", index + 1)));
        }
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        while to - from > 1 {
            let split = from + split_of(to - from);
            if index < split {
                path.push(self.range(split, to)?);
                to = split;
            } else {
                path.push(self.range(from, split)?);
                from = split;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// RFC 6962, section 2.1.2: PROOF. Empty for an empty tree, which is the beginning of every tree.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>> {
        self.known(new)?;
        if old > new {
            return Err(Error::new(Kind::OutOfRange, format!("a tree of {new} records has no beginning of {old}")));
        }
        let (mut from, mut to) = (0, new);
        let mut proof = Vec::new();
        if old == 0 {
            return Ok(proof);
        }
        while old != to {
            let split = from + split_of(to - from);
            if old <= split {
                proof.push(self.range(split, to)?);
                to = split;
            } else {
                proof.push(self.range(from, split)?);
                from = split;
            }
        }
        // Where the earlier tree is perfect its root is the verifier's to know.
        if from > 0 {
            proof.push(self.range(from, to)?);
        }
        proof.reverse();
        Ok(proof)
    }
}

/// The greatest power of two below `count`, which is above 1.
fn split_of(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}
