//! What all connections of one node share.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use base::NodeId;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{
    Channel, Handler, Options, Roster,
    bucket::Bucket,
    connection::Connection,
    counts::{Counters, count},
    handshake::Failed,
    hello::Identity,
    limits,
    refusal::{Refusal, Refused},
    tls::Tls,
};

/// What all connections of one node share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) identity: Identity,
    pub(crate) tls: Tls,
    pub(crate) roster: Arc<dyn Roster>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) snapshots: Bucket,
    /// Whether a peer refused this node since it was removed.
    pub(crate) removed: AtomicBool,
    /// Who has come in: a peer that dials can be dialled, and need not be waited out.
    pub(crate) arrivals: broadcast::Sender<NodeId>,
    /// The connections that peers dialled: one for each peer and channel.
    accepted: Mutex<HashMap<(NodeId, Channel), Arc<Connection>>>,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        tls: Tls,
        counters: Arc<Counters>,
        roster: Arc<dyn Roster>,
        handler: Arc<dyn Handler>,
    ) -> Self {
        let identity = Identity {
            cluster: options.cluster,
            node: options.node,
            name: options.name.clone(),
            versions: options.versions.clone(),
            // Checked when the options were taken.
            credit: options.stream_credit_bytes as u32,
        };
        let snapshots = Bucket::new(options.snapshot_bytes_per_second);
        let removed = AtomicBool::new(false);
        let arrivals = broadcast::Sender::new(limits::ARRIVALS_KEPT);
        let accepted = Mutex::default();
        Self { options, identity, tls, roster, handler, counters, snapshots, removed, arrivals, accepted }
    }

    /// Bytes that a peer's stream may have on the way to this node.
    pub(crate) fn stream_credit(&self) -> usize {
        self.options.stream_credit_bytes
    }

    /// Counts why a handshake did not come to its end.
    pub(crate) fn count_failed(&self, failed: &Failed) {
        if let Failed::Refused(refused) = failed {
            self.counters.refused(refused.reason);
            if refused.by_peer && refused.reason == Refusal::Removed {
                self.removed.store(true, Ordering::Release);
            }
        }
    }

    /// Whether one more connection from `node` may be taken.
    pub(crate) fn has_place(&self, node: NodeId, channel: Channel) -> Result<(), Refused> {
        let accepted = self.accepted.lock();
        if accepted.len() < limits::ACCEPTED_MAX || accepted.contains_key(&(node, channel)) {
            return Ok(());
        }
        Err(Refused::here(Refusal::Full, "too many connections are open here"))
    }

    /// Keeps a connection from a peer, and gives back the one that it had before: that one is dead, or its peer would not dial.
    pub(crate) fn keep(&self, connection: Arc<Connection>) -> Option<Arc<Connection>> {
        count(&self.counters.accepted);
        let key = (connection.terms.peer, connection.terms.channel);
        self.accepted.lock().insert(key, connection)
    }

    pub(crate) fn forget(&self, connection: &Arc<Connection>) {
        let key = (connection.terms.peer, connection.terms.channel);
        let mut accepted = self.accepted.lock();
        if accepted.get(&key).is_some_and(|kept| Arc::ptr_eq(kept, connection)) {
            accepted.remove(&key);
        }
    }

    /// The connections that were dialled by peers, by one node or by all.
    pub(crate) fn accepted(&self, node: Option<NodeId>) -> Vec<Arc<Connection>> {
        let accepted = self.accepted.lock();
        accepted.values().filter(|connection| node.is_none_or(|node| connection.terms.peer == node)).cloned().collect()
    }
}
