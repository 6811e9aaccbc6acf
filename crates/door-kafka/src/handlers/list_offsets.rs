//! ListOffsets: where a partition begins, ends, or was at some time.

use kafka_wire::{
    ErrorCode,
    batch::{Batch, Place as Found},
    messages::{
        ApiKey,
        list_offsets::{
            ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
        },
    },
};
use replica::streams;

use crate::{
    errors,
    limits::{BATCH_BYTES_MAX, GREATEST_LOOKS_MAX, INFLATION_MAX, LOOKUP_BYTES},
    topics::{Leader, Place},
    transport::{Answer, Call, Context, malformed},
};

/// From this version on an offset comes with its leader epoch.
const EPOCH_FROM: i16 = 4;

/// The end (KIP-79).
const LATEST: i64 = -1;
/// The log start.
const EARLIEST: i64 = -2;
/// The record with the greatest timestamp (KIP-734).
const MAX_TIMESTAMP: i64 = -3;
/// The first that is on this cluster's own disks (KIP-405): all that there is.
const EARLIEST_LOCAL: i64 = -4;
/// The last that is elsewhere: nothing is.
const LATEST_TIERED: i64 = -5;
/// The first that has yet to go elsewhere (KIP-1023): nothing has.
const EARLIEST_PENDING_UPLOAD: i64 = -6;

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<ListOffsetsRequest<'_>>() else { return malformed() };
    let topics = &context.door.topics;
    let mut response = ListOffsetsResponse::default();
    for asked in &request.topics {
        let topic = context.find(ApiKey::ListOffsets, &asked.name);
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for wanted in &asked.partitions {
            let place = topic.as_ref().map_err(|code| *code);
            let place = place.and_then(|topic| topics.place(topic, wanted.partition_index));
            let found = match place {
                Ok(place) => find(&place, wanted).await,
                Err(code) => Err(code),
            };
            let found = found.unwrap_or_else(|code| ListOffsetsPartitionResponse {
                error_code: code as i16,
                ..nothing(wanted.partition_index)
            });
            let leader_epoch = if call.version >= EPOCH_FROM { found.leader_epoch } else { -1 };
            partitions.push(ListOffsetsPartitionResponse { leader_epoch, ..found });
        }
        response.topics.push(ListOffsetsTopicResponse { name: asked.name.clone(), partitions });
    }
    call.answer(&response)
}

/// No offset.
fn nothing(index: i32) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse { partition_index: index, error_code: 0, timestamp: -1, offset: -1, leader_epoch: -1 }
}

async fn find(place: &Place, wanted: &ListOffsetsPartition) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let leader = place.leader();
    leader.check(wanted.current_leader_epoch)?;
    // What was acknowledged before this was asked is counted, whoever acknowledged it.
    place.shard.barrier().await.map_err(|error| errors::of_error(&error))?;
    let (log_start, end) = place.bounds();
    let at = |offset: i64, timestamp: i64, leader_epoch: i32| ListOffsetsPartitionResponse {
        offset,
        timestamp,
        leader_epoch,
        ..nothing(wanted.partition_index)
    };
    let epoch_at = |offset: i64| place.shard.machine().epoch_at(place.id, offset).unwrap_or(-1);
    if let Some(history) = &place.history {
        // Its records are of no epoch: nothing of it is ever taken back.
        let found = match wanted.timestamp {
            LATEST => return Ok(at(end, -1, -1)),
            EARLIEST | EARLIEST_LOCAL => return Ok(at(log_start, -1, -1)),
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(None),
            MAX_TIMESTAMP => history.greatest().await,
            timestamp if timestamp >= 0 => history.first_at_or_after(timestamp).await,
            _ => return Err(ErrorCode::UnsupportedVersion),
        };
        let found = found.map_err(|error| errors::of_error(&error))?;
        return Ok(found.map_or(nothing(wanted.partition_index), |found| at(found.offset, found.timestamp, -1)));
    }
    match wanted.timestamp {
        LATEST => Ok(at(end, -1, leader.epoch)),
        EARLIEST | EARLIEST_LOCAL => Ok(at(log_start, -1, epoch_of_start(place, leader, log_start, end))),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Ok(nothing(wanted.partition_index)),
        MAX_TIMESTAMP => {
            let found = greatest(place).await?;
            Ok(found.map_or(nothing(wanted.partition_index), |found| at(found.offset, found.timestamp, epoch_at(found.offset))))
        }
        timestamp if timestamp >= 0 => {
            let found = first_at_or_after(place, timestamp).await?;
            Ok(found.map_or(nothing(wanted.partition_index), |found| at(found.offset, found.timestamp, epoch_at(found.offset))))
        }
        _ => Err(ErrorCode::UnsupportedVersion),
    }
}

fn epoch_of_start(place: &Place, leader: Leader, log_start: i64, end: i64) -> i32 {
    let known = if log_start < end { place.shard.machine().epoch_at(place.id, log_start) } else { Some(leader.epoch) };
    known.unwrap_or(leader.epoch)
}

/// The first record with this timestamp or a later one that is not trimmed.
async fn first_at_or_after(place: &Place, timestamp: i64) -> Result<Option<Found>, ErrorCode> {
    let error = |error: base::Error| errors::of_error(&error);
    let log_start = place.shard.machine().partition(place.id).map_or(0, |info| info.log_start);
    let base = place.shard.first_at_or_after(place.id, log_start, timestamp).await.map_err(error)?;
    let Some(base) = base else { return Ok(None) };
    // Where the log start cuts the first such batch in two, what is left of it may be older, and later batches are looked at.
    let mut from = base.max(log_start);
    while let streams::Found::Batches(found) = place.shard.read(place.id, from, LOOKUP_BYTES, true).await.map_err(error)? {
        let bytes = found.pieces.concat();
        let mut rest = &bytes[..];
        while let Some((batch, behind)) = Batch::split(rest).map_err(|_| ErrorCode::CorruptMessage)? {
            let first = batch.first_at_or_after(from, timestamp, BATCH_BYTES_MAX * INFLATION_MAX);
            if let Some(first) = first.map_err(|_| ErrorCode::CorruptMessage)? {
                return Ok(Some(first));
            }
            rest = behind;
        }
        if found.next <= from {
            break;
        }
        from = found.next;
    }
    Ok(None)
}

/// The first of the records with the greatest timestamp among those that are not trimmed.
async fn greatest(place: &Place) -> Result<Option<Found>, ErrorCode> {
    let error = |error: base::Error| errors::of_error(&error);
    for _ in 0..GREATEST_LOOKS_MAX {
        let info = place.shard.machine().partition(place.id).filter(|info| info.log_start < info.end);
        let Some(info) = info else { return Ok(None) };
        let read = place.shard.read(place.id, info.log_start, 1, true).await.map_err(error)?;
        let streams::Found::Batches(read) = read else { continue };
        let bytes = read.pieces.concat();
        // The log start may cut the first batch in two, and what made it late be gone: its records are looked at, of the others heads.
        let first = match Batch::split(&bytes).map_err(|_| ErrorCode::CorruptMessage)? {
            Some((batch, _)) => batch.greatest(info.log_start, BATCH_BYTES_MAX * INFLATION_MAX),
            None => Ok(None),
        };
        let first = first.map_err(|_| ErrorCode::CorruptMessage)?;
        let behind = place.shard.greatest_timestamp(place.id, read.next).await.map_err(error)?;
        let timestamp = first.map(|first| first.timestamp).max(behind).filter(|timestamp| *timestamp >= 0);
        let Some(timestamp) = timestamp else { return Ok(None) };
        let first = first.filter(|first| first.timestamp == timestamp);
        let found = if first.is_some() { first } else { first_at_or_after(place, timestamp).await? };
        if found.is_some() {
            return Ok(found);
        }
        // It was trimmed meanwhile.
    }
    Err(ErrorCode::OffsetNotAvailable)
}
