//! The task that makes batches: what waits becomes one entry, and the next one gathers until the last was handed on, so that
//! batching follows the disk by itself and an idle system adds no linger.

use std::{future::Future, pin::Pin, time::Duration};

use base::{Error, Kind, Result};
use futures_util::{StreamExt, stream::FuturesUnordered};

use crate::{
    consensus::Replies,
    lanes::{Lanes, Pending},
    limits::{BATCH_BYTES_MAX, ENTRIES_IN_FLIGHT_MAX, ENTRIES_IN_FLIGHT_PEERS_MAX, PACE_LOOK_US},
    pace::{Pace, Pacer},
    post::Post,
    runtime,
    settle::Settler,
};

type InFlight = FuturesUnordered<Pin<Box<dyn Future<Output = (Result<Replies>, Vec<Pending>)> + Send>>>;

/// Runs until the lanes are closed and empty.
pub(crate) async fn run(lanes: Lanes, post: Post, settler: Settler, pace: Pace) {
    let mut in_flight = InFlight::new();
    let mut pacer = Pacer::new(pace);
    let mut is_busy = false;
    loop {
        let most = in_flight_max(&post);
        tokio::select! {
            biased;
            Some((outcome, waiting)) = in_flight.next(), if !in_flight.is_empty() => {
                is_busy = lanes.depth().0 > 0;
                pacer.done(runtime::now());
                answer(outcome, waiting);
            }
            some = work(&lanes, &settler, pacer.earliest()), if in_flight.len() < most => {
                if !some {
                    break;
                }
                let waiting = lanes.take();
                if !waiting.is_empty() {
                    pacer.started(runtime::now(), is_busy);
                    in_flight.push(Box::pin(propose(post.clone(), waiting)));
                }
            }
        }
    }
    while let Some((outcome, waiting)) = in_flight.next().await {
        answer(outcome, waiting);
    }
}

/// Alone, what waits meanwhile does best as one batch; with peers, a batch travels while the next one is made.
fn in_flight_max(post: &Post) -> usize {
    if post.group().has_peers() { ENTRIES_IN_FLIGHT_PEERS_MAX } else { ENTRIES_IN_FLIGHT_MAX }
}

/// Waits until something waits, there is room for it, and the pace allows it; `false` once the lanes are closed and empty.
async fn work(lanes: &Lanes, settler: &Settler, earliest: Option<Duration>) -> bool {
    let some = lanes.some().await;
    settler.room().await;
    if let Some(earliest) = earliest {
        // A full batch gains nothing by waiting.
        while lanes.depth().1 < BATCH_BYTES_MAX && runtime::now() < earliest && !lanes.is_closed() {
            let look = runtime::now() + Duration::from_micros(PACE_LOOK_US);
            runtime::sleep_until(look.min(earliest)).await;
        }
    }
    some
}

async fn propose(post: Post, waiting: Vec<Pending>) -> (Result<Replies>, Vec<Pending>) {
    (post.propose(&waiting).await, waiting)
}

fn answer(outcome: Result<Replies>, waiting: Vec<Pending>) {
    match outcome {
        Ok(Replies(replies)) if replies.len() == waiting.len() => {
            for (pending, reply) in waiting.into_iter().zip(replies) {
                // Whoever gave up meanwhile is not told; the command took effect all the same.
                let _ = pending.answer.send(Ok(reply));
            }
        }
        Ok(_) => fail(waiting, &Error::new(Kind::Unavailable, "etcdserver: request timed out")),
        Err(error) => fail(waiting, &error),
    }
}

fn fail(waiting: Vec<Pending>, error: &Error) {
    for pending in waiting {
        let _ = pending.answer.send(Err(error.clone()));
    }
}
