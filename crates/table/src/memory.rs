//! A tree in memory, for the simulator: a settle is durable when it returns, and a crash leaves what was durable.

use std::{collections::BTreeMap, sync::Arc};

use base::{Error, Kind, Result};
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{Change, Direction, Mark, Pair, Snapshot, Tree};

#[derive(Clone, Default)]
struct State {
    pairs: Arc<BTreeMap<Bytes, Bytes>>,
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
}

impl MemoryTree {
    /// What the next start finds after a crash now.
    pub fn crash_image(&self) -> Arc<MemoryTree> {
        let state = self.inner.lock().state.clone();
        Arc::new(MemoryTree { inner: Mutex::new(Inner { state, ..Inner::default() }) })
    }

    /// Makes the next settle or replacement fail as if the process was killed within it; what is durable then is `leaves`.
    pub fn interrupt_next_settle(&self, leaves: Interrupted) {
        self.inner.lock().interrupt = Some(leaves);
    }

    /// How many settles and replacements became durable.
    pub fn settles(&self) -> u64 {
        self.inner.lock().settles
    }

    fn commit(&self, change: impl FnOnce(&mut BTreeMap<Bytes, Bytes>), mark: &Mark) -> Result<()> {
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
            return Err(Error::new(Kind::Invalid, "what is settled must come in ascending order of keys, each key once"));
        }
        let apply = |pairs: &mut BTreeMap<Bytes, Bytes>| {
            for (key, value) in changes {
                match value {
                    Some(value) => pairs.insert(key, value),
                    None => pairs.remove(&key),
                };
            }
            for (from, to) in dropped.iter().filter(|(from, to)| from < to) {
                let keys: Vec<Bytes> = pairs.range(from.clone()..to.clone()).map(|(key, _)| key.clone()).collect();
                for key in keys {
                    pairs.remove(&key);
                }
            }
        };
        self.commit(apply, mark)
    }

    fn maintain(&self, _room_bytes: u64) -> Result<bool> {
        Ok(false)
    }

    fn replace(&self, pairs: &mut dyn Iterator<Item = Result<Pair>>, mark: &Mark) -> Result<()> {
        let fresh: BTreeMap<Bytes, Bytes> = pairs.collect::<Result<_>>()?;
        self.commit(|pairs| *pairs = fresh, mark)
    }

    fn disk_bytes(&self) -> u64 {
        self.inner.lock().state.pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
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
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let pairs = self.0.pairs.range(from..to).map(|(key, value)| Ok((key.clone(), value.clone())));
        match direction {
            Direction::Forward => Box::new(pairs),
            Direction::Backward => Box::new(pairs.rev()),
        }
    }
}
