//! A tree in memory, for the simulator: a settle is durable when it returns, and a crash leaves what was durable.

use std::{collections::BTreeMap, sync::Arc};

use base::{Error, Kind, Result};
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{
    Change, Direction, Mark, Pair, Snapshot, Stage, Staged, Tree,
    leaves::Leaves,
    stage::{Content, check_pair, refusal},
};

#[derive(Clone, Default)]
struct State {
    pairs: Arc<Leaves>,
    mark: Mark,
}

/// What a settle that is interrupted leaves behind. Never a mix of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// The tree as it was: the crash came before the commit.
    Before,
    /// The tree with the settle in it: the crash came after the commit, before anyone heard of it.
    After,
}

#[derive(Default)]
struct Inner {
    state: State,
    settles: u64,
    interrupt: Option<Interrupted>,
}

/// The tree. It does only what it is told, so a run that uses it is a function of its inputs.
#[derive(Default)]
pub struct MemoryTree {
    inner: Mutex<Inner>,
    /// What is staged belongs to one tree; a crash makes another.
    itself: Arc<()>,
}

impl MemoryTree {
    /// What the next start finds after a crash now.
    pub fn crash_image(&self) -> Arc<MemoryTree> {
        let state = self.inner.lock().state.clone();
        Arc::new(MemoryTree { inner: Mutex::new(Inner { state, ..Inner::default() }), itself: Arc::default() })
    }

    /// Makes the next settle or replacement fail as if the process was killed within it; what is durable then is `leaves`.
    pub fn interrupt_next_settle(&self, leaves: Interrupted) {
        self.inner.lock().interrupt = Some(leaves);
    }

    /// Takes an interruption back that has not struck.
    pub fn heal(&self) {
        self.inner.lock().interrupt = None;
    }

    /// How many settles and replacements became durable.
    pub fn settles(&self) -> u64 {
        self.inner.lock().settles
    }

    fn commit(&self, change: impl FnOnce(&mut Leaves), mark: &Mark) -> Result<()> {
        let mut inner = self.inner.lock();
        let interrupt = inner.interrupt.take();
        if interrupt != Some(Interrupted::Before) {
            change(Arc::make_mut(&mut inner.state.pairs));
            inner.state.mark = mark.clone();
            inner.settles += 1;
        }
        match interrupt {
            None => Ok(()),
            Some(_) => {
                Err(Error::new(Kind::Unavailable, "the settle was interrupted: what is durable is read again at the next start"))
            }
        }
    }
}

impl Tree for MemoryTree {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(Moment(self.inner.lock().state.clone()))
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        let changes: Vec<Change> = changes.collect();
        if !changes.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(refusal::out_of_order());
        }
        let apply = |pairs: &mut Leaves| {
            for (key, value) in changes {
                match value {
                    Some(value) => pairs.insert(key, value),
                    None => pairs.remove(&key),
                }
            }
            for (from, to) in dropped.iter().filter(|(from, to)| from < to) {
                pairs.remove_range(from, to);
            }
        };
        self.commit(apply, mark)
    }

    fn maintain(&self, _room_bytes: u64) -> Result<bool> {
        Ok(false)
    }

    fn stage(&self) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Staging { pairs: StagedPairs { pairs: BTreeMap::new(), tree: self.itself.clone() }, is_broken: false }))
    }

    fn replace(&self, staged: Staged) -> Result<()> {
        match staged.content {
            Content::Pairs(fresh) if Arc::ptr_eq(&fresh.tree, &self.itself) => {
                self.commit(|pairs| *pairs = Leaves::ascending(fresh.pairs.into_iter()), &staged.mark)
            }
            _ => Err(refusal::foreign()),
        }
    }

    fn verify(&self, read: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        read(self.disk_bytes())
    }

    fn disk_bytes(&self) -> u64 {
        self.inner.lock().state.pairs.bytes()
    }
}

/// The pairs of a stage.
#[derive(Debug)]
pub(crate) struct StagedPairs {
    pairs: BTreeMap<Bytes, Bytes>,
    tree: Arc<()>,
}

struct Staging {
    pairs: StagedPairs,
    is_broken: bool,
}

impl Stage for Staging {
    fn push(&mut self, (key, value): Pair) -> Result<()> {
        if self.is_broken {
            return Err(refusal::broken_stage());
        }
        let checked = check_pair(self.pairs.pairs.last_key_value().map(|(last, _)| last), &key, value.len());
        self.is_broken = checked.is_err();
        checked?;
        self.pairs.pairs.insert(key, value);
        Ok(())
    }

    fn finish(self: Box<Self>, mark: Mark) -> Result<Staged> {
        if self.is_broken { Err(refusal::broken_stage()) } else { Ok(Staged { mark, content: Content::Pairs(self.pairs) }) }
    }
}

struct Moment(State);

impl Snapshot for Moment {
    fn mark(&self) -> &Mark {
        &self.0.mark
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.0.pairs.get(key).cloned())
    }

    fn range(&self, from: Bytes, to: Bytes, direction: Direction) -> Box<dyn Iterator<Item = Result<Pair>> + Send + '_> {
        Box::new(self.0.pairs.range(from, to, direction).cloned().map(Ok))
    }
}
