//! Waiting until a fetch has enough.

use std::time::Duration;

use kafka_wire::{
    ErrorCode,
    messages::{ApiKey, fetch::FetchRequest},
};
use replica::{runtime, streams::Bell};

use super::{
    listening::{Listening, leaders, place},
    look::{Asked, Looked, Told, look},
    room::Share,
};
use crate::{
    coordination::now_ms,
    door::Shared,
    limits::{FETCH_FROM_FOLLOWER_VERSION_MIN, FETCH_LEADERSHIP_TICK, FETCH_WAIT_MAX},
    sessions::{Due, Fetch, FetchReply, Slot, Topic},
    transport::Context,
};

/// How much a fetch wants, over all its partitions, how long it waits for that, and by whom it may be served.
#[derive(Clone, Copy)]
pub(super) struct Terms<'r> {
    min_bytes: usize,
    pub(super) max_bytes: i32,
    give_up: Duration,
    /// Whether a follower may serve it.
    pub(super) by_follower: bool,
    /// Where the consumer stands; empty if it does not say, or is not to be sent to another replica.
    pub(super) rack: &'r str,
}

type Reply = FetchReply<Told>;

impl<'r> Terms<'r> {
    pub(super) fn of(request: &'r FetchRequest<'_>, version: i16) -> Terms<'r> {
        // What copies a log has a number, and copies it from its leader.
        let is_consumer = request.replica_id < 0 && request.replica_state.replica_id < 0;
        let by_follower = is_consumer && version >= FETCH_FROM_FOLLOWER_VERSION_MIN;
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(FETCH_WAIT_MAX);
        Terms {
            min_bytes: usize::try_from(request.min_bytes).unwrap_or(0),
            max_bytes: request.max_bytes,
            give_up: runtime::now() + wait,
            by_follower,
            rack: if by_follower { &request.rack_id } else { "" },
        }
    }

    fn is_done(&self, looked: &Looked) -> bool {
        looked.is_enough(self.min_bytes) || runtime::now() >= self.give_up
    }

    /// Until when it waits before it looks at least who leads.
    fn next_tick(&self) -> Duration {
        self.give_up.min(runtime::now() + FETCH_LEADERSHIP_TICK)
    }
}

/// A look at partitions, and the room that what it found takes until it is written.
async fn look_within(door: &Shared, asked: &[Asked], terms: Terms<'_>) -> (Looked, Share) {
    let room = &door.fetch_room;
    let mut share = room.take(usize::try_from(terms.max_bytes).unwrap_or(0)).await;
    loop {
        let looked = look(&door.topics, asked, terms, share.bytes()).await;
        if looked.bytes <= share.bytes() || share.is_all() {
            share.keep(looked.bytes);
            return (looked, share);
        }
        // A batch that is larger than the share. It is let go while there is none for it.
        let bytes = looked.bytes;
        drop((looked, share));
        share = room.take_whole(bytes).await;
    }
}

/// Whether this topic may be read by who asks: each fetch is asked anew, whatever was so when its session began.
fn may(context: &Context, topic: &Topic) -> Result<(), ErrorCode> {
    match topic {
        Topic::Name(name) => context.topic(ApiKey::Fetch, name),
        Topic::Id(id) => {
            let found = context.door.topics.readable_by_id(u128::from_be_bytes(*id));
            // Of what is not there, nothing is kept back.
            found.map_or(Ok(()), |topic| context.allowed(ApiKey::Fetch, &topic))
        }
    }
}

/// A fetch that names everything: with the session that it begins, if it wants one.
pub(super) async fn everything(context: &Context, fetch: Fetch, terms: Terms<'_>) -> (Reply, Share) {
    let door = &*context.door;
    let partitions = fetch.named();
    let ask = |(slot, wanted): (Slot, crate::sessions::Wanted)| Asked {
        slot,
        place: may(context, &wanted.topic)
            .and_then(|()| place(&door.topics, &wanted.topic, wanted.partition))
            .and_then(|place| context.lets_show(&place).map(|()| place)),
        wanted,
    };
    let asked: Vec<Asked> = partitions.into_iter().map(ask).collect();
    let (looked, share) = wait(context, asked, terms).await;
    (finish(door, fetch, looked), share)
}

async fn wait(context: &Context, mut asked: Vec<Asked>, terms: Terms<'_>) -> (Looked, Share) {
    let door = &*context.door;
    let found = look_within(door, &asked, terms).await;
    if asked.is_empty() || terms.is_done(&found.0) {
        return found;
    }
    drop(found);
    let mut bell = Bell::new();
    for place in asked.iter().filter_map(|asked| asked.place.as_ref().ok()) {
        place.hang(&mut bell);
    }
    loop {
        let led = leaders(door.topics.shards().values());
        // What moved between the last look and the hanging is seen by this one.
        let found = look_within(door, &asked, terms).await;
        if terms.is_done(&found.0) {
            return found;
        }
        drop(found);
        let mut is_waiting = true;
        while is_waiting {
            let tick = terms.next_tick();
            is_waiting = tokio::select! {
                biased;
                _ = bell.moved() => false,
                () = runtime::sleep_until(tick) => tick < terms.give_up && leaders(door.topics.shards().values()) == led,
            };
        }
        // Who may not read a history any more is not shown what has come since.
        for one in &mut asked {
            if let Ok(place) = &one.place
                && let Err(code) = context.lets_show(place)
            {
                one.place = Err(code);
            }
        }
    }
}

/// A fetch that goes on with a session: it looks at what is due.
pub(super) async fn incremental(context: &Context, fetch: Fetch, terms: Terms<'_>) -> (Reply, Share) {
    let door = &*context.door;
    let mut listening = prepare(door, &fetch);
    loop {
        let due = door.sessions.lock().due(&fetch);
        let ask = |due: &Due| Asked {
            slot: due.slot,
            place: may(context, &due.wanted.topic)
                .and_then(|()| listening.place(&door.topics, due.slot, &due.wanted))
                .and_then(|place| context.lets_show(&place).map(|()| place)),
            wanted: due.wanted.clone(),
        };
        let asked: Vec<Asked> = due.iter().map(ask).collect();
        let (mut looked, share) = look_within(door, &asked, terms).await;
        let is_done = terms.is_done(&looked);
        let quiet = take_quiet(&due, &mut looked);
        door.sessions.lock().set_quiet(&fetch, &quiet);
        if is_done {
            door.sessions.lock().keep_listening(&fetch, listening);
            return (finish(door, fetch, looked), share);
        }
        drop((looked, share));
        let moved = hear(door, &mut listening, terms).await;
        door.sessions.lock().set_due(&fetch, Some(&moved));
    }
}

/// Takes out what is at its end, as the consumer knows: it is neither told nor looked at again until it moves.
fn take_quiet(due: &[Due], looked: &mut Looked) -> Vec<Slot> {
    let (quiet, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut looked.outcomes).into_iter().zip(due).partition(|(outcome, due)| due.is_quiet(outcome));
    looked.outcomes = rest.into_iter().map(|(outcome, _)| outcome).collect();
    quiet.into_iter().map(|(outcome, _)| outcome.slot).collect()
}

/// Waits until a partition moves or is led otherwise, or the fetch gives up.
async fn hear(door: &Shared, listening: &mut Listening, terms: Terms<'_>) -> Vec<Slot> {
    loop {
        let tick = terms.next_tick();
        let moved = tokio::select! {
            biased;
            moved = listening.hear() => moved,
            () = runtime::sleep_until(tick) => listening.led_otherwise(&door.topics),
        };
        if !moved.is_empty() || runtime::now() >= terms.give_up {
            return moved;
        }
    }
}

/// What the session has listened with so far; what it heard since is due.
fn prepare(door: &Shared, fetch: &Fetch) -> Listening {
    let topics = &door.topics;
    let taken = door.sessions.lock().take_listening(fetch);
    let is_new = taken.is_none();
    let mut listening = taken.unwrap_or_else(|| Listening::new(topics));
    fetch.forgotten().iter().for_each(|slot| listening.forget(*slot));
    if is_new || !listening.is_current(topics) {
        let all: Vec<_> = door.sessions.lock().partitions_of(fetch).collect();
        for (slot, wanted) in all {
            // Where it is, is kept.
            let _ = listening.look_up(topics, slot, &wanted);
        }
        listening.led_otherwise(topics);
        door.sessions.lock().set_due(fetch, None);
    } else {
        let mut moved = listening.heard();
        moved.extend(listening.led_otherwise(topics));
        door.sessions.lock().set_due(fetch, Some(&moved));
    }
    listening
}

fn finish(door: &Shared, fetch: Fetch, looked: Looked) -> Reply {
    let random = u32::try_from(runtime::random_u64() >> 32).unwrap_or_default();
    door.sessions.lock().finish(now_ms(), fetch, looked.outcomes, random)
}
