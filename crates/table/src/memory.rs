//! A tree in memory, for the simulator: settles are durable when they return, and a crash leaves the last one.

use std::{collections::BTreeMap, sync::Arc};

use base::Result;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{Change, Direction, Mark, Pair, Snapshot, Tree};

#[derive(Clone, Default)]
struct State {
    pairs: Arc<BTreeMap<Bytes, Bytes>>,
    mark: Mark,
}

/// The tree.
#[derive(Default)]
pub struct MemoryTree {
    state: Mutex<State>,
}

impl MemoryTree {
    /// What the next start finds after a crash now.
    pub fn crash_image(&self) -> Arc<MemoryTree> {
        Arc::new(MemoryTree { state: Mutex::new(self.state.lock().clone()) })
    }
}

impl Tree for MemoryTree {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(Moment(self.state.lock().clone()))
    }

    fn settle(&self, changes: &mut dyn Iterator<Item = Change>, dropped: &[(Bytes, Bytes)], mark: &Mark) -> Result<()> {
        let mut pairs = BTreeMap::clone(&self.state.lock().pairs);
        for (key, value) in changes {
            match value {
                Some(value) => pairs.insert(key, value),
                None => pairs.remove(&key),
            };
        }
        for (from, to) in dropped {
            pairs.retain(|key, _| key < from || key >= to);
        }
        *self.state.lock() = State { pairs: Arc::new(pairs), mark: mark.clone() };
        Ok(())
    }

    fn maintain(&self) -> Result<bool> {
        Ok(false)
    }

    fn replace(&self, pairs: &mut dyn Iterator<Item = Result<Pair>>, mark: &Mark) -> Result<()> {
        let pairs = Arc::new(pairs.collect::<Result<_>>()?);
        *self.state.lock() = State { pairs, mark: mark.clone() };
        Ok(())
    }

    fn disk_bytes(&self) -> u64 {
        self.state.lock().pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
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
