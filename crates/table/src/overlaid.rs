//! The table: overlay over tree.

use std::{cmp::Ordering, collections::VecDeque, iter::Peekable, sync::Arc};

use base::Result;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use crate::{
    Change, Direction, Mark, Pair, Snapshot, Staged, Tree, Warm,
    limits::{PAGE_KEYS_MAX, PAGE_KEYS_MIN},
    overlay::Overlay,
};

/// What lies over what. All of one moment is taken under one hold of the lock around it.
#[derive(Default)]
struct Layers {
    active: Arc<Overlay>,
    sealed: Option<Arc<Overlay>>,
    /// While the sealed overlay is settled: the tree as it was before. The tree itself may hold the settle, with its extra
    /// changes, a little before the sealed overlay is taken away.
    before: Option<Arc<dyn Snapshot>>,
}

/// What was in memory between two replacements of the tree.
#[derive(Default)]
struct Ground {
    layers: RwLock<Layers>,
}

struct Inner {
    tree: Arc<dyn Tree>,
    ground: RwLock<Arc<Ground>>,
    /// Held while the tree is settled and while it is replaced, so that no settle brings back what was replaced.
    turn: Mutex<()>,
}

/// One shard's state: overlay over tree. Cheap to clone; all clones are one table. One thread changes it, any number read it.
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
    /// See [`Table::hold`].
    held: Option<Arc<Ground>>,
}

/// An overlay taken out for settling; reads still see it until [`Table::settle`] is done.
pub struct Sealed {
    ground: Arc<Ground>,
    overlay: Arc<Overlay>,
    mark: Mark,
}

impl Table {
    /// A table over `tree` with an empty overlay.
    pub fn new(tree: Arc<dyn Tree>) -> Self {
        Table { inner: Arc::new(Inner { tree, ground: RwLock::default(), turn: Mutex::default() }), held: None }
    }

    /// The table as it is until the tree is replaced, and from then on as it was just before: what a reader holds that looks
    /// more than once, so that all of it is of one state. What is put through it then goes nowhere.
    pub fn hold(&self) -> Table {
        Table { inner: self.inner.clone(), held: Some(self.ground()) }
    }

    fn ground(&self) -> Arc<Ground> {
        match &self.held {
            Some(held) => held.clone(),
            None => self.inner.ground.read().clone(),
        }
    }

    fn with_layers<R>(&self, look: impl FnOnce(&Layers) -> R) -> R {
        match &self.held {
            Some(held) => look(&held.layers.read()),
            None => look(&self.inner.ground.read().layers.read()),
        }
    }

    fn snapshot_under(&self, layers: &Layers) -> Arc<dyn Snapshot> {
        layers.before.clone().unwrap_or_else(|| self.inner.tree.snapshot())
    }

    /// Changes one key in the overlay. Memory only. A key has 1 to [`KEY_BYTES_MAX`](crate::KEY_BYTES_MAX) bytes.
    pub fn put(&self, key: Bytes, value: Bytes) {
        self.with_layers(|layers| layers.active.set(key, Some(value)));
    }

    /// The same with a value of which replicas agree only on `digested`: the rest is each one's own reckoning.
    pub fn put_own(&self, key: Bytes, value: Bytes, digested: &[u8]) {
        self.with_layers(|layers| layers.active.set_as(key, value, digested));
    }

    /// Deletes one key in the overlay (a deletion that the settle carries to the tree). Memory only.
    pub fn delete(&self, key: Bytes) {
        self.with_layers(|layers| layers.active.set(key, None));
    }

    /// The value of `key`: overlay, sealed overlay, tree.
    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let known = self.with_layers(|layers| layers.get(key).ok_or_else(|| self.snapshot_under(layers)));
        match known {
            Ok(value) => Ok(value),
            Err(snapshot) => snapshot.get(key),
        }
    }

    /// The value of `key` if memory knows it: the overlays.
    pub fn get_warm(&self, key: &[u8]) -> Warm {
        match self.with_layers(|layers| layers.get(key)) {
            Some(Some(value)) => Warm::Found(value),
            Some(None) => Warm::Absent,
            None => Warm::Cold,
        }
    }

    /// The pairs of `[from, to)`: the overlays as they are at this call, merged with a snapshot of the tree of the same moment.
    /// Read as they are pulled, in slices; nothing that changes meanwhile shows.
    pub fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let (newer, older, snapshot) = self.with_layers(|layers| {
            let newer = layers.active.range(&from, &to, direction);
            let older = layers.sealed.as_ref().map(|sealed| sealed.range(&from, &to, direction));
            (newer, older, self.snapshot_under(layers))
        });
        let detached = snapshot.detached_range(from.clone(), to.clone(), direction);
        let settled = detached.unwrap_or_else(|| Box::new(Paged::new(snapshot, from, to, direction)));
        let changed = Overlaid::new(newer, older.into_iter().flatten(), direction).map(Ok);
        // A deletion shows as a pair without a value until it has hidden what lies below.
        let settled = settled.map(|pair| pair.map(|(key, value)| (key, Some(value))));
        let mut has_failed = false;
        let until_failure = move |change: Result<Change>| {
            let is_after = std::mem::replace(&mut has_failed, change.is_err());
            (!is_after).then_some(change)
        };
        let changes = Overlaid::new(changed, settled, direction).map_while(until_failure);
        Box::new(changes.filter_map(|change| match change {
            Ok((key, value)) => value.map(|value| Ok((key, value))),
            Err(error) => Some(Err(error)),
        }))
    }

    /// A digest of every change since [`Table::set_digest`], in their order: replicas that changed alike have the same one.
    pub fn digest(&self) -> u64 {
        self.with_layers(|layers| layers.active.changes.read().digest)
    }

    /// Goes on from a digest: what another table had that this one begins with.
    pub fn set_digest(&self, digest: u64) {
        self.with_layers(|layers| layers.active.changes.write().digest = digest);
    }

    /// Bytes (keys and values) in the overlays.
    pub fn unsettled_bytes(&self) -> u64 {
        self.with_layers(|layers| layers.active.bytes() + layers.sealed.as_ref().map_or(0, |sealed| sealed.bytes()))
    }

    /// Bytes of memory that the overlays take, about: more than they will take on the disk, the more so the smaller the changes.
    pub fn unsettled_memory(&self) -> u64 {
        self.with_layers(|layers| layers.active.memory_bytes() + layers.sealed.as_ref().map_or(0, |sealed| sealed.memory_bytes()))
    }

    /// Takes the active overlay out for settling; must be called between two applies, with the mark of the last one.
    /// `None` while another sealed overlay is not settled yet.
    pub fn seal(&self, mark: Mark) -> Option<Sealed> {
        let ground = self.ground();
        let overlay = {
            let mut layers = ground.layers.write();
            if layers.sealed.is_some() {
                return None;
            }
            let overlay = std::mem::take(&mut layers.active);
            layers.active.changes.write().digest = overlay.changes.read().digest;
            layers.sealed = Some(overlay.clone());
            overlay
        };
        Some(Sealed { ground, overlay, mark })
    }

    /// Settles what was sealed, plus `extra` changes that win over it (ascending), and drops ranges. Blocking: run it beside
    /// the data path. On an error the sealed overlay stays readable and the process is expected to end.
    ///
    /// `false`: the tree was replaced since the overlay was sealed. What is there is newer, so nothing was done.
    pub fn settle(&self, sealed: Sealed, extra: Vec<Change>, dropped: &[(Bytes, Bytes)]) -> Result<bool> {
        let turn = self.inner.turn.lock();
        if !Arc::ptr_eq(&sealed.ground, &self.inner.ground.read()) {
            return Ok(false);
        }
        let (tree, layers) = (&self.inner.tree, &sealed.ground.layers);
        layers.write().before = Some(tree.snapshot());
        {
            // Nothing writes into a sealed overlay any more, so its lock can be held all along.
            let changes = sealed.overlay.changes.read();
            let newest = changes.newest().map(|(key, value)| (key.clone(), value.clone()));
            tree.settle(&mut Overlaid::new(extra.into_iter(), newest, Direction::Forward), dropped, &sealed.mark)?;
        }
        let done = {
            let mut layers = layers.write();
            (layers.sealed.take(), layers.before.take())
        };
        drop(turn);
        // Freed outside the locks: it may be large.
        drop(done);
        Ok(true)
    }

    /// Replaces the tree by what was staged in it, and drops everything in memory, which is older: reads see exactly the new
    /// state from then on, except those through a [`Table::hold`] from before. Must be called between two applies. Blocking:
    /// waits for a settle under way.
    ///
    /// # Errors
    /// As [`Tree::replace`]; the table is as it was then.
    pub fn replace(&self, staged: Staged) -> Result<()> {
        let _turn = self.inner.turn.lock();
        let ground = self.inner.ground.read().clone();
        // What is held goes on reading the tree that lay under it, and nobody reads a mix while the tree is replaced.
        ground.layers.write().before = Some(self.inner.tree.snapshot());
        let replaced = self.inner.tree.replace(staged);
        if replaced.is_err() {
            ground.layers.write().before = None;
            return replaced;
        }
        let old = std::mem::take(&mut *self.inner.ground.write());
        // Freed outside the lock, unless it is held: it may be large.
        drop((ground, old));
        Ok(())
    }

    /// What lies under the overlays: of a table that is held, the tree as it was before it was replaced.
    pub fn settled(&self) -> Arc<dyn Snapshot> {
        self.with_layers(|layers| self.snapshot_under(layers))
    }

    /// The settled tree, for snapshots and maintenance.
    pub fn tree(&self) -> &Arc<dyn Tree> {
        &self.inner.tree
    }
}

impl Layers {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        if let Some(value) = self.active.changes.read().get(key) {
            return Some(value.clone());
        }
        self.sealed.as_ref()?.changes.read().get(key).cloned()
    }
}

/// Two ordered sequences as one; where both have a key, the upper one wins.
struct Overlaid<U: Iterator, L: Iterator> {
    upper: Peekable<U>,
    lower: Peekable<L>,
    direction: Direction,
}

impl<U: Iterator, L: Iterator> Overlaid<U, L> {
    fn new(upper: U, lower: L, direction: Direction) -> Self {
        Overlaid { upper: upper.peekable(), lower: lower.peekable(), direction }
    }
}

/// What has a key, unless it is an error.
trait Keyed {
    fn key(&self) -> Option<&Bytes>;
}

impl Keyed for Change {
    fn key(&self) -> Option<&Bytes> {
        Some(&self.0)
    }
}

impl Keyed for Result<Change> {
    fn key(&self) -> Option<&Bytes> {
        self.as_ref().ok().map(|change| &change.0)
    }
}

impl<T: Keyed, U: Iterator<Item = T>, L: Iterator<Item = T>> Iterator for Overlaid<U, L> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let order = match (self.upper.peek(), self.lower.peek()) {
            (_, None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            // An error has no key and comes first.
            (Some(upper), Some(lower)) => match self.direction {
                Direction::Forward => upper.key().cmp(&lower.key()),
                Direction::Backward if upper.key().is_none() || lower.key().is_none() => upper.key().cmp(&lower.key()),
                Direction::Backward => lower.key().cmp(&upper.key()),
            },
        };
        match order {
            Ordering::Less => self.upper.next(),
            Ordering::Equal => {
                self.lower.next();
                self.upper.next()
            }
            Ordering::Greater => self.lower.next(),
        }
    }
}

/// A snapshot's range that owns its snapshot: taken in pages, since the snapshot's iterator borrows it.
struct Paged {
    snapshot: Arc<dyn Snapshot>,
    from: Bytes,
    to: Bytes,
    direction: Direction,
    page: VecDeque<Pair>,
    page_pairs: usize,
    has_ended: bool,
}

impl Paged {
    fn new(snapshot: Arc<dyn Snapshot>, from: Bytes, to: Bytes, direction: Direction) -> Paged {
        Paged { snapshot, from, to, direction, page: VecDeque::new(), page_pairs: PAGE_KEYS_MIN, has_ended: false }
    }

    fn turn(&mut self) -> Result<()> {
        let pairs = self.snapshot.range(self.from.clone(), self.to.clone(), self.direction).take(self.page_pairs);
        self.page = pairs.collect::<Result<_>>()?;
        self.has_ended = self.page.len() < self.page_pairs;
        self.page_pairs = (self.page_pairs * 4).min(PAGE_KEYS_MAX);
        if let Some((last, _)) = self.page.back() {
            match self.direction {
                Direction::Forward => self.from = successor(last),
                Direction::Backward => self.to = last.clone(),
            }
        }
        Ok(())
    }
}

/// The next key there could be.
fn successor(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    Bytes::from(next)
}

impl Iterator for Paged {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        if self.page.is_empty()
            && !self.has_ended
            && self.from < self.to
            && let Err(error) = self.turn()
        {
            self.has_ended = true;
            return Some(Err(error));
        }
        self.page.pop_front().map(Ok)
    }
}
