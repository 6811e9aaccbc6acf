//! DescribeProducers: who writes to a partition (KIP-664).

use std::borrow::Cow;

use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        describe_producers::{
            DescribeProducersRequest, DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
        },
    },
};
use stream::ProducerInfo;

use crate::repeated::distinct;
use crate::transport::{Answer, Call, Context, malformed};

/// Nobody coordinates a transaction of it: there are none.
const NO_COORDINATOR: i32 = -1;

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeProducersRequest<'_>>() else { return malformed() };
    let each = distinct(&request.topics, |asked| &*asked.name).map(|asked| TopicResponse {
        name: asked.name.clone(),
        partitions: distinct(&asked.partition_indexes, |index| *index).map(|index| one(&context, &asked.name, *index)).collect(),
    });
    call.answer(&DescribeProducersResponse { topics: each.collect(), ..DescribeProducersResponse::default() })
}

fn one(context: &Context, name: &str, partition_index: i32) -> PartitionResponse<'static> {
    let refused = |code: ErrorCode| PartitionResponse {
        partition_index,
        error_code: code as i16,
        error_message: Some(Cow::Borrowed(code.name())),
        active_producers: Vec::new(),
    };
    let topics = &context.door.topics;
    let topic = context.find(ApiKey::DescribeProducers, name);
    let place = match topic.and_then(|topic| topics.place(&topic, partition_index)) {
        Ok(place) => place,
        Err(code) => return refused(code),
    };
    if !place.leader().is_here {
        return refused(ErrorCode::NotLeaderOrFollower);
    }
    let state = |producer: ProducerInfo| ProducerState {
        producer_id: producer.id,
        producer_epoch: i32::from(producer.epoch),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: NO_COORDINATOR,
        current_txn_start_offset: -1,
    };
    let active_producers = place.shard.machine().producers(place.id).into_iter().map(state).collect();
    PartitionResponse { partition_index, active_producers, ..PartitionResponse::default() }
}
