//! The table: overlay over tree.

use std::{cmp::Ordering, collections::VecDeque, iter::Peekable, ops::Bound, sync::Arc};

use base::Result;
use bytes::Bytes;
use parking_lot::RwLock;

use crate::{
    Change, Direction, Mark, Pair, Snapshot, Tree, Warm,
    overlay::{Changes, Overlay},
};

#[derive(Default)]
struct Overlays {
    active: Overlay,
    sealed: Option<Arc<Changes>>,
    sealed_bytes: u64,
}

struct Inner {
    tree: Arc<dyn Tree>,
    overlays: RwLock<Overlays>,
}

/// One shard's state: overlay over tree. Cheap to clone; all clones are one table.
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

/// An overlay taken out for settling; reads still see it until [`Table::settle`] is done.
pub struct Sealed {
    changes: Arc<Changes>,
    mark: Mark,
}

impl Table {
    /// A table over `tree` with an empty overlay.
    pub fn new(tree: Arc<dyn Tree>) -> Self {
        Table { inner: Arc::new(Inner { tree, overlays: RwLock::default() }) }
    }

    /// Changes one key in the overlay. Memory only.
    pub fn put(&self, key: Bytes, value: Bytes) {
        self.inner.overlays.write().active.set(key, Some(value));
    }

    /// Deletes one key in the overlay (a deletion that the settle carries to the tree). Memory only.
    pub fn delete(&self, key: Bytes) {
        self.inner.overlays.write().active.set(key, None);
    }

    /// The value of `key`: overlay, sealed overlay, tree.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        // The snapshot is taken under the lock that a finishing settle takes too: no gap between sealed overlay and tree.
        let snapshot = {
            let overlays = self.inner.overlays.read();
            match overlays.get(key) {
                Some(known) => return Ok(known.clone()),
                None => self.inner.tree.snapshot(),
            }
        };
        snapshot.get(key)
    }

    /// The value of `key` if memory knows it: the overlays.
    pub fn get_warm(&self, key: &[u8]) -> Warm {
        match self.inner.overlays.read().get(key) {
            Some(Some(value)) => Warm::Found(value.clone()),
            Some(None) => Warm::Absent,
            None => Warm::Cold,
        }
    }

    /// The pairs of `[from, to)`: the overlays as they are at this call, merged with a snapshot of the tree of the same moment.
    pub fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let overlays = self.inner.overlays.read();
        let bounds = (Bound::Included(from.clone()), Bound::Excluded(to.clone()));
        let mut changed: Changes = Changes::new();
        if let Some(sealed) = &overlays.sealed {
            changed.extend(sealed.range(bounds.clone()).map(|(key, value)| (key.clone(), value.clone())));
        }
        changed.extend(overlays.active.changes.range(bounds).map(|(key, value)| (key.clone(), value.clone())));
        let snapshot = self.inner.tree.snapshot();
        drop(overlays);
        let changed: Box<dyn Iterator<Item = Change> + Send> = match direction {
            Direction::Forward => Box::new(changed.into_iter()),
            Direction::Backward => Box::new(changed.into_iter().rev()),
        };
        Box::new(Merged {
            changed: changed.peekable(),
            settled: Settled::new(snapshot, from, to, direction),
            direction,
            head: None,
        })
    }

    /// Bytes (keys and values) in the overlays.
    pub fn unsettled_bytes(&self) -> u64 {
        let overlays = self.inner.overlays.read();
        overlays.active.bytes + overlays.sealed_bytes
    }

    /// Takes the active overlay out for settling; must be called between two applies, with the mark of the last one.
    /// `None` while another sealed overlay is not settled yet.
    pub fn seal(&self, mark: Mark) -> Option<Sealed> {
        let mut overlays = self.inner.overlays.write();
        if overlays.sealed.is_some() {
            return None;
        }
        let active = std::mem::take(&mut overlays.active);
        let changes = Arc::new(active.changes);
        overlays.sealed = Some(changes.clone());
        overlays.sealed_bytes = active.bytes;
        Some(Sealed { changes, mark })
    }

    /// Settles what was sealed, plus `extra` changes that win over it (ascending), and drops ranges. Blocking: run it beside
    /// the data path. On an error the sealed overlay stays readable and the process is expected to end.
    pub fn settle(&self, sealed: Sealed, extra: Vec<Change>, dropped: &[(Bytes, Bytes)]) -> Result<()> {
        let mut changes = WithExtra { sealed: sealed.changes.iter().peekable(), extra: extra.into_iter().peekable() };
        self.inner.tree.settle(&mut changes, dropped, &sealed.mark)?;
        let done = {
            let mut overlays = self.inner.overlays.write();
            overlays.sealed_bytes = 0;
            overlays.sealed.take()
        };
        // Freed outside the lock: it may be large.
        drop(done);
        Ok(())
    }

    /// The settled tree, for snapshots and maintenance.
    pub fn tree(&self) -> &Arc<dyn Tree> {
        &self.inner.tree
    }
}

impl Overlays {
    fn get(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        self.active.changes.get(key).or_else(|| self.sealed.as_ref()?.get(key))
    }
}

/// Two ascending lists as one; the extra wins.
struct WithExtra<'a> {
    sealed: Peekable<std::collections::btree_map::Iter<'a, Bytes, Option<Bytes>>>,
    extra: Peekable<std::vec::IntoIter<Change>>,
}

impl Iterator for WithExtra<'_> {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        let order = match (self.sealed.peek(), self.extra.peek()) {
            (Some((sealed, _)), Some((extra, _))) => (*sealed).cmp(extra),
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
        };
        if order == Ordering::Equal {
            self.sealed.next();
        }
        match order {
            Ordering::Less => self.sealed.next().map(|(key, value)| (key.clone(), value.clone())),
            _ => self.extra.next(),
        }
    }
}

/// Pairs pulled from a tree at a time.
const PAGE_PAIRS: usize = 256;

/// A snapshot's range that owns its snapshot: pulled in pages, since the snapshot's iterator borrows it.
struct Settled {
    snapshot: Arc<dyn Snapshot>,
    from: Bytes,
    to: Bytes,
    direction: Direction,
    page: VecDeque<Pair>,
    page_pairs: usize,
    ended: bool,
}

impl Settled {
    fn new(snapshot: Arc<dyn Snapshot>, from: Bytes, to: Bytes, direction: Direction) -> Settled {
        Settled { snapshot, from, to, direction, page: VecDeque::new(), page_pairs: 16, ended: false }
    }

    fn fill(&mut self) -> Result<()> {
        let pairs = self.snapshot.range(self.from.clone(), self.to.clone(), self.direction).take(self.page_pairs);
        self.page = pairs.collect::<Result<_>>()?;
        self.ended = self.page.len() < self.page_pairs;
        self.page_pairs = (self.page_pairs * 4).min(PAGE_PAIRS * 16);
        if let Some((last, _)) = self.page.back() {
            match self.direction {
                Direction::Forward => self.from = successor(last),
                Direction::Backward => self.to = last.clone(),
            }
        }
        Ok(())
    }
}

fn successor(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    Bytes::from(next)
}

impl Iterator for Settled {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        if self.page.is_empty() && !self.ended && self.from < self.to {
            if let Err(error) = self.fill() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.page.pop_front().map(Ok)
    }
}

struct Merged {
    changed: Peekable<Box<dyn Iterator<Item = Change> + Send>>,
    settled: Settled,
    direction: Direction,
    head: Option<Pair>,
}

impl Iterator for Merged {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        loop {
            if self.head.is_none() {
                match self.settled.next() {
                    Some(Ok(pair)) => self.head = Some(pair),
                    Some(Err(error)) => return Some(Err(error)),
                    None => {}
                }
            }
            let order = match (self.changed.peek(), &self.head) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((changed, _)), Some((settled, _))) if self.direction == Direction::Forward => changed.cmp(settled),
                (Some((changed, _)), Some((settled, _))) => settled.cmp(changed),
            };
            if order == Ordering::Greater {
                return self.head.take().map(Ok);
            }
            if order == Ordering::Equal {
                self.head = None;
            }
            if let Some((key, Some(value))) = self.changed.next() {
                return Some(Ok((key, value)));
            }
        }
    }
}
