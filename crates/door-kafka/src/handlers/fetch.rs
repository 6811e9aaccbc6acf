//! Fetch: batches as they were stored, and long polls over all partitions of a request.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use cluster::catalogue::Topic;
use kafka_wire::{
    ErrorCode, Uuid,
    hot::fetch::{FetchAnswer, FetchPartitionAnswer, FetchTopicAnswer},
    messages::{
        ApiKey,
        fetch::{EpochEndOffset, FetchPartition, FetchRequest, LeaderIdAndEpoch, NodeEndpoint},
    },
};
use replica::{
    runtime,
    streams::{Bell, Found},
};

use crate::{
    errors,
    limits::FETCH_BYTES_MAX,
    topics::{Leader, Place, Topics},
    transport::{Answer, Call, Context, malformed},
};

/// From this version on topics are named by their ids.
const TOPIC_IDS_FROM: i16 = 13;
/// The longest that a fetch waits, whatever a client asks for.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// What is asked of one partition.
struct Asked {
    /// The place of its topic in the request.
    topic: usize,
    wanted: FetchPartition,
    place: Result<Place, ErrorCode>,
}

/// How much an answer may still take.
struct Room {
    left: usize,
    /// No partition has given anything yet: the first one gives its first batch whatever its size.
    is_empty: bool,
}

/// What one look at all partitions came to.
struct Looked {
    answers: Vec<FetchPartitionAnswer>,
    bytes: usize,
    /// Something has to be told at once: an error, or that a client's log is another one.
    is_urgent: bool,
}

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<FetchRequest<'_>>() else { return malformed() };
    if request.max_bytes < 0 || request.max_wait_ms < 0 {
        return error(&call, &request, ErrorCode::InvalidRequest);
    }
    // Who asks for a session that this door does not keep begins a new one, and gets none: every request names all partitions.
    if request.session_id != 0 && request.session_epoch > 0 {
        return error(&call, &request, ErrorCode::FetchSessionIdNotFound);
    }
    let topics = &context.door.topics;
    let unknown = if call.version >= TOPIC_IDS_FROM { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
    let found: Vec<Result<Arc<Topic>, ErrorCode>> = request
        .topics
        .iter()
        .map(|asked| {
            let may = |name: &str| context.authority.topic(ApiKey::Fetch, name);
            if call.version >= TOPIC_IDS_FROM {
                let topic = topics.topic_by_id(asked.topic_id.0).ok_or(unknown)?;
                may(&topic.name).map(|()| topic)
            } else {
                may(&asked.topic)?;
                topics.topic(&asked.topic).ok_or(unknown)
            }
        })
        .collect();
    let each = request.topics.iter().zip(&found).enumerate().flat_map(|(number, (asked, topic))| {
        asked.partitions.iter().map(move |wanted| Asked {
            topic: number,
            wanted: wanted.clone(),
            place: topic.as_ref().map_err(|code| *code).and_then(|topic| topics.place(topic, wanted.partition)),
        })
    });
    let asked: Vec<Asked> = each.collect();
    let looked = wait(&asked, &request).await;
    respond(topics, &call, &request, &asked, looked)
}

fn error(call: &Call, request: &FetchRequest<'_>, code: ErrorCode) -> Answer {
    let answer = FetchAnswer { error_code: code as i16, session_id: request.session_id.max(0), ..FetchAnswer::default() };
    finish(call, &answer)
}

fn finish(call: &Call, answer: &FetchAnswer<'_>) -> Answer {
    match answer.encode(call.correlation_id(), call.version) {
        Ok(pieces) => Answer::Pieces(pieces),
        Err(error) => Answer::Close(format!("an answer cannot be written: {error}")),
    }
}

/// Looks until there is enough, or it has waited long enough.
async fn wait(asked: &[Asked], request: &FetchRequest<'_>) -> Looked {
    let min_bytes = usize::try_from(request.min_bytes).unwrap_or(0);
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(WAIT_MAX);
    let give_up = runtime::now() + wait;
    let mut looked = look(asked, request).await;
    if is_enough(&looked, min_bytes) || wait.is_zero() || asked.is_empty() {
        return looked;
    }
    let mut bell = Bell::new();
    for place in asked.iter().filter_map(|asked| asked.place.as_ref().ok()) {
        place.shard.hang(&mut bell, place.id);
    }
    loop {
        // What moved between the last look and the hanging is seen by this one.
        looked = look(asked, request).await;
        if is_enough(&looked, min_bytes) {
            return looked;
        }
        tokio::select! {
            biased;
            _ = bell.moved() => {}
            () = runtime::sleep_until(give_up) => return looked,
        }
    }
}

fn is_enough(looked: &Looked, min_bytes: usize) -> bool {
    looked.is_urgent || looked.bytes >= min_bytes
}

async fn look(asked: &[Asked], request: &FetchRequest<'_>) -> Looked {
    let left = usize::try_from(request.max_bytes).unwrap_or(0).min(FETCH_BYTES_MAX);
    let mut room = Room { left, is_empty: true };
    let mut looked = Looked { answers: Vec::with_capacity(asked.len()), bytes: 0, is_urgent: false };
    for one in asked {
        let answer = look_at(one, &mut room).await;
        looked.is_urgent |= answer.error_code != 0 || answer.diverging_epoch.is_some();
        looked.bytes += answer.records.iter().map(Bytes::len).sum::<usize>();
        looked.answers.push(answer);
    }
    looked
}

fn refused(index: i32, code: ErrorCode, leader: Option<Leader>) -> FetchPartitionAnswer {
    let current_leader = leader.map(|leader| LeaderIdAndEpoch { leader_id: leader.number, leader_epoch: leader.epoch });
    FetchPartitionAnswer { index, error_code: code as i16, high_watermark: -1, current_leader, ..FetchPartitionAnswer::default() }
}

async fn look_at(asked: &Asked, room: &mut Room) -> FetchPartitionAnswer {
    let FetchPartition { partition: index, current_leader_epoch, fetch_offset, last_fetched_epoch, partition_max_bytes, .. } =
        asked.wanted;
    let place = match &asked.place {
        Ok(place) => place,
        Err(code) => return refused(index, *code, None),
    };
    let leader = place.leader();
    if let Err(code) = leader.check(current_leader_epoch) {
        let is_elsewhere = matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        return refused(index, code, is_elsewhere.then_some(leader));
    }
    if let Some(diverging) = diverging(place, leader, last_fetched_epoch, fetch_offset) {
        let mut answer = standing(index, place);
        answer.diverging_epoch = Some(diverging);
        return answer;
    }
    let bytes_max = usize::try_from(partition_max_bytes).unwrap_or(0).min(room.left);
    match place.shard.read(place.id, fetch_offset, bytes_max, room.is_empty).await {
        Ok(Found::Batches(found)) => {
            room.left = room.left.saturating_sub(found.bytes);
            room.is_empty &= found.bytes == 0;
            // Looked up behind the read: what was read lies below it.
            FetchPartitionAnswer { records: found.pieces, ..standing(index, place) }
        }
        Ok(Found::AtEnd) => standing(index, place),
        Ok(Found::Unknown) if fetch_offset == 0 => standing(index, place),
        Ok(Found::BeyondEnd | Found::BelowStart | Found::Unknown) => refused(index, ErrorCode::OffsetOutOfRange, None),
        Err(error) => refused(index, errors::of_error(&error), None),
    }
}

/// An answer without records: where the partition stands.
fn standing(index: i32, place: &Place) -> FetchPartitionAnswer {
    let info = place.shard.machine().partition(place.id);
    let (log_start, end) = info.map_or((0, 0), |info| (info.log_start, info.end));
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
    if last_fetched < 0 {
        return None;
    }
    let (epoch, end_offset) = match place.shard.machine().epoch_end(place.id, last_fetched) {
        Some((-1, _)) if last_fetched <= leader.epoch => return None,
        Some(found) => found,
        None => return None,
    };
    (epoch < last_fetched || end_offset < offset).then_some(EpochEndOffset { epoch, end_offset })
}

fn respond(topics: &Topics, call: &Call, request: &FetchRequest<'_>, asked: &[Asked], looked: Looked) -> Answer {
    let is_led_elsewhere = looked.answers.iter().any(|answer| answer.current_leader.is_some());
    let mut by_topic: HashMap<usize, Vec<FetchPartitionAnswer>> = HashMap::new();
    for (asked, answer) in asked.iter().zip(looked.answers) {
        by_topic.entry(asked.topic).or_default().push(answer);
    }
    let each = request.topics.iter().enumerate().map(|(number, topic)| FetchTopicAnswer {
        name: Cow::Borrowed(&*topic.topic),
        id: Uuid(topic.topic_id.0),
        partitions: by_topic.remove(&number).unwrap_or_default(),
    });
    let mut answer = FetchAnswer { topics: each.collect(), ..FetchAnswer::default() };
    if is_led_elsewhere {
        let endpoint = |broker: crate::brokers::Broker| NodeEndpoint {
            node_id: broker.number(),
            port: i32::from(broker.port),
            host: Cow::Owned(broker.host),
            rack: None,
        };
        answer.node_endpoints = topics.brokers().into_iter().map(endpoint).collect();
    }
    finish(call, &answer)
}
