//! OffsetForLeaderEpoch: where an epoch ended (KIP-101, KIP-320).

use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        offset_for_leader_epoch::{
            EpochEndOffset, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition,
            OffsetForLeaderTopicResult,
        },
    },
};

use crate::{
    topics::Place,
    transport::{Answer, Call, Context, malformed},
};

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<OffsetForLeaderEpochRequest<'_>>() else { return malformed() };
    let each = request.topics.iter().map(|asked| OffsetForLeaderTopicResult {
        topic: asked.topic.clone(),
        partitions: asked.partitions.iter().map(|wanted| one(&context, &asked.topic, wanted)).collect(),
    });
    let response = OffsetForLeaderEpochResponse { topics: each.collect(), ..OffsetForLeaderEpochResponse::default() };
    call.answer(&response)
}

fn one(context: &Context, name: &str, wanted: &OffsetForLeaderPartition) -> EpochEndOffset {
    let partition = wanted.partition;
    let topics = &context.door.topics;
    let topic = context.find(ApiKey::OffsetForLeaderEpoch, name);
    let found = topic.and_then(|topic| topics.place(&topic, partition)).and_then(|place| end(&place, wanted));
    match found {
        Ok((leader_epoch, end_offset)) => EpochEndOffset { error_code: 0, partition, leader_epoch, end_offset },
        Err(code) => EpochEndOffset { error_code: code as i16, partition, leader_epoch: -1, end_offset: -1 },
    }
}

fn end(place: &Place, wanted: &OffsetForLeaderPartition) -> Result<(i32, i64), ErrorCode> {
    let leader = place.leader();
    leader.check(wanted.current_leader_epoch)?;
    let machine = place.shard.machine();
    let (_, end) = place.bounds();
    // Nothing of a history is ever taken back: whatever a client has of it is there.
    if place.history.is_some() && (0..leader.epoch).contains(&wanted.leader_epoch) {
        return Ok((wanted.leader_epoch, end));
    }
    // The leader's own epoch ends at the end, whether it has written yet or not.
    if wanted.leader_epoch == leader.epoch {
        return Ok((leader.epoch, end));
    }
    match machine.epoch_end(place.id, wanted.leader_epoch) {
        // Of an epoch between the last one that wrote and the leader's: nothing was written in it, so it ended where that one did.
        // Clients that are told -1 begin anew somewhere else.
        Some((-1, _)) if (0..leader.epoch).contains(&wanted.leader_epoch) => {
            Ok((machine.epoch_at(place.id, end).unwrap_or(wanted.leader_epoch), end))
        }
        None if (0..leader.epoch).contains(&wanted.leader_epoch) => Ok((wanted.leader_epoch, 0)),
        found => Ok(found.unwrap_or((-1, -1))),
    }
}
