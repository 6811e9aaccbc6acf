//! Who waits for the history of one namespace, as a topic shows it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use config::{Machine, Topic};
use rustc_hash::FxHashMap;
use stream::PartitionId;

use super::{ConfigStore, Positions};
use crate::{
    runtime,
    streams::{Bell, Bells},
};

/// Bells that hang on histories, by the ids of their topics.
#[derive(Default)]
pub(super) struct Toll {
    bells: Bells,
    /// Whether somebody rings them: from the first one on.
    is_rung: AtomicBool,
}

impl ConfigStore {
    /// Lets a bell ring when the history that a topic shows ([`Topic::id`]) has become longer. What moved before is not told: look after
    /// hanging it.
    pub fn hang(&self, bell: &mut Bell, id: PartitionId) {
        // Subscribed to before the caller looks.
        let positions = self.subscribe();
        bell.hang(&self.toll().bells, id);
        if !self.toll().is_rung.swap(true, Relaxed) {
            runtime::spawn(ring(self.clone(), positions));
        }
    }
}

/// Rings until the node stops. Every change is one look at each history that somebody waits for, however many wait.
async fn ring(store: ConfigStore, mut positions: Positions) {
    let bells = &store.toll().bells;
    let mut told: FxHashMap<PartitionId, Option<u64>> = FxHashMap::default();
    while positions.changed().await.is_ok() {
        let hung = bells.hung();
        let ends = hung.into_iter().map(|id| (id, end(store.machine(), id)));
        let now: FxHashMap<PartitionId, Option<u64>> = ends.collect();
        now.iter().filter(|(id, end)| told.get(id) != Some(end)).for_each(|(id, _)| bells.ring(*id));
        told = now;
    }
    bells.ring_all();
}

/// How long a history is.
fn end(machine: &Machine, id: PartitionId) -> Option<u64> {
    let (topic, number) = Topic::of_id(id.topic.0)?;
    machine.topic_end(&machine.topic_path(number)?, topic)
}
