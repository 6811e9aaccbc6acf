//! Giving back the space of namespaces that are gone.
//!
//! Deleting a namespace notes its id. A settle that finds the note settled drops the keys and versions below that id as ranges,
//! which costs the same however many they are, and the note with them. It is not dropped by a note that is not settled: a restart
//! would come back without it.

use std::sync::atomic::Ordering::Relaxed;

use base::Result;
use table::{Direction, Snapshot};

use crate::{
    error::damaged,
    keys::namespace_of,
    limits::DROPPED_PER_SETTLE,
    machine::{Inner, Reclaimable},
    record::decode_number,
};

impl Inner {
    pub(crate) fn reclaim(&self) -> Result<Reclaimable> {
        let (mut changes, mut dropped, mut keys) = (Vec::new(), Vec::new(), 0);
        let settled = self.table.settled();
        let (from, to) = self.keys.all_dead();
        for pair in Snapshot::range(&*settled, from, to, Direction::Forward).take(DROPPED_PER_SETTLE) {
            let (table_key, record) = pair?;
            let (id, _) = namespace_of(&table_key).ok_or_else(|| damaged("the note of a deleted namespace cannot be read"))?;
            keys += decode_number(record)?;
            dropped.extend(self.keys.dropped(id));
            changes.push((table_key, None));
        }
        // What an earlier settle would have dropped that came to nothing does not count.
        self.dropping.store(keys, Relaxed);
        Ok((changes, dropped))
    }
}
