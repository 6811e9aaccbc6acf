//! Who waits for partitions to move.

use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use stream::PartitionId;
use tokio::sync::Notify;

#[derive(Default)]
struct Rung {
    /// Which moved since they were last asked for.
    moved: Mutex<FxHashSet<PartitionId>>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    /// By partition, whoever has hung a bell on it.
    bells: Mutex<FxHashMap<PartitionId, Vec<Arc<Rung>>>>,
}

/// The bells of one shard. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Bells {
    waiting: Arc<Waiting>,
}

/// Rings when one of its partitions moves: one bell covers all partitions of a fetch, of one or of several shards, for as long as a
/// session lives.
#[derive(Default)]
pub struct Bell {
    rung: Arc<Rung>,
    hung: FxHashMap<PartitionId, Bells>,
}

impl Bells {
    /// This partition moved.
    pub(crate) fn ring(&self, id: PartitionId) {
        let bells = self.waiting.bells.lock();
        for rung in bells.get(&id).into_iter().flatten() {
            rung.moved.lock().insert(id);
            rung.wake.notify_one();
        }
    }

    /// Partitions that somebody waits for.
    pub(crate) fn hung(&self) -> Vec<PartitionId> {
        self.waiting.bells.lock().keys().copied().collect()
    }

    pub(crate) fn ring_all(&self) {
        let bells = self.waiting.bells.lock();
        for (id, rung) in bells.iter().flat_map(|(id, all)| all.iter().map(move |rung| (id, rung))) {
            rung.moved.lock().insert(*id);
            rung.wake.notify_one();
        }
    }
}

impl Bell {
    /// A bell that hangs nowhere yet.
    pub fn new() -> Bell {
        Bell::default()
    }

    /// Hangs it on a partition. What moved before is not told: look after hanging.
    pub(crate) fn hang(&mut self, bells: &Bells, id: PartitionId) {
        if self.hung.insert(id, bells.clone()).is_none() {
            bells.waiting.bells.lock().entry(id).or_default().push(self.rung.clone());
        }
    }

    /// Takes it off a partition. A move that was not told yet may still be.
    pub fn take_off(&mut self, id: PartitionId) {
        if let Some(bells) = self.hung.remove(&id) {
            self.leave(&bells, id);
        }
    }

    /// What has moved since the last time, without waiting.
    pub fn take_moved(&self) -> Vec<PartitionId> {
        std::mem::take(&mut *self.rung.moved.lock()).into_iter().collect()
    }

    /// Completes when a partition has moved since the last time, and gives all that did.
    pub async fn moved(&self) -> Vec<PartitionId> {
        loop {
            let moved = self.take_moved();
            if !moved.is_empty() {
                return moved;
            }
            self.rung.wake.notified().await;
        }
    }

    fn leave(&self, bells: &Bells, id: PartitionId) {
        let mut waiting = bells.waiting.bells.lock();
        let Some(all) = waiting.get_mut(&id) else { return };
        all.retain(|rung| !Arc::ptr_eq(rung, &self.rung));
        if all.is_empty() {
            waiting.remove(&id);
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        for (id, bells) in std::mem::take(&mut self.hung) {
            self.leave(&bells, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use stream::TopicId;

    use super::*;

    fn partition(partition: u32) -> PartitionId {
        PartitionId { topic: TopicId(7), partition }
    }

    fn now(bell: &Bell) -> Option<Vec<PartitionId>> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(bell.moved()).poll(&mut context) {
            std::task::Poll::Ready(mut moved) => {
                moved.sort_unstable();
                Some(moved)
            }
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn a_bell_tells_each_move_once_and_only_those_it_hangs_on() {
        let (bells, others) = (Bells::default(), Bells::default());
        let mut bell = Bell::new();
        bell.hang(&bells, partition(1));
        bell.hang(&bells, partition(2));
        bell.hang(&others, partition(9));
        assert_eq!(now(&bell), None);
        bells.ring(partition(3));
        assert_eq!(now(&bell), None, "nobody asked for that one");
        bells.ring(partition(2));
        bells.ring(partition(2));
        others.ring(partition(9));
        assert_eq!(now(&bell), Some(vec![partition(2), partition(9)]));
        assert_eq!(now(&bell), None);
        bell.take_off(partition(2));
        bells.ring_all();
        assert_eq!(now(&bell), Some(vec![partition(1)]));
        bells.ring(partition(1));
        assert_eq!((bell.take_moved(), now(&bell)), (vec![partition(1)], None), "what was taken is not told again");
        drop(bell);
        assert!(bells.waiting.bells.lock().is_empty() && others.waiting.bells.lock().is_empty());
    }
}
