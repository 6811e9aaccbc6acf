//! The bytes of a group's messages between nodes. `docs/formats/messages.md` draws them.
//!
//! Each begins with the version that wrote it; which versions two nodes speak, their handshake has settled. Counts and lengths
//! are believed only as far as there are bytes.

use base::{EntryId, Error, Kind, Result};
use bytes::{Buf, BufMut, Bytes};
use openraft::{
    entry::RaftEntry as _,
    impls::leader_id_std::LeaderId,
    raft::{
        AppendEntriesRequest, SnapshotResponse, StreamAppendError, StreamAppendResult, TransferLeaderRequest, VoteRequest,
        VoteResponse,
    },
};
use segments::SegmentMeta;

use super::{
    codec,
    types::{Entry, LogId, Types, Vote, entry_id, log_id},
};

/// The version this build writes and the only one it reads.
const VERSION: u8 = 1;
/// Of the head of a snapshot that names segments.
const VERSION_SEGMENTS: u8 = 2;
const ENTRY_HEAD_BYTES: usize = 8 + 8 + 4;
/// Bytes of a message without entries, about.
const HEAD_BYTES: usize = 64;

const ACCEPTED: u8 = 0;
const CONFLICT: u8 = 1;
const HIGHER_VOTE: u8 = 2;

fn malformed() -> Error {
    Error::new(Kind::Invalid, "a peer's message cannot be read")
}

fn begin() -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD_BYTES);
    out.put_u8(VERSION);
    out
}

fn open(data: &mut Bytes) -> Result<()> {
    match data.try_get_u8() {
        Ok(VERSION) => Ok(()),
        Ok(other) => Err(Error::new(Kind::Invalid, format!("a peer's message has version {other}, this build reads {VERSION}"))),
        Err(_) => Err(malformed()),
    }
}

fn close<T>(data: &Bytes, value: T) -> Result<T> {
    if data.is_empty() { Ok(value) } else { Err(malformed()) }
}

fn number(data: &mut Bytes) -> Result<u64> {
    data.try_get_u64_le().map_err(|_| malformed())
}

fn flag(data: &mut Bytes) -> Result<bool> {
    match data.try_get_u8() {
        Ok(0) => Ok(false),
        Ok(1) => Ok(true),
        _ => Err(malformed()),
    }
}

fn put_vote(out: &mut Vec<u8>, vote: &Vote) {
    out.put_u64_le(vote.leader_id.term);
    out.put_u64_le(vote.leader_id.voted_for);
    out.put_u8(u8::from(vote.committed));
}

fn get_vote(data: &mut Bytes) -> Result<Vote> {
    let leader_id = LeaderId { term: number(data)?, voted_for: number(data)? };
    Ok(Vote { leader_id, committed: flag(data)? })
}

fn put_log_id(out: &mut Vec<u8>, id: Option<&LogId>) {
    out.put_u8(u8::from(id.is_some()));
    if let Some(EntryId { term, index }) = id.map(entry_id) {
        out.put_u64_le(term);
        out.put_u64_le(index);
    }
}

fn get_log_id(data: &mut Bytes) -> Result<Option<LogId>> {
    Ok(if flag(data)? { Some(log_id(EntryId { term: number(data)?, index: number(data)? })) } else { None })
}

pub(super) fn encode_append(request: &AppendEntriesRequest<Types>) -> Bytes {
    let payloads: Vec<(EntryId, Bytes)> =
        request.entries.iter().map(|entry| (entry_id(&entry.log_id), codec::encode_payload(&entry.payload))).collect();
    let bytes: usize = payloads.iter().map(|(_, payload)| ENTRY_HEAD_BYTES + payload.len()).sum();
    let mut out = Vec::with_capacity(HEAD_BYTES + bytes);
    out.put_u8(VERSION);
    put_vote(&mut out, &request.vote);
    put_log_id(&mut out, request.prev_log_id.as_ref());
    put_log_id(&mut out, request.leader_commit.as_ref());
    out.put_u32_le(u32::try_from(payloads.len()).expect("a message carries few entries"));
    for (id, payload) in payloads {
        out.put_u64_le(id.term);
        out.put_u64_le(id.index);
        out.put_u32_le(u32::try_from(payload.len()).expect("an entry is bounded at the door"));
        out.put_slice(&payload);
    }
    out.into()
}

pub(super) fn decode_append(mut data: Bytes) -> Result<AppendEntriesRequest<Types>> {
    open(&mut data)?;
    let vote = get_vote(&mut data)?;
    let prev_log_id = get_log_id(&mut data)?;
    let leader_commit = get_log_id(&mut data)?;
    let count = data.try_get_u32_le().map_err(|_| malformed())? as usize;
    let mut entries = Vec::with_capacity(count.min(data.len() / ENTRY_HEAD_BYTES));
    let mut before = prev_log_id.as_ref().map(|id| id.index);
    for _ in 0..count {
        let id = EntryId { term: number(&mut data)?, index: number(&mut data)? };
        let len = data.try_get_u32_le().map_err(|_| malformed())? as usize;
        let follows = before.map_or(Some(0), |index| index.checked_add(1));
        if len > data.len() || follows != Some(id.index) {
            return Err(malformed());
        }
        before = Some(id.index);
        let payload = codec::decode_payload(data.split_to(len)).map_err(|_| malformed())?;
        entries.push(Entry::new(log_id(id), payload));
    }
    close(&data, AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
}

pub(super) fn encode_appended(result: &StreamAppendResult<Types>) -> Bytes {
    let mut out = begin();
    match result {
        Ok(upto) => {
            out.put_u8(ACCEPTED);
            put_log_id(&mut out, upto.as_ref());
        }
        Err(StreamAppendError::Conflict(at)) => {
            out.put_u8(CONFLICT);
            put_log_id(&mut out, Some(at));
        }
        Err(StreamAppendError::HigherVote(vote)) => {
            out.put_u8(HIGHER_VOTE);
            put_vote(&mut out, vote);
        }
    }
    out.into()
}

pub(super) fn decode_appended(mut data: Bytes) -> Result<StreamAppendResult<Types>> {
    open(&mut data)?;
    let result = match data.try_get_u8() {
        Ok(ACCEPTED) => Ok(get_log_id(&mut data)?),
        Ok(CONFLICT) => Err(StreamAppendError::Conflict(get_log_id(&mut data)?.ok_or_else(malformed)?)),
        Ok(HIGHER_VOTE) => Err(StreamAppendError::HigherVote(get_vote(&mut data)?)),
        _ => return Err(malformed()),
    };
    close(&data, result)
}

pub(super) fn encode_vote_request(request: &VoteRequest<Types>) -> Bytes {
    let mut out = begin();
    put_vote(&mut out, &request.vote);
    put_log_id(&mut out, request.last_log_id.as_ref());
    out.put_u8(u8::from(request.leadership_transfer));
    out.into()
}

pub(super) fn decode_vote_request(mut data: Bytes) -> Result<VoteRequest<Types>> {
    open(&mut data)?;
    let mut request = VoteRequest::new(get_vote(&mut data)?, get_log_id(&mut data)?);
    request.leadership_transfer = flag(&mut data)?;
    close(&data, request)
}

pub(super) fn encode_vote_response(response: &VoteResponse<Types>) -> Bytes {
    let mut out = begin();
    put_vote(&mut out, &response.vote);
    out.put_u8(u8::from(response.vote_granted));
    put_log_id(&mut out, response.last_log_id.as_ref());
    out.into()
}

pub(super) fn decode_vote_response(mut data: Bytes) -> Result<VoteResponse<Types>> {
    open(&mut data)?;
    let vote = get_vote(&mut data)?;
    let vote_granted = flag(&mut data)?;
    let last_log_id = get_log_id(&mut data)?;
    close(&data, VoteResponse { vote, vote_granted, last_log_id })
}

pub(super) fn encode_transfer(request: &TransferLeaderRequest<Types>) -> Bytes {
    let mut out = begin();
    put_vote(&mut out, request.from_leader());
    out.put_u64_le(*request.to_node_id());
    put_log_id(&mut out, request.last_log_id());
    out.into()
}

pub(super) fn decode_transfer(mut data: Bytes) -> Result<TransferLeaderRequest<Types>> {
    open(&mut data)?;
    let from = get_vote(&mut data)?;
    let to = number(&mut data)?;
    let last = get_log_id(&mut data)?;
    close(&data, TransferLeaderRequest::new(from, to, last))
}

/// What begins a snapshot.
pub(super) struct SnapshotHead {
    /// The leader's.
    pub(super) vote: Vote,
    /// The last entry that the state holds.
    pub(super) applied: EntryId,
    /// The membership record beside it.
    pub(super) membership: Bytes,
    /// The segments that it names.
    pub(super) segments: Vec<SegmentMeta>,
}

/// One that names segments has a version of its own.
pub(super) fn encode_snapshot_head(head: &SnapshotHead) -> Bytes {
    let mut out = begin();
    if !head.segments.is_empty() {
        out[0] = VERSION_SEGMENTS;
    }
    put_vote(&mut out, &head.vote);
    out.put_u64_le(head.applied.term);
    out.put_u64_le(head.applied.index);
    if !head.segments.is_empty() {
        out.put_u32_le(u32::try_from(head.segments.len()).expect("segments are few"));
        head.segments.iter().for_each(|meta| out.put_slice(&meta.encode()));
    }
    out.put_slice(&head.membership);
    out.into()
}

pub(super) fn decode_snapshot_head(mut data: Bytes) -> Result<SnapshotHead> {
    let has_segments = data.first() == Some(&VERSION_SEGMENTS);
    if has_segments {
        data.advance(1);
    } else {
        open(&mut data)?;
    }
    let vote = get_vote(&mut data)?;
    let applied = EntryId { term: number(&mut data)?, index: number(&mut data)? };
    let mut segments = Vec::new();
    if has_segments {
        let count = data.try_get_u32_le().map_err(|_| malformed())? as usize;
        if count > data.len() / SegmentMeta::BYTES {
            return Err(malformed());
        }
        for _ in 0..count {
            segments.push(SegmentMeta::decode(&data.split_to(SegmentMeta::BYTES))?);
        }
    }
    codec::decode_membership(data.clone()).map_err(|_| malformed())?;
    Ok(SnapshotHead { vote, applied, membership: data, segments })
}

/// A piece of a segment, among the pieces with pairs: no key is that long.
const SEGMENT_PIECE: u32 = u32::MAX;

/// Part of a segment's file: which of those that the head named, and its bytes.
pub(super) fn encode_segment_piece(number: usize, bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(8 + bytes.len());
    out.put_u32_le(SEGMENT_PIECE);
    out.put_u32_le(u32::try_from(number).expect("segments are few"));
    out.put_slice(bytes);
    out.into()
}

/// The number of a segment and bytes of its file, if that is what this piece is.
pub(super) fn decode_segment_piece(piece: &Bytes) -> Option<(usize, Bytes)> {
    let mut rest = piece.clone();
    let is_one = rest.try_get_u32_le().ok()? == SEGMENT_PIECE;
    let number = rest.try_get_u32_le().ok()? as usize;
    is_one.then_some((number, rest))
}

/// What a replica has of a state already: the last key of its pairs, and which of its segments it lacks.
pub(super) fn encode_resume(last: &[u8], lacks: &[bool]) -> Bytes {
    let mut out = Vec::with_capacity(4 + lacks.len() + last.len());
    out.put_u32_le(u32::try_from(lacks.len()).expect("segments are few"));
    lacks.iter().for_each(|lacks| out.put_u8(u8::from(*lacks)));
    out.put_slice(last);
    out.into()
}

/// The same, of a state with so many segments.
pub(super) fn decode_resume(mut data: Bytes, segments: usize) -> Result<(Bytes, Vec<bool>)> {
    if segments == 0 {
        return Ok((data, Vec::new()));
    }
    if data.try_get_u32_le().map_err(|_| malformed())? as usize != segments {
        return Err(malformed());
    }
    let lacks = (0..segments).map(|_| flag(&mut data)).collect::<Result<_>>()?;
    Ok((data, lacks))
}

pub(super) fn encode_snapshot_response(response: &SnapshotResponse<Types>) -> Bytes {
    let mut out = begin();
    put_vote(&mut out, &response.vote);
    out.into()
}

pub(super) fn decode_snapshot_response(mut data: Bytes) -> Result<SnapshotResponse<Types>> {
    open(&mut data)?;
    let vote = get_vote(&mut data)?;
    close(&data, SnapshotResponse::new(vote))
}
