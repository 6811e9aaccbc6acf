//! The Merkle tree of RFC 6962, section 2.1: hashes, and what a verifier does who has no log.
//!
//! Nothing here trusts the log: a verifier holds a root that was signed, and a proof of any length from anybody.

use base::{Error, Kind, Result};
use ring::digest::{Context, SHA256};

use crate::value::Hash;

fn finish(context: Context) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of a leaf: SHA-256 of a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(leaf);
    finish(context)
}

/// The hash of a node: SHA-256 of a one byte and both its children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    let mut hash = Hash::default();
    hash.copy_from_slice(ring::digest::digest(&SHA256, &bytes).as_ref());
    hash
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    finish(Context::new(&SHA256))
}

/// The root of a perfect tree over `hashes`, as many as a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    level.first().copied().unwrap_or_else(empty_root)
}

fn refused(what: &'static str) -> Error {
    Error::new(Kind::Invalid, what)
}

/// Whether `proof` shows that the leaf with this hash is number `index` (from 0) of the tree of `size` leaves with this root.
/// RFC 9162, section 2.1.3.2.
///
/// # Errors
/// `Invalid` if it does not.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> Result<()> {
    if index >= size {
        return Err(refused("the leaf lies beyond the tree"));
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(refused("the proof is longer than the tree is high"));
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(refused("the proof does not lead from the leaf to the root")) }
}

/// Whether `proof` shows that the tree of `new_size` leaves begins with the tree of `old_size` leaves. RFC 9162, section 2.1.4.2.
/// A tree without leaves is the beginning of every tree, and has an empty proof.
///
/// # Errors
/// `Invalid` if it does not.
pub fn verify_consistency(old_size: u64, old_root: &Hash, new_size: u64, new_root: &Hash, proof: &[Hash]) -> Result<()> {
    let disproved = || refused("the proof does not lead from the earlier root to the later one");
    if old_size > new_size {
        return Err(refused("the earlier tree is larger than the later one"));
    }
    if old_size == 0 {
        return if proof.is_empty() && *old_root == empty_root() { Ok(()) } else { Err(disproved()) };
    }
    if old_size == new_size {
        return if proof.is_empty() && old_root == new_root { Ok(()) } else { Err(disproved()) };
    }
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    // Where the earlier tree is perfect its root is the first node, and goes without saying.
    let (first, rest) = if old_size.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or_else(disproved)? };
    let (mut old, mut new) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return Err(refused("the proof is longer than the tree is high"));
        }
        if place & 1 == 1 || place == last {
            (old, new) = (node_hash(hash, &old), node_hash(hash, &new));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, hash);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last == 0 && old == *old_root && new == *new_root { Ok(()) } else { Err(disproved()) }
}
