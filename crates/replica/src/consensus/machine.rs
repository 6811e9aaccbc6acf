//! A [`StateMachine`] as openraft drives it: one task applies, and the snapshot is whatever is settled.

use std::{io, sync::Arc};

use base::{EntryId, Result};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use openraft::{
    OptionalSend, RaftSnapshotBuilder,
    storage::{EntryResponder, RaftStateMachine},
};
use table::{Direction, Mark, Snapshot, Staged};

use super::{
    Replies, StateMachine, codec,
    types::{EntryPayload, LogId, RaftSnapshot, Settled, SnapshotMeta, StoredMembership, Types, entry_id, log_id, storage_error},
};
use crate::{limits::KEYS_END, runtime};

/// The machine of one group. Cheap to clone; all clones are one machine.
#[derive(Clone)]
pub(crate) struct MachineStore {
    machine: Arc<dyn StateMachine>,
}

impl MachineStore {
    pub(super) fn new(machine: Arc<dyn StateMachine>) -> MachineStore {
        MachineStore { machine }
    }

    fn apply_one(&self, id: EntryId, payload: &EntryPayload) -> Replies {
        match payload {
            EntryPayload::Normal(command) => return self.machine.apply(id, &command.batch()),
            EntryPayload::Blank => self.machine.note(id, None),
            EntryPayload::Membership(membership) => {
                self.machine.note(id, Some(codec::encode_membership(id, membership)));
            }
        }
        Replies(Vec::new())
    }

    /// The settled state and how far it is.
    fn settled(&self) -> io::Result<RaftSnapshot> {
        let snapshot = self.machine.snapshot();
        let (last_log_id, last_membership) = parts(snapshot.mark())?;
        Ok(RaftSnapshot { meta: SnapshotMeta { last_log_id, last_membership }, snapshot: Settled::Own(snapshot) })
    }
}

fn parts(mark: &Mark) -> io::Result<(Option<LogId>, StoredMembership)> {
    let membership = codec::decode_membership(mark.membership.clone()).map_err(storage_error)?;
    Ok((mark.applied.map(log_id), membership))
}

fn install(machine: &dyn StateMachine, meta: &SnapshotMeta, settled: Settled) -> io::Result<()> {
    // What is held is let go of once it is installed.
    let (staged, _held) = match settled {
        Settled::Received(staged) => staged.lock().take().ok_or_else(|| storage_error("a received state is installed once"))?,
        Settled::Own(snapshot) => (copy(&*snapshot, machine).map_err(storage_error)?, Vec::new()),
    };
    let (last_log_id, last_membership) = parts(staged.mark())?;
    if (&last_log_id, &last_membership) != (&meta.last_log_id, &meta.last_membership) {
        return Err(storage_error("the state that was received is not the one that was announced: restart the node"));
    }
    machine.install(staged).map_err(storage_error)
}

/// Another replica's state in the same process, or this one's: read here instead of by whoever sends it.
fn copy(snapshot: &dyn Snapshot, machine: &dyn StateMachine) -> Result<Staged> {
    let mut stage = machine.stage()?;
    for pair in snapshot.range(Bytes::new(), Bytes::from_static(&KEYS_END), Direction::Forward) {
        stage.push(pair?)?;
    }
    stage.finish(snapshot.mark().clone())
}

impl RaftStateMachine<Types> for MachineStore {
    type SnapshotData = Settled;
    type SnapshotBuilder = MachineStore;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        parts(&self.machine.mark())
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        while let Some(entry) = entries.next().await {
            let (entry, responder) = entry?;
            while let Some(room) = self.machine.crowded() {
                room.await;
            }
            let replies = self.apply_one(entry_id(&entry.log_id), &entry.payload);
            if let Some(responder) = responder {
                responder.send(replies);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> MachineStore {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, settled: Settled) -> io::Result<()> {
        let (machine, meta) = (self.machine.clone(), meta.clone());
        runtime::spawn_blocking(move || install(&*machine, &meta, settled)).await
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<RaftSnapshot>> {
        let settled = self.settled()?;
        Ok(settled.meta.last_log_id.is_some().then_some(settled))
    }
}

impl RaftSnapshotBuilder<Types> for MachineStore {
    type SnapshotData = Settled;

    /// Nothing is built: settling has done it.
    async fn build_snapshot(&mut self) -> io::Result<RaftSnapshot> {
        self.settled()
    }
}
