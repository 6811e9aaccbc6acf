//! Produce: batches are checked and handed on in their order; the answer waits until they are durable on a quorum and applied.
//!
//! `acks=1` is answered exactly like `acks=all`; `acks=0` is not answered, and what goes wrong with it ends the connection.

use std::{borrow::Cow, sync::Arc, time::Duration};

use bytes::Bytes;
use cluster::catalogue::Topic;
use kafka_wire::{
    ErrorCode, Uuid,
    batch::{self, Fault, RecordFaultKind, Rules},
    hot::produce as hot,
    messages::{
        ApiKey,
        produce::{
            BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
            TopicProduceResponse,
        },
    },
};
use replica::{Lane, runtime, streams::Submitted};
use stream::{Command, Reply};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    errors,
    histories::READ_ONLY,
    limits::{INFLATED_BYTES_MAX, INFLATION_MAX, PRODUCE_BYTES_MAX},
    metrics::Metrics,
    topics::{Leader, Place, Topics},
    transport::{Answer, Answering, Call, Context, malformed},
};

/// From this version on topics are named by their ids.
const TOPIC_IDS_FROM: i16 = 13;
/// From this version on zstd may be used (KIP-110).
const ZSTD_FROM: i16 = 7;

/// What becomes of one partition's batch.
struct Part {
    index: i32,
    outcome: Outcome,
}

enum Outcome {
    /// It is on its way.
    Submitted(Append),
    Refused(Refusal),
}

/// A batch on its way.
struct Append {
    submitted: Submitted,
    place: Place,
    /// If the topic takes the time of appending.
    time: Option<i64>,
    records: u32,
    bytes: usize,
}

#[derive(Default)]
struct Refusal {
    code: Option<ErrorCode>,
    message: Option<String>,
    records: Vec<(i32, String)>,
    leader: Option<Leader>,
}

struct TopicParts {
    name: String,
    id: Uuid,
    parts: Vec<Part>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Refusal {
        Refusal { code: Some(code), ..Refusal::default() }
    }
}

/// Hands all batches on, and gives what answers. Waits while too much is under way already.
pub(crate) async fn begin(context: Context, call: Call) -> Answering {
    let Some(request) = call.request() else { return Box::pin(async { malformed() }) };
    let room =
        take_room(&context.door.produce_room, request.body.len(), context.door.options.produce_bytes_max, &context.door.metrics)
            .await;
    let Ok(produce) = hot::Produce::parse(request.body, call.version) else { return Box::pin(async { malformed() }) };
    let (acks, timeout_ms) = (produce.acks, produce.timeout_ms);
    let topics = match acks {
        -1..=1 => submit(&context, &call, &produce),
        _ => refuse_all(&produce, ErrorCode::InvalidRequiredAcks),
    };
    Box::pin(async move {
        let answer = wait(&context, &call, topics, acks, timeout_ms).await;
        drop(room);
        answer
    })
}

/// Room for a request of so many bytes, which one that is larger than all the room takes whole. None is refused: nobody closes it.
async fn take_room(free: &Arc<Semaphore>, bytes: usize, all: usize, metrics: &Metrics) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes.min(all.clamp(1, PRODUCE_BYTES_MAX))).unwrap_or(u32::MAX);
    if let Ok(room) = free.clone().try_acquire_many_owned(bytes) {
        return Some(room);
    }
    metrics.waited_to_produce();
    free.clone().acquire_many_owned(bytes).await.ok()
}

fn refuse_all(produce: &hot::Produce<'_>, code: ErrorCode) -> Vec<TopicParts> {
    let refuse = |topic: hot::Topic<'_>| TopicParts {
        name: topic.name.to_owned(),
        id: topic.id,
        parts: topic.partitions().map(|part| Part { index: part.index, outcome: Outcome::Refused(code.into()) }).collect(),
    };
    produce.topics().map(refuse).collect()
}

fn submit(context: &Context, call: &Call, produce: &hot::Produce<'_>) -> Vec<TopicParts> {
    let (topics, authority, version) = (&context.door.topics, &*context.authority, call.version);
    let is_transactional = produce.transactional_id.is_some();
    let each = |asked: hot::Topic<'_>| {
        let topic = if version >= TOPIC_IDS_FROM {
            let topic = topics.topic_by_id(asked.id.0).ok_or(match config::Topic::of_id(asked.id.0) {
                Some(_) => ErrorCode::InvalidTopicException,
                None => ErrorCode::UnknownTopicId,
            });
            topic.and_then(|topic| authority.topic(ApiKey::Produce, &topic.name).map(|()| topic))
        } else {
            let allowed = context.topic(ApiKey::Produce, asked.name);
            allowed.and_then(|()| topics.topic(asked.name).ok_or(ErrorCode::UnknownTopicOrPartition))
        };
        let part = |part: hot::Partition<'_>| {
            let outcome = match &topic {
                // Transactions are not served: what belongs to one is not taken as if it did not.
                Ok(_) if is_transactional => Err(ErrorCode::TransactionalIdAuthorizationFailed.into()),
                Ok(topic) => submit_one(topics, topic, &part, call),
                Err(code @ ErrorCode::InvalidTopicException) => {
                    Err(Refusal { message: Some(READ_ONLY.to_owned()), ..(*code).into() })
                }
                Err(code) => Err((*code).into()),
            };
            Part { index: part.index, outcome: outcome.unwrap_or_else(Outcome::Refused) }
        };
        TopicParts { name: asked.name.to_owned(), id: asked.id, parts: asked.partitions().map(part).collect() }
    };
    produce.topics().map(each).collect()
}

fn submit_one(topics: &Topics, topic: &Arc<Topic>, part: &hot::Partition<'_>, call: &Call) -> Result<Outcome, Refusal> {
    let place = topics.place(topic, part.index)?;
    let leader = place.leader();
    if !leader.is_here {
        return Err(Refusal { leader: Some(leader), ..ErrorCode::NotLeaderOrFollower.into() });
    }
    let now = i64::try_from(runtime::wall_ms()).unwrap_or(i64::MAX);
    let settings = topics.settings(topic);
    let append_time = settings.is_append_time().then_some(now);
    let rules = Rules {
        batch_bytes_max: settings.max_message_bytes,
        inflated_bytes_max: settings.max_message_bytes.saturating_mul(INFLATION_MAX).min(INFLATED_BYTES_MAX),
        compacted: false,
        zstd: call.version >= ZSTD_FROM,
        timestamps: settings.timestamps(now),
    };
    let bytes = part.records.unwrap_or_default();
    let checked = batch::validate(bytes, &rules).map_err(|fault| refused(&fault))?;
    let mut changed = None;
    if let Some(time) = append_time {
        batch::set_log_append_time(changed.insert(bytes.to_vec()), time);
    } else if checked.max_timestamp != checked.batch.max_timestamp() {
        batch::set_max_timestamp(changed.insert(bytes.to_vec()), checked.max_timestamp);
    }
    let batch = changed.map_or_else(|| call.slice(bytes), Bytes::from);
    let command = Command::Append { term: leader.term, partition: place.id, batch };
    let submitted = place
        .shard
        .submit(Lane::Normal, &command)
        .map_err(|error| Refusal { message: Some(error.message.to_string()), ..errors::of_error(&error).into() })?;
    Ok(Outcome::Submitted(Append { submitted, place, time: append_time, records: checked.records, bytes: bytes.len() }))
}

fn refused(fault: &Fault) -> Refusal {
    let text = |kind: RecordFaultKind| match kind {
        RecordFaultKind::NoKey => "a record of a compacted topic needs a key",
        RecordFaultKind::Timestamp => "the timestamp lies outside of what the topic allows",
    };
    let records = match fault {
        Fault::Records(faults) => {
            faults.iter().map(|fault| (i32::try_from(fault.index).unwrap_or(i32::MAX), text(fault.kind).to_owned())).collect()
        }
        _ => Vec::new(),
    };
    Refusal { message: Some(fault.to_string()), records, ..errors::of_fault(fault).into() }
}

/// Waits for all of them.
async fn wait(context: &Context, call: &Call, topics: Vec<TopicParts>, acks: i16, timeout_ms: i32) -> Answer {
    let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0).max(1));
    let give_up = runtime::now() + timeout;
    let mut response = ProduceResponse::default();
    let (mut failed, mut is_led_elsewhere) = (None, false);
    for topic in topics {
        let mut responses = Vec::with_capacity(topic.parts.len());
        for part in topic.parts {
            let answer = settle(part, give_up, &context.door.metrics).await;
            if answer.error_code != 0 {
                failed.get_or_insert(answer.error_code);
            }
            is_led_elsewhere |= answer.current_leader.leader_id >= 0;
            responses.push(answer);
        }
        let name = Cow::Owned(topic.name);
        response.responses.push(TopicProduceResponse { name, topic_id: topic.id, partition_responses: responses });
    }
    if acks == 0 {
        return failed
            .map_or(Answer::None, |code| Answer::Close(format!("a batch without acknowledgement failed: error {code}")));
    }
    if is_led_elsewhere && call.version >= 10 {
        response.node_endpoints = endpoints(&context.door.topics);
    }
    call.answer(&response)
}

async fn settle(part: Part, give_up: Duration, metrics: &Metrics) -> PartitionProduceResponse<'static> {
    let index = part.index;
    let refused = |refusal: Refusal| {
        let leader = refusal.leader.map(|leader| LeaderIdAndEpoch { leader_id: leader.number, leader_epoch: leader.epoch });
        PartitionProduceResponse {
            index,
            error_code: refusal.code.unwrap_or(ErrorCode::UnknownServerError) as i16,
            base_offset: -1,
            record_errors: refusal
                .records
                .into_iter()
                .map(|(batch_index, text)| BatchIndexAndErrorMessage {
                    batch_index,
                    batch_index_error_message: Some(Cow::Owned(text)),
                })
                .collect(),
            error_message: refusal.message.map(Cow::Owned),
            current_leader: leader.unwrap_or_default(),
            ..PartitionProduceResponse::default()
        }
    };
    let Append { submitted, place, time, records, bytes } = match part.outcome {
        Outcome::Submitted(append) => append,
        Outcome::Refused(refusal) => return refused(refusal),
    };
    let outcome = tokio::select! {
        biased;
        outcome = submitted => outcome,
        // It may be applied later all the same; an idempotent producer that repeats it gets its first offset.
        () = runtime::sleep_until(give_up) => return refused(ErrorCode::RequestTimedOut.into()),
    };
    match outcome {
        Ok(Ok(Reply::Appended(appended))) => {
            metrics.produced(records, bytes);
            PartitionProduceResponse {
                index,
                base_offset: appended.base_offset,
                log_append_time_ms: time.unwrap_or(-1),
                log_start_offset: appended.log_start,
                ..PartitionProduceResponse::default()
            }
        }
        Ok(Ok(_)) => refused(ErrorCode::UnknownServerError.into()),
        Ok(Err(stream::Refusal::Fenced)) => {
            refused(Refusal { leader: Some(place.leader()), ..ErrorCode::NotLeaderOrFollower.into() })
        }
        Ok(Err(refusal)) => refused(errors::of_refusal(refusal).into()),
        Err(error) => refused(Refusal { message: Some(error.message.to_string()), ..errors::of_error(&error).into() }),
    }
}

fn endpoints(topics: &Topics) -> Vec<NodeEndpoint<'static>> {
    let endpoint = |broker: crate::brokers::Broker| NodeEndpoint {
        node_id: broker.number(),
        port: i32::from(broker.port),
        host: Cow::Owned(broker.host),
        rack: broker.rack.map(Cow::Owned),
    };
    topics.brokers().into_iter().map(endpoint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_finds_no_room_waits_for_it_and_is_counted() {
        let (free, metrics) = (Arc::new(Semaphore::new(PRODUCE_BYTES_MAX)), Metrics::default());
        let all = take_room(&free, usize::MAX, PRODUCE_BYTES_MAX, &metrics).await;
        assert!(all.is_some(), "more than there is takes all");
        assert_eq!((free.available_permits(), metrics.snapshot().produce_waits), (0, 0));
        let (taken, ()) = tokio::join!(take_room(&free, 7, PRODUCE_BYTES_MAX, &metrics), async { drop(all) });
        assert_eq!((taken.map(|room| room.num_permits()), metrics.snapshot().produce_waits), (Some(7), 1));
    }
}
