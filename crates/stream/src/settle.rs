//! What a settle takes from the index, and gives back.

use parking_lot::RwLock;

use crate::{
    bugs::{Bug, planted},
    identity::PartitionId,
    index::{BatchRef, Freed},
    limits::SETTLE_SLICE_PARTITIONS,
    state::State,
};

/// Batches of one partition, ascending.
pub type Batches = (PartitionId, Vec<BatchRef>);

/// A settle under way: what it may forget when it is durable.
#[derive(Debug)]
pub struct Settling {
    upto: u64,
    partitions: Vec<PartitionId>,
    reading: u64,
}

/// The batches of the entries up to `upto`, by partition and offset, without what lies before a log start.
pub(crate) fn begin(state: &RwLock<State>, upto: u64) -> (Vec<Batches>, Settling) {
    let (mut partitions, reading) = {
        let state = state.read();
        let ids = state.partitions.unsettled.iter().map(|slot| state.partitions.at(slot).id);
        (ids.collect::<Vec<PartitionId>>(), state.reading)
    };
    partitions.sort_unstable();
    let mut batches = Vec::with_capacity(partitions.len());
    let written = if planted(Bug::SettleLosesLast) { upto.saturating_sub(1) } else { upto };
    for slice in partitions.chunks(SETTLE_SLICE_PARTITIONS) {
        let state = state.read();
        if state.reading != reading {
            break;
        }
        for id in slice {
            // It may have been dropped between two slices.
            let Some(partition) = state.partitions.get(*id) else { continue };
            let found: Vec<BatchRef> = partition.index.iter().take_while(|batch| batch.index <= written).copied().collect();
            if !found.is_empty() {
                batches.push((*id, found));
            }
        }
    }
    let partitions = batches.iter().map(|(id, _)| *id).collect();
    (batches, Settling { upto, partitions, reading })
}

/// Takes what was settled out of the index. What was read anew since then holds none of it.
pub(crate) fn end(state: &RwLock<State>, settling: &Settling) {
    for slice in settling.partitions.chunks(SETTLE_SLICE_PARTITIONS) {
        let mut state = state.write();
        if state.reading != settling.reading {
            return;
        }
        slice.iter().for_each(|id| forget(&mut state, *id, settling.upto));
    }
}

fn forget(state: &mut State, id: PartitionId, upto: u64) {
    let Some(slot) = state.partitions.find(id) else { return };
    let index = &mut state.partitions.at_mut(slot).index;
    let freed: Freed = index.forget(|batch| batch.index <= upto);
    if index.is_empty() {
        state.partitions.unsettled.remove(slot);
    }
    state.freed(freed);
}
