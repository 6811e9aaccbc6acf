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
    for group in &index.groups {
        let lengths: usize = (0..group.len()).map(|number| group.block(number).len()).sum();
        assert_eq!((lengths, group.len() > 0), (group.keys(), true));
    }
}

fn blocks(index: &Index) -> usize {
    index.groups.iter().map(|group| group.len()).sum()
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
    assert!(blocks(&index) < 2 * model.len() / crate::limits::BLOCK_KEYS_MIN + 2, "small blocks are joined");
}

#[test]
fn a_great_many_keys_split_groups_and_few_join_them() {
    let mut index = Index::default();
    let key = |number: u64| format!("/{}/{number:09}", number % 3).into_bytes();
    let keys = 150_000;
    for number in (0..keys).rev() {
        assert_eq!(index.insert(&key(number), meta(1)), None);
    }
    assert!(index.groups.len() > 2);
    assert_eq!((index.len() as u64, index.rank(b"/1/"), index.rank(b"\xff")), (keys, 50_000, 150_000));
    for number in (0..keys).filter(|number| number % 1_000 != 0) {
        assert!(index.remove(&key(number)).is_some());
    }
    assert_eq!((index.len(), index.at_rank(0, usize::MAX).count(), index.groups.len()), (150, 150, 1));
    assert!(blocks(&index) < 10);
    for number in (0..keys).filter(|number| number % 1_000 == 0) {
        assert_eq!(index.get(&key(number)), Some(meta(1)));
        assert!(index.remove(&key(number)).is_some());
    }
    assert_eq!((index.len(), index.groups.len(), index.rank(b"x")), (0, 0, 0));
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
                key.splice(0..0, [b'k'; 40]);
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
