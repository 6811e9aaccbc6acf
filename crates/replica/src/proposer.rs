//! The task that makes batches: what waits becomes one entry, and the next one gathers until the last was handed on, so that
//! batching follows the disk by itself and an idle system adds no linger.

use std::{future::Future, pin::Pin, time::Duration};

use base::{Error, Kind, Result};
use futures_util::{StreamExt, stream::FuturesUnordered};
use journal::Pace;

use crate::{
    consensus::Replies,
    lanes::{Lanes, Pending},
    limits::{ENTRIES_EACH_PACED_WRITE, ENTRIES_IN_FLIGHT_MAX, ENTRIES_IN_FLIGHT_PACED_MAX, ENTRIES_IN_FLIGHT_PEERS_MAX},
    post::Post,
    runtime,
    settle::Settler,
};

type InFlight = FuturesUnordered<Pin<Box<dyn Future<Output = (Result<Replies>, Vec<Pending>)> + Send>>>;

/// Runs until the lanes are closed and empty.
pub(crate) async fn run(lanes: Lanes, post: Post, settler: Settler, pace: Pace) {
    let mut in_flight = InFlight::new();
    let mut last = Duration::ZERO;
    loop {
        let interval = pace.interval();
        let earliest = interval.map(|interval| last + interval / ENTRIES_EACH_PACED_WRITE);
        let most = in_flight_max(&post, interval.is_some());
        tokio::select! {
            biased;
            Some((outcome, waiting)) = in_flight.next(), if !in_flight.is_empty() => answer(outcome, waiting),
            some = work(&lanes, &settler, earliest), if in_flight.len() < most => {
                if !some {
                    break;
                }
                let waiting = lanes.take();
                if !waiting.is_empty() {
                    last = runtime::now();
                    in_flight.push(Box::pin(propose(post.clone(), waiting)));
                }
            }
        }
    }
    while let Some((outcome, waiting)) = in_flight.next().await {
        answer(outcome, waiting);
    }
}

/// Alone, what waits meanwhile does best as one batch; with peers, a batch travels while the next one is made. A journal that keeps
/// a distance between its writes gathers by itself.
fn in_flight_max(post: &Post, is_paced: bool) -> usize {
    match (is_paced, post.group().has_peers()) {
        (true, _) => ENTRIES_IN_FLIGHT_PACED_MAX,
        (false, true) => ENTRIES_IN_FLIGHT_PEERS_MAX,
        (false, false) => ENTRIES_IN_FLIGHT_MAX,
    }
}

/// Waits until something waits, there is room for it, and it is time; `false` once the lanes are closed and empty.
async fn work(lanes: &Lanes, settler: &Settler, earliest: Option<Duration>) -> bool {
    let some = lanes.some().await;
    settler.room().await;
    if let Some(earliest) = earliest.filter(|_| some) {
        runtime::sleep_until(earliest).await;
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
