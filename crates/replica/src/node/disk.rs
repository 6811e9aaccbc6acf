//! The room on this node's disk: NOSPACE is raised before it is full.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use kv::Command;

use super::{NOSPACE, Node};
use crate::{
    consensus::StateMachine as _,
    keyspace::Keyspace,
    lanes::Lane,
    limits::{SPACE_ALARM_PERCENT, SPACE_CLEAR_PERCENT, SPACE_TICK_MS, SPACE_TIGHT_PERCENT},
    runtime,
};

impl Node {
    pub(super) fn start_space_watch(&self) {
        let node = self.clone();
        runtime::spawn(async move {
            while !node.inner.stopping.load(Relaxed) {
                node.look_at_space().await;
                tokio::select! {
                    biased;
                    () = node.inner.space_meter.due() => {}
                    () = runtime::sleep(Duration::from_millis(SPACE_TICK_MS)) => {}
                }
            }
        });
    }

    /// Bytes of log that are not applied.
    fn unapplied_bytes(&self) -> u64 {
        let applied: Vec<_> = self.inner.shards.lock().values().map(|shard| (shard.id, shard.state.mark().applied)).collect();
        applied.iter().map(|(id, applied)| self.inner.journal.bytes_after(*id, applied.map_or(0, |id| id.index))).sum()
    }

    /// Raises NOSPACE before the disk is full, and clears it when there is room again, unless a quota rules.
    async fn look_at_space(&self) {
        let Ok(space) = self.inner.journal_disk.space() else { return };
        // What is not settled takes its room in the tree soon, be it applied or only in the log, where much of it may wait on a
        // replica that settles slower than its leader: it is counted as taken, or settling would meet a full disk.
        let unsettled: u64 = self.inner.shards.lock().values().map(|shard| shard.state.unsettled_disk_bytes()).sum();
        let free = space.free.saturating_sub(unsettled + self.unapplied_bytes());
        let used_percent = 100 - (free.saturating_mul(100) / space.total.max(1)).min(100);
        let keyspaces: Vec<Keyspace> = self.inner.keyspaces.lock().values().cloned().collect();
        let member = self.inner.identity.node_id;
        let is_raised = |keyspace: &Keyspace| keyspace.machine().alarms().iter().any(|(_, alarm)| *alarm == NOSPACE);
        self.inner.space_meter.set_full(used_percent >= SPACE_ALARM_PERCENT || keyspaces.iter().any(is_raised));
        for keyspace in keyspaces {
            keyspace.machine().set_disk_tight(used_percent >= SPACE_TIGHT_PERCENT);
            let raised = keyspace.machine().alarms().contains(&(member, NOSPACE));
            let raise = used_percent >= SPACE_ALARM_PERCENT;
            let clear = used_percent < SPACE_CLEAR_PERCENT && self.inner.options.quota_bytes == 0;
            if (raise && !raised) || (clear && raised) {
                let command = Command::Alarm { member, alarm: NOSPACE, raise };
                if let Err(error) = keyspace.propose(Lane::Urgent, command).await {
                    tracing::warn!(%error, "the NOSPACE alarm could not be changed; trying again");
                }
            }
        }
    }
}
