//! A group's messages on the node's network: what comes in.

use base::{Error, Kind, Result};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use openraft::{
    raft::{AppendEntriesRequest, StreamAppendError, StreamAppendResult},
    rt::WatchReceiver as _,
};

use super::{Group, types::Types, wire};
use crate::{
    network::{Receiver, Sender, kind},
    runtime,
};

fn ended() -> Error {
    Error::new(Kind::Unavailable, "this replica has ended")
}

impl Group {
    /// Answers a peer's call; `None`: it is not for a group.
    pub(crate) async fn answer(&self, message: u8, body: Bytes) -> Option<Result<Bytes>> {
        Some(match message {
            kind::HEARTBEAT => self.heartbeat(body).await,
            kind::VOTE => self.vote(body).await,
            kind::PRE_VOTE => self.pre_vote(body).await,
            kind::TRANSFER => self.take_over(body).await,
            _ => return None,
        })
    }

    /// Serves a peer's stream, if it is for a group.
    pub(crate) async fn attend(&self, message: u8, receiver: Receiver, sender: Sender) {
        match message {
            kind::APPEND => self.append(receiver, sender).await,
            kind::SNAPSHOT => self.receive(receiver, sender).await,
            _ => {}
        }
    }

    /// A leader's word. It asks whether this replica still follows, and the answer does not wait until this replica's own disk
    /// has written what was sent before: a slow disk would keep the leader from reading.
    async fn heartbeat(&self, body: Bytes) -> Result<Bytes> {
        let request = wire::decode_append(body)?;
        if request.entries.is_empty() && self.follows(&request) {
            let upto = request.prev_log_id;
            self.note_word();
            let raft = self.raft().clone();
            // The replica takes note of the leader's being alive all the same.
            runtime::spawn(async move { raft.append_entries(request).await });
            return Ok(wire::encode_appended(&Ok(upto)));
        }
        let answer: StreamAppendResult<Types> = {
            let mut answers = Box::pin(self.raft().stream_append(stream::once(std::future::ready(request))));
            answers.next().await.ok_or_else(ended)?.map_err(|_| ended())?
        };
        if answer.is_ok() {
            self.note_word();
        }
        Ok(wire::encode_appended(&answer))
    }

    /// Whether this replica has durably accepted the leader that sent `request`, and holds what the leader thinks it holds.
    fn follows(&self, request: &AppendEntriesRequest<Types>) -> bool {
        let metrics = self.raft().metrics();
        let metrics = metrics.borrow_watched();
        let holds = request.prev_log_id.as_ref().is_none_or(|id| metrics.last_log_index.is_some_and(|last| id.index <= last));
        holds && request.vote.committed && metrics.vote == request.vote
    }

    async fn vote(&self, body: Bytes) -> Result<Bytes> {
        let response = self.raft().vote(wire::decode_vote_request(body)?).await.map_err(|_| ended())?;
        Ok(wire::encode_vote_response(&response))
    }

    async fn pre_vote(&self, body: Bytes) -> Result<Bytes> {
        let response = self.raft().pre_vote(wire::decode_vote_request(body)?).await.map_err(|_| ended())?;
        Ok(wire::encode_vote_response(&response))
    }

    async fn take_over(&self, body: Bytes) -> Result<Bytes> {
        let taken = self.raft().handle_transfer_leader(wire::decode_transfer(body)?).await.map_err(|_| ended())?;
        taken.map(|()| Bytes::new()).map_err(|error| Error::new(Kind::Conflict, error.to_string()))
    }

    /// Entries as they come; the answers in the same order. It ends with the first that is no success, as openraft wants it.
    async fn append(&self, receiver: Receiver, mut sender: Sender) {
        let requests = stream::unfold(receiver, |mut receiver| async move {
            let body = receiver.next().await?.ok()?;
            Some((wire::decode_append(body).ok()?, receiver))
        });
        let mut answers = Box::pin(self.raft().stream_append(requests));
        while let Some(Ok(answer)) = answers.next().await {
            if answer.is_ok() {
                self.note_word();
            }
            let is_over = matches!(answer, Err(StreamAppendError::Conflict(_) | StreamAppendError::HigherVote(_)));
            if sender.send(wire::encode_appended(&answer)).await.is_err() || is_over {
                break;
            }
        }
        sender.finish();
    }
}
