//! A consumer group as it is kept: its state, and its offsets.

use std::collections::BTreeMap;

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    fields::{Reader, put_bytes, put_count, put_optional},
    identity::{PartitionId, Position},
};

/// What a coordinator needs to go on with a group. Texts are UTF-8, as clients sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// Counts its rebalances.
    pub generation: i32,
    /// `consumer`, `connect` and the like; `None` while nobody ever joined.
    pub protocol_type: Option<Bytes>,
    /// The assignor that was agreed on.
    pub protocol: Option<Bytes>,
    /// The member that assigns.
    pub leader: Option<Bytes>,
    /// Its members; none: the group is empty.
    pub members: Vec<Member>,
}

/// A member of a group, of the classic protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: Bytes,
    /// Its instance, if it is a static member (KIP-345).
    pub instance: Option<Bytes>,
    /// What its client calls itself.
    pub client_id: Bytes,
    /// Where it comes from.
    pub client_host: Bytes,
    /// How long a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it sent for the protocol that was agreed on.
    pub subscription: Bytes,
    /// What the leader gave it.
    pub assignment: Bytes,
}

/// Least bytes of a member; see the drawing.
const MEMBER_BYTES_MIN: usize = 29;

impl GroupState {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32_le(self.generation);
        for text in [&self.protocol_type, &self.protocol, &self.leader] {
            put_optional(text.as_ref(), out);
        }
        put_count(self.members.len(), out);
        self.members.iter().for_each(|member| member.encode(out));
    }

    pub(crate) fn decode(reader: &mut Reader) -> Result<GroupState> {
        Ok(GroupState {
            generation: reader.i32()?,
            protocol_type: reader.optional()?,
            protocol: reader.optional()?,
            leader: reader.optional()?,
            members: (0..reader.count(MEMBER_BYTES_MIN)?).map(|_| Member::decode(reader)).collect::<Result<_>>()?,
        })
    }

    pub(crate) fn member(&self, id: &[u8]) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(crate) fn instance(&self, instance: &[u8]) -> Option<&Member> {
        self.members.iter().find(|member| member.instance.as_deref() == Some(instance))
    }
}

impl Member {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(&self.id, out);
        put_optional(self.instance.as_ref(), out);
        put_bytes(&self.client_id, out);
        put_bytes(&self.client_host, out);
        out.put_i32_le(self.rebalance_timeout_ms);
        out.put_i32_le(self.session_timeout_ms);
        put_bytes(&self.subscription, out);
        put_bytes(&self.assignment, out);
    }

    fn decode(reader: &mut Reader) -> Result<Member> {
        Ok(Member {
            id: reader.bytes()?,
            instance: reader.optional()?,
            client_id: reader.bytes()?,
            client_host: reader.bytes()?,
            rebalance_timeout_ms: reader.i32()?,
            session_timeout_ms: reader.i32()?,
            subscription: reader.bytes()?,
            assignment: reader.bytes()?,
        })
    }
}

/// An offset that a group keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Of the last record that was read; -1: not known.
    pub leader_epoch: i32,
    /// What the client left with it.
    pub metadata: Bytes,
    /// When it was committed, by the entry's time.
    pub time_ms: u64,
    /// How long the client wants it to be kept; negative: as long as is usual.
    pub retention_ms: i64,
    /// Which commit it was.
    pub position: Position,
}

/// A group as a shard holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What its coordinator stored.
    pub state: GroupState,
    /// When that was, by the entry's time.
    pub stored_ms: u64,
    /// What it keeps.
    pub offsets: BTreeMap<PartitionId, Committed>,
}

impl Group {
    /// When an offset expires, where offsets are kept for `retention_ms` (KIP-211): so long after its commit, and in a group whose
    /// members have all left so long after they had, if that is later. Whoever said with the commit how long to keep it (OffsetCommit
    /// 2 to 4) is taken at their word. Whether a member still wants it is the coordinator's to know.
    pub fn expires_ms(&self, committed: &Committed, retention_ms: u64) -> u64 {
        if let Ok(wanted_ms) = u64::try_from(committed.retention_ms) {
            return committed.time_ms.saturating_add(wanted_ms);
        }
        let is_left = self.state.members.is_empty() && self.state.protocol_type.is_some();
        let since_ms = if is_left { self.stored_ms.max(committed.time_ms) } else { committed.time_ms };
        since_ms.saturating_add(retention_ms)
    }

    /// Whether nothing is lost with it: it has neither members nor offsets.
    pub(crate) fn is_void(&self) -> bool {
        self.state.members.is_empty() && self.offsets.is_empty()
    }
}
