//! What is read and written of a group's log while no replica runs: for a recovery by hand.

use std::collections::{BTreeMap, BTreeSet};

use base::{EntryId, Error, Kind, NodeId, Result, ShardId};
use bytes::Bytes;
use journal::Journal;
use openraft::{EmptyNode, impls::leader_id_std::LeaderId};

use table::Mark;

use super::{
    codec,
    types::{EntryPayload, Membership, Vote},
};

/// Reads what a replica begins with, and the last entry: whether this build and these bytes fit together.
///
/// # Errors
/// `Unsupported` if another build wrote it, `Corrupt` if none did, `Unavailable` if the disk refuses.
pub(super) fn check(shard: ShardId, journal: &Journal, mark: &Mark) -> Result<()> {
    let state = journal.state(shard);
    term(state.vote)?;
    settled_voters(mark.membership.clone())?;
    let Some(last) = state.last.filter(|last| state.purged < Some(*last)) else { return Ok(()) };
    let entries = journal.read(shard, last.index, last.index + 1, usize::MAX).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => Error::new(Kind::Corrupt, format!("the journal is damaged: {error}")),
        _ => Error::new(Kind::Unavailable, format!("the journal cannot be read: {error}")),
    })?;
    entries.into_iter().try_for_each(|entry| look(entry.payload).map(drop))
}

/// What an entry is, as far as a recovery asks.
pub(crate) enum Logged {
    /// It changes who votes.
    Voters(BTreeSet<NodeId>),
    /// A batch of commands.
    Batch(Bytes),
    /// A new leader's first.
    Blank,
}

/// Looks at an entry as the journal keeps it.
pub(crate) fn look(payload: Bytes) -> Result<Logged> {
    Ok(match codec::decode_payload(payload)? {
        EntryPayload::Blank => Logged::Blank,
        EntryPayload::Normal(command) => Logged::Batch(command.batch()),
        EntryPayload::Membership(membership) => Logged::Voters(membership.voter_ids().collect()),
    })
}

/// Who votes by what a settled state says.
pub(crate) fn settled_voters(membership: Bytes) -> Result<BTreeSet<NodeId>> {
    Ok(codec::decode_membership(membership)?.membership().voter_ids().collect())
}

/// The term of a vote; 0 without one.
pub(crate) fn term(vote: Option<Bytes>) -> Result<u64> {
    Ok(vote.map(codec::decode_vote).transpose()?.map_or(0, |vote| vote.leader_id.term))
}

/// A vote of `node` for itself.
pub(crate) fn own_vote(term: u64, node: NodeId) -> Bytes {
    codec::encode_vote(&Vote { leader_id: LeaderId { term, voted_for: node }, committed: false })
}

/// An entry by which `node` alone votes.
pub(crate) fn sole_voter(id: EntryId, node: NodeId) -> journal::Entry {
    let nodes = BTreeMap::from([(node, EmptyNode {})]);
    let membership = Membership::new(vec![BTreeSet::from([node])], nodes).expect("its only voter is among its nodes");
    journal::Entry { id, payload: codec::encode_payload(&EntryPayload::Membership(membership)) }
}

/// An entry with a batch.
pub(crate) fn batch(id: EntryId, batch: &[u8]) -> journal::Entry {
    journal::Entry { id, payload: codec::encode_commands(batch) }
}
