//! Fetch: batches as they were stored, and long polls over all partitions of a request or of a session (KIP-227).
//!
//! Whoever leads a partition answers, or names a replica in the consumer's own rack (KIP-392). A follower answers consumers, too, from what
//! is applied there: all of that is acknowledged, but there may be more. Who does neither says who leads (KIP-951).

mod closest;
mod listening;
mod look;
mod poll;
mod room;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use kafka_wire::{
    Uuid,
    hot::fetch::{FetchAnswer, FetchTopicAnswer},
    messages::fetch::{FetchPartition, FetchRequest, NodeEndpoint},
};
pub(crate) use listening::Listening;
use look::Told;
pub(crate) use room::{FetchRoom, Share};

use crate::{
    coordination::now_ms,
    door::Shared,
    errors,
    limits::FETCH_TOPIC_ID_VERSION_MIN,
    sessions::{self, Fetch, FetchReply, Topic, Wanted},
    transport::{Answer, Call, Context, malformed},
};

/// The epoch of a request that has no session and wants none.
const WITHOUT: i32 = -1;

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<FetchRequest<'_>>() else { return malformed() };
    let door = &*context.door;
    let terms = poll::Terms::of(&request, call.version);
    let fetch = if request.session_id == 0 && request.session_epoch == WITHOUT {
        Ok(Fetch::without_session(wanted(&request, call.version)))
    } else {
        door.sessions.lock().begin(now_ms(), of_session(&context, &request, call.version))
    };
    let (reply, share) = match fetch {
        Ok(fetch) if fetch.is_incremental() => poll::incremental(&context, fetch, terms).await,
        Ok(fetch) => poll::everything(&context, fetch, terms).await,
        Err(error) => {
            let reply = FetchReply { error, session_id: request.session_id, partitions: Vec::new() };
            return respond(door, &call, reply, None);
        }
    };
    respond(door, &call, reply, Some(share))
}

/// How a request names a topic.
fn topic(version: i16, name: &str, id: Uuid) -> Topic {
    if version >= FETCH_TOPIC_ID_VERSION_MIN { Topic::Id(id.0.to_be_bytes()) } else { Topic::Name(Arc::from(name)) }
}

fn wanted(request: &FetchRequest<'_>, version: i16) -> Vec<Wanted> {
    let each = request.topics.iter().flat_map(|asked| {
        let topic = topic(version, &asked.topic, asked.topic_id);
        asked.partitions.iter().map(move |wanted: &FetchPartition| Wanted {
            topic: topic.clone(),
            partition: wanted.partition,
            fetch_offset: wanted.fetch_offset,
            max_bytes: wanted.partition_max_bytes,
            leader_epoch: wanted.current_leader_epoch,
            last_fetched_epoch: wanted.last_fetched_epoch,
        })
    });
    each.collect()
}

fn of_session(context: &Context, request: &FetchRequest<'_>, version: i16) -> sessions::FetchRequest {
    let forgotten = request.forgotten_topics_data.iter().flat_map(|asked| {
        let topic = topic(version, &asked.topic, asked.topic_id);
        asked.partitions.iter().map(move |partition| (topic.clone(), *partition))
    });
    sessions::FetchRequest {
        principal: context.authority.identity().principal.clone(),
        version,
        session_id: request.session_id,
        epoch: request.session_epoch,
        partitions: wanted(request, version),
        forgotten: forgotten.collect(),
    }
}

/// Partitions of a topic that follow each other stand in it together; the order of partitions is kept.
fn by_topic(reply: FetchReply<Told>) -> Vec<FetchTopicAnswer<'static>> {
    let mut topics: Vec<FetchTopicAnswer<'static>> = Vec::new();
    let mut last: Option<Topic> = None;
    for one in reply.partitions {
        if last.as_ref() != Some(&one.topic) {
            let (name, id) = match &one.topic {
                Topic::Name(name) => (Cow::Owned(name.to_string()), Uuid::ZERO),
                Topic::Id(id) => (Cow::Borrowed(""), Uuid(u128::from_be_bytes(*id))),
            };
            topics.push(FetchTopicAnswer { name, id, partitions: Vec::new() });
        }
        last = Some(one.topic);
        topics.last_mut().expect("one was pushed for the first partition").partitions.push(one.payload.answer);
    }
    topics
}

fn respond(door: &Shared, call: &Call, reply: FetchReply<Told>, share: Option<Share>) -> Answer {
    call.tells([errors::wire(reply.error) as i16]);
    call.tells(reply.partitions.iter().map(|one| one.payload.answer.error_code));
    for Told { answer, records, is_followed } in reply.partitions.iter().map(|one| &one.payload) {
        door.metrics.fetched(*records, answer.records.iter().map(Bytes::len).sum(), *is_followed);
        if answer.preferred_read_replica >= 0 {
            door.metrics.sent_elsewhere();
        }
    }
    let is_led_elsewhere = reply.partitions.iter().any(|answer| answer.payload.answer.current_leader.is_some());
    let mut answer =
        FetchAnswer { error_code: errors::wire(reply.error) as i16, session_id: reply.session_id, ..FetchAnswer::default() };
    answer.topics = by_topic(reply);
    if is_led_elsewhere {
        let endpoint = |broker: crate::brokers::Broker| NodeEndpoint {
            node_id: broker.number(),
            port: i32::from(broker.port),
            host: Cow::Owned(broker.host),
            rack: broker.rack.map(Cow::Owned),
        };
        answer.node_endpoints = door.topics.brokers().into_iter().map(endpoint).collect();
    }
    match answer.encode(call.correlation_id(), call.version) {
        Ok(pieces) => match share {
            Some(share) => Answer::Records(pieces, share),
            None => Answer::Pieces(pieces),
        },
        Err(error) => Answer::Close(format!("an answer cannot be written: {error}")),
    }
}
