//! One look at the partitions of a fetch, in their order.

use bytes::Bytes;
use kafka_wire::{
    ErrorCode,
    hot::fetch::FetchPartitionAnswer,
    messages::fetch::{EpochEndOffset, LeaderIdAndEpoch},
};
use replica::streams::Found;

use super::{closest::Closest, poll::Terms};
use crate::{
    errors,
    sessions::{Outcome, Slot, Wanted},
    topics::{Leader, Place, Topics},
};

/// A partition that is looked at.
pub(super) struct Asked {
    pub(super) slot: Slot,
    pub(super) wanted: Wanted,
    pub(super) place: Result<Place, ErrorCode>,
}

/// What one look at all partitions came to.
pub(super) struct Looked {
    pub(super) outcomes: Vec<Outcome<Told>>,
    pub(super) bytes: usize,
    /// Something has to be told at once: an error, that a client's log is another one, or to read elsewhere.
    is_urgent: bool,
}

/// What a partition is answered.
pub(super) struct Told {
    pub(super) answer: FetchPartitionAnswer,
    /// Records in it from the offset on that was asked for.
    pub(super) records: u64,
    /// Whether this node follows who leads the partition.
    pub(super) is_followed: bool,
}

/// How much an answer may still take.
struct Room {
    left: usize,
    /// No partition has given anything yet: the first one gives its first batch whatever its size.
    is_empty: bool,
}

/// An answer of one partition, and whether it was read to its end.
struct Read {
    answer: FetchPartitionAnswer,
    records: u64,
    is_at_end: bool,
    is_followed: bool,
}

impl Looked {
    /// Whether it is to be answered, rather than waited for more.
    pub(super) fn is_enough(&self, min_bytes: usize) -> bool {
        self.is_urgent || self.bytes >= min_bytes
    }
}

/// Reads the partitions in their order, as much as the client wants and `limit` at most, but something if there is something.
pub(super) async fn look(topics: &Topics, asked: &[Asked], terms: Terms<'_>, limit: usize) -> Looked {
    let left = usize::try_from(terms.max_bytes).unwrap_or(0).min(limit);
    let mut closest = Closest::to(terms.rack, topics);
    let mut room = Room { left, is_empty: true };
    let mut looked = Looked { outcomes: Vec::with_capacity(asked.len()), bytes: 0, is_urgent: false };
    for one in asked {
        let read = if terms.max_bytes < 0 || one.wanted.max_bytes < 0 {
            refused(one.wanted.partition, ErrorCode::InvalidFetchSize, None)
        } else {
            look_at(one, terms.by_follower, &mut closest, &mut room).await
        };
        let outcome = outcome(one.slot, read);
        looked.is_urgent |= !outcome.error.is_none() || outcome.is_diverging || outcome.has_preferred_replica;
        looked.bytes += outcome.records_bytes;
        looked.outcomes.push(outcome);
    }
    looked
}

fn outcome(slot: Slot, read: Read) -> Outcome<Told> {
    let Read { answer, records, is_at_end, is_followed } = read;
    Outcome {
        slot,
        records_bytes: answer.records.iter().map(Bytes::len).sum(),
        high_watermark: answer.high_watermark,
        log_start_offset: answer.log_start_offset,
        // A session only asks whether there is one.
        error: if answer.error_code == 0 { crate::ErrorCode::None } else { crate::ErrorCode::UnknownServerError },
        has_preferred_replica: answer.preferred_read_replica >= 0,
        is_diverging: answer.diverging_epoch.is_some(),
        is_at_end,
        payload: Told { answer, records, is_followed },
    }
}

fn refused(index: i32, code: ErrorCode, leader: Option<Leader>) -> Read {
    let current_leader = leader.map(|leader| LeaderIdAndEpoch { leader_id: leader.number, leader_epoch: leader.epoch });
    let error_code = code as i16;
    let answer =
        FetchPartitionAnswer { index, error_code, high_watermark: -1, current_leader, ..FetchPartitionAnswer::default() };
    Read::without_records(answer)
}

impl Read {
    fn without_records(answer: FetchPartitionAnswer) -> Read {
        Read { answer, records: 0, is_at_end: false, is_followed: false }
    }
}

async fn look_at(asked: &Asked, by_follower: bool, closest: &mut Closest, room: &mut Room) -> Read {
    let Wanted { partition: index, leader_epoch, fetch_offset, last_fetched_epoch, .. } = asked.wanted;
    let place = match &asked.place {
        Ok(place) => place,
        Err(code) => return refused(index, *code, None),
    };
    let leader = place.leader();
    if let Err(code) = leader.check_for(leader_epoch, by_follower) {
        let is_elsewhere = matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        return refused(index, code, is_elsewhere.then_some(leader));
    }
    if leader.is_here
        && let Some(replica) = closest.replica(place, fetch_offset)
    {
        return Read::without_records(FetchPartitionAnswer { preferred_read_replica: replica, ..standing(index, place) });
    }
    // What a follower lacks its leader may have, in whatever epoch: it does not say that a log ends or parts here.
    if !leader.is_here && fetch_offset > standing(index, place).high_watermark {
        return refused(index, ErrorCode::OffsetNotAvailable, None);
    }
    if let Some(diverging) = diverging(place, leader, last_fetched_epoch, fetch_offset) {
        return Read::without_records(FetchPartitionAnswer { diverging_epoch: Some(diverging), ..standing(index, place) });
    }
    Read { is_followed: !leader.is_here, ..read(&asked.wanted, place, leader, room).await }
}

async fn read(wanted: &Wanted, place: &Place, leader: Leader, room: &mut Room) -> Read {
    let Wanted { partition: index, fetch_offset, max_bytes, .. } = *wanted;
    let bytes_max = usize::try_from(max_bytes).unwrap_or(0).min(room.left);
    match place.read(fetch_offset, bytes_max, room.is_empty).await {
        Ok(Found::Batches(found)) => {
            room.left = room.left.saturating_sub(found.bytes);
            room.is_empty &= found.bytes == 0;
            let records = if found.bytes == 0 { 0 } else { found.next.abs_diff(fetch_offset) };
            // Looked up behind the read: what was read lies below it.
            let answer = FetchPartitionAnswer { records: found.pieces, ..standing(index, place) };
            Read { records, ..Read::without_records(answer) }
        }
        Ok(Found::AtEnd) => Read { is_at_end: true, ..Read::without_records(standing(index, place)) },
        Ok(Found::Unknown) if fetch_offset == 0 => Read { is_at_end: true, ..Read::without_records(standing(index, place)) },
        Ok(Found::BelowStart) => refused(index, ErrorCode::OffsetOutOfRange, None),
        Ok(Found::BeyondEnd | Found::Unknown) if !leader.is_here => refused(index, ErrorCode::OffsetNotAvailable, None),
        Ok(Found::BeyondEnd | Found::Unknown) => beyond(index, place, fetch_offset).await,
        Err(error) => refused(index, errors::of_error(&error), None),
    }
}

/// For an offset that was not here. A leader that was replaced and has not heard of it may lack records that the next one acknowledged:
/// a client that is told `OFFSET_OUT_OF_RANGE` begins anew somewhere else, so that is said only by who still leads.
async fn beyond(index: i32, place: &Place, offset: i64) -> Read {
    if place.shard.barrier().await.is_err() {
        return refused(index, ErrorCode::NotLeaderOrFollower, None);
    }
    let answer = standing(index, place);
    if offset > answer.high_watermark {
        return refused(index, ErrorCode::OffsetOutOfRange, None);
    }
    Read::without_records(answer)
}

/// An answer without records: where the partition stands.
fn standing(index: i32, place: &Place) -> FetchPartitionAnswer {
    let (log_start, end) = place.bounds();
    FetchPartitionAnswer {
        index,
        high_watermark: end,
        last_stable_offset: end,
        log_start_offset: log_start,
        ..FetchPartitionAnswer::default()
    }
}

/// Whether the client's log is another one than this from some offset on (KIP-320).
fn diverging(place: &Place, leader: Leader, last_fetched: i32, offset: i64) -> Option<EpochEndOffset> {
    // Nothing of a history is ever taken back.
    if last_fetched < 0 || place.history.is_some() {
        return None;
    }
    let (epoch, end_offset) = match place.shard.machine().epoch_end(place.id, last_fetched) {
        Some((-1, _)) if last_fetched <= leader.epoch => return None,
        Some(found) => found,
        None => return None,
    };
    (epoch < last_fetched || end_offset < offset).then_some(EpochEndOffset { epoch, end_offset })
}
