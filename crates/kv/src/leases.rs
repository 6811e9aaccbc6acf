//! Leases and the keys that hang on them.

use std::collections::{BTreeMap, BTreeSet};

/// One lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) ttl: i64,
    /// Seconds left at the last checkpoint; 0 is none on record.
    pub(crate) remaining: i64,
    keys: BTreeSet<Box<[u8]>>,
}

impl Lease {
    pub(crate) fn new(ttl: i64, remaining: i64) -> Lease {
        Lease { ttl, remaining, keys: BTreeSet::new() }
    }

    /// The keys, ascending.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(|key| &**key)
    }

    pub(crate) fn left(&self) -> i64 {
        if self.remaining > 0 { self.remaining } else { self.ttl }
    }
}

/// All leases of a key space, by id.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    leases: BTreeMap<i64, Lease>,
}

impl Leases {
    pub(crate) fn get(&self, id: i64) -> Option<&Lease> {
        self.leases.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut Lease> {
        self.leases.get_mut(&id)
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        self.leases.contains_key(&id)
    }

    pub(crate) fn insert(&mut self, id: i64, lease: Lease) {
        self.leases.insert(id, lease);
    }

    pub(crate) fn remove(&mut self, id: i64) -> Option<Lease> {
        self.leases.remove(&id)
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.leases.keys().copied().collect()
    }

    /// Moves a key from lease `before` to lease `after`; 0 is no lease.
    pub(crate) fn reattach(&mut self, key: &[u8], before: i64, after: i64) {
        if before == after {
            return;
        }
        if let Some(lease) = self.leases.get_mut(&before) {
            lease.keys.remove(key);
        }
        if let Some(lease) = self.leases.get_mut(&after) {
            lease.keys.insert(key.into());
        }
    }
}
