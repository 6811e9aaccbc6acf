//! What a request names more than once. A list may be as long as a request, so each is gone through once.

use std::hash::Hash;

use rustc_hash::FxHashSet;

/// Each thing for the first time that its key comes: an answer does not grow by asking for the same again.
pub(crate) fn distinct<'a, T, K: Hash + Eq>(all: &'a [T], key: impl Fn(&'a T) -> K) -> impl Iterator<Item = &'a T> {
    let mut seen = FxHashSet::default();
    all.iter().filter(move |one| seen.insert(key(one)))
}

/// The keys that come more than once.
pub(crate) fn repeated<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>) -> FxHashSet<K> {
    let mut seen = FxHashSet::default();
    keys.filter(|key| !seen.insert(*key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_is_kept_and_what_comes_again_is_known() {
        let all = [3, 1, 3, 2, 1, 3];
        assert_eq!(distinct(&all, |one| *one).copied().collect::<Vec<_>>(), [3, 1, 2]);
        let mut again: Vec<_> = repeated(all.into_iter()).into_iter().collect();
        again.sort_unstable();
        assert_eq!(again, [1, 3]);
    }
}
