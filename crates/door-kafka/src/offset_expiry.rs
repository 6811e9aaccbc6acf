//! What coordinators do by themselves: offsets that are too old go, and groups that have nothing left (KIP-211).
//!
//! One task looks through all groups that this node coordinates, from time to time and in slices. What it finds it proposes, and apply
//! holds it against the entry's own time. Nothing is lost with a coordinator that goes: the next one looks again.

use std::sync::{Arc, Weak};

use base::Result;
use bytes::Bytes;
use replica::{
    Lane, runtime,
    streams::{StreamShard, Submitted},
};
use stream::{Command, Expired, PartitionId, Position};

use crate::{
    coordination::Seat,
    door::Shared,
    facts,
    groups::Expiry,
    limits::{EXPIRED_PER_COMMAND_MAX, OFFSETS_LOOK},
    topics::Topics,
};

/// Runs as long as the door is there.
pub(crate) async fn keep_looking(door: Weak<Shared>) {
    loop {
        runtime::sleep(OFFSETS_LOOK).await;
        let Some(door) = door.upgrade() else { return };
        expire_offsets(&door).await;
    }
}

/// Looks through all groups that this node coordinates, once.
pub(crate) async fn expire_offsets(door: &Shared) {
    let retention_ms = facts::brokers(door).offsets_retention_ms();
    for seat in door.coordination.seats() {
        let look = Look { topics: &door.topics, seat, shard: &seat.shard, retention_ms };
        if let Err(error) = look.at_all().await {
            tracing::info!(shard = %seat.shard.id(), %error, "old offsets stay a while longer");
        }
    }
}

/// A look at the groups of one shard.
struct Look<'l> {
    topics: &'l Topics,
    seat: &'l Arc<Seat>,
    shard: &'l StreamShard,
    retention_ms: u64,
}

impl Look<'_> {
    async fn at_all(&self) -> Result<()> {
        let mut after: Option<Bytes> = None;
        loop {
            if self.seat.serving().is_err() {
                return Ok(());
            }
            let (found, next) = self.shard.machine().expired(after.as_deref(), runtime::wall_ms(), self.retention_ms);
            for expired in &found {
                self.at_group(expired).await?;
            }
            if next.is_none() {
                return Ok(());
            }
            after = next;
        }
    }

    async fn at_group(&self, expired: &Expired) -> Result<()> {
        // What is no name for a client is none for the coordinator, and nobody can commit to it.
        let Ok(name) = std::str::from_utf8(&expired.group) else { return Ok(()) };
        let is_void = expired.offsets.is_empty();
        let pieces = expired.offsets.chunks(EXPIRED_PER_COMMAND_MAX);
        for piece in pieces.chain(is_void.then_some(&[][..])) {
            let Some(submitted) = self.propose(name, piece)? else { continue };
            // A refusal says that somebody else coordinates the group by now, or that it has gone already.
            let _ = submitted.await?;
        }
        self.seat.follow(name);
        Ok(())
    }

    /// Proposes that of these offsets those go that nobody wants; without offsets, that the group goes.
    fn propose(&self, name: &str, offsets: &[(PartitionId, Position)]) -> Result<Option<Submitted>> {
        let Ok(mut serving) = self.seat.serving() else { return Ok(None) };
        let expiry = serving.coordinator().expiry(name);
        let taken: Vec<(PartitionId, Position)> = offsets.iter().filter(|(id, _)| self.may_go(&expiry, *id)).copied().collect();
        let is_void = offsets.is_empty() && expiry == Expiry::All;
        if taken.is_empty() && !is_void {
            return Ok(None);
        }
        let command = Command::ExpireOffsets {
            term: serving.term,
            group: Bytes::copy_from_slice(name.as_bytes()),
            retention_ms: self.retention_ms,
            offsets: taken,
        };
        // Queued while the coordinator is held, and in the lane of what it stores: members who come now are stored behind it.
        self.shard.submit(Lane::Urgent, &command).map(Some)
    }

    fn may_go(&self, expiry: &Expiry, id: PartitionId) -> bool {
        match expiry {
            Expiry::All => true,
            Expiry::Nothing => false,
            Expiry::Unsubscribed(_) => {
                let topic = self.topics.readable_by_id(id.topic.0);
                expiry.takes(topic.as_ref().map(|topic| &*topic.name))
            }
        }
    }
}
