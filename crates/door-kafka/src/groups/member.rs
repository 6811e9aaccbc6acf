//! A member of a group.

use bytes::Bytes;

use super::{Join, JoinedMember, Protocol, StoredMember, Ticket};
use crate::limits::ENTRY_OVERHEAD_BYTES;

/// A member: its durable part, and what it waits for.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// The join that waits for the rebalance.
    pub(super) join: Option<Ticket>,
    /// The sync that waits for the assignments.
    pub(super) sync: Option<Ticket>,
    /// It has not been answered yet, so it cannot send heartbeats, and may time out while it waits.
    pub(super) is_new: bool,
    /// It was told of the generation and has not asked for its assignment.
    pub(super) owes_sync: bool,
    /// When it is gone unless it is heard; nothing while it waits for others.
    pub(super) expires_at: Option<u64>,
}

impl Member {
    /// Its metadata is kept long, so it must not share the buffer that the request came in.
    pub(super) fn new(join: &Join) -> Member {
        Member {
            instance_id: join.instance_id.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            rebalance_timeout_ms: join.rebalance_timeout_ms(),
            session_timeout_ms: join.session_timeout_ms,
            protocols: own(&join.protocols),
            assignment: Bytes::new(),
            join: None,
            sync: None,
            is_new: true,
            owes_sync: false,
            expires_at: None,
        }
    }

    /// A member that was loaded offers only what was chosen: the rest was not stored.
    pub(super) fn load(stored: StoredMember, protocol: &str) -> Member {
        let protocols = vec![Protocol { name: protocol.to_owned(), metadata: stored.subscription }];
        Member {
            instance_id: stored.instance_id,
            client_id: stored.client_id,
            client_host: stored.client_host,
            rebalance_timeout_ms: if stored.rebalance_timeout_ms < 0 {
                stored.session_timeout_ms
            } else {
                stored.rebalance_timeout_ms
            },
            session_timeout_ms: stored.session_timeout_ms,
            protocols,
            assignment: stored.assignment,
            join: None,
            sync: None,
            is_new: false,
            owes_sync: false,
            expires_at: None,
        }
    }

    pub(super) fn store(&self, member_id: &str, protocol: Option<&str>) -> StoredMember {
        StoredMember {
            member_id: member_id.to_owned(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            subscription: self.metadata(protocol),
            assignment: self.assignment.clone(),
        }
    }

    pub(super) fn joined(&self, member_id: &str, protocol: Option<&str>) -> JoinedMember {
        JoinedMember { member_id: member_id.to_owned(), instance_id: self.instance_id.clone(), metadata: self.metadata(protocol) }
    }

    /// What it said under `protocol`.
    pub(super) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let offered = self.protocols.iter().find(|offered| Some(offered.name.as_str()) == protocol);
        offered.map(|offered| offered.metadata.clone()).unwrap_or_default()
    }

    pub(super) fn update(&mut self, join: &Join) {
        self.protocols = own(&join.protocols);
        self.rebalance_timeout_ms = join.rebalance_timeout_ms();
        self.session_timeout_ms = join.session_timeout_ms;
    }

    /// Whether it waits for others, and so need not be heard.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.join.is_some() || self.sync.is_some())
    }

    pub(super) fn session_timeout(&self) -> u64 {
        u64::try_from(self.session_timeout_ms).unwrap_or(0)
    }

    /// What it costs, its id included.
    pub(super) fn bytes(&self, member_id: &str) -> usize {
        let instance = self.instance_id.as_ref().map_or(0, String::len);
        let names = member_id.len() + 2 * instance + self.client_id.len() + self.client_host.len();
        let protocols: usize = self.protocols.iter().map(|offered| offered.name.len() + offered.metadata.len()).sum();
        ENTRY_OVERHEAD_BYTES + names + protocols + self.assignment.len()
    }
}

fn own(protocols: &[Protocol]) -> Vec<Protocol> {
    let copy = |offered: &Protocol| Protocol { name: offered.name.clone(), metadata: Bytes::copy_from_slice(&offered.metadata) };
    protocols.iter().map(copy).collect()
}
