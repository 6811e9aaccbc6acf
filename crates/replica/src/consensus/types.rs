//! openraft's types, bound to ours.

use std::{fmt, io, sync::Arc};

use base::{EntryId, NodeId};
use bytes::Bytes;
use openraft::{
    EmptyNode, OptionalSend,
    impls::{BoxedErrorSource, InlineBatch, OneshotResponder, leader_id_std::LeaderId},
    type_config::alias,
    vote::leader_id_std::CommittedLeaderId,
};
use parking_lot::Mutex;
use segments::Hold;
use table::{Snapshot, Staged};

use super::{Replies, codec};
use crate::runtime::Hall;

/// How the hall uses openraft: one leader per term, and whatever runs the calling task as the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Types;

impl openraft::RaftTypeConfig for Types {
    type D = Command;
    type R = Replies;
    type NodeId = NodeId;
    type Node = EmptyNode;
    type Term = u64;
    type LeaderId = LeaderId<u64, NodeId>;
    type Vote = openraft::Vote<Self::LeaderId>;
    type Payload = openraft::EntryPayload<Command, NodeId, EmptyNode>;
    type Entry = openraft::Entry<CommittedLeaderId<u64>, Self::Payload>;
    type AsyncRuntime = Hall;
    type Responder<T: OptionalSend + 'static> = OneshotResponder<Self, T>;
    type Batch<T: OptionalSend + 'static> = InlineBatch<T>;
    type ErrorSource = BoxedErrorSource;
}

pub(super) type Raft = openraft::Raft<Types, super::machine::MachineStore>;
pub(super) type Vote = alias::VoteOf<Types>;
pub(super) type LogId = alias::LogIdOf<Types>;
pub(super) type Entry = alias::EntryOf<Types>;
pub(super) type EntryPayload = alias::EntryPayloadOf<Types>;
pub(super) type Membership = openraft::Membership<NodeId, EmptyNode>;
pub(super) type StoredMembership = alias::StoredMembershipOf<Types>;
pub(super) type SnapshotMeta = alias::SnapshotMetaOf<Types>;
pub(super) type RaftSnapshot = alias::SnapshotOf<Types, Settled>;
pub(super) type Metrics = openraft::RaftMetrics<Types>;
pub(super) type MetricsWatch = alias::WatchReceiverOf<Types, Metrics>;
pub(super) type Flushed = openraft::storage::IOFlushed<Types>;

/// The batch of one entry, already as the journal keeps it, so that it is copied once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Command(Bytes);

impl Command {
    /// Wraps a batch.
    pub(super) fn new(batch: &[u8]) -> Command {
        Command(codec::encode_commands(batch))
    }

    /// Takes an entry's payload as the journal kept it; the caller has looked at its head.
    pub(super) fn from_encoded(payload: Bytes) -> Command {
        Command(payload)
    }

    /// The payload as the journal keeps it.
    pub(super) fn encoded(&self) -> Bytes {
        self.0.clone()
    }

    /// The batch.
    pub(super) fn batch(&self) -> Bytes {
        self.0.slice(codec::PAYLOAD_HEAD_BYTES..)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What a peer sent: staged, and its segments, held until they are live.
pub(crate) type Received = (Staged, Vec<Hold>);

/// A settled state, as openraft hands it around: a handle, never a copy.
#[derive(Clone)]
pub(crate) enum Settled {
    /// A replica's own, to be sent.
    Own(Arc<dyn Snapshot>),
    /// What a peer sent. Whoever installs it takes it; clones are one.
    Received(Arc<Mutex<Option<Received>>>),
}

impl Settled {
    /// What a peer sent, all of it.
    pub(crate) fn received(staged: Staged, segments: Vec<Hold>) -> Settled {
        Settled::Received(Arc::new(Mutex::new(Some((staged, segments)))))
    }
}

pub(super) fn log_id(id: EntryId) -> LogId {
    LogId::new(CommittedLeaderId::new(id.term), id.index)
}

pub(super) fn entry_id(id: &LogId) -> EntryId {
    EntryId { term: id.leader_id.term, index: id.index }
}

/// What openraft wants of storage errors; the text says what to do.
pub(super) fn storage_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(error)
}
