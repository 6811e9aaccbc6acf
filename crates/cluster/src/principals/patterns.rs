//! Resources of one kind by the names and prefixes that say which, for questions about one name.

use std::{collections::HashMap, hash::BuildHasherDefault};

use rustc_hash::FxHasher;

use super::grant::{ANY, Pattern};

/// Nobody but administrators chooses what lies in these maps, so a fast hash will do.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// What is said of names, of prefixes of names, and of all names.
#[derive(Clone, Debug)]
pub(super) struct Patterns<V> {
    literal: Map<Box<[u8]>, V>,
    prefixed: Map<Box<[u8]>, V>,
    /// How many prefixes have which length, ascending: a name is looked up once for each length, not once for each prefix.
    lengths: Vec<(usize, usize)>,
    any: Option<V>,
}

impl<V> Default for Patterns<V> {
    fn default() -> Self {
        Patterns { literal: Map::default(), prefixed: Map::default(), lengths: Vec::new(), any: None }
    }
}

impl<V: Default> Patterns<V> {
    /// What is said of a pattern, to be changed.
    pub(super) fn entry(&mut self, pattern: Pattern, name: &str) -> &mut V {
        match pattern {
            Pattern::Literal if name == ANY => self.any.get_or_insert_default(),
            Pattern::Literal => self.literal.entry(name.as_bytes().into()).or_default(),
            Pattern::Prefixed => {
                if !self.prefixed.contains_key(name.as_bytes()) {
                    match self.lengths.binary_search_by_key(&name.len(), |(length, _)| *length) {
                        Ok(at) => self.lengths[at].1 += 1,
                        Err(at) => self.lengths.insert(at, (name.len(), 1)),
                    }
                }
                self.prefixed.entry(name.as_bytes().into()).or_default()
            }
        }
    }

    /// Nothing is said of a pattern any more.
    pub(super) fn remove(&mut self, pattern: Pattern, name: &str) {
        match pattern {
            Pattern::Literal if name == ANY => self.any = None,
            Pattern::Literal => {
                self.literal.remove(name.as_bytes());
            }
            Pattern::Prefixed => {
                let at = self.lengths.binary_search_by_key(&name.len(), |(length, _)| *length);
                if self.prefixed.remove(name.as_bytes()).is_some()
                    && let Ok(at) = at
                {
                    self.lengths[at].1 -= 1;
                    self.lengths.retain(|(_, count)| *count > 0);
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.any.is_none() && self.literal.is_empty() && self.prefixed.is_empty() && self.lengths.is_empty()
    }

    /// Tells `see` all that is said of a name.
    pub(super) fn of(&self, name: &[u8], mut see: impl FnMut(&V)) {
        self.any.iter().for_each(&mut see);
        self.literal.get(name).into_iter().for_each(&mut see);
        for (length, _) in &self.lengths {
            let Some(prefix) = name.get(..*length) else { break };
            self.prefixed.get(prefix).into_iter().for_each(&mut see);
        }
    }

    /// All that is said, with the patterns that it is said of, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (Pattern, &[u8], &V)> {
        let any = self.any.iter().map(|value| (Pattern::Literal, ANY.as_bytes(), value));
        let literal = self.literal.iter().map(|(name, value)| (Pattern::Literal, &name[..], value));
        any.chain(literal).chain(self.prefixed.iter().map(|(name, value)| (Pattern::Prefixed, &name[..], value)))
    }
}
