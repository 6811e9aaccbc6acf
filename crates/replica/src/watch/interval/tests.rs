use bytes::Bytes;
use proptest::prelude::*;

use super::{End, Intervals};

#[derive(Clone, Debug)]
enum Step {
    Insert(Bytes, End),
    /// Which of those inserted, modulo their number.
    Remove(usize),
    Stab(Bytes),
}

fn key() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(0u8..4, 0..4).prop_map(Bytes::from)
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![4 => key().prop_map(End::Before), 1 => Just(End::Open)];
    prop_oneof![
        3 => (key(), end).prop_map(|(start, end)| Step::Insert(start, end)),
        1 => any::<usize>().prop_map(Step::Remove),
        3 => key().prop_map(Step::Stab),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is inserted and removed, a key finds what a walk over a plain list finds.
    #[test]
    fn finds_what_a_plain_list_finds(steps in proptest::collection::vec(step(), 1..200)) {
        let mut tree = Intervals::default();
        let mut list: Vec<(Bytes, End, usize)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert(start, end) => {
                    tree.insert(&start, &end, number);
                    list.push((start, end, number));
                }
                Step::Remove(which) if !list.is_empty() => {
                    let (start, end, value) = list.swap_remove(which % list.len());
                    prop_assert_eq!(tree.remove(&start, &end, |other| *other == value), Some(value));
                }
                Step::Remove(_) => {}
                Step::Stab(key) => {
                    let mut found = Vec::new();
                    tree.stab(&key, &mut |value| found.push(*value));
                    let holds = |(start, end, _): &&(Bytes, End, usize)| *start <= key && end.is_after(&key);
                    let mut wanted: Vec<usize> = list.iter().filter(holds).map(|(_, _, value)| *value).collect();
                    found.sort_unstable();
                    wanted.sort_unstable();
                    prop_assert_eq!(found, wanted);
                }
            }
        }
    }
}

#[test]
fn what_was_never_there_is_not_removed() {
    let mut tree = Intervals::default();
    let (start, end) = (Bytes::from_static(b"a"), End::Open);
    assert_eq!(tree.remove(&start, &end, |_: &u8| true), None);
    tree.insert(&start, &end, 1u8);
    assert_eq!(tree.remove(&start, &End::Before(Bytes::from_static(b"b")), |_| true), None);
    assert_eq!(tree.remove(&start, &end, |value| *value == 2), None);
    assert_eq!(tree.remove(&start, &end, |value| *value == 1), Some(1));
}
