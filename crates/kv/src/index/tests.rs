//! The index against a plain map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Index, Meta};

fn meta(main: i64) -> Meta {
    Meta { create: main, main, version: 1, lease: 0, sub: 0, value_len: 3 }
}

fn check(index: &Index, model: &BTreeMap<Vec<u8>, Meta>) {
    assert_eq!(index.len(), model.len());
    let all: Vec<(Vec<u8>, Meta)> = index.at_rank(0, usize::MAX).map(|(key, meta)| (key.to_vec(), meta)).collect();
    let want: Vec<(Vec<u8>, Meta)> = model.iter().map(|(key, meta)| (key.clone(), *meta)).collect();
    assert_eq!(all, want);
    for (block, length) in index.blocks.iter().zip(&index.lengths) {
        assert_eq!(block.len(), *length as usize);
        assert!(block.len() > 0);
    }
}

#[test]
fn keys_in_order_and_out_of_order_are_counted() {
    let mut index = Index::default();
    let mut model = BTreeMap::new();
    for number in 0..5_000u64 {
        let key = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes().to_vec();
        assert_eq!(index.insert(&key, meta(number as i64)), model.insert(key, meta(number as i64)));
    }
    for number in 0..5_000u64 {
        let key = format!("in order {number:08}").into_bytes();
        assert_eq!(index.insert(&key, meta(number as i64)), model.insert(key, meta(number as i64)));
    }
    check(&index, &model);
    for (rank, key) in model.keys().enumerate() {
        assert_eq!(index.rank(key), rank);
        assert_eq!(index.at_rank(rank, 1).next().map(|(key, _)| key.to_vec()).as_ref(), Some(key));
    }
    for key in model.keys().filter(|key| key[key.len() - 1] % 5 != 0).cloned().collect::<Vec<_>>() {
        assert_eq!(index.remove(&key), model.remove(&key));
    }
    check(&index, &model);
    assert!(index.blocks.len() < 2 * model.len() / crate::limits::BLOCK_KEYS_MIN + 2, "small blocks are joined");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn equals_a_plain_map(steps in proptest::collection::vec((0u8..10, 0u16..1500, any::<bool>()), 1..3000)) {
        let mut index = Index::default();
        let mut model = BTreeMap::new();
        for (number, (what, key, long)) in steps.into_iter().enumerate() {
            let mut key = key.to_be_bytes().to_vec();
            if long {
                key.extend_from_slice(&[7; 40]);
            }
            match what {
                0..6 => prop_assert_eq!(index.insert(&key, meta(number as i64)), model.insert(key, meta(number as i64))),
                6..9 => prop_assert_eq!(index.remove(&key), model.remove(&key)),
                _ => {
                    prop_assert_eq!(index.get(&key), model.get(&key).copied());
                    prop_assert_eq!(index.rank(&key), model.range(..key).count());
                }
            }
        }
        check(&index, &model);
    }
}
