//! Segments on their way to another replica, beside the pairs of its tree.

use base::{Result, ShardId};
use segments::{Arrival, Export, SegmentMeta};
use table::Snapshot;

use super::{Streams, names};

impl Streams {
    /// Holds every segment that this settled state names, for as long as it is being sent.
    ///
    /// # Errors
    /// `NotFound` if one is gone: the state is an old one, and there is a newer.
    pub(crate) fn exports(&self, state: &dyn Snapshot) -> Result<Vec<Export>> {
        names::live(state)?.into_iter().map(|meta| self.store.export(meta.id)).collect()
    }

    /// Begins to receive a segment, unless it is here.
    ///
    /// # Errors
    /// `Conflict` if it is being received already, `Unavailable` if the disk refused.
    pub(crate) fn import(&self, meta: SegmentMeta) -> Result<Arrival> {
        self.store.import(meta)
    }

    /// The tree under the table was replaced: its segments are live now, and no others.
    ///
    /// # Errors
    /// `Corrupt` if one that it names is not here: the process must end.
    pub(crate) fn installed(&self, shard: ShardId) -> Result<()> {
        let mut generation = self.generation.lock();
        *generation += 1;
        let wanted = names::live(&*self.table.settled())?;
        let live = self.store.live();
        let added: Vec<SegmentMeta> = wanted.iter().filter(|meta| !live.contains(meta)).copied().collect();
        let removed: Vec<_> = live.iter().filter(|meta| !wanted.contains(meta)).map(|meta| meta.id).collect();
        self.store.adopt(&added, &removed)?;
        tracing::info!(%shard, added = added.len(), removed = removed.len(), "segments were taken over");
        if let Some(meta) = self.merged.lock().take().and_then(|merged| merged.added) {
            self.store.discard(meta.id)?;
        }
        self.machine.reload()?;
        self.show(&self.starts());
        self.ring_all();
        Ok(())
    }
}
