//! The tree and its proofs, against the definition of RFC 6962 written down naively.

use std::sync::Arc;

use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use table::{MemoryTree, Table};

use crate::{
    Hash, StoreId,
    checkpoint::{Checkpoint, Ed25519Signer, Signer, verifier_key},
    keys::Keys,
    merkle::{empty_root, leaf_hash, verify_consistency, verify_inclusion},
    tree::{Frontier, View},
};

fn hashed(bytes: &[u8]) -> Hash {
    digest(&SHA256, bytes).as_ref().try_into().expect("32 bytes")
}

/// Section 2.1, word by word.
pub(super) fn naive_root(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => hashed(&[]),
        [leaf] => hashed(&[&[0][..], leaf].concat()),
        leaves => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            hashed(&[&[1][..], &naive_root(left), &naive_root(right)].concat())
        }
    }
}

fn split(count: usize) -> usize {
    let mut power = 1;
    while power * 2 < count {
        power *= 2;
    }
    power
}

/// Section 2.1.1, word by word.
fn naive_path(index: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        let mut path = naive_path(index, left);
        path.push(naive_root(right));
        return path;
    }
    let mut path = naive_path(index - left.len(), right);
    path.push(naive_root(left));
    path
}

/// Section 2.1.2, word by word.
fn naive_proof(old: usize, leaves: &[Vec<u8>], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        let mut proof = naive_proof(old, left, is_whole);
        proof.push(naive_root(right));
        return proof;
    }
    let mut proof = naive_proof(old - left.len(), right, false);
    proof.push(naive_root(left));
    proof
}

fn leaf(number: usize) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

struct Tree {
    leaves: Vec<Vec<u8>>,
    frontier: Frontier,
    table: Table,
    keys: Keys,
}

impl Tree {
    fn new(size: usize) -> Tree {
        let (table, keys) = (Table::new(Arc::new(MemoryTree::default())), Keys::new(StoreId(0)));
        let leaves: Vec<Vec<u8>> = (0..size).map(leaf).collect();
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.append(leaf_hash(leaf), &table, keys));
        Tree { leaves, frontier, table, keys }
    }

    fn view(&self) -> View<'_> {
        View { frontier: self.frontier.clone(), table: &self.table, keys: self.keys }
    }
}

#[test]
fn every_root_and_every_proof_up_to_300_is_the_rfc_s() {
    let tree = Tree::new(300);
    let view = tree.view();
    let roots: Vec<Hash> = (0..=300).map(|size| view.root(size).expect("is there")).collect();
    for new in 0..=300_usize {
        let leaves = &tree.leaves[..new];
        assert_eq!(roots[new], naive_root(leaves), "{new}");
        for old in 0..=new {
            let (from, to) = (old as u64, new as u64);
            let proof = view.consistency(from, to).expect("is there");
            // Each pair is verified; what takes long is compared for some.
            if old > 0 && (new < 70 || new % 37 == 0) {
                assert_eq!(proof, naive_proof(old, leaves, true), "{old} of {new}");
            }
            verify_consistency(from, &roots[old], to, &roots[new], &proof).expect("is consistent");
            if old < new {
                let path = view.inclusion(from, to).expect("is there");
                if new < 70 || new % 37 == 0 {
                    assert_eq!(path, naive_path(old, leaves), "{old} in {new}");
                }
                verify_inclusion(&leaf_hash(&leaves[old]), from, to, &roots[new], &path).expect("is in it");
            }
        }
    }
    assert!(view.root(301).is_err() && view.inclusion(300, 300).is_err() && view.consistency(2, 1).is_err());
    assert_eq!(view.root(0).expect("nothing"), empty_root());
}

#[test]
fn large_trees_are_read_from_tiles_of_several_levels_and_again_after_a_start() {
    let tree = Tree::new(66_000);
    let loaded =
        Frontier::load(66_000, &tree.table, tree.keys, |index| Ok(leaf_hash(&leaf(usize::try_from(index).expect("small")))));
    let again = View { frontier: loaded.expect("loads"), table: &tree.table, keys: tree.keys };
    for size in [255, 256, 257, 511, 512, 4_097, 65_535, 65_536, 65_537, 65_792, 66_000_usize] {
        let (root, count) = (naive_root(&tree.leaves[..size]), size as u64);
        assert_eq!(tree.view().root(count).expect("is there"), root);
        assert_eq!(again.root(count).expect("is there"), root);
        for index in [0, size / 3, size - 1] {
            let path = again.inclusion(index as u64, count).expect("is there");
            verify_inclusion(&leaf_hash(&tree.leaves[index]), index as u64, count, &root, &path).expect("is in it");
        }
        let proof = again.consistency(count, 66_000).expect("is there");
        let last = again.root(66_000).expect("is there");
        verify_consistency(count, &root, 66_000, &last, &proof).expect("is consistent");
    }
    let tile = again.tile(0, 257).expect("the last one is not complete");
    assert_eq!(tile.len(), 66_000 - 257 * 256);
    assert!(
        again.tile(0, 258).is_err()
            && again.tile(1, 1).expect("one node more").len() == 1
            && again.tile(2, 0).expect("one").len() == 1
    );
}

proptest! {
    #[test]
    fn a_proof_that_was_touched_proves_nothing(
        size in 1..300_usize, other in 1..300_u64, bit in 0..256_usize,
        index in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()
    ) {
        let tree = Tree::new(size);
        let (view, count, place) = (tree.view(), size as u64, index.index(size));
        let root = view.root(count).expect("is there");
        let leaf = leaf_hash(&tree.leaves[place]);
        let path = view.inclusion(place as u64, count).expect("is there");
        let mut touched = path.clone();
        if !touched.is_empty() {
            let hash = &mut touched[at.index(path.len())];
            hash[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify_inclusion(&leaf, place as u64, count, &root, &touched).is_err());
            prop_assert!(verify_inclusion(&leaf, place as u64, count, &root, &path[1..]).is_err());
        }
        touched.clone_from(&path);
        touched.push(root);
        prop_assert!(verify_inclusion(&leaf, place as u64, count, &root, &touched).is_err());
        if other - 1 != place as u64 {
            prop_assert!(verify_inclusion(&leaf, other - 1, count, &root, &path).is_err());
        }
        let (old, old_root) = (place as u64 + 1, view.root(place as u64 + 1).expect("is there"));
        let proof = view.consistency(old, count).expect("is there");
        let mut forged = old_root;
        forged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency(old, &forged, count, &root, &proof).is_err());
        prop_assert!(verify_consistency(old, &old_root, count, &forged, &proof).is_err());
        if !proof.is_empty() {
            prop_assert!(verify_consistency(old, &old_root, count, &root, &proof[1..]).is_err());
        }
    }
}

#[test]
fn a_checkpoint_is_a_signed_note() {
    let signer = Ed25519Signer::from_seed("example.org/log", &[7; 32]).expect("a name");
    let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 5, root: [1; 32] };
    assert_eq!(checkpoint.text(), "example.org/log\n5\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n");
    let note = checkpoint.sign(&signer).expect("signs");
    let (text, signature) = note.split_once("\n\n").expect("an empty line");
    assert_eq!(format!("{text}\n"), checkpoint.text());
    assert!(signature.starts_with("\u{2014} example.org/log ") && signature.ends_with('\n'));
    let key = signer.public_key();
    assert_eq!(Checkpoint::verify(&note, "example.org/log", &key), Ok(checkpoint.clone()));
    // Another's signature beside it does no harm, and an extension is passed over.
    let other = Ed25519Signer::from_seed("other", &[8; 32]).expect("a name");
    assert_eq!(Checkpoint::verify(&format!("{note}\u{2014} other AAAA\n"), "example.org/log", &key), Ok(checkpoint));
    assert!(Checkpoint::verify(&note, "other", &key).is_err());
    assert!(Checkpoint::verify(&note, "example.org/log", &other.public_key()).is_err());
    assert!(Checkpoint::verify(&note.replace("\n5\n", "\n6\n"), "example.org/log", &key).is_err());
    assert!(Ed25519Signer::from_seed("a b", &[0; 32]).is_err());
    assert!(verifier_key("example.org/log", &key).starts_with("example.org/log+"));
}
