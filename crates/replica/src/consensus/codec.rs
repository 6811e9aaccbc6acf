//! The bytes that consensus leaves on disk: votes, entries' payloads, memberships. `docs/formats/consensus.md` draws them.
//!
//! Each begins with the version that wrote it. openraft's own serialisation is not used, since its shape may change with
//! any of its releases.

use std::collections::BTreeSet;

use base::{EntryId, Error, Kind, NodeId, Result};
use bytes::{Buf, BufMut, Bytes};
use openraft::{EmptyNode, impls::leader_id_std::LeaderId};

use super::types::{Command, EntryPayload, Membership, StoredMembership, Vote, log_id};

/// The version this build writes and the only one it reads.
const VERSION: u8 = 1;
/// Version and kind.
pub(super) const PAYLOAD_HEAD_BYTES: usize = 2;
/// Greatest number of nodes of a group: a bound for what a damaged count may allocate.
const NODES_MAX: u32 = 1024;
/// Sets of voters that are in force at once: two while a change is under way.
const VOTER_SETS_MAX: u32 = 2;

/// The version of what stands beside a settled state, where a membership alone was of version 1.
const VERSION_BESIDE: u8 = 2;
/// Version, whether there is a digest, the digest.
const BESIDE_HEAD_BYTES: usize = 1 + 1 + 8;

const KIND_BLANK: u8 = 0;
const KIND_COMMANDS: u8 = 1;
const KIND_MEMBERSHIP: u8 = 2;

fn damaged(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("{what} is damaged: restore this node from a backup or its peers"))
}

fn take_version(what: &str, data: &mut Bytes) -> Result<()> {
    match data.try_get_u8() {
        Ok(VERSION) => Ok(()),
        Ok(other) => Err(Error::new(
            Kind::Unsupported,
            format!("{what} has version {other}, this build reads {VERSION}: start the build that wrote it"),
        )),
        Err(_) => Err(damaged(what)),
    }
}

/// A vote: whom this replica follows or voted for, and whether that is known to lead.
pub(super) fn encode_vote(vote: &Vote) -> Bytes {
    let mut out = Vec::with_capacity(18);
    out.put_u8(VERSION);
    out.put_u64_le(vote.leader_id.term);
    out.put_u64_le(vote.leader_id.voted_for);
    out.put_u8(u8::from(vote.committed));
    out.into()
}

pub(super) fn decode_vote(mut data: Bytes) -> Result<Vote> {
    const WHAT: &str = "a shard's vote";
    take_version(WHAT, &mut data)?;
    let (Ok(term), Ok(voted_for), Ok(committed), true) =
        (data.try_get_u64_le(), data.try_get_u64_le(), data.try_get_u8(), data.is_empty())
    else {
        return Err(damaged(WHAT));
    };
    let committed = match committed {
        0 => false,
        1 => true,
        _ => return Err(damaged(WHAT)),
    };
    Ok(Vote { leader_id: LeaderId { term, voted_for }, committed })
}

/// The payload of an entry with commands.
pub(super) fn encode_commands(batch: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(PAYLOAD_HEAD_BYTES + batch.len());
    out.put_u8(VERSION);
    out.put_u8(KIND_COMMANDS);
    out.put_slice(batch);
    out.into()
}

/// An entry's payload as the journal keeps it.
pub(super) fn encode_payload(payload: &EntryPayload) -> Bytes {
    match payload {
        EntryPayload::Blank => Bytes::from_static(&[VERSION, KIND_BLANK]),
        EntryPayload::Normal(command) => command.encoded(),
        EntryPayload::Membership(membership) => {
            let mut out = vec![VERSION, KIND_MEMBERSHIP];
            put_membership(&mut out, membership);
            out.into()
        }
    }
}

pub(super) fn decode_payload(data: Bytes) -> Result<EntryPayload> {
    const WHAT: &str = "a log entry";
    let mut rest = data.clone();
    take_version(WHAT, &mut rest)?;
    match rest.try_get_u8() {
        Ok(KIND_BLANK) if rest.is_empty() => Ok(EntryPayload::Blank),
        Ok(KIND_COMMANDS) => Ok(EntryPayload::Normal(Command::from_encoded(data))),
        Ok(KIND_MEMBERSHIP) => {
            let membership = get_membership(&mut rest).ok_or_else(|| damaged(WHAT))?;
            if rest.is_empty() { Ok(EntryPayload::Membership(membership)) } else { Err(damaged(WHAT)) }
        }
        _ => Err(damaged(WHAT)),
    }
}

/// The membership that a machine keeps beside what it settled, with the entry that brought it. Empty: none yet.
pub(super) fn encode_membership(id: EntryId, membership: &Membership) -> Bytes {
    let mut out = vec![VERSION];
    out.put_u64_le(id.term);
    out.put_u64_le(id.index);
    put_membership(&mut out, membership);
    out.into()
}

/// What a machine keeps beside what it settled: the membership and, if it is known, the digest of its state.
pub(crate) fn encode_beside(membership: &[u8], digest: Option<u64>) -> Bytes {
    let mut out = Vec::with_capacity(BESIDE_HEAD_BYTES + membership.len());
    out.put_u8(VERSION_BESIDE);
    out.put_u8(u8::from(digest.is_some()));
    out.put_u64_le(digest.unwrap_or_default());
    out.put_slice(membership);
    out.into()
}

/// The membership and the digest. Before there were digests, the membership stood alone.
pub(crate) fn split_beside(mut data: Bytes) -> Result<(Bytes, Option<u64>)> {
    if data.first() != Some(&VERSION_BESIDE) {
        return Ok((data, None));
    }
    if data.len() < BESIDE_HEAD_BYTES {
        return Err(damaged("what stands beside a shard's state"));
    }
    data.advance(1);
    let (known, digest) = (data.get_u8(), data.get_u64_le());
    Ok((data, (known == 1).then_some(digest)))
}

pub(super) fn decode_membership(data: Bytes) -> Result<StoredMembership> {
    const WHAT: &str = "a shard's membership";
    let (mut data, _) = split_beside(data)?;
    if data.is_empty() {
        return Ok(StoredMembership::default());
    }
    take_version(WHAT, &mut data)?;
    let (Ok(term), Ok(index)) = (data.try_get_u64_le(), data.try_get_u64_le()) else {
        return Err(damaged(WHAT));
    };
    let membership = get_membership(&mut data).ok_or_else(|| damaged(WHAT))?;
    if !data.is_empty() {
        return Err(damaged(WHAT));
    }
    Ok(StoredMembership::new(Some(log_id(EntryId { term, index })), membership))
}

fn put_membership(out: &mut Vec<u8>, membership: &Membership) {
    let sets = membership.get_joint_config();
    out.put_u32_le(count(sets.len()));
    for set in sets {
        put_nodes(out, set.iter());
    }
    let nodes: Vec<&NodeId> = membership.nodes().map(|(id, _)| id).collect();
    put_nodes(out, nodes.into_iter());
}

fn put_nodes<'a>(out: &mut Vec<u8>, nodes: impl ExactSizeIterator<Item = &'a NodeId>) {
    out.put_u32_le(count(nodes.len()));
    nodes.for_each(|id| out.put_u64_le(*id));
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a group has few nodes")
}

fn get_membership(data: &mut Bytes) -> Option<Membership> {
    let sets = data.try_get_u32_le().ok().filter(|count| *count <= VOTER_SETS_MAX)?;
    let voters = (0..sets).map(|_| get_nodes(data)).collect::<Option<Vec<BTreeSet<NodeId>>>>()?;
    let nodes = get_nodes(data)?.into_iter().map(|id| (id, EmptyNode {})).collect::<std::collections::BTreeMap<_, _>>();
    Membership::new(voters, nodes).ok()
}

fn get_nodes(data: &mut Bytes) -> Option<BTreeSet<NodeId>> {
    let count = data.try_get_u32_le().ok().filter(|count| *count <= NODES_MAX)?;
    (0..count).map(|_| data.try_get_u64_le().ok()).collect()
}
