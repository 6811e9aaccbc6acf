//! Receiving a shard's settled state from its leader: staged on disk as it comes, and installed when it is whole.

use std::{collections::BTreeMap, io};

use base::{EntryId, Error, Kind, NodeId, Result};
use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use segments::{Arrival, Hold, Import, SegmentMeta};
use table::{Mark, Stage};

use super::{
    Group, StateMachine, codec,
    settings::SNAPSHOT_QUEUE,
    types::{RaftSnapshot, Settled, SnapshotMeta, Vote, log_id},
    wire::{self, SnapshotHead},
};
use crate::{
    network::{Receiver, Sender},
    runtime,
};

/// A state that is not whole yet.
pub(super) struct Partial {
    from: NodeId,
    applied: EntryId,
    membership: Bytes,
    /// The segments that the state names, by which pieces are numbered.
    segments: Vec<SegmentMeta>,
    /// The last key that is staged; empty before the first.
    last: Bytes,
    stage: Box<dyn Stage>,
    /// Those of them that are not here yet.
    lacking: BTreeMap<usize, SegmentMeta>,
    /// Those that are.
    held: Vec<Hold>,
    /// The one that is being received.
    receiving: Option<(usize, Import)>,
}

fn malformed() -> Error {
    Error::new(Kind::Invalid, "a piece of a snapshot cannot be read")
}

/// The next pieces, and how the stream ended if it did. What ends it is told by its receiver once: an error that is not kept here
/// would look like the end of a whole state.
async fn gather(receiver: &mut Receiver) -> (Vec<Bytes>, Option<io::Result<()>>) {
    let mut pieces = Vec::new();
    let mut next = receiver.next().await;
    loop {
        match next {
            Some(Ok(piece)) => pieces.push(piece),
            Some(Err(error)) => return (pieces, Some(Err(error))),
            None => return (pieces, Some(Ok(()))),
        }
        if pieces.len() >= SNAPSHOT_QUEUE {
            return (pieces, None);
        }
        next = match receiver.next().now_or_never() {
            Some(next) => next,
            None => return (pieces, None),
        };
    }
}

impl Group {
    /// One attempt of a leader to send its state. What came before the stream broke is kept, and the next attempt to send the
    /// same state goes on behind it.
    pub(super) async fn receive(&self, mut receiver: Receiver, mut sender: Sender) {
        let outcome = self.receive_all(&mut receiver, &mut sender).await;
        if let Err(error) = outcome {
            tracing::info!(shard = %self.shard(), %error, "a snapshot was not received to its end");
        }
    }

    async fn receive_all(&self, receiver: &mut Receiver, sender: &mut Sender) -> io::Result<()> {
        let head = receiver.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
        let head = wire::decode_snapshot_head(head).map_err(io::Error::other)?;
        let (vote, segments) = (head.vote, head.segments.len());
        // Two at once: the newer one takes the place, when the older one lets go of it.
        let mut place = self.partial().lock().await;
        let mut partial = self.begin(place.take(), head).await.map_err(io::Error::other)?;
        let resume = if segments == 0 {
            partial.last.clone()
        } else {
            let lacks: Vec<bool> = (0..segments).map(|number| partial.lacking.contains_key(&number)).collect();
            wire::encode_resume(&partial.last, &lacks)
        };
        sender.send(resume).await?;
        let whole = loop {
            let (pieces, ended) = gather(receiver).await;
            if !pieces.is_empty() {
                let machine = self.machine().clone();
                let taken = runtime::spawn_background(move || partial.take(pieces, &*machine)).await;
                partial = taken.map_err(io::Error::other)?;
            }
            if let Some(ended) = ended {
                break ended;
            }
        };
        if let Err(error) = whole {
            // Half a segment is begun anew.
            partial.receiving = None;
            *place = Some(partial);
            return Err(error);
        }
        let response = self.install(vote, partial).await.map_err(io::Error::other)?;
        sender.send(response).await
    }

    async fn begin(&self, before: Option<Partial>, head: SnapshotHead) -> Result<Partial> {
        let SnapshotHead { vote, applied, membership, segments } = head;
        let from = vote.leader_id.voted_for;
        // A merge gives the same state other segments: what was received of it counts for nothing then.
        let is_same = |before: &Partial| before.from == from && before.applied == applied && before.segments == segments;
        if let Some(before) = before.filter(is_same) {
            return Ok(before);
        }
        let machine = self.machine().clone();
        let stage = runtime::spawn_background(move || machine.stage()).await?;
        let lacking = segments.iter().copied().enumerate().collect();
        Ok(Partial { from, applied, membership, segments, last: Bytes::new(), stage, lacking, held: Vec::new(), receiving: None })
    }

    async fn install(&self, vote: Vote, partial: Partial) -> Result<Bytes> {
        let Partial { applied, membership, stage, mut lacking, mut held, receiving, .. } = partial;
        if let Some((number, import)) = receiving {
            held.push(runtime::spawn_background(move || import.finish()).await?);
            lacking.remove(&number);
        }
        if !lacking.is_empty() {
            return Err(Error::new(Kind::Invalid, "a snapshot ended before all of its segments were sent"));
        }
        let last_membership = codec::decode_membership(membership.clone())?;
        let mark = Mark { applied: Some(applied), membership };
        let staged = runtime::spawn_background(move || stage.finish(mark)).await?;
        let meta = SnapshotMeta { last_log_id: Some(log_id(applied)), last_membership };
        let snapshot = RaftSnapshot { meta, snapshot: Settled::received(staged, held) };
        let response = self.raft().install_full_snapshot(vote, snapshot).await;
        let response = response.map_err(|_| Error::new(Kind::Unavailable, "this replica has ended"))?;
        Ok(wire::encode_snapshot_response(&response))
    }
}

impl Partial {
    /// Segments come one after the other, whole.
    fn take_segment(&mut self, number: usize, bytes: &[u8], machine: &dyn StateMachine) -> Result<()> {
        if self.receiving.as_ref().is_some_and(|(receiving, _)| *receiving != number)
            && let Some((finished, import)) = self.receiving.take()
        {
            self.held.push(import.finish()?);
            self.lacking.remove(&finished);
        }
        if self.receiving.is_none() {
            // One that is here already is sent to its end all the same.
            let Some(meta) = self.lacking.get(&number) else { return Ok(()) };
            match machine.import(*meta)? {
                Arrival::Begun(import) => self.receiving = Some((number, import)),
                // What is sent of it is of no use.
                Arrival::Here(hold) => {
                    self.held.push(hold);
                    self.lacking.remove(&number);
                }
            }
        }
        match &mut self.receiving {
            Some((_, import)) => import.push(bytes),
            None => Ok(()),
        }
    }

    /// Stages what came.
    fn take(mut self, pieces: Vec<Bytes>, machine: &dyn StateMachine) -> Result<Partial> {
        for mut piece in pieces {
            if let Some((number, bytes)) = wire::decode_segment_piece(&piece) {
                self.take_segment(number, &bytes, machine)?;
                continue;
            }
            while piece.has_remaining() {
                let (Ok(key), Ok(value)) = (piece.try_get_u32_le(), piece.try_get_u32_le()) else { return Err(malformed()) };
                let (key, value) = (key as usize, value as usize);
                if key.saturating_add(value) > piece.len() {
                    return Err(malformed());
                }
                let (key, value) = (piece.split_to(key), piece.split_to(value));
                self.stage.push((key.clone(), value))?;
                self.last = key;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::network::{BoxFuture, Receiving};

    /// Says what it has, and after an error only that it ended.
    struct Said(VecDeque<io::Result<Bytes>>);

    impl Receiving for Said {
        fn next(&mut self) -> BoxFuture<'_, Option<io::Result<Bytes>>> {
            let next = self.0.pop_front();
            Box::pin(async move { next })
        }
    }

    fn said(pieces: usize, broken: bool) -> Receiver {
        let mut said: VecDeque<io::Result<Bytes>> = (0..pieces).map(|_| Ok(Bytes::from_static(b"piece"))).collect();
        said.extend(broken.then(|| Err(io::ErrorKind::ConnectionReset.into())));
        Box::new(Said(said))
    }

    /// A connection broke when all segments of a state had come and none of its pairs. The error came with the last piece and was
    /// dropped, the end behind it was taken for that of the state, and a member served a state without keys.
    #[tokio::test]
    async fn a_stream_that_breaks_behind_a_piece_is_no_whole_state() {
        for pieces in 0..=2 * SNAPSHOT_QUEUE {
            for broken in [false, true] {
                let (mut receiver, mut taken) = (said(pieces, broken), 0);
                let ended = loop {
                    let (gathered, ended) = gather(&mut receiver).await;
                    assert!(gathered.len() <= SNAPSHOT_QUEUE);
                    taken += gathered.len();
                    if let Some(ended) = ended {
                        break ended;
                    }
                };
                assert_eq!((taken, ended.is_err()), (pieces, broken), "{pieces} pieces");
            }
        }
    }
}
