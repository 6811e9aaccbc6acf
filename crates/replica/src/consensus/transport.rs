//! A group's messages on the node's [`Network`]: what goes out.

use std::{io, sync::Arc};

use base::{EntryId, NodeId, ShardId};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use openraft::raft::{SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse};
use segments::{Export, SegmentMeta};
use table::{Direction, Snapshot};
use tokio::sync::oneshot;

use super::{
    StateMachine,
    network::{Answer, Appended, Appends, Transport},
    settings::{CALL_TIMEOUT, REOPEN_REST, SNAPSHOT_CHUNK_BYTES},
    types::{RaftSnapshot, Settled, Types, Vote, entry_id},
    wire::{self, SnapshotHead},
};
use crate::{
    limits::KEYS_END,
    network::{Channel, Message, Network, Receiver, Sender, kind},
    runtime,
};

/// Carries one shard's messages.
pub(super) struct Wires {
    pub(super) shard: ShardId,
    /// Whose state is sent.
    pub(super) machine: Arc<dyn StateMachine>,
    pub(super) network: Arc<dyn Network>,
}

impl Wires {
    fn message(&self, kind: u8) -> Message {
        Message { kind, shard: self.shard.0 }
    }

    async fn ask(&self, to: NodeId, kind: u8, body: Bytes) -> io::Result<Bytes> {
        Ok(self.network.call(to, Channel::Small, self.message(kind), body, CALL_TIMEOUT).await?)
    }
}

fn unreadable(error: base::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.message.into_owned())
}

impl Transport for Wires {
    fn append(&self, to: NodeId, mut requests: Appends) -> Answer<'_, Appended> {
        Box::pin(async move {
            // openraft sends a leader's word as a stream of just one request, and entries as a stream without a known end. The
            // word must not wait behind entries, so it takes the channel for small messages; a test watches over the sign.
            if requests.size_hint() == (1, Some(1)) {
                let Some(request) = requests.next().await else { return Ok(Box::pin(stream::empty()) as Appended) };
                let answer = self.ask(to, kind::HEARTBEAT, wire::encode_append(&request)).await?;
                let answer = wire::decode_appended(answer).map_err(unreadable)?;
                return Ok(Box::pin(stream::once(std::future::ready(Ok(answer)))) as Appended);
            }
            let (sender, receiver) = match self.network.open(to, Channel::Bulk, self.message(kind::APPEND)).await {
                Ok(opened) => opened,
                Err(error) => {
                    // openraft tries again at once, a good number of times.
                    runtime::sleep(REOPEN_REST).await;
                    return Err(error);
                }
            };
            let (alive, gone) = oneshot::channel();
            runtime::spawn(pump(requests, sender, gone));
            Ok(answers(receiver, alive))
        })
    }

    fn vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        Box::pin(async move {
            let answer = self.ask(to, kind::VOTE, wire::encode_vote_request(&request)).await?;
            wire::decode_vote_response(answer).map_err(unreadable)
        })
    }

    fn pre_vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        Box::pin(async move {
            let answer = self.ask(to, kind::PRE_VOTE, wire::encode_vote_request(&request)).await?;
            wire::decode_vote_response(answer).map_err(unreadable)
        })
    }

    fn snapshot(&self, to: NodeId, vote: Vote, snapshot: RaftSnapshot) -> Answer<'_, SnapshotResponse<Types>> {
        Box::pin(async move {
            let Settled::Own(state) = snapshot.snapshot else { return Err(io::ErrorKind::InvalidInput.into()) };
            let applied = snapshot.meta.last_log_id.as_ref().map(entry_id).ok_or(io::ErrorKind::InvalidInput)?;
            let (machine, held) = (self.machine.clone(), state.clone());
            let exports = runtime::spawn_background(move || machine.exports(&*held)).await.map_err(unreadable)?;
            let (sender, receiver) = self.network.open(to, Channel::Snapshot, self.message(kind::SNAPSHOT)).await?;
            send_snapshot(sender, receiver, vote, applied, state, exports).await
        })
    }

    fn transfer(&self, to: NodeId, request: TransferLeaderRequest<Types>) -> Answer<'_, TransferLeaderResponse<Types>> {
        Box::pin(async move {
            // Whether the peer follows is seen by its asking for votes.
            self.ask(to, kind::TRANSFER, wire::encode_transfer(&request)).await?;
            Ok(Ok(()))
        })
    }
}

/// Sends requests as they come, until there are no more or nobody waits for the answers.
async fn pump(mut requests: Appends, mut sender: Sender, mut gone: oneshot::Receiver<()>) {
    loop {
        let request = tokio::select! {
            biased;
            _ = &mut gone => return,
            request = requests.next() => request,
        };
        let Some(request) = request else { return sender.finish() };
        let sent = tokio::select! {
            biased;
            _ = &mut gone => return,
            sent = sender.send(wire::encode_append(&request)) => sent,
        };
        // The answers' end tells why.
        if sent.is_err() {
            return;
        }
    }
}

fn answers(receiver: Receiver, alive: oneshot::Sender<()>) -> Appended {
    Box::pin(stream::unfold((receiver, alive), |(mut receiver, alive)| async move {
        let answer = match receiver.next().await? {
            Ok(body) => wire::decode_appended(body).map_err(unreadable),
            Err(error) => Err(error),
        };
        Some((answer, (receiver, alive)))
    }))
}

/// Head; the peer answers with what it has of this state already; then segments that it lacks, and pairs; at last the peer's vote.
async fn send_snapshot(
    mut sender: Sender,
    mut receiver: Receiver,
    vote: Vote,
    applied: EntryId,
    state: Arc<dyn Snapshot>,
    exports: Vec<Export>,
) -> io::Result<SnapshotResponse<Types>> {
    let segments: Vec<SegmentMeta> = exports.iter().map(Export::meta).collect();
    let head = SnapshotHead { vote, applied, membership: state.mark().membership.clone(), segments };
    sender.send(wire::encode_snapshot_head(&head)).await?;
    let resume = receiver.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
    let (last, lacks) = wire::decode_resume(resume, exports.len()).map_err(unreadable)?;
    for (number, export) in exports.into_iter().enumerate().filter(|(number, _)| lacks[*number]) {
        send_segment(&mut sender, number, export).await?;
    }
    let mut from = after(&last);
    loop {
        let (reading, begin) = (state.clone(), from.clone());
        let (chunk, last) = runtime::spawn_background(move || read_chunk(&*reading, begin)).await.map_err(unreadable)?;
        let Some(last) = last else { break };
        from = after(&last);
        sender.send(chunk).await?;
    }
    sender.finish();
    let answer = receiver.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
    wire::decode_snapshot_response(answer).map_err(unreadable)
}

async fn send_segment(sender: &mut Sender, number: usize, mut export: Export) -> io::Result<()> {
    loop {
        let (held, piece) = runtime::spawn_background(move || {
            let piece = export.next_piece();
            (export, piece)
        })
        .await;
        let Some(piece) = piece.map_err(unreadable)? else { return Ok(()) };
        export = held;
        sender.send(wire::encode_segment_piece(number, &piece)).await?;
    }
}

/// The smallest key beyond `key`; of everything if there is none.
fn after(key: &[u8]) -> Bytes {
    if key.is_empty() {
        return Bytes::new();
    }
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}

/// Pairs from `from` on, about a chunk of them, and the last one's key; `None` when there are no more.
fn read_chunk(state: &dyn Snapshot, from: Bytes) -> base::Result<(Bytes, Option<Bytes>)> {
    let (mut chunk, mut last) = (BytesMut::new(), None);
    for pair in state.range(from, Bytes::from_static(&KEYS_END), Direction::Forward) {
        let (key, value) = pair?;
        chunk.put_u32_le(u32::try_from(key.len()).expect("keys are bounded"));
        chunk.put_u32_le(u32::try_from(value.len()).expect("values are bounded"));
        chunk.put_slice(&key);
        chunk.put_slice(&value);
        last = Some(key);
        if chunk.len() >= SNAPSHOT_CHUNK_BYTES {
            break;
        }
    }
    Ok((chunk.freeze(), last))
}
