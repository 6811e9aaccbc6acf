//! An ordered map of which a copy shares all that did not change since: short sorted runs behind counters. For the tree in memory,
//! whose settles leave their snapshots behind.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Direction, Pair};

/// Pairs of one run at most.
const RUN_PAIRS_MAX: usize = 64;

/// The map. A clone costs a counter for each run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaves {
    /// Not empty each, in order.
    runs: Vec<Arc<Vec<Pair>>>,
    bytes: u64,
}

fn size((key, value): &Pair) -> u64 {
    (key.len() + value.len()) as u64
}

impl Leaves {
    /// From pairs in ascending order.
    pub(crate) fn ascending(pairs: impl Iterator<Item = Pair>) -> Leaves {
        let mut leaves = Leaves::default();
        let mut run = Vec::new();
        for pair in pairs {
            leaves.bytes += size(&pair);
            run.push(pair);
            if run.len() == RUN_PAIRS_MAX {
                leaves.runs.push(Arc::new(std::mem::take(&mut run)));
            }
        }
        if !run.is_empty() {
            leaves.runs.push(Arc::new(run));
        }
        leaves
    }

    /// Bytes of keys and values.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The run that has `key`, or would have it.
    fn run_of(&self, key: &[u8]) -> usize {
        let after = self.runs.partition_point(|run| run.first().is_some_and(|(first, _)| first[..] <= *key));
        after.saturating_sub(1)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Bytes> {
        let run = self.runs.get(self.run_of(key))?;
        run.binary_search_by(|(known, _)| known[..].cmp(key)).ok().map(|at| &run[at].1)
    }

    pub(crate) fn insert(&mut self, key: Bytes, value: Bytes) {
        let at_run = self.run_of(&key);
        let Some(run) = self.runs.get_mut(at_run) else {
            self.bytes = (key.len() + value.len()) as u64;
            self.runs.push(Arc::new(vec![(key, value)]));
            return;
        };
        let run = Arc::make_mut(run);
        self.bytes += value.len() as u64;
        match run.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => {
                self.bytes -= run[at].1.len() as u64;
                run[at].1 = value;
            }
            Err(at) => {
                self.bytes += key.len() as u64;
                run.insert(at, (key, value));
            }
        }
        if run.len() > RUN_PAIRS_MAX {
            let half = run.split_off(RUN_PAIRS_MAX / 2);
            self.runs.insert(at_run + 1, Arc::new(half));
        }
    }

    pub(crate) fn remove(&mut self, key: &[u8]) {
        let at_run = self.run_of(key);
        let Some(run) = self.runs.get_mut(at_run) else { return };
        let Ok(at) = run.binary_search_by(|(known, _)| known[..].cmp(key)) else { return };
        self.bytes -= size(&run[at]);
        if run.len() == 1 {
            self.runs.remove(at_run);
        } else {
            Arc::make_mut(run).remove(at);
        }
    }

    /// Removes the pairs of `[from, to)`.
    pub(crate) fn remove_range(&mut self, from: &Bytes, to: &Bytes) {
        let gone = |(key, _): &Pair| key >= from && key < to;
        let mut at = self.run_of(from);
        while let Some(run) = self.runs.get_mut(at).filter(|run| run.first().is_some_and(|(first, _)| first < to)) {
            if run.iter().any(gone) {
                self.bytes -= run.iter().filter(|pair| gone(pair)).map(size).sum::<u64>();
                Arc::make_mut(run).retain(|pair| !gone(pair));
            }
            at += 1;
        }
        self.runs.retain(|run| !run.is_empty());
    }

    /// The pairs of `[from, to)`.
    pub(crate) fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = &Pair> + Send + '_> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let first = self.run_of(&from);
        let last = self.run_of(&to) + 1;
        let runs = &self.runs[first.min(self.runs.len())..last.min(self.runs.len())];
        let within = move |pair: &&Pair| pair.0 >= from && pair.0 < to;
        match direction {
            Direction::Forward => Box::new(runs.iter().flat_map(|run| run.iter()).filter(within)),
            Direction::Backward => Box::new(runs.iter().rev().flat_map(|run| run.iter().rev()).filter(within)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn key(n: u16) -> Bytes {
        Bytes::from(format!("{n:04}"))
    }

    fn all(leaves: &Leaves, from: u16, to: u16, direction: Direction) -> Vec<Pair> {
        leaves.range(key(from), key(to), direction).cloned().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn a_copy_stays_as_it_was(steps in proptest::collection::vec((0..4_u8, 0..400_u16, 0..400_u16), 1..600)) {
            let (mut leaves, mut model) = (Leaves::default(), BTreeMap::<Bytes, Bytes>::new());
            let mut copies = Vec::new();
            for (number, (step, a, b)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 => {
                        leaves.insert(key(a), Bytes::from(vec![0; usize::from(b % 9)]));
                        model.insert(key(a), Bytes::from(vec![0; usize::from(b % 9)]));
                    }
                    2 => {
                        leaves.remove(&key(a));
                        model.remove(&key(a));
                    }
                    _ => {
                        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 40));
                        leaves.remove_range(&key(from), &key(to));
                        model.retain(|known, _| !(*known >= key(from) && *known < key(to)));
                    }
                }
                prop_assert_eq!(leaves.get(&key(b)), model.get(&key(b)));
                if number % 50 == 0 {
                    copies.push((leaves.clone(), model.clone()));
                }
            }
            copies.push((leaves, model));
            for (leaves, model) in copies {
                let pairs: Vec<Pair> = model.clone().into_iter().collect();
                prop_assert_eq!(leaves.bytes(), pairs.iter().map(size).sum::<u64>());
                prop_assert_eq!(&all(&leaves, 0, 9999, Direction::Forward), &pairs);
                let again = Leaves::ascending(pairs.clone().into_iter());
                prop_assert_eq!(&all(&again, 0, 9999, Direction::Forward), &pairs);
                let part: Vec<Pair> = model.range(key(100)..key(250)).rev().map(|(k, v)| (k.clone(), v.clone())).collect();
                prop_assert_eq!(all(&leaves, 100, 250, Direction::Backward), part);
                prop_assert!(leaves.runs.iter().all(|run| !run.is_empty() && run.len() <= RUN_PAIRS_MAX));
            }
        }
    }
}
