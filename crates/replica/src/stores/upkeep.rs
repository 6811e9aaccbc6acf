//! What the leader of a store's shard sees to: imports go on until they are visible, and what is old or of no use goes.
//!
//! All of it is found in the state, so whoever leads next goes on with it.

use std::time::Duration;

use base::{Kind, Result};
use bytes::Bytes;
use config::Command;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use openraft::rt::WatchReceiver as _;

use super::ConfigStore;
use crate::{
    lanes::Lane,
    limits::{ADVANCES_IN_FLIGHT_MAX, REQUEST_TIMEOUT_MS, STORE_CLEANINGS_MAX, STORE_LOOK_MS, STORE_TICK_MS},
    runtime,
};

/// Runs until the shard takes no more commands.
pub(super) async fn run(store: ConfigStore) {
    let mut news = store.news();
    let mut next_look = runtime::now() + Duration::from_millis(STORE_LOOK_MS);
    while !store.shard().lanes.is_closed() {
        news.borrow_and_update();
        if store.leads() && store.check_level().is_ok() {
            if let Some(import) = store.machine().publishing() {
                advance(&store, import).await;
            } else if runtime::now() >= next_look {
                next_look = runtime::now() + Duration::from_millis(STORE_LOOK_MS);
                clean(&store).await;
            }
        }
        tokio::select! {
            biased;
            changed = news.changed() => if changed.is_err() { return },
            () = runtime::sleep(Duration::from_millis(STORE_TICK_MS)) => {}
        }
    }
}

/// Goes on with an import until all of it can be seen. While one slice is applied the next one is on its way.
async fn advance(store: &ConfigStore, import: u64) {
    let command = encoded(&Command::ImportAdvance { import });
    let mut in_flight = FuturesUnordered::new();
    while store.machine().publishing() == Some(import) {
        while in_flight.len() < ADVANCES_IN_FLIGHT_MAX {
            in_flight.push(propose(store, Lane::Urgent, command.clone()));
        }
        // Refused if the state is not as the import expects, or if somebody else leads: looked at again a moment later.
        if let Some(Err(error)) = in_flight.next().await {
            tracing::debug!(%error, "an import was not advanced");
            return;
        }
    }
}

/// Proposes what is to go, part by part, and leaves the rest to the next time if it is a lot.
async fn clean(store: &ConfigStore) {
    for _ in 0..STORE_CLEANINGS_MAX {
        match next_cleaning(store).await {
            Ok(None) => return,
            Ok(Some(command)) => {
                if propose(store, Lane::Bulk, encoded(&command)).await.is_err() {
                    return;
                }
            }
            Err(error) if error.kind == Kind::Corrupt => {
                tracing::error!(%error, "the age of versions cannot be read: a scrub of the disk says more");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the age of versions cannot be read; trying again");
                return;
            }
        }
    }
}

async fn next_cleaning(store: &ConfigStore) -> Result<Option<Command>> {
    let (machine, now_ms) = (store.machine().clone(), runtime::wall_ms());
    if machine.wants_sweep(now_ms) {
        return Ok(Some(Command::Sweep));
    }
    runtime::spawn_background(move || machine.expired(now_ms)).await
}

async fn propose(store: &ConfigStore, lane: Lane, command: Bytes) -> Result<config::Reply> {
    store.submit(lane, command, runtime::now() + Duration::from_millis(REQUEST_TIMEOUT_MS)).await
}

fn encoded(command: &Command) -> Bytes {
    let mut encoded = Vec::new();
    command.encode(&mut encoded);
    encoded.into()
}
