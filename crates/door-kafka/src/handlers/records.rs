//! DeleteRecords: moves a partition's log start (KIP-107).

use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        delete_records::{
            DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsResponse,
            DeleteRecordsTopicResult,
        },
    },
};
use replica::Lane;
use stream::{Command, Refusal, Reply};

use crate::{
    errors,
    topics::Place,
    transport::{Answer, Call, Context, malformed},
};

/// The high watermark.
const END: i64 = -1;

pub(crate) async fn delete(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DeleteRecordsRequest<'_>>() else { return malformed() };
    let mut response = DeleteRecordsResponse::default();
    for asked in &request.topics {
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for wanted in &asked.partitions {
            let outcome = trim(&context, &asked.name, wanted).await;
            partitions.push(DeleteRecordsPartitionResult {
                partition_index: wanted.partition_index,
                low_watermark: outcome.unwrap_or(-1),
                error_code: outcome.err().unwrap_or(ErrorCode::None) as i16,
            });
        }
        response.topics.push(DeleteRecordsTopicResult { name: asked.name.clone(), partitions });
    }
    call.answer(&response)
}

async fn trim(context: &Context, name: &str, wanted: &DeleteRecordsPartition) -> Result<i64, ErrorCode> {
    context.topic(ApiKey::DeleteRecords, name)?;
    let topics = &context.door.topics;
    let topic = topics.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let place: Place = topics.place(&topic, wanted.partition_index)?;
    if !place.leader().is_here {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    let end = place.shard.machine().partition(place.id).map_or(0, |info| info.end);
    if wanted.offset > end || wanted.offset < END {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    let command = Command::Trim { partition: place.id, log_start: wanted.offset };
    let submitted = place.shard.submit(Lane::Normal, &command).map_err(|error| errors::of_error(&error))?;
    match submitted.await.map_err(|error| errors::of_error(&error))? {
        Ok(Reply::Trimmed { log_start }) => Ok(log_start),
        Ok(_) => Err(ErrorCode::UnknownServerError),
        // Nothing was ever written to it.
        Err(Refusal::UnknownPartition) => Ok(0),
        Err(refusal) => Err(errors::of_refusal(refusal)),
    }
}
