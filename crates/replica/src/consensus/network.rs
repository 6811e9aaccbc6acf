//! How a group's messages reach its peers: a [`Transport`], and what openraft wants of one.

use std::{future::Future, io, pin::Pin, sync::Arc};

use base::NodeId;
use futures_util::{Stream, StreamExt, stream};
use openraft::{
    EmptyNode, OptionalSend,
    errors::{RPCError, ReplicationClosed, StreamingError, Unreachable},
    network::{RPCOption, RaftNetworkFactory, RaftNetworkV2},
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, StreamAppendResult, TransferLeaderRequest,
        TransferLeaderResponse, VoteRequest, VoteResponse,
    },
};

use super::{
    holds::Holds,
    types::{RaftSnapshot, Settled, Types, Vote, entry_id},
};

pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;
pub(super) type Messages<T> = Pin<Box<dyn Stream<Item = T> + Send + 'static>>;

pub(super) type Appends = Messages<AppendEntriesRequest<Types>>;
pub(super) type Appended = Messages<io::Result<StreamAppendResult<Types>>>;

/// Carries one group's messages from this node to its peers. An error means that the peer did not answer.
pub(super) trait Transport: Send + Sync + 'static {
    /// Appends, pipelined: the peer answers in order, and the next goes out before the last was answered.
    fn append(&self, to: NodeId, requests: Appends) -> Answer<'_, Appended>;

    /// Asks for a vote.
    fn vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>>;

    /// Asks whether a vote would be granted.
    fn pre_vote(&self, to: NodeId, request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>>;

    /// Sends settled state.
    fn snapshot(&self, to: NodeId, vote: Vote, snapshot: RaftSnapshot) -> Answer<'_, SnapshotResponse<Types>>;

    /// Hands leadership over.
    fn transfer(&self, to: NodeId, request: TransferLeaderRequest<Types>) -> Answer<'_, TransferLeaderResponse<Types>>;
}

/// The transport of a cluster of one: nobody is there.
pub(super) struct Alone;

fn nobody<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(std::future::ready(Err(io::Error::new(io::ErrorKind::NotConnected, "this node has no peers"))))
}

impl Transport for Alone {
    fn append(&self, _to: NodeId, _requests: Appends) -> Answer<'_, Appended> {
        nobody()
    }

    fn vote(&self, _to: NodeId, _request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        nobody()
    }

    fn pre_vote(&self, _to: NodeId, _request: VoteRequest<Types>) -> Answer<'_, VoteResponse<Types>> {
        nobody()
    }

    fn snapshot(&self, _to: NodeId, _vote: Vote, _snapshot: RaftSnapshot) -> Answer<'_, SnapshotResponse<Types>> {
        nobody()
    }

    fn transfer(&self, _to: NodeId, _request: TransferLeaderRequest<Types>) -> Answer<'_, TransferLeaderResponse<Types>> {
        nobody()
    }
}

/// Gives openraft a [`Peer`] for every node.
pub(super) struct Peers {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) holds: Holds,
}

impl RaftNetworkFactory<Types> for Peers {
    type Network = Peer;

    async fn new_client(&mut self, to: NodeId, _node: &EmptyNode) -> Peer {
        Peer { to, transport: self.transport.clone(), holds: self.holds.clone() }
    }
}

/// One peer of a group.
pub(super) struct Peer {
    to: NodeId,
    transport: Arc<dyn Transport>,
    holds: Holds,
}

type Rpc<T> = Result<T, RPCError<Types>>;
type AnswerStream<'a> = Pin<Box<dyn Stream<Item = Rpc<StreamAppendResult<Types>>> + Send + 'a>>;

fn unanswered(error: &io::Error) -> RPCError<Types> {
    RPCError::Unreachable(Unreachable::new(error))
}

impl RaftNetworkV2<Types> for Peer {
    type SnapshotData = Settled;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Rpc<AppendEntriesResponse<Types>> {
        let once = Box::pin(stream::once(std::future::ready(request)));
        let mut answers = self.transport.append(self.to, once).await.map_err(|error| unanswered(&error))?;
        match answers.next().await {
            Some(answer) => answer.map(AppendEntriesResponse::from).map_err(|error| unanswered(&error)),
            None => Err(unanswered(&io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn stream_append<'s, S>(
        &'s mut self,
        requests: S,
        _option: RPCOption,
    ) -> Pin<Box<dyn Future<Output = Rpc<AnswerStream<'s>>> + Send + 's>>
    where
        S: Stream<Item = AppendEntriesRequest<Types>> + OptionalSend + Unpin + 'static,
    {
        Box::pin(async move {
            let answers = self.transport.append(self.to, Box::pin(requests)).await.map_err(|error| unanswered(&error))?;
            let answers = answers.map(|answer| answer.map_err(|error| unanswered(&error)));
            Ok(Box::pin(answers) as AnswerStream<'s>)
        })
    }

    async fn vote(&mut self, request: VoteRequest<Types>, _option: RPCOption) -> Rpc<VoteResponse<Types>> {
        self.transport.vote(self.to, request).await.map_err(|error| unanswered(&error))
    }

    /// openraft's default grants; a peer that cannot be asked has granted nothing.
    async fn pre_vote(&mut self, request: VoteRequest<Types>, _option: RPCOption) -> Rpc<VoteResponse<Types>> {
        self.transport.pre_vote(self.to, request).await.map_err(|error| unanswered(&error))
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: RaftSnapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let index = snapshot.meta.last_log_id.as_ref().map_or(0, |last| entry_id(last).index);
        let _sending = self.holds.sending(self.to, index);
        let mut cancel = std::pin::pin!(cancel);
        tokio::select! {
            biased;
            closed = &mut cancel => Err(StreamingError::Closed(closed)),
            answer = self.transport.snapshot(self.to, vote, snapshot) => {
                answer.map_err(|error| StreamingError::Unreachable(Unreachable::new(&error)))
            }
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        _option: RPCOption,
    ) -> Rpc<TransferLeaderResponse<Types>> {
        self.transport.transfer(self.to, request).await.map_err(|error| unanswered(&error))
    }
}
